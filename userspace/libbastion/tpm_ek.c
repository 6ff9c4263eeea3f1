// SPDX-License-Identifier: GPL-2.0
/* The endorsement key that the kernel takes, and its certificates. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libbastion/tpm_internal.h"

/* TCG EK Credential Profile, 2.2.1.4: certificates, and certificates of the authorities above */
#define NV_FIRST	0x01c00000
#define NV_LAST		0x01c0001f
#define NV_CHAIN_FIRST	0x01c00100
#define NV_CHAIN_LAST	0x01c001ff
#define NV_PIECE	512	/* what every TPM gives in one piece */
#define NV_HANDLES	64

#define PARENT (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | \
		TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT)

/* PolicySecret(TPM_RH_ENDORSEMENT) with SHA-256: same profile, B.3.4 (template L-2) */
static const uint8_t policy[32] = {
	0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5,
	0xd7, 0x24, 0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b,
	0x33, 0x14, 0x69, 0xaa
};

static bool no_such_handle(TSS2_RC rc)
{
	return (rc & (TPM2_RC_FMT1 | 0x3f)) == TPM2_RC_HANDLE;
}

/* As the kernel judges it. */
static bool is_endorsement(const TPMT_PUBLIC *public)
{
	const TPMA_OBJECT wanted = PARENT | TPMA_OBJECT_ADMINWITHPOLICY;

	return (public->objectAttributes & wanted) == wanted &&
	       !(public->objectAttributes & TPMA_OBJECT_SIGN_ENCRYPT) && public->authPolicy.size;
}

static TSS2_RC find(struct bastion_tpm *tpm, TPM2_HANDLE handle, struct bastion_tpm_ek *ek)
{
	TPM2B_PUBLIC *public;
	TSS2_RC rc;

	rc = Esys_TR_FromTPMPublic(tpm->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				   &ek->handle);
	if (rc)
		return rc;
	rc = Esys_ReadPublic(tpm->esys, ek->handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
			     &public, NULL, NULL);
	if (!rc && is_endorsement(&public->publicArea))
		ek->public = public;
	else if (!rc)
		Esys_Free(public);
	if (!ek->public)
		Esys_TR_Close(tpm->esys, &ek->handle);
	return rc;
}

static TSS2_RC make(struct bastion_tpm *tpm, struct bastion_tpm_ek *ek)
{
	static const TPM2B_SENSITIVE_CREATE no_password;
	static const TPML_PCR_SELECTION no_pcrs;
	static const TPM2B_DATA no_data;
	TPM2B_PUBLIC template = {
		.publicArea = {
			.type = TPM2_ALG_ECC,
			.nameAlg = TPM2_ALG_SHA256,
			.objectAttributes = PARENT | TPMA_OBJECT_ADMINWITHPOLICY,
			.authPolicy.size = sizeof(policy),
			.parameters.eccDetail = {
				.symmetric = {
					.algorithm = TPM2_ALG_AES,
					.keyBits.aes = 128,
					.mode.aes = TPM2_ALG_CFB,
				},
				.scheme.scheme = TPM2_ALG_NULL,
				.curveID = TPM2_ECC_NIST_P256,
				.kdf.scheme = TPM2_ALG_NULL,
			},
			.unique.ecc = { .x.size = 32, .y.size = 32 },
		},
	};
	TSS2_RC rc;

	memcpy(template.publicArea.authPolicy.buffer, policy, sizeof(policy));
	rc = Esys_CreatePrimary(tpm->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
				ESYS_TR_NONE, &no_password, &template, &no_data, &no_pcrs,
				&ek->handle, &ek->public, NULL, NULL, NULL);
	ek->flush = !rc;
	return rc;
}

int bastion_tpm_ek_get(struct bastion_tpm *tpm, struct bastion_tpm_ek *ek,
		       struct bastion_error *err)
{
	static const TPM2_HANDLE handles[] = { 0x81010001, 0x81010002 };
	TSS2_RC rc;

	memset(ek, 0, sizeof(*ek));
	for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
		rc = find(tpm, handles[i], ek);
		if (ek->public)
			return 0;
		if (rc && !no_such_handle(rc))
			return bastion_tpm_fail(err, rc, "read the TPM's endorsement key");
	}
	rc = make(tpm, ek);
	return rc ? bastion_tpm_fail(err, rc, "make the TPM's endorsement key") : 0;
}

void bastion_tpm_ek_put(struct bastion_tpm *tpm, struct bastion_tpm_ek *ek)
{
	if (!ek->public)
		return;
	Esys_Free(ek->public);
	if (ek->flush)
		Esys_FlushContext(tpm->esys, ek->handle);
	else
		Esys_TR_Close(tpm->esys, &ek->handle);
	memset(ek, 0, sizeof(*ek));
}

/* Who may read an index: whoever knows of it, or the owner; ESYS_TR_NONE if neither. */
static ESYS_TR reader(ESYS_TR index, TPMA_NV attributes)
{
	if (!(attributes & TPMA_NV_WRITTEN))
		return ESYS_TR_NONE;
	if (attributes & TPMA_NV_AUTHREAD)
		return index;
	return attributes & TPMA_NV_OWNERREAD ? ESYS_TR_RH_OWNER : ESYS_TR_NONE;
}

static TSS2_RC read_pieces(struct bastion_tpm *tpm, ESYS_TR index, ESYS_TR auth, uint8_t *to,
			   size_t len)
{
	TPM2B_MAX_NV_BUFFER *piece;
	TSS2_RC rc = 0;

	for (size_t done = 0; !rc && done < len; ) {
		size_t want = len - done < NV_PIECE ? len - done : NV_PIECE;

		rc = Esys_NV_Read(tpm->esys, auth, index, ESYS_TR_PASSWORD, ESYS_TR_NONE,
				  ESYS_TR_NONE, want, done, &piece);
		if (rc)
			break;
		if (piece->size == want)
			memcpy(to + done, piece->buffer, want);
		else
			rc = TSS2_ESYS_RC_MALFORMED_RESPONSE;
		done += want;
		Esys_Free(piece);
	}
	return rc;
}

/* Appends what is at an index, if it may be read and there is room. */
static TSS2_RC read_index(struct bastion_tpm *tpm, TPM2_HANDLE handle, uint8_t *data, size_t *len,
			  size_t max)
{
	TPM2B_NV_PUBLIC *public;
	ESYS_TR index, auth;
	TSS2_RC rc;
	size_t size;

	rc = Esys_TR_FromTPMPublic(tpm->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				   &index);
	if (rc)
		return rc;
	rc = Esys_NV_ReadPublic(tpm->esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public,
				NULL);
	if (!rc) {
		/* What the owner keeps to himself, or has locked, is no use to a verifier. */
		size = public->nvPublic.dataSize;
		auth = reader(index, public->nvPublic.attributes);
		Esys_Free(public);
		if (auth != ESYS_TR_NONE && size <= max - *len) {
			rc = read_pieces(tpm, index, auth, data + *len, size);
			*len += rc ? 0 : size;
			if (rc == TPM2_RC_NV_LOCKED || bastion_tpm_errno(rc) == EKEYREJECTED)
				rc = 0;
		}
	}
	Esys_TR_Close(tpm->esys, &index);
	return rc;
}

/*
 * What is read of NV memory
 * @data: bytes
 * @len:  how many
 * @max:  room
 * @key:  whose certificate is looked for
 */
struct nv {
	uint8_t *data;
	size_t len;
	size_t max;
	const TPMT_PUBLIC *key;
};

/* Calls @each for the NV indices from @first to @last, until it says that it is enough. */
static TSS2_RC each_index(struct bastion_tpm *tpm, TPM2_HANDLE first, TPM2_HANDLE last,
			  TSS2_RC (*each)(struct bastion_tpm *tpm, TPM2_HANDLE handle,
					  struct nv *nv, bool *enough),
			  struct nv *nv)
{
	TPMS_CAPABILITY_DATA *data;
	bool enough = false;
	TPMI_YES_NO more;
	TSS2_RC rc = 0;

	while (!rc && !enough && first <= last) {
		const TPML_HANDLE *list;
		TPM2_HANDLE next = 0;

		rc = Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
					TPM2_CAP_HANDLES, first, NV_HANDLES, &more, &data);
		if (rc)
			return rc;
		/* The library takes any answer: which one it is decides how long the list may be. */
		if (data->capability != TPM2_CAP_HANDLES) {
			Esys_Free(data);
			return TSS2_ESYS_RC_MALFORMED_RESPONSE;
		}
		list = &data->data.handles;
		for (size_t i = 0; !rc && !enough && i < list->count; i++)
			if (list->handle[i] >= first && list->handle[i] <= last)
				rc = each(tpm, list->handle[i], nv, &enough);
		/* A TPM that goes backwards has no more. */
		if (more && list->count)
			next = list->handle[list->count - 1] + 1;
		first = next > first ? next : last + 1;
		Esys_Free(data);
	}
	return rc;
}

/* Is this the certificate of the key? Whether it is a good one is the verifier's to say. */
static bool has_key(const uint8_t *data, size_t len, const TPMT_PUBLIC *public)
{
	uint8_t key[sizeof(public->unique)];
	size_t key_len = 0;

	if (public->type == TPM2_ALG_RSA) {
		key_len = public->unique.rsa.size;
		memcpy(key, public->unique.rsa.buffer, key_len);
	} else if (public->type == TPM2_ALG_ECC) {
		const TPMS_ECC_POINT *point = &public->unique.ecc;

		memcpy(key, point->x.buffer, point->x.size);
		memcpy(key + point->x.size, point->y.buffer, point->y.size);
		key_len = point->x.size + point->y.size;
	}
	return key_len && len && data[0] == 0x30 && memmem(data, len, key, key_len);
}

static TSS2_RC take_certificate(struct bastion_tpm *tpm, TPM2_HANDLE handle,
				struct nv *nv, bool *enough)
{
	TSS2_RC rc;

	nv->len = 0;
	rc = read_index(tpm, handle, nv->data, &nv->len, nv->max);
	*enough = !rc && has_key(nv->data, nv->len, nv->key);
	if (!*enough)
		nv->len = 0;
	return rc;
}

static TSS2_RC take_chain(struct bastion_tpm *tpm, TPM2_HANDLE handle, struct nv *nv,
			  bool *enough)
{
	return read_index(tpm, handle, nv->data, &nv->len, nv->max);
}

static int read_nv(struct bastion_tpm *tpm, bool chain, struct nv *nv,
		   struct bastion_error *err)
{
	TSS2_RC rc;

	nv->data = malloc(nv->max);
	if (!nv->data)
		return bastion_error_set(err, BASTION_OP_TPM, ENOMEM, "cannot read a certificate");
	if (chain)
		rc = each_index(tpm, NV_CHAIN_FIRST, NV_CHAIN_LAST, take_chain, nv);
	else
		rc = each_index(tpm, NV_FIRST, NV_LAST, take_certificate, nv);
	if (!rc && nv->len)
		return 0;
	free(nv->data);
	nv->data = NULL;
	nv->len = 0;
	return rc ? bastion_tpm_fail(err, rc, "read the TPM's certificates") : 0;
}

int bastion_tpm_ek_certificates(struct bastion_tpm *tpm, const struct bastion_tpm_ek *ek,
				struct bastion_tpm_identity *identity, struct bastion_error *err)
{
	struct nv certificate = {
		.max = BASTION_TPM_CERTIFICATE_MAX, .key = &ek->public->publicArea,
	};
	struct nv chain = { .max = BASTION_TPM_CHAIN_MAX };
	int rc;

	rc = read_nv(tpm, false, &certificate, err);
	identity->certificate = certificate.data;
	identity->certificate_len = certificate.len;
	if (!rc)
		rc = read_nv(tpm, true, &chain, err);
	identity->chain = chain.data;
	identity->chain_len = chain.len;
	return rc;
}
