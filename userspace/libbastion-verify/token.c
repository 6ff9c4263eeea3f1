// SPDX-License-Identifier: GPL-2.0
/* Sealed tokens and policy signatures: ECIES as include/bastion/round.h puts it together. */
#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/kdf.h>

#include "crypto.h"
#include "grant.h"

#define SHARED_SIZE	48	/* x coordinate on P-384 */
#define KEY_SIZE	32
#define IV_SIZE		12
#define TAG_SIZE	16
#define TAG_MAX		32	/* of what keys are for, with its NUL */

static int shared_secret(EVP_PKEY *own, EVP_PKEY *peer, uint8_t out[SHARED_SIZE])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
	size_t len = SHARED_SIZE;
	int ret = -EIO;

	if (ctx && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
	    EVP_PKEY_derive(ctx, out, &len) == 1 && len == SHARED_SIZE)
		ret = 0;
	EVP_PKEY_CTX_free(ctx);
	return ret;
}

/* HKDF-SHA384 (RFC 5869) without salt; info is the tag and both points. */
static int derive(const char *tag, const uint8_t shared[SHARED_SIZE],
		  const uint8_t ephemeral[BASTION_POINT_SIZE],
		  const uint8_t boot_key[BASTION_POINT_SIZE], uint8_t out[KEY_SIZE + IV_SIZE])
{
	uint8_t info[TAG_MAX + 2 * BASTION_POINT_SIZE];
	size_t len = strlen(tag) + 1;
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM params[4];
	int ret = -EIO;

	if (len > TAG_MAX)
		goto out;
	memcpy(info, tag, len);
	memcpy(info + len, ephemeral, BASTION_POINT_SIZE);
	memcpy(info + len + BASTION_POINT_SIZE, boot_key, BASTION_POINT_SIZE);
	len += 2 * BASTION_POINT_SIZE;
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA384", 0);
	params[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)shared,
						      SHARED_SIZE);
	params[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, len);
	params[3] = OSSL_PARAM_construct_end();
	if (ctx && EVP_KDF_derive(ctx, out, KEY_SIZE + IV_SIZE, params) == 1)
		ret = 0;
out:
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ret;
}

static int encrypt(const uint8_t keys[KEY_SIZE + IV_SIZE], struct bv_span aad,
		   struct bv_span secret, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len, ret = -EIO;

	if (ctx && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, keys, keys + KEY_SIZE) == 1 &&
	    EVP_EncryptUpdate(ctx, NULL, &len, aad.data, aad.len) == 1 &&
	    EVP_EncryptUpdate(ctx, out, &len, secret.data, secret.len) == 1 &&
	    EVP_EncryptFinal_ex(ctx, out + len, &len) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE,
				out + secret.len) == 1)
		ret = 0;
	EVP_CIPHER_CTX_free(ctx);
	return ret;
}

static int decrypt(const uint8_t keys[KEY_SIZE + IV_SIZE], struct bv_span aad, const uint8_t *in,
		   uint8_t *secret, size_t size)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t tag[TAG_SIZE];
	int len, ret = -EKEYREJECTED;

	memcpy(tag, in + size, TAG_SIZE);
	if (ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, keys, keys + KEY_SIZE) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) == 1 &&
	    EVP_DecryptUpdate(ctx, NULL, &len, aad.data, aad.len) == 1 &&
	    EVP_DecryptUpdate(ctx, secret, &len, in, size) == 1 &&
	    EVP_DecryptFinal_ex(ctx, secret + len, &len) == 1)
		ret = 0;
	if (ret)
		explicit_bzero(secret, size);
	EVP_CIPHER_CTX_free(ctx);
	return ret;
}

static int seal(const char *tag, struct bv_span secret,
		const uint8_t boot_key[BASTION_POINT_SIZE], struct bv_span grant, uint8_t *sealed)
{
	uint8_t shared[SHARED_SIZE], keys[KEY_SIZE + IV_SIZE], aad[BASTION_DIGEST_SIZE];
	EVP_PKEY *peer = bv_key_from_point(boot_key), *own = EVP_EC_gen("P-384");
	int ret = peer ? 0 : -EINVAL;

	if (!ret && (!own || bv_key_point(own, sealed)))
		ret = -EIO;
	if (!ret)
		ret = shared_secret(own, peer, shared);
	if (!ret)
		ret = derive(tag, shared, sealed, boot_key, keys);
	if (!ret)
		ret = bv_sha384(aad, &grant, 1);
	if (!ret)
		ret = encrypt(keys, BV_SPAN(aad), secret, sealed + BASTION_POINT_SIZE);
	explicit_bzero(shared, sizeof(shared));
	explicit_bzero(keys, sizeof(keys));
	EVP_PKEY_free(own);
	EVP_PKEY_free(peer);
	ERR_clear_error();
	return ret;
}

static int unseal(const char *tag, const uint8_t *sealed, EVP_PKEY *boot_key,
		  struct bv_span grant, uint8_t *secret, size_t size)
{
	uint8_t shared[SHARED_SIZE], keys[KEY_SIZE + IV_SIZE], aad[BASTION_DIGEST_SIZE];
	uint8_t own[BASTION_POINT_SIZE];
	EVP_PKEY *peer = bv_key_from_point(sealed);
	int ret = peer && !bv_key_point(boot_key, own) ? 0 : -EINVAL;

	if (!ret)
		ret = shared_secret(boot_key, peer, shared);
	if (!ret)
		ret = derive(tag, shared, sealed, own, keys);
	if (!ret)
		ret = bv_sha384(aad, &grant, 1);
	if (!ret)
		ret = decrypt(keys, BV_SPAN(aad), sealed + BASTION_POINT_SIZE, secret, size);
	explicit_bzero(shared, sizeof(shared));
	explicit_bzero(keys, sizeof(keys));
	EVP_PKEY_free(peer);
	ERR_clear_error();
	return ret;
}

int bv_token_seal(const uint8_t token[BASTION_TOKEN_SIZE],
		  const uint8_t boot_key[BASTION_POINT_SIZE], struct bv_span grant,
		  uint8_t sealed[BASTION_SEALED_TOKEN_SIZE])
{
	const struct bv_span secret = { token, BASTION_TOKEN_SIZE };

	return seal(BASTION_TOKEN_INFO, secret, boot_key, grant, sealed);
}

int bv_token_open(const uint8_t sealed[BASTION_SEALED_TOKEN_SIZE], EVP_PKEY *boot_key,
		  struct bv_span grant, uint8_t token[BASTION_TOKEN_SIZE])
{
	return unseal(BASTION_TOKEN_INFO, sealed, boot_key, grant, token, BASTION_TOKEN_SIZE);
}

int bv_policies_seal(const struct bastion_policy_signature *signatures, size_t count,
		     const uint8_t boot_key[BASTION_POINT_SIZE], struct bv_span grant,
		     uint8_t *sealed)
{
	const struct bv_span bytes = { (const uint8_t *)signatures, count * sizeof(*signatures) };

	return seal(BASTION_POLICIES_INFO, bytes, boot_key, grant, sealed);
}

int bv_policies_open(const uint8_t *sealed, size_t count, EVP_PKEY *boot_key,
		     struct bv_span grant, struct bastion_policy_signature *signatures)
{
	return unseal(BASTION_POLICIES_INFO, sealed, boot_key, grant, (uint8_t *)signatures,
		      count * sizeof(*signatures));
}
