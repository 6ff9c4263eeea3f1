// SPDX-License-Identifier: GPL-2.0
/* Tokens and claims sets that others made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libbastion-verify/ear.h"
#include "testvectors.h"

static char *load(const char *name)
{
	char path[256], *text;
	size_t len;

	snprintf(path, sizeof(path), "ear/veraison/%s", name);
	text = (char *)tv_load(path).data;
	len = strlen(text);
	while (len && strchr("\r\n ", text[len - 1]))
		text[--len] = '\0';
	return text;
}

static json_t *verify(const char *name)
{
	char *token = load(name), *key = load("testPKey.jwk.json");
	json_t *jwk = json_loads(key, 0, NULL), *claims;
	struct bv_error err = { "" };

	claims = bv_ear_verify(token, jwk, -1, &err);
	if (!claims)
		print_message("# %s: %s\n", name, err.text);
	json_decref(jwk);
	free(token);
	free(key);
	return claims;
}

static void test_token(void **state)
{
	json_t *claims = verify("testJWT.jwt");

	assert_non_null(claims);
	json_decref(claims);
}

/* Carries a key in its header: it verifies under the pinned one, by the pinned one. */
static void test_token_with_key(void **state)
{
	json_t *claims = verify("testJWT_JWK.jwt");

	assert_non_null(claims);
	json_decref(claims);
}

static void test_header_key_is_not_trusted(void **state)
{
	char *token = load("testJWT_JWK.jwt");
	json_t *other = json_pack("{s:s, s:s, s:s, s:s}", "kty", "EC", "crv", "P-256", "x",
				  "KRugF02OBR7J0Op3RadryukePhKCQnAVWgajPbNWKjE", "y",
				  "ut2YOceP3yq5jvCF6NbeViN0NGXUdQkPkbqzm7NmHws");

	assert_null(bv_ear_verify(token, other, -1, NULL));
	json_decref(other);
	free(token);
}

static void test_realm_token(void **state)
{
	assert_null(verify("testRealmJWT.jwt"));
}

static int check(const char *name)
{
	char *text = load(name);
	json_t *claims = json_loads(text, 0, NULL);
	int ret;

	assert_non_null(claims);
	ret = bv_ear_check(claims, NULL);
	json_decref(claims);
	free(text);
	return ret;
}

static void test_claims(void **state)
{
	assert_int_equal(check("ear-claims.json"), 0);
	assert_int_equal(check("ear-claims-tv-ok.json"), 0);
	assert_int_equal(check("ear-claims-extension-ok.json"), 0);
	assert_int_equal(check("ear-claims-key-attestation-ok.json"), 0);
	assert_true(check("ear-claims-key-attestation-ko.json") < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_token_with_key),
		cmocka_unit_test(test_header_key_is_not_trusted),
		cmocka_unit_test(test_realm_token),
		cmocka_unit_test(test_claims),
	};

	return cmocka_run_group_tests_name("verify: recorded results", tests, NULL, NULL);
}
