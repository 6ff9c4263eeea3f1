/* SPDX-License-Identifier: GPL-2.0 */
/* A policy with the files that it names, and time and chance. */
#ifndef VERIFIER_LOAD_H
#define VERIFIER_LOAD_H

#include "libbastion-verify/result.h"

/**
 * policy_load() - read a policy, its roots and its reference values
 * @path:	the policy; names in it are relative to its folder
 * @err:	what was wrong
 *
 * Return: a policy to bv_policy_free(), or NULL.
 */
struct bv_policy *policy_load(const char *path, struct bv_error *err);

/** fresh_bytes() - from the kernel's generator; 0, or -EIO */
int fresh_bytes(void *out, size_t len);

/**
 * struct enrolled - where records of TPMs are
 * @find:	NULL: nowhere
 * @machines:	for @find
 */
struct enrolled {
	bv_machine_find *find;
	void *machines;
};

/**
 * struct memory - what is remembered of the machine that is judged
 * @history:	goes into the appraisal
 * @keep:	called with the verdict: stores what is new; returns whether all that
 *		the quote covers of the log is stored for good
 * @context:	for @keep
 */
struct memory {
	struct bv_history *history;
	bool (*keep)(const struct memory *memory, const struct bv_verdict *verdict);
	void *context;
};

/**
 * judge() - a result for evidence, at this moment, with fresh randomness
 * @policy:	with its roots
 * @signer:	who signs
 * @enrolled:	which TPMs are known
 * @nonce:	that was given out
 * @evidence:	untrusted
 * @memory:	NULL: nothing is remembered, and nothing shall be
 * @result:	on success: bv_result_exit() it
 *
 * Return: 0, or a negative errno.
 */
int judge(const struct bv_policy *policy, const struct bv_signer *signer,
	  const struct enrolled *enrolled, struct bv_span nonce, struct bv_span evidence,
	  const struct memory *memory, struct bv_result *result);

#endif
