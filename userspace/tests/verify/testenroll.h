/* SPDX-License-Identifier: GPL-2.0 */
/* A machine with a TPM that asks to be enrolled, as a test wishes. */
#ifndef TESTENROLL_H
#define TESTENROLL_H

#include "libbastion-verify/enroll.h"
#include "testcredential.h"
#include "testek.h"

/**
 * struct tw - a TPM with its manufacturer, and what a test changes before it asks
 * @maker:	who certifies it
 * @ek:		its endorsement key, on P-256
 * @tpm:	its attestation key, on P-384
 * @wish:	what is wrong with the certificate
 * @cert:	NULL: made as @wish says
 * @pem:	the certificate in the form that requests do not have
 * @no_cert:	whether the request goes without
 * @chain:	more certificates
 */
struct tw {
	struct maker *maker;
	struct tk_ek *ek;
	struct tt_tpm *tpm;
	struct wish wish;
	X509 *cert;
	bool pem;
	bool no_cert;
	struct bv_span chain;
};

void tw_init(struct tw *tw);
void tw_exit(struct tw *tw);

/** tw_request() - what it asks */
json_t *tw_request(const struct tw *tw, const char *name);

/** tw_answer() - a secret, as it goes back */
json_t *tw_answer(const struct tw *tw, const uint8_t secret[BV_CREDENTIAL_SECRET]);

/** tw_chip_id() - SHA-384 of the endorsement key's public area, in hex */
void tw_chip_id(const struct tw *tw, char hex[2 * BASTION_DIGEST_SIZE + 1]);

/** tw_activate() - what the TPM makes of a verifier's message; false if nothing */
bool tw_activate(const struct tw *tw, const json_t *message, uint8_t secret[BV_CREDENTIAL_SECRET]);

#endif
