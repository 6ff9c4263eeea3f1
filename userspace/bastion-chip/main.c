// SPDX-License-Identifier: GPL-2.0
/* bastion-chip: the Bastionchip, emulated, and the foundry that makes it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "bastion-chip/bytes.h"
#include "bastion-chip/command_line.h"

#define VERSION "1.0"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "foundry", command_foundry, "make a root, a model CA, a chip; update a chip" },
	{ "run", command_run, "be a chip for QEMU" },
	{ "fault", command_fault, "set or clear a fault of a running chip" },
	{ "control", command_control, "ask or tell a running chip something" },
	{ "show", command_show, "say what a chip is" },
	{ "bench", command_bench, "time a signature" },
};

void print_error(const char *text)
{
	fprintf(stderr, "bastion-chip: %s\n", text);
}

int parse_u32(const char *text, unsigned int *value)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(text, &end, 0);
	if (errno || end == text || *end || *text == '-' || number > UINT32_MAX)
		return -1;
	*value = number;
	return 0;
}

static void usage(FILE *to)
{
	fprintf(to, "usage: bastion-chip COMMAND ...\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].help);
	fprintf(to, "\nbastion-chip COMMAND --help says more; --version prints the version.\n"
		    "Exit status: 0 good, 1 refused or failed, 2 wrong usage.\n");
}

/* Keys are in memory: none of it goes into a core dump or to a debugger of the same user. */
static void harden(void)
{
	const struct rlimit none = { 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

static int run(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		usage(stdout);
		return 0;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("bastion-chip " VERSION);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	usage(stderr);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	int code;

	harden();
	code = run(argc, argv);
	/* Output that did not arrive is no success. */
	if (fflush(stdout) || ferror(stdout)) {
		print_error("cannot write the output");
		return EXIT_REFUSED;
	}
	return code;
}
