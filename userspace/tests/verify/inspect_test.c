// SPDX-License-Identifier: GPL-2.0
/* "bastion-verifier inspect" of logs, and the files of values that it compares with. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bastion-verifier/verifier.h"
#include "libbastion-verify/tcg-expected.h"
#include "testchip.h"
#include "testvectors.h"

static char complaint[1024];

/* The program's own are in its main.c. */
static int complain(int code, const char *fmt, va_list args)
{
	vsnprintf(complaint, sizeof(complaint), fmt, args);
	va_end(args);
	return code;
}

int verifier_usage(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	return complain(VERIFIER_USAGE, fmt, args);
}

int verifier_fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	return complain(VERIFIER_REFUSED, fmt, args);
}

struct files {
	char folder[32];
	char log[64];
	char values[64];
	char output[64];
};

static int setup(void **state)
{
	struct files *files = calloc(1, sizeof(*files));

	strcpy(files->folder, "/tmp/bastion-inspect-XXXXXX");
	assert_non_null(mkdtemp(files->folder));
	snprintf(files->log, sizeof(files->log), "%s/log", files->folder);
	snprintf(files->values, sizeof(files->values), "%s/values", files->folder);
	snprintf(files->output, sizeof(files->output), "%s/output", files->folder);
	*state = files;
	return 0;
}

static int teardown(void **state)
{
	struct files *files = *state;

	unlink(files->log);
	unlink(files->values);
	unlink(files->output);
	rmdir(files->folder);
	free(files);
	return 0;
}

static void write_file(const char *path, struct bv_span bytes)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
	assert_int_equal(fclose(file), 0);
}

static void write_text(const char *path, const char *text)
{
	write_file(path, (struct bv_span){ (const uint8_t *)text, strlen(text) });
}

/* Runs the command on the log; its standard output goes into the file. */
static int run(const struct files *files, const char *kind, const char *const more[])
{
	char *argv[16] = { (char *)kind };
	int argc = 1, code, saved = dup(STDOUT_FILENO);
	int fd = open(files->output, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	while (*more)
		argv[argc++] = (char *)*more++;
	argv[argc++] = (char *)files->log;
	complaint[0] = '\0';
	optind = 0;
	fflush(stdout);
	assert_true(saved >= 0 && fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0);
	code = verifier_inspect_log(argc, argv);
	fflush(stdout);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	close(saved);
	close(fd);
	return code;
}

#define RUN(files, kind, ...)	run(files, kind, (const char *const[]){ __VA_ARGS__, NULL })

static json_t *run_json(const struct files *files, const char *kind, int code)
{
	json_t *json;

	assert_int_equal(RUN(files, kind, "--json"), code);
	json = json_load_file(files->output, 0, NULL);
	assert_non_null(json);
	assert_true(json_is_boolean(json_object_get(json, "ok")));
	assert_int_equal(json_is_true(json_object_get(json, "ok")), code == VERIFIER_OK);
	assert_int_equal(json_is_null(json_object_get(json, "error")), code == VERIFIER_OK);
	return json;
}

static void test_boot_log(void **state)
{
	struct bv_span log = tv_load("boot-log/go-tpm-tools/rhel8-uefi.bin");
	const struct files *files = *state;
	const char *value;
	json_t *json;

	write_file(files->log, log);
	free((void *)log.data);
	json = run_json(files, "boot-log", VERIFIER_OK);
	assert_int_equal(json_integer_value(json_object_get(json, "entries")), 83);
	assert_int_equal(json_unpack(json, "{s:{s:{s:s}}}", "registers", "sha1", "0", &value), 0);
	assert_string_equal(value, "0f2d3a2a1adaa479aeeca8f5df76aadc41b862ea");
	json_decref(json);

	/* Its own output is a file of values that it agrees with. */
	assert_int_equal(RUN(files, "boot-log", "--bank", "sha1"), VERIFIER_OK);
	assert_int_equal(rename(files->output, files->values), 0);
	assert_int_equal(RUN(files, "boot-log", "--expect", files->values), VERIFIER_OK);
	assert_int_equal(RUN(files, "boot-log", "--bank", "sha512"), VERIFIER_REFUSED);
	assert_int_equal(RUN(files, "boot-log", "--bank", "md5"), VERIFIER_USAGE);
	write_text(files->values, "sha1:4 = 0000000000000000000000000000000000000000\n");
	assert_int_equal(RUN(files, "boot-log", "--expect", files->values), VERIFIER_REFUSED);
	assert_non_null(strstr(complaint, "register sha1:4 is "));
}

/* Firmware extends register 3 on every machine: a log without it is not the whole. */
static void test_boot_log_without(void **state)
{
	static const uint8_t event[] = { 5, 0, 0, 0, 1, 0, 0, 0, [28] = 0, 0, 0, 0 };
	const struct files *files = *state;

	write_file(files->log, BV_SPAN(event));
	assert_int_equal(RUN(files, "boot-log", "--json"), VERIFIER_OK);
	write_text(files->values, "sha1:3 = b2a83b0ebf2f8374299a5b2bdfc31ea955ad7236\n");
	assert_int_equal(RUN(files, "boot-log", "--expect", files->values), VERIFIER_REFUSED);
	write_text(files->values, "sha1:3 = 0000000000000000000000000000000000000000\n");
	assert_int_equal(RUN(files, "boot-log", "--expect", files->values), VERIFIER_OK);
	write_text(files->values, "sha1:12 = b2a83b0ebf2f8374299a5b2bdfc31ea955ad7236\n");
	assert_int_equal(RUN(files, "boot-log", "--expect", files->values), VERIFIER_REFUSED);
	assert_non_null(strstr(complaint, "no expected value"));
}

static void test_malformed(void **state)
{
	static const char *const kinds[] = { "boot-log", "ima-log", "log" };
	const struct files *files = *state;

	write_text(files->log, "bogus, and no log of any kind");
	for (int i = 0; i < 3; i++) {
		json_t *json = run_json(files, kinds[i], VERIFIER_REFUSED);

		assert_true(json_string_length(json_object_get(json, "error")) > 10);
		assert_int_equal(json_object_size(json_object_get(json, "registers")), 0);
		json_decref(json);
	}
}

/* Values that were read before the list grew: it says after which entry they fit. */
static void test_ima_log(void **state)
{
	struct bv_span list = tv_load("ima-log/keylime/ima-log-sha256");
	const struct files *files = *state;
	struct bv_span first = list;
	json_t *json;

	first.len = (const uint8_t *)memchr(list.data, '\n', list.len) + 1 - list.data;
	write_file(files->log, first);
	assert_int_equal(RUN(files, "ima-log", "--bank", "sha256", "--hash", "sha1"), VERIFIER_OK);
	assert_int_equal(rename(files->output, files->values), 0);
	write_file(files->log, list);
	assert_int_equal(RUN(files, "ima-log", "--expect", files->values), VERIFIER_REFUSED);
	assert_non_null(strstr(complaint, "the first 1 entries give what is expected"));
	json = run_json(files, "ima-log", VERIFIER_OK);
	assert_int_equal(json_integer_value(json_object_get(json, "entries")), 2);
	assert_int_equal(json_integer_value(json_object_get(json, "violations")), 0);
	json_decref(json);
	assert_int_equal(RUN(files, "ima-log", "--hash", "sha256"), VERIFIER_REFUSED);
	free((void *)list.data);
}

static void test_own_log(void **state)
{
	const struct files *files = *state;
	char hex[2 * BASTION_DIGEST_SIZE + 1];
	struct tc *tc = tc_new();
	const char *value;
	json_t *json;

	write_file(files->log, (struct bv_span){ tc->log.bytes.data, tc->log.bytes.len });
	json = run_json(files, "log", VERIFIER_OK);
	bv_hex(hex, tc->claims.registers[2], BASTION_DIGEST_SIZE);
	assert_int_equal(json_unpack(json, "{s:{s:{s:s}}}", "registers", "sha384", "2", &value), 0);
	assert_string_equal(value, hex);
	assert_int_equal(json_integer_value(json_object_get(json, "entries")), tc->log.count);
	json_decref(json);
	assert_int_equal(RUN(files, "log", "--bank", "sha384"), VERIFIER_USAGE);
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
		cmocka_unit_test_setup_teardown(test_boot_log, setup, teardown),
		cmocka_unit_test_setup_teardown(test_boot_log_without, setup, teardown),
		cmocka_unit_test_setup_teardown(test_malformed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ima_log, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_log, setup, teardown),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_bad_forms),
	};

	return cmocka_run_group_tests_name("verify: inspecting logs", tests, NULL, NULL);
}
