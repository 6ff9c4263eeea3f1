// SPDX-License-Identifier: GPL-2.0
/*
 * Registers 3 and 4: files that were measured, by IMA and mirrored by the module,
 * and the executables that the module measured itself.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "appraise.h"
#include "gate-event.h"
#include "ima-list.h"

#define HEX_SIZE	(2 * BASTION_DIGEST_SIZE + 1)

static bool check_loaded(const struct bv_rule *rule, struct bv_verdict *verdict)
{
	return bv_verdict_add(verdict, &(struct bv_check){
		.name = "references", .claim = BV_EXECUTABLES, .tier = bv_must(bv_rule_loaded(rule)),
		.expected = "all reference values that the policy names",
		.seen = bv_rule_loaded(rule) ? "as expected" : "some were not loaded",
		.advice = "The program forgot to load them: this is a defect of it." });
}

/* Where what was signed of IMA's list is: register 3, or of a TPM IMA's PCR. */
struct target {
	const char *name;
	enum bv_bank bank;
	int index;
	const uint8_t *quoted;
};

static struct target target_of(const struct bv_facts *facts)
{
	struct target target = { "register 3", BV_BANK_SHA384, BV_IMA_MIRROR,
				 facts->quote.registers[BV_IMA_MIRROR] };

	if (facts->is_tpm)
		target = (struct target){ "PCR 10", BV_BANK_SHA256, BV_IMA_PCR,
					  facts->tpm.pcrs[BV_IMA_PCR] };
	return target;
}

static const uint8_t *replayed(const struct target *target, const struct bv_ima_replay *state)
{
	return state->pcrs.value[target->bank][target->index];
}

static bool is_quoted(const struct target *target, const struct bv_ima_replay *state)
{
	return !memcmp(replayed(target, state), target->quoted, bv_bank_size(target->bank));
}

/* IMA can be told to extend another PCR: nobody signed that one, or for something else. */
static int check_pcr(const struct bv_ima_replay *state, const struct bv_ima_entry *entry,
		     struct bv_error *err)
{
	if (state->mirror || entry->pcr == BV_IMA_PCR)
		return 0;
	return bv_fail(err, "IMA entry %llu is for PCR %u, not %d",
		       (unsigned long long)entry->number, entry->pcr, BV_IMA_PCR);
}

/*
 * Entries after the one that gives what was signed came after the quote. They are not
 * part of what @state has at the end, and the machine brings them again.
 */
static int find_quoted(struct bv_span list, int bank, const struct target *target,
		       struct bv_ima_replay *state, int *found_bank, bool *found,
		       struct bv_error *err)
{
	struct bv_ima_replayer replayer;
	struct bv_ima_entry entry;
	int ret = bv_ima_replay_begin(&replayer, list, bank, state, err);

	/* What was there before may be all that there is. */
	*found = state->count && is_quoted(target, state);
	while (!ret && !*found && (ret = bv_ima_replay_next(&replayer, &entry, err)) == 1) {
		ret = check_pcr(state, &entry, err);
		*found = !ret && is_quoted(target, state);
	}
	*found_bank = replayer.reader.bank;
	bv_ima_replay_end(&replayer);
	return ret;
}

static bool check_start(const struct bv_history *history, struct bv_verdict *verdict)
{
	uint64_t from = verdict->facts.round.ima_from, have = history->ima_replay.count;
	char expected[64], seen[64];

	snprintf(expected, sizeof(expected), "a list from entry %llu", (unsigned long long)have);
	snprintf(seen, sizeof(seen), "a list from entry %llu", (unsigned long long)from);
	return from == have ||
	       bv_verdict_add(verdict, &(struct bv_check){
		.name = "ima-start", .claim = BV_EXECUTABLES, .tier = BV_CONTRAINDICATED,
		.expected = expected, .seen = seen,
		.advice = "Another round came between, or this verifier forgot the machine: begin a "
			  "new one." });
}

/* Looks for the quoted register in the list and, if it is there, remembers what leads to it. */
static int take_list(struct bv_span list, struct bv_history *history, bool *found,
		     struct bv_ima_replay *state, struct bv_verdict *verdict, struct bv_error *err)
{
	const struct target target = target_of(&verdict->facts);
	uint64_t count = state->count, bytes = state->bytes;
	int bank = count ? (int)history->ima_bank : BV_IMA_DETECT, ret;

	ret = find_quoted(list, bank, &target, state, &bank, found, err);
	verdict->facts.replayed += state->count - count;
	if (ret || !*found)
		return ret;
	list.len = state->bytes - bytes;
	return bv_history_add_ima(history, list, bank, state);
}

static bool check_list(struct bv_span list, struct bv_history *history, struct bv_verdict *verdict)
{
	const struct target target = target_of(&verdict->facts);
	char expected[HEX_SIZE + 16], seen[HEX_SIZE + 96], hex[HEX_SIZE];
	struct bv_ima_replay state = history->ima_replay;
	struct bv_error err = { "" };
	bool found = false;
	int ret;

	bv_hex(hex, sizeof(hex), target.quoted, bv_bank_size(target.bank));
	snprintf(expected, sizeof(expected), "%s: %s", target.name, hex);
	ret = take_list(list, history, &found, &state, verdict, &err);
	if (ret == -ENOSPC || (ret && !err.text[0]))
		return bv_appraise_room(ret, history, verdict);
	bv_hex(hex, sizeof(hex), replayed(&target, &state), bv_bank_size(target.bank));
	snprintf(seen, sizeof(seen), "%s: %s after all %llu entries", target.name, hex,
		 (unsigned long long)state.count);
	if (found)
		snprintf(seen, sizeof(seen), "as expected, after %llu entries",
			 (unsigned long long)state.count);
	else if (!list.data)
		snprintf(seen, sizeof(seen), "the evidence has no IMA list");
	return bv_verdict_add(verdict, &(struct bv_check){
		.name = "ima-list", .claim = BV_EXECUTABLES, .tier = bv_must(found && !ret),
		.expected = expected, .seen = ret ? err.text : seen,
		.advice = "IMA is not active on the machine, the module did not mirror its list, or "
			  "the list was changed on its way." });
}

static int judge_piece(const struct bv_history *history, const struct bv_piece *piece,
		       struct bv_judge *judge)
{
	const struct bv_span bytes = { piece->bytes, piece->len };
	struct bv_ima_reader reader;
	struct bv_ima_entry entry;
	int ret = bv_ima_open(&reader, bytes, history->ima_bank, piece->first, NULL);

	while (!ret && (ret = bv_ima_next(&reader, &entry, NULL)) == 1) {
		bv_judge_entry(judge, &(struct bv_measured){
			.number = entry.number, .violation = entry.violation,
			.event = bv_is_gate_event(&entry), .path = entry.path,
			.algorithm = entry.algorithm, .digest = entry.digest });
		ret = 0;
	}
	bv_ima_close(&reader);
	return ret;
}

static void judge_list(const struct bv_rule *rule, struct bv_history *history,
		       struct bv_verdict *verdict)
{
	struct bv_judge *judge = &history->judged.files;
	const struct bv_piece *piece;
	uint64_t before = judge->entries;
	int ret = 0;

	bv_judge_resume(judge, rule, "ima", BV_IMA_MIRROR, verdict);
	while (!ret && (piece = bv_piece_after(&history->ima, history->judged.ima))) {
		ret = judge_piece(history, piece, judge);
		history->judged.ima = piece;
	}
	/* It could be read a moment ago. */
	if (ret || judge->entries != history->ima_replay.count)
		verdict->broken = true;
	verdict->facts.judged += judge->entries - before;
	bv_judge_end(judge);
}

/*
 * The first entry of every list of IMA's, which covers what the firmware measured and no
 * file. A file of that name comes later.
 */
static bool begins_with_aggregate(struct bv_span list)
{
	struct bv_ima_reader reader;
	struct bv_ima_entry entry;
	bool ok;

	ok = !bv_ima_open(&reader, list, BV_IMA_DETECT, 0, NULL) &&
	     bv_ima_next(&reader, &entry, NULL) == 1 && !entry.violation &&
	     bv_span_is(entry.path, BV_IMA_AGGREGATE);
	bv_ima_close(&reader);
	return ok;
}

/* Is what was signed what IMA leaves there when it has no policy? */
static bool only_aggregate(const struct bv_history *history, const struct target *target)
{
	const struct bv_ima_replay *replay = &history->ima_replay;
	const struct bv_piece *first = history->ima.head;

	return first && replay->count == 1 && is_quoted(target, replay) &&
	       begins_with_aggregate((struct bv_span){ first->bytes, first->len });
}

/* Without a rule nobody looks at the list, so there had better be no file in it. */
static void check_unjudged(const struct bv_history *history, struct bv_verdict *verdict)
{
	const struct target target = target_of(&verdict->facts);
	bool empty = bv_is_zero(target.quoted, bv_bank_size(target.bank));
	bool ok = empty || only_aggregate(history, &target);
	const char *seen = empty ? "nothing" : BV_IMA_AGGREGATE;
	char expected[64];

	snprintf(expected, sizeof(expected), "no file in %s, as the policy has no \"ima\"",
		 target.name);
	bv_verdict_add(verdict, &(struct bv_check){
		.name = "ima-list", .claim = BV_EXECUTABLES, .tier = ok ? BV_AFFIRMING : BV_WARNING,
		.expected = expected,
		.seen = ok ? seen : "files were measured; they are not judged",
		.advice = "Make reference values with \"bastion-verifier policy learn\" and name them "
			  "in \"ima\"." });
}

void bv_appraise_ima(const struct bv_appraisal *in, struct bv_span list,
		     struct bv_history *history, struct bv_verdict *verdict)
{
	struct bv_ima_replay state = history->ima_replay;
	const struct bv_rule *rule = &in->policy->ima;
	bool found;

	if (!rule->given) {
		/* A policy may come that wants it; until then it need not be brought again. */
		if (verdict->facts.round.ima_from == state.count)
			take_list(list, history, &found, &state, verdict, NULL);
		check_unjudged(history, verdict);
	} else if (check_loaded(rule, verdict) && check_start(history, verdict) &&
		   check_list(list, history, verdict)) {
		judge_list(rule, history, verdict);
	}
}

static void judge_executables(const struct bv_piece *piece, struct bv_judge *judge)
{
	struct bv_log_reader reader = bv_log_resume(piece->bytes, piece->len, piece->first);
	struct bv_log_entry entry;

	while (bv_log_next(&reader, &entry, NULL) == 1)
		if (entry.index == BV_LOG_FILES && !entry.buffer)
			bv_judge_entry(judge, &(struct bv_measured){
				.number = entry.number, .path = entry.name, .digest = entry.digest,
				.algorithm = { (const uint8_t *)entry.algorithm,
					       strlen(entry.algorithm) } });
}

void bv_appraise_executables(const struct bv_appraisal *in, struct bv_history *history,
			     struct bv_verdict *verdict)
{
	const struct bv_rule *rule = &in->policy->executables;
	struct bv_judge *judge = &history->judged.executables;
	const struct bv_piece *piece;
	uint64_t before = judge->entries;

	if (!rule->given || !check_loaded(rule, verdict))
		return;
	bv_judge_resume(judge, rule, "executables", BV_LOG_FILES, verdict);
	while ((piece = bv_piece_after(&history->log, history->judged.exec))) {
		judge_executables(piece, judge);
		history->judged.exec = piece;
	}
	verdict->facts.judged += judge->entries - before;
	bv_judge_end(judge);
}
