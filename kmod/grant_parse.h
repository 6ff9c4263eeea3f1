/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading a grant (bastion/grant.h): its form, not its truth. Whether it fits
 * this round and who signed it are the gate's business.
 *
 * Pure: bytes in, verdict out. Also compiled in user space, for its tests.
 */
#ifndef _BASTION_GRANT_PARSE_H
#define _BASTION_GRANT_PARSE_H

#include <linux/types.h>

#include <bastion/grant.h>

/**
 * struct bastion_grant_view - a well-formed grant
 * @fixed:	a copy of the fixed part, little endian as it came
 * @entries:	in the buffer
 * @count:	of @entries, 1 .. BASTION_GRANT_ENTRIES_MAX
 * @signature:	r || s, in the buffer
 * @signed_len:	bytes that @signature covers, from the start of the buffer
 */
struct bastion_grant_view {
	struct bastion_grant fixed;
	const struct bastion_grant_entry *entries;
	u32 count;
	const u8 *signature;
	size_t signed_len;
};

int bastion_grant_parse(const u8 *buf, size_t len, struct bastion_grant_view *view);
const struct bastion_grant_entry *
bastion_grant_find(const struct bastion_grant_entry *entries, u32 count, u32 kind,
		   const u8 policy[BASTION_DIGEST_SIZE], const u8 executable[BASTION_EXE_SIZE]);
const struct bastion_grant_entry *
bastion_grant_find_rebind(const struct bastion_grant_entry *entries, u32 count,
			  const u8 policy[BASTION_DIGEST_SIZE],
			  const u8 dest_verifier[BASTION_DIGEST_SIZE],
			  const u8 dest_policy[BASTION_DIGEST_SIZE]);

#endif
