/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What kind of chip a guest has. Where an expectation depends on it, a test says so in one of
 * two ways:
 *
 *	CHIP_NEEDS(CHIP_REBIND);	at its begin: the test is skipped with a chip that cannot
 *	EXPECT_EQ(BY_CHIP(48, 32), ...)	with a Bastionchip, with a TPM
 *
 * What a TPM answers to what it cannot do is tried by abi/test-chip.
 */
#ifndef SELFTESTS_LIB_CHIP_H
#define SELFTESTS_LIB_CHIP_H

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum chip_can {
	CHIP_ANYTHING,		/* that every kind does */
	CHIP_KEY_PAIRS,
	CHIP_DERIVE,
	CHIP_COUNTERS,
	CHIP_REBIND,
	CHIP_BOOT_LOG,
	CHIP_LONG_SECRETS,	/* of more than BASTION_TPM_SECRET_MAX */
};

static const char * const chip_tpm_lacks[] = {
	[CHIP_KEY_PAIRS] = "a TPM makes no key pairs",
	[CHIP_DERIVE] = "a TPM derives no keys",
	[CHIP_COUNTERS] = "a TPM has no counters of ours",
	[CHIP_REBIND] = "a TPM moves no keys",
	[CHIP_BOOT_LOG] = "a TPM keeps no boot log",
	[CHIP_LONG_SECRETS] = "a TPM takes no secrets of more than 512 bytes",
};

/* Once the module is loaded. */
static inline bool chip_is_tpm(void)
{
	static char model[64];
	FILE *file;

	if (!*model) {
		file = fopen("/sys/class/bastion/bastion0/model", "r");
		if (!file || !fgets(model, sizeof(model), file))
			errx(1, "there is no chip");
		fclose(file);
	}
	return !strncmp(model, "TPM ", 4);
}

#define BY_CHIP(native, tpm)	(chip_is_tpm() ? (tpm) : (native))

/* In a test of kselftest_harness.h, before it has found anything: that would be forgotten. */
#define CHIP_NEEDS(what)						\
	do {								\
		if (chip_is_tpm() && chip_tpm_lacks[what])		\
			SKIP(return, "%s", chip_tpm_lacks[what]);	\
	} while (0)

#endif
