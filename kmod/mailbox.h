/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The mailbox: commands to a Bastionchip through shared memory.
 *
 * include/bastion/chip.h has the layout. The mailbox knows slots, sequence
 * numbers, time and loss; it does not know what a command means.
 */
#ifndef _BASTION_MAILBOX_H
#define _BASTION_MAILBOX_H

#include <linux/bits.h>
#include <linux/types.h>
#include <linux/uio.h>

struct device;
struct bastion_mailbox;

/**
 * struct bastion_mailbox_io - how one kind of silicon is reached
 * @name:	for messages
 * @ring:	rings the doorbell of @peer; process context, must not sleep
 * @present:	false when the device is certainly gone; process context, may sleep
 *
 * All else is shared memory and the same for everybody. The interrupt is the
 * transport's: it calls bastion_mailbox_interrupt().
 */
struct bastion_mailbox_io {
	const char *name;
	void (*ring)(void *priv, u32 peer);
	bool (*present)(void *priv);
};

/* Flags of a command */
#define BASTION_COMMAND_SECRET	BIT(0)	/* wipe the slot afterwards */
#define BASTION_COMMAND_SHORT	BIT(1)	/* spin a little before sleeping */

/* From @min to @max, both included. */
struct bastion_range {
	u32 min;
	u32 max;
};

/**
 * struct bastion_command - a row of the command table
 * @opcode:	BASTION_CMD_*
 * @name:	for messages
 * @in:		how much input, bytes
 * @out:	how much output when it succeeds, bytes
 * @timeout_ms:	from the doorbell to the answer
 * @flags:	BASTION_COMMAND_*
 */
struct bastion_command {
	u32 opcode;
	const char *name;
	struct bastion_range in;
	struct bastion_range out;
	u32 timeout_ms;
	u32 flags;
};

/**
 * struct bastion_mailbox_statistics - what happened since probe
 * @commands:	submitted
 * @timeouts:	not answered in time
 * @bad_sequence: answers that were not to the question, dropped
 * @bad_length:	answers whose length or reserved bytes broke the protocol
 * @bad_status:	answers other than OK
 * @resets:	changes of the reset generation
 * @poisoned:	slots taken out of use because their command never ended
 * @stalls:	times that the heartbeat stopped
 */
struct bastion_mailbox_statistics {
	u64 commands;
	u64 timeouts;
	u64 bad_sequence;
	u64 bad_length;
	u64 bad_status;
	u64 resets;
	u64 poisoned;
	u64 stalls;
};

bool bastion_mailbox_is_ours(const void __iomem *base, size_t len);
struct bastion_mailbox *bastion_mailbox_alloc(struct device *dev,
					      const struct bastion_mailbox_io *io, void *priv,
					      void __iomem *base, size_t len, bool polling);
void bastion_mailbox_free(struct bastion_mailbox *mailbox);

void bastion_mailbox_watch(struct bastion_mailbox *mailbox, void (*lost)(void *data), void *data);
void bastion_mailbox_unwatch(struct bastion_mailbox *mailbox);

ssize_t bastion_mailbox_call(struct bastion_mailbox *mailbox,
			     const struct bastion_command *command,
			     const struct kvec *in, unsigned int in_count,
			     void *out, size_t out_size, u32 *status);
void bastion_mailbox_interrupt(struct bastion_mailbox *mailbox);
u32 bastion_mailbox_generation(struct bastion_mailbox *mailbox);
void bastion_mailbox_acknowledge(struct bastion_mailbox *mailbox, u32 generation);
void bastion_mailbox_kill(struct bastion_mailbox *mailbox);

int bastion_mailbox_suspend(struct bastion_mailbox *mailbox);
void bastion_mailbox_resume(struct bastion_mailbox *mailbox);

void bastion_mailbox_get_statistics(const struct bastion_mailbox *mailbox,
				    struct bastion_mailbox_statistics *statistics);

#endif
