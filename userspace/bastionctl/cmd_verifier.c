// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bastionctl/ctl.h"
#include "bastionctl/report.h"
#include "bastionctl/verifiers.h"
#include "libbastion/hex.h"
#include "libbastion/name.h"
#include "libbastion/pem.h"

/* A name is not silently given to another key. */
static int check_name(const struct ctl *ctl, const struct verifier *wanted,
		      struct bastion_error *err)
{
	struct verifier kept;
	int rc;

	if (!bastion_name_ok(wanted->name))
		return bastion_error_set(err, BASTION_OP_USAGE, EINVAL,
					 "a verifier's name is [A-Za-z0-9._-]{1,63} without a "
					 "leading dot");
	rc = verifiers_read(ctl, wanted->name, &kept, err);
	if (rc == -ENOENT)
		return 0;
	if (rc)
		return rc;
	if (memcmp(kept.digest, wanted->digest, sizeof(kept.digest)))
		return bastion_error_set(err, BASTION_OP_USAGE, EEXIST,
					 "%s is the name of another key; remove that one first",
					 wanted->name);
	return 0;
}

static int add(struct ctl *ctl, const char *name, const char *path)
{
	struct bastion_error err;
	struct bastion_device dev;
	struct verifier verifier = { 0 };
	uint8_t digest[BASTION_DIGEST_SIZE];
	char hex[2 * BASTION_DIGEST_SIZE + 1];
	int rc;

	snprintf(verifier.name, sizeof(verifier.name), "%.63s", name);
	if (strlen(name) >= sizeof(verifier.name))
		return report_usage("the name is too long");
	if (bastion_pem_read(path, 0, verifier.point, &err))
		return report_error(&err);
	if (bastion_pem_digest(verifier.point, verifier.digest))
		return report_usage("cannot hash the key");
	if (check_name(ctl, &verifier, &err) || ctl_open(ctl, &dev, &err))
		return report_error(&err);
	rc = bastion_device_verifier_add(&dev, verifier.point, digest, &err);
	bastion_device_close(&dev);
	if (rc && rc != -EEXIST)	/* there already: it may still lack the name */
		return report_error(&err);
	if (verifiers_store(ctl, &verifier, &err))
		return report_error(&err);
	bastion_hex_encode(verifier.digest, sizeof(verifier.digest), hex);
	if (ctl->json)
		report_json(json_pack("{s:s, s:s, s:b}", "name", name, "digest", hex, "added",
				      rc == 0));
	else
		printf("%s%s\n", hex, rc ? " (was registered already)" : "");
	return 0;
}

static json_t *entry_of(const char *name, const uint8_t *digest,
			const struct bastion_verifier_entry *e)
{
	return json_pack("{s:s, s:o, s:b, s:b, s:I, s:I}", "name", name, "digest",
			 report_hex(digest, BASTION_DIGEST_SIZE), "registered", e != NULL, "live",
			 e && e->live, "remaining_ms", (json_int_t)(e ? e->remaining_ms : 0),
			 "waiters", (json_int_t)(e ? e->waiters : 0));
}

struct listing {
	struct bastion_verifier_list kernel;
	bool named[BASTION_VERIFIERS_MAX];
	json_t *array;
};

static int add_named(const struct verifier *verifier, const struct bastion_error *failed, void *arg)
{
	const struct bastion_verifier_entry *found = NULL;
	struct listing *listing = arg;
	unsigned int i;

	if (!verifier) {
		report_error(failed);
		return 0;
	}
	for (i = 0; i < listing->kernel.count; i++) {
		if (memcmp(listing->kernel.entries[i].digest, verifier->digest,
			   sizeof(verifier->digest)))
			continue;
		found = &listing->kernel.entries[i];
		listing->named[i] = true;
	}
	json_array_append_new(listing->array, entry_of(verifier->name, verifier->digest, found));
	return 0;
}

static void print_list(json_t *array)
{
	json_t *entry;
	size_t i;

	json_array_foreach(array, i, entry) {
		const char *name = json_string_value(json_object_get(entry, "name"));
		const char *state = "not registered";

		if (json_is_true(json_object_get(entry, "live")))
			state = "granted";
		else if (json_is_true(json_object_get(entry, "registered")))
			state = "registered";
		printf("%s %s %s\n", json_string_value(json_object_get(entry, "digest")),
		       *name ? name : "-", state);
	}
}

static int list(struct ctl *ctl)
{
	struct listing listing = { .array = json_array() };
	struct bastion_error err;
	struct bastion_device dev;
	unsigned int i;
	int rc;

	rc = ctl_open(ctl, &dev, &err);
	if (!rc) {
		rc = bastion_device_verifier_list(&dev, &listing.kernel, &err);
		bastion_device_close(&dev);
	}
	if (!rc)
		rc = verifiers_each(ctl, add_named, &listing, &err);
	if (rc) {
		json_decref(listing.array);
		return report_error(&err);
	}
	for (i = 0; i < listing.kernel.count; i++)
		if (!listing.named[i])
			json_array_append_new(listing.array,
					      entry_of("", listing.kernel.entries[i].digest,
						       &listing.kernel.entries[i]));
	if (ctl->json) {
		report_json(listing.array);
		return 0;
	}
	print_list(listing.array);
	json_decref(listing.array);
	return 0;
}

/* The kernel first: a verifier must not be trusted on after its file is gone. */
static int remove_verifier(struct ctl *ctl, const char *text)
{
	uint8_t digest[BASTION_DIGEST_SIZE];
	struct bastion_error err, failed;
	struct bastion_device dev;
	unsigned int files;
	int rc;

	if (verifiers_resolve(ctl, text, digest, &err) || ctl_open(ctl, &dev, &err))
		return report_error(&err);
	rc = bastion_device_verifier_remove(&dev, digest, &err);
	bastion_device_close(&dev);
	if (rc && rc != -ENOKEY)
		return report_error(&err);
	if (verifiers_remove(ctl, digest, &files, &failed))
		return report_error(&failed);
	return rc && !files ? report_error(&err) : 0;
}

struct loading {
	struct bastion_device dev;
	unsigned int added;
	unsigned int present;
	int exit;
};

static int load_one(const struct verifier *verifier, const struct bastion_error *failed, void *arg)
{
	uint8_t digest[BASTION_DIGEST_SIZE];
	struct loading *loading = arg;
	struct bastion_error err;
	int rc;

	if (!verifier) {
		loading->exit = report_error(failed);
		return 0;
	}
	rc = bastion_device_verifier_add(&loading->dev, verifier->point, digest, &err);
	if (!rc)
		loading->added++;
	else if (rc == -EEXIST)
		loading->present++;
	else
		loading->exit = report_error(&err);
	return 0;
}

static int load(struct ctl *ctl)
{
	struct loading loading = { 0 };
	struct bastion_error err;
	int rc;

	if (ctl_open(ctl, &loading.dev, &err))
		return report_error(&err);
	rc = verifiers_each(ctl, load_one, &loading, &err);
	bastion_device_close(&loading.dev);
	if (rc)
		return report_error(&err);
	if (ctl->json)
		report_json(json_pack("{s:i, s:i}", "added", loading.added, "present",
				      loading.present));
	else
		printf("%u added, %u registered already\n", loading.added, loading.present);
	return loading.exit;
}

int ctl_verifier(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = { CTL_OPTIONS };
	const char *verb;
	int count;

	if (ctl_getopt(ctl, argc, argv, "", options) != -1)
		return BASTION_CLASS_USAGE;
	count = argc - optind;
	verb = count ? argv[optind] : "";
	if (!strcmp(verb, "add") && count == 3)
		return add(ctl, argv[optind + 1], argv[optind + 2]);
	if (!strcmp(verb, "remove") && count == 2)
		return remove_verifier(ctl, argv[optind + 1]);
	if (!strcmp(verb, "list") && count == 1)
		return list(ctl);
	if (!strcmp(verb, "load") && count == 1)
		return load(ctl);
	return report_usage("verifier add NAME FILE.pem | list | remove NAME|DIGEST | load");
}
