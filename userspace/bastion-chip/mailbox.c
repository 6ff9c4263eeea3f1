// SPDX-License-Identifier: GPL-2.0
#include <endian.h>
#include <string.h>

#include "bastion-chip/hash.h"
#include "bastion-chip/mailbox.h"

#define NS_PER_MS 1000000ull
#define BEAT_NS (100 * NS_PER_MS)
/* A host that cannot ring is noticed at a beat, and then looked at this often, for so long. */
#define POLL_NS (NS_PER_MS / 2)
#define POLL_FOR_NS (2000 * NS_PER_MS)

static struct bastion_mbox_header *header_of(struct chip_mailbox *mailbox)
{
	return (struct bastion_mbox_header *)mailbox->memory;
}

static struct bastion_mbox_slot *slot_of(struct chip_mailbox *mailbox, unsigned int index)
{
	return (struct bastion_mbox_slot *)(mailbox->memory + BASTION_SLOT_OFFSET +
					    index * BASTION_SLOT_SIZE);
}

static uint32_t get(const __le32 *field)
{
	return le32toh(__atomic_load_n(field, __ATOMIC_RELAXED));
}

static void set(__le32 *field, uint32_t value)
{
	__atomic_store_n(field, htole32(value), __ATOMIC_RELAXED);
}

/* Back to the state after power on; secrets in answers that were never given go too. */
static void forget(struct chip_mailbox *mailbox)
{
	for (unsigned int i = 0; i < BASTION_SLOT_COUNT; i++) {
		struct chip_slot *slot = &mailbox->slots[i];

		chip_loop_disarm(mailbox->loop, &slot->timer);
		explicit_bzero(slot->data, sizeof(slot->data));
		slot->busy = false;
		slot->held = false;
	}
	chip_loop_disarm(mailbox->loop, &mailbox->interrupt_timer);
	mailbox->extra_interrupts = 0;
	mailbox->hung = false;
	mailbox->vanished = false;
}

/* The magic comes last: whoever sees it sees the rest. */
static void present(struct chip_mailbox *mailbox)
{
	struct bastion_mbox_header *header = header_of(mailbox);

	for (unsigned int i = 0; i < BASTION_SLOT_COUNT; i++)
		memset(slot_of(mailbox, i), 0, BASTION_SLOT_SIZE);
	/* All ones would read as a chip that is gone. */
	mailbox->generation = (mailbox->generation + 1) & INT32_MAX;
	header->major = htole16(BASTION_MBOX_MAJOR);
	header->minor = htole16(BASTION_MBOX_MINOR);
	set(&header->slot_count, BASTION_SLOT_COUNT);
	set(&header->slot_size, BASTION_SLOT_SIZE);
	set(&header->slot_offset, BASTION_SLOT_OFFSET);
	set(&header->doorbell_peer, 0);
	set(&header->heartbeat, mailbox->heartbeat);
	set(&header->reset_generation, mailbox->generation);
	__atomic_store_n(&header->magic, htole32(BASTION_MBOX_MAGIC), __ATOMIC_RELEASE);
}

static void beat(void *data)
{
	struct chip_mailbox *mailbox = data;

	chip_loop_arm(mailbox->loop, &mailbox->beat_timer, BEAT_NS);
	if (mailbox->hung || mailbox->vanished)
		return;
	/* Short of all ones, too. */
	mailbox->heartbeat = (mailbox->heartbeat + 1) & INT32_MAX;
	set(&header_of(mailbox)->heartbeat, mailbox->heartbeat);
	if (mailbox->polling || !chip_mailbox_scan(mailbox))
		return;
	mailbox->polling = true;
	mailbox->polled_ns = chip_loop_now();
	chip_loop_arm(mailbox->loop, &mailbox->poll_timer, POLL_NS);
}

static void poll_slots(void *data)
{
	struct chip_mailbox *mailbox = data;
	uint64_t now = chip_loop_now();

	if (chip_mailbox_scan(mailbox))
		mailbox->polled_ns = now;
	mailbox->polling = now - mailbox->polled_ns < POLL_FOR_NS;
	if (mailbox->polling && mailbox->memory)
		chip_loop_arm(mailbox->loop, &mailbox->poll_timer, POLL_NS);
}

static void ring_again(void *data)
{
	struct chip_mailbox *mailbox = data;

	mailbox->ring(mailbox->data);
	if (--mailbox->extra_interrupts)
		chip_loop_arm(mailbox->loop, &mailbox->interrupt_timer, NS_PER_MS);
}

static void interrupt(struct chip_mailbox *mailbox, uint64_t count)
{
	if (!count)
		return;
	mailbox->ring(mailbox->data);
	if (count == 1)
		return;
	mailbox->extra_interrupts = count - 1;
	chip_loop_arm(mailbox->loop, &mailbox->interrupt_timer, NS_PER_MS);
}

static void release_held(struct chip_mailbox *mailbox);

static void answer(struct chip_slot *slot)
{
	struct chip_mailbox *mailbox = slot->mailbox;
	struct bastion_mbox_slot *shared = slot_of(mailbox, slot->index);
	bool was_held = slot->held;

	chip_loop_disarm(mailbox->loop, &slot->timer);
	if (!mailbox->vanished && !mailbox->hung) {
		/* Tokens and imported secrets do not stay behind. */
		if (slot->in_len > slot->data_len)
			memset(shared->data + slot->data_len, 0, slot->in_len - slot->data_len);
		memcpy(shared->data, slot->data, slot->data_len);
		set(&shared->sequence, slot->sequence);
		set(&shared->status, slot->status);
		set(&shared->out_len, slot->out_len);
		__atomic_store_n(&shared->state, htole32(BASTION_SLOT_DONE), __ATOMIC_RELEASE);
		slot->busy = false;
		interrupt(mailbox, slot->interrupts);
	}
	/* All of it: a fault may have shortened what was answered. */
	explicit_bzero(slot->data, sizeof(slot->data));
	slot->held = false;
	if (!was_held)
		release_held(mailbox);
}

static void release_held(struct chip_mailbox *mailbox)
{
	for (unsigned int i = 0; i < BASTION_SLOT_COUNT; i++)
		if (mailbox->slots[i].busy && mailbox->slots[i].held)
			answer(&mailbox->slots[i]);
}

static void answer_late(void *data)
{
	answer(data);
}

static void spoil_length(struct chip_slot *slot, const struct chip_fault_set *faults)
{
	uint64_t arg = faults->arg[CHIP_FAULT_SHORT];

	if (chip_fault_has(faults, CHIP_FAULT_SHORT)) {
		if (!arg)
			arg = (slot->data_len + 1) / 2;
		slot->data_len -= arg < slot->data_len ? arg : slot->data_len;
		slot->out_len = slot->data_len;
	}
	if (chip_fault_has(faults, CHIP_FAULT_LONG)) {
		size_t more = sizeof(slot->data) - slot->data_len;

		arg = faults->arg[CHIP_FAULT_LONG];
		if (more > arg)
			more = arg;
		chip_random(slot->data + slot->data_len, more);
		slot->data_len += more;
		slot->out_len += arg;
	}
}

static void spoil_data(struct chip_slot *slot, const struct chip_fault_set *faults)
{
	if (chip_fault_has(faults, CHIP_FAULT_GARBAGE))
		chip_random(slot->data, slot->data_len);
	if (chip_fault_has(faults, CHIP_FAULT_BITFLIP) && slot->data_len) {
		uint64_t bit = faults->arg[CHIP_FAULT_BITFLIP];

		if (bit == UINT64_MAX)
			chip_random(&bit, sizeof(bit));
		bit %= slot->data_len * 8;
		slot->data[bit / 8] ^= 1 << bit % 8;
	}
	if (chip_fault_has(faults, CHIP_FAULT_WRONG_SLOT)) {
		const struct bastion_mbox_slot *other =
			slot_of(slot->mailbox, (slot->index + 1) % BASTION_SLOT_COUNT);
		uint32_t sequence = get(&other->sequence);

		memcpy(slot->data, other->data, slot->data_len);
		slot->sequence = sequence == slot->sequence ? sequence + 1 : sequence;
	}
}

static void spoil(struct chip_slot *slot, const struct chip_fault_set *faults)
{
	spoil_length(slot, faults);
	spoil_data(slot, faults);
	if (chip_fault_has(faults, CHIP_FAULT_BAD_STATUS)) {
		slot->status = faults->arg[CHIP_FAULT_BAD_STATUS];
		slot->out_len = 0;
		explicit_bzero(slot->data, slot->data_len);
		slot->data_len = 0;
	}
	if (chip_fault_has(faults, CHIP_FAULT_DUP_IRQ))
		slot->interrupts += faults->arg[CHIP_FAULT_DUP_IRQ];
	if (chip_fault_has(faults, CHIP_FAULT_DROP_IRQ))
		slot->interrupts = 0;
}

/* Copies the input of what is in @shared in, once, and has it executed. Nothing is answered yet. */
static void execute(struct chip_slot *slot, const struct bastion_mbox_slot *shared, uint32_t opcode,
		    const struct chip_fault_set *faults)
{
	struct chip *chip = slot->mailbox->chip;
	uint32_t in_len = get(&shared->in_len);
	bool reserved = get(&shared->reserved[0]) || get(&shared->reserved[1]);
	uint8_t in[CHIP_MAILBOX_DATA];
	struct chip_io io = { .in = in, .out = slot->data, .out_size = sizeof(slot->data) };
	struct chip_audit_command audited = {
		.slot = slot->index,
		.opcode = opcode,
		.in = in,
		.boot_count = chip->memory.boot_count,
		.now_ms = chip->clock_ms(),
		.faults = faults,
	};

	chip->lies = chip_faults_lies(faults);
	chip->lie_bits = faults->arg[CHIP_FAULT_SELFTEST_FAIL];
	if (in_len > sizeof(in) || reserved) {
		slot->status = in_len > sizeof(in) ? BASTION_STATUS_BAD_LENGTH :
						     BASTION_STATUS_BAD_ARGUMENT;
		chip->honest = slot->status;
	} else {
		io.in_len = in_len;
		memcpy(in, shared->data, in_len);
		if (chip_fault_has(faults, CHIP_FAULT_BUSY))
			slot->status = chip->honest = BASTION_STATUS_BUSY;
		else
			slot->status = chip_execute(chip, opcode, &io);
	}
	/* What has to be wiped; of what is not understood anything may be a secret. */
	slot->in_len = in_len > sizeof(in) || reserved ? sizeof(in) : in_len;
	slot->data_len = io.out_len;
	slot->out_len = io.out_len;
	/* A grant lives from when the chip takes it on, which is long after it began to look at it. */
	if (opcode == BASTION_CMD_GRANT)
		audited.now_ms = chip->clock_ms();
	audited.in_len = io.in_len;
	audited.status = slot->status;
	audited.honest = chip->honest;
	audited.failed_tests = chip->now.failed_tests;
	chip_audit_command(slot->mailbox->audit, &audited);
	explicit_bzero(in, io.in_len);
}

/* A command that arrives with a reset is lost, or comes first to the chip that is started anew. */
static void reset(struct chip_slot *slot, uint32_t opcode, const struct chip_fault_set *faults)
{
	struct chip_mailbox *mailbox = slot->mailbox;
	_Alignas(struct bastion_mbox_slot) uint8_t command[BASTION_SLOT_SIZE];

	memcpy(command, slot_of(mailbox, slot->index), sizeof(command));
	mailbox->reset(mailbox->data);
	if (faults->arg[CHIP_FAULT_RESET] && !mailbox->vanished)
		execute(slot, (struct bastion_mbox_slot *)command, opcode, faults);
	/* Nobody asks for its answer any more. */
	explicit_bzero(slot->data, sizeof(slot->data));
	explicit_bzero(command, sizeof(command));
}

static void take(struct chip_slot *slot)
{
	struct chip_mailbox *mailbox = slot->mailbox;
	struct bastion_mbox_slot *shared = slot_of(mailbox, slot->index);
	uint64_t delay = mailbox->latency_ns;
	uint32_t opcode = get(&shared->opcode);
	struct chip_fault_set faults;
	struct chip_fuzz_answer given = {
		.sequence = &slot->sequence,
		.status = &slot->status,
		.out_len = &slot->out_len,
		.data_len = &slot->data_len,
		.interrupts = &slot->interrupts,
		.delay_ns = &delay,
		.data = slot->data,
		.size = sizeof(slot->data),
	};

	chip_faults_strike(mailbox->faults, opcode, &faults);
	if (chip_fault_has(&faults, CHIP_FAULT_RESET) || chip_fuzz_resets(mailbox->fuzz)) {
		reset(slot, opcode, &faults);
		return;
	}
	if (chip_fault_has(&faults, CHIP_FAULT_VANISH)) {
		chip_mailbox_vanish(mailbox);
		return;
	}
	slot->busy = true;
	slot->interrupts = 1;
	slot->sequence = get(&shared->sequence);
	execute(slot, shared, opcode, &faults);
	spoil(slot, &faults);
	chip_fuzz_spoil(mailbox->fuzz, &given);
	if (chip_fault_has(&faults, CHIP_FAULT_HANG)) {
		mailbox->hung = faults.arg[CHIP_FAULT_HANG] == 1;
		return;
	}
	if (chip_fault_has(&faults, CHIP_FAULT_LATE))
		delay += faults.arg[CHIP_FAULT_LATE] * NS_PER_MS;
	if (chip_fault_has(&faults, CHIP_FAULT_REORDER)) {
		slot->held = true;
		delay += faults.arg[CHIP_FAULT_REORDER] * NS_PER_MS;
	}
	if (delay)
		chip_loop_arm(mailbox->loop, &slot->timer, delay);
	else
		answer(slot);
}

unsigned int chip_mailbox_scan(struct chip_mailbox *mailbox)
{
	uint32_t generation = mailbox->generation;
	unsigned int taken = 0;

	for (unsigned int i = 0; i < BASTION_SLOT_COUNT; i++) {
		if (!mailbox->memory || mailbox->hung || mailbox->vanished)
			break;
		/* A reset has freed the others. */
		if (mailbox->generation != generation)
			break;
		if (mailbox->slots[i].busy ||
		    le32toh(__atomic_load_n(&slot_of(mailbox, i)->state, __ATOMIC_ACQUIRE)) !=
			    BASTION_SLOT_SUBMITTED)
			continue;
		take(&mailbox->slots[i]);
		taken++;
	}
	return taken;
}

void chip_mailbox_init(struct chip_mailbox *mailbox)
{
	for (unsigned int i = 0; i < BASTION_SLOT_COUNT; i++) {
		struct chip_slot *slot = &mailbox->slots[i];

		slot->mailbox = mailbox;
		slot->index = i;
		slot->timer = (struct chip_timer){ .fire = answer_late, .data = slot };
	}
	mailbox->beat_timer = (struct chip_timer){ .fire = beat, .data = mailbox };
	mailbox->poll_timer = (struct chip_timer){ .fire = poll_slots, .data = mailbox };
	mailbox->interrupt_timer = (struct chip_timer){ .fire = ring_again, .data = mailbox };
	chip_random(&mailbox->generation, sizeof(mailbox->generation));
}

void chip_mailbox_attach(struct chip_mailbox *mailbox, void *memory)
{
	mailbox->memory = memory;
	mailbox->heartbeat = 0;
	mailbox->polling = false;
	forget(mailbox);
	present(mailbox);
	chip_loop_arm(mailbox->loop, &mailbox->beat_timer, BEAT_NS);
	chip_fuzz_attach(mailbox->fuzz, memory);
}

void chip_mailbox_detach(struct chip_mailbox *mailbox)
{
	chip_fuzz_detach(mailbox->fuzz);
	forget(mailbox);
	chip_loop_disarm(mailbox->loop, &mailbox->beat_timer);
	chip_loop_disarm(mailbox->loop, &mailbox->poll_timer);
	mailbox->memory = NULL;
}

void chip_mailbox_reset(struct chip_mailbox *mailbox)
{
	if (!mailbox->memory)
		return;
	forget(mailbox);
	present(mailbox);
	/* It may have vanished. */
	chip_fuzz_attach(mailbox->fuzz, mailbox->memory);
	mailbox->ring(mailbox->data);
}

void chip_mailbox_vanish(struct chip_mailbox *mailbox)
{
	if (!mailbox->memory)
		return;
	chip_fuzz_detach(mailbox->fuzz);
	forget(mailbox);
	mailbox->vanished = true;
	memset(mailbox->memory, 0xff, BASTION_MBOX_SIZE);
}
