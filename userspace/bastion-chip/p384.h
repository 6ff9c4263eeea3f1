/* SPDX-License-Identifier: GPL-2.0 */
/* ECDSA over P-384 with SHA-384 (FIPS 186-5), by nettle. */
#ifndef CHIP_P384_H
#define CHIP_P384_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nettle/ecc.h>

#include <bastion/chip.h>

#define CHIP_SCALAR_SIZE 48

/**
 * struct chip_key - a private key, ready to sign
 * @secret:	the scalar
 * @point:	the public key, 0x04 || X || Y
 * @spki_digest: SHA-384 of its SubjectPublicKeyInfo
 */
struct chip_key {
	struct ecc_scalar secret;
	uint8_t point[BASTION_POINT_SIZE];
	uint8_t spki_digest[BASTION_DIGEST_SIZE];
};

/**
 * chip_key_generate - a new private key
 * @secret:	the scalar, big endian
 */
void chip_key_generate(uint8_t secret[CHIP_SCALAR_SIZE]);

/**
 * chip_key_load - take a scalar into use
 * @key:	to be released with chip_key_wipe() when this succeeds
 * @secret:	the scalar, big endian
 *
 * Return: false when the scalar is not within 1 .. n-1.
 */
bool chip_key_load(struct chip_key *key, const uint8_t secret[CHIP_SCALAR_SIZE]);

/** chip_key_wipe - forget a loaded key */
void chip_key_wipe(struct chip_key *key);

/**
 * chip_key_sign - sign a digest
 * @key:	by whom
 * @digest:	of the message
 * @len:	of @digest; only the first 48 bytes count
 * @signature:	r || s, big endian each
 *
 * The per-signature secret comes from the kernel's generator.
 */
void chip_key_sign(const struct chip_key *key, const uint8_t *digest, size_t len,
		   uint8_t signature[BASTION_SIGNATURE_SIZE]);

/**
 * chip_signature_valid - verify a signature by a key that came from outside
 * @point:	0x04 || X || Y, checked to be on the curve
 * @digest:	SHA-384 of the message
 * @signature:	r || s
 */
bool chip_signature_valid(const uint8_t point[BASTION_POINT_SIZE],
			  const uint8_t digest[BASTION_DIGEST_SIZE],
			  const uint8_t signature[BASTION_SIGNATURE_SIZE]);

/**
 * chip_spki - the DER SubjectPublicKeyInfo (RFC 5480) of a point
 * @point:	0x04 || X || Y
 * @spki:	23 bytes of prefix, then the point
 */
#define CHIP_SPKI_SIZE (23 + BASTION_POINT_SIZE)
void chip_spki(const uint8_t point[BASTION_POINT_SIZE], uint8_t spki[CHIP_SPKI_SIZE]);

/** chip_spki_digest - SHA-384 of the SubjectPublicKeyInfo of @point */
void chip_spki_digest(const uint8_t point[BASTION_POINT_SIZE],
		      uint8_t digest[BASTION_DIGEST_SIZE]);

#endif
