/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The client of "bastion-verifier serve": lines of JSON over a UNIX stream
 * socket (Documentation/evidence.rst). The peer is not trusted: what it says
 * is bounded and checked, and what it grants is for kernel and chip to judge.
 */
#ifndef LIBBASTION_CLIENT_H
#define LIBBASTION_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include <bastion/round.h>
#include <jansson.h>

#include "libbastion/error.h"
#include "libbastion/result.h"

#define BASTION_CLIENT_LINE_MAX (8u << 20)
#define BASTION_CLIENT_TIMEOUT_MS (30 * 1000) /* half of a round */

/**
 * struct bastion_client - a connection
 * @fd:		the socket, non-blocking
 * @timeout_ms:	the longest that one message may take
 */
struct bastion_client {
	int fd;
	int timeout_ms;
};

/**
 * bastion_client_connect - connect to a verifier
 * @client:	out
 * @path:	its socket
 * @timeout_ms: the longest that this and each message may take
 * @err:	circumstances of a failure
 *
 * Return: 0 or a negative errno, -ETIMEDOUT when its queue stays full.
 */
int bastion_client_connect(struct bastion_client *client, const char *path, int timeout_ms,
			   struct bastion_error *err);

/**
 * bastion_client_attach - use a socket that is connected already
 * @client:	out; owns @fd from then on
 * @fd:		stream socket
 * @timeout_ms: the longest that one message may take
 */
void bastion_client_attach(struct bastion_client *client, int fd, int timeout_ms);

/** bastion_client_close - hang up */
void bastion_client_close(struct bastion_client *client);

/**
 * struct bastion_challenge - what a verifier asks for
 * @nonce:	for the quote
 * @nonce_len:	at least BASTION_VERIFIER_NONCE_MIN
 * @verifier:	the digest that the peer says is its grant key's
 * @log_from:	entries of the module's log that it has already
 * @ima_from:	likewise, of IMA's list
 * @ima_offset:	bytes of that list that they are
 */
struct bastion_challenge {
	uint8_t nonce[BASTION_VERIFIER_NONCE_MAX];
	size_t nonce_len;
	uint8_t verifier[BASTION_DIGEST_SIZE];
	uint64_t log_from;
	uint64_t ima_from;
	uint64_t ima_offset;
};

/**
 * bastion_challenge_parse - what a verifier's challenge says
 * @answer:    not trusted
 * @challenge: out, meaningless on failure
 * @err:       circumstances of a failure
 *
 * Return: 0, -EPROTO.
 */
int bastion_challenge_parse(const json_t *answer, struct bastion_challenge *challenge,
			    struct bastion_error *err);

/**
 * bastion_client_challenge - ask for a nonce, and what need not be sent again
 * @client:    connection
 * @chip_id:   the chip's, so that the verifier can look it up; NULL: everything will be sent
 * @boot_key:  of this boot, likewise
 * @challenge: out
 * @err:       circumstances of a failure
 *
 * Return: 0 or a negative errno: -ECONNRESET it hung up, -ETIMEDOUT, -EPROTO
 * not what the protocol says, -EREMOTEIO it reports an error, -EMSGSIZE a
 * message is too long.
 */
int bastion_client_challenge(struct bastion_client *client,
			     const uint8_t chip_id[BASTION_DIGEST_SIZE],
			     const uint8_t boot_key[BASTION_POINT_SIZE],
			     struct bastion_challenge *challenge, struct bastion_error *err);

/**
 * bastion_client_parse - one line of a verifier's
 * @line:   not trusted
 * @len:    its length, at most BASTION_CLIENT_LINE_MAX
 * @type:   of the answer that is wanted
 * @answer: out: a new reference
 * @err:    circumstances of a failure
 *
 * Return: 0; -EREMOTEIO it is the report of an error, -EPROTO it is anything else.
 */
int bastion_client_parse(const char *line, size_t len, const char *type, json_t **answer,
			 struct bastion_error *err);

/**
 * bastion_client_ask - one request and its answer
 * @client:   connection
 * @question: the request; the reference is taken, and NULL is a lack of memory
 * @type:     of the answer that is wanted
 * @answer:   out: a new reference
 * @err:      circumstances of a failure
 *
 * Return: 0 or a negative errno as above.
 */
int bastion_client_ask(struct bastion_client *client, json_t *question, const char *type,
		       json_t **answer, struct bastion_error *err);

/**
 * bastion_client_appraise - send evidence, get the result
 * @client:   connection on which the nonce was given
 * @evidence: the bundle
 * @result:   out; bastion_result_free() it after success
 * @err:      circumstances of a failure
 *
 * Return: 0, even if the verdict is a refusal; or a negative errno as above.
 */
int bastion_client_appraise(struct bastion_client *client, json_t *evidence,
			    struct bastion_result *result, struct bastion_error *err);

#endif
