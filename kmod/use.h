/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Using a sealed key: what release and signing have in common.
 */
#ifndef _BASTION_USE_H
#define _BASTION_USE_H

#include "chip.h"
#include "gate.h"
#include "requester.h"

/**
 * struct bastion_use - one use, from who asks to what the chip answers
 * @chip:	the chip
 * @who:	the requester
 * @by_helper:	the caller is not @who but its helper
 * @delivers:	the secret leaves the chip, for @keyring
 * @keyring:	where it goes
 * @timeout_ms:	how long to wait for grants, all in all; 0: not at all
 * @deadline:	with @by_helper, when to give up waiting for a place at the chip, jiffies
 * @blob:	the sealed key, a copy of our own
 * @blob_len:	bytes of it
 * @header:	its header, as in @blob
 * @waited_ns:	for grants, so far
 * @bound:	it goes to one executable, and all that this asks for was checked
 */
struct bastion_use {
	struct bastion_chip *chip;
	struct bastion_requester who;
	bool by_helper;
	bool delivers;
	struct key *keyring;
	u32 timeout_ms;
	unsigned long deadline;
	u8 *blob;
	size_t blob_len;
	struct bastion_blob_header header;
	u64 waited_ns;
	bool bound;
};

int bastion_use_take(struct bastion_use *use, u8 *blob, size_t len);
int bastion_use_check(const struct bastion_use *use);
ssize_t bastion_use_command(struct bastion_use *use, struct bastion_grant_live *grant,
			    bastion_gated_fn send, void *data);
int bastion_use_key(struct bastion_use *use,
		    int (*do_it)(struct bastion_use *use, struct bastion_grant_live *grant));
void bastion_use_exit(struct bastion_use *use);

#endif
