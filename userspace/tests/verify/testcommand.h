/* SPDX-License-Identifier: GPL-2.0 */
/* Commands of bastion-verifier, run in the test's own process, in a folder of their own. */
#ifndef TESTCOMMAND_H
#define TESTCOMMAND_H

#include <jansson.h>

#include "bastion-verifier/verifier.h"
#include "libbastion-verify/bytes.h"

/* What the last command complained of. */
extern char tm_complaint[1024];

/* For cmocka: make the folder, remove it. */
int tm_setup(void **state);
int tm_teardown(void **state);

/** tm_path() - of a file in the folder; good until the eighth next call */
const char *tm_path(const char *name);

/** tm_write() - write a file in the folder */
void tm_write(const char *name, struct bv_span bytes);
void tm_write_text(const char *name, const char *text);

/**
 * tm_run() - run a command
 * @command:	of the program
 * @argv:	from the command's name on, NULL after the last
 *
 * Its standard output goes into the file "output".
 *
 * Return: its exit code.
 */
int tm_run(int (*command)(int argc, char **argv), const char *const argv[]);

#define TM_RUN(command, ...)	tm_run(command, (const char *const[]){ __VA_ARGS__, NULL })

/** tm_json() - what the last command printed; fails the test if that is no JSON */
json_t *tm_json(void);

#endif
