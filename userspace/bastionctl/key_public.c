// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bastionctl/key.h"
#include "bastionctl/report.h"
#include "libbastion/file.h"
#include "libbastion/pem.h"

enum { OPT_DER = 1 };

int key_point(const char *what, uint8_t point[BASTION_POINT_SIZE], struct bastion_error *err)
{
	uint8_t blob[BASTION_BLOB_MAX];
	struct bastion_blob_info info;
	ssize_t len = key_blob(what, blob, err);
	int rc;

	if (len < 0)
		return len;
	rc = bastion_blob_decode(blob, len, &info, err);
	if (rc)
		return rc;
	if (info.kind != BASTION_KIND_P384)
		return bastion_error_set(err, BASTION_OP_USAGE, EINVAL,
					 "%s is not a key pair: it was made without --ecdsa", what);
	memcpy(point, info.point, BASTION_POINT_SIZE);
	return 0;
}

/* The key in canonical form, or nothing if the blob's point is none. */
static int print(const struct ctl *ctl, const uint8_t point[BASTION_POINT_SIZE], bool der,
		 const char *path, struct bastion_error *err)
{
	uint8_t spki[BASTION_PEM_SPKI_SIZE], digest[BASTION_DIGEST_SIZE];
	char *pem;
	int rc, len;

	len = bastion_pem_format(point, &pem, err);
	if (len < 0)
		return len;
	bastion_pem_spki(point, spki);
	if (der) {
		rc = bastion_file_output(path, spki, sizeof(spki), 0644, err);
	} else if (ctl->json) {
		rc = bastion_pem_digest(point, digest);
		if (!rc)
			report_json(json_pack("{s:s, s:o}", "pem", pem, "sha384",
					      report_hex(digest, sizeof(digest))));
		else
			bastion_error_set(err, BASTION_OP_FILE, -rc, "cannot hash the key");
	} else {
		rc = bastion_file_output(path, pem, len, 0644, err);
	}
	free(pem);
	return rc;
}

int key_public(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		{ "der", no_argument, NULL, OPT_DER },
		{ "output", required_argument, NULL, 'o' },
		CTL_OPTIONS
	};
	uint8_t point[BASTION_POINT_SIZE];
	struct bastion_error err;
	const char *path = "-";
	bool der = false;
	int c;

	while ((c = ctl_getopt(ctl, argc, argv, "o:", options)) != -1) {
		if (c == OPT_DER)
			der = true;
		else if (c == 'o')
			path = optarg;
		else
			return BASTION_CLASS_USAGE;
	}
	if (argc - optind != 1)
		return report_usage("key public needs NAME or FILE");
	if (ctl->json && (der || strcmp(path, "-")))
		return report_usage("key public prints one thing: --json has no --der or -o");
	if (key_point(argv[optind], point, &err) || print(ctl, point, der, path, &err))
		return report_error(&err);
	return 0;
}
