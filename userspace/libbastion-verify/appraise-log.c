// SPDX-License-Identifier: GPL-2.0
/*
 * Registers 1 to 7 without 3: what the module, and the operator through it, measured.
 * Each rule is a function over all entries of the log, which has been replayed
 * by then, so that every entry is one that the chip signed. What earlier rounds
 * brought has been looked at then, unless the policy is another one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appraise.h"
#include "crypto.h"
#include "requester.h"

#define HEX_SIZE	(2 * BASTION_DIGEST_SIZE + 1)
#define TRACKED_MAX	64	/* verifiers in a log, the removed ones included */

/* What a pass over the log finds. It may be kept for years, so whatever it points to has to stay. */
struct bv_findings {
	struct bv_log_entry boot_key;	/* the first entry of register 1 */
	struct bv_log_entry extra_key;	/* a boot_key event that should not be */
	struct bv_log_entry cap;
	struct bv_log_entry unknown;
	struct bv_log_entry module;	/* the last, or the first bad one */
	struct bv_log_entry platform;	/* likewise */
	struct bv_log_entry parameters;	/* likewise */
	struct bv_log_entry verifier;	/* to blame */
	bool bad_module;
	bool bad_platform;
	bool bad_parameters;
	const char *bad_verifier;	/* why */
	unsigned int first_seen;
	unsigned int keys;
	struct tracked {
		uint8_t digest[BASTION_DIGEST_SIZE];
		struct bv_log_entry entry;
	} verifiers[TRACKED_MAX];	/* registered at the end of the log */
	size_t verifier_count;
};

static bool is(const struct bv_log_entry *entry, const char *name)
{
	return entry->buffer && bv_span_is(entry->name, name);
}

/* "… build=HEX …": a word of the event's text. */
static bool module_known(const struct bv_texts *builds, struct bv_span text)
{
	static const char key[] = "build=";
	const uint8_t *at = text.data, *end = text.data + text.len;

	while (at < end) {
		const uint8_t *space = memchr(at, ' ', end - at);
		size_t len = (space ? space : end) - at;

		if (len > sizeof(key) - 1 && !memcmp(at, key, sizeof(key) - 1))
			return bv_texts_has(builds, (struct bv_span){ at + sizeof(key) - 1,
								      len - (sizeof(key) - 1) });
		at += len + 1;
	}
	return false;
}

static void note_register1(const struct bv_policy *policy, const struct bv_log_entry *entry,
			   struct bv_findings *found)
{
	if (!found->first_seen++)
		found->boot_key = *entry;
	if (is(entry, BASTION_EVENT_BOOT_KEY)) {
		if (found->keys++)
			found->extra_key = *entry;
	} else if (is(entry, BASTION_EVENT_CAP)) {
		found->cap = *entry;
	} else if (is(entry, BASTION_EVENT_MODULE)) {
		if (!found->bad_module)
			found->module = *entry;
		if (policy->modules.given && !module_known(&policy->modules, entry->data))
			found->bad_module = true;
	} else if (is(entry, BASTION_EVENT_PLATFORM)) {
		if (!found->bad_platform)
			found->platform = *entry;
		if (policy->platforms.given && !bv_texts_has(&policy->platforms, entry->data))
			found->bad_platform = true;
	} else {
		found->unknown = *entry;
	}
}

static struct tracked *find_verifier(struct bv_findings *found, const uint8_t *digest)
{
	for (size_t i = 0; i < found->verifier_count; i++)
		if (!memcmp(found->verifiers[i].digest, digest, BASTION_DIGEST_SIZE))
			return &found->verifiers[i];
	return NULL;
}

static void blame(struct bv_findings *found, const struct bv_log_entry *entry, const char *why)
{
	if (!found->bad_verifier) {
		found->bad_verifier = why;
		found->verifier = *entry;
	}
}

static void note_add(const struct bv_log_entry *entry, struct bv_findings *found)
{
	uint8_t digest[BASTION_DIGEST_SIZE];
	struct tracked *slot = &found->verifiers[found->verifier_count];

	if (entry->data.len != BASTION_POINT_SIZE || bv_point_digest(entry->data.data, digest)) {
		blame(found, entry, "what was registered is no P-384 key");
	} else if (find_verifier(found, digest)) {
		blame(found, entry, "a verifier was registered twice");
	} else if (found->verifier_count == TRACKED_MAX) {
		blame(found, entry, "more verifiers are registered than a kernel keeps");
	} else {
		memcpy(slot->digest, digest, sizeof(digest));
		slot->entry = *entry;
		found->verifier_count++;
	}
}

static void note_remove(const struct bv_log_entry *entry, struct bv_findings *found)
{
	struct tracked *slot = NULL;

	if (entry->data.len == BASTION_DIGEST_SIZE)
		slot = find_verifier(found, entry->data.data);
	if (slot)
		*slot = found->verifiers[--found->verifier_count];
	else
		blame(found, entry, "a verifier was removed that was not registered");
}

static void note_register2(const struct bv_policy *policy, const struct bv_log_entry *entry,
			   struct bv_findings *found)
{
	if (is(entry, BASTION_EVENT_VERIFIER_ADD)) {
		note_add(entry, found);
	} else if (is(entry, BASTION_EVENT_VERIFIER_REMOVE)) {
		note_remove(entry, found);
	} else if (is(entry, BASTION_EVENT_PARAMETERS)) {
		if (!found->bad_parameters)
			found->parameters = *entry;
		if (policy->parameters.given && !bv_texts_has(&policy->parameters, entry->data))
			found->bad_parameters = true;
	} else {
		found->unknown = *entry;
	}
}

static void note_register4(const struct bv_log_entry *entry, struct bv_findings *found)
{
	struct bv_requester who;
	bool known;

	/* Keys created and moved, who asked for keys, and by path the executables that did. */
	if (entry->buffer)
		known = is(entry, BASTION_EVENT_KEY_CREATE) ||
			is(entry, BASTION_EVENT_KEY_REBIND) ||
			(is(entry, BASTION_EVENT_REQUESTER) && !bv_requester_read(entry->data, &who));
	else
		known = !strcmp(entry->algorithm, "sha256") ||
			!strcmp(entry->algorithm, BV_LOG_VERITY);
	if (!known)
		found->unknown = *entry;
}

static void pass_piece(const struct bv_policy *policy, const struct bv_piece *piece,
		       struct bv_findings *found)
{
	struct bv_log_reader reader = bv_log_resume(piece->bytes, piece->len, piece->first);
	struct bv_log_entry entry;

	while (bv_log_next(&reader, &entry, NULL) == 1) {
		if (entry.index == 1)
			note_register1(policy, &entry, found);
		else if (entry.index == 2)
			note_register2(policy, &entry, found);
		else if (entry.index == 4)
			note_register4(&entry, found);
	}
}

/* Over what this policy has not been asked about yet. */
static bool pass(const struct bv_policy *policy, struct bv_history *history,
		 struct bv_verdict *verdict)
{
	struct bv_judged *judged = &history->judged;
	const struct bv_piece *piece;

	if (!judged->findings)
		judged->findings = calloc(1, sizeof(*judged->findings));
	if (!judged->findings) {
		verdict->broken = true;
		return false;
	}
	while ((piece = bv_piece_after(&history->log, judged->log))) {
		pass_piece(policy, piece, judged->findings);
		judged->log = piece;
		verdict->facts.passes++;
	}
	return true;
}

static void check_boot_key(const struct bv_findings *found, struct bv_verdict *verdict)
{
	const struct bv_round *round = &verdict->facts.round;
	const struct bv_log_entry *first = &found->boot_key;
	const char *seen = "as expected";
	const struct bv_log_entry *entry = first;
	bool ok = false;

	if (!found->first_seen)
		seen = "no entry in register 1";
	else if (!is(first, BASTION_EVENT_BOOT_KEY))
		seen = "the first entry of register 1 is another";
	else if (first->data.len != BASTION_POINT_SIZE ||
		 memcmp(first->data.data, round->boot_key, BASTION_POINT_SIZE))
		seen = "the boot key of the round is not the one that was measured";
	else if (found->keys != 1) {
		seen = "a second boot key was measured: the module was loaded again";
		entry = &found->extra_key;
	} else {
		ok = true;
		entry = NULL;
	}
	bv_verdict_add(verdict, &(struct bv_check){
		.name = "boot-key", .claim = BV_CONFIGURATION, .tier = bv_must(ok),
		.expected = "one boot_key event, the first of register 1, with the round's boot key",
		.seen = seen, .entry = entry,
		.advice = "Reboot the machine with a power cycle of its chip; if it happens again, "
			  "somebody drives the chip behind the module's back." });
}

static void check_events(const struct bv_findings *found, struct bv_verdict *verdict)
{
	const struct bv_log_entry *cap = &found->cap, *unknown = &found->unknown;

	bv_verdict_add(verdict, &(struct bv_check){
		.name = "cap", .claim = BV_CONFIGURATION, .tier = bv_must(!cap->name.data),
		.expected = "no cap event", .entry = cap,
		.seen = cap->name.data ? "the module said that nothing attests after it" : "none",
		.advice = "The module was unloaded or the machine began to shut down: power cycle "
			  "it." });
	bv_verdict_add(verdict, &(struct bv_check){
		.name = "events", .claim = BV_CONFIGURATION, .tier = bv_must(!unknown->name.data),
		.expected = "events that this verifier knows in registers 1, 2 and 4",
		.seen = unknown->name.data ? "another" : "as expected", .entry = unknown,
		.advice = "The module is newer than the verifier: update the verifier." });
}

/* An event whose text the policy may pin: the module's build, the platform, the parameters. */
struct pin {
	const char *check;
	const char *list;
	const char *advice;
	enum bv_claim claim;
	bool given;
	bool bad;
	const struct bv_log_entry *entry;
};

static void check_pin(const struct pin *pin, struct bv_verdict *verdict)
{
	char expected[64];

	snprintf(expected, sizeof(expected), pin->given ? "one that \"%s\" lists"
							: "any: the policy has no \"%s\"", pin->list);
	bv_verdict_add(verdict, &(struct bv_check){
		.name = pin->check, .claim = pin->claim,
		.tier = bv_must(!pin->given || (pin->entry->name.data && !pin->bad)),
		.expected = expected,
		.seen = pin->bad ? "another" : pin->entry->name.data ? "as expected" : "no such event",
		.entry = pin->bad ? pin->entry : NULL, .advice = pin->advice });
}

static void check_pins(const struct bv_policy *policy, const struct bv_findings *found,
		       struct bv_verdict *verdict)
{
	const struct pin pins[] = {
		{ "module", "modules",
		  "Load a module that the policy knows, or add its build to \"modules\".",
		  BV_EXECUTABLES, policy->modules.given, found->bad_module, &found->module },
		{ "platform", "platforms",
		  "Boot a kernel that the policy knows, locked down as it says, or add the text of "
		  "the entry to \"platforms\".",
		  BV_CONFIGURATION, policy->platforms.given, found->bad_platform,
		  &found->platform },
		{ "parameters", "parameters",
		  "Load the module with the parameters of the policy, or change them there.",
		  BV_CONFIGURATION, policy->parameters.given, found->bad_parameters,
		  &found->parameters },
	};

	for (size_t i = 0; i < sizeof(pins) / sizeof(*pins); i++)
		check_pin(&pins[i], verdict);
}

static void check_verifiers(const struct bv_appraisal *in, struct bv_findings *found,
			    struct bv_verdict *verdict)
{
	const struct bv_log_entry *entry = found->bad_verifier ? &found->verifier : NULL;
	const char *seen = found->bad_verifier;
	char hex[HEX_SIZE + 16];

	if (!seen && !find_verifier(found, in->verifier))
		seen = "this verifier is not registered";
	for (size_t i = 0; !seen && i < found->verifier_count; i++) {
		const uint8_t *digest = found->verifiers[i].digest;

		if (!memcmp(digest, in->verifier, BASTION_DIGEST_SIZE) ||
		    bv_digests_has(&in->policy->verifiers, digest, BASTION_DIGEST_SIZE))
			continue;
		bv_hex(hex, sizeof(hex), digest, BASTION_DIGEST_SIZE);
		seen = hex;
		entry = &found->verifiers[i].entry;
	}
	bv_verdict_add(verdict, &(struct bv_check){
		.name = "verifiers", .claim = BV_CONFIGURATION, .tier = bv_must(!seen),
		.expected = "this verifier and those of \"verifiers\" are registered, no others",
		.seen = seen ? seen : "as expected", .entry = entry,
		.advice = "Remove the verifier from the machine, or list its digest in "
			  "\"verifiers\"." });
}

static void check_registers(const struct bv_policy *policy, struct bv_verdict *verdict)
{
	for (int i = 0; i < BASTION_MR_COUNT; i++) {
		const uint8_t *value = verdict->facts.quote.registers[i];
		char expected[64], hex[HEX_SIZE];

		if (!policy->registers[i].given)
			continue;
		snprintf(expected, sizeof(expected), "a value that \"registers\" lists for %d", i);
		bv_hex(hex, sizeof(hex), value, BASTION_DIGEST_SIZE);
		bv_verdict_add(verdict, &(struct bv_check){
			.name = "registers", .claim = BV_CONFIGURATION,
			.tier = bv_must(bv_digests_has(&policy->registers[i], value,
						       BASTION_DIGEST_SIZE)),
			.expected = expected, .seen = hex,
			.advice = "Something else was measured into this register: compare the log "
				  "with what you extend." });
	}
}

/* What a log has to lead to, and whether it does. */
struct target {
	bool reached;
	char expected[HEX_SIZE + 32];
	char seen[HEX_SIZE + 32];
};

static void differ(struct target *target, const char *what, int index, size_t size,
		   const uint8_t *expected, const uint8_t *seen)
{
	char hex[HEX_SIZE];

	target->reached = false;
	bv_hex(hex, sizeof(hex), expected, size);
	snprintf(target->expected, sizeof(target->expected), "%s %d: %s", what, index, hex);
	bv_hex(hex, sizeof(hex), seen, size);
	snprintf(target->seen, sizeof(target->seen), "%s %d: %s", what, index, hex);
}

/* The first register that is not the quoted one, if there is one. */
static void compare_registers(const struct bv_replay *replay, const struct bv_quote *quote,
			      struct target *target)
{
	for (int i = 1; target->reached && i < BASTION_MR_COUNT; i++)
		if (BV_LOG_MODULE & (1u << i) &&
		    memcmp(replay->registers[i], quote->registers[i], BASTION_DIGEST_SIZE))
			differ(target, "register", i, BASTION_DIGEST_SIZE, quote->registers[i],
			       replay->registers[i]);
}

/* What leads to the PCR leads to the registers, too: they are of the same entries. */
static void compare_pcr(const struct bv_replay *replay, struct bv_facts *facts,
			struct target *target)
{
	const uint8_t *value = facts->tpm.pcrs[facts->tpm.pcr];

	if (memcmp(replay->pcr, value, BV_PCR_SIZE)) {
		differ(target, "PCR", facts->tpm.pcr, BV_PCR_SIZE, value, replay->pcr);
		return;
	}
	for (int i = 1; i < BASTION_MR_COUNT; i++)
		if (BV_LOG_MODULE & (1u << i))
			memcpy(facts->quote.registers[i], replay->registers[i],
			       BASTION_DIGEST_SIZE);
}

static void compare(const struct bv_replay *replay, struct bv_facts *facts, struct target *target)
{
	*target = (struct target){ .reached = true,
				   .expected = "a log whose replay gives the module's registers",
				   .seen = "as expected" };
	if (facts->is_tpm)
		compare_pcr(replay, facts, target);
	else
		compare_registers(replay, &facts->quote, target);
}

static bool check_start(const struct bv_history *history, struct bv_verdict *verdict)
{
	uint64_t from = verdict->facts.round.log_from, have = history->replay.count;
	char expected[80], seen[64];

	snprintf(expected, sizeof(expected), have ? "a log from entry 0 or from entry %llu"
						  : "a log from entry 0",
		 (unsigned long long)have);
	snprintf(seen, sizeof(seen), "a log from entry %llu", (unsigned long long)from);
	return from == have ||
	       bv_verdict_add(verdict, &(struct bv_check){
		.name = "log-start", .claim = BV_CONFIGURATION, .tier = BV_CONTRAINDICATED,
		.expected = expected, .seen = seen,
		.advice = from < have ? "Another round came between: begin a new one."
				      : "The machine has trimmed its log, and this verifier does not "
					"remember what is gone: restore its state, or reboot the "
					"machine." });
}

static bool check_replay(struct bv_span log, struct bv_replay *replay, struct bv_verdict *verdict)
{
	struct bv_facts *facts = &verdict->facts;
	char expected[64], seen[64];
	struct bv_error err = { "" };
	struct bv_log_entry bad;
	struct target target;
	int ret = bv_log_replay_more(log, BV_LOG_MODULE, replay, &bad, &err);

	memcpy(facts->log_aggregate, replay->aggregate, sizeof(facts->log_aggregate));
	compare(replay, facts, &target);
	if (!bv_verdict_add(verdict, &(struct bv_check){
		.name = "log", .claim = BV_CONFIGURATION, .tier = bv_must(!ret && target.reached),
		.expected = target.expected, .seen = ret ? err.text : target.seen, .entry = &bad,
		.advice = "The log is not what the chip measured: it was changed on its way, or "
			  "something extended the chip behind the module's back." }))
		return false;
	snprintf(expected, sizeof(expected), "%llu entries",
		 (unsigned long long)facts->round.log_count);
	snprintf(seen, sizeof(seen), "%llu entries", (unsigned long long)replay->count);
	return bv_verdict_add(verdict, &(struct bv_check){
		.name = "log-count", .claim = BV_CONFIGURATION,
		.tier = bv_must(replay->count == facts->round.log_count), .expected = expected,
		.seen = seen, .advice = "The log does not belong to this quote: begin a new round." });
}

bool bv_appraise_room(int ret, const struct bv_history *history, struct bv_verdict *verdict)
{
	char expected[64];

	snprintf(expected, sizeof(expected), "lists of at most %zu bytes", history->max);
	if (ret == -ENOSPC)
		return bv_verdict_add(verdict, &(struct bv_check){
			.name = "history", .claim = BV_CONFIGURATION, .tier = BV_CONTRAINDICATED,
			.expected = expected, .seen = "more",
			.advice = "Reboot the machine: its lists begin anew then." });
	if (ret)
		verdict->broken = true;
	return !ret;
}

bool bv_appraise_log(const struct bv_appraisal *in, struct bv_span log,
		     struct bv_history *history, struct bv_verdict *verdict)
{
	struct bv_replay replay = history->replay;
	struct bv_findings *found;

	/* Entries that the chip has not signed are not worth explaining. */
	if (!check_start(history, verdict) || !check_replay(log, &replay, verdict))
		return false;
	verdict->facts.replayed += replay.count - history->replay.count;
	if (!bv_appraise_room(bv_history_add_log(history, log, &replay), history, verdict) ||
	    !pass(in->policy, history, verdict))
		return false;
	found = history->judged.findings;
	check_boot_key(found, verdict);
	check_events(found, verdict);
	check_pins(in->policy, found, verdict);
	check_verifiers(in, found, verdict);
	check_registers(in->policy, verdict);
	bv_appraise_executables(in, history, verdict);
	return true;
}
