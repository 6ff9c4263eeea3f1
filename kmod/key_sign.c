// SPDX-License-Identifier: GPL-2.0
/*
 * Signing with keys that never leave the chip. The key service has found the key and
 * that the caller may search it; it calls without any lock, and holds nothing that
 * keeps the module, so each call keeps it for as long as it may sleep.
 */
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "blob.h"
#include "crypto.h"
#include "gate.h"
#include "key.h"
#include "signature.h"
#include "trace.h"
#include "use.h"

#define KEY_BITS	384

enum encoding { X962, P1363 };

static const struct {
	const char *name;
	u32 size;
} hashes[] = {
	{ "sha256", 32 },
	{ "sha384", 48 },
	{ "sha512", 64 },
};

/* Nothing but the digest is signed, so all that a hash's name can do is to fit. */
static int check_digest(const struct kernel_pkey_params *params)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(hashes); i++) {
		if (hashes[i].size != params->in_len)
			continue;
		return params->hash_algo && strcmp(params->hash_algo, hashes[i].name) ?
			-EINVAL : 0;
	}
	return -EINVAL;
}

/* "raw", which is also what it says when the caller said nothing, means neither. */
static int parse_encoding(const char *name, enum encoding *encoding)
{
	if (!strcmp(name, "x962"))
		*encoding = X962;
	else if (!strcmp(name, "p1363"))
		*encoding = P1363;
	else
		return -EINVAL;
	return 0;
}

static u32 signature_max(enum encoding encoding)
{
	return encoding == P1363 ? BASTION_SIGNATURE_SIZE : BASTION_SIGNATURE_DER_MAX;
}

/* The key's blob, a copy, and what is in it; only of a key that signs. */
static int take_blob(struct key *key, u8 **blob, struct bastion_blob_view *view)
{
	size_t len;
	int ret;

	ret = bastion_key_blob(key, blob, &len);
	if (ret)
		return ret;
	ret = bastion_blob_parse(*blob, len, view);
	if (!ret && !view->point)
		ret = -EOPNOTSUPP;
	if (ret)
		kfree(*blob);
	return ret;
}

/**
 * bastion_key_query() - what a key can do, for keyctl_pkey_query(3)
 * @params:	key and encoding
 * @info:	the answer
 *
 * Context: process, may sleep.
 * Return: 0, -EOPNOTSUPP unless it is a P-384 key, -EINVAL an unknown encoding,
 * -ENODEV the module goes, or as bastion_key_blob().
 */
int bastion_key_query(const struct kernel_pkey_params *params, struct kernel_pkey_query *info)
{
	struct bastion_blob_view view;
	enum encoding encoding = X962;
	u8 *blob;
	int ret;

	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	ret = take_blob(params->key, &blob, &view);
	if (!ret)
		kfree(blob);
	module_put(THIS_MODULE);
	if (ret)
		return ret;
	/* Whoever only asks need not know. */
	if (strcmp(params->encoding, "raw"))
		ret = parse_encoding(params->encoding, &encoding);
	if (ret)
		return ret;
	*info = (struct kernel_pkey_query) {
		.supported_ops = KEYCTL_SUPPORTS_SIGN | KEYCTL_SUPPORTS_VERIFY,
		.key_size = KEY_BITS,
		.max_data_size = BASTION_SIGN_DIGEST_MAX,
		.max_sig_size = signature_max(encoding),
	};
	return 0;
}

/**
 * struct signing - one signature
 * @use:	of the key
 * @digest:	what is signed
 * @len:	bytes at @digest
 * @signature:	r || s
 */
struct signing {
	struct bastion_use use;
	const u8 *digest;
	size_t len;
	u8 signature[BASTION_SIGNATURE_SIZE];
};

static ssize_t send_sign(struct bastion_chip *chip, const u8 token[BASTION_TOKEN_SIZE], void *data)
{
	struct signing *signing = data;
	struct bastion_use *use = &signing->use;

	if (!chip->ops->sign)
		return -EOPNOTSUPP;
	return chip->ops->sign(chip, token, le32_to_cpu(use->header.owner), use->who.digest,
			       signing->digest, signing->len, use->blob, use->blob_len,
			       signing->signature);
}

static int sign_under(struct bastion_use *use, struct bastion_grant_live *grant)
{
	struct signing *signing = container_of(use, struct signing, use);
	ssize_t ret;

	ret = bastion_use_command(use, grant, send_sign, signing);
	return ret < 0 ? ret : bastion_gate_is_over(use->chip->gate, grant);
}

static int sign_with(struct signing *signing, struct key *key)
{
	struct bastion_use *use = &signing->use;
	struct bastion_blob_view view;
	u8 *blob;
	int ret;

	ret = take_blob(key, &blob, &view);
	if (!ret)
		ret = bastion_use_take(use, blob, view.len);
	if (ret)
		return ret;
	use->chip = bastion_chip_by_id(use->header.chip_id);
	if (!use->chip)
		return -ENODEV;
	use->timeout_ms = READ_ONCE(use->chip->release_timeout) * MSEC_PER_SEC;
	ret = bastion_use_check(use);
	if (!ret)
		ret = bastion_use_key(use, sign_under);
	trace_bastion_sign(&use->chip->dev, &use->header,
			   from_kuid(&init_user_ns, use->who.cred->fsuid), ret, use->waited_ns);
	bastion_chip_put(use->chip);
	return ret;
}

/* Its length. */
static int put_signature(const u8 signature[BASTION_SIGNATURE_SIZE], enum encoding encoding,
			 u8 *out)
{
	if (encoding == X962)
		return bastion_signature_to_der(signature, out);
	memcpy(out, signature, BASTION_SIGNATURE_SIZE);
	return BASTION_SIGNATURE_SIZE;
}

/**
 * bastion_key_sign() - sign a digest in the chip, for keyctl_pkey_sign(3)
 * @params:	key, encoding, hash, lengths
 * @in:		the digest
 * @out:	the signature
 *
 * Waits for a grant as a release does, for as long as sysfs release_timeout says.
 *
 * Context: process; waits, killably.
 * Return: the signature's length; -EINVAL the digest, its hash or the encoding is
 * none that is supported, or there may not be room for the signature; -EOPNOTSUPP
 * anything but to sign, with anything but a P-384 key; -EACCES the caller is not the owner; -ENODEV the key's chip is not here; as
 * bastion_key_blob() and bastion_use_key().
 */
int bastion_key_sign(struct kernel_pkey_params *params, const void *in, void *out)
{
	struct signing signing = { .digest = in, .len = params->in_len };
	enum encoding encoding;
	int ret;

	if (params->op != kernel_pkey_sign)
		return -EOPNOTSUPP;
	ret = check_digest(params);
	if (!ret)
		ret = parse_encoding(params->encoding, &encoding);
	if (ret)
		return ret;
	/* Some kernels have as much room at @out as the caller said, others max_sig_size. */
	if (params->out_len < signature_max(encoding))
		return -EINVAL;
	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	bastion_requester_init(&signing.use.who, current_cred(), task_pid(current));
	ret = sign_with(&signing, params->key);
	bastion_use_exit(&signing.use);
	if (!ret)
		ret = put_signature(signing.signature, encoding, out);
	module_put(THIS_MODULE);
	return ret;
}

/* A digest as a number of 48 bytes: the leftmost bits count (FIPS 186-5, 6.4.2). */
static void digest_number(const u8 *digest, size_t len, u8 number[BASTION_DIGEST_SIZE])
{
	size_t take = min_t(size_t, len, BASTION_DIGEST_SIZE);

	memset(number, 0, BASTION_DIGEST_SIZE - take);
	memcpy(number + BASTION_DIGEST_SIZE - take, digest, take);
}

/* What comes after the signature is not looked at (bastion_signature_from_der()). */
static int get_signature(const u8 *in2, size_t len, enum encoding encoding,
			 u8 signature[BASTION_SIGNATURE_SIZE])
{
	if (encoding == X962)
		return bastion_signature_from_der(in2, len, signature);
	if (len < BASTION_SIGNATURE_SIZE)
		return -EBADMSG;
	memcpy(signature, in2, BASTION_SIGNATURE_SIZE);
	return 0;
}

static int verify_with(struct key *key, const u8 number[BASTION_DIGEST_SIZE],
		       const u8 signature[BASTION_SIGNATURE_SIZE])
{
	struct bastion_blob_view view;
	u8 *blob;
	int ret;

	ret = take_blob(key, &blob, &view);
	if (ret)
		return ret;
	ret = bastion_ecdsa_verify(view.point, number, signature);
	kfree(blob);
	return ret == -EINVAL ? -EBADMSG : ret;
}

/**
 * bastion_key_verify() - check a signature, for keyctl_pkey_verify(3)
 * @params:	key, encoding, hash, lengths
 * @in:		the digest
 * @in2:	the signature
 *
 * Takes no grant and no chip: the public key stands in the blob, where nobody has
 * authenticated it before the chip has once used the key.
 *
 * Context: process.
 * Return: 0; -EKEYREJECTED the signature is not good; -EBADMSG it is no signature,
 * or the blob has no public key of P-384; -EINVAL and -EOPNOTSUPP as for signing;
 * -ENODEV the module goes; as bastion_key_blob().
 */
int bastion_key_verify(struct kernel_pkey_params *params, const void *in, const void *in2)
{
	u8 signature[BASTION_SIGNATURE_SIZE], number[BASTION_DIGEST_SIZE];
	enum encoding encoding;
	int ret;

	ret = check_digest(params);
	if (!ret)
		ret = parse_encoding(params->encoding, &encoding);
	if (!ret)
		ret = get_signature(in2, params->in2_len, encoding, signature);
	if (ret)
		return ret;
	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	digest_number(in, params->in_len, number);
	ret = verify_with(params->key, number, signature);
	module_put(THIS_MODULE);
	return ret;
}
