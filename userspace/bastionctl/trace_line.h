/* SPDX-License-Identifier: GPL-2.0 */
/* Reading lines of the kernel's trace_pipe. Pure: text in, fields out. */
#ifndef BASTIONCTL_TRACE_LINE_H
#define BASTIONCTL_TRACE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_LINE_FIELDS 16
#define TRACE_LINE_PREFIX "bastion_"

/**
 * struct trace_line - one event, or word of events that were lost
 * @lost:    so many events were, and nothing else here counts; 0 for an event
 * @time_us: when, by the trace's clock
 * @task:    name of the process in whose context it happened; any bytes, as it
 *	     chose itself
 * @pid:     its number
 * @event:   what happened, without TRACE_LINE_PREFIX
 * @count:   fields that there are
 * @fields:  in their order; values hold no white space and may be empty
 *
 * The strings are in the line that was parsed.
 */
struct trace_line {
	unsigned long long lost;
	uint64_t time_us;
	const char *task;
	long pid;
	const char *event;
	size_t count;
	struct {
		const char *name;
		const char *value;
	} fields[TRACE_LINE_FIELDS];
};

/**
 * trace_line_parse - take one line apart
 * @text: the line, without its newline; changed
 * @line: out
 *
 * A process may have given itself a name of any 15 bytes, a newline and words of
 * this format among them. So few cannot make up what is asked for here: processor,
 * time and event.
 *
 * Return: false for whatever is not an event of bastion's nor word of lost ones.
 */
bool trace_line_parse(char *text, struct trace_line *line);

/** trace_line_field - the value of a field, or "" when there is none */
const char *trace_line_field(const struct trace_line *line, const char *name);

#endif
