// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "crypto.h"

int bv_hasher_init(struct bv_hasher *hasher, const char *name)
{
	hasher->md = EVP_MD_fetch(NULL, name, NULL);
	hasher->ctx = EVP_MD_CTX_new();
	return hasher->md && hasher->ctx ? 0 : -ENOMEM;
}

void bv_hasher_exit(struct bv_hasher *hasher)
{
	EVP_MD_CTX_free(hasher->ctx);
	EVP_MD_free(hasher->md);
	hasher->ctx = NULL;
	hasher->md = NULL;
}

int bv_hasher_run(struct bv_hasher *hasher, uint8_t *out, const struct bv_span *parts,
		  size_t count)
{
	if (!EVP_DigestInit_ex2(hasher->ctx, hasher->md, NULL))
		return -EIO;
	for (size_t i = 0; i < count; i++)
		if (!EVP_DigestUpdate(hasher->ctx, parts[i].data, parts[i].len))
			return -EIO;
	return EVP_DigestFinal_ex(hasher->ctx, out, NULL) ? 0 : -EIO;
}

int bv_no_passphrase(char *buffer, int size, int writing, void *context)
{
	return -1;
}

int bv_sha384(uint8_t out[BASTION_DIGEST_SIZE], const struct bv_span *parts, size_t count)
{
	struct bv_hasher hasher;
	int ret = bv_hasher_init(&hasher, "SHA384");

	if (!ret)
		ret = bv_hasher_run(&hasher, out, parts, count);
	bv_hasher_exit(&hasher);
	return ret;
}

static void spki(const uint8_t point[BASTION_POINT_SIZE], uint8_t out[BV_SPKI_SIZE])
{
	static const uint8_t prefix[BASTION_SPKI_PREFIX_SIZE] = BASTION_SPKI_PREFIX;

	memcpy(out, prefix, sizeof(prefix));
	memcpy(out + sizeof(prefix), point, BASTION_POINT_SIZE);
}

EVP_PKEY *bv_key_from_point(const uint8_t point[BASTION_POINT_SIZE])
{
	uint8_t der[BV_SPKI_SIZE];
	const uint8_t *at = der;
	EVP_PKEY *key;

	/* d2i would take a compressed or hybrid point of the same length, too. */
	if (point[0] != 0x04)
		return NULL;
	spki(point, der);
	key = d2i_PUBKEY(NULL, &at, sizeof(der));
	if (!key)
		ERR_clear_error();
	return key;
}

int bv_key_point(EVP_PKEY *key, uint8_t point[BASTION_POINT_SIZE])
{
	static const uint8_t prefix[BASTION_SPKI_PREFIX_SIZE] = BASTION_SPKI_PREFIX;
	uint8_t *der = NULL;
	int len = i2d_PUBKEY(key, &der);
	int ret = -EINVAL;

	if (len == BV_SPKI_SIZE && !memcmp(der, prefix, sizeof(prefix)) &&
	    der[sizeof(prefix)] == 0x04) {
		memcpy(point, der + sizeof(prefix), BASTION_POINT_SIZE);
		ret = 0;
	}
	OPENSSL_free(der);
	ERR_clear_error();
	return ret;
}

int bv_point_digest(const uint8_t point[BASTION_POINT_SIZE], uint8_t digest[BASTION_DIGEST_SIZE])
{
	uint8_t der[BV_SPKI_SIZE];

	spki(point, der);
	return bv_sha384(digest, &BV_SPAN(der), 1);
}

int bv_ecdsa_der(struct bv_span r, struct bv_span s, uint8_t **der)
{
	BIGNUM *x = BN_bin2bn(r.data, r.len, NULL), *y = BN_bin2bn(s.data, s.len, NULL);
	ECDSA_SIG *sig = ECDSA_SIG_new();
	int len = -1;

	if (x && y && sig && ECDSA_SIG_set0(sig, x, y)) {
		x = NULL;
		y = NULL;
		len = i2d_ECDSA_SIG(sig, der);
	}
	BN_free(x);
	BN_free(y);
	ECDSA_SIG_free(sig);
	return len;
}

int bv_verify(EVP_PKEY *key, const uint8_t signature[BASTION_SIGNATURE_SIZE],
	      const struct bv_span *parts, size_t count)
{
	const size_t half = BASTION_SIGNATURE_SIZE / 2;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t *der = NULL;
	int len = bv_ecdsa_der((struct bv_span){ signature, half },
			       (struct bv_span){ signature + half, half }, &der);
	int ret = -EKEYREJECTED;

	if (!ctx || len <= 0) {
		ret = -ENOMEM;
		goto out;
	}
	if (EVP_DigestVerifyInit_ex(ctx, NULL, "SHA384", NULL, NULL, key, NULL) != 1)
		goto out;
	for (size_t i = 0; i < count; i++)
		if (EVP_DigestVerifyUpdate(ctx, parts[i].data, parts[i].len) != 1)
			goto out;
	if (EVP_DigestVerifyFinal(ctx, der, len) == 1)
		ret = 0;
out:
	OPENSSL_free(der);
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ret;
}

static int from_der(const uint8_t *der, size_t len, uint8_t raw[BASTION_SIGNATURE_SIZE])
{
	const int half = BASTION_SIGNATURE_SIZE / 2;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, len);
	int ret = -EIO;

	if (sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, half) == half &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + half, half) == half)
		ret = 0;
	ECDSA_SIG_free(sig);
	return ret;
}

int bv_sign(EVP_PKEY *key, const char *hash, uint8_t signature[BASTION_SIGNATURE_SIZE],
	    struct bv_span message)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[BASTION_SIGNATURE_SIZE + 16];
	size_t len = sizeof(der);
	int ret = -EIO;

	if (!ctx)
		return -ENOMEM;
	if (EVP_DigestSignInit_ex(ctx, NULL, hash, NULL, NULL, key, NULL) == 1 &&
	    EVP_DigestSign(ctx, der, &len, message.data, message.len) == 1)
		ret = from_der(der, len, signature);
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ret;
}
