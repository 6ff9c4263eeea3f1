// SPDX-License-Identifier: GPL-2.0
/* Names, hex, base64url: the same bytes have one text, and nothing else passes. Texts of errors. */
#include <errno.h>
#include <stdlib.h>

#include <jansson.h>

#include "libbastion/base64url.h"
#include "libbastion/error.h"
#include "libbastion/hex.h"
#include "libbastion/name.h"
#include "tests/ctl/test.h"

static void names(void **state)
{
	char longest[65];

	memset(longest, 'a', sizeof(longest));
	longest[64] = '\0';
	assert_false(bastion_name_ok(longest));
	longest[63] = '\0';
	assert_true(bastion_name_ok(longest));
	assert_true(bastion_name_ok("disk0"));
	assert_true(bastion_name_ok("A-b_c.d"));
	assert_true(bastion_name_ok("a..b"));
	assert_false(bastion_name_ok(""));
	assert_false(bastion_name_ok("."));
	assert_false(bastion_name_ok(".."));
	assert_false(bastion_name_ok(".hidden"));
	assert_false(bastion_name_ok("a/b"));
	assert_false(bastion_name_ok("../etc/passwd"));
	assert_false(bastion_name_ok("a b"));
	assert_false(bastion_name_ok("a\n"));
	assert_false(bastion_name_ok("\xc3\xa4"));
}

static void labels(void **state)
{
	char longest[66];

	memset(longest, 'a', sizeof(longest));
	longest[65] = '\0';
	assert_false(bastion_name_label_ok(longest));
	longest[64] = '\0';
	assert_true(bastion_name_label_ok(longest));
	assert_true(bastion_name_label_ok("prod-db.1_x"));
	assert_false(bastion_name_label_ok(""));
	assert_false(bastion_name_label_ok("Prod"));
	assert_false(bastion_name_label_ok("a policy=b"));
}

static void hex(void **state)
{
	uint8_t out[3];
	char text[7];

	assert_int_equal(bastion_hex_decode("00fFa5", 6, out, 3), 3);
	bastion_hex_encode(out, 3, text);
	assert_string_equal(text, "00ffa5");
	assert_int_equal(bastion_hex_decode("", 0, out, 3), 0);
	assert_int_equal(bastion_hex_decode("0", 1, out, 3), -EINVAL);
	assert_int_equal(bastion_hex_decode("0g", 2, out, 3), -EINVAL);
	assert_int_equal(bastion_hex_decode("0\0", 2, out, 3), -EINVAL);
	assert_int_equal(bastion_hex_decode("00112233", 8, out, 3), -EMSGSIZE);
	assert_int_equal(bastion_hex_decode_exact("001122", out, 3), 0);
	assert_int_equal(bastion_hex_decode_exact("0011", out, 3), -EINVAL);
	assert_int_equal(bastion_hex_decode_exact("00112233", out, 3), -EINVAL);
	assert_int_equal(bastion_hex_decode_exact("00112x", out, 3), -EINVAL);
}

/* RFC 4648, section 10, without the padding */
static void base64url_vectors(void **state)
{
	static const char *const vectors[][2] = {
		{ "", "" },	     { "f", "Zg" },	  { "fo", "Zm8" },	 { "foo", "Zm9v" },
		{ "foob", "Zm9vYg" }, { "fooba", "Zm9vYmE" }, { "foobar", "Zm9vYmFy" },
	};
	uint8_t out[8];
	size_t i;

	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const char *plain = vectors[i][0], *coded = vectors[i][1];
		char *text = bastion_base64url_encode(plain, strlen(plain));

		assert_non_null(text);
		assert_string_equal(text, coded);
		free(text);
		assert_int_equal(bastion_base64url_decode(coded, strlen(coded), out, sizeof(out)),
				 strlen(plain));
		assert_memory_equal(out, plain, strlen(plain));
	}
}

static void base64url_refuses(void **state)
{
	static const char *const bad[] = {
		"Z",	 "Zg==", "Zh",	 "Zm9=", "Zm 8", "Zm8\n", "+/+/", "Zm9vY", "Zm9\xc3",
	};
	uint8_t out[16];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(bastion_base64url_decode(bad[i], strlen(bad[i]), out, sizeof(out)),
				 -EINVAL);
	assert_int_equal(bastion_base64url_decode("-_-_", 4, out, 3), 3);
	assert_int_equal(bastion_base64url_decode("-_-_", 4, out, 2), -EMSGSIZE);
}

/* What a peer says may be no UTF-8, and be cut anywhere. */
static void errors(void **state)
{
	struct bastion_error err;
	char peer[600];

	assert_int_equal(bastion_error_set(&err, BASTION_OP_PEER, EREMOTEIO, "no: %.3s", "aé\xff"),
			 -EREMOTEIO);
	assert_string_equal(err.text, "no: aé");
	bastion_error_set(&err, BASTION_OP_PEER, EREMOTEIO, "no: %.2s", "aé");
	assert_string_equal(err.text, "no: a?");
	bastion_error_set(&err, BASTION_OP_PEER, EREMOTEIO, "no: %s", "\xff\xc0\x80z");
	assert_string_equal(err.text, "no: ???z");
	/* Cut by the space that there is for it. */
	for (size_t i = 0; i < sizeof(peer) - 1; i++)
		peer[i] = i % 2 ? '\xa9' : '\xc3';
	peer[sizeof(peer) - 1] = '\0';
	for (int i = 0; i < 2; i++) {
		json_t *json;

		bastion_error_set(&err, BASTION_OP_PEER, EREMOTEIO, "%.*s%s", i, "x", peer);
		json = json_string(err.text);
		assert_non_null(json);
		json_decref(json);
	}
	assert_int_equal(bastion_error_set(NULL, BASTION_OP_PEER, EREMOTEIO, "no"), -EREMOTEIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),	     cmocka_unit_test(labels),
		cmocka_unit_test(hex),		     cmocka_unit_test(base64url_vectors),
		cmocka_unit_test(base64url_refuses), cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
