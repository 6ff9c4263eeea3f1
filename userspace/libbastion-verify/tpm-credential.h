/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Credentials: a secret that only the TPM with an endorsement key gives back, and only while
 * it has the key of a name loaded (TPM 2.0 Library 1.59, part 1, 24; part 3, 12.5 and 12.6).
 */
#ifndef BV_TPM_CREDENTIAL_H
#define BV_TPM_CREDENTIAL_H

#include "tpm-public.h"

#define BV_CREDENTIAL_SECRET	32	/* bytes: no endorsement key's digest is shorter */
#define BV_CREDENTIAL_BLOB_MAX	(2 + 2 + BV_PCR_DIGEST_MAX + 2 + BV_CREDENTIAL_SECRET)
#define BV_CREDENTIAL_SEED_MAX	(2 + BV_TPM_RSA_MAX)

/**
 * struct bv_credential - what TPM2_ActivateCredential takes
 * @blob:	TPM2B_ID_OBJECT
 * @blob_len:	bytes of it
 * @seed:	TPM2B_ENCRYPTED_SECRET
 * @seed_len:	bytes of it
 */
struct bv_credential {
	uint8_t blob[BV_CREDENTIAL_BLOB_MAX];
	size_t blob_len;
	uint8_t seed[BV_CREDENTIAL_SEED_MAX];
	size_t seed_len;
};

/**
 * bv_credential_make() - what TPM2_MakeCredential does, without a TPM
 * @ek:		parsed; bv_tpm_public_endorses() it
 * @name:	of the key that must be in the same TPM, see bv_tpm_public_name()
 * @secret:	for whoever has both
 * @out:	the outcome
 * @err:	what was wrong
 *
 * Return: 0, -EBADMSG when it cannot be encrypted to @ek, -EIO.
 */
int bv_credential_make(const struct bv_tpm_public *ek, struct bv_span name,
		       const uint8_t secret[BV_CREDENTIAL_SECRET], struct bv_credential *out,
		       struct bv_error *err);

#endif
