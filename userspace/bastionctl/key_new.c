// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "bastionctl/key.h"
#include "bastionctl/report.h"
#include "bastionctl/verifiers.h"
#include "libbastion/hex.h"

enum {
	OPT_SIZE = 1,
	OPT_VERIFIER,
	OPT_POLICY,
	OPT_TYPES,
	OPT_EXE,
	OPT_OWNER,
	OPT_REGISTERS,
	OPT_KEYRING,
};

#define DIGEST_PREFIX "sha256:"

struct request {
	const char *name;
	const char *size;
	const char *verifier;
	const char *types;
	const char *exe;
	const char *owner;
	const char *registers;
	const char *keyring;
	const char *save;
	struct bastion_keys_new new;
};

static int bad(struct bastion_error *err, const char *what)
{
	return bastion_error_set(err, BASTION_OP_USAGE, EINVAL, "%s", what);
}

static int parse_number(const char *text, uint32_t most, uint32_t *value)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || *end || text[0] < '0' || text[0] > '9' || number > most)
		return -EINVAL;
	*value = number;
	return 0;
}

static int parse_types(char *text, uint32_t *types)
{
	char *word, *rest = text;

	while ((word = strsep(&rest, ","))) {
		if (!bastion_blob_type(word))
			return -EINVAL;
		*types |= bastion_blob_type(word);
	}
	return 0;
}

static int parse_registers(const char *text, uint32_t *mask)
{
	for (;; text++) {
		if (*text < '0' || *text > '7')
			return -EINVAL;
		*mask |= 1u << (*text - '0');
		text++;
		if (!*text)
			return 0;
		if (*text != ',')
			return -EINVAL;
	}
}

/* As IMA hashes it: the file's content. */
static int hash_file(const char *path, uint8_t *digest, struct bastion_error *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t buf[65536];
	ssize_t n = -1;
	int ok, rc = 0;

	if (fd < 0)
		rc = bastion_error_set(err, BASTION_OP_FILE, errno, "cannot open %s", path);
	ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;
	while (!rc && ok && (n = read(fd, buf, sizeof(buf))) > 0)
		ok = EVP_DigestUpdate(ctx, buf, n) == 1;
	if (!rc && n < 0)
		rc = bastion_error_set(err, BASTION_OP_FILE, errno, "cannot read %s", path);
	if (!rc && (!ok || EVP_DigestFinal_ex(ctx, digest, NULL) != 1))
		rc = bastion_error_set(err, BASTION_OP_FILE, EIO, "cannot hash %s", path);
	if (fd >= 0)
		close(fd);
	EVP_MD_CTX_free(ctx);
	return rc;
}

static int parse_executable(const char *text, struct bastion_keys_new *new,
			    struct bastion_error *err)
{
	new->has_executable = true;
	if (strncmp(text, DIGEST_PREFIX, strlen(DIGEST_PREFIX)))
		return hash_file(text, new->executable, err);
	if (bastion_hex_decode_exact(text + strlen(DIGEST_PREFIX), new->executable,
				     sizeof(new->executable)))
		return bad(err, "--exe is a file, or sha256: and 64 hex digits");
	return 0;
}

static int option(struct request *request, int c)
{
	const char **const fields[] = {
		[OPT_SIZE] = &request->size,	     [OPT_VERIFIER] = &request->verifier,
		[OPT_POLICY] = &request->new.policy, [OPT_TYPES] = &request->types,
		[OPT_EXE] = &request->exe,	     [OPT_OWNER] = &request->owner,
		[OPT_REGISTERS] = &request->registers, [OPT_KEYRING] = &request->keyring,
	};

	if (c == 'o')
		request->save = optarg;
	else if (c >= OPT_SIZE && c <= OPT_KEYRING)
		*fields[c] = optarg;
	else
		return BASTION_CLASS_USAGE;
	return 0;
}

static int parse(struct ctl *ctl, int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		{ "size", required_argument, NULL, OPT_SIZE },
		{ "verifier", required_argument, NULL, OPT_VERIFIER },
		{ "policy", required_argument, NULL, OPT_POLICY },
		{ "types", required_argument, NULL, OPT_TYPES },
		{ "exe", required_argument, NULL, OPT_EXE },
		{ "owner", required_argument, NULL, OPT_OWNER },
		{ "registers", required_argument, NULL, OPT_REGISTERS },
		{ "keyring", required_argument, NULL, OPT_KEYRING },
		{ "output", required_argument, NULL, 'o' },
		CTL_OPTIONS
	};
	int c;

	while ((c = ctl_getopt(ctl, argc, argv, "o:", options)) != -1)
		if (option(request, c))
			return BASTION_CLASS_USAGE;
	if (argc - optind != 1 || !request->verifier || !request->new.policy)
		return report_usage("key new needs NAME, --verifier and --policy");
	request->name = argv[optind];
	return 0;
}

static int fill(const struct ctl *ctl, struct request *request, struct bastion_error *err)
{
	struct bastion_keys_new *new = &request->new;
	char types[64];

	if (parse_number(request->size, BASTION_SECRET_MAX, &new->size))
		return bad(err, "--size is 32 to 1024");
	if (request->types) {
		snprintf(types, sizeof(types), "%s", request->types);
		if (strlen(request->types) >= sizeof(types) || parse_types(types, &new->types))
			return bad(err, "--types is a list of logon, fscrypt, user");
	}
	if (request->owner) {
		new->has_owner = true;
		if (parse_number(request->owner, UINT32_MAX - 1, &new->owner))
			return bad(err, "--owner is a uid");
	}
	if (request->registers && parse_registers(request->registers, &new->registers))
		return bad(err, "--registers is a list such as 0,1");
	if (request->exe && parse_executable(request->exe, new, err))
		return -EINVAL;
	return verifiers_resolve(ctl, request->verifier, new->verifier, err);
}

int key_new(struct ctl *ctl, int argc, char **argv)
{
	struct request request = { .size = KEY_DEFAULT_SIZE, .keyring = KEY_DEFAULT_KEYRING };
	uint8_t blob[BASTION_BLOB_MAX];
	struct bastion_error err;
	int32_t ring, serial;
	ssize_t len;
	int code;

	code = parse(ctl, argc, argv, &request);
	if (code)
		return code;
	if (fill(ctl, &request, &err) || bastion_keys_keyring(request.keyring, &ring, &err))
		return report_error(&err);
	bastion_keys_reach_user();
	serial = bastion_keys_create(request.name, &request.new, ring, &err);
	if (serial < 0)
		return report_error(&err);
	if (request.save) {
		len = bastion_keys_read(serial, blob, &err);
		if (len < 0 || key_write(request.save, blob, len, &err))
			code = report_error(&err);
	}
	if (ctl->json)
		report_json(json_pack("{s:i, s:s}", "serial", serial, "name", request.name));
	else
		printf("%d\n", serial);
	return code;
}
