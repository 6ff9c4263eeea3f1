// SPDX-License-Identifier: GPL-2.0
#include "libbastion-verify/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bv_evidence evidence;
	struct bv_error err;

	if (!bv_evidence_parse((struct bv_span){ data, size }, &evidence, &err))
		bv_evidence_exit(&evidence);
	return 0;
}
