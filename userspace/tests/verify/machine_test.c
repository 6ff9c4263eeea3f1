// SPDX-License-Identifier: GPL-2.0
/* A TPM as the chip: one lie at a time, and each is refused by the check that is there for it. */
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
#include "testmachine.h"

static int setup(void **state)
{
	*state = mc_new();
	return 0;
}

static int teardown(void **state)
{
	mc_free(*state);
	return 0;
}

static void dump_checks(const struct bv_verdict *verdict)
{
	char *dump = json_dumps(verdict->checks, 0);

	fprintf(stderr, "# %s\n", dump);
	free(dump);
}

/* The named check fails, nothing is granted, and the check explains itself. */
static void refused_by(struct mc *mc, json_t *bundle, const char *name, enum bv_tier status)
{
	struct bv_verdict *verdict = mc_appraise(mc, bundle);
	const json_t *check = tc_check(verdict, name);

	if (!check || json_is_true(json_object_get(check, "ok")))
		dump_checks(verdict);
	assert_non_null(check);
	assert_string_equal(bv_verdict_failing(verdict), name);
	assert_true(json_is_false(json_object_get(check, "ok")));
	assert_true(json_string_length(json_object_get(check, "advice")) > 0);
	assert_true(json_string_length(json_object_get(check, "expected")) > 0);
	assert_true(json_string_length(json_object_get(check, "seen")) > 0);
	assert_false(verdict->granted);
	assert_int_equal(verdict->status, status);
	bv_verdict_free(verdict);
}

static void refuses(struct mc *mc, const char *name)
{
	refused_by(mc, NULL, name, BV_CONTRAINDICATED);
}

static void grants(struct mc *mc)
{
	struct bv_verdict *verdict = mc_appraise(mc, NULL);

	if (!verdict->granted || verdict->status != BV_AFFIRMING)
		dump_checks(verdict);
	assert_true(verdict->granted);
	assert_int_equal(verdict->status, BV_AFFIRMING);
	assert_true(verdict->facts.authentic);
	bv_verdict_free(verdict);
}

static void test_good(void **state)
{
	grants(*state);
}

/* The order in which checks come, magic, type and key before all else. */
static void test_order(void **state)
{
	static const char *const order[] = {
		"evidence", "attest", "key", "attributes", "signature", "machine", "chip-revoked",
		"chip-known", "nonce", "verifier", "qualifying-data", "pcrs", "model", "firmware",
		"clock", "boot-log", "boot-pcrs", "boot-pcrs", "boot-pcrs", "boot-pcrs", "boot-pcrs",
		"boot-pcrs", "boot-pcrs", "boot-pcrs", "boot-pcrs", "boot-pcrs", "log", "log-count",
		"boot-key", "cap", "events", "module", "platform", "parameters", "verifiers",
		"ima-list", "policies",
	};
	struct bv_verdict *verdict = mc_appraise(*state, NULL);

	assert_int_equal(json_array_size(verdict->checks), sizeof(order) / sizeof(*order));
	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
		assert_string_equal(json_string_value(json_object_get(json_array_get(verdict->checks, i),
								      "name")), order[i]);
	bv_verdict_free(verdict);
}

static void test_not_enrolled(void **state)
{
	struct mc *mc = *state;

	mc->enrolled = false;
	refuses(mc, "machine");
	/* Another key of the same TPM is another key. */
	mc_enroll(mc);
	mc->record.ak[33] ^= 1;
	refuses(mc, "machine");
}

static void test_module_pcr(void **state)
{
	struct mc *mc = *state;

	mc_quote(mc);
	mc->tpm->values.value[BV_BANK_SHA256][MC_PCR][0] ^= 1;
	tt_quote(mc->tpm);
	refused_by(mc, mc_bundle(mc), "log", BV_CONTRAINDICATED);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_enrolled, setup, teardown),
		cmocka_unit_test_setup_teardown(test_module_pcr, setup, teardown),
		cmocka_unit_test_setup_teardown(test_grant, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
