// SPDX-License-Identifier: GPL-2.0
/*
 * Reading what a chip writes into shared memory.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>

#include "mailbox_parse.h"

#define PEER_MAX	0xffffu		/* half of a doorbell register of ivshmem */

/**
 * bastion_mailbox_parse_header() - where a chip says that its slots are
 * @header:	a copy
 * @len:	of the shared memory, which begins with the header, bytes
 * @layout:	what was read; meaningless on failure
 *
 * Of more slots than fit, or than BASTION_SLOTS_MAX, the first are used.
 *
 * Return: 0; -EPROTONOSUPPORT another interface version, or no Bastionchip; -EBADMSG not even
 * one slot is within the memory, and has room for every answer; or there is no such doorbell.
 */
int bastion_mailbox_parse_header(const struct bastion_mbox_header *header, size_t len,
				 struct bastion_mailbox_layout *layout)
{
	u32 count = le32_to_cpu(header->slot_count);
	u32 size = le32_to_cpu(header->slot_size);
	u32 offset = le32_to_cpu(header->slot_offset);
	u32 peer = le32_to_cpu(header->doorbell_peer);

	if (le32_to_cpu(header->magic) != BASTION_MBOX_MAGIC ||
	    le16_to_cpu(header->major) != BASTION_MBOX_MAJOR)
		return -EPROTONOSUPPORT;
	if (offset < sizeof(*header) || offset >= len || offset % BASTION_SLOT_ALIGN)
		return -EBADMSG;
	if (size < sizeof(struct bastion_mbox_slot) + BASTION_SLOT_DATA ||
	    size > len - offset || size % BASTION_SLOT_ALIGN)
		return -EBADMSG;
	if (!count || peer > PEER_MAX)
		return -EBADMSG;
	count = min_t(u32, count, BASTION_SLOTS_MAX);
	layout->slot_count = min_t(size_t, count, (len - offset) / size);
	layout->slot_size = size;
	layout->slot_offset = offset;
	layout->peer = peer;
	return 0;
}

/**
 * bastion_mailbox_parse_answer() - what a chip says that it answered
 * @answer:	a copy of the slot's head, without the data
 * @min:	least bytes of output that the command has
 * @max:	most bytes that it has, that there is room for, and that a slot holds
 * @status:	out, whatever is returned: the chip's verdict, any number
 * @len:	out: bytes of output, from @min to @max; 0 unless @status is OK
 *
 * Return: 0; -EBADMSG it breaks the protocol.
 */
int bastion_mailbox_parse_answer(const struct bastion_mbox_slot *answer, size_t min, size_t max,
				 u32 *status, u32 *len)
{
	*status = le32_to_cpu(answer->status);
	*len = 0;
	if (answer->reserved[0] || answer->reserved[1])
		return -EBADMSG;
	if (*status != BASTION_STATUS_OK)
		return 0;
	if (le32_to_cpu(answer->out_len) < min || le32_to_cpu(answer->out_len) > max)
		return -EBADMSG;
	*len = le32_to_cpu(answer->out_len);
	return 0;
}
