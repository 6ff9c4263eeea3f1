// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bastion.h>

#include "bastionctl/report.h"
#include "bastionctl/trace_words.h"
#include "libbastion/explain.h"

#define FIELD(name) trace_line_field(line, name)

/* Those that are numbers; whatever else looks like one is a name or a digest. */
static const char *const numbers[] = {
	"in_len", "out_len", "error", "duration_ns", "lifetime_ms", "entries", "keys", "result",
	"owner", "requester", "waited_ns",
};

static bool parse_number(const char *text, long long *number)
{
	char *end;

	errno = 0;
	*number = strtoll(text, &end, 10);
	return !errno && end != text && !*end;
}

static long long number_of(const struct trace_line *line, const char *name)
{
	long long number;

	return parse_number(FIELD(name), &number) ? number : 0;
}

/* Text fields are the kernel's own words, but a terminal shall not depend on it. */
static void put(FILE *to, const char *before, const char *text)
{
	fputs(before, to);
	report_text(to, *text ? text : "?");
}

static void put_time(FILE *to, const char *before, long long ns)
{
	if (ns < 1000000)
		fprintf(to, "%s%.0f us", before, ns / 1e3);
	else if (ns < 1000000000)
		fprintf(to, "%s%.1f ms", before, ns / 1e6);
	else
		fprintf(to, "%s%.1f s", before, ns / 1e9);
}

/* The words for a reason, which the trace has by its short name. */
static void put_reason(FILE *to, const char *before, const char *name)
{
	static const char *const names[] = {
		[BASTION_REASON_PROBE] = "probe",
		[BASTION_REASON_GRANT] = "grant",
		[BASTION_REASON_EXPIRED] = "expired",
		[BASTION_REASON_RELOCK] = "relock",
		[BASTION_REASON_VERIFIERS] = "verifiers",
		[BASTION_REASON_REGISTERS] = "registers",
		[BASTION_REASON_RESET] = "reset",
		[BASTION_REASON_SUSPEND] = "suspend",
		[BASTION_REASON_CHIP] = "chip",
		[BASTION_REASON_EXTEND] = "extend",
		[BASTION_REASON_SELF_TEST] = "self-test",
		[BASTION_REASON_REMOVED] = "removed",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(names[i], name))
			name = report_reason(i);
	}
	put(to, before, name);
}

/* ": why not" for an error, nothing without one. */
static void put_refusal(FILE *to, enum bastion_op op, long long result)
{
	const struct bastion_explanation *row;

	if (result >= 0 || result < -4095)
		return;
	row = bastion_explain(op, -result);
	fprintf(to, ": %s", row ? row->meaning : strerror(-result));
}

static void print_command(FILE *to, const struct trace_line *line)
{
	long long error = number_of(line, "error");

	put(to, "chip: ", FIELD("command"));
	put(to, error ? " not answered" : " answered ", error ? " " : FIELD("status"));
	put_time(to, error ? "after " : " in ", number_of(line, "duration_ns"));
	if (error)
		put_refusal(to, BASTION_OP_DEVICE, error);
	else
		fprintf(to, " (%lld bytes in, %lld out)", number_of(line, "in_len"),
			number_of(line, "out_len"));
}

static void print_state(FILE *to, const struct trace_line *line)
{
	put(to, "gate: from ", FIELD("from"));
	put(to, " to ", FIELD("to"));
	put_reason(to, ": ", FIELD("reason"));
}

static void print_grant(FILE *to, const struct trace_line *line)
{
	long long entries = number_of(line, "entries");

	put(to, "grant: live, of verifier ", FIELD("verifier"));
	fprintf(to, ", for %lld s, %lld %s", (number_of(line, "lifetime_ms") + 500) / 1000, entries,
		entries == 1 ? "entry" : "entries");
}

static void print_grant_end(FILE *to, const struct trace_line *line)
{
	long long keys = number_of(line, "keys");

	put(to, "grant: ended, of verifier ", FIELD("verifier"));
	put_reason(to, ": ", FIELD("reason"));
	fprintf(to, "; %lld released %s with it", keys, keys == 1 ? "key ended" : "keys ended");
}

static void print_round(FILE *to, const struct trace_line *line)
{
	static const struct {
		const char *step, *done, *refused;
		enum bastion_op op;
	} steps[] = {
		{ "begin", "begun", "not begun", BASTION_OP_ROUND },
		{ "quote", "quoted", "not quoted", BASTION_OP_ROUND },
		{ "grant", "grant accepted", "grant refused", BASTION_OP_GRANT },
	};
	long long result = number_of(line, "result");
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (strcmp(steps[i].step, FIELD("step")))
			continue;
		put(to, "round: ", result < 0 ? steps[i].refused : steps[i].done);
		put_refusal(to, steps[i].op, result);
		return;
	}
	put(to, "round: ", FIELD("step"));
	put_refusal(to, BASTION_OP_ROUND, result);
}

/* What a release and a signature have in common: for whom, how long, why not. */
static void put_use(FILE *to, const struct trace_line *line, enum bastion_op op)
{
	long long waited = number_of(line, "waited_ns");

	put(to, " uid ", FIELD("requester"));
	if (waited >= 1000000)
		put_time(to, ", waited ", waited);
	put_refusal(to, op, number_of(line, "result"));
}

static void print_release(FILE *to, const struct trace_line *line)
{
	put(to, "key ", FIELD("name"));
	put(to, number_of(line, "result") < 0 ? " not released as " : " released as ", FIELD("type"));
	put(to, " through ", FIELD("door"));
	fputs(" to", to);
	put_use(to, line, BASTION_OP_RELEASE);
}

static void print_sign(FILE *to, const struct trace_line *line)
{
	put(to, "key ", FIELD("name"));
	fputs(number_of(line, "result") < 0 ? " did not sign for" : " signed for", to);
	put_use(to, line, BASTION_OP_SIGN);
}

static void print_key(FILE *to, const struct trace_line *line)
{
	long long result = number_of(line, "result");

	put(to, "key ", FIELD("name"));
	put(to, result < 0 ? ": not done: " : ": ", FIELD("verb"));
	if (number_of(line, "owner") >= 0)
		put(to, ", owner uid ", FIELD("owner"));
	put_refusal(to, strcmp(FIELD("verb"), "load") ? BASTION_OP_KEY : BASTION_OP_LOAD, result);
}

void trace_words_print(FILE *to, const struct trace_line *line)
{
	static const struct {
		const char *event;
		void (*print)(FILE *to, const struct trace_line *line);
	} rows[] = {
		{ "command", print_command }, { "state", print_state },
		{ "grant", print_grant }, { "grant_end", print_grant_end },
		{ "round", print_round }, { "release", print_release },
		{ "sign", print_sign }, { "key", print_key },
	};
	size_t i;

	if (line->lost) {
		fprintf(to, "%llu events were lost", line->lost);
		return;
	}
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!strcmp(rows[i].event, line->event)) {
			rows[i].print(to, line);
			return;
		}
	}
	/* Of a module that knows more. */
	put(to, "", line->event);
	for (i = 0; i < line->count; i++) {
		put(to, " ", line->fields[i].name);
		put(to, "=", line->fields[i].value);
	}
}

static json_t *field_json(const char *name, const char *value)
{
	long long number;
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (!strcmp(numbers[i], name) && parse_number(value, &number))
			return json_integer(number);
	}
	return json_string(value);
}

/* A task may call itself anything; JSON is UTF-8. */
static json_t *task_json(const char *task)
{
	char text[64];
	size_t i;

	for (i = 0; task[i] && i < sizeof(text) - 1; i++)
		text[i] = isprint((unsigned char)task[i]) && isascii(task[i]) ? task[i] : '?';
	text[i] = '\0';
	return json_string(text);
}

json_t *trace_words_json(const struct trace_line *line)
{
	json_t *json;
	size_t i;

	if (line->lost)
		return json_pack("{s:s, s:I}", "event", "lost", "count", (json_int_t)line->lost);
	json = json_pack("{s:s, s:o, s:I}", "event", line->event, "task", task_json(line->task),
			 "pid", (json_int_t)line->pid);
	for (i = 0; i < line->count; i++)
		json_object_set_new(json, line->fields[i].name,
				    field_json(line->fields[i].name, line->fields[i].value));
	return json;
}
