// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "bastionctl/key_terms.h"
#include "bastionctl/report.h"

/*
 * With a counter, the first use of the new blob makes the old one void, and
 * whoever finds the key in a keyring may use it at once. So the new blob is made
 * of a copy that nobody else can find, and is on the disk before the key itself
 * moves. The two blobs differ in nothing that counts.
 */
static int save_moved(const char *name, const uint8_t *blob, size_t len,
		      const struct key_terms *terms, struct bastion_error *err)
{
	int32_t copy = bastion_keys_load(name, blob, len, KEY_SPEC_PROCESS_KEYRING, err);
	int rc;

	if (copy < 0)
		return copy;
	rc = bastion_keys_rebind(copy, &terms->new, err);
	if (!rc)
		rc = key_save(copy, terms->save, err);
	keyctl_unlink(copy, KEY_SPEC_PROCESS_KEYRING);
	return rc;
}

static void report(const struct ctl *ctl, int32_t serial, const struct bastion_blob_info *old)
{
	if (ctl->json) {
		report_json(json_pack("{s:i, s:s, s:b}", "serial", serial, "name", old->name,
				      "old_blob_ends", !!old->counter_index));
		return;
	}
	printf("%d\n", serial);
	if (old->counter_index)
		fprintf(stderr, "The old blob of %s is refused once the new one has been used: "
			"replace every copy of it.\n", old->name);
	else
		fprintf(stderr, "The old blob of %s has no counter and stays valid for ever: whoever "
			"has a copy can use it under a grant of the verifier that it is sealed to.\n",
			old->name);
}

static int move(const struct ctl *ctl, const struct key_terms *terms, const char *name)
{
	uint8_t blob[BASTION_BLOB_MAX];
	struct bastion_blob_info old;
	struct bastion_error err;
	int32_t serial;
	ssize_t len;

	bastion_keys_reach_user();
	serial = bastion_keys_find(name, &err);
	if (serial < 0)
		return report_error(&err);
	len = bastion_keys_read(serial, blob, &err);
	if (len < 0 || bastion_blob_decode(blob, len, &old, &err))
		return report_error(&err);
	if (old.kind == BASTION_KIND_DERIVED)
		return report_usage("%s is derived from what it is for: it cannot be moved, and "
				    "under other terms it is another key", old.name);
	if (old.kind == BASTION_KIND_P384 && terms->types)
		return report_usage("%s is a key pair: it has no types", old.name);
	if (old.counter_index && !terms->save)
		return report_usage("%s has a counter: its old blob will be void, so -o FILE must "
				    "say where the new one is kept", old.name);
	if (terms->save && save_moved(old.name, blob, len, terms, &err))
		return report_error(&err);
	if (bastion_keys_rebind(serial, &terms->new, &err)) {
		if (terms->save)
			fprintf(stderr, "bastionctl: %s has the new blob, the keyring the old one: "
				"try again, or load the file in its place\n", terms->save);
		return report_error(&err);
	}
	report(ctl, serial, &old);
	return 0;
}

int key_rebind(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = { KEY_TERMS_OPTIONS };
	struct bastion_error err;
	struct key_terms terms;
	int code;

	code = key_terms_parse(ctl, argc, argv, options, &terms);
	if (code)
		return code;
	if (argc - optind != 1)
		return report_usage("key rebind needs one NAME");
	terms.new.verb = BASTION_KEYS_REBIND;
	if (key_terms_fill(ctl, &terms, &err))
		return report_error(&err);
	return move(ctl, &terms, argv[optind]);
}
