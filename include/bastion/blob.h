/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The sealed blob: a header in the clear and authenticated, what the kind of
 * key needs, a tag.
 *
 *	struct bastion_blob_header
 *	|| public point (97; kind P384 only)
 *	|| ciphertext (secret_len; not for kind DERIVED)
 *	|| tag (16)
 *
 * SECRET and P384: AES-256-GCM. Key and IV are the first 32 and the next 12 bytes
 * of HKDF-SHA384(ikm = the chip's fused seed, salt = header.salt,
 * info = BASTION_BLOB_INFO with its NUL), RFC 5869; the associated data is all
 * that comes before the ciphertext. The salt is fresh for every blob, so no key
 * meets two messages. The secret of a P384 key is its private scalar, 48 bytes,
 * big endian.
 *
 * DERIVED: nothing is stored. With salt = header.salt, which depends on the label
 * alone (round.h), and ikm = the seed,
 *
 *	secret = HKDF-SHA384(..., info = BASTION_DERIVED_INFO with its NUL || header)
 *	tag    = HKDF-SHA384(..., info = BASTION_DERIVED_TAG_INFO with its NUL || header)
 *
 * So the same header gives the same key in every boot, and any other header
 * another key; the tag shows that a grant allowed it to be made.
 *
 * TPM: a TPM keeps only a key of 32 bytes, which opens the rest.
 *
 *	struct bastion_blob_header
 *	|| struct bastion_blob_tpm || private (private_len)
 *	|| ciphertext (secret_len)
 *	|| tag (16)
 *
 * AES-256-GCM as for SECRET, with ikm = the key that the TPM gives up and info =
 * BASTION_TPM_INFO with its NUL; the associated data is all that comes before the
 * ciphertext. What the TPM keeps is a sealed object below its storage key, whose public
 * area follows from the header but for the 32 bytes of unique:
 *
 *	keyedhash, name algorithm SHA-256; fixedTPM, fixedParent, adminWithPolicy, noDA and
 *	no other attribute; authPolicy = SHA-256(SHA-256(32 zero bytes || 0x00000160 ||
 *	name) || SHA-256(header.policy)); no scheme
 *
 * so that nothing but TPM2_PolicySigned opens it. name is the verifier's key as the TPM
 * names it: 0x000b || SHA-256 of the public area: ecc, name algorithm SHA-256;
 * userWithAuth and sign; empty authPolicy; no symmetric algorithm, scheme or KDF;
 * NIST P-384; x and y of 48 bytes each.
 *
 * The kernel reads the header to know which grant a key waits for, and believes
 * nothing in it before the chip has authenticated it.
 */
#ifndef BASTION_BLOB_H
#define BASTION_BLOB_H

#include <bastion/chip.h>

#define BASTION_BLOB_MAGIC	"BSTNBLOB"	/* 8 bytes, no NUL */
#define BASTION_BLOB_VERSION	1
#define BASTION_BLOB_INFO		"bastion seal v1"
#define BASTION_DERIVED_INFO		"bastion derive v1"
#define BASTION_DERIVED_TAG_INFO	"bastion derived tag v1"
#define BASTION_TPM_INFO		"bastion tpm seal v1"

/* Kinds */
#define BASTION_KIND_SECRET	1	/* bytes */
#define BASTION_KIND_DERIVED	2	/* bytes, from the fused seed and this header */
#define BASTION_KIND_P384	3	/* a key pair; the chip signs, nobody gets it */
#define BASTION_KIND_TPM	4	/* bytes, sealed to a TPM 2.0 */

/* Types of kernel key that a secret may be released as: a mask in the header. */
#define BASTION_TYPE_LOGON	(1 << 0)
#define BASTION_TYPE_FSCRYPT	(1 << 1)
#define BASTION_TYPE_USER	(1 << 2)
#define BASTION_TYPE_ALL	(BASTION_TYPE_LOGON | BASTION_TYPE_FSCRYPT | BASTION_TYPE_USER)

/* Flags */
#define BASTION_BLOB_EXECUTABLE	(1 << 0)	/* @executable counts */
#define BASTION_BLOB_IMPORTED	(1 << 1)	/* the secret came from outside; kinds SECRET and TPM */

#define BASTION_NAME_SIZE	64		/* [A-Za-z0-9._-]{1,63}, NUL padded */
#define BASTION_SECRET_MIN	32
#define BASTION_SECRET_MAX	1024
#define BASTION_SCALAR_SIZE	48	/* secret_len of a P384 key */
#define BASTION_FSCRYPT_MAX	64	/* longer secrets are not released as FSCRYPT */
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
 * @types:		BASTION_TYPE_*: what it may be released as; 0 for kind P384
 *			and for no other
 * @min_svn:		a chip whose firmware is older refuses; 0 for kind DERIVED,
 *			whose keys stay the same when the firmware is updated
 * @register_mask:	registers that must have the values of @register_digest
 *			when it is unsealed; never 3 or 4; 0 for none
 * @register_digest:	as in a grant (grant.h); zero when @register_mask is 0
 * @executable:		SHA-256 of the only executable it goes to; zero unless
 *			BASTION_BLOB_EXECUTABLE
 * @counter_index:	1 .. BASTION_COUNTER_COUNT, or 0 for none
 * @reserved:		0
 * @counter_value:	by the chip: the blob is old once the counter is above; 0
 *			without @counter_index
 * @salt:		by the chip; kind DERIVED: from the label (round.h)
 * @secret_len:		BASTION_SECRET_MIN .. BASTION_SECRET_MAX, kind P384:
 *			BASTION_SCALAR_SIZE
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

/**
 * struct bastion_blob_tpm - the TPM's part of a blob
 * @unique:		of the object's public area
 * @private_len:	1 .. BASTION_TPM_PRIVATE_MAX
 * @reserved:		0
 *
 * Followed by the object's private area, encrypted by the TPM (the buffer of TPM2B_PRIVATE).
 */
struct bastion_blob_tpm {
	__u8 unique[32];
	__le16 private_len;
	__le16 reserved;
};

/* So that such a blob is no longer than others. */
#define BASTION_TPM_SECRET_MAX	512
#define BASTION_TPM_PRIVATE_MAX	476

#define BASTION_BLOB_OVERHEAD	(sizeof(struct bastion_blob_header) + BASTION_TAG_SIZE)
#define BASTION_BLOB_MAX	(BASTION_BLOB_OVERHEAD + BASTION_SECRET_MAX)
/* The length of a blob, by kind. */
#define BASTION_BLOB_SECRET_SIZE(len)	(BASTION_BLOB_OVERHEAD + (len))
#define BASTION_BLOB_DERIVED_SIZE	BASTION_BLOB_OVERHEAD
#define BASTION_BLOB_P384_SIZE \
	(BASTION_BLOB_OVERHEAD + BASTION_POINT_SIZE + BASTION_SCALAR_SIZE)
#define BASTION_BLOB_TPM_SIZE(private, len) \
	(BASTION_BLOB_OVERHEAD + sizeof(struct bastion_blob_tpm) + (private) + (len))

#endif
