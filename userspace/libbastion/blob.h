/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sealed blobs as this side sees them: hex text and a header to be shown.
 * Nothing here is authenticated: only the chip can tell whether a header is
 * what it sealed.
 */
#ifndef LIBBASTION_BLOB_H
#define LIBBASTION_BLOB_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <bastion/blob.h>
#include <bastion/grant.h>

#include "libbastion/error.h"

/**
 * struct bastion_blob_info - a header in host byte order
 *
 * Fields are those of struct bastion_blob_header, and
 * @point: kind P384: the public key as the blob has it; not checked to be on the curve
 */
struct bastion_blob_info {
	uint8_t chip_id[BASTION_DIGEST_SIZE];
	uint8_t verifier[BASTION_DIGEST_SIZE];
	uint8_t policy[BASTION_DIGEST_SIZE];
	char name[BASTION_NAME_SIZE];
	uint16_t kind;
	uint32_t flags;
	uint32_t owner;
	uint32_t types;
	uint32_t min_svn;
	uint32_t register_mask;
	uint8_t register_digest[BASTION_DIGEST_SIZE];
	uint8_t executable[BASTION_EXE_SIZE];
	uint32_t counter_index;
	uint64_t counter_value;
	uint32_t secret_len;
	uint8_t point[BASTION_POINT_SIZE];
};

/**
 * bastion_blob_decode - check a blob's shape and decode its header
 * @blob: header, what its kind needs, tag
 * @len:  its length
 * @info: out
 * @err:  circumstances of a failure
 *
 * Return: 0 or -EBADMSG.
 */
int bastion_blob_decode(const uint8_t *blob, size_t len, struct bastion_blob_info *info,
			struct bastion_error *err);

/**
 * bastion_blob_from_hex - hex text, white space behind it allowed, to a blob
 * @text: as "bastionctl key save" and keyctl read write it
 * @len:  its length
 * @blob: out: room for BASTION_BLOB_MAX
 * @err:  circumstances of a failure
 *
 * Return: the blob's length, or -EBADMSG.
 */
ssize_t bastion_blob_from_hex(const uint8_t *text, size_t len, uint8_t *blob,
			      struct bastion_error *err);

/**
 * bastion_blob_read - a blob from a file of hex text
 * @path: where; "-" is the standard input
 * @blob: out: room for BASTION_BLOB_MAX
 * @err:  circumstances of a failure
 *
 * Return: the blob's length, or a negative errno.
 */
ssize_t bastion_blob_read(const char *path, uint8_t *blob, struct bastion_error *err);

/**
 * bastion_blob_type - the bit for the name of a type of key
 * @name: "logon", "user", "fscrypt" or "fscrypt-provisioning"
 *
 * Return: one BASTION_TYPE_* bit, or 0.
 */
uint32_t bastion_blob_type(const char *name);

/**
 * bastion_blob_types - names for a mask
 * @types: BASTION_TYPE_*
 * @text:  out: "logon,fscrypt", at least 32 bytes
 * @size:  room there
 */
void bastion_blob_types(uint32_t types, char *text, size_t size);

#endif
