/* SPDX-License-Identifier: GPL-2.0 */
/* Values of registers that come beside a quote: true only as far as it covers them. */
#ifndef BV_TPM_PCRS_H
#define BV_TPM_PCRS_H

#include "tcg-expected.h"
#include "tpm-attest.h"

/**
 * bv_tpm_pcrs_read() - read a file of values
 * @bytes:	untrusted; the form is seen from the contents:
 *		text, as bv_expected_parse() reads it; tpm2-tools' "serialized" form,
 *		a C structure that says which registers follow; their "values" form,
 *		which is values of the selected registers one after the other
 * @selection:	of the quote, for the last of these
 * @values:	all that the file has
 * @err:	what was wrong
 *
 * Return: 0, -EBADMSG.
 */
int bv_tpm_pcrs_read(struct bv_span bytes, const struct bv_tpm_selection *selection,
		     struct bv_expected *values, struct bv_error *err);

/**
 * bv_tpm_pcrs_select() - keep what a quote covers
 * @values:	what somebody says the registers hold
 * @selection:	of the quote
 * @covered:	the selected values; nothing else is in it
 * @left:	by bank: mask of the registers of @values that the quote does not cover
 * @err:	which selected register has no value
 *
 * Return: 0, -EBADMSG.
 */
int bv_tpm_pcrs_select(const struct bv_expected *values, const struct bv_tpm_selection *selection,
		       struct bv_expected *covered, uint32_t left[BV_BANKS], struct bv_error *err);

/**
 * bv_tpm_pcrs_match() - whether selected values have the digest that was signed
 * @covered:	from bv_tpm_pcrs_select()
 * @attest:	the quote
 * @hash:	of the signature's scheme (TPM 2.0 Library 1.59, part 3, 18.4)
 * @err:	what was wrong
 *
 * The digest is over the values in the order of the selection, and in a bank in the
 * order of their numbers.
 *
 * Return: 0, -EKEYREJECTED, -ENOMEM, -EIO.
 */
int bv_tpm_pcrs_match(const struct bv_expected *covered, const struct bv_tpm_attest *attest,
		      enum bv_bank hash, struct bv_error *err);

/**
 * bv_tpm_pcrs_cover() - the values that a quote covers, if there are no others
 * @values:	what somebody says the registers hold
 * @attest:	the quote
 * @hash:	as above
 * @covered:	the selected values, which have the digest that was signed
 * @left:	by bank: mask of the registers of @values that the quote does not cover; or NULL
 * @err:	what was wrong; also that there are such registers: nobody vouches for them, and
 *		whoever gave them may think that somebody does
 *
 * Return: 0, -EBADMSG, -EKEYREJECTED, -ENOMEM, -EIO.
 */
int bv_tpm_pcrs_cover(const struct bv_expected *values, const struct bv_tpm_attest *attest,
		      enum bv_bank hash, struct bv_expected *covered, uint32_t left[BV_BANKS],
		      struct bv_error *err);

#endif
