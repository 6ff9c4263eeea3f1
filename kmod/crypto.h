/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The primitives that bastion stands on, from the kernel's own crypto.
 */
#ifndef _BASTION_CRYPTO_H
#define _BASTION_CRYPTO_H

#include <linux/fs.h>
#include <linux/types.h>
#include <linux/uio.h>

#include <bastion/round.h>

enum bastion_hash {
	BASTION_SHA1,
	BASTION_SHA256,
	BASTION_SHA384,
	BASTION_HASH_COUNT
};

int bastion_crypto_init(void);
void bastion_crypto_exit(void);

unsigned int bastion_hash_size(enum bastion_hash h);
int bastion_hash(enum bastion_hash h, const struct kvec *parts, unsigned int count, u8 *out);
struct shash_desc;
struct shash_desc *bastion_hash_alloc(enum bastion_hash h);
int bastion_hash_file(struct file *file, loff_t max, u8 out[BASTION_EXE_SIZE]);

int bastion_hkdf_sha384(const u8 *ikm, size_t ikm_len, const u8 *salt, size_t salt_len,
			const struct kvec *info, unsigned int count, u8 *out, size_t out_len);

int bastion_hmac_sha256(const u8 *key, size_t key_len, const struct kvec *parts,
			unsigned int count, u8 out[BASTION_EXE_SIZE]);

/* Key, then IV */
#define BASTION_GCM_KEY_SIZE	(32 + 12)
#define BASTION_GCM_TAG_SIZE	16

int bastion_gcm_seal(const u8 key[BASTION_GCM_KEY_SIZE], const void *associated, size_t ad_len,
		     const u8 *text, size_t len, u8 *sealed);
int bastion_gcm_open(const u8 key[BASTION_GCM_KEY_SIZE], const void *associated, size_t ad_len,
		     const u8 *sealed, size_t len, u8 *text);

struct crypto_kpp;
struct crypto_kpp *bastion_ecdh_alloc(const char *name);
int bastion_ecdh(struct crypto_kpp *tfm, u8 *peer, size_t point_len, u8 *out, size_t out_len);

int bastion_point_check(const u8 key[BASTION_POINT_SIZE]);
int bastion_ecdsa_verify(const u8 key[BASTION_POINT_SIZE], const u8 digest[BASTION_DIGEST_SIZE],
			 const u8 signature[BASTION_SIGNATURE_SIZE]);

int bastion_verifier_digest(const u8 key[BASTION_POINT_SIZE], u8 digest[BASTION_DIGEST_SIZE]);
int bastion_policy_reference(const u8 chip_id[BASTION_DIGEST_SIZE], const char *label,
			     u8 out[BASTION_DIGEST_SIZE]);
int bastion_registers_digest(u32 mask, const u8 (*values)[BASTION_DIGEST_SIZE],
			     u8 out[BASTION_DIGEST_SIZE]);

#endif
