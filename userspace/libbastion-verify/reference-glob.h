/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Patterns for paths: "*" is any text without "/", "**" any text, "?" any
 * character but "/". Nothing else is special. The time that matching takes is
 * proportional to the path, whatever the pattern.
 */
#ifndef BV_REFERENCE_GLOB_H
#define BV_REFERENCE_GLOB_H

#include "bytes.h"
#include "error.h"

#define BV_GLOB_MAX	63	/* characters from the first wildcard on */

/**
 * struct bv_glob - a pattern, prepared
 * @prefix:	what comes before the first wildcard; the caller's text
 * @accept:	by character: bits of the items that it may stand for
 * @stars:	bits of the items that are "*" or "**"
 * @deep:	bits of those that are "**"
 * @end:	the bit that means that all items are done
 */
struct bv_glob {
	struct bv_span prefix;
	uint64_t accept[256];
	uint64_t stars;
	uint64_t deep;
	uint64_t end;
};

/** bv_glob_special() - whether a text has a wildcard */
bool bv_glob_special(const char *text);

/**
 * bv_glob_init() - prepare a pattern
 * @glob:	to prepare
 * @text:	terminated; must outlive @glob
 * @err:	what was wrong
 *
 * Return: 0, -EBADMSG when it is too long.
 */
int bv_glob_init(struct bv_glob *glob, const char *text, struct bv_error *err);

/** bv_glob_match() - whether the whole path matches */
bool bv_glob_match(const struct bv_glob *glob, struct bv_span path);

#endif
