// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "reference-glob.h"

bool bv_glob_special(const char *text)
{
	return strpbrk(text, "*?");
}

int bv_glob_init(struct bv_glob *glob, const char *text, struct bv_error *err)
{
	const char *at = text + strcspn(text, "*?");
	int item = 0;

	memset(glob, 0, sizeof(*glob));
	glob->prefix = (struct bv_span){ (const uint8_t *)text, at - text };
	for (; *at; at++, item++) {
		uint64_t bit = UINT64_C(1) << item;

		if (item == BV_GLOB_MAX)
			return bv_fail(err, "\"%.80s\" has more than %d characters from its first "
				       "wildcard on", text, BV_GLOB_MAX);
		if (*at == '*') {
			glob->stars |= bit;
			for (; at[1] == '*'; at++)
				glob->deep |= bit;
		} else if (*at == '?') {
			for (int c = 0; c < 256; c++)
				glob->accept[c] |= c == '/' ? 0 : bit;
		} else {
			glob->accept[(uint8_t)*at] |= bit;
		}
	}
	glob->end = UINT64_C(1) << item;
	return 0;
}

/* A star may stand for nothing; what comes after one is none. */
static uint64_t skip_stars(const struct bv_glob *glob, uint64_t items)
{
	return items | (items & glob->stars) << 1;
}

/* A set of items, as bits: each is one that the rest of the path may begin with. */
bool bv_glob_match(const struct bv_glob *glob, struct bv_span path)
{
	uint64_t items = skip_stars(glob, 1);

	if (path.len < glob->prefix.len ||
	    memcmp(path.data, glob->prefix.data, glob->prefix.len))
		return false;
	for (size_t i = glob->prefix.len; items && i < path.len; i++) {
		uint8_t c = path.data[i];

		items = (items & glob->accept[c]) << 1 |
			(items & (c == '/' ? glob->deep : glob->stars));
		items = skip_stars(glob, items);
	}
	return items & glob->end;
}
