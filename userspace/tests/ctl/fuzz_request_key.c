// SPDX-License-Identifier: GPL-2.0
/* libFuzzer: the request-key helper's readers. Byte 0 says which. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <bastion/blob.h>

#include "libbastion/hex.h"
#include "request-key/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A name becomes part of a path, and of a line of the log. */
static void description(char *text, size_t len)
{
	const char *name = parse_description(text);

	if (!name)
		return;
	if (name < text || name > text + len || !*name || *name == '.' ||
	    strlen(name) >= BASTION_NAME_SIZE || strpbrk(name, "/;: \n\x1b"))
		abort();
}

static void serial(const char *text)
{
	int32_t number = parse_serial(text);
	char *end;

	if (number < 0 || (number && (strtoll(text, &end, 10) != number || *end)))
		abort();
}

static void blob(const char *text, size_t len)
{
	uint8_t bytes[64], again[64];
	char hex[2 * sizeof(bytes) + 1];
	ssize_t n = parse_blob(text, len, bytes, sizeof(bytes));

	if (n <= 0) {
		if (!n)
			abort();
		return;
	}
	if ((size_t)n > sizeof(bytes) || (size_t)n * 2 > len)
		abort();
	bastion_hex_encode(bytes, n, hex);
	if (parse_blob(hex, 2 * n, again, sizeof(again)) != n || memcmp(bytes, again, n))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	/* Of its length exactly, so that the sanitizer sees what is read beyond it. */
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	switch (data[0] % 3) {
	case 0:
		text[size - 1] = '\0';
		description(text, size - 1);
		break;
	case 1:
		text[size - 1] = '\0';
		serial(text);
		break;
	default:
		text = realloc(text, size > 1 ? size - 1 : 1);
		blob(text, size - 1);
		break;
	}
	free(text);
	return 0;
}
