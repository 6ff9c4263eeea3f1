/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A verdict that explains itself: a list of checks, each with what was expected,
 * what was seen and what to do. The status is never better than the worst check.
 */
#ifndef BV_VERDICT_H
#define BV_VERDICT_H

#include <jansson.h>

#include "log.h"
#include "machine.h"
#include "quote.h"
#include "round.h"

#define BV_SUMMARY_SIZE	256

/* Tiers of AR4SI and EAR: the values that go into a result. */
enum bv_tier {
	BV_NONE = 0,
	BV_AFFIRMING = 2,
	BV_WARNING = 32,
	BV_CONTRAINDICATED = 96,
};

/* The claims of AR4SI's trustworthiness vector that bastion has something to say on. */
enum bv_claim {
	BV_INSTANCE_IDENTITY,
	BV_CONFIGURATION,
	BV_EXECUTABLES,
	BV_HARDWARE,
	BV_CLAIMS,
};

/**
 * struct bv_check - one check
 * @name:	stable, [a-z-]+; Documentation/verifier.rst lists them
 * @claim:	what it is about
 * @tier:	BV_AFFIRMING when it passed, else how bad that is
 * @expected:	by the policy, or by what went before
 * @seen:	in the evidence
 * @advice:	what the operator can do; NULL when it passed
 * @entry:	the log entry to blame, or NULL
 */
struct bv_check {
	const char *name;
	enum bv_claim claim;
	enum bv_tier tier;
	const char *expected;
	const char *seen;
	const char *advice;
	const struct bv_log_entry *entry;
};

/**
 * struct bv_tpm_facts - what a TPM has signed that other chips do not have
 * @machine:		name of the record that the chip's id is from
 * @firmware:		the vendor's version
 * @clock:		milliseconds that it had power
 * @reset_count:	what a grant calls the boot count
 * @restart_count:	times that it was suspended since
 * @safe:		no higher @clock was reported before a power loss
 * @pcr:		which one the module extends
 * @pcrs:		of the SHA-256 bank: 0 to 10 and @pcr; the others are not signed, and zero
 */
struct bv_tpm_facts {
	char machine[BV_MACHINE_NAME_MAX + 1];
	uint64_t firmware;
	uint64_t clock;
	uint32_t reset_count;
	uint32_t restart_count;
	bool safe;
	uint32_t pcr;
	uint8_t pcrs[BV_PCR_COUNT][BV_PCR_SIZE];
};

/**
 * struct bv_facts - what appraisal has established, for grant and result
 * @quote:		the claims. Of a TPM, which has no such registers, those that its logs lead to,
 *			once they are found to lead to its PCRs
 * @is_tpm:		the chip is a TPM
 * @tpm:		then
 * @round:		the round, compared with the quote's qualifying data
 * @log_aggregate:	of the log
 * @replayed:		entries of both lists that this round brought, or claimed to
 * @judged:		files of both lists that were held against reference values
 * @passes:		pieces of the log that were looked through
 * @kept:		the caller's to set: what the quote covers of the log is stored
 *			for good, and the grant may say so
 * @authentic:		the quote is a genuine chip's and the round is the one it
 *			signed: before that, nothing here may be repeated to anyone
 */
struct bv_facts {
	struct bv_quote quote;
	bool is_tpm;
	struct bv_tpm_facts tpm;
	struct bv_round round;
	uint8_t log_aggregate[BASTION_DIGEST_SIZE];
	uint64_t replayed;
	uint64_t judged;
	uint64_t passes;
	bool kept;
	bool authentic;
};

/**
 * struct bv_verdict - the outcome of an appraisal
 * @status:	BV_NONE until bv_verdict_close()
 * @granted:	whether a grant may be made; false until bv_verdict_close()
 * @summary:	one sentence; NULL until bv_verdict_close()
 * @facts:	what is known
 * @checks:	JSON array of what bv_verdict_add() was told
 * @worst:	per claim; BV_NONE where nothing was checked
 * @broken:	a check could not be recorded: no grant, whatever the rest says
 */
struct bv_verdict {
	enum bv_tier status;
	bool granted;
	char *summary;
	struct bv_facts facts;
	json_t *checks;
	enum bv_tier worst[BV_CLAIMS];
	bool broken;
};

/** bv_verdict_new() - an empty verdict, to bv_verdict_free(); NULL without memory */
struct bv_verdict *bv_verdict_new(void);

/** bv_verdict_free() - free a verdict; NULL is fine */
void bv_verdict_free(struct bv_verdict *verdict);

/**
 * bv_verdict_add() - record a check
 * @verdict:	not closed
 * @check:	copied; texts may hold any bytes
 *
 * Without memory the verdict is marked broken, so nothing needs to be checked.
 *
 * Return: whether the check passed.
 */
bool bv_verdict_add(struct bv_verdict *verdict, const struct bv_check *check);

/** bv_verdict_take() - record all checks of another verdict, which keeps them */
void bv_verdict_take(struct bv_verdict *verdict, const struct bv_verdict *from);

/**
 * bv_verdict_close() - draw the conclusion
 * @verdict:		all checks are in
 * @accept_warning:	whether a warning is good enough for a grant
 */
void bv_verdict_close(struct bv_verdict *verdict, bool accept_warning);

/** bv_verdict_failing() - name of the first check that failed, or NULL */
const char *bv_verdict_failing(const struct bv_verdict *verdict);

/** bv_tier_name() - "none", "affirming", "warning", "contraindicated" */
const char *bv_tier_name(enum bv_tier tier);

/** bv_claim_name() - as in a trustworthiness vector */
const char *bv_claim_name(enum bv_claim claim);

/** bv_verdict_json() - as in Documentation/evidence.rst; a new reference, NULL without memory */
json_t *bv_verdict_json(const struct bv_verdict *verdict);

#endif
