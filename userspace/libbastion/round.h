/* SPDX-License-Identifier: GPL-2.0 */
/* Attestation rounds: what kernel, chip and verifier must exchange, in order. */
#ifndef LIBBASTION_ROUND_H
#define LIBBASTION_ROUND_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "libbastion/client.h"
#include "libbastion/device.h"
#include "libbastion/result.h"

/**
 * bastion_round_evidence - begin a round and collect its evidence
 * @dev:       device; the round belongs to its descriptor, for 60 seconds
 * @verifier:  digest of a registered verifier's grant key
 * @challenge: the verifier's nonce, and what it has already
 * @evidence:  out: the bundle, a new reference
 * @err:       circumstances of a failure
 *
 * Return: 0 or a negative errno.
 */
int bastion_round_evidence(const struct bastion_device *dev,
			   const uint8_t verifier[BASTION_DIGEST_SIZE],
			   const struct bastion_challenge *challenge, json_t **evidence,
			   struct bastion_error *err);

/**
 * bastion_round_finish - pass a result's grant to kernel and chip
 * @dev:    with the round that the result is for
 * @result: the verifier's
 * @err:    circumstances of a failure
 *
 * Return: 0 if the gate is open; -EKEYREJECTED if the verdict is a refusal, or
 * kernel or chip refuse the grant; or a negative errno.
 */
int bastion_round_finish(const struct bastion_device *dev, const struct bastion_result *result,
			 struct bastion_error *err);

/**
 * struct bastion_round - one whole round
 * @verifier: in: digest of the verifier
 * @socket:   in: where it listens
 * @evidence: out: what was sent; NULL if it did not come to that
 * @result:   out: the answer; @result.verdict is NULL if there was none
 */
struct bastion_round {
	uint8_t verifier[BASTION_DIGEST_SIZE];
	const char *socket;
	json_t *evidence;
	struct bastion_result result;
};

/**
 * bastion_round_attest - a round from challenge to grant
 * @dev:   device
 * @round: in and out; bastion_round_free() it, also after a failure
 * @err:   circumstances of a failure
 *
 * Return: as bastion_round_finish(), or an error of the client's.
 */
int bastion_round_attest(const struct bastion_device *dev, struct bastion_round *round,
			 struct bastion_error *err);

/** bastion_round_free - drop what the outputs refer to */
void bastion_round_free(struct bastion_round *round);

#endif
