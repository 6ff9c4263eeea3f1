/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Appraisal: evidence, policy, nonce and time in; verdict out (RFC 9334, 8).
 */
#ifndef BV_APPRAISE_H
#define BV_APPRAISE_H

#include "evidence.h"
#include "history.h"
#include "policy.h"
#include "verdict.h"

/** bv_must() - the tier of a check that has to pass */
static inline enum bv_tier bv_must(bool ok)
{
	return ok ? BV_AFFIRMING : BV_CONTRAINDICATED;
}

/**
 * typedef bv_machine_find - looks up the record of an attestation key
 * @context:	of struct bv_appraisal
 * @ak:		name of the key
 *
 * Return: a record that is good until the next call, or NULL: it was not enrolled.
 */
typedef const struct bv_machine *bv_machine_find(void *context, struct bv_span ak);

/**
 * struct bv_appraisal - what an appraisal depends on, all of it
 * @policy:	with its roots
 * @evidence:	untrusted JSON
 * @nonce:	the nonce that was given out for this round and for no other
 * @verifier:	digest of our own grant key
 * @now:	seconds since 1970
 * @find_machine: looks up records of TPMs; NULL: none was enrolled
 * @machines:	for @find_machine
 * @history:	what is remembered of the chip; NULL: nothing is, and nothing shall be
 */
struct bv_appraisal {
	const struct bv_policy *policy;
	struct bv_span evidence;
	struct bv_span nonce;
	const uint8_t *verifier;
	int64_t now;
	bv_machine_find *find_machine;
	void *machines;
	struct bv_history *history;
};

/**
 * bv_appraise() - judge a machine
 * @in:		see above
 *
 * Every failure is a failed check in the verdict.
 *
 * Evidence that begins at the first entries may be of any boot of any chip, and
 * replaces what @in->history has. Evidence that begins later has to go on exactly
 * where that ends. What an authentic quote covers is added whatever the verdict
 * is: what is refused once is so until a policy allows it.
 *
 * Return: a closed verdict to bv_verdict_free(), or NULL without memory.
 */
struct bv_verdict *bv_appraise(const struct bv_appraisal *in);

/**
 * bv_appraise_native_quote() - a Bastionchip's quote: format, signature, claims, certificates
 * @in:		see above
 * @evidence:	untrusted
 * @genuine:	set if the chip is one of the vendor's
 * @verdict:	gets the checks and the claims
 *
 * Return: whether there are claims to look at.
 */
bool bv_appraise_native_quote(const struct bv_appraisal *in, const struct bv_evidence *evidence,
			      bool *genuine, struct bv_verdict *verdict);

/** bv_appraise_native_hardware() - what else the claims say of the chip */
void bv_appraise_native_hardware(const struct bv_policy *policy, struct bv_verdict *verdict);

/**
 * bv_appraise_tpm_quote() - likewise of a TPM: magic and type, key, signature, record
 *
 * No claim is that of a register yet.
 */
bool bv_appraise_tpm_quote(const struct bv_appraisal *in, const struct bv_evidence *evidence,
			   bool *genuine, struct bv_verdict *verdict);

/**
 * bv_appraise_tpm_registers() - the values of registers that a TPM's quote covers
 * @in:		see above
 * @evidence:	of which the signature is good
 * @verdict:	gets the check, and the values in its facts: none if it fails
 *
 * Return: whether it passed.
 */
bool bv_appraise_tpm_registers(const struct bv_appraisal *in, const struct bv_evidence *evidence,
			       struct bv_verdict *verdict);

/** bv_appraise_tpm_hardware() - what else a TPM says of itself */
void bv_appraise_tpm_hardware(struct bv_verdict *verdict);

/**
 * bv_appraise_tpm_boot() - PCRs 0 to 9 against the firmware's log and reference values
 * @policy:	with the reference values
 * @log:	of the firmware, untrusted; no data when the evidence has none
 * @verdict:	with the PCRs; gets the checks
 */
void bv_appraise_tpm_boot(const struct bv_policy *policy, struct bv_span log,
			  struct bv_verdict *verdict);

/**
 * bv_appraise_boot() - the platform's log against register 0 and reference values
 * @in:		see above
 * @log:	untrusted
 * @verdict:	with the quote's claims; gets the checks
 */
void bv_appraise_boot(const struct bv_appraisal *in, struct bv_span log,
		      struct bv_verdict *verdict);

/**
 * bv_appraise_ima() - IMA's list against register 3 and the policy
 * @in:		see above; its history is not looked at
 * @list:	untrusted; no data when the evidence has none
 * @history:	where the list goes on; gets what the quote covers
 * @verdict:	with the quote's claims; gets the checks
 */
void bv_appraise_ima(const struct bv_appraisal *in, struct bv_span list,
		     struct bv_history *history, struct bv_verdict *verdict);

/**
 * bv_appraise_executables() - what register 4 has of executables against the policy
 * @in:		see above
 * @history:	with the module's log
 * @verdict:	gets the checks
 */
void bv_appraise_executables(const struct bv_appraisal *in, struct bv_history *history,
			     struct bv_verdict *verdict);

/**
 * bv_appraise_log() - the module's log against its registers and the policy
 * @in:		see above; its history is not looked at
 * @log:	untrusted
 * @history:	where the log goes on; gets what the quote covers
 * @verdict:	with the quote's claims and the round; gets the checks
 *
 * Return: whether @history has what the quote covers.
 */
bool bv_appraise_log(const struct bv_appraisal *in, struct bv_span log,
		     struct bv_history *history, struct bv_verdict *verdict);

/**
 * bv_appraise_room() - what became of adding to a history
 * @ret:	0, or an error
 * @history:	which
 * @verdict:	gets a check if there is no room
 *
 * Return: whether @ret is 0.
 */
bool bv_appraise_room(int ret, const struct bv_history *history, struct bv_verdict *verdict);

/** bv_appraise_permits() - whether the policy would allow anything */
void bv_appraise_permits(const struct bv_policy *policy, struct bv_verdict *verdict);

#endif
