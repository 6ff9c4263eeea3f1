/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading what a chip, which may be hostile, writes into shared memory: the header that says
 * where the slots are, and the head of an answer. What is read here are copies: the chip
 * can change the originals at any time.
 *
 * Pure: bytes in, verdict out. Also compiled in user space, for its tests.
 */
#ifndef _BASTION_MAILBOX_PARSE_H
#define _BASTION_MAILBOX_PARSE_H

#include <linux/types.h>

#include <bastion/chip.h>

#define BASTION_SLOTS_MAX	64
#define BASTION_SLOT_ALIGN	8
/* The most that a command or an answer has. A slot may have room for more, which is not used. */
#define BASTION_SLOT_DATA	BASTION_QUOTE_MAX

/**
 * struct bastion_mailbox_layout - where the slots are; all of them within the memory
 * @slot_count:	1 .. BASTION_SLOTS_MAX, and no more than the memory holds
 * @slot_size:	distance between slots, bytes, with room for BASTION_SLOT_DATA at least; a
 *		multiple of BASTION_SLOT_ALIGN
 * @slot_offset: where slot 0 begins, behind the header; likewise
 * @peer:	the chip's doorbell, at most 0xffff
 */
struct bastion_mailbox_layout {
	u32 slot_count;
	u32 slot_size;
	u32 slot_offset;
	u32 peer;
};

int bastion_mailbox_parse_header(const struct bastion_mbox_header *header, size_t len,
				 struct bastion_mailbox_layout *layout);
int bastion_mailbox_parse_answer(const struct bastion_mbox_slot *answer, size_t min, size_t max,
				 u32 *status, u32 *len);

#endif
