/* SPDX-License-Identifier: GPL-2.0 */
/* Attesting whenever it is needed: "bastionctl attest --on-demand, --renew". */
#ifndef BASTIONCTL_ATTEND_H
#define BASTIONCTL_ATTEND_H

#include <stdbool.h>

#include "bastionctl/ctl.h"
#include "libbastion/round.h"

/**
 * attend - run rounds until SIGTERM or SIGINT
 * @ctl:       whether grants are told in JSON, an object a line
 * @dev:       device
 * @round:     verifier and socket
 * @on_demand: a round whenever a request waits for that verifier
 * @renew:     a round before the live grant ends; without @on_demand also one
 *	       when there is none
 *
 * Return: an exit code; 0 after a signal, that of ENODEV when the chip is gone.
 */
int attend(const struct ctl *ctl, const struct bastion_device *dev, struct bastion_round *round,
	   bool on_demand, bool renew);

/**
 * struct attend_state - what the decisions depend on; times in milliseconds
 * @on_demand:	as above
 * @renew:	likewise
 * @backoff:	pause after the next round that does not help
 * @not_before:	no round before this time
 * @lifetime:	of the grant that is live, as first seen; 0 without one
 */
struct attend_state {
	bool on_demand;
	bool renew;
	int64_t backoff;
	int64_t not_before;
	uint64_t lifetime;
};

#define ATTEND_FOREVER (-1)

/**
 * attend_decide - is a round due?
 * @state: updated
 * @entry: what the kernel says of the verifier
 * @now:   monotonic
 *
 * Return: 0 if a round is due now, else for how long to wait unless something
 * changes; ATTEND_FOREVER if only a change can make one due.
 */
int64_t attend_decide(struct attend_state *state, const struct bastion_verifier_entry *entry,
		      int64_t now);

/**
 * attend_done - note how a round ended
 * @state: updated
 * @now:   monotonic
 * @helped: whether a grant came where none was live
 */
void attend_done(struct attend_state *state, int64_t now, bool helped);

#endif
