/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How this library says what went wrong: a negative errno for the program, a
 * sentence for the person.
 */
#ifndef BV_ERROR_H
#define BV_ERROR_H

/**
 * struct bv_error - one sentence about a failure
 * @text:	printable ASCII, always terminated; no secret is ever in it
 */
struct bv_error {
	char text[384];
};

/**
 * bv_fail() - record why something is refused
 * @err:	where to; may be NULL
 * @fmt:	printf's
 *
 * Return: -EBADMSG, so that callers can return it.
 */
__attribute__((format(printf, 2, 3))) int bv_fail(struct bv_error *err, const char *fmt, ...);

/**
 * bv_fail_errno() - likewise, for failures that are not the input's fault
 * @err:	where to; may be NULL
 * @code:	positive errno
 * @what:	what could not be done
 *
 * Return: -@code.
 */
int bv_fail_errno(struct bv_error *err, int code, const char *what);

#endif
