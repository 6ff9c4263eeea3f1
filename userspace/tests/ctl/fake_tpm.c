// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_tctildr.h>

#include "tests/ctl/fake_tpm.h"

#define PER_READ 8	/* values that one command reads */

struct fake_tpm fake_tpm;

TSS2_RC Tss2_TctiLdr_Initialize(const char *name, TSS2_TCTI_CONTEXT **tcti)
{
	if (strcmp(name, "fake"))
		return TSS2_TCTI_RC_IO_ERROR;
	*tcti = (void *)&fake_tpm;
	fake_tpm.opened++;
	return 0;
}

void Tss2_TctiLdr_Finalize(TSS2_TCTI_CONTEXT **tcti)
{
	*tcti = NULL;
	fake_tpm.opened--;
}

TSS2_RC Esys_Initialize(ESYS_CONTEXT **esys, TSS2_TCTI_CONTEXT *tcti, TSS2_ABI_VERSION *abi)
{
	*esys = (void *)&fake_tpm;
	fake_tpm.opened++;
	return 0;
}

void Esys_Finalize(ESYS_CONTEXT **esys)
{
	*esys = NULL;
	fake_tpm.opened--;
}

void Esys_Free(void *memory)
{
	free(memory);
}

static void *copy(const void *data, size_t len)
{
	return memcpy(malloc(len), data, len);
}

TSS2_RC Esys_CreatePrimary(ESYS_CONTEXT *esys, ESYS_TR hierarchy, ESYS_TR s1, ESYS_TR s2,
			   ESYS_TR s3, const TPM2B_SENSITIVE_CREATE *sensitive,
			   const TPM2B_PUBLIC *template, const TPM2B_DATA *data,
			   const TPML_PCR_SELECTION *pcrs, ESYS_TR *key, TPM2B_PUBLIC **public,
			   TPM2B_CREATION_DATA **creation, TPM2B_DIGEST **hash,
			   TPMT_TK_CREATION **ticket)
{
	const TSS2_RC rc = fake_tpm.create[fake_tpm.created++ % 2];

	fake_tpm.template = template->publicArea;
	if (rc)
		return rc;
	fake_tpm.loaded++;
	*key = 0x4711;
	*public = copy(template, sizeof(*template));
	return 0;
}

TSS2_RC Esys_FlushContext(ESYS_CONTEXT *esys, ESYS_TR handle)
{
	fake_tpm.loaded--;
	return 0;
}

/* No handles, and no properties */
TSS2_RC Esys_GetCapability(ESYS_CONTEXT *esys, ESYS_TR s1, ESYS_TR s2, ESYS_TR s3,
			   TPM2_CAP capability, UINT32 property, UINT32 count, TPMI_YES_NO *more,
			   TPMS_CAPABILITY_DATA **data)
{
	TPMS_CAPABILITY_DATA answer = { .capability = capability };

	if (fake_tpm.lie == FAKE_OTHER_CAPABILITY) {
		answer.capability = TPM2_CAP_ECC_CURVES;
		answer.data.eccCurves.count = TPM2_MAX_ECC_CURVES;
	}
	if (more)
		*more = TPM2_NO;
	*data = copy(&answer, sizeof(answer));
	return 0;
}

static TPML_PCR_SELECTION lie_about(TPML_PCR_SELECTION selection)
{
	switch (fake_tpm.lie) {
	case FAKE_NO_VALUES:
		memset(selection.pcrSelections[0].pcrSelect, 0, 4);
		break;
	case FAKE_OTHER_BANK:
		selection.pcrSelections[0].hash = TPM2_ALG_SHA1;
		break;
	case FAKE_OTHER_VALUES:
		selection.pcrSelections[0].pcrSelect[2] |= 0x80;
		break;
	default:
		break;
	}
	return selection;
}

TSS2_RC Esys_PCR_Read(ESYS_CONTEXT *esys, ESYS_TR s1, ESYS_TR s2, ESYS_TR s3,
		      const TPML_PCR_SELECTION *want, UINT32 *counter, TPML_PCR_SELECTION **got,
		      TPML_DIGEST **values)
{
	TPML_PCR_SELECTION selection = *want;
	TPML_DIGEST digests = { 0 };
	BYTE *bytes = selection.pcrSelections[0].pcrSelect;
	int i;

	if (fake_tpm.read)
		return fake_tpm.read;
	for (i = 0; i < FAKE_PCRS; i++) {
		if (!(bytes[i / 8] & 1 << i % 8))
			continue;
		if (digests.count == PER_READ) {
			bytes[i / 8] &= ~(1 << i % 8);
			continue;
		}
		digests.digests[digests.count].size = fake_tpm.lie == FAKE_SHORT_VALUES ? 20 : 32;
		memcpy(digests.digests[digests.count++].buffer, fake_tpm.pcrs[i], 32);
	}
	digests.count -= fake_tpm.lie == FAKE_FEW_VALUES;
	selection = lie_about(selection);
	*got = copy(&selection, sizeof(selection));
	*values = copy(&digests, sizeof(digests));
	return 0;
}

static void extend_ima(void)
{
	fake_tpm.pcrs[10][fake_tpm.quotes % 32]++;
}

/* SHA-384 if the template's key signs with that */
static void digest_pcrs(const TPML_PCR_SELECTION *selection, TPM2B_DIGEST *digest)
{
	const TPMT_PUBLIC *key = &fake_tpm.template;
	const bool longer = key->parameters.eccDetail.scheme.details.ecdsa.hashAlg ==
			    TPM2_ALG_SHA384;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned int i, len;

	EVP_DigestInit_ex(ctx, longer ? EVP_sha384() : EVP_sha256(), NULL);
	for (i = 0; i < FAKE_PCRS; i++)
		if (selection->pcrSelections[0].pcrSelect[i / 8] & 1 << i % 8)
			EVP_DigestUpdate(ctx, fake_tpm.pcrs[i], 32);
	EVP_DigestFinal_ex(ctx, digest->buffer, &len);
	digest->size = len;
	EVP_MD_CTX_free(ctx);
}

TSS2_RC Esys_Quote(ESYS_CONTEXT *esys, ESYS_TR key, ESYS_TR s1, ESYS_TR s2, ESYS_TR s3,
		   const TPM2B_DATA *qualifying, const TPMT_SIG_SCHEME *scheme,
		   const TPML_PCR_SELECTION *selection, TPM2B_ATTEST **quoted,
		   TPMT_SIGNATURE **signature)
{
	TPMS_ATTEST attest = { .magic = TPM2_GENERATED_VALUE, .type = TPM2_ST_ATTEST_QUOTE };
	TPMT_SIGNATURE made = { .sigAlg = TPM2_ALG_ECDSA };
	TPM2B_ATTEST bytes = { 0 };
	const bool moves = fake_tpm.quotes < fake_tpm.moves;
	size_t len = 0;

	if (fake_tpm.quote)
		return fake_tpm.quote;
	if (moves)
		extend_ima();
	fake_tpm.quotes++;
	fake_tpm.qualifying = *qualifying;
	attest.extraData = *qualifying;
	attest.attested.quote.pcrSelect = *selection;
	digest_pcrs(selection, &attest.attested.quote.pcrDigest);
	if (moves)
		extend_ima();
	if (fake_tpm.lie == FAKE_OTHER_PCRS)
		attest.attested.quote.pcrSelect.pcrSelections[0].pcrSelect[0] = 0;
	if (fake_tpm.lie == FAKE_OTHER_TYPE)
		attest.type = TPM2_ST_ATTEST_TIME;
	Tss2_MU_TPMS_ATTEST_Marshal(&attest, bytes.attestationData, sizeof(bytes.attestationData),
				    &len);
	bytes.size = fake_tpm.lie == FAKE_GARBLED ? 40 : len;
	made.signature.ecdsa.hash = TPM2_ALG_SHA384;
	made.signature.ecdsa.signatureR.size = 48;
	made.signature.ecdsa.signatureS.size = 48;
	*quoted = copy(&bytes, sizeof(bytes));
	*signature = copy(&made, sizeof(made));
	return 0;
}
