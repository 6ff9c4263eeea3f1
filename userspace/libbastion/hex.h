/* SPDX-License-Identifier: GPL-2.0 */
/* Hexadecimal text. */
#ifndef LIBBASTION_HEX_H
#define LIBBASTION_HEX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * bastion_hex_encode - bytes to lower-case hex
 * @data: bytes
 * @len:  how many
 * @out:  room for 2 * @len + 1, NUL terminated
 */
void bastion_hex_encode(const void *data, size_t len, char *out);

/**
 * bastion_hex_decode - hex of either case to bytes
 * @hex:  text
 * @len:  its length, even
 * @out:  where the bytes go
 * @size: room there
 *
 * Return: the number of bytes, -EINVAL if it is not hex or of odd length,
 * -EMSGSIZE if it does not fit.
 */
ssize_t bastion_hex_decode(const char *hex, size_t len, uint8_t *out, size_t size);

/**
 * bastion_hex_decode_exact - hex of a fixed number of bytes
 * @hex:  NUL terminated
 * @out:  where they go
 * @size: how many they must be
 *
 * Return: 0, or -EINVAL.
 */
int bastion_hex_decode_exact(const char *hex, uint8_t *out, size_t size);

#endif
