// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ima-list.h"
#include "json.h"
#include "reference-rule.h"

#define FILES_MAX	64
#define IGNORE_MAX	1024
#define TEXT_MAX	4096
#define SHOWN_MAX	8	/* refused entries that are explained, of each log */
#define SAID_MAX	(TEXT_MAX + 512)

static int no_memory(struct bv_error *err)
{
	return bv_fail_errno(err, ENOMEM, "reading the policy");
}

static int check_list(const json_t *list, const char *rule, const char *name, size_t min,
		      size_t max, struct bv_error *err)
{
	const json_t *item;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) < min || json_array_size(list) > max)
		return bv_fail(err, "policy: \"%s\": \"%s\" is not a list of %zu to %zu", rule, name,
			       min, max);
	json_array_foreach(list, i, item)
		if (!json_string_length(item) || json_string_length(item) > TEXT_MAX)
			return bv_fail(err, "policy: \"%s\": \"%s\", item %zu is not a text", rule,
				       name, i);
	return 0;
}

static int read_files(struct bv_rule *rule, const json_t *list, struct bv_error *err)
{
	int ret = check_list(list, rule->name, "references", 1, FILES_MAX, err);

	if (ret)
		return ret;
	rule->references = bv_references_new();
	rule->files = calloc(json_array_size(list), sizeof(*rule->files));
	if (!rule->references || !rule->files)
		return no_memory(err);
	while (rule->file_count < json_array_size(list)) {
		char *name = strdup(json_string_value(json_array_get(list, rule->file_count)));

		if (!name)
			return no_memory(err);
		rule->files[rule->file_count++] = name;
	}
	return 0;
}

static int read_ignore(struct bv_rule *rule, const json_t *list, struct bv_error *err)
{
	struct bv_error why = { "" };
	const json_t *item;
	int ret;
	size_t i;

	if (!list)
		return 0;
	ret = check_list(list, rule->name, "ignore", 0, IGNORE_MAX, err);
	if (ret)
		return ret;
	rule->ignore = calloc(json_array_size(list) + 1, sizeof(*rule->ignore));
	rule->texts = json_deep_copy(list);
	if (!rule->ignore || !rule->texts)
		return no_memory(err);
	json_array_foreach(rule->texts, i, item)
		if (bv_glob_init(&rule->ignore[rule->ignore_count++], json_string_value(item),
				 &why))
			return bv_fail(err, "policy: \"%s\": %.200s", rule->name, why.text);
	return 0;
}

static int read_violations(struct bv_rule *rule, const json_t *value, struct bv_error *err)
{
	const char *text = json_string_value(value);

	if (!value)
		return 0;
	rule->violations = text && !strcmp(text, "ignore");
	if (!rule->violations && (!text || strcmp(text, "refuse")))
		return bv_fail(err, "policy: \"%s\": \"violations\" is neither \"refuse\" nor "
			       "\"ignore\"", rule->name);
	return 0;
}

int bv_rule_read(struct bv_rule *rule, const char *name, const json_t *json, bool violations,
		 struct bv_error *err)
{
	static const char *const known[] = { "references", "ignore", "violations", NULL };
	int ret;

	rule->name = name;
	rule->given = true;
	if (!json_is_object(json))
		return bv_fail(err, "policy: \"%s\" is not an object", name);
	ret = bv_json_only(json, known, "policy: measured files", err);
	if (!ret && !violations && json_object_get(json, "violations"))
		ret = bv_fail(err, "policy: \"%s\" knows no violations", name);
	if (!ret)
		ret = read_files(rule, json_object_get(json, "references"), err);
	if (!ret)
		ret = read_ignore(rule, json_object_get(json, "ignore"), err);
	return ret ? ret : read_violations(rule, json_object_get(json, "violations"), err);
}

void bv_rule_exit(struct bv_rule *rule)
{
	for (size_t i = 0; i < rule->file_count; i++)
		free(rule->files[i]);
	free(rule->files);
	free(rule->ignore);
	json_decref(rule->texts);
	bv_references_free(rule->references);
	memset(rule, 0, sizeof(*rule));
}

bool bv_rule_loaded(const struct bv_rule *rule)
{
	return rule->references && bv_references_files(rule->references) == rule->file_count;
}

/* Why an entry is refused, and by what one would know better. */
struct reason {
	char expected[SAID_MAX];
	char seen[SAID_MAX];
	const char *advice;
};

static void describe(const struct bv_nearest *nearest, bool nameless, struct reason *why)
{
	const char *digest = nearest->digest ? nearest->digest : "any digest";
	const char *state = nearest->retired ? ", which is retired" : "";
	const size_t size = sizeof(why->expected);

	why->advice = "Remove the file if it does not belong there; else add it to the references, "
		      "or to \"ignore\".";
	if (nameless && nearest->match != BV_MATCH_RETIRED) {
		snprintf(why->expected, size, "a digest that is known: there is no path, and any file can have "
			 "such a name");
		why->advice = "Remove the file if it does not belong there; else add its digest to the "
			      "references: \"any\" and \"ignore\" are for paths.";
	} else if (!nearest->path) {
		snprintf(why->expected, size, "a path that is known; none is like it");
	} else if (nearest->match == BV_MATCH_RETIRED) {
		snprintf(why->expected, size, "a generation that is in use; %s, %s is of %s%s",
			 nearest->path, digest, nearest->generation, state);
		why->advice = "Update the machine: what it runs was taken out of service.";
	} else if (nearest->match == BV_MATCH_OTHER) {
		snprintf(why->expected, size, "known: %s, %s, from generation %s%s", nearest->path,
			 digest, nearest->generation, state);
		why->advice = "If the new contents are good, add them to the references with "
			      "\"bastion-verifier policy learn\"; if not, reinstall the file.";
	} else if (nearest->match == BV_MATCH_ELSEWHERE) {
		snprintf(why->expected, size, "these contents at %s, from generation %s%s",
			 nearest->path, nearest->generation, state);
		why->advice = "The file was copied or moved: add its path to the references if it may "
			      "be there.";
	} else {
		snprintf(why->expected, size, "a path that is known; nearest: %s, %s, from generation "
			 "%s%s", nearest->path, digest, nearest->generation, state);
	}
}

static void refuse(struct bv_judge *judge, const struct bv_measured *measured,
		   const struct reason *why)
{
	const struct bv_log_entry entry = {
		.number = measured->number, .index = judge->index, .name = measured->path,
		.digest = measured->digest,
	};

	judge->refused++;
	if (json_array_size(judge->explained) >= SHOWN_MAX)
		return;
	bv_verdict_add(judge->verdict, &(struct bv_check){
		.name = judge->check, .claim = BV_EXECUTABLES, .tier = BV_CONTRAINDICATED,
		.expected = why->expected, .seen = why->seen, .advice = why->advice,
		.entry = &entry });
	/* The next round brings only what is new, and this is still to blame then. */
	if (json_array_append(judge->explained, json_array_get(judge->verdict->checks,
				json_array_size(judge->verdict->checks) - 1)))
		judge->verdict->broken = true;
}

void bv_judge_resume(struct bv_judge *judge, const struct bv_rule *rule, const char *check,
		     uint32_t index, struct bv_verdict *verdict)
{
	judge->rule = rule;
	judge->check = check;
	judge->index = index;
	judge->verdict = verdict;
	if (!judge->explained)
		judge->explained = json_array();
	if (!judge->explained || json_array_extend(verdict->checks, judge->explained))
		verdict->broken = true;
}

/*
 * IMA calls a file whose path is too long, or cannot be reached, by its last name (ima_d_path() in the kernel's
 * security/integrity/ima/ima_api.c), which whoever made the file chose. Entries that are no files have such names,
 * too, and only of the list's first is it certain that it is none.
 */
static bool is_nameless(const struct bv_judge *judge, const struct bv_measured *measured)
{
	if (measured->path.len && measured->path.data[0] == '/')
		return false;
	return measured->number || judge->index != BV_IMA_MIRROR ||
	       !bv_span_is(measured->path, BV_IMA_AGGREGATE);
}

static bool is_ignored(const struct bv_judge *judge, const struct bv_measured *measured)
{
	const struct bv_rule *rule = judge->rule;

	if (measured->violation)
		return rule->violations;
	if (measured->event)
		return true;
	/* Of which nothing is known, nothing is known to be ignored. */
	if (is_nameless(judge, measured))
		return false;
	for (size_t i = 0; i < rule->ignore_count; i++)
		if (bv_glob_match(&rule->ignore[i], measured->path))
			return true;
	return false;
}

void bv_judge_entry(struct bv_judge *judge, const struct bv_measured *measured)
{
	char digest[BV_REFERENCE_DIGEST];
	struct bv_nearest nearest;
	struct reason *why;
	bool nameless;

	judge->entries++;
	if (is_ignored(judge, measured)) {
		judge->ignored++;
		return;
	}
	why = calloc(1, sizeof(*why));
	if (!why) {
		judge->verdict->broken = true;
		return;
	}
	if (measured->violation) {
		strcpy(why->expected, "no violations");
		strcpy(why->seen, "a file was changed while it was measured, or read while written; "
				  "nothing covers its name");
		why->advice = "Find out who writes to the file; \"violations\": \"ignore\" if it is no "
			      "program.";
		refuse(judge, measured, why);
	} else if (!measured->path.len ||
		   bv_reference_digest(digest, measured->algorithm, measured->digest)) {
		strcpy(why->expected, "a path and a digest");
		strcpy(why->seen, "an entry of a template that this verifier does not know");
		why->advice = "Update the verifier, or change \"ima_template=\" of the machine.";
		refuse(judge, measured, why);
	} else {
		nameless = is_nameless(judge, measured);
		bv_references_find(judge->rule->references, measured->path, digest, nameless, &nearest);
		if (nearest.match != BV_MATCH_GOOD) {
			describe(&nearest, nameless, why);
			snprintf(why->seen, sizeof(why->seen), "%s", digest);
			refuse(judge, measured, why);
		}
	}
	free(why);
}

void bv_judge_end(struct bv_judge *judge)
{
	char seen[160], expected[160];

	snprintf(expected, sizeof(expected), "every file as in the references of \"%s\"",
		 judge->rule->name);
	snprintf(seen, sizeof(seen), "%llu entries, %llu ignored, %llu refused",
		 (unsigned long long)judge->entries, (unsigned long long)judge->ignored,
		 (unsigned long long)judge->refused);
	bv_verdict_add(judge->verdict, &(struct bv_check){
		.name = judge->check, .claim = BV_EXECUTABLES,
		.tier = judge->refused ? BV_CONTRAINDICATED : BV_AFFIRMING, .expected = expected,
		.seen = seen, .advice = "The first of those refused are explained above." });
}
