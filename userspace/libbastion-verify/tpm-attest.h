/* SPDX-License-Identifier: GPL-2.0 */
/* What a TPM signs when it quotes (TPM 2.0 Library 1.59, part 2, 10.12.12). */
#ifndef BV_TPM_ATTEST_H
#define BV_TPM_ATTEST_H

#include "tpm-wire.h"

#define BV_TPM_ATTEST_MAX	4096	/* bytes; a quote of all banks has less than 512 */
#define BV_TPM_DATA_MAX		66	/* of TPM2B_DATA: a TPMT_HA with SHA-512 */

/**
 * struct bv_tpm_selection - which registers, in the order in which they are hashed
 * @count:	banks
 * @bank:	each at most once
 * @mask:	of its registers; may be empty
 */
struct bv_tpm_selection {
	size_t count;
	struct {
		enum bv_bank bank;
		uint32_t mask;
	} banks[BV_BANKS];
};

/**
 * struct bv_tpm_attest - a quote; spans point into the bytes
 * @signer:	qualified name of the key: algorithm and digest
 * @qualifying:	what the caller of TPM2_Quote wanted signed
 * @clock:	milliseconds that the TPM had power; below 2^63
 * @reset_count: resets since its owner was last cleared
 * @restart_count: times that it was suspended since the last reset
 * @safe:	whether no higher @clock was reported before a power loss
 * @firmware:	its vendor's version
 * @selection:	which registers are covered; at least one
 * @pcr_digest:	of their values
 */
struct bv_tpm_attest {
	struct bv_span signer;
	struct bv_span qualifying;
	uint64_t clock;
	uint32_t reset_count;
	uint32_t restart_count;
	bool safe;
	uint64_t firmware;
	struct bv_tpm_selection selection;
	struct bv_span pcr_digest;
};

/**
 * bv_tpm_attest_parse() - read a TPMS_ATTEST that is a quote
 * @bytes:	untrusted, all of it
 * @attest:	the quote; true only once a signature of @bytes is verified
 * @err:	what was wrong
 *
 * The magic is looked at first, the type next: a restricted key signs nothing else
 * that begins so, so what follows is what a TPM says of itself.
 *
 * Return: 0, -EBADMSG.
 */
int bv_tpm_attest_parse(struct bv_span bytes, struct bv_tpm_attest *attest, struct bv_error *err);

#endif
