/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A reader for deterministic CBOR (RFC 8949, 4.2.1), on libcbor's streaming
 * decoder: one item at a time, nothing allocated, nothing recursive. An item
 * whose head is longer than it needs to be, or that has no definite length, does
 * not exist. The order of map keys is the caller's to ask for.
 */
#ifndef BV_CBOR_H
#define BV_CBOR_H

#include "bytes.h"
#include "error.h"

/**
 * struct bv_cbor - where a reader is
 * @at:		the next byte
 * @left:	bytes from there on
 * @err:	what was wrong; may be NULL
 */
struct bv_cbor {
	const uint8_t *at;
	size_t left;
	struct bv_error *err;
};

/*
 * Each of these reads one item and returns 0, or -EBADMSG with the error said;
 * @what names the item in that error.
 */

/** bv_cbor_uint() - an unsigned number, at most @max */
int bv_cbor_uint(struct bv_cbor *cbor, const char *what, uint64_t max, uint64_t *value);

/** bv_cbor_key() - exactly this number, negative ones included */
int bv_cbor_key(struct bv_cbor *cbor, const char *what, int64_t value);

/** bv_cbor_bytes() - a byte string of @min to @max bytes */
int bv_cbor_bytes(struct bv_cbor *cbor, const char *what, size_t min, size_t max,
		  struct bv_span *bytes);

/** bv_cbor_text() - printable ASCII as a text string of 1 to @max bytes */
int bv_cbor_text(struct bv_cbor *cbor, const char *what, size_t max, struct bv_span *text);

/** bv_cbor_array() - the head of an array of @min to @max items */
int bv_cbor_array(struct bv_cbor *cbor, const char *what, size_t min, size_t max, size_t *count);

/** bv_cbor_map() - the head of a map of exactly @count pairs */
int bv_cbor_map(struct bv_cbor *cbor, const char *what, size_t count);

/** bv_cbor_tag() - exactly this tag, which is at most 23 */
int bv_cbor_tag(struct bv_cbor *cbor, const char *what, unsigned int value);

/** bv_cbor_end() - nothing: the input ends here */
int bv_cbor_end(struct bv_cbor *cbor, const char *what);

#endif
