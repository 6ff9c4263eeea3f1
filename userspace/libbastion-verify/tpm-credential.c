// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "tpm-credential.h"

#define LABEL		"IDENTITY"	/* with its NUL, as a TPM has it */
#define KEY_MAX		32		/* AES-256 */

/* What goes into a credential on its way to a key. */
struct wrap {
	const struct bv_tpm_public *ek;
	const char *hash;
	size_t hash_size;
	uint8_t seed[BV_PCR_DIGEST_MAX];	/* @hash_size bytes */
};

static void put_be16(uint8_t *p, size_t value)
{
	p[0] = value >> 8;
	p[1] = value;
}

static int derive(const char *kdf_name, const OSSL_PARAM *params, uint8_t *out, size_t len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, kdf_name, NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	int ret = ctx && EVP_KDF_derive(ctx, out, len, params) == 1 ? 0 : -EIO;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ret;
}

/*
 * KDFa (part 1, 11.4.10.2): SP 800-108 in counter mode. The zero byte behind the label is
 * the one that ends it.
 */
static int kdfa(const struct wrap *wrap, const char *label, struct bv_span context, uint8_t *out,
		size_t len)
{
	OSSL_PARAM params[7], *at = params;

	*at++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MODE, (char *)"COUNTER", 0);
	*at++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MAC, (char *)"HMAC", 0);
	*at++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)wrap->hash, 0);
	*at++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)wrap->seed,
						  wrap->hash_size);
	*at++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)label,
						  strlen(label));
	if (context.len)
		*at++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
							  (void *)context.data, context.len);
	*at = OSSL_PARAM_construct_end();
	return derive("KBKDF", params, out, len);
}

/* KDFe (part 1, 11.4.10.3): SP 800-56C in one step. @info is label and both x coordinates. */
static int kdfe(struct wrap *wrap, struct bv_span z, struct bv_span info)
{
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)wrap->hash, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)z.data, z.len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info.data, info.len),
		OSSL_PARAM_construct_end(),
	};

	return derive("SSKDF", params, wrap->seed, wrap->hash_size);
}

/* Part 1, B.10.3: a seed at random, RSA-OAEP with the label. */
static int seed_rsa(struct wrap *wrap, EVP_PKEY *key, struct bv_credential *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	const EVP_MD *md = EVP_get_digestbyname(wrap->hash);
	char *label = OPENSSL_memdup(LABEL, sizeof(LABEL));
	size_t len = sizeof(out->seed) - 2;
	int ret = -EIO;

	if (ctx && md && label && RAND_priv_bytes(wrap->seed, wrap->hash_size) == 1 &&
	    EVP_PKEY_encrypt_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 &&
	    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1 &&
	    EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, label, sizeof(LABEL)) == 1) {
		label = NULL;	/* the context's now */
		if (EVP_PKEY_encrypt(ctx, out->seed + 2, &len, wrap->seed, wrap->hash_size) == 1) {
			put_be16(out->seed, len);
			out->seed_len = 2 + len;
			ret = 0;
		}
	}
	OPENSSL_free(label);
	EVP_PKEY_CTX_free(ctx);
	return ret;
}

static int shared_x(EVP_PKEY *own, EVP_PKEY *peer, uint8_t *x, size_t size)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
	size_t len = size;
	int ret = -EIO;

	if (ctx && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
	    EVP_PKEY_derive(ctx, x, &len) == 1 && len == size)
		ret = 0;
	EVP_PKEY_CTX_free(ctx);
	return ret;
}

/* Uncompressed; returns the bytes of a coordinate, 0 on failure. */
static size_t get_point(EVP_PKEY *key, uint8_t point[1 + 2 * BV_TPM_ECC_MAX])
{
	size_t len = 0;

	if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point,
					    1 + 2 * BV_TPM_ECC_MAX, &len) != 1 ||
	    point[0] != POINT_CONVERSION_UNCOMPRESSED)
		return 0;
	return (len - 1) / 2;
}

/* Part 1, C.6.1: the seed is agreed on with a key that is used once, and that key's point sent. */
static int seed_ecc(struct wrap *wrap, EVP_PKEY *key, struct bv_credential *out)
{
	uint8_t own[1 + 2 * BV_TPM_ECC_MAX], peer[1 + 2 * BV_TPM_ECC_MAX], z[BV_TPM_ECC_MAX];
	uint8_t info[sizeof(LABEL) + 2 * BV_TPM_ECC_MAX], *at = out->seed;
	size_t size = get_point(key, peer);
	EVP_PKEY *once = NULL;
	char group[64];
	int ret = -EIO;

	if (size && EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1)
		once = EVP_EC_gen(group);
	if (once && get_point(once, own) == size && !shared_x(once, key, z, size)) {
		memcpy(info, LABEL, sizeof(LABEL));
		memcpy(info + sizeof(LABEL), own + 1, size);
		memcpy(info + sizeof(LABEL) + size, peer + 1, size);
		ret = kdfe(wrap, (struct bv_span){ z, size },
			   (struct bv_span){ info, sizeof(LABEL) + 2 * size });
	}
	if (!ret) {
		put_be16(at, 2 * (2 + size));
		put_be16(at + 2, size);
		memcpy(at + 4, own + 1, size);
		put_be16(at + 4 + size, size);
		memcpy(at + 6 + size, own + 1 + size, size);
		out->seed_len = 6 + 2 * size;
	}
	explicit_bzero(z, sizeof(z));
	EVP_PKEY_free(once);
	return ret;
}

/* CFB with an IV of zeros: the key is used once (part 1, 24.4). */
static int encrypt(const struct wrap *wrap, const uint8_t *key, const uint8_t *in, uint8_t *out,
		   int len)
{
	static const uint8_t iv[16];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	const EVP_CIPHER *cipher = wrap->ek->symmetric_bits == 256 ? EVP_aes_256_cfb128() :
								     EVP_aes_128_cfb128();
	int done, ret = -EIO;

	if (ctx && EVP_EncryptInit_ex(ctx, cipher, NULL, key, iv) == 1 &&
	    EVP_EncryptUpdate(ctx, out, &done, in, len) == 1 && done == len)
		ret = 0;
	EVP_CIPHER_CTX_free(ctx);
	return ret;
}

static int hmac(const struct wrap *wrap, const uint8_t *key, const uint8_t *in, size_t len,
		uint8_t *out)
{
	size_t out_len;

	return EVP_Q_mac(NULL, "HMAC", NULL, wrap->hash, NULL, key, wrap->hash_size, in, len, out,
			 wrap->hash_size, &out_len) && out_len == wrap->hash_size ? 0 : -EIO;
}

/* TPM2B_ID_OBJECT (part 2, 12.4.2): an HMAC of what is encrypted and of the name; what is encrypted. */
static int make_blob(const struct wrap *wrap, struct bv_span name, const uint8_t *secret,
		     struct bv_credential *out)
{
	uint8_t plain[2 + BV_CREDENTIAL_SECRET], key[KEY_MAX], hmac_key[BV_PCR_DIGEST_MAX];
	uint8_t covered[sizeof(plain) + BV_TPM_NAME_MAX];
	uint8_t *mac = out->blob + 4, *encrypted = mac + wrap->hash_size;
	int ret;

	put_be16(plain, BV_CREDENTIAL_SECRET);
	memcpy(plain + 2, secret, BV_CREDENTIAL_SECRET);
	ret = kdfa(wrap, "STORAGE", name, key, wrap->ek->symmetric_bits / 8);
	if (!ret)
		ret = encrypt(wrap, key, plain, encrypted, sizeof(plain));
	if (!ret)
		ret = kdfa(wrap, "INTEGRITY", (struct bv_span){ 0 }, hmac_key, wrap->hash_size);
	if (!ret) {
		memcpy(covered, encrypted, sizeof(plain));
		memcpy(covered + sizeof(plain), name.data, name.len);
		ret = hmac(wrap, hmac_key, covered, sizeof(plain) + name.len, mac);
	}
	put_be16(out->blob, 2 + wrap->hash_size + sizeof(plain));
	put_be16(out->blob + 2, wrap->hash_size);
	out->blob_len = 4 + wrap->hash_size + sizeof(plain);
	explicit_bzero(plain, sizeof(plain));
	explicit_bzero(key, sizeof(key));
	explicit_bzero(hmac_key, sizeof(hmac_key));
	return ret;
}

int bv_credential_make(const struct bv_tpm_public *ek, struct bv_span name,
		       const uint8_t secret[BV_CREDENTIAL_SECRET], struct bv_credential *out,
		       struct bv_error *err)
{
	struct wrap wrap = {
		.ek = ek,
		.hash = bv_bank_name(ek->name_hash),
		.hash_size = bv_bank_size(ek->name_hash),
	};
	EVP_PKEY *key;
	int ret;

	memset(out, 0, sizeof(*out));
	if (name.len > BV_TPM_NAME_MAX || (ek->symmetric_bits != 128 && ek->symmetric_bits != 256))
		return bv_fail(err, "nothing can be encrypted to the endorsement key");
	key = bv_tpm_public_key(ek, err);
	if (!key)
		return -EBADMSG;
	ret = ek->type == BV_TPM_ALG_RSA ? seed_rsa(&wrap, key, out) : seed_ecc(&wrap, key, out);
	if (!ret)
		ret = make_blob(&wrap, name, secret, out);
	EVP_PKEY_free(key);
	explicit_bzero(&wrap, sizeof(wrap));
	ERR_clear_error();
	if (!ret)
		return 0;
	explicit_bzero(out, sizeof(*out));
	return bv_fail_errno(err, EIO, "wrapping a secret");
}
