/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every parser of bytes must survive: being cut short, and any one byte
 * being wrong.
 */
#ifndef _KMOD_TESTS_MUTATE_H
#define _KMOD_TESTS_MUTATE_H

#include <linux/types.h>

/* Parses a copy of exactly @len bytes, so that ASan sees every byte beyond; 0 when accepted. */
typedef int (*mutate_parse)(const u8 *buf, size_t len);

/**
 * mutate_exact - parses @len bytes that have nothing readable behind them
 * @parse:	the parser
 * @buf:	what to parse
 * @len:	bytes at @buf
 *
 * Return: what the parser did.
 */
int mutate_exact(mutate_parse parse, const u8 *buf, size_t len);

/**
 * mutate_truncate - asserts that every proper prefix is refused
 * @parse:	the parser
 * @buf:	what it accepts
 * @len:	bytes at @buf
 */
void mutate_truncate(mutate_parse parse, const u8 *buf, size_t len);

/**
 * mutate_extend - asserts that one byte more is refused
 * @parse:	the parser
 * @buf:	what it accepts
 * @len:	bytes at @buf
 * @surplus:	the byte
 */
void mutate_extend(mutate_parse parse, const u8 *buf, size_t len, u8 surplus);

/**
 * mutate_each_byte - gives one byte after the other every other value
 * @parse:	the parser
 * @buf:	what it accepts; left as it was
 * @len:	bytes at @buf
 * @any:	any[i] tells that byte i may have any value; the others may have
 *		at most those that @parse accepts
 *
 * Asserts that such a byte is never refused, so that the parser does not
 * refuse what it has no business to judge.
 *
 * Return: the number of accepted changes to the other bytes.
 */
size_t mutate_each_byte(mutate_parse parse, u8 *buf, size_t len, const bool *any);

#endif
