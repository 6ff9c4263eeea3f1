/* SPDX-License-Identifier: GPL-2.0 */
/* What the user sees: errors with advice, JSON, verdicts. */
#ifndef BASTIONCTL_REPORT_H
#define BASTIONCTL_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

#include "libbastion/error.h"

/**
 * report_error - print an error and what to do about it
 * @err: what failed
 *
 * Return: the exit code for it.
 */
int report_error(const struct bastion_error *err);

/**
 * report_usage - print what is wrong with the command line
 * @fmt: as printf(3)
 *
 * Return: 2, the exit code for it.
 */
int report_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * report_text - print text from elsewhere, control characters replaced
 * @to:	  stream
 * @text: UTF-8 or not; a terminal must not obey it
 */
void report_text(FILE *to, const char *text);

/** report_json - print a JSON value and a newline; takes the reference */
void report_json(json_t *json);

/** report_verdict - print a verdict, which has passed bastion_result_parse() */
void report_verdict(json_t *verdict);

/** report_state - the name of an enum bastion_state */
const char *report_state(unsigned int state);

/** report_reason - the name of an enum bastion_reason */
const char *report_reason(unsigned int reason);

/** report_kind - the name of an enum bastion_chip_kind */
const char *report_kind(unsigned int kind);

/** report_hex - bytes as a JSON string of hex, at most 128 of them */
json_t *report_hex(const void *data, size_t len);

#endif
