// SPDX-License-Identifier: GPL-2.0
/*
 * Using a sealed key. The order is the protocol's: permission, limits, wait for the
 * grant, measure the requester, ask the chip. What the key's header says is acted
 * on before the chip has authenticated it only where it narrows.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "blob.h"
#include "grant_parse.h"
#include "ima.h"
#include "measure.h"
#include "share.h"
#include "use.h"

/**
 * bastion_use_take() - begin with the sealed key
 * @use:	the use
 * @blob:	from kmalloc(), taken over whatever comes of it
 * @len:	bytes at @blob
 *
 * Return: 0 or -EBADMSG.
 */
int bastion_use_take(struct bastion_use *use, u8 *blob, size_t len)
{
	struct bastion_blob_view view;

	use->blob = blob;
	use->blob_len = len;
	if (bastion_blob_parse(blob, len, &view))
		return -EBADMSG;
	use->header = view.header;
	return 0;
}

void bastion_use_exit(struct bastion_use *use)
{
	kfree(use->blob);
	bastion_requester_exit(&use->who);
}

/**
 * bastion_use_check() - what can be refused to anybody without a grant
 * @use:	the use; its requester's credentials are in force
 *
 * Return: 0, -EACCES not the owner, -EBADMSG another chip's blob, or of a kind that it does
 * not make; -ENODEV the chip is gone.
 */
int bastion_use_check(const struct bastion_use *use)
{
	if (!bastion_requester_owns(&use->who, le32_to_cpu(use->header.owner)))
		return -EACCES;
	if (memcmp(use->header.chip_id, use->chip->info.id, sizeof(use->header.chip_id)))
		return -EBADMSG;
	return bastion_chip_check_kind(use->chip, le16_to_cpu(use->header.kind));
}

/* To one executable only: then also nobody else may find what the chip gives up. */
static int bind(struct bastion_use *use, const u8 executable[BASTION_EXE_SIZE])
{
	use->bound = true;
	if (use->delivers && !bastion_requester_alone(&use->who, use->keyring))
		return -EKEYREJECTED;
	return bastion_requester_is(&use->who, executable);
}

/* How long it may wait for a place at the chip: nobody can kill whoever waits for a helper. */
static long patience(const struct bastion_use *use)
{
	const unsigned long now = jiffies;

	if (!use->by_helper)
		return MAX_SCHEDULE_TIMEOUT;
	return time_before(now, use->deadline) ? use->deadline - now : 0;
}

/* An entry that names an executable binds just as a header does that names one. */
static int check_entry(struct bastion_use *use, const struct bastion_grant_live *grant)
{
	const struct bastion_grant_entry *entry;

	/* First one that binds to nothing, wherever it stands among the others. */
	if (bastion_grant_find(grant->entries, grant->count, BASTION_GRANT_RELEASE,
			       use->header.policy, NULL))
		return 0;
	entry = bastion_grant_find(grant->entries, grant->count, BASTION_GRANT_RELEASE,
				   use->header.policy, use->who.digest);
	return entry ? bind(use, entry->executable) : -EKEYREJECTED;
}

static int measure_requester(struct bastion_use *use)
{
	const struct bastion_blob_header *header = &use->header;
	int ret = 0;

	use->bound = false;
	if (le32_to_cpu(header->flags) & BASTION_BLOB_EXECUTABLE)
		ret = bind(use, header->executable);
	if (ret)
		return ret;
	ret = bastion_measure_executable(use->chip, use->who.cred->fsuid, use->who.path,
					 use->who.digest);
	if (ret)
		return ret;
	return bastion_measure_requester(use->chip, use->who.cred->fsuid, use->who.text,
					 use->who.text_len);
}

/**
 * bastion_use_command() - have the chip use the key, for the requester as it is measured now
 * @use:	the use
 * @grant:	from bastion_use_key()
 * @send:	sends the command
 * @data:	for @send
 *
 * The threads of one user wait for each other, before they have anything that others wait for. The
 * chip's ops are held for the chip alone, and by nobody who waits for others.
 *
 * Context: process, may sleep.
 * Return: as bastion_gate_command(); or as bastion_requester_measure(),
 * bastion_measure_requester(); -EKEYREJECTED the requester is not the executable that key or
 * grant name; -ENODEV.
 */
ssize_t bastion_use_command(struct bastion_use *use, struct bastion_grant_live *grant,
			    bastion_gated_fn send, void *data)
{
	struct bastion_chip *chip = use->chip;
	struct bastion_share *share;
	ssize_t ret;

	/* Reading the file takes as long as its owner likes: nothing is held meanwhile. */
	ret = bastion_requester_measure(&use->who, use->by_helper);
	if (!ret)
		ret = bastion_share_take(chip, use->who.cred->fsuid, patience(use), &share);
	if (ret)
		return ret;
	/* Who recovers a chip that was reset keeps the log for minutes. */
	ret = bastion_gate_is_over(chip->gate, grant) ?: bastion_ima_catch_up(chip) ?:
	      measure_requester(use) ?: check_entry(use, grant);
	if (!ret)
		ret = bastion_gate_command(chip->gate, grant, patience(use), send, data);
	bastion_share_give(chip, share);
	return ret;
}

/* What is left of the time to wait for grants: another wait does not begin it anew. */
static u32 time_left(const struct bastion_use *use)
{
	const u64 waited = div_u64(use->waited_ns, NSEC_PER_MSEC);

	if (!use->timeout_ms || use->timeout_ms == BASTION_WAIT_FOREVER)
		return use->timeout_ms;
	/* 0 would be another question, with another error. */
	return waited < use->timeout_ms ? use->timeout_ms - waited : 1;
}

/**
 * bastion_use_key() - wait for a grant, then use the key under it
 * @use:	the use, checked
 * @do_it:	asks the chip (bastion_use_command()), and makes something of the answer; called
 *		without the chip's ops, and again when another grant has taken the place of its
 *		own (-ERESTART)
 *
 * Context: process; waits, killably.
 * Return: what @do_it does but -ERESTART, or as bastion_gate_wait(); -EINTR a fatal signal.
 */
int bastion_use_key(struct bastion_use *use,
		    int (*do_it)(struct bastion_use *use, struct bastion_grant_live *grant))
{
	struct bastion_grant_live *grant;
	u64 start;
	int ret;

	do {
		start = ktime_get_ns();
		ret = bastion_gate_wait(use->chip->gate, use->header.verifier,
					BASTION_GRANT_RELEASE, use->header.policy,
					time_left(use), &grant);
		use->waited_ns += ktime_get_ns() - start;
		if (ret)
			return ret;
		ret = do_it(use, grant);
		bastion_grant_put(grant);
	} while (ret == -ERESTART && !fatal_signal_pending(current));
	return ret == -ERESTART ? -EINTR : ret;
}
