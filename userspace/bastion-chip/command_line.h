/* SPDX-License-Identifier: GPL-2.0 */
/* The subcommands: each takes its own argv and returns the exit status. */
#ifndef CHIP_COMMAND_LINE_H
#define CHIP_COMMAND_LINE_H

#define EXIT_REFUSED 1
#define EXIT_USAGE 2

int command_foundry(int argc, char **argv);
int command_run(int argc, char **argv);
int command_fault(int argc, char **argv);
int command_control(int argc, char **argv);
int command_show(int argc, char **argv);
int command_bench(int argc, char **argv);

/** print_error - one line on standard error */
void print_error(const char *text);

/** parse_u32 - a decimal or 0x number. Return: 0 or -1. */
int parse_u32(const char *text, unsigned int *value);

#endif
