// SPDX-License-Identifier: GPL-2.0
/*
 * The gate: opens for grants and closes for everything else.
 *
 * One function ends a grant, one ends them all, and one changes the state, so
 * that every way out passes the revocation of what was released.
 */
#include <linux/delay.h>
#include <linux/key.h>
#include <linux/key-type.h>
#include <linux/kobject.h>
#include <linux/ktime.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "gate.h"
#include "gate_internal.h"
#include "ima.h"
#include "measure.h"
#include "round.h"
#include "trace.h"

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

const char *bastion_state_name(enum bastion_state state)
{
	return state_names[state];
}

/* For work that must not wait for anybody else's */
struct workqueue_struct *bastion_gate_workqueue(void)
{
	return gate_wq;
}

/* Tells observers, not waiters. */
void bastion_gate_touch(struct bastion_gate *gate)
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
	unsigned int flags;

	if (!device_is_registered(dev))
		return;
	snprintf(state, sizeof(state), "BASTION_STATE=%s", state_names[gate->state]);
	snprintf(reason, sizeof(reason), "BASTION_REASON=%u", gate->reason);
	snprintf(waiters, sizeof(waiters), "BASTION_WAITERS=%u", gate->waiters);
	sysfs_notify(&dev->kobj, NULL, "state");
	/*
	 * Under the gate's lock no memory may be had by writing to a disk, which may be one that
	 * is suspended until its key is released again.
	 */
	flags = memalloc_noio_save();
	kobject_uevent_env(&dev->kobj, KOBJ_CHANGE, env);
	memalloc_noio_restore(flags);
}

void bastion_gate_set_state(struct bastion_gate *gate, enum bastion_state state,
			    enum bastion_reason reason)
{
	enum bastion_state old = gate->state;

	lockdep_assert_held(&gate->lock);
	if (WARN_ON_ONCE(!(transitions[old] & BIT(state))))
		state = BASTION_STATE_FAILED;
	gate->state = state;
	gate->reason = reason;
	bastion_gate_touch(gate);
	if (state != old) {
		trace_bastion_state(&gate->chip->dev, old, state, reason);
		announce(gate);
		bastion_report(gate, old);
	}
	if (state == BASTION_STATE_FAILED)
		bastion_gate_wake(gate);
}

static u32 count_released(const struct bastion_grant_live *grant)
{
	const struct list_head *item;
	u32 count = 0;

	list_for_each(item, &grant->released)
		count++;
	return count;
}

void bastion_gate_end_grant(struct bastion_gate *gate, struct bastion_grant_live *grant,
			    enum bastion_reason reason)
{
	lockdep_assert_held(&gate->lock);
	if (trace_bastion_grant_end_enabled())
		trace_bastion_grant_end(&gate->chip->dev, grant->verifier, reason,
					count_released(grant));
	list_del(&grant->list);
	memcpy(gate->last_verifier, grant->verifier, sizeof(gate->last_verifier));
	grant->live = false;
	grant->ended = reason;
	memzero_explicit(grant->token, sizeof(grant->token));
	bastion_grant_revoke(grant);
	bastion_grant_put(grant);
}

void bastion_gate_arm(struct bastion_gate *gate)
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
		bastion_gate_end_grant(gate, grant, reason);
	if (gate->round)
		gate->round->dead = true;
}

/* After some grants may have ended: is it still open? */
static void settle(struct bastion_gate *gate, enum bastion_reason reason)
{
	if (gate->state == BASTION_STATE_ATTESTED && list_empty(&gate->grants))
		bastion_gate_set_state(gate, BASTION_STATE_LOCKED, reason);
	else
		bastion_gate_touch(gate);
	bastion_gate_arm(gate);
}

void bastion_gate_end_expired(struct bastion_gate *gate)
{
	struct bastion_grant_live *grant, *next;
	ktime_t now = ktime_get_boottime();
	bool ended = false;

	list_for_each_entry_safe(grant, next, &gate->grants, list) {
		if (ktime_compare(grant->expires, now) <= 0) {
			bastion_gate_end_grant(gate, grant, BASTION_REASON_EXPIRED);
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
	bastion_gate_end_expired(gate);
	bastion_gate_arm(gate);
	mutex_unlock(&gate->lock);
}

static enum hrtimer_restart expiry_timer(struct hrtimer *timer)
{
	queue_work(gate_wq, &container_of(timer, struct bastion_gate, timer)->expiry);
	return HRTIMER_NORESTART;
}

static void lock_gate(struct bastion_gate *gate, enum bastion_reason reason)
{
	end_all(gate, reason);
	if (gate->state == BASTION_STATE_ATTESTED)
		bastion_gate_set_state(gate, BASTION_STATE_LOCKED, reason);
	else
		bastion_gate_touch(gate);
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
	lock_gate(gate, reason);
	mutex_unlock(&gate->lock);
}

/**
 * bastion_gate_relock_exchanging() - bastion_gate_relock() for who holds exchange for writing
 * @gate:	the gate; the caller holds the chip's ops
 * @reason:	why
 *
 * Context: process, may sleep; not under gate->lock.
 * Return: 0, or the chip's error; the gate is locked in any case.
 */
int bastion_gate_relock_exchanging(struct bastion_gate *gate, enum bastion_reason reason)
{
	lockdep_assert_held_read(&gate->chip->ops_lock);
	lockdep_assert_held_write(&gate->exchange);
	mutex_lock(&gate->lock);
	/* Nothing to tell observers when there is nothing to end. */
	if (!list_empty(&gate->grants) || (gate->round && !gate->round->dead))
		lock_gate(gate, reason);
	mutex_unlock(&gate->lock);
	return gate->chip->ops->relock(gate->chip);
}

/**
 * bastion_gate_relock() - lock, then have the chip drop its grants as well
 * @gate:	the gate; the caller holds the chip's ops
 * @reason:	why
 *
 * Locks at once, whatever the chip is doing. The chip is told when no grant is being exchanged
 * with it, and what has begun by then goes as well: it must not drop a grant that is live here.
 *
 * Context: process, may sleep; not under exchange, nor what comes below it.
 * Return: 0, or the chip's error; the gate is locked in any case.
 */
int bastion_gate_relock(struct bastion_gate *gate, enum bastion_reason reason)
{
	int ret;

	bastion_gate_lock(gate, reason);
	down_write(&gate->exchange);
	ret = bastion_gate_relock_exchanging(gate, reason);
	up_write(&gate->exchange);
	return ret;
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
	bastion_gate_set_state(gate, BASTION_STATE_FAILED, reason);
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
	const struct bastion_log *log = gate->chip->log;
	struct bastion_grant_live *grant, *next;

	lockdep_assert_held(&log->lock);
	mutex_lock(&gate->lock);
	gate->log_count = log->count;
	memcpy(gate->log_aggregate, log->aggregate, sizeof(gate->log_aggregate));
	if (gate->round)
		gate->round->dirty |= BIT(index);
	list_for_each_entry_safe(grant, next, &gate->grants, list) {
		if (grant->register_mask & BIT(index))
			bastion_gate_end_grant(gate, grant, BASTION_REASON_REGISTERS);
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
 * not be frozen where they are. A recovery stops, and goes on after it.
 */
void bastion_gate_suspend(struct bastion_gate *gate, bool sleep)
{
	mutex_lock(&gate->lock);
	WRITE_ONCE(gate->suspended, sleep);
	bastion_gate_wake(gate);
	mutex_unlock(&gate->lock);
	if (sleep)
		bastion_gate_lock(gate, BASTION_REASON_SUSPEND);
	else
		queue_work(gate_wq, &gate->recovery);
}

/* Recovery */

#define RECOVERY_PAUSE_MS	20

/**
 * bastion_gate_is_current() - has the chip all of the log, as far as anybody knows?
 * @gate:	the gate; the caller holds the chip's ops, and round_lock or the log's lock
 *
 * If it has not, its recovery is started. While the caller holds the log's lock, no command
 * reaches a chip that is reset after this.
 *
 * Return: false when it was reset and has not recovered yet.
 */
bool bastion_gate_is_current(struct bastion_gate *gate)
{
	if (gate->chip->ops->generation(gate->chip) == gate->seen_reset && !gate->behind)
		return true;
	bastion_chip_was_reset(gate->chip);
	return false;
}

/**
 * bastion_gate_interrupted() - must a long series of commands stop here?
 * @gate:	the gate
 *
 * Whoever removes the chip, switches the machine off, or puts it to sleep waits for the locks that
 * are held meanwhile. A chip that takes its time with every command would hold them up for hours.
 *
 * Return: 0; -ENODEV for good; -EAGAIN until the system has woken up.
 */
int bastion_gate_interrupted(const struct bastion_gate *gate)
{
	if (READ_ONCE(gate->removed))
		return -ENODEV;
	return READ_ONCE(gate->suspended) ? -EAGAIN : 0;
}

/* Brings a chip that lost its state up to the log. @anew: it has nothing of it yet. */
static int recover(struct bastion_gate *gate, bool anew)
{
	struct bastion_chip *chip = gate->chip;
	struct bastion_chip_info info;
	int ret;

	ret = anew ? bastion_measure_rewind(chip) : 0;
	if (ret)
		return ret;
	ret = bastion_gate_interrupted(gate) ?: chip->ops->self_test(chip) ?:
	      chip->ops->info(chip, &info);
	if (ret)
		return ret;
	if (memcmp(info.id, chip->info.id, sizeof(info.id))) {
		dev_err(&chip->dev, "another chip answers since the reset\n");
		return -EIO;
	}
	WRITE_ONCE(chip->info.boot_count, info.boot_count);
	WRITE_ONCE(chip->info.svn, info.svn);
	ret = bastion_gate_interrupted(gate) ?: bastion_chip_read_records(chip);
	if (ret)
		return ret;
	return bastion_measure_again(chip);
}

/*
 * What follows the log that the chip has: the log's first entries, if it had none, and IMA's list.
 * What was not sent is for the recovery to go on with.
 */
static int measure_rest(struct bastion_gate *gate)
{
	struct bastion_chip *chip = gate->chip;
	struct bastion_log *log = chip->log;
	int ret;

	ret = bastion_measure_boot(chip, gate->boot_key.point) ?: bastion_ima_start(chip);
	if (bastion_chip_not_sent(ret)) {
		bastion_log_lock(log);
		log->again = log->count;
		gate->behind = true;
		bastion_log_unlock(log);
	}
	return ret;
}

/* Nothing is left of what was agreed with the chip, and a round makes no sense before it has recovered. */
static void begin_anew(struct bastion_gate *gate)
{
	end_all(gate, BASTION_REASON_RESET);
	bastion_gate_set_state(gate, BASTION_STATE_SELFTEST, BASTION_REASON_RESET);
}

/*
 * Brings the chip up to the log after a reset; or goes on with that, when it was interrupted by
 * what is no fault of the chip's: too many commands for it, no memory, or the system's sleep.
 */
static void handle_reset(struct bastion_gate *gate, u32 generation)
{
	struct bastion_chip *chip = gate->chip;
	bool anew = generation != gate->seen_reset;
	int ret;

	if (anew)
		dev_warn_ratelimited(&chip->dev, "the chip was reset: locked\n");
	/* Held until chip and log agree: nobody measures in between. */
	bastion_log_lock(chip->log);
	mutex_lock(&gate->lock);
	/* It failed meanwhile: that ends with a reset only. */
	if (!anew && gate->state != BASTION_STATE_SELFTEST) {
		mutex_unlock(&gate->lock);
		bastion_log_unlock(chip->log);
		return;
	}
	if (anew) {
		gate->seen_reset = generation;
		chip->ops->acknowledge(chip, generation);
		begin_anew(gate);
	}
	mutex_unlock(&gate->lock);

	gate->behind = false;
	ret = recover(gate, anew);
	gate->behind = ret == -ENODEV || bastion_chip_not_sent(ret);
	bastion_log_unlock(chip->log);
	if (!ret)
		ret = measure_rest(gate);

	mutex_lock(&gate->lock);
	/* Another reset meanwhile, or a failure on the way, has the last word. */
	if (ret == -ENODEV) {
		WRITE_ONCE(gate->removed, true);
		bastion_gate_wake(gate);
		bastion_gate_touch(gate);
	} else if (gate->state == BASTION_STATE_SELFTEST && !bastion_chip_not_sent(ret)) {
		if (ret && chip->ops->generation(chip) == generation)
			bastion_gate_set_state(gate, BASTION_STATE_FAILED, BASTION_REASON_SELF_TEST);
		else if (!ret)
			bastion_gate_set_state(gate, BASTION_STATE_LOCKED, BASTION_REASON_RESET);
	}
	mutex_unlock(&gate->lock);
}

/* Was a recovery interrupted, and has not failed since? */
static bool is_unfinished(const struct bastion_gate *gate)
{
	return gate->behind && !READ_ONCE(gate->removed) &&
	       READ_ONCE(gate->state) == BASTION_STATE_SELFTEST;
}

/* The caller holds round_lock. Return: is there more to do at once? After a sleep it is queued again. */
static bool go_on(struct bastion_gate *gate)
{
	struct bastion_chip *chip = gate->chip;
	u32 generation = chip->ops->generation(chip);

	if (READ_ONCE(gate->removed))
		return false;
	if (generation != gate->seen_reset || is_unfinished(gate))
		handle_reset(gate, generation);
	else if (READ_ONCE(gate->state) == BASTION_STATE_FAILED)
		chip->ops->relock(chip);
	return (chip->ops->generation(chip) != gate->seen_reset || is_unfinished(gate)) &&
	       bastion_gate_interrupted(gate) != -EAGAIN;
}

static void recovery_work(struct work_struct *work)
{
	struct bastion_gate *gate = container_of(work, struct bastion_gate, recovery);
	struct bastion_chip *chip = gate->chip;
	bool again;

	if (bastion_chip_get_ops(chip))
		return;
	/* What was released does not wait for those who hold round_lock or the log's. */
	if (chip->ops->generation(chip) != READ_ONCE(gate->seen_reset)) {
		mutex_lock(&gate->lock);
		begin_anew(gate);
		mutex_unlock(&gate->lock);
	}
	bastion_gate_lock_rounds(gate);
	again = go_on(gate);
	bastion_gate_unlock_rounds(gate);
	if (again) {
		/* A chip that does nothing but reset, or is busy, must not keep a processor so. */
		msleep(RECOVERY_PAUSE_MS);
		queue_work(gate_wq, &gate->recovery);
	}
	bastion_chip_put_ops(chip);
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

/* Observers */

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
	sema_init(&gate->commands, BASTION_GATED_COMMANDS);
	mutex_init(&gate->lock);
	INIT_LIST_HEAD(&gate->grants);
	INIT_LIST_HEAD(&gate->waiting);
	init_waitqueue_head(&gate->waitq);
	init_waitqueue_head(&gate->eventq);
	compat_hrtimer_setup(&gate->timer, expiry_timer, CLOCK_BOOTTIME, HRTIMER_MODE_ABS);
	INIT_WORK(&gate->expiry, expiry_work);
	INIT_WORK(&gate->recovery, recovery_work);
	bastion_report_init(gate);
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
	bastion_report_exit(gate);
	bastion_boot_key_exit(&gate->boot_key);
	kfree_sensitive(gate->round);
	kfree_sensitive(gate);
}

/**
 * bastion_gate_open() - from self-test to locked, at probe
 * @gate:	the gate; the caller holds the chip's ops and round_lock
 *
 * A chip that fails its self-test is kept, failed, so that an operator can see
 * it, and its records are read when it recovers from a reset, which may be under way
 * by now; one that does not even say who it is, is not.
 *
 * Return: 0, or an error when the chip is of no use.
 */
int bastion_gate_open(struct bastion_gate *gate)
{
	struct bastion_chip *chip = gate->chip;
	int ret;

	gate->seen_reset = chip->ops->generation(chip);
	chip->ops->acknowledge(chip, gate->seen_reset);
	ret = chip->ops->self_test(chip);
	if (bastion_chip_not_sent(ret)) {
		dev_err(&chip->dev, "the chip could not be asked for its self-test (%d)\n", ret);
		return ret;
	}
	if (ret) {
		dev_err(&chip->dev, "the chip failed its self-test (%d)\n", ret);
		bastion_gate_fail(gate, BASTION_REASON_SELF_TEST);
		return ret == -ENODEV ? ret : 0;
	}
	/* No grant outlives the kernel that it was given to. */
	ret = chip->ops->relock(chip) ?: bastion_measure_boot(chip, gate->boot_key.point) ?:
	      bastion_chip_read_records(chip);
	if (ret)
		return ret;
	ret = measure_rest(gate);
	if (bastion_chip_not_sent(ret)) {
		queue_work(gate_wq, &gate->recovery);
		return 0;
	}
	if (ret)
		return ret;
	mutex_lock(&gate->lock);
	if (gate->state == BASTION_STATE_SELFTEST)
		bastion_gate_set_state(gate, BASTION_STATE_LOCKED, BASTION_REASON_PROBE);
	mutex_unlock(&gate->lock);
	return 0;
}

/** bastion_gate_forget() - wipe the boot key: there are no more rounds; process context, may sleep */
void bastion_gate_forget(struct bastion_gate *gate)
{
	bastion_gate_lock_rounds(gate);
	bastion_boot_key_wipe(&gate->boot_key);
	bastion_gate_unlock_rounds(gate);
}

/**
 * bastion_gate_stop() - the end: lock, wipe the boot key, cap, send everybody home
 * @gate:	the gate; the caller holds the chip's ops
 * @why:	for the cap record
 */
void bastion_gate_stop(struct bastion_gate *gate, const char *why)
{
	mutex_lock(&gate->lock);
	WRITE_ONCE(gate->removed, true);
	lock_gate(gate, BASTION_REASON_REMOVED);
	bastion_gate_wake(gate);
	mutex_unlock(&gate->lock);

	/* Whatever the chip says to what follows: the next kernel finds nothing in memory. */
	bastion_gate_forget(gate);

	/* Even if the chip does not take the one, it may take the other. */
	gate->chip->ops->relock(gate->chip);
	bastion_measure_cap(gate->chip, why);
	bastion_grants_settle();
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
