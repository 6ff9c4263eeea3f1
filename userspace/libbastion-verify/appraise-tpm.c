// SPDX-License-Identifier: GPL-2.0
/* What a TPM signs, which chip that makes it, and what firmware and boot loader extended. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "appraise.h"
#include "crypto.h"
#include "tcg-boot-log.h"
#include "tpm-quote.h"

#define LINE_SIZE	160

/* The evidence has one form of a key. Others have no attributes, or a second spelling. */
static bool check_form(const struct bv_evidence *evidence, struct bv_verdict *verdict)
{
	struct bv_tpm_public public;
	struct bv_error err = { "" };
	bool ok = !bv_tpm_public_only(evidence->tpm_key, &public, &err);

	return ok || bv_verdict_add(verdict, &(struct bv_check){
		.name = "key", .claim = BV_HARDWARE, .tier = BV_CONTRAINDICATED,
		.expected = "TPMT_PUBLIC of the attestation key", .seen = err.text,
		.advice = "The agent and the verifier are of different versions, or the evidence was "
			  "damaged on its way." });
}

/* Its id is what was enrolled with the key: what the evidence says of it proves nothing. */
static bool check_machine(const struct bv_appraisal *in, const struct bv_tpm_public *public,
			  struct bv_verdict *verdict)
{
	struct bv_facts *facts = &verdict->facts;
	uint8_t name[BV_TPM_NAME_MAX];
	char seen[2 * BV_TPM_NAME_MAX + 32], hex[2 * BV_TPM_NAME_MAX + 1] = "";
	const struct bv_machine *machine = NULL;
	struct bv_span ak = { name, 0 };

	if (!bv_tpm_public_name(public, name, &ak.len)) {
		bv_hex(hex, sizeof(hex), ak.data, ak.len);
		if (in->find_machine)
			machine = in->find_machine(in->machines, ak);
	}
	if (machine && !bv_machine_has_key(machine, ak))
		machine = NULL;
	if (machine) {
		strcpy(facts->tpm.machine, machine->name);
		strcpy(facts->quote.model, machine->model);
		memcpy(facts->quote.chip_id, machine->chip_id, sizeof(facts->quote.chip_id));
	}
	snprintf(seen, sizeof(seen), "%s%s", machine ? "machine " : "key ",
		 machine ? machine->name : hex);
	return bv_verdict_add(verdict, &(struct bv_check){
		.name = "machine", .claim = BV_INSTANCE_IDENTITY, .tier = bv_must(machine),
		.expected = "an attestation key that was enrolled", .seen = seen,
		.advice = in->find_machine ?
			  "If this machine is yours, have it say who it is where nobody can interfere, "
			  "and enroll it: \"bastion-verifier enroll\"." :
			  "The verifier was given no folder with machines: use --machines." });
}

/*
 * In what a key of the storage hierarchy signs, a TPM obfuscates firmware and counters, with numbers of its own for each
 * key (part 2, 10.12.12): newer than any firmware, most likely.
 */
static bool check_hierarchy(const struct bv_tpm_finding *finding, struct bv_verdict *verdict)
{
	const struct bv_span signer = finding->attest.signer;
	char seen[2 * BV_TPM_NAME_MAX + 64], hex[2 * BV_TPM_NAME_MAX + 1];
	uint8_t name[BV_TPM_NAME_MAX];
	size_t len;
	bool ok;

	ok = !bv_tpm_public_endorsement_name(&finding->public, name, &len) && signer.len == len &&
	     !memcmp(signer.data, name, len);
	bv_hex(hex, sizeof(hex), signer.data, signer.len);
	snprintf(seen, sizeof(seen), "one whose qualified name is %s", hex);
	return ok || bv_verdict_add(verdict, &(struct bv_check){
		.name = "key-hierarchy", .claim = BV_HARDWARE, .tier = BV_CONTRAINDICATED,
		.expected = "a primary key of the endorsement hierarchy", .seen = seen,
		.advice = "What a TPM says of its firmware to other keys is not true. Have \"bastionctl\" "
			  "make the attestation key, and enroll the machine again." });
}

static void take_claims(const struct bv_tpm_attest *attest, const struct bv_round *round,
			struct bv_facts *facts)
{
	struct bv_quote *quote = &facts->quote;

	if (attest->qualifying.len == sizeof(quote->qualifying))
		memcpy(quote->qualifying, attest->qualifying.data, sizeof(quote->qualifying));
	/* Nothing but the qualifying data says that it is this one. */
	memcpy(quote->chip_nonce, round->chip_nonce, BV_TPM_NONCE_SIZE);
	quote->boot_count = attest->reset_count;
	snprintf(quote->firmware, sizeof(quote->firmware), "%u.%u.%u.%u",
		 (unsigned int)(attest->firmware >> 48),
		 (unsigned int)(attest->firmware >> 32) & 0xffff,
		 (unsigned int)(attest->firmware >> 16) & 0xffff,
		 (unsigned int)attest->firmware & 0xffff);
	facts->tpm.firmware = attest->firmware;
	facts->tpm.clock = attest->clock;
	facts->tpm.reset_count = attest->reset_count;
	facts->tpm.restart_count = attest->restart_count;
	facts->tpm.safe = attest->safe;
}

bool bv_appraise_tpm_quote(const struct bv_appraisal *in, const struct bv_evidence *evidence,
			   bool *genuine, struct bv_verdict *verdict)
{
	const struct bv_tpm_evidence quote = {
		.attest = evidence->tpm_attest,
		.signature = evidence->tpm_signature,
		.key = evidence->tpm_key,
	};
	struct bv_tpm_finding finding;
	bool ok;

	if (!check_form(evidence, verdict))
		return false;
	if (bv_tpm_quote_judge(&quote, &finding)) {
		verdict->broken = true;
		bv_tpm_finding_exit(&finding);
		return false;
	}
	bv_verdict_take(verdict, finding.found.verdict);
	ok = finding.found.ok && finding.parsed && finding.signed_by &&
	     check_hierarchy(&finding, verdict) && check_machine(in, &finding.public, verdict);
	if (ok)
		take_claims(&finding.attest, &evidence->round, &verdict->facts);
	*genuine = ok;
	bv_tpm_finding_exit(&finding);
	return ok;
}

/* Which PCRs there must be, and no others: nobody may choose another one for the module. */
static uint32_t wanted_pcrs(const struct bv_policy *policy)
{
	return ((1u << (BV_IMA_PCR + 1)) - 1) | 1u << policy->pcr;
}

static int check_selection(const struct bv_policy *policy, const struct bv_round *round,
			   const struct bv_tpm_selection *selection, struct bv_error *err)
{
	if (round->pcr != policy->pcr)
		return bv_fail(err, "the module extends PCR %u", round->pcr);
	if (selection->count != 1 || selection->banks[0].bank != BV_BANK_SHA256)
		return bv_fail(err, "the quote covers %zu banks, the first of which is %s",
			       selection->count, bv_bank_name(selection->banks[0].bank));
	if (selection->banks[0].mask != wanted_pcrs(policy))
		return bv_fail(err, "the quote covers the PCRs of mask 0x%06x, not 0x%06x",
			       selection->banks[0].mask, wanted_pcrs(policy));
	return 0;
}

static int read_registers(const struct bv_policy *policy, const struct bv_evidence *evidence,
			  struct bv_expected *covered, struct bv_error *err)
{
	struct bv_tpm_signature signature;
	struct bv_tpm_attest attest;
	struct bv_expected values;
	int ret;

	if ((ret = bv_tpm_attest_parse(evidence->tpm_attest, &attest, err)) ||
	    (ret = bv_tpm_signature_parse(evidence->tpm_signature, &signature, err)) ||
	    (ret = check_selection(policy, &evidence->round, &attest.selection, err)) ||
	    (ret = bv_expected_parse(evidence->tpm_registers, &values, err)))
		return ret;
	return bv_tpm_pcrs_cover(&values, &attest, signature.hash, covered, NULL, err);
}

/* Register 0 (round.h) */
static int platform_register(struct bv_facts *facts)
{
	static const char tag[] = BASTION_PLATFORM_TAG;
	struct bv_span parts[1 + BV_PLATFORM_PCRS] = { BV_SPAN(tag) };

	for (int i = 0; i < BV_PLATFORM_PCRS; i++)
		parts[1 + i] = BV_SPAN(facts->tpm.pcrs[i]);
	return bv_sha384(facts->quote.registers[0], parts, 1 + BV_PLATFORM_PCRS);
}

bool bv_appraise_tpm_registers(const struct bv_appraisal *in, const struct bv_evidence *evidence,
			       struct bv_verdict *verdict)
{
	struct bv_facts *facts = &verdict->facts;
	struct bv_error err = { "" };
	struct bv_expected covered;
	char expected[LINE_SIZE];
	int ret = read_registers(in->policy, evidence, &covered, &err);

	if (!ret) {
		facts->tpm.pcr = in->policy->pcr;
		for (int i = 0; i < BV_PCR_COUNT; i++)
			memcpy(facts->tpm.pcrs[i], covered.value[BV_BANK_SHA256][i], BV_PCR_SIZE);
		ret = platform_register(facts);
		if (ret)
			bv_fail_errno(&err, -ret, "hashing the registers");
	}
	snprintf(expected, sizeof(expected),
		 "values of PCRs 0 to %d and %u of the SHA-256 bank, and no others, as quoted",
		 BV_IMA_PCR, in->policy->pcr);
	return bv_verdict_add(verdict, &(struct bv_check){
		.name = "pcrs", .claim = BV_HARDWARE, .tier = bv_must(!ret), .expected = expected,
		.seen = ret ? err.text : "as expected",
		.advice = "Load the module with the \"pcr\" of the policy; or what was quoted and what "
			  "was sent are not of one round: begin a new one." });
}

void bv_appraise_tpm_hardware(struct bv_verdict *verdict)
{
	const struct bv_tpm_facts *tpm = &verdict->facts.tpm;
	char seen[LINE_SIZE];

	snprintf(seen, sizeof(seen), "reset %u, restart %u, clock %llu ms, %ssafe", tpm->reset_count,
		 tpm->restart_count, (unsigned long long)tpm->clock, tpm->safe ? "" : "not ");
	/* A grant names the resets. Nothing depends on the rest, but who reads it wants to know. */
	bv_verdict_add(verdict, &(struct bv_check){
		.name = "clock", .claim = BV_HARDWARE, .tier = BV_AFFIRMING,
		.expected = "any: a grant is for this reset alone", .seen = seen });
}

static bool check_log(struct bv_span log, struct bv_verdict *verdict)
{
	const struct bv_tpm_facts *tpm = &verdict->facts.tpm;
	const uint32_t mask = BV_PLATFORM_MASK;
	struct bv_expected quoted = { 0 };
	struct bv_comparison compared;
	struct bv_error err = { "" };
	struct bv_pcrs replayed;
	uint64_t count;
	int ret;

	quoted.given[BV_BANK_SHA256] = mask;
	for (int i = 0; i < BV_PLATFORM_PCRS; i++)
		memcpy(quoted.value[BV_BANK_SHA256][i], tpm->pcrs[i], BV_PCR_SIZE);
	ret = bv_boot_log_replay(log, 1u << BV_BANK_SHA256, &replayed, &count, &err);
	if (!ret)
		ret = bv_expected_compare(&quoted, &replayed, mask, &compared, &err);
	return bv_verdict_add(verdict, &(struct bv_check){
		.name = "boot-log", .claim = BV_EXECUTABLES, .tier = bv_must(!ret),
		.expected = "a log whose replay gives PCRs 0 to 9",
		.seen = ret ? err.text : "as expected",
		.advice = "The firmware's log is not what was extended: it was changed on its way, or "
			  "something extended the TPM without saying so." });
}

static void check_pcr(const struct bv_tpm_reference *reference, int pcr,
		      struct bv_verdict *verdict)
{
	const uint8_t *value = verdict->facts.tpm.pcrs[pcr];
	char expected[LINE_SIZE], seen[LINE_SIZE], hex[2 * BV_PCR_SIZE + 1];

	bv_hex(hex, sizeof(hex), reference->pcrs[pcr], BV_PCR_SIZE);
	snprintf(expected, sizeof(expected), "PCR %d: %s (reference %.64s)", pcr, hex,
		 reference->name);
	bv_hex(hex, sizeof(hex), value, BV_PCR_SIZE);
	snprintf(seen, sizeof(seen), "PCR %d: %s", pcr, hex);
	bv_verdict_add(verdict, &(struct bv_check){
		.name = "boot-pcrs", .claim = BV_EXECUTABLES,
		.tier = bv_must(bv_tpm_reference_has(reference, pcr, value)), .expected = expected,
		.seen = seen,
		.advice = "Boot what the policy knows; or, if the machine is known to be good, make "
			  "reference values with \"bastion-verifier reference --evidence\"." });
}

void bv_appraise_tpm_boot(const struct bv_policy *policy, struct bv_span log,
			  struct bv_verdict *verdict)
{
	const struct bv_tpm_reference *reference;

	if (log.data)
		check_log(log, verdict);
	if (!policy->tpms.count) {
		bv_verdict_add(verdict, &(struct bv_check){
			.name = "boot-reference", .claim = BV_EXECUTABLES, .tier = BV_WARNING,
			.expected = "reference values in the policy",
			.seen = "\"reference\" has no \"tpm\", or it is empty: nobody vouches for what "
				"was booted",
			.advice = "Make reference values with \"bastion-verifier reference --evidence\" "
				  "and put them into the policy." });
		return;
	}
	reference = bv_tpm_references_closest(&policy->tpms, verdict->facts.tpm.pcrs);
	for (int i = 0; i < BV_PLATFORM_PCRS; i++)
		if (reference->mask & (1u << i))
			check_pcr(reference, i, verdict);
}
