// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_tctildr.h>

#include "libbastion/tpm_internal.h"

#define NODE "/dev/tpmrm"

/* How often values and quote may fail to belong together, each time for another reason. */
#define TRIES 32

/* The way to the TPM: what was asked for, or the kernel's resource manager. */
static int open_tcti(struct bastion_tpm *tpm, const char *tcti, uint32_t number,
		     struct bastion_error *err)
{
	char name[64], node[32];
	TSS2_RC rc;

	if (!tcti) {
		snprintf(node, sizeof(node), NODE "%u", number);
		if (access(node, R_OK | W_OK) < 0)
			return bastion_error_set(err, BASTION_OP_TPM, errno, "cannot open %s",
						 node);
		snprintf(name, sizeof(name), "device:%s", node);
		tcti = name;
	}
	rc = Tss2_TctiLdr_Initialize(tcti, &tpm->tcti);
	if (!rc)
		return 0;
	tpm->tcti = NULL;
	return bastion_error_set(err, BASTION_OP_TPM, bastion_tpm_errno(rc),
				 "cannot reach a TPM by %.200s", tcti);
}

int bastion_tpm_open(const char *tcti, uint32_t number, struct bastion_tpm **out,
		     struct bastion_error *err)
{
	struct bastion_tpm *tpm = calloc(1, sizeof(*tpm));
	TSS2_RC code;
	int rc;

	if (!tpm)
		return bastion_error_set(err, BASTION_OP_TPM, ENOMEM, "cannot open the TPM");
	tpm->key = ESYS_TR_NONE;
	rc = open_tcti(tpm, tcti, number, err);
	if (rc)
		goto fail;
	code = Esys_Initialize(&tpm->esys, tpm->tcti, NULL);
	if (code) {
		tpm->esys = NULL;
		rc = bastion_tpm_fail(err, code, "open the TPM");
		goto fail;
	}
	rc = bastion_tpm_key(tpm, err);
	if (rc)
		goto fail;
	*out = tpm;
	return 0;
fail:
	bastion_tpm_close(tpm);
	return rc;
}

void bastion_tpm_close(struct bastion_tpm *tpm)
{
	if (!tpm)
		return;
	if (tpm->key != ESYS_TR_NONE)
		Esys_FlushContext(tpm->esys, tpm->key);
	if (tpm->esys)
		Esys_Finalize(&tpm->esys);
	if (tpm->tcti)
		Tss2_TctiLdr_Finalize(&tpm->tcti);
	free(tpm);
}

static TPML_PCR_SELECTION select_pcrs(uint32_t mask)
{
	TPML_PCR_SELECTION selection = {
		.count = 1,
		.pcrSelections = { {
			.hash = TPM2_ALG_SHA256,
			.sizeofSelect = BASTION_TPM_PCRS / 8,
			.pcrSelect = { mask, mask >> 8, mask >> 16 },
		} },
	};

	return selection;
}

/* What a selection selects of the SHA-256 bank; 0 if it selects of others, too. */
static uint32_t selected(const TPML_PCR_SELECTION *selection)
{
	const TPMS_PCR_SELECTION *bank = &selection->pcrSelections[0];
	uint32_t mask = 0;
	unsigned int i;

	if (selection->count != 1 || bank->hash != TPM2_ALG_SHA256 ||
	    bank->sizeofSelect > BASTION_TPM_PCRS / 8)
		return 0;
	for (i = 0; i < bank->sizeofSelect; i++)
		mask |= (uint32_t)bank->pcrSelect[i] << 8 * i;
	return mask;
}

/* Takes the values of an answer: those of @got, in ascending order. */
static int take_values(const TPML_DIGEST *digests, uint32_t got,
		       uint8_t (*values)[BASTION_TPM_PCR_SIZE])
{
	unsigned int i, n = 0;

	for (i = 0; i < BASTION_TPM_PCRS; i++) {
		if (!(got & 1u << i))
			continue;
		if (n == digests->count || digests->digests[n].size != BASTION_TPM_PCR_SIZE)
			return -EIO;
		memcpy(values[i], digests->digests[n++].buffer, BASTION_TPM_PCR_SIZE);
	}
	return n == digests->count ? 0 : -EIO;
}

/* One command answers with as many values as the TPM likes, of the lowest numbers. */
static int read_values(struct bastion_tpm *tpm, uint32_t mask,
		       uint8_t (*values)[BASTION_TPM_PCR_SIZE], struct bastion_error *err)
{
	while (mask) {
		TPML_PCR_SELECTION want = select_pcrs(mask), *selection;
		TPML_DIGEST *digests;
		uint32_t got;
		TSS2_RC rc;
		int bad;

		rc = Esys_PCR_Read(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &want,
				   NULL, &selection, &digests);
		if (rc)
			return bastion_tpm_fail(err, rc, "read the TPM's PCRs");
		got = selected(selection);
		bad = !got || got & ~mask ? -EIO : take_values(digests, got, values);
		Esys_Free(selection);
		Esys_Free(digests);
		if (bad)
			return bastion_error_set(err, BASTION_OP_TPM, EIO,
						 "the TPM's PCRs are not those that were asked for");
		mask &= ~got;
	}
	return 0;
}

/* Whether @values are those of the quote: the digest of them is in it (part 3, 18.4). */
static bool values_fit(const struct bastion_tpm *tpm, const struct bastion_tpm_quote *quote,
		       const TPM2B_DIGEST *digest)
{
	const EVP_MD *md = tpm->hash == TPM2_ALG_SHA384 ? EVP_sha384() : EVP_sha256();
	uint8_t values[BASTION_TPM_PCRS * BASTION_TPM_PCR_SIZE], out[EVP_MAX_MD_SIZE];
	unsigned int i, len;
	size_t n = 0;

	for (i = 0; i < BASTION_TPM_PCRS; i++) {
		if (!(quote->pcrs & 1u << i))
			continue;
		memcpy(values + n, quote->values[i], BASTION_TPM_PCR_SIZE);
		n += BASTION_TPM_PCR_SIZE;
	}
	return EVP_Digest(values, n, out, &len, md, NULL) && len == digest->size &&
	       !memcmp(out, digest->buffer, len);
}

/* Keeps what the TPM signed; @digest is that of the PCRs. */
static TSS2_RC keep(const TPM2B_ATTEST *quoted, const TPMT_SIGNATURE *signature,
		    struct bastion_tpm_quote *quote, TPM2B_DIGEST *digest)
{
	TPMS_ATTEST attest;
	size_t len = 0;
	TSS2_RC rc;

	rc = Tss2_MU_TPMS_ATTEST_Unmarshal(quoted->attestationData, quoted->size, &len, &attest);
	if (rc)
		return rc;
	if (quoted->size > sizeof(quote->attest) || attest.type != TPM2_ST_ATTEST_QUOTE ||
	    selected(&attest.attested.quote.pcrSelect) != quote->pcrs)
		return TSS2_ESYS_RC_MALFORMED_RESPONSE;
	*digest = attest.attested.quote.pcrDigest;
	memcpy(quote->attest, quoted->attestationData, quoted->size);
	quote->attest_len = quoted->size;
	len = 0;
	rc = Tss2_MU_TPMT_SIGNATURE_Marshal(signature, quote->signature, sizeof(quote->signature),
					    &len);
	quote->signature_len = len;
	return rc;
}

static int sign(struct bastion_tpm *tpm, const uint8_t qualifying[BASTION_DIGEST_SIZE],
		struct bastion_tpm_quote *quote, TPM2B_DIGEST *digest, struct bastion_error *err)
{
	const TPML_PCR_SELECTION selection = select_pcrs(quote->pcrs);
	const TPMT_SIG_SCHEME scheme = { .scheme = TPM2_ALG_NULL };	/* the key's own */
	TPM2B_DATA data = { .size = BASTION_DIGEST_SIZE };
	TPMT_SIGNATURE *signature;
	TPM2B_ATTEST *quoted;
	TSS2_RC rc;

	memcpy(data.buffer, qualifying, BASTION_DIGEST_SIZE);
	rc = Esys_Quote(tpm->esys, tpm->key, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &data,
			&scheme, &selection, &quoted, &signature);
	if (!rc) {
		rc = keep(quoted, signature, quote, digest);
		Esys_Free(quoted);
		Esys_Free(signature);
	}
	return rc ? bastion_tpm_fail(err, rc, "have the TPM quote") : 0;
}

int bastion_tpm_quote(struct bastion_tpm *tpm, const uint8_t qualifying[BASTION_DIGEST_SIZE],
		      uint32_t pcr, const uint8_t value[BASTION_TPM_PCR_SIZE],
		      struct bastion_tpm_quote *quote, struct bastion_error *err)
{
	TPM2B_DIGEST digest;
	bool fit = false;
	int rc, tries;

	if (pcr >= BASTION_TPM_PCRS)
		return bastion_error_set(err, BASTION_OP_TPM, EIO, "PCR %u makes no sense", pcr);
	memcpy(quote->key, tpm->public, tpm->public_len);
	quote->key_len = tpm->public_len;
	quote->pcrs = BASTION_TPM_PLATFORM_PCRS | 1u << pcr;
	rc = read_values(tpm, quote->pcrs, quote->values, err);
	for (tries = 0; !rc && !fit && tries < TRIES; tries++) {
		rc = sign(tpm, qualifying, quote, &digest, err);
		/* What changed before the TPM signed; or after, and then the next quote may fit. */
		if (!rc && !values_fit(tpm, quote, &digest))
			rc = read_values(tpm, quote->pcrs, quote->values, err);
		fit = !rc && values_fit(tpm, quote, &digest);
	}
	if (rc)
		return rc;
	if (!fit)
		return bastion_error_set(err, BASTION_OP_TPM, EBUSY,
					 "the TPM's PCRs changed before each of %d quotes", TRIES);
	if (memcmp(quote->values[pcr], value, BASTION_TPM_PCR_SIZE))
		return bastion_error_set(err, BASTION_OP_TPM, ESTALE,
					 "PCR %u was extended before the TPM quoted it", pcr);
	return 0;
}
