/* SPDX-License-Identifier: GPL-2.0 */
/* What a verifier answers to evidence (Documentation/evidence.rst). */
#ifndef LIBBASTION_RESULT_H
#define LIBBASTION_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bastion/grant.h>
#include <bastion/round.h>
#include <jansson.h>

#include "libbastion/error.h"

#define BASTION_RESULT_MAX (8u << 20)	/* bytes of JSON, as a message */

/**
 * struct bastion_result - a result, its types checked and nothing else
 * @granted:   whether @grant and @token are there, and @policies may be
 * @verdict:   a reference to the verdict: status, granted, summary, checks
 * @grant:     what the kernel wants; it and the chip judge it
 * @grant_len: its length
 * @token:     the sealed token
 * @policies:  the sealed policy signatures
 * @policies_len: their length; 0 if there are none, as for a chip that wants none
 */
struct bastion_result {
	bool granted;
	json_t *verdict;
	uint8_t grant[BASTION_GRANT_MAX];
	size_t grant_len;
	uint8_t token[BASTION_SEALED_TOKEN_SIZE];
	uint8_t policies[BASTION_SEALED_POLICIES_MAX];
	size_t policies_len;
};

/**
 * bastion_result_parse - take a result apart
 * @json:   the object, a message's or a file's
 * @result: out; bastion_result_free() it after success
 * @err:    circumstances of a failure
 *
 * Return: 0; -EPROTO if a member is missing, too many or of the wrong type.
 */
int bastion_result_parse(json_t *json, struct bastion_result *result, struct bastion_error *err);

/** bastion_result_free - drop what a result refers to; also a zeroed one */
void bastion_result_free(struct bastion_result *result);

#endif
