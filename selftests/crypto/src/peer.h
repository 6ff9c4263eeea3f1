/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The other implementation: what the kernel computes, by OpenSSL. Everything
 * here ends the process when OpenSSL fails.
 */
#ifndef _CRYPTO_PEER_H
#define _CRYPTO_PEER_H

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <stddef.h>
#include <stdint.h>

#include <bastion/round.h>

/**
 * struct peer_key - a P-384 key
 * @ec:		both halves
 * @point:	public half, uncompressed
 */
struct peer_key {
	EC_KEY *ec;
	uint8_t point[BASTION_POINT_SIZE];
};

void peer_key_init(struct peer_key *k);
void peer_key_exit(struct peer_key *k);
void peer_sign(const struct peer_key *k, const uint8_t digest[BASTION_DIGEST_SIZE],
	       uint8_t signature[BASTION_SIGNATURE_SIZE]);

void peer_hash(const char *name, const void *data, size_t len, uint8_t *out);
void peer_hkdf(const uint8_t *ikm, size_t ikm_len, const uint8_t *salt, size_t salt_len,
	       const uint8_t *info, size_t info_len, uint8_t *out, size_t out_len);
void peer_seal(const uint8_t boot_key[BASTION_POINT_SIZE],
	       const uint8_t grant_digest[BASTION_DIGEST_SIZE],
	       const uint8_t token[BASTION_TOKEN_SIZE], uint8_t sealed[BASTION_SEALED_TOKEN_SIZE]);
void peer_random(void *out, size_t len);

const EC_GROUP *peer_group(void);
void peer_check(int ok, const char *what);

#endif
