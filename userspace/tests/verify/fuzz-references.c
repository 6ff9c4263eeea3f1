// SPDX-License-Identifier: GPL-2.0
/*
 * Reference values, and looking things up in them. The input is the file, then a
 * NUL, and a path. What was accepted is found again.
 */
#include <stdlib.h>
#include <string.h>

#include "libbastion-verify/reference-glob.h"
#include "libbastion-verify/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The dullest way to match, for short texts. */
static bool slow_match(const char *pattern, const uint8_t *path, size_t len)
{
	bool deep = pattern[0] == '*' && pattern[1] == '*';

	if (!*pattern)
		return !len;
	if (*pattern == '*')
		return slow_match(pattern + 1 + deep, path, len) ||
		       (len && (deep || *path != '/') && slow_match(pattern, path + 1, len - 1));
	return len && (*pattern == '?' ? *path != '/' : (uint8_t)*pattern == *path) &&
	       slow_match(pattern + 1, path + 1, len - 1);
}

static void match(const char *pattern, struct bv_span path)
{
	struct bv_glob glob;

	if (bv_glob_init(&glob, pattern, NULL))
		return;
	if (strlen(pattern) > 10 || path.len > 12)
		bv_glob_match(&glob, path);
	else if (bv_glob_match(&glob, path) != slow_match(pattern, path.data, path.len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char digest[] = "sha1:0000000000000000000000000000000000000000";
	struct bv_references *references = bv_references_new();
	const uint8_t *end = size ? memchr(data, 0, size) : NULL;
	struct bv_span text = { data, end ? (size_t)(end - data) : size };
	struct bv_span path = { data + text.len + !!end, size - text.len - !!end };
	struct bv_nearest nearest;
	struct bv_error err;
	char *pattern = strndup((const char *)data, text.len);

	match(pattern, path);
	if (!bv_references_add(references, text, &err)) {
		bv_references_find(references, path, digest, path.len % 2, &nearest);
		if (nearest.path)
			bv_references_find(references,
					   (struct bv_span){ (const uint8_t *)nearest.path,
							     strlen(nearest.path) },
					   nearest.digest ? nearest.digest : digest, false, &nearest);
		if (nearest.path && nearest.match > BV_MATCH_RETIRED && !strpbrk(nearest.path, "*?"))
			abort();
	}
	bv_references_free(references);
	free(pattern);
	return 0;
}
