// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "bastionctl/key.h"
#include "bastionctl/report.h"
#include "libbastion/file.h"
#include "libbastion/hex.h"

enum { OPT_KEYRING = 1 };

int key_write(const char *path, const uint8_t *blob, size_t len, struct bastion_error *err)
{
	char hex[BASTION_KEYS_HEX_MAX + 1];

	bastion_hex_encode(blob, len, hex);
	hex[2 * len] = '\n';
	return bastion_file_write(path, hex, 2 * len + 1, 0600, err);
}

static int load(struct ctl *ctl, const char *name, const char *path, const char *keyring)
{
	uint8_t blob[BASTION_BLOB_MAX];
	struct bastion_blob_info info;
	struct bastion_error err;
	int32_t ring, serial;
	ssize_t len;

	if (bastion_keys_keyring(keyring, &ring, &err))
		return report_error(&err);
	len = bastion_blob_read(path, blob, &err);
	if (len < 0 || bastion_blob_decode(blob, len, &info, &err))
		return report_error(&err);
	if (strcmp(name, info.name))
		return report_usage("%s is the key %s, and keeps that name", path, info.name);
	serial = bastion_keys_load(name, blob, len, ring, &err);
	if (serial < 0)
		return report_error(&err);
	if (ctl->json)
		report_json(json_pack("{s:i, s:s}", "serial", serial, "name", name));
	else
		printf("%d\n", serial);
	return 0;
}

static int save(const char *name, const char *path)
{
	uint8_t blob[BASTION_BLOB_MAX];
	struct bastion_error err;
	int32_t serial;
	ssize_t len;

	bastion_keys_reach_user();
	serial = bastion_keys_find(name, &err);
	if (serial < 0)
		return report_error(&err);
	len = bastion_keys_read(serial, blob, &err);
	if (len < 0 || key_write(path, blob, len, &err))
		return report_error(&err);
	return 0;
}

int ctl_key(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		{ "keyring", required_argument, NULL, OPT_KEYRING },
		CTL_OPTIONS
	};
	const char *keyring = KEY_DEFAULT_KEYRING, *verb;
	int c, count;

	if (argc > 1 && !strcmp(argv[1], "new"))
		return key_new(ctl, argc - 1, argv + 1);
	while ((c = ctl_getopt(ctl, argc, argv, "", options)) != -1) {
		if (c != OPT_KEYRING)
			return BASTION_CLASS_USAGE;
		keyring = optarg;
	}
	count = argc - optind;
	verb = count ? argv[optind] : "";
	if (!strcmp(verb, "load") && count == 3)
		return load(ctl, argv[optind + 1], argv[optind + 2], keyring);
	if (!strcmp(verb, "save") && count == 3)
		return save(argv[optind + 1], argv[optind + 2]);
	if (!strcmp(verb, "show") && count == 2)
		return key_show(ctl, argv[optind + 1]);
	if (!strcmp(verb, "list") && count == 1)
		return key_list(ctl);
	return report_usage("key new NAME ... | load NAME FILE | save NAME FILE | "
			    "show NAME|FILE | list");
}
