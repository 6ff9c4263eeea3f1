// SPDX-License-Identifier: GPL-2.0
/* The messages of an enrolment, as the machine writes and reads them. */
#include <errno.h>
#include <stdlib.h>

#include "libbastion/base64url.h"
#include "libbastion/enroll.h"
#include "tests/ctl/test.h"

static void request(void **state)
{
	uint8_t certificate[] = { 0x30, 1, 2 };
	struct bastion_tpm_identity identity = {
		.model = "TPM 2.0 IBM", .ek = { 1, 2 }, .ek_len = 2, .ak = { 3 }, .ak_len = 1,
	};
	json_t *json = bastion_enroll_request(&identity, NULL);

	assert_int_equal(json_object_size(json), 4);
	assert_string_equal(json_string_value(json_object_get(json, "type")), "enroll");
	assert_string_equal(json_string_value(json_object_get(json, "ek")), "AQI");
	assert_string_equal(json_string_value(json_object_get(json, "ak")), "Aw");
	json_decref(json);
	identity.certificate = certificate;
	identity.certificate_len = sizeof(certificate);
	identity.chain = certificate;
	identity.chain_len = 1;
	json = bastion_enroll_request(&identity, "web-1");
	assert_int_equal(json_object_size(json), 7);
	assert_string_equal(json_string_value(json_object_get(json, "name")), "web-1");
	assert_string_equal(json_string_value(json_object_get(json, "certificate")), "MAEC");
	assert_string_equal(json_string_value(json_object_get(json, "chain")), "MA");
	json_decref(json);
}

static void answer(void **state)
{
	uint8_t chip_id[BASTION_DIGEST_SIZE] = { 0xab }, secret[BASTION_TPM_SECRET] = { 0xcd };
	json_t *json = bastion_enroll_answer(chip_id, secret);

	assert_int_equal(strlen(json_string_value(json_object_get(json, "chip"))), 96);
	assert_memory_equal(json_string_value(json_object_get(json, "secret")), "cd00", 4);
	json_decref(json);
}

static void refuses(json_t *message, const char *why)
{
	struct bastion_enroll_credential credential;
	struct bastion_error err = { 0 };

	assert_int_equal(bastion_enroll_credential_parse(message, &credential, &err), -EPROTO);
	assert_int_equal(err.op, BASTION_OP_PEER);
	if (!strstr(err.text, why))
		fail_msg("refused, but: %s", err.text);
	json_decref(message);
}

static void credential(void **state)
{
	struct bastion_enroll_credential got;
	static const uint8_t most[BASTION_TPM_CREDENTIAL_MAX + 1];
	char *longest = bastion_base64url_encode(most, sizeof(most) - 1);
	char *longer = bastion_base64url_encode(most, sizeof(most));
	json_t *json;

	json = json_pack("{s:s, s:s, s:s}", "type", "credential", "credential", "AQI", "seed", longest);
	assert_int_equal(bastion_enroll_credential_parse(json, &got, NULL), 0);
	assert_int_equal(got.credential_len, 2);
	assert_int_equal(got.credential[1], 2);
	assert_int_equal(got.seed_len, BASTION_TPM_CREDENTIAL_MAX);
	json_decref(json);
	refuses(json_pack("{s:s, s:s, s:s}", "type", "credential", "credential", "AQI", "seed", longer),
		"\"seed\" is not base64url of at most 1024");
	refuses(json_pack("{s:s, s:s}", "type", "credential", "seed", "AQI"), "\"credential\"");
	refuses(json_pack("{s:s, s:i}", "type", "credential", "credential", 1), "\"credential\"");
	refuses(json_pack("{s:s, s:s}", "type", "credential", "credential", "A="), "\"credential\"");
	refuses(json_pack("{s:s}", "type", "challenge"), "not a verifier's answer");
	refuses(json_pack("[]"), "not a verifier's answer");
	free(longest);
	free(longer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request),
		cmocka_unit_test(answer),
		cmocka_unit_test(credential),
	};

	return cmocka_run_group_tests_name("ctl: enrolment", tests, NULL, NULL);
}
