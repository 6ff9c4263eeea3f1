/* SPDX-License-Identifier: GPL-2.0 */
/* A machine whose chip is a TPM, in front of a verifier that has enrolled it. */
#ifndef TESTMACHINE_H
#define TESTMACHINE_H

#include "testchip.h"
#include "testima.h"
#include "testtpm.h"

#define MC_PCR	13

/**
 * struct mc - the machine
 * @tc:		its logs, its round, and the verifier; not its chip
 * @tpm:	its chip; mc_quote() sets the registers and the qualifying data
 * @pcrs:	0 to 9; others are those that logs lead to
 * @ima:	IMA's list; none while it is empty
 * @ima_skip:	bytes of it that are not sent: what comes before round.ima_from
 * @tcg_log:	the firmware's
 * @record:	the verifier's
 * @enrolled:	whether the verifier has it
 */
struct mc {
	struct tc *tc;
	struct tt_tpm *tpm;
	uint8_t pcrs[10][32];
	struct ti_list ima;
	size_t ima_skip;
	struct tt_bytes tcg_log;
	struct bv_machine record;
	bool enrolled;
};

/** mc_new() - a machine that its verifier grants everything */
struct mc *mc_new(void);
void mc_free(struct mc *mc);

/** mc_quote() - quote as things are; what a test changes after it is not quoted */
void mc_quote(struct mc *mc);
/** mc_bundle() - evidence with the last quote */
json_t *mc_bundle(struct mc *mc);
/** mc_appraise() - a verdict on @bundle, which is freed; NULL: on a new quote */
struct bv_verdict *mc_appraise(struct mc *mc, json_t *bundle);
/**
 * mc_refuses() - the named check is the first that fails, nothing is granted, and it explains itself
 * @bundle:	freed; NULL: a new quote
 */
void mc_refuses(struct mc *mc, json_t *bundle, const char *name, enum bv_tier status);
/** mc_grants() - a new quote, and everything is granted */
void mc_grants(struct mc *mc);
/** mc_input() - what the verifier goes by; @policy is to be freed */
struct bv_appraisal mc_input(struct mc *mc, struct bv_policy *policy, const char *evidence);
/** mc_enroll() - a record of the key that the TPM has */
void mc_enroll(struct mc *mc);
/** mc_find() - a bv_machine_find */
const struct bv_machine *mc_find(void *context, struct bv_span ak);
/** mc_event() - add an event to the firmware's log, and extend its PCR */
void mc_event(struct mc *mc, uint32_t pcr, uint8_t fill);

#endif
