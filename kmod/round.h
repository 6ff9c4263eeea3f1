/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A round: from the nonces to the grant. Documentation/protocol.rst.
 */
#ifndef _BASTION_ROUND_CORE_H
#define _BASTION_ROUND_CORE_H

#include "chip.h"
#include "gate.h"

/**
 * struct bastion_round - a round in progress
 * @owner:	the open file it belongs to; an identity, never dereferenced
 * @dead:	what it was built on has changed; under gate->lock
 * @dirty:	registers extended since the quote; under gate->lock
 * @quoted:	its nonce has been used
 * @deadline:	CLOCK_BOOTTIME
 * @verifier:	whose grant it is for, by digest
 * @key:	and by key
 * @kernel_nonce: ours
 * @chip_nonce:	the chip's, @chip_nonce_len bytes, zero padded
 * @chip_nonce_len: bytes
 * @qualifying:	what the chip signed
 * @registers:	all of them, as they were when it signed
 * @log_count:	likewise
 * @log_aggregate: likewise
 *
 * Everything without another lock is protected by gate->round_lock.
 */
struct bastion_round {
	const void *owner;
	bool dead;
	u32 dirty;
	bool quoted;
	ktime_t deadline;
	u8 verifier[BASTION_DIGEST_SIZE];
	u8 key[BASTION_POINT_SIZE];
	u8 kernel_nonce[BASTION_KERNEL_NONCE_SIZE];
	u8 chip_nonce[BASTION_NONCE_MAX];
	u32 chip_nonce_len;
	u8 qualifying[BASTION_DIGEST_SIZE];
	u8 registers[BASTION_MR_COUNT][BASTION_DIGEST_SIZE];
	u64 log_count;
	u8 log_aggregate[BASTION_DIGEST_SIZE];
};

/**
 * struct bastion_round_answer - what a verifier answered with
 * @grant:	the grant
 * @len:	bytes at @grant
 * @token:	the token, encrypted to the boot key, BASTION_SEALED_TOKEN_SIZE bytes
 * @policies:	the policy signatures, likewise; for chips that want them
 * @policy_count: of them, at most BASTION_GRANT_ENTRIES_MAX; BASTION_SEALED_POLICIES_SIZE()
 *		of it are at @policies, unless it is 0
 */
struct bastion_round_answer {
	const u8 *grant;
	size_t len;
	const u8 *token;
	const u8 *policies;
	size_t policy_count;
};

int bastion_round_begin(struct bastion_chip *chip, const void *owner,
			struct bastion_round_begin *args);
ssize_t bastion_round_quote(struct bastion_chip *chip, const void *owner,
			    struct bastion_quote *args, u8 *quote, size_t size);
int bastion_round_grant(struct bastion_chip *chip, const void *owner,
			const struct bastion_round_answer *answer);
void bastion_round_end(struct bastion_chip *chip, const void *owner);

int bastion_verifier_add(struct bastion_chip *chip, const u8 key[BASTION_POINT_SIZE],
			 u8 digest[BASTION_DIGEST_SIZE]);
int bastion_verifier_remove(struct bastion_chip *chip, const u8 digest[BASTION_DIGEST_SIZE]);
void bastion_verifier_list(struct bastion_chip *chip, struct bastion_verifier_list *list);

#endif
