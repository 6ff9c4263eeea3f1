// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "reference-glob.h"
#include "reference.h"
#include "tcg-pcrs.h"

#define GENERATIONS_MAX	256
#define FILES_MAX	(1 << 20)
#define DIGESTS_MAX	4096
#define GLOBS_MAX	1024
#define PATH_MAX_BYTES	4096
#define NAME_MAX_BYTES	64
#define ALGORITHM_MAX	24

/* One path or pattern of one generation; texts belong to the JSON. */
struct value {
	const char *path;
	const json_t *digests;		/* NULL: any */
	const char *generation;
	bool retired;
	size_t order;			/* in which it was added */
	struct bv_glob *glob;		/* NULL: the path itself */
};

/* One digest of a value, to find values by it. */
struct by_digest {
	const char *digest;
	const struct value *value;
};

struct bv_references {
	json_t *files;			/* array: keeps the texts */
	struct value *values;		/* paths in order, then patterns */
	size_t count;
	size_t globs;			/* of these, at the end */
	struct by_digest *digests;	/* in order */
	size_t digest_count;
};

struct bv_references *bv_references_new(void)
{
	struct bv_references *references = calloc(1, sizeof(*references));

	if (references)
		references->files = json_array();
	if (references && references->files)
		return references;
	free(references);
	return NULL;
}

void bv_references_free(struct bv_references *references)
{
	if (!references)
		return;
	for (size_t i = 0; i < references->count; i++)
		free(references->values[i].glob);
	free(references->values);
	free(references->digests);
	json_decref(references->files);
	free(references);
}

size_t bv_references_files(const struct bv_references *references)
{
	return json_array_size(references->files);
}

static bool algorithm_ok(struct bv_span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!memchr("abcdefghijklmnopqrstuvwxyz0123456789-_:", name.data[i], 39))
			return false;
	return name.len && name.len <= ALGORITHM_MAX;
}

int bv_reference_digest(char *out, struct bv_span algorithm, struct bv_span digest)
{
	if (!algorithm_ok(algorithm) || !digest.len || digest.len > BV_PCR_DIGEST_MAX)
		return -EINVAL;
	memcpy(out, algorithm.data, algorithm.len);
	out[algorithm.len] = ':';
	bv_hex(out + algorithm.len + 1, BV_REFERENCE_DIGEST - algorithm.len - 1, digest.data,
	       digest.len);
	return 0;
}

bool bv_digest_is_nothing(struct bv_span digest)
{
	for (size_t i = 0; i < digest.len; i++)
		if (digest.data[i] != 0xff)
			return false;
	return digest.len;
}

static bool digest_ok(const char *text)
{
	const char *colon = strrchr(text, ':');
	struct bv_span name = { (const uint8_t *)text, colon ? (size_t)(colon - text) : 0 };
	uint8_t bytes[BV_PCR_DIGEST_MAX];
	int bank = bv_bank_by_name(name);
	ssize_t len;

	if (!algorithm_ok(name))
		return false;
	len = bv_unhex(bytes, 16, sizeof(bytes), colon + 1);
	return len > 0 && (bank < 0 || len == (ssize_t)bv_bank_size(bank)) &&
	       !bv_digest_is_nothing((struct bv_span){ bytes, len });
}

static int read_digests(const json_t *json, const char *path, struct value *value,
			struct bv_error *err)
{
	if (json_is_string(json) && !strcmp(json_string_value(json), "any"))
		return 0;
	if (!json_array_size(json) || json_array_size(json) > DIGESTS_MAX)
		return bv_fail(err, "%.100s: \"digests\" is neither \"any\" nor a list of 1 to %d", path,
			       DIGESTS_MAX);
	for (size_t i = 0; i < json_array_size(json); i++) {
		const char *text = json_string_value(json_array_get(json, i));

		if (!text || !digest_ok(text))
			return bv_fail(err, "%.100s: digest %zu is not algorithm, colon, lower-case hex, "
				       "or that of nothing (ff...)", path, i);
	}
	value->digests = json;
	return 0;
}

static int read_value(const json_t *json, struct value *value, size_t *globs,
		      struct bv_error *err)
{
	static const char *const known[] = { "path", "digests", NULL };
	int ret;

	if (!json_is_object(json))
		return bv_fail(err, "\"files\" has an item that is not an object");
	if ((ret = bv_json_only(json, known, "\"files\"", err)) ||
	    (ret = bv_json_text(json, "path", PATH_MAX_BYTES, &value->path, err)) ||
	    (ret = read_digests(json_object_get(json, "digests"), value->path, value, err)))
		return ret;
	if (!bv_glob_special(value->path))
		return 0;
	if (++*globs > GLOBS_MAX)
		return bv_fail(err, "there are more than %d patterns", GLOBS_MAX);
	value->glob = malloc(sizeof(*value->glob));
	if (!value->glob)
		return bv_fail_errno(err, ENOMEM, "reading reference values");
	return bv_glob_init(value->glob, value->path, err);
}

static int grow(struct bv_references *references, size_t more, struct bv_error *err)
{
	struct value *values;

	if (references->count + more > FILES_MAX)
		return bv_fail(err, "there are more than %d files", FILES_MAX);
	values = realloc(references->values, (references->count + more + 1) * sizeof(*values));
	if (!values)
		return bv_fail_errno(err, ENOMEM, "reading reference values");
	memset(values + references->count, 0, (more + 1) * sizeof(*values));
	references->values = values;
	return 0;
}

static int read_generation(struct bv_references *references, const json_t *json,
			   struct bv_error *err)
{
	static const char *const known[] = { "name", "retired", "files", NULL };
	const json_t *files = json_object_get(json, "files");
	const json_t *retired = json_object_get(json, "retired");
	struct bv_error why = { "" };
	const char *name;
	int ret;

	if (!json_is_object(json))
		return bv_fail(err, "\"generations\" has an item that is not an object");
	if ((ret = bv_json_only(json, known, "\"generations\"", err)) ||
	    (ret = bv_json_text(json, "name", NAME_MAX_BYTES, &name, err)))
		return ret;
	if ((retired && !json_is_boolean(retired)) || !json_is_array(files))
		return bv_fail(err, "generation %s: \"retired\" is true or false, \"files\" is a list",
			       name);
	ret = grow(references, json_array_size(files), err);
	for (size_t i = 0; !ret && i < json_array_size(files); i++) {
		struct value *value = &references->values[references->count];

		value->order = references->count++;
		value->generation = name;
		value->retired = json_is_true(retired);
		ret = read_value(json_array_get(files, i), value, &references->globs, &why);
		if (ret)
			bv_fail(err, "generation %s: %.200s", name, why.text);
	}
	return ret;
}

/* Of several generations, the last is the one to name as known. */
static int value_order(const void *a, const void *b)
{
	const struct value *left = a, *right = b;
	int order = strcmp(left->path, right->path);

	if (!left->glob != !right->glob)
		return left->glob ? 1 : -1;
	return order ? order : (left->order < right->order) - (left->order > right->order);
}

static int digest_order(const void *a, const void *b)
{
	return strcmp(((const struct by_digest *)a)->digest, ((const struct by_digest *)b)->digest);
}

static int index_values(struct bv_references *references, struct bv_error *err)
{
	size_t total = 0;

	qsort(references->values, references->count, sizeof(*references->values), value_order);
	for (size_t i = 0; i < references->count; i++)
		total += json_array_size(references->values[i].digests);
	free(references->digests);
	references->digest_count = 0;
	references->digests = calloc(total + 1, sizeof(*references->digests));
	if (!references->digests)
		return bv_fail_errno(err, ENOMEM, "reading reference values");
	for (size_t i = 0; i < references->count; i++)
		for (size_t j = 0; j < json_array_size(references->values[i].digests); j++)
			references->digests[references->digest_count++] = (struct by_digest){
				json_string_value(json_array_get(references->values[i].digests, j)),
				&references->values[i],
			};
	qsort(references->digests, total, sizeof(*references->digests), digest_order);
	return 0;
}

int bv_references_add(struct bv_references *references, struct bv_span text, struct bv_error *err)
{
	static const char *const known[] = { "generations", NULL };
	json_t *root = bv_json_parse(text, BV_REFERENCE_MAX, BV_REFERENCE_VALUES,
				     "the file of reference values", err);
	const json_t *generations = json_object_get(root, "generations");
	int ret;

	if (!root)
		return -EBADMSG;
	if (json_array_append_new(references->files, root))
		return bv_fail_errno(err, ENOMEM, "reading reference values");
	ret = bv_json_only(root, known, "reference values", err);
	if (!ret && (!json_array_size(generations) ||
		     json_array_size(generations) > GENERATIONS_MAX))
		ret = bv_fail(err, "\"generations\" is not a list of 1 to %d", GENERATIONS_MAX);
	for (size_t i = 0; !ret && i < json_array_size(generations); i++)
		ret = read_generation(references, json_array_get(generations, i), err);
	return ret ? ret : index_values(references, err);
}

static bool has_digest(const struct value *value, const char *digest)
{
	for (size_t i = 0; i < json_array_size(value->digests); i++)
		if (!strcmp(json_string_value(json_array_get(value->digests, i)), digest))
			return true;
	return !value->digests;
}

static void note(struct bv_nearest *nearest, enum bv_match match, const struct value *value,
		 const char *digest)
{
	/* Of two that are as close, what still counts is the better hint. */
	if (match > nearest->match || (match == nearest->match && nearest->path &&
				       (!nearest->retired || value->retired)))
		return;
	*nearest = (struct bv_nearest){ match, value->path, digest, value->generation,
					value->retired };
}

static void compare(const struct value *value, const char *digest, bool nameless,
		    struct bv_nearest *nearest)
{
	if (nameless && !value->digests)
		return;
	if (!has_digest(value, digest))
		note(nearest, BV_MATCH_OTHER, value,
		     json_string_value(json_array_get(value->digests, 0)));
	else
		note(nearest, value->retired ? BV_MATCH_RETIRED : BV_MATCH_GOOD, value, digest);
}

static int path_order(const char *known, struct bv_span path)
{
	size_t len = strlen(known);
	int order = memcmp(known, path.data, len < path.len ? len : path.len);

	return order ? order : (len > path.len) - (len < path.len);
}

/* The first of the paths in order that is not before this one. */
static size_t lower_bound(const struct bv_references *references, struct bv_span path)
{
	size_t low = 0, high = references->count - references->globs;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (path_order(references->values[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t common(const char *known, struct bv_span path)
{
	size_t i = 0;

	while (i < path.len && known[i] && known[i] == (char)path.data[i])
		i++;
	return i;
}

/* Neighbours in order have the longest beginning in common; a folder of it, at least. */
static void note_neighbour(const struct bv_references *references, size_t at,
			   struct bv_span path, struct bv_nearest *nearest)
{
	size_t paths = references->count - references->globs, best = 1, first = at ? at - 1 : 0;

	/* The newest of those with one path comes first. */
	while (first && !strcmp(references->values[first - 1].path, references->values[first].path))
		first--;
	for (size_t i = first; i <= at && i < paths; i++) {
		const struct value *value = &references->values[i];
		size_t same = common(value->path, path);

		if (same <= best)
			continue;
		best = same;
		*nearest = (struct bv_nearest){
			BV_MATCH_UNKNOWN, value->path,
			json_string_value(json_array_get(value->digests, 0)), value->generation,
			value->retired,
		};
	}
}

static void note_elsewhere(const struct bv_references *references, const char *digest,
			   struct bv_nearest *nearest)
{
	const struct by_digest key = { digest, NULL };
	const struct by_digest *found = NULL;

	if (references->digest_count)
		found = bsearch(&key, references->digests, references->digest_count,
				sizeof(*references->digests), digest_order);
	if (found)
		note(nearest, BV_MATCH_ELSEWHERE, found->value, found->digest);
}

void bv_references_find(const struct bv_references *references, struct bv_span path,
			const char *digest, bool nameless, struct bv_nearest *nearest)
{
	size_t paths = references->count - references->globs, at = lower_bound(references, path);

	*nearest = (struct bv_nearest){ .match = BV_MATCH_UNKNOWN };
	for (size_t i = at; i < paths && !path_order(references->values[i].path, path); i++)
		compare(&references->values[i], digest, nameless, nearest);
	for (size_t i = paths; nearest->match != BV_MATCH_GOOD && i < references->count; i++)
		if (bv_glob_match(references->values[i].glob, path))
			compare(&references->values[i], digest, nameless, nearest);
	if (nearest->match == BV_MATCH_UNKNOWN)
		note_elsewhere(references, digest, nearest);
	if (nearest->match == BV_MATCH_UNKNOWN)
		note_neighbour(references, at, path, nearest);
}
