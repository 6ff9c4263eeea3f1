// SPDX-License-Identifier: GPL-2.0
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "bastion-chip/command_line.h"
#include "bastion-chip/control.h"

static const struct option options[] = {
	{ "control", required_argument, NULL, 'C' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

/* Asks the socket of --control one line: @prefix and the one argument. */
static int ask(int argc, char **argv, const char *prefix, const char *help)
{
	char line[CHIP_REPLY_MAX], reply[CHIP_REPLY_MAX];
	const char *path = NULL;
	struct complaint why;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'C':
			path = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return EXIT_USAGE;
		}
	}
	if (!path || optind + 1 != argc || strchr(argv[optind], '\n') ||
	    snprintf(line, sizeof(line), "%s%s", prefix, argv[optind]) >= (int)sizeof(line)) {
		fputs(help, stderr);
		return EXIT_USAGE;
	}
	if (chip_control_ask(path, line, reply, &why)) {
		print_error(why.text);
		return EXIT_REFUSED;
	}
	if (strcmp(reply, "ok"))
		puts(reply);
	return 0;
}

int command_fault(int argc, char **argv)
{
	return ask(argc, argv, "fault ",
		   "usage: bastion-chip fault --control PATH SPEC|none\n\n"
		   "Adds a fault to those that are set, or clears them all.\n"
		   "bastion-chip run --help lists them.\n");
}

int command_control(int argc, char **argv)
{
	return ask(argc, argv, "",
		   "usage: bastion-chip control --control PATH COMMAND\n\n"
		   "  status       JSON: power, boot, generation, grants, faults\n"
		   "  audit        JSON: commands, secrets released, and released without a grant\n"
		   "  reset        the chip loses its volatile state\n"
		   "  power-cycle  the same, as if the machine had been switched off and on\n"
		   "  vanish       shared memory reads all ones until the next power cycle\n"
		   "  fuzz SPEC    writes nonsense, as --fuzz of bastion-chip run; \"fuzz none\" ends it\n");
}
