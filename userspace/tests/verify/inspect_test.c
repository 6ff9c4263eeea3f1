// SPDX-License-Identifier: GPL-2.0
/* "bastion-verifier inspect" of logs, and the files of values that it compares with. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libbastion-verify/tcg-expected.h"
#include "testchip.h"
#include "testcommand.h"
#include "testvectors.h"

#define RUN(kind, ...)	TM_RUN(verifier_inspect_log, kind, tm_path("log"), ##__VA_ARGS__)

static json_t *run_json(const char *kind, int code)
{
	json_t *json;

	assert_int_equal(RUN(kind, "--json"), code);
	json = tm_json();
	assert_true(json_is_boolean(json_object_get(json, "ok")));
	assert_int_equal(json_is_true(json_object_get(json, "ok")), code == VERIFIER_OK);
	assert_int_equal(json_is_null(json_object_get(json, "error")), code == VERIFIER_OK);
	return json;
}

static void test_boot_log(void **state)
{
	struct bv_span log = tv_load("boot-log/go-tpm-tools/rhel8-uefi.bin");
	const char *value;
	json_t *json;

	tm_write("log", log);
	free((void *)log.data);
	json = run_json("boot-log", VERIFIER_OK);
	assert_int_equal(json_integer_value(json_object_get(json, "entries")), 83);
	assert_int_equal(json_unpack(json, "{s:{s:{s:s}}}", "registers", "sha1", "0", &value), 0);
	assert_string_equal(value, "0f2d3a2a1adaa479aeeca8f5df76aadc41b862ea");
	json_decref(json);

	/* Its own output is a file of values that it agrees with. */
	assert_int_equal(RUN("boot-log", "--bank", "sha1"), VERIFIER_OK);
	assert_int_equal(rename(tm_path("output"), tm_path("values")), 0);
	assert_int_equal(RUN("boot-log", "--expect", tm_path("values")), VERIFIER_OK);
	assert_int_equal(RUN("boot-log", "--bank", "sha512"), VERIFIER_REFUSED);
	assert_int_equal(RUN("boot-log", "--bank", "md5"), VERIFIER_USAGE);
	tm_write_text("values", "sha1:4 = 0000000000000000000000000000000000000000\n");
	assert_int_equal(RUN("boot-log", "--expect", tm_path("values")), VERIFIER_REFUSED);
	assert_non_null(strstr(tm_complaint, "register sha1:4 is "));
}

/* Firmware extends register 3 on every machine: a log without it is not the whole. */
static void test_boot_log_without(void **state)
{
	static const uint8_t event[] = { 5, 0, 0, 0, 1, 0, 0, 0, [28] = 0, 0, 0, 0 };

	tm_write("log", BV_SPAN(event));
	assert_int_equal(RUN("boot-log", "--json"), VERIFIER_OK);
	tm_write_text("values", "sha1:3 = b2a83b0ebf2f8374299a5b2bdfc31ea955ad7236\n");
	assert_int_equal(RUN("boot-log", "--expect", tm_path("values")), VERIFIER_REFUSED);
	tm_write_text("values", "sha1:3 = 0000000000000000000000000000000000000000\n");
	assert_int_equal(RUN("boot-log", "--expect", tm_path("values")), VERIFIER_OK);
	tm_write_text("values", "sha1:12 = b2a83b0ebf2f8374299a5b2bdfc31ea955ad7236\n");
	assert_int_equal(RUN("boot-log", "--expect", tm_path("values")), VERIFIER_REFUSED);
	assert_non_null(strstr(tm_complaint, "no expected value"));
}

static void test_malformed(void **state)
{
	static const char *const kinds[] = { "boot-log", "ima-log", "log" };

	tm_write_text("log", "bogus, and no log of any kind");
	for (int i = 0; i < 3; i++) {
		json_t *json = run_json(kinds[i], VERIFIER_REFUSED);

		assert_true(json_string_length(json_object_get(json, "error")) > 10);
		assert_int_equal(json_object_size(json_object_get(json, "registers")), 0);
		json_decref(json);
	}
}

/* Values that were read before the list grew: it says after which entry they fit. */
static void test_ima_log(void **state)
{
	struct bv_span list = tv_load("ima-log/keylime/ima-log-sha256");
	struct bv_span first = list;
	json_t *json;

	first.len = (const uint8_t *)memchr(list.data, '\n', list.len) + 1 - list.data;
	tm_write("log", first);
	assert_int_equal(RUN("ima-log", "--bank", "sha256", "--hash", "sha1"), VERIFIER_OK);
	assert_int_equal(rename(tm_path("output"), tm_path("values")), 0);
	tm_write("log", list);
	assert_int_equal(RUN("ima-log", "--expect", tm_path("values")), VERIFIER_REFUSED);
	assert_non_null(strstr(tm_complaint, "the first 1 entries give what is expected"));
	json = run_json("ima-log", VERIFIER_OK);
	assert_int_equal(json_integer_value(json_object_get(json, "entries")), 2);
	assert_int_equal(json_integer_value(json_object_get(json, "violations")), 0);
	json_decref(json);
	assert_int_equal(RUN("ima-log", "--hash", "sha256"), VERIFIER_REFUSED);
	free((void *)list.data);
}

static void test_own_log(void **state)
{
	char hex[2 * BASTION_DIGEST_SIZE + 1];
	struct tc *tc = tc_new();
	const char *value;
	json_t *json;

	tm_write("log", (struct bv_span){ tc->log.bytes.data, tc->log.bytes.len });
	json = run_json("log", VERIFIER_OK);
	bv_hex(hex, sizeof(hex), tc->claims.registers[2], BASTION_DIGEST_SIZE);
	assert_int_equal(json_unpack(json, "{s:{s:{s:s}}}", "registers", "sha384", "2", &value), 0);
	assert_string_equal(value, hex);
	assert_int_equal(json_integer_value(json_object_get(json, "entries")), tc->log.count);
	json_decref(json);
	assert_int_equal(RUN("log", "--bank", "sha384"), VERIFIER_USAGE);
	tc_free(tc);
}

/* Who asked is listed; what only looks like it is not. */
static void test_requesters(void **state)
{
	static const char text[] = "uid=1000 exe=sha256:"
		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
		" path=/usr/bin/a\\x20b cgroup=/c";
	const char *exe, *path, *cgroup;
	struct tc *tc = tc_new();
	json_t *json, *list;
	int entry, uid;

	entry = tc->log.count;
	tc_event(tc, &tc->log, 4, "requester", text, strlen(text));
	tc_event(tc, &tc->log, 4, "requester", text, strlen(text) - 3);
	tc_event(tc, &tc->log, 5, "another", text, strlen(text));
	tm_write("log", (struct bv_span){ tc->log.bytes.data, tc->log.bytes.len });
	json = run_json("log", VERIFIER_OK);
	list = json_object_get(json, "requesters");
	assert_int_equal(json_array_size(list), 1);
	assert_int_equal(json_unpack(list, "[{s:i, s:i, s:s, s:s, s:s}]", "entry", &tc->log.count,
				     "uid", &uid, "exe", &exe, "path", &path, "cgroup", &cgroup), 0);
	assert_int_equal(tc->log.count, entry);
	assert_int_equal(uid, 1000);
	assert_memory_equal(exe, text + strlen("uid=1000 exe=sha256:"), 64);
	assert_string_equal(path, "/usr/bin/a\\x20b");
	assert_string_equal(cgroup, "/c");
	json_decref(json);
	tc_free(tc);
}

/* What was replayed need not be replayed again, wherever one stopped. */
static void test_incremental(void **state)
{
	struct tc *tc = tc_new();
	struct bv_span log = { tc->log.bytes.data, tc->log.bytes.len };
	struct bv_log_reader reader = bv_log_begin(log);
	struct bv_replay whole, part;
	struct bv_log_entry entry;
	uint64_t count = 0;

	assert_int_equal(bv_log_replay(log, BV_LOG_MODULE, &whole, &entry, NULL), 0);
	while (bv_log_next(&reader, &entry, NULL) == 1) {
		struct bv_log_entry bad;
		struct bv_error err;

		log.len = reader.at - log.data;
		assert_int_equal(bv_log_replay(log, BV_LOG_MODULE, &part, &bad, NULL), 0);
		assert_int_equal(part.count, ++count);
		assert_int_equal(bv_log_replay_more((struct bv_span){ reader.at, reader.left },
						    BV_LOG_MODULE, &part, &bad, NULL), 0);
		assert_memory_equal(&part, &whole, sizeof(whole));
		/* The same again is more, and does not go unnoticed; entries keep their numbers. */
		assert_int_equal(bv_log_replay_more(log, 0, &part, &bad, &err), -EBADMSG);
		assert_int_equal(bad.number, whole.count);
		assert_int_equal(bv_log_replay_more(log, BV_LOG_MODULE, &part, &bad, NULL), 0);
		assert_memory_not_equal(part.aggregate, whole.aggregate, sizeof(whole.aggregate));
	}
	assert_int_equal(count, tc->log.count);
	tc_free(tc);
}

#define ONES20	"1111111111111111111111111111111111111111"
#define ONES32	"1111111111111111111111111111111111111111111111111111111111111111"

static int expected(const char *text, struct bv_expected *out, struct bv_error *err)
{
	return bv_expected_parse((struct bv_span){ (const uint8_t *)text, strlen(text) }, out, err);
}

static void test_forms(void **state)
{
	static const char *const good[] = {
		"sha1:7 = " ONES20 "\nsha256:7=" ONES32 "\n",
		"# a comment\n\n  7: " ONES20 "\n7 : 0x" ONES32,
		"  sha1:\n    7 : 0x" ONES20 "\n  sha256:\n    7 : 0x" ONES32 "\n",
		"{\"sha1\": {\"7\": \"" ONES20 "\"}, \"sha256\": {\"7\": \"" ONES32 "\"}}",
		"{\"ok\": true, \"registers\": {\"sha1\": {\"7\": \"" ONES20 "\"}, "
		"\"sha256\": {\"7\": \"" ONES32 "\"}}}",
		"PCR-07: 11 11 11 11 11 11 11 11 11 11 11 11 11 11 11 11 11 11 11 11\n"
		"sha256:7=" ONES32 "\n",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct bv_error err = { "" };
		struct bv_expected out;

		if (expected(good[i], &out, &err))
			fail_msg("%zu: %s", i, err.text);
		assert_int_equal(out.given[BV_BANK_SHA1], 1u << 7);
		assert_int_equal(out.given[BV_BANK_SHA256], 1u << 7);
		assert_int_equal(out.value[BV_BANK_SHA1][7][19], 0x11);
		assert_int_equal(out.value[BV_BANK_SHA256][7][31], 0x11);
	}
}

static void test_bad_forms(void **state)
{
	static const char *const bad[] = {
		"sha1:7 = 11", "sha1:24 = " ONES20, "sha1:7 = " ONES32, "md5:7 = " ONES20,
		"sha1:7 = " ONES20 "\nsha1:7 = " ONES20, "7: zz", "what", "sha256:\n7: " ONES20,
		"{\"sha1\": []}", "{\"md5\": {}}", "{\"sha1\": {\"24\": \"" ONES20 "\"}}",
		"{\"sha1\": {\"x\": \"" ONES20 "\"}}", "{\"sha1\": {\"7\": 7}}", "{",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct bv_error err = { "" };
		struct bv_expected out;

		assert_int_equal(expected(bad[i], &out, &err), -EBADMSG);
		assert_true(strlen(err.text) > 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_boot_log, tm_setup, tm_teardown),
		cmocka_unit_test_setup_teardown(test_boot_log_without, tm_setup, tm_teardown),
		cmocka_unit_test_setup_teardown(test_malformed, tm_setup, tm_teardown),
		cmocka_unit_test_setup_teardown(test_ima_log, tm_setup, tm_teardown),
		cmocka_unit_test_setup_teardown(test_own_log, tm_setup, tm_teardown),
		cmocka_unit_test_setup_teardown(test_requesters, tm_setup, tm_teardown),
		cmocka_unit_test(test_incremental),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_bad_forms),
	};

	return cmocka_run_group_tests_name("verify: inspecting logs", tests, NULL, NULL);
}
