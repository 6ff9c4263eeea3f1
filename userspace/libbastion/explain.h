/* SPDX-License-Identifier: GPL-2.0 */
/* What an errno means here and what the user can do about it. */
#ifndef LIBBASTION_EXPLAIN_H
#define LIBBASTION_EXPLAIN_H

#include "libbastion/error.h"

/* Classes of failure; bastionctl's exit codes are these. */
enum bastion_class {
	BASTION_CLASS_OK = 0,
	BASTION_CLASS_FAILED = 1,
	BASTION_CLASS_USAGE = 2,
	BASTION_CLASS_LOCKED = 3,	/* the gate is locked, or too many wait */
	BASTION_CLASS_REFUSED = 4,	/* the verifier, the grant, the chip or the key says no */
	BASTION_CLASS_TIMEOUT = 5,
	BASTION_CLASS_CHIP = 6,		/* gone or failed */
};

/**
 * struct bastion_explanation - one errno during one operation
 * @op:      during what; BASTION_OP_ANY for every one without its own row
 * @code:    errno, positive
 * @class:   the kind of failure
 * @meaning: what it means here, a phrase
 * @advice:  what to do, a sentence
 */
struct bastion_explanation {
	enum bastion_op op;
	int code;
	enum bastion_class class;
	const char *meaning;
	const char *advice;
};

/**
 * bastion_explain - find the explanation of an errno
 * @op:   during what
 * @code: errno, positive
 *
 * Return: the row for @op, else the one for what @op is a case of (to import is to make
 * a key, to sign is to use one), else the one for any operation, else NULL.
 */
const struct bastion_explanation *bastion_explain(enum bastion_op op, int code);

/**
 * bastion_explain_class - the kind of a failure
 * @op:   during what
 * @code: errno, positive
 *
 * Return: the class of its row; BASTION_CLASS_USAGE for BASTION_OP_USAGE;
 * BASTION_CLASS_FAILED without a row.
 */
enum bastion_class bastion_explain_class(enum bastion_op op, int code);

#endif
