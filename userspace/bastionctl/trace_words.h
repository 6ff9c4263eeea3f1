/* SPDX-License-Identifier: GPL-2.0 */
/* Events of the kernel's trace for people, and for programs. */
#ifndef BASTIONCTL_TRACE_WORDS_H
#define BASTIONCTL_TRACE_WORDS_H

#include <stdio.h>

#include <jansson.h>

#include "bastionctl/trace_line.h"

/** trace_words_print - what happened, in plain words without a newline */
void trace_words_print(FILE *to, const struct trace_line *line);

/**
 * trace_words_json - what happened, as an object
 * @line: from trace_line_parse()
 *
 * Its member "event" says what; the others are the event's fields, and "task" and
 * "pid". Documentation/tracing.rst has them all.
 *
 * Return: the object, or NULL without memory.
 */
json_t *trace_words_json(const struct trace_line *line);

#endif
