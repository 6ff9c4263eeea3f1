// SPDX-License-Identifier: GPL-2.0
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

#define Z_SIZE 48

void peer_check(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "# OpenSSL: %s failed\n", what);
	exit(1);
}

const EC_GROUP *peer_group(void)
{
	static EC_GROUP *group;

	if (!group)
		group = EC_GROUP_new_by_curve_name(NID_secp384r1);
	peer_check(!!group, "P-384");
	return group;
}

void peer_random(void *out, size_t len)
{
	peer_check(RAND_bytes(out, len) == 1, "RAND_bytes");
}

void peer_key_init(struct peer_key *k)
{
	k->ec = EC_KEY_new_by_curve_name(NID_secp384r1);
	peer_check(k->ec && EC_KEY_generate_key(k->ec) == 1, "EC_KEY_generate_key");
	peer_check(EC_POINT_point2oct(peer_group(), EC_KEY_get0_public_key(k->ec),
				      POINT_CONVERSION_UNCOMPRESSED, k->point, sizeof(k->point),
				      NULL) == sizeof(k->point), "EC_POINT_point2oct");
}

void peer_key_exit(struct peer_key *k)
{
	EC_KEY_free(k->ec);
	k->ec = NULL;
}

void peer_sign(const struct peer_key *k, const uint8_t digest[BASTION_DIGEST_SIZE],
	       uint8_t signature[BASTION_SIGNATURE_SIZE])
{
	ECDSA_SIG *sig = ECDSA_do_sign(digest, BASTION_DIGEST_SIZE, k->ec);

	peer_check(sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature, 48) == 48 &&
		   BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature + 48, 48) == 48, "ECDSA_do_sign");
	ECDSA_SIG_free(sig);
}

void peer_hash(const char *name, const void *data, size_t len, uint8_t *out)
{
	peer_check(EVP_Digest(data, len, out, NULL, EVP_get_digestbyname(name), NULL) == 1, name);
}

void peer_hkdf(const uint8_t *ikm, size_t ikm_len, const uint8_t *salt, size_t salt_len,
	       const uint8_t *info, size_t info_len, uint8_t *out, size_t out_len)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, "SHA384", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)ikm, ikm_len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, salt_len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, info_len),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);

	peer_check(ctx && EVP_KDF_derive(ctx, out, out_len, params) == 1, "HKDF");
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

/* The x coordinate of our private times their public half. */
static void shared_secret(const struct peer_key *ours, const uint8_t theirs[BASTION_POINT_SIZE],
			  uint8_t z[Z_SIZE])
{
	EC_POINT *point = EC_POINT_new(peer_group());
	EC_POINT *product = EC_POINT_new(peer_group());
	BIGNUM *x = BN_new();

	peer_check(EC_POINT_oct2point(peer_group(), point, theirs, BASTION_POINT_SIZE, NULL) == 1 &&
		   EC_POINT_mul(peer_group(), product, NULL, point,
				EC_KEY_get0_private_key(ours->ec), NULL) == 1 &&
		   EC_POINT_get_affine_coordinates(peer_group(), product, x, NULL, NULL) == 1 &&
		   BN_bn2binpad(x, z, Z_SIZE) == Z_SIZE, "ECDH");
	BN_free(x);
	EC_POINT_free(product);
	EC_POINT_free(point);
}

static void encrypt(const uint8_t key[44], const uint8_t *associated, const uint8_t *token,
		    uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len;

	peer_check(ctx && EVP_EncryptInit(ctx, EVP_aes_256_gcm(), key, key + 32) == 1 &&
		   EVP_EncryptUpdate(ctx, NULL, &len, associated, BASTION_DIGEST_SIZE) == 1 &&
		   EVP_EncryptUpdate(ctx, out, &len, token, BASTION_TOKEN_SIZE) == 1 &&
		   EVP_EncryptFinal(ctx, out + BASTION_TOKEN_SIZE, &len) == 1 &&
		   EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16,
				       out + BASTION_TOKEN_SIZE) == 1, "AES-256-GCM");
	EVP_CIPHER_CTX_free(ctx);
}

/* As include/bastion/round.h has it. */
void peer_seal(const uint8_t boot_key[BASTION_POINT_SIZE],
	       const uint8_t grant_digest[BASTION_DIGEST_SIZE],
	       const uint8_t token[BASTION_TOKEN_SIZE], uint8_t sealed[BASTION_SEALED_TOKEN_SIZE])
{
	uint8_t info[sizeof(BASTION_TOKEN_INFO) + 2 * BASTION_POINT_SIZE];
	uint8_t z[Z_SIZE], key[44];
	struct peer_key ephemeral;

	peer_key_init(&ephemeral);
	shared_secret(&ephemeral, boot_key, z);
	memcpy(info, BASTION_TOKEN_INFO, sizeof(BASTION_TOKEN_INFO));
	memcpy(info + sizeof(BASTION_TOKEN_INFO), ephemeral.point, BASTION_POINT_SIZE);
	memcpy(info + sizeof(BASTION_TOKEN_INFO) + BASTION_POINT_SIZE, boot_key,
	       BASTION_POINT_SIZE);
	peer_hkdf(z, sizeof(z), (const uint8_t *)"", 0, info, sizeof(info), key, sizeof(key));
	memcpy(sealed, ephemeral.point, BASTION_POINT_SIZE);
	encrypt(key, grant_digest, token, sealed + BASTION_POINT_SIZE);
	peer_key_exit(&ephemeral);
}
