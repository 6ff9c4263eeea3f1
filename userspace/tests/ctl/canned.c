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
		      const char *prefix, const char *data)
{
	static const uint8_t digest[48] = { 0xd1, 0x6e };
	uint8_t value[64] = { 0 }, fields[256], *field = fields;
	size_t start = strlen(prefix) + 1;

	memcpy(value, prefix, start);
	field = put(field, value, start + (strstr(prefix, "sha256") ? 32 : 48));
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
	uint8_t *at = entry(log, 1, "ima-buf", "module", "sha384:", "version=1");

	*first = at - log;
	return entry(at, 4, "ima-ng", "/usr/bin/mount", "sha384:", NULL) - log;
}

size_t canned_file(uint8_t *log, const char *template, const char *prefix)
{
	return entry(log, 4, template, "/usr/bin/mount", prefix, NULL) - log;
}
