// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "libbastion/hex.h"

void bastion_hex_encode(const void *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *in = data;
	size_t i;

	for (i = 0; i < len; i++) {
		*out++ = digits[in[i] >> 4];
		*out++ = digits[in[i] & 15];
	}
	*out = '\0';
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

ssize_t bastion_hex_decode(const char *hex, size_t len, uint8_t *out, size_t size)
{
	size_t i;

	if (len % 2)
		return -EINVAL;
	if (len / 2 > size)
		return -EMSGSIZE;
	for (i = 0; i < len / 2; i++) {
		int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		out[i] = high << 4 | low;
	}
	return len / 2;
}

int bastion_hex_decode_exact(const char *hex, uint8_t *out, size_t size)
{
	if (strnlen(hex, 2 * size + 1) != 2 * size)
		return -EINVAL;
	return bastion_hex_decode(hex, 2 * size, out, size) < 0 ? -EINVAL : 0;
}
