// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "testima.h"

size_t ti_digest(const char *hash, const void *bytes, size_t len, uint8_t *out)
{
	unsigned int size;

	assert_true(EVP_Digest(bytes, len, out, &size, EVP_get_digestbyname(hash), NULL));
	return size;
}

void ti_put(struct ti_list *list, const void *bytes, size_t len)
{
	assert_true(list->len + len <= sizeof(list->binary));
	memcpy(list->binary + list->len, bytes, len);
	list->len += len;
}

void ti_put_u32(struct ti_list *list, uint32_t value)
{
	ti_put(list, (uint8_t[]){ value, value >> 8, value >> 16, value >> 24 }, 4);
}

void ti_field(struct ti_data *data, const void *bytes, uint32_t len)
{
	assert_true(data->len + 4 + len <= sizeof(data->bytes));
	memcpy(data->bytes + data->len, &len, 4);
	memcpy(data->bytes + data->len + 4, bytes, len);
	data->len += 4 + len;
}

void ti_text(struct ti_list *list, const char *word)
{
	list->ascii_len += snprintf(list->ascii + list->ascii_len,
				    sizeof(list->ascii) - list->ascii_len, "%s", word);
	assert_true(list->ascii_len < sizeof(list->ascii));
}

static void text_hex(struct ti_list *list, const void *bytes, size_t len)
{
	char hex[2048];

	bv_hex(hex, sizeof(hex), bytes, len);
	ti_text(list, hex);
}

void ti_begin(struct ti_list *list, const char *template, const struct ti_data *covered)
{
	uint8_t own[64] = { 0 }, parts[64], mirrored[96];
	size_t size = EVP_MD_get_size(EVP_get_digestbyname(list->hash));

	memcpy(parts, list->value, 32);
	memset(parts + 32, 0xff, 32);
	memcpy(mirrored, list->mirror, 48);
	memset(mirrored + 48, 0xff, 48);
	if (covered) {
		ti_digest(list->hash, covered->bytes, covered->len, own);
		ti_digest("SHA256", covered->bytes, covered->len, parts + 32);
		ti_digest("SHA384", covered->bytes, covered->len, mirrored + 48);
	}
	ti_digest("SHA256", parts, 64, list->value);
	ti_digest("SHA384", mirrored, 96, list->mirror);
	ti_put_u32(list, TI_PCR);
	ti_put(list, own, size);
	ti_put_u32(list, strlen(template));
	ti_put(list, template, strlen(template));
	ti_text(list, "10 ");
	text_hex(list, own, size);
	ti_text(list, " ");
	ti_text(list, template);
	ti_text(list, " ");
}

void ti_entry(struct ti_list *list, const char *template, const struct ti_data *data,
		  const char *fields)
{
	ti_begin(list, template, data);
	ti_put_u32(list, data->len);
	ti_put(list, data->bytes, data->len);
	ti_text(list, fields);
	ti_text(list, "\n");
}

void ti_named_digest(struct ti_data *data, const char *name, uint8_t byte, size_t len)
{
	uint8_t bytes[128] = { 0 };

	strcpy((char *)bytes, name);
	memset(bytes + strlen(name) + 1, byte, len);
	ti_field(data, bytes, strlen(name) + 1 + len);
}

void ti_name(struct ti_data *data, const char *path)
{
	ti_field(data, path, strlen(path) + 1);
}

const char *ti_repeat(const char *pair, size_t times)
{
	static char out[4][257];
	static int which;
	char *text_out = out[which++ % 4];

	for (size_t i = 0; i < times; i++)
		strcpy(text_out + 2 * i, pair);
	return text_out;
}

void ti_file(struct ti_list *list, const char *path, uint8_t byte)
{
	struct ti_data data = { .len = 0 };
	char fields[256], pair[3];

	ti_named_digest(&data, "sha256:", byte, 32);
	ti_name(&data, path);
	snprintf(pair, sizeof(pair), "%02x", byte);
	snprintf(fields, sizeof(fields), "sha256:%s %s", ti_repeat(pair, 32), path);
	ti_entry(list, "ima-ng", &data, fields);
}

static void put_violation(struct ti_list *list, const struct ti_data *data)
{
	ti_begin(list, "ima-ng", NULL);
	ti_put_u32(list, data->len);
	ti_put(list, data->bytes, data->len);
}

void ti_violation(struct ti_list *list, const char *path)
{
	struct ti_data data = { .len = 0 };

	ti_named_digest(&data, "sha256:", 0, 32);
	ti_name(&data, path);
	put_violation(list, &data);
	ti_text(list, "sha256:");
	ti_text(list, ti_repeat("00", 32));
	ti_text(list, " ");
	ti_text(list, path);
	ti_text(list, "\n");
}

void ti_long_violation(struct ti_list *list, size_t len)
{
	struct ti_data data = { .len = 0 };
	uint8_t digest[4096] = "sha1:";

	assert_true(len + 6 <= sizeof(digest));
	memset(digest + 6, 0xaa, len);
	ti_field(&data, digest, 6 + len);
	ti_name(&data, "/x");
	put_violation(list, &data);
	ti_text(list, "sha1:");
	for (size_t i = 0; i < len; i++)
		ti_text(list, "aa");
	ti_text(list, " /x\n");
}
