// SPDX-License-Identifier: GPL-2.0
/* Boot logs of PC firmware: recorded ones, and ones that lie. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/evp.h>

#include "libbastion-verify/tcg-boot-log.h"
#include "libbastion-verify/tcg-expected.h"
#include "testvectors.h"

#define SHA1	0x0004
#define SHA256	0x000b
#define SM3	0x0012
#define POST	1	/* EV_POST_CODE */

/* A log under construction, and the replay of it. */
struct log {
	uint8_t bytes[8192];
	size_t len;
	struct bv_pcrs pcrs;
	uint64_t count;
	struct bv_error err;
};

static void put(struct log *log, const void *bytes, size_t len)
{
	assert_true(log->len + len <= sizeof(log->bytes));
	memcpy(log->bytes + log->len, bytes, len);
	log->len += len;
}

static void put_number(struct log *log, uint32_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		put(log, &(uint8_t){ value >> (8 * i) }, 1);
}

static void put_data(struct log *log, const void *data, size_t len)
{
	put_number(log, len, 4);
	put(log, data, len);
}

static void fill(struct log *log, uint8_t byte, size_t len)
{
	while (len--)
		put(log, &byte, 1);
}

/* An event of a log with SHA-1 only. */
static void put_old(struct log *log, uint32_t pcr, uint32_t type, uint8_t digest,
		    const void *data, size_t len)
{
	put_number(log, pcr, 4);
	put_number(log, type, 4);
	fill(log, digest, 20);
	put_data(log, data, len);
}

struct algorithm {
	uint16_t id;
	uint16_t size;
};

static void put_header(struct log *log, const struct algorithm *algorithms, uint32_t count)
{
	struct log data = { .len = 0 };

	put(&data, "Spec ID Event03", 16);
	fill(&data, 0, 8);
	put_number(&data, count, 4);
	for (uint32_t i = 0; i < count; i++) {
		put_number(&data, algorithms[i].id, 2);
		put_number(&data, algorithms[i].size, 2);
	}
	put_number(&data, 0, 1);
	put_old(log, 0, BV_EV_NO_ACTION, 0, data.bytes, data.len);
}

static const struct algorithm both[] = { { SHA1, 20 }, { SHA256, 32 } };

/* An event of a log with SHA-1 and SHA-256. */
static void put_event(struct log *log, uint32_t pcr, uint32_t type, uint8_t digest,
		      const void *data, size_t len)
{
	put_number(log, pcr, 4);
	put_number(log, type, 4);
	put_number(log, 2, 4);
	for (int i = 0; i < 2; i++) {
		put_number(log, both[i].id, 2);
		fill(log, digest, both[i].size);
	}
	put_data(log, data, len);
}

static int replay(struct log *log)
{
	return bv_boot_log_replay((struct bv_span){ log->bytes, log->len }, BV_BANKS_ALL,
				  &log->pcrs, &log->count, &log->err);
}

static void refuses(struct log *log, const char *why)
{
	assert_int_equal(replay(log), -EBADMSG);
	if (!strstr(log->err.text, why))
		fail_msg("refused, but: %s", log->err.text);
}

/* SHA-256(value || digest of 32 equal bytes) */
static void extend(uint8_t value[32], uint8_t byte)
{
	uint8_t both_halves[64];

	memcpy(both_halves, value, 32);
	memset(both_halves + 32, byte, 32);
	assert_true(EVP_Digest(both_halves, 64, value, NULL, EVP_sha256(), NULL));
}

static void gives(const struct log *log, uint32_t pcr, const uint8_t value[32])
{
	assert_memory_equal(log->pcrs.value[BV_BANK_SHA256][pcr], value, 32);
}

static void test_replay(void **state)
{
	struct log log = { .len = 0 };
	uint8_t value[32] = { 0 }, other[32] = { 0 };

	put_header(&log, both, 2);
	put_event(&log, 2, POST, 0x11, "data", 4);
	put_event(&log, 4, POST, 0x22, "", 0);
	put_event(&log, 2, POST, 0x33, "more", 4);
	assert_int_equal(replay(&log), 0);
	extend(value, 0x11);
	extend(value, 0x33);
	extend(other, 0x22);
	gives(&log, 2, value);
	gives(&log, 4, other);
	assert_int_equal(log.count, 4);
	assert_int_equal(log.pcrs.used, 1u << 2 | 1u << 4);
	assert_int_equal(log.pcrs.banks, 1u << BV_BANK_SHA1 | 1u << BV_BANK_SHA256);
}

/* Such events are for people; some of them name no register at all. */
static void test_no_action(void **state)
{
	struct log log = { .len = 0 };

	put_header(&log, both, 2);
	put_event(&log, 0xffffffff, BV_EV_NO_ACTION, 0x55, "anything", 8);
	put_event(&log, 0, BV_EV_NO_ACTION, 0x55, "SP800-155 Event3", 16);
	assert_int_equal(replay(&log), 0);
	assert_int_equal(log.pcrs.used, 0);
	assert_true(bv_is_zero(log.pcrs.value, sizeof(log.pcrs.value)));
}

static void put_locality(struct log *log, uint32_t pcr, uint8_t locality)
{
	uint8_t data[17] = "StartupLocality";

	data[16] = locality;
	put_event(log, pcr, BV_EV_NO_ACTION, 0, data, sizeof(data));
}

static void test_locality(void **state)
{
	static const uint8_t good[] = { 0, 3, 4 };

	for (size_t i = 0; i < sizeof(good); i++) {
		struct log log = { .len = 0 };
		uint8_t value[32] = { [31] = good[i] };

		put_header(&log, both, 2);
		put_event(&log, 1, POST, 0x11, "", 0);
		put_locality(&log, 0, good[i]);
		put_event(&log, 0, POST, 0x11, "", 0);
		assert_int_equal(replay(&log), 0);
		extend(value, 0x11);
		gives(&log, 0, value);
	}
}

static void test_bad_locality(void **state)
{
	struct log late = { .len = 0 }, twice = { .len = 0 }, other = { .len = 0 };
	struct log where = { .len = 0 };

	put_header(&late, both, 2);
	put_event(&late, 0, POST, 0x11, "", 0);
	put_locality(&late, 0, 3);
	refuses(&late, "before anything extends register 0");
	put_header(&twice, both, 2);
	put_locality(&twice, 0, 3);
	put_locality(&twice, 0, 3);
	refuses(&twice, "comes once");
	put_header(&other, both, 2);
	put_locality(&other, 0, 1);
	refuses(&other, "locality 1");
	put_header(&where, both, 2);
	put_locality(&where, 1, 3);
	refuses(&where, "register 0");
}

/* Banks that we cannot replay are read over, by the size that the header gives. */
static void test_unknown_algorithm(void **state)
{
	const struct algorithm odd[] = { { SM3, 32 }, { SHA256, 32 } };
	struct log log = { .len = 0 };
	uint8_t value[32] = { 0 };

	put_header(&log, odd, 2);
	put_number(&log, 7, 4);
	put_number(&log, POST, 4);
	put_number(&log, 2, 4);
	put_number(&log, SHA256, 2);
	fill(&log, 0x44, 32);
	put_number(&log, SM3, 2);
	fill(&log, 0x99, 32);
	put_data(&log, "", 0);
	assert_int_equal(replay(&log), 0);
	extend(value, 0x44);
	gives(&log, 7, value);
	assert_int_equal(log.pcrs.banks, 1u << BV_BANK_SHA256);
}

static void test_bad_header(void **state)
{
	const struct algorithm twice[] = { { SHA256, 32 }, { SHA256, 32 } };
	const struct algorithm size[] = { { SHA256, 31 } }, none[] = { { SM3, 0 } };
	struct algorithm many[17];
	struct log log = { .len = 0 };

	put_header(&log, twice, 2);
	refuses(&log, "twice");
	log.len = 0;
	put_header(&log, size, 1);
	refuses(&log, "31 bytes");
	log.len = 0;
	put_header(&log, none, 1);
	refuses(&log, "0 bytes");
	log.len = 0;
	put_header(&log, NULL, 0);
	refuses(&log, "names 0 algorithms");
	for (uint16_t i = 0; i < 17; i++)
		many[i] = (struct algorithm){ 0x100 + i, 1 };
	log.len = 0;
	put_header(&log, many, 17);
	refuses(&log, "names 17 algorithms");
	log.len = 0;
	put_header(&log, both, 2);
	log.bytes[0] = 1;
	refuses(&log, "header names register 1");
	log.len = 0;
	put_header(&log, both, 2);
	log.bytes[log.len - 1] = 1;
	refuses(&log, "does not end where it says");
	log.len = 0;
	put_old(&log, 0, BV_EV_NO_ACTION, 0, "Spec ID Event09", 16);
	refuses(&log, "newer than this verifier");
}

static void test_bad_event(void **state)
{
	struct log log = { .len = 0 };
	size_t start;

	refuses(&log, "empty");
	put_header(&log, both, 2);
	start = log.len;
	put_event(&log, 24, POST, 0x11, "", 0);
	refuses(&log, "event 1 names register 24");
	log.len = start;
	put_event(&log, 0, POST, 0x11, "", 0);
	log.bytes[start + 8] = 1;
	refuses(&log, "event 1 has 1 digests");
	log.bytes[start + 8] = 2;
	log.bytes[start + 12] = SM3;
	refuses(&log, "algorithm 0x0012");
	log.bytes[start + 12] = SHA1;
	log.bytes[start + 12 + 22] = SHA1;
	refuses(&log, "two digests of algorithm 0x0004");
}

/* With SHA-1 only there is no header, or one that says no more than that. */
static void test_old_format(void **state)
{
	static const char *const headers[] = { NULL, "Spec ID Event00", "Spec ID Event02" };
	uint8_t parts[40] = { 0 }, value[20];

	memset(parts + 20, 0x66, 20);
	assert_true(EVP_Digest(parts, 40, value, NULL, EVP_sha1(), NULL));
	for (int i = 0; i < 3; i++) {
		struct log log = { .len = 0 };

		if (headers[i])
			put_old(&log, 0, BV_EV_NO_ACTION, 0, headers[i], 16);
		put_old(&log, 5, POST, 0x66, "x", 1);
		assert_int_equal(replay(&log), 0);
		assert_int_equal(log.pcrs.banks, 1u << BV_BANK_SHA1);
		assert_memory_equal(log.pcrs.value[BV_BANK_SHA1][5], value, 20);
	}
}

/* A log that ends early is refused unless it ends between two events. */
static void test_cut_short(void **state)
{
	struct log log = { .len = 0 };
	size_t ends[3], good = 0;

	put_header(&log, both, 2);
	ends[0] = log.len;
	put_event(&log, 3, POST, 0x11, "data", 4);
	ends[1] = log.len;
	put_event(&log, 3, POST, 0x22, "data", 4);
	ends[2] = log.len;
	for (size_t len = 1; len <= ends[2]; len++) {
		log.len = len;
		if (!replay(&log))
			assert_int_equal(len, ends[good++]);
	}
	assert_int_equal(good, 3);
}

static void compare(const char *name, const json_t *banks)
{
	const json_t *values, *value;
	const char *bank, *index;
	char path[128];
	struct bv_span bytes;
	struct log log = { .len = 0 };

	snprintf(path, sizeof(path), "boot-log/go-tpm-tools/%s", name);
	bytes = tv_load(path);
	assert_int_equal(bv_boot_log_replay(bytes, BV_BANKS_ALL, &log.pcrs, &log.count, &log.err), 0);
	json_object_foreach((json_t *)banks, bank, values) {
		int b = bv_bank_by_name((struct bv_span){ (uint8_t *)bank, strlen(bank) });

		assert_true(b >= 0 && json_object_size(values) >= 8);
		json_object_foreach((json_t *)values, index, value) {
			char hex[2 * BV_PCR_DIGEST_MAX + 1];

			bv_hex(hex, sizeof(hex), log.pcrs.value[b][atoi(index)], bv_bank_size(b));
			assert_string_equal(hex, json_string_value(value));
		}
	}
	free((void *)bytes.data);
}

static void test_published(void **state)
{
	struct bv_span text = tv_load("boot-log/go-tpm-tools/expected-pcrs.json");
	json_t *all = json_loadb((const char *)text.data, text.len, 0, NULL), *banks;
	const char *name;

	assert_true(json_object_size(all) >= 6);
	json_object_foreach(all, name, banks)
		compare(name, banks);
	json_decref(all);
	free((void *)text.data);
}

static void test_keylime(void **state)
{
	static const char *const good[] = { "", "-secureboot" };
	struct log log = { .len = 0 };
	struct bv_span bytes;
	char path[128];

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "boot-log/keylime/binary_bios_measurements%s", good[i]);
		bytes = tv_load(path);
		assert_int_equal(bv_boot_log_replay(bytes, BV_BANKS_ALL, &log.pcrs, &log.count, NULL),
				 0);
		assert_true(log.count > 90);
		free((void *)bytes.data);
	}
	bytes = tv_load("boot-log/keylime/binary_bios_measurements-bogus");
	assert_int_equal(bv_boot_log_replay(bytes, BV_BANKS_ALL, &log.pcrs, &log.count, &log.err),
			 -EBADMSG);
	assert_true(strlen(log.err.text) > 10);
	free((void *)bytes.data);
}

/* The TPM's registers that were read beside the log, in the text that a tool wrote. */
static void test_sample(void **state)
{
	struct bv_span text = tv_load("ima-evm-utils/sample-tpm-2.0-pcrs-8-9");
	struct bv_span bytes = tv_load("ima-evm-utils/sample-binary_bios_measurements-pcrs-8-9");
	struct bv_comparison comparison;
	struct bv_expected expected;
	struct log log = { .len = 0 };

	assert_int_equal(bv_expected_parse(text, &expected, NULL), 0);
	assert_int_equal(expected.given[BV_BANK_SHA1], 0xffffff);
	assert_int_equal(bv_boot_log_replay(bytes, BV_BANKS_ALL, &log.pcrs, &log.count, NULL), 0);
	assert_int_equal(bv_expected_compare(&expected, &log.pcrs, 0xff, &comparison, NULL), 0);
	/* 0 to 9 and the 14 of shim */
	assert_int_equal(comparison.compared[BV_BANK_SHA1], 0x43ff);
	assert_int_equal(comparison.skipped[BV_BANK_SHA1], 0xffffff & ~0x43ff);
	expected.value[BV_BANK_SHA1][9][0] ^= 1;
	assert_int_equal(bv_expected_compare(&expected, &log.pcrs, 0xff, &comparison, &log.err),
			 -EBADMSG);
	assert_non_null(strstr(log.err.text, "sha1:9"));
	free((void *)text.data);
	free((void *)bytes.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_no_action),
		cmocka_unit_test(test_locality),
		cmocka_unit_test(test_bad_locality),
		cmocka_unit_test(test_unknown_algorithm),
		cmocka_unit_test(test_bad_header),
		cmocka_unit_test(test_bad_event),
		cmocka_unit_test(test_old_format),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_keylime),
		cmocka_unit_test(test_sample),
	};

	return cmocka_run_group_tests_name("verify: boot logs", tests, NULL, NULL);
}
