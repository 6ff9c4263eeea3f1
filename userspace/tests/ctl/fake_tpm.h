/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tpm2-tss for code under test: a TPM that counts what is loaded, and does whatever a test
 * wants. The program that links it has no other.
 */
#ifndef TESTS_CTL_FAKE_TPM_H
#define TESTS_CTL_FAKE_TPM_H

#include <stdbool.h>
#include <stdint.h>

#include <tss2/tss2_esys.h>

#define FAKE_PCRS 24

/* What is wrong with its answers */
enum fake_lie {
	FAKE_HONEST,
	FAKE_NO_VALUES,		/* PCR_Read selects nothing */
	FAKE_OTHER_BANK,	/* or of another bank */
	FAKE_OTHER_VALUES,	/* or more than was asked for */
	FAKE_FEW_VALUES,	/* or has fewer values than it selects */
	FAKE_SHORT_VALUES,	/* or shorter ones */
	FAKE_OTHER_PCRS,	/* the quote is of other PCRs */
	FAKE_OTHER_TYPE,	/* or no quote at all */
	FAKE_GARBLED,		/* or does not parse */
	FAKE_OTHER_CAPABILITY,	/* GetCapability tells of something else, longer */
};

/**
 * struct fake_tpm - what it is to do, and what became of it
 * @create:	response codes of the first and of the second CreatePrimary
 * @quote:	response code of Quote
 * @read:	of PCR_Read
 * @lie:	see there
 * @moves:	how many quotes PCR 10 is extended before, and after
 * @pcrs:	their values
 * @opened:	contexts that are open
 * @loaded:	objects that are
 * @created:	CreatePrimary commands
 * @quotes:	Quote commands
 * @template:	of the last CreatePrimary
 * @qualifying:	of the last Quote
 */
struct fake_tpm {
	TSS2_RC create[2];
	TSS2_RC quote;
	TSS2_RC read;
	enum fake_lie lie;
	int moves;
	uint8_t pcrs[FAKE_PCRS][32];
	int opened;
	int loaded;
	int created;
	int quotes;
	TPMT_PUBLIC template;
	TPM2B_DATA qualifying;
};

extern struct fake_tpm fake_tpm;

#endif
