// SPDX-License-Identifier: GPL-2.0
/*
 * Telling IMA of the gate's changes. IMA may take as long as a TPM does, so it is told
 * from a work item that holds no lock: neither a revocation nor the mirror of IMA's
 * list, which reads that list under the log's lock, ever waits for it.
 */
#include <linux/ima.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "gate.h"
#include "gate_internal.h"
#include "report.h"

/* The text: names, three digests in hex, and numbers. */
#define TEXT_MAX	512

/* The oldest that IMA has not been told; false when there is none. */
static bool take(struct bastion_gate *gate, struct bastion_report *report)
{
	struct bastion_reports *reports = &gate->reports;
	bool any;

	mutex_lock(&gate->lock);
	any = reports->sent < reports->made;
	if (any) {
		if (reports->made - reports->sent > BASTION_REPORTS_MAX)
			reports->sent = reports->made - BASTION_REPORTS_MAX;
		*report = reports->ring[reports->sent % BASTION_REPORTS_MAX];
		reports->sent++;
	}
	mutex_unlock(&gate->lock);
	return any;
}

static void send(const struct bastion_chip *chip, const struct bastion_report *report)
{
	char text[TEXT_MAX], verifier[2 * BASTION_DIGEST_SIZE + 1] = "none";
	int len;

	if (report->involved)
		snprintf(verifier, sizeof(verifier), "%*phN", BASTION_DIGEST_SIZE,
			 report->verifier);
	len = scnprintf(text, sizeof(text),
			"chip=%*phN number=%llu state=%s reason=%u verifier=%s log_count=%llu log_aggregate=%*phN",
			BASTION_DIGEST_SIZE, chip->info.id, report->number,
			bastion_state_name(report->state), report->reason, verifier,
			report->log_count, BASTION_DIGEST_SIZE, report->log_aggregate);
	/* No rule asks for it, mostly; and IMA says by itself what it could not measure. */
	ima_measure_critical_data(BASTION_IMA_LABEL, BASTION_IMA_EVENT, text, len, false, NULL, 0);
}

static void work(struct work_struct *item)
{
	struct bastion_gate *gate = container_of(item, struct bastion_gate, reports.work);
	struct bastion_report report;

	while (take(gate, &report))
		send(gate->chip, &report);
}

void bastion_report_init(struct bastion_gate *gate)
{
	INIT_WORK(&gate->reports.work, work);
}

/* The last ones are told, too. */
void bastion_report_exit(struct bastion_gate *gate)
{
	flush_work(&gate->reports.work);
}

/**
 * bastion_report() - have IMA told of a change of state
 * @gate:	the gate, locked
 * @old:	what it was before
 *
 * In the order of the changes, soon, but not when this returns.
 */
void bastion_report(struct bastion_gate *gate, enum bastion_state old)
{
	struct bastion_reports *reports = &gate->reports;
	struct bastion_report *report = &reports->ring[reports->made % BASTION_REPORTS_MAX];

	lockdep_assert_held(&gate->lock);
	*report = (struct bastion_report){
		.number = ++reports->made,
		.state = gate->state,
		.reason = gate->reason,
		.involved = gate->state == BASTION_STATE_ATTESTED ||
			    old == BASTION_STATE_ATTESTED,
		.log_count = gate->log_count,
	};
	memcpy(report->verifier, gate->last_verifier, sizeof(report->verifier));
	memcpy(report->log_aggregate, gate->log_aggregate, sizeof(report->log_aggregate));
	queue_work(bastion_gate_workqueue(), &reports->work);
}
