/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The measurement log of one chip. An entry and the extend of its register are
 * one critical section, so that every quote matches a prefix of the log.
 * Formats: Documentation/measurements.rst.
 */
#ifndef _BASTION_MEASURE_H
#define _BASTION_MEASURE_H

#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/uidgid.h>

#include "chip.h"
#include "crypto.h"

/*
 * Bounds on one log, in bytes as the binary list has them, so that it always
 * fits into the evidence: users together, root on top of them, and the module
 * and its operators on top of that.
 */
#define BASTION_LOG_USERS_MAX		(5 << 19)
#define BASTION_LOG_ROOT_MAX		(7 << 19)
#define BASTION_LOG_MAX			(8 << 19)
/* What one unprivileged uid may cause. */
#define BASTION_LOG_UID_BUDGET		(128 << 10)
/* Likewise when all that it runs is measured. */
#define BASTION_LOG_UID_BUDGET_EXEC	(512 << 10)
/* Whose what root without CAP_SYS_ADMIN executes is: of no user that there is. */
#define BASTION_LOG_LESSER_ROOT		KUIDT_INIT(-2)
/*
 * Entries that were trimmed, of which a stub remains: of all, and of one unprivileged
 * uid. At the first bound nothing more is trimmed, so that the log fills up; at the
 * second that uid is refused.
 */
#define BASTION_LOG_STUBS_MAX		65536
#define BASTION_LOG_UID_STUBS		8192

#define BASTION_LOG_HASH_BITS		10

/**
 * struct bastion_log_entry - one entry, immutable once it is in the list
 * @list:	in bastion_log.entries, in order; appended and trimmed with RCU semantics
 * @hash:	in bastion_log.by_digest
 * @rcu:	until no reader looks at it any more
 * @number:	0 for the first entry of this boot
 * @uid:	whose budget it is in
 * @index:	register
 * @template:	its name
 * @digests:	template digests, one an algorithm
 * @len:	of @data
 * @data:	template data
 */
struct bastion_log_entry {
	struct list_head list;
	struct hlist_node hash;
	struct rcu_head rcu;
	u64 number;
	kuid_t uid;
	u32 index;
	const char *template;
	u8 digests[BASTION_HASH_COUNT][BASTION_DIGEST_SIZE];
	u32 len;
	u8 data[];
};

/**
 * struct bastion_log_stub - what remains of a trimmed entry
 * @list:	in bastion_log.stubs, in order: a chip that was reset gets it again
 * @hash:	in bastion_log.stubs_by_digest: it is not logged again
 * @index:	register
 * @digest:	SHA-384 template digest
 */
struct bastion_log_stub {
	struct list_head list;
	struct hlist_node hash;
	u32 index;
	u8 digest[BASTION_DIGEST_SIZE];
};

/**
 * struct bastion_log_budget - what a uid has caused
 * @node:	in bastion_log.budgets; there are no more of these than entries and stubs
 * @uid:	whose; INVALID_UID for the module and its operators
 * @used:	bytes of entries in the list
 * @stubs:	entries that were trimmed
 */
struct bastion_log_budget {
	struct hlist_node node;
	kuid_t uid;
	size_t used;
	unsigned int stubs;
};

/**
 * struct bastion_log - the log
 * @lock:	protects all of it and orders entries, extends and quotes; held
 *		across chip commands: bastion_log_lock(). Order: ops_lock, log->lock, gate->lock.
 * @noio:	what bastion_log_unlock() restores
 * @entries:	readers may walk it under RCU; trimmed at its beginning
 * @first:	number of the first of @entries; never goes back
 * @count:	entries of this boot, those that were trimmed included
 * @bytes:	of the binary list with SHA-384 digests
 * @again:	of these, how many a chip that was reset has got again; means something until it
 *		has all of them
 * @aggregate:	over all entries of this boot (include/bastion/round.h)
 * @capped:	the end: nothing attests any more
 * @bare:	no entry says so, since the chip did not take one: each time that it is brought up to
 *		the log it gets what stands for one
 * @unsound:	the registers were not fresh at probe, or something ran before the first entry: it
 *		does not say all that there was
 * @by_digest:	to find duplicates of register 4
 * @budgets:	what each uid has caused
 * @stubs:	of trimmed entries
 * @stub_count:	of @stubs
 * @stubs_by_digest: likewise @by_digest
 */
struct bastion_log {
	struct mutex lock;
	unsigned int noio;
	struct list_head entries;
	u64 first;
	u64 count;
	u64 again;
	size_t bytes;
	u8 aggregate[BASTION_DIGEST_SIZE];
	bool capped;
	bool bare;
	bool unsound;
	DECLARE_HASHTABLE(by_digest, BASTION_LOG_HASH_BITS);
	DECLARE_HASHTABLE(budgets, 6);
	struct list_head stubs;
	unsigned int stub_count;
	DECLARE_HASHTABLE(stubs_by_digest, BASTION_LOG_HASH_BITS);
};

/*
 * Memory that is made meanwhile is not had from a disk: it may be one that is suspended until its
 * key is released again, which takes the log.
 */
static inline void bastion_log_lock(struct bastion_log *log) __acquires(log->lock)
{
	mutex_lock(&log->lock);
	log->noio = memalloc_noio_save();
}

static inline void bastion_log_unlock(struct bastion_log *log) __releases(log->lock)
{
	memalloc_noio_restore(log->noio);
	mutex_unlock(&log->lock);
}

/* Is there nothing that a verifier could be shown? For good: both end with the module only. */
static inline bool bastion_log_is_closed(const struct bastion_log *log)
{
	return READ_ONCE(log->capped) || READ_ONCE(log->unsound);
}

int bastion_log_init(struct bastion_chip *chip);
void bastion_log_exit(struct bastion_chip *chip);

size_t bastion_log_record_size(const struct bastion_log_entry *entry);
struct bastion_log_budget *bastion_log_budget(struct bastion_log *log, kuid_t uid);

/* trim.c */
void bastion_log_trim(struct bastion_chip *chip, u64 kept);
bool bastion_log_has_stub(struct bastion_log *log, u32 index,
			  const u8 digest[BASTION_DIGEST_SIZE]);
int bastion_log_stubs_again(struct bastion_chip *chip);
int bastion_log_extend_again(struct bastion_chip *chip, u32 index,
			     const u8 digest[BASTION_DIGEST_SIZE]);
void bastion_log_stubs_free(struct bastion_log *log);

int bastion_measure_register(struct bastion_chip *chip, u32 index,
			     const u8 digest[BASTION_DIGEST_SIZE]);
int bastion_measure_data(struct bastion_chip *chip, u32 index, const char *name,
			 const void *data, size_t len);
int bastion_measure_key(struct bastion_chip *chip, kuid_t uid, const char *event,
			const struct bastion_blob_header *header);
int bastion_measure_executable(struct bastion_chip *chip, kuid_t uid, const char *path,
			       const u8 digest[BASTION_EXE_SIZE]);
int bastion_measure_program(struct bastion_chip *chip, kuid_t uid, const char *path,
			    const u8 digest[BASTION_EXE_SIZE], bool verity);
int bastion_measure_requester(struct bastion_chip *chip, kuid_t uid, const char *text, size_t len);
int bastion_measure_boot(struct bastion_chip *chip, const u8 point[BASTION_POINT_SIZE]);
int bastion_measure_rewind(struct bastion_chip *chip);
int bastion_measure_again(struct bastion_chip *chip);
void bastion_measure_cap(struct bastion_chip *chip, const char *why);

#endif
