// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gate-event.h"
#include "ima-list.h"
#include "log.h"
#include "reference-glob.h"
#include "reference-learn.h"
#include "reference.h"

int bv_learned_init(struct bv_learned *learned)
{
	*learned = (struct bv_learned){ .files = json_object() };
	return learned->files ? 0 : -ENOMEM;
}

void bv_learned_exit(struct bv_learned *learned)
{
	json_decref(learned->files);
	learned->files = NULL;
}

static int add_digest(json_t *files, const char *path, const char *digest)
{
	json_t *list = json_object_get(files, path);
	const json_t *known;
	size_t i;

	if (!list) {
		list = json_array();
		if (json_object_set_new(files, path, list))
			return -ENOMEM;
	}
	json_array_foreach(list, i, known)
		if (!strcmp(json_string_value(known), digest))
			return 0;
	return json_array_append_new(list, json_string(digest)) ? -ENOMEM : 0;
}

/* Of ASCII and of Latin 1 (in UTF-8): what an operator could not read in a file. */
static bool has_controls(const char *path)
{
	for (const unsigned char *c = (const unsigned char *)path; *c; c++)
		if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0))
			return true;
	return false;
}

static int learn(struct bv_learned *learned, struct bv_span path, struct bv_span algorithm,
		 struct bv_span digest, struct bv_error *err)
{
	char *name = strndup((const char *)path.data, path.len), text[BV_REFERENCE_DIGEST];
	json_t *utf8 = name ? json_string(name) : NULL;
	int ret = 0;

	if (!name)
		ret = -ENOMEM;
	else if (!utf8 || !path.len || bv_glob_special(name) || has_controls(name) ||
		 bv_digest_is_nothing(digest) || bv_reference_digest(text, algorithm, digest))
		learned->skipped++;
	else
		ret = add_digest(learned->files, name, text);
	json_decref(utf8);
	free(name);
	return ret ? bv_fail_errno(err, ENOMEM, "learning reference values") : 0;
}

int bv_learn_log(struct bv_learned *learned, struct bv_span log, struct bv_error *err)
{
	struct bv_log_reader reader = bv_log_begin(log);
	struct bv_log_entry entry;
	struct bv_replay replay;
	int ret = bv_log_replay(log, BV_LOG_MODULE, &replay, &entry, err);

	while (!ret && bv_log_next(&reader, &entry, NULL) == 1)
		if (entry.index == BV_LOG_FILES && !entry.buffer)
			ret = learn(learned, entry.name,
				    (struct bv_span){ (const uint8_t *)entry.algorithm,
						      strlen(entry.algorithm) }, entry.digest, err);
	return ret;
}

int bv_learn_ima(struct bv_learned *learned, struct bv_span list, struct bv_error *err)
{
	struct bv_ima_replay state = { .mirror = false };
	struct bv_ima_replayer replayer;
	struct bv_ima_entry entry;
	int ret = bv_ima_replay_begin(&replayer, list, BV_IMA_DETECT, &state, err);

	while (!ret && (ret = bv_ima_replay_next(&replayer, &entry, err)) == 1)
		ret = entry.violation || bv_is_gate_event(&entry) ? 0 :
			learn(learned, entry.path, entry.algorithm, entry.digest, err);
	bv_ima_replay_end(&replayer);
	learned->violations += state.violations;
	return ret;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

json_t *bv_learned_generation(const struct bv_learned *learned, const char *name)
{
	size_t count = json_object_size(learned->files), i = 0;
	const char **paths = calloc(count + 1, sizeof(*paths)), *path;
	json_t *files = json_array(), *digests;

	if (!paths || !files)
		goto fail;
	json_object_foreach(learned->files, path, digests)
		paths[i++] = path;
	qsort(paths, count, sizeof(*paths), by_text);
	for (i = 0; i < count; i++) {
		digests = json_object_get(learned->files, paths[i]);
		if (json_array_append_new(files, json_pack("{s:s, s:O}", "path", paths[i],
							   "digests", digests)))
			goto fail;
	}
	free(paths);
	return json_pack("{s:s, s:b, s:o}", "name", name, "retired", 0, "files", files);
fail:
	free(paths);
	json_decref(files);
	return NULL;
}
