// SPDX-License-Identifier: GPL-2.0
/*
 * IMA's lists. The template digests of binary ones are put right first. Whole or
 * in two steps, a replay gives the same. What is well formed is judged, too.
 */
#include <stdlib.h>
#include <string.h>

#include "libbastion-verify/appraise.h"
#include "libbastion-verify/ima-list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The digest is in the input where the list is binary; an ASCII one's is ours. */
static void repair(uint8_t *list, size_t size, int bank)
{
	struct bv_bank_hashers hashers;
	struct bv_ima_reader reader;
	struct bv_ima_entry entry;
	uint8_t digest[BV_PCR_DIGEST_MAX];

	bv_bank_hashers_init(&hashers, BV_BANKS_ALL);
	if (!bv_ima_open(&reader, (struct bv_span){ list, size }, bank, 0, NULL) && !reader.ascii)
		while (bv_ima_next(&reader, &entry, NULL) == 1) {
			if (entry.violation)
				continue;
			bv_hasher_run(&hashers.bank[bank], digest, &entry.template_data, 1);
			memcpy((uint8_t *)entry.template_digest.data, digest, bv_bank_size(bank));
		}
	bv_ima_close(&reader);
	bv_bank_hashers_exit(&hashers);
}

static int replay(const uint8_t *list, size_t size, int bank, struct bv_ima_replay *state)
{
	struct bv_error err;

	return bv_ima_replay((struct bv_span){ list, size }, bank, state, &err);
}

static void in_two_steps(const uint8_t *list, size_t size, int bank,
			 const struct bv_ima_replay *whole)
{
	struct bv_ima_replay state = { .pcrs.banks = BV_BANKS_ALL };
	struct bv_ima_replayer replayer;
	struct bv_ima_entry entry;

	if (bv_ima_replay_begin(&replayer, (struct bv_span){ list, size }, bank, &state, NULL) ||
	    bv_ima_replay_next(&replayer, &entry, NULL) != 1)
		abort();
	bv_ima_replay_end(&replayer);
	/* What is left of an ASCII list may be too short to be recognised as one. */
	if (size - state.bytes < 4)
		return;
	if (replay(list + state.bytes, size - state.bytes, bank, &state) ||
	    memcmp(&state, whole, sizeof(state)))
		abort();
}

static struct bv_policy *make_policy(void)
{
	static const char text[] = "{\"roots\":[\"r\"],\"models\":[\"m\"],\"ima\":{\"references\":"
				   "[\"r\"],\"ignore\":[\"/t*/**\"]}}";
	static const char values[] = "{\"generations\":[{\"name\":\"g\",\"files\":["
				     "{\"path\":\"/b\",\"digests\":\"any\"},{\"path\":\"/a*\",\"digests\":"
				     "[\"sha1:0000000000000000000000000000000000000000\"]}]}]}";
	struct bv_policy *policy = bv_policy_parse((struct bv_span){ (const uint8_t *)text,
								     strlen(text) }, NULL);

	if (!policy ||
	    bv_policy_add_references(policy, &policy->ima,
				     (struct bv_span){ (const uint8_t *)values, strlen(values) },
				     NULL))
		abort();
	return policy;
}

static void judge(const uint8_t *list, size_t size)
{
	static const uint8_t nobody[BASTION_DIGEST_SIZE];
	struct bv_ima_replay state = { .pcrs.banks = 1u << BV_BANK_SHA384, .mirror = true };
	struct bv_history *history = bv_history_new(nobody, BV_HISTORY_MAX);
	struct bv_verdict *verdict = bv_verdict_new();
	struct bv_policy *policy = make_policy();
	const struct bv_appraisal in = { .policy = policy };

	bv_ima_replay((struct bv_span){ list, size }, BV_IMA_DETECT, &state, NULL);
	memcpy(verdict->facts.quote.registers[BV_IMA_MIRROR],
	       state.pcrs.value[BV_BANK_SHA384][BV_IMA_MIRROR], BASTION_DIGEST_SIZE);
	bv_appraise_ima(&in, (struct bv_span){ list, size }, history, verdict);
	bv_verdict_close(verdict, true);
	if (verdict->granted || verdict->broken)
		abort();
	bv_verdict_free(verdict);
	bv_history_free(history);
	bv_policy_free(policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bv_ima_replay state = { .pcrs.banks = BV_BANKS_ALL };
	int bank = size ? data[0] % BV_BANKS : 0;
	uint8_t *list = malloc(size + 1);

	if (size) {
		data++;
		size--;
	}
	memcpy(list, data, size);
	list = realloc(list, size + !size);
	repair(list, size, bank);
	if (!replay(list, size, bank, &state) && state.count)
		in_two_steps(list, size, bank, &state);
	memset(&state, 0, sizeof(state));
	if (!replay(list, size, BV_IMA_DETECT, &state))
		judge(list, size);
	free(list);
	return 0;
}
