// SPDX-License-Identifier: GPL-2.0
/*
 * The gate: opens for grants and closes for everything else.
 *
 * One function ends a grant, one ends them all, and one changes the state, so
 * that every way out passes the revocation of what was released.
 */
#include <linux/key.h>
#include <linux/key-type.h>
#include <linux/kobject.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "gate.h"
#include "grant_parse.h"
#include "measure.h"
#include "round.h"

/* Runs expiry and recovery; a module's own, so that no stuck upcall can hold it up. */
static struct workqueue_struct *gate_wq;

static const char * const state_names[] = {
	[BASTION_STATE_SELFTEST] = "selftest",
	[BASTION_STATE_LOCKED] = "locked",
	[BASTION_STATE_ATTESTED] = "attested",
	[BASTION_STATE_FAILED] = "failed",
};

/* What may follow what. Nothing leads out of failed but a chip reset's self-test. */
static const u32 transitions[] = {
	[BASTION_STATE_SELFTEST] = BIT(BASTION_STATE_SELFTEST) | BIT(BASTION_STATE_LOCKED) |
				   BIT(BASTION_STATE_FAILED),
	[BASTION_STATE_LOCKED] = BIT(BASTION_STATE_LOCKED) | BIT(BASTION_STATE_ATTESTED) |
				 BIT(BASTION_STATE_SELFTEST) | BIT(BASTION_STATE_FAILED),
	[BASTION_STATE_ATTESTED] = BIT(BASTION_STATE_ATTESTED) | BIT(BASTION_STATE_LOCKED) |
				   BIT(BASTION_STATE_SELFTEST) | BIT(BASTION_STATE_FAILED),
	[BASTION_STATE_FAILED] = BIT(BASTION_STATE_FAILED) | BIT(BASTION_STATE_SELFTEST),
};

/**
 * struct bastion_released - a keyring key that ends with a grant
 * @list:	in bastion_grant_live.released
 * @key:	the key, with a reference
 * @policy:	it was released under
 * @executable:	it was released to
 */
struct bastion_released {
	struct list_head list;
	struct key *key;
	u8 policy[BASTION_DIGEST_SIZE];
	u8 executable[BASTION_EXE_SIZE];
};

/* A request that waits; on its task's stack. */
struct waiter {
	struct list_head list;
	const u8 *verifier;
};

const char *bastion_state_name(enum bastion_state state)
{
	return state_names[state];
}

/* Tells observers, not waiters. */
static void touch(struct bastion_gate *gate)
{
	lockdep_assert_held(&gate->lock);
	WRITE_ONCE(gate->generation, gate->generation + 1);
	wake_up_all(&gate->eventq);
}

/**
 * bastion_gate_wake() - make waiters look again
 * @gate:	the gate, locked
 */
void bastion_gate_wake(struct bastion_gate *gate)
{
	lockdep_assert_held(&gate->lock);
	WRITE_ONCE(gate->epoch, gate->epoch + 1);
	wake_up_all(&gate->waitq);
}

static void announce(struct bastion_gate *gate)
{
	struct device *dev = &gate->chip->dev;
	char state[32], reason[32], waiters[32];
	char *env[] = { state, reason, waiters, NULL };

	if (!device_is_registered(dev))
		return;
	snprintf(state, sizeof(state), "BASTION_STATE=%s", state_names[gate->state]);
	snprintf(reason, sizeof(reason), "BASTION_REASON=%u", gate->reason);
	snprintf(waiters, sizeof(waiters), "BASTION_WAITERS=%u", gate->waiters);
	sysfs_notify(&dev->kobj, NULL, "state");
	kobject_uevent_env(&dev->kobj, KOBJ_CHANGE, env);
}

static void set_state(struct bastion_gate *gate, enum bastion_state state,
		      enum bastion_reason reason)
{
	enum bastion_state old = gate->state;

	lockdep_assert_held(&gate->lock);
	if (WARN_ON_ONCE(!(transitions[old] & BIT(state))))
		state = BASTION_STATE_FAILED;
	gate->state = state;
	gate->reason = reason;
	touch(gate);
	if (state != old)
		announce(gate);
	if (state == BASTION_STATE_FAILED)
		bastion_gate_wake(gate);
}

/* Ending what was released */

static void kill_released(struct bastion_released *released)
{
	list_del(&released->list);
	/* Revoking frees the payload; invalidating makes the key not be found at all. */
	key_revoke(released->key);
	key_invalidate(released->key);
	key_put(released->key);
	kfree(released);
}

static void grant_free(struct kref *kref)
{
	struct bastion_grant_live *grant = container_of(kref, struct bastion_grant_live, kref);

	WARN_ON_ONCE(!list_empty(&grant->released));
	kfree_sensitive(grant);
}

void bastion_grant_put(struct bastion_grant_live *grant)
{
	if (grant)
		kref_put(&grant->kref, grant_free);
}

static void end_grant(struct bastion_gate *gate, struct bastion_grant_live *grant,
		      enum bastion_reason reason)
{
	struct bastion_released *released, *next;

	lockdep_assert_held(&gate->lock);
	list_del(&grant->list);
	grant->live = false;
	grant->ended = reason;
	memzero_explicit(grant->token, sizeof(grant->token));
	list_for_each_entry_safe(released, next, &grant->released, list)
		kill_released(released);
	bastion_grant_put(grant);
}

static void arm_timer(struct bastion_gate *gate)
{
	ktime_t first = KTIME_MAX;
	struct bastion_grant_live *grant;

	list_for_each_entry(grant, &gate->grants, list)
		first = min(first, grant->expires);
	if (first != KTIME_MAX)
		hrtimer_start(&gate->timer, first, HRTIMER_MODE_ABS);
}

static void end_all(struct bastion_gate *gate, enum bastion_reason reason)
{
	struct bastion_grant_live *grant, *next;

	lockdep_assert_held(&gate->lock);
	list_for_each_entry_safe(grant, next, &gate->grants, list)
		end_grant(gate, grant, reason);
	if (gate->round)
		gate->round->dead = true;
}

/* After some grants may have ended: is it still open? */
static void settle(struct bastion_gate *gate, enum bastion_reason reason)
{
	if (gate->state == BASTION_STATE_ATTESTED && list_empty(&gate->grants))
		set_state(gate, BASTION_STATE_LOCKED, reason);
	else
		touch(gate);
	arm_timer(gate);
}

static void end_expired(struct bastion_gate *gate)
{
	struct bastion_grant_live *grant, *next;
	ktime_t now = ktime_get_boottime();
	bool ended = false;

	list_for_each_entry_safe(grant, next, &gate->grants, list) {
		if (ktime_compare(grant->expires, now) <= 0) {
			end_grant(gate, grant, BASTION_REASON_EXPIRED);
			ended = true;
		}
	}
	if (ended)
		settle(gate, BASTION_REASON_EXPIRED);
}

static void expiry_work(struct work_struct *work)
{
	struct bastion_gate *gate = container_of(work, struct bastion_gate, expiry);

	mutex_lock(&gate->lock);
	end_expired(gate);
	arm_timer(gate);
	mutex_unlock(&gate->lock);
}

static enum hrtimer_restart expiry_timer(struct hrtimer *timer)
{
	queue_work(gate_wq, &container_of(timer, struct bastion_gate, timer)->expiry);
	return HRTIMER_NORESTART;
}

/**
 * bastion_gate_lock() - end every grant and round here, without asking the chip
 * @gate:	the gate
 * @reason:	why
 *
 * Context: process; takes gate->lock and nothing that a chip can hold up.
 */
void bastion_gate_lock(struct bastion_gate *gate, enum bastion_reason reason)
{
	mutex_lock(&gate->lock);
	end_all(gate, reason);
	if (gate->state == BASTION_STATE_ATTESTED)
		set_state(gate, BASTION_STATE_LOCKED, reason);
	else
		touch(gate);
	mutex_unlock(&gate->lock);
}

/**
 * bastion_gate_relock() - lock, then have the chip drop its grants as well
 * @gate:	the gate; the caller holds the chip's ops
 * @reason:	why
 *
 * Context: process, may sleep; not under gate->lock.
 * Return: 0, or the chip's error; the gate is locked in any case.
 */
int bastion_gate_relock(struct bastion_gate *gate, enum bastion_reason reason)
{
	lockdep_assert_held_read(&gate->chip->ops_lock);
	bastion_gate_lock(gate, reason);
	return gate->chip->ops->relock(gate->chip);
}

/**
 * bastion_gate_fail() - lock until the chip is reset
 * @gate:	the gate
 * @reason:	why
 *
 * Context: process; may be called with the log's lock held. The chip is told
 * to drop its grants from a work item.
 */
void bastion_gate_fail(struct bastion_gate *gate, enum bastion_reason reason)
{
	mutex_lock(&gate->lock);
	end_all(gate, reason);
	set_state(gate, BASTION_STATE_FAILED, reason);
	mutex_unlock(&gate->lock);
	queue_work(gate_wq, &gate->recovery);
}

/**
 * bastion_gate_extended() - a register changed: grants that name it end
 * @gate:	the gate
 * @index:	the register
 *
 * The chip drops them by itself. Context: process, under the log's lock.
 */
void bastion_gate_extended(struct bastion_gate *gate, u32 index)
{
	struct bastion_grant_live *grant, *next;

	mutex_lock(&gate->lock);
	if (gate->round)
		gate->round->dirty |= BIT(index);
	list_for_each_entry_safe(grant, next, &gate->grants, list) {
		if (grant->register_mask & BIT(index))
			end_grant(gate, grant, BASTION_REASON_REGISTERS);
	}
	settle(gate, BASTION_REASON_REGISTERS);
	mutex_unlock(&gate->lock);
}

/**
 * bastion_gate_suspend() - the system is about to sleep, or has woken up
 * @gate:	the gate
 * @sleep:	true before, false after
 *
 * Before it, all grants end and all waiters are sent home, since they could
 * not be frozen where they are.
 */
void bastion_gate_suspend(struct bastion_gate *gate, bool sleep)
{
	mutex_lock(&gate->lock);
	gate->suspended = sleep;
	bastion_gate_wake(gate);
	mutex_unlock(&gate->lock);
	if (sleep)
		bastion_gate_lock(gate, BASTION_REASON_SUSPEND);
	else
		queue_work(gate_wq, &gate->recovery);
}

/* Recovery */

/* Brings a chip that lost its state up to the log. */
static int recover(struct bastion_gate *gate)
{
	struct bastion_chip *chip = gate->chip;
	struct bastion_chip_info info;
	int ret;

	ret = chip->ops->self_test(chip);
	if (ret)
		return ret;
	ret = chip->ops->info(chip, &info);
	if (ret)
		return ret;
	if (memcmp(info.id, chip->info.id, sizeof(info.id))) {
		dev_err(&chip->dev, "another chip answers since the reset\n");
		return -EIO;
	}
	WRITE_ONCE(chip->info.boot_count, info.boot_count);
	WRITE_ONCE(chip->info.svn, info.svn);
	return bastion_measure_again(chip);
}

static void handle_reset(struct bastion_gate *gate, u32 generation)
{
	struct bastion_chip *chip = gate->chip;
	int ret;

	dev_warn(&chip->dev, "the chip was reset: locked\n");
	/* Held until chip and log agree: nobody measures in between. */
	mutex_lock(&chip->log->lock);
	mutex_lock(&gate->lock);
	end_all(gate, BASTION_REASON_RESET);
	gate->seen_reset = generation;
	set_state(gate, BASTION_STATE_SELFTEST, BASTION_REASON_RESET);
	mutex_unlock(&gate->lock);

	ret = recover(gate);
	mutex_unlock(&chip->log->lock);
	if (!ret)
		ret = bastion_measure_boot(chip, gate->boot_key.point);

	mutex_lock(&gate->lock);
	/* Another reset meanwhile, or a failure on the way, has the last word. */
	if (gate->state == BASTION_STATE_SELFTEST) {
		if (ret && chip->ops->generation(chip) == generation)
			set_state(gate, BASTION_STATE_FAILED, BASTION_REASON_SELF_TEST);
		else if (!ret)
			set_state(gate, BASTION_STATE_LOCKED, BASTION_REASON_RESET);
	}
	mutex_unlock(&gate->lock);
}

static void recovery_work(struct work_struct *work)
{
	struct bastion_gate *gate = container_of(work, struct bastion_gate, recovery);
	struct bastion_chip *chip = gate->chip;
	u32 generation;

	mutex_lock(&gate->round_lock);
	if (bastion_chip_get_ops(chip))
		goto out;
	generation = chip->ops->generation(chip);
	if (generation != gate->seen_reset)
		handle_reset(gate, generation);
	else
		chip->ops->relock(chip);
	if (chip->ops->generation(chip) != gate->seen_reset)
		queue_work(gate_wq, &gate->recovery);
	bastion_chip_put_ops(chip);
out:
	mutex_unlock(&gate->round_lock);
}

/**
 * bastion_chip_was_reset() - the transport saw the reset generation change
 * @chip:	the chip
 *
 * Context: any.
 */
void bastion_chip_was_reset(struct bastion_chip *chip)
{
	queue_work(gate_wq, &chip->gate->recovery);
}

/* Grants */

struct bastion_grant_live *bastion_grant_live_alloc(u32 count)
{
	struct bastion_grant_live *grant;

	grant = kzalloc(struct_size(grant, entries, count), GFP_KERNEL);
	if (!grant)
		return NULL;
	kref_init(&grant->kref);
	INIT_LIST_HEAD(&grant->list);
	INIT_LIST_HEAD(&grant->released);
	grant->count = count;
	return grant;
}

struct bastion_grant_live *bastion_gate_grant_of(struct bastion_gate *gate,
						 const u8 verifier[BASTION_DIGEST_SIZE])
{
	struct bastion_grant_live *grant;

	lockdep_assert_held(&gate->lock);
	list_for_each_entry(grant, &gate->grants, list) {
		if (!memcmp(grant->verifier, verifier, BASTION_DIGEST_SIZE))
			return grant;
	}
	return NULL;
}

static unsigned int remaining_seconds(const struct bastion_grant_live *grant)
{
	s64 ms = ktime_ms_delta(grant->expires, ktime_get_boottime());

	return ms <= 0 ? 1 : DIV_ROUND_UP_ULL(ms, MSEC_PER_SEC);
}

/* What the new grant covers lives on under it; the rest ends with the old one. */
static void carry_over(struct bastion_grant_live *old, struct bastion_grant_live *new)
{
	struct bastion_released *released, *next;

	list_for_each_entry_safe(released, next, &old->released, list) {
		if (!bastion_grant_find(new->entries, new->count, BASTION_GRANT_RELEASE,
					released->policy, released->executable))
			continue;
		key_set_timeout(released->key, remaining_seconds(new));
		list_move_tail(&released->list, &new->released);
	}
}

/**
 * bastion_gate_install() - a grant that kernel and chip accepted becomes live
 * @gate:	the gate; the caller holds round_lock and exchange for writing
 * @round:	the round that brought it
 * @grant:	the grant, consumed on success
 *
 * Return: 0; -ESTALE when the gate was locked, or a register that the grant
 * names was extended, while it was being checked: then the caller must have the chip drop it.
 */
int bastion_gate_install(struct bastion_gate *gate, struct bastion_round *round,
			 struct bastion_grant_live *grant)
{
	struct bastion_grant_live *old;
	int ret = -ESTALE;

	lockdep_assert_held(&gate->round_lock);
	lockdep_assert_held_write(&gate->exchange);

	mutex_lock(&gate->lock);
	if (round->dead || round->dirty & grant->register_mask || gate->suspended ||
	    gate->removed || (gate->state != BASTION_STATE_LOCKED &&
			      gate->state != BASTION_STATE_ATTESTED))
		goto out;
	old = bastion_gate_grant_of(gate, grant->verifier);
	if (old) {
		carry_over(old, grant);
		end_grant(gate, old, BASTION_REASON_GRANT);
	}
	grant->live = true;
	list_add_tail(&grant->list, &gate->grants);
	set_state(gate, BASTION_STATE_ATTESTED, BASTION_REASON_GRANT);
	arm_timer(gate);
	bastion_gate_wake(gate);
	ret = 0;
out:
	mutex_unlock(&gate->lock);
	return ret;
}

struct bastion_verifier *bastion_gate_verifier(struct bastion_gate *gate,
					       const u8 digest[BASTION_DIGEST_SIZE])
{
	u32 i;

	lockdep_assert_held(&gate->lock);
	for (i = 0; i < gate->verifier_count; i++) {
		if (!memcmp(gate->verifiers[i].digest, digest, BASTION_DIGEST_SIZE))
			return &gate->verifiers[i];
	}
	return NULL;
}

/* Waiting */

/* Does any entry allow it, to whatever executable? */
static bool covers(const struct bastion_grant_live *grant, u32 kind, const u8 *policy)
{
	u32 i;

	for (i = 0; i < grant->count; i++) {
		if (le32_to_cpu(grant->entries[i].kind) == kind &&
		    !memcmp(grant->entries[i].policy, policy, BASTION_DIGEST_SIZE))
			return true;
	}
	return false;
}

/* Is there a grant? 0, 1 for "not yet", or an error that waiting would not mend. */
static int look(struct bastion_gate *gate, const u8 *verifier, u32 kind, const u8 *policy,
		struct bastion_grant_live **found)
{
	struct bastion_grant_live *grant;

	lockdep_assert_held(&gate->lock);
	if (gate->removed)
		return -ENODEV;
	if (gate->state == BASTION_STATE_FAILED)
		return -EIO;
	if (gate->suspended)
		return -EAGAIN;
	if (!bastion_gate_verifier(gate, verifier))
		return -ENOKEY;
	end_expired(gate);
	grant = bastion_gate_grant_of(gate, verifier);
	if (!grant)
		return 1;
	if (!covers(grant, kind, policy))
		return -EKEYREJECTED;
	kref_get(&grant->kref);
	*found = grant;
	return 0;
}

/**
 * bastion_gate_wait() - wait until a grant allows something
 * @gate:	the gate; the caller must not hold the chip's ops, nor any lock
 * @verifier:	whose grant
 * @kind:	BASTION_GRANT_*
 * @policy:	policy reference
 * @timeout_ms:	0: do not wait; BASTION_WAIT_FOREVER
 * @grant:	where it is returned, with a reference
 *
 * Context: process; sleeps killably.
 * Return: 0, -EAGAIN (would have to wait, or the system is about to sleep),
 * -ETIMEDOUT, -EINTR (a fatal signal), -ENOKEY (no such verifier),
 * -EKEYREJECTED (a grant is live and does not cover it), -EIO (the gate has
 * failed), -ENODEV.
 */
int bastion_gate_wait(struct bastion_gate *gate, const u8 verifier[BASTION_DIGEST_SIZE],
		      u32 kind, const u8 policy[BASTION_DIGEST_SIZE], u32 timeout_ms,
		      struct bastion_grant_live **grant)
{
	struct waiter waiter = { .verifier = verifier };
	long left = MAX_SCHEDULE_TIMEOUT;
	int ret;
	u64 epoch;

	might_sleep();
	if (timeout_ms != BASTION_WAIT_FOREVER)
		left = msecs_to_jiffies(timeout_ms);

	mutex_lock(&gate->lock);
	ret = look(gate, verifier, kind, policy, grant);
	if (ret <= 0 || !timeout_ms) {
		mutex_unlock(&gate->lock);
		return ret > 0 ? -EAGAIN : ret;
	}

	list_add_tail(&waiter.list, &gate->waiting);
	gate->waiters++;
	touch(gate);
	while (ret > 0) {
		epoch = gate->epoch;
		mutex_unlock(&gate->lock);
		left = wait_event_killable_timeout(gate->waitq, READ_ONCE(gate->epoch) != epoch,
						   left);
		mutex_lock(&gate->lock);
		if (left < 0) {
			ret = -EINTR;
			break;
		}
		ret = look(gate, verifier, kind, policy, grant);
		if (ret > 0 && !left)
			ret = -ETIMEDOUT;
	}
	list_del(&waiter.list);
	gate->waiters--;
	touch(gate);
	mutex_unlock(&gate->lock);
	return ret;
}

static int check_live(const struct bastion_grant_live *grant)
{
	if (grant->live)
		return 0;
	switch (grant->ended) {
	case BASTION_REASON_EXPIRED:
		return -EKEYEXPIRED;
	case BASTION_REASON_GRANT:
		return -ESTALE;
	case BASTION_REASON_REMOVED:
		return -ENODEV;
	default:
		return -EKEYREVOKED;
	}
}

/**
 * bastion_gate_token() - the token of a grant that is still live
 * @gate:	the gate
 * @grant:	the grant
 * @token:	where it is copied; the caller wipes it
 *
 * Return: 0, -EKEYEXPIRED, -EKEYREVOKED, -ENODEV, or -ESTALE when another
 * grant has taken its place and the caller should look again.
 */
int bastion_gate_token(struct bastion_gate *gate, struct bastion_grant_live *grant,
		       u8 token[BASTION_TOKEN_SIZE])
{
	int ret;

	mutex_lock(&gate->lock);
	end_expired(gate);
	ret = check_live(grant);
	if (!ret)
		memcpy(token, grant->token, BASTION_TOKEN_SIZE);
	mutex_unlock(&gate->lock);
	return ret;
}

/**
 * bastion_gate_chip_said() - judge the result of a gated command
 * @gate:	the gate; the caller holds the chip's ops
 * @grant:	the grant it was done under
 * @ret:	what the chip answered
 *
 * A chip that knows nothing of a grant that is live here, or that failed, is
 * locked out: whatever it is, it is not what was attested.
 *
 * Return: @ret, or, where the grant ended meanwhile, that.
 */
int bastion_gate_chip_said(struct bastion_gate *gate, struct bastion_grant_live *grant, int ret)
{
	int live;

	if (ret != -EKEYREVOKED && ret != -EIO && ret != -ETIMEDOUT)
		return ret;
	mutex_lock(&gate->lock);
	end_expired(gate);
	live = check_live(grant);
	mutex_unlock(&gate->lock);
	if (live)
		return live;
	bastion_gate_relock(gate, BASTION_REASON_CHIP);
	return ret;
}

/* Release */

struct bastion_released *bastion_released_alloc(const u8 policy[BASTION_DIGEST_SIZE],
						const u8 executable[BASTION_EXE_SIZE])
{
	struct bastion_released *released = kzalloc(sizeof(*released), GFP_KERNEL_ACCOUNT);

	if (!released)
		return NULL;
	memcpy(released->policy, policy, BASTION_DIGEST_SIZE);
	memcpy(released->executable, executable, BASTION_EXE_SIZE);
	return released;
}

/* Drops keys that nobody holds any more; a few a release keep the list short. */
static void sweep(struct bastion_grant_live *grant)
{
	struct bastion_released *released, *next;
	unsigned int budget = 8;

	list_for_each_entry_safe(released, next, &grant->released, list) {
		if (!budget--)
			break;
		if (refcount_read(&released->key->usage) == 1 || key_validate(released->key))
			kill_released(released);
		else
			list_move_tail(&released->list, &grant->released);
	}
}

/**
 * bastion_gate_release() - make a key live, and have it end with its grant
 * @gate:	the gate
 * @grant:	the grant it is released under
 * @released:	from bastion_released_alloc(), consumed
 * @key:	the key, not instantiated yet
 * @secret:	its payload
 * @len:	bytes of @secret
 * @keyring:	where it is linked
 * @authkey:	the authority to instantiate it, for request_key(2)
 *
 * Takes away from everybody the right to change the key, sets its timeout to
 * the grant's end and instantiates it, all of it while the grant cannot end.
 *
 * Context: process; takes gate->lock, then the keyring's semaphore and
 * key_construction_mutex, under none of which this module does anything slow.
 * Return: 0, as bastion_gate_check(), or the key service's error.
 */
int bastion_gate_release(struct bastion_gate *gate, struct bastion_grant_live *grant,
			 struct bastion_released *released, struct key *key,
			 const void *secret, size_t len, struct key *keyring,
			 struct key *authkey)
{
	int ret;

	mutex_lock(&gate->lock);
	end_expired(gate);
	ret = check_live(grant);
	if (ret)
		goto err;

	down_write(&key->sem);
	key->perm &= ~(KEY_POS_SETATTR | KEY_USR_SETATTR | KEY_GRP_SETATTR | KEY_OTH_SETATTR |
		       KEY_POS_WRITE | KEY_USR_WRITE | KEY_GRP_WRITE | KEY_OTH_WRITE);
	up_write(&key->sem);
	key_set_timeout(key, remaining_seconds(grant));

	ret = key_instantiate_and_link(key, secret, len, keyring, authkey);
	if (ret)
		goto err;
	sweep(grant);
	released->key = key_get(key);
	list_add_tail(&released->list, &grant->released);
	mutex_unlock(&gate->lock);
	return 0;

err:
	mutex_unlock(&gate->lock);
	kfree(released);
	return ret;
}

/* Observers */


u32 bastion_gate_waiters_for(struct bastion_gate *gate, const u8 verifier[BASTION_DIGEST_SIZE])
{
	struct waiter *waiter;
	u32 count = 0;

	lockdep_assert_held(&gate->lock);
	list_for_each_entry(waiter, &gate->waiting, list)
		count += !memcmp(waiter->verifier, verifier, BASTION_DIGEST_SIZE);
	return count;
}

/**
 * bastion_gate_snapshot() - the present state, consistent in itself
 * @gate:	the gate
 * @event:	filled in
 *
 * Return: the generation.
 */
u64 bastion_gate_snapshot(struct bastion_gate *gate, struct bastion_event *event)
{
	ktime_t now = ktime_get_boottime(), first = KTIME_MAX;
	struct bastion_grant_live *grant;

	memset(event, 0, sizeof(*event));
	mutex_lock(&gate->lock);
	list_for_each_entry(grant, &gate->grants, list)
		first = min(first, grant->expires);
	event->generation = gate->generation;
	event->state = gate->state;
	event->reason = gate->reason;
	event->waiters = gate->waiters;
	if (first != KTIME_MAX)
		event->grant_ends_ms = max_t(s64, 0, ktime_ms_delta(first, now));
	mutex_unlock(&gate->lock);
	return event->generation;
}

/* Lifetime */

int bastion_gate_init(struct bastion_chip *chip)
{
	struct bastion_gate *gate = kzalloc(sizeof(*gate), GFP_KERNEL);
	int ret;

	if (!gate)
		return -ENOMEM;
	ret = bastion_boot_key_init(&gate->boot_key);
	if (ret) {
		kfree(gate);
		return ret;
	}
	gate->chip = chip;
	mutex_init(&gate->round_lock);
	init_rwsem(&gate->exchange);
	mutex_init(&gate->lock);
	INIT_LIST_HEAD(&gate->grants);
	INIT_LIST_HEAD(&gate->waiting);
	init_waitqueue_head(&gate->waitq);
	init_waitqueue_head(&gate->eventq);
	compat_hrtimer_setup(&gate->timer, expiry_timer, CLOCK_BOOTTIME, HRTIMER_MODE_ABS);
	INIT_WORK(&gate->expiry, expiry_work);
	INIT_WORK(&gate->recovery, recovery_work);
	chip->gate = gate;
	return 0;
}

/* Called when nobody can reach the chip any more. */
void bastion_gate_exit(struct bastion_chip *chip)
{
	struct bastion_gate *gate = chip->gate;

	if (!gate)
		return;
	hrtimer_cancel(&gate->timer);
	cancel_work_sync(&gate->expiry);
	cancel_work_sync(&gate->recovery);
	bastion_boot_key_exit(&gate->boot_key);
	kfree_sensitive(gate->round);
	kfree_sensitive(gate);
}

/**
 * bastion_gate_open() - from self-test to locked, at probe
 * @gate:	the gate; the caller holds the chip's ops
 *
 * A chip that fails its self-test is kept, failed, so that an operator can see
 * it; one that does not even say who it is, is not.
 *
 * Return: 0, or an error when the chip is of no use.
 */
int bastion_gate_open(struct bastion_gate *gate)
{
	struct bastion_chip *chip = gate->chip;
	int ret;

	gate->seen_reset = chip->ops->generation(chip);
	ret = chip->ops->self_test(chip);
	if (ret) {
		dev_err(&chip->dev, "the chip failed its self-test (%d)\n", ret);
		bastion_gate_fail(gate, BASTION_REASON_SELF_TEST);
		return ret == -ENODEV ? ret : 0;
	}
	/* No grant outlives the kernel that it was given to. */
	ret = chip->ops->relock(chip);
	if (!ret)
		ret = bastion_measure_boot(chip, gate->boot_key.point);
	if (ret)
		return ret;
	mutex_lock(&gate->lock);
	if (gate->state == BASTION_STATE_SELFTEST)
		set_state(gate, BASTION_STATE_LOCKED, BASTION_REASON_PROBE);
	mutex_unlock(&gate->lock);
	return 0;
}

/**
 * bastion_gate_stop() - the end: lock, cap, send everybody home
 * @gate:	the gate; the caller holds the chip's ops, or the chip is gone
 * @why:	for the cap record
 */
void bastion_gate_stop(struct bastion_gate *gate, const char *why)
{
	mutex_lock(&gate->lock);
	gate->removed = true;
	end_all(gate, BASTION_REASON_REMOVED);
	if (gate->state == BASTION_STATE_ATTESTED)
		set_state(gate, BASTION_STATE_LOCKED, BASTION_REASON_REMOVED);
	else
		touch(gate);
	bastion_gate_wake(gate);
	mutex_unlock(&gate->lock);

	if (!gate->chip->ops)
		return;
	if (gate->chip->ops->relock(gate->chip) != -ENODEV)
		bastion_measure_cap(gate->chip, why);
}

int bastion_gate_module_init(void)
{
	gate_wq = alloc_workqueue("bastion", WQ_UNBOUND | WQ_HIGHPRI | WQ_MEM_RECLAIM, 0);
	return gate_wq ? 0 : -ENOMEM;
}

void bastion_gate_module_exit(void)
{
	destroy_workqueue(gate_wq);
}
