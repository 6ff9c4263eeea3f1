/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * /dev/bastionN: rounds, verifiers, release.
 *
 * Every argument is a struct that begins with its own size. The kernel takes a
 * shorter one (missing fields are zero) and a longer one whose surplus is zero
 * (else E2BIG); it writes back as much as the caller's struct holds. The size
 * in the ioctl's number must be the same (EINVAL). Reserved
 * fields and undefined flags must be zero (EINVAL). Pointers are u64. Numbers
 * are in host order; byte strings are as in include/bastion/.
 *
 * Errors that any ioctl may return: ENOTTY unknown number; EINVAL a reserved
 * field or flag; E2BIG see above; EFAULT a bad pointer; ENODEV the chip is
 * gone; EIO the chip failed or broke the protocol; ETIMEDOUT the chip did not
 * answer; EAGAIN too many commands wait for it; ENOMEM; EINTR a fatal signal.
 *
 * "Privileged" means CAP_SYS_ADMIN in the initial user namespace (EPERM).
 */
#ifndef _UAPI_LINUX_BASTION_H
#define _UAPI_LINUX_BASTION_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define BASTION_IOC_MAGIC	0xb7
#define BASTION_ABI_VERSION	1

/* States of the gate */
enum bastion_state {
	BASTION_STATE_SELFTEST = 0,	/* the chip has not passed its self-test yet */
	BASTION_STATE_LOCKED = 1,	/* nothing is made, unsealed or used */
	BASTION_STATE_ATTESTED = 2,	/* at least one grant is live */
	BASTION_STATE_FAILED = 3,	/* until the chip is reset */
};

/* Why the gate took its state */
enum bastion_reason {
	BASTION_REASON_PROBE = 0,	/* nothing happened since probe */
	BASTION_REASON_GRANT = 1,	/* a grant was accepted */
	BASTION_REASON_EXPIRED = 2,	/* a grant's lifetime ended */
	BASTION_REASON_RELOCK = 3,	/* somebody privileged asked */
	BASTION_REASON_VERIFIERS = 4,	/* the list of verifiers changed */
	BASTION_REASON_REGISTERS = 5,	/* a register that a grant names was extended */
	BASTION_REASON_RESET = 6,	/* the chip lost its state */
	BASTION_REASON_SUSPEND = 7,	/* the system is about to sleep */
	BASTION_REASON_CHIP = 8,	/* the chip failed, or denied what was granted */
	BASTION_REASON_EXTEND = 9,	/* a measurement did not reach the chip */
	BASTION_REASON_SELF_TEST = 10,	/* the chip's self-test failed */
	BASTION_REASON_REMOVED = 11,	/* the chip is gone, its driver is, or the system shuts down */
};

/* What the chip is */
enum bastion_chip_kind {
	BASTION_CHIP_NATIVE = 0,	/* a Bastionchip: QUOTE returns evidence that it signed */
	BASTION_CHIP_TPM = 1,		/* QUOTE returns what the TPM has to be asked to sign */
};

/**
 * struct bastion_info - BASTION_IOC_INFO, everyone
 * @size:	in: sizeof(struct bastion_info)
 * @abi:	out: BASTION_ABI_VERSION
 * @state:	out: enum bastion_state
 * @reason:	out: enum bastion_reason
 * @generation:	out: counts every change of state, of grants, of waiters and of registers
 * @svn:	out: security version number of the chip's firmware
 * @registers:	out: number of measurement registers
 * @blob_max:	out: largest sealed blob, bytes
 * @grant_max:	out: largest grant, bytes
 * @quote_max:	out: largest quote, bytes
 * @kind:	out: enum bastion_chip_kind
 * @model:	out: NUL padded
 * @firmware:	out: NUL padded
 * @tpm:	out: number of the TPM: /dev/tpmrmN; 0 for other chips
 * @pcr:	out: the TPM's PCR that is extended; 0 for other chips
 */
struct bastion_info {
	__u32 size;
	__u32 abi;
	__u32 state;
	__u32 reason;
	__aligned_u64 generation;
	__u32 svn;
	__u32 registers;
	__u32 blob_max;
	__u32 grant_max;
	__u32 quote_max;
	__u32 kind;
	__u8 model[32];
	__u8 firmware[32];
	__u32 tpm;
	__u32 pcr;
};

/**
 * struct bastion_round_begin - BASTION_IOC_ROUND_BEGIN, privileged
 * @size:	in: sizeof(struct bastion_round_begin)
 * @flags:	in: 0
 * @verifier:	in: digest of a registered verifier's grant key
 * @kernel_nonce: out
 * @chip_nonce:	out: @chip_nonce_len bytes, zero padded
 * @chip_nonce_len: out: 48 for the native chip, 32 for a TPM
 * @reserved:	0
 * @chip_id:	out
 * @boot_count:	out
 * @boot_key:	out: P-384 point, uncompressed; tokens are encrypted to it
 * @reserved2:	0
 *
 * Begins a round that belongs to this open file: closing it, or 60 seconds,
 * end it. A round that this file had is ended first.
 *
 * Errors: ENOKEY no such verifier; EBUSY another file has a round, or the
 * system is about to sleep; ESHUTDOWN the log is capped, or the registers had been
 * used before it: nothing attests before the chip's next power cycle and a boot of
 * the kernel; ESTALE the chip was reset just now: again; EIO also when the gate has
 * failed, or the chip recovers from a reset (the state is selftest): again when it
 * is locked.
 */
struct bastion_round_begin {
	__u32 size;
	__u32 flags;
	__u8 verifier[48];
	__u8 kernel_nonce[32];
	__u8 chip_nonce[64];
	__u32 chip_nonce_len;
	__u32 reserved;
	__u8 chip_id[48];
	__aligned_u64 boot_count;
	__u8 boot_key[97];
	__u8 reserved2[7];
};

/**
 * struct bastion_quote - BASTION_IOC_QUOTE, privileged
 * @size:	in: sizeof(struct bastion_quote)
 * @nonce_len:	in: 8 .. 64
 * @nonce:	in: the verifier's nonce
 * @quote:	in: where the quote goes
 * @quote_size:	in: room at @quote, at least bastion_info.quote_max (EINVAL);
 *		out: length of the quote
 * @reserved:	0
 * @log_count:	out: log entries that the quoted registers cover
 * @log_aggregate: out: of those entries (include/bastion/round.h)
 * @qualifying_data: out: what the chip signed as eat_nonce
 *
 * Of a TPM, @quote is @qualifying_data, then the value (32) that its PCR has in the SHA-256
 * bank after @log_count entries. A quote with another value is of a later time.
 *
 * Once a round. Errors: ESTALE no round, or its nonce was used, or too old, or
 * the verifiers changed, or the chip was reset.
 */
struct bastion_quote {
	__u32 size;
	__u32 nonce_len;
	__u8 nonce[64];
	__aligned_u64 quote;
	__u32 quote_size;
	__u32 reserved;
	__aligned_u64 log_count;
	__u8 log_aggregate[48];
	__u8 qualifying_data[48];
};

/**
 * struct bastion_grant_args - BASTION_IOC_GRANT, privileged
 * @size:	in: sizeof(struct bastion_grant_args)
 * @grant_len:	in: bytes at @grant
 * @grant:	in: include/bastion/grant.h
 * @token:	in: the sealed token, include/bastion/round.h
 * @token_len:	in: 145
 * @reserved:	0
 * @policies:	in: the sealed policy signatures, include/bastion/round.h, for a chip that
 *		wants them (a TPM, when the grant has RELEASE entries)
 * @policies_len: in: bytes at @policies; 0 for other chips
 * @reserved2:	0
 *
 * Once a round, after QUOTE; ends the round, whatever comes of it. Errors:
 * ESTALE as for QUOTE; EBADMSG malformed; EKEYREJECTED the signature or a field
 * does not fit this round, chip, boot, verifier or token, or the chip refused it.
 * A grant replaces the one its verifier had; keys released under that one
 * that the new one does not cover are revoked. A chip may honour it for a shorter time than
 * its lifetime, and then it ends with that. When the chip refuses what the
 * kernel accepted, or does not answer, all grants end: nobody knows any more
 * which ones it holds.
 */
struct bastion_grant_args {
	__u32 size;
	__u32 grant_len;
	__aligned_u64 grant;
	__aligned_u64 token;
	__u32 token_len;
	__u32 reserved;
	__aligned_u64 policies;
	__u32 policies_len;
	__u32 reserved2;
};

/**
 * struct bastion_relock - BASTION_IOC_RELOCK, privileged
 * @size:	in: sizeof(struct bastion_relock)
 * @flags:	in: 0
 *
 * Ends all grants and rounds and revokes what was released. Errors: none but
 * the general ones, and then the gate is locked all the same.
 */
struct bastion_relock {
	__u32 size;
	__u32 flags;
};

/**
 * struct bastion_verifier_add - BASTION_IOC_VERIFIER_ADD, privileged
 * @size:	in: sizeof(struct bastion_verifier_add)
 * @flags:	in: 0
 * @key:	in: grant key, P-384 point, uncompressed
 * @reserved:	0
 * @digest:	out: SHA-384 of its SubjectPublicKeyInfo
 *
 * Measured into register 2; ends all rounds and grants. Errors: EINVAL not a
 * point of P-384; EEXIST; ENOSPC eight are registered; EBUSY the system is about
 * to sleep.
 */
struct bastion_verifier_add {
	__u32 size;
	__u32 flags;
	__u8 key[97];
	__u8 reserved[7];
	__u8 digest[48];
};

/**
 * struct bastion_verifier_remove - BASTION_IOC_VERIFIER_REMOVE, privileged
 * @size:	in: sizeof(struct bastion_verifier_remove)
 * @flags:	in: 0
 * @digest:	in
 *
 * Measured into register 2; ends all rounds and grants. Errors: ENOKEY; EBUSY
 * the system is about to sleep.
 */
struct bastion_verifier_remove {
	__u32 size;
	__u32 flags;
	__u8 digest[48];
};

/**
 * struct bastion_verifier_entry - one registered verifier
 * @digest:	of its grant key
 * @waiters:	requests that wait for a grant of its
 * @live:	1 while a grant of its is live
 * @remaining_ms: until that grant ends
 */
struct bastion_verifier_entry {
	__u8 digest[48];
	__u32 waiters;
	__u32 live;
	__aligned_u64 remaining_ms;
};

#define BASTION_VERIFIERS_MAX	8

/**
 * struct bastion_verifier_list - BASTION_IOC_VERIFIER_LIST, privileged
 * @size:	in: sizeof(struct bastion_verifier_list)
 * @count:	out: entries that are valid
 * @entries:	out
 */
struct bastion_verifier_list {
	__u32 size;
	__u32 count;
	struct bastion_verifier_entry entries[BASTION_VERIFIERS_MAX];
};

#define BASTION_EVENT_NAME_MAX	64
#define BASTION_EVENT_DATA_MAX	4096

/**
 * struct bastion_extend - BASTION_IOC_EXTEND, privileged
 * @size:	in: sizeof(struct bastion_extend)
 * @index:	in: 5 .. 7 (EINVAL)
 * @name:	in: the event's name, [A-Za-z0-9._-]{1,64}, NUL padded unless 64 long
 * @data:	in: the event
 * @data_len:	in: 1 .. 4096
 * @reserved:	0
 *
 * Measures an event of the operator's: into the log and the register. Ends
 * grants that name the register. Errors: ENOSPC the log is full, and the gate
 * has failed for it; EIO also while the gate is failed or in its self-test.
 */
struct bastion_extend {
	__u32 size;
	__u32 index;
	__u8 name[BASTION_EVENT_NAME_MAX];
	__aligned_u64 data;
	__u32 data_len;
	__u32 reserved;
};

/* Flags of RELEASE */
#define BASTION_RELEASE_NOWAIT	(1 << 0)	/* EAGAIN instead of waiting */
#define BASTION_RELEASE_UPCALL	(1 << 1)	/* for the requester that request_key(2) speaks for */

#define BASTION_WAIT_FOREVER	0xffffffffu

/**
 * struct bastion_release - BASTION_IOC_RELEASE, everyone
 * @size:	in: sizeof(struct bastion_release)
 * @flags:	in: BASTION_RELEASE_*
 * @key:	in: serial of a bastion key that the requester may search; 0 with @blob;
 *		with UPCALL both may be 0: see below
 * @keyring:	in: serial, or KEY_SPEC_*, of the keyring that the released key
 *		is linked to (the caller needs write); 0 with UPCALL
 * @type:	in: one BASTION_TYPE_* bit (include/bastion/blob.h); 0 with UPCALL
 * @timeout_ms:	in: how long to wait for a grant; 0 for release_timeout,
 *		BASTION_WAIT_FOREVER for no limit
 * @blob:	in: a sealed blob instead of @key; owner and name are inside it
 * @blob_len:	in: bytes at @blob
 * @serial:	out: the released key
 *
 * Waits for a grant and releases the secret as a key "bastion:NAME" of the
 * kernel's type logon, user or fscrypt-provisioning (with the header that this
 * type wants: the policy key is named by its identifier). The wait is killable.
 *
 * With UPCALL the caller must have assumed the authority to instantiate the
 * key (keyctl_assume_authority(3)): type, requester and destination come from
 * the authorisation, the callout information may say "nowait" or "timeout=N"
 * (seconds), and at most 4 such requests a uid and 64 in all may wait. Then the wait, for a
 * grant and for a turn at the chip, is not killable and release_timeout at most. With neither
 * @key nor @blob the kernel takes the bastion key NAME that the requester would find
 * (ENOENT: none). A helper must not look for it with request_key(2), keyctl_search(3)
 * or whatever else looks a type up: who waits for it holds the list of types, and
 * once a module waits to change that list neither would ever end.
 *
 * Errors: EAGAIN locked and NOWAIT, or too many wait, or the system is about
 * to sleep; ETIMEDOUT no grant in time; EACCES the requester is not the owner
 * or may not search the key or write the keyring; EKEYREJECTED the grant, the
 * chip or the sealed key refuses (policy, type, executable, registers, counter, or
 * more than 64 bytes for fscrypt-provisioning); EKEYEXPIRED, EKEYREVOKED the
 * grant ended meanwhile; EBADMSG the blob is damaged, another chip's, or of a
 * kind that the chip does not make; ENOKEY no such key, keyring, or the blob's
 * verifier is not registered; EDQUOT the owner's key quota, or its place in the
 * log, is used up; ENOSPC the users' part of the log is full; ENAMETOOLONG the
 * paths of executable and cgroup are longer than the log takes; ENOTDIR @keyring
 * is no keyring; ENOENT UPCALL without @key and @blob: the requester finds no such
 * key; ESRCH the requester is gone; EOPNOTSUPP fscrypt-provisioning in
 * a kernel without fscrypt; EPERM UPCALL without authority; EBUSY UPCALL:
 * somebody else has answered the request; EFBIG UPCALL: the requester's executable
 * is longer than 1 GiB; and what reading that returned.
 */
struct bastion_release {
	__u32 size;
	__u32 flags;
	__s32 key;
	__s32 keyring;
	__u32 type;
	__u32 timeout_ms;
	__aligned_u64 blob;
	__u32 blob_len;
	__s32 serial;
};

#define BASTION_IOC_INFO	_IOWR(BASTION_IOC_MAGIC, 0x10, struct bastion_info)
#define BASTION_IOC_ROUND_BEGIN	_IOWR(BASTION_IOC_MAGIC, 0x11, struct bastion_round_begin)
#define BASTION_IOC_QUOTE	_IOWR(BASTION_IOC_MAGIC, 0x12, struct bastion_quote)
#define BASTION_IOC_GRANT	_IOWR(BASTION_IOC_MAGIC, 0x13, struct bastion_grant_args)
#define BASTION_IOC_RELOCK	_IOWR(BASTION_IOC_MAGIC, 0x14, struct bastion_relock)
#define BASTION_IOC_VERIFIER_ADD \
	_IOWR(BASTION_IOC_MAGIC, 0x15, struct bastion_verifier_add)
#define BASTION_IOC_VERIFIER_REMOVE \
	_IOWR(BASTION_IOC_MAGIC, 0x16, struct bastion_verifier_remove)
#define BASTION_IOC_VERIFIER_LIST \
	_IOWR(BASTION_IOC_MAGIC, 0x17, struct bastion_verifier_list)
#define BASTION_IOC_EXTEND	_IOWR(BASTION_IOC_MAGIC, 0x18, struct bastion_extend)
#define BASTION_IOC_RELEASE	_IOWR(BASTION_IOC_MAGIC, 0x19, struct bastion_release)

/**
 * struct bastion_event - what read(2) returns, privileged
 * @generation:	as in bastion_info
 * @grant_ends_ms: until the first live grant ends; 0 without one
 * @state:	enum bastion_state
 * @reason:	enum bastion_reason
 * @waiters:	requests that wait for a grant
 * @reserved:	0
 *
 * read(2) returns one struct, the present state, as soon as the generation
 * differs from the one that this file read last (so a first read returns at
 * once), and blocks until then; EAGAIN with O_NONBLOCK. A buffer smaller than
 * the struct: EINVAL. poll(2) says POLLIN when read(2) would return, and
 * POLLHUP when the chip is gone; POLLERR if whoever opened the file had not
 * CAP_SYS_ADMIN, as read(2) wants it. Changes that came between two reads are one.
 */
struct bastion_event {
	__aligned_u64 generation;
	__aligned_u64 grant_ends_ms;
	__u32 state;
	__u32 reason;
	__u32 waiters;
	__u32 reserved;
};

#endif
