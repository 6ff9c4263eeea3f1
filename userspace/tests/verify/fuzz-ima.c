// SPDX-License-Identifier: GPL-2.0
/*
 * IMA's lists. The template digests of binary ones are put right first. Whole or
 * in two steps, a replay gives the same.
 */
#include <stdlib.h>
#include <string.h>

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
	replay(list, size, BV_IMA_DETECT, &state);
	free(list);
	return 0;
}
