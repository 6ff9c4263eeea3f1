// SPDX-License-Identifier: GPL-2.0
/*
 * Messages of machines that want to be enrolled, and what a verifier keeps of them meanwhile.
 * The endorsement key that the input has is allowed, so that a secret is wrapped for it.
 */
#include <stdlib.h>
#include <string.h>

#include "libbastion-verify/enroll.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void begin(const json_t *json)
{
	static const uint8_t secret[BV_CREDENTIAL_SECRET] = { 1 };
	uint8_t chip_id[BASTION_DIGEST_SIZE];
	const struct bv_enroll_terms terms = { .name = "fuzz", .chip_id = chip_id };
	struct bv_enroll_pending pending;
	struct bv_enroll_request request;
	struct bv_credential credential;
	struct bv_ek_anchors anchors;
	struct bv_error err = { "" };
	json_t *answer;

	if (bv_enroll_parse(json, &request, &err)) {
		if (!err.text[0])
			abort();
		return;
	}
	bv_sha384(chip_id, &request.ek, 1);
	if (!bv_enroll_begin(&request, &terms, secret, 1, &pending, &credential, &err)) {
		answer = bv_enroll_credential_json(&pending, &credential);
		/* No key of ours, no certificate: whoever is let in has both. */
		if (!answer || !pending.open || !credential.blob_len || !credential.seed_len)
			abort();
		json_decref(answer);
		if (!bv_enroll_finish(&pending, json, 0, &err) || pending.open)
			abort();
	}
	/* Nothing is certified by nothing. */
	if (bv_ek_anchors_init(&anchors) ||
	    !bv_enroll_begin(&request, &(struct bv_enroll_terms){ .name = "fuzz", .anchors = &anchors },
			     secret, 1, &pending, &credential, &err))
		abort();
	bv_ek_anchors_exit(&anchors);
	bv_enroll_exit(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL), *again;
	struct bv_enroll_pending pending, same;

	if (json_is_object(json)) {
		begin(json);
		if (!bv_enroll_pending_parse(json, &pending, NULL)) {
			again = bv_enroll_pending_json(&pending);
			if (!again || bv_enroll_pending_parse(again, &same, NULL) ||
			    memcmp(&pending.machine, &same.machine, sizeof(same.machine)))
				abort();
			json_decref(again);
		}
	}
	json_decref(json);
	return 0;
}
