// SPDX-License-Identifier: GPL-2.0
/* Patterns of paths. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "libbastion-verify/reference-glob.h"

static void test_globs(void **state)
{
	static const struct {
		const char *pattern;
		const char *path;
		bool match;
	} cases[] = {
		{ "/a", "/a", true }, { "/a", "/ab", false }, { "/ab", "/a", false },
		{ "/a/*", "/a/b", true }, { "/a/*", "/a/", true }, { "/a/*", "/a/b/c", false },
		{ "/a/*", "/a", false }, { "/a/**", "/a/b/c", true }, { "/a/**", "/a", false },
		{ "**", "", true }, { "**", "/any/thing", true }, { "*", "/any", false },
		{ "/a?c", "/abc", true }, { "/a?c", "/a/c", false }, { "/a?", "/a", false },
		{ "/*/b", "/x/b", true }, { "/*/b", "/x/y/b", false }, { "/**/b", "/x/y/b", true },
		{ "/**/b", "/b", false }, { "/*.so*", "/libx.so.1", true }, { "/*.so", "/x.so.1", false },
		{ "/**/*.ko", "/lib/m/k/a.ko", true }, { "/**/*.ko", "/lib/m/k/a.kox", false },
		{ "/*a*b*c", "/xxaxxbxxc", true }, { "/*a*b*c", "/xxaxxcxxb", false },
		{ "/***", "/a/b", true }, { "/[a]", "/[a]", true }, { "/[a]", "/a", false },
		{ "/**a/*b**c", "/1/a/2b/3/c", true }, { "/**a/*b**c", "/1/a/2/b/3/c", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bv_glob glob;

		assert_int_equal(bv_glob_init(&glob, cases[i].pattern, NULL), 0);
		if (bv_glob_match(&glob, (struct bv_span){ (const uint8_t *)cases[i].path,
							   strlen(cases[i].path) }) != cases[i].match)
			fail_msg("%s against %s", cases[i].pattern, cases[i].path);
	}
}

/* Patterns of all lengths that are allowed, and the first that is not. */
static void test_long_glob(void **state)
{
	char text[96] = "/usr/", path[96] = "/usr/xx";
	struct bv_error err = { "" };
	struct bv_glob glob;

	memset(text + 5, '?', BV_GLOB_MAX);
	memset(path + 5, 'x', BV_GLOB_MAX);
	assert_int_equal(bv_glob_init(&glob, text, NULL), 0);
	assert_true(bv_glob_match(&glob, (struct bv_span){ (uint8_t *)path, strlen(path) }));
	assert_false(bv_glob_match(&glob, (struct bv_span){ (uint8_t *)path, strlen(path) - 1 }));
	text[5 + BV_GLOB_MAX] = '?';
	assert_int_equal(bv_glob_init(&glob, text, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "63 characters"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_globs),
		cmocka_unit_test(test_long_glob),
	};

	return cmocka_run_group_tests_name("verify: patterns", tests, NULL, NULL);
}
