// SPDX-License-Identifier: GPL-2.0
/*
 * Reading a sealed blob.
 */
#include <asm/byteorder.h>
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/string.h>

#include <bastion/grant.h>

#include "blob.h"

#define OWNER_INVALID	0xffffffffu	/* (uid_t)-1 is nobody's */

static bool all_zero(const u8 *bytes, size_t len)
{
	return !memchr_inv(bytes, 0, len);
}

static bool name_char(char c)
{
	return isascii(c) && (isalnum(c) || c == '.' || c == '_' || c == '-');
}

/**
 * bastion_name_valid - whether a key may have this name
 * @name:	need not be NUL terminated
 * @len:	bytes at @name
 *
 * Return: true for [A-Za-z0-9._-]{1,63}.
 */
bool bastion_name_valid(const char *name, size_t len)
{
	size_t i;

	if (!len || len >= BASTION_NAME_SIZE)
		return false;
	for (i = 0; i < len; i++)
		if (!name_char(name[i]))
			return false;
	return true;
}

static bool name_field_valid(const u8 name[BASTION_NAME_SIZE])
{
	size_t len = strnlen((const char *)name, BASTION_NAME_SIZE);

	return bastion_name_valid((const char *)name, len) &&
	       all_zero(name + len, BASTION_NAME_SIZE - len);
}

/* What a later version may give a meaning to. */
static bool unused_valid(const struct bastion_blob_header *h)
{
	return !h->counter_index && !h->counter_value && !h->reserved && !h->reserved2;
}

static bool registers_valid(const struct bastion_blob_header *h)
{
	if (le32_to_cpu(h->register_mask) & ~BASTION_MASKABLE)
		return false;
	return h->register_mask || all_zero(h->register_digest, sizeof(h->register_digest));
}

/* An executable of zeroes means "not measured" elsewhere, so nothing may ask for it. */
static bool executable_valid(const struct bastion_blob_header *h)
{
	bool zero = all_zero(h->executable, sizeof(h->executable));

	switch (le32_to_cpu(h->flags)) {
	case 0:
		return zero;
	case BASTION_BLOB_EXECUTABLE:
		return !zero;
	default:
		return false;
	}
}

static bool header_valid(const struct bastion_blob_header *h)
{
	u32 types = le32_to_cpu(h->types);
	u32 secret_len = le32_to_cpu(h->secret_len);

	return !memcmp(h->magic, BASTION_BLOB_MAGIC, sizeof(h->magic)) &&
	       le16_to_cpu(h->version) == BASTION_BLOB_VERSION &&
	       le16_to_cpu(h->kind) == BASTION_KIND_SECRET &&
	       name_field_valid(h->name) &&
	       le32_to_cpu(h->owner) != OWNER_INVALID &&
	       types && !(types & ~BASTION_TYPE_ALL) &&
	       registers_valid(h) && executable_valid(h) && unused_valid(h) &&
	       secret_len >= BASTION_SECRET_MIN && secret_len <= BASTION_SECRET_MAX;
}

/**
 * bastion_blob_parse - reads a sealed blob
 * @buf:	the blob; must outlive @view
 * @len:	bytes at @buf
 * @view:	what was read; meaningless on failure
 *
 * Return: 0, or -EBADMSG unless all of @buf is one well-formed blob.
 */
int bastion_blob_parse(const u8 *buf, size_t len, struct bastion_blob_view *view)
{
	if (len < BASTION_BLOB_OVERHEAD + BASTION_SECRET_MIN || len > BASTION_BLOB_MAX)
		return -EBADMSG;
	memcpy(&view->header, buf, sizeof(view->header));
	if (!header_valid(&view->header))
		return -EBADMSG;
	if (len != BASTION_BLOB_OVERHEAD + le32_to_cpu(view->header.secret_len))
		return -EBADMSG;
	view->data = buf;
	view->len = len;
	return 0;
}
