/* SPDX-License-Identifier: GPL-2.0 */
/* The sealed blob: its header's rules, and its encryption. */
#ifndef CHIP_BLOB_H
#define CHIP_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bastion/blob.h>

#include "bastion-chip/store.h"

/**
 * chip_blob_header_good - the rules that every header follows
 * @header:	chip_id and salt are not looked at
 */
bool chip_blob_header_good(const struct bastion_blob_header *header);

/**
 * chip_blob_seal - encrypt under a key that only this seed gives
 * @seed:	the chip's
 * @header:	complete but for the salt, which is made here
 * @secret:	secret_len bytes of the header
 * @blob:	room for BASTION_BLOB_OVERHEAD and secret_len bytes
 *
 * HKDF-SHA384 (RFC 5869) and AES-256-GCM (SP 800-38D).
 *
 * Return: the blob's length.
 */
size_t chip_blob_seal(const uint8_t seed[CHIP_SEED_SIZE], struct bastion_blob_header *header,
		      const uint8_t *secret, uint8_t *blob);

/**
 * chip_blob_open - authenticate and decrypt
 * @seed:	the chip's
 * @header:	as copied from the front of @blob
 * @blob:	BASTION_BLOB_OVERHEAD and secret_len bytes
 * @secret:	room for secret_len bytes; zero unless this succeeds
 */
bool chip_blob_open(const uint8_t seed[CHIP_SEED_SIZE], const struct bastion_blob_header *header,
		    const uint8_t *blob, uint8_t *secret);

/**
 * chip_aead_test - known answers of AES-256-GCM and HKDF-SHA384
 */
bool chip_aead_test(void);

#endif
