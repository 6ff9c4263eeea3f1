/* SPDX-License-Identifier: GPL-2.0 */
/* Reading JSON that may be hostile: a verifier's. */
#ifndef LIBBASTION_JSON_H
#define LIBBASTION_JSON_H

#include <stddef.h>

#include <jansson.h>

#define BASTION_JSON_VALUES 100000	/* three bytes of text are some 500 in memory */

/**
 * bastion_json_parse - read one JSON object
 * @text: not trusted, of a length that the caller bounds
 * @len:  its length
 *
 * Return: a new reference; NULL if it is something else, a member is there twice, there are
 * more than BASTION_JSON_VALUES values, or no memory.
 */
json_t *bastion_json_parse(const void *text, size_t len);

#endif
