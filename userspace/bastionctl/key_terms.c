// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bastionctl/key_terms.h"
#include "bastionctl/report.h"
#include "bastionctl/verifiers.h"
#include "libbastion/hex.h"

#define DIGEST_PREFIX "sha256:"

static int bad(struct bastion_error *err, const char *what)
{
	return bastion_error_set(err, BASTION_OP_USAGE, EINVAL, "%s", what);
}

static int parse_number(const char *text, uint32_t least, uint32_t most, uint32_t *value)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || *end || text[0] < '0' || text[0] > '9' || number < least || number > most)
		return -EINVAL;
	*value = number;
	return 0;
}

static int parse_types(const char *text, uint32_t *types)
{
	char copy[64], *word, *rest = copy;

	if (strlen(text) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, text);
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
static int parse_executable(const char *text, struct bastion_keys_new *new,
			    struct bastion_error *err)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	int rc;

	new->has_executable = true;
	if (strncmp(text, DIGEST_PREFIX, strlen(DIGEST_PREFIX))) {
		rc = key_hash_file(text, EVP_sha256(), digest, err);
		if (!rc)
			memcpy(new->executable, digest, sizeof(new->executable));
		return rc;
	}
	if (bastion_hex_decode_exact(text + strlen(DIGEST_PREFIX), new->executable,
				     sizeof(new->executable)))
		return bad(err, "--exe is a file, or sha256: and 64 hex digits");
	return 0;
}

static int option(struct key_terms *terms, int c)
{
	const char **const fields[] = {
		[KEY_OPT_VERIFIER] = &terms->verifier,	 [KEY_OPT_POLICY] = &terms->policy,
		[KEY_OPT_TYPES] = &terms->types,	 [KEY_OPT_EXE] = &terms->exe,
		[KEY_OPT_REGISTERS] = &terms->registers, [KEY_OPT_COUNTER] = &terms->counter,
		[KEY_OPT_OWNER] = &terms->owner,	 [KEY_OPT_SIZE] = &terms->size,
		[KEY_OPT_DERIVE] = &terms->derive,	 [KEY_OPT_KEYRING] = &terms->keyring,
		[KEY_OPT_FILE] = &terms->file,
	};

	if (c == 'o')
		terms->save = optarg;
	else if (c == KEY_OPT_ECDSA)
		terms->ecdsa = true;
	else if (c >= KEY_OPT_VERIFIER && c <= KEY_OPT_LAST)
		*fields[c] = optarg;
	else
		return BASTION_CLASS_USAGE;
	return 0;
}

int key_terms_parse(struct ctl *ctl, int argc, char **argv, const struct option *options,
		    struct key_terms *terms)
{
	int c;

	memset(terms, 0, sizeof(*terms));
	while ((c = ctl_getopt(ctl, argc, argv, "o:", options)) != -1)
		if (option(terms, c))
			return BASTION_CLASS_USAGE;
	if (optind == argc || !terms->verifier || !terms->policy)
		return report_usage("%s needs NAME, --verifier and --policy", ctl->command->name);
	return 0;
}

int key_terms_fill(const struct ctl *ctl, struct key_terms *terms, struct bastion_error *err)
{
	struct bastion_keys_new *new = &terms->new;

	new->policy = terms->policy;
	new->label = terms->derive;
	if (terms->size &&
	    parse_number(terms->size, BASTION_SECRET_MIN, BASTION_SECRET_MAX, &new->size))
		return bad(err, "--size is 32 to 1024");
	if (terms->types && parse_types(terms->types, &new->types))
		return bad(err, "--types is a list of logon, fscrypt, user");
	if (terms->owner) {
		new->has_owner = true;
		if (parse_number(terms->owner, 0, UINT32_MAX - 1, &new->owner))
			return bad(err, "--owner is a uid");
	}
	if (terms->registers && parse_registers(terms->registers, &new->registers))
		return bad(err, "--registers is a list such as 0,1");
	if (terms->counter &&
	    parse_number(terms->counter, 1, BASTION_COUNTER_COUNT, &new->counter))
		return bad(err, "--counter is 1 to 16");
	if (terms->exe && parse_executable(terms->exe, new, err))
		return -EINVAL;
	return verifiers_resolve(ctl, terms->verifier, new->verifier, err);
}

int key_terms_create(const struct ctl *ctl, const struct key_terms *terms, const char *name)
{
	struct bastion_error err;
	int32_t ring, serial;
	int code = 0;

	if (bastion_keys_keyring(terms->keyring ? terms->keyring : KEY_DEFAULT_KEYRING, &ring, &err))
		return report_error(&err);
	bastion_keys_reach_user();
	serial = bastion_keys_create(name, &terms->new, ring, &err);
	if (serial < 0)
		return report_error(&err);
	if (terms->save && key_save(serial, terms->save, &err))
		code = report_error(&err);
	key_report(ctl, serial, name);
	return code;
}
