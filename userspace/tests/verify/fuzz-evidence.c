// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "libbastion-verify/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Evidence is of one kind of chip: what the other has is not there. */
static void check(const struct bv_evidence *evidence)
{
	bool native = evidence->quote.data && evidence->boot_log.data;
	bool tpm = evidence->tpm_attest.data && evidence->tpm_signature.data &&
		   evidence->tpm_key.data && evidence->tpm_registers.data;

	if (native == evidence->tpm || tpm != evidence->tpm || !evidence->log.data ||
	    (evidence->tcg_log.data && !evidence->tpm) ||
	    evidence->round.chip_nonce_len != (evidence->tpm ? 32 : 48))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bv_evidence evidence;
	struct bv_error err;

	if (!bv_evidence_parse((struct bv_span){ data, size }, &evidence, &err)) {
		check(&evidence);
		bv_evidence_exit(&evidence);
	}
	return 0;
}
