/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Deterministic CBOR (RFC 8949, 4.2.1) into a buffer: heads in their shortest
 * form by libcbor's encoders, definite lengths only. The order of a map's keys is
 * the caller's part. A writer that has overflowed stays so, and says it at the end.
 */
#ifndef CHIP_CBOR_H
#define CHIP_CBOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct chip_cbor - a writer: @size bytes at @data, @len of them used */
struct chip_cbor {
	uint8_t *data;
	size_t size;
	size_t len;
	bool overflow;
};

/** chip_cbor_int - an integer of either sign */
void chip_cbor_int(struct chip_cbor *cbor, int64_t value);

/** chip_cbor_uint - an unsigned integer */
void chip_cbor_uint(struct chip_cbor *cbor, uint64_t value);

/** chip_cbor_bytes - a byte string */
void chip_cbor_bytes(struct chip_cbor *cbor, const void *data, size_t len);

/** chip_cbor_text - a text string, from a NUL terminated one */
void chip_cbor_text(struct chip_cbor *cbor, const char *text);

/** chip_cbor_array - the head of an array of @count items */
void chip_cbor_array(struct chip_cbor *cbor, size_t count);

/** chip_cbor_map - the head of a map of @count pairs */
void chip_cbor_map(struct chip_cbor *cbor, size_t count);

/** chip_cbor_tag - a tag, before what it tags */
void chip_cbor_tag(struct chip_cbor *cbor, uint64_t tag);

#endif
