/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The gate of one chip: its state, the grants that are live, who waits for one,
 * and what was released under each.
 */
#ifndef _BASTION_GATE_H
#define _BASTION_GATE_H

#include <linux/hrtimer.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched/mm.h>
#include <linux/semaphore.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <uapi/linux/bastion.h>

#include "boot_key.h"
#include "chip.h"
#include "report.h"

struct key;
struct bastion_round;

/**
 * struct bastion_grant_live - an accepted grant
 * @kref:	the gate holds one while it is live, each release in flight another
 * @list:	in bastion_gate.grants while it is live
 * @live:	false once it has ended; under the gate's lock
 * @ended:	why, once it has
 * @verifier:	digest of the grant key that signed it
 * @token:	what the chip wants with every gated command
 * @register_mask: registers whose extend ends it
 * @expires:	CLOCK_BOOTTIME
 * @released:	keys that end with it, struct released; under the gate's lock
 * @count:	of @entries
 * @entries:	what it allows
 */
struct bastion_grant_live {
	struct kref kref;
	struct list_head list;
	bool live;
	enum bastion_reason ended;
	u8 verifier[BASTION_DIGEST_SIZE];
	u8 token[BASTION_TOKEN_SIZE];
	u32 register_mask;
	ktime_t expires;
	struct list_head released;
	u32 count;
	struct bastion_grant_entry entries[];
};

/**
 * struct bastion_verifier - a registered verifier; under the gate's lock
 * @key:	its grant key
 * @digest:	of the key's SubjectPublicKeyInfo
 * @kept:	entries of the log that it has stored for good, as its grants say
 */
struct bastion_verifier {
	u8 key[BASTION_POINT_SIZE];
	u8 digest[BASTION_DIGEST_SIZE];
	u64 kept;
};

/**
 * struct bastion_gate - the gate
 * @chip:	whose it is
 * @round_lock:	one round, one change of the verifiers, one recovery, or the probe, at a time;
 *		held across chip commands: bastion_gate_lock_rounds()
 * @noio:	what bastion_gate_unlock_rounds() restores
 * @exchange:	write: a grant is being exchanged in the chip and here, or the
 *		chip drops all of them; read: a gated command is in flight. So
 *		no such command meets a chip that has the new grant and a kernel
 *		that has the old one.
 * @commands:	places for gated commands under @exchange and in the chip, the ops being held:
 *		whoever waits for @exchange or for a slot of the chip's waits for this many, and
 *		not for all who ask for keys
 * @lock:	protects what follows; never held across a chip command, so a
 *		chip that hangs cannot delay a revocation.
 *		Order: ops_lock, round_lock, commands, exchange, log->lock, lock; nothing
 *		of the key service's comes below it, which users hold for as long as they like.
 * @state:	written with set_state() only
 * @reason:	why it is in that state
 * @removed:	the chip is gone
 * @suspended:	between the PM notifier's prepare and post
 * @grants:	live ones, at most one a verifier
 * @verifiers:	the first @verifier_count are registered
 * @verifier_count: registered verifiers
 * @waiting:	requests that wait for a grant
 * @waiters:	how many
 * @round:	the round in progress, if any; also needs @round_lock to change
 * @epoch:	changes when a waiter must look again
 * @generation:	changes when an observer must look again
 * @waitq:	waiters sleep here until @epoch changes
 * @eventq:	observers sleep here until @generation changes
 * @timer:	CLOCK_BOOTTIME, to the first expiry
 * @expiry:	what the timer starts
 * @recovery:	what a chip reset starts
 * @seen_reset:	the chip's generation that the gate has dealt with; written
 *		under round_lock and the log's lock, read under either
 * @behind:	the chip has not all of the log yet, since its recovery was interrupted;
 *		likewise
 * @last_verifier: whose grant began or ended last
 * @log_count:	of the log, as of its last entry
 * @log_aggregate: likewise
 * @reports:	for IMA
 * @boot_key:	what verifiers encrypt tokens to; needs @round_lock
 */
struct bastion_gate {
	struct bastion_chip *chip;
	struct mutex round_lock;
	unsigned int noio;
	struct rw_semaphore exchange;
	struct semaphore commands;
	struct mutex lock;
	enum bastion_state state;
	enum bastion_reason reason;
	bool removed;
	bool suspended;
	struct list_head grants;
	struct bastion_verifier verifiers[BASTION_VERIFIERS_MAX];
	u32 verifier_count;
	struct list_head waiting;
	u32 waiters;
	struct bastion_round *round;
	u64 epoch;
	u64 generation;
	wait_queue_head_t waitq;
	wait_queue_head_t eventq;
	struct hrtimer timer;
	struct work_struct expiry;
	struct work_struct recovery;
	u8 last_verifier[BASTION_DIGEST_SIZE];
	u64 log_count;
	u8 log_aggregate[BASTION_DIGEST_SIZE];
	struct bastion_reports reports;
	u32 seen_reset;
	bool behind;
	struct bastion_boot_key boot_key;
};

/* Memory that is made meanwhile is not had from a disk, as under the log's lock. */
static inline void bastion_gate_lock_rounds(struct bastion_gate *gate) __acquires(gate->round_lock)
{
	mutex_lock(&gate->round_lock);
	gate->noio = memalloc_noio_save();
}

static inline void bastion_gate_unlock_rounds(struct bastion_gate *gate)
	__releases(gate->round_lock)
{
	memalloc_noio_restore(gate->noio);
	mutex_unlock(&gate->round_lock);
}

struct workqueue_struct *bastion_gate_workqueue(void);
int bastion_gate_module_init(void);
void bastion_gate_module_exit(void);
int bastion_gate_init(struct bastion_chip *chip);
void bastion_gate_exit(struct bastion_chip *chip);
int bastion_gate_open(struct bastion_gate *gate);
void bastion_gate_forget(struct bastion_gate *gate);
void bastion_gate_stop(struct bastion_gate *gate, const char *why);

/* What ends grants */
void bastion_gate_lock(struct bastion_gate *gate, enum bastion_reason reason);
void bastion_gate_fail(struct bastion_gate *gate, enum bastion_reason reason);
void bastion_gate_extended(struct bastion_gate *gate, u32 index);
void bastion_gate_suspend(struct bastion_gate *gate, bool sleep);
int bastion_gate_relock_exchanging(struct bastion_gate *gate, enum bastion_reason reason);
int bastion_gate_relock(struct bastion_gate *gate, enum bastion_reason reason);
void bastion_grants_settle(void);
int bastion_grants_module_init(void);
void bastion_grants_module_exit(void);

/* Recovery */
bool bastion_gate_is_current(struct bastion_gate *gate);
int bastion_gate_interrupted(const struct bastion_gate *gate);

/* What begins them */
struct bastion_grant_live *bastion_grant_live_alloc(u32 count);
void bastion_grant_put(struct bastion_grant_live *grant);
int bastion_gate_install(struct bastion_gate *gate, struct bastion_round *round,
			 struct bastion_grant_live *grant);

/* Who uses them */
int bastion_gate_wait(struct bastion_gate *gate, const u8 verifier[BASTION_DIGEST_SIZE],
		      u32 kind, const u8 policy[BASTION_DIGEST_SIZE], u32 timeout_ms,
		      struct bastion_grant_live **grant);
typedef ssize_t (*bastion_gated_fn)(struct bastion_chip *chip,
				    const u8 token[BASTION_TOKEN_SIZE], void *data);
ssize_t bastion_gate_command(struct bastion_gate *gate, struct bastion_grant_live *grant,
			     long timeout, bastion_gated_fn command, void *data);
int bastion_gate_is_over(struct bastion_gate *gate, const struct bastion_grant_live *grant);
struct bastion_released;
struct bastion_released *bastion_released_alloc(const u8 policy[BASTION_DIGEST_SIZE],
						const u8 executable[BASTION_EXE_SIZE]);
int bastion_gate_release(struct bastion_gate *gate, struct bastion_grant_live *grant,
			 struct bastion_released *released, struct key *key,
			 const void *secret, size_t len, struct key *keyring,
			 struct key *authkey);
bool bastion_gate_sweep(struct bastion_gate *gate, struct bastion_grant_live *grant);

/* Observers */
struct bastion_verifier *bastion_gate_verifier(struct bastion_gate *gate,
					       const u8 digest[BASTION_DIGEST_SIZE]);
struct bastion_grant_live *bastion_gate_grant_of(struct bastion_gate *gate,
						 const u8 verifier[BASTION_DIGEST_SIZE]);
u32 bastion_gate_waiters_for(struct bastion_gate *gate, const u8 verifier[BASTION_DIGEST_SIZE]);
void bastion_gate_wake(struct bastion_gate *gate);
u64 bastion_gate_snapshot(struct bastion_gate *gate, struct bastion_event *event);
const char *bastion_state_name(enum bastion_state state);

#endif
