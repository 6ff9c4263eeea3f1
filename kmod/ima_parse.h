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
/* The longest record that is read: IMA's own are below 20 KiB. */
#define BASTION_IMA_RECORD_MAX	(64 << 10)

/**
 * struct bastion_ima_record - one entry
 * @violation:	IMA could not vouch for it; its template digest is zero
 * @old:	of the template "ima", whose data has no length in front
 * @data:	template data, in the buffer
 * @data_len:	bytes at @data
 * @len:	of the whole record
 */
struct bastion_ima_record {
	bool violation;
	bool old;
	const u8 *data;
	size_t data_len;
	size_t len;
};

int bastion_ima_parse(const u8 *buf, size_t len, struct bastion_ima_record *record);

#endif
