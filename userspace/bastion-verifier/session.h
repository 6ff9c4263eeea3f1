/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One machine's conversation (Documentation/evidence.rst): lines in, lines out.
 * Knows nothing of sockets.
 */
#ifndef VERIFIER_SESSION_H
#define VERIFIER_SESSION_H

#include "enrolling.h"
#include "state.h"

#define SESSION_LINE_MAX	(8 << 20)
#define SESSION_NONCE_SIZE	32

/**
 * struct service - what all sessions share
 * @policy:	NULL while the one on record cannot be used: nobody is judged then
 * @signer:	who signs
 * @enrolled:	which TPMs are known
 * @state:	what is remembered of machines
 * @enrolling:	who may enroll; nobody without @enrolling.expected
 */
struct service {
	struct bv_policy *policy;
	struct bv_signer signer;
	struct enrolled enrolled;
	struct state *state;
	struct enrolling enrolling;
};

/**
 * struct session - one conversation
 * @nonce:	given out, if @has_nonce
 * @has_nonce:	until it is used, or replaced
 * @nonce_ms:	when it was given out
 * @chip_id:	of the machine, as it says; only ever used to look it up
 * @boot_key:	of its boot, likewise
 * @has_chip:	whether it said so
 * @pending:	an enrolment that was begun
 * @expected:	who may take the name of it, as of then
 */
struct session {
	uint8_t nonce[SESSION_NONCE_SIZE];
	bool has_nonce;
	int64_t nonce_ms;
	uint8_t chip_id[BASTION_DIGEST_SIZE];
	uint8_t boot_key[BASTION_POINT_SIZE];
	bool has_chip;
	struct bv_enroll_pending pending;
	struct expected expected;
};

/**
 * session_line() - answer one request
 * @session:	zeroed to begin with
 * @service:	see above
 * @line:	untrusted, without its newline
 * @now_ms:	of a clock that only goes forward
 * @hangup:	set when the conversation is over after this answer
 * @log:	set to a line for the log that the caller frees, or NULL
 *
 * Return: the answer without newline, which the caller frees; NULL without memory.
 */
char *session_line(struct session *session, const struct service *service, struct bv_span line,
		   int64_t now_ms, bool *hangup, char **log);

/** session_error() - the answer to a line that cannot be read; NULL without memory */
char *session_error(const char *why);

#endif
