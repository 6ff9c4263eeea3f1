// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer: the kernel's reader of a chip's header and of its answers: the length of the memory
 * (8 bytes, as the kernel has it), the header, a slot's head.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../../kmod/mailbox_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	u64 len;
	struct bastion_mbox_header header;
	struct bastion_mbox_slot answer;
};

static void judge(const struct bastion_mailbox_layout *layout, u64 len)
{
	u64 end = layout->slot_offset + (u64)layout->slot_count * layout->slot_size;

	if (!layout->slot_count || layout->slot_count > BASTION_SLOTS_MAX || end > len ||
	    layout->slot_offset < sizeof(struct bastion_mbox_header) ||
	    layout->slot_offset % BASTION_SLOT_ALIGN || layout->slot_size % BASTION_SLOT_ALIGN ||
	    layout->slot_size < sizeof(struct bastion_mbox_slot) + BASTION_SLOT_DATA ||
	    layout->peer > 0xffff)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bastion_mailbox_layout layout;
	struct input input;
	u32 status, len;

	if (size != sizeof(input))
		return 0;
	memcpy(&input, data, size);
	if (!bastion_mailbox_parse_header(&input.header, input.len, &layout))
		judge(&layout, input.len);
	if (!bastion_mailbox_parse_answer(&input.answer, input.len % 64, 1024, &status, &len) &&
	    (status == BASTION_STATUS_OK ? len < input.len % 64 || len > 1024 : len))
		abort();
	return 0;
}
