// SPDX-License-Identifier: GPL-2.0
/* What a Bastionchip signs, and which chip it is. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "appraise.h"
#include "chain.h"

static bool check_quote(const struct bv_evidence *evidence, struct bv_envelope *envelope,
			struct bv_verdict *verdict)
{
	struct bv_error err = { "" };
	int ret = bv_envelope_parse(evidence->quote, envelope, &err);

	if (!bv_verdict_add(verdict, &(struct bv_check){
		.name = "quote-format", .claim = BV_HARDWARE, .tier = bv_must(!ret),
		.expected = "COSE_Sign1 in deterministic CBOR with exactly the headers of the profile",
		.seen = ret ? err.text : "as expected",
		.advice = "The quote was damaged on its way, or is another version's: update the "
			  "verifier or the chip's firmware." }))
		return false;
	ret = bv_quote_verify(envelope, &verdict->facts.quote, &err);
	/* Only with a good signature can it be the claims that are wrong. */
	if (!bv_verdict_add(verdict, &(struct bv_check){
		.name = "signature", .claim = BV_HARDWARE, .tier = bv_must(ret != -EKEYREJECTED &&
									    ret != -EINVAL &&
									    ret != -ENOMEM),
		.expected = "ECDSA P-384 by the key in the first certificate",
		.seen = ret ? err.text : "as expected",
		.advice = "Somebody changed the quote, or the chip signs with a key that its "
			  "certificate does not name: take the machine out of service." }))
		return false;
	return bv_verdict_add(verdict, &(struct bv_check){
		.name = "claims", .claim = BV_HARDWARE, .tier = bv_must(!ret),
		.expected = "exactly the claims of " BASTION_EAT_PROFILE,
		.seen = ret ? err.text : "as expected",
		.advice = "The chip's firmware speaks another profile: update the verifier or the "
			  "firmware." });
}

static bool check_chain(const struct bv_appraisal *in, const struct bv_envelope *envelope,
			struct bv_verdict *verdict)
{
	struct bv_error err = { "" };
	int ret = bv_chain_verify(envelope, &verdict->facts.quote, in->policy->roots, in->now,
				  &err);

	return bv_verdict_add(verdict, &(struct bv_check){
		.name = "certificates", .claim = BV_INSTANCE_IDENTITY, .tier = bv_must(!ret),
		.expected = "a path to a root of the policy, valid now, for this model and chip",
		.seen = ret ? err.text : "as expected",
		.advice = "If the chip is the vendor's, check the policy's roots and the verifier's "
			  "clock; if not, the machine has no genuine chip." });
}

static void check_svn(const struct bv_policy *policy, struct bv_verdict *verdict)
{
	const struct bv_quote *quote = &verdict->facts.quote;
	enum bv_tier tier = BV_WARNING;
	char expected[32], seen[32];

	if (policy->has_svn_min)
		tier = bv_must(quote->svn >= policy->svn_min);
	snprintf(expected, sizeof(expected), "at least %u", policy->svn_min);
	snprintf(seen, sizeof(seen), "%u", quote->svn);
	bv_verdict_add(verdict, &(struct bv_check){
		.name = "svn", .claim = BV_HARDWARE, .tier = tier,
		.expected = policy->has_svn_min ? expected : "\"svn_min\" in the policy", .seen = seen,
		.advice = policy->has_svn_min ? "Update the chip's firmware."
					      : "Say in the policy which security version is good." });
}

void bv_appraise_native_hardware(const struct bv_policy *policy, struct bv_verdict *verdict)
{
	static const char *const stages[] = {
		"unknown", "manufacturing", "production", "returned to the vendor"
	};
	const struct bv_quote *quote = &verdict->facts.quote;

	check_svn(policy, verdict);
	bv_verdict_add(verdict, &(struct bv_check){
		.name = "debug", .claim = BV_HARDWARE,
		.tier = bv_must(quote->dbgstat != BASTION_DBGSTAT_ENABLED || policy->allow_debug),
		.expected = policy->allow_debug ? "either: the policy has \"allow_debug\""
						: "debugging disabled",
		.seen = quote->dbgstat == BASTION_DBGSTAT_ENABLED ? "debugging enabled"
								  : "debugging disabled",
		.advice = "The chip is an emulator or was opened: its secrets are not safe. Only for "
			  "tests, set \"allow_debug\"." });
	bv_verdict_add(verdict, &(struct bv_check){
		.name = "lifecycle", .claim = BV_HARDWARE,
		.tier = bv_must(quote->lifecycle == BASTION_LIFECYCLE_PRODUCTION ||
				(quote->lifecycle == BASTION_LIFECYCLE_MANUFACTURING &&
				 policy->allow_debug)),
		.expected = "production", .seen = stages[quote->lifecycle],
		.advice = "The chip has not left the factory, or went back there: replace it." });
}

bool bv_appraise_native_quote(const struct bv_appraisal *in, const struct bv_evidence *evidence,
			      bool *genuine, struct bv_verdict *verdict)
{
	struct bv_envelope envelope;

	if (!check_quote(evidence, &envelope, verdict))
		return false;
	*genuine = check_chain(in, &envelope, verdict);
	return true;
}
