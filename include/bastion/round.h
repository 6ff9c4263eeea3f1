/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * What a round binds together: derivations that kernel and verifier share.
 *
 * Qualifying data (48 bytes), computed by the kernel for every quote:
 *
 *	SHA-384(BASTION_QUALIFYING_TAG with its NUL
 *		|| field(verifier nonce, 8 .. 64) || field(verifier digest, 48)
 *		|| field(kernel nonce, 32)        || field(chip nonce)
 *		|| field(boot key, 97)            || field(log entry count, u64))
 *
 * where field(x) is the length of x as a 32-bit little-endian number, then x.
 * Numbers are little endian.
 *
 * Verifier digest: SHA-384 of the grant key's DER SubjectPublicKeyInfo, which
 * for P-384 is BASTION_SPKI_PREFIX followed by the 97-byte point.
 *
 * Policy label: [a-z0-9._-]{1,64}. Policy reference (48 bytes):
 *
 *	SHA-384(BASTION_POLICY_TAG with its NUL || chip id || SHA-384(label))
 *
 * Label of a derived key: like a policy's. The header's salt (blob.h) is the first
 * 32 bytes of
 *
 *	SHA-384(BASTION_LABEL_TAG with its NUL || label)
 *
 * Log aggregate over n entries: A(0) is 48 zero bytes,
 * A(n) = SHA-384(A(n-1) || register index as u32 || entry n's SHA-384 template
 * digest), entries in log order, whatever their register.
 *
 * Registers of a TPM: of a log entry of register i (but 3, which is IMA's PCR 10), each bank of
 * the kernel's PCR is extended with
 *
 *	H(BASTION_PCR_TAG with its NUL || i as u32 || the entry's SHA-384 template digest)
 *
 * where H is the bank's hash, SHA-1, SHA-256 or SHA-384; other banks get that of SHA-384, padded
 * with zeroes or cut. Register 0 is
 *
 *	SHA-384(BASTION_PLATFORM_TAG with its NUL || PCR 0 .. PCR 9 of the SHA-256 bank)
 *
 * and the others are extended as those of a Bastionchip are, but by the kernel.
 *
 * Sealed token (145 bytes): ephemeral P-384 point (97) || AES-256-GCM
 * ciphertext of the 32-byte token || tag (16). With Z the 48-byte x coordinate
 * of the ECDH shared point (SEC 1, 3.3.1), key and IV are the first 32 and the
 * next 12 bytes of HKDF-SHA384(ikm = Z, salt = none, info = BASTION_TOKEN_INFO
 * with its NUL || ephemeral point || boot key point), RFC 5869. The associated
 * data is SHA-384 of the whole grant, signature included.
 *
 * Sealed policy signatures, for a chip that is a TPM and only for one: sealed as the token is,
 * with BASTION_POLICIES_INFO in the place of BASTION_TOKEN_INFO. The plaintext is one
 * struct bastion_policy_signature for each policy that the grant's RELEASE entries name,
 * in the order in which they name it first.
 */
#ifndef BASTION_ROUND_H
#define BASTION_ROUND_H

#include <bastion/grant.h>

#define BASTION_QUALIFYING_TAG	"bastion quote v1"
#define BASTION_POLICY_TAG	"bastion policy v1"
#define BASTION_LABEL_TAG	"bastion label v1"
#define BASTION_PCR_TAG		"bastion register v1"
#define BASTION_PLATFORM_TAG	"bastion platform v1"
#define BASTION_TOKEN_INFO	"bastion token v1"
#define BASTION_POLICIES_INFO	"bastion policies v1"

#define BASTION_KERNEL_NONCE_SIZE	32
#define BASTION_VERIFIER_NONCE_MIN	8
#define BASTION_VERIFIER_NONCE_MAX	64
#define BASTION_POLICY_LABEL_MAX	64
#define BASTION_SEALED_TOKEN_SIZE	(BASTION_POINT_SIZE + BASTION_TOKEN_SIZE + 16)
#define BASTION_POLICY_SECONDS_MAX	300	/* tickets cannot be taken back */
#define BASTION_ROUND_SECONDS		60	/* from ROUND_BEGIN to GRANT at most */
#define BASTION_REQUESTER_MAX		8192	/* bytes of a requester event */

/**
 * struct bastion_policy_signature - a TPM may open what is sealed under a policy
 * @policy:	policy reference
 * @seconds:	from when the chip nonce was drawn, 1 .. BASTION_POLICY_SECONDS_MAX
 * @reserved:	0
 * @signature:	by the grant key, ECDSA P-384 with SHA-256, r || s, over
 *
 *			chip nonce (32)
 *			|| -seconds, two's complement, 32 bits, big endian
 *			|| SHA-256(@policy)
 *
 *		which is what TPM2_PolicySigned (TPM 2.0 Library, part 3, 23.3) hashes with
 *		an expiration that is negative, no cpHashA, and that policyRef.
 */
struct bastion_policy_signature {
	__u8 policy[BASTION_DIGEST_SIZE];
	__le32 seconds;
	__le32 reserved;
	__u8 signature[BASTION_SIGNATURE_SIZE];
};

#define BASTION_SEALED_POLICIES_SIZE(count) \
	(BASTION_POINT_SIZE + (count) * sizeof(struct bastion_policy_signature) + 16)
#define BASTION_SEALED_POLICIES_MAX \
	BASTION_SEALED_POLICIES_SIZE(BASTION_GRANT_ENTRIES_MAX)

/* DER of a P-384 SubjectPublicKeyInfo up to the point (RFC 5480): 23 bytes. */
#define BASTION_SPKI_PREFIX \
	{ 0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, \
	  0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00 }
#define BASTION_SPKI_PREFIX_SIZE	23

/*
 * Names of the log entries that the module makes (the n-ng field; the buf field
 * holds the data). Verifiers know them by these names.
 */
#define BASTION_EVENT_BOOT_KEY		"boot_key"	/* mr1, first: the 97-byte point */
#define BASTION_EVENT_MODULE		"module"	/* mr1: "version=... build=<hex>" */
#define BASTION_EVENT_PLATFORM		"platform"	/* mr1: "kernel=... lockdown=... sig_enforce=..." */
#define BASTION_EVENT_CAP		"cap"		/* mr1, last: nothing attests after it */
#define BASTION_EVENT_PARAMETERS	"parameters"	/* mr2: "polling=0 measure=ima" */
#define BASTION_EVENT_VERIFIER_ADD	"verifier_add"	/* mr2: the 97-byte point */
#define BASTION_EVENT_VERIFIER_REMOVE	"verifier_remove" /* mr2: its 48-byte digest */
#define BASTION_EVENT_KEY_CREATE	"key_create"	/* mr4: the blob's header */
#define BASTION_EVENT_KEY_REBIND	"key_rebind"	/* mr4: the new blob's header */
#define BASTION_EVENT_REQUESTER		"requester"	/* mr4: "uid=... exe=... path=... cgroup=..." */

/* In IMA's list: critical data of this label, by this name. */
#define BASTION_IMA_LABEL	"bastion"
#define BASTION_IMA_EVENT	"bastion-gate"	/* "chip=... number=... state=... ..." */

/* Names in the platform's boot log, register 0, in this order. */
#define BASTION_BOOT_FIRMWARE	"firmware"	/* ima-ng: the chip's firmware digest */
#define BASTION_BOOT_KERNEL	"kernel"	/* ima-ng */
#define BASTION_BOOT_INITRD	"initrd"	/* ima-ng */
#define BASTION_BOOT_CMDLINE	"cmdline"	/* ima-buf: the command line, no NUL */

#endif
