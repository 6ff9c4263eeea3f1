// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include <cbor.h>

#include "cbor.h"

enum item_type { NONE, UINT, NEGATIVE, BYTES, TEXT, ARRAY, MAP };

static const char *const type_names[] = {
	[NONE] = "something else", [UINT] = "a number",	  [NEGATIVE] = "a negative number",
	[BYTES] = "a byte string", [TEXT] = "a text",	  [ARRAY] = "an array",
	[MAP] = "a map",
};

struct item {
	enum item_type type;
	uint64_t value;		/* the number, count or length in the head */
	const uint8_t *data;	/* strings only */
};

static void set(void *context, enum item_type type, uint64_t value)
{
	struct item *item = context;

	item->type = type;
	item->value = value;
}

static void on_uint8(void *context, uint8_t value)
{
	set(context, UINT, value);
}

static void on_uint16(void *context, uint16_t value)
{
	set(context, UINT, value);
}

static void on_uint32(void *context, uint32_t value)
{
	set(context, UINT, value);
}

static void on_uint64(void *context, uint64_t value)
{
	set(context, UINT, value);
}

static void on_negint8(void *context, uint8_t value)
{
	set(context, NEGATIVE, value);
}

static void on_negint16(void *context, uint16_t value)
{
	set(context, NEGATIVE, value);
}

static void on_negint32(void *context, uint32_t value)
{
	set(context, NEGATIVE, value);
}

static void on_negint64(void *context, uint64_t value)
{
	set(context, NEGATIVE, value);
}

static void on_bytes(void *context, cbor_data data, size_t len)
{
	set(context, BYTES, len);
	((struct item *)context)->data = data;
}

static void on_text(void *context, cbor_data data, size_t len)
{
	set(context, TEXT, len);
	((struct item *)context)->data = data;
}

static void on_array(void *context, size_t count)
{
	set(context, ARRAY, count);
}

static void on_map(void *context, size_t count)
{
	set(context, MAP, count);
}

/* What has no row here (tags, floats, simple values, indefinite lengths) stays NONE. */
static struct cbor_callbacks callbacks(void)
{
	struct cbor_callbacks table = cbor_empty_callbacks;

	table.uint8 = on_uint8;
	table.uint16 = on_uint16;
	table.uint32 = on_uint32;
	table.uint64 = on_uint64;
	table.negint8 = on_negint8;
	table.negint16 = on_negint16;
	table.negint32 = on_negint32;
	table.negint64 = on_negint64;
	table.byte_string = on_bytes;
	table.string = on_text;
	table.array_start = on_array;
	table.map_start = on_map;
	return table;
}

/* RFC 8949, 4.2.1: the shortest head that holds the value. */
static size_t shortest_head(uint64_t value)
{
	if (value < 24)
		return 1;
	if (value <= UINT8_MAX)
		return 2;
	if (value <= UINT16_MAX)
		return 3;
	return value <= UINT32_MAX ? 5 : 9;
}

static int next(struct bv_cbor *cbor, const char *what, enum item_type type, struct item *item)
{
	const struct cbor_callbacks table = callbacks();
	struct cbor_decoder_result result;
	size_t body;

	memset(item, 0, sizeof(*item));
	if (!cbor->left)
		return bv_fail(cbor->err, "the CBOR ends before %s", what);
	result = cbor_stream_decode(cbor->at, cbor->left, &table, item);
	if (result.status != CBOR_DECODER_FINISHED || !result.read || result.read > cbor->left)
		return bv_fail(cbor->err, "no well-formed CBOR at %s", what);
	if (item->type != type)
		return bv_fail(cbor->err, "%s is not %s but %s", what, type_names[type],
			       type_names[item->type]);
	body = type == BYTES || type == TEXT ? item->value : 0;
	if (result.read < body || result.read - body != shortest_head(item->value))
		return bv_fail(cbor->err, "%s is not in deterministic CBOR", what);
	cbor->at += result.read;
	cbor->left -= result.read;
	return 0;
}

int bv_cbor_uint(struct bv_cbor *cbor, const char *what, uint64_t max, uint64_t *value)
{
	struct item item;
	int ret = next(cbor, what, UINT, &item);

	if (ret)
		return ret;
	if (item.value > max)
		return bv_fail(cbor->err, "%s is %llu, at most %llu is possible", what,
			       (unsigned long long)item.value, (unsigned long long)max);
	*value = item.value;
	return 0;
}

int bv_cbor_key(struct bv_cbor *cbor, const char *what, int64_t value)
{
	uint64_t want = value < 0 ? (uint64_t)(-1 - value) : (uint64_t)value;
	struct bv_cbor before = *cbor;
	struct item item;

	before.err = NULL;
	if (next(&before, what, value < 0 ? NEGATIVE : UINT, &item) || item.value != want)
		return bv_fail(cbor->err,
			       "%s (%lld) should be here: claims and headers are exactly those "
			       "of the profile, in deterministic order", what, (long long)value);
	before.err = cbor->err;
	*cbor = before;
	return 0;
}

static int string(struct bv_cbor *cbor, const char *what, enum item_type type, size_t min,
		  size_t max, struct bv_span *out)
{
	struct item item;
	int ret = next(cbor, what, type, &item);

	if (ret)
		return ret;
	if (item.value < min || item.value > max)
		return bv_fail(cbor->err, "%s has %llu bytes, not %zu to %zu", what,
			       (unsigned long long)item.value, min, max);
	*out = (struct bv_span){ item.data, item.value };
	return 0;
}

int bv_cbor_bytes(struct bv_cbor *cbor, const char *what, size_t min, size_t max,
		  struct bv_span *bytes)
{
	return string(cbor, what, BYTES, min, max, bytes);
}

int bv_cbor_text(struct bv_cbor *cbor, const char *what, size_t max, struct bv_span *text)
{
	int ret = string(cbor, what, TEXT, 1, max, text);

	if (!ret && !bv_is_printable(*text))
		return bv_fail(cbor->err, "%s is not printable ASCII", what);
	return ret;
}

int bv_cbor_array(struct bv_cbor *cbor, const char *what, size_t min, size_t max, size_t *count)
{
	struct item item;
	int ret = next(cbor, what, ARRAY, &item);

	if (ret)
		return ret;
	if (item.value < min || item.value > max)
		return bv_fail(cbor->err, "%s has %llu items, not %zu to %zu", what,
			       (unsigned long long)item.value, min, max);
	*count = item.value;
	return 0;
}

int bv_cbor_map(struct bv_cbor *cbor, const char *what, size_t count)
{
	struct item item;
	int ret = next(cbor, what, MAP, &item);

	if (!ret && item.value != count)
		return bv_fail(cbor->err, "%s has %llu members, not %zu", what,
			       (unsigned long long)item.value, count);
	return ret;
}

int bv_cbor_tag(struct bv_cbor *cbor, const char *what, unsigned int value)
{
	/* libcbor before 0.9 refuses tags that RFC 7049 did not assign; this one is a byte. */
	if (!cbor->left || value > 23 || cbor->at[0] != (0xc0 | value))
		return bv_fail(cbor->err, "%s does not begin with tag %u", what, value);
	cbor->at++;
	cbor->left--;
	return 0;
}

int bv_cbor_end(struct bv_cbor *cbor, const char *what)
{
	return cbor->left ? bv_fail(cbor->err, "%zu bytes follow %s", cbor->left, what) : 0;
}
