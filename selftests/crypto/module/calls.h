/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _CRYPTO_TEST_CALLS_H
#define _CRYPTO_TEST_CALLS_H

#include <linux/types.h>

#include "kmod/boot_key.h"
#include "kmod/crypto.h"

/**
 * struct call - one call's input and output
 * @number:	see crypto_test.h
 * @in:		exactly @in_len bytes, so that a sanitizer sees every byte beyond
 * @in_len:	bytes at @in
 * @out:	exactly @out_len bytes
 * @out_len:	bytes at @out
 */
struct call {
	u32 number;
	const u8 *in;
	size_t in_len;
	u8 *out;
	size_t out_len;
};

int call_do(u32 op, struct bastion_boot_key *key, const struct call *c);

int ecc_ecdsa_p384_verify(const u8 key[BASTION_POINT_SIZE], const u8 digest[BASTION_DIGEST_SIZE],
			  const u8 signature[BASTION_SIGNATURE_SIZE]);

#endif
