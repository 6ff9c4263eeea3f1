/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a policy would say of logs, without a quote: nothing here is evidence, and
 * no grant can come of it.
 */
#ifndef BV_SIMULATE_H
#define BV_SIMULATE_H

#include "appraise.h"
#include "tcg-expected.h"

/**
 * struct bv_simulation - what to judge
 * @policy:	with all its files
 * @boot_log:	the platform's; no data: not judged
 * @pcrs:	of a TPM instead; NULL: not judged
 * @tcg_log:	then: the firmware's; no data: none
 * @log:	the module's
 * @ima:	IMA's list; no data: none
 * @verifier:	digest of our grant key; NULL: the first that the log registers
 */
struct bv_simulation {
	const struct bv_policy *policy;
	struct bv_span boot_log;
	const struct bv_expected *pcrs;
	struct bv_span tcg_log;
	struct bv_span log;
	struct bv_span ima;
	const uint8_t *verifier;
};

/**
 * bv_simulate() - judge logs as if a chip had signed the registers that they lead to
 * @in:		see above
 * @granted:	whether these checks would let a grant be made
 *
 * The chip, the round and its certificates are not judged.
 *
 * Return: a verdict that grants nothing, to bv_verdict_free(); NULL without memory.
 */
struct bv_verdict *bv_simulate(const struct bv_simulation *in, bool *granted);

/**
 * struct bv_next_boot - what a machine will boot; NULL: as in the log
 * @kernel:	SHA-384
 * @initrd:	SHA-384
 * @cmdline:	the command line
 */
struct bv_next_boot {
	const uint8_t *kernel;
	const uint8_t *initrd;
	const char *cmdline;
};

/**
 * bv_next_boot_log() - the platform's log as it would be
 * @boot_log:	as it is
 * @next:	what changes
 * @out:	on success: allocated bytes that the caller frees
 * @err:	what was wrong
 *
 * Return: 0, -EBADMSG, -ENOMEM, -EIO.
 */
int bv_next_boot_log(struct bv_span boot_log, const struct bv_next_boot *next,
		     struct bv_span *out, struct bv_error *err);

#endif
