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
#include <openssl/rsa.h>

#include "testcredential.h"

#define LABEL	"IDENTITY"

static int coordinate(const struct tk_ek *ek)
{
	return ek->curve == 3 ? 32 : 48;
}

static const char *curve_name(const struct tk_ek *ek)
{
	return ek->curve == 3 ? "P-256" : "P-384";
}

void tk_make_public(struct tk_ek *ek)
{
	struct tt_bytes *public = &ek->public;
	uint8_t policy[BV_PCR_DIGEST_MAX];

	public->len = 0;
	memset(policy, 0x83, sizeof(policy));
	tt_put_be(public, ek->curve ? BV_TPM_ALG_ECC : BV_TPM_ALG_RSA, 2);
	tt_put_be(public, bv_bank_tcg(ek->hash), 2);
	tt_put_be(public, ek->attributes, 4);
	tt_put_2b(public, policy, ek->no_policy ? 0 : bv_bank_size(ek->hash));
	tt_put_be(public, ek->symmetric, 2);
	if (ek->symmetric != BV_TPM_ALG_NULL) {
		tt_put_be(public, ek->symmetric_bits, 2);
		tt_put_be(public, ek->symmetric_mode, 2);
	}
	tt_put_be(public, BV_TPM_ALG_NULL, 2);
	if (ek->curve) {
		tt_put_be(public, ek->curve, 2);
		tt_put_be(public, BV_TPM_ALG_NULL, 2);
		tt_put_number(public, ek->key, OSSL_PKEY_PARAM_EC_PUB_X, coordinate(ek));
		tt_put_number(public, ek->key, OSSL_PKEY_PARAM_EC_PUB_Y, coordinate(ek));
	} else {
		tt_put_be(public, EVP_PKEY_get_bits(ek->key), 2);
		tt_put_be(public, 0, 4);
		tt_put_number(public, ek->key, OSSL_PKEY_PARAM_RSA_N, EVP_PKEY_get_bits(ek->key) / 8);
	}
}

struct tk_ek *tk_new(uint16_t curve, EVP_PKEY *key)
{
	struct tk_ek *ek = calloc(1, sizeof(*ek));

	assert_non_null(ek);
	ek->curve = curve;
	ek->hash = curve == 4 ? BV_BANK_SHA384 : BV_BANK_SHA256;
	ek->attributes = TK_EK_ATTRIBUTES;
	ek->symmetric = BV_TPM_ALG_AES;
	ek->symmetric_bits = curve == 4 ? 256 : 128;
	ek->symmetric_mode = BV_TPM_ALG_CFB;
	ek->key = key ? key : curve ? EVP_EC_gen(curve_name(ek)) : EVP_RSA_gen(2048);
	assert_non_null(ek->key);
	tk_make_public(ek);
	return ek;
}

void tk_free(struct tk_ek *ek)
{
	EVP_PKEY_free(ek->key);
	free(ek);
}

static void hmac(const struct tk_ek *ek, struct bv_span key, struct bv_span data, uint8_t *out)
{
	size_t len;

	assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, bv_bank_name(ek->hash), NULL, key.data, key.len,
				  data.data, data.len, out, BV_PCR_DIGEST_MAX, &len));
}

/* Part 1, 11.4.10.2, one block: nothing that is derived here is longer than a digest. */
static void kdfa(const struct tk_ek *ek, struct bv_span seed, const char *label,
		 struct bv_span context, uint32_t bits, uint8_t out[BV_PCR_DIGEST_MAX])
{
	struct tt_bytes in = { .len = 0 };

	tt_put_be(&in, 1, 4);
	tt_put(&in, label, strlen(label) + 1);
	tt_put(&in, context.data, context.len);
	tt_put_be(&in, bits, 4);
	hmac(ek, seed, tt_span(&in), out);
}

static bool open_rsa(const struct tk_ek *ek, struct bv_span seed, uint8_t *out)
{
	const EVP_MD *md = EVP_get_digestbyname(bv_bank_name(ek->hash));
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(ek->key, NULL);
	uint8_t plain[BV_TPM_RSA_MAX];
	size_t len = sizeof(plain);
	struct bv_span encrypted;
	bool good = bv_take_tpm2b(&seed, BV_TPM_RSA_MAX, &encrypted) && !seed.len;

	assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md), 1);
	assert_int_equal(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_memdup(LABEL, sizeof(LABEL)),
							  sizeof(LABEL)), 1);
	good = good && EVP_PKEY_decrypt(ctx, plain, &len, encrypted.data, encrypted.len) == 1 &&
	       len == bv_bank_size(ek->hash);
	if (good)
		memcpy(out, plain, len);
	EVP_PKEY_CTX_free(ctx);
	return good;
}

static EVP_PKEY *point_key(const struct tk_ek *ek, struct bv_span x, struct bv_span y)
{
	uint8_t point[1 + 2 * BV_TPM_ECC_MAX] = { POINT_CONVERSION_UNCOMPRESSED };
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
						 (char *)curve_name(ek), 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point,
						  1 + x.len + y.len),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY *key = NULL;

	memcpy(point + 1, x.data, x.len);
	memcpy(point + 1 + x.len, y.data, y.len);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, (OSSL_PARAM *)params);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* Part 1, 11.4.10.3 and C.6.1 */
static bool open_ecc(const struct tk_ek *ek, struct bv_span seed, uint8_t *out)
{
	uint8_t z[BV_TPM_ECC_MAX], own[BV_TPM_ECC_MAX];
	size_t size = coordinate(ek), len = sizeof(z);
	struct tt_bytes in = { .len = 0 };
	struct bv_span point, x, y;
	BIGNUM *own_x = NULL;
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *peer;

	if (!bv_take_tpm2b(&seed, 512, &point) || seed.len || !bv_take_tpm2b(&point, size, &x) ||
	    !bv_take_tpm2b(&point, size, &y) || point.len || x.len != size || y.len != size)
		return false;
	peer = point_key(ek, x, y);
	if (!peer)
		return false;
	ctx = EVP_PKEY_CTX_new(ek->key, NULL);
	assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
	assert_int_equal(EVP_PKEY_derive(ctx, z, &len), 1);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	assert_int_equal(EVP_PKEY_get_bn_param(ek->key, OSSL_PKEY_PARAM_EC_PUB_X, &own_x), 1);
	assert_int_equal(BN_bn2binpad(own_x, own, size), size);
	BN_free(own_x);
	tt_put_be(&in, 1, 4);
	tt_put(&in, z, len);
	tt_put(&in, LABEL, sizeof(LABEL));
	tt_put(&in, x.data, size);
	tt_put(&in, own, size);
	return EVP_Q_digest(NULL, bv_bank_name(ek->hash), NULL, in.data, in.len, out, NULL) == 1;
}

static void decrypt(const struct tk_ek *ek, const uint8_t *key, struct bv_span in, uint8_t *out)
{
	static const uint8_t iv[16];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len;

	assert_int_equal(EVP_DecryptInit_ex(ctx, ek->symmetric_bits == 256 ? EVP_aes_256_cfb128() :
					    EVP_aes_128_cfb128(), NULL, key, iv), 1);
	assert_int_equal(EVP_DecryptUpdate(ctx, out, &len, in.data, in.len), 1);
	EVP_CIPHER_CTX_free(ctx);
}

bool tk_activate(const struct tk_ek *ek, struct bv_span name, struct bv_span blob,
		 struct bv_span seed, uint8_t secret[BV_CREDENTIAL_SECRET])
{
	uint8_t seed_bytes[BV_PCR_DIGEST_MAX], key[BV_PCR_DIGEST_MAX], mac[BV_PCR_DIGEST_MAX];
	uint8_t plain[2 + BV_CREDENTIAL_SECRET];
	const size_t size = bv_bank_size(ek->hash);
	struct bv_span object, sent, secret_seed = { seed_bytes, size };
	struct tt_bytes covered = { .len = 0 };

	if (!bv_take_tpm2b(&blob, 512, &object) || blob.len || !bv_take_tpm2b(&object, 64, &sent) ||
	    sent.len != size || object.len != sizeof(plain) ||
	    !(ek->curve ? open_ecc(ek, seed, seed_bytes) : open_rsa(ek, seed, seed_bytes)))
		return false;
	kdfa(ek, secret_seed, "INTEGRITY", (struct bv_span){ 0 }, 8 * size, key);
	tt_put(&covered, object.data, object.len);
	tt_put(&covered, name.data, name.len);
	hmac(ek, (struct bv_span){ key, size }, tt_span(&covered), mac);
	if (memcmp(mac, sent.data, size))
		return false;
	kdfa(ek, secret_seed, "STORAGE", name, ek->symmetric_bits, key);
	decrypt(ek, key, object, plain);
	if (plain[0] || plain[1] != BV_CREDENTIAL_SECRET)
		return false;
	memcpy(secret, plain + 2, BV_CREDENTIAL_SECRET);
	return true;
}
