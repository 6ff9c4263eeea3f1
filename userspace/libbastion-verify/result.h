/* SPDX-License-Identifier: GPL-2.0 */
/* The result that goes back to the machine (Documentation/evidence.rst). */
#ifndef BV_RESULT_H
#define BV_RESULT_H

#include "appraise.h"
#include "ear.h"
#include "grant.h"

/**
 * struct bv_signer - who signs
 * @grant_key:	private
 * @ear_jwk:	private, from bv_ear_jwk(); another key
 * @verifier:	digest of the grant key
 * @audience:	of results
 * @build:	name and version of the program
 */
struct bv_signer {
	EVP_PKEY *grant_key;
	json_t *ear_jwk;
	uint8_t verifier[BASTION_DIGEST_SIZE];
	const char *audience;
	const char *build;
};

/**
 * struct bv_fresh - random bytes for one result, never used again
 * @token:	secret; the caller wipes it
 * @id:		of the result
 */
struct bv_fresh {
	uint8_t token[BASTION_TOKEN_SIZE];
	uint8_t id[16];
};

/**
 * struct bv_result - a result in all its forms
 * @verdict:	closed
 * @grant:	@grant.len is 0 unless granted
 * @ear:	signed, terminated
 */
struct bv_result {
	struct bv_verdict *verdict;
	struct bv_grant grant;
	char *ear;
};

/**
 * bv_result_make() - say with signatures what an appraisal came to
 * @in:		what was appraised
 * @verdict:	what bv_appraise() returned, @verdict->facts.kept set by the caller; is
 *		the result's afterwards, or freed
 * @signer:	who signs
 * @fresh:	random bytes
 * @result:	on success: bv_result_exit() it
 *
 * Return: 0, whatever the verdict is; -ENOMEM (also for a @verdict of NULL), -EIO when
 * no result could be made.
 */
int bv_result_make(const struct bv_appraisal *in, struct bv_verdict *verdict,
		   const struct bv_signer *signer, const struct bv_fresh *fresh,
		   struct bv_result *result);

/** bv_result_exit() - free what bv_result_make() allocated */
void bv_result_exit(struct bv_result *result);

/** bv_result_json() - as in Documentation/evidence.rst; a new reference, NULL without memory */
json_t *bv_result_json(const struct bv_result *result);

#endif
