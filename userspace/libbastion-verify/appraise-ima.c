// SPDX-License-Identifier: GPL-2.0
/*
 * Registers 3 and 4: files that were measured, by IMA and mirrored by the module,
 * and the executables that the module measured itself.
 */
#include <stdio.h>
#include <string.h>

#include "appraise.h"
#include "gate-event.h"
#include "ima-list.h"

#define HEX_SIZE	(2 * BASTION_DIGEST_SIZE + 1)
#define EXECUTABLES	4

static enum bv_tier must(bool ok)
{
	return ok ? BV_AFFIRMING : BV_CONTRAINDICATED;
}

static bool check_loaded(const struct bv_rule *rule, struct bv_verdict *verdict)
{
	return bv_verdict_add(verdict, &(struct bv_check){
		.name = "references", .claim = BV_EXECUTABLES, .tier = must(bv_rule_loaded(rule)),
		.expected = "all reference values that the policy names",
		.seen = bv_rule_loaded(rule) ? "as expected" : "some were not loaded",
		.advice = "The program forgot to load them: this is a defect of it." });
}

/* Entries after the one that gives register 3 came after the quote. */
static int find_quoted(struct bv_span list, const uint8_t *quoted, struct bv_ima_replay *state,
		       bool *found, struct bv_error *err)
{
	const uint8_t *value = state->pcrs.value[BV_BANK_SHA384][BV_IMA_MIRROR];
	struct bv_ima_replayer replayer;
	struct bv_ima_entry entry;
	int ret = bv_ima_replay_begin(&replayer, list, BV_IMA_DETECT, state, err);

	*found = false;
	while (!ret && !*found && (ret = bv_ima_replay_next(&replayer, &entry, err)) == 1) {
		*found = !memcmp(value, quoted, BASTION_DIGEST_SIZE);
		ret = 0;
	}
	bv_ima_replay_end(&replayer);
	return ret;
}

static bool check_list(struct bv_span list, struct bv_ima_replay *state,
		       struct bv_verdict *verdict)
{
	const uint8_t *quoted = verdict->facts.quote.registers[BV_IMA_MIRROR];
	char expected[HEX_SIZE + 16], seen[HEX_SIZE + 96], hex[HEX_SIZE];
	struct bv_error err = { "" };
	bool found = false;
	int ret = 0;

	bv_hex(hex, quoted, BASTION_DIGEST_SIZE);
	snprintf(expected, sizeof(expected), "register 3: %s", hex);
	if (list.data)
		ret = find_quoted(list, quoted, state, &found, &err);
	bv_hex(hex, state->pcrs.value[BV_BANK_SHA384][BV_IMA_MIRROR], BASTION_DIGEST_SIZE);
	snprintf(seen, sizeof(seen), "register 3: %s after all %llu entries", hex,
		 (unsigned long long)state->count);
	if (!list.data)
		snprintf(seen, sizeof(seen), "the evidence has no IMA list");
	else if (found)
		snprintf(seen, sizeof(seen), "as expected, after %llu entries",
			 (unsigned long long)state->count);
	return bv_verdict_add(verdict, &(struct bv_check){
		.name = "ima-list", .claim = BV_EXECUTABLES, .tier = must(found),
		.expected = expected, .seen = ret ? err.text : seen,
		.advice = "IMA is not active on the machine, the module did not mirror its list, or "
			  "the list was changed on its way." });
}

static void judge_list(const struct bv_rule *rule, struct bv_span list, uint64_t count,
		       struct bv_verdict *verdict)
{
	struct bv_judge judge = {
		.rule = rule, .check = "ima", .index = BV_IMA_MIRROR, .verdict = verdict,
	};
	struct bv_ima_reader reader;
	struct bv_ima_entry entry;
	int ret = bv_ima_open(&reader, list, BV_IMA_DETECT, 0, NULL);

	while (!ret && judge.entries < count && bv_ima_next(&reader, &entry, NULL) == 1)
		bv_judge_entry(&judge, &(struct bv_measured){
			.number = entry.number, .violation = entry.violation,
			.event = bv_is_gate_event(&entry), .path = entry.path,
			.algorithm = entry.algorithm, .digest = entry.digest });
	bv_ima_close(&reader);
	/* It could be read a moment ago. */
	if (judge.entries != count)
		verdict->broken = true;
	bv_judge_end(&judge);
}

/*
 * The first entry of every list of IMA's, which covers what the firmware measured and no
 * file. A file of that name comes later.
 */
static bool begins_with_aggregate(struct bv_span list)
{
	static const char name[] = "boot_aggregate";
	struct bv_ima_reader reader;
	struct bv_ima_entry entry;
	bool ok;

	ok = !bv_ima_open(&reader, list, BV_IMA_DETECT, 0, NULL) &&
	     bv_ima_next(&reader, &entry, NULL) == 1 && !entry.violation &&
	     entry.path.len == strlen(name) && !memcmp(entry.path.data, name, strlen(name));
	bv_ima_close(&reader);
	return ok;
}

/* Is register 3 what IMA leaves there when it has no policy? */
static bool only_aggregate(struct bv_span list, const uint8_t *quoted)
{
	struct bv_ima_replay state = { .pcrs.banks = 1u << BV_BANK_SHA384, .mirror = true };
	bool found;

	return list.data && !find_quoted(list, quoted, &state, &found, NULL) && found &&
	       state.count == 1 && begins_with_aggregate(list);
}

/* Without a rule nobody looks at the list, so there had better be no file in it. */
static void check_unjudged(struct bv_span list, struct bv_verdict *verdict)
{
	const uint8_t *quoted = verdict->facts.quote.registers[BV_IMA_MIRROR];
	bool empty = bv_is_zero(quoted, BASTION_DIGEST_SIZE);
	bool ok = empty || only_aggregate(list, quoted);
	const char *seen = empty ? "nothing" : "boot_aggregate";

	bv_verdict_add(verdict, &(struct bv_check){
		.name = "ima-list", .claim = BV_EXECUTABLES, .tier = ok ? BV_AFFIRMING : BV_WARNING,
		.expected = "no file in register 3, as the policy has no \"ima\"",
		.seen = ok ? seen : "files were measured; they are not judged",
		.advice = "Make reference values with \"bastion-verifier policy learn\" and name them "
			  "in \"ima\"." });
}

void bv_appraise_ima(const struct bv_appraisal *in, struct bv_span list,
		     struct bv_verdict *verdict)
{
	struct bv_ima_replay state = { .pcrs.banks = 1u << BV_BANK_SHA384, .mirror = true };
	const struct bv_rule *rule = &in->policy->ima;

	if (!rule->given)
		check_unjudged(list, verdict);
	else if (check_loaded(rule, verdict) && check_list(list, &state, verdict))
		judge_list(rule, list, state.count, verdict);
}

void bv_appraise_executables(const struct bv_appraisal *in, struct bv_span log,
			     struct bv_verdict *verdict)
{
	const struct bv_rule *rule = &in->policy->executables;
	struct bv_judge judge = {
		.rule = rule, .check = "executables", .index = EXECUTABLES, .verdict = verdict,
	};
	struct bv_log_reader reader = bv_log_begin(log);
	struct bv_log_entry entry;

	if (!rule->given || !check_loaded(rule, verdict))
		return;
	while (bv_log_next(&reader, &entry, NULL) == 1)
		if (entry.index == EXECUTABLES && !entry.buffer)
			bv_judge_entry(&judge, &(struct bv_measured){
				.number = entry.number, .path = entry.name, .digest = entry.digest,
				.algorithm = { (const uint8_t *)entry.algorithm,
					       strlen(entry.algorithm) } });
	bv_judge_end(&judge);
}
