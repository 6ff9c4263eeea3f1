// SPDX-License-Identifier: GPL-2.0
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "libbastion/log.h"

/* What is left of the log; every read is checked against it. */
struct cursor {
	const uint8_t *at;
	size_t left;
};

static const uint8_t *take(struct cursor *c, size_t len)
{
	const uint8_t *at = c->at;

	if (len > c->left)
		return NULL;
	c->at += len;
	c->left -= len;
	return at;
}

static int take_u32(struct cursor *c, uint32_t *value)
{
	const uint8_t *at = take(c, sizeof(*value));

	if (!at)
		return -EBADMSG;
	memcpy(value, at, sizeof(*value));
	*value = le32toh(*value);
	return 0;
}

/* A 32-bit length and as many bytes. */
static int take_field(struct cursor *c, struct cursor *field)
{
	uint32_t len;

	if (take_u32(c, &len))
		return -EBADMSG;
	field->left = len;
	field->at = take(c, len);
	return field->at ? 0 : -EBADMSG;
}

/* "sha384:" or "verity:sha256:", a NUL, the digest */
static int parse_digest(struct cursor *field, struct bastion_log_entry *entry)
{
	const uint8_t *nul = memchr(field->at, '\0', field->left);
	size_t len;

	if (!nul)
		return -EBADMSG;
	len = nul - field->at;
	if (len < 2 || len > sizeof(entry->algorithm) || field->at[len - 1] != ':')
		return -EBADMSG;
	memcpy(entry->algorithm, field->at, len - 1);
	take(field, len + 1);
	entry->value = field->at;
	entry->value_len = field->left;
	return 0;
}

static int parse_name(const struct cursor *field, struct bastion_log_entry *entry)
{
	if (!field->left || memchr(field->at, '\0', field->left) != field->at + field->left - 1)
		return -EBADMSG;
	entry->name = (const char *)field->at;
	return 0;
}

static int parse_fields(struct cursor *data, struct bastion_log_entry *entry)
{
	struct cursor field;

	if (take_field(data, &field) || parse_digest(&field, entry) ||
	    take_field(data, &field) || parse_name(&field, entry))
		return -EBADMSG;
	if (!strcmp(entry->template, "ima-buf")) {
		if (take_field(data, &field))
			return -EBADMSG;
		entry->data = field.at;
		entry->data_len = field.left;
	}
	return data->left ? -EBADMSG : 0;
}

static int parse_template(const struct cursor *name, struct bastion_log_entry *entry)
{
	static const char *const known[] = { "ima-ng", "ima-ngv2", "ima-buf" };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (name->left == strlen(known[i]) && !memcmp(name->at, known[i], name->left)) {
			strcpy(entry->template, known[i]);
			return 0;
		}
	}
	return -EBADMSG;
}

ssize_t bastion_log_next(const uint8_t *log, size_t len, struct bastion_log_entry *entry)
{
	struct cursor c = { log, len }, name, data;
	const uint8_t *digest;

	memset(entry, 0, sizeof(*entry));
	if (!len)
		return 0;
	if (take_u32(&c, &entry->index))
		return -EBADMSG;
	digest = take(&c, sizeof(entry->digest));
	if (!digest || take_field(&c, &name) || take_field(&c, &data))
		return -EBADMSG;
	memcpy(entry->digest, digest, sizeof(entry->digest));
	if (parse_template(&name, entry) || parse_fields(&data, entry))
		return -EBADMSG;
	return len - c.left;
}

ssize_t bastion_log_prefix(const uint8_t *log, size_t len, uint64_t count)
{
	struct bastion_log_entry entry;
	size_t done = 0;

	while (count--) {
		ssize_t n = bastion_log_next(log + done, len - done, &entry);

		if (n <= 0)
			return -EBADMSG;
		done += n;
	}
	return done;
}
