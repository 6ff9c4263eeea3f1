// SPDX-License-Identifier: GPL-2.0
/*
 * Public areas of a TPM's objects.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "tpm_public.h"

/* TPMA_OBJECT (part 2, 8.3) */
#define FIXED_TPM		(1u << 1)
#define FIXED_PARENT		(1u << 4)
#define SENSITIVE_ORIGIN	(1u << 5)
#define USER_WITH_AUTH		(1u << 6)
#define ADMIN_WITH_POLICY	(1u << 7)
#define NO_DA			(1u << 10)
#define RESTRICTED		(1u << 16)
#define DECRYPT			(1u << 17)
#define SIGN			(1u << 18)

#define AES_BITS		128

#define PARENT			(FIXED_TPM | FIXED_PARENT | SENSITIVE_ORIGIN | RESTRICTED | DECRYPT)

/* Of the TCG's EK templates L-1 and L-2: PolicySecret(TPM_RH_ENDORSEMENT), SHA-256. */
static const u8 endorsement_policy[BASTION_TPM_DIGEST_SIZE] = {
	0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5,
	0xd7, 0x24, 0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b,
	0x33, 0x14, 0x69, 0xaa
};

static void put_head(struct bastion_tpm_writer *w, u16 type, u32 attributes, const u8 *policy,
		     size_t policy_len)
{
	bastion_tpm_put_number(w, type, 2);
	bastion_tpm_put_number(w, BASTION_TPM_ALG_SHA256, 2);
	bastion_tpm_put_number(w, attributes, 4);
	bastion_tpm_put_sized(w, policy, policy_len);
}

/* A restricted decryption key on P-256 with AES-128-CFB for its children, not made yet. */
static void put_parent(struct bastion_tpm_writer *w)
{
	static const u8 zero[BASTION_TPM_COORDINATE_SIZE];

	bastion_tpm_put_number(w, BASTION_TPM_ALG_AES, 2);
	bastion_tpm_put_number(w, AES_BITS, 2);
	bastion_tpm_put_number(w, BASTION_TPM_ALG_CFB, 2);
	bastion_tpm_put_number(w, BASTION_TPM_ALG_NULL, 2);	/* scheme */
	bastion_tpm_put_number(w, BASTION_TPM_CURVE_P256, 2);
	bastion_tpm_put_number(w, BASTION_TPM_ALG_NULL, 2);	/* KDF */
	bastion_tpm_put_sized(w, zero, sizeof(zero));
	bastion_tpm_put_sized(w, zero, sizeof(zero));
}

/**
 * bastion_tpm_put_storage - the TCG's template of the storage key on P-256
 * @w:		where to
 *
 * TCG TPM v2.0 Provisioning Guidance, 7.5.1.
 */
void bastion_tpm_put_storage(struct bastion_tpm_writer *w)
{
	put_head(w, BASTION_TPM_ALG_ECC, PARENT | USER_WITH_AUTH | NO_DA, NULL, 0);
	put_parent(w);
}

/**
 * bastion_tpm_put_endorsement - the TCG's template of the endorsement key on P-256
 * @w:		where to
 *
 * TCG EK Credential Profile for TPM 2.0, B.3.4 (template L-2).
 */
void bastion_tpm_put_endorsement(struct bastion_tpm_writer *w)
{
	put_head(w, BASTION_TPM_ALG_ECC, PARENT | ADMIN_WITH_POLICY, endorsement_policy,
		 sizeof(endorsement_policy));
	put_parent(w);
}

/**
 * bastion_tpm_put_verifier - a verifier's grant key, as its name is computed (blob.h)
 * @w:		where to
 * @key:	P-384 point, uncompressed
 */
void bastion_tpm_put_verifier(struct bastion_tpm_writer *w, const u8 key[BASTION_POINT_SIZE])
{
	const size_t half = (BASTION_POINT_SIZE - 1) / 2;

	put_head(w, BASTION_TPM_ALG_ECC, USER_WITH_AUTH | SIGN, NULL, 0);
	bastion_tpm_put_number(w, BASTION_TPM_ALG_NULL, 2);	/* symmetric */
	bastion_tpm_put_number(w, BASTION_TPM_ALG_NULL, 2);	/* scheme */
	bastion_tpm_put_number(w, BASTION_TPM_CURVE_P384, 2);
	bastion_tpm_put_number(w, BASTION_TPM_ALG_NULL, 2);	/* KDF */
	bastion_tpm_put_sized(w, key + 1, half);
	bastion_tpm_put_sized(w, key + 1 + half, half);
}

/**
 * bastion_tpm_put_sealed - a sealed object that only its policy opens (blob.h)
 * @w:		where to
 * @policy:	its policy's digest
 * @unique:	what the TPM made of it; nothing when it has not been made yet
 * @unique_len:	bytes at @unique
 */
void bastion_tpm_put_sealed(struct bastion_tpm_writer *w,
			    const u8 policy[BASTION_TPM_DIGEST_SIZE],
			    const u8 *unique, size_t unique_len)
{
	put_head(w, BASTION_TPM_ALG_KEYEDHASH,
		 FIXED_TPM | FIXED_PARENT | ADMIN_WITH_POLICY | NO_DA, policy,
		 BASTION_TPM_DIGEST_SIZE);
	bastion_tpm_put_number(w, BASTION_TPM_ALG_NULL, 2);	/* scheme */
	bastion_tpm_put_sized(w, unique, unique_len);
}

static u32 number(const u8 *at, size_t size)
{
	u32 value = 0;

	while (size--)
		value = value << 8 | *at++;
	return value;
}

/* Type, name algorithm, attributes, the policy's length */
#define HEAD_SIZE	10

static bool has(const u8 *public, size_t len, u32 with, u32 without)
{
	u32 attributes;

	if (len < HEAD_SIZE)
		return false;
	attributes = number(public + 4, 4);
	return (attributes & with) == with && !(attributes & without);
}

/**
 * bastion_tpm_is_storage - may our objects be below this key, and can sessions be salted to it?
 * @public:	its public area
 * @len:	bytes at @public
 * @x:		its point's coordinates, of BASTION_TPM_COORDINATE_SIZE bytes, in @public
 * @y:		likewise
 *
 * Return: true for a restricted decryption key that never leaves its TPM, on P-256, in every
 * way as the template but that it may have a policy, or be subject to lockout.
 */
bool bastion_tpm_is_storage(const u8 *public, size_t len, const u8 **x, const u8 **y)
{
	u8 wanted[128];
	struct bastion_tpm_writer w = { .data = wanted, .size = sizeof(wanted) };
	const size_t point = 2 * (2 + BASTION_TPM_COORDINATE_SIZE);
	size_t policy_len;

	if (!has(public, len, PARENT | USER_WITH_AUTH, SIGN) ||
	    number(public, 2) != BASTION_TPM_ALG_ECC ||
	    number(public + 2, 2) != BASTION_TPM_ALG_SHA256)
		return false;
	policy_len = number(public + 8, 2);
	put_parent(&w);
	if (len != HEAD_SIZE + policy_len + w.len)
		return false;
	public += HEAD_SIZE + policy_len;
	*x = public + w.len - point + 2;
	*y = *x + BASTION_TPM_COORDINATE_SIZE + 2;
	/* All but the coordinates themselves */
	return !memcmp(public, wanted, w.len - point + 2) &&
	       number(*y - 2, 2) == BASTION_TPM_COORDINATE_SIZE;
}

/**
 * bastion_tpm_is_endorsement - is this an endorsement key by its attributes?
 * @public:	its public area
 * @len:	bytes at @public
 */
bool bastion_tpm_is_endorsement(const u8 *public, size_t len)
{
	return has(public, len, PARENT | ADMIN_WITH_POLICY, SIGN) && number(public + 8, 2);
}
