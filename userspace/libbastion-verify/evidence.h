/* SPDX-License-Identifier: GPL-2.0 */
/* The evidence bundle (Documentation/evidence.rst): a CMW collection in JSON. */
#ifndef BV_EVIDENCE_H
#define BV_EVIDENCE_H

#include "error.h"
#include "round.h"

#define BV_EVIDENCE_MAX		(8 << 20)	/* one line of the protocol */

/**
 * struct bv_evidence - the records, decoded; nothing in it is believed yet
 * @tpm:	the chip is a TPM: the members of that name are there, not the first two
 * @quote:	COSE_Sign1
 * @boot_log:	register 0
 * @tpm_attest:	TPMS_ATTEST
 * @tpm_signature: TPMT_SIGNATURE
 * @tpm_key:	TPMT_PUBLIC
 * @tpm_registers: text, see bv_expected_parse()
 * @tcg_log:	the firmware's; no data when the evidence has none
 * @log:	registers 1 to 7 without 3
 * @ima:	IMA's list, of register 3; no data when the evidence has none
 * @platform:	JSON text that nobody vouches for; only checked to be JSON
 * @round:	what the machine says the round was
 *
 * The spans are owned by this struct.
 */
struct bv_evidence {
	bool tpm;
	struct bv_span quote;
	struct bv_span boot_log;
	struct bv_span tpm_attest;
	struct bv_span tpm_signature;
	struct bv_span tpm_key;
	struct bv_span tpm_registers;
	struct bv_span tcg_log;
	struct bv_span log;
	struct bv_span ima;
	struct bv_span platform;
	struct bv_round round;
};

/**
 * bv_evidence_parse() - decode a bundle
 * @text:	untrusted, at most BV_EVIDENCE_MAX
 * @evidence:	on success: bv_evidence_exit() it
 * @err:	what was wrong
 *
 * Return: 0, -EBADMSG, -ENOMEM.
 */
int bv_evidence_parse(struct bv_span text, struct bv_evidence *evidence, struct bv_error *err);

/** bv_evidence_exit() - free what bv_evidence_parse() allocated */
void bv_evidence_exit(struct bv_evidence *evidence);

#endif
