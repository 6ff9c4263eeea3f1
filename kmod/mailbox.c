// SPDX-License-Identifier: GPL-2.0
/*
 * The mailbox: whether the chip behind it is there, and still the same.
 *
 * The chip is hostile until a verifier has vouched for it, and so is what it
 * writes. It reaches no memory but its own, so a command that never ends costs its
 * slot and nothing else (mailbox_call.c).
 *
 * The chip has lost its state when its reset generation changes and is gone when
 * its magic reads all ones. Both are noticed by whoever looks at the header first: a
 * command, the interrupt, the watchdog. Commands in flight end at once; after a
 * reset none is admitted before the chip's owner has acknowledged the new generation, so
 * that nothing meant for the old state meets the new one.
 */
#include <linux/device.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "gate.h"
#include "mailbox_internal.h"

#define WATCHDOG_MS	250
#define HEARTBEAT_MS	2000
#define QUIESCE_MS	5000

/*
 * A reset must end what was released within a second, whatever keeps the system's own workqueue
 * busy.
 */
static void watch_on(struct bastion_mailbox *mailbox, unsigned int ms)
{
	queue_delayed_work(bastion_gate_workqueue(), &mailbox->watchdog, msecs_to_jiffies(ms));
}

/* Wakes everybody who is waiting for an answer, whether there is one or not. */
static void wake_all(struct bastion_mailbox *mailbox)
{
	unsigned int i;

	for (i = 0; i < mailbox->slot_count; i++)
		wake_up_all(&mailbox->slots[i].wait);
}

/* Wakes those whose slot says DONE. They look for themselves: this is a hint. */
static void wake_done(struct bastion_mailbox *mailbox)
{
	unsigned int i;

	for_each_set_bit(i, mailbox->busy, mailbox->slot_count) {
		struct bastion_slot *slot = &mailbox->slots[i];

		if (ioread32(&slot->regs->state) == BASTION_SLOT_DONE)
			wake_up_all(&slot->wait);
	}
}

/* Ends everything with -ENODEV; the owner is told unless it is its own doing. */
static void die(struct bastion_mailbox *mailbox, bool tell)
{
	unsigned long flags;
	bool first;

	spin_lock_irqsave(&mailbox->lock, flags);
	first = !mailbox->dead;
	WRITE_ONCE(mailbox->dead, true);
	if (first && tell)
		queue_work(bastion_gate_workqueue(), &mailbox->lost_work);
	spin_unlock_irqrestore(&mailbox->lock, flags);
	if (!first)
		return;
	wake_all(mailbox);
	up(&mailbox->free);	/* who gets it passes it on */
}

static void unpoison(struct bastion_mailbox *mailbox)
{
	unsigned int i;

	lockdep_assert_held(&mailbox->lock);

	for_each_set_bit(i, mailbox->poisoned, mailbox->slot_count) {
		/* An answer that came late, and right before the reset, is still there. */
		bastion_mailbox_wipe(&mailbox->slots[i]);
		bastion_mailbox_forget(&mailbox->slots[i]);
		__clear_bit(i, mailbox->poisoned);
		__clear_bit(i, mailbox->busy);
		up(&mailbox->free);
	}
}

/**
 * bastion_mailbox_gone() - the chip has been removed
 * @mailbox:	the mailbox
 *
 * Any context. Ends every command, and tells the owner.
 */
void bastion_mailbox_gone(struct bastion_mailbox *mailbox)
{
	die(mailbox, true);
}

/* Reads the chip's reset generation; false when the chip is not there. */
static bool says(struct bastion_mailbox *mailbox, u32 *generation)
{
	*generation = ioread32(&mailbox->header->reset_generation);
	/* The magic comes second: what a removal made of the generation shows in it. */
	return ioread32(&mailbox->header->magic) != U32_MAX;
}

/**
 * bastion_mailbox_check() - notices that the chip was reset or removed
 * @mailbox:	the mailbox
 *
 * Any context.
 */
void bastion_mailbox_check(struct bastion_mailbox *mailbox)
{
	unsigned long flags;
	bool gone = false;
	u32 generation;

	if (READ_ONCE(mailbox->suspended) || likely(says(mailbox, &generation) &&
						    generation == READ_ONCE(mailbox->said)))
		return;

	/* Others may have seen since what the chip says now: only what is read here is news. */
	spin_lock_irqsave(&mailbox->lock, flags);
	if (!mailbox->suspended)
		gone = !says(mailbox, &generation);
	if (!mailbox->suspended && !gone && !mailbox->dead && generation != mailbox->said) {
		WRITE_ONCE(mailbox->said, generation);
		/* Counted here: what a chip takes back has happened all the same. */
		WRITE_ONCE(mailbox->generation, mailbox->generation + 1);
		unpoison(mailbox);
		bastion_mailbox_count(mailbox, BASTION_COUNT_RESETS);
		queue_work(bastion_gate_workqueue(), &mailbox->lost_work);
	}
	spin_unlock_irqrestore(&mailbox->lock, flags);
	if (gone)
		bastion_mailbox_gone(mailbox);
	else
		wake_all(mailbox);
}

static void lost_work(struct work_struct *work)
{
	struct bastion_mailbox *mailbox = container_of(work, struct bastion_mailbox, lost_work);
	void (*lost)(void *data);
	void *data;

	spin_lock_irq(&mailbox->lock);
	lost = mailbox->lost;
	data = mailbox->lost_data;
	spin_unlock_irq(&mailbox->lock);
	if (lost)
		lost(data);
}

static void check_heartbeat(struct bastion_mailbox *mailbox)
{
	u32 heartbeat = ioread32(&mailbox->header->heartbeat);

	if (heartbeat != mailbox->heartbeat) {
		mailbox->heartbeat = heartbeat;
		mailbox->heartbeat_time = ktime_get();
		mailbox->stalled = false;
	} else if (!mailbox->stalled &&
		   ktime_ms_delta(ktime_get(), mailbox->heartbeat_time) > HEARTBEAT_MS) {
		mailbox->stalled = true;
		bastion_mailbox_count(mailbox, BASTION_COUNT_STALLS);
	}
}

/**
 * bastion_mailbox_wipe() - takes a secret out of shared memory
 * @slot:	held by the caller, or poisoned and under the mailbox's lock
 */
void bastion_mailbox_wipe(struct bastion_slot *slot)
{
	if (slot->dirty)
		memset_io(slot->regs->data, 0, slot->dirty);
	slot->dirty = 0;
}

/**
 * bastion_mailbox_forget() - marks a slot free in shared memory
 * @slot:	whose command has ended, one way or another
 *
 * So that a chip that was reset does not come upon it and execute it again.
 */
void bastion_mailbox_forget(struct bastion_slot *slot)
{
	iowrite32(BASTION_SLOT_FREE, &slot->regs->state);
}

/*
 * Wipes what late answers left in poisoned slots: whoever gets at the memory after
 * this driver must not find a secret there. Under the lock, lest a reset give the
 * slot to a new command meanwhile; a few kilobytes of a rare event.
 */
static void wipe_late_answers(struct bastion_mailbox *mailbox)
{
	unsigned int i;

	spin_lock_irq(&mailbox->lock);
	for_each_set_bit(i, mailbox->poisoned, mailbox->slot_count) {
		struct bastion_slot *slot = &mailbox->slots[i];

		if (slot->dirty && ioread32(&slot->regs->state) == BASTION_SLOT_DONE)
			bastion_mailbox_wipe(slot);
	}
	spin_unlock_irq(&mailbox->lock);
}

static void watchdog(struct work_struct *work)
{
	struct bastion_mailbox *mailbox =
		container_of(to_delayed_work(work), struct bastion_mailbox, watchdog);

	bastion_mailbox_check(mailbox);
	if (READ_ONCE(mailbox->dead) || READ_ONCE(mailbox->suspended))
		return;
	check_heartbeat(mailbox);
	wipe_late_answers(mailbox);
	wake_done(mailbox);	/* an interrupt may have been lost */
	watch_on(mailbox, WATCHDOG_MS);
}

/**
 * bastion_mailbox_interrupt() - looks for answers
 * @mailbox:	the mailbox
 *
 * To be called when the chip interrupts; any context.
 */
void bastion_mailbox_interrupt(struct bastion_mailbox *mailbox)
{
	bastion_mailbox_check(mailbox);
	if (!READ_ONCE(mailbox->dead) && !READ_ONCE(mailbox->suspended))
		wake_done(mailbox);
}

/**
 * bastion_mailbox_generation() - how often the chip's reset generation has changed
 * @mailbox:	the mailbox
 *
 * Any context. Looks at the chip, so that a reset shows at once.
 *
 * Return: a number that changes when the chip has lost its volatile state, and once
 * more when it is gone.
 */
u32 bastion_mailbox_generation(struct bastion_mailbox *mailbox)
{
	unsigned long flags;
	u32 generation;

	bastion_mailbox_check(mailbox);
	spin_lock_irqsave(&mailbox->lock, flags);
	/* Never what its owner has dealt with already, whatever the chip said before it went. */
	generation = mailbox->dead ? ~mailbox->admitted : mailbox->generation;
	spin_unlock_irqrestore(&mailbox->lock, flags);
	return generation;
}

/**
 * bastion_mailbox_acknowledge() - the chip's owner has dealt with a reset, or is about to
 * @mailbox:	the mailbox
 * @generation:	from bastion_mailbox_generation()
 *
 * Any context. Commands are admitted again, unless the chip was reset once more since: those,
 * too, that have waited for a slot all the while.
 */
void bastion_mailbox_acknowledge(struct bastion_mailbox *mailbox, u32 generation)
{
	unsigned long flags;

	spin_lock_irqsave(&mailbox->lock, flags);
	/* Of one that is gone the generation is a number that this is not, and must stay the same. */
	if (!mailbox->dead)
		mailbox->admitted = generation;
	spin_unlock_irqrestore(&mailbox->lock, flags);
}

/**
 * bastion_mailbox_kill() - ends every command with -ENODEV, and every later one
 * @mailbox:	the mailbox
 *
 * Any context. Commands in flight end promptly, but after this returns.
 */
void bastion_mailbox_kill(struct bastion_mailbox *mailbox)
{
	die(mailbox, false);
}

/**
 * bastion_mailbox_watch() - asks to be told of the loss of the chip's state
 * @mailbox:	the mailbox
 * @lost:	called once for every change of the reset generation and when the
 *		chip is gone; in process context, may sleep and use the mailbox. Changes
 *		that follow each other faster than it returns may be one
 * @data:	its argument
 *
 * A reset between bastion_mailbox_alloc() and this is made up for.
 */
void bastion_mailbox_watch(struct bastion_mailbox *mailbox, void (*lost)(void *data), void *data)
{
	spin_lock_irq(&mailbox->lock);
	mailbox->lost = lost;
	mailbox->lost_data = data;
	if (mailbox->dead || mailbox->generation != mailbox->admitted)
		queue_work(bastion_gate_workqueue(), &mailbox->lost_work);
	spin_unlock_irq(&mailbox->lock);
}

/**
 * bastion_mailbox_unwatch() - the opposite
 * @mailbox:	the mailbox
 *
 * Waits for a callback in progress. From then on a reset ends all commands
 * for good.
 */
void bastion_mailbox_unwatch(struct bastion_mailbox *mailbox)
{
	spin_lock_irq(&mailbox->lock);
	mailbox->lost = NULL;
	mailbox->lost_data = NULL;
	spin_unlock_irq(&mailbox->lock);
	cancel_work_sync(&mailbox->lost_work);
}

/* Commands in flight. */
static unsigned int in_flight(struct bastion_mailbox *mailbox)
{
	unsigned int n;

	spin_lock_irq(&mailbox->lock);
	n = bitmap_weight(mailbox->busy, mailbox->slot_count) -
	    bitmap_weight(mailbox->poisoned, mailbox->slot_count);
	spin_unlock_irq(&mailbox->lock);
	return n;
}

/* How many are in flight still; the interrupt wakes nobody any more. */
static unsigned int see_off(struct bastion_mailbox *mailbox)
{
	wake_done(mailbox);
	return in_flight(mailbox);
}

/**
 * bastion_mailbox_suspend() - stops using the shared memory
 * @mailbox:	the mailbox
 *
 * Commands are refused with -EAGAIN, and the header, which reads all ones while the
 * device is off, is not looked at. The interrupt may still run when this returns.
 *
 * Return: 0, or -EBUSY when commands in flight do not end.
 */
int bastion_mailbox_suspend(struct bastion_mailbox *mailbox)
{
	unsigned int n;

	spin_lock_irq(&mailbox->lock);
	WRITE_ONCE(mailbox->suspended, true);
	spin_unlock_irq(&mailbox->lock);
	if (read_poll_timeout(see_off, n, !n, 1000, QUIESCE_MS * USEC_PER_MSEC, false, mailbox)) {
		bastion_mailbox_resume(mailbox);
		return -EBUSY;
	}
	cancel_delayed_work_sync(&mailbox->watchdog);
	return 0;
}

/**
 * bastion_mailbox_resume() - starts again
 * @mailbox:	the mailbox
 *
 * Notices if the chip was reset or is gone.
 */
void bastion_mailbox_resume(struct bastion_mailbox *mailbox)
{
	spin_lock_irq(&mailbox->lock);
	WRITE_ONCE(mailbox->suspended, false);
	spin_unlock_irq(&mailbox->lock);
	watch_on(mailbox, 0);
}

/**
 * bastion_mailbox_get_statistics() - what happened since probe
 * @mailbox:	the mailbox
 * @statistics:	filled in; each number is right by itself
 */
void bastion_mailbox_get_statistics(const struct bastion_mailbox *mailbox,
				    struct bastion_mailbox_statistics *statistics)
{
	const atomic64_t *counters = mailbox->counters;

	*statistics = (struct bastion_mailbox_statistics) {
		.commands = atomic64_read(&counters[BASTION_COUNT_COMMANDS]),
		.timeouts = atomic64_read(&counters[BASTION_COUNT_TIMEOUTS]),
		.bad_sequence = atomic64_read(&counters[BASTION_COUNT_BAD_SEQUENCE]),
		.bad_length = atomic64_read(&counters[BASTION_COUNT_BAD_LENGTH]),
		.bad_status = atomic64_read(&counters[BASTION_COUNT_BAD_STATUS]),
		.resets = atomic64_read(&counters[BASTION_COUNT_RESETS]),
		.poisoned = atomic64_read(&counters[BASTION_COUNT_POISONED]),
		.stalls = atomic64_read(&counters[BASTION_COUNT_STALLS]),
	};
}

/**
 * bastion_mailbox_is_ours() - tells a Bastionchip from what shares its PCI IDs
 * @base:	shared memory
 * @len:	its length, bytes
 *
 * Return: whether the magic is there.
 */
bool bastion_mailbox_is_ours(const void __iomem *base, size_t len)
{
	const struct bastion_mbox_header __iomem *header = base;

	return len >= sizeof(*header) && ioread32(&header->magic) == BASTION_MBOX_MAGIC;
}

/* Says on what grounds: the memory's own word is all that there is to go by. */
static int refuse_header(struct device *dev, const struct bastion_mbox_header *header, size_t len,
			 int error)
{
	if (error == -EPROTONOSUPPORT)
		dev_err(dev, "the chip's interface version is %u, this driver's %u\n",
			le16_to_cpu(header->major), BASTION_MBOX_MAJOR);
	else
		dev_err(dev, "the chip's slots (%u of %u bytes at %u, doorbell %u) do not fit %zu bytes\n",
			le32_to_cpu(header->slot_count), le32_to_cpu(header->slot_size),
			le32_to_cpu(header->slot_offset), le32_to_cpu(header->doorbell_peer), len);
	return -EIO;
}

static void init_slots(struct bastion_mailbox *mailbox, void __iomem *base,
		       const struct bastion_mailbox_layout *layout)
{
	unsigned int i;

	mailbox->slot_count = layout->slot_count;
	for (i = 0; i < layout->slot_count; i++) {
		struct bastion_slot *slot = &mailbox->slots[i];

		slot->regs = base + layout->slot_offset + (size_t)i * layout->slot_size;
		init_waitqueue_head(&slot->wait);
	}
}

/*
 * Takes slots out of use whose command a driver before this one has not seen the end of: the
 * chip may still write there, and does not look at them. What is left in others is wiped.
 * Returns how many can be used.
 */
static unsigned int inherit_slots(struct bastion_mailbox *mailbox)
{
	unsigned int i, usable = mailbox->slot_count;
	u32 state;

	for (i = 0; i < mailbox->slot_count; i++) {
		struct bastion_slot *slot = &mailbox->slots[i];

		state = ioread32(&slot->regs->state);
		if (state == BASTION_SLOT_FREE)
			continue;
		slot->dirty = BASTION_SLOT_DATA;
		if (state != BASTION_SLOT_SUBMITTED) {
			bastion_mailbox_wipe(slot);
			bastion_mailbox_forget(slot);
			continue;
		}
		__set_bit(i, mailbox->busy);
		__set_bit(i, mailbox->poisoned);
		usable--;
	}
	return usable;
}

/**
 * bastion_mailbox_alloc() - opens a chip's shared memory
 * @dev:	for messages
 * @io:		the transport
 * @priv:	its argument
 * @base:	shared memory, mapped for as long as the mailbox lives
 * @len:	its length, bytes
 * @polling:	nobody is going to call bastion_mailbox_interrupt()
 *
 * Return: the mailbox, or an ERR_PTR(): -EIO the header makes no sense, -ENOMEM.
 */
struct bastion_mailbox *bastion_mailbox_alloc(struct device *dev,
					      const struct bastion_mailbox_io *io, void *priv,
					      void __iomem *base, size_t len, bool polling)
{
	struct bastion_mailbox_layout layout;
	struct bastion_mbox_header header;
	struct bastion_mailbox *mailbox;
	int error;

	if (len < sizeof(header))
		return ERR_PTR(-EIO);
	/* Once: the chip may change it meanwhile. */
	memcpy_fromio(&header, base, sizeof(header));
	error = bastion_mailbox_parse_header(&header, len, &layout);
	if (error)
		return ERR_PTR(refuse_header(dev, &header, len, error));

	mailbox = kzalloc(struct_size(mailbox, slots, layout.slot_count), GFP_KERNEL);
	if (!mailbox)
		return ERR_PTR(-ENOMEM);
	mailbox->dev = dev;
	mailbox->io = io;
	mailbox->priv = priv;
	mailbox->header = base;
	mailbox->peer = layout.peer;
	mailbox->polling = polling;
	mailbox->said = le32_to_cpu(header.reset_generation);
	mailbox->heartbeat = le32_to_cpu(header.heartbeat);
	mailbox->heartbeat_time = ktime_get();
	spin_lock_init(&mailbox->lock);
	init_slots(mailbox, base, &layout);
	/* Not where an earlier driver began: its late answers must not match. */
	atomic_set(&mailbox->sequence, get_random_u32());
	/* With none to use, a permit to find that out. */
	sema_init(&mailbox->free, max(inherit_slots(mailbox), 1U));
	INIT_WORK(&mailbox->lost_work, lost_work);
	INIT_DELAYED_WORK(&mailbox->watchdog, watchdog);
	watch_on(mailbox, WATCHDOG_MS);
	dev_dbg(dev, "%s: %u slots of %u bytes, %s\n", io->name, layout.slot_count,
		layout.slot_size, polling ? "polling" : "interrupts");
	return mailbox;
}

/* Commands with a secret, or for one, that the chip still has. */
static unsigned int secrets_out(struct bastion_mailbox *mailbox)
{
	unsigned int i, n = 0;

	for (i = 0; i < mailbox->slot_count; i++) {
		struct bastion_slot *slot = &mailbox->slots[i];

		n += slot->dirty && ioread32(&slot->regs->state) == BASTION_SLOT_SUBMITTED;
	}
	return n;
}

/*
 * Leaves no secret in shared memory: the next one to map it may be anybody. What the chip
 * answers to a command that was given up would come after that, so its answer is waited for,
 * as long as any command with a secret may take.
 */
static void leave_nothing(struct bastion_mailbox *mailbox)
{
	unsigned int i, n;

	if (read_poll_timeout(secrets_out, n, !n, 1000, QUIESCE_MS * USEC_PER_MSEC, false, mailbox))
		dev_warn(mailbox->dev, "the chip has not answered %u commands that have to do with secrets\n",
			 n);
	for (i = 0; i < mailbox->slot_count; i++)
		bastion_mailbox_wipe(&mailbox->slots[i]);
}

/**
 * bastion_mailbox_free() - closes it
 * @mailbox:	the mailbox; NULL does nothing
 *
 * May sleep for seconds when the chip does not answer. The caller has made sure that nobody
 * is in bastion_mailbox_call() and that bastion_mailbox_interrupt() is not called any more.
 */
void bastion_mailbox_free(struct bastion_mailbox *mailbox)
{
	if (!mailbox)
		return;
	bastion_mailbox_kill(mailbox);
	bastion_mailbox_unwatch(mailbox);
	cancel_delayed_work_sync(&mailbox->watchdog);
	leave_nothing(mailbox);
	kfree(mailbox);
}
