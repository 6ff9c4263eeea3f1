// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/x509.h>

#include "tpm-quote.h"

/* Who makes the checks of one quote. */
struct judge {
	const struct bv_tpm_evidence *evidence;
	struct bv_tpm_finding *finding;
};

static bool judge_attest(struct judge *judge)
{
	struct bv_error err = { "" };
	int ret = bv_tpm_attest_parse(judge->evidence->attest, &judge->finding->attest, &err);

	return bv_finding_check(&judge->finding->found, "attest", ret,
				"a quote, whole and alone, with a TPM's magic", &err,
				"give the attestation as the TPM made it, without a size before it");
}

static bool judge_key(struct judge *judge)
{
	struct bv_tpm_finding *finding = judge->finding;
	struct bv_error err = { "" };
	bool pem = bv_tpm_is_pem(judge->evidence->key);

	if (pem)
		finding->key = bv_tpm_pem_key(judge->evidence->key, &err);
	else if (!bv_tpm_public_parse(judge->evidence->key, &finding->public, &err))
		finding->key = bv_tpm_public_key(&finding->public, &err);
	finding->parsed = !pem && finding->key;
	return bv_finding_check(&judge->finding->found, "key", finding->key ? 0 : -EBADMSG,
				"a public key: RSA of 2048 to 4096 bits, P-256 or P-384", &err,
				"give the key in PEM, or as the TPM's public area (tpm2_readpublic -f tss)");
}

static bool judge_attributes(struct judge *judge)
{
	struct bv_error err = { "" };

	if (!judge->finding->parsed) {
		bv_finding_skip(&judge->finding->found, "attributes");
		return true;
	}
	return bv_finding_check(&judge->finding->found, "attributes",
				bv_tpm_public_attests(&judge->finding->public, &err),
				"restricted, sign, fixedTPM, fixedParent, sensitiveDataOrigin, not decrypt",
				&err,
				"quote with an attestation key; others sign what anybody asks for");
}

/* A restricted key signs with one scheme (part 2, 12.2.3.5 and 12.2.3.6). */
static int check_scheme(const struct bv_tpm_finding *finding, struct bv_error *err)
{
	const struct bv_tpm_public *public = &finding->public;
	const struct bv_tpm_signature *signature = &finding->signature;

	if (!finding->parsed || (public->scheme == signature->scheme &&
				 public->scheme_hash == bv_bank_tcg(signature->hash)))
		return 0;
	return bv_fail(err, "the signature is %s with %s, which is not the scheme of the key",
		       bv_tpm_scheme_name(signature->scheme), bv_bank_name(signature->hash));
}

static bool judge_signature(struct judge *judge)
{
	struct bv_tpm_finding *finding = judge->finding;
	struct bv_error err = { "" };
	int ret = bv_tpm_signature_parse(judge->evidence->signature, &finding->signature, &err);

	if (!ret)
		ret = check_scheme(finding, &err);
	if (!ret)
		ret = bv_tpm_signature_verify(&finding->signature, finding->key,
					      judge->evidence->attest, &err);
	finding->signed_by = !ret;
	return bv_finding_check(&judge->finding->found, "signature", ret,
				"the key's, over this attestation", &err,
				"attestation, signature and key must be of one quote; see that none was damaged");
}

static int check_qualifying(struct bv_span seen, struct bv_span wanted, struct bv_error *err)
{
	if (!seen.len)
		return bv_fail(err, "the quote's qualifying data is empty: it may be of any age");
	if (!wanted.data || (seen.len == wanted.len &&
			     !CRYPTO_memcmp(seen.data, wanted.data, seen.len)))
		return 0;
	return bv_fail(err, "the quote was made for other qualifying data");
}

static bool judge_qualifying(struct judge *judge)
{
	const struct bv_span wanted = judge->evidence->qualifying;
	struct bv_error err = { "" };
	int ret = check_qualifying(judge->finding->attest.qualifying, wanted, &err);

	if (!ret && !wanted.data) {
		bv_finding_skip(&judge->finding->found, "qualifying-data");
		return true;
	}
	return bv_finding_check(&judge->finding->found, "qualifying-data", ret,
				"what the quote was asked for", &err,
				"ask for a quote with fresh qualifying data, and compare with that");
}

static bool judge_registers(struct judge *judge)
{
	struct bv_tpm_finding *finding = judge->finding;
	const struct bv_tpm_attest *attest = &finding->attest;
	struct bv_error err = { "" };
	struct bv_expected values;
	int ret;

	if (!judge->evidence->values.data) {
		bv_finding_skip(&judge->finding->found, "registers");
		return true;
	}
	ret = bv_tpm_pcrs_read(judge->evidence->values, &attest->selection, &values, &err);
	if (!ret)
		ret = bv_tpm_pcrs_cover(&values, attest, finding->signature.hash,
					&finding->registers, finding->left, &err);
	return bv_finding_check(&judge->finding->found, "registers", ret,
				"values of the registers that the quote covers, with its digest",
				&err,
				"read these registers, and no more, together with the quote (tpm2_quote -o)");
}

int bv_tpm_quote_judge(const struct bv_tpm_evidence *evidence, struct bv_tpm_finding *finding)
{
	static bool (*const steps[])(struct judge *judge) = {
		judge_attest, judge_key, judge_attributes, judge_signature, judge_qualifying,
		judge_registers,
	};
	struct judge judge = { evidence, finding };
	bool ok = true;

	memset(finding, 0, sizeof(*finding));
	if (bv_finding_init(&finding->found))
		return -ENOMEM;
	for (size_t i = 0; ok && i < sizeof(steps) / sizeof(*steps); i++)
		ok = steps[i](&judge);
	if (!ok)
		memset(&finding->registers, 0, sizeof(finding->registers));
	return bv_finding_close(&finding->found, ok);
}

void bv_tpm_finding_exit(struct bv_tpm_finding *finding)
{
	bv_finding_exit(&finding->found);
	EVP_PKEY_free(finding->key);
	memset(finding, 0, sizeof(*finding));
}

static json_t *hex_json(struct bv_span bytes)
{
	char hex[2 * BV_TPM_ATTEST_MAX + 1];

	bv_hex(hex, sizeof(hex), bytes.data, bytes.len);
	return json_string(hex);
}

static json_t *restricted_json(const struct bv_tpm_finding *finding)
{
	if (!finding->parsed)
		return json_string("unknown");
	return json_boolean(finding->public.attributes & BV_TPM_RESTRICTED);
}

static json_t *key_digest_json(EVP_PKEY *key)
{
	uint8_t digest[BASTION_DIGEST_SIZE], *der = NULL;
	int len = i2d_PUBKEY(key, &der);
	json_t *json = NULL;

	if (len > 0 && !bv_sha384(digest, &(struct bv_span){ der, len }, 1))
		json = hex_json(BV_SPAN(digest));
	OPENSSL_free(der);
	return json;
}

/* Whose signature it is; what is in the attestation, only when it is. */
static json_t *signer_json(const struct bv_tpm_finding *finding)
{
	uint8_t name[BV_TPM_NAME_MAX];
	json_t *json;
	size_t len;

	if (!finding->key)
		return json_null();
	json = json_pack("{s:s, s:i, s:o, s:o}", "algorithm",
			 EVP_PKEY_is_a(finding->key, "RSA") ? "rsa" : "ecc", "bits",
			 EVP_PKEY_get_bits(finding->key), "digest", key_digest_json(finding->key),
			 "restricted", restricted_json(finding));
	if (json && finding->parsed && !bv_tpm_public_name(&finding->public, name, &len))
		json_object_set_new(json, "name", hex_json((struct bv_span){ name, len }));
	if (!json || !finding->signed_by)
		return json;
	json_object_set_new(json, "qualified_name", hex_json(finding->attest.signer));
	json_object_set_new(json, "scheme",
			    json_string(bv_tpm_scheme_name(finding->signature.scheme)));
	json_object_set_new(json, "hash", json_string(bv_bank_name(finding->signature.hash)));
	return json;
}

static json_t *registers_json(const struct bv_expected *registers)
{
	json_t *json = json_object();

	for (int bank = 0; bank < BV_BANKS; bank++)
		if (registers->given[bank])
			json_object_set_new(json, bv_bank_name(bank),
					    bv_pcrs_bank_json(bank, registers->given[bank],
							      registers->value[bank]));
	return json;
}

static void add_attest(json_t *json, const struct bv_tpm_attest *attest)
{
	uint32_t covered[BV_BANKS] = { 0 };

	for (size_t i = 0; i < attest->selection.count; i++)
		covered[attest->selection.banks[i].bank] = attest->selection.banks[i].mask;
	json_object_set_new(json, "covered", bv_pcrs_names_json(covered));
	json_object_set_new(json, "qualifying_data", hex_json(attest->qualifying));
	json_object_set_new(json, "firmware_version",
			    json_sprintf("%016llx", (unsigned long long)attest->firmware));
	json_object_set_new(json, "clock", json_pack("{s:I, s:I, s:I, s:b}", "clock",
						     (json_int_t)attest->clock, "reset_count",
						     (json_int_t)attest->reset_count,
						     "restart_count",
						     (json_int_t)attest->restart_count, "safe",
						     attest->safe));
}

json_t *bv_tpm_finding_json(const struct bv_tpm_finding *finding)
{
	json_t *json = bv_finding_json(&finding->found);

	if (!json)
		return NULL;
	json_object_set_new(json, "signer", signer_json(finding));
	json_object_set_new(json, "registers", registers_json(&finding->registers));
	json_object_set_new(json, "not_covered", bv_pcrs_names_json(finding->left));
	if (finding->signed_by)
		add_attest(json, &finding->attest);
	return json;
}
