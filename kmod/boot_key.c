// SPDX-License-Identifier: GPL-2.0
/*
 * The boot key and the tokens that are sealed to it (round.h).
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <crypto/kpp.h>

#include "boot_key.h"
#include "crypto.h"

#define XY_SIZE		(BASTION_POINT_SIZE - 1)	/* the kernel leaves out the 0x04 */
#define Z_SIZE		(XY_SIZE / 2)

/* Everything that goes through a scatterlist, hence off the stack, or is secret. */
struct scratch {
	u8 peer[XY_SIZE];
	u8 z[Z_SIZE];
	u8 key[BASTION_GCM_KEY_SIZE];
};

static int read_public(struct crypto_kpp *tfm, u8 point[BASTION_POINT_SIZE])
{
	u8 *xy;
	int ret;

	if (crypto_kpp_maxsize(tfm) < XY_SIZE)
		return -EINVAL;
	xy = kmalloc(XY_SIZE, GFP_KERNEL);
	if (!xy)
		return -ENOMEM;
	ret = bastion_ecdh(tfm, NULL, XY_SIZE, xy, XY_SIZE);
	if (!ret) {
		point[0] = 0x04;
		memcpy(point + 1, xy, XY_SIZE);
		ret = bastion_point_check(point);
	}
	kfree(xy);
	return ret;
}

/*
 * Checks a signature that is none, as a grant's will be. What that takes of the kernel's modules
 * is there from then on: to fetch it takes a process, modprobe, which must not be waited for with
 * the chip's ops held. What comes of it does not matter; without ECDSA grants are refused.
 */
static void try_signature(const u8 point[BASTION_POINT_SIZE])
{
	u8 digest[BASTION_DIGEST_SIZE] = { }, signature[BASTION_SIGNATURE_SIZE] = { };

	signature[BASTION_SIGNATURE_SIZE / 2 - 1] = 1;
	signature[BASTION_SIGNATURE_SIZE - 1] = 1;
	bastion_ecdsa_verify(point, digest, signature);
}

/**
 * bastion_boot_key_init - makes a fresh key
 * @k:		what to fill in
 *
 * May sleep.
 *
 * Return: 0; -ENOENT this kernel has no ECDH with P-384; -ENOMEM or another
 * error of the kernel's crypto.
 */
int bastion_boot_key_init(struct bastion_boot_key *k)
{
	struct crypto_kpp *tfm;
	int ret;

	tfm = bastion_ecdh_alloc("ecdh-nist-p384");
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	ret = read_public(tfm, k->point);
	if (ret) {
		crypto_free_kpp(tfm);
		return ret;
	}
	try_signature(k->point);
	k->tfm = tfm;
	return 0;
}

/**
 * bastion_boot_key_wipe - forgets the private half
 * @k:		initialised, or all zero; nobody may be using it
 *
 * Nothing opens with it any more. The public half stays as it is.
 */
void bastion_boot_key_wipe(struct bastion_boot_key *k)
{
	if (k->tfm)
		crypto_free_kpp(k->tfm);	/* wipes the context, the private key with it */
	k->tfm = NULL;
}

/**
 * bastion_boot_key_exit - forgets the key
 * @k:		initialised, or all zero; nobody may be using it
 */
void bastion_boot_key_exit(struct bastion_boot_key *k)
{
	bastion_boot_key_wipe(k);
	memzero_explicit(k, sizeof(*k));
}

/* Key and IV as round.h derives them, into s->key. */
static int derive(struct bastion_boot_key *k, const struct kvec *tag, const u8 *ephemeral,
		  struct scratch *s)
{
	const struct kvec info[] = {
		*tag,
		{ .iov_base = (void *)ephemeral, .iov_len = BASTION_POINT_SIZE },
		{ .iov_base = k->point, .iov_len = BASTION_POINT_SIZE },
	};
	int ret;

	memcpy(s->peer, ephemeral + 1, XY_SIZE);
	ret = bastion_ecdh(k->tfm, s->peer, XY_SIZE, s->z, Z_SIZE);
	if (ret)
		return ret;
	return bastion_hkdf_sha384(s->z, Z_SIZE, NULL, 0, info, ARRAY_SIZE(info),
				   s->key, sizeof(s->key));
}

/* Opens the @len bytes at @sealed into @text, which has as many fewer as point and tag are. */
static int open_sealed(struct bastion_boot_key *k, const struct kvec *tag, const u8 *sealed,
		       size_t len, const u8 *grant_digest, u8 *text)
{
	struct scratch *s;
	int ret;

	if (!k->tfm)
		return -ENODEV;

	/* 1. The ephemeral point, before the private key meets it. */
	ret = bastion_point_check(sealed);
	if (ret)
		return ret == -EINVAL ? -EKEYREJECTED : ret;

	/* 2. ECDH and HKDF */
	s = kmalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	ret = derive(k, tag, sealed, s);

	/* 3. AES-256-GCM */
	if (!ret)
		ret = bastion_gcm_open(s->key, grant_digest, BASTION_DIGEST_SIZE,
				       sealed + BASTION_POINT_SIZE, len - BASTION_POINT_SIZE,
				       text);
	kfree_sensitive(s);
	return ret == -EBADMSG ? -EKEYREJECTED : ret;
}

/**
 * bastion_boot_key_open - opens a token that was sealed to the boot key (round.h)
 * @k:		initialised
 * @sealed:	the sealed token
 * @grant_digest: SHA-384 of the whole grant, signature included
 * @token:	the token; wiped on failure
 *
 * May sleep. Only reads @k: any number may run at once, as long as the caller
 * (by its mutex, say) keeps bastion_boot_key_exit() away.
 *
 * Return: 0; -EKEYREJECTED it does not open, whatever the reason; -ENODEV after
 * bastion_boot_key_wipe(); -ENOMEM or
 * another error of the kernel's crypto.
 */
int bastion_boot_key_open(struct bastion_boot_key *k, const u8 sealed[BASTION_SEALED_TOKEN_SIZE],
			  const u8 grant_digest[BASTION_DIGEST_SIZE],
			  u8 token[BASTION_TOKEN_SIZE])
{
	static const char tag[] = BASTION_TOKEN_INFO;
	const struct kvec info = { .iov_base = (void *)tag, .iov_len = sizeof(tag) };
	int ret;

	ret = open_sealed(k, &info, sealed, BASTION_SEALED_TOKEN_SIZE, grant_digest, token);
	if (ret)
		memzero_explicit(token, BASTION_TOKEN_SIZE);
	return ret;
}

/**
 * bastion_boot_key_open_policies - opens policy signatures that were sealed to it (round.h)
 * @k:		initialised
 * @sealed:	the sealed signatures, of BASTION_SEALED_POLICIES_SIZE(@count) bytes
 * @grant_digest: SHA-384 of the whole grant, signature included
 * @signatures:	room for @count; of no use on failure
 * @count:	of @signatures
 *
 * As bastion_boot_key_open().
 */
int bastion_boot_key_open_policies(struct bastion_boot_key *k, const u8 *sealed,
				   const u8 grant_digest[BASTION_DIGEST_SIZE],
				   struct bastion_policy_signature *signatures, size_t count)
{
	static const char tag[] = BASTION_POLICIES_INFO;
	const struct kvec info = { .iov_base = (void *)tag, .iov_len = sizeof(tag) };

	return open_sealed(k, &info, sealed, BASTION_SEALED_POLICIES_SIZE(count), grant_digest,
			   (u8 *)signatures);
}
