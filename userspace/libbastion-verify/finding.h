/* SPDX-License-Identifier: GPL-2.0 */
/* What came of checks that are made one after the other, until one fails. */
#ifndef BV_FINDING_H
#define BV_FINDING_H

#include "verdict.h"

/**
 * struct bv_finding - the outcome of such checks
 * @verdict:	those that were made
 * @skipped:	JSON array: names of those for which something was missing
 * @ok:		every check that could be made passed
 * @error:	why it is not @ok
 */
struct bv_finding {
	struct bv_verdict *verdict;
	json_t *skipped;
	bool ok;
	struct bv_error error;
};

/** bv_finding_init() - nothing yet; bv_finding_exit() it whatever this returns; 0, -ENOMEM */
int bv_finding_init(struct bv_finding *finding);

/** bv_finding_exit() - give back what bv_finding_init() took */
void bv_finding_exit(struct bv_finding *finding);

/**
 * bv_finding_check() - record a check
 * @finding:	not closed
 * @name:	as in struct bv_check
 * @refused:	0 if it passed
 * @expected:	what must hold
 * @why:	what was wrong, if anything was
 * @advice:	what the operator can do about it
 *
 * Return: whether it passed.
 */
bool bv_finding_check(struct bv_finding *finding, const char *name, int refused,
		      const char *expected, const struct bv_error *why, const char *advice);

/** bv_finding_skip() - say that a check was not made */
void bv_finding_skip(struct bv_finding *finding, const char *name);

/**
 * bv_finding_close() - draw the conclusion
 * @finding:	all checks are in
 * @ok:		whether all passed
 *
 * Return: 0, -ENOMEM when one could not be recorded; then it is not ok.
 */
int bv_finding_close(struct bv_finding *finding, bool ok);

/** bv_finding_json() - {"ok", "checks", "skipped", "error"}; NULL without memory */
json_t *bv_finding_json(const struct bv_finding *finding);

#endif
