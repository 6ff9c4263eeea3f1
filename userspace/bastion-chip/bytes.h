/* SPDX-License-Identifier: GPL-2.0 */
/* Small things that every handler of bytes needs. */
#ifndef CHIP_BYTES_H
#define CHIP_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/** chip_is_zero - whether all bytes are zero, in time that tells nothing of them */
static inline bool chip_is_zero(const void *data, size_t len)
{
	const uint8_t *bytes = data;
	uint8_t any = 0;

	for (size_t i = 0; i < len; i++)
		any |= bytes[i];
	return !any;
}

/** chip_hex - lower case hex, NUL terminated; @out has room for 2 * len + 1 */
static inline void chip_hex(const void *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = 0;
}

#endif
