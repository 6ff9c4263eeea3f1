// SPDX-License-Identifier: GPL-2.0
/*
 * Grants in a TPM (round.h).
 *
 * The TPM believes the verifier's signature once, over the nonce that it gave to a session,
 * and gives a ticket for it, which it believes until it ends.
 */
#include <crypto/algapi.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "crypto.h"
#include "gate.h"
#include "grant_parse.h"
#include "tpm_internal.h"

#define PART(data, size)	{ .iov_base = (void *)(data), .iov_len = (size) }

/**
 * bastion_tpm_name_of() - the name of an object (TPM 2.0 Library, part 1, 16)
 * @public:	its public area, of which the name algorithm is SHA-256
 * @len:	bytes at @public
 * @name:	out
 *
 * Return: 0 or an error of the kernel's crypto.
 */
int bastion_tpm_name_of(const u8 *public, size_t len, u8 name[BASTION_TPM_NAME_SIZE])
{
	const struct kvec part = PART(public, len);

	put_unaligned_be16(BASTION_TPM_ALG_SHA256, name);
	return bastion_hash(BASTION_SHA256, &part, 1, name + 2);
}

/* What stands for a policy reference in a TPM (round.h, blob.h) */
int bastion_tpm_policy_ref(const u8 policy[BASTION_DIGEST_SIZE], u8 ref[BASTION_TPM_DIGEST_SIZE])
{
	const struct kvec part = PART(policy, BASTION_DIGEST_SIZE);

	return bastion_hash(BASTION_SHA256, &part, 1, ref);
}

/* Nonces */

/** bastion_tpm_forget_session() - the nonce's, which is gone: its handle may be another program's */
void bastion_tpm_forget_session(struct bastion_tpm *t)
{
	t->session_context_len = 0;
	t->drawn = false;
}

/*
 * When the TPM has no time for it, or does not answer, it is tried again next time. It may be gone by
 * then, and its handle another program's: the context is nobody else's, and is not taken any more.
 */
static int flush_session(struct bastion_tpm *t)
{
	u32 session;
	int ret;

	t->drawn = false;
	if (!t->session_context_len)
		return 0;
	ret = bastion_tpm_restore(t, t->session_context, t->session_context_len, &session) ?:
	      bastion_tpm_flush(t, session);
	if (ret == -EAGAIN || ret == -ETIMEDOUT || ret == -EIO)
		return ret;
	bastion_tpm_forget_session(t);
	return 0;
}

static int draw(struct bastion_tpm *t, void *data)
{
	struct bastion_tpm_session session = {};
	ktime_t start;
	int ret;

	ret = flush_session(t);
	if (ret)
		return ret;
	/* The TPM's begins later, and so do its tickets end. */
	start = ktime_get_boottime();
	ret = bastion_tpm_session_start(t, BASTION_TPM_SE_POLICY, BASTION_TPM_RH_NULL, &session);
	if (ret)
		return ret;
	ret = bastion_tpm_save(t, session.handle, t->session_context, &t->session_context_len);
	if (ret) {
		bastion_tpm_flush(t, session.handle);
		return ret;
	}
	t->drawn = true;
	t->session_start = start;
	memcpy(t->session_nonce, session.nonce, sizeof(session.nonce));
	memcpy(data, session.nonce, sizeof(session.nonce));
	return 0;
}

int bastion_tpm_nonce(struct bastion_chip *chip, u8 nonce[BASTION_NONCE_MAX])
{
	int ret;

	memset(nonce, 0, BASTION_NONCE_MAX);
	ret = bastion_tpm_run(bastion_tpm_of(chip), draw, nonce);
	return ret ?: BASTION_TPM_NONCE_SIZE;
}

/* Grants */

static void free_grant(struct bastion_tpm_grant *grant)
{
	if (!grant)
		return;
	kfree(grant->entries);
	kfree_sensitive(grant);
}

static void drop_grant(struct bastion_tpm_grant *grant)
{
	list_del(&grant->list);
	free_grant(grant);
}

/**
 * bastion_tpm_forget() - every ticket, and the nonce
 * @t:		the TPM, locked
 *
 * The TPM itself is not asked: it cannot take back a ticket. The nonce's session is flushed later.
 */
void bastion_tpm_forget(struct bastion_tpm *t)
{
	struct bastion_tpm_grant *grant, *next;

	/* Not necessarily by this task: see bastion_tpm_aside(). */
	lockdep_assert(mutex_is_locked(&t->lock));
	list_for_each_entry_safe(grant, next, &t->grants, list)
		drop_grant(grant);
	t->drawn = false;
	memzero_explicit(t->session_nonce, sizeof(t->session_nonce));
}

/**
 * bastion_tpm_forget_register() - every ticket of a grant that ends with a register
 * @t:		the TPM, locked
 * @index:	the register, which is not what it was
 */
void bastion_tpm_forget_register(struct bastion_tpm *t, u32 index)
{
	struct bastion_tpm_grant *grant, *next;

	lockdep_assert_held(&t->lock);
	list_for_each_entry_safe(grant, next, &t->grants, list)
		if (grant->register_mask & BIT(index))
			drop_grant(grant);
}

static void drop_expired(struct bastion_tpm *t)
{
	struct bastion_tpm_grant *grant, *next;
	ktime_t now = ktime_get_boottime();

	list_for_each_entry_safe(grant, next, &t->grants, list)
		if (ktime_compare(now, grant->expires) >= 0)
			drop_grant(grant);
}

/* Jiffies do not count while the system sleeps; but no grant is left when it does. */
static void arm_expiry(struct bastion_tpm *t)
{
	struct bastion_tpm_grant *grant;
	ktime_t first = KTIME_MAX;
	s64 left;

	list_for_each_entry(grant, &t->grants, list)
		first = min(first, grant->expires);
	if (first == KTIME_MAX)
		return;
	left = max_t(s64, ktime_ms_delta(first, ktime_get_boottime()), 0);
	mod_delayed_work(bastion_gate_workqueue(), &t->expiry, msecs_to_jiffies(left) + 1);
}

/* The TPM believes a ticket for longer than its grant lasts: it does not stay until somebody asks for it. */
static void expiry_work(struct work_struct *work)
{
	struct bastion_tpm *t = container_of(work, struct bastion_tpm, expiry.work);

	mutex_lock(&t->lock);
	drop_expired(t);
	arm_expiry(t);
	mutex_unlock(&t->lock);
}

void bastion_tpm_grants_init(struct bastion_tpm *t)
{
	INIT_LIST_HEAD(&t->grants);
	INIT_DELAYED_WORK(&t->expiry, expiry_work);
}

/* Nobody gives it any more; not with @t locked. */
void bastion_tpm_grants_exit(struct bastion_tpm *t)
{
	cancel_delayed_work_sync(&t->expiry);
}

static int end_session(struct bastion_tpm *t, void *data)
{
	/* Another round may have begun. */
	return t->drawn ? 0 : flush_session(t);
}

/*
 * A saved session that stays is a hindrance to others: the TPM saves contexts of sessions only until
 * their count has gone once round since the oldest of them (part 1, 30.5, TPM_RC_CONTEXT_GAP). What
 * cannot be flushed now is before the next one is made.
 */
void bastion_tpm_forget_nonce(struct bastion_chip *chip)
{
	struct bastion_tpm *t = bastion_tpm_of(chip);
	bool saved;

	mutex_lock(&t->lock);
	t->drawn = false;
	memzero_explicit(t->session_nonce, sizeof(t->session_nonce));
	saved = t->session_context_len;
	mutex_unlock(&t->lock);
	if (saved)
		bastion_tpm_run(t, end_session, NULL);
}

int bastion_tpm_relock(struct bastion_chip *chip)
{
	struct bastion_tpm *t = bastion_tpm_of(chip);
	int ret;

	mutex_lock(&t->lock);
	bastion_tpm_forget(t);
	mutex_unlock(&t->lock);
	ret = bastion_tpm_run(t, end_session, NULL);
	/* Nothing is left to be dropped in a TPM that was started anew, or has no time. */
	return ret == -ESTALE || ret == -EAGAIN ? 0 : ret;
}

/* Was @policy released by an entry before number @end? */
static bool named_before(const struct bastion_grant_entry *entries, u32 end, const u8 *policy)
{
	u32 i;

	for (i = 0; i < end; i++)
		if (le32_to_cpu(entries[i].kind) == BASTION_GRANT_RELEASE &&
		    !memcmp(entries[i].policy, policy, BASTION_DIGEST_SIZE))
			return true;
	return false;
}

/* One signature a released policy, in order, and nothing else. */
static int check_signatures(const struct bastion_grant_view *view,
			    const struct bastion_policy_signature *signatures, size_t count)
{
	size_t used = 0;
	u32 i, seconds;

	for (i = 0; i < view->count; i++) {
		const struct bastion_grant_entry *entry = &view->entries[i];

		if (le32_to_cpu(entry->kind) != BASTION_GRANT_RELEASE ||
		    named_before(view->entries, i, entry->policy))
			continue;
		if (used == count || signatures[used].reserved ||
		    memcmp(signatures[used].policy, entry->policy, BASTION_DIGEST_SIZE))
			return -EKEYREJECTED;
		seconds = le32_to_cpu(signatures[used++].seconds);
		if (!seconds || seconds > BASTION_POLICY_SECONDS_MAX)
			return -EKEYREJECTED;
	}
	return used == count ? 0 : -EKEYREJECTED;
}

/**
 * struct acceptance - a grant that is being accepted
 * @key:	of the verifier
 * @signatures:	that came with it
 * @grant:	what becomes of it
 */
struct acceptance {
	const u8 *key;
	const struct bastion_policy_signature *signatures;
	struct bastion_tpm_grant *grant;
};

static int load_verifier(struct bastion_tpm *t, const struct acceptance *a, u32 *handle)
{
	u8 public[128];
	struct bastion_tpm_writer w = { .data = public, .size = sizeof(public) };
	struct bastion_tpm_field in[] = {
		{ }, { .data = public }, { .number = BASTION_TPM_RH_OWNER },
	};
	struct bastion_tpm_call call = { .command = BASTION_TPM_LOAD_EXTERNAL, .in = in };
	int ret;

	bastion_tpm_put_verifier(&w, a->key);
	in[1].len = w.len;
	ret = bastion_tpm_name_of(public, w.len, a->grant->name);
	if (!ret)
		ret = bastion_tpm_call(t, &call);
	if (ret)
		return ret;
	*handle = call.handle;
	if (call.out[0].len == BASTION_TPM_NAME_SIZE &&
	    !memcmp(call.out[0].data, a->grant->name, BASTION_TPM_NAME_SIZE))
		return 0;
	bastion_tpm_flush(t, *handle);
	return -EIO;
}

static int get_ticket(struct bastion_tpm *t, u32 verifier, u32 session,
		      const struct bastion_policy_signature *signature,
		      struct bastion_tpm_ticket *ticket)
{
	const size_t half = BASTION_SIGNATURE_SIZE / 2;
	u8 ref[BASTION_TPM_DIGEST_SIZE];
	const struct bastion_tpm_field in[] = {
		{ .data = t->session_nonce, .len = sizeof(t->session_nonce) }, { },
		{ .data = ref, .len = sizeof(ref) },
		{ .number = (u32)-le32_to_cpu(signature->seconds) },
		{ .number = BASTION_TPM_ALG_ECDSA }, { .number = BASTION_TPM_ALG_SHA256 },
		{ .data = signature->signature, .len = half },
		{ .data = signature->signature + half, .len = half },
	};
	struct bastion_tpm_call call = {
		.command = BASTION_TPM_POLICY_SIGNED, .handles = { verifier, session }, .in = in,
	};
	int ret;

	ret = bastion_tpm_policy_ref(signature->policy, ref);
	if (!ret)
		ret = bastion_tpm_call(t, &call);
	if (ret)
		return ret;
	/* A TPM that gives an empty ticket gives none. */
	if (call.out[0].len > sizeof(ticket->timeout) || !call.out[3].len)
		return -EIO;
	memcpy(ticket->policy, signature->policy, sizeof(ticket->policy));
	memcpy(ticket->timeout, call.out[0].data, call.out[0].len);
	ticket->timeout_len = call.out[0].len;
	ticket->tag = call.out[1].number;
	ticket->hierarchy = call.out[2].number;
	memcpy(ticket->digest, call.out[3].data, call.out[3].len);
	ticket->digest_len = call.out[3].len;
	return 0;
}

static int get_tickets(struct bastion_tpm *t, const struct acceptance *a, u32 verifier)
{
	u32 session, i;
	int ret;

	ret = bastion_tpm_restore(t, t->session_context, t->session_context_len, &session);
	if (ret)
		return ret == -ENOENT || ret == -EBADMSG ? -ESTALE : ret;
	for (i = 0; !ret && i < a->grant->ticket_count; i++)
		ret = get_ticket(t, verifier, session, &a->signatures[i], &a->grant->tickets[i]);
	/* If it stays it is loaded, and litter: its handle is another's when that is gone. */
	bastion_tpm_flush(t, session);
	bastion_tpm_forget_session(t);
	/* It cannot be had a second time. */
	return ret == -EAGAIN ? -ETIMEDOUT : ret;
}

static int accept(struct bastion_tpm *t, void *data)
{
	struct acceptance *a = data;
	struct bastion_tpm_grant *old, *next;
	u32 verifier;
	int ret;

	if (!t->drawn)
		return -ESTALE;
	ret = load_verifier(t, a, &verifier);
	if (ret)
		return ret;
	ret = get_tickets(t, a, verifier);
	bastion_tpm_flush(t, verifier);
	if (ret)
		return ret;
	list_for_each_entry_safe(old, next, &t->grants, list)
		if (!memcmp(old->verifier, a->grant->verifier, BASTION_DIGEST_SIZE))
			drop_grant(old);
	list_add_tail(&a->grant->list, &t->grants);
	arm_expiry(t);
	return 0;
}

static struct bastion_tpm_grant *new_grant(const struct bastion_grant_view *view, size_t count)
{
	struct bastion_tpm_grant *grant = kzalloc(struct_size(grant, tickets, count), GFP_KERNEL);

	if (!grant)
		return NULL;
	grant->entries = kmemdup(view->entries, view->count * sizeof(*view->entries), GFP_KERNEL);
	if (!grant->entries) {
		kfree(grant);
		return NULL;
	}
	grant->entry_count = view->count;
	grant->ticket_count = count;
	grant->register_mask = le32_to_cpu(view->fixed.register_mask);
	memcpy(grant->token_hash, view->fixed.token_hash, sizeof(grant->token_hash));
	memcpy(grant->verifier, view->fixed.verifier, sizeof(grant->verifier));
	return grant;
}

/* Until when the tickets will be good; one second is lost to rounding. */
static ktime_t tickets_end(const struct bastion_tpm *t,
			   const struct bastion_policy_signature *signatures, size_t count)
{
	u32 seconds = BASTION_POLICY_SECONDS_MAX;
	size_t i;

	for (i = 0; i < count; i++)
		seconds = min(seconds, le32_to_cpu(signatures[i].seconds));
	/* Rounds are one at a time: nobody draws another nonce meanwhile. */
	return ktime_add_ms(t->session_start, (seconds - 1) * MSEC_PER_SEC);
}

int bastion_tpm_grant(struct bastion_chip *chip, const u8 key[BASTION_POINT_SIZE],
		      const u8 *grant, size_t len,
		      const struct bastion_policy_signature *signatures, size_t count)
{
	struct acceptance a = { .key = key, .signatures = signatures };
	struct bastion_tpm *t = bastion_tpm_of(chip);
	struct bastion_grant_view view;
	ktime_t now = ktime_get_boottime(), end = 0;
	int ret;

	ret = bastion_grant_parse(grant, len, &view);
	if (!ret)
		ret = check_signatures(&view, signatures, count);
	if (ret)
		return ret;
	a.grant = new_grant(&view, count);
	if (!a.grant)
		return -ENOMEM;
	a.grant->expires = ktime_add_ms(now, (u64)le32_to_cpu(view.fixed.lifetime) * MSEC_PER_SEC);
	if (count) {
		end = tickets_end(t, signatures, count);
		a.grant->expires = min(a.grant->expires, end);
	}
	ret = bastion_tpm_run(t, accept, &a);
	if (ret) {
		free_grant(a.grant);
		return ret;
	}
	if (!count)
		return 0;
	/* Only now: the TPM takes its time, of which the tickets know nothing. */
	ret = ktime_divns(ktime_sub(end, ktime_get_boottime()), NSEC_PER_SEC);
	return ret > 0 ? ret : -EKEYREJECTED;
}

/**
 * bastion_tpm_find_grant() - the live grant whose token this is
 * @t:		the TPM, locked
 * @token:	the token
 *
 * Return: the grant, while @t is locked; or an ERR_PTR: -EKEYREVOKED there is none.
 */
struct bastion_tpm_grant *bastion_tpm_find_grant(struct bastion_tpm *t,
						 const u8 token[BASTION_TOKEN_SIZE])
{
	const struct kvec part = PART(token, BASTION_TOKEN_SIZE);
	struct bastion_tpm_grant *grant;
	u8 hash[BASTION_DIGEST_SIZE];
	int ret;

	ret = bastion_hash(BASTION_SHA384, &part, 1, hash);
	if (ret)
		return ERR_PTR(ret);
	drop_expired(t);
	list_for_each_entry(grant, &t->grants, list)
		if (!crypto_memneq(grant->token_hash, hash, sizeof(hash)))
			return grant;
	return ERR_PTR(-EKEYREVOKED);
}

const struct bastion_tpm_ticket *
bastion_tpm_find_ticket(const struct bastion_tpm_grant *grant,
			const u8 policy[BASTION_DIGEST_SIZE])
{
	u32 i;

	for (i = 0; i < grant->ticket_count; i++)
		if (!memcmp(grant->tickets[i].policy, policy, BASTION_DIGEST_SIZE))
			return &grant->tickets[i];
	return NULL;
}
