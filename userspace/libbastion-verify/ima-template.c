// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "ima-template.h"

#define OLD_DIGEST	20	/* SHA-1 and, filled up, MD5 */
#define DIGEST_TEXT_MAX	64	/* of an algorithm's name with its type */

static const struct bv_ima_field known_fields[] = {
	{ "d", BV_IMA_DIGEST, BV_IMA_FILE_DIGEST },
	{ "n", BV_IMA_TEXT, BV_IMA_FILE_NAME },
	{ "d-ng", BV_IMA_DIGEST_NAMED, BV_IMA_FILE_DIGEST },
	{ "d-ngv2", BV_IMA_DIGEST_NAMED, BV_IMA_FILE_DIGEST },
	{ "n-ng", BV_IMA_TEXT, BV_IMA_FILE_NAME },
	{ "sig", BV_IMA_BYTES, BV_IMA_OTHER },
	{ "buf", BV_IMA_BYTES, BV_IMA_BUFFER },
	{ "d-modsig", BV_IMA_DIGEST_NAMED, BV_IMA_OTHER },
	{ "modsig", BV_IMA_BYTES, BV_IMA_OTHER },
	{ "evmsig", BV_IMA_BYTES, BV_IMA_OTHER },
	{ "iuid", BV_IMA_UINT32, BV_IMA_OTHER },
	{ "igid", BV_IMA_UINT32, BV_IMA_OTHER },
	{ "imode", BV_IMA_UINT16, BV_IMA_OTHER },
	{ "xattrnames", BV_IMA_TEXT, BV_IMA_OTHER },
	{ "xattrlengths", BV_IMA_BYTES, BV_IMA_OTHER },
	{ "xattrvalues", BV_IMA_BYTES, BV_IMA_OTHER },
};

static const struct {
	const char *name;
	const char *format;
} templates[] = {
	{ "ima", "d|n" },
	{ "ima-ng", "d-ng|n-ng" },
	{ "ima-sig", "d-ng|n-ng|sig" },
	{ "ima-ngv2", "d-ngv2|n-ng" },
	{ "ima-sigv2", "d-ngv2|n-ng|sig" },
	{ "ima-buf", "d-ng|n-ng|buf" },
	{ "ima-modsig", "d-ng|n-ng|sig|d-modsig|modsig" },
	{ "evm-sig", "d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode" },
};

/* What is before the next @separator, which is taken, too; or all that is left. */
static struct bv_span token(struct bv_span *from, char separator)
{
	const uint8_t *end = from->len ? memchr(from->data, separator, from->len) : NULL;
	size_t len = end ? (size_t)(end - from->data) : from->len;
	struct bv_span out = { from->data, len };

	from->data += len + !!end;
	from->len -= len + !!end;
	return out;
}

static const struct bv_ima_field *find_field(struct bv_span id)
{
	for (size_t i = 0; i < sizeof(known_fields) / sizeof(*known_fields); i++)
		if (bv_span_is(id, known_fields[i].id))
			return &known_fields[i];
	return NULL;
}

static bool is_usual(const struct bv_ima_template *found)
{
	static const enum bv_ima_role first[] = { BV_IMA_FILE_DIGEST, BV_IMA_FILE_NAME };

	for (size_t i = 0; i < found->count; i++) {
		enum bv_ima_role role = found->fields[i]->role;

		if (i < 2 ? role != first[i] : role == first[0] || role == first[1])
			return false;
	}
	return found->count >= 2;
}

void bv_ima_template_find(struct bv_span name, struct bv_ima_template *found)
{
	struct bv_span format = name;

	memset(found, 0, sizeof(*found));
	for (size_t i = 0; i < sizeof(templates) / sizeof(*templates); i++)
		if (bv_span_is(name, templates[i].name))
			format = (struct bv_span){ (const uint8_t *)templates[i].format,
						   strlen(templates[i].format) };
	while (format.len) {
		const struct bv_ima_field *field = find_field(token(&format, '|'));

		if (!field || found->count == BV_IMA_FIELDS_MAX) {
			found->count = 0;
			return;
		}
		found->fields[found->count++] = field;
	}
	found->old = bv_span_is(name, "ima");
	found->usual = is_usual(found);
}

static bool is_text(struct bv_span field)
{
	return !field.len || memchr(field.data, 0, field.len) == field.data + field.len - 1;
}

static bool is_named_digest(struct bv_span field)
{
	const uint8_t *end = field.len ? memchr(field.data, 0, field.len) : NULL;

	return !field.len || (end && end > field.data + 1 && end[-1] == ':' &&
			      end - field.data <= DIGEST_TEXT_MAX &&
			      bv_is_printable((struct bv_span){ field.data, end - field.data }));
}

static bool fits(enum bv_ima_kind kind, struct bv_span field)
{
	switch (kind) {
	case BV_IMA_DIGEST_NAMED:
		return is_named_digest(field);
	case BV_IMA_TEXT:
		return is_text(field);
	case BV_IMA_UINT16:
		return field.len == 2;
	case BV_IMA_UINT32:
		return field.len == 4;
	case BV_IMA_OPAQUE:
	case BV_IMA_DIGEST:
	case BV_IMA_BYTES:
		break;
	}
	return true;
}

static int split_old(struct bv_span data, struct bv_span *fields, size_t *count)
{
	const uint8_t *end;

	*count = 2;
	if (!bv_take(&data, OLD_DIGEST, &fields[0]) || data.len != BV_IMA_NAME_MAX + 1)
		return -EBADMSG;
	end = memchr(data.data, 0, data.len);
	if (!end || !bv_is_zero(end, data.data + data.len - end))
		return -EBADMSG;
	fields[1] = (struct bv_span){ data.data, end - data.data + 1 };
	return 0;
}

int bv_ima_split(const struct bv_ima_template *found, struct bv_span data,
		 struct bv_span *fields, size_t *count)
{
	if (found->old)
		return split_old(data, fields, count);
	for (*count = 0; data.len; (*count)++) {
		enum bv_ima_kind kind = *count < found->count ? found->fields[*count]->kind
							      : BV_IMA_OPAQUE;

		if (*count == BV_IMA_FIELDS_MAX ||
		    !bv_take_field(&data, data.len, &fields[*count]) ||
		    !fits(kind, fields[*count]))
			return -EBADMSG;
	}
	return *count && (!found->count || *count == found->count) ? 0 : -EBADMSG;
}

static int put_hex(struct bv_span text, uint8_t *out, size_t *len)
{
	for (size_t i = 0; i < text.len / 2; i++) {
		char digits[3] = { text.data[2 * i], text.data[2 * i + 1] };

		if (bv_unhex(out + *len, 1, 1, digits) != 1)
			return -EBADMSG;
		(*len)++;
	}
	return text.len % 2 ? -EBADMSG : 0;
}

static void put(const void *bytes, size_t size, uint8_t *out, size_t *len)
{
	memcpy(out + *len, bytes, size);
	*len += size;
}

static int put_number(struct bv_span text, size_t size, uint8_t *out, size_t *len)
{
	uint64_t value = 0;

	if (!text.len || text.len > 10)
		return -EBADMSG;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return -EBADMSG;
		value = 10 * value + text.data[i] - '0';
	}
	if (value >> (8 * size))
		return -EBADMSG;
	for (size_t i = 0; i < size; i++)
		out[(*len)++] = value >> (8 * i);
	return 0;
}

static int put_named_digest(struct bv_span text, uint8_t *out, size_t *len)
{
	const uint8_t *colon = text.len ? memrchr(text.data, ':', text.len) : NULL;
	size_t name = colon ? colon + 1 - text.data : 0;

	if (!text.len)
		return 0;
	if (!colon)
		return -EBADMSG;
	put(text.data, name, out, len);
	out[(*len)++] = '\0';
	return put_hex((struct bv_span){ text.data + name, text.len - name }, out, len);
}

static int put_field(enum bv_ima_kind kind, struct bv_span text, uint8_t *out, size_t *len)
{
	switch (kind) {
	case BV_IMA_DIGEST_NAMED:
		return put_named_digest(text, out, len);
	case BV_IMA_TEXT:
		put(text.data, text.len, out, len);
		if (text.len)
			out[(*len)++] = '\0';
		return 0;
	case BV_IMA_UINT16:
		return put_number(text, 2, out, len);
	case BV_IMA_UINT32:
		return put_number(text, 4, out, len);
	case BV_IMA_OPAQUE:
		return -EBADMSG;
	case BV_IMA_DIGEST:
	case BV_IMA_BYTES:
		break;
	}
	return put_hex(text, out, len);
}

static int rebuild_old(struct bv_span text, uint8_t *out, size_t *len)
{
	int ret = put_hex(token(&text, ' '), out, len);

	if (ret || *len != OLD_DIGEST || text.len > BV_IMA_NAME_MAX)
		return -EBADMSG;
	memset(out + OLD_DIGEST, 0, BV_IMA_NAME_MAX + 1);
	memcpy(out + OLD_DIGEST, text.data, text.len);
	*len += BV_IMA_NAME_MAX + 1;
	return 0;
}

int bv_ima_rebuild(const struct bv_ima_template *found, struct bv_span text, uint8_t *out,
		   size_t *len)
{
	*len = 0;
	if (found->old)
		return rebuild_old(text, out, len);
	for (size_t i = 0; i < found->count; i++) {
		enum bv_ima_kind kind = found->fields[i]->kind;
		bool last = i + 1 == found->count;
		/* The kernel writes no space in a text; where it did, only the last is readable. */
		struct bv_span field = last && kind == BV_IMA_TEXT ? text : token(&text, ' ');
		uint8_t *at = out + *len;
		size_t size = 0;
		int ret = put_field(kind, field, at + 4, &size);

		if (ret || (last && kind != BV_IMA_TEXT && text.len))
			return -EBADMSG;
		bv_put_le32(at, size);
		*len += 4 + size;
	}
	return 0;
}
