// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include <cbor/encoding.h>

#include "bastion-chip/cbor.h"

/* libcbor's encoders return 0 when there is no room. */
static void wrote(struct chip_cbor *cbor, size_t len)
{
	if (!len)
		cbor->overflow = true;
	cbor->len += len;
}

static uint8_t *at(struct chip_cbor *cbor)
{
	return cbor->data + cbor->len;
}

static size_t room(const struct chip_cbor *cbor)
{
	return cbor->overflow ? 0 : cbor->size - cbor->len;
}

static void put(struct chip_cbor *cbor, const void *data, size_t len)
{
	if (len > room(cbor)) {
		cbor->overflow = true;
		return;
	}
	if (len)
		memcpy(at(cbor), data, len);
	cbor->len += len;
}

void chip_cbor_int(struct chip_cbor *cbor, int64_t value)
{
	if (value < 0)
		wrote(cbor, cbor_encode_negint(-(value + 1), at(cbor), room(cbor)));
	else
		chip_cbor_uint(cbor, value);
}

void chip_cbor_uint(struct chip_cbor *cbor, uint64_t value)
{
	wrote(cbor, cbor_encode_uint(value, at(cbor), room(cbor)));
}

void chip_cbor_bytes(struct chip_cbor *cbor, const void *data, size_t len)
{
	wrote(cbor, cbor_encode_bytestring_start(len, at(cbor), room(cbor)));
	put(cbor, data, len);
}

void chip_cbor_text(struct chip_cbor *cbor, const char *text)
{
	wrote(cbor, cbor_encode_string_start(strlen(text), at(cbor), room(cbor)));
	put(cbor, text, strlen(text));
}

void chip_cbor_array(struct chip_cbor *cbor, size_t count)
{
	wrote(cbor, cbor_encode_array_start(count, at(cbor), room(cbor)));
}

void chip_cbor_map(struct chip_cbor *cbor, size_t count)
{
	wrote(cbor, cbor_encode_map_start(count, at(cbor), room(cbor)));
}

void chip_cbor_tag(struct chip_cbor *cbor, uint64_t tag)
{
	wrote(cbor, cbor_encode_tag(tag, at(cbor), room(cbor)));
}
