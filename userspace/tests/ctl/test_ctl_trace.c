// SPDX-License-Identifier: GPL-2.0
/* Lines of a trace: those of the kernel's are understood, whatever a task calls itself. */
#include <stdio.h>
#include <stdlib.h>

#include "bastionctl/trace_line.h"
#include "bastionctl/trace_words.h"
#include "tests/ctl/test.h"

#define PLACE "     bastionctl-1234    [001] ..... 12345.000678: "

static bool parse(const char *text, struct trace_line *line)
{
	static char copy[1024];

	snprintf(copy, sizeof(copy), "%s", text);
	return trace_line_parse(copy, line);
}

static void a_line(void **state)
{
	struct trace_line line;

	assert_true(parse(PLACE "bastion_round: dev=bastion0 step=quote result=-116", &line));
	assert_int_equal(line.lost, 0);
	assert_int_equal(line.time_us, 12345000678);
	assert_string_equal(line.task, "bastionctl");
	assert_int_equal(line.pid, 1234);
	assert_string_equal(line.event, "round");
	assert_int_equal(line.count, 3);
	assert_string_equal(trace_line_field(&line, "dev"), "bastion0");
	assert_string_equal(trace_line_field(&line, "step"), "quote");
	assert_string_equal(trace_line_field(&line, "result"), "-116");
	assert_string_equal(trace_line_field(&line, "none"), "");
}

/* Options of tracefs add and take away columns. */
static void columns(void **state)
{
	struct trace_line line;

	assert_true(parse("<idle>-0 [000] 1.000001: bastion_key: name=", &line));
	assert_string_equal(line.task, "<idle>");
	assert_string_equal(trace_line_field(&line, "name"), "");
	assert_int_equal(line.count, 1);
	assert_true(parse("a-b c-7 (  7) [127] d.h2.  0.000000: bastion_x: a=1 b= c=x=y", &line));
	assert_string_equal(line.task, "a-b c");
	assert_int_equal(line.pid, 7);
	assert_string_equal(trace_line_field(&line, "c"), "x=y");
	assert_true(parse("CPU:3 [LOST 12 EVENTS]", &line));
	assert_int_equal(line.lost, 12);
}

static void not_lines(void **state)
{
	static const char *const texts[] = {
		"", "[", "[]", "[000]", "[000] ", "[000] 1.000000: ", "# tracer: nop",
		PLACE "sched_switch: prev_comm=a", PLACE "bastion_state", PLACE "bastion_state dev=a",
		"a-1 [00] ..... 1.000000: bastion_x: a=1",
		"a-1 [000] ..... 1.00000: bastion_x: a=1",
		"a-1 [000] ..... 1.000000 bastion_x: a=1",
		"a-1 [000] ..... 9999999999999.000000: bastion_x: a=1",
		"CPU:3 [LOST 12 EVENTS] [000] x", "CPU:3 [LOST 0 EVENTS]", "CPU:3 [LOST EVENTS]",
	};
	struct trace_line line;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(parse(texts[i], &line));
}

/* 15 bytes are a task's to choose, and it may break the line in two. */
static void forged_tasks(void **state)
{
	static const char *const names[] = {
		"[000] 1.000000:", "[000] . 1.0: b", "bastion_x: a=1", "CPU:0 [LOST 1 E", "-1 [000] x",
		"[[[[[[[[[[[[[[[", "a=1 b=2 name=x", "[000] 1.000000",
	};
	struct trace_line line;
	char text[256];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_true(strlen(names[i]) <= 15);
		/* What comes behind the newline. */
		snprintf(text, sizeof(text), "%s-55 [002] ..... 7.000008: bastion_key: name=k",
			 names[i]);
		assert_true(parse(text, &line));
		assert_string_equal(line.task, names[i]);
		assert_int_equal(line.pid, 55);
		assert_int_equal(line.time_us, 7000008);
		assert_int_equal(line.count, 1);
		assert_string_equal(trace_line_field(&line, "name"), "k");
		/* And what comes before it. */
		assert_false(parse(names[i], &line));
	}
}

static void many_fields(void **state)
{
	char text[1024] = PLACE "bastion_x:";
	struct trace_line line;
	size_t i;

	for (i = 0; i < TRACE_LINE_FIELDS + 5; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " f%zu=%zu", i, i);
	assert_true(parse(text, &line));
	assert_int_equal(line.count, TRACE_LINE_FIELDS);
	assert_string_equal(trace_line_field(&line, "f0"), "0");
}

static void expect_words(const char *event, const char *words)
{
	struct trace_line line;
	char text[512], *got = NULL;
	size_t size;
	FILE *to = open_memstream(&got, &size);

	snprintf(text, sizeof(text), PLACE "%s", event);
	assert_true(parse(text, &line));
	trace_words_print(to, &line);
	fclose(to);
	assert_string_equal(got, words);
	free(got);
}

static void words(void **state)
{
	expect_words("bastion_state: dev=bastion0 from=attested to=locked reason=expired",
		     "gate: from attested to locked: a grant's lifetime ended");
	expect_words("bastion_command: dev=x command=QUOTE in_len=48 out_len=900 status=OK error=0 "
		     "duration_ns=1234567",
		     "chip: QUOTE answered OK in 1.2 ms (48 bytes in, 900 out)");
	expect_words("bastion_grant: dev=bastion0 verifier=00ff lifetime_ms=299999 entries=1",
		     "grant: live, of verifier 00ff, for 300 s, 1 entry");
	expect_words("bastion_grant_end: dev=bastion0 verifier=00ff reason=relock keys=2",
		     "grant: ended, of verifier 00ff: somebody asked for it; 2 released keys ended "
		     "with it");
	expect_words("bastion_release: dev=bastion0 name=disk0 type=logon owner=0 requester=0 "
		     "door=ioctl result=0 waited_ns=2500000000",
		     "key disk0 released as logon through ioctl to uid 0, waited 2.5 s");
	expect_words("bastion_novel: a=1 b=\x1b[m", "novel a=1 b=?[m");
}

static void json(void **state)
{
	struct trace_line line;
	json_t *object;

	assert_true(parse("b\xff\"d-3 [000] ..... 1.000000: bastion_key: dev=none verb=load "
			  "name=123 owner=-1 result=-126 verifier=0123", &line));
	object = trace_words_json(&line);
	assert_string_equal(json_string_value(json_object_get(object, "event")), "key");
	assert_string_equal(json_string_value(json_object_get(object, "task")), "b?\"d");
	assert_int_equal(json_integer_value(json_object_get(object, "pid")), 3);
	/* A name that looks like a number is a name. */
	assert_string_equal(json_string_value(json_object_get(object, "name")), "123");
	assert_string_equal(json_string_value(json_object_get(object, "verifier")), "0123");
	assert_true(json_is_integer(json_object_get(object, "result")));
	assert_int_equal(json_integer_value(json_object_get(object, "owner")), -1);
	json_decref(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line), cmocka_unit_test(columns), cmocka_unit_test(not_lines),
		cmocka_unit_test(forged_tasks), cmocka_unit_test(many_fields),
		cmocka_unit_test(words), cmocka_unit_test(json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
