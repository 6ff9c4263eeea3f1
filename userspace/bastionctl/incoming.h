/* SPDX-License-Identifier: GPL-2.0 */
/* A result that is carried here by hand, as a file or on the standard input. */
#ifndef BASTIONCTL_INCOMING_H
#define BASTIONCTL_INCOMING_H

#include <stdint.h>

#include "libbastion/result.h"

/**
 * incoming_deadline - when a round that begins now is over
 *
 * Return: CLOCK_BOOTTIME in milliseconds.
 */
int64_t incoming_deadline(void);

/**
 * incoming_check - make sure that a file is yet to come
 * @path: where it will be; "-" for the standard input
 * @err:  circumstances of a failure
 *
 * What is there already is another round's.
 *
 * Return: 0 or -EEXIST.
 */
int incoming_check(const char *path, struct bastion_error *err);

/**
 * incoming_wait - wait for a result
 * @path:     as above
 * @deadline: of incoming_deadline()
 * @result:   out
 * @err:      circumstances of a failure
 *
 * A file counts once it is a JSON object: until then it may still be being copied.
 *
 * Return: 0, -ETIMEDOUT, or another negative errno.
 */
int incoming_wait(const char *path, int64_t deadline, struct bastion_result *result,
		  struct bastion_error *err);

#endif
