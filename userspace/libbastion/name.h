/* SPDX-License-Identifier: GPL-2.0 */
/* Names that reach the kernel or the file system: checked in one place. */
#ifndef LIBBASTION_NAME_H
#define LIBBASTION_NAME_H

#include <stdbool.h>

/**
 * bastion_name_ok - is this a key's, a verifier's or an event's name?
 * @name: NUL terminated, of any length
 *
 * [A-Za-z0-9._-]{1,63} without a leading dot, so that it is also a harmless
 * file name: no separator, no hidden file, neither "." nor "..".
 *
 * Return: true if it is.
 */
bool bastion_name_ok(const char *name);

/**
 * bastion_name_label_ok - is this a policy label?
 * @label: NUL terminated, of any length
 *
 * Return: true for [a-z0-9._-]{1,64} (bastion/round.h).
 */
bool bastion_name_label_ok(const char *label);

#endif
