/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reference values for files: which digests are good at which paths, in
 * generations that overlap (Documentation/verifier.rst).
 */
#ifndef BV_REFERENCE_H
#define BV_REFERENCE_H

#include <jansson.h>

#include "bytes.h"
#include "error.h"

#define BV_REFERENCE_MAX	(64 << 20)	/* bytes of a file of them */
#define BV_REFERENCE_VALUES	(4 << 20)	/* in a file of them */
#define BV_REFERENCE_DIGEST	160		/* "algorithm:hex" with its NUL, at most */

struct bv_references;

/** bv_references_new() - no values, to bv_references_free(); NULL without memory */
struct bv_references *bv_references_new(void);

/** bv_references_free() - free them; NULL is fine */
void bv_references_free(struct bv_references *references);

/**
 * bv_references_add() - add the values of a file
 * @references:	to add to; of no use after a failure
 * @text:	JSON
 * @err:	what was wrong, naming the generation
 *
 * Return: 0, -EBADMSG, -ENOMEM.
 */
int bv_references_add(struct bv_references *references, struct bv_span text,
		      struct bv_error *err);

/** bv_references_files() - how many added files there are */
size_t bv_references_files(const struct bv_references *references);

/* How what was measured compares with what is known, best first. */
enum bv_match {
	BV_MATCH_GOOD,
	BV_MATCH_RETIRED,	/* good, but in retired generations only */
	BV_MATCH_OTHER,		/* the path is known with other digests */
	BV_MATCH_ELSEWHERE,	/* the digest is known at other paths */
	BV_MATCH_UNKNOWN,
};

/**
 * struct bv_nearest - the known value that comes closest; texts of the references
 * @match:	how close
 * @path:	or a pattern; NULL when nothing is close
 * @digest:	one that is known there; NULL when any is good
 * @generation:	that has it
 * @retired:	whether that is retired
 */
struct bv_nearest {
	enum bv_match match;
	const char *path;
	const char *digest;
	const char *generation;
	bool retired;
};

/**
 * bv_references_find() - look a measurement up
 * @references:	the values
 * @path:	as in the log
 * @digest:	"algorithm:hex"
 * @nameless:	anything may have this path, so that values for any digest say nothing
 * @nearest:	what was found
 */
void bv_references_find(const struct bv_references *references, struct bv_span path,
			const char *digest, bool nameless, struct bv_nearest *nearest);

/** bv_digest_is_nothing() - all 0xff, in place of that of content that nobody can vouch for */
bool bv_digest_is_nothing(struct bv_span digest);

/**
 * bv_reference_digest() - spell a digest as references do
 * @out:	BV_REFERENCE_DIGEST bytes
 * @algorithm:	its name
 * @digest:	at most 64 bytes
 *
 * Return: 0, -EINVAL when there is no digest or the name is too long.
 */
int bv_reference_digest(char *out, struct bv_span algorithm, struct bv_span digest);

#endif
