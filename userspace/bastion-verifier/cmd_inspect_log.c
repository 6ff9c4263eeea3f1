// SPDX-License-Identifier: GPL-2.0
/* Logs: whether they are well formed, and which register values they lead to. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "libbastion-verify/ima-list.h"
#include "libbastion-verify/log.h"
#include "libbastion-verify/requester.h"
#include "libbastion-verify/tcg-boot-log.h"
#include "libbastion-verify/tcg-expected.h"
#include "show.h"
#include "verifier.h"

#define LIST_MAX	(256 << 20)	/* bytes of IMA's list */
#define LOG_MAX		(64 << 20)	/* of ours */
#define FIRMWARE_PCRS	0xffu		/* every PC's firmware extends these */

struct arguments {
	const char *kind;
	const char *file;
	const char *expect;
	uint32_t banks;		/* 0: all */
	int hash;		/* of template digests */
	bool json;
};

/* What a log amounts to. */
struct outcome {
	struct bv_pcrs pcrs;
	uint64_t entries;
	uint64_t violations;
	uint64_t matched;	/* as many entries gave the expected values, or 0 */
	uint32_t always;	/* registers that the log would name */
	struct bv_comparison comparison;
	struct bv_error error;
};

static int bank_option(const char *text)
{
	return bv_bank_by_name((struct bv_span){ (const uint8_t *)text, strlen(text) });
}

static int parse(int argc, char **argv, struct arguments *args)
{
	static const struct option options[] = {
		{ "bank", required_argument, NULL, 'b' },
		{ "hash", required_argument, NULL, 'h' },
		{ "expect", required_argument, NULL, 'e' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		int bank = c == 'b' || c == 'h' ? bank_option(optarg) : 0;

		if (bank < 0)
			return verifier_usage("'%s' is none of sha1, sha256, sha384, sha512", optarg);
		if (c == 'b')
			args->banks |= 1u << bank;
		else if (c == 'h')
			args->hash = bank;
		else if (c == 'e')
			args->expect = optarg;
		else if (c == 'j')
			args->json = true;
		else
			return VERIFIER_USAGE;
	}
	args->kind = argv[0];
	if (optind != argc - 1)
		return verifier_usage("inspect %s FILE", args->kind);
	args->file = argv[optind];
	if (args->hash != BV_IMA_DETECT && strcmp(args->kind, "ima-log"))
		return verifier_usage("--hash is for ima-log");
	if (args->banks && !strcmp(args->kind, "log"))
		return verifier_usage("--bank is not for log: its registers are SHA-384");
	return VERIFIER_OK;
}

static int replay_boot_log(const struct arguments *args, const struct bv_expected *expected,
			   struct bv_span log, struct outcome *out)
{
	int ret = bv_boot_log_replay(log, args->banks ? args->banks : BV_BANKS_ALL, &out->pcrs,
				     &out->entries, &out->error);

	out->always = FIRMWARE_PCRS;
	if (!ret && args->banks & ~out->pcrs.banks)
		return bv_fail(&out->error, "the log does not have every bank that was asked for");
	return ret;
}

/* A list may have grown since the values were read: say how much of it gives them. */
static int replay_ima_log(const struct arguments *args, const struct bv_expected *expected,
			  struct bv_span log, struct outcome *out)
{
	struct bv_ima_replay state = { 0 };
	struct bv_ima_replayer replayer;
	struct bv_ima_entry entry;
	int ret;

	state.pcrs.banks = args->banks ? args->banks : BV_BANKS_ALL;
	ret = bv_ima_replay_begin(&replayer, log, args->hash, &state, &out->error);
	while (!ret && (ret = bv_ima_replay_next(&replayer, &entry, &out->error)) == 1) {
		ret = 0;
		if (expected &&
		    !bv_expected_compare(expected, &state.pcrs, 0, &out->comparison, NULL))
			out->matched = state.count;
	}
	bv_ima_replay_end(&replayer);
	out->pcrs = state.pcrs;
	out->entries = state.count;
	out->violations = state.violations;
	return ret;
}

static int replay_log(const struct arguments *args, const struct bv_expected *expected,
		      struct bv_span log, struct outcome *out)
{
	struct bv_log_entry blamed;
	struct bv_replay replay;
	int ret = bv_log_replay(log, (1u << BASTION_MR_COUNT) - 1, &replay, &blamed, &out->error);

	out->pcrs.banks = 1u << BV_BANK_SHA384;
	out->pcrs.used = replay.used;
	for (int i = 0; i < BASTION_MR_COUNT; i++)
		memcpy(out->pcrs.value[BV_BANK_SHA384][i], replay.registers[i],
		       BASTION_DIGEST_SIZE);
	out->entries = replay.count;
	return ret;
}

static const struct kind {
	const char *name;
	size_t max;
	int (*replay)(const struct arguments *args, const struct bv_expected *expected,
		      struct bv_span log, struct outcome *out);
} kinds[] = {
	{ "boot-log", BV_BOOT_LOG_MAX, replay_boot_log },
	{ "ima-log", LIST_MAX, replay_ima_log },
	{ "log", LOG_MAX, replay_log },
};

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(name, kinds[i].name))
			return &kinds[i];
	return NULL;
}

static int compare(const struct bv_expected *expected, struct outcome *out)
{
	struct bv_error why = { "" };
	int ret = bv_expected_compare(expected, &out->pcrs, out->always, &out->comparison, &why);

	if (ret && out->matched)
		bv_fail(&out->error, "%.300s; the first %llu entries give what is expected", why.text,
			(unsigned long long)out->matched);
	else if (ret)
		out->error = why;
	return ret;
}

static json_t *requester_json(const struct bv_log_entry *entry)
{
	char exe[2 * BASTION_EXE_SIZE + 1];
	struct bv_requester who;

	if (!entry->buffer || !bv_span_is(entry->name, BASTION_EVENT_REQUESTER) ||
	    bv_requester_read(entry->data, &who))
		return NULL;
	bv_hex(exe, sizeof(exe), who.exe, sizeof(who.exe));
	return json_pack("{s:I, s:I, s:s, s:s%, s:s%}", "entry", (json_int_t)entry->number, "uid",
			 (json_int_t)who.uid, "exe", exe, "path", who.path.data, who.path.len,
			 "cgroup", who.cgroup.data, who.cgroup.len);
}

/* Who asked for keys, by a log that was replayed. */
static json_t *requesters_json(struct bv_span log)
{
	struct bv_log_reader reader = bv_log_begin(log);
	json_t *list = json_array(), *who;
	struct bv_log_entry entry;

	while (bv_log_next(&reader, &entry, NULL) == 1) {
		who = requester_json(&entry);
		if (who)
			json_array_append_new(list, who);
	}
	return list;
}

/* Values of a log that is no good would be taken for something. */
static json_t *outcome_json(const struct arguments *args, struct bv_span log,
			    const struct outcome *out, bool formed, bool ok)
{
	json_t *json = json_pack("{s:b, s:s, s:I, s:o, s:o}", "ok", ok, "log", args->kind,
				 "entries", (json_int_t)out->entries, "registers",
				 formed ? bv_pcrs_json(&out->pcrs) : json_object(), "error",
				 ok ? json_null() : json_string(out->error.text));

	if (json && !strcmp(args->kind, "ima-log"))
		json_object_set_new(json, "violations", json_integer(out->violations));
	if (json && !strcmp(args->kind, "log"))
		json_object_set_new(json, "requesters", formed ? requesters_json(log) :
								 json_array());
	if (json && args->expect && formed) {
		json_object_set_new(json, "compared", bv_pcrs_names_json(out->comparison.compared));
		json_object_set_new(json, "skipped", bv_pcrs_names_json(out->comparison.skipped));
	}
	return json;
}

static void show_requesters(const json_t *list)
{
	const json_t *who;
	size_t i;

	json_array_foreach(list, i, who)
		printf("# entry %lld: uid %lld asked with %s, sha256:%s, from cgroup %s\n",
		       (long long)json_integer_value(json_object_get(who, "entry")),
		       (long long)json_integer_value(json_object_get(who, "uid")),
		       json_string_value(json_object_get(who, "path")),
		       json_string_value(json_object_get(who, "exe")),
		       json_string_value(json_object_get(who, "cgroup")));
}

static int show(const struct arguments *args, json_t *json)
{
	const json_t *violations = json_object_get(json, "violations");

	if (!json)
		return verifier_fail("out of memory");
	if (args->json)
		return show_json(json);
	printf("# %lld entries", (long long)json_integer_value(json_object_get(json, "entries")));
	if (violations)
		printf(", %lld violations", (long long)json_integer_value(violations));
	putchar('\n');
	show_requesters(json_object_get(json, "requesters"));
	show_registers(json_object_get(json, "registers"));
	show_names("as expected", json_object_get(json, "compared"));
	show_names("not compared", json_object_get(json, "skipped"));
	json_decref(json);
	return VERIFIER_OK;
}

static int inspect(const struct arguments *args, const struct bv_expected *expected,
		   struct bv_span log)
{
	struct outcome *out = calloc(1, sizeof(*out));
	bool formed, ok;
	int code;

	if (!out)
		return verifier_fail("out of memory");
	formed = !find_kind(args->kind)->replay(args, expected, log, out);
	ok = formed && (!expected || !compare(expected, out));
	code = show(args, outcome_json(args, log, out, formed, ok));
	if (!ok)
		code = verifier_fail("%s: %s", args->file, out->error.text);
	free(out);
	return code;
}

static int load_expected(const char *path, struct bv_expected *expected)
{
	struct bv_error err = { "" };
	struct bv_span text;
	int ret;

	if (file_read(path, BV_EXPECTED_MAX, &text, &err))
		return verifier_fail("%s", err.text);
	ret = bv_expected_parse(text, expected, &err);
	free((void *)text.data);
	return ret ? verifier_fail("%s: %s", path, err.text) : VERIFIER_OK;
}

bool verifier_inspects_log(const char *name)
{
	return find_kind(name);
}

int verifier_inspect_log(int argc, char **argv)
{
	struct arguments args = { .hash = BV_IMA_DETECT };
	struct bv_error err = { "" };
	struct bv_expected expected;
	struct bv_span log;
	int code = parse(argc, argv, &args);

	if (!code && args.expect)
		code = load_expected(args.expect, &expected);
	if (code)
		return code;
	if (file_read(args.file, find_kind(args.kind)->max, &log, &err))
		return verifier_fail("%s", err.text);
	code = inspect(&args, args.expect ? &expected : NULL, log);
	free((void *)log.data);
	return code;
}
