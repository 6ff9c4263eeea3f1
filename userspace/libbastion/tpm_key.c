// SPDX-License-Identifier: GPL-2.0
/*
 * The attestation key. Verifiers enroll its name, so its template is an interface: whatever
 * changes in it is another key on every machine.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <tss2/tss2_mu.h>

#include "libbastion/tpm_internal.h"

/* Different from what anybody else makes of the same seed. */
static const char unique[] = "bastion attestation key v1";

/* In the order in which they are tried */
static const struct kind {
	TPMI_ECC_CURVE curve;
	TPMI_ALG_HASH hash;
} kinds[] = {
	{ TPM2_ECC_NIST_P384, TPM2_ALG_SHA384 },
	{ TPM2_ECC_NIST_P256, TPM2_ALG_SHA256 },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/*
 * It signs nothing but what its TPM says of itself, and never leaves it (TPM 2.0 Library,
 * part 2, 8.3). It has no password that could be guessed, so guesses at others' do not lock it.
 */
static void fill_template(const struct kind *kind, TPM2B_PUBLIC *public)
{
	TPMS_ECC_PARMS *parameters = &public->publicArea.parameters.eccDetail;

	memset(public, 0, sizeof(*public));
	public->publicArea.type = TPM2_ALG_ECC;
	public->publicArea.nameAlg = TPM2_ALG_SHA256;
	public->publicArea.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
		TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA |
		TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT;
	parameters->symmetric.algorithm = TPM2_ALG_NULL;
	parameters->scheme.scheme = TPM2_ALG_ECDSA;
	parameters->scheme.details.ecdsa.hashAlg = kind->hash;
	parameters->curveID = kind->curve;
	parameters->kdf.scheme = TPM2_ALG_NULL;
	public->publicArea.unique.ecc.x.size = strlen(unique);
	memcpy(public->publicArea.unique.ecc.x.buffer, unique, strlen(unique));
}

/* A TPM's response code that says for good that it has no keys of this kind. */
static bool cannot(TSS2_RC rc)
{
	return rc && bastion_tpm_errno(rc) == EOPNOTSUPP;
}

static TSS2_RC make(struct bastion_tpm *tpm, const struct kind *kind)
{
	static const TPM2B_SENSITIVE_CREATE no_password;
	static const TPML_PCR_SELECTION no_pcrs;
	static const TPM2B_DATA no_data;
	TPM2B_PUBLIC template, *public;
	size_t len = 0;
	TSS2_RC rc;

	fill_template(kind, &template);
	rc = Esys_CreatePrimary(tpm->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
				ESYS_TR_NONE, &no_password, &template, &no_data, &no_pcrs,
				&tpm->key, &public, NULL, NULL, NULL);
	if (rc) {
		tpm->key = ESYS_TR_NONE;
		return rc;
	}
	rc = Tss2_MU_TPMT_PUBLIC_Marshal(&public->publicArea, tpm->public, sizeof(tpm->public),
					 &len);
	Esys_Free(public);
	tpm->public_len = len;
	tpm->hash = kind->hash;
	return rc;
}

int bastion_tpm_key(struct bastion_tpm *tpm, struct bastion_error *err)
{
	TSS2_RC rc = TPM2_RC_CURVE;
	size_t i;

	for (i = 0; i < KINDS && cannot(rc); i++)
		rc = make(tpm, &kinds[i]);
	return rc ? bastion_tpm_fail(err, rc, "make the TPM's attestation key") : 0;
}
