// SPDX-License-Identifier: GPL-2.0
/* The event "requester": one spelling of each, and nothing else. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "libbastion-verify/requester.h"

#define EXE	"exe=sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static int read_text(const char *text, struct bv_requester *who)
{
	return bv_requester_read((struct bv_span){ (const uint8_t *)text, strlen(text) }, who);
}

static void test_fields(void **state)
{
	static const char text[] = "uid=4294967294 " EXE " path=/a\\x20b\\x5c\\xff cgroup=/x\\x0a=z";
	struct bv_requester who;

	assert_int_equal(read_text(text, &who), 0);
	assert_int_equal(who.uid, 4294967294);
	assert_int_equal(who.exe[1], 0x11);
	assert_true(bv_span_is(who.path, "/a\\x20b\\x5c\\xff"));
	assert_true(bv_span_is(who.cgroup, "/x\\x0a=z"));
	assert_int_equal(read_text("uid=0 " EXE " path=pipe:[1] cgroup=/cgroup=/path=/", &who), 0);
	assert_true(bv_span_is(who.path, "pipe:[1]"));
	assert_true(bv_span_is(who.cgroup, "/cgroup=/path=/"));
}

static void test_malformed(void **state)
{
	static const char *const texts[] = {
		"",
		"uid=",
		"uid=0",
		"uid= " EXE " path=/a cgroup=/",
		"uid=00 " EXE " path=/a cgroup=/",
		"uid=+1 " EXE " path=/a cgroup=/",
		"uid=4294967295 " EXE " path=/a cgroup=/",
		"uid=4294967296 " EXE " path=/a cgroup=/",
		"uid=99999999999999999999 " EXE " path=/a cgroup=/",
		"uid=0  " EXE " path=/a cgroup=/",
		"uid=0 exe=sha256:00 path=/a cgroup=/",
		"uid=0 exe=sha256:00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff "
			"path=/a cgroup=/",
		"uid=0 " EXE "00 path=/a cgroup=/",
		"uid=0 " EXE " path= cgroup=/",
		"uid=0 " EXE " path=/a",
		"uid=0 " EXE " path=/a cgroup=",
		"uid=0 " EXE " path=/a cgroup=a",
		"uid=0 " EXE " path=/a cgroup=/ ",
		"uid=0 " EXE " path=/a cgroup=/ x=y",
		"uid=0 " EXE " path=/a cgroup=/\n",
		"uid=0 " EXE " path=/a b cgroup=/",
		"uid=0 " EXE " path=/a\\ cgroup=/",
		"uid=0 " EXE " path=/a cgroup=/\\x4",
		"uid=0 " EXE " path=/a cgroup=/\\x41",	/* needs no escape */
		"uid=0 " EXE " path=/a cgroup=/\\x5C",
		"uid=0 " EXE " path=/a cgroup=/\\x00",
		"uid=0 " EXE " path=/a cgroup=/\xff",
		"uid=0 " EXE " cgroup=/ path=/a",
		" uid=0 " EXE " path=/a cgroup=/",
	};
	struct bv_requester who;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(read_text(texts[i], &who), -EBADMSG);
}

/* Every beginning of one that is good. */
static void test_cut(void **state)
{
	static const char text[] = "uid=10 " EXE " path=/a\\x20 cgroup=/";
	struct bv_requester who;

	for (size_t len = 0; len < strlen(text); len++)
		assert_int_equal(bv_requester_read((struct bv_span){ (const uint8_t *)text, len },
						   &who), -EBADMSG);
	assert_int_equal(read_text(text, &who), 0);
}

/* As long as it may be, and a byte longer. */
static void test_long(void **state)
{
	static const char begin[] = "uid=0 " EXE " path=/a cgroup=/";
	static char text[BASTION_REQUESTER_MAX + 2];
	struct bv_requester who;

	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, begin, strlen(begin));
	assert_int_equal(read_text(text, &who), -EBADMSG);
	text[BASTION_REQUESTER_MAX] = '\0';
	assert_int_equal(read_text(text, &who), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
