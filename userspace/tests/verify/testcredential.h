/* SPDX-License-Identifier: GPL-2.0 */
/* An endorsement key, and what its TPM does with a credential: written from the specification. */
#ifndef TESTCREDENTIAL_H
#define TESTCREDENTIAL_H

#include "libbastion-verify/tpm-credential.h"
#include "testtpm.h"

#define TK_EK_ATTRIBUTES (BV_TPM_FIXED_TPM | BV_TPM_FIXED_PARENT | BV_TPM_DATA_ORIGIN | \
			  BV_TPM_WITH_POLICY | BV_TPM_RESTRICTED | BV_TPM_DECRYPT)

/**
 * struct tk_ek - an endorsement key
 * @key:	private
 * @curve:	TPM_ECC_CURVE, or 0 for RSA
 * @hash:	of its name
 * @attributes:	and so on: what its public area says
 * @public:	TPMT_PUBLIC
 */
struct tk_ek {
	EVP_PKEY *key;
	uint16_t curve;
	enum bv_bank hash;
	uint32_t attributes;
	bool no_policy;
	uint16_t symmetric;
	uint16_t symmetric_bits;
	uint16_t symmetric_mode;
	struct tt_bytes public;
};

/** tk_new() - as the TCG's templates have it; @curve 0: RSA-2048; @key is taken, NULL: a new one */
struct tk_ek *tk_new(uint16_t curve, EVP_PKEY *key);

/** tk_make_public() - the public area anew from what the members say */
void tk_make_public(struct tk_ek *ek);

/** tk_free() - forget it */
void tk_free(struct tk_ek *ek);

/**
 * tk_activate() - what TPM2_ActivateCredential does, with the key of a name loaded
 * @ek:		private
 * @name:	of the key that is loaded
 * @blob:	TPM2B_ID_OBJECT
 * @seed:	TPM2B_ENCRYPTED_SECRET
 * @secret:	the outcome
 *
 * Return: whether the TPM gives it back.
 */
bool tk_activate(const struct tk_ek *ek, struct bv_span name, struct bv_span blob,
		 struct bv_span seed, uint8_t secret[BV_CREDENTIAL_SECRET]);

#endif
