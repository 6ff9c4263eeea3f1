/* SPDX-License-Identifier: GPL-2.0 */
/* base64url without padding (RFC 4648, section 5). */
#ifndef LIBBASTION_BASE64URL_H
#define LIBBASTION_BASE64URL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * bastion_base64url_encode - bytes to text
 * @data: bytes
 * @len:  how many
 *
 * Return: NUL-terminated text that the caller frees, or NULL without memory.
 */
char *bastion_base64url_encode(const void *data, size_t len);

/**
 * bastion_base64url_decode - text to bytes, strictly
 * @text: text without padding, white space or a terminator that counts
 * @len:  its length
 * @out:  where the bytes go
 * @size: room there
 *
 * One byte string has one text: leftover bits that are not zero are refused.
 *
 * Return: the number of bytes, -EINVAL if it is not base64url, -EMSGSIZE if it
 * does not fit.
 */
ssize_t bastion_base64url_decode(const char *text, size_t len, uint8_t *out, size_t size);

#endif
