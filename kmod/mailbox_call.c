// SPDX-License-Identifier: GPL-2.0
/*
 * One command's way through the mailbox.
 *
 * A permit of @free, a slot's bit in @busy, a sequence number, data, header,
 * SUBMITTED, doorbell; then DONE with that sequence number, or a timeout, or the
 * loss of the chip. A slot whose command timed out is poisoned: the chip may still
 * write there. It keeps its bit and its permit until the chip has been reset.
 *
 * Every field of an answer is read once into a local copy, checked, and only the
 * copy is used. Nothing that the chip writes is an index or an address.
 */
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/hrtimer.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "mailbox_internal.h"
#include "trace.h"

/*
 * A short command spins this long for its answer before it sleeps: most answers
 * come in this time, and a sleep costs as much as the whole round trip.
 */
#define SPIN_NS		(50 * NSEC_PER_USEC)
/* Without interrupts: the first and the longest nap between two looks. */
#define NAP_MIN_US	20
#define NAP_MAX_US	1000
/*
 * How long a command waits for a slot when none comes free for anybody, and how
 * long when some do: thousands of waiters wake together when a grant arrives, and all
 * go through the same few slots. Under the hung task detector's 120 seconds.
 */
#define FREE_SLOT_MS	30000
#define FREE_SLOT_MAX_MS 100000

/* Why no command may begin, or 0. */
static int refusal(const struct bastion_mailbox *mailbox)
{
	lockdep_assert_held(&mailbox->lock);

	if (mailbox->dead)
		return -ENODEV;
	if (mailbox->suspended)
		return -EAGAIN;
	if (mailbox->generation != mailbox->admitted)
		return -EIO;
	if (bitmap_full(mailbox->poisoned, mailbox->slot_count))
		return -ETIMEDOUT;
	return 0;
}

/* Waits for a permit; false when it took too long. */
static bool wait_for_slot(struct bastion_mailbox *mailbox, unsigned long begin)
{
	const unsigned long limit = begin + msecs_to_jiffies(FREE_SLOT_MAX_MS);
	unsigned long deadline = begin + msecs_to_jiffies(FREE_SLOT_MS), moved, now;

	for (;;) {
		now = jiffies;
		if (!down_timeout(&mailbox->free, time_before(now, deadline) ? deadline - now : 0))
			return true;
		moved = READ_ONCE(mailbox->moved) + msecs_to_jiffies(FREE_SLOT_MS);
		if (!time_after(moved, deadline) || !time_before(deadline, limit))
			return false;
		deadline = time_before(moved, limit) ? moved : limit;
	}
}

/*
 * Waits for a slot. Whoever is refused passes the permit on to the next one. That none
 * came free in time is the callers' doing, who are too many, and not the chip's: it is
 * told apart from a command that was not answered, since this one was not even sent.
 */
static struct bastion_slot *acquire_slot(struct bastion_mailbox *mailbox)
{
	const unsigned long begin = jiffies;
	struct bastion_slot *slot = NULL;
	unsigned int i;
	int error;

	while (!slot) {
		if (!wait_for_slot(mailbox, begin))
			return ERR_PTR(-EAGAIN);

		spin_lock_irq(&mailbox->lock);
		error = refusal(mailbox);
		i = find_first_zero_bit(mailbox->busy, mailbox->slot_count);
		if (!error && i < mailbox->slot_count) {
			__set_bit(i, mailbox->busy);
			slot = &mailbox->slots[i];
			slot->generation = mailbox->generation;
		}
		spin_unlock_irq(&mailbox->lock);

		if (error) {
			up(&mailbox->free);
			return ERR_PTR(error);
		}
	}
	return slot;
}

/* Gives a slot back, unless the chip may still write to it: then poisons it. */
static void release_slot(struct bastion_mailbox *mailbox, struct bastion_slot *slot, bool finished)
{
	unsigned int i = slot - mailbox->slots;
	bool lost, poison, last;

	spin_lock_irq(&mailbox->lock);
	/* A chip that was reset has forgotten the command. */
	lost = !finished && slot->generation == mailbox->generation;
	/* What this driver leaves when it goes, the next one finds (bastion_mailbox_alloc()). */
	poison = lost && !mailbox->dead;
	if (!lost) {
		/* Before that it may have answered, after the slot was wiped. */
		bastion_mailbox_wipe(slot);
		bastion_mailbox_forget(slot);
	}
	WRITE_ONCE(mailbox->moved, jiffies);
	__assign_bit(i, mailbox->poisoned, poison);
	__assign_bit(i, mailbox->busy, poison);
	last = refusal(mailbox) == -ETIMEDOUT;
	spin_unlock_irq(&mailbox->lock);

	if (poison)
		bastion_mailbox_count(mailbox, BASTION_COUNT_POISONED);
	/* Nobody will give a slot back any more: those who wait must know. */
	if (!poison || last)
		up(&mailbox->free);
}

/*
 * Makes it the chip's, unless that was reset since the slot was taken: it has recovered then with what the
 * log has, or will, and takes nothing else. Return: 0, or -EIO and nothing was sent.
 */
static int hand_over(struct bastion_mailbox *mailbox, struct bastion_slot *slot)
{
	int ret = 0;

	bastion_mailbox_check(mailbox);
	spin_lock_irq(&mailbox->lock);
	if (mailbox->dead || mailbox->generation != slot->generation)
		ret = -EIO;
	else
		iowrite32(BASTION_SLOT_SUBMITTED, &slot->regs->state);
	spin_unlock_irq(&mailbox->lock);
	return ret;
}

static int submit(struct bastion_mailbox *mailbox, struct bastion_slot *slot,
		  const struct bastion_command *command, const struct kvec *in,
		  unsigned int in_count)
{
	struct bastion_mbox_slot __iomem *regs = slot->regs;
	u32 offset = 0;
	unsigned int i;
	int ret;

	bastion_mailbox_wipe(slot);
	if (command->flags & BASTION_COMMAND_SECRET)
		slot->dirty = min_t(u32, max(command->in.max, command->out.max),
				    BASTION_SLOT_DATA);
	slot->mismatch = false;
	slot->sequence = atomic_inc_return(&mailbox->sequence);

	for (i = 0; i < in_count; i++) {
		if (in[i].iov_len)
			memcpy_toio(regs->data + offset, in[i].iov_base, in[i].iov_len);
		offset += in[i].iov_len;
	}
	iowrite32(slot->sequence, &regs->sequence);
	iowrite32(command->opcode, &regs->opcode);
	iowrite32(0, &regs->status);
	iowrite32(offset, &regs->in_len);
	iowrite32(0, &regs->out_len);
	iowrite32(0, &regs->reserved[0]);
	iowrite32(0, &regs->reserved[1]);
	/* Release: the chip that reads SUBMITTED reads all of the above. */
	wmb();
	ret = hand_over(mailbox, slot);
	if (ret)
		return ret;
	/* The doorbell must not overtake it. */
	wmb();
	mailbox->io->ring(mailbox->priv, mailbox->peer);
	bastion_mailbox_count(mailbox, BASTION_COUNT_COMMANDS);
	return 0;
}

/* What became of a command: 1 it was answered, 0 nothing yet, or why it never will be. */
static int outcome(struct bastion_mailbox *mailbox, struct bastion_slot *slot)
{
	u32 state;

	if (READ_ONCE(mailbox->dead))
		return -ENODEV;
	if (READ_ONCE(mailbox->generation) != slot->generation)
		return -EIO;
	state = ioread32(&slot->regs->state);
	if (unlikely(state == U32_MAX))
		bastion_mailbox_check(mailbox);
	if (state != BASTION_SLOT_DONE)
		return 0;
	/* Acquire: what the chip wrote before DONE is there. */
	rmb();
	if (likely(ioread32(&slot->regs->sequence) == slot->sequence))
		return 1;
	/* An answer to another question; ours may still come. */
	if (!slot->mismatch)
		bastion_mailbox_count(mailbox, BASTION_COUNT_BAD_SEQUENCE);
	slot->mismatch = true;
	return 0;
}

static int spin_for_answer(struct bastion_mailbox *mailbox, struct bastion_slot *slot)
{
	u64 end = ktime_get_ns() + SPIN_NS;
	int ret;

	do {
		ret = outcome(mailbox, slot);
		if (ret)
			break;
		cpu_relax();
	} while (!need_resched() && ktime_get_ns() < end);
	return ret;
}

static int nap_for_answer(struct bastion_mailbox *mailbox, struct bastion_slot *slot,
			  ktime_t timeout)
{
	const ktime_t deadline = ktime_add(ktime_get(), timeout);
	unsigned int nap = NAP_MIN_US;
	bool expired;
	int ret;

	for (;;) {
		/* In this order, so that an answer in time is never taken for late. */
		expired = ktime_compare(ktime_get(), deadline) >= 0;
		ret = outcome(mailbox, slot);
		if (ret || expired)
			return ret;
		usleep_range(nap, nap * 2);
		nap = min(nap * 2, (unsigned int)NAP_MAX_US);
	}
}

/*
 * Waits for the answer: 0, or a negative error. Not killable: a command that is under
 * way is not undone by a signal, and what it did must become known.
 *
 * By the clock, not by jiffies: when the CPU that counts those has stood still (that of a
 * guest, for as long as its host pleases), all that they lack comes at once, and a command
 * that was sent just before would be out of time at its begin.
 */
static int await_answer(struct bastion_mailbox *mailbox, struct bastion_slot *slot,
			const struct bastion_command *command)
{
	const ktime_t timeout = ms_to_ktime(command->timeout_ms);
	int ret = 0;

	if (command->flags & BASTION_COMMAND_SHORT)
		ret = spin_for_answer(mailbox, slot);
	if (!ret && mailbox->polling)
		ret = nap_for_answer(mailbox, slot, timeout);
	else if (!ret)
		wait_event_hrtimeout(slot->wait, (ret = outcome(mailbox, slot)), timeout);
	if (!ret) {
		/* On a busy machine the watchdog may be late: a reset is none of the timeouts. */
		bastion_mailbox_check(mailbox);
		ret = outcome(mailbox, slot);
	}
	if (ret > 0)
		return 0;
	if (ret)
		return ret;

	bastion_mailbox_count(mailbox, BASTION_COUNT_TIMEOUTS);
	if (!mailbox->io->present(mailbox->priv)) {
		bastion_mailbox_gone(mailbox);
		return -ENODEV;
	}
	dev_warn_ratelimited(mailbox->dev, "the chip did not answer %s in %u ms\n",
			     command->name, command->timeout_ms);
	return -ETIMEDOUT;
}

/* Takes the answer over: its length, or -EIO when it breaks the protocol. */
static ssize_t read_answer(struct bastion_mailbox *mailbox, struct bastion_slot *slot,
			   const struct bastion_command *command, void *out, size_t out_size,
			   u32 *status)
{
	struct bastion_mbox_slot answer;
	size_t max = min3((size_t)command->out.max, out_size, (size_t)BASTION_SLOT_DATA);
	u32 len;

	memcpy_fromio(&answer, slot->regs, sizeof(answer));
	if (bastion_mailbox_parse_answer(&answer, command->out.min, max, status, &len)) {
		bastion_mailbox_count(mailbox, BASTION_COUNT_BAD_LENGTH);
		dev_warn_ratelimited(mailbox->dev, "the chip's answer to %s breaks the protocol\n",
				     command->name);
		return -EIO;
	}
	if (*status != BASTION_STATUS_OK)
		bastion_mailbox_count(mailbox, BASTION_COUNT_BAD_STATUS);
	memcpy_fromio(out, slot->regs->data, len);
	return len;
}

static ssize_t execute(struct bastion_mailbox *mailbox, struct bastion_slot *slot,
		       const struct bastion_command *command, const struct kvec *in,
		       unsigned int in_count, void *out, size_t out_size, u32 *status)
{
	ssize_t ret;
	u32 dirty;
	int error;

	error = submit(mailbox, slot, command, in, in_count) ?:
		await_answer(mailbox, slot, command);
	ret = error ?: read_answer(mailbox, slot, command, out, out_size, status);

	/* The answer of a chip that was reset meanwhile is worth nothing. */
	bastion_mailbox_check(mailbox);
	if (READ_ONCE(mailbox->dead))
		ret = -ENODEV;
	else if (READ_ONCE(mailbox->generation) != slot->generation)
		ret = -EIO;

	dirty = slot->dirty;
	bastion_mailbox_wipe(slot);
	/* Without an answer the chip may yet write one. */
	if (error)
		slot->dirty = dirty;
	release_slot(mailbox, slot, !error);
	return ret;
}

/**
 * bastion_mailbox_call() - has the chip execute a command
 * @mailbox:	the mailbox
 * @command:	its row in the table of commands
 * @in:		the input, in pieces
 * @in_count:	number of pieces
 * @out:	where the output goes; zeroed unless the command succeeds
 * @out_size:	room at @out, bytes
 * @status:	the chip's verdict, BASTION_STATUS_* or, the chip being what it
 *		is, any other number; BASTION_STATUS_INTERNAL without one
 *
 * Sleeps, at most for a free slot and then the row's timeout. Signals do not
 * interrupt it.
 *
 * Return: the output's length, within the row's limits and @out_size, and 0
 * whenever @status is not OK; -EINVAL the input is not of the row's size;
 * -ENODEV the chip is gone; -EIO it broke the protocol, or was reset;
 * -ETIMEDOUT it did not answer, or has answered nobody on any slot;
 * -EAGAIN no slot came free in time, or it is suspended, and nothing was sent.
 */
ssize_t bastion_mailbox_call(struct bastion_mailbox *mailbox,
			     const struct bastion_command *command,
			     const struct kvec *in, unsigned int in_count,
			     void *out, size_t out_size, u32 *status)
{
	struct bastion_slot *slot;
	size_t in_len = 0;
	unsigned int i;
	ssize_t ret;
	u64 start;

	might_sleep();

	*status = BASTION_STATUS_INTERNAL;
	for (i = 0; i < in_count; i++) {
		if (in[i].iov_len > command->in.max - in_len)
			return -EINVAL;
		in_len += in[i].iov_len;
	}
	if (in_len < command->in.min || in_len > BASTION_SLOT_DATA)
		return -EINVAL;

	start = ktime_get_ns();
	bastion_mailbox_check(mailbox);
	slot = acquire_slot(mailbox);
	ret = PTR_ERR_OR_ZERO(slot);
	if (!ret)
		ret = execute(mailbox, slot, command, in, in_count, out, out_size, status);
	trace_bastion_command(mailbox->dev, command->name, in_len, ret, *status,
			      ktime_get_ns() - start);
	if (ret < 0 || *status != BASTION_STATUS_OK)
		memzero_explicit(out, out_size);
	return ret;
}

