/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading IMA's binary list (Documentation/measurements.rst), record by record.
 *
 * Pure: bytes in, verdict out. Also compiled in user space, for its tests.
 */
#ifndef _BASTION_IMA_PARSE_H
#define _BASTION_IMA_PARSE_H

#include <linux/types.h>

#define BASTION_IMA_SHA1_SIZE	20	/* of the template digests in the list */
#define BASTION_IMA_TEMPLATE_MAX 255	/* bytes of a template's name or format */
/* PCR, digest, and the name with its length; then a length, or all that "ima" has */
#define BASTION_IMA_HEAD_MAX	(4 + BASTION_IMA_SHA1_SIZE + 4 + BASTION_IMA_TEMPLATE_MAX + \
				 BASTION_IMA_SHA1_SIZE + 4 + BASTION_IMA_TEMPLATE_MAX)

/**
 * struct bastion_ima_record - the beginning of one entry
 * @violation:	IMA could not vouch for it; its template digest is zero
 * @old:	of the template "ima", whose data has no length in front, and is all there
 * @head_len:	bytes in front of the template data
 * @data_len:	bytes of template data, which may go on behind the piece that was read. Nothing bounds
 *		them: with the templates "ima-sig" and "evm-sig" they have extended
 *		attributes, which whoever serves a file system (FUSE, say) makes up.
 */
struct bastion_ima_record {
	bool violation;
	bool old;
	size_t head_len;
	u32 data_len;
};

int bastion_ima_parse(const u8 *buf, size_t len, struct bastion_ima_record *record);

#endif
