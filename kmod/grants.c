// SPDX-License-Identifier: GPL-2.0
/*
 * Grants in use: how one becomes live, who waits for it, what is released under it.
 */
#include <linux/key.h>
#include <linux/key-type.h>
#include <linux/ktime.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "fscrypt.h"
#include "gate.h"
#include "gate_internal.h"
#include "grant_parse.h"
#include "measure.h"
#include "round.h"
#include "trace.h"

/**
 * struct bastion_released - a keyring key that ends with a grant
 * @list:	in bastion_grant_live.released
 * @renewal:	a later grant has taken the key over: renew_key()
 * @end:	its grant has ended: end_key(), which frees this
 * @key:	the key, with a reference
 * @seconds:	when it times out, from when @renewal was queued
 * @policy:	it was released under
 * @executable:	it was released to, and bound; zero when it was not bound to any
 */
struct bastion_released {
	struct list_head list;
	struct work_struct renewal;
	struct work_struct end;
	struct key *key;
	unsigned int seconds;
	u8 policy[BASTION_DIGEST_SIZE];
	u8 executable[BASTION_EXE_SIZE];
};

/* A request that waits; on its task's stack. */
struct waiter {
	struct list_head list;
	const u8 *verifier;
};

/* Those who ended them wait that long for keys that are in use. */
#define SETTLE_MS	10000
/* Keys that are looked at for each that is made, which keeps the list short; and for a user who has too many. */
#define SWEEP_A_RELEASE	8
#define SWEEP_A_USER	256

static struct workqueue_struct *keys_wq;
/* Keys that have ended and have their payloads still; and who waits for them. */
static atomic_t ending;
static DECLARE_WAIT_QUEUE_HEAD(settled);

/*
 * Whoever uses a key holds its semaphore, for as long as it takes and the scheduler lets him: a
 * user with little of a processor for seconds. So nothing waits for one under the gate's lock.
 */
static void renew_key(struct work_struct *work)
{
	struct bastion_released *released = container_of(work, struct bastion_released, renewal);

	key_set_timeout(released->key, READ_ONCE(released->seconds));
	/* It failed meanwhile: whoever asks again need not wait for another grant's time. */
	if (key_is_negative(released->key))
		key_set_timeout(released->key, 1);
}

/*
 * Whatever flags it has: one that was revoked before it had a payload is not revoked again, and one of
 * a type that cannot be revoked (fscrypt's) never is.
 */
static void drop_payload(struct key *key)
{
	down_write(&key->sem);
	if (key->type->revoke)
		key->type->revoke(key);
	else if (key->type == bastion_fscrypt_type())
		bastion_fscrypt_wipe(key);
	up_write(&key->sem);
}

/*
 * In this order: the flag of who may not use it is taken off for a moment, and whoever reads it then
 * must not find a key without a payload.
 */
static void bury(struct key *key)
{
	key_revoke(key);
	drop_payload(key);
	/* Once more, which has links to it removed. */
	clear_bit(KEY_FLAG_INVALIDATED, &key->flags);
	key_invalidate(key);
}

/* Nobody queues a renewal any more. */
static void end_key(struct work_struct *work)
{
	struct bastion_released *released = container_of(work, struct bastion_released, end);

	cancel_work_sync(&released->renewal);
	bury(released->key);
	key_put(released->key);
	kfree(released);
	if (atomic_dec_and_test(&ending))
		wake_up_all(&settled);
}

/* Nobody finds the key or may use it from here on; the rest of its end is a work item's. */
static void kill_released(struct bastion_released *released)
{
	list_del(&released->list);
	set_bit(KEY_FLAG_INVALIDATED, &released->key->flags);
	atomic_inc(&ending);
	queue_work(keys_wq, &released->end);
}

/* Or for the time that they are given; -ERESTARTSYS for who is killed. */
static long wait_for_ends(void)
{
	return wait_event_killable_timeout(settled, !atomic_read(&ending),
					   msecs_to_jiffies(SETTLE_MS));
}

/**
 * bastion_grants_settle() - wait until the keys whose grants have ended have lost their payloads
 *
 * They are of no use before that. One that is in use keeps it until it is not, and is not waited
 * for longer than ten seconds. Context: process, may sleep; who is killed waits no longer.
 */
void bastion_grants_settle(void)
{
	if (wait_for_ends() < 0)
		return;
	/* A revoked key's payload is there, whole, until nobody can be reading it. */
	rcu_barrier();
}

int bastion_grants_module_init(void)
{
	keys_wq = alloc_workqueue("bastion_keys", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return keys_wq ? 0 : -ENOMEM;
}

/* Waits for whoever uses a key that has ended, however long. */
void bastion_grants_module_exit(void)
{
	destroy_workqueue(keys_wq);
}

/**
 * bastion_grant_revoke() - end every key that was released under a grant
 * @grant:	the grant, under the gate's lock
 */
void bastion_grant_revoke(struct bastion_grant_live *grant)
{
	struct bastion_released *released, *next;

	list_for_each_entry_safe(released, next, &grant->released, list)
		kill_released(released);
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

/*
 * For key_set_timeout(), which is a second line behind the gate's own timer, and what keyctl(1)
 * shows. It goes by the wall clock: setting that forward may end a key before its grant, which is
 * on the safe side, and whoever wants it asks again.
 */
static unsigned int remaining_seconds(const struct bastion_grant_live *grant)
{
	s64 ms = ktime_ms_delta(grant->expires, ktime_get_boottime());

	return ms <= 0 ? 1 : DIV_ROUND_UP_ULL(ms, MSEC_PER_SEC);
}

/* Nobody has it any more, in whatever keyring. */
static bool is_let_go(const struct bastion_released *released)
{
	return refcount_read(&released->key->usage) == 1;
}

/* What the new grant covers, and somebody has, lives on under it; the rest ends with the old one. */
static void carry_over(struct bastion_grant_live *old, struct bastion_grant_live *new)
{
	struct bastion_released *released, *next;

	list_for_each_entry_safe(released, next, &old->released, list) {
		if (!bastion_grant_find(new->entries, new->count, BASTION_GRANT_RELEASE,
					released->policy, released->executable))
			continue;
		/* It never got its payload, and who asks again is not told so for another grant's time. */
		if (key_is_negative(released->key) || is_let_go(released))
			continue;
		WRITE_ONCE(released->seconds, remaining_seconds(new));
		queue_work(keys_wq, &released->renewal);
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
	bastion_gate_end_expired(gate);
	if (round->dead || round->dirty & grant->register_mask || gate->suspended ||
	    gate->removed || (gate->state != BASTION_STATE_LOCKED &&
			      gate->state != BASTION_STATE_ATTESTED))
		goto out;
	old = bastion_gate_grant_of(gate, grant->verifier);
	if (old) {
		carry_over(old, grant);
		bastion_gate_end_grant(gate, old, BASTION_REASON_GRANT);
	}
	grant->live = true;
	memcpy(gate->last_verifier, grant->verifier, sizeof(gate->last_verifier));
	list_add_tail(&grant->list, &gate->grants);
	trace_bastion_grant(&gate->chip->dev, grant->verifier,
			    ktime_ms_delta(grant->expires, ktime_get_boottime()), grant->count);
	bastion_gate_set_state(gate, BASTION_STATE_ATTESTED, BASTION_REASON_GRANT);
	bastion_gate_arm(gate);
	bastion_gate_wake(gate);
	ret = 0;
out:
	mutex_unlock(&gate->lock);
	return ret;
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
	bastion_gate_end_expired(gate);
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
	bastion_gate_touch(gate);
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
	bastion_gate_touch(gate);
	mutex_unlock(&gate->lock);
	return ret;
}

/* With a limit it is not killable: the kernel has no semaphore whose wait can be both. */
static int take_place(struct bastion_gate *gate, long timeout)
{
	if (timeout == MAX_SCHEDULE_TIMEOUT)
		return down_killable(&gate->commands) ? -EINTR : 0;
	return down_timeout(&gate->commands, timeout) ? -EAGAIN : 0;
}

static int check_live(const struct bastion_grant_live *grant)
{
	if (grant->live)
		return 0;
	switch (grant->ended) {
	case BASTION_REASON_EXPIRED:
		return -EKEYEXPIRED;
	case BASTION_REASON_GRANT:
		return -ERESTART;
	case BASTION_REASON_REMOVED:
		return -ENODEV;
	default:
		return -EKEYREVOKED;
	}
}

/**
 * bastion_gate_is_over() - has a grant ended?
 * @gate:	the gate
 * @grant:	the grant
 *
 * Context: process, may sleep.
 * Return: 0; -EKEYEXPIRED, -EKEYREVOKED, -ENODEV, -ERESTART as bastion_gate_command().
 */
int bastion_gate_is_over(struct bastion_gate *gate, const struct bastion_grant_live *grant)
{
	int ret;

	mutex_lock(&gate->lock);
	bastion_gate_end_expired(gate);
	ret = check_live(grant);
	mutex_unlock(&gate->lock);
	return ret;
}

/* The token of @grant if it is still live, to @token, which the caller wipes. */
static int take_token(struct bastion_gate *gate, struct bastion_grant_live *grant,
		      u8 token[BASTION_TOKEN_SIZE])
{
	int ret;

	mutex_lock(&gate->lock);
	bastion_gate_end_expired(gate);
	ret = check_live(grant);
	if (!ret)
		memcpy(token, grant->token, BASTION_TOKEN_SIZE);
	mutex_unlock(&gate->lock);
	return ret;
}

/*
 * Judges the error of a gated command. A chip that knows nothing of a grant that
 * is live here, that failed, or that is gone, is locked out: whatever it is, it is not what
 * was attested. Takes the log's lock if the grant is live, so that an extend that has ended it in
 * the chip has ended it here, too. Nobody waits for that lock who need not: recoveries keep it for minutes.
 */
static int chip_said(struct bastion_gate *gate, struct bastion_grant_live *grant, int ret)
{
	struct bastion_chip *chip = gate->chip;
	/* Before the grant: a recovery ends all, then says that it has seen the reset. */
	bool was_reset = chip->ops->generation(chip) != READ_ONCE(gate->seen_reset);
	int ended;

	/* No nonce is involved, whatever it says. */
	if (ret == -ESTALE)
		ret = -EIO;
	if (ret != -EKEYREVOKED && ret != -EIO && ret != -ETIMEDOUT && ret != -ENODEV)
		return ret;
	ended = bastion_gate_is_over(gate, grant);
	if (!ended && was_reset) {
		bastion_gate_lock(gate, BASTION_REASON_CHIP);
		return ret;
	}
	if (!ended) {
		bastion_log_lock(chip->log);
		ended = bastion_gate_is_over(gate, grant);
		bastion_log_unlock(chip->log);
	}
	/* The others who have commands in flight learn as well that the chip is gone. */
	if (ended)
		return ret == -ENODEV ? ret : ended;
	bastion_gate_relock(gate, BASTION_REASON_CHIP);
	return ret;
}

/**
 * bastion_gate_command() - send a gated command
 * @gate:	the gate; the caller holds the chip's ops
 * @grant:	the grant that it is done under
 * @timeout:	how long to wait for a place, jiffies; MAX_SCHEDULE_TIMEOUT: killably instead
 * @command:	sends it, with the grant's token
 * @data:	for @command
 *
 * Waits for a place, in the order in which they came, for no longer than the grant
 * lives: then nobody before it has anything to send either.
 *
 * No grant is exchanged while the command is in flight. A command that succeeds
 * although its grant has ended meanwhile has succeeded: whoever hands out what came
 * of it looks again (bastion_gate_release(), bastion_gate_is_over()).
 *
 * Context: process, may sleep.
 * Return: what @command does; -EKEYEXPIRED, -EKEYREVOKED, -ENODEV the grant has
 * ended; -ERESTART another grant has taken its place and the caller should look again; -EINTR a
 * fatal signal; -EAGAIN no place in time.
 */
ssize_t bastion_gate_command(struct bastion_gate *gate, struct bastion_grant_live *grant,
			     long timeout, bastion_gated_fn command, void *data)
{
	u8 token[BASTION_TOKEN_SIZE];
	unsigned int noio;
	ssize_t ret;

	ret = take_place(gate, timeout);
	if (ret)
		return ret;
	/* Whoever exchanges a grant waits for this: as under round_lock. */
	noio = memalloc_noio_save();
	down_read(&gate->exchange);
	ret = take_token(gate, grant, token);
	if (!ret) {
		ret = command(gate->chip, token, data);
		memzero_explicit(token, sizeof(token));
	}
	up_read(&gate->exchange);
	memalloc_noio_restore(noio);
	up(&gate->commands);
	return ret < 0 ? chip_said(gate, grant, ret) : ret;
}

/* Release */

/**
 * bastion_released_alloc() - for bastion_gate_release(), which cannot fail in the middle
 * @policy:	it is released under
 * @executable:	that it is bound to, or NULL: then no later grant that names an
 *		executable takes the key over, for nobody checked who else can find it
 *
 * Return: to be given to bastion_gate_release(), or NULL.
 */
struct bastion_released *bastion_released_alloc(const u8 policy[BASTION_DIGEST_SIZE],
						const u8 executable[BASTION_EXE_SIZE])
{
	struct bastion_released *released = kzalloc(sizeof(*released), GFP_KERNEL_ACCOUNT);

	if (!released)
		return NULL;
	INIT_WORK(&released->renewal, renew_key);
	INIT_WORK(&released->end, end_key);
	memcpy(released->policy, policy, BASTION_DIGEST_SIZE);
	if (executable)
		memcpy(released->executable, executable, BASTION_EXE_SIZE);
	return released;
}

/* Drops keys that nobody holds any more, of @budget that have not been looked at for longest. Any? */
static bool sweep(struct bastion_grant_live *grant, unsigned int budget)
{
	struct bastion_released *released, *next;
	bool any = false;
	int ret;

	list_for_each_entry_safe(released, next, &grant->released, list) {
		if (!budget--)
			break;
		/* One that has timed out has been renewed perhaps, and does not know it yet. */
		ret = key_validate(released->key);
		if (ret == -EKEYEXPIRED && !key_is_negative(released->key))
			ret = 0;
		if (is_let_go(released) || ret) {
			kill_released(released);
			any = true;
		} else {
			list_move_tail(&released->list, &grant->released);
		}
	}
	return any;
}

/**
 * bastion_gate_sweep() - end keys that nobody holds any more, for the sake of their owners' quotas
 * @gate:	the gate
 * @grant:	they were released under
 *
 * Looks at as many as a user may have, those first that were not looked at for longest, and waits
 * for their ends. The key service's collector gives back what they counted. Context: process, may
 * sleep; killable.
 *
 * Return: whether there were any.
 */
bool bastion_gate_sweep(struct bastion_gate *gate, struct bastion_grant_live *grant)
{
	bool any;

	mutex_lock(&gate->lock);
	any = grant->live && sweep(grant, SWEEP_A_USER);
	mutex_unlock(&gate->lock);
	if (any)
		wait_for_ends();
	return any;
}

/*
 * From here on the key belongs to the grant. What a possessor could do to it is
 * taken away first. A change of permissions that has passed its check by now may
 * still come through, and gains nothing: the end depends on none of them.
 */
static int bind_key(struct bastion_gate *gate, struct bastion_grant_live *grant,
		    struct bastion_released *released, struct key *key)
{
	int ret;

	down_write(&key->sem);
	key->perm &= ~(KEY_POS_SETATTR | KEY_USR_SETATTR | KEY_GRP_SETATTR | KEY_OTH_SETATTR |
		       KEY_POS_WRITE | KEY_USR_WRITE | KEY_GRP_WRITE | KEY_OTH_WRITE);
	up_write(&key->sem);
	key_set_timeout(key, remaining_seconds(grant));

	mutex_lock(&gate->lock);
	bastion_gate_end_expired(gate);
	ret = check_live(grant);
	if (!ret) {
		sweep(grant, SWEEP_A_RELEASE);
		released->key = key_get(key);
		list_add_tail(&released->list, &grant->released);
	}
	mutex_unlock(&gate->lock);
	return ret;
}

/**
 * bastion_gate_release() - make a key live, and have it end with its grant
 * @gate:	the gate
 * @grant:	the grant it is released under
 * @released:	from bastion_released_alloc(), consumed
 * @key:	the key, not instantiated yet
 * @secret:	its payload
 * @len:	bytes of @secret
 * @keyring:	where it is linked; NULL: the key service has done so
 * @authkey:	the authority to instantiate it, for request_key(2)
 *
 * Binds the key to the grant, then instantiates it. A grant that ends in between has
 * ended the key by then, and what is instantiated is dead from the first moment. So
 * gate->lock is not held over the key service's locks, which other key types keep for
 * as long as they like.
 *
 * Context: process, may sleep, for as long as others hold the key service's locks: without
 * the chip's ops.
 * Return: 0, as bastion_gate_command() when the grant has ended, or the key
 * service's error.
 */
int bastion_gate_release(struct bastion_gate *gate, struct bastion_grant_live *grant,
			 struct bastion_released *released, struct key *key,
			 const void *secret, size_t len, struct key *keyring,
			 struct key *authkey)
{
	int ret;

	ret = bind_key(gate, grant, released, key);
	if (ret) {
		kfree(released);
		return ret;
	}
	/*
	 * Linked when it is known to be alive: it takes the place of the key of that name that is there,
	 * which may be a later grant's. A key that does not get its payload, or its place, stays bound,
	 * without use, until the next sweep.
	 */
	ret = key_instantiate_and_link(key, secret, len, NULL, authkey);
	if (ret)
		return ret;
	if (keyring && !key_validate(key))
		ret = key_link(keyring, key);
	if (!ret && !key_validate(key))
		return 0;
	bury(key);
	if (ret)
		return ret;
	ret = bastion_gate_is_over(gate, grant);
	/* Another grant took its place, and did not take the key over. */
	return ret && ret != -ERESTART ? ret : -EKEYREVOKED;
}

u32 bastion_gate_waiters_for(struct bastion_gate *gate, const u8 verifier[BASTION_DIGEST_SIZE])
{
	struct waiter *waiter;
	u32 count = 0;

	lockdep_assert_held(&gate->lock);
	list_for_each_entry(waiter, &gate->waiting, list)
		count += !memcmp(waiter->verifier, verifier, BASTION_DIGEST_SIZE);
	return count;
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
