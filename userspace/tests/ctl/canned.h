/* SPDX-License-Identifier: GPL-2.0 */
/* A measurement log to test with. */
#ifndef TESTS_CTL_CANNED_H
#define TESTS_CTL_CANNED_H

#include <stddef.h>
#include <stdint.h>

#define CANNED_ENTRIES 2
#define CANNED_MAX     512

/**
 * canned_log - an ima-buf entry of register 1 and an ima-ng entry of register 4
 * @log: CANNED_MAX bytes
 * @first: out: length of the first entry
 *
 * Return: the length of both.
 */
size_t canned_log(uint8_t *log, size_t *first);

/** canned_file - an entry of register 4, of this template and with this prefix of its digest */
size_t canned_file(uint8_t *log, const char *template, const char *prefix);

#endif
