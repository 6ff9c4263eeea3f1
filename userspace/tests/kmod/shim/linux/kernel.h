/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_KERNEL_H
#define _SHIM_LINUX_KERNEL_H

#include <errno.h>
#include <linux/types.h>
#include <stdio.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))

static inline int hex_to_bin(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static inline int hex2bin(u8 *out, const char *hex, size_t count)
{
	for (; count; count--, hex += 2) {
		int high = hex_to_bin(hex[0]), low = hex_to_bin(hex[1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		*out++ = high << 4 | low;
	}
	return 0;
}

#endif
