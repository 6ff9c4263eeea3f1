// SPDX-License-Identifier: GPL-2.0
/* Logs and the evidence that is built of them. */
#include <errno.h>
#include <stdlib.h>

#include "libbastion/base64url.h"
#include "libbastion/evidence.h"
#include "libbastion/log.h"
#include "tests/ctl/canned.h"
#include "tests/ctl/test.h"

static void log_parses(void **state)
{
	struct bastion_log_entry entry;
	uint8_t log[CANNED_MAX];
	size_t first, len = canned_log(log, &first);

	assert_int_equal(bastion_log_next(log, len, &entry), first);
	assert_int_equal(entry.index, 1);
	assert_string_equal(entry.template, "ima-buf");
	assert_string_equal(entry.algorithm, "sha384");
	assert_int_equal(entry.value_len, 48);
	assert_string_equal(entry.name, "module");
	assert_int_equal(entry.data_len, 9);
	assert_memory_equal(entry.data, "version=1", 9);
	assert_int_equal(bastion_log_next(log + first, len - first, &entry), len - first);
	assert_int_equal(entry.index, 4);
	assert_string_equal(entry.name, "/usr/bin/mount");
	assert_null(entry.data);
	assert_int_equal(bastion_log_next(log + len, 0, &entry), 0);
}

/* Exact copies on the heap, so that the sanitizer sees every byte too far. */
static void log_refuses(void **state)
{
	struct bastion_log_entry entry;
	uint8_t log[CANNED_MAX], *copy;
	size_t first, i;

	canned_log(log, &first);
	for (i = 1; i < first; i++) {
		copy = malloc(i);
		memcpy(copy, log, i);
		assert_int_equal(bastion_log_next(copy, i, &entry), -EBADMSG);
		free(copy);
	}
	for (i = 0; i < 8 * first; i++) {
		copy = malloc(first);
		memcpy(copy, log, first);
		copy[i / 8] ^= 1 << i % 8;
		assert_true(bastion_log_next(copy, first, &entry) <= (ssize_t)first);
		free(copy);
	}
}

/* The digest that fs-verity has for a file */
static void log_verity(void **state)
{
	static const struct {
		const char *template;
		const char *prefix;
	} bad[] = {
		{ "ima-ngv", "verity:sha256:" }, { "ima-ngv3", "verity:sha256:" },
		{ "ima-ngv2x", "verity:sha256:" }, { "ima-ngv2", "verity:sha256" },
		{ "ima-ngv2", "verity:sha256:and more:" }, { "ima-ngv2", ":" }, { "ima-ngv2", "" },
	};
	struct bastion_log_entry entry;
	uint8_t log[CANNED_MAX];
	size_t len = canned_file(log, "ima-ngv2", "verity:sha256:");

	assert_int_equal(bastion_log_next(log, len, &entry), len);
	assert_int_equal(entry.index, 4);
	assert_string_equal(entry.template, "ima-ngv2");
	assert_string_equal(entry.algorithm, "verity:sha256");
	assert_int_equal(entry.value_len, 32);
	assert_string_equal(entry.name, "/usr/bin/mount");
	assert_null(entry.data);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		len = canned_file(log, bad[i].template, bad[i].prefix);
		assert_int_equal(bastion_log_next(log, len, &entry), -EBADMSG);
	}
}

static void log_prefix(void **state)
{
	uint8_t log[CANNED_MAX];
	size_t first, len = canned_log(log, &first);

	assert_int_equal(bastion_log_prefix(log, len, 0), 0);
	assert_int_equal(bastion_log_prefix(log, len, 1), first);
	assert_int_equal(bastion_log_prefix(log, len, 2), len);
	assert_int_equal(bastion_log_prefix(log, len, 3), -EBADMSG);
	assert_int_equal(bastion_log_prefix(log, len, UINT64_MAX), -EBADMSG);
	assert_int_equal(bastion_log_prefix(log, len - 1, 2), -EBADMSG);
}

struct round {
	struct bastion_round_begin begin;
	struct bastion_quote quote;
	uint8_t log[CANNED_MAX];
	size_t first;
	struct bastion_evidence in;
};

static void make(struct round *r)
{
	memset(r, 0, sizeof(*r));
	memset(r->begin.chip_nonce, 0xcc, 48);
	r->begin.chip_nonce_len = 48;
	r->quote.nonce_len = 8;
	r->quote.log_count = 1;
	r->in.begin = &r->begin;
	r->in.quote = &r->quote;
	r->in.quote_data = (const uint8_t *)"quote";
	r->in.quote_len = 5;
	r->in.boot_log = r->log;
	r->in.log = r->log;
	r->in.log_len = canned_log(r->log, &r->first);
	r->in.boot_log_len = r->first;
	r->in.release = "6.1.0";
	r->in.host = "machine";
}

/* The bytes of a record, after a look at its media type and indicator. */
static size_t record(json_t *evidence, const char *key, const char *type, uint8_t *out, size_t size)
{
	json_t *array = json_object_get(evidence, key);
	json_t *value = json_array_get(array, 1);
	ssize_t n;

	assert_int_equal(json_array_size(array), 3);
	assert_string_equal(json_string_value(json_array_get(array, 0)), type);
	assert_int_equal(json_integer_value(json_array_get(array, 2)), 4);
	n = bastion_base64url_decode(json_string_value(value), json_string_length(value), out, size);
	assert_true(n >= 0);
	return n;
}

static void evidence_builds(void **state)
{
	struct bastion_error err;
	uint8_t out[4096];
	struct round r;
	json_t *evidence, *facts;
	size_t n;

	make(&r);
	assert_int_equal(bastion_evidence_build(&r.in, &evidence, &err), 0);
	assert_int_equal(json_object_size(evidence), 6);
	assert_string_equal(json_string_value(json_object_get(evidence, "__cmwc_t")),
			    "tag:bastion.example,2026:evidence/1");
	assert_int_equal(record(evidence, "quote", "application/eat+cwt", out, sizeof(out)), 5);
	/* Only what the quote covers. */
	assert_int_equal(record(evidence, "log", "application/vnd.bastion.log", out, sizeof(out)),
			 r.first);
	assert_memory_equal(out, r.log, r.first);
	n = record(evidence, "round", "application/vnd.bastion.round+json", out, sizeof(out));
	facts = json_loadb((char *)out, n, 0, NULL);
	assert_int_equal(json_object_size(facts), 6);
	assert_int_equal(json_string_length(json_object_get(facts, "chip_nonce")), 96);
	assert_int_equal(json_string_length(json_object_get(facts, "boot_key")), 194);
	assert_string_equal(json_string_value(json_object_get(facts, "verifier_nonce")),
			    "0000000000000000");
	assert_int_equal(json_integer_value(json_object_get(facts, "log_count")), 1);
	json_decref(facts);
	json_decref(evidence);
}

/* A record's length, and where the round says that it starts. */
static json_int_t starts(const struct round *r, size_t *len)
{
	struct bastion_error err;
	uint8_t out[4096];
	json_t *evidence, *facts;
	json_int_t from;
	size_t n;

	assert_int_equal(bastion_evidence_build(&r->in, &evidence, &err), 0);
	*len = record(evidence, "log", "application/vnd.bastion.log", out, sizeof(out));
	n = record(evidence, "round", "application/vnd.bastion.round+json", out, sizeof(out));
	facts = json_loadb((char *)out, n, 0, NULL);
	from = json_integer_value(json_object_get(facts, "log_from"));
	json_decref(facts);
	json_decref(evidence);
	return from;
}

static void evidence_of_a_tpm(void **state)
{
	static const struct {
		const char *name;
		const char *type;
		const char *value;
	} members[] = {
		{ "tpm_attest", "application/vnd.bastion.tpm.attest", "attest" },
		{ "tpm_signature", "application/vnd.bastion.tpm.signature", "signature" },
		{ "tpm_key", "application/vnd.bastion.tpm.public", "key" },
		{ "tcg_log", "application/vnd.bastion.tcg.log", "events" },
		{ "tpm_registers", "application/vnd.bastion.tpm.registers+text",
		  "sha256:0 = aa00000000000000000000000000000000000000000000000000000000000000\n"
		  "sha256:23 = 00000000000000000000000000000000000000000000000000000000000000bb\n" },
	};
	struct bastion_tpm_quote tpm = { .attest = "attest", .attest_len = 6,
		.signature = "signature", .signature_len = 9, .key = "key", .key_len = 3,
		.pcrs = 1 | 1 << 23, .values = { [0] = { 0xaa }, [23] = { [31] = 0xbb } } };
	json_t *evidence, *facts;
	struct bastion_error err;
	uint8_t out[4096];
	struct round r;
	size_t i, n;

	make(&r);
	r.begin.chip_nonce_len = 32;
	r.in.tpm = &tpm;
	r.in.pcr = 23;
	assert_int_equal(bastion_evidence_build(&r.in, &evidence, &err), 0);
	assert_null(json_object_get(evidence, "tcg_log"));
	json_decref(evidence);
	r.in.tcg_log = (const uint8_t *)"events";
	r.in.tcg_log_len = 6;
	assert_int_equal(bastion_evidence_build(&r.in, &evidence, &err), 0);
	assert_int_equal(json_object_size(evidence), 4 + 5);
	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		n = record(evidence, members[i].name, members[i].type, out, sizeof(out));
		assert_int_equal(n, strlen(members[i].value));
		assert_memory_equal(out, members[i].value, n);
	}
	n = record(evidence, "round", "application/vnd.bastion.round+json", out, sizeof(out));
	facts = json_loadb((char *)out, n, 0, NULL);
	assert_int_equal(json_object_size(facts), 7);
	assert_int_equal(json_string_length(json_object_get(facts, "chip_nonce")), 64);
	assert_int_equal(json_integer_value(json_object_get(facts, "pcr")), 23);
	json_decref(facts);
	json_decref(evidence);
}

static void evidence_starts_where_it_is_asked_to(void **state)
{
	struct round r;
	size_t len;

	make(&r);
	r.quote.log_count = 2;
	assert_int_equal(starts(&r, &len), 0);
	assert_int_equal(len, r.in.log_len);
	r.in.log_from = 1;
	assert_int_equal(starts(&r, &len), 1);
	assert_int_equal(len, r.in.log_len - r.first);
	r.in.log_from = 2;
	assert_int_equal(starts(&r, &len), 2);
	assert_int_equal(len, 0);
	/* Whoever claims to have more than there is gets all. */
	r.in.log_from = 3;
	assert_int_equal(starts(&r, &len), 0);
	assert_int_equal(len, r.in.log_len);
	/* A trimmed log: what is asked for is there, or no longer. */
	r.in.log_first = 10;
	r.quote.log_count = 12;
	r.in.log_from = 11;
	assert_int_equal(starts(&r, &len), 11);
	assert_int_equal(len, r.in.log_len - r.first);
	r.in.log_from = 9;
	assert_int_equal(starts(&r, &len), 10);
	assert_int_equal(len, r.in.log_len);
	r.in.log_from = 0;
	assert_int_equal(starts(&r, &len), 10);
}

static void evidence_refuses(void **state)
{
	struct bastion_error err;
	json_t *evidence;
	struct round r;

	make(&r);
	r.quote.log_count = 3;
	assert_int_equal(bastion_evidence_build(&r.in, &evidence, &err), -EBADMSG);
	make(&r);
	r.in.log_first = 2;
	assert_int_equal(bastion_evidence_build(&r.in, &evidence, &err), -EBADMSG);
	make(&r);
	r.begin.chip_nonce_len = 65;
	assert_int_equal(bastion_evidence_build(&r.in, &evidence, &err), -EINVAL);
	make(&r);
	r.quote.nonce_len = 65;
	assert_int_equal(bastion_evidence_build(&r.in, &evidence, &err), -EINVAL);
}

static void evidence_with_a_strange_host_name(void **state)
{
	struct bastion_error err;
	json_t *evidence;
	struct round r;

	make(&r);
	r.in.host = "\xff\xfe";
	assert_int_equal(bastion_evidence_build(&r.in, &evidence, &err), 0);
	json_decref(evidence);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(log_parses),
		cmocka_unit_test(log_refuses),
		cmocka_unit_test(log_verity),
		cmocka_unit_test(log_prefix),
		cmocka_unit_test(evidence_builds),
		cmocka_unit_test(evidence_of_a_tpm),
		cmocka_unit_test(evidence_starts_where_it_is_asked_to),
		cmocka_unit_test(evidence_refuses),
		cmocka_unit_test(evidence_with_a_strange_host_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
