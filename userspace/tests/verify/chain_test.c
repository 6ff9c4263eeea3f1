// SPDX-License-Identifier: GPL-2.0
/* A certificate is for one chip of one model. The rest of a path is in appraise_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/x509v3.h>

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

static void refused_for(struct tc *tc, const char *why)
{
	struct bv_verdict *verdict = tc_appraise(tc, NULL);
	const json_t *check = tc_check(verdict, "certificates");

	assert_false(verdict->granted);
	assert_false(verdict->facts.authentic);
	if (!strstr(json_string_value(json_object_get(check, "seen")), why))
		fail_msg("certificates: %s", json_string_value(json_object_get(check, "seen")));
	bv_verdict_free(verdict);
}

static void certify(struct tc *tc, const char *ca, const char *leaf)
{
	X509_free(tc->ca);
	X509_free(tc->leaf);
	tc->ca = tc_cert(tc->ca_key, ca, tc->root, tc->root_key, true, -1000, 1000);
	tc->leaf = tc_cert(tc->chip_key, leaf, tc->ca, tc->ca_key, false, -1000, 1000);
}

/* Whoever has a key of one model says that it is another. */
static void test_other_model(void **state)
{
	struct tc *tc = *state;

	certify(tc, TC_MODEL "x", TC_MODEL "x");
	refused_for(tc, "not for model " TC_MODEL);
	/* Another model's CA says so of its own. */
	certify(tc, TC_MODEL "x", TC_MODEL);
	refused_for(tc, "not that of model " TC_MODEL);
	certify(tc, TC_MODEL, TC_MODEL "x");
	refused_for(tc, "not for model " TC_MODEL);
	certify(tc, TC_MODEL, "");
	refused_for(tc, "not for model " TC_MODEL);
}

static X509_NAME *subject(struct tc *tc)
{
	return X509_get_subject_name(tc->leaf);
}

/* Once more, with what has been changed. */
static void sign(struct tc *tc)
{
	assert_true(X509_sign(tc->leaf, tc->ca_key, EVP_sha384()) > 0);
}

static void add_name(struct tc *tc, int nid, const char *text)
{
	assert_int_equal(X509_NAME_add_entry_by_NID(subject(tc), nid, MBSTRING_ASC,
						    (const uint8_t *)text, -1, -1, 0), 1);
}

static void drop_name(struct tc *tc, int nid)
{
	int at = X509_NAME_get_index_by_NID(subject(tc), nid, -1);

	X509_NAME_ENTRY_free(X509_NAME_delete_entry(subject(tc), at));
}

static void drop_usage(struct tc *tc)
{
	int at = X509_get_ext_by_NID(tc->leaf, NID_key_usage, -1);

	X509_EXTENSION_free(X509_delete_ext(tc->leaf, at));
}

static void test_two_names(void **state)
{
	struct tc *tc = *state;

	add_name(tc, NID_commonName, TC_MODEL "x");
	sign(tc);
	refused_for(tc, "not for model");
}

static void test_other_chip(void **state)
{
	struct tc *tc = *state;

	/* So that it is not named as its CA is. */
	add_name(tc, NID_organizationName, "x");
	drop_name(tc, NID_serialNumber);
	sign(tc);
	refused_for(tc, "serialNumber");
	add_name(tc, NID_serialNumber, "0000000000000000000000000000000000000000000000000000000000000000");
	sign(tc);
	refused_for(tc, "serialNumber");
}

/* What a root has certified for something else */
static void test_other_purpose(void **state)
{
	struct tc *tc = *state;
	X509_EXTENSION *usage = X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage,
						    "digitalSignature,keyAgreement");

	drop_usage(tc);
	sign(tc);
	refused_for(tc, "keyUsage");
	X509_add_ext(tc->leaf, usage, -1);
	X509_EXTENSION_free(usage);
	sign(tc);
	refused_for(tc, "keyUsage");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_other_model, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_chip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_purpose, setup, teardown),
	};

	return cmocka_run_group_tests_name("verify: chain", tests, NULL, NULL);
}
