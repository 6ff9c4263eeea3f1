/* SPDX-License-Identifier: GPL-2.0 */
/* Grant keys as files: PEM in, the kernel's 97-byte point out, and back. */
#ifndef LIBBASTION_PEM_H
#define LIBBASTION_PEM_H

#include <stddef.h>
#include <stdint.h>

#include <bastion/round.h>

#include "libbastion/error.h"

#define BASTION_PEM_MAX 16384

#define BASTION_PEM_SPKI_SIZE (BASTION_SPKI_PREFIX_SIZE + BASTION_POINT_SIZE)

/**
 * bastion_pem_spki - the DER SubjectPublicKeyInfo of a point
 * @point: on P-384
 * @der:   out: named curve, uncompressed (RFC 5480)
 */
void bastion_pem_spki(const uint8_t point[BASTION_POINT_SIZE], uint8_t der[BASTION_PEM_SPKI_SIZE]);

/**
 * bastion_pem_parse - the point of a public key in PEM
 * @pem:   SubjectPublicKeyInfo (RFC 7468, section 13), an EC key on P-384
 * @len:   its length
 * @point: out: 0x04 || X || Y (SEC 1, 2.3.3), checked to be on the curve
 * @err:   circumstances of a failure
 *
 * Return: 0; -EBADMSG if it is not such a key; -ENOMEM.
 */
int bastion_pem_parse(const uint8_t *pem, size_t len, uint8_t point[BASTION_POINT_SIZE],
		      struct bastion_error *err);

/**
 * bastion_pem_read - the same from a file
 * @path:  where
 * @trust: nonzero to refuse a file that others may write
 * @point: out
 * @err:   circumstances of a failure
 *
 * Return: 0 or a negative errno.
 */
int bastion_pem_read(const char *path, int trust, uint8_t point[BASTION_POINT_SIZE],
		     struct bastion_error *err);

/**
 * bastion_pem_format - a point as canonical PEM
 * @point: on P-384
 * @pem:   out: text that the caller frees
 * @err:   circumstances of a failure
 *
 * Return: its length, or a negative errno.
 */
int bastion_pem_format(const uint8_t point[BASTION_POINT_SIZE], char **pem,
		       struct bastion_error *err);

/**
 * bastion_pem_digest - how the kernel names a verifier
 * @point:  its grant key
 * @digest: out: SHA-384 of the DER SubjectPublicKeyInfo (bastion/round.h)
 *
 * Return: 0 or -EIO if the hash is not to be had.
 */
int bastion_pem_digest(const uint8_t point[BASTION_POINT_SIZE], uint8_t digest[BASTION_DIGEST_SIZE]);

#endif
