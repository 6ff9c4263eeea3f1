/* SPDX-License-Identifier: GPL-2.0 */
/* SHA-384 and P-384 (FIPS 180-4, FIPS 186-5) in the forms that bastion uses. */
#ifndef BV_CRYPTO_H
#define BV_CRYPTO_H

#include <openssl/evp.h>

#include <bastion/round.h>

#include "bytes.h"

#define BV_SPKI_SIZE	(BASTION_SPKI_PREFIX_SIZE + BASTION_POINT_SIZE)

/**
 * struct bv_hasher - a digest that is used again and again
 * @md:		fetched once: fetching costs more than hashing a log entry
 * @ctx:	its context
 */
struct bv_hasher {
	EVP_MD *md;
	EVP_MD_CTX *ctx;
};

/**
 * bv_hasher_init() - prepare a digest
 * @hasher:	to prepare; bv_hasher_exit() it whatever this returns
 * @name:	"SHA384" or "SHA256"
 *
 * Return: 0, -ENOMEM.
 */
int bv_hasher_init(struct bv_hasher *hasher, const char *name);

/** bv_hasher_exit() - give back what bv_hasher_init() took */
void bv_hasher_exit(struct bv_hasher *hasher);

/**
 * bv_hasher_run() - digest of the parts, one after the other
 * @hasher:	prepared
 * @out:	as long as the digest
 * @parts:	what to hash
 * @count:	how many parts
 *
 * Return: 0, -EIO.
 */
int bv_hasher_run(struct bv_hasher *hasher, uint8_t *out, const struct bv_span *parts,
		  size_t count);

/**
 * bv_no_passphrase() - for OpenSSL's PEM_read_bio_*(): never ask for one
 *
 * Without this OpenSSL asks at the terminal, or else on standard input, and waits for what it is
 * told: whoever writes the text decides.
 *
 * Return: -1.
 */
int bv_no_passphrase(char *buffer, int size, int writing, void *context);

/** bv_sha384() - bv_hasher_run() for a single SHA-384; 0, -ENOMEM or -EIO */
int bv_sha384(uint8_t out[BASTION_DIGEST_SIZE], const struct bv_span *parts, size_t count);

/**
 * bv_key_from_point() - the public key at a point
 * @point:	SEC 1 uncompressed
 *
 * Return: a key to EVP_PKEY_free(), NULL when it is no point of P-384.
 */
EVP_PKEY *bv_key_from_point(const uint8_t point[BASTION_POINT_SIZE]);

/**
 * bv_key_point() - the point of a public key
 * @key:	a key of any kind
 * @point:	SEC 1 uncompressed
 *
 * Compares the whole SubjectPublicKeyInfo prefix, so that success also means:
 * P-384, as a named curve (RFC 5480), uncompressed.
 *
 * Return: 0, -EINVAL when it is any other key.
 */
int bv_key_point(EVP_PKEY *key, uint8_t point[BASTION_POINT_SIZE]);

/**
 * bv_point_digest() - SHA-384 of the SubjectPublicKeyInfo at a point
 * @point:	SEC 1 uncompressed
 * @digest:	a chip id, or a verifier digest
 *
 * Return: 0, -ENOMEM or -EIO.
 */
int bv_point_digest(const uint8_t point[BASTION_POINT_SIZE], uint8_t digest[BASTION_DIGEST_SIZE]);

/**
 * bv_ecdsa_der() - a signature as OpenSSL wants it (SEC 1, C.5); our formats carry r and s
 * @r:		big endian
 * @s:		likewise
 * @der:	NULL before; on success: to OPENSSL_free()
 *
 * Return: its length, or -1 without memory.
 */
int bv_ecdsa_der(struct bv_span r, struct bv_span s, uint8_t **der);

/**
 * bv_verify() - ECDSA P-384 with SHA-384
 * @key:	public key, P-384
 * @signature:	r || s
 * @parts:	the message
 * @count:	how many parts
 *
 * Return: 0 valid, -EKEYREJECTED not valid, -ENOMEM.
 */
int bv_verify(EVP_PKEY *key, const uint8_t signature[BASTION_SIGNATURE_SIZE],
	      const struct bv_span *parts, size_t count);

/**
 * bv_sign() - ECDSA P-384
 * @key:	private key, P-384
 * @hash:	"SHA384"; "SHA256" where a TPM has to check it
 * @signature:	r || s
 * @message:	what to sign
 *
 * Return: 0, -EIO, -ENOMEM.
 */
int bv_sign(EVP_PKEY *key, const char *hash, uint8_t signature[BASTION_SIGNATURE_SIZE],
	    struct bv_span message);

#endif
