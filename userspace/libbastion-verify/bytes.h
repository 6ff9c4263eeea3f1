/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Byte strings and their spellings: hex (lower case only, so that one value has
 * one spelling), base64url without padding (RFC 4648, section 5), little endian.
 */
#ifndef BV_BYTES_H
#define BV_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct bv_span - bytes that somebody else owns
 * @data:	first byte
 * @len:	how many
 */
struct bv_span {
	const uint8_t *data;
	size_t len;
};

#define BV_SPAN(array)	((struct bv_span){ (const uint8_t *)(array), sizeof(array) })

/**
 * bv_hex() - spell bytes in hex
 * @out:	terminated text
 * @size:	of @out, not 0: 2 * @len + 1, or only the bytes that fit are spelled
 * @in:		the bytes
 * @len:	how many
 */
void bv_hex(char *out, size_t size, const void *in, size_t len);

/**
 * bv_unhex() - read lower-case hex
 * @out:	@max bytes
 * @min:	fewest bytes allowed
 * @max:	most bytes allowed
 * @hex:	terminated text
 *
 * Return: bytes written, or -EINVAL.
 */
ssize_t bv_unhex(void *out, size_t min, size_t max, const char *hex);

/**
 * bv_base64url() - spell bytes in base64url
 * @in:		the bytes
 *
 * Return: terminated text that the caller frees, NULL without memory.
 */
char *bv_base64url(struct bv_span in);

/**
 * bv_unbase64url() - read base64url without padding, in its one canonical form
 * @text:	the text
 * @len:	its length
 * @out:	on success: allocated bytes that the caller frees (never NULL)
 * @out_len:	on success: how many
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int bv_unbase64url(const char *text, size_t len, uint8_t **out, size_t *out_len);

/**
 * bv_printable() - copy text, with every byte that is not printable ASCII as \xNN
 * @text:	the bytes
 *
 * What is shown comes from the machine that is judged: no terminal escape and
 * no broken UTF-8 may pass.
 *
 * Return: terminated text that the caller frees, NULL without memory.
 */
char *bv_printable(struct bv_span text);

/** bv_is_printable() - whether every byte is printable ASCII */
bool bv_is_printable(struct bv_span text);

/** bv_span_is() - whether the bytes are exactly this text */
bool bv_span_is(struct bv_span span, const char *text);

/** bv_is_zero() - whether all bytes are zero */
bool bv_is_zero(const void *data, size_t len);

static inline uint32_t bv_get_le32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/*
 * Taking what comes next from the front of a span. Each returns false, and takes
 * nothing worth having, when there is not enough, or something else.
 */

/** bv_take_text() - this very text; when it is not there nothing is taken */
bool bv_take_text(struct bv_span *from, const char *text);

/** bv_take_decimal() - a number of at most @max, as printf(3) writes one */
bool bv_take_decimal(struct bv_span *from, uint64_t max, uint64_t *value);

/** bv_take_hex() - @size bytes, at most BV_TAKE_HEX_MAX, in lower-case hex */
#define BV_TAKE_HEX_MAX	64
bool bv_take_hex(struct bv_span *from, uint8_t *out, size_t size);

static inline bool bv_take(struct bv_span *from, size_t len, struct bv_span *out)
{
	if (from->len < len)
		return false;
	*out = (struct bv_span){ from->data, len };
	from->data += len;
	from->len -= len;
	return true;
}

static inline bool bv_take_le16(struct bv_span *from, uint16_t *value)
{
	struct bv_span bytes;

	if (!bv_take(from, 2, &bytes))
		return false;
	*value = bytes.data[0] | bytes.data[1] << 8;
	return true;
}

static inline bool bv_take_le32(struct bv_span *from, uint32_t *value)
{
	struct bv_span bytes;

	if (!bv_take(from, 4, &bytes))
		return false;
	*value = bv_get_le32(bytes.data);
	return true;
}

static inline bool bv_take_be(struct bv_span *from, size_t size, uint64_t *value)
{
	struct bv_span bytes;

	if (!bv_take(from, size, &bytes))
		return false;
	*value = 0;
	for (size_t i = 0; i < size; i++)
		*value = *value << 8 | bytes.data[i];
	return true;
}

static inline bool bv_take_be16(struct bv_span *from, uint16_t *value)
{
	uint64_t wide;

	if (!bv_take_be(from, 2, &wide))
		return false;
	*value = wide;
	return true;
}

static inline bool bv_take_be32(struct bv_span *from, uint32_t *value)
{
	uint64_t wide;

	if (!bv_take_be(from, 4, &wide))
		return false;
	*value = wide;
	return true;
}

/** bv_take_field() - a length as u32, at most @max, and that many bytes */
static inline bool bv_take_field(struct bv_span *from, size_t max, struct bv_span *out)
{
	uint32_t len;

	return bv_take_le32(from, &len) && len <= max && bv_take(from, len, out);
}

static inline void bv_put_le32(uint8_t *p, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = value >> (8 * i);
}

static inline void bv_put_le64(uint8_t *p, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		p[i] = value >> (8 * i);
}

#endif
