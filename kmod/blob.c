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

#define OWNER_INVALID		0xffffffffu	/* (uid_t)-1 is nobody's */
#define POINT_UNCOMPRESSED	0x04		/* SEC 1, 2.3.3 */

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
	return !h->reserved && !h->reserved2;
}

static bool counter_valid(const struct bastion_blob_header *h)
{
	if (le32_to_cpu(h->counter_index) > BASTION_COUNTER_COUNT)
		return false;
	return h->counter_index || !h->counter_value;
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

	return zero == !(le32_to_cpu(h->flags) & BASTION_BLOB_EXECUTABLE);
}

static bool secret_valid(const struct bastion_blob_header *h)
{
	u32 secret_len = le32_to_cpu(h->secret_len);

	return h->types && secret_len >= BASTION_SECRET_MIN && secret_len <= BASTION_SECRET_MAX;
}

/* What the fields may say depends on the kind. */
static bool kind_valid(const struct bastion_blob_header *h)
{
	u32 flags = BASTION_BLOB_EXECUTABLE;

	switch (le16_to_cpu(h->kind)) {
	case BASTION_KIND_SECRET:
		flags |= BASTION_BLOB_IMPORTED;
		if (!secret_valid(h))
			return false;
		break;
	case BASTION_KIND_TPM:
		flags |= BASTION_BLOB_IMPORTED;
		/* It has no counters. */
		if (!secret_valid(h) || le32_to_cpu(h->secret_len) > BASTION_TPM_SECRET_MAX ||
		    h->counter_index)
			return false;
		break;
	case BASTION_KIND_DERIVED:
		if (!secret_valid(h) || h->min_svn)
			return false;
		break;
	case BASTION_KIND_P384:
		if (h->types || le32_to_cpu(h->secret_len) != BASTION_SCALAR_SIZE)
			return false;
		break;
	default:
		return false;
	}
	return !(le32_to_cpu(h->flags) & ~flags);
}

static bool header_valid(const struct bastion_blob_header *h)
{
	return !memcmp(h->magic, BASTION_BLOB_MAGIC, sizeof(h->magic)) &&
	       le16_to_cpu(h->version) == BASTION_BLOB_VERSION &&
	       kind_valid(h) &&
	       name_field_valid(h->name) &&
	       le32_to_cpu(h->owner) != OWNER_INVALID &&
	       !(le32_to_cpu(h->types) & ~BASTION_TYPE_ALL) &&
	       registers_valid(h) && executable_valid(h) && counter_valid(h) && unused_valid(h);
}

/* The length of the TPM's part of a blob of @len bytes, or 0. */
static size_t tpm_size(const u8 *buf, size_t len)
{
	struct bastion_blob_tpm tpm;
	size_t private_len;

	if (len < BASTION_BLOB_OVERHEAD + sizeof(tpm))
		return 0;
	memcpy(&tpm, buf + sizeof(struct bastion_blob_header), sizeof(tpm));
	private_len = le16_to_cpu(tpm.private_len);
	if (!private_len || private_len > BASTION_TPM_PRIVATE_MAX || tpm.reserved)
		return 0;
	return sizeof(tpm) + private_len;
}

/* The length that a blob which has this header must have, or 0. */
static size_t blob_size(const struct bastion_blob_header *h, const u8 *buf, size_t len)
{
	size_t tpm;

	switch (le16_to_cpu(h->kind)) {
	case BASTION_KIND_TPM:
		tpm = tpm_size(buf, len);
		return tpm ? BASTION_BLOB_SECRET_SIZE(le32_to_cpu(h->secret_len)) + tpm : 0;
	case BASTION_KIND_DERIVED:
		return BASTION_BLOB_DERIVED_SIZE;
	case BASTION_KIND_P384:
		return BASTION_BLOB_P384_SIZE;
	default:
		return BASTION_BLOB_SECRET_SIZE(le32_to_cpu(h->secret_len));
	}
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
	if (len < BASTION_BLOB_OVERHEAD || len > BASTION_BLOB_MAX)
		return -EBADMSG;
	memcpy(&view->header, buf, sizeof(view->header));
	if (!header_valid(&view->header) || len != blob_size(&view->header, buf, len))
		return -EBADMSG;
	view->point = NULL;
	if (le16_to_cpu(view->header.kind) == BASTION_KIND_P384) {
		view->point = buf + sizeof(view->header);
		if (view->point[0] != POINT_UNCOMPRESSED)
			return -EBADMSG;
	}
	view->data = buf;
	view->len = len;
	return 0;
}
