// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bastionctl/key.h"
#include "bastionctl/report.h"
#include "libbastion/file.h"

enum { OPT_HASH = 1, OPT_RAW };

int key_hash_file(const char *path, const EVP_MD *md, uint8_t *digest, struct bastion_error *err)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t buf[65536];
	ssize_t n = -1;
	int ok, rc = 0;

	if (fd < 0)
		rc = bastion_error_set(err, BASTION_OP_FILE, errno, "cannot open %s", path);
	ok = ctx && EVP_DigestInit_ex(ctx, md, NULL) == 1;
	while (!rc && ok && (n = read(fd, buf, sizeof(buf))) > 0)
		ok = EVP_DigestUpdate(ctx, buf, n) == 1;
	if (!rc && n < 0)
		rc = bastion_error_set(err, BASTION_OP_FILE, errno, "cannot read %s", path);
	if (!rc && (!ok || EVP_DigestFinal_ex(ctx, digest, NULL) != 1))
		rc = bastion_error_set(err, BASTION_OP_FILE, EIO, "cannot hash %s", path);
	if (fd > STDIN_FILENO)
		close(fd);
	EVP_MD_CTX_free(ctx);
	return rc;
}

static const EVP_MD *hash_named(const char *name)
{
	static const char *const names[] = { "sha256", "sha384", "sha512" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return EVP_get_digestbyname(name);
	return NULL;
}

/**
 * struct request - what is to be signed, and how
 * @key:      name or serial
 * @file:     what
 * @hash:     with which hash
 * @encoding: as the kernel calls it
 * @save:     where the signature goes
 */
struct request {
	const char *key;
	const char *file;
	const char *hash;
	const char *encoding;
	const char *save;
};

static ssize_t sign(const struct request *request, uint8_t *sig, struct bastion_error *err)
{
	const EVP_MD *md = hash_named(request->hash);
	uint8_t digest[EVP_MAX_MD_SIZE];
	int32_t serial;
	char info[64];
	int rc;

	if (!md)
		return bastion_error_set(err, BASTION_OP_USAGE, EINVAL,
					 "--hash is sha256, sha384 or sha512");
	bastion_keys_reach_user();
	serial = bastion_keys_find(request->key, err);
	if (serial < 0)
		return serial;
	rc = key_hash_file(request->file, md, digest, err);
	if (rc)
		return rc;
	snprintf(info, sizeof(info), "enc=%s hash=%s", request->encoding, request->hash);
	return bastion_keys_sign(serial, info, digest, EVP_MD_get_size(md), sig, err);
}

int key_sign(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		{ "hash", required_argument, NULL, OPT_HASH },
		{ "raw", no_argument, NULL, OPT_RAW },
		{ "output", required_argument, NULL, 'o' },
		CTL_OPTIONS
	};
	struct request request = { .hash = "sha384", .encoding = "x962", .save = "-" };
	uint8_t sig[BASTION_KEYS_SIGNATURE_MAX];
	struct bastion_error err;
	ssize_t len;
	int c;

	while ((c = ctl_getopt(ctl, argc, argv, "o:", options)) != -1) {
		if (c == OPT_HASH)
			request.hash = optarg;
		else if (c == OPT_RAW)
			request.encoding = "p1363";
		else if (c == 'o')
			request.save = optarg;
		else
			return BASTION_CLASS_USAGE;
	}
	if (argc - optind != 2)
		return report_usage("key sign needs NAME and FILE");
	if (ctl->json && strcmp(request.save, "-"))
		return report_usage("key sign prints one thing: --json has no -o");
	request.key = argv[optind];
	request.file = argv[optind + 1];
	len = sign(&request, sig, &err);
	if (len < 0)
		return report_error(&err);
	if (ctl->json)
		report_json(json_pack("{s:o}", "signature", report_hex(sig, len)));
	else if (bastion_file_output(request.save, sig, len, 0644, &err))
		return report_error(&err);
	return 0;
}
