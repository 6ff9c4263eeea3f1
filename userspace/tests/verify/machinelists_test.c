// SPDX-License-Identifier: GPL-2.0
/* A TPM as the chip: IMA's list, what is remembered of it, and what it gets. */
#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libbastion-verify/crypto.h"
#include "libbastion-verify/simulate.h"
#include "testmachine.h"

/* The files that ti_file() makes with this byte are known. */
#define REFERENCES \
	"{\"generations\": [{\"name\": \"g\", \"retired\": false, \"files\": [" \
	"{\"path\": \"boot_aggregate\", \"digests\": \"any\"}," \
	"{\"path\": \"/usr/bin/*\", \"digests\": [\"sha256:" \
	"abababababababababababababababababababababababababababababababab\"]}]}]}"

static int setup(void **state)
{
	struct mc *mc = mc_new();

	mc->tc->history = bv_history_new(mc->record.chip_id, BV_HISTORY_MAX);
	*state = mc;
	return mc->tc->history ? 0 : -1;
}

static int teardown(void **state)
{
	mc_free(*state);
	return 0;
}

static void refuses(struct mc *mc, const char *name)
{
	mc_refuses(mc, NULL, name, BV_CONTRAINDICATED);
}

/* IMA is active, and the policy knows what it measures. */
static void begin_ima(struct mc *mc)
{
	ti_file(&mc->ima, "boot_aggregate", 0x01);
	ti_file(&mc->ima, "/usr/bin/a", 0xab);
	json_object_set_new(mc->tc->policy, "ima", json_pack("{s:[s]}", "references", "files.json"));
	mc->tc->references = REFERENCES;
}

static void test_ima(void **state)
{
	static const char *const hashes[] = { "SHA1", "SHA256", "SHA384" };
	struct mc *mc = *state;

	bv_history_free(mc->tc->history);
	mc->tc->history = NULL;
	for (size_t i = 0; i < 3; i++) {
		memset(&mc->ima, 0, sizeof(mc->ima));
		mc->ima.hash = hashes[i];
		begin_ima(mc);
		mc_grants(mc);
	}
	ti_file(&mc->ima, "/usr/bin/b", 0xcd);
	refuses(mc, "ima");
	memset(&mc->ima, 0, sizeof(mc->ima));
	mc->ima.hash = "SHA1";
	begin_ima(mc);
	ti_violation(&mc->ima, "/usr/bin/a");
	refuses(mc, "ima");
}

/* Entries that came after the quote are not covered, and not judged. */
static void test_ima_prefix(void **state)
{
	struct mc *mc = *state;
	struct bv_verdict *verdict;

	begin_ima(mc);
	mc_quote(mc);
	ti_file(&mc->ima, "/usr/bin/b", 0xcd);
	verdict = mc_appraise(mc, mc_bundle(mc));
	assert_true(verdict->granted);
	bv_verdict_free(verdict);
	assert_int_equal(mc->tc->history->ima_replay.count, 2);
	refuses(mc, "ima");
}

static void test_ima_changed(void **state)
{
	struct mc *mc = *state;

	begin_ima(mc);
	mc_quote(mc);
	/* A digest that is known, in place of one that is not. */
	mc->ima.binary[mc->ima.len - 20] ^= 1;
	mc_refuses(mc, mc_bundle(mc), "ima-list", BV_CONTRAINDICATED);
	mc->ima.binary[mc->ima.len - 20] ^= 1;
	mc->ima.value[0] ^= 1;
	refuses(mc, "ima-list");
}

/* What an entry for another PCR extended is not what was quoted as IMA's. */
static void test_ima_other_pcr(void **state)
{
	struct mc *mc = *state;
	struct ti_list *ima = &mc->ima;
	uint8_t value[32];
	size_t start;

	begin_ima(mc);
	memcpy(value, ima->value, sizeof(value));
	start = ima->len;
	ti_file(ima, "/usr/bin/b", 0xab);
	ima->binary[start] = 11;
	memcpy(ima->value, value, sizeof(value));
	ti_file(ima, "/usr/bin/c", 0xab);
	refuses(mc, "ima-list");
}

static void test_ima_missing(void **state)
{
	struct mc *mc = *state;

	begin_ima(mc);
	mc_quote(mc);
	mc->ima.len = 0;
	mc_refuses(mc, mc_bundle(mc), "ima-list", BV_CONTRAINDICATED);
}

/* Without a rule nobody looks, so there had better be nothing. */
static void test_ima_unjudged(void **state)
{
	struct mc *mc = *state;

	ti_file(&mc->ima, "boot_aggregate", 0x01);
	mc_grants(mc);
	ti_file(&mc->ima, "/usr/bin/a", 0xab);
	mc_refuses(mc, NULL, "ima-list", BV_WARNING);
}

/* What was sent is not sent again. */
static void reuse(struct mc *mc)
{
	tc_reuse(mc->tc);
	mc->ima_skip = mc->ima.len;
	mc->tc->round.ima_from = mc->tc->history->ima_replay.count;
}

static void test_goes_on(void **state)
{
	struct mc *mc = *state;
	struct bv_history *history = mc->tc->history;

	begin_ima(mc);
	mc_grants(mc);
	assert_true(history->tpm);
	assert_int_equal(history->replay.count, 5);
	for (int i = 0; i < 3; i++) {
		reuse(mc);
		tc_event(mc->tc, &mc->tc->log, 5, "more", "x", 1);
		ti_file(&mc->ima, "/usr/bin/c", 0xab);
		mc_grants(mc);
	}
	assert_int_equal(history->replay.count, 8);
	assert_int_equal(history->ima_replay.count, 5);
	/* What was sent stays, whatever comes after it. */
	reuse(mc);
	ti_file(&mc->ima, "/usr/bin/d", 0xcd);
	refuses(mc, "ima");
	reuse(mc);
	refuses(mc, "ima");
}

static void test_wrong_start(void **state)
{
	struct mc *mc = *state;

	mc_grants(mc);
	reuse(mc);
	mc->tc->round.log_from--;
	refuses(mc, "log-start");
	/* Nothing is left out between what is known and what comes. */
	mc->tc->round.log_from++;
	tc_event(mc->tc, &mc->tc->log, 5, "more", "x", 1);
	mc->tc->log_skip = mc->tc->log.bytes.len;
	refuses(mc, "log");
}

/* A history that was a Bastionchip's is of no use, and neither is the reverse. */
static void test_other_kind(void **state)
{
	struct mc *mc = *state;
	struct tc *tc = mc->tc;

	mc_grants(mc);
	bv_history_set_tpm(tc->history, false);
	reuse(mc);
	tc_event(tc, &tc->log, 5, "more", "x", 1);
	refuses(mc, "log-start");
	tc->log_skip = 0;
	tc->round.log_from = 0;
	mc_grants(mc);
	assert_true(tc->history->tpm);
}

/* A quote that is not authentic adds nothing. */
static void test_unauthentic(void **state)
{
	struct mc *mc = *state;

	mc->enrolled = false;
	refuses(mc, "machine");
	assert_int_equal(mc->tc->history->replay.count, 0);
	mc_enroll(mc);
	mc->tc->round.verifier_nonce[0] ^= 1;
	refuses(mc, "nonce");
	assert_int_equal(mc->tc->history->replay.count, 0);
}

static void test_stored(void **state)
{
	struct mc *mc = *state;
	struct bv_history *history = bv_history_new(mc->record.chip_id, BV_HISTORY_MAX);
	struct bv_error err = { "" };
	struct bv_span stored;

	begin_ima(mc);
	mc_grants(mc);
	assert_int_equal(bv_history_encode(mc->tc->history, &stored), 0);
	assert_memory_equal(stored.data, "bastion history2", 16);
	assert_int_equal(bv_history_decode(stored, history, &err), 0);
	free((void *)stored.data);
	assert_memory_equal(&history->replay, &mc->tc->history->replay, sizeof(history->replay));
	assert_memory_equal(&history->ima_replay, &mc->tc->history->ima_replay,
			    sizeof(history->ima_replay));
	bv_history_free(mc->tc->history);
	mc->tc->history = history;
	reuse(mc);
	tc_event(mc->tc, &mc->tc->log, 5, "more", "x", 1);
	mc_grants(mc);
}

/* A result as the machine gets it. */
static void make_result(struct mc *mc, struct bv_result *result)
{
	const struct bv_fresh fresh = { .token = { 1, 2, 3 } };
	struct bv_policy *policy = tc_policy(mc->tc);
	struct bv_signer signer = {
		.grant_key = mc->tc->grant_key, .ear_jwk = bv_ear_jwk(mc->tc->ear_key, true),
		.audience = "test", .build = "test 1",
	};
	struct bv_appraisal in;
	json_t *bundle;
	char *text;

	memcpy(signer.verifier, mc->tc->verifier, sizeof(signer.verifier));
	mc_quote(mc);
	bundle = mc_bundle(mc);
	text = json_dumps(bundle, JSON_COMPACT);
	in = mc_input(mc, policy, text);
	assert_int_equal(bv_result_make(&in, bv_appraise(&in), &signer, &fresh, result), 0);
	assert_true(result->verdict->granted);
	json_decref(signer.ear_jwk);
	json_decref(bundle);
	free(text);
	bv_policy_free(policy);
}

static size_t open_policies(struct mc *mc, const struct bv_result *result,
			    struct bastion_policy_signature *signatures)
{
	const struct bv_span grant = { result->grant.bytes, result->grant.len };
	size_t count = (result->grant.policies_len - BASTION_SEALED_POLICIES_SIZE(0)) /
		       sizeof(*signatures);

	assert_int_equal(bv_policies_open(result->grant.policies, count, mc->tc->boot_key, grant,
					  signatures), 0);
	return count;
}

/* What TPM2_PolicySigned hashes, put together by the test itself. */
static void check_signature(struct mc *mc, const struct bastion_policy_signature *signature,
			    uint32_t seconds)
{
	const struct bv_span r = { signature->signature, 48 }, s = { signature->signature + 48, 48 };
	const uint32_t expiration = -seconds;
	uint8_t message[68], *der = NULL;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int len = bv_ecdsa_der(r, s, &der);

	memset(message, 0x7c, 32);
	for (int i = 0; i < 4; i++)
		message[32 + i] = expiration >> (24 - 8 * i);
	ti_digest("SHA256", signature->policy, 48, message + 36);
	assert_int_equal(le32toh(signature->seconds), seconds);
	assert_int_equal(signature->reserved, 0);
	assert_int_equal(EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", NULL, NULL,
						 mc->tc->grant_key, NULL), 1);
	assert_int_equal(EVP_DigestVerify(ctx, der, len, message, sizeof(message)), 1);
	EVP_MD_CTX_free(ctx);
	OPENSSL_free(der);
}

static void test_grant(void **state)
{
	struct mc *mc = *state;
	struct bastion_policy_signature signatures[BASTION_GRANT_ENTRIES_MAX];
	const struct bastion_grant *grant;
	uint8_t reference[BASTION_DIGEST_SIZE], nonce[BASTION_CHIP_NONCE_SIZE] = { 0 };
	struct bv_result result;

	json_object_set_new(mc->tc->policy, "lifetime", json_integer(1000));
	make_result(mc, &result);
	grant = (const void *)result.grant.bytes;
	memset(nonce, 0x7c, 32);
	assert_memory_equal(grant->chip_nonce, nonce, sizeof(nonce));
	assert_memory_equal(grant->chip_id, mc->record.chip_id, 48);
	assert_int_equal(le64toh(grant->boot_count), 7);
	assert_int_equal(le32toh(grant->lifetime), 1000);
	/* Two labels are released, one of them is created as well. */
	assert_int_equal(open_policies(mc, &result, signatures), 2);
	assert_int_equal(bv_policy_reference(mc->record.chip_id, "prod-db", reference), 0);
	assert_memory_equal(signatures[0].policy, reference, 48);
	assert_int_equal(bv_policy_reference(mc->record.chip_id, "web", reference), 0);
	assert_memory_equal(signatures[1].policy, reference, 48);
	check_signature(mc, &signatures[0], BASTION_POLICY_SECONDS_MAX);
	check_signature(mc, &signatures[1], BASTION_POLICY_SECONDS_MAX);
	bv_result_exit(&result);
	json_object_set_new(mc->tc->policy, "lifetime", json_integer(60));
	make_result(mc, &result);
	assert_int_equal(open_policies(mc, &result, signatures), 2);
	check_signature(mc, &signatures[0], 60);
	bv_result_exit(&result);
}

static void test_other_policies(void **state)
{
	struct mc *mc = *state;
	struct bastion_policy_signature signatures[BASTION_GRANT_ENTRIES_MAX];
	struct bv_result result;
	json_t *json;

	/* For another boot key, or beside another grant, they do not open. */
	make_result(mc, &result);
	assert_int_equal(bv_policies_open(result.grant.policies, 2, mc->tc->chip_key,
					  (struct bv_span){ result.grant.bytes, result.grant.len },
					  signatures), -EKEYREJECTED);
	result.grant.bytes[300] ^= 1;
	assert_int_equal(bv_policies_open(result.grant.policies, 2, mc->tc->boot_key,
					  (struct bv_span){ result.grant.bytes, result.grant.len },
					  signatures), -EKEYREJECTED);
	json = bv_result_json(&result);
	assert_non_null(json_object_get(json, "policies"));
	json_decref(json);
	bv_result_exit(&result);
	/* What may only be created needs none. */
	json_object_set_new(mc->tc->policy, "policies", json_pack("{s:{s:b}}", "new", "create", 1));
	make_result(mc, &result);
	assert_int_equal(result.grant.policies_len, 0);
	json = bv_result_json(&result);
	assert_null(json_object_get(json, "policies"));
	json_decref(json);
	bv_result_exit(&result);
}

static void test_ear(void **state)
{
	struct mc *mc = *state;
	json_t *keys = bv_ear_jwk(mc->tc->ear_key, false), *claims;
	uint8_t ueid[33] = { 1 };
	struct bv_result result;
	const json_t *tpm, *clock;
	char *text;

	/* It ends with the last key that the grant could release. */
	json_object_set_new(mc->tc->policy, "lifetime", json_integer(1000));
	make_result(mc, &result);
	claims = bv_ear_verify(result.ear, keys, TC_NOW, NULL);
	assert_non_null(claims);
	assert_int_equal(json_integer_value(json_object_get(claims, "exp")) -
			 json_integer_value(json_object_get(claims, "iat")), 300);
	memcpy(ueid + 1, mc->record.chip_id, 32);
	text = bv_base64url(BV_SPAN(ueid));
	assert_string_equal(json_string_value(json_object_get(claims, "ueid")), text);
	free(text);
	tpm = json_object_get(json_object_get(json_object_get(claims, "submods"), "bastion"),
			      "ear.bastion.tpm");
	assert_string_equal(json_string_value(json_object_get(tpm, "machine")), "web-1");
	assert_string_equal(json_string_value(json_object_get(tpm, "firmware-version")),
			    "0001000200030004");
	clock = json_object_get(tpm, "clock");
	assert_int_equal(json_integer_value(json_object_get(clock, "reset-count")), 7);
	assert_int_equal(json_integer_value(json_object_get(clock, "restart-count")), 3);
	assert_true(json_is_true(json_object_get(clock, "safe")));
	json_decref(claims);
	json_decref(keys);
	bv_result_exit(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ima, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ima_prefix, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ima_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ima_other_pcr, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ima_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ima_unjudged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_start, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_kind, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unauthentic, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stored, setup, teardown),
		cmocka_unit_test_setup_teardown(test_grant, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_policies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ear, setup, teardown),
	};

	return cmocka_run_group_tests_name("verify: lists and results of a TPM", tests, NULL, NULL);
}
