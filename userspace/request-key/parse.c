// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "libbastion/hex.h"
#include "libbastion/name.h"
#include "request-key/parse.h"

#define PREFIX "bastion:"
#define FIELDS_BEFORE 4

const char *parse_description(char *text)
{
	int i;

	for (i = 0; i < FIELDS_BEFORE; i++) {
		text = strchr(text, ';');
		if (!text)
			return NULL;
		text++;
	}
	if (strncmp(text, PREFIX, strlen(PREFIX)))
		return NULL;
	text += strlen(PREFIX);
	return bastion_name_ok(text) ? text : NULL;
}

int32_t parse_serial(const char *text)
{
	int64_t serial = 0;

	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return 0;
		serial = serial * 10 + (*text - '0');
		if (serial > INT32_MAX)
			return 0;
	}
	return serial;
}

ssize_t parse_blob(const char *text, size_t len, uint8_t *blob, size_t size)
{
	ssize_t n;

	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r' || text[len - 1] == ' '))
		len--;
	n = bastion_hex_decode(text, len, blob, size);
	return n ? n : -EINVAL;
}
