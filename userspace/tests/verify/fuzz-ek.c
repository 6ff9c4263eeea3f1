// SPDX-License-Identifier: GPL-2.0
/*
 * Endorsement certificates, and files of what they are held against. The names in a
 * certificate are read whoever signed it: no fuzzer makes signatures.
 */
#include <stdlib.h>

#include "libbastion-verify/tpm-ek.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bv_ek_anchors anchors;
	struct bv_ek_finding finding;
	struct bv_ek_names names;
	json_t *json;

	if (bv_ek_anchors_init(&anchors))
		abort();
	/* Nothing is certified by nothing. */
	if (bv_ek_judge((struct bv_span){ data, size }, &anchors, 1704067200, &finding) || finding.found.ok)
		abort();
	if (finding.cert && !bv_ek_names_read(finding.cert, &names, NULL) && names.given &&
	    (!*names.manufacturer || !*names.model || !*names.version))
		abort();
	json = bv_ek_finding_json(&finding);
	if (!json)
		abort();
	json_decref(json);
	bv_ek_finding_exit(&finding);
	bv_ek_anchors_add(&anchors, (struct bv_span){ data, size }, NULL);
	bv_ek_anchors_exit(&anchors);
	return 0;
}
