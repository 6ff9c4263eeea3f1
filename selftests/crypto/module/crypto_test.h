/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/bastion_crypto_test: the module's crypto, called from user space, so that
 * another implementation can be held against it.
 */
#ifndef _BASTION_CRYPTO_TEST_H
#define _BASTION_CRYPTO_TEST_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define CRYPTO_TEST_IN_MAX	8192
#define CRYPTO_TEST_OUT_MAX	16384

/* What to call, and what @in and @out are */
enum crypto_test_op {
	CRYPTO_TEST_HASH,	/* @number: bastion_hash; bytes; digest */
	CRYPTO_TEST_HASH_FILE,	/* @number: descriptor; nothing; digest */
	CRYPTO_TEST_HKDF,	/* struct crypto_test_hkdf; key material */
	CRYPTO_TEST_POINT,	/* point; nothing */
	CRYPTO_TEST_VERIFY,	/* point, digest, r, s; nothing */
	CRYPTO_TEST_VERIFY_ECC,	/* the same by the arithmetic of kmod/compat */
	CRYPTO_TEST_BOOT_KEY,	/* nothing; the point of this open file's key */
	CRYPTO_TEST_OPEN,	/* sealed token, digest; token */
	CRYPTO_TEST_VERIFIER,	/* point; digest */
	CRYPTO_TEST_POLICY,	/* chip id, label; digest */
	CRYPTO_TEST_REGISTERS,	/* @number: mask; values; digest */
	CRYPTO_TEST_OPS
};

struct crypto_test_hkdf {
	__u32 ikm_len;
	__u32 salt_len;
	__u32 info_len;
	__u8 data[];
};

/* The ioctl returns what the function returned; @out is written even if it failed. */
struct crypto_test_call {
	__u32 op;
	__u32 number;
	__u32 in_len;
	__u32 out_len;
	__u64 in;
	__u64 out;
};

#define CRYPTO_TEST_CALL	_IOW(0xb7, 0xf0, struct crypto_test_call)

#endif
