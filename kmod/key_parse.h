/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading what user space adds a key of type bastion with.
 *
 *	new LENGTH verifier=HEX policy=LABEL [OPTION...]
 *	load HEX
 *
 * One space between words and an optional newline at the end, nothing else.
 * Options, each at most once, in any order:
 *
 *	verifier=HEX		SHA-384 of the grant key's SubjectPublicKeyInfo
 *	policy=LABEL		[a-z0-9._-]{1,64}
 *	owner=UID		decimal
 *	types=TYPE[,TYPE...]	logon, fscrypt, user
 *	exe=sha256:HEX		the only executable it goes to
 *	registers=MASK		decimal or 0x...; never 3 or 4
 *
 * Pure: bytes in, verdict out. Also compiled in user space, for its tests.
 */
#ifndef _BASTION_KEY_PARSE_H
#define _BASTION_KEY_PARSE_H

#include <linux/types.h>

#include <bastion/blob.h>
#include <bastion/round.h>

enum bastion_key_verb {
	BASTION_KEY_NEW,	/* a new secret, made in the chip */
	BASTION_KEY_LOAD	/* a blob that exists */
};

/**
 * struct bastion_key_args - what was asked for
 * @verb:	decides which of the others count
 * @secret_len:	NEW: BASTION_SECRET_MIN .. BASTION_SECRET_MAX
 * @verifier:	NEW: digest of the grant key
 * @policy:	NEW: label, NUL terminated
 * @has_owner:	NEW: whether @owner was given
 * @owner:	NEW: uid, never (uid_t)-1
 * @types:	NEW: BASTION_TYPE_*, never 0; LOGON | FSCRYPT unless given
 * @has_executable: NEW: whether @executable was given
 * @executable:	NEW: SHA-256, not zero
 * @register_mask: NEW: within BASTION_MASKABLE, 0 unless given
 * @hex:	LOAD: the blob in hex, in the buffer; only hex digits
 * @hex_len:	LOAD: digits, even, 2 .. 2 * BASTION_BLOB_MAX
 */
struct bastion_key_args {
	enum bastion_key_verb verb;
	u32 secret_len;
	u8 verifier[BASTION_DIGEST_SIZE];
	char policy[BASTION_POLICY_LABEL_MAX + 1];
	bool has_owner;
	u32 owner;
	u32 types;
	bool has_executable;
	u8 executable[BASTION_EXE_SIZE];
	u32 register_mask;
	const char *hex;
	size_t hex_len;
};

int bastion_key_parse(const char *buf, size_t len, struct bastion_key_args *args);

#endif
