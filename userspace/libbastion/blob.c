// SPDX-License-Identifier: GPL-2.0
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libbastion/blob.h"
#include "libbastion/file.h"
#include "libbastion/hex.h"
#include "libbastion/name.h"

/* A newline or two of an editor's are no harm. */
#define HEX_SLACK 16

static const struct {
	const char *name;
	uint32_t type;
} types[] = {
	{ "logon", BASTION_TYPE_LOGON },
	{ "fscrypt", BASTION_TYPE_FSCRYPT },
	{ "user", BASTION_TYPE_USER },
	{ "fscrypt-provisioning", BASTION_TYPE_FSCRYPT },	/* as the kernel calls it */
};

#define TYPE_NAMES 3	/* of these are printed */

static int bad(struct bastion_error *err, const char *why)
{
	return bastion_error_set(err, BASTION_OP_FILE, EBADMSG, "not a sealed key: %s", why);
}

static int zero(const uint8_t *data, size_t len)
{
	while (len)
		if (data[--len])
			return 0;
	return 1;
}

static const char *flaw(const struct bastion_blob_header *h, size_t len)
{
	size_t used = strnlen((const char *)h->name, sizeof(h->name));
	uint32_t secret = le32toh(h->secret_len), mask = le32toh(h->register_mask);
	uint32_t flags = le32toh(h->flags), allowed = le32toh(h->types);

	if (le16toh(h->version) != BASTION_BLOB_VERSION || le16toh(h->kind) != BASTION_KIND_SECRET)
		return "its version or kind is unknown";
	if (secret < BASTION_SECRET_MIN || secret > BASTION_SECRET_MAX ||
	    len != BASTION_BLOB_OVERHEAD + secret)
		return "its length is wrong";
	if (flags & ~(uint32_t)BASTION_BLOB_EXECUTABLE || !allowed ||
	    allowed & ~(uint32_t)BASTION_TYPE_ALL)
		return "its flags or types are unknown";
	if (mask & ~BASTION_MASKABLE)
		return "its register mask is not allowed";
	if (used == sizeof(h->name) || !zero(h->name + used, sizeof(h->name) - used) ||
	    !bastion_name_ok((const char *)h->name))
		return "its name is not allowed";
	if (h->reserved || h->reserved2)
		return "a reserved field is not zero";
	return NULL;
}

int bastion_blob_decode(const uint8_t *blob, size_t len, struct bastion_blob_info *info,
			struct bastion_error *err)
{
	struct bastion_blob_header h;
	const char *why;

	if (len < BASTION_BLOB_OVERHEAD)
		return bad(err, "it is too short");
	memcpy(&h, blob, sizeof(h));
	if (memcmp(h.magic, BASTION_BLOB_MAGIC, sizeof(h.magic)))
		return bad(err, "it does not begin as one");
	why = flaw(&h, len);
	if (why)
		return bad(err, why);
	memset(info, 0, sizeof(*info));
	memcpy(info->chip_id, h.chip_id, sizeof(info->chip_id));
	memcpy(info->verifier, h.verifier, sizeof(info->verifier));
	memcpy(info->policy, h.policy, sizeof(info->policy));
	memcpy(info->name, h.name, sizeof(info->name));
	memcpy(info->register_digest, h.register_digest, sizeof(info->register_digest));
	memcpy(info->executable, h.executable, sizeof(info->executable));
	info->flags = le32toh(h.flags);
	info->owner = le32toh(h.owner);
	info->types = le32toh(h.types);
	info->min_svn = le32toh(h.min_svn);
	info->register_mask = le32toh(h.register_mask);
	info->secret_len = le32toh(h.secret_len);
	return 0;
}

ssize_t bastion_blob_from_hex(const uint8_t *text, size_t len, uint8_t *blob,
			      struct bastion_error *err)
{
	ssize_t n;

	while (len && strchr(" \t\r\n", text[len - 1]) && text[len - 1])
		len--;
	n = bastion_hex_decode((const char *)text, len, blob, BASTION_BLOB_MAX);
	if (n == -EMSGSIZE)
		return bad(err, "it is too long");
	if (n <= 0)
		return bad(err, "it is not hex");
	return n;
}

ssize_t bastion_blob_read(const char *path, uint8_t *blob, struct bastion_error *err)
{
	struct bastion_error inner;
	uint8_t *text;
	size_t len;
	ssize_t n;
	int rc;

	rc = bastion_file_read(path, 2 * BASTION_BLOB_MAX + HEX_SLACK, &text, &len, err);
	if (rc)
		return rc;
	n = bastion_blob_from_hex(text, len, blob, &inner);
	if (n < 0)
		bastion_error_set(err, BASTION_OP_FILE, -n, "%s: %s", path, inner.text);
	free(text);
	return n;
}

uint32_t bastion_blob_type(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(name, types[i].name))
			return types[i].type;
	return 0;
}

void bastion_blob_types(uint32_t mask, char *text, size_t size)
{
	size_t i, used = 0;

	text[0] = '\0';
	for (i = 0; i < TYPE_NAMES; i++)
		if (mask & types[i].type && used < size)
			used += snprintf(text + used, size - used, "%s%s", used ? "," : "",
					 types[i].name);
}
