// SPDX-License-Identifier: GPL-2.0
/*
 * The boot key and the tokens that are sealed to it (round.h).
 *
 * All of it runs in software on the CPU: a private key has no business in an
 * accelerator that nobody measured, hence the algorithm masks.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <crypto/aead.h>
#include <crypto/ecdh.h>
#include <crypto/kpp.h>

#include "boot_key.h"
#include "crypto.h"

#define SOFTWARE	(CRYPTO_ALG_ASYNC | CRYPTO_ALG_KERN_DRIVER_ONLY)	/* a mask: neither */

#define XY_SIZE		(BASTION_POINT_SIZE - 1)	/* the kernel leaves out the 0x04 */
#define Z_SIZE		(XY_SIZE / 2)
#define KEY_SIZE	32
#define IV_SIZE		12
#define TAG_SIZE	16

/* Everything that goes through a scatterlist, hence off the stack, or is secret. */
struct scratch {
	u8 peer[XY_SIZE];
	u8 z[Z_SIZE];
	u8 key[KEY_SIZE + IV_SIZE];
	u8 associated[BASTION_DIGEST_SIZE];
	u8 text[BASTION_TOKEN_SIZE + TAG_SIZE];
};

/* One ECDH operation: the public key with @peer NULL, else the shared x coordinate. */
static int ecdh(struct crypto_kpp *tfm, u8 *peer, u8 *out, unsigned int out_len)
{
	struct scatterlist src, dst;
	struct kpp_request *req;
	int ret;

	req = kpp_request_alloc(tfm, GFP_KERNEL);
	if (!req)
		return -ENOMEM;
	kpp_request_set_callback(req, 0, NULL, NULL);
	sg_init_one(&dst, out, out_len);
	kpp_request_set_output(req, &dst, out_len);
	if (peer) {
		sg_init_one(&src, peer, XY_SIZE);
		kpp_request_set_input(req, &src, XY_SIZE);
		ret = crypto_kpp_compute_shared_secret(req);
	} else {
		kpp_request_set_input(req, NULL, 0);
		ret = crypto_kpp_generate_public_key(req);
	}
	kpp_request_free(req);
	return ret;
}

/* Has the kernel choose the private key: that is what no key at all asks for. */
static int generate(struct crypto_kpp *tfm)
{
	struct ecdh none = {};
	unsigned int len = crypto_ecdh_key_len(&none);
	char *encoded;
	int ret;

	encoded = kmalloc(len, GFP_KERNEL);
	if (!encoded)
		return -ENOMEM;
	ret = crypto_ecdh_encode_key(encoded, len, &none);
	if (!ret)
		ret = crypto_kpp_set_secret(tfm, encoded, len);
	kfree(encoded);
	return ret;
}

static int read_public(struct crypto_kpp *tfm, u8 point[BASTION_POINT_SIZE])
{
	u8 *xy;
	int ret;

	if (crypto_kpp_maxsize(tfm) < XY_SIZE)
		return -EINVAL;
	xy = kmalloc(XY_SIZE, GFP_KERNEL);
	if (!xy)
		return -ENOMEM;
	ret = ecdh(tfm, NULL, xy, XY_SIZE);
	if (!ret) {
		point[0] = 0x04;
		memcpy(point + 1, xy, XY_SIZE);
		ret = bastion_point_check(point);
	}
	kfree(xy);
	return ret;
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

	tfm = crypto_alloc_kpp("ecdh-nist-p384", 0, SOFTWARE);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	ret = generate(tfm);
	if (!ret)
		ret = read_public(tfm, k->point);
	if (ret) {
		crypto_free_kpp(tfm);
		return ret;
	}
	k->tfm = tfm;
	return 0;
}

/**
 * bastion_boot_key_exit - forgets the key
 * @k:		initialised, or all zero; nobody may be using it
 */
void bastion_boot_key_exit(struct bastion_boot_key *k)
{
	if (k->tfm)
		crypto_free_kpp(k->tfm);	/* wipes the context, the private key with it */
	memzero_explicit(k, sizeof(*k));
}

/* Key and IV as round.h derives them, into s->key. */
static int derive(struct bastion_boot_key *k, const u8 *ephemeral, struct scratch *s)
{
	static const char tag[] = BASTION_TOKEN_INFO;
	const struct kvec info[] = {
		{ .iov_base = (void *)tag, .iov_len = sizeof(tag) },
		{ .iov_base = (void *)ephemeral, .iov_len = BASTION_POINT_SIZE },
		{ .iov_base = k->point, .iov_len = BASTION_POINT_SIZE },
	};
	int ret;

	memcpy(s->peer, ephemeral + 1, XY_SIZE);
	ret = ecdh(k->tfm, s->peer, s->z, Z_SIZE);
	if (ret)
		return ret;
	return bastion_hkdf_sha384(s->z, Z_SIZE, NULL, 0, info, ARRAY_SIZE(info),
				   s->key, sizeof(s->key));
}

/* Decrypts s->text in place. */
static int decrypt(struct crypto_aead *tfm, struct scratch *s)
{
	struct aead_request *req;
	struct scatterlist sg[2];
	int ret;

	ret = crypto_aead_setkey(tfm, s->key, KEY_SIZE);
	if (!ret)
		ret = crypto_aead_setauthsize(tfm, TAG_SIZE);
	if (ret)
		return ret;
	req = aead_request_alloc(tfm, GFP_KERNEL);
	if (!req)
		return -ENOMEM;
	sg_init_table(sg, ARRAY_SIZE(sg));
	sg_set_buf(&sg[0], s->associated, sizeof(s->associated));
	sg_set_buf(&sg[1], s->text, sizeof(s->text));
	aead_request_set_callback(req, 0, NULL, NULL);
	aead_request_set_ad(req, sizeof(s->associated));
	aead_request_set_crypt(req, sg, sg, sizeof(s->text), s->key + KEY_SIZE);
	ret = crypto_aead_decrypt(req);
	aead_request_free(req);		/* which wipes it */
	return ret;
}

static int open_scratch(struct bastion_boot_key *k, const u8 *sealed, struct scratch *s)
{
	struct crypto_aead *tfm;
	int ret;

	/* 1. The ephemeral point, before the private key meets it. */
	ret = bastion_point_check(sealed);
	if (ret)
		return ret == -EINVAL ? -EKEYREJECTED : ret;

	/* 2. ECDH and HKDF */
	ret = derive(k, sealed, s);
	if (ret)
		return ret;

	/* 3. AES-256-GCM */
	tfm = crypto_alloc_aead("gcm(aes)", 0, SOFTWARE);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	ret = decrypt(tfm, s);
	crypto_free_aead(tfm);
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
 * Return: 0; -EKEYREJECTED it does not open, whatever the reason; -ENOMEM or
 * another error of the kernel's crypto.
 */
int bastion_boot_key_open(struct bastion_boot_key *k, const u8 sealed[BASTION_SEALED_TOKEN_SIZE],
			  const u8 grant_digest[BASTION_DIGEST_SIZE],
			  u8 token[BASTION_TOKEN_SIZE])
{
	struct scratch *s;
	int ret;

	s = kmalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	memcpy(s->text, sealed + BASTION_POINT_SIZE, sizeof(s->text));
	memcpy(s->associated, grant_digest, sizeof(s->associated));
	ret = open_scratch(k, sealed, s);
	if (ret)
		memzero_explicit(token, BASTION_TOKEN_SIZE);
	else
		memcpy(token, s->text, BASTION_TOKEN_SIZE);
	kfree_sensitive(s);
	return ret;
}
