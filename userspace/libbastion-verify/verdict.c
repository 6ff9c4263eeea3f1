// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "verdict.h"

struct bv_verdict *bv_verdict_new(void)
{
	struct bv_verdict *verdict = calloc(1, sizeof(*verdict));

	if (!verdict)
		return NULL;
	verdict->checks = json_array();
	verdict->summary = calloc(1, BV_SUMMARY_SIZE);
	if (!verdict->checks || !verdict->summary) {
		bv_verdict_free(verdict);
		return NULL;
	}
	return verdict;
}

void bv_verdict_free(struct bv_verdict *verdict)
{
	if (!verdict)
		return;
	json_decref(verdict->checks);
	free(verdict->summary);
	free(verdict);
}

const char *bv_tier_name(enum bv_tier tier)
{
	switch (tier) {
	case BV_NONE:
		return "none";
	case BV_AFFIRMING:
		return "affirming";
	case BV_WARNING:
		return "warning";
	case BV_CONTRAINDICATED:
		break;
	}
	return "contraindicated";
}

const char *bv_claim_name(enum bv_claim claim)
{
	static const char *const names[BV_CLAIMS] = {
		[BV_INSTANCE_IDENTITY] = "instance-identity",
		[BV_CONFIGURATION] = "configuration",
		[BV_EXECUTABLES] = "executables",
		[BV_HARDWARE] = "hardware",
	};

	return names[claim];
}

static json_t *text(struct bv_span bytes)
{
	char *copy = bv_printable(bytes);
	json_t *json = copy ? json_string(copy) : NULL;

	free(copy);
	return json;
}

static json_t *terminated(const char *chars)
{
	return text((struct bv_span){ (const uint8_t *)chars, chars ? strlen(chars) : 0 });
}

static json_t *entry_json(const struct bv_log_entry *entry)
{
	char digest[2 * EVP_MAX_MD_SIZE + 1];	/* IMA's may be longer than ours */

	bv_hex(digest, sizeof(digest), entry->digest.data, entry->digest.len);
	return json_pack("{s:I, s:i, s:o*, s:s}", "number", (json_int_t)entry->number, "register",
			 (int)entry->index, "name", text(entry->name), "digest", digest);
}

bool bv_verdict_add(struct bv_verdict *verdict, const struct bv_check *check)
{
	bool ok = check->tier == BV_AFFIRMING;
	json_t *expected = terminated(check->expected), *seen = terminated(check->seen);
	json_t *json = json_pack("{s:s, s:b}", "name", check->name, "ok", ok);

	if (!json || !expected || !seen || json_object_set(json, "expected", expected) ||
	    json_object_set(json, "seen", seen) ||
	    (check->entry && check->entry->digest.data &&
	     json_object_set_new(json, "entry", entry_json(check->entry))) ||
	    json_object_set_new(json, "advice", terminated(ok ? "" : check->advice)) ||
	    json_array_append(verdict->checks, json))
		verdict->broken = true;
	json_decref(json);
	json_decref(expected);
	json_decref(seen);
	if (check->tier > verdict->worst[check->claim])
		verdict->worst[check->claim] = check->tier;
	/* A check that was not made is no reason to grant. */
	if (check->tier == BV_NONE)
		verdict->broken = true;
	return ok;
}

void bv_verdict_take(struct bv_verdict *verdict, const struct bv_verdict *from)
{
	if (json_array_extend(verdict->checks, from->checks) || from->broken)
		verdict->broken = true;
	for (int i = 0; i < BV_CLAIMS; i++)
		if (from->worst[i] > verdict->worst[i])
			verdict->worst[i] = from->worst[i];
}

const char *bv_verdict_failing(const struct bv_verdict *verdict)
{
	const json_t *check;
	size_t i;

	json_array_foreach(verdict->checks, i, check)
		if (!json_is_true(json_object_get(check, "ok")))
			return json_string_value(json_object_get(check, "name"));
	return NULL;
}

static void summarise(struct bv_verdict *verdict)
{
	size_t failed = 0, i;
	const json_t *check;

	json_array_foreach(verdict->checks, i, check)
		failed += !json_is_true(json_object_get(check, "ok"));
	if (verdict->broken)
		snprintf(verdict->summary, BV_SUMMARY_SIZE,
			 "Refused: the verifier could not finish its checks.");
	else if (!failed)
		snprintf(verdict->summary, BV_SUMMARY_SIZE, "Granted: all %zu checks passed.",
			 json_array_size(verdict->checks));
	else
		snprintf(verdict->summary, BV_SUMMARY_SIZE, "%s: %zu of %zu checks failed, first: %s.",
			 verdict->granted ? "Granted with warnings" : "Refused", failed,
			 json_array_size(verdict->checks), bv_verdict_failing(verdict));
}

void bv_verdict_close(struct bv_verdict *verdict, bool accept_warning)
{
	bool all = true;

	verdict->status = BV_NONE;
	for (int i = 0; i < BV_CLAIMS; i++) {
		if (verdict->worst[i] > verdict->status)
			verdict->status = verdict->worst[i];
		all = all && verdict->worst[i] != BV_NONE;
	}
	verdict->granted = all && !verdict->broken && verdict->facts.authentic &&
			   (verdict->status == BV_AFFIRMING ||
			    (verdict->status == BV_WARNING && accept_warning));
	/* What could not be checked is not affirmed. */
	if (verdict->broken || (!all && verdict->status == BV_AFFIRMING))
		verdict->status = BV_CONTRAINDICATED;
	summarise(verdict);
}

json_t *bv_verdict_json(const struct bv_verdict *verdict)
{
	return json_pack("{s:s, s:b, s:s, s:O}", "status", bv_tier_name(verdict->status), "granted",
			 verdict->granted, "summary", verdict->summary, "checks", verdict->checks);
}
