/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Signatures of sealed keys, by keyctl(2) and, for a second opinion, by OpenSSL.
 * All functions return a length or 0, or -errno.
 */
#ifndef SELFTESTS_LIB_SIGN_H
#define SELFTESTS_LIB_SIGN_H

#include "sealed.h"

#define SIGN_DER_MAX	104	/* SEQUENCE { INTEGER, INTEGER } of 49 bytes each at most */

static inline int sign_digest(key_serial_t key, const char *info, const void *digest, size_t len,
			      void *signature, size_t size)
{
	long ret = keyctl_pkey_sign(key, info, digest, len, signature, size);

	return ret < 0 ? -errno : ret;
}

static inline int sign_verify(key_serial_t key, const char *info, const void *digest, size_t len,
			      const void *signature, size_t size)
{
	return keyctl_pkey_verify(key, info, digest, len, signature, size) < 0 ? -errno : 0;
}

/* In X9.62's encoding, 48 bytes of nothing in particular. */
static inline int sign_something(key_serial_t key)
{
	static const uint8_t digest[BASTION_DIGEST_SIZE] = { 0x5a };
	uint8_t signature[SIGN_DER_MAX];

	return sign_digest(key, "enc=x962", digest, sizeof(digest), signature, sizeof(signature));
}

/* The public key of a key pair as its blob has it. */
static inline int sign_point(key_serial_t key, uint8_t point[BASTION_POINT_SIZE])
{
	uint8_t blob[BASTION_BLOB_MAX];
	int len = sealed_blob(key, blob);

	if (len != BASTION_BLOB_P384_SIZE)
		return len < 0 ? len : -EBADMSG;
	memcpy(point, blob + sizeof(struct bastion_blob_header), BASTION_POINT_SIZE);
	return 0;
}

/* Does OpenSSL take @der for a signature of @digest by @point's owner? */
static inline bool sign_good(const uint8_t point[BASTION_POINT_SIZE], const uint8_t *digest,
			     size_t digest_len, const uint8_t *der, size_t der_len)
{
	EVP_PKEY *any = EVP_EC_gen("P-384"), *key = EVP_PKEY_new();
	EVP_PKEY_CTX *ctx;
	bool good;

	ROUND_MUST(EVP_PKEY_copy_parameters(key, any));
	ROUND_MUST(EVP_PKEY_set1_encoded_public_key(key, point, BASTION_POINT_SIZE));
	ctx = EVP_PKEY_CTX_new(key, NULL);
	ROUND_MUST(EVP_PKEY_verify_init(ctx));
	good = EVP_PKEY_verify(ctx, der, der_len, digest, digest_len) == 1;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	EVP_PKEY_free(any);
	return good;
}

/* r || s as DER: its length. */
static inline size_t sign_to_der(const uint8_t signature[BASTION_SIGNATURE_SIZE],
				 uint8_t der[SIGN_DER_MAX])
{
	const size_t half = BASTION_SIGNATURE_SIZE / 2;
	ECDSA_SIG *sig = ECDSA_SIG_new();
	uint8_t *at = der;
	int len;

	ROUND_MUST(ECDSA_SIG_set0(sig, BN_bin2bn(signature, half, NULL),
				  BN_bin2bn(signature + half, half, NULL)));
	len = i2d_ECDSA_SIG(sig, &at);
	ROUND_MUST(len);
	ECDSA_SIG_free(sig);
	return len;
}

#endif
