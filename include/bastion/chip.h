/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The Bastionchip's host interface: shared memory, commands, statuses.
 *
 * Shared by the driver and the emulator. Everything is little endian, all
 * lengths are in bytes, every reserved byte is zero and checked to be zero.
 * Documentation/chip.rst tells the story; this header is the reference.
 */
#ifndef BASTION_CHIP_H
#define BASTION_CHIP_H

#include <linux/types.h>

/* Sizes that every part of bastion agrees on. */
#define BASTION_DIGEST_SIZE	48	/* SHA-384 */
#define BASTION_EXE_SIZE	32	/* SHA-256 of an executable, as IMA has it */
#define BASTION_POINT_SIZE	97	/* P-384, 0x04 || X || Y (SEC 1, 2.3.3) */
#define BASTION_SIGNATURE_SIZE	96	/* P-384, r || s, big endian each */
#define BASTION_TOKEN_SIZE	32
#define BASTION_MR_COUNT	8	/* measurement registers, SHA-384 each */
#define BASTION_MR_IMA		3	/* the register that mirrors IMA's list */
#define BASTION_CHIP_NONCE_SIZE	48

/*
 * Shared memory (BAR2): this header at 0, then slots. The chip writes the
 * header, the host only reads it.
 */
#define BASTION_MBOX_MAGIC	0x4e545342	/* "BSTN" */
#define BASTION_MBOX_MAJOR	1		/* another major: do not drive it */
#define BASTION_MBOX_MINOR	1
#define BASTION_MBOX_SIZE	(1 << 20)

/**
 * struct bastion_mbox_header - what the chip says of its shared memory
 * @magic:		BASTION_MBOX_MAGIC
 * @major:		interface version; a driver refuses another major
 * @minor:		interface version; additions only
 * @slot_count:		1 .. 64
 * @slot_size:		distance between slots; header and data area together
 * @slot_offset:	where slot 0 begins, from the start of the BAR
 * @doorbell_peer:	the ivshmem peer id whose doorbell is the chip's
 * @reset_generation:	changes whenever the chip has lost its volatile state
 * @heartbeat:		counts up a few times a second while firmware runs
 */
struct bastion_mbox_header {
	__le32 magic;
	__le16 major;
	__le16 minor;
	__le32 slot_count;
	__le32 slot_size;
	__le32 slot_offset;
	__le32 doorbell_peer;
	__le32 reset_generation;
	__le32 heartbeat;
};

/* Slot states. The host writes SUBMITTED last, the chip writes DONE last. */
#define BASTION_SLOT_FREE	0
#define BASTION_SLOT_SUBMITTED	1
#define BASTION_SLOT_DONE	2

/**
 * struct bastion_mbox_slot - one command in flight
 * @state:	BASTION_SLOT_*; stored with release, read with acquire semantics
 * @sequence:	chosen by the host, echoed by the chip
 * @opcode:	BASTION_CMD_*
 * @status:	BASTION_STATUS_*, by the chip
 * @in_len:	bytes of @data from the host
 * @out_len:	bytes of @data from the chip; 0 unless @status is OK
 * @reserved:	zero
 * @data:	slot_size - 32 bytes, input first, then overwritten by output
 */
struct bastion_mbox_slot {
	__le32 state;
	__le32 sequence;
	__le32 opcode;
	__le32 status;
	__le32 in_len;
	__le32 out_len;
	__le32 reserved[2];
	__u8 data[];
};

/* What the chip that exists uses; the driver takes the header's word, clamped. */
#define BASTION_SLOT_COUNT	16
#define BASTION_SLOT_SIZE	16384
#define BASTION_SLOT_OFFSET	4096

/* Commands */
#define BASTION_CMD_INFO	0x01
#define BASTION_CMD_SELF_TEST	0x02
#define BASTION_CMD_CERT_CHAIN	0x03
#define BASTION_CMD_BOOT_LOG	0x04
#define BASTION_CMD_MR_READ	0x10
#define BASTION_CMD_MR_EXTEND	0x11
#define BASTION_CMD_NONCE	0x20
#define BASTION_CMD_QUOTE	0x21
#define BASTION_CMD_GRANT	0x22
#define BASTION_CMD_RELOCK	0x23
#define BASTION_CMD_SEAL	0x30
#define BASTION_CMD_UNSEAL	0x31
#define BASTION_CMD_SIGN	0x32
#define BASTION_CMD_REBIND	0x33
#define BASTION_CMD_RANDOM	0x40
#define BASTION_CMD_COUNTER	0x41

/* Statuses */
#define BASTION_STATUS_OK		0
#define BASTION_STATUS_BAD_OPCODE	1
#define BASTION_STATUS_BAD_LENGTH	2
#define BASTION_STATUS_BAD_ARGUMENT	3
#define BASTION_STATUS_NOT_TESTED	4	/* SELF_TEST has not passed yet */
#define BASTION_STATUS_TEST_FAILED	5	/* and never will until a reset */
#define BASTION_STATUS_NO_GRANT		6	/* no live grant has this token */
#define BASTION_STATUS_DENIED		7	/* the grant or the blob's header says no */
#define BASTION_STATUS_BAD_SIGNATURE	8	/* the grant's signature or key */
#define BASTION_STATUS_STALE_NONCE	9	/* no such nonce, or it was used */
#define BASTION_STATUS_BAD_GRANT	10	/* malformed, or names another chip, boot or state */
#define BASTION_STATUS_BAD_BLOB		11	/* not authentic */
#define BASTION_STATUS_WRONG_CHIP	12	/* sealed by another chip */
#define BASTION_STATUS_BAD_REGISTER	13	/* no such register, or not the host's to extend */
#define BASTION_STATUS_BUSY		14	/* try again */
#define BASTION_STATUS_INTERNAL		15
#define BASTION_STATUS_OLD_BLOB		16	/* its counter has moved on */

/* Lifecycle states */
#define BASTION_LIFECYCLE_MANUFACTURING	1
#define BASTION_LIFECYCLE_PRODUCTION	2
#define BASTION_LIFECYCLE_RMA		3

/* Capabilities */
#define BASTION_CAP_DEBUG	(1 << 0)	/* debug enabled: an emulator or an opened chip */

/**
 * struct bastion_cmd_info - output of INFO
 * @model:		printable ASCII, NUL padded
 * @firmware:		printable ASCII, NUL padded, dotted numbers
 * @hardware_version:	a number
 * @svn:		security version number of the firmware
 * @chip_id:		SHA-384 of the identity key's SubjectPublicKeyInfo
 * @boot_count:		power cycles since manufacture
 * @capabilities:	BASTION_CAP_*
 * @lifecycle:		BASTION_LIFECYCLE_*
 */
struct bastion_cmd_info {
	__u8 model[32];
	__u8 firmware[32];
	__le32 hardware_version;
	__le32 svn;
	__u8 chip_id[BASTION_DIGEST_SIZE];
	__le64 boot_count;
	__le32 capabilities;
	__le32 lifecycle;
};

/* SELF_TEST: output. Bits that are set have failed; OK is only returned for 0. */
#define BASTION_TEST_SHA384	(1 << 0)
#define BASTION_TEST_ECDSA	(1 << 1)
#define BASTION_TEST_AEAD	(1 << 2)
#define BASTION_TEST_FIRMWARE	(1 << 3)	/* firmware is not what the fuses say */
#define BASTION_TEST_STORAGE	(1 << 4)	/* non-volatile state unreadable */
struct bastion_cmd_self_test {
	__le32 failed;
};

/* CERT_CHAIN and BOOT_LOG: input, then output followed by data from @offset on. */
struct bastion_cmd_read_in {
	__le32 offset;
};

struct bastion_cmd_read_out {
	__le32 total;
	__u8 data[];
};

/*
 * CERT_CHAIN is DER certificates one after the other, leaf first, without the
 * root. BOOT_LOG is what the platform put into register 0, as records of
 * IMA's binary list with 48-byte template digests (Documentation/measurements.rst):
 * it proves nothing by itself; replaying it must give register 0.
 */
#define BASTION_CERT_CHAIN_MAX	8192
#define BASTION_BOOT_LOG_MAX	65536

/* MR_READ: values of the registers in @mask, ascending, 48 bytes each, one snapshot. */
struct bastion_cmd_mr_read {
	__le32 mask;
};

/* MR_EXTEND: value = SHA-384(value || digest); the output is the new value. */
struct bastion_cmd_mr_extend {
	__le32 index;
	__u8 digest[BASTION_DIGEST_SIZE];
};

/*
 * NONCE: output is 48 bytes. Ends the nonce before it. QUOTE: input is the
 * 48-byte qualifying data, output a COSE_Sign1 (quote.h); needs a nonce that
 * no QUOTE has used, and binds that nonce to this qualifying data.
 */
#define BASTION_QUOTE_MAX	8192

/*
 * GRANT: the verifier's grant key, then the grant (grant.h). The chip checks
 * every field it can; a second grant of one verifier replaces the first.
 */
struct bastion_cmd_grant {
	__u8 key[BASTION_POINT_SIZE];
	__u8 reserved[3];
	__u8 grant[];
};

#define BASTION_CHIP_GRANTS	8	/* live at once, one a verifier */

/*
 * SEAL: a grant's token, then the header that the blob shall have (blob.h),
 * with zero where the chip fills it in: chip_id, counter_value, and the salt
 * unless the kind is DERIVED. Then the secret (secret_len bytes) when it is
 * imported, which the header's flag must say, too. The chip makes what the kind
 * says: a random secret, a key pair, or nothing but a tag. The output is the blob.
 * Needs an entry CREATE.
 */
struct bastion_cmd_seal {
	__u8 token[BASTION_TOKEN_SIZE];
	__le32 imported;	/* 0 or 1 */
	__u8 data[];
};

/*
 * UNSEAL: a grant's token, whom the kernel is about to give the secret to, and
 * the blob, of kind SECRET or DERIVED. The chip holds the kernel's word against
 * the authenticated header. The output is the secret. Needs an entry RELEASE.
 */
struct bastion_cmd_unseal {
	__u8 token[BASTION_TOKEN_SIZE];
	__le32 owner;		/* uid in the initial user namespace */
	__le32 type;		/* one BASTION_TYPE_* bit (blob.h) */
	__u8 executable[BASTION_EXE_SIZE];	/* zero: not measured */
	__u8 blob[];
};

/*
 * SIGN: likewise for a blob of kind P384: ECDSA over @digest (FIPS 186-5, 6.4.1;
 * of 64 bytes the first 48 count). The output is r || s, 96 bytes. Needs an
 * entry RELEASE: to sign with a key is to use it.
 */
#define BASTION_SIGN_DIGEST_MAX	64

struct bastion_cmd_sign {
	__u8 token[BASTION_TOKEN_SIZE];
	__le32 owner;
	__le32 digest_len;	/* 32, 48 or 64 */
	__u8 executable[BASTION_EXE_SIZE];
	__u8 digest[BASTION_SIGN_DIGEST_MAX];	/* zero from @digest_len on */
	__u8 blob[];
};

/*
 * REBIND: the token of a grant of the verifier that the blob is sealed to, the
 * header that the new blob shall have, and the old blob, of kind SECRET or P384.
 * The output is the new blob: the same secret under another verifier and policy.
 * Needs an entry REBIND for the old policy that names both. The rest of the
 * header may only get tighter: fewer types, more registers (with the digest of
 * what they are now), an executable or a counter where there was none, a higher
 * min_svn (at most the firmware's). The chip fills in what it does for SEAL;
 * where the old header has a counter, the new counter_value is one more.
 *
 * The counter itself moves when the new blob is used for the first time (UNSEAL,
 * SIGN or REBIND): until then both blobs are good, so that a machine that stops
 * between REBIND and storing the new one has lost nothing.
 */
struct bastion_cmd_rebind {
	__u8 token[BASTION_TOKEN_SIZE];
	__le32 owner;		/* who asks */
	__le32 reserved;	/* 0 */
	__u8 data[];		/* struct bastion_blob_header, then the blob */
};

/*
 * COUNTER: the value of one of the counters that only ever go up, also over
 * power cycles. A blob that names one is good while the counter has the blob's
 * value or the one below (then its use moves the counter). No command moves one
 * by itself: a host could make keys useless with it, and needs it for nothing.
 */
#define BASTION_COUNTER_COUNT	16	/* numbered from 1 */

struct bastion_cmd_counter {
	__le32 index;		/* 1 .. BASTION_COUNTER_COUNT */
};

struct bastion_cmd_counter_out {
	__le64 value;
};

/* RANDOM */
struct bastion_cmd_random {
	__le32 length;		/* 1 .. 1024 */
};

#endif
