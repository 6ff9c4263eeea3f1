// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <tss2/tss2_mu.h>

#include "libbastion/tpm_internal.h"

static int marshal(const TPMT_PUBLIC *public, struct bastion_tpm_identity *identity,
		   struct bastion_error *err)
{
	size_t len = 0;
	TSS2_RC rc;

	rc = Tss2_MU_TPMT_PUBLIC_Marshal(public, identity->ek, sizeof(identity->ek), &len);
	if (rc)
		return bastion_tpm_fail(err, rc, "write the TPM's endorsement key");
	identity->ek_len = len;
	if (EVP_Digest(identity->ek, len, identity->chip_id, NULL, EVP_sha384(), NULL) != 1)
		return bastion_error_set(err, BASTION_OP_TPM, EIO, "cannot hash a key");
	return 0;
}

/* Four characters, some of which may be none (TCG Vendor ID Registry). */
static int read_model(struct bastion_tpm *tpm, struct bastion_tpm_identity *identity,
		      struct bastion_error *err)
{
	TPMS_CAPABILITY_DATA *data;
	uint32_t id = 0;
	char name[5] = "";
	TSS2_RC rc;

	rc = Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				TPM2_CAP_TPM_PROPERTIES, TPM2_PT_MANUFACTURER, 1, NULL, &data);
	if (rc)
		return bastion_tpm_fail(err, rc, "ask whose make the TPM is");
	if (data->capability == TPM2_CAP_TPM_PROPERTIES && data->data.tpmProperties.count == 1 &&
	    data->data.tpmProperties.tpmProperty[0].property == TPM2_PT_MANUFACTURER)
		id = data->data.tpmProperties.tpmProperty[0].value;
	Esys_Free(data);
	for (int i = 0; i < 4; i++) {
		char c = id >> (24 - 8 * i);

		if (c <= ' ' || c > '~')
			break;
		name[i] = c;
	}
	snprintf(identity->model, sizeof(identity->model), "TPM 2.0%s%s", *name ? " " : "", name);
	return 0;
}

int bastion_tpm_identify(struct bastion_tpm *tpm, struct bastion_tpm_identity *identity,
			 struct bastion_error *err)
{
	struct bastion_tpm_ek ek;
	int rc;

	memset(identity, 0, sizeof(*identity));
	memcpy(identity->ak, tpm->public, tpm->public_len);
	identity->ak_len = tpm->public_len;
	rc = bastion_tpm_ek_get(tpm, &ek, err);
	if (rc)
		return rc;
	rc = marshal(&ek.public->publicArea, identity, err);
	if (!rc)
		rc = read_model(tpm, identity, err);
	if (!rc)
		rc = bastion_tpm_ek_certificates(tpm, &ek, identity, err);
	bastion_tpm_ek_put(tpm, &ek);
	return rc;
}

void bastion_tpm_identity_free(struct bastion_tpm_identity *identity)
{
	free(identity->certificate);
	free(identity->chain);
	memset(identity, 0, sizeof(*identity));
}

/* What lets the endorsement key be used: its policy, where a password is not enough. */
static TSS2_RC authorize(struct bastion_tpm *tpm, const struct bastion_tpm_ek *ek, ESYS_TR *session)
{
	static const TPMT_SYM_DEF plain = { .algorithm = TPM2_ALG_NULL };
	const TPMT_PUBLIC *public = &ek->public->publicArea;
	TSS2_RC rc;

	*session = ESYS_TR_PASSWORD;
	if (public->objectAttributes & TPMA_OBJECT_USERWITHAUTH)
		return 0;
	rc = Esys_StartAuthSession(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				   ESYS_TR_NONE, NULL, TPM2_SE_POLICY, &plain, public->nameAlg,
				   session);
	if (rc) {
		*session = ESYS_TR_NONE;
		return rc;
	}
	return Esys_PolicySecret(tpm->esys, ESYS_TR_RH_ENDORSEMENT, *session, ESYS_TR_PASSWORD,
				 ESYS_TR_NONE, ESYS_TR_NONE, NULL, NULL, NULL, 0, NULL, NULL);
}

/* What TPMs say of a secret that they do not get at; libtpms of RSA that it cannot open a failure. */
static bool is_not_ours(TSS2_RC rc)
{
	const TSS2_RC code = rc & (TPM2_RC_FMT1 | 0x3f);

	return rc == TPM2_RC_FAILURE || code == TPM2_RC_INTEGRITY || code == TPM2_RC_VALUE ||
	       code == TPM2_RC_SIZE;
}

static int activate(struct bastion_tpm *tpm, const struct bastion_tpm_ek *ek,
		    const TPM2B_ID_OBJECT *credential, const TPM2B_ENCRYPTED_SECRET *seed,
		    uint8_t secret[BASTION_TPM_SECRET], struct bastion_error *err)
{
	TPM2B_DIGEST *plain = NULL;
	ESYS_TR session;
	TSS2_RC rc;
	int ret = 0;

	rc = authorize(tpm, ek, &session);
	if (!rc)
		rc = Esys_ActivateCredential(tpm->esys, tpm->key, ek->handle, ESYS_TR_PASSWORD, session,
					     ESYS_TR_NONE, credential, seed, &plain);
	if (session != ESYS_TR_NONE && session != ESYS_TR_PASSWORD)
		Esys_FlushContext(tpm->esys, session);
	if (is_not_ours(rc))
		return bastion_error_set(err, BASTION_OP_TPM, EBADMSG,
					 "the verifier's secret is for another TPM, or another "
					 "attestation key");
	if (rc)
		return bastion_tpm_fail(err, rc, "have the TPM open the verifier's secret");
	if (plain->size == BASTION_TPM_SECRET)
		memcpy(secret, plain->buffer, BASTION_TPM_SECRET);
	else
		ret = bastion_error_set(err, BASTION_OP_TPM, EBADMSG,
					"the verifier's secret has %u bytes, not %u", plain->size,
					BASTION_TPM_SECRET);
	explicit_bzero(plain->buffer, sizeof(plain->buffer));
	Esys_Free(plain);
	return ret;
}

int bastion_tpm_activate(struct bastion_tpm *tpm, const uint8_t *credential, size_t credential_len,
			 const uint8_t *seed, size_t seed_len, uint8_t secret[BASTION_TPM_SECRET],
			 struct bastion_error *err)
{
	TPM2B_ENCRYPTED_SECRET wrapped;
	struct bastion_tpm_ek ek;
	TPM2B_ID_OBJECT object;
	size_t object_end = 0, wrapped_end = 0;
	int rc;

	if (Tss2_MU_TPM2B_ID_OBJECT_Unmarshal(credential, credential_len, &object_end, &object) ||
	    Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal(seed, seed_len, &wrapped_end, &wrapped) ||
	    object_end != credential_len || wrapped_end != seed_len)
		return bastion_error_set(err, BASTION_OP_TPM, EBADMSG,
					 "the verifier's message has no credential that a TPM takes");
	rc = bastion_tpm_ek_get(tpm, &ek, err);
	if (rc)
		return rc;
	rc = activate(tpm, &ek, &object, &wrapped, secret, err);
	bastion_tpm_ek_put(tpm, &ek);
	return rc;
}
