// SPDX-License-Identifier: GPL-2.0
/* The kernel's reader of what a chip writes into shared memory. */
#include <asm/byteorder.h>
#include <errno.h>
#include <string.h>

#include "../../../kmod/mailbox_parse.h"
#include "test.h"

#define SLOT_HEAD	sizeof(struct bastion_mbox_slot)
#define SLOT_MIN	(SLOT_HEAD + BASTION_SLOT_DATA)

static struct bastion_mbox_header good(void)
{
	return (struct bastion_mbox_header) {
		.magic = cpu_to_le32(BASTION_MBOX_MAGIC),
		.major = cpu_to_le16(BASTION_MBOX_MAJOR),
		.slot_count = cpu_to_le32(BASTION_SLOT_COUNT),
		.slot_size = cpu_to_le32(BASTION_SLOT_SIZE),
		.slot_offset = cpu_to_le32(BASTION_SLOT_OFFSET),
		.doorbell_peer = cpu_to_le32(7),
	};
}

/* Slots of @size bytes at @offset, in @len bytes. */
static int slots(u32 count, u32 size, u32 offset, size_t len,
		 struct bastion_mailbox_layout *layout)
{
	struct bastion_mbox_header header = good();

	header.slot_count = cpu_to_le32(count);
	header.slot_size = cpu_to_le32(size);
	header.slot_offset = cpu_to_le32(offset);
	return bastion_mailbox_parse_header(&header, len, layout);
}

static void takes_what_a_chip_says(void **state)
{
	struct bastion_mbox_header header = good();
	struct bastion_mailbox_layout layout;

	assert_int_equal(bastion_mailbox_parse_header(&header, BASTION_MBOX_SIZE, &layout), 0);
	assert_int_equal(layout.slot_count, BASTION_SLOT_COUNT);
	assert_int_equal(layout.slot_size, BASTION_SLOT_SIZE);
	assert_int_equal(layout.slot_offset, BASTION_SLOT_OFFSET);
	assert_int_equal(layout.peer, 7);
	header.minor = cpu_to_le16(0xffff);
	assert_int_equal(bastion_mailbox_parse_header(&header, BASTION_MBOX_SIZE, &layout), 0);
}

static void knows_its_own(void **state)
{
	struct bastion_mbox_header header = good();
	struct bastion_mailbox_layout layout;

	header.magic ^= cpu_to_le32(1);
	assert_int_equal(bastion_mailbox_parse_header(&header, BASTION_MBOX_SIZE, &layout),
			 -EPROTONOSUPPORT);
	header = good();
	header.major = cpu_to_le16(BASTION_MBOX_MAJOR + 1);
	assert_int_equal(bastion_mailbox_parse_header(&header, BASTION_MBOX_SIZE, &layout),
			 -EPROTONOSUPPORT);
	header = good();
	header.doorbell_peer = cpu_to_le32(0xffff);
	assert_int_equal(bastion_mailbox_parse_header(&header, BASTION_MBOX_SIZE, &layout), 0);
	header.doorbell_peer = cpu_to_le32(0x10000);
	assert_int_equal(bastion_mailbox_parse_header(&header, BASTION_MBOX_SIZE, &layout),
			 -EBADMSG);
}

static void uses_only_slots_that_fit(void **state)
{
	struct bastion_mailbox_layout layout;
	const u32 head = sizeof(struct bastion_mbox_header);

	assert_int_equal(slots(UINT32_MAX, SLOT_MIN, head, head + 3 * SLOT_MIN - 1, &layout), 0);
	assert_int_equal(layout.slot_count, 2);
	assert_int_equal(slots(UINT32_MAX, SLOT_MIN, head, head + 3 * SLOT_MIN, &layout), 0);
	assert_int_equal(layout.slot_count, 3);
	assert_int_equal(slots(2, SLOT_MIN, head, head + 3 * SLOT_MIN, &layout), 0);
	assert_int_equal(layout.slot_count, 2);
	assert_int_equal(slots(UINT32_MAX, SLOT_MIN, head, 1ull << 30, &layout), 0);
	assert_int_equal(layout.slot_count, BASTION_SLOTS_MAX);
	/* As many as 32 bits do not hold. */
	assert_int_equal(slots(UINT32_MAX, 1u << 15, 1u << 15, (1ull << 47) + (1u << 15), &layout), 0);
	assert_int_equal(layout.slot_count, BASTION_SLOTS_MAX);
	assert_int_equal(slots(0, SLOT_MIN, head, 1ull << 30, &layout), -EBADMSG);
}

static void refuses_slots_elsewhere(void **state)
{
	static const struct {
		u32 size, offset;
		size_t len;
	} bad[] = {
		{ SLOT_MIN, 0, BASTION_MBOX_SIZE },
		{ SLOT_MIN, sizeof(struct bastion_mbox_header) - 8, BASTION_MBOX_SIZE },
		{ SLOT_MIN, 4100, BASTION_MBOX_SIZE },
		{ SLOT_MIN, BASTION_MBOX_SIZE, BASTION_MBOX_SIZE },
		{ SLOT_MIN, 0xfffffff8, BASTION_MBOX_SIZE },
		{ SLOT_MIN, 4096, 4096 + SLOT_MIN - 1 },
		{ SLOT_MIN - 8, 4096, BASTION_MBOX_SIZE },
		{ SLOT_MIN + 4, 4096, BASTION_MBOX_SIZE },
		{ 0, 4096, BASTION_MBOX_SIZE },
		/* Their sum fits, in 32 bits. */
		{ 0xfffff800, 4096, BASTION_MBOX_SIZE },
		{ 0x80000000, 0x80000000, BASTION_MBOX_SIZE },
		{ SLOT_MIN, 4096, sizeof(struct bastion_mbox_header) },
		{ SLOT_MIN, 4096, 0 },
	};
	struct bastion_mailbox_layout layout;

	assert_int_equal(SLOT_MIN % BASTION_SLOT_ALIGN, 0);
	assert_int_equal(slots(1, SLOT_MIN, 4096, 4096 + SLOT_MIN, &layout), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(slots(1, bad[i].size, bad[i].offset, bad[i].len, &layout),
				 -EBADMSG);
}

static int answer(u32 said, u32 out_len, size_t min, size_t max, u32 *len)
{
	const struct bastion_mbox_slot slot = {
		.status = cpu_to_le32(said),
		.out_len = cpu_to_le32(out_len),
	};
	u32 status = ~said;
	int ret = bastion_mailbox_parse_answer(&slot, min, max, &status, len);

	assert_int_equal(status, said);
	return ret;
}

static void bounds_answers(void **state)
{
	const u32 ok = BASTION_STATUS_OK;
	u32 len;

	assert_int_equal(answer(ok, 32, 32, 48, &len), 0);
	assert_int_equal(len, 32);
	assert_int_equal(answer(ok, 48, 32, 48, &len), 0);
	assert_int_equal(len, 48);
	assert_int_equal(answer(ok, 31, 32, 48, &len), -EBADMSG);
	assert_int_equal(answer(ok, 49, 32, 48, &len), -EBADMSG);
	assert_int_equal(answer(ok, UINT32_MAX, 0, 48, &len), -EBADMSG);
	/* There is not room for the least. */
	assert_int_equal(answer(ok, 32, 32, 16, &len), -EBADMSG);
	assert_int_equal(answer(ok, 0, 0, 0, &len), 0);
	/* Without success there is no output, whatever it says. */
	assert_int_equal(answer(BASTION_STATUS_OLD_BLOB, 40, 32, 48, &len), 0);
	assert_int_equal(len, 0);
	assert_int_equal(answer(0xdeadbeef, UINT32_MAX, 32, 48, &len), 0);
	assert_int_equal(len, 0);
}

static void refuses_reserved_bytes(void **state)
{
	struct bastion_mbox_slot slot = { .status = cpu_to_le32(BASTION_STATUS_OLD_BLOB) };
	u32 status, len;

	for (int i = 0; i < 2; i++) {
		slot.reserved[i] = cpu_to_le32(1u << 31);
		assert_int_equal(bastion_mailbox_parse_answer(&slot, 0, 48, &status, &len), -EBADMSG);
		slot.reserved[i] = 0;
	}
	assert_int_equal(bastion_mailbox_parse_answer(&slot, 0, 48, &status, &len), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_a_chip_says),
		cmocka_unit_test(knows_its_own),
		cmocka_unit_test(uses_only_slots_that_fit),
		cmocka_unit_test(refuses_slots_elsewhere),
		cmocka_unit_test(bounds_answers),
		cmocka_unit_test(refuses_reserved_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
