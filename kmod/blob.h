/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading a sealed blob (bastion/blob.h): its form, not its truth. Only the
 * chip that sealed it can say whether it is authentic.
 *
 * Pure: bytes in, verdict out. Also compiled in user space, for its tests.
 */
#ifndef _BASTION_BLOB_PARSE_H
#define _BASTION_BLOB_PARSE_H

#include <linux/types.h>

#include <bastion/blob.h>

/**
 * struct bastion_blob_view - a well-formed blob
 * @header:	a copy, little endian as it came; @header.name is NUL terminated
 * @point:	kind P384: the public key, BASTION_POINT_SIZE bytes inside @data, its
 *		first byte 0x04 and nothing else known of it; else NULL
 * @data:	the whole blob, header included, as a chip wants it
 * @len:	bytes at @data
 */
struct bastion_blob_view {
	struct bastion_blob_header header;
	const u8 *point;
	const u8 *data;
	size_t len;
};

int bastion_blob_parse(const u8 *buf, size_t len, struct bastion_blob_view *view);
bool bastion_name_valid(const char *name, size_t len);

#endif
