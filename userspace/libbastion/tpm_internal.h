/* SPDX-License-Identifier: GPL-2.0 */
/* Between tpm.c (quotes), tpm_key.c (the attestation key), tpm_ek.c, tpm_enroll.c and tpm_error.c. */
#ifndef LIBBASTION_TPM_INTERNAL_H
#define LIBBASTION_TPM_INTERNAL_H

#include <stdbool.h>

#include <tss2/tss2_esys.h>

#include "libbastion/tpm.h"
#include "libbastion/tpm_enroll.h"

/**
 * struct bastion_tpm - an open TPM
 * @tcti:    the way to it
 * @esys:    the library's context
 * @key:     the attestation key, loaded; ESYS_TR_NONE: not yet
 * @hash:    that it signs with, and that PCRs are digested with in its quotes
 * @public:  its TPMT_PUBLIC
 * @public_len: bytes
 */
struct bastion_tpm {
	TSS2_TCTI_CONTEXT *tcti;
	ESYS_CONTEXT *esys;
	ESYS_TR key;
	TPMI_ALG_HASH hash;
	uint8_t public[BASTION_TPM_STRUCTURE_MAX];
	size_t public_len;
};

/**
 * bastion_tpm_key - make the attestation key
 * @tpm: gets @key, @hash and @public
 * @err: circumstances of a failure
 *
 * Return: as bastion_tpm_open().
 */
int bastion_tpm_key(struct bastion_tpm *tpm, struct bastion_error *err);

/**
 * struct bastion_tpm_ek - the endorsement key
 * @handle: of it
 * @public: its public area
 * @flush:  it was made, and has to be flushed
 */
struct bastion_tpm_ek {
	ESYS_TR handle;
	TPM2B_PUBLIC *public;
	bool flush;
};

/** bastion_tpm_ek_get - find or make it; 0, or as bastion_tpm_open() */
int bastion_tpm_ek_get(struct bastion_tpm *tpm, struct bastion_tpm_ek *ek,
		       struct bastion_error *err);

/** bastion_tpm_ek_put - let go of it */
void bastion_tpm_ek_put(struct bastion_tpm *tpm, struct bastion_tpm_ek *ek);

/** bastion_tpm_ek_certificates - read them into @identity; 0, or as bastion_tpm_open() */
int bastion_tpm_ek_certificates(struct bastion_tpm *tpm, const struct bastion_tpm_ek *ek,
				struct bastion_tpm_identity *identity, struct bastion_error *err);

/** bastion_tpm_errno - the errno, positive, of a response code of the TPM's or the library's */
int bastion_tpm_errno(TSS2_RC rc);

/** bastion_tpm_fail - describe a failure to do @what; returns the negative errno */
int bastion_tpm_fail(struct bastion_error *err, TSS2_RC rc, const char *what);

#endif
