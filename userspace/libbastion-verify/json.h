/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading JSON that may be hostile: duplicates and unknown members are refused,
 * every member has one type and a bound, every refusal names the member.
 */
#ifndef BV_JSON_H
#define BV_JSON_H

#include <jansson.h>

#include "bytes.h"
#include "error.h"

#define BV_JSON_FEW	1000	/* values, of messages and records */

/**
 * bv_json_parse() - read one JSON object
 * @text:	untrusted, UTF-8
 * @max:	most bytes allowed
 * @values:	most values allowed: three bytes of text are some 500 in memory
 * @what:	names it in errors
 * @err:	what was wrong
 *
 * Return: a new reference, or NULL.
 */
json_t *bv_json_parse(struct bv_span text, size_t max, size_t values, const char *what,
		      struct bv_error *err);

/**
 * bv_json_only() - refuse members that are not known
 * @object:	an object
 * @known:	names, NULL after the last
 * @what:	names the object in errors
 * @err:	what was wrong
 *
 * Return: 0, -EBADMSG.
 */
int bv_json_only(const json_t *object, const char *const known[], const char *what,
		 struct bv_error *err);

/*
 * Each of these reads member @name of @object and returns 0, or -EBADMSG with
 * the error said. A missing member is an error, too.
 */

/** bv_json_hex() - lower-case hex of @min to @max bytes; @len may be NULL */
int bv_json_hex(const json_t *object, const char *name, uint8_t *out, size_t min, size_t max,
		size_t *len, struct bv_error *err);

/** bv_json_number() - an integer from @min to @max */
int bv_json_number(const json_t *object, const char *name, int64_t min, int64_t max,
		   int64_t *out, struct bv_error *err);

/** bv_json_text() - a string without NUL of at most @max bytes; borrowed */
int bv_json_text(const json_t *object, const char *name, size_t max, const char **out,
		 struct bv_error *err);

#endif
