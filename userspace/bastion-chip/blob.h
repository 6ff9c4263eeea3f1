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
 * struct chip_content - what a blob holds; to be wiped
 * @point:	kind P384: the public point
 * @secret:	secret_len bytes of the header; kind P384: the private scalar
 */
struct chip_content {
	uint8_t point[BASTION_POINT_SIZE];
	uint8_t secret[BASTION_SECRET_MAX];
};

/** chip_blob_size - the length of a blob with this header; 0 when none can have it */
size_t chip_blob_size(const struct bastion_blob_header *header);

/**
 * chip_blob_header_good - the rules that every header follows
 * @header:	chip_id and salt are not looked at
 */
bool chip_blob_header_good(const struct bastion_blob_header *header);

/**
 * chip_blob_seal - make a blob that only this seed opens
 * @seed:	the chip's
 * @header:	good, and complete but for the salt, which is made here unless the kind
 *		is DERIVED
 * @content:	what it shall hold; not looked at when the kind is DERIVED
 * @blob:	room for chip_blob_size() bytes
 *
 * HKDF-SHA384 (RFC 5869) and AES-256-GCM (SP 800-38D).
 *
 * Return: the blob's length.
 */
size_t chip_blob_seal(const uint8_t seed[CHIP_SEED_SIZE], struct bastion_blob_header *header,
		      const struct chip_content *content, uint8_t *blob);

/**
 * chip_blob_open - authenticate and decrypt, or derive
 * @seed:	the chip's
 * @header:	as copied from the front of @blob
 * @blob:	chip_blob_size() bytes, which are not 0
 * @content:	zero unless this succeeds
 */
bool chip_blob_open(const uint8_t seed[CHIP_SEED_SIZE], const struct bastion_blob_header *header,
		    const uint8_t *blob, struct chip_content *content);

/**
 * chip_aead_test - known answers of AES-256-GCM and HKDF-SHA384
 */
bool chip_aead_test(void);

#endif
