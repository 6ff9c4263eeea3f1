/* SPDX-License-Identifier: GPL-2.0 */
/* Enrolment with messages that somebody carries: what is waited for is in a file meanwhile. */
#ifndef VERIFIER_BY_HAND_H
#define VERIFIER_BY_HAND_H

#include "enrolling.h"

#define BY_HAND_SECONDS_MAX	(7 * 86400)

/** by_hand_read() - a message from a file, or "-": a new reference, or NULL */
json_t *by_hand_read(const char *path, size_t max, const char *what, struct bv_error *err);

/**
 * by_hand_request() - judge a request
 * @terms:	whom the operator means
 * @path:	of the request, or "-"
 * @seconds:	how long the answer may take
 * @answer:	on success: for the machine, a new reference
 * @err:	what was wrong
 *
 * A request of the same chip that was waited for is forgotten.
 *
 * Return: 0, or a negative errno.
 */
int by_hand_request(const struct enrolling_terms *terms, const char *path, int64_t seconds,
		    json_t **answer, struct bv_error *err);

/**
 * by_hand_response() - judge the answer, once, and put the machine on record
 * @folder:	of records
 * @path:	of the answer, or "-"
 * @again:	see machines_add()
 * @machine:	on success: who it is
 * @err:	what was wrong
 *
 * Return: 0, or a negative errno.
 */
int by_hand_response(const char *folder, const char *path, bool again,
		     struct bv_machine *machine, struct bv_error *err);

#endif
