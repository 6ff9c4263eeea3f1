// SPDX-License-Identifier: GPL-2.0
/* policy diff: what changes between two policies, or two files of reference values. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "libbastion-verify/json.h"
#include "libbastion-verify/policy.h"
#include "policy_commands.h"
#include "show.h"
#include "verifier.h"

/* A file, and what it is. */
struct side {
	const char *path;
	json_t *json;
	bool references;
};

/* Only what could be used is worth comparing. */
static int check(struct side *side, struct bv_span text, struct bv_error *err)
{
	struct bv_references *references;
	struct bv_policy *policy;
	int ret;

	if (!side->references) {
		policy = bv_policy_parse(text, err);
		ret = policy ? 0 : -1;
		bv_policy_free(policy);
		return ret;
	}
	references = bv_references_new();
	ret = references ? bv_references_add(references, text, err) : bv_fail(err, "out of memory");
	bv_references_free(references);
	return ret;
}

static int load(struct side *side)
{
	struct bv_error err = { "" };
	struct bv_span text;
	int ret;

	if (file_read(side->path, BV_REFERENCE_MAX, &text, &err))
		return verifier_fail("%s", err.text);
	side->json = bv_json_parse(text, BV_REFERENCE_MAX, BV_REFERENCE_VALUES, "the file", &err);
	side->references = json_object_get(side->json, "generations");
	ret = side->json ? check(side, text, &err) : -1;
	free((void *)text.data);
	return ret ? verifier_fail("%s: %s", side->path, err.text) : VERIFIER_OK;
}

static void add_pair(json_t *all, const json_t *path, const json_t *digest)
{
	json_t *line = json_sprintf("%s %s", json_string_value(path), json_string_value(digest));

	json_object_set_new(all, json_string_value(line), json_null());
	json_decref(line);
}

static void add_file(json_t *all, const json_t *file)
{
	const json_t *path = json_object_get(file, "path"), *digest;
	const json_t *digests = json_object_get(file, "digests");
	size_t i;

	if (json_is_string(digests))
		add_pair(all, path, digests);
	json_array_foreach(digests, i, digest)
		add_pair(all, path, digest);
}

/* What counts, as {"path digest": null, ...}. */
static json_t *pairs(const json_t *references)
{
	const json_t *generation, *file;
	json_t *all = json_object();
	size_t i, j;

	json_array_foreach(json_object_get(references, "generations"), i, generation)
		if (!json_is_true(json_object_get(generation, "retired")))
			json_array_foreach(json_object_get(generation, "files"), j, file)
				add_file(all, file);
	return all;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Keys of one object that another does not have, in order. */
static json_t *missing(json_t *from, const json_t *other)
{
	const char **keys = calloc(json_object_size(from) + 1, sizeof(*keys)), *key;
	json_t *list = json_array(), *value;
	size_t count = 0;

	if (!keys || !list) {
		free(keys);
		json_decref(list);
		return NULL;
	}
	json_object_foreach(from, key, value)
		if (!json_object_get(other, key))
			keys[count++] = key;
	qsort(keys, count, sizeof(*keys), by_text);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(keys[i]));
	free(keys);
	return list;
}

static json_t *diff_references(const json_t *old, const json_t *new)
{
	json_t *before = pairs(old), *after = pairs(new);
	json_t *json = json_pack("{s:o, s:o}", "accepted", missing(after, before), "refused",
				 missing(before, after));

	json_decref(before);
	json_decref(after);
	return json;
}

/* Items of one list that another does not have. */
static json_t *items_missing(const json_t *from, const json_t *other)
{
	json_t *list = json_array();
	json_t *item, *known;
	size_t i, k;

	json_array_foreach(from, i, item) {
		json_array_foreach(other, k, known)
			if (json_equal(item, known))
				break;
		if (k == json_array_size(other))
			json_array_append(list, item);
	}
	return list;
}

static json_t *member_diff(json_t *old, json_t *new)
{
	if (json_is_array(old) && json_is_array(new))
		return json_pack("{s:o, s:o}", "added", items_missing(new, old), "removed",
				 items_missing(old, new));
	return json_pack("{s:O?, s:O?}", "old", old, "new", new);
}

static json_t *diff_policies(json_t *old, json_t *new)
{
	json_t *all = json_copy(old), *changes = json_object(), *value;
	const char *key;

	json_object_update(all, new);
	json_object_foreach(all, key, value) {
		json_t *before = json_object_get(old, key), *after = json_object_get(new, key);

		if (!before || !after || !json_equal(before, after))
			json_object_set_new(changes, key, member_diff(before, after));
	}
	json_decref(all);
	return changes;
}

/* A path comes from a machine, perhaps: a terminal must not obey it. */
static void show_text(const char *mark, const char *text)
{
	char *shown = bv_printable((struct bv_span){ (const uint8_t *)text, strlen(text) });

	printf("%s%s\n", mark, shown ? shown : "?");
	free(shown);
}

static void show_value(const char *mark, const json_t *value)
{
	char *text;

	if (!value || json_is_null(value))
		return;
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII);
	printf("%s%s\n", mark, text ? text : "?");
	free(text);
}

static void show_list(const char *mark, const json_t *list)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		if (json_is_string(item))
			show_text(mark, json_string_value(item));
		else
			show_value(mark, item);
	}
}

static void show_changes(const json_t *changes)
{
	const char *name;
	json_t *change;

	json_object_foreach((json_t *)changes, name, change) {
		show_text("", name);
		show_list("  + ", json_object_get(change, "added"));
		show_list("  - ", json_object_get(change, "removed"));
		show_value("  - ", json_object_get(change, "old"));
		show_value("  + ", json_object_get(change, "new"));
	}
}

static int print(json_t *changes, bool references, bool json)
{
	bool same = references ? !json_array_size(json_object_get(changes, "accepted")) &&
				 !json_array_size(json_object_get(changes, "refused"))
			       : !json_object_size(changes);

	if (json) {
		json_t *all = json_pack("{s:b, s:s, s:o}", "same", same, "kind",
					references ? "references" : "policy", "changes", changes);
		int code = show_json(all);

		return code ? code : same ? VERIFIER_OK : VERIFIER_REFUSED;
	}
	if (references) {
		show_list("+ ", json_object_get(changes, "accepted"));
		show_list("- ", json_object_get(changes, "refused"));
	} else {
		show_changes(changes);
	}
	json_decref(changes);
	return same ? VERIFIER_OK : VERIFIER_REFUSED;
}

static int diff(struct side *old, struct side *new, bool json)
{
	json_t *changes;
	int code = load(old);

	if (!code)
		code = load(new);
	if (code)
		return code;
	if (old->references != new->references)
		return verifier_usage("one of them is a policy, the other has reference values");
	changes = old->references ? diff_references(old->json, new->json)
				  : diff_policies(old->json, new->json);
	return changes ? print(changes, old->references, json) : verifier_fail("out of memory");
}

int policy_diff(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { 0 } };
	struct side old = { 0 }, new = { 0 };
	bool json = false;
	int c, code;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'j')
			return VERIFIER_USAGE;
		json = true;
	}
	if (optind != argc - 2)
		return verifier_usage("policy diff OLD NEW");
	old.path = argv[optind];
	new.path = argv[optind + 1];
	code = diff(&old, &new, json);
	json_decref(old.json);
	json_decref(new.json);
	return code;
}
