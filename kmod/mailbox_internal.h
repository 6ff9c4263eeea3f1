/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the mailbox's two halves share: mailbox.c keeps the chip under observation,
 * mailbox_call.c carries commands through it.
 */
#ifndef _BASTION_MAILBOX_INTERNAL_H
#define _BASTION_MAILBOX_INTERNAL_H

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/semaphore.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "mailbox.h"
#include "mailbox_parse.h"

enum bastion_mailbox_counter {
	BASTION_COUNT_COMMANDS,
	BASTION_COUNT_TIMEOUTS,
	BASTION_COUNT_BAD_SEQUENCE,
	BASTION_COUNT_BAD_LENGTH,
	BASTION_COUNT_BAD_STATUS,
	BASTION_COUNT_RESETS,
	BASTION_COUNT_POISONED,
	BASTION_COUNT_STALLS,
	BASTION_COUNTERS
};

/**
 * struct bastion_slot - the host's side of a slot; its holder's, but for @wait
 * @regs:	the chip's side
 * @wait:	the holder sleeps here
 * @sequence:	that the answer must carry
 * @generation:	when the command was submitted
 * @mismatch:	an answer with another sequence number was counted
 * @dirty:	how many bytes of the data area may hold a secret; protected by the
 *		mailbox's lock once the slot is poisoned
 */
struct bastion_slot {
	struct bastion_mbox_slot __iomem *regs;
	wait_queue_head_t wait;
	u32 sequence;
	u32 generation;
	bool mismatch;
	u32 dirty;
};

/**
 * struct bastion_mailbox - one chip's shared memory and who is using it
 * @dev:	for messages
 * @io, @priv:	the transport
 * @header:	of the shared memory
 * @peer:	the chip's doorbell
 * @polling:	no interrupts come
 * @sequence:	of the last command
 * @free:	a permit for each slot that is not busy. It may have permits too
 *		many: who gets one and finds no slot drops it
 * @moved:	when a command ended last, jiffies
 * @lock:	protects @busy, @poisoned, @said, @generation, @admitted, @dead,
 *		@suspended, @lost and @lost_data for writing; taken in interrupts.
 *		What is read without it is looked at again with it, or only decides
 *		whether to look closer
 * @busy:	slots that are held or poisoned
 * @poisoned:	slots whose command timed out, or was left behind by a driver before
 * @said:	the chip's reset generation, last seen
 * @generation:	how often it has changed
 * @admitted:	the change that the owner has acknowledged; commands are let through while
 *		it is the last
 * @dead:	the chip is gone, or its driver is going
 * @suspended:	the header means nothing for now
 * @lost, @lost_data: the owner's callback
 * @lost_work:	calls it
 * @watchdog:	looks at the header when nobody else does
 * @heartbeat:	last seen; the watchdog's, as are the next two
 * @heartbeat_time: when it last changed
 * @stalled:	it has not for long
 * @counters:	statistics
 * @slot_count:	slots in use
 * @slots:	slots
 */
struct bastion_mailbox {
	struct device *dev;
	const struct bastion_mailbox_io *io;
	void *priv;
	struct bastion_mbox_header __iomem *header;
	u32 peer;
	bool polling;
	atomic_t sequence;
	struct semaphore free;
	unsigned long moved;
	spinlock_t lock;
	DECLARE_BITMAP(busy, BASTION_SLOTS_MAX);
	DECLARE_BITMAP(poisoned, BASTION_SLOTS_MAX);
	u32 said;
	u32 generation;
	u32 admitted;
	bool dead;
	bool suspended;
	void (*lost)(void *data);
	void *lost_data;
	struct work_struct lost_work;
	struct delayed_work watchdog;
	u32 heartbeat;
	ktime_t heartbeat_time;
	bool stalled;
	atomic64_t counters[BASTION_COUNTERS];
	unsigned int slot_count;
	struct bastion_slot slots[];
};

static inline void bastion_mailbox_count(struct bastion_mailbox *mailbox,
					 enum bastion_mailbox_counter counter)
{
	atomic64_inc(&mailbox->counters[counter]);
}

void bastion_mailbox_check(struct bastion_mailbox *mailbox);
void bastion_mailbox_gone(struct bastion_mailbox *mailbox);
void bastion_mailbox_wipe(struct bastion_slot *slot);
void bastion_mailbox_forget(struct bastion_slot *slot);

#endif
