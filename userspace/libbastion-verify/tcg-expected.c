// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "tcg-expected.h"

#define LINE_MAX_BYTES	512

static int set_value(struct bv_expected *expected, int bank, unsigned int index, const char *hex,
		     struct bv_error *err)
{
	const size_t size = bv_bank_size(bank);

	if (index >= BV_PCR_COUNT)
		return bv_fail(err, "there is no register %u", index);
	if (expected->given[bank] & (1u << index))
		return bv_fail(err, "register %s:%u has two values", bv_bank_name(bank), index);
	if (bv_unhex(expected->value[bank][index], size, size, hex) < 0)
		return bv_fail(err, "register %s:%u is not %zu bytes of hex", bv_bank_name(bank),
			       index, size);
	expected->given[bank] |= 1u << index;
	return 0;
}

static int parse_number(const char *text, unsigned int *out)
{
	size_t len = strspn(text, "0123456789");

	if (!len || len > 2 || text[len])
		return -1;
	*out = atoi(text);
	return 0;
}

static int read_bank(const json_t *json, int bank, struct bv_expected *expected,
		     struct bv_error *err)
{
	const char *key;
	json_t *value;

	if (!json_is_object(json))
		return bv_fail(err, "\"%s\" is not an object", bv_bank_name(bank));
	json_object_foreach((json_t *)json, key, value) {
		unsigned int index;
		int ret;

		if (parse_number(key, &index) || !json_is_string(value))
			return bv_fail(err, "\"%s\": \"%.16s\" is no register with a text",
				       bv_bank_name(bank), key);
		ret = set_value(expected, bank, index, json_string_value(value), err);
		if (ret)
			return ret;
	}
	return 0;
}

static int parse_json(struct bv_span text, struct bv_expected *expected, struct bv_error *err)
{
	json_t *root = bv_json_parse(text, BV_EXPECTED_MAX, BV_JSON_FEW, "the file of values", err);
	json_t *value;
	const json_t *banks;
	const char *key;
	int ret = 0;

	if (!root)
		return -EBADMSG;
	banks = json_object_get(root, "registers");
	json_object_foreach((json_t *)(banks ? banks : root), key, value) {
		int bank = bv_bank_by_name((struct bv_span){ (const uint8_t *)key, strlen(key) });

		ret = bank < 0 ? bv_fail(err, "\"%.32s\" is no bank", key)
			       : read_bank(value, bank, expected, err);
		if (ret)
			break;
	}
	json_decref(root);
	return ret;
}

/* "AA BB": as the kernel shows registers of a TPM 1.2. */
static void join_words(char *text)
{
	char *to = text;

	for (; *text; text++)
		if (*text != ' ')
			*to++ = *text;
	*to = '\0';
}

/* Cuts white space off both ends, and makes hex ours. */
static char *trim(char *text)
{
	size_t len;

	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	for (char *c = text; *c; c++)
		*c = tolower((unsigned char)*c);
	return text;
}

/*
 * "sha256:0 = hex", or "0: hex" under a line "sha256:" or with the bank that has
 * digests of this length. Hex may have 0x before it, the register PCR-.
 */
static int parse_line(char *line, int *heading, struct bv_expected *expected,
		      struct bv_error *err)
{
	char *colon = strchr(line, ':'), *value = strchr(line, '='), *index = line;
	struct bv_span name = { (const uint8_t *)line, colon ? (size_t)(colon - line) : 0 };
	int bank = bv_bank_by_name(name);
	unsigned int number;

	if (bank >= 0 && !colon[1]) {
		*heading = bank;
		return 0;
	}
	if (bank >= 0)
		index = colon + 1;
	else if (!value)
		value = colon;
	if (!value)
		return bv_fail(err, "it is neither a bank nor a register with a value");
	*value = '\0';
	value = trim(value + 1);
	if (!strncmp(value, "0x", 2))
		value += 2;
	join_words(value);
	index = trim(index);
	if (!strncmp(index, "pcr-", 4))
		index += 4;
	if (bank < 0)
		bank = *heading >= 0 ? *heading : bv_bank_by_size(strlen(value) / 2);
	if (bank < 0 || parse_number(index, &number))
		return bv_fail(err, "it is neither a bank nor a register with a value");
	return set_value(expected, bank, number, value, err);
}

static int parse_lines(struct bv_span text, struct bv_expected *expected, struct bv_error *err)
{
	unsigned int number = 0;
	int heading = -1;

	while (text.len) {
		const uint8_t *end = memchr(text.data, '\n', text.len);
		size_t len = end ? (size_t)(end - text.data) : text.len;
		char copy[LINE_MAX_BYTES], *line;
		struct bv_error why = { "" };

		number++;
		if (len >= sizeof(copy) || memchr(text.data, 0, len))
			return bv_fail(err, "line %u is no text", number);
		memcpy(copy, text.data, len);
		copy[len] = '\0';
		line = trim(copy);
		/* evmctl's samples say in their first line how they were read. */
		if (*line && *line != '#' && strncmp(line, "pcrread:", strlen("pcrread:")) &&
		    parse_line(line, &heading, expected, &why))
			return bv_fail(err, "line %u: %s", number, why.text);
		text.data += len + !!end;
		text.len -= len + !!end;
	}
	return 0;
}

int bv_expected_parse(struct bv_span text, struct bv_expected *expected, struct bv_error *err)
{
	struct bv_span start = text;

	memset(expected, 0, sizeof(*expected));
	while (start.len && isspace(start.data[0])) {
		start.data++;
		start.len--;
	}
	if (start.len && start.data[0] == '{')
		return parse_json(text, expected, err);
	return parse_lines(text, expected, err);
}

static int compare_one(const struct bv_expected *expected, const struct bv_pcrs *pcrs, int bank,
		       int index, struct bv_error *err)
{
	char want[2 * BV_PCR_DIGEST_MAX + 1], have[2 * BV_PCR_DIGEST_MAX + 1];
	const size_t size = bv_bank_size(bank);

	if (!memcmp(expected->value[bank][index], pcrs->value[bank][index], size))
		return 0;
	bv_hex(want, sizeof(want), expected->value[bank][index], size);
	bv_hex(have, sizeof(have), pcrs->value[bank][index], size);
	return bv_fail(err, "register %s:%d is %s after replay, %s expected", bv_bank_name(bank),
		       index, have, want);
}

int bv_expected_compare(const struct bv_expected *expected, const struct bv_pcrs *pcrs,
			uint32_t always, struct bv_comparison *out, struct bv_error *err)
{
	bool any = false;

	memset(out, 0, sizeof(*out));
	for (int bank = 0; bank < BV_BANKS; bank++) {
		bool replayed = pcrs->banks & (1u << bank);
		uint32_t given = expected->given[bank], judged = 0;

		if (replayed)
			judged = given & (pcrs->used | always);
		for (int i = 0; i < BV_PCR_COUNT; i++)
			if (judged & (1u << i) && compare_one(expected, pcrs, bank, i, err))
				return -EBADMSG;
		out->compared[bank] = judged;
		out->skipped[bank] = (given | (replayed ? pcrs->used : 0)) & ~judged;
		any = any || judged;
	}
	return any ? 0 : bv_fail(err, "no expected value is of a bank and a register of this log");
}
