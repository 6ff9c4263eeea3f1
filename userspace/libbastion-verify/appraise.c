// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "appraise.h"

#define HEX_SIZE	(2 * BASTION_DIGEST_SIZE + 1)

/* A value to compare with a list of the policy's: the list is shown in full if it is short. */
static void join(const struct bv_texts *list, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < list->count && used + 1 < size; i++)
		used += snprintf(out + used, size - used, "%s%s", i ? ", " : "", list->text[i]);
}

static void check_identity(const struct bv_appraisal *in, struct bv_verdict *verdict)
{
	const struct bv_policy *policy = in->policy;
	const uint8_t *id = verdict->facts.quote.chip_id;
	char hex[HEX_SIZE];

	bv_hex(hex, sizeof(hex), id, BASTION_DIGEST_SIZE);
	bv_verdict_add(verdict, &(struct bv_check){
		.name = "chip-revoked", .claim = BV_INSTANCE_IDENTITY,
		.tier = bv_must(!bv_policy_revokes(policy, id)),
		.expected = "a chip that \"revoked_chips\" does not list", .seen = hex,
		.advice = "The operator withdrew this chip: replace it." });
	bv_verdict_add(verdict, &(struct bv_check){
		.name = "chip-known", .claim = BV_INSTANCE_IDENTITY,
		.tier = bv_must(bv_policy_knows(policy, id)),
		.expected = policy->chips.given ? "a chip that \"chips\" lists"
						: "any chip: the policy has no \"chips\"",
		.seen = hex, .advice = "Add the chip's id to \"chips\" if this machine is yours." });
}

/* Other chips say in their quotes which nonce was theirs. */
static bool check_chip_nonce(const struct bv_round *round, struct bv_verdict *verdict)
{
	const struct bv_quote *quote = &verdict->facts.quote;
	char expected[2 * BASTION_CHIP_NONCE_SIZE + 1], seen[2 * BASTION_CHIP_NONCE_SIZE + 1];

	bv_hex(expected, sizeof(expected), quote->chip_nonce, sizeof(quote->chip_nonce));
	bv_hex(seen, sizeof(seen), round->chip_nonce, round->chip_nonce_len);
	return bv_verdict_add(verdict, &(struct bv_check){
		.name = "chip-nonce", .claim = BV_INSTANCE_IDENTITY,
		.tier = bv_must(round->chip_nonce_len == sizeof(quote->chip_nonce) &&
				!memcmp(quote->chip_nonce, round->chip_nonce,
					sizeof(quote->chip_nonce))),
		.expected = expected, .seen = seen,
		.advice = "The quote is of another round: begin a new one." });
}

static bool check_qualifying(const struct bv_round *round, struct bv_verdict *verdict)
{
	const struct bv_quote *quote = &verdict->facts.quote;
	uint8_t qualifying[BASTION_DIGEST_SIZE] = { 0 };
	char expected[HEX_SIZE], seen[HEX_SIZE];
	int ret = bv_qualifying(round, qualifying);

	bv_hex(expected, sizeof(expected), qualifying, sizeof(qualifying));
	bv_hex(seen, sizeof(seen), quote->qualifying, sizeof(quote->qualifying));
	return bv_verdict_add(verdict, &(struct bv_check){
		.name = "qualifying-data", .claim = BV_INSTANCE_IDENTITY,
		.tier = bv_must(!ret &&
				!CRYPTO_memcmp(qualifying, quote->qualifying, sizeof(qualifying))),
		.expected = expected, .seen = seen,
		.advice = "The round that the machine tells of is not the one that the chip signed: "
			  "whoever carried the evidence changed it, or the kernel is not bastion's." });
}

static bool check_round(const struct bv_appraisal *in, const struct bv_round *round,
			struct bv_verdict *verdict)
{
	char expected[2 * BASTION_VERIFIER_NONCE_MAX + 1], seen[2 * BASTION_VERIFIER_NONCE_MAX + 1];
	bool ok;

	bv_hex(expected, sizeof(expected), in->nonce.data, in->nonce.len);
	bv_hex(seen, sizeof(seen), round->verifier_nonce, round->verifier_nonce_len);
	ok = bv_verdict_add(verdict, &(struct bv_check){
		.name = "nonce", .claim = BV_INSTANCE_IDENTITY,
		.tier = bv_must(in->nonce.len >= BASTION_VERIFIER_NONCE_MIN &&
				in->nonce.len == round->verifier_nonce_len &&
				!CRYPTO_memcmp(in->nonce.data, round->verifier_nonce,
					       in->nonce.len)),
		.expected = expected, .seen = seen,
		.advice = "Old evidence, or another verifier's: begin a new round with a new "
			  "challenge." });

	bv_hex(expected, sizeof(expected), in->verifier, BASTION_DIGEST_SIZE);
	bv_hex(seen, sizeof(seen), round->verifier, BASTION_DIGEST_SIZE);
	ok &= bv_verdict_add(verdict, &(struct bv_check){
		.name = "verifier", .claim = BV_INSTANCE_IDENTITY,
		.tier = bv_must(!memcmp(in->verifier, round->verifier, BASTION_DIGEST_SIZE)),
		.expected = expected, .seen = seen,
		.advice = "The round is for another verifier: begin one for this verifier's digest." });

	if (!verdict->facts.is_tpm)
		ok &= check_chip_nonce(round, verdict);
	return check_qualifying(round, verdict) && ok;
}

static void check_firmware(const struct bv_policy *policy, struct bv_verdict *verdict)
{
	const struct bv_quote *quote = &verdict->facts.quote;
	const char *least = bv_policy_firmware(policy, quote->model);
	enum bv_tier tier = BV_WARNING;
	char expected[128];
	int order;

	if (least)
		tier = bv_must(!bv_version_compare(quote->firmware, least, &order) && order >= 0);
	snprintf(expected, sizeof(expected), "%s%s", least ? "at least " : "",
		 least ? least : "\"firmware_min\" of this model in the policy");
	bv_verdict_add(verdict, &(struct bv_check){
		.name = "firmware", .claim = BV_HARDWARE, .tier = tier, .expected = expected,
		.seen = quote->firmware,
		.advice = least ? "Update the chip's firmware."
				: "Say in the policy which firmware is good." });
}

static void check_hardware(const struct bv_policy *policy, struct bv_verdict *verdict)
{
	const struct bv_quote *quote = &verdict->facts.quote;
	const struct bv_span model = { (const uint8_t *)quote->model, strlen(quote->model) };
	char expected[256];

	join(&policy->models, expected, sizeof(expected));
	bv_verdict_add(verdict, &(struct bv_check){
		.name = "model", .claim = BV_HARDWARE,
		.tier = bv_must(bv_texts_has(&policy->models, model)), .expected = expected,
		.seen = quote->model, .advice = "Add the model to \"models\" if you trust it." });
	check_firmware(policy, verdict);
	if (verdict->facts.is_tpm)
		bv_appraise_tpm_hardware(verdict);
	else
		bv_appraise_native_hardware(policy, verdict);
}

void bv_appraise_permits(const struct bv_policy *policy, struct bv_verdict *verdict)
{
	char seen[64];

	snprintf(seen, sizeof(seen), "%zu", policy->permit_count);
	bv_verdict_add(verdict, &(struct bv_check){
		.name = "policies", .claim = BV_CONFIGURATION, .tier = bv_must(policy->permit_count),
		.expected = "at least one label in \"policies\"", .seen = seen,
		.advice = "Say in the policy what a grant shall allow." });
}

/* Does the log itself say that the round's boot key was there first? */
static bool log_begins_with(const struct bv_history *history,
			    const uint8_t boot_key[BASTION_POINT_SIZE])
{
	const struct bv_piece *piece = bv_piece_after(&history->log, NULL);
	struct bv_log_reader reader;
	struct bv_log_entry entry;

	if (!piece)
		return false;
	reader = bv_log_resume(piece->bytes, piece->len, piece->first);
	return bv_log_next(&reader, &entry, NULL) == 1 && entry.index == 1 && entry.buffer &&
	       bv_span_is(entry.name, BASTION_EVENT_BOOT_KEY) &&
	       entry.data.len == BASTION_POINT_SIZE &&
	       !memcmp(entry.data.data, boot_key, BASTION_POINT_SIZE);
}

/* Both lists, going on with @history, which is the caller's or a new one. */
static bool appraise_lists(const struct bv_appraisal *in, const struct bv_evidence *evidence,
			   struct bv_history *history, struct bv_verdict *verdict)
{
	bool whole;

	bv_history_judge(history, in->policy->id);
	whole = bv_appraise_log(in, evidence->log, history, verdict);
	if (whole)
		bv_appraise_ima(in, evidence->ima, history, verdict);
	/* Findings that are not complete must not be built upon. */
	if (verdict->broken)
		bv_history_unjudge(history);
	return whole;
}

static void appraise_from(const struct bv_appraisal *in, const struct bv_evidence *evidence,
			  struct bv_history *history, struct bv_verdict *verdict)
{
	const uint8_t *chip_id = verdict->facts.quote.chip_id;
	const struct bv_round *round = &verdict->facts.round;
	struct bv_history *fresh;

	if (history && round->log_from && history->tpm == verdict->facts.is_tpm &&
	    bv_history_is(history, chip_id, round->boot_key)) {
		appraise_lists(in, evidence, history, verdict);
		return;
	}
	fresh = bv_history_new(chip_id, history ? history->max : BV_HISTORY_MAX);
	if (!fresh) {
		verdict->broken = true;
		return;
	}
	bv_history_set_tpm(fresh, verdict->facts.is_tpm);
	/* Whoever has nothing but a chip cannot make us forget the kernel that has it. */
	if (appraise_lists(in, evidence, fresh, verdict) && history &&
	    log_begins_with(fresh, round->boot_key)) {
		memcpy(fresh->boot_key, round->boot_key, BASTION_POINT_SIZE);
		bv_history_move(history, fresh);
	}
	bv_history_free(fresh);
}

/* What may be used and added to: what is remembered of this chip, if it is the one named before. */
static struct bv_history *own_history(const struct bv_appraisal *in,
				      const struct bv_verdict *verdict)
{
	if (!in->history || memcmp(in->history->chip_id, verdict->facts.quote.chip_id,
				   sizeof(in->history->chip_id)))
		return NULL;
	return in->history;
}

/* Lists are long, and anybody can make some: nobody's are not worth the time. */
static void refuse_lists(struct bv_verdict *verdict)
{
	bv_verdict_add(verdict, &(struct bv_check){
		.name = "lists", .claim = BV_CONFIGURATION, .tier = BV_CONTRAINDICATED,
		.expected = "lists that an authentic quote covers", .seen = "lists that nobody signed",
		.advice = "See to the other checks first: what was measured is not looked at before." });
}

/* Without a signature there are no claims to look at, nor without its chip. */
static bool appraise_quote(const struct bv_appraisal *in, const struct bv_evidence *evidence,
			   bool *genuine, struct bv_verdict *verdict)
{
	return evidence->tpm ? bv_appraise_tpm_quote(in, evidence, genuine, verdict)
			     : bv_appraise_native_quote(in, evidence, genuine, verdict);
}

static void appraise(const struct bv_appraisal *in, const struct bv_evidence *evidence,
		     struct bv_verdict *verdict)
{
	bool genuine = false, bound, known;

	verdict->facts.is_tpm = evidence->tpm;
	if (!appraise_quote(in, evidence, &genuine, verdict))
		return;
	check_identity(in, verdict);
	bound = check_round(in, &evidence->round, verdict);
	verdict->facts.round = evidence->round;
	/* What a TPM signed of its registers is but a digest of them. */
	known = !evidence->tpm || bv_appraise_tpm_registers(in, evidence, verdict);
	verdict->facts.authentic = genuine && bound && known;
	check_hardware(in->policy, verdict);
	if (!evidence->tpm)
		bv_appraise_boot(in, evidence->boot_log, verdict);
	else if (known)
		bv_appraise_tpm_boot(in->policy, evidence->tcg_log, verdict);
	if (verdict->facts.authentic)
		appraise_from(in, evidence, own_history(in, verdict), verdict);
	else
		refuse_lists(verdict);
	bv_appraise_permits(in->policy, verdict);
}

struct bv_verdict *bv_appraise(const struct bv_appraisal *in)
{
	struct bv_verdict *verdict = bv_verdict_new();
	struct bv_evidence evidence;
	struct bv_error err = { "" };
	int ret;

	if (!verdict)
		return NULL;
	ret = bv_evidence_parse(in->evidence, &evidence, &err);
	if (bv_verdict_add(verdict, &(struct bv_check){
		.name = "evidence", .claim = BV_CONFIGURATION, .tier = bv_must(!ret),
		.expected = "a bundle as Documentation/evidence.rst describes it",
		.seen = ret ? err.text : "as expected",
		.advice = "The agent and the verifier are of different versions, or the evidence was "
			  "damaged on its way." })) {
		appraise(in, &evidence, verdict);
		bv_evidence_exit(&evidence);
	}
	bv_verdict_close(verdict, in->policy->accept_warning);
	return verdict;
}
