// SPDX-License-Identifier: GPL-2.0
/* One lie at a time: each must be refused, by the check that is there for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <bastion/blob.h>

#include "testchip.h"

static int setup(void **state)
{
	*state = tc_new();
	return 0;
}

static int teardown(void **state)
{
	tc_free(*state);
	return 0;
}

/* The named check fails, nothing is granted, and the check explains itself. */
static void refused_by(struct tc *tc, const char *evidence, const char *name,
		       enum bv_tier status)
{
	struct bv_verdict *verdict = tc_appraise(tc, evidence);
	const json_t *check = tc_check(verdict, name);

	if (!check || json_is_true(json_object_get(check, "ok"))) {
		char *dump = json_dumps(verdict->checks, 0);

		/* cmocka would cut it off, and its own next line would not be one. */
		fprintf(stderr, "# %s\n", dump);
		free(dump);
	}
	assert_non_null(check);
	assert_true(json_is_false(json_object_get(check, "ok")));
	assert_true(json_string_length(json_object_get(check, "advice")) > 0);
	assert_true(json_string_length(json_object_get(check, "expected")) > 0);
	assert_false(verdict->granted);
	assert_int_equal(verdict->status, status);
	bv_verdict_free(verdict);
}

static void refuses(struct tc *tc, const char *name)
{
	refused_by(tc, NULL, name, BV_CONTRAINDICATED);
}

static void set(struct tc *tc, const char *name, json_t *value)
{
	assert_int_equal(json_object_set_new(tc->policy, name, value), 0);
}

static json_t *chip_list(const struct tc *tc)
{
	char hex[2 * BASTION_DIGEST_SIZE + 1];

	bv_hex(hex, sizeof(hex), tc->claims.chip_id, BASTION_DIGEST_SIZE);
	return json_pack("[s]", hex);
}

static void test_good(void **state)
{
	struct bv_verdict *verdict = tc_appraise(*state, NULL);

	if (!verdict->granted)
		print_error("# %s\n", json_dumps(verdict->checks, JSON_INDENT(1)));
	assert_true(verdict->granted);
	assert_int_equal(verdict->status, BV_AFFIRMING);
	assert_null(bv_verdict_failing(verdict));
	assert_true(verdict->facts.authentic);
	bv_verdict_free(verdict);
}

static void test_wrong_root(void **state)
{
	struct tc *tc = *state;

	X509_free(tc->root);
	tc->root = tc_cert(tc->boot_key, "Test Root", NULL, NULL, true, -1000, 1000);
	refuses(tc, "certificates");
}

static void test_expired(void **state)
{
	struct tc *tc = *state;

	X509_free(tc->leaf);
	tc->leaf = tc_cert(tc->chip_key, TC_MODEL, tc->ca, tc->ca_key, false, -1000, -1);
	refuses(tc, "certificates");
}

static void test_not_yet_valid(void **state)
{
	struct tc *tc = *state;

	X509_free(tc->ca);
	tc->ca = tc_cert(tc->ca_key, TC_MODEL, tc->root, tc->root_key, true, 10, 1000);
	refuses(tc, "certificates");
}

static void test_ca_without_constraint(void **state)
{
	struct tc *tc = *state;

	X509_free(tc->ca);
	tc->ca = tc_cert(tc->ca_key, TC_MODEL, tc->root, tc->root_key, false, -1000, 1000);
	refuses(tc, "certificates");
}

static void test_leaf_is_ca(void **state)
{
	struct tc *tc = *state;

	X509_free(tc->leaf);
	tc->leaf = tc_cert(tc->chip_key, TC_MODEL, tc->ca, tc->ca_key, true, -1000, 1000);
	refuses(tc, "certificates");
}

static void test_wrong_key(void **state)
{
	struct tc *tc = *state;

	tc->sign_key = tc->boot_key;
	refuses(tc, "signature");
}

static void test_leaf_not_p384(void **state)
{
	struct tc *tc = *state;
	EVP_PKEY *small = EVP_EC_gen("P-256");

	X509_free(tc->leaf);
	tc->leaf = tc_cert(small, TC_MODEL, tc->ca, tc->ca_key, false, -1000, 1000);
	refuses(tc, "signature");
	EVP_PKEY_free(small);
}

static void test_chip_id(void **state)
{
	struct tc *tc = *state;

	tc->claims.chip_id[40] ^= 1;
	refuses(tc, "claims");
}

static void test_revoked(void **state)
{
	set(*state, "revoked_chips", chip_list(*state));
	refuses(*state, "chip-revoked");
}

static void test_unlisted(void **state)
{
	struct tc *tc = *state;
	struct bv_verdict *verdict;

	set(tc, "chips", chip_list(tc));
	verdict = tc_appraise(tc, NULL);
	assert_true(verdict->granted);
	bv_verdict_free(verdict);
	set(tc, "chips", json_array());
	refuses(tc, "chip-known");
}

static void test_replayed_nonce(void **state)
{
	struct tc *tc = *state;

	tc->round.verifier_nonce[0] ^= 1;
	refuses(tc, "nonce");
}

static void test_short_nonce(void **state)
{
	struct tc *tc = *state;

	tc->round.verifier_nonce_len = 31;
	refuses(tc, "nonce");
}

static void test_other_verifier(void **state)
{
	struct tc *tc = *state;

	tc->round.verifier[0] ^= 1;
	refuses(tc, "verifier");
}

static void test_chip_nonce(void **state)
{
	struct tc *tc = *state;

	tc->claims.chip_nonce[0] ^= 1;
	refuses(tc, "chip-nonce");
}

/* The carrier changes what the round was, after the chip signed it. */
static void test_changed_round(void **state)
{
	struct tc *tc = *state;
	struct tc_buffer *quote = calloc(1, sizeof(*quote));
	json_t *bundle;
	char *dump;

	tc->round.log_count = tc->log.count;
	tc_quote(tc, quote);
	tc->round.kernel_nonce[0] ^= 1;
	bundle = tc_bundle(tc, quote);
	dump = json_dumps(bundle, 0);
	refused_by(tc, dump, "qualifying-data", BV_CONTRAINDICATED);
	free(dump);
	json_decref(bundle);
	free(quote);
}

static void test_model(void **state)
{
	struct tc *tc = *state;

	tc->claims.model = "bastionchip-2";
	refuses(tc, "model");
}

static void test_firmware(void **state)
{
	struct tc *tc = *state;
	struct bv_verdict *verdict;

	tc->claims.firmware = "1.1.9";
	refuses(tc, "firmware");
	tc->claims.firmware = "1.10";
	verdict = tc_appraise(tc, NULL);
	assert_true(verdict->granted);
	bv_verdict_free(verdict);
	tc->claims.firmware = "1.2.0-rc1";
	refuses(tc, "firmware");
	tc->claims.firmware = "1.2.0";
	json_object_del(tc->policy, "firmware_min");
	refused_by(tc, NULL, "firmware", BV_WARNING);
}

static void test_svn(void **state)
{
	struct tc *tc = *state;

	tc->claims.svn = 1;
	refuses(tc, "svn");
	json_object_del(tc->policy, "svn_min");
	refused_by(tc, NULL, "svn", BV_WARNING);
}

static void test_debug(void **state)
{
	struct tc *tc = *state;
	struct bv_verdict *verdict;

	tc->claims.dbgstat = 0;
	refuses(tc, "debug");
	set(tc, "allow_debug", json_true());
	verdict = tc_appraise(tc, NULL);
	assert_true(verdict->granted);
	bv_verdict_free(verdict);
}

static void test_lifecycle(void **state)
{
	struct tc *tc = *state;

	tc->claims.lifecycle = BASTION_LIFECYCLE_RMA;
	set(tc, "allow_debug", json_true());
	refuses(tc, "lifecycle");
}

static void test_cmdline(void **state)
{
	struct tc *tc = *state;
	struct bv_verdict *verdict;
	const json_t *check;

	tc_reset_logs(tc);
	tc_boot(tc, "console=ttyS0 init=/bin/sh\x1b[2J");
	tc_module(tc);
	refuses(tc, "boot-cmdline");
	verdict = tc_appraise(tc, NULL);
	check = tc_check(verdict, "boot-cmdline");
	assert_string_equal(json_string_value(json_object_get(check, "seen")),
			    "console=ttyS0 init=/bin/sh\\x1b[2J");
	assert_string_equal(json_string_value(json_object_get(check, "expected")),
			    TC_CMDLINE " (reference good)");
	check = json_object_get(check, "entry");
	assert_int_equal(json_integer_value(json_object_get(check, "number")), 3);
	assert_string_equal(json_string_value(json_object_get(check, "name")), "cmdline");
	assert_true(json_is_true(json_object_get(tc_check(verdict, "boot-kernel"), "ok")));
	bv_verdict_free(verdict);
}

static void test_kernel(void **state)
{
	struct tc *tc = *state;

	tc_reset_logs(tc);
	tc_file(tc, &tc->boot_log, 0, "firmware", 48, 0xf0);
	tc_file(tc, &tc->boot_log, 0, "kernel", 48, 0x01);
	tc_event(tc, &tc->boot_log, 0, "cmdline", TC_CMDLINE, strlen(TC_CMDLINE));
	tc_module(tc);
	refuses(tc, "boot-kernel");
	refuses(tc, "boot-initrd");
}

static void test_boot_firmware(void **state)
{
	struct tc *tc = *state;

	tc_reset_logs(tc);
	tc_file(tc, &tc->boot_log, 0, "firmware", 48, 0x02);
	tc_file(tc, &tc->boot_log, 0, "kernel", 48, 0xf1);
	tc_file(tc, &tc->boot_log, 0, "initrd", 48, 0xf2);
	tc_event(tc, &tc->boot_log, 0, "cmdline", TC_CMDLINE, strlen(TC_CMDLINE));
	tc_module(tc);
	refuses(tc, "boot-firmware");
}

static void test_boot_components(void **state)
{
	struct tc *tc = *state;

	tc_file(tc, &tc->boot_log, 0, "kernel", 48, 0xf1);
	refuses(tc, "boot-components");
}

static void test_boot_log(void **state)
{
	struct tc *tc = *state;

	tc->boot_log.bytes.len = 0;
	refuses(tc, "boot-log");
}

static void test_no_reference(void **state)
{
	struct tc *tc = *state;
	struct bv_verdict *verdict;

	json_object_del(tc->policy, "reference");
	refused_by(tc, NULL, "boot-reference", BV_WARNING);
	set(tc, "accept_warning", json_true());
	verdict = tc_appraise(tc, NULL);
	assert_true(verdict->granted);
	assert_int_equal(verdict->status, BV_WARNING);
	bv_verdict_free(verdict);
	/* Accepting warnings accepts nothing else. */
	tc->claims.svn = 0;
	refuses(tc, "svn");
}

static void test_no_policies(void **state)
{
	struct tc *tc = *state;

	json_object_del(tc->policy, "policies");
	refuses(tc, "policies");
}

static void test_tampered_log(void **state)
{
	struct tc *tc = *state;

	/* Every byte of the log counts. */
	for (size_t i = 0; i < tc->log.bytes.len; i += 7) {
		tc->log.bytes.data[i] ^= 0x40;
		refuses(tc, "log");
		tc->log.bytes.data[i] ^= 0x40;
	}
}

/* The chip signed the record, but the record lies about its own data. */
static void test_forged_digest(void **state)
{
	struct tc *tc = *state;

	tc->forge = true;
	tc_event(tc, &tc->log, 5, "release", "1.0", 3);
	refuses(tc, "log");
}

static void test_hidden_entry(void **state)
{
	struct tc *tc = *state;
	size_t len = tc->log.bytes.len;

	tc_event(tc, &tc->log, 4, "key_create", "x", 1);
	tc->log.bytes.len = len;
	refuses(tc, "log");
}

static void test_log_count(void **state)
{
	struct tc *tc = *state;

	tc->log.count--;
	refuses(tc, "log-count");
}

static void test_boot_key_missing(void **state)
{
	struct tc *tc = *state;

	tc_reset_logs(tc);
	tc_boot(tc, TC_CMDLINE);
	refuses(tc, "boot-key");
}

static void test_boot_key_not_first(void **state)
{
	struct tc *tc = *state;

	tc_reset_logs(tc);
	tc_boot(tc, TC_CMDLINE);
	tc_event(tc, &tc->log, 1, "platform", "kernel=6.12", 11);
	tc_module(tc);
	refuses(tc, "boot-key");
}

static void test_boot_key_twice(void **state)
{
	struct tc *tc = *state;

	tc_event(tc, &tc->log, 1, "boot_key", tc->round.boot_key, BASTION_POINT_SIZE);
	refuses(tc, "boot-key");
}

static void test_boot_key_other(void **state)
{
	struct tc *tc = *state;

	memset(tc->round.boot_key + 1, 1, 96);
	refuses(tc, "boot-key");
}

static void test_cap(void **state)
{
	struct tc *tc = *state;

	tc_event(tc, &tc->log, 1, "cap", "remove", 6);
	refuses(tc, "cap");
}

static void test_unknown_event(void **state)
{
	struct tc *tc = *state;

	tc_event(tc, &tc->log, 2, "surprise", "x", 1);
	refuses(tc, "events");
}

/* What may be done to keys: each is measured in register 4, and nowhere else. */
static void test_key_events(void **state)
{
	static const struct bastion_blob_header header = { .magic = BASTION_BLOB_MAGIC };
	struct bv_verdict *verdict;
	struct tc *tc = *state;

	tc_event(tc, &tc->log, 4, "key_create", &header, sizeof(header));
	tc_event(tc, &tc->log, 4, "key_rebind", &header, sizeof(header));
	verdict = tc_appraise(tc, NULL);
	assert_true(verdict->granted);
	bv_verdict_free(verdict);
	tc_event(tc, &tc->log, 4, "key_export", &header, sizeof(header));
	refuses(tc, "events");
}

#define EXE	"exe=sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void event4(struct tc *tc, const char *text)
{
	tc_event(tc, &tc->log, 4, "requester", text, strlen(text));
}

/* Whoever asked for a key. */
static void test_requesters(void **state)
{
	struct bv_verdict *verdict;
	struct tc *tc = *state;

	event4(tc, "uid=0 " EXE " path=/usr/bin/a cgroup=/");
	event4(tc, "uid=1000 " EXE " path=/a\\x20b cgroup=/x.slice/y");
	verdict = tc_appraise(tc, NULL);
	assert_true(verdict->granted);
	bv_verdict_free(verdict);
}

/* What is not well formed, or not where it belongs. */
static void test_bad_requesters(void **state)
{
	struct tc *tc = *state;

	event4(tc, "uid=00 " EXE " path=/a cgroup=/");
	refuses(tc, "events");
	tc_reset_logs(tc);
	tc_boot(tc, TC_CMDLINE);
	tc_module(tc);
	tc_event(tc, &tc->log, 1, "requester", "uid=0 " EXE " path=/a cgroup=/", 98);
	refuses(tc, "events");
}

static void test_key_event_elsewhere(void **state)
{
	struct tc *tc = *state;

	tc_event(tc, &tc->log, 2, "key_rebind", "x", 1);
	refuses(tc, "events");
}

static void add_verifier(struct tc *tc, EVP_PKEY *key, bool add)
{
	uint8_t *der = NULL, digest[BASTION_DIGEST_SIZE];
	int len = i2d_PUBKEY(key, &der);

	assert_int_equal(len, 120);
	EVP_Digest(der, len, digest, NULL, EVP_sha384(), NULL);
	if (add)
		tc_event(tc, &tc->log, 2, "verifier_add", der + 23, 97);
	else
		tc_event(tc, &tc->log, 2, "verifier_remove", digest, 48);
	OPENSSL_free(der);
}

static void test_unknown_verifier(void **state)
{
	struct tc *tc = *state;
	struct bv_verdict *verdict;
	const json_t *entry;

	add_verifier(tc, tc->ca_key, true);
	refuses(tc, "verifiers");
	verdict = tc_appraise(tc, NULL);
	entry = json_object_get(tc_check(verdict, "verifiers"), "entry");
	assert_int_equal(json_integer_value(json_object_get(entry, "number")), 5);
	assert_string_equal(json_string_value(json_object_get(entry, "name")), "verifier_add");
	bv_verdict_free(verdict);

	add_verifier(tc, tc->ca_key, false);
	verdict = tc_appraise(tc, NULL);
	assert_true(verdict->granted);
	bv_verdict_free(verdict);
	add_verifier(tc, tc->ca_key, false);
	refuses(tc, "verifiers");
}

static void test_allowed_verifier(void **state)
{
	struct tc *tc = *state;
	struct bv_verdict *verdict;
	uint8_t *der = NULL, digest[BASTION_DIGEST_SIZE];
	char hex[2 * BASTION_DIGEST_SIZE + 1];
	int len = i2d_PUBKEY(tc->ca_key, &der);

	EVP_Digest(der, len, digest, NULL, EVP_sha384(), NULL);
	OPENSSL_free(der);
	bv_hex(hex, sizeof(hex), digest, sizeof(digest));
	add_verifier(tc, tc->ca_key, true);
	set(tc, "verifiers", json_pack("[s]", hex));
	verdict = tc_appraise(tc, NULL);
	assert_true(verdict->granted);
	bv_verdict_free(verdict);
}

static void test_self_not_registered(void **state)
{
	add_verifier(*state, ((struct tc *)*state)->grant_key, false);
	refuses(*state, "verifiers");
}

static void test_module(void **state)
{
	struct tc *tc = *state;
	struct bv_verdict *verdict;

	set(tc, "modules", json_pack("[s]", TC_BUILD));
	verdict = tc_appraise(tc, NULL);
	assert_true(verdict->granted);
	bv_verdict_free(verdict);
	set(tc, "modules", json_pack("[s]", "0123"));
	refuses(tc, "module");
}

static void test_platforms(void **state)
{
	struct tc *tc = *state;
	struct bv_verdict *verdict;

	set(tc, "platforms", json_pack("[s]", "kernel=6.12"));
	verdict = tc_appraise(tc, NULL);
	assert_true(verdict->granted);
	bv_verdict_free(verdict);
	set(tc, "platforms", json_pack("[s]", "kernel=6.12 lockdown=1 sig_enforce=1"));
	refuses(tc, "platform");
}

static void test_parameters(void **state)
{
	set(*state, "parameters", json_pack("[s]", "polling=1"));
	refuses(*state, "parameters");
}

static void test_registers(void **state)
{
	struct tc *tc = *state;
	char hex[2 * BASTION_DIGEST_SIZE + 1];
	struct bv_verdict *verdict;

	tc_event(tc, &tc->log, 5, "release", "1.0", 3);
	bv_hex(hex, sizeof(hex), tc->claims.registers[5], BASTION_DIGEST_SIZE);
	set(tc, "registers", json_pack("{s:[s]}", "5", hex));
	verdict = tc_appraise(tc, NULL);
	assert_true(verdict->granted);
	bv_verdict_free(verdict);
	tc_event(tc, &tc->log, 5, "release", "1.1", 3);
	refuses(tc, "registers");
}

static void test_executables(void **state)
{
	struct tc *tc = *state;
	struct bv_verdict *verdict;

	tc_file(tc, &tc->log, 4, "/usr/bin/cryptsetup", 32, 0xab);
	verdict = tc_appraise(tc, NULL);
	assert_true(verdict->granted);
	bv_verdict_free(verdict);
	tc_file(tc, &tc->log, 4, "/usr/bin/other", 48, 0xab);
	refuses(tc, "events");
}

static void test_evidence(void **state)
{
	static const char *const bad[] = {
		"", "[]", "{}", "{\"a\":1}", "{\"__cmwc_t\":1,\"__cmwc_t\":1}", "nonsense", "{",
	};
	json_t *bundle, *value;
	const char *name;
	char *dump = tc_evidence(*state);

	bundle = json_loads(dump, 0, NULL);
	free(dump);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		refused_by(*state, bad[i], "evidence", BV_CONTRAINDICATED);
	/* Each member is needed, and each has one type. */
	json_object_foreach(bundle, name, value) {
		json_t *copy = json_deep_copy(bundle);

		json_object_del(copy, name);
		dump = json_dumps(copy, 0);
		refused_by(*state, dump, "evidence", BV_CONTRAINDICATED);
		free(dump);
		json_object_set_new(copy, name, json_pack("[s, s, i]", "text/plain", "AAAA", 4));
		dump = json_dumps(copy, 0);
		refused_by(*state, dump, "evidence", BV_CONTRAINDICATED);
		free(dump);
		json_decref(copy);
	}
	json_object_set_new(bundle, "extra", json_true());
	dump = json_dumps(bundle, 0);
	refused_by(*state, dump, "evidence", BV_CONTRAINDICATED);
	free(dump);
	json_decref(bundle);
}

#define T(function)	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_good), T(test_wrong_root), T(test_expired), T(test_not_yet_valid),
		T(test_ca_without_constraint), T(test_leaf_is_ca), T(test_wrong_key),
		T(test_leaf_not_p384), T(test_chip_id), T(test_revoked), T(test_unlisted),
		T(test_replayed_nonce), T(test_short_nonce), T(test_other_verifier),
		T(test_chip_nonce), T(test_changed_round), T(test_model), T(test_firmware),
		T(test_svn), T(test_debug), T(test_lifecycle), T(test_cmdline), T(test_kernel),
		T(test_boot_firmware), T(test_boot_components), T(test_boot_log),
		T(test_no_reference), T(test_no_policies), T(test_tampered_log),
		T(test_forged_digest), T(test_hidden_entry), T(test_log_count), T(test_boot_key_missing),
		T(test_boot_key_not_first), T(test_boot_key_twice), T(test_boot_key_other),
		T(test_cap), T(test_unknown_event), T(test_key_events), T(test_key_event_elsewhere),
		T(test_requesters), T(test_bad_requesters),
		T(test_unknown_verifier), T(test_allowed_verifier), T(test_self_not_registered), T(test_module),
		T(test_platforms), T(test_parameters), T(test_registers), T(test_executables), T(test_evidence),
	};

	return cmocka_run_group_tests_name("verify: appraisal", tests, NULL, NULL);
}
