/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading what user space adds or updates a key of type bastion with.
 *
 *	new LENGTH verifier=HEX policy=LABEL [OPTION...]
 *	ecdsa verifier=HEX policy=LABEL [OPTION...]
 *	import SERIAL verifier=HEX policy=LABEL [OPTION...]
 *	load HEX
 *	rebind verifier=HEX policy=LABEL [OPTION...]	(update only)
 *
 * One space between words and an optional newline at the end, nothing else.
 * Options, each at most once, in any order:
 *
 *	verifier=HEX		SHA-384 of the grant key's SubjectPublicKeyInfo
 *	policy=LABEL		[a-z0-9._-]{1,64}
 *	owner=UID		decimal; not for rebind
 *	types=TYPE[,TYPE...]	logon, fscrypt, user; not for ecdsa
 *	exe=sha256:HEX		the only executable it goes to
 *	registers=MASK		decimal or 0x...; never 3 or 4
 *	counter=N		1 .. BASTION_COUNTER_COUNT
 *	derive=LABEL		like a policy's; new only
 *
 * Pure: bytes in, verdict out. Also compiled in user space, for its tests.
 */
#ifndef _BASTION_KEY_PARSE_H
#define _BASTION_KEY_PARSE_H

#include <linux/types.h>

#include <bastion/blob.h>
#include <bastion/round.h>

enum bastion_key_verb {
	BASTION_KEY_NEW,	/* a new secret, made in the chip, or derived there */
	BASTION_KEY_ECDSA,	/* a new key pair, made in the chip, that stays there */
	BASTION_KEY_IMPORT,	/* the secret of a key of type user */
	BASTION_KEY_LOAD,	/* a blob that exists */
	BASTION_KEY_REBIND	/* the same secret under another verifier and policy */
};

/**
 * struct bastion_key_args - what was asked for
 * @verb:	decides which of the others count
 * @secret_len:	NEW: BASTION_SECRET_MIN .. BASTION_SECRET_MAX
 * @serial:	IMPORT: of the key of type user, above 0
 * @verifier:	all but LOAD: digest of the grant key
 * @policy:	all but LOAD: label, NUL terminated
 * @label:	NEW: of a derived key, NUL terminated; empty for none
 * @has_owner:	NEW, ECDSA, IMPORT: whether @owner was given
 * @owner:	NEW, ECDSA, IMPORT: uid, never (uid_t)-1
 * @types:	NEW, IMPORT: BASTION_TYPE_*, never 0; LOGON | FSCRYPT unless given.
 *		REBIND: 0 unless given. ECDSA: 0
 * @has_executable: all but LOAD: whether @executable was given
 * @executable:	all but LOAD: SHA-256, not zero
 * @register_mask: all but LOAD: within BASTION_MASKABLE, 0 unless given
 * @counter:	all but LOAD: 1 .. BASTION_COUNTER_COUNT, 0 unless given
 * @hex:	LOAD: the blob in hex, in the buffer; only hex digits
 * @hex_len:	LOAD: digits, even, 2 .. 2 * BASTION_BLOB_MAX
 */
struct bastion_key_args {
	enum bastion_key_verb verb;
	u32 secret_len;
	s32 serial;
	u8 verifier[BASTION_DIGEST_SIZE];
	char policy[BASTION_POLICY_LABEL_MAX + 1];
	char label[BASTION_POLICY_LABEL_MAX + 1];
	bool has_owner;
	u32 owner;
	u32 types;
	bool has_executable;
	u8 executable[BASTION_EXE_SIZE];
	u32 register_mask;
	u32 counter;
	const char *hex;
	size_t hex_len;
};

int bastion_key_parse(const char *buf, size_t len, struct bastion_key_args *args);

#endif
