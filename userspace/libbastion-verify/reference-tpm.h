/* SPDX-License-Identifier: GPL-2.0 */
/* Reference values for what firmware and boot loader extend into a TPM. */
#ifndef BV_REFERENCE_TPM_H
#define BV_REFERENCE_TPM_H

#include "json.h"
#include "log.h"

#define BV_IMA_PCR		10	/* IMA's, unless its policy says otherwise */
#define BV_PLATFORM_PCRS	10	/* 0 .. 9: what register 0 is made of */
#define BV_PLATFORM_MASK	((1u << BV_PLATFORM_PCRS) - 1)

/**
 * struct bv_tpm_reference - one way to boot that is known to be good
 * @name:	what the operator calls it
 * @mask:	PCRs that it names, of 0 to 9
 * @pcrs:	their values, SHA-256
 */
struct bv_tpm_reference {
	char name[65];
	uint32_t mask;
	uint8_t pcrs[BV_PLATFORM_PCRS][BV_PCR_SIZE];
};

/**
 * struct bv_tpm_references - all of a policy
 * @item:	these
 * @count:	how many
 */
struct bv_tpm_references {
	struct bv_tpm_reference *item;
	size_t count;
};

/**
 * bv_tpm_references_read() - read "tpm" of a policy's "reference"
 * @references:	bv_tpm_references_exit() it whatever this returns
 * @list:	[{ "name": text, "pcrs": {"0": hex, ...} }, ...]
 * @err:	what was wrong, naming the member
 *
 * Return: 0, -EBADMSG, -ENOMEM.
 */
int bv_tpm_references_read(struct bv_tpm_references *references, const json_t *list,
			   struct bv_error *err);

/** bv_tpm_references_exit() - give back what bv_tpm_references_read() took */
void bv_tpm_references_exit(struct bv_tpm_references *references);

/** bv_tpm_reference_has() - whether a reference's value of a PCR that it names is this one */
bool bv_tpm_reference_has(const struct bv_tpm_reference *reference, int pcr,
			  const uint8_t value[BV_PCR_SIZE]);

/**
 * bv_tpm_references_closest() - the reference that fits best
 * @references:	at least one
 * @pcrs:	values, by number
 *
 * One that fits in all that it names is better than any that does not; else it is the one with the
 * fewest differences.
 */
const struct bv_tpm_reference *bv_tpm_references_closest(const struct bv_tpm_references *references,
							 const uint8_t (*pcrs)[BV_PCR_SIZE]);

#endif
