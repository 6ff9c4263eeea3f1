/* SPDX-License-Identifier: GPL-2.0 */
/* What the chip computes, once more, by OpenSSL. */
#ifndef CHIP_TEST_REFERENCE_H
#define CHIP_TEST_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bastion/blob.h>

/* HKDF-SHA384 with info = purpose, its NUL, and @tail. */
void reference_hkdf(const uint8_t seed[48], const uint8_t salt[BASTION_SALT_SIZE],
		    const char *purpose, const void *tail, size_t tail_len, uint8_t *out,
		    size_t len);

/* Opens a blob of kind SECRET or P384 as blob.h says; @len bytes of secret. */
bool reference_open(const uint8_t seed[48], const uint8_t *blob, size_t blob_len, size_t len,
		    uint8_t *secret);

/* The public point of a private scalar. */
void reference_point(const uint8_t scalar[BASTION_SCALAR_SIZE], uint8_t point[BASTION_POINT_SIZE]);

/* ECDSA over P-384 of a digest of any length. */
bool reference_verify(const uint8_t point[BASTION_POINT_SIZE], const uint8_t *digest, size_t len,
		      const uint8_t signature[BASTION_SIGNATURE_SIZE]);

#endif
