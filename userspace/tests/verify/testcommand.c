// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "testcommand.h"

char tm_complaint[1024];
static char folder[32];

/* The program's own are in its main.c. */
static int complain(int code, const char *fmt, va_list args)
{
	vsnprintf(tm_complaint, sizeof(tm_complaint), fmt, args);
	va_end(args);
	return code;
}

int verifier_usage(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	return complain(VERIFIER_USAGE, fmt, args);
}

int verifier_fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	return complain(VERIFIER_REFUSED, fmt, args);
}

int tm_setup(void **state)
{
	strcpy(folder, "/tmp/bastion-command-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

int tm_teardown(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

const char *tm_path(const char *name)
{
	static char paths[8][256];
	static int which;
	char *path = paths[which++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

void tm_write(const char *name, struct bv_span bytes)
{
	FILE *file = fopen(tm_path(name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
	assert_int_equal(fclose(file), 0);
}

void tm_write_text(const char *name, const char *text)
{
	tm_write(name, (struct bv_span){ (const uint8_t *)text, strlen(text) });
}

int tm_run(int (*command)(int argc, char **argv), const char *const argv[])
{
	int fd = open(tm_path("output"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int argc = 0, code, saved = dup(STDOUT_FILENO);
	char *copy[32];

	for (; argv[argc]; argc++)
		copy[argc] = (char *)argv[argc];
	copy[argc] = NULL;
	tm_complaint[0] = '\0';
	optind = 0;
	fflush(stdout);
	assert_true(saved >= 0 && fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0);
	code = command(argc, copy);
	fflush(stdout);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	close(saved);
	close(fd);
	return code;
}

json_t *tm_json(void)
{
	json_t *json = json_load_file(tm_path("output"), 0, NULL);

	assert_non_null(json);
	return json;
}
