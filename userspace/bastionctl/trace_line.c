// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bastionctl/trace_line.h"

#define DIGITS	   "0123456789"
#define NAME_BYTES "abcdefghijklmnopqrstuvwxyz_" DIGITS
/* What the kernel prints at least of a processor's number, and of a second. */
#define CPU_DIGITS 3
#define US_DIGITS  6

static char *skip_spaces(char *p)
{
	return p + strspn(p, " ");
}

/* "CPU:0 [LOST 12 EVENTS]" and nothing else. */
static bool parse_lost(const char *text, struct trace_line *line)
{
	int end = -1;

	return sscanf(text, "CPU:%*u [LOST %llu EVENTS]%n", &line->lost, &end) == 1 &&
	       end >= 0 && !text[end] && line->lost;
}

/* "SECONDS.MICROSECONDS: ": what follows, or NULL. */
static char *parse_time(char *p, uint64_t *time_us)
{
	size_t digits = strspn(p, DIGITS);
	unsigned long long seconds;

	/* So many seconds are a billion years; more would overflow. */
	if (!digits || digits > 12 || p[digits] != '.' ||
	    strspn(p + digits + 1, DIGITS) != US_DIGITS ||
	    strncmp(p + digits + 1 + US_DIGITS, ": ", 2))
		return NULL;
	seconds = strtoull(p, NULL, 10);
	*time_us = seconds * 1000000 + strtoull(p + digits + 1, NULL, 10);
	return p + digits + 1 + US_DIGITS + 2;
}

/* "[CPU] FLAGS TIME: EVENT: ", the flags perhaps not: what follows, or NULL. */
static char *parse_place(char *p, struct trace_line *line)
{
	size_t digits = strspn(p + 1, DIGITS), len;
	char *rest;

	if (digits < CPU_DIGITS || strncmp(p + 1 + digits, "] ", 2))
		return NULL;
	p = skip_spaces(p + 1 + digits + 2);
	rest = parse_time(p, &line->time_us);
	if (!rest)
		rest = parse_time(skip_spaces(p + strcspn(p, " ")), &line->time_us);
	if (!rest)
		return NULL;
	len = strspn(rest, NAME_BYTES);
	if (strncmp(rest, TRACE_LINE_PREFIX, strlen(TRACE_LINE_PREFIX)) || rest[len] != ':')
		return NULL;
	line->event = rest + strlen(TRACE_LINE_PREFIX);
	rest[len] = '\0';
	return skip_spaces(rest + len + 1);
}

/* "TASK-PID" and what some options put behind it. */
static void parse_task(char *text, struct trace_line *line)
{
	char *dash = strrchr(text, '-');

	line->task = "";
	line->pid = 0;
	if (!dash || !strspn(dash + 1, DIGITS))
		return;
	errno = 0;
	line->pid = strtol(dash + 1, NULL, 10);
	if (errno)
		line->pid = 0;
	*dash = '\0';
	line->task = skip_spaces(text);
}

static void parse_fields(char *p, struct trace_line *line)
{
	char *word, *equals;

	line->count = 0;
	while ((word = strsep(&p, " ")) && line->count < TRACE_LINE_FIELDS) {
		equals = word + strspn(word, NAME_BYTES);
		if (equals == word || *equals != '=')
			continue;
		*equals = '\0';
		line->fields[line->count].name = word;
		line->fields[line->count].value = equals + 1;
		line->count++;
	}
}

bool trace_line_parse(char *text, struct trace_line *line)
{
	char *bracket, *rest;

	line->lost = 0;
	if (parse_lost(text, line))
		return true;
	line->lost = 0;
	for (bracket = strchr(text, '['); bracket; bracket = strchr(bracket + 1, '[')) {
		rest = parse_place(bracket, line);
		if (!rest)
			continue;
		*bracket = '\0';
		parse_task(text, line);
		parse_fields(rest, line);
		return true;
	}
	return false;
}

const char *trace_line_field(const struct trace_line *line, const char *name)
{
	size_t i;

	for (i = 0; i < line->count; i++) {
		if (!strcmp(line->fields[i].name, name))
			return line->fields[i].value;
	}
	return "";
}
