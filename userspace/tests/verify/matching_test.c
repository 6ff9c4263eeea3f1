// SPDX-License-Identifier: GPL-2.0
/* Patterns of paths, and what reference values say of a path and a digest. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "libbastion-verify/reference-glob.h"
#include "libbastion-verify/reference.h"
#include "testreferences.h"

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
		{ "/***", "/a/b", true }, { "/****b", "/x/b", true }, { "/[a]", "/[a]", true }, { "/[a]", "/a", false },
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

static struct bv_references *load(const char *text, struct bv_error *err)
{
	struct bv_references *loaded = bv_references_new();

	assert_non_null(loaded);
	if (!bv_references_add(loaded, (struct bv_span){ (const uint8_t *)text, strlen(text) }, err))
		return loaded;
	bv_references_free(loaded);
	return NULL;
}

static void test_find(void **state)
{
	static const struct {
		const char *path;
		const char *digest;
		enum bv_match match;
		const char *known;
		const char *generation;
	} cases[] = {
		{ "/usr/bin/a", DIGEST_2, BV_MATCH_GOOD, "/usr/bin/a", "now" },
		{ "/usr/bin/a", DIGEST_3, BV_MATCH_GOOD, "/usr/bin/a", "next" },
		{ "/usr/bin/a", DIGEST_1, BV_MATCH_RETIRED, "/usr/bin/a", "old" },
		{ "/usr/bin/a", DIGEST_4, BV_MATCH_OTHER, "/usr/bin/a", "next" },
		{ "/usr/lib/x.so", DIGEST_3, BV_MATCH_GOOD, "/usr/lib/*.so", "now" },
		{ "/usr/lib/x.so", DIGEST_4, BV_MATCH_OTHER, "/usr/lib/*.so", "now" },
		{ "/tmp/a", DIGEST_2, BV_MATCH_ELSEWHERE, "/usr/bin/a", "now" },
		{ "/usr/bin/b", DIGEST_4, BV_MATCH_UNKNOWN, "/usr/bin/a", "next" },
		{ "nothing", DIGEST_4, BV_MATCH_UNKNOWN, NULL, NULL },
		{ "boot_aggregate", DIGEST_4, BV_MATCH_GOOD, "boot_aggregate", "now" },
	};
	struct bv_references *loaded = load(references, NULL);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bv_nearest near;

		bv_references_find(loaded, (struct bv_span){ (const uint8_t *)cases[i].path,
							     strlen(cases[i].path) },
				   cases[i].digest, false, &near);
		if (near.match != cases[i].match)
			fail_msg("%s, %s: %d", cases[i].path, cases[i].digest, near.match);
		if (!cases[i].known) {
			assert_null(near.path);
			continue;
		}
		assert_string_equal(near.path, cases[i].known);
		assert_string_equal(near.generation, cases[i].generation);
		assert_int_equal(near.retired, !strcmp(near.generation, "old"));
	}
	bv_references_free(loaded);
}

/* A value for any digest does not count for what anything may be called. */
static void test_nameless(void **state)
{
	struct bv_references *loaded = load(references, NULL);
	const struct bv_span aggregate = { (const uint8_t *)"boot_aggregate", 14 };
	const struct bv_span known = { (const uint8_t *)"/usr/bin/a", 10 };
	struct bv_nearest near;

	bv_references_find(loaded, aggregate, DIGEST_4, true, &near);
	assert_int_equal(near.match, BV_MATCH_UNKNOWN);
	bv_references_find(loaded, known, DIGEST_2, true, &near);
	assert_int_equal(near.match, BV_MATCH_GOOD);
	bv_references_free(loaded);
}

#define FILES(files)	"{\"generations\": [{\"name\": \"n\", \"files\": " files "}]}"

static void test_bad_references(void **state)
{
	static const char *const bad[] = {
		"[]", "{}", "{\"generations\": []}", "{\"generations\": [1]}",
		"{\"generations\": [{\"name\": \"n\"}]}", "{\"generations\": [{\"files\": []}]}",
		"{\"generations\": [{\"name\": \"n\", \"retired\": 1, \"files\": []}]}",
		"{\"generations\": [{\"name\": \"n\", \"files\": [], \"old\": true}]}",
		"{\"generations\": [{\"name\": \"n\", \"files\": []}], \"more\": 1}",
		FILES("[1]"), FILES("[{}]"), FILES("[{\"path\": \"/a\"}]"),
		FILES("[{\"path\": \"/a\", \"digests\": []}]"),
		FILES("[{\"path\": \"/a\", \"digests\": \"all\"}]"),
		FILES("[{\"path\": \"/a\", \"digests\": [\"sha256:00\"]}]"),
		FILES("[{\"path\": \"/a\", \"digests\": [\"" "SHA256:" "\"]}]"),
		FILES("[{\"path\": \"/a\", \"digests\": [\"" DIGEST_1 "\", \"" D32("ff") "\"]}]"),
		FILES("[{\"path\": \"/a\", \"digests\": [\"00112233445566778899aabbccddeeff\"]}]"),
		FILES("[{\"path\": \"/a\", \"digests\": \"any\", \"digest\": 1}]"),
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct bv_error err = { "" };

		assert_null(load(bad[i], &err));
		assert_true(strlen(err.text) > 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_globs),
		cmocka_unit_test(test_long_glob),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_nameless),
		cmocka_unit_test(test_bad_references),
	};

	return cmocka_run_group_tests_name("verify: matching", tests, NULL, NULL);
}
