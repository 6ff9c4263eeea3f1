// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "libbastion/base64url.h"

char *bastion_base64url_encode(const void *data, size_t len)
{
	size_t room = (len + 2) / 3 * 4 + 1;
	char *text, *c;

	if (len > INT_MAX / 2)
		return NULL;
	text = malloc(room);
	if (!text)
		return NULL;
	text[0] = '\0';
	EVP_EncodeBlock((unsigned char *)text, data, len);
	for (c = text; *c; c++) {
		if (*c == '+')
			*c = '-';
		else if (*c == '/')
			*c = '_';
		else if (*c == '=')
			*c = '\0';
	}
	return text;
}

static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* OpenSSL's decoder ignores white space and padding errors: too lenient here. */
ssize_t bastion_base64url_decode(const char *text, size_t len, uint8_t *out, size_t size)
{
	uint32_t bits = 0;
	unsigned int have = 0;
	size_t i, n = 0;

	if (len % 4 == 1)
		return -EINVAL;
	if (len / 4 * 3 + (len % 4 ? len % 4 - 1 : 0) > size)
		return -EMSGSIZE;
	for (i = 0; i < len; i++) {
		int value = sextet(text[i]);

		if (value < 0)
			return -EINVAL;
		bits = bits << 6 | value;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		out[n++] = bits >> have;
		bits &= (1u << have) - 1;
	}
	return bits ? -EINVAL : (ssize_t)n;
}
