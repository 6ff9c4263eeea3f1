/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The grant: what a verifier signs when it is satisfied.
 *
 *	struct bastion_grant || entry_count * struct bastion_grant_entry || r || s
 *
 * ECDSA P-384 with SHA-384 (FIPS 186-5) by the verifier's grant key over all
 * that comes before r || s. Kernel and chip check the same bytes. Little endian.
 */
#ifndef BASTION_GRANT_H
#define BASTION_GRANT_H

#include <bastion/chip.h>

#define BASTION_GRANT_MAGIC		"bastion grant v1"	/* 16 bytes, no NUL */
#define BASTION_GRANT_LIFETIME_MAX	86400			/* seconds; the least is 1 */
#define BASTION_GRANT_ENTRIES_MAX	32

/* Kinds of entry */
#define BASTION_GRANT_RELEASE	1	/* UNSEAL and SIGN */
#define BASTION_GRANT_CREATE	2	/* SEAL */
#define BASTION_GRANT_REBIND	3	/* REBIND, to dest_verifier and dest_policy */

/*
 * Grant flags. KEPT: the verifier has stored for good all entries of the log up to
 * @log_count, so that for its sake the machine need not keep them (measurements.rst).
 */
#define BASTION_GRANT_KEPT	(1 << 0)

/* Entry flags */
#define BASTION_GRANT_EXECUTABLE	(1 << 0)	/* only to this executable; kind RELEASE only */

/**
 * struct bastion_grant_entry - one thing that the grant allows
 * @policy:		policy reference (round.h)
 * @kind:		BASTION_GRANT_RELEASE, ...
 * @flags:		BASTION_GRANT_EXECUTABLE or 0
 * @executable:		SHA-256, zero unless flagged
 * @dest_verifier:	REBIND: digest of the grant key that shall open it, else zero
 * @dest_policy:	REBIND: policy reference there, else zero
 */
struct bastion_grant_entry {
	__u8 policy[BASTION_DIGEST_SIZE];
	__le32 kind;
	__le32 flags;
	__u8 executable[BASTION_EXE_SIZE];
	__u8 dest_verifier[BASTION_DIGEST_SIZE];
	__u8 dest_policy[BASTION_DIGEST_SIZE];
};

/**
 * struct bastion_grant - the fixed part
 * @magic:		BASTION_GRANT_MAGIC
 * @qualifying_digest:	SHA-384 of the quote's 48-byte qualifying data
 * @kernel_nonce:	of this round
 * @chip_nonce:		of this round, zero padded
 * @chip_id:		of the chip that quoted
 * @boot_count:		of the chip that quoted
 * @verifier:		SHA-384 of the grant key's SubjectPublicKeyInfo
 * @token_hash:		SHA-384 of the token (round.h)
 * @channel_key:	zero until chips have one
 * @register_digest:	SHA-384(BASTION_REGISTERS_TAG with its NUL || register_mask
 *			|| the masked values, ascending), as quoted
 * @log_aggregate:	of the log up to @log_count (round.h)
 * @log_count:		entries that the verifier has replayed: those of the quote
 * @register_mask:	registers that must keep these values; never 3 or 4
 * @lifetime:		seconds from when it is accepted
 * @flags:		BASTION_GRANT_KEPT or 0
 * @entry_count:	1 .. BASTION_GRANT_ENTRIES_MAX
 */
struct bastion_grant {
	__u8 magic[16];
	__u8 qualifying_digest[BASTION_DIGEST_SIZE];
	__u8 kernel_nonce[32];
	__u8 chip_nonce[BASTION_CHIP_NONCE_SIZE];
	__u8 chip_id[BASTION_DIGEST_SIZE];
	__le64 boot_count;
	__u8 verifier[BASTION_DIGEST_SIZE];
	__u8 token_hash[BASTION_DIGEST_SIZE];
	__u8 channel_key[BASTION_DIGEST_SIZE];
	__u8 register_digest[BASTION_DIGEST_SIZE];
	__u8 log_aggregate[BASTION_DIGEST_SIZE];
	__le64 log_count;
	__le32 register_mask;
	__le32 lifetime;
	__le32 flags;
	__le32 entry_count;
};

#define BASTION_REGISTERS_TAG	"bastion registers v1"
/* Registers that a mask may name: 3 and 4 grow with use. */
#define BASTION_MASKABLE	0xe7u

#define BASTION_GRANT_SIZE(entries) \
	(sizeof(struct bastion_grant) + \
	 (entries) * sizeof(struct bastion_grant_entry) + BASTION_SIGNATURE_SIZE)
#define BASTION_GRANT_MAX	BASTION_GRANT_SIZE(BASTION_GRANT_ENTRIES_MAX)

#endif
