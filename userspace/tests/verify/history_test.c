// SPDX-License-Identifier: GPL-2.0
/* What a verifier remembers: what gets in, what it saves, and what never changes it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "testchip.h"
#include "testima.h"

#define FIRST	5	/* entries of tc_module() */

static int setup(void **state)
{
	struct tc *tc = tc_new();

	tc->history = bv_history_new(tc->claims.chip_id, BV_HISTORY_MAX);
	*state = tc;
	return tc->history ? 0 : -1;
}

static int teardown(void **state)
{
	tc_free(*state);
	return 0;
}

/* A round; NULL: all is well, else the check that refuses. */
static struct bv_facts round_with(struct tc *tc, const char *refused_by)
{
	struct bv_verdict *verdict = tc_appraise(tc, NULL);
	const char *failing = bv_verdict_failing(verdict);
	struct bv_facts facts = verdict->facts;

	if (refused_by) {
		const json_t *check = tc_check(verdict, refused_by);

		assert_false(verdict->granted);
		assert_non_null(check);
		assert_true(json_is_false(json_object_get(check, "ok")));
		assert_true(json_string_length(json_object_get(check, "advice")) > 0);
	} else {
		if (failing && !verdict->granted)
			fprintf(stderr, "# fails: %s\n", failing);
		assert_true(verdict->granted);
	}
	bv_verdict_free(verdict);
	return facts;
}

static void grow(struct tc *tc, const char *name)
{
	tc_event(tc, &tc->log, 5, name, "x", 1);
}

static void test_appends(void **state)
{
	struct tc *tc = *state;
	struct bv_facts facts = round_with(tc, NULL);

	assert_int_equal(facts.replayed, FIRST);
	assert_int_equal(tc->history->replay.count, FIRST);
	assert_true(bv_history_is(tc->history, tc->claims.chip_id, tc->round.boot_key));
	for (int i = 0; i < 3; i++) {
		tc_reuse(tc);
		grow(tc, "more");
		facts = round_with(tc, NULL);
		assert_int_equal(facts.replayed, 1);
		assert_int_equal(facts.passes, 1);
		assert_int_equal(tc->history->replay.count, FIRST + 1 + i);
	}
	/* Nothing new is fine, too. */
	tc_reuse(tc);
	tc->history->changed = false;
	facts = round_with(tc, NULL);
	assert_int_equal(facts.replayed + facts.passes, 0);
	assert_false(tc->history->changed);
	assert_int_equal(tc->history->log.len, tc->log.bytes.len);
}

static void test_all_again(void **state)
{
	struct tc *tc = *state;

	round_with(tc, NULL);
	grow(tc, "more");
	assert_int_equal(round_with(tc, NULL).replayed, FIRST + 1);
	assert_int_equal(tc->history->replay.count, FIRST + 1);
	tc_reuse(tc);
	assert_int_equal(round_with(tc, NULL).replayed, 0);
}

static void test_no_memory(void **state)
{
	struct tc *tc = *state;

	bv_history_free(tc->history);
	tc->history = NULL;
	round_with(tc, NULL);
	tc_reuse(tc);
	round_with(tc, "log-start");
}

static void test_wrong_start(void **state)
{
	struct tc *tc = *state;

	/* A machine that has trimmed its log, and a verifier that knows nothing of it. */
	tc_reuse(tc);
	round_with(tc, "log-start");
	assert_int_equal(tc->history->replay.count, 0);
	tc->log_skip = 0;
	tc->round.log_from = 0;
	round_with(tc, NULL);
	grow(tc, "a");
	grow(tc, "b");
	for (uint64_t from = 1; from <= FIRST + 2; from++) {
		struct bv_span log = { tc->log.bytes.data, tc->log.bytes.len };
		struct bv_log_reader reader = bv_log_begin(log);
		struct bv_log_entry entry;

		if (from == FIRST)
			continue;
		while (reader.number < from)
			assert_int_equal(bv_log_next(&reader, &entry, NULL), 1);
		tc->log_skip = reader.at - log.data;
		tc->round.log_from = from;
		round_with(tc, "log-start");
		assert_int_equal(tc->history->replay.count, FIRST);
	}
}

/* Evidence that says where it begins, and begins elsewhere. */
static void test_lies_about_start(void **state)
{
	struct tc *tc = *state;
	size_t covered = tc->log.bytes.len;

	round_with(tc, NULL);
	grow(tc, "a");
	tc->round.log_from = FIRST;
	tc->log_skip = 0;
	round_with(tc, "log");
	tc->log_skip = tc->log.bytes.len;
	round_with(tc, "log");
	assert_int_equal(tc->history->replay.count, FIRST);
	tc->log_skip = covered;
	round_with(tc, NULL);
}

static void test_mismatch(void **state)
{
	struct tc *tc = *state;
	uint8_t saved[BASTION_DIGEST_SIZE];

	round_with(tc, NULL);
	tc_reuse(tc);
	grow(tc, "a");
	memcpy(saved, tc->claims.registers[5], sizeof(saved));
	tc->claims.registers[5][0] ^= 1;
	round_with(tc, "log");
	assert_int_equal(tc->history->replay.count, FIRST);
	memcpy(tc->claims.registers[5], saved, sizeof(saved));
	round_with(tc, NULL);
}

static void test_unauthentic(void **state)
{
	struct tc *tc = *state;
	X509 *leaf = tc->leaf;

	/* Neither begun nor added to by a chip that nobody vouches for. */
	tc->leaf = tc_cert(tc->chip_key, TC_MODEL, tc->ca, tc->ca_key, false, -1000, -1);
	round_with(tc, "certificates");
	assert_int_equal(tc->history->replay.count, 0);
	X509_free(tc->leaf);
	tc->leaf = leaf;
	round_with(tc, NULL);
	tc_reuse(tc);
	grow(tc, "a");
	tc->leaf = tc_cert(tc->chip_key, TC_MODEL, tc->ca, tc->ca_key, false, -1000, -1);
	round_with(tc, "certificates");
	assert_int_equal(tc->history->replay.count, FIRST);
	X509_free(tc->leaf);
	tc->leaf = leaf;
	/* Nor by a quote that is not this round's. */
	tc->claims.chip_nonce[0] ^= 1;
	round_with(tc, "chip-nonce");
	assert_int_equal(tc->history->replay.count, FIRST);
	tc->claims.chip_nonce[0] ^= 1;
	round_with(tc, NULL);
	assert_int_equal(tc->history->replay.count, FIRST + 1);
}

static void test_next_boot(void **state)
{
	struct tc *tc = *state;
	uint8_t before[BASTION_POINT_SIZE];

	round_with(tc, NULL);
	memcpy(before, tc->round.boot_key, sizeof(before));
	EVP_PKEY_free(tc->boot_key);
	tc->boot_key = EVP_EC_gen("P-384");
	assert_false(bv_key_point(tc->boot_key, tc->round.boot_key));
	tc_reset_logs(tc);
	tc_boot(tc, TC_CMDLINE);
	tc_module(tc);
	/* What was remembered of the boot before is no beginning of this one. */
	tc_reuse(tc);
	round_with(tc, "log-start");
	assert_true(bv_history_is(tc->history, tc->claims.chip_id, before));
	tc->log_skip = 0;
	tc->round.log_from = 0;
	round_with(tc, NULL);
	assert_true(bv_history_is(tc->history, tc->claims.chip_id, tc->round.boot_key));
}

/* Somebody who drives the chip behind the kernel's back, with a key of their own. */
static void test_other_boot_key(void **state)
{
	struct tc *tc = *state;
	uint8_t ours[BASTION_POINT_SIZE];

	round_with(tc, NULL);
	memcpy(ours, tc->round.boot_key, sizeof(ours));
	assert_false(bv_key_point(tc->ear_key, tc->round.boot_key));
	round_with(tc, "boot-key");
	assert_true(bv_history_is(tc->history, tc->claims.chip_id, ours));
	tc_reuse(tc);
	round_with(tc, "log-start");
	memcpy(tc->round.boot_key, ours, sizeof(ours));
	round_with(tc, NULL);
}

static void test_other_chip(void **state)
{
	struct tc *tc = *state;
	uint8_t other[BASTION_DIGEST_SIZE] = { 1 };

	bv_history_free(tc->history);
	tc->history = bv_history_new(other, BV_HISTORY_MAX);
	round_with(tc, NULL);
	assert_int_equal(tc->history->replay.count, 0);
	assert_memory_equal(tc->history->chip_id, other, sizeof(other));
	tc_reuse(tc);
	round_with(tc, "log-start");
}

static void test_bound(void **state)
{
	struct tc *tc = *state;

	tc->history->max = tc->log.bytes.len;
	round_with(tc, NULL);
	tc_reuse(tc);
	round_with(tc, NULL);
	grow(tc, "a");
	round_with(tc, "history");
	assert_int_equal(tc->history->replay.count, FIRST);
	tc->history->max = tc->log.bytes.len;
	round_with(tc, NULL);
}

static void set(struct tc *tc, const char *name, json_t *value)
{
	assert_int_equal(json_object_set_new(tc->policy, name, value), 0);
}

static void test_policy_changes(void **state)
{
	struct tc *tc = *state;
	struct bv_facts facts;

	round_with(tc, NULL);
	tc_reuse(tc);
	/* It takes back what it allowed, of what was seen long ago. */
	set(tc, "modules", json_pack("[s]", "ffff"));
	facts = round_with(tc, "module");
	assert_int_equal(facts.replayed, 0);
	assert_int_equal(facts.passes, 1);
	/* And goes on to do so, without looking again. */
	grow(tc, "a");
	facts = round_with(tc, "module");
	assert_int_equal(facts.replayed, 1);
	assert_int_equal(facts.passes, 1);
	tc_reuse(tc);
	assert_int_equal(round_with(tc, "module").passes, 0);
	set(tc, "modules", json_pack("[s]", TC_BUILD));
	facts = round_with(tc, NULL);
	assert_int_equal(facts.replayed, 0);
	assert_int_equal(facts.passes, 2);
}

#define REFERENCES(list) "{\"generations\":[{\"name\":\"g\",\"files\":[" list "]}]}"
#define GOOD	"{\"path\":\"/bin/good\",\"digests\":\"any\"}"
#define BAD	"{\"path\":\"/bin/bad\",\"digests\":\"any\"}"
#define FILES	"{\"path\":\"/f/*\",\"digests\":\"any\"}"

static void test_refused_stays_refused(void **state)
{
	struct tc *tc = *state;
	struct bv_verdict *verdict;
	const json_t *entry;
	struct bv_facts facts;

	set(tc, "executables", json_pack("{s:[s]}", "references", "r"));
	tc->references = REFERENCES(GOOD);
	tc_file(tc, &tc->log, 4, "/bin/good", 32, 1);
	round_with(tc, NULL);
	tc_reuse(tc);
	tc_file(tc, &tc->log, 4, "/bin/bad", 32, 2);
	facts = round_with(tc, "executables");
	assert_int_equal(facts.judged, 1);
	assert_int_equal(tc->history->replay.count, FIRST + 2);
	/* It is not sent again, and still explained. */
	tc_reuse(tc);
	tc_file(tc, &tc->log, 4, "/bin/good", 32, 3);
	verdict = tc_appraise(tc, NULL);
	assert_false(verdict->granted);
	assert_int_equal(verdict->facts.judged, 1);
	entry = json_object_get(tc_check(verdict, "executables"), "entry");
	assert_int_equal(json_integer_value(json_object_get(entry, "number")), FIRST + 1);
	assert_string_equal(json_string_value(json_object_get(entry, "name")), "/bin/bad");
	bv_verdict_free(verdict);
	tc_reuse(tc);
	tc->references = REFERENCES(GOOD "," BAD);
	facts = round_with(tc, NULL);
	assert_int_equal(facts.judged, 3);
	assert_int_equal(facts.replayed, 0);
}

/* A long list of IMA's, and the register that it gives after each entry that a round quotes. */
struct long_list {
	uint8_t *bytes;
	size_t len;
	uint8_t value[BASTION_DIGEST_SIZE];
};

static void add_files(struct long_list *list, unsigned int first, unsigned int count)
{
	struct ti_list *one = calloc(1, sizeof(*one));

	one->hash = "SHA1";
	list->bytes = realloc(list->bytes, list->len + (size_t)count * 128);
	memcpy(one->mirror, list->value, sizeof(one->mirror));
	while (count--) {
		char path[32];

		snprintf(path, sizeof(path), "/f/%u", first++);
		one->len = 0;
		one->ascii_len = 0;
		ti_file(one, path, 7);
		memcpy(list->bytes + list->len, one->binary, one->len);
		list->len += one->len;
	}
	memcpy(list->value, one->mirror, sizeof(one->mirror));
	free(one);
}

static void quote_list(struct tc *tc, const struct long_list *list, size_t skip, uint64_t from)
{
	memcpy(tc->claims.registers[3], list->value, BASTION_DIGEST_SIZE);
	tc->ima = (struct bv_span){ list->bytes + skip, list->len - skip };
	tc->round.ima_from = from;
}

static void test_ima(void **state)
{
	struct tc *tc = *state;
	struct long_list list = { NULL };
	struct bv_facts facts;
	size_t skip;

	set(tc, "ima", json_pack("{s:[s]}", "references", "r"));
	tc->references = REFERENCES(FILES);
	add_files(&list, 0, 10);
	quote_list(tc, &list, 0, 0);
	facts = round_with(tc, NULL);
	assert_int_equal(facts.judged, 10);
	assert_int_equal(tc->history->ima_replay.count, 10);
	tc_reuse(tc);
	skip = tc->history->ima_replay.bytes;
	assert_int_equal(skip, list.len);
	add_files(&list, 10, 3);
	quote_list(tc, &list, skip, 10);
	/* What was measured after the quote comes along, and is left for the next round. */
	add_files(&list, 13, 2);
	tc->ima.len = list.len - skip;
	tc->ima.data = list.bytes + skip;
	facts = round_with(tc, NULL);
	assert_int_equal(facts.judged, 3);
	assert_int_equal(facts.replayed, 3);
	assert_int_equal(tc->history->ima_replay.count, 13);
	/* Twice is not where it ends. */
	quote_list(tc, &list, skip, 10);
	round_with(tc, "ima-start");
	/* Nothing new was measured. */
	skip = tc->history->ima_replay.bytes;
	quote_list(tc, &list, skip, 13);
	assert_int_equal(round_with(tc, NULL).judged, 2);
	quote_list(tc, &list, list.len, 15);
	facts = round_with(tc, NULL);
	assert_int_equal(facts.judged + facts.replayed, 0);
	/* A file that is refused, once and then in every round. */
	tc->references = REFERENCES("{\"path\":\"/f/1*\",\"digests\":\"any\"}");
	assert_int_equal(round_with(tc, "ima").judged, 15);
	assert_int_equal(round_with(tc, "ima").judged, 0);
	tc->references = REFERENCES(FILES);
	assert_int_equal(round_with(tc, NULL).judged, 15);
	free(list.bytes);
}

static void test_ima_without_rule(void **state)
{
	struct tc *tc = *state;
	struct long_list list = { NULL };

	/* Not judged, but not asked for again either; and judged once a policy wants it. */
	set(tc, "accept_warning", json_true());
	add_files(&list, 0, 4);
	quote_list(tc, &list, 0, 0);
	round_with(tc, NULL);
	assert_int_equal(tc->history->ima_replay.count, 4);
	tc_reuse(tc);
	quote_list(tc, &list, list.len, 4);
	round_with(tc, NULL);
	set(tc, "ima", json_pack("{s:[s]}", "references", "r"));
	tc->references = REFERENCES(GOOD);
	assert_int_equal(round_with(tc, "ima").judged, 4);
	tc->references = REFERENCES(FILES);
	round_with(tc, NULL);
	free(list.bytes);
}

static void test_ima_wrong(void **state)
{
	struct tc *tc = *state;
	struct long_list list = { NULL };
	size_t skip;

	set(tc, "ima", json_pack("{s:[s]}", "references", "r"));
	tc->references = REFERENCES(FILES);
	add_files(&list, 0, 4);
	quote_list(tc, &list, 0, 0);
	round_with(tc, NULL);
	tc_reuse(tc);
	skip = list.len;
	add_files(&list, 4, 4);
	quote_list(tc, &list, skip, 4);
	tc->claims.registers[3][0] ^= 1;
	round_with(tc, "ima-list");
	assert_int_equal(tc->history->ima_replay.count, 4);
	/* The log is authentic for all that. */
	quote_list(tc, &list, 0, 4);
	round_with(tc, "ima-list");
	quote_list(tc, &list, skip, 4);
	round_with(tc, NULL);
	free(list.bytes);
}

/* More than one message could carry, in rounds whose cost is what is new. */
static void test_hundred_thousand(void **state)
{
	struct tc *tc = *state;
	struct long_list list = { NULL };
	struct bv_facts facts;

	set(tc, "ima", json_pack("{s:[s]}", "references", "r"));
	tc->references = REFERENCES(FILES);
	for (unsigned int i = 0; i < 2; i++) {
		size_t skip = list.len;

		add_files(&list, 50000 * i, 50000);
		quote_list(tc, &list, skip, 50000 * i);
		facts = round_with(tc, NULL);
		assert_int_equal(facts.judged, 50000);
		tc_reuse(tc);
	}
	assert_true(list.len > BV_EVIDENCE_MAX);
	for (unsigned int i = 0; i < 3; i++) {
		size_t skip = list.len;

		add_files(&list, 100000 + 2 * i, 2);
		quote_list(tc, &list, skip, 100000 + 2 * i);
		facts = round_with(tc, NULL);
		assert_int_equal(facts.judged, 2);
		assert_int_equal(facts.replayed, 2);
	}
	free(list.bytes);
}

static struct bv_history *decoded(const struct tc *tc, struct bv_span bytes, int wanted)
{
	struct bv_history *history = bv_history_new(tc->claims.chip_id, BV_HISTORY_MAX);
	struct bv_error err = { "" };

	assert_int_equal(bv_history_decode(bytes, history, &err), wanted);
	if (!wanted)
		return history;
	assert_true(err.text[0]);
	assert_int_equal(history->replay.count + history->log.len + history->ima.len, 0);
	bv_history_free(history);
	return NULL;
}

static void test_stored(void **state)
{
	static const uint8_t other[BASTION_DIGEST_SIZE];
	struct tc *tc = *state;
	struct long_list list = { NULL };
	struct bv_history *history;
	struct bv_span bytes;

	set(tc, "ima", json_pack("{s:[s]}", "references", "r"));
	tc->references = REFERENCES(FILES);
	add_files(&list, 0, 4);
	quote_list(tc, &list, 0, 0);
	round_with(tc, NULL);
	tc_reuse(tc);
	grow(tc, "a");
	quote_list(tc, &list, list.len, 4);
	round_with(tc, NULL);
	tc_reuse(tc);
	assert_int_equal(bv_history_encode(tc->history, &bytes), 0);
	history = decoded(tc, bytes, 0);
	assert_memory_equal(&history->replay, &tc->history->replay, sizeof(history->replay));
	assert_memory_equal(&history->ima_replay, &tc->history->ima_replay,
			    sizeof(history->ima_replay));
	assert_false(history->changed);
	bv_history_free(tc->history);
	tc->history = history;
	grow(tc, "b");
	/* Findings are made again, from the copy. */
	assert_int_equal(round_with(tc, NULL).judged, 4);
	/* Every bit counts, and every byte. */
	for (size_t i = 0; i < bytes.len; i++) {
		((uint8_t *)bytes.data)[i] ^= 1 << i % 8;
		decoded(tc, bytes, -EBADMSG);
		((uint8_t *)bytes.data)[i] ^= 1 << i % 8;
		decoded(tc, (struct bv_span){ bytes.data, i }, -EBADMSG);
	}
	history = bv_history_new(other, BV_HISTORY_MAX);
	assert_int_equal(bv_history_decode(bytes, history, NULL), -EBADMSG);
	bv_history_free(history);
	free((void *)bytes.data);
	free(list.bytes);
}

/* What no disk does by itself: contents that are wrong, with a digest that is right. */
static void test_stored_wrong(void **state)
{
	struct tc *tc = *state;
	struct bv_span bytes, body;

	round_with(tc, NULL);
	assert_int_equal(bv_history_encode(tc->history, &bytes), 0);
	body = (struct bv_span){ bytes.data, bytes.len - BASTION_DIGEST_SIZE };
	for (size_t i = 0; i < body.len; i++) {
		struct bv_history *history = bv_history_new(tc->claims.chip_id, BV_HISTORY_MAX);
		struct bv_error err = { "" };

		((uint8_t *)bytes.data)[i] ^= 1 << i % 8;
		bv_sha384((uint8_t *)bytes.data + body.len, &body, 1);
		if (bv_history_decode(bytes, history, &err))
			assert_int_equal(history->replay.count, 0);
		bv_history_free(history);
		((uint8_t *)bytes.data)[i] ^= 1 << i % 8;
	}
	free((void *)bytes.data);
}

#define T(function)	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_appends), T(test_all_again), T(test_no_memory), T(test_wrong_start),
		T(test_lies_about_start), T(test_mismatch), T(test_unauthentic), T(test_next_boot),
		T(test_other_boot_key), T(test_other_chip), T(test_bound), T(test_policy_changes),
		T(test_refused_stays_refused), T(test_ima), T(test_ima_without_rule),
		T(test_ima_wrong), T(test_hundred_thousand), T(test_stored), T(test_stored_wrong),
	};

	return cmocka_run_group_tests_name("verify: history", tests, NULL, NULL);
}
