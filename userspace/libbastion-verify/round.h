/* SPDX-License-Identifier: GPL-2.0 */
/* The derivations of include/bastion/round.h and grant.h. */
#ifndef BV_ROUND_H
#define BV_ROUND_H

#include <bastion/round.h>

#include "bytes.h"

#define BV_TPM_NONCE_SIZE	32	/* nonceTPM of a policy session with SHA-256 */

/**
 * struct bv_round - one round as the evidence tells it; hearsay until compared
 * @verifier:		digest of the grant key
 * @kernel_nonce:	the kernel's
 * @chip_nonce:		the chip's
 * @chip_nonce_len:	BASTION_CHIP_NONCE_SIZE, or of a TPM BV_TPM_NONCE_SIZE
 * @boot_key:		point
 * @verifier_nonce:	ours
 * @verifier_nonce_len:	8 .. 64
 * @log_count:		entries that the quote covers
 * @log_from:		number of the first one that the evidence has
 * @ima_from:		number of the first entry of IMA's list that it has
 * @pcr:		of a TPM: which one the module extends
 */
struct bv_round {
	uint8_t verifier[BASTION_DIGEST_SIZE];
	uint8_t kernel_nonce[BASTION_KERNEL_NONCE_SIZE];
	uint8_t chip_nonce[BASTION_CHIP_NONCE_SIZE];
	size_t chip_nonce_len;
	uint8_t boot_key[BASTION_POINT_SIZE];
	uint8_t verifier_nonce[BASTION_VERIFIER_NONCE_MAX];
	size_t verifier_nonce_len;
	uint64_t log_count;
	uint64_t log_from;
	uint64_t ima_from;
	uint32_t pcr;
};

/** bv_qualifying() - what the chip signs as eat_nonce; 0, -ENOMEM or -EIO */
int bv_qualifying(const struct bv_round *round, uint8_t out[BASTION_DIGEST_SIZE]);

/** bv_policy_reference() - of a label on a chip; 0, -ENOMEM or -EIO */
int bv_policy_reference(const uint8_t chip_id[BASTION_DIGEST_SIZE], const char *label,
			uint8_t out[BASTION_DIGEST_SIZE]);

/** bv_label_ok() - whether it is a policy label, [a-z0-9._-]{1,64} */
bool bv_label_ok(const char *label);

/**
 * bv_register_digest() - of the registers that a mask names
 * @mask:	a subset of BASTION_MASKABLE
 * @registers:	all eight
 * @out:	digest (grant.h)
 *
 * Return: 0, -ENOMEM or -EIO.
 */
int bv_register_digest(uint32_t mask,
		       const uint8_t registers[BASTION_MR_COUNT][BASTION_DIGEST_SIZE],
		       uint8_t out[BASTION_DIGEST_SIZE]);

#endif
