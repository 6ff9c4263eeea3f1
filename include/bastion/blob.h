/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The sealed blob: a header in the clear and authenticated, the secret under
 * AES-256-GCM, the tag.
 *
 *	struct bastion_blob_header || ciphertext (secret_len) || tag (16)
 *
 * Key and IV are the first 32 and the next 12 bytes of
 * HKDF-SHA384(ikm = the chip's fused seed, salt = header.salt,
 * info = BASTION_BLOB_INFO with its NUL), RFC 5869; the associated data is the
 * whole header. The salt is fresh for every blob, so no key meets two messages.
 *
 * The kernel reads the header to know which grant a key waits for, and believes
 * nothing in it before the chip has authenticated it.
 */
#ifndef BASTION_BLOB_H
#define BASTION_BLOB_H

#include <bastion/chip.h>

#define BASTION_BLOB_MAGIC	"BSTNBLOB"	/* 8 bytes, no NUL */
#define BASTION_BLOB_VERSION	1
#define BASTION_BLOB_INFO	"bastion seal v1"

/* Kinds */
#define BASTION_KIND_SECRET	1

/* Types of kernel key that a secret may be released as: a mask in the header. */
#define BASTION_TYPE_LOGON	(1 << 0)
#define BASTION_TYPE_FSCRYPT	(1 << 1)
#define BASTION_TYPE_USER	(1 << 2)
#define BASTION_TYPE_ALL	(BASTION_TYPE_LOGON | BASTION_TYPE_FSCRYPT | BASTION_TYPE_USER)

/* Flags */
#define BASTION_BLOB_EXECUTABLE	(1 << 0)	/* @executable counts */

#define BASTION_NAME_SIZE	64		/* [A-Za-z0-9._-]{1,63}, NUL padded */
#define BASTION_SECRET_MIN	32
#define BASTION_SECRET_MAX	1024
#define BASTION_SALT_SIZE	32
#define BASTION_TAG_SIZE	16

/**
 * struct bastion_blob_header - what a sealed key is and for whom
 * @magic:		BASTION_BLOB_MAGIC
 * @version:		BASTION_BLOB_VERSION
 * @kind:		BASTION_KIND_*
 * @flags:		BASTION_BLOB_*
 * @chip_id:		the chip that sealed it
 * @verifier:		SHA-384 of the SubjectPublicKeyInfo of the grant key
 *			whose grants open it
 * @policy:		the policy reference (round.h)
 * @name:		the key's description: a blob cannot pass for another key
 *			of the same owner
 * @owner:		uid in the initial user namespace, the only one it goes to
 * @types:		BASTION_TYPE_*: what it may be released as
 * @min_svn:		a chip whose firmware is older refuses
 * @register_mask:	registers that must have the values of @register_digest
 *			when it is unsealed; never 3 or 4; 0 for none
 * @register_digest:	as in a grant (grant.h); zero when @register_mask is 0
 * @executable:		SHA-256 of the only executable it goes to; zero unless
 *			BASTION_BLOB_EXECUTABLE
 * @counter_index:	0, for a later version
 * @reserved:		0
 * @counter_value:	0, for a later version
 * @salt:		by the chip
 * @secret_len:		BASTION_SECRET_MIN .. BASTION_SECRET_MAX
 * @reserved2:		0
 */
struct bastion_blob_header {
	__u8 magic[8];
	__le16 version;
	__le16 kind;
	__le32 flags;
	__u8 chip_id[BASTION_DIGEST_SIZE];
	__u8 verifier[BASTION_DIGEST_SIZE];
	__u8 policy[BASTION_DIGEST_SIZE];
	__u8 name[BASTION_NAME_SIZE];
	__le32 owner;
	__le32 types;
	__le32 min_svn;
	__le32 register_mask;
	__u8 register_digest[BASTION_DIGEST_SIZE];
	__u8 executable[BASTION_EXE_SIZE];
	__le32 counter_index;
	__le32 reserved;
	__le64 counter_value;
	__u8 salt[BASTION_SALT_SIZE];
	__le32 secret_len;
	__le32 reserved2;
};

#define BASTION_BLOB_OVERHEAD	(sizeof(struct bastion_blob_header) + BASTION_TAG_SIZE)
#define BASTION_BLOB_MAX	(BASTION_BLOB_OVERHEAD + BASTION_SECRET_MAX)

#endif
