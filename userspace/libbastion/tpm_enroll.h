/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a TPM shows of itself when its machine is enrolled, and how it proves that
 * (Documentation/enrolment.rst).
 */
#ifndef LIBBASTION_TPM_ENROLL_H
#define LIBBASTION_TPM_ENROLL_H

#include "libbastion/tpm.h"

#define BASTION_TPM_SECRET	    32
#define BASTION_TPM_CERTIFICATE_MAX 16384
#define BASTION_TPM_CHAIN_MAX	    (8 * BASTION_TPM_CERTIFICATE_MAX)
#define BASTION_TPM_CREDENTIAL_MAX  1024	/* of either part */

/**
 * struct bastion_tpm_identity - what a verifier wants to know of a TPM
 * @chip_id:	      SHA-384 of @ek, as the kernel computes it
 * @model:	      "TPM 2.0" and its manufacturer
 * @ek:		      TPMT_PUBLIC of the endorsement key that the kernel takes
 * @ek_len:	      its length
 * @ak:		      TPMT_PUBLIC of the attestation key
 * @ak_len:	      its length
 * @certificate:      of @ek, or NULL: the TPM has none
 * @certificate_len:  its length
 * @chain:	      what the TPM has of the authorities above, or NULL
 * @chain_len:	      its length
 */
struct bastion_tpm_identity {
	uint8_t chip_id[BASTION_DIGEST_SIZE];
	char model[32];
	uint8_t ek[BASTION_TPM_STRUCTURE_MAX];
	size_t ek_len;
	uint8_t ak[BASTION_TPM_STRUCTURE_MAX];
	size_t ak_len;
	uint8_t *certificate;
	size_t certificate_len;
	uint8_t *chain;
	size_t chain_len;
};

/**
 * bastion_tpm_identify - read them
 * @tpm:      open
 * @identity: out; bastion_tpm_identity_free() it, also after a failure
 * @err:      circumstances of a failure
 *
 * The endorsement key is the kernel's (Documentation/tpm.rst): one that is at a handle, or that
 * of the TCG's template L-2. Certificates are in NV memory (TCG EK Credential Profile, 2.2.1).
 *
 * Return: 0 or a negative errno, as bastion_tpm_open().
 */
int bastion_tpm_identify(struct bastion_tpm *tpm, struct bastion_tpm_identity *identity,
			 struct bastion_error *err);

/** bastion_tpm_identity_free - free what is in it */
void bastion_tpm_identity_free(struct bastion_tpm_identity *identity);

/**
 * bastion_tpm_activate - get at a secret that was wrapped to endorsement and attestation key
 * @tpm:	    open
 * @credential:	    TPM2B_ID_OBJECT
 * @credential_len: its length
 * @seed:	    TPM2B_ENCRYPTED_SECRET
 * @seed_len:	    its length
 * @secret:	    out
 * @err:	    circumstances of a failure
 *
 * Return: 0; -EBADMSG they are no such structures, or for another TPM or key; or a negative
 * errno, as bastion_tpm_open().
 */
int bastion_tpm_activate(struct bastion_tpm *tpm, const uint8_t *credential, size_t credential_len,
			 const uint8_t *seed, size_t seed_len, uint8_t secret[BASTION_TPM_SECRET],
			 struct bastion_error *err);

#endif
