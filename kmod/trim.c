// SPDX-License-Identifier: GPL-2.0
/*
 * Trimming the log: entries that every verifier has stored for good leave a stub,
 * which is enough to know them again and to bring a chip that was reset up to date.
 * Documentation/measurements.rst says who decides that, and what it costs.
 */
#include <linux/capability.h>
#include <linux/moduleparam.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "measure.h"

/*
 * Whoever is registered later cannot attest this boot once something was trimmed, so
 * nothing is before it has to be.
 */
static unsigned int trim_above = BASTION_LOG_USERS_MAX / 2;

/* The file's mode lets in root without the capability, too, as in a container. */
static int set_trim_above(const char *text, const struct kernel_param *param)
{
	return capable(CAP_SYS_ADMIN) ? param_set_uint(text, param) : -EPERM;
}

static const struct kernel_param_ops trim_above_ops = {
	.set = set_trim_above,
	.get = param_get_uint,
};

module_param_cb(trim_above, &trim_above_ops, &trim_above, 0644);
__MODULE_PARM_TYPE(trim_above, "uint");
MODULE_PARM_DESC(trim_above, "bytes of log above which what all verifiers have stored is trimmed");

static u32 hash_key(const u8 digest[BASTION_DIGEST_SIZE])
{
	return get_unaligned((const u32 *)digest);
}

/* What the entry cost its uid is given back; that there was one is not forgotten. */
static void refund(struct bastion_log *log, const struct bastion_log_entry *entry)
{
	struct bastion_log_budget *budget = bastion_log_budget(log, entry->uid);

	if (!budget)
		return;
	budget->used -= min(budget->used, bastion_log_record_size(entry));
	budget->stubs++;
}

static bool trim_entry(struct bastion_log *log, struct bastion_log_entry *entry)
{
	const u8 *digest = entry->digests[BASTION_SHA384];
	struct bastion_log_stub *stub;

	if (log->stub_count >= BASTION_LOG_STUBS_MAX)
		return false;
	stub = kmalloc(sizeof(*stub), GFP_KERNEL_ACCOUNT);
	if (!stub)
		return false;
	stub->index = entry->index;
	memcpy(stub->digest, digest, sizeof(stub->digest));
	list_add_tail(&stub->list, &log->stubs);
	hash_add(log->stubs_by_digest, &stub->hash, hash_key(digest));
	log->stub_count++;

	refund(log, entry);
	log->bytes -= bastion_log_record_size(entry);
	WRITE_ONCE(log->first, entry->number + 1);
	/* Pairs with that of log_start(): who misses the entry sees that it was trimmed. */
	smp_wmb();
	list_del_rcu(&entry->list);
	hash_del(&entry->hash);
	kfree_rcu(entry, rcu);
	return true;
}

/**
 * bastion_log_trim() - let go of entries that all verifiers have, if the log is long
 * @chip:	the chip
 * @kept:	how many of the first entries of this boot they have
 *
 * Trims nothing, or less, without memory or room for stubs: that does no harm.
 *
 * Context: process, may sleep, takes the log's lock. @kept must come from grants.
 */
void bastion_log_trim(struct bastion_chip *chip, u64 kept)
{
	struct bastion_log *log = chip->log;
	struct bastion_log_entry *entry, *next;
	u64 before;

	bastion_log_lock(log);
	before = log->first;
	if (log->bytes > READ_ONCE(trim_above)) {
		list_for_each_entry_safe(entry, next, &log->entries, list) {
			if (entry->number >= kept || !trim_entry(log, entry))
				break;
		}
	}
	if (log->first != before)
		dev_dbg(&chip->dev, "log entries %llu to %llu were trimmed\n", before,
			log->first - 1);
	bastion_log_unlock(log);
}

/** bastion_log_has_stub() - was an entry trimmed that extended @index with @digest? */
bool bastion_log_has_stub(struct bastion_log *log, u32 index,
			  const u8 digest[BASTION_DIGEST_SIZE])
{
	struct bastion_log_stub *stub;

	lockdep_assert_held(&log->lock);
	hash_for_each_possible(log->stubs_by_digest, stub, hash, hash_key(digest)) {
		if (stub->index == index && !memcmp(stub->digest, digest, sizeof(stub->digest)))
			return true;
	}
	return false;
}

/**
 * bastion_log_stubs_again() - extend again what trimmed entries extended, in order
 * @chip:	the chip; the caller holds its ops and the log's lock
 *
 * Return: as bastion_measure_again().
 */
int bastion_log_stubs_again(struct bastion_chip *chip)
{
	struct bastion_log_stub *stub;
	u64 number = 0;
	int ret;

	lockdep_assert_held(&chip->log->lock);
	list_for_each_entry(stub, &chip->log->stubs, list) {
		if (number++ < chip->log->again)
			continue;
		ret = bastion_log_extend_again(chip, stub->index, stub->digest);
		if (ret)
			return ret;
	}
	return 0;
}

/** bastion_log_stubs_free() - for bastion_log_exit() */
void bastion_log_stubs_free(struct bastion_log *log)
{
	struct bastion_log_stub *stub, *next;

	list_for_each_entry_safe(stub, next, &log->stubs, list)
		kfree(stub);
}
