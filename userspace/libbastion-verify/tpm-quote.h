/* SPDX-License-Identifier: GPL-2.0 */
/* Whether to believe a quote that a TPM made for somebody. */
#ifndef BV_TPM_QUOTE_H
#define BV_TPM_QUOTE_H

#include "finding.h"
#include "tpm-pcrs.h"
#include "tpm-public.h"

/**
 * struct bv_tpm_evidence - what there is; all of it untrusted
 * @attest:	TPMS_ATTEST
 * @signature:	TPMT_SIGNATURE
 * @key:	whose signature it should be: PEM, TPM2B_PUBLIC or TPMT_PUBLIC
 * @qualifying:	what the quote was asked for; without @data: not checked
 * @values:	of registers, see bv_tpm_pcrs_read(); without @data: none
 */
struct bv_tpm_evidence {
	struct bv_span attest;
	struct bv_span signature;
	struct bv_span key;
	struct bv_span qualifying;
	struct bv_span values;
};

/**
 * struct bv_tpm_finding - what came of it; spans point into the evidence
 * @found:	the checks
 * @parsed:	@public was read
 * @signed_by:	the signature is good: only then @attest may be repeated to anyone
 * @public:	the key, if it was given in a TPM's form
 * @key:	the key
 * @signature:	its parameters
 * @attest:	what was signed
 * @registers:	the values that the quote covers; empty unless it is ok
 * @left:	by bank: mask of the registers that @values has and the quote does not
 *		cover; if there are any, it is not ok
 */
struct bv_tpm_finding {
	struct bv_finding found;
	bool parsed;
	bool signed_by;
	struct bv_tpm_public public;
	EVP_PKEY *key;
	struct bv_tpm_signature signature;
	struct bv_tpm_attest attest;
	struct bv_expected registers;
	uint32_t left[BV_BANKS];
};

/**
 * bv_tpm_quote_judge() - check a quote
 * @evidence:	what there is
 * @finding:	the outcome; bv_tpm_finding_exit() it whatever this returns
 *
 * First magic and type, then the key's attributes, then the signature, then the
 * qualifying data, then the values of registers. A key in PEM has no attributes, and
 * nothing shows that it signs only what its TPM says: that is said.
 *
 * Return: 0 when @finding is complete, whether or not it is ok; -ENOMEM.
 */
int bv_tpm_quote_judge(const struct bv_tpm_evidence *evidence, struct bv_tpm_finding *finding);

/** bv_tpm_finding_exit() - give back what bv_tpm_quote_judge() took */
void bv_tpm_finding_exit(struct bv_tpm_finding *finding);

/** bv_tpm_finding_json() - as in Documentation/verifier.rst; NULL without memory */
json_t *bv_tpm_finding_json(const struct bv_tpm_finding *finding);

#endif
