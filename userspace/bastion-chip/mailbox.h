/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The mailbox: commands out of shared memory, answers into it, and the faults of
 * the transport in between. The host may write anything anywhere at any time, so
 * whatever comes from there is read once, into memory of our own.
 */
#ifndef CHIP_MAILBOX_H
#define CHIP_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bastion-chip/audit.h"
#include "bastion-chip/engine.h"
#include "bastion-chip/faults.h"
#include "bastion-chip/fuzz.h"
#include "bastion-chip/loop.h"

#define CHIP_MAILBOX_DATA (BASTION_SLOT_SIZE - sizeof(struct bastion_mbox_slot))

struct chip_mailbox;

/**
 * struct chip_slot - a command that the chip has taken
 * @busy:	taken and not answered yet
 * @held:	waits for another answer to overtake it
 * @sequence:	as the host chose it
 * @in_len:	bytes of input to be wiped
 * @status:	to answer with
 * @out_len:	to answer with; a fault may have made it a lie
 * @data_len:	bytes of @data that are written
 * @interrupts:	to ring: none, one or more
 * @data:	the output
 */
struct chip_slot {
	struct chip_mailbox *mailbox;
	struct chip_timer timer;
	unsigned int index;
	bool busy;
	bool held;
	uint32_t sequence;
	size_t in_len;
	uint32_t status;
	uint32_t out_len;
	size_t data_len;
	uint64_t interrupts;
	uint8_t data[CHIP_MAILBOX_DATA];
};

/**
 * struct chip_mailbox - the transport's state
 * @chip:	who executes
 * @loop:	for what takes time
 * @faults:	what shall go wrong
 * @fuzz:	what shall go wrong at random
 * @audit:	who writes it down
 * @latency_ns:	that every command takes
 * @ring:	interrupts the host
 * @reset:	the chip resets itself, a fault; must end in chip_mailbox_reset()
 * @data:	for @ring and @reset
 * @memory:	BASTION_MBOX_SIZE bytes, NULL while the power is off
 */
struct chip_mailbox {
	struct chip *chip;
	struct chip_loop *loop;
	struct chip_faults *faults;
	struct chip_fuzz *fuzz;
	struct chip_audit *audit;
	uint64_t latency_ns;
	void (*ring)(void *data);
	void (*reset)(void *data);
	void *data;
	uint8_t *memory;
	uint32_t generation;
	uint32_t heartbeat;
	uint64_t extra_interrupts;
	bool hung;
	bool vanished;
	bool polling;
	uint64_t polled_ns;
	struct chip_timer beat_timer;
	struct chip_timer poll_timer;
	struct chip_timer interrupt_timer;
	struct chip_slot slots[BASTION_SLOT_COUNT];
};

/** chip_mailbox_init - the fields up to @data are set; nothing is in memory yet */
void chip_mailbox_init(struct chip_mailbox *mailbox);

/** chip_mailbox_attach - power on: @memory is the shared memory, all zero */
void chip_mailbox_attach(struct chip_mailbox *mailbox, void *memory);

/** chip_mailbox_detach - power off: memory is not touched again */
void chip_mailbox_detach(struct chip_mailbox *mailbox);

/** chip_mailbox_reset - the volatile state is gone: another generation, free slots, a ring */
void chip_mailbox_reset(struct chip_mailbox *mailbox);

/** chip_mailbox_vanish - all ones from now on, until the next power cycle */
void chip_mailbox_vanish(struct chip_mailbox *mailbox);

/** chip_mailbox_scan - the doorbell rang: take what was submitted. Return: commands taken. */
unsigned int chip_mailbox_scan(struct chip_mailbox *mailbox);

#endif
