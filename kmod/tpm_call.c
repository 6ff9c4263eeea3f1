// SPDX-License-Identifier: GPL-2.0
/*
 * One command to the TPM, and when it may be sent.
 *
 * Others use the TPM, too. Between bastion_tpm_enter() and _leave() nobody does, so
 * nothing that is loaded is there for others, and all that is loaded is flushed before
 * the end.
 */
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "tpm_internal.h"

/* How often, and after what pause, when the TPM has no room or no time. */
#define TRIES		50
#define PAUSE_MS	10

/* In a command's header, and in an answer's (part 1, 18.2) */
#define CODE_AT		6

struct aside {
	struct kthread_work work;
	struct bastion_tpm *t;
	bastion_tpm_fn fn;
	void *data;
	int ret;
};

static void call_aside(struct kthread_work *work)
{
	struct aside *aside = container_of(work, struct aside, work);
	unsigned int flags;

	/* The caller may hold the log, or rounds: bastion_log_lock(), bastion_gate_lock_rounds() */
	flags = memalloc_noio_save();
	aside->ret = aside->fn(aside->t, aside->data);
	memalloc_noio_restore(flags);
}

static bool is_worker(const struct bastion_tpm *t)
{
	return current == t->worker->task;
}

/**
 * bastion_tpm_aside() - call a function of the kernel's TPM driver
 * @t:		the TPM, locked
 * @fn:		what calls it
 * @data:	for @fn
 *
 * Some drivers wait in a way that a signal ends, for the TPM itself as for its answer, and give up
 * then. To the gate that is a TPM that does not answer, and locks it for all: nobody may do so by
 * sending himself a signal. A kernel thread is sent none; and what it takes, it gives back.
 *
 * Return: as @fn.
 */
int bastion_tpm_aside(struct bastion_tpm *t, bastion_tpm_fn fn, void *data)
{
	struct aside aside = { .t = t, .fn = fn, .data = data };

	if (is_worker(t))
		return fn(t, data);
	lockdep_assert_held(&t->lock);
	kthread_init_work(&aside.work, call_aside);
	kthread_queue_work(t->worker, &aside.work);
	kthread_flush_work(&aside.work);
	return aside.ret;
}

/**
 * bastion_tpm_errno_of() - what a function of the kernel's TPM driver says
 * @t:		the TPM
 * @error:	which is not 0: an error of the kernel's, or a response code
 *
 * Return: -EAGAIN or -ENOMEM when nothing was sent, or the TPM did nothing; -ENODEV; -ETIMEDOUT;
 * or -EIO.
 */
int bastion_tpm_errno_of(const struct bastion_tpm *t, int error)
{
	switch (error) {
	case -ENODEV:
		/* With a driver it may be had later, as when the system has slept. */
		return READ_ONCE(t->tpm->ops) ? -EAGAIN : -ENODEV;
	case -ENOMEM:
		return -ENOMEM;
	case -ETIME:
		return -ETIMEDOUT;
	default:
		return error > 0 && bastion_tpm_errno(error) == -EAGAIN ? -EAGAIN : -EIO;
	}
}

/* From within bastion_tpm_aside(), as bastion_tpm_leave(). Nothing was sent, whatever it says. */
int bastion_tpm_enter(struct bastion_tpm *t)
{
	lockdep_assert(is_worker(t));
	if (READ_ONCE(t->gone))
		return -ENODEV;
	return tpm_try_get_ops(t->tpm) ? bastion_tpm_errno_of(t, -ENODEV) : 0;
}

void bastion_tpm_leave(struct bastion_tpm *t)
{
	tpm_put_ops(t->tpm);
	memzero_explicit(t->buf.data, BASTION_TPM_COMMAND_MAX);
	memzero_explicit(t->params, BASTION_TPM_COMMAND_MAX);
}

/* The answer's length, as it says itself: what it says is held against what it has later. */
static size_t answer_len(const struct bastion_tpm *t)
{
	return min_t(size_t, get_unaligned_be32(t->buf.data + 2), BASTION_TPM_COMMAND_MAX);
}

static int transmit(struct bastion_tpm *t, struct bastion_tpm_call *call,
		    struct bastion_tpm_frame *frame)
{
	bool late;
	int ret, error;

	t->statistics.commands++;
	ret = tpm_transmit_cmd(t->tpm, &t->buf, 0, NULL);
	if (ret < 0) {
		/* It may have loaded something, or not have flushed it. */
		t->litter = true;
		/* A response code beyond those of TPMs may look like the kernel's error, but is in the answer. */
		late = ret == -ETIME && get_unaligned_be32(t->buf.data + CODE_AT) != (u32)ret;
		t->statistics.timeouts += late;
		return late ? -ETIMEDOUT : -EIO;
	}
	if (ret > 0) {
		t->statistics.refusals++;
		pr_debug("the TPM answers %s with 0x%03x\n", bastion_tpm_name(call->command), ret);
	}
	error = bastion_tpm_parse_frame(call->command, call->password || call->session,
					t->buf.data, answer_len(t), frame);
	t->litter |= !ret && error;
	return error;
}

/**
 * bastion_tpm_call() - send a command
 * @t:		the TPM, entered
 * @call:	the command; the answer goes there
 *
 * Return: 0, as bastion_tpm_errno(), -ETIMEDOUT, or -EIO the answer is none, or not
 * authentic.
 */
int bastion_tpm_call(struct bastion_tpm *t, struct bastion_tpm_call *call)
{
	struct bastion_tpm_writer params = { .data = t->params, .size = BASTION_TPM_COMMAND_MAX };
	struct bastion_tpm_writer w = { .data = t->buf.data, .size = BASTION_TPM_COMMAND_MAX };
	u8 nonce[BASTION_TPM_NONCE_SIZE], hmac[BASTION_TPM_DIGEST_SIZE];
	struct bastion_tpm_auth auth = { .session = BASTION_TPM_RS_PW };
	struct bastion_tpm_frame frame;
	int ret = 0;

	if (call->in)
		ret = bastion_tpm_put_params(&params, call->command, call->in);
	if (!ret && call->session) {
		ret = bastion_tpm_session_sign(call, params.data, params.len, nonce, hmac);
		auth = (struct bastion_tpm_auth){
			.session = call->session->handle,
			.nonce = nonce, .nonce_len = sizeof(nonce),
			.attributes = call->attributes,
			.hmac = hmac, .hmac_len = sizeof(hmac),
		};
	}
	if (!ret)
		ret = bastion_tpm_put_command(&w, call->command, call->handles,
					      call->password || call->session ? &auth : NULL,
					      params.data, params.len);
	if (!ret)
		ret = transmit(t, call, &frame);
	if (!ret && call->session)
		ret = bastion_tpm_session_check(call, &frame,
						t->buf.data + (frame.params - t->buf.data), nonce);
	if (ret)
		return ret;
	call->handle = frame.handle;
	ret = bastion_tpm_parse_params(call->command, frame.params, frame.params_len, call->out);
	if (ret && frame.handle)
		bastion_tpm_flush(t, frame.handle);
	return ret;
}

int bastion_tpm_flush(struct bastion_tpm *t, u32 handle)
{
	const struct bastion_tpm_field in = { .number = handle };
	struct bastion_tpm_call call = { .command = BASTION_TPM_FLUSH_CONTEXT, .in = &in };
	int ret = bastion_tpm_call(t, &call);

	t->litter |= ret && ret != -ENOENT;
	return ret;
}

/**
 * bastion_tpm_save() - have the TPM hand out what is loaded, encrypted
 * @t:		the TPM, entered
 * @handle:	of an object, which stays loaded, or a session, which does not
 * @context:	room for BASTION_TPM_CONTEXT_MAX
 * @len:	bytes there
 */
int bastion_tpm_save(struct bastion_tpm *t, u32 handle, u8 *context, size_t *len)
{
	struct bastion_tpm_call call = {
		.command = BASTION_TPM_CONTEXT_SAVE, .handles = { handle },
	};
	int ret = bastion_tpm_call(t, &call);

	if (!ret) {
		memcpy(context, call.out[0].data, call.out[0].len);
		*len = call.out[0].len;
	}
	return ret;
}

int bastion_tpm_restore(struct bastion_tpm *t, const u8 *context, size_t len, u32 *handle)
{
	const struct bastion_tpm_field in = { .data = context, .len = len };
	struct bastion_tpm_call call = { .command = BASTION_TPM_CONTEXT_LOAD, .in = &in };
	int ret = bastion_tpm_call(t, &call);

	*handle = call.handle;
	return ret;
}

/**
 * bastion_tpm_capability() - what the TPM can do or has (part 3, 30.2)
 * @t:		the TPM, entered
 * @capability:	BASTION_TPM_CAP_*
 * @property:	the first one, of
 * @count:	so many
 * @call:	filled in: field 0 is not 0 when there are more, field 2 a count and what they are
 *
 * Return: 0, or as bastion_tpm_call().
 */
int bastion_tpm_capability(struct bastion_tpm *t, u32 capability, u32 property, u32 count,
			   struct bastion_tpm_call *call)
{
	const struct bastion_tpm_field in[] = {
		{ .number = capability }, { .number = property }, { .number = count },
	};
	int ret;

	*call = (struct bastion_tpm_call){ .command = BASTION_TPM_GET_CAPABILITY, .in = in };
	ret = bastion_tpm_call(t, call);
	if (!ret && (call->out[1].number != capability || call->out[2].len < sizeof(u32)))
		ret = -EIO;
	return ret;
}

static void flush_loaded(struct bastion_tpm *t, u32 first)
{
	struct bastion_tpm_call call;
	u32 handles[8];
	size_t i, n;

	if (bastion_tpm_capability(t, BASTION_TPM_CAP_HANDLES, first, ARRAY_SIZE(handles), &call)) {
		t->litter = true;
		return;
	}
	t->litter |= call.out[0].number;
	n = min(call.out[2].len / sizeof(u32) - 1, ARRAY_SIZE(handles));
	/* The list is where the next answer will be. */
	for (i = 0; i < n; i++)
		handles[i] = get_unaligned_be32(call.out[2].data + (1 + i) * sizeof(u32));
	for (i = 0; i < n; i++)
		bastion_tpm_flush(t, handles[i]);
}

/*
 * A TPM has room for three objects and as many sessions. What is loaded when nobody else is at it
 * is ours, whether we have its handle or not: the resource manager leaves nothing there, nor does
 * the kernel but for a session that it is told to end.
 */
static void clean_up(struct bastion_tpm *t)
{
	t->litter = false;
	compat_tpm_end_auth_session(t->tpm);
	flush_loaded(t, BASTION_TPM_TRANSIENT);
	flush_loaded(t, BASTION_TPM_LOADED_SESSIONS);
}

int bastion_tpm_read_clock(struct bastion_tpm *t)
{
	struct bastion_tpm_call call = { .command = BASTION_TPM_READ_CLOCK };
	int ret = bastion_tpm_call(t, &call);

	if (!ret) {
		t->seen_resets = call.out[2].number;
		t->seen_restarts = call.out[3].number;
	}
	return ret;
}

struct pcr_read {
	u32 index;
	struct tpm_digest digest;
};

static int read_pcr(struct bastion_tpm *t, void *data)
{
	struct pcr_read *read = data;

	return tpm_pcr_read(t->tpm, read->index, &read->digest);
}

/* Not entered: the kernel's own function enters. */
int bastion_tpm_read_pcr(struct bastion_tpm *t, u32 index, u8 value[BASTION_TPM_DIGEST_SIZE])
{
	struct pcr_read read = { .index = index, .digest.alg_id = BASTION_TPM_ALG_SHA256 };
	int ret;

	if (READ_ONCE(t->gone))
		return -ENODEV;
	t->statistics.commands++;
	ret = bastion_tpm_aside(t, read_pcr, &read);
	if (ret)
		return bastion_tpm_errno_of(t, ret);
	memcpy(value, read.digest.digest, BASTION_TPM_DIGEST_SIZE);
	return 0;
}

/*
 * The TPM was started anew. Sessions and tickets are worth nothing then; when it kept its
 * PCRs, as over a sleep, that was all, and what was to be done can be done now. A reset (which a
 * sleep is none of: TPM 2.0 Library, part 1, 12.2.3) keeps none; what is in them then is
 * what somebody has put there, though it be the same.
 */
static int started_anew(struct bastion_tpm *t)
{
	u8 value[BASTION_TPM_DIGEST_SIZE];
	int ret;

	bastion_tpm_forget(t);
	if (t->seen_resets == t->resets && !t->lost) {
		/*
		 * What cannot be read just now is looked at again: nothing is done before that. But
		 * not for ever, while what was released lives on.
		 */
		ret = bastion_tpm_read_pcr(t, t->pcr, value);
		if (ret == -ENODEV)
			return ret;
		if (ret && ++t->unread < TRIES)
			return -EAGAIN;
		t->unread = 0;
		if (!ret && !memcmp(value, t->value, sizeof(value))) {
			t->restarts = t->seen_restarts;
			return -EAGAIN;
		}
	}
	/* It has no sessions left. One in which nobody has been before us may yet come. */
	bastion_tpm_forget_session(t);
	t->unread = 0;
	t->resets = t->seen_resets;
	t->restarts = t->seen_restarts;
	t->lost = true;
	t->statistics.resets++;
	atomic_inc(&t->generation);
	bastion_chip_was_reset(t->chip);
	return -ESTALE;
}

struct run {
	bastion_tpm_fn fn;
	void *data;
};

static int run_once(struct bastion_tpm *t, void *data)
{
	const struct run *run = data;
	bool anew = false;
	int ret;

	ret = bastion_tpm_enter(t);
	if (ret)
		return ret;
	ret = bastion_tpm_read_clock(t);
	if (!ret)
		anew = t->seen_resets != t->resets || t->seen_restarts != t->restarts;
	if (!ret && t->lost && !anew)
		ret = -EIO;
	if (!ret && !anew && t->litter)
		clean_up(t);
	if (!ret && !anew && run->fn)
		ret = run->fn(t, run->data);
	bastion_tpm_leave(t);
	if (!ret && anew)
		ret = started_anew(t);
	return ret;
}

/**
 * bastion_tpm_insist() - bastion_tpm_aside(), again and again for half a second
 * @t:		the TPM
 * @fn:		called anew when it says -EAGAIN
 * @data:	for @fn
 *
 * Return: as @fn.
 */
int bastion_tpm_insist(struct bastion_tpm *t, bastion_tpm_fn fn, void *data)
{
	unsigned int tries = 0;
	int ret;

	for (;;) {
		mutex_lock(&t->lock);
		ret = bastion_tpm_aside(t, fn, data);
		mutex_unlock(&t->lock);
		if (ret != -EAGAIN || ++tries == TRIES)
			return ret;
		msleep(PAUSE_MS);
	}
}

/**
 * bastion_tpm_run() - use the TPM
 * @t:		the TPM
 * @fn:		sends commands, flushes what it loads, and may be called again when it says
 *		-EAGAIN; NULL: just see whether the TPM is what it was
 * @data:	for @fn
 *
 * Context: process; waits for others who use the TPM.
 * Return: what @fn does; -ENODEV; -EAGAIN no room or no time in the TPM, for half a second;
 * -ESTALE it was started anew, -EIO and the gate has not dealt with that yet.
 */
int bastion_tpm_run(struct bastion_tpm *t, bastion_tpm_fn fn, void *data)
{
	struct run run = { .fn = fn, .data = data };
	int ret = bastion_tpm_insist(t, run_once, &run);

	if (ret == -EAGAIN)
		dev_err_ratelimited(&t->chip->dev,
				    "the TPM has no room or no time: who else uses it, or is it locked out?\n");
	return ret == -ENOENT ? -EIO : ret;
}
