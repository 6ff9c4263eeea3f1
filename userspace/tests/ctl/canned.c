// SPDX-License-Identifier: GPL-2.0
#include <endian.h>
#include <string.h>

#include "tests/ctl/canned.h"

static uint8_t *put_u32(uint8_t *at, uint32_t value)
{
	value = htole32(value);
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

static uint8_t *put(uint8_t *at, const void *data, size_t len)
{
	at = put_u32(at, len);
	memcpy(at, data, len);
	return at + len;
}

static uint8_t *entry(uint8_t *at, uint32_t index, const char *template, const char *name,
		      const char *data)
{
	static const uint8_t digest[48] = { 0xd1, 0x6e };
	uint8_t value[8 + 48] = "sha384:", fields[256], *field = fields;

	field = put(field, value, sizeof(value));
	field = put(field, name, strlen(name) + 1);
	if (data)
		field = put(field, data, strlen(data));
	at = put_u32(at, index);
	memcpy(at, digest, sizeof(digest));
	at = put(at + sizeof(digest), template, strlen(template));
	return put(at, fields, field - fields);
}

size_t canned_log(uint8_t *log, size_t *first)
{
	uint8_t *at = entry(log, 1, "ima-buf", "module", "version=1");

	*first = at - log;
	return entry(at, 4, "ima-ng", "/usr/bin/mount", NULL) - log;
}
