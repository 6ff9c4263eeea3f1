/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Enrolment of a machine with a TPM: which chip is it, and which key speaks for it
 * (Documentation/enrolment.rst)? A request says so, a certificate or the operator vouches for
 * the endorsement key, and a secret that comes back proves that both keys are in that TPM.
 */
#ifndef BV_ENROLL_H
#define BV_ENROLL_H

#include "machine.h"
#include "tpm-credential.h"
#include "tpm-ek.h"

#define BV_ENROLL_MAX		(256 << 10)	/* bytes of a message */
#define BV_ENROLL_CHAIN_MAX	8		/* certificates of authorities in a request */

/**
 * struct bv_enroll_request - what a machine says, decoded; none of it is believed yet
 * @name:	by which it wants to be known; empty: it leaves that to the operator
 * @model:	of its chip
 * @ek:		TPMT_PUBLIC
 * @ak:		TPMT_PUBLIC
 * @certificate: of the endorsement key; no data: it has none
 * @chain:	certificates of authorities, one after the other in DER
 *
 * The spans are owned by this struct.
 */
struct bv_enroll_request {
	char name[BV_MACHINE_NAME_MAX + 1];
	char model[BV_MACHINE_MODEL_MAX + 1];
	struct bv_span ek;
	struct bv_span ak;
	struct bv_span certificate;
	struct bv_span chain;
};

/**
 * bv_enroll_parse() - decode a request
 * @json:	untrusted
 * @request:	on success: bv_enroll_exit() it
 * @err:	what was wrong
 *
 * Return: 0, -EBADMSG, -ENOMEM.
 */
int bv_enroll_parse(const json_t *json, struct bv_enroll_request *request, struct bv_error *err);

/** bv_enroll_exit() - free what bv_enroll_parse() allocated */
void bv_enroll_exit(struct bv_enroll_request *request);

/**
 * struct bv_enroll_terms - which TPM may take a name; without either, none
 * @name:	the name
 * @chip_id:	NULL, or the only one that may
 * @anchors:	NULL, or whoever has to certify it
 * @at:		seconds since 1970 at which certificates must be good
 */
struct bv_enroll_terms {
	const char *name;
	const uint8_t *chip_id;
	const struct bv_ek_anchors *anchors;
	int64_t at;
};

/**
 * struct bv_enroll_pending - a machine that has not proven yet what it says
 * @open:	until its answer is looked at, whatever that is
 * @machine:	what is to become its record. The model is the certificate's word if there is
 *		one, else the machine's
 * @digest:	SHA-256 of the secret
 * @until:	milliseconds, of whichever clock the caller has
 */
struct bv_enroll_pending {
	bool open;
	struct bv_machine machine;
	uint8_t digest[32];
	int64_t until;
};

/**
 * bv_enroll_begin() - judge a request, and wrap a secret for the TPM that it tells of
 * @request:	decoded
 * @terms:	the operator's
 * @secret:	fresh random bytes; the caller wipes them
 * @until:	when it is too late to return them
 * @pending:	the outcome
 * @credential:	for the machine
 * @err:	what was wrong
 *
 * Also after a failure, @pending->machine has chip id and key as far as they were read, for the
 * journal.
 *
 * Return: 0, -EBADMSG when it is refused, -ENOMEM, -EIO.
 */
int bv_enroll_begin(const struct bv_enroll_request *request, const struct bv_enroll_terms *terms,
		    const uint8_t secret[BV_CREDENTIAL_SECRET], int64_t until,
		    struct bv_enroll_pending *pending, struct bv_credential *credential,
		    struct bv_error *err);

/** bv_enroll_credential_json() - the message; a new reference, NULL without memory */
json_t *bv_enroll_credential_json(const struct bv_enroll_pending *pending,
				  const struct bv_credential *credential);

/**
 * bv_enroll_finish() - did the secret come back?
 * @pending:	used up by this, whatever comes of it
 * @answer:	untrusted
 * @now:	milliseconds of @pending's clock
 * @err:	what was wrong
 *
 * Return: 0 when both keys are in the TPM; -EBADMSG, -EIO.
 */
int bv_enroll_finish(struct bv_enroll_pending *pending, const json_t *answer, int64_t now,
		     struct bv_error *err);

/** bv_enroll_pending_json() - for a file; a new reference, NULL without memory */
json_t *bv_enroll_pending_json(const struct bv_enroll_pending *pending);

/** bv_enroll_pending_parse() - from a file; 0, -EBADMSG */
int bv_enroll_pending_parse(const json_t *json, struct bv_enroll_pending *pending,
			    struct bv_error *err);

#endif
