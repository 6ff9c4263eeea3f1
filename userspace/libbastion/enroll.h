/* SPDX-License-Identifier: GPL-2.0 */
/* The messages by which a machine with a TPM is enrolled (Documentation/enrolment.rst). */
#ifndef LIBBASTION_ENROLL_H
#define LIBBASTION_ENROLL_H

#include <jansson.h>

#include "libbastion/tpm_enroll.h"

/**
 * bastion_enroll_request - what a machine says that it is
 * @identity: of its TPM
 * @name:     by which it wants to be known; NULL leaves that to the verifier
 *
 * Return: a new reference, NULL without memory.
 */
json_t *bastion_enroll_request(const struct bastion_tpm_identity *identity, const char *name);

/**
 * struct bastion_enroll_credential - the verifier's answer
 * @credential:	    TPM2B_ID_OBJECT
 * @credential_len: its length
 * @seed:	    TPM2B_ENCRYPTED_SECRET
 * @seed_len:	    its length
 */
struct bastion_enroll_credential {
	uint8_t credential[BASTION_TPM_CREDENTIAL_MAX];
	size_t credential_len;
	uint8_t seed[BASTION_TPM_CREDENTIAL_MAX];
	size_t seed_len;
};

/**
 * bastion_enroll_credential_parse - read the verifier's answer
 * @message:	not trusted
 * @credential:	out
 * @err:	circumstances of a failure
 *
 * Return: 0, -EPROTO.
 */
int bastion_enroll_credential_parse(const json_t *message,
				    struct bastion_enroll_credential *credential,
				    struct bastion_error *err);

/** bastion_enroll_answer - the secret, back to the verifier; NULL without memory */
json_t *bastion_enroll_answer(const uint8_t chip_id[BASTION_DIGEST_SIZE],
			      const uint8_t secret[BASTION_TPM_SECRET]);

#endif
