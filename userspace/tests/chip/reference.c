// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>

#include <cmocka.h>

#include "tests/chip/reference.h"

void reference_hkdf(const uint8_t seed[48], const uint8_t salt[BASTION_SALT_SIZE],
		    const char *purpose, const void *tail, size_t tail_len, uint8_t *out,
		    size_t len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	size_t purpose_len = strlen(purpose) + 1;
	uint8_t info[1024];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, "SHA384", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)seed, 48),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt,
						  BASTION_SALT_SIZE),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info,
						  purpose_len + tail_len),
		OSSL_PARAM_construct_end(),
	};

	assert_true(purpose_len + tail_len <= sizeof(info));
	memcpy(info, purpose, purpose_len);
	if (tail_len)
		memcpy(info + purpose_len, tail, tail_len);
	assert_int_equal(EVP_KDF_derive(ctx, out, len, params), 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

bool reference_open(const uint8_t seed[48], const uint8_t *blob, size_t blob_len, size_t len,
		    uint8_t *secret)
{
	const uint8_t *salt = blob + offsetof(struct bastion_blob_header, salt);
	size_t clear = blob_len - BASTION_TAG_SIZE - len;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t material[44];
	bool good;
	int got;

	reference_hkdf(seed, salt, "bastion seal v1", NULL, 0, material, sizeof(material));
	assert_int_equal(EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, material, material + 32),
			 1);
	assert_int_equal(EVP_DecryptUpdate(ctx, NULL, &got, blob, clear), 1);
	assert_int_equal(EVP_DecryptUpdate(ctx, secret, &got, blob + clear, len), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, BASTION_TAG_SIZE,
					     (void *)(blob + clear + len)), 1);
	good = EVP_DecryptFinal_ex(ctx, secret + len, &got) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return good;
}

void reference_point(const uint8_t scalar[BASTION_SCALAR_SIZE], uint8_t point[BASTION_POINT_SIZE])
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_secp384r1);
	BIGNUM *number = BN_bin2bn(scalar, BASTION_SCALAR_SIZE, NULL);
	EC_POINT *public = EC_POINT_new(group);

	assert_int_equal(EC_POINT_mul(group, public, number, NULL, NULL, NULL), 1);
	assert_int_equal(EC_POINT_point2oct(group, public, POINT_CONVERSION_UNCOMPRESSED, point,
					    BASTION_POINT_SIZE, NULL), BASTION_POINT_SIZE);
	EC_POINT_free(public);
	BN_clear_free(number);
	EC_GROUP_free(group);
}

static EVP_PKEY *public_key(const uint8_t point[BASTION_POINT_SIZE])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, "P-384", 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point,
						  BASTION_POINT_SIZE),
		OSSL_PARAM_construct_end(),
	};

	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

bool reference_verify(const uint8_t point[BASTION_POINT_SIZE], const uint8_t *digest, size_t len,
		      const uint8_t signature[BASTION_SIGNATURE_SIZE])
{
	const size_t half = BASTION_SIGNATURE_SIZE / 2;
	ECDSA_SIG *number = ECDSA_SIG_new();
	EVP_PKEY *key = public_key(point);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	uint8_t *der = NULL;
	bool good;
	int size;

	assert_int_equal(ECDSA_SIG_set0(number, BN_bin2bn(signature, half, NULL),
					BN_bin2bn(signature + half, half, NULL)), 1);
	size = i2d_ECDSA_SIG(number, &der);
	assert_true(size > 0);
	assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
	good = EVP_PKEY_verify(ctx, der, size, digest, len) == 1;
	OPENSSL_free(der);
	ECDSA_SIG_free(number);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return good;
}
