// SPDX-License-Identifier: GPL-2.0
/* Takes a call's input apart and makes it. */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/file.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "calls.h"
#include "crypto_test.h"

/* In three parts, one of them empty. */
static int do_hash(struct bastion_boot_key *key, const struct call *c)
{
	size_t half = c->in_len / 2;
	const struct kvec parts[] = {
		{ .iov_base = (void *)c->in, .iov_len = half },
		{ .iov_base = (void *)c->in, .iov_len = 0 },
		{ .iov_base = (void *)(c->in + half), .iov_len = c->in_len - half },
	};

	if (c->number >= BASTION_HASH_COUNT || c->out_len != bastion_hash_size(c->number))
		return -EDOM;
	return bastion_hash(c->number, parts, ARRAY_SIZE(parts), c->out);
}

static int do_hash_file(struct bastion_boot_key *key, const struct call *c)
{
	struct file *file = fget(c->number);
	int ret;

	if (!file)
		return -EBADF;
	ret = bastion_hash_file(file, LLONG_MAX, c->out);
	fput(file);
	return ret;
}

static int do_hkdf(struct bastion_boot_key *key, const struct call *c)
{
	const struct crypto_test_hkdf *h = (const void *)c->in;
	const u8 *salt, *info;
	struct kvec parts[2];

	if (c->in_len < sizeof(*h) || h->ikm_len > c->in_len || h->salt_len > c->in_len ||
	    h->info_len > c->in_len ||
	    sizeof(*h) + h->ikm_len + h->salt_len + h->info_len != c->in_len)
		return -EDOM;
	salt = h->data + h->ikm_len;
	info = salt + h->salt_len;
	parts[0] = (struct kvec){ (void *)info, h->info_len / 3 };
	parts[1] = (struct kvec){ (void *)(info + h->info_len / 3),
				  h->info_len - h->info_len / 3 };
	return bastion_hkdf_sha384(h->data, h->ikm_len, salt, h->salt_len, parts,
				   ARRAY_SIZE(parts), c->out, c->out_len);
}

static int do_point(struct bastion_boot_key *key, const struct call *c)
{
	return bastion_point_check(c->in);
}

static int do_verify(struct bastion_boot_key *key, const struct call *c)
{
	const u8 *digest = c->in + BASTION_POINT_SIZE;

	return bastion_ecdsa_verify(c->in, digest, digest + BASTION_DIGEST_SIZE);
}

static int do_verify_ecc(struct bastion_boot_key *key, const struct call *c)
{
	const u8 *digest = c->in + BASTION_POINT_SIZE;

	return ecc_ecdsa_p384_verify(c->in, digest, digest + BASTION_DIGEST_SIZE);
}

static int do_boot_key(struct bastion_boot_key *key, const struct call *c)
{
	memcpy(c->out, key->point, sizeof(key->point));
	return 0;
}

static int do_open(struct bastion_boot_key *key, const struct call *c)
{
	return bastion_boot_key_open(key, c->in, c->in + BASTION_SEALED_TOKEN_SIZE, c->out);
}

static int do_verifier(struct bastion_boot_key *key, const struct call *c)
{
	return bastion_verifier_digest(c->in, c->out);
}

static int do_policy(struct bastion_boot_key *key, const struct call *c)
{
	if (c->in_len <= BASTION_DIGEST_SIZE || c->in[c->in_len - 1])
		return -EDOM;
	return bastion_policy_reference(c->in, (const char *)c->in + BASTION_DIGEST_SIZE, c->out);
}

static int do_registers(struct bastion_boot_key *key, const struct call *c)
{
	if (c->in_len != hweight32(c->number) * BASTION_DIGEST_SIZE)
		return -EDOM;
	return bastion_registers_digest(c->number, (const void *)c->in, c->out);
}

#define VERIFY_SIZE	(BASTION_POINT_SIZE + BASTION_DIGEST_SIZE + BASTION_SIGNATURE_SIZE)
#define OPEN_SIZE	(BASTION_SEALED_TOKEN_SIZE + BASTION_DIGEST_SIZE)
#define ANY		-1

static const struct {
	int (*call)(struct bastion_boot_key *key, const struct call *c);
	int in_len;
	int out_len;
} ops[CRYPTO_TEST_OPS] = {
	[CRYPTO_TEST_HASH] = { do_hash, ANY, ANY },
	[CRYPTO_TEST_HASH_FILE] = { do_hash_file, 0, BASTION_EXE_SIZE },
	[CRYPTO_TEST_HKDF] = { do_hkdf, ANY, ANY },
	[CRYPTO_TEST_POINT] = { do_point, BASTION_POINT_SIZE, 0 },
	[CRYPTO_TEST_VERIFY] = { do_verify, VERIFY_SIZE, 0 },
	[CRYPTO_TEST_VERIFY_ECC] = { do_verify_ecc, VERIFY_SIZE, 0 },
	[CRYPTO_TEST_BOOT_KEY] = { do_boot_key, 0, BASTION_POINT_SIZE },
	[CRYPTO_TEST_OPEN] = { do_open, OPEN_SIZE, BASTION_TOKEN_SIZE },
	[CRYPTO_TEST_VERIFIER] = { do_verifier, BASTION_POINT_SIZE, BASTION_DIGEST_SIZE },
	[CRYPTO_TEST_POLICY] = { do_policy, ANY, BASTION_DIGEST_SIZE },
	[CRYPTO_TEST_REGISTERS] = { do_registers, ANY, BASTION_DIGEST_SIZE },
};

/**
 * call_do - makes a call
 * @op:		CRYPTO_TEST_*
 * @key:	the open file's boot key
 * @c:		what with
 *
 * Return: what the function returned; -EDOM when the call itself is wrong.
 */
int call_do(u32 op, struct bastion_boot_key *key, const struct call *c)
{
	if (op >= CRYPTO_TEST_OPS ||
	    (ops[op].in_len != ANY && ops[op].in_len != c->in_len) ||
	    (ops[op].out_len != ANY && ops[op].out_len != c->out_len))
		return -EDOM;
	return ops[op].call(key, c);
}
