// SPDX-License-Identifier: GPL-2.0
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libbastion/blob.h"
#include "libbastion/file.h"
#include "libbastion/hex.h"
#include "libbastion/name.h"

/* A newline or two of an editor's are no harm. */
#define HEX_SLACK 16
#define POINT_UNCOMPRESSED 0x04	/* SEC 1, 2.3.3 */

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

/* Of a blob of @len bytes: how many of them, behind the header, are what a TPM has of it. */
static bool tpm_part(const struct bastion_blob_header *h, const uint8_t *blob, size_t len,
		     size_t *part)
{
	struct bastion_blob_tpm tpm;
	size_t private_len;

	*part = 0;
	if (le16toh(h->kind) != BASTION_KIND_TPM)
		return true;
	if (len < BASTION_BLOB_OVERHEAD + sizeof(tpm))
		return false;
	memcpy(&tpm, blob + sizeof(*h), sizeof(tpm));
	private_len = le16toh(tpm.private_len);
	*part = sizeof(tpm) + private_len;
	return private_len && private_len <= BASTION_TPM_PRIVATE_MAX && !tpm.reserved &&
	       *part <= len - BASTION_BLOB_OVERHEAD;
}

/* The length of a blob with this header, and what its kind rules out. */
static const char *kind_flaw(const struct bastion_blob_header *h, size_t *len)
{
	uint32_t secret = le32toh(h->secret_len), flags = BASTION_BLOB_EXECUTABLE;
	bool released = true;

	*len = BASTION_BLOB_SECRET_SIZE((size_t)secret);
	switch (le16toh(h->kind)) {
	case BASTION_KIND_TPM:
		if (secret > BASTION_TPM_SECRET_MAX || h->counter_index)
			return "no TPM has sealed it";
		flags |= BASTION_BLOB_IMPORTED;
		break;
	case BASTION_KIND_SECRET:
		flags |= BASTION_BLOB_IMPORTED;
		break;
	case BASTION_KIND_DERIVED:
		*len = BASTION_BLOB_DERIVED_SIZE;
		if (h->min_svn)
			return "its key would change with the firmware";
		break;
	case BASTION_KIND_P384:
		released = false;
		*len = BASTION_BLOB_P384_SIZE;
		if (secret != BASTION_SCALAR_SIZE)
			return "its length is wrong";
		break;
	default:
		return "its version or kind is unknown";
	}
	if (secret < BASTION_SECRET_MIN || secret > BASTION_SECRET_MAX)
		return "its length is wrong";
	if (le32toh(h->flags) & ~flags || le32toh(h->types) & ~(uint32_t)BASTION_TYPE_ALL ||
	    !h->types == released)
		return "its flags or types are not those of its kind";
	return NULL;
}

static const char *flaw(const struct bastion_blob_header *h, size_t len)
{
	size_t used = strnlen((const char *)h->name, sizeof(h->name)), expected;
	const char *why;

	if (le16toh(h->version) != BASTION_BLOB_VERSION)
		return "its version or kind is unknown";
	why = kind_flaw(h, &expected);
	if (why)
		return why;
	if (len != expected)
		return "its length is wrong";
	if (le32toh(h->register_mask) & ~BASTION_MASKABLE)
		return "its register mask is not allowed";
	if (used == sizeof(h->name) || !zero(h->name + used, sizeof(h->name) - used) ||
	    !bastion_name_ok((const char *)h->name))
		return "its name is not allowed";
	if (le32toh(h->counter_index) > BASTION_COUNTER_COUNT ||
	    (!h->counter_index && h->counter_value))
		return "there is no such counter";
	if (h->reserved || h->reserved2)
		return "a reserved field is not zero";
	return NULL;
}

static void decode(const struct bastion_blob_header *h, struct bastion_blob_info *info)
{
	memset(info, 0, sizeof(*info));
	memcpy(info->chip_id, h->chip_id, sizeof(info->chip_id));
	memcpy(info->verifier, h->verifier, sizeof(info->verifier));
	memcpy(info->policy, h->policy, sizeof(info->policy));
	memcpy(info->name, h->name, sizeof(info->name));
	memcpy(info->register_digest, h->register_digest, sizeof(info->register_digest));
	memcpy(info->executable, h->executable, sizeof(info->executable));
	info->kind = le16toh(h->kind);
	info->flags = le32toh(h->flags);
	info->owner = le32toh(h->owner);
	info->types = le32toh(h->types);
	info->min_svn = le32toh(h->min_svn);
	info->register_mask = le32toh(h->register_mask);
	info->counter_index = le32toh(h->counter_index);
	info->counter_value = le64toh(h->counter_value);
	info->secret_len = le32toh(h->secret_len);
}

int bastion_blob_decode(const uint8_t *blob, size_t len, struct bastion_blob_info *info,
			struct bastion_error *err)
{
	struct bastion_blob_header h;
	const char *why;
	size_t part;

	if (len < BASTION_BLOB_OVERHEAD)
		return bad(err, "it is too short");
	memcpy(&h, blob, sizeof(h));
	if (memcmp(h.magic, BASTION_BLOB_MAGIC, sizeof(h.magic)))
		return bad(err, "it does not begin as one");
	if (!tpm_part(&h, blob, len, &part))
		return bad(err, "its length is wrong");
	why = flaw(&h, len - part);
	if (why)
		return bad(err, why);
	decode(&h, info);
	if (info->kind != BASTION_KIND_P384)
		return 0;
	memcpy(info->point, blob + sizeof(h), sizeof(info->point));
	return info->point[0] == POINT_UNCOMPRESSED ? 0 : bad(err, "its public key is no point");
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
