// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bastionctl/ctl.h"
#include "bastionctl/report.h"
#include "bastionctl/verifiers.h"
#include "libbastion/sysfs.h"

/* Attributes of sysfs; those that only root may read are left out for others. */
static const char *const attributes[] = { "boot_count", "release_timeout", "chip_id", "grants",
					  "waiters" };

static int add_statistic(const char *name, const char *value, void *arg)
{
	json_object_set_new(arg, name, json_string(value));
	return 0;
}

static json_t *registers(const struct bastion_device *dev, unsigned int count)
{
	json_t *object = json_object();
	char attr[48], name[16], value[2 * BASTION_DIGEST_SIZE + 8];
	unsigned int i;

	for (i = 0; i < count && i < BASTION_MR_COUNT; i++) {
		snprintf(name, sizeof(name), "mr%u", i);
		snprintf(attr, sizeof(attr), "measurements/mr%u:sha384", i);
		if (!bastion_sysfs_read(dev, attr, value, sizeof(value), NULL))
			json_object_set_new(object, name, json_string(value));
	}
	return object;
}

static json_t *verifiers(const struct ctl *ctl, const struct bastion_device *dev)
{
	struct bastion_verifier_list list;
	json_t *array, *entry;
	char name[64];
	unsigned int i;

	if (bastion_device_verifier_list(dev, &list, NULL))
		return NULL;
	array = json_array();
	for (i = 0; i < list.count; i++) {
		const struct bastion_verifier_entry *e = &list.entries[i];

		verifiers_name(ctl, e->digest, name);
		entry = json_pack("{s:s, s:o, s:b, s:I, s:I}", "name", name, "digest",
				  report_hex(e->digest, sizeof(e->digest)), "live", e->live != 0,
				  "remaining_ms", (json_int_t)e->remaining_ms, "waiters",
				  (json_int_t)e->waiters);
		json_array_append_new(array, entry);
	}
	return array;
}

/* Where it is, for its own tools */
static void add_tpm(json_t *json, const struct bastion_info *info)
{
	json_object_set_new(json, "tpm", json_sprintf("/dev/tpmrm%u", info->tpm));
	json_object_set_new(json, "pcr", json_integer(info->pcr));
}

static json_t *collect(const struct ctl *ctl, const struct bastion_device *dev,
		       const struct bastion_info *info)
{
	json_t *json, *statistics = json_object(), *list;
	char value[4096];
	size_t i;

	json = json_pack("{s:s, s:s, s:s, s:s, s:I, s:s%, s:s%, s:I}",
			 "device", dev->name,
			 "kind", report_kind(info->kind),
			 "state", report_state(info->state),
			 "reason", report_reason(info->reason),
			 "generation", (json_int_t)info->generation,
			 "model", info->model, strnlen((char *)info->model, sizeof(info->model)),
			 "firmware_version", info->firmware,
			 strnlen((char *)info->firmware, sizeof(info->firmware)),
			 "security_version", (json_int_t)info->svn);
	if (info->kind == BASTION_CHIP_TPM)
		add_tpm(json, info);
	for (i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (!bastion_sysfs_read(dev, attributes[i], value, sizeof(value), NULL))
			json_object_set_new(json, attributes[i], json_string(value));
	json_object_set_new(json, "measurements", registers(dev, info->registers));
	list = verifiers(ctl, dev);
	if (list)
		json_object_set_new(json, "verifiers", list);
	bastion_sysfs_statistics(dev, add_statistic, statistics, NULL);
	json_object_set_new(json, "statistics", statistics);
	return json;
}

static void print_object(const char *title, json_t *object)
{
	const char *key;
	json_t *value;

	if (!json_object_size(object))
		return;
	printf("%s:\n", title);
	json_object_foreach(object, key, value) {
		printf("  %-20s ", key);
		report_text(stdout, json_string_value(value));
		putchar('\n');
	}
}

static void print_verifiers(json_t *array)
{
	json_t *entry;
	size_t i;

	if (!array) {
		puts("verifiers:             (only root may see them)");
		return;
	}
	printf("verifiers:             %zu\n", json_array_size(array));
	json_array_foreach(array, i, entry) {
		const char *name = json_string_value(json_object_get(entry, "name"));

		printf("  %s\n    %s\n    ", *name ? name : "(no name)",
		       json_string_value(json_object_get(entry, "digest")));
		if (json_is_true(json_object_get(entry, "live")))
			printf("grant live for another %lld s, ",
			       json_integer_value(json_object_get(entry, "remaining_ms")) / 1000);
		else
			printf("no grant, ");
		printf("%lld waiting\n", json_integer_value(json_object_get(entry, "waiters")));
	}
}

static void print(json_t *json)
{
	const char *key;
	json_t *value;

	json_object_foreach(json, key, value) {
		if (json_is_string(value)) {
			printf("%s:%*s", key, (int)(strlen(key) < 22 ? 22 - strlen(key) : 1), "");
			report_text(stdout, json_string_value(value));
			putchar('\n');
		} else if (json_is_integer(value)) {
			printf("%s:%*s%lld\n", key, (int)(strlen(key) < 22 ? 22 - strlen(key) : 1),
			       "", json_integer_value(value));
		}
	}
	print_object("measurements", json_object_get(json, "measurements"));
	print_verifiers(json_object_get(json, "verifiers"));
	print_object("statistics", json_object_get(json, "statistics"));
}

int ctl_status(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = { CTL_OPTIONS };
	struct bastion_error err;
	struct bastion_device dev;
	struct bastion_info info;
	json_t *json;
	int rc;

	if (ctl_getopt(ctl, argc, argv, "", options) != -1)
		return BASTION_CLASS_USAGE;
	if (optind != argc)
		return report_usage("status takes no arguments");
	if (ctl_open(ctl, &dev, &err))
		return report_error(&err);
	rc = bastion_device_info(&dev, &info, &err);
	if (rc) {
		bastion_device_close(&dev);
		return report_error(&err);
	}
	json = collect(ctl, &dev, &info);
	bastion_device_close(&dev);
	if (ctl->json) {
		report_json(json);
		return 0;
	}
	print(json);
	json_decref(json);
	return 0;
}
