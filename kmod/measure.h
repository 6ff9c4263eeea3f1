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

#define BASTION_LOG_HASH_BITS		10

/**
 * struct bastion_log_entry - one entry, immutable once it is in the list
 * @list:	in bastion_log.entries, in order; appended with RCU semantics
 * @hash:	in bastion_log.by_digest
 * @index:	register
 * @buffer:	true for ima-buf, false for ima-ng
 * @digests:	template digests, one an algorithm
 * @len:	of @data
 * @data:	template data
 */
struct bastion_log_entry {
	struct list_head list;
	struct hlist_node hash;
	u32 index;
	bool buffer;
	u8 digests[BASTION_HASH_COUNT][BASTION_DIGEST_SIZE];
	u32 len;
	u8 data[];
};

/**
 * struct bastion_log - the log
 * @lock:	protects all of it and orders entries, extends and quotes; held
 *		across chip commands. Order: ops_lock, log->lock, gate->lock.
 * @entries:	readers may walk it without the lock; nothing is ever taken out
 * @count:	of @entries
 * @bytes:	of the binary list with SHA-384 digests
 * @aggregate:	over all entries (include/bastion/round.h)
 * @capped:	a cap record was made, or the registers were not fresh at probe
 * @by_digest:	to find duplicates of register 4
 * @budgets:	entries used by each unprivileged uid
 */
struct bastion_log {
	struct mutex lock;
	struct list_head entries;
	u64 count;
	size_t bytes;
	u8 aggregate[BASTION_DIGEST_SIZE];
	bool capped;
	DECLARE_HASHTABLE(by_digest, BASTION_LOG_HASH_BITS);
	DECLARE_HASHTABLE(budgets, 6);
};

int bastion_log_init(struct bastion_chip *chip);
void bastion_log_exit(struct bastion_chip *chip);

int bastion_measure_register(struct bastion_chip *chip, u32 index,
			     const u8 digest[BASTION_DIGEST_SIZE]);
int bastion_measure_data(struct bastion_chip *chip, u32 index, const char *name,
			 const void *data, size_t len);
int bastion_measure_key(struct bastion_chip *chip, kuid_t uid, const char *event,
			const struct bastion_blob_header *header);
int bastion_measure_executable(struct bastion_chip *chip, kuid_t uid, const char *path,
			       const u8 digest[BASTION_EXE_SIZE]);
int bastion_measure_program(struct bastion_chip *chip, kuid_t uid, const char *path,
			    const u8 digest[BASTION_EXE_SIZE]);
int bastion_measure_requester(struct bastion_chip *chip, kuid_t uid, const char *text, size_t len);
int bastion_measure_boot(struct bastion_chip *chip, const u8 point[BASTION_POINT_SIZE]);
int bastion_measure_again(struct bastion_chip *chip);
void bastion_measure_cap(struct bastion_chip *chip, const char *why);

#endif
