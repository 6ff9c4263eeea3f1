// SPDX-License-Identifier: GPL-2.0
/* Shared memory: hostile hosts, faults, and the audit log. */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bastion-chip/bytes.h"
#include "bastion-chip/mailbox.h"
#include "tests/chip/rig.h"

#define NS_PER_MS 1000000ull

/** struct box - a mailbox on the bench; @rings counts interrupts */
struct box {
	struct rig *rig;
	struct chip_loop loop;
	struct chip_faults faults;
	struct chip_fuzz fuzz;
	struct chip_audit audit;
	struct chip_mailbox mailbox;
	uint8_t *memory;
	unsigned int rings;
	char audit_path[96];
};

static void ring(void *data)
{
	struct box *box = data;

	box->rings++;
}

static void reset(void *data)
{
	struct box *box = data;

	chip_power_on(&box->rig->chip, NULL, NULL);
	chip_mailbox_reset(&box->mailbox);
}

static int setup(void **state)
{
	struct box *box = calloc(1, sizeof(*box));
	void *rig;

	rig_setup(&rig);
	box->rig = rig;
	snprintf(box->audit_path, sizeof(box->audit_path), "%s/audit", box->rig->path);
	assert_int_equal(chip_audit_open(&box->audit, box->audit_path), 0);
	box->memory = aligned_alloc(4096, BASTION_MBOX_SIZE);
	memset(box->memory, 0, BASTION_MBOX_SIZE);
	box->mailbox.chip = &box->rig->chip;
	box->mailbox.loop = &box->loop;
	box->mailbox.faults = &box->faults;
	box->fuzz.ring = ring;
	box->fuzz.data = box;
	box->mailbox.fuzz = &box->fuzz;
	box->mailbox.audit = &box->audit;
	box->mailbox.ring = ring;
	box->mailbox.reset = reset;
	box->mailbox.data = box;
	chip_mailbox_init(&box->mailbox);
	chip_mailbox_attach(&box->mailbox, box->memory);
	*state = box;
	return 0;
}

static int teardown(void **state)
{
	struct box *box = *state;
	void *rig = box->rig;

	chip_mailbox_detach(&box->mailbox);
	chip_audit_close(&box->audit);
	rig_teardown(&rig);
	free(box->memory);
	free(box);
	return 0;
}

static struct bastion_mbox_slot *slot(struct box *box, unsigned int index)
{
	return (struct bastion_mbox_slot *)(box->memory + BASTION_SLOT_OFFSET +
					    index * BASTION_SLOT_SIZE);
}

static void submit(struct box *box, unsigned int index, uint32_t opcode, const void *in, size_t len)
{
	struct bastion_mbox_slot *at = slot(box, index);

	if (len)
		memcpy(at->data, in, len);
	at->sequence = htole32(1000 + index);
	at->opcode = htole32(opcode);
	at->status = at->out_len = htole32(0xeeeeeeee);
	at->in_len = htole32(len);
	at->reserved[0] = at->reserved[1] = 0;
	at->state = htole32(BASTION_SLOT_SUBMITTED);
}

static void stop(void *data)
{
	chip_loop_stop(data);
}

/* Lets time pass for the chip. */
static void pass(struct box *box, uint64_t ms)
{
	struct chip_timer timer = { .fire = stop, .data = &box->loop };

	box->loop.stopped = false;
	chip_loop_arm(&box->loop, &timer, ms * NS_PER_MS);
	assert_int_equal(chip_loop_run(&box->loop), 0);
}

static bool done(struct box *box, unsigned int index)
{
	return slot(box, index)->state == htole32(BASTION_SLOT_DONE);
}

static void expect(struct box *box, unsigned int index, uint32_t status, uint32_t out_len)
{
	assert_true(done(box, index));
	assert_int_equal(le32toh(slot(box, index)->status), status);
	assert_int_equal(le32toh(slot(box, index)->out_len), out_len);
	assert_int_equal(le32toh(slot(box, index)->sequence), 1000 + index);
}

static void fault(struct box *box, const char *spec)
{
	struct complaint why = { "" };

	assert_int_equal(chip_faults_add(&box->faults, spec, &why), 0);
}

static void test_header(void **state)
{
	struct box *box = *state;
	const struct bastion_mbox_header *header = (void *)box->memory;
	uint32_t beat = header->heartbeat;

	assert_int_equal(le32toh(header->magic), BASTION_MBOX_MAGIC);
	assert_int_equal(le16toh(header->major), BASTION_MBOX_MAJOR);
	assert_int_equal(le32toh(header->slot_count), BASTION_SLOT_COUNT);
	assert_int_equal(le32toh(header->slot_size), BASTION_SLOT_SIZE);
	assert_int_equal(le32toh(header->slot_offset), BASTION_SLOT_OFFSET);
	assert_int_equal(le32toh(header->doorbell_peer), 0);
	pass(box, 250);
	assert_true(le32toh(header->heartbeat) > le32toh(beat));
}

static void test_all_slots(void **state)
{
	struct box *box = *state;

	for (unsigned int i = 0; i < BASTION_SLOT_COUNT; i++)
		submit(box, i, BASTION_CMD_INFO, NULL, 0);
	assert_int_equal(chip_mailbox_scan(&box->mailbox), BASTION_SLOT_COUNT);
	for (unsigned int i = 0; i < BASTION_SLOT_COUNT; i++)
		expect(box, i, BASTION_STATUS_OK, sizeof(struct bastion_cmd_info));
	assert_int_equal(box->rings, BASTION_SLOT_COUNT);
	assert_int_equal(chip_mailbox_scan(&box->mailbox), 0);
}

static void test_hostile_lengths(void **state)
{
	static const uint32_t lengths[] = { 0xffffffff, 0x80000000, BASTION_MBOX_SIZE,
					    CHIP_MAILBOX_DATA + 1, CHIP_MAILBOX_DATA, 0 };
	struct box *box = *state;

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		/* The last slot: what lies behind its data is not in the memory. */
		submit(box, BASTION_SLOT_COUNT - 1, BASTION_CMD_UNSEAL, NULL, 0);
		slot(box, BASTION_SLOT_COUNT - 1)->in_len = htole32(lengths[i]);
		memset(slot(box, BASTION_SLOT_COUNT - 1)->data, 0xaa, CHIP_MAILBOX_DATA);
		assert_int_equal(chip_mailbox_scan(&box->mailbox), 1);
		expect(box, BASTION_SLOT_COUNT - 1, BASTION_STATUS_BAD_LENGTH, 0);
		assert_int_equal(chip_is_zero(slot(box, BASTION_SLOT_COUNT - 1)->data,
					      CHIP_MAILBOX_DATA), lengths[i] != 0);
	}
	submit(box, 0, BASTION_CMD_INFO, NULL, 0);
	slot(box, 0)->reserved[1] = htole32(1);
	memset(slot(box, 0)->data, 0xaa, CHIP_MAILBOX_DATA);
	chip_mailbox_scan(&box->mailbox);
	expect(box, 0, BASTION_STATUS_BAD_ARGUMENT, 0);
	assert_true(chip_is_zero(slot(box, 0)->data, CHIP_MAILBOX_DATA));
}

static void test_only_submitted_counts(void **state)
{
	static const uint32_t states[] = { 0, 2, 3, 0x101, 0xffffffff };
	struct box *box = *state;

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		submit(box, 3, BASTION_CMD_INFO, NULL, 0);
		slot(box, 3)->state = htole32(states[i]);
		assert_int_equal(chip_mailbox_scan(&box->mailbox), 0);
	}
	assert_int_equal(box->audit.commands, 0);
}

/* A command that was taken is not taken again, whatever the host does to its slot. */
static void test_taken_once(void **state)
{
	struct box *box = *state;

	fault(box, "late,arg=30,count=1");
	submit(box, 0, BASTION_CMD_INFO, NULL, 0);
	assert_int_equal(chip_mailbox_scan(&box->mailbox), 1);
	slot(box, 0)->opcode = htole32(BASTION_CMD_RELOCK);
	slot(box, 0)->in_len = htole32(0xffffffff);
	assert_int_equal(chip_mailbox_scan(&box->mailbox), 0);
	pass(box, 80);
	expect(box, 0, BASTION_STATUS_OK, sizeof(struct bastion_cmd_info));
	assert_int_equal(box->audit.commands, 1);
}

static void test_no_secret_stays(void **state)
{
	uint8_t in[sizeof(struct bastion_cmd_seal) + sizeof(struct bastion_blob_header) + 1024];
	struct bastion_cmd_seal fixed = { .imported = htole32(1) };
	struct bastion_blob_header header;
	struct box *box = *state;
	char *log = calloc(1, 1 << 16);
	FILE *file;

	rig_open_gate(box->rig);
	rig_header(box->rig, &header);
	header.secret_len = htole32(1024);
	header.flags = htole32(BASTION_BLOB_IMPORTED);
	memcpy(fixed.token, box->rig->token, sizeof(fixed.token));
	memcpy(in, &fixed, sizeof(fixed));
	memcpy(in + sizeof(fixed), &header, sizeof(header));
	memset(in + sizeof(fixed) + sizeof(header), 's', 1024);
	submit(box, 0, BASTION_CMD_SEAL, in, sizeof(in));
	chip_mailbox_scan(&box->mailbox);
	expect(box, 0, BASTION_STATUS_OK, BASTION_BLOB_OVERHEAD + 1024);
	assert_null(memmem(box->memory, BASTION_MBOX_SIZE, "ssssssss", 8));
	assert_null(memmem(box->memory, BASTION_MBOX_SIZE, fixed.token, sizeof(fixed.token)));
	assert_null(memmem(&box->mailbox, sizeof(box->mailbox), "ssssssss", 8));
	fixed.token[0] ^= 1;
	memcpy(in, &fixed, sizeof(fixed));
	submit(box, 0, BASTION_CMD_SEAL, in, sizeof(in));
	chip_mailbox_scan(&box->mailbox);
	expect(box, 0, BASTION_STATUS_NO_GRANT, 0);
	assert_null(memmem(box->memory, BASTION_MBOX_SIZE, "ssssssss", 8));

	/* Nor does the log have them. */
	file = fopen(box->audit_path, "r");
	assert_true(fread(log, 1, (1 << 16) - 1, file) > 100);
	fclose(file);
	assert_non_null(strstr(log, "\"opcode\":\"SEAL\",\"status\":\"NO_GRANT\""));
	assert_null(strstr(log, "7373737373"));
	free(log);
}

static void test_late_and_reordered(void **state)
{
	struct box *box = *state;

	fault(box, "late,arg=60,count=1");
	fault(box, "reorder,cmd=RELOCK,arg=5000");
	submit(box, 0, BASTION_CMD_INFO, NULL, 0);
	chip_mailbox_scan(&box->mailbox);
	submit(box, 1, BASTION_CMD_RELOCK, NULL, 0);
	chip_mailbox_scan(&box->mailbox);
	submit(box, 2, BASTION_CMD_NONCE, NULL, 0);
	assert_false(done(box, 0) || done(box, 1));
	chip_mailbox_scan(&box->mailbox);
	/* 2 is answered at once and lets 1 go; 0 takes its time. */
	expect(box, 2, BASTION_STATUS_OK, 48);
	expect(box, 1, BASTION_STATUS_OK, 0);
	assert_false(done(box, 0));
	pass(box, 120);
	expect(box, 0, BASTION_STATUS_OK, sizeof(struct bastion_cmd_info));
}

static void test_latency_overlaps(void **state)
{
	struct box *box = *state;
	uint64_t begin = chip_loop_now();

	box->mailbox.latency_ns = 50 * NS_PER_MS;
	for (unsigned int i = 0; i < 8; i++)
		submit(box, i, BASTION_CMD_INFO, NULL, 0);
	chip_mailbox_scan(&box->mailbox);
	assert_int_equal(box->rings, 0);
	while (box->rings < 8)
		pass(box, 5);
	assert_true(chip_loop_now() - begin >= 50 * NS_PER_MS);
	assert_true(chip_loop_now() - begin < 8 * 50 * NS_PER_MS);
}

static void test_lengths_that_lie(void **state)
{
	const uint32_t len = sizeof(struct bastion_cmd_info);
	struct box *box = *state;

	fault(box, "short,count=1");
	submit(box, 0, BASTION_CMD_INFO, NULL, 0);
	chip_mailbox_scan(&box->mailbox);
	expect(box, 0, BASTION_STATUS_OK, len / 2);
	fault(box, "long,arg=4000000000,count=1");
	submit(box, 15, BASTION_CMD_INFO, NULL, 0);
	chip_mailbox_scan(&box->mailbox);
	expect(box, 15, BASTION_STATUS_OK, len + 4000000000u);
	fault(box, "long,count=1");
	submit(box, 0, BASTION_CMD_INFO, NULL, 0);
	chip_mailbox_scan(&box->mailbox);
	expect(box, 0, BASTION_STATUS_OK, len + 64);
	submit(box, 0, BASTION_CMD_INFO, NULL, 0);
	chip_mailbox_scan(&box->mailbox);
	expect(box, 0, BASTION_STATUS_OK, len);
}

static void test_data_that_lies(void **state)
{
	uint8_t good[sizeof(struct bastion_cmd_info)];
	struct box *box = *state;
	unsigned int bits = 0;

	submit(box, 0, BASTION_CMD_INFO, NULL, 0);
	chip_mailbox_scan(&box->mailbox);
	memcpy(good, slot(box, 0)->data, sizeof(good));
	fault(box, "bitflip,count=1");
	submit(box, 0, BASTION_CMD_INFO, NULL, 0);
	chip_mailbox_scan(&box->mailbox);
	for (size_t i = 0; i < sizeof(good); i++)
		bits += __builtin_popcount(good[i] ^ slot(box, 0)->data[i]);
	assert_int_equal(bits, 1);
	fault(box, "garbage,count=1");
	submit(box, 0, BASTION_CMD_INFO, NULL, 0);
	chip_mailbox_scan(&box->mailbox);
	assert_memory_not_equal(good, slot(box, 0)->data, sizeof(good));
	fault(box, "wrong-slot,count=1");
	submit(box, 0, BASTION_CMD_INFO, NULL, 0);
	memset(slot(box, 1)->data, 0x77, 64);
	slot(box, 1)->sequence = htole32(4711);
	chip_mailbox_scan(&box->mailbox);
	assert_int_equal(le32toh(slot(box, 0)->sequence), 4711);
	assert_int_equal(slot(box, 0)->data[63], 0x77);
	fault(box, "bad-status,count=1");
	submit(box, 0, BASTION_CMD_INFO, NULL, 0);
	chip_mailbox_scan(&box->mailbox);
	expect(box, 0, 0x7fffffff, 0);
}

static void test_busy(void **state)
{
	const struct bastion_cmd_mr_extend extend = { .index = htole32(5), .digest = { 1 } };
	static const uint8_t zero[BASTION_DIGEST_SIZE];
	struct box *box = *state;

	fault(box, "busy,count=1");
	submit(box, 0, BASTION_CMD_MR_EXTEND, &extend, sizeof(extend));
	chip_mailbox_scan(&box->mailbox);
	expect(box, 0, BASTION_STATUS_BUSY, 0);
	assert_memory_equal(slot(box, 0)->data, zero, sizeof(zero));
	assert_memory_equal(box->rig->chip.now.registers.value[5], zero, sizeof(zero));
	submit(box, 0, BASTION_CMD_MR_EXTEND, &extend, sizeof(extend));
	chip_mailbox_scan(&box->mailbox);
	expect(box, 0, BASTION_STATUS_OK, BASTION_DIGEST_SIZE);
	assert_memory_not_equal(box->rig->chip.now.registers.value[5], zero, sizeof(zero));
}

static void test_interrupts(void **state)
{
	struct box *box = *state;

	fault(box, "drop-irq,count=1");
	submit(box, 0, BASTION_CMD_INFO, NULL, 0);
	chip_mailbox_scan(&box->mailbox);
	assert_true(done(box, 0));
	assert_int_equal(box->rings, 0);
	fault(box, "dup-irq,count=1,arg=3");
	submit(box, 0, BASTION_CMD_INFO, NULL, 0);
	chip_mailbox_scan(&box->mailbox);
	/* They are a millisecond apart for a machine that has nothing else to do. */
	for (int i = 0; box->rings < 4 && i < 1000; i++)
		pass(box, 10);
	pass(box, 10);
	assert_int_equal(box->rings, 4);
}

static void test_hang(void **state)
{
	const struct bastion_mbox_header *header;
	struct box *box = *state;
	uint32_t beat;

	header = (void *)box->memory;
	fault(box, "hang,cmd=NONCE,count=1");
	submit(box, 0, BASTION_CMD_NONCE, NULL, 0);
	submit(box, 1, BASTION_CMD_INFO, NULL, 0);
	chip_mailbox_scan(&box->mailbox);
	pass(box, 20);
	assert_false(done(box, 0));
	assert_true(done(box, 1));
	fault(box, "hang,arg=1,count=1");
	submit(box, 1, BASTION_CMD_INFO, NULL, 0);
	chip_mailbox_scan(&box->mailbox);
	beat = header->heartbeat;
	submit(box, 2, BASTION_CMD_INFO, NULL, 0);
	assert_int_equal(chip_mailbox_scan(&box->mailbox), 0);
	pass(box, 250);
	assert_int_equal(header->heartbeat, beat);
	reset(box);
	submit(box, 0, BASTION_CMD_INFO, NULL, 0);
	chip_mailbox_scan(&box->mailbox);
	assert_true(done(box, 0));
}

static void test_reset_and_vanish(void **state)
{
	const struct bastion_mbox_header *header;
	struct box *box = *state;
	uint32_t generation;

	header = (void *)box->memory;
	generation = header->reset_generation;
	fault(box, "reset,cmd=RANDOM,count=1");
	fault(box, "late,cmd=INFO,arg=30");
	submit(box, 0, BASTION_CMD_INFO, NULL, 0);
	submit(box, 1, BASTION_CMD_RANDOM, NULL, 0);
	submit(box, 2, BASTION_CMD_RELOCK, NULL, 0);
	chip_mailbox_scan(&box->mailbox);
	assert_int_not_equal(header->reset_generation, generation);
	assert_false(box->rig->chip.now.tested);
	assert_int_equal(box->rings, 1);
	pass(box, 60);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(slot(box, i)->state, BASTION_SLOT_FREE);

	generation = header->reset_generation;
	fault(box, "none");
	fault(box, "vanish,count=1");
	submit(box, 0, BASTION_CMD_INFO, NULL, 0);
	chip_mailbox_scan(&box->mailbox);
	pass(box, 250);
	for (size_t i = 0; i < BASTION_MBOX_SIZE; i++)
		assert_int_equal(box->memory[i], 0xff);
	reset(box);
	assert_int_equal(le32toh(header->magic), BASTION_MBOX_MAGIC);
	assert_int_not_equal(header->reset_generation, generation);
}

/* What was on its way when the chip was reset may come first to the one that is started anew. */
static void test_late_extend(void **state)
{
	const struct bastion_cmd_mr_extend extend = { .index = htole32(5), .digest = { 1 } };
	static const uint8_t zero[BASTION_DIGEST_SIZE];
	struct box *box = *state;
	const uint8_t *value = box->rig->chip.now.registers.value[5];

	fault(box, "reset,cmd=MR_EXTEND,count=1");
	submit(box, 0, BASTION_CMD_MR_EXTEND, &extend, sizeof(extend));
	chip_mailbox_scan(&box->mailbox);
	assert_memory_equal(value, zero, sizeof(zero));
	fault(box, "reset,cmd=MR_EXTEND,count=1,arg=1");
	submit(box, 0, BASTION_CMD_MR_EXTEND, &extend, sizeof(extend));
	chip_mailbox_scan(&box->mailbox);
	assert_memory_not_equal(value, zero, sizeof(zero));
	assert_int_equal(slot(box, 0)->state, BASTION_SLOT_FREE);
	assert_int_equal(slot(box, 0)->data[0], 0);
}

/* A host that cannot ring the doorbell is served all the same. */
static void test_polled(void **state)
{
	struct box *box = *state;
	uint64_t begin;

	submit(box, 0, BASTION_CMD_INFO, NULL, 0);
	pass(box, 200);
	assert_true(done(box, 0));
	begin = chip_loop_now();
	for (unsigned int i = 0; i < 20; i++) {
		submit(box, 0, BASTION_CMD_INFO, NULL, 0);
		while (!done(box, 0))
			pass(box, 1);
	}
	assert_true(chip_loop_now() - begin < 20 * 100 * NS_PER_MS);
}

static void test_specs(void **state)
{
	static const char *const bad[] = { "", "nonsense", "late,arg", "late,arg=",
					   "late,arg=x", "late,arg=-1", "late,count=0",
					   "late,cmd=FOO", "late,cmd=", "late,foo=1",
					   "wrong-key,cmd=INFO", "old-firmware,cmd=RANDOM",
					   "old-firmware,cmd=COUNTER", "ignore-grant,cmd=GRANT" };
	struct box *box = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int error = chip_faults_add(&box->faults, bad[i], NULL);

		if (!error)
			print_error("taken: %s\n", bad[i]);
		assert_int_equal(error, -1);
	}
	fault(box, "none");
	fault(box, "ignore-grant,cmd=sign");
	fault(box, "ignore-grant,cmd=REBIND");
	fault(box, "drop-irq,cmd=COUNTER");
	fault(box, "none");
	for (unsigned int i = 0; i < CHIP_FAULTS_MAX; i++)
		fault(box, "late,cmd=quote,count=2,arg=0x10");
	assert_int_equal(chip_faults_add(&box->faults, "late", NULL), -1);
}

static void audit_line(struct box *box, const char *want)
{
	char line[4096], last[4096] = "";
	FILE *file = fopen(box->audit_path, "r");

	while (fgets(line, sizeof(line), file))
		strcpy(last, line);
	fclose(file);
	if (!strstr(last, want))
		print_error("%s is not in %s", want, last);
	assert_non_null(strstr(last, want));
}

/* One command by the mailbox. */
static void run_one(struct box *box, uint32_t opcode, const void *in, size_t len, uint32_t status,
		    size_t out_len)
{
	submit(box, 0, opcode, in, len);
	chip_mailbox_scan(&box->mailbox);
	expect(box, 0, status, out_len);
}

static void give(struct box *box, const struct draft *draft)
{
	uint8_t grant[RIG_GRANT_SIZE];

	run_one(box, BASTION_CMD_GRANT, grant, rig_grant_command(draft, grant), BASTION_STATUS_OK, 0);
}

/* The log's own opinion of an UNSEAL, with an honest chip and with a lying one. */
static void test_audit_of_grants(void **state)
{
	uint8_t in[sizeof(struct bastion_cmd_seal) + sizeof(struct bastion_blob_header)];
	struct bastion_cmd_seal fixed = { 0 };
	struct bastion_blob_header header;
	struct box *box = *state;
	struct draft draft;

	rig_header(box->rig, &header);
	memcpy(fixed.token, box->rig->token, sizeof(fixed.token));
	memcpy(in, &fixed, sizeof(fixed));
	memcpy(in + sizeof(fixed), &header, sizeof(header));
	fault(box, "ignore-grant,count=1");
	submit(box, 0, BASTION_CMD_SEAL, in, sizeof(in));
	chip_mailbox_scan(&box->mailbox);
	expect(box, 0, BASTION_STATUS_OK, BASTION_BLOB_OVERHEAD + 32);
	audit_line(box, "\"grant_live\":false");
	audit_line(box, "\"faults\":[\"ignore-grant\"]");
	assert_int_equal(box->audit.ungranted, 1);

	/* The rig's GRANT by way of the mailbox. */
	rig_round(box->rig);
	rig_draft(box->rig, &draft);
	give(box, &draft);
	audit_line(box, "\"grant_digest\":\"");
	submit(box, 0, BASTION_CMD_SEAL, in, sizeof(in));
	chip_mailbox_scan(&box->mailbox);
	audit_line(box, "\"grant_live\":true");
	assert_int_equal(box->audit.released, 2);
	assert_int_equal(box->audit.ungranted, 1);
	rig_advance(60000);
	submit(box, 0, BASTION_CMD_SEAL, in, sizeof(in));
	chip_mailbox_scan(&box->mailbox);
	audit_line(box, "\"status\":\"NO_GRANT\"");
	audit_line(box, "\"grant_live\":false");
}

static void sign_once(struct box *box, const struct sign *sign, uint32_t status)
{
	uint8_t in[sizeof(*sign)];

	memcpy(in, &sign->fixed, sizeof(sign->fixed));
	memcpy(in + sizeof(sign->fixed), sign->blob, sign->blob_len);
	run_one(box, BASTION_CMD_SIGN, in, sizeof(sign->fixed) + sign->blob_len, status,
		status == BASTION_STATUS_OK ? BASTION_SIGNATURE_SIZE : 0);
}

static void sign_and_rebind(struct box *box, const struct sign *sign, const struct rebind *rebind,
			    uint32_t status)
{
	const size_t front = sizeof(rebind->fixed) + sizeof(rebind->want);
	bool good = status == BASTION_STATUS_OK;
	uint8_t in[sizeof(*rebind)];

	sign_once(box, sign, status);
	audit_line(box, "\"opcode\":\"SIGN\"");
	audit_line(box, "\"kind\":\"p384\"");
	memcpy(in, &rebind->fixed, sizeof(rebind->fixed));
	memcpy(in + sizeof(rebind->fixed), &rebind->want, sizeof(rebind->want));
	memcpy(in + front, rebind->blob, rebind->blob_len);
	run_one(box, BASTION_CMD_REBIND, in, front + rebind->blob_len, status,
		good ? BASTION_BLOB_P384_SIZE : 0);
	audit_line(box, "\"opcode\":\"REBIND\"");
	audit_line(box, "\"counter\":4");
}

/* The same of SIGN and REBIND: the log wants an entry for just what was done. */
static void test_audit_of_uses(void **state)
{
	struct bastion_blob_header header;
	struct box *box = *state;
	struct rig *rig = box->rig;
	struct rebind rebind;
	struct draft draft;
	struct sign sign;

	rig_open_gate(rig);
	rig_header_kind(rig, &header, BASTION_KIND_P384);
	header.counter_index = htole32(4);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_OK);
	rig_sign_prepare(rig, &sign);
	rig_rebind_prepare(rig, &rebind);
	rig_command(rig, BASTION_CMD_RELOCK, NULL, 0);

	sign_and_rebind(box, &sign, &rebind, BASTION_STATUS_NO_GRANT);
	audit_line(box, "\"grant_live\":false,\"granted\":false");
	fault(box, "ignore-grant,count=2");
	sign_and_rebind(box, &sign, &rebind, BASTION_STATUS_OK);
	audit_line(box, "\"honest_status\":\"NO_GRANT\"");
	assert_int_equal(box->audit.released, 2);
	assert_int_equal(box->audit.ungranted, 2);

	/* A grant with the token that allows neither. */
	rig_round(rig);
	rig_draft(rig, &draft);
	draft.entries[0].kind = htole32(BASTION_GRANT_CREATE);
	give(box, &draft);
	sign_and_rebind(box, &sign, &rebind, BASTION_STATUS_DENIED);
	audit_line(box, "\"grant_live\":true,\"granted\":false");

	rig_round(rig);
	rig_draft(rig, &draft);
	draft.entries[1].kind = htole32(BASTION_GRANT_REBIND);
	memcpy(draft.entries[1].dest_verifier, rebind.want.verifier, BASTION_DIGEST_SIZE);
	memcpy(draft.entries[1].dest_policy, rebind.want.policy, BASTION_DIGEST_SIZE);
	give(box, &draft);
	sign_and_rebind(box, &sign, &rebind, BASTION_STATUS_OK);
	audit_line(box, "\"grant_live\":true,\"granted\":true");
	assert_int_equal(box->audit.released, 4);
	assert_int_equal(box->audit.ungranted, 2);
	/* To another verifier, only a chip that lies would. */
	rebind.want.verifier[0] ^= 1;
	fault(box, "ignore-grant,cmd=REBIND");
	sign_and_rebind(box, &sign, &rebind, BASTION_STATUS_OK);
	audit_line(box, "\"grant_live\":true,\"granted\":false");
	assert_int_equal(box->audit.ungranted, 3);

	/* An entry for one executable is for no other. */
	rig_round(rig);
	rig_draft(rig, &draft);
	draft.entries[0].flags = htole32(BASTION_GRANT_EXECUTABLE);
	draft.entries[0].executable[0] = 1;
	give(box, &draft);
	sign.fixed.executable[0] = 1;
	sign_once(box, &sign, BASTION_STATUS_OK);
	audit_line(box, "\"grant_live\":true,\"granted\":true");
	sign.fixed.executable[0] = 2;
	fault(box, "ignore-grant,cmd=SIGN");
	sign_once(box, &sign, BASTION_STATUS_OK);
	audit_line(box, "\"grant_live\":true,\"granted\":false");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_header, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_slots, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_lengths, setup, teardown),
		cmocka_unit_test_setup_teardown(test_only_submitted_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_taken_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_secret_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(test_late_and_reordered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_latency_overlaps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lengths_that_lie, setup, teardown),
		cmocka_unit_test_setup_teardown(test_data_that_lies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_busy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interrupts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hang, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset_and_vanish, setup, teardown),
		cmocka_unit_test_setup_teardown(test_late_extend, setup, teardown),
		cmocka_unit_test_setup_teardown(test_polled, setup, teardown),
		cmocka_unit_test_setup_teardown(test_specs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_audit_of_grants, setup, teardown),
		cmocka_unit_test_setup_teardown(test_audit_of_uses, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
