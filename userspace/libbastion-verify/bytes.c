// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jose/b64.h>

#include "bytes.h"
#include "error.h"

int bv_fail(struct bv_error *err, const char *fmt, ...)
{
	va_list args;

	if (err) {
		va_start(args, fmt);
		vsnprintf(err->text, sizeof(err->text), fmt, args);
		va_end(args);
		for (char *c = err->text; *c; c++)
			if (*c < 0x20 || *c > 0x7e)
				*c = '?';
	}
	return -EBADMSG;
}

int bv_fail_errno(struct bv_error *err, int code, const char *what)
{
	/* Of the crypto library nothing more is known. */
	bv_fail(err, "%s: %s", what, code == ENOMEM ? "out of memory" :
		code == EIO ? "the crypto library failed" : strerror(code));
	return -code;
}

void bv_hex(char *out, size_t size, const void *in, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = in;

	if (len > (size - 1) / 2)
		len = (size - 1) / 2;
	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * len] = '\0';
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

ssize_t bv_unhex(void *out, size_t min, size_t max, const char *hex)
{
	size_t len = strlen(hex);
	uint8_t *bytes = out;

	if (len % 2 || len / 2 < min || len / 2 > max)
		return -EINVAL;
	for (size_t i = 0; i < len / 2; i++) {
		int high = nibble(hex[2 * i]), low = nibble(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		bytes[i] = high << 4 | low;
	}
	return len / 2;
}

char *bv_base64url(struct bv_span in)
{
	size_t len = jose_b64_enc_buf(NULL, in.len, NULL, 0);
	char *text;

	if (len == SIZE_MAX)
		return NULL;
	text = malloc(len + 1);
	if (!text)
		return NULL;
	if (in.len && jose_b64_enc_buf(in.data, in.len, text, len) != len) {
		free(text);
		return NULL;
	}
	text[len] = '\0';
	return text;
}

int bv_unbase64url(const char *text, size_t len, uint8_t **out, size_t *out_len)
{
	size_t size = jose_b64_dec_buf(NULL, len, NULL, 0);
	uint8_t *bytes;
	char *again;
	bool same;

	if (size == SIZE_MAX)
		return -EINVAL;
	bytes = malloc(size + 1);
	if (!bytes)
		return -ENOMEM;
	if (len && jose_b64_dec_buf(text, len, bytes, size) != size) {
		free(bytes);
		return -EINVAL;
	}
	/* Spare bits in the last character would give one value two spellings. */
	again = bv_base64url((struct bv_span){ bytes, size });
	same = again && strlen(again) == len && !memcmp(again, text, len);
	free(again);
	if (!same) {
		free(bytes);
		return -EINVAL;
	}
	*out = bytes;
	*out_len = size;
	return 0;
}

bool bv_is_printable(struct bv_span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < 0x20 || text.data[i] > 0x7e)
			return false;
	return true;
}

char *bv_printable(struct bv_span text)
{
	char *copy, *at;

	if (text.len > SIZE_MAX / 4 - 1)
		return NULL;
	copy = malloc(4 * text.len + 1);
	if (!copy)
		return NULL;
	at = copy;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];

		if (c >= 0x20 && c <= 0x7e)
			*at++ = c;
		else
			at += sprintf(at, "\\x%02x", c);
	}
	*at = '\0';
	return copy;
}

bool bv_span_is(struct bv_span span, const char *text)
{
	return span.len == strlen(text) && !memcmp(span.data, text, span.len);
}

bool bv_is_zero(const void *data, size_t len)
{
	const uint8_t *bytes = data;
	uint8_t any = 0;

	for (size_t i = 0; i < len; i++)
		any |= bytes[i];
	return !any;
}

bool bv_take_text(struct bv_span *from, const char *text)
{
	struct bv_span rest = *from, bytes;

	if (!bv_take(&rest, strlen(text), &bytes) || !bv_span_is(bytes, text))
		return false;
	*from = rest;
	return true;
}

bool bv_take_decimal(struct bv_span *from, uint64_t max, uint64_t *value)
{
	size_t digits = 0;

	for (*value = 0; digits < from->len; digits++) {
		unsigned int digit = from->data[digits] - '0';

		if (digit > 9)
			break;
		if (*value > (max - digit) / 10)
			return false;
		*value = 10 * *value + digit;
	}
	if (!digits || (digits > 1 && from->data[0] == '0'))
		return false;
	from->data += digits;
	from->len -= digits;
	return true;
}

bool bv_take_hex(struct bv_span *from, uint8_t *out, size_t size)
{
	char hex[2 * BV_TAKE_HEX_MAX + 1] = "";
	struct bv_span bytes;

	if (size > BV_TAKE_HEX_MAX || !bv_take(from, 2 * size, &bytes))
		return false;
	memcpy(hex, bytes.data, bytes.len);
	return bv_unhex(out, size, size, hex) == (ssize_t)size;
}
