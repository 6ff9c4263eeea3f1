// SPDX-License-Identifier: GPL-2.0
/* What the helper makes of what the kernel and files tell it. */
#include <errno.h>

#include "request-key/parse.h"
#include "tests/ctl/test.h"

static const char *parse(const char *text)
{
	static char copy[256];

	strcpy(copy, text);
	return parse_description(copy);
}

static void descriptions(void **state)
{
	assert_string_equal(parse("logon;0;0;3f010000;bastion:disk0"), "disk0");
	assert_string_equal(parse("user;1000;1000;3f010000;bastion:a.b-c_D"), "a.b-c_D");
	assert_null(parse("logon;0;0;3f010000;other:disk0"));
	assert_null(parse("logon;0;0;3f010000;bastion:"));
	assert_null(parse("logon;0;0;3f010000;bastion:../shadow"));
	assert_null(parse("logon;0;0;3f010000;bastion:.x"));
	assert_null(parse("logon;0;0;3f010000;bastion:a/b"));
	assert_null(parse("logon;0;0;3f010000;bastion:a;b"));
	assert_null(parse("logon;0;0;bastion:disk0"));
	assert_null(parse("bastion:disk0"));
	assert_null(parse(""));
}

static void serials(void **state)
{
	assert_int_equal(parse_serial("1"), 1);
	assert_int_equal(parse_serial("2147483647"), 2147483647);
	assert_int_equal(parse_serial("2147483648"), 0);
	assert_int_equal(parse_serial("99999999999999999999999999"), 0);
	assert_int_equal(parse_serial("-1"), 0);
	assert_int_equal(parse_serial(""), 0);
	assert_int_equal(parse_serial("5 "), 0);
}

static void blobs(void **state)
{
	uint8_t blob[2];

	assert_int_equal(parse_blob("00ff\n", 5, blob, sizeof(blob)), 2);
	assert_int_equal(parse_blob("00ff\r\n", 6, blob, sizeof(blob)), 2);
	assert_true(parse_blob("", 0, blob, sizeof(blob)) < 0);
	assert_true(parse_blob("\n", 1, blob, sizeof(blob)) < 0);
	assert_true(parse_blob("00f", 3, blob, sizeof(blob)) < 0);
	assert_true(parse_blob("zz", 2, blob, sizeof(blob)) < 0);
	assert_true(parse_blob("00ff00", 6, blob, sizeof(blob)) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptions),
		cmocka_unit_test(serials),
		cmocka_unit_test(blobs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
