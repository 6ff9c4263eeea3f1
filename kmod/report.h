/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The gate's changes of state in IMA's list, as critical data, for verifiers that know
 * only IMA. Whether they are measured is for IMA's policy to say.
 */
#ifndef _BASTION_REPORT_H
#define _BASTION_REPORT_H

#include <linux/workqueue.h>

#include <uapi/linux/bastion.h>

#include "chip.h"

/* Changes that may wait for IMA; of more, the oldest are lost, which their numbers show. */
#define BASTION_REPORTS_MAX	16

/**
 * struct bastion_report - one change
 * @number:	of the change, from 1 on
 * @state:	what the gate became
 * @reason:	why
 * @involved:	@verifier is set
 * @verifier:	whose grant opened the gate, or was the last to end
 * @log_count:	entries of the log at that time
 * @log_aggregate: over them
 */
struct bastion_report {
	u64 number;
	enum bastion_state state;
	enum bastion_reason reason;
	bool involved;
	u8 verifier[BASTION_DIGEST_SIZE];
	u64 log_count;
	u8 log_aggregate[BASTION_DIGEST_SIZE];
};

/**
 * struct bastion_reports - what IMA has not been told yet; under the gate's lock
 * @work:	tells it
 * @made:	changes so far
 * @sent:	of these, told or lost
 * @ring:	the last ones, by number
 */
struct bastion_reports {
	struct work_struct work;
	u64 made;
	u64 sent;
	struct bastion_report ring[BASTION_REPORTS_MAX];
};

struct bastion_gate;

void bastion_report_init(struct bastion_gate *gate);
void bastion_report_exit(struct bastion_gate *gate);
void bastion_report(struct bastion_gate *gate, enum bastion_state old);

#endif
