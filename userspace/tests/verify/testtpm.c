// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "testtpm.h"

void tt_put(struct tt_bytes *bytes, const void *data, size_t len)
{
	assert_true(bytes->len + len <= sizeof(bytes->data));
	if (len)
		memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
}

void tt_put_be(struct tt_bytes *bytes, uint64_t value, size_t size)
{
	while (size--)
		tt_put(bytes, &(uint8_t){ value >> (8 * size) }, 1);
}

void tt_put_2b(struct tt_bytes *bytes, const void *data, size_t len)
{
	tt_put_be(bytes, len, 2);
	tt_put(bytes, data, len);
}

static void put_le(struct tt_bytes *bytes, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		tt_put(bytes, &(uint8_t){ value >> (8 * i) }, 1);
}

struct bv_span tt_span(const struct tt_bytes *bytes)
{
	return (struct bv_span){ bytes->data, bytes->len };
}

struct bv_tpm_evidence tt_evidence(const struct tt_tpm *tpm)
{
	return (struct bv_tpm_evidence){
		.attest = tt_span(&tpm->attest),
		.signature = tt_span(&tpm->signature),
		.key = tt_span(&tpm->public2b),
		.qualifying = { tpm->nonce, tpm->nonce_len },
		.values = tt_span(&tpm->file),
	};
}

/* For each selected register, in order. */
static void each_selected(const struct tt_tpm *tpm,
			  void (*call)(void *to, const uint8_t *value, size_t size), void *to)
{
	for (size_t i = 0; i < tpm->selection.count; i++) {
		const enum bv_bank bank = tpm->selection.banks[i].bank;

		for (int n = 0; n < BV_PCR_COUNT; n++)
			if (tpm->selection.banks[i].mask & (1u << n))
				call(to, tpm->values.value[bank][n], bv_bank_size(bank));
	}
}

static void hash_value(void *to, const uint8_t *value, size_t size)
{
	assert_int_equal(EVP_DigestUpdate(to, value, size), 1);
}

/* Of the key that signs: its public area is there */
static void put_qualified_name(struct tt_tpm *tpm)
{
	struct tt_bytes name = { .len = 0 }, signer = { .len = 0 };
	uint8_t digest[32];

	assert_true(EVP_Digest(tpm->public.data, tpm->public.len, digest, NULL, EVP_sha256(), NULL));
	tt_put_be(&name, tpm->hierarchy, 4);
	tt_put_be(&name, bv_bank_tcg(BV_BANK_SHA256), 2);
	tt_put(&name, digest, sizeof(digest));
	assert_true(EVP_Digest(name.data, name.len, digest, NULL, EVP_sha256(), NULL));
	tt_put_be(&signer, bv_bank_tcg(BV_BANK_SHA256), 2);
	tt_put(&signer, digest, sizeof(digest));
	tt_put_2b(&tpm->attest, signer.data, signer.len);
}

static void make_attest(struct tt_tpm *tpm)
{
	struct tt_bytes *attest = &tpm->attest;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned int len;

	attest->len = 0;
	tt_put_be(attest, tpm->magic, 4);
	tt_put_be(attest, tpm->type, 2);
	put_qualified_name(tpm);
	tt_put_2b(attest, tpm->nonce, tpm->nonce_len);
	tt_put_be(attest, 123456, 8);
	tt_put_be(attest, tpm->resets, 4);
	tt_put_be(attest, 3, 4);
	tt_put_be(attest, tpm->safe, 1);
	tt_put_be(attest, tpm->firmware, 8);
	tt_put_be(attest, tpm->selection.count, 4);
	for (size_t i = 0; i < tpm->selection.count; i++) {
		tt_put_be(attest, bv_bank_tcg(tpm->selection.banks[i].bank), 2);
		tt_put_be(attest, 3, 1);
		put_le(attest, tpm->selection.banks[i].mask, 3);
	}
	assert_int_equal(EVP_DigestInit(ctx, EVP_get_digestbyname(bv_bank_name(tpm->hash))), 1);
	each_selected(tpm, hash_value, ctx);
	assert_int_equal(EVP_DigestFinal(ctx, digest, &len), 1);
	EVP_MD_CTX_free(ctx);
	tt_put_2b(attest, digest, len);
}

static void put_ecdsa(struct tt_bytes *signature, const uint8_t *der, size_t len, int size)
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, len);
	uint8_t half[BV_TPM_ECC_MAX];

	assert_non_null(sig);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), half, size), size);
	tt_put_2b(signature, half, size);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), half, size), size);
	tt_put_2b(signature, half, size);
	ECDSA_SIG_free(sig);
}

void tt_sign(struct tt_tpm *tpm)
{
	struct tt_bytes *signature = &tpm->signature;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *params;
	uint8_t sig[512];
	size_t len = sizeof(sig);

	assert_int_equal(EVP_DigestSignInit_ex(ctx, &params, bv_bank_name(tpm->hash), NULL, NULL,
					       tpm->key, NULL), 1);
	if (tpm->scheme == BV_TPM_ALG_RSAPSS) {
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(params, RSA_PKCS1_PSS_PADDING), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(params, RSA_PSS_SALTLEN_MAX), 1);
	}
	assert_int_equal(EVP_DigestSign(ctx, sig, &len, tpm->attest.data, tpm->attest.len), 1);
	EVP_MD_CTX_free(ctx);
	signature->len = 0;
	tt_put_be(signature, tpm->scheme, 2);
	tt_put_be(signature, bv_bank_tcg(tpm->hash), 2);
	if (tpm->scheme == BV_TPM_ALG_ECDSA)
		put_ecdsa(signature, sig, len, tpm->curve == 3 ? 32 : 48);
	else
		tt_put_2b(signature, sig, len);
}

void tt_put_number(struct tt_bytes *bytes, EVP_PKEY *key, const char *name, int size)
{
	uint8_t value[BV_TPM_RSA_MAX];
	BIGNUM *bn = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(key, name, &bn), 1);
	assert_int_equal(BN_bn2binpad(bn, value, size), size);
	BN_free(bn);
	tt_put_2b(bytes, value, size);
}

static void make_public(struct tt_tpm *tpm)
{
	struct tt_bytes *public = &tpm->public;
	int size = tpm->curve == 3 ? 32 : 48;

	public->len = 0;
	tt_put_be(public, tpm->curve ? BV_TPM_ALG_ECC : BV_TPM_ALG_RSA, 2);
	tt_put_be(public, bv_bank_tcg(BV_BANK_SHA256), 2);
	tt_put_be(public, tpm->attributes, 4);
	tt_put_2b(public, "", 0);
	tt_put_be(public, BV_TPM_ALG_NULL, 2);
	tt_put_be(public, tpm->key_scheme, 2);
	if (tpm->key_scheme != BV_TPM_ALG_NULL)
		tt_put_be(public, bv_bank_tcg(tpm->hash), 2);
	if (tpm->curve) {
		tt_put_be(public, tpm->curve, 2);
		tt_put_be(public, BV_TPM_ALG_NULL, 2);
		tt_put_number(public, tpm->key, OSSL_PKEY_PARAM_EC_PUB_X, size);
		tt_put_number(public, tpm->key, OSSL_PKEY_PARAM_EC_PUB_Y, size);
	} else {
		tt_put_be(public, EVP_PKEY_get_bits(tpm->key), 2);
		tt_put_be(public, 0, 4);
		tt_put_number(public, tpm->key, OSSL_PKEY_PARAM_RSA_N, EVP_PKEY_get_bits(tpm->key) / 8);
	}
	tpm->public2b.len = 0;
	tt_put_2b(&tpm->public2b, public->data, public->len);
}

static void make_pem(struct tt_tpm *tpm)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	assert_int_equal(PEM_write_bio_PUBKEY(bio, tpm->key), 1);
	len = BIO_get_mem_data(bio, &text);
	tpm->pem.len = 0;
	tt_put(&tpm->pem, text, len);
	BIO_free(bio);
}

/* Lists of eight digests, as tpm2-tools has them in memory. */
static void put_digest(void *to, const uint8_t *value, size_t size)
{
	struct tt_bytes *lists = to;
	static const uint8_t zeros[532];
	size_t last;

	if (!lists->len || lists->data[(lists->len - 1) / 532 * 532] == 8)
		tt_put(lists, zeros, sizeof(zeros));
	last = (lists->len - 1) / 532 * 532;
	lists->data[last + 4 + 66 * lists->data[last]] = size;
	memcpy(lists->data + last + 4 + 66 * lists->data[last] + 2, value, size);
	lists->data[last]++;
}

static void make_file(struct tt_tpm *tpm)
{
	struct tt_bytes lists = { .len = 0 };

	tpm->file.len = 0;
	put_le(&tpm->file, tpm->selection.count, 4);
	for (size_t i = 0; i < 16; i++) {
		bool used = i < tpm->selection.count;

		put_le(&tpm->file, used ? bv_bank_tcg(tpm->selection.banks[i].bank) : 0, 2);
		put_le(&tpm->file, used ? 3 : 0, 1);
		put_le(&tpm->file, used ? tpm->selection.banks[i].mask : 0, 5);
	}
	each_selected(tpm, put_digest, &lists);
	put_le(&tpm->file, lists.len / 532, 4);
	tt_put(&tpm->file, lists.data, lists.len);
}

void tt_quote(struct tt_tpm *tpm)
{
	make_public(tpm);
	make_attest(tpm);
	tt_sign(tpm);
	make_pem(tpm);
	make_file(tpm);
}

struct tt_tpm *tt_new(uint16_t scheme, enum bv_bank hash, uint16_t curve)
{
	struct tt_tpm *tpm = calloc(1, sizeof(*tpm));

	assert_non_null(tpm);
	tpm->scheme = scheme;
	tpm->hash = hash;
	tpm->curve = curve;
	tpm->magic = 0xff544347;
	tpm->type = 0x8018;
	tpm->resets = 7;
	tpm->safe = 1;
	tpm->firmware = 0x1122334455667788;
	tpm->nonce_len = 20;
	memset(tpm->nonce, 0xa5, tpm->nonce_len);
	tpm->attributes = TT_AK_ATTRIBUTES;
	tpm->key_scheme = scheme;
	tpm->hierarchy = 0x4000000b;
	/* More than eight registers in all, and not in the order of banks. */
	tpm->selection = (struct bv_tpm_selection){ 2, { { BV_BANK_SHA384, 0x800013 },
							 { BV_BANK_SHA256, 0x0000ff } } };
	for (int bank = 0; bank < BV_BANKS; bank++)
		for (int i = 0; i < BV_PCR_COUNT; i++)
			memset(tpm->values.value[bank][i], 16 * bank + i + 1, bv_bank_size(bank));
	tpm->key = curve ? EVP_EC_gen(curve == 3 ? "P-256" : "P-384") : EVP_RSA_gen(2048);
	assert_non_null(tpm->key);
	tt_quote(tpm);
	return tpm;
}

void tt_free(struct tt_tpm *tpm)
{
	EVP_PKEY_free(tpm->key);
	free(tpm);
}
