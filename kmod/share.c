// SPDX-License-Identifier: GPL-2.0
/*
 * How much of a chip one uid may take up at a time. Whoever uses keys waits for the log and for a
 * place at the chip in the order in which he came; so that nobody waits for all the threads of another
 * user there, the threads of one user wait for each other first.
 */
#include <linux/hashtable.h>
#include <linux/sched.h>
#include <linux/semaphore.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "chip.h"
#include "share.h"

/* One is measured while another one's command is in the chip. */
#define AT_A_TIME	2

/**
 * struct bastion_share - a uid that uses keys
 * @node:	in shares
 * @uid:	whose
 * @users:	who have a place or wait for one; under shares_lock
 * @places:	that are free
 */
struct bastion_share {
	struct hlist_node node;
	kuid_t uid;
	unsigned int users;
	struct semaphore places;
};

static DEFINE_HASHTABLE(shares, 6);
static DEFINE_SPINLOCK(shares_lock);

static struct bastion_share *find(kuid_t uid)
{
	struct bastion_share *share;

	hash_for_each_possible(shares, share, node, __kuid_val(uid))
		if (uid_eq(share->uid, uid))
			return share;
	return NULL;
}

static struct bastion_share *get(kuid_t uid)
{
	struct bastion_share *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT), *share;

	if (!fresh)
		return NULL;
	fresh->uid = uid;
	sema_init(&fresh->places, AT_A_TIME);
	spin_lock(&shares_lock);
	share = find(uid);
	if (!share) {
		share = fresh;
		hash_add(shares, &share->node, __kuid_val(uid));
	}
	share->users++;
	spin_unlock(&shares_lock);
	if (share != fresh)
		kfree(fresh);
	return share;
}

static void put(struct bastion_share *share)
{
	bool last;

	spin_lock(&shares_lock);
	last = !--share->users;
	if (last)
		hash_del(&share->node);
	spin_unlock(&shares_lock);
	if (last)
		kfree(share);
}

static int wait_for_place(struct bastion_share *share, long timeout)
{
	if (timeout == MAX_SCHEDULE_TIMEOUT)
		return down_killable(&share->places) ? -EINTR : 0;
	return down_timeout(&share->places, timeout) ? -EAGAIN : 0;
}

static void leave(struct bastion_share *share)
{
	up(&share->places);
	put(share);
}

/**
 * bastion_share_take() - wait for a turn to use a key, then keep the chip's ops
 * @chip:	the chip; the caller must not hold its ops, which those who are waited for may do
 * @uid:	who uses it
 * @timeout:	how long to wait, jiffies; MAX_SCHEDULE_TIMEOUT: killably instead
 * @share:	for bastion_share_give()
 *
 * Context: process, may sleep.
 * Return: 0, -EINTR a fatal signal, -EAGAIN no turn in time, -ENOMEM, -ENODEV the chip is gone.
 */
int bastion_share_take(struct bastion_chip *chip, kuid_t uid, long timeout,
		       struct bastion_share **share)
{
	int ret;

	*share = get(uid);
	if (!*share)
		return -ENOMEM;
	ret = wait_for_place(*share, timeout);
	if (ret) {
		put(*share);
		return ret;
	}
	ret = bastion_chip_get_ops(chip);
	if (ret)
		leave(*share);
	return ret;
}

/** bastion_share_give() - let the ops go, and the next one have its turn */
void bastion_share_give(struct bastion_chip *chip, struct bastion_share *share)
{
	bastion_chip_put_ops(chip);
	leave(share);
}
