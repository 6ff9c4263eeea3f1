// SPDX-License-Identifier: GPL-2.0
/*
 * IMA's lists. The template digests of binary ones are put right first. Whole or
 * in two steps, a replay gives the same. What is well formed is judged, too. An input
 * that begins with MAKE says what a list shall be made of: lengths within lengths, and
 * violations, whose template digest is zero, are more than a fuzzer finds.
 */
#include <stdlib.h>
#include <string.h>

#include "libbastion-verify/appraise.h"
#include "libbastion-verify/ima-list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAKE		0x80
#define LIST_MAX	(1 << 16)

struct maker {
	struct bv_span from;
	uint8_t *list;
	size_t len;
};

static uint8_t next(struct maker *maker)
{
	struct bv_span byte;

	return bv_take(&maker->from, 1, &byte) ? *byte.data : 0;
}

static void put(struct maker *maker, const void *bytes, size_t len)
{
	if (maker->len + len > LIST_MAX)
		return;
	memcpy(maker->list + maker->len, bytes, len);
	maker->len += len;
}

static void put_number(struct maker *maker, size_t at, uint32_t value)
{
	if (at + 4 <= LIST_MAX)
		bv_put_le32(maker->list + at, value);
}

/* A prefix, a few bytes of the input, and then one of them over and over. */
static void make_field(struct maker *maker, const char *prefix, size_t prefix_len, bool text)
{
	size_t start = maker->len, own = next(maker) % 48, more = next(maker) % 32 ? 0 : 4096;
	uint8_t byte = next(maker) | 1;

	put(maker, "\0\0\0", 4);
	put(maker, prefix, prefix_len);
	for (size_t i = 0; i < own; i++)
		put(maker, &(uint8_t){ next(maker) | text }, 1);
	for (size_t i = 0; i < more; i++)
		put(maker, &byte, 1);
	if (text)
		put(maker, "", 1);
	put_number(maker, start, maker->len - start - 4);
}

static void make_entry(struct maker *maker, int bank)
{
	static const uint8_t digests[2][BV_PCR_DIGEST_MAX] = { { 1 } };
	static const char *const names[] = {
		"ima-ng", "ima-sig", "ima-buf", "ima-ngv2", "ima-modsig", "ima-xx", "d|n",
		"d-ng|xattrnames|n-ng", "d-ng|n-ng|n-ng", "sig|d-ng|n-ng",
	};
	static const char *const prefixes[] = { "sha256:", "sha1:", "verity:sha512:", "x:" };
	uint8_t how = next(maker), which = next(maker);
	const char *name = names[(how >> 3) % 10], *prefix = prefixes[which & 3];
	size_t start, fields = (which >> 4) % 6;

	put(maker, "\n\0\0", 4);
	put(maker, digests[how & 1], bv_bank_size(bank));
	put(maker, "\0\0\0", 4);
	put_number(maker, maker->len - 4, strlen(name));
	put(maker, name, strlen(name));
	put(maker, "\0\0\0", 4);
	start = maker->len;
	for (size_t i = 0; i < fields; i++)
		make_field(maker, prefix, i || how & 2 ? 0 : strlen(prefix) + 1, i == 1);
	put_number(maker, start - 4, maker->len - start);
}

/* Entries that are well formed but for what they are to lie about. */
static size_t make(struct bv_span from, int bank, uint8_t *list)
{
	struct maker maker = { from, list, 0 };

	for (int i = 0; i < 8 && maker.from.len; i++)
		make_entry(&maker, bank);
	return maker.len;
}

/* By whatever name an entry goes, only its second field is its path. */
static void check_path(const struct bv_ima_entry *entry)
{
	struct bv_span rest = entry->template_data, field;

	if (!entry->path.len || bv_span_is(entry->template_name, "ima"))
		return;
	for (int i = 0; i < 2; i++)
		if (!bv_take_field(&rest, rest.len, &field))
			abort();
	if (entry->path.data != field.data)
		abort();
}

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
			check_path(&entry);
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
	bool made = size && data[0] & MAKE;
	uint8_t *list = malloc(LIST_MAX + size);

	if (size) {
		data++;
		size--;
	}
	if (made)
		size = make((struct bv_span){ data, size }, bank, list);
	else
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
