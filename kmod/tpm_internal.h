/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between tpm.c (the chip), tpm_grant.c (grants), tpm_seal.c (what is sealed),
 * tpm_session.c and tpm_call.c (commands).
 */
#ifndef _BASTION_TPM_INTERNAL_H
#define _BASTION_TPM_INTERNAL_H

#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/tpm.h>
#include <linux/workqueue.h>

#include "chip.h"
#include "tpm_marshal.h"
#include "tpm_public.h"

#define BASTION_TPM_NONCE_SIZE	BASTION_TPM_DIGEST_SIZE

/**
 * struct bastion_tpm_session - an authorisation session, loaded
 * @handle:	the TPM's
 * @key:	its key; only of a salted one
 * @nonce:	the TPM's last one
 */
struct bastion_tpm_session {
	u32 handle;
	u8 key[BASTION_TPM_DIGEST_SIZE];
	u8 nonce[BASTION_TPM_NONCE_SIZE];
};

/**
 * struct bastion_tpm_call - one command
 * @command:	which
 * @handles:	as many as it takes
 * @in:		its parameters, if it has any
 * @password:	handle 0 is authorised by an empty password
 * @session:	or by this salted session
 * @attributes:	of @session: BASTION_TPM_SA_*
 * @name:	with @session: of what handle 0 is
 * @handle:	the answer's
 * @out:	the answer's parameters, until the next call
 */
struct bastion_tpm_call {
	enum bastion_tpm_command command;
	u32 handles[2];
	const struct bastion_tpm_field *in;
	bool password;
	struct bastion_tpm_session *session;
	u8 attributes;
	const u8 *name;
	u32 handle;
	struct bastion_tpm_field out[BASTION_TPM_FIELDS_MAX];
};

/* A ticket for what is sealed under @policy (TPMT_TK_AUTH and TPM2B_TIMEOUT) */
struct bastion_tpm_ticket {
	u8 policy[BASTION_DIGEST_SIZE];
	u8 timeout[16];
	size_t timeout_len;
	u64 tag, hierarchy;
	u8 digest[BASTION_TPM_DIGEST_MAX];
	size_t digest_len;
};

/**
 * struct bastion_tpm_grant - a grant that is live
 * @list:	in bastion_tpm.grants
 * @token_hash:	of the token that gated commands bring
 * @verifier:	digest of its key
 * @name:	and the TPM's name of it
 * @expires:	CLOCK_BOOTTIME
 * @register_mask: it ends when one of these is extended
 * @entries:	what it allows
 * @entry_count: of them
 * @ticket_count: of @tickets
 * @tickets:	one for each policy that it releases
 */
struct bastion_tpm_grant {
	struct list_head list;
	u8 token_hash[BASTION_DIGEST_SIZE];
	u8 verifier[BASTION_DIGEST_SIZE];
	u8 name[BASTION_TPM_NAME_SIZE];
	ktime_t expires;
	u32 register_mask;
	struct bastion_grant_entry *entries;
	u32 entry_count;
	u32 ticket_count;
	struct bastion_tpm_ticket tickets[];
};

/**
 * struct bastion_tpm - a TPM as a chip
 * @tpm:	the kernel's, with a reference
 * @chip:	over it
 * @generation:	see bastion_chip_ops
 * @admitted:	the last one acknowledged: the TPM of another is of no use yet
 * @gone:	no more commands
 * @worker:	sends them, for the holder of @lock
 * @lock:	protects what follows; innermost but for the TPM driver's own, held across
 *		commands
 * @tested:	the PCR has been looked at
 * @lost:	the TPM was reset, and the gate has not dealt with it yet
 * @litter:	something of ours may be loaded that nobody knows the handle of
 * @unread:	how often the PCR could not be read in a row, the TPM having slept
 * @resets:	TPM resets since the TPM was made, as the gate knows them
 * @restarts:	TPM restarts and resumes since the last reset, likewise
 * @seen_resets: as the TPM said last
 * @seen_restarts: likewise
 * @info:	what never changes
 * @pcr:	that everything is extended into
 * @storage:	handle of a persistent storage key; 0: none, and @storage_context is ours
 * @storage_context: a saved context of the storage key that we made
 * @storage_context_len: bytes
 * @storage_name: of the storage key
 * @storage_point: x || y
 * @registers:	computed here, from what was extended
 * @value:	what the SHA-256 bank's PCR must be after all that
 * @drawn:	the session's nonce is that of the round; else it is to be flushed
 * @session_context: a policy session of a round's, saved
 * @session_context_len: bytes; 0: there is none
 * @session_nonce: its nonceTPM
 * @session_start: when it was made, CLOCK_BOOTTIME
 * @grants:	those that are live
 * @expiry:	drops those whose time is over
 * @buf:	a command or its answer; wiped after each use of the TPM
 * @params:	a command's parameters in the making; likewise
 * @statistics:	for sysfs; read without the lock
 */
struct bastion_tpm {
	struct tpm_chip *tpm;
	struct bastion_chip *chip;
	atomic_t generation;
	u32 admitted;
	bool gone;
	struct kthread_worker *worker;
	struct mutex lock;
	bool tested;
	bool lost;
	bool litter;
	unsigned int unread;
	u32 resets, restarts;
	u32 seen_resets, seen_restarts;
	struct bastion_chip_info info;
	u32 pcr;
	u32 storage;
	u8 *storage_context;
	size_t storage_context_len;
	u8 storage_name[BASTION_TPM_NAME_SIZE];
	u8 storage_point[2 * BASTION_TPM_COORDINATE_SIZE];
	u8 registers[BASTION_MR_COUNT][BASTION_DIGEST_SIZE];
	u8 value[BASTION_TPM_DIGEST_SIZE];
	bool drawn;
	u8 *session_context;
	size_t session_context_len;
	u8 session_nonce[BASTION_TPM_NONCE_SIZE];
	ktime_t session_start;
	struct list_head grants;
	struct delayed_work expiry;
	struct tpm_buf buf;
	u8 *params;
	struct bastion_chip_statistics statistics;
};

/* tpm_call.c */
typedef int (*bastion_tpm_fn)(struct bastion_tpm *t, void *data);
int bastion_tpm_aside(struct bastion_tpm *t, bastion_tpm_fn fn, void *data);
int bastion_tpm_errno_of(const struct bastion_tpm *t, int error);
int bastion_tpm_enter(struct bastion_tpm *t);
void bastion_tpm_leave(struct bastion_tpm *t);
int bastion_tpm_call(struct bastion_tpm *t, struct bastion_tpm_call *call);
int bastion_tpm_flush(struct bastion_tpm *t, u32 handle);
int bastion_tpm_save(struct bastion_tpm *t, u32 handle, u8 *context, size_t *len);
int bastion_tpm_restore(struct bastion_tpm *t, const u8 *context, size_t len, u32 *handle);
int bastion_tpm_capability(struct bastion_tpm *t, u32 capability, u32 property, u32 count,
			   struct bastion_tpm_call *call);
int bastion_tpm_read_clock(struct bastion_tpm *t);
int bastion_tpm_insist(struct bastion_tpm *t, bastion_tpm_fn fn, void *data);
int bastion_tpm_run(struct bastion_tpm *t, bastion_tpm_fn fn, void *data);
int bastion_tpm_read_pcr(struct bastion_tpm *t, u32 index, u8 value[BASTION_TPM_DIGEST_SIZE]);

/* tpm_session.c */
int bastion_tpm_session_start(struct bastion_tpm *t, u8 type, u32 storage,
			      struct bastion_tpm_session *session);
int bastion_tpm_session_sign(struct bastion_tpm_call *call, u8 *params, size_t len,
			     u8 nonce[BASTION_TPM_NONCE_SIZE], u8 hmac[BASTION_TPM_DIGEST_SIZE]);
int bastion_tpm_session_check(struct bastion_tpm_call *call, struct bastion_tpm_frame *frame,
			      u8 *params, const u8 nonce[BASTION_TPM_NONCE_SIZE]);

/* tpm_grant.c */
int bastion_tpm_name_of(const u8 *public, size_t len, u8 name[BASTION_TPM_NAME_SIZE]);
int bastion_tpm_policy_ref(const u8 policy[BASTION_DIGEST_SIZE], u8 ref[BASTION_TPM_DIGEST_SIZE]);
void bastion_tpm_grants_init(struct bastion_tpm *t);
void bastion_tpm_grants_exit(struct bastion_tpm *t);
void bastion_tpm_forget(struct bastion_tpm *t);
void bastion_tpm_forget_register(struct bastion_tpm *t, u32 index);
void bastion_tpm_forget_session(struct bastion_tpm *t);
struct bastion_tpm_grant *bastion_tpm_find_grant(struct bastion_tpm *t,
						 const u8 token[BASTION_TOKEN_SIZE]);
const struct bastion_tpm_ticket *
bastion_tpm_find_ticket(const struct bastion_tpm_grant *grant,
			const u8 policy[BASTION_DIGEST_SIZE]);
int bastion_tpm_nonce(struct bastion_chip *chip, u8 nonce[BASTION_NONCE_MAX]);
void bastion_tpm_forget_nonce(struct bastion_chip *chip);
int bastion_tpm_grant(struct bastion_chip *chip, const u8 key[BASTION_POINT_SIZE],
		      const u8 *grant, size_t len,
		      const struct bastion_policy_signature *signatures, size_t count);
int bastion_tpm_relock(struct bastion_chip *chip);

/* tpm_seal.c */
ssize_t bastion_tpm_seal(struct bastion_chip *chip, const u8 token[BASTION_TOKEN_SIZE],
			 const struct bastion_blob_header *want, const u8 *secret, u8 *blob,
			 size_t size);
ssize_t bastion_tpm_unseal(struct bastion_chip *chip, const u8 token[BASTION_TOKEN_SIZE],
			   u32 owner, u32 type, const u8 executable[BASTION_EXE_SIZE],
			   const u8 *blob, size_t len, u8 *secret, size_t size);

/* tpm.c */
int bastion_tpm_mr_read(struct bastion_chip *chip, u32 mask, u8 (*values)[BASTION_DIGEST_SIZE]);

static inline struct bastion_tpm *bastion_tpm_of(struct bastion_chip *chip)
{
	return chip->priv;
}

#endif
