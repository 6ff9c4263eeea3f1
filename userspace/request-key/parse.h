/* SPDX-License-Identifier: GPL-2.0 */
/* The pure parts of the request-key helper. */
#ifndef REQUEST_KEY_PARSE_H
#define REQUEST_KEY_PARSE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * parse_description - what the kernel says of the key that is asked for
 * @text: "type;uid;gid;perm;bastion:NAME" (keyctl_describe(3)), changed
 *
 * The type and who asks are none of the helper's business: the kernel takes
 * them from the authorisation.
 *
 * Return: NAME inside @text, or NULL if it is not one of ours.
 */
const char *parse_description(char *text);

/**
 * parse_serial - the serial of the key, from the command line
 * @text: decimal
 *
 * Return: it, or 0.
 */
int32_t parse_serial(const char *text);

/**
 * parse_blob - hex text, white space behind it allowed, to bytes
 * @text: text
 * @len:  its length
 * @blob: where the bytes go
 * @size: room there
 *
 * Return: how many, or a negative errno.
 */
ssize_t parse_blob(const char *text, size_t len, uint8_t *blob, size_t size);

#endif
