/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Enrolment with everything that libbastion-verify has not: folders, chance and the journal.
 * What is refused is in the journal when these return.
 */
#ifndef VERIFIER_ENROLLING_H
#define VERIFIER_ENROLLING_H

#include "expected.h"
#include "libbastion-verify/enroll.h"
#include "libbastion-verify/policy.h"
#include "machines.h"

#define ENROLLING_MS	(BASTION_ROUND_SECONDS * 1000)	/* for a secret to come back */

/**
 * struct enrolling - who may enroll over the socket
 * @machines:	the folder of records
 * @expected:	the file of who may, see expected.h
 * @roots:	folder of who certifies TPMs; NULL: nobody does
 */
struct enrolling {
	const char *machines;
	const char *expected;
	const char *roots;
};

/**
 * struct enrolling_terms - who may take a name
 * @machines:	the folder of records
 * @name:	the name
 * @chip_id:	NULL, or the only TPM that may
 * @roots:	NULL, or who has to certify it
 */
struct enrolling_terms {
	const char *machines;
	const char *name;
	const uint8_t *chip_id;
	const char *roots;
};

/**
 * enrolling_begin() - judge a request
 * @terms:	see above
 * @json:	untrusted
 * @until:	when it is too late to answer
 * @pending:	what is waited for
 * @answer:	on success: for the machine, a new reference
 * @err:	what was wrong
 *
 * Return: 0, or a negative errno.
 */
int enrolling_begin(const struct enrolling_terms *terms, const json_t *json, int64_t until,
		    struct bv_enroll_pending *pending, json_t **answer, struct bv_error *err);

/**
 * enrolling_ask() - likewise, for a name that somebody asks for over the socket
 * @enrolling:	who may
 * @policy:	which chips are revoked
 * @expected:	out: who may take the name, for enrolling_answer()
 *
 * Other parameters and return value as for enrolling_begin().
 */
int enrolling_ask(const struct enrolling *enrolling, const struct bv_policy *policy,
		  const json_t *json, int64_t until, struct bv_enroll_pending *pending,
		  struct expected *expected, json_t **answer, struct bv_error *err);

/**
 * enrolling_answer() - enrolling_finish() of what enrolling_ask() has begun
 * @enrolling:	who may, by now
 * @policy:	which chips are revoked by now
 * @expected:	from enrolling_ask(); when it says something else now, nobody is enrolled
 *
 * Other parameters and return value as for enrolling_finish().
 */
int enrolling_answer(const struct enrolling *enrolling, const struct bv_policy *policy,
		     struct bv_enroll_pending *pending, const struct expected *expected,
		     const json_t *json, int64_t now, struct bv_error *err);

/**
 * struct enrolling_quote - what a Bastionchip proves with
 * @policy:	whose roots certify it
 * @verifier:	digest of our grant key
 * @nonce:	that was given out for this
 */
struct enrolling_quote {
	const struct bv_policy *policy;
	const uint8_t *verifier;
	struct bv_span nonce;
};

/**
 * enrolling_native() - judge evidence of a Bastionchip, and put the machine on record
 * @terms:	see above; its roots are the policy's
 * @quote:	what it has to be for
 * @evidence:	untrusted
 * @machine:	on success: who it is
 * @err:	what was wrong
 *
 * Return: 0 when it is on record, or a negative errno.
 */
int enrolling_native(const struct enrolling_terms *terms, const struct enrolling_quote *quote,
		     const json_t *evidence, struct bv_machine *machine, struct bv_error *err);

/**
 * enrolling_ask_native() - likewise, for a name that somebody asks for over the socket
 * @enrolling:	who may
 * @request:	untrusted, with name and evidence
 *
 * Other parameters and return value as for enrolling_native().
 */
int enrolling_ask_native(const struct enrolling *enrolling, const struct enrolling_quote *quote,
			 const json_t *request, struct bv_machine *machine, struct bv_error *err);

/** enrolling_check() - can records go into the folder? 0, or an error; it is made if need be */
int enrolling_check(const char *folder, struct bv_error *err);

/**
 * enrolling_add() - put a machine on record that has proven what it is
 * @folder:	of records
 * @machine:	who it is
 * @order:	see machines_add()
 * @err:	what was wrong
 *
 * Return: 0, or a negative errno.
 */
int enrolling_add(const char *folder, const struct bv_machine *machine,
		  enum machines_order order, struct bv_error *err);

/**
 * enrolling_finish() - judge the answer, and put the machine on record
 * @machines:	the folder of records
 * @pending:	used up
 * @json:	untrusted
 * @now:	on @pending's clock
 * @order:	see machines_add()
 * @err:	what was wrong
 *
 * Return: 0 when it is on record, or a negative errno.
 */
int enrolling_finish(const char *machines, struct bv_enroll_pending *pending, const json_t *json,
		     int64_t now, enum machines_order order, struct bv_error *err);

#endif
