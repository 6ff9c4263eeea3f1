/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Quotes of a TPM 2.0, where that is the chip. The kernel has the TPM for what must be
 * secret; evidence is not, so user space asks for it, through the TPM's resource manager.
 */
#ifndef LIBBASTION_TPM_H
#define LIBBASTION_TPM_H

#include <stddef.h>
#include <stdint.h>

#include <bastion/chip.h>

#include "libbastion/error.h"

#define BASTION_TPM_PCRS	    24	/* that a PC's TPM has */
#define BASTION_TPM_PCR_SIZE	    32	/* of the SHA-256 bank */
#define BASTION_TPM_PLATFORM_PCRS   0x7ff	/* 0 to 10: firmware, boot loader, IMA */
#define BASTION_TPM_STRUCTURE_MAX   2304	/* of any that is marshalled here */

/**
 * struct bastion_tpm_quote - what a TPM signed, and what belongs to it
 * @attest:	   TPMS_ATTEST (TPM 2.0 Library, part 2, 10.12.12)
 * @attest_len:	   its length
 * @signature:	   TPMT_SIGNATURE (part 2, 11.3.4)
 * @signature_len: its length
 * @key:	   TPMT_PUBLIC of the attestation key (part 2, 12.2.4)
 * @key_len:	   its length
 * @pcrs:	   mask of the registers of the SHA-256 bank that were quoted
 * @values:	   of these, as they were when the TPM signed
 */
struct bastion_tpm_quote {
	uint8_t attest[BASTION_TPM_STRUCTURE_MAX];
	size_t attest_len;
	uint8_t signature[BASTION_TPM_STRUCTURE_MAX];
	size_t signature_len;
	uint8_t key[BASTION_TPM_STRUCTURE_MAX];
	size_t key_len;
	uint32_t pcrs;
	uint8_t values[BASTION_TPM_PCRS][BASTION_TPM_PCR_SIZE];
};

struct bastion_tpm;

/**
 * bastion_tpm_open - open a TPM and make its attestation key
 * @tcti:   how to reach it, as tpm2-tss names it; NULL: the kernel's resource manager
 * @number: which TPM that is, without @tcti
 * @tpm:    out; bastion_tpm_close() it
 * @err:    circumstances of a failure
 *
 * The attestation key is a primary key in the endorsement hierarchy, of a template that never
 * changes (Documentation/tpm.rst): the same TPM always has the same one, and nothing is stored.
 *
 * Return: 0; -ENOENT there is no such TPM; -EACCES; -EKEYREJECTED the hierarchy has a password
 * or is disabled; -EOPNOTSUPP no curve or hash that will do; -EAGAIN its few slots are taken;
 * -EIO; -ENOMEM.
 */
int bastion_tpm_open(const char *tcti, uint32_t number, struct bastion_tpm **tpm,
		     struct bastion_error *err);

/**
 * bastion_tpm_quote - have it sign PCRs 0 to 10 and @pcr
 * @tpm:	open
 * @qualifying: what the quote is for
 * @pcr:	that the kernel extends
 * @value:	what that must have been, in the SHA-256 bank
 * @quote:	out
 * @err:	circumstances of a failure
 *
 * What IMA extends meanwhile is read again, until values and quote belong together (part 3,
 * 18.4 and 22.4).
 *
 * Return: 0; -ESTALE @pcr has another value already; -EBUSY registers changed each time that
 * they were read; or as bastion_tpm_open().
 */
int bastion_tpm_quote(struct bastion_tpm *tpm, const uint8_t qualifying[BASTION_DIGEST_SIZE],
		      uint32_t pcr, const uint8_t value[BASTION_TPM_PCR_SIZE],
		      struct bastion_tpm_quote *quote, struct bastion_error *err);

/** bastion_tpm_close - flush what was loaded and let go of it; NULL is fine */
void bastion_tpm_close(struct bastion_tpm *tpm);

#endif
