/* SPDX-License-Identifier: GPL-2.0 */
/* What became of those that asked to be enrolled: a file that only grows. */
#ifndef VERIFIER_JOURNAL_H
#define VERIFIER_JOURNAL_H

#include "libbastion-verify/machine.h"

#define JOURNAL_NAME	"journal"
#define JOURNAL_MAX	(16 << 20)	/* bytes, from which on refusals are not recorded */

enum journal_event {
	JOURNAL_ENROLLED,
	JOURNAL_REPLACED,	/* a record, by another of the same chip */
	JOURNAL_REFUSED,
};

/**
 * journal_add() - add a line, on disk when this returns
 * @folder:	descriptor of the folder with the machines' records
 * @event:	what happened
 * @machine:	to whom, as far as it is known
 * @why:	NULL, or why it was refused
 * @err:	what was wrong, beginning with the file's name
 *
 * Return: 0, or a negative errno.
 */
int journal_add(int folder, enum journal_event event, const struct bv_machine *machine,
		const char *why, struct bv_error *err);

#endif
