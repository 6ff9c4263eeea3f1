// SPDX-License-Identifier: GPL-2.0
/*
 * Quotes of TPMs: the first byte says which parser, or all of them with nothing but
 * signatures in the way, or what comes after they were found to be good.
 */
#include <stdlib.h>
#include <string.h>

#include "libbastion-verify/appraise.h"
#include "libbastion-verify/tpm-quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_attest(struct bv_span bytes)
{
	struct bv_tpm_attest attest;
	uint32_t seen = 0;

	if (bv_tpm_attest_parse(bytes, &attest, NULL))
		return;
	if (bytes.len < 6 || memcmp(bytes.data, "\xff\x54\x43\x47\x80\x18", 6))
		abort();
	for (size_t i = 0; i < attest.selection.count; i++) {
		if (seen & (1u << attest.selection.banks[i].bank) ||
		    attest.selection.banks[i].mask >> BV_PCR_COUNT)
			abort();
		seen |= 1u << attest.selection.banks[i].bank;
	}
}

static void fuzz_public(struct bv_span bytes)
{
	struct bv_tpm_public public;
	uint8_t name[BV_TPM_NAME_MAX];
	size_t len;

	if (bv_tpm_is_pem(bytes)) {
		EVP_PKEY_free(bv_tpm_pem_key(bytes, NULL));
		return;
	}
	if (bv_tpm_public_parse(bytes, &public, NULL))
		return;
	bv_tpm_public_attests(&public, NULL);
	if (bv_tpm_public_name(&public, name, &len) || len > sizeof(name))
		abort();
	EVP_PKEY_free(bv_tpm_public_key(&public, NULL));
}

static void fuzz_values(struct bv_span bytes)
{
	const struct bv_tpm_selection selection = {
		2, { { BV_BANK_SHA256, 0x3 }, { BV_BANK_SHA1, 0x800000 } },
	};
	struct bv_expected values, covered;
	uint32_t left[BV_BANKS];

	if (bv_tpm_pcrs_read(bytes, &selection, &values, NULL) ||
	    bv_tpm_pcrs_select(&values, &selection, &covered, left, NULL))
		return;
	for (int bank = 0; bank < BV_BANKS; bank++) {
		uint32_t wanted = bank == BV_BANK_SHA256 ? 0x3 : bank == BV_BANK_SHA1 ? 0x800000 : 0;

		if (covered.given[bank] != wanted || (values.given[bank] & ~wanted) != left[bank])
			abort();
		for (int i = 0; i < BV_PCR_COUNT; i++)
			if (!(wanted & (1u << i)) &&
			    !bv_is_zero(covered.value[bank][i], BV_PCR_DIGEST_MAX))
				abort();
	}
}

/* Three lengths, then attestation, signature, key and values: nobody has signed this. */
static void fuzz_all(struct bv_span bytes)
{
	struct bv_tpm_evidence evidence = { 0 };
	struct bv_span *const parts[] = { &evidence.attest, &evidence.signature, &evidence.key };
	struct bv_tpm_finding finding;
	json_t *json;

	for (size_t i = 0; i < 3; i++)
		if (!bv_take_tpm2b(&bytes, 4096, parts[i]))
			return;
	evidence.values = bytes;
	if (bv_tpm_quote_judge(&evidence, &finding))
		abort();
	json = bv_tpm_finding_json(&finding);
	if (!json || (finding.found.ok && !finding.signed_by))
		abort();
	json_decref(json);
	bv_tpm_finding_exit(&finding);
}

/* Lengths, then attestation, signature, values and the firmware's log: as if somebody had signed. */
static void fuzz_appraisal(struct bv_span bytes)
{
	static const char text[] = "{\"models\":[\"m\"],\"reference\":{\"tpm\":[{\"name\":\"n\",\"pcrs\":"
		"{\"0\":\"0000000000000000000000000000000000000000000000000000000000000000\"}}]}}";
	struct bv_policy *policy = bv_policy_parse((struct bv_span){ (const uint8_t *)text,
								     sizeof(text) - 1 }, NULL);
	struct bv_evidence evidence = { .tpm = true, .round.pcr = 13 };
	struct bv_span *const parts[] = { &evidence.tpm_attest, &evidence.tpm_signature,
					  &evidence.tpm_registers };
	const struct bv_appraisal in = { .policy = policy };
	struct bv_verdict *verdict = bv_verdict_new();
	const struct bv_tpm_facts *tpm;
	bool whole = policy && verdict;

	for (size_t i = 0; whole && i < 3; i++)
		whole = bv_take_tpm2b(&bytes, 4096, parts[i]);
	if (whole) {
		tpm = &verdict->facts.tpm;
		if (bv_appraise_tpm_registers(&in, &evidence, verdict))
			bv_appraise_tpm_boot(policy, bytes, verdict);
		else if (!bv_is_zero(tpm->pcrs, sizeof(tpm->pcrs)))
			abort();
		/* Those that are not quoted are not there. */
		if (!bv_is_zero(tpm->pcrs[11], 2 * BV_PCR_SIZE) ||
		    !bv_is_zero(tpm->pcrs[14], (BV_PCR_COUNT - 14) * BV_PCR_SIZE))
			abort();
	}
	bv_verdict_free(verdict);
	bv_policy_free(policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bv_tpm_signature signature;
	struct bv_span bytes = { data + 1, size - 1 };

	if (!size)
		return 0;
	switch (data[0]) {
	case 'a':
		fuzz_attest(bytes);
		break;
	case 's':
		bv_tpm_signature_parse(bytes, &signature, NULL);
		break;
	case 'k':
		fuzz_public(bytes);
		break;
	case 'v':
		fuzz_values(bytes);
		break;
	case 'r':
		fuzz_appraisal(bytes);
		break;
	default:
		fuzz_all(bytes);
	}
	return 0;
}
