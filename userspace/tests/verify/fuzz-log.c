// SPDX-License-Identifier: GPL-2.0
/*
 * Logs: replay, then the rules on their entries. The digests in the input are
 * put right first, and the quote is given the registers that the log replays to,
 * as no fuzzer finds either.
 */
#include <stdlib.h>
#include <string.h>

#include "libbastion-verify/appraise.h"
#include "libbastion-verify/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void repair(uint8_t *log, size_t size)
{
	struct bv_log_reader reader = bv_log_begin((struct bv_span){ log, size });
	struct bv_log_entry entry;

	while (bv_log_next(&reader, &entry, NULL) == 1) {
		if (entry.buffer)
			bv_sha384((uint8_t *)entry.digest.data, &entry.data, 1);
		bv_sha384((uint8_t *)entry.template_digest.data, &entry.template_data, 1);
	}
}

static struct bv_policy *make_policy(void)
{
	static const char text[] =
		"{\"roots\":[\"r\"],\"models\":[\"m\"],\"modules\":[\"ab\"],\"parameters\":[\"p\"],"
		"\"reference\":{\"boot\":[{\"name\":\"n\",\"cmdline\":\"c\",\"kernel\":"
		"\"000000000000000000000000000000000000000000000000"
		"000000000000000000000000000000000000000000000000\"}]}}";

	return bv_policy_parse((struct bv_span){ (const uint8_t *)text, strlen(text) }, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t self[BASTION_DIGEST_SIZE];
	struct bv_policy *policy = make_policy();
	struct bv_history *history = bv_history_new(self, BV_HISTORY_MAX);
	struct bv_verdict *verdict = bv_verdict_new();
	struct bv_appraisal in = { .policy = policy, .verifier = self };
	uint8_t *copy = malloc(size ? size : 1);
	struct bv_log_entry bad;
	struct bv_replay replay;
	struct bv_error err;
	json_t *json;

	memcpy(copy, data, size);
	repair(copy, size);
	bv_log_replay((struct bv_span){ copy, size }, 0xff, &replay, &bad, &err);
	memcpy(verdict->facts.quote.registers, replay.registers, sizeof(replay.registers));
	verdict->facts.round.log_count = replay.count;
	bv_appraise_boot(&in, (struct bv_span){ copy, size }, verdict);
	bv_appraise_log(&in, (struct bv_span){ copy, size }, history, verdict);
	bv_verdict_close(verdict, true);
	if (verdict->granted)
		abort();
	json = bv_verdict_json(verdict);
	if (!json)
		abort();
	json_decref(json);
	bv_verdict_free(verdict);
	bv_history_free(history);
	bv_policy_free(policy);
	free(copy);
	return 0;
}
