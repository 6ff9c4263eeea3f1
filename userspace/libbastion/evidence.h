/* SPDX-License-Identifier: GPL-2.0 */
/* The evidence bundle (Documentation/evidence.rst). All of it is public. */
#ifndef LIBBASTION_EVIDENCE_H
#define LIBBASTION_EVIDENCE_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <linux/bastion.h>

#include "libbastion/error.h"
#include "libbastion/tpm.h"

/**
 * struct bastion_evidence - what goes into a bundle
 * @begin:	  answer of ROUND_BEGIN
 * @quote:	  answer of QUOTE: nonce and log count
 * @tpm:	  of a TPM: what it signed; NULL of another chip
 * @pcr:	  of a TPM: the one that the kernel extends
 * @tcg_log:	  of a TPM: the firmware's log, or NULL
 * @tcg_log_len:  its length
 * @quote_data:	  the quote, not of a TPM
 * @quote_len:	  its length
 * @boot_log:	  the platform's log of register 0, not of a TPM
 * @boot_log_len: its length
 * @log:	  the module's log, which may have grown since the quote
 * @log_len:	  its length
 * @log_first:	  number of the first entry of @log
 * @log_from:	  number of the first entry to send, if @log has it; else all are sent
 * @ima:	  IMA's list from entry @ima_from on; NULL if the module does not mirror it
 * @ima_len:	  its length
 * @ima_from:	  see @ima
 * @release:	  kernel release, a fact nobody vouches for
 * @host:	  host name, likewise
 */
struct bastion_evidence {
	const struct bastion_round_begin *begin;
	const struct bastion_quote *quote;
	const struct bastion_tpm_quote *tpm;
	uint32_t pcr;
	const uint8_t *tcg_log;
	size_t tcg_log_len;
	const uint8_t *quote_data;
	size_t quote_len;
	const uint8_t *boot_log;
	size_t boot_log_len;
	const uint8_t *log;
	size_t log_len;
	uint64_t log_first;
	uint64_t log_from;
	const uint8_t *ima;
	size_t ima_len;
	uint64_t ima_from;
	const char *release;
	const char *host;
};

/**
 * bastion_evidence_build - make the JSON object
 * @in:	 its parts
 * @out: the object, a new reference
 * @err: circumstances of a failure
 *
 * The log is cut to the entries that the quote covers and the verifier has not.
 *
 * Return: 0; -EBADMSG if the log does not parse or has too few entries; -ENOMEM.
 */
int bastion_evidence_build(const struct bastion_evidence *in, json_t **out,
			   struct bastion_error *err);

/**
 * bastion_evidence_write - write a bundle to a file that nobody else may read
 * @path:     where; "-" is the standard output
 * @evidence: the bundle
 * @err:      circumstances of a failure
 *
 * Return: 0 or a negative errno.
 */
int bastion_evidence_write(const char *path, json_t *evidence, struct bastion_error *err);

#endif
