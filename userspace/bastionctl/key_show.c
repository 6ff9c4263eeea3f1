// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "bastionctl/key.h"
#include "bastionctl/report.h"
#include "bastionctl/verifiers.h"
#include "libbastion/name.h"
#include "libbastion/pem.h"

/* As /proc/keys has them. */
static const char *const kinds[] = {
	[BASTION_KIND_SECRET] = "secret",
	[BASTION_KIND_DERIVED] = "derived",
	[BASTION_KIND_P384] = "p384",
	[BASTION_KIND_TPM] = "tpm",
};

static json_t *registers_json(uint32_t mask)
{
	json_t *array = json_array();
	int i;

	for (i = 0; i < BASTION_MR_COUNT; i++)
		if (mask & 1u << i)
			json_array_append_new(array, json_integer(i));
	return array;
}

/* Its name in the way of verifiers and chips: what "bastion-verifier digest" prints. */
static void add_public_key(json_t *json, const struct bastion_blob_info *info)
{
	uint8_t digest[BASTION_DIGEST_SIZE];

	if (info->kind == BASTION_KIND_P384 && !bastion_pem_digest(info->point, digest))
		json_object_set_new(json, "public_key_sha384", report_hex(digest, sizeof(digest)));
}

/* The header alone: the secret is under the chip's key and stays there. */
static json_t *header_json(const struct ctl *ctl, const struct bastion_blob_info *info)
{
	char types[32], verifier[64];
	json_t *json;

	bastion_blob_types(info->types, types, sizeof(types));
	verifiers_name(ctl, info->verifier, verifier);
	json = json_pack("{s:s, s:s, s:b, s:I, s:s, s:o, s:s, s:o, s:o, s:I, s:I}",
			 "name", info->name,
			 "kind", kinds[info->kind],
			 "imported", !!(info->flags & BASTION_BLOB_IMPORTED),
			 "owner", (json_int_t)info->owner,
			 "types", types,
			 "verifier", report_hex(info->verifier, sizeof(info->verifier)),
			 "verifier_name", verifier,
			 "policy_reference", report_hex(info->policy, sizeof(info->policy)),
			 "chip_id", report_hex(info->chip_id, sizeof(info->chip_id)),
			 "size", (json_int_t)info->secret_len,
			 "min_svn", (json_int_t)info->min_svn);
	add_public_key(json, info);
	if (info->counter_index) {
		json_object_set_new(json, "counter", json_integer(info->counter_index));
		json_object_set_new(json, "counter_value", json_integer(info->counter_value));
	}
	if (info->register_mask) {
		json_object_set_new(json, "registers", registers_json(info->register_mask));
		json_object_set_new(json, "register_digest",
				    report_hex(info->register_digest,
					       sizeof(info->register_digest)));
	}
	if (info->flags & BASTION_BLOB_EXECUTABLE)
		json_object_set_new(json, "executable_sha256",
				    report_hex(info->executable, sizeof(info->executable)));
	return json;
}

static void print(json_t *json)
{
	const char *key;
	json_t *value, *item;
	size_t i;

	json_object_foreach(json, key, value) {
		printf("%-18s ", key);
		if (json_is_string(value))
			report_text(stdout, json_string_value(value));
		else if (json_is_integer(value))
			printf("%lld", json_integer_value(value));
		else if (json_is_boolean(value))
			fputs(json_is_true(value) ? "yes" : "no", stdout);
		json_array_foreach(value, i, item)
			printf("%s%lld", i ? "," : "", json_integer_value(item));
		putchar('\n');
	}
}

/* A key of that name, unless it looks like a path or there is no such key. */
ssize_t key_blob(const char *what, uint8_t *blob, struct bastion_error *err)
{
	int32_t serial;

	if (bastion_name_ok(what)) {
		bastion_keys_reach_user();
		serial = bastion_keys_find(what, err);
		if (serial > 0)
			return bastion_keys_read(serial, blob, err);
	}
	return bastion_blob_read(what, blob, err);
}

int key_show(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = { CTL_OPTIONS };
	uint8_t blob[BASTION_BLOB_MAX];
	struct bastion_blob_info info;
	struct bastion_error err;
	json_t *json;
	ssize_t len;

	if (ctl_getopt(ctl, argc, argv, "", options) != -1)
		return BASTION_CLASS_USAGE;
	if (argc - optind != 1)
		return report_usage("key show needs NAME or FILE");
	len = key_blob(argv[optind], blob, &err);
	if (len < 0 || bastion_blob_decode(blob, len, &info, &err))
		return report_error(&err);
	json = header_json(ctl, &info);
	if (ctl->json) {
		report_json(json);
		return 0;
	}
	print(json);
	json_decref(json);
	return 0;
}

static int add_entry(int32_t serial, const char *name, const char *kind, void *arg)
{
	json_array_append_new(arg, json_pack("{s:i, s:s, s:s}", "serial", serial, "name", name,
					     "kind", kind));
	return 0;
}

int key_list(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = { CTL_OPTIONS };
	json_t *array, *entry;
	struct bastion_error err;
	size_t i;

	if (ctl_getopt(ctl, argc, argv, "", options) != -1)
		return BASTION_CLASS_USAGE;
	if (argc != optind)
		return report_usage("key list takes no arguments");
	array = json_array();
	if (bastion_keys_each(add_entry, array, &err)) {
		json_decref(array);
		return report_error(&err);
	}
	if (ctl->json) {
		report_json(array);
		return 0;
	}
	json_array_foreach(array, i, entry) {
		printf("%10lld %-7s ", json_integer_value(json_object_get(entry, "serial")),
		       json_string_value(json_object_get(entry, "kind")));
		puts(json_string_value(json_object_get(entry, "name")));
	}
	json_decref(array);
	return 0;
}
