// SPDX-License-Identifier: GPL-2.0
/*
 * Rounds: two nonces, a quote, a grant. And the verifiers who may give one,
 * since every change to their list ends all rounds.
 */
#include <crypto/algapi.h>
#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "crypto.h"
#include "gate.h"
#include "grant_parse.h"
#include "ima.h"
#include "measure.h"
#include "round.h"
#include "trace.h"

static void drop_round(struct bastion_gate *gate)
{
	struct bastion_round *round;

	lockdep_assert_held(&gate->round_lock);
	mutex_lock(&gate->lock);
	round = gate->round;
	gate->round = NULL;
	mutex_unlock(&gate->lock);
	kfree_sensitive(round);
}

/* The caller holds the chip's ops, if it has any. */
static void end_round(struct bastion_chip *chip)
{
	drop_round(chip->gate);
	if (chip->ops && chip->ops->forget_nonce)
		chip->ops->forget_nonce(chip);
}

static bool is_dead(struct bastion_gate *gate, const struct bastion_round *round)
{
	bool dead;

	mutex_lock(&gate->lock);
	dead = round->dead;
	mutex_unlock(&gate->lock);
	return dead || ktime_compare(ktime_get_boottime(), round->deadline) >= 0;
}

/* The round of @owner, if it is still good. */
static struct bastion_round *current_round(struct bastion_gate *gate, const void *owner)
{
	struct bastion_round *round = gate->round;

	lockdep_assert_held(&gate->round_lock);
	if (!round || round->owner != owner || is_dead(gate, round))
		return ERR_PTR(-ESTALE);
	return round;
}

/* May anybody attest now? */
static int check_state(struct bastion_gate *gate)
{
	int ret = 0;

	mutex_lock(&gate->lock);
	if (gate->removed)
		ret = -ENODEV;
	else if (gate->state == BASTION_STATE_FAILED || gate->state == BASTION_STATE_SELFTEST)
		ret = -EIO;
	else if (gate->suspended)
		ret = -EBUSY;
	mutex_unlock(&gate->lock);
	return ret;
}

/* Nothing that was agreed with the chip counts once it was reset. */
static int check_reset(struct bastion_gate *gate)
{
	return bastion_gate_is_current(gate) ? 0 : -ESTALE;
}

/**
 * bastion_round_begin() - open a round
 * @chip:	the chip; the caller holds its ops
 * @owner:	who opens it
 * @args:	verifier in; nonces, chip and boot key out
 *
 * Return: 0 or as BASTION_IOC_ROUND_BEGIN says.
 */
int bastion_round_begin(struct bastion_chip *chip, const void *owner,
			struct bastion_round_begin *args)
{
	struct bastion_gate *gate = chip->gate;
	struct bastion_verifier *verifier;
	struct bastion_round *round;
	int ret;

	round = kzalloc(sizeof(*round), GFP_KERNEL);
	if (!round)
		return -ENOMEM;
	round->owner = owner;

	bastion_gate_lock_rounds(gate);
	ret = check_state(gate);
	if (!ret)
		ret = check_reset(gate);
	if (ret)
		goto err;
	ret = -ESHUTDOWN;
	if (bastion_log_is_closed(chip->log))
		goto err;
	ret = -EBUSY;
	if (gate->round && gate->round->owner != owner && !is_dead(gate, gate->round))
		goto err;
	drop_round(gate);

	/* Published before the nonce is drawn: whatever happens from now on kills it. */
	mutex_lock(&gate->lock);
	verifier = bastion_gate_verifier(gate, args->verifier);
	if (verifier) {
		memcpy(round->verifier, verifier->digest, sizeof(round->verifier));
		memcpy(round->key, verifier->key, sizeof(round->key));
		gate->round = round;
	}
	mutex_unlock(&gate->lock);
	ret = -ENOKEY;
	if (!verifier) {
		end_round(chip);
		goto err;
	}

	round->deadline = ktime_add_ms(ktime_get_boottime(),
				       BASTION_ROUND_SECONDS * MSEC_PER_SEC);
	get_random_bytes(round->kernel_nonce, sizeof(round->kernel_nonce));
	ret = chip->ops->nonce(chip, round->chip_nonce);
	if (ret < 0) {
		end_round(chip);
		goto out;
	}
	round->chip_nonce_len = ret;
	ret = 0;

	memcpy(args->kernel_nonce, round->kernel_nonce, sizeof(args->kernel_nonce));
	memcpy(args->chip_nonce, round->chip_nonce, sizeof(args->chip_nonce));
	args->chip_nonce_len = round->chip_nonce_len;
	memcpy(args->chip_id, chip->info.id, sizeof(args->chip_id));
	args->boot_count = chip->info.boot_count;
	memcpy(args->boot_key, gate->boot_key.point, sizeof(args->boot_key));
out:
	trace_bastion_round(&chip->dev, BASTION_TRACE_BEGIN, ret);
	bastion_gate_unlock_rounds(gate);
	return ret;

err:
	trace_bastion_round(&chip->dev, BASTION_TRACE_BEGIN, ret);
	bastion_gate_unlock_rounds(gate);
	kfree(round);
	return ret;
}

/* include/bastion/round.h has the formula. */
static int qualifying_data(struct bastion_chip *chip, struct bastion_round *round,
			   const u8 *nonce, u32 nonce_len)
{
	__le64 count = cpu_to_le64(round->log_count);
	const struct kvec fields[] = {
		{ (void *)nonce, nonce_len },
		{ round->verifier, sizeof(round->verifier) },
		{ round->kernel_nonce, sizeof(round->kernel_nonce) },
		{ round->chip_nonce, round->chip_nonce_len },
		{ chip->gate->boot_key.point, BASTION_POINT_SIZE },
		{ &count, sizeof(count) },
	};
	__le32 lengths[ARRAY_SIZE(fields)];
	struct kvec parts[1 + 2 * ARRAY_SIZE(fields)];
	unsigned int i;

	parts[0] = (struct kvec){ BASTION_QUALIFYING_TAG, sizeof(BASTION_QUALIFYING_TAG) };
	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		lengths[i] = cpu_to_le32(fields[i].iov_len);
		parts[1 + 2 * i] = (struct kvec){ &lengths[i], sizeof(lengths[i]) };
		parts[2 + 2 * i] = fields[i];
	}
	return bastion_hash(BASTION_SHA384, parts, ARRAY_SIZE(parts), round->qualifying);
}

/**
 * bastion_round_quote() - have the chip vouch for this kernel
 * @chip:	the chip; the caller holds its ops
 * @owner:	whose round
 * @args:	nonce in; log count, aggregate, qualifying data out
 * @quote:	where the quote goes
 * @size:	room there, bytes
 *
 * Return: the quote's length, or as BASTION_IOC_QUOTE says.
 */
ssize_t bastion_round_quote(struct bastion_chip *chip, const void *owner,
			    struct bastion_quote *args, u8 *quote, size_t size)
{
	struct bastion_gate *gate = chip->gate;
	struct bastion_log *log = chip->log;
	struct bastion_round *round;
	ssize_t ret;

	bastion_gate_lock_rounds(gate);
	round = current_round(gate, owner);
	ret = PTR_ERR_OR_ZERO(round);
	if (!ret && round->quoted)
		ret = -ESTALE;
	if (!ret)
		ret = check_reset(gate);
	if (ret)
		goto out;
	round->quoted = true;
	ret = bastion_ima_catch_up(chip);

	/* Log, registers and quote belong together: nothing is extended meanwhile. */
	bastion_log_lock(log);
	mutex_lock(&gate->lock);
	round->dirty = 0;
	mutex_unlock(&gate->lock);
	round->log_count = log->count;
	memcpy(round->log_aggregate, log->aggregate, sizeof(round->log_aggregate));
	if (!ret)
		ret = qualifying_data(chip, round, args->nonce, args->nonce_len);
	if (!ret)
		ret = chip->ops->mr_read(chip, BIT(BASTION_MR_COUNT) - 1, round->registers);
	if (!ret)
		ret = chip->ops->quote(chip, round->qualifying, quote, size);
	bastion_log_unlock(log);
	if (ret < 0) {
		end_round(chip);
		goto out;
	}

	args->log_count = round->log_count;
	memcpy(args->log_aggregate, round->log_aggregate, sizeof(args->log_aggregate));
	memcpy(args->qualifying_data, round->qualifying, sizeof(args->qualifying_data));
out:
	trace_bastion_round(&chip->dev, BASTION_TRACE_QUOTE, min_t(ssize_t, ret, 0));
	bastion_gate_unlock_rounds(gate);
	return ret;
}

static int masked_digest(const struct bastion_round *round, u32 mask, u8 *digest)
{
	u8 values[BASTION_MR_COUNT][BASTION_DIGEST_SIZE];
	unsigned int i, n = 0;

	for (i = 0; i < BASTION_MR_COUNT; i++) {
		if (mask & BIT(i))
			memcpy(values[n++], round->registers[i], BASTION_DIGEST_SIZE);
	}
	return bastion_registers_digest(mask, values, digest);
}

/*
 * Does every field of the grant fit this round? The grant that would is put
 * together here and compared, so that a new field cannot be forgotten: only
 * what the verifier decides is taken from @grant.
 */
static int check_fields(struct bastion_chip *chip, const struct bastion_round *round,
			const struct bastion_grant *grant, const u8 *token)
{
	const struct kvec qualifying = { (void *)round->qualifying, sizeof(round->qualifying) };
	const struct kvec secret = { (void *)token, BASTION_TOKEN_SIZE };
	struct bastion_grant want = {
		.boot_count = cpu_to_le64(chip->info.boot_count),
		.log_count = cpu_to_le64(round->log_count),
		.register_mask = grant->register_mask,
		.lifetime = grant->lifetime,
		.flags = grant->flags,
		.entry_count = grant->entry_count,
	};
	int ret;

	memcpy(want.magic, BASTION_GRANT_MAGIC, sizeof(want.magic));
	memcpy(want.kernel_nonce, round->kernel_nonce, sizeof(want.kernel_nonce));
	memcpy(want.chip_nonce, round->chip_nonce, sizeof(want.chip_nonce));
	memcpy(want.chip_id, chip->info.id, sizeof(want.chip_id));
	memcpy(want.verifier, round->verifier, sizeof(want.verifier));
	memcpy(want.log_aggregate, round->log_aggregate, sizeof(want.log_aggregate));
	ret = bastion_hash(BASTION_SHA384, &qualifying, 1, want.qualifying_digest);
	if (!ret)
		ret = bastion_hash(BASTION_SHA384, &secret, 1, want.token_hash);
	if (!ret)
		ret = masked_digest(round, le32_to_cpu(grant->register_mask),
				    want.register_digest);
	if (ret)
		return ret;
	return crypto_memneq(&want, grant, sizeof(want)) ? -EKEYREJECTED : 0;
}

static int check_grant(struct bastion_chip *chip, struct bastion_round *round,
		       const struct bastion_grant_view *view,
		       const struct bastion_round_answer *answer, u8 *token,
		       struct bastion_policy_signature *signatures)
{
	const struct kvec all = { (void *)answer->grant, answer->len };
	const struct kvec body = { (void *)answer->grant, view->signed_len };
	struct bastion_boot_key *key = &chip->gate->boot_key;
	u8 digest[BASTION_DIGEST_SIZE];
	int ret;

	ret = bastion_hash(BASTION_SHA384, &body, 1, digest);
	if (ret)
		return ret;
	ret = bastion_ecdsa_verify(round->key, digest, view->signature);
	if (ret)
		return ret;
	ret = bastion_hash(BASTION_SHA384, &all, 1, digest);
	if (ret)
		return ret;
	ret = bastion_boot_key_open(key, answer->token, digest, token);
	if (!ret && answer->policy_count)
		ret = bastion_boot_key_open_policies(key, answer->policies, digest, signatures,
						     answer->policy_count);
	if (ret)
		return ret;
	return check_fields(chip, round, &view->fixed, token);
}

static struct bastion_grant_live *live_grant(const struct bastion_round *round,
					     const struct bastion_grant_view *view,
					     const u8 *token)
{
	struct bastion_grant_live *live = bastion_grant_live_alloc(view->count);

	if (!live)
		return NULL;
	memcpy(live->verifier, round->verifier, sizeof(live->verifier));
	memcpy(live->token, token, sizeof(live->token));
	live->register_mask = le32_to_cpu(view->fixed.register_mask);
	memcpy(live->entries, view->entries, view->count * sizeof(live->entries[0]));
	/* Counted from before the chip sees it, so that the kernel's ends first. */
	live->expires = ktime_add_ms(ktime_get_boottime(),
				     (u64)le32_to_cpu(view->fixed.lifetime) * MSEC_PER_SEC);
	return live;
}

/* A chip may honour a grant for a shorter time than the verifier allowed. */
static void shorten(struct bastion_grant_live *live, int seconds)
{
	ktime_t end = ktime_add_ms(ktime_get_boottime(), (u64)seconds * MSEC_PER_SEC);

	if (seconds && ktime_before(end, live->expires))
		live->expires = end;
}

/* Chip first, then here, with no gated command in between. */
static int exchange(struct bastion_chip *chip, struct bastion_round *round,
		    struct bastion_grant_live *live, const struct bastion_round_answer *answer,
		    const struct bastion_policy_signature *signatures)
{
	struct bastion_gate *gate = chip->gate;
	int ret;

	down_write(&gate->exchange);
	ret = chip->ops->grant(chip, round->key, answer->grant, answer->len, signatures,
			       answer->policy_count);
	if (ret >= 0) {
		shorten(live, ret);
		ret = check_reset(gate);
		if (!ret)
			ret = bastion_gate_install(gate, round, live);
	}
	/*
	 * From here on nobody can say which grants the chip holds: when it has
	 * not answered it may have replaced one. All of them go.
	 */
	if (ret)
		bastion_gate_relock_exchanging(gate, BASTION_REASON_CHIP);
	up_write(&gate->exchange);
	return ret;
}

/*
 * What the verifier says that it has stored: in a grant that kernel and chip have taken,
 * so up to the entry that this round's quote covers, and no further. Only what all
 * verifiers have may go.
 */
static void note_kept(struct bastion_chip *chip, const struct bastion_round *round,
		      const struct bastion_grant *grant)
{
	struct bastion_gate *gate = chip->gate;
	struct bastion_verifier *verifier;
	u64 kept = U64_MAX;
	u32 i;

	lockdep_assert_held(&gate->round_lock);
	if (!(le32_to_cpu(grant->flags) & BASTION_GRANT_KEPT))
		return;
	mutex_lock(&gate->lock);
	verifier = bastion_gate_verifier(gate, round->verifier);
	if (verifier)
		verifier->kept = max(verifier->kept, round->log_count);
	for (i = 0; i < gate->verifier_count; i++)
		kept = min(kept, gate->verifiers[i].kept);
	mutex_unlock(&gate->lock);
	if (verifier)
		bastion_log_trim(chip, kept);
}

/* The caller holds round_lock and has found the round to be good. */
static int accept_grant(struct bastion_chip *chip, struct bastion_round *round,
			const struct bastion_round_answer *answer)
{
	struct bastion_policy_signature *signatures = NULL;
	struct bastion_grant_live *live = NULL;
	u8 token[BASTION_TOKEN_SIZE] = { };
	struct bastion_grant_view view;
	int ret;

	ret = bastion_grant_parse(answer->grant, answer->len, &view);
	if (ret)
		return ret;
	if (answer->policy_count) {
		signatures = kcalloc(answer->policy_count, sizeof(*signatures), GFP_KERNEL);
		if (!signatures)
			return -ENOMEM;
	}
	ret = check_grant(chip, round, &view, answer, token, signatures);
	if (!ret) {
		live = live_grant(round, &view, token);
		ret = live ? exchange(chip, round, live, answer, signatures) : -ENOMEM;
	}
	if (ret)
		bastion_grant_put(live);
	else
		note_kept(chip, round, &view.fixed);
	kfree_sensitive(signatures);
	memzero_explicit(token, sizeof(token));
	return ret;
}

/**
 * bastion_round_grant() - open the gate, if the grant says so
 * @chip:	the chip; the caller holds its ops
 * @owner:	whose round
 * @answer:	the verifier's
 *
 * Ends the round in any case.
 *
 * Return: 0 or as BASTION_IOC_GRANT says.
 */
int bastion_round_grant(struct bastion_chip *chip, const void *owner,
			const struct bastion_round_answer *answer)
{
	struct bastion_gate *gate = chip->gate;
	struct bastion_round *round;
	int ret;

	bastion_gate_lock_rounds(gate);
	round = current_round(gate, owner);
	if (IS_ERR(round)) {
		ret = PTR_ERR(round);
		goto out;
	}
	ret = round->quoted ? check_reset(gate) : -ESTALE;
	if (!ret)
		ret = accept_grant(chip, round, answer);
	end_round(chip);
out:
	trace_bastion_round(&chip->dev, BASTION_TRACE_GRANT, ret);
	bastion_gate_unlock_rounds(gate);
	return ret;
}

/**
 * bastion_round_end() - end the round of @owner, if it has one
 * @chip:	the chip; the caller does not hold its ops
 * @owner:	an open file that is being closed, or has had its try
 */
void bastion_round_end(struct bastion_chip *chip, const void *owner)
{
	struct bastion_gate *gate = chip->gate;
	bool gone = bastion_chip_get_ops(chip);

	bastion_gate_lock_rounds(gate);
	if (gate->round && gate->round->owner == owner)
		end_round(chip);
	bastion_gate_unlock_rounds(gate);
	if (!gone)
		bastion_chip_put_ops(chip);
}

/* Verifiers */

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

/*
 * Whatever was agreed under the old list is void. Locked first, so that no
 * grant is live while the list changes.
 */
static int measure_change(struct bastion_chip *chip, const char *event, const void *data,
			  size_t len)
{
	int ret = check_state(chip->gate);

	if (ret)
		return ret;
	ret = bastion_gate_relock(chip->gate, BASTION_REASON_VERIFIERS);
	if (ret)
		return ret;
	return bastion_measure_data(chip, 2, event, data, len);
}

/**
 * bastion_verifier_add() - register a grant key
 * @chip:	the chip; the caller holds its ops
 * @key:	P-384 point
 * @digest:	where the digest of its SubjectPublicKeyInfo is returned
 *
 * Return: 0 or as BASTION_IOC_VERIFIER_ADD says.
 */
int bastion_verifier_add(struct bastion_chip *chip, const u8 key[BASTION_POINT_SIZE],
			 u8 digest[BASTION_DIGEST_SIZE])
{
	struct bastion_gate *gate = chip->gate;
	struct bastion_verifier *verifier;
	int ret;

	ret = bastion_point_check(key);
	if (!ret)
		ret = bastion_verifier_digest(key, digest);
	if (ret)
		return ret;

	bastion_gate_lock_rounds(gate);
	mutex_lock(&gate->lock);
	if (bastion_gate_verifier(gate, digest))
		ret = -EEXIST;
	else if (gate->verifier_count == BASTION_VERIFIERS_MAX)
		ret = -ENOSPC;
	mutex_unlock(&gate->lock);
	if (!ret)
		ret = measure_change(chip, BASTION_EVENT_VERIFIER_ADD, key, BASTION_POINT_SIZE);
	if (!ret) {
		mutex_lock(&gate->lock);
		verifier = &gate->verifiers[gate->verifier_count++];
		memcpy(verifier->key, key, sizeof(verifier->key));
		memcpy(verifier->digest, digest, sizeof(verifier->digest));
		verifier->kept = 0;
		mutex_unlock(&gate->lock);
	}
	bastion_gate_unlock_rounds(gate);
	return ret;
}

/**
 * bastion_verifier_remove() - strike a grant key off the list
 * @chip:	the chip; the caller holds its ops
 * @digest:	of the key's SubjectPublicKeyInfo
 *
 * Return: 0 or as BASTION_IOC_VERIFIER_REMOVE says.
 */
int bastion_verifier_remove(struct bastion_chip *chip, const u8 digest[BASTION_DIGEST_SIZE])
{
	struct bastion_gate *gate = chip->gate;
	struct bastion_verifier *verifier;
	bool known;
	int ret;

	bastion_gate_lock_rounds(gate);
	mutex_lock(&gate->lock);
	known = bastion_gate_verifier(gate, digest);
	mutex_unlock(&gate->lock);
	ret = known ? measure_change(chip, BASTION_EVENT_VERIFIER_REMOVE, digest,
				     BASTION_DIGEST_SIZE) : -ENOKEY;
	if (!ret) {
		mutex_lock(&gate->lock);
		verifier = bastion_gate_verifier(gate, digest);
		*verifier = gate->verifiers[--gate->verifier_count];
		bastion_gate_wake(gate);
		mutex_unlock(&gate->lock);
	}
	bastion_gate_unlock_rounds(gate);
	return ret;
}

/**
 * bastion_verifier_list() - who is registered, and who waits for whom
 * @chip:	the chip
 * @list:	filled in
 */
void bastion_verifier_list(struct bastion_chip *chip, struct bastion_verifier_list *list)
{
	struct bastion_gate *gate = chip->gate;
	struct bastion_grant_live *grant;
	ktime_t now = ktime_get_boottime();
	u32 i;

	mutex_lock(&gate->lock);
	for (i = 0; i < gate->verifier_count; i++) {
		struct bastion_verifier_entry *entry = &list->entries[i];

		memcpy(entry->digest, gate->verifiers[i].digest, sizeof(entry->digest));
		entry->waiters = bastion_gate_waiters_for(gate, entry->digest);
		grant = bastion_gate_grant_of(gate, entry->digest);
		if (grant && ktime_before(now, grant->expires)) {
			entry->live = 1;
			entry->remaining_ms = ktime_ms_delta(grant->expires, now);
		}
	}
	list->count = gate->verifier_count;
	mutex_unlock(&gate->lock);
}
