// SPDX-License-Identifier: GPL-2.0
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "bastion-chip/command_line.h"
#include "bastion-chip/run.h"

static const struct option options[] = {
	{ "chip", required_argument, NULL, 'c' },
	{ "socket", required_argument, NULL, 's' },
	{ "boot", required_argument, NULL, 'b' },
	{ "audit", required_argument, NULL, 'a' },
	{ "control", required_argument, NULL, 'C' },
	{ "qmp", required_argument, NULL, 'q' },
	{ "fault", required_argument, NULL, 'f' },
	{ "fuzz", required_argument, NULL, 'z' },
	{ "latency-us", required_argument, NULL, 'l' },
	{ "no-interrupts", no_argument, NULL, 'n' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static void usage(FILE *to)
{
	fputs("usage: bastion-chip run --chip DIR --socket PATH [OPTION]...\n\n"
	      "  --chip DIR        the chip, from bastion-chip foundry chip\n"
	      "  --socket PATH     where QEMU connects; exists once it can:\n"
	      "                    -chardev socket,path=PATH,id=c\n"
	      "                    -device ivshmem-doorbell,vectors=1,chardev=c\n"
	      "  --boot KERNEL,INITRD,CMDLINE\n"
	      "                    what the platform measures into register 0 at power on: two\n"
	      "                    files, each may be empty, and the rest is the command line\n"
	      "  --audit FILE      append a JSON line for every command and event\n"
	      "  --control PATH    control socket, for bastion-chip fault and control\n"
	      "  --qmp PATH        QEMU's QMP socket: a guest reset there is a power cycle\n"
	      "  --latency-us N    every command takes that long\n"
	      "  --no-interrupts   QEMU gets no interrupt eventfd: the guest has to poll\n"
	      "  --fault SPEC      misbehave: NAME[,cmd=OPNAME][,count=N][,arg=N]; repeatable\n"
	      "  --fuzz SPEC       write nonsense: SEED[,rate=PERCENT], of the answers (10)\n\n"
	      "Faults:\n", to);
	for (unsigned int kind = 0; kind < CHIP_FAULT_KINDS; kind++)
		fprintf(to, "  %-17s %s\n", chip_fault_name(kind), chip_fault_help(kind));
	fputs("\nA connection is a power on, its end a power off. SIGTERM ends it.\n", to);
}

/* The first two commas separate; what follows is the command line, commas and all. */
static int parse_boot(char *text, struct chip_boot *boot)
{
	char *initrd = strchr(text, ','), *cmdline = initrd ? strchr(initrd + 1, ',') : NULL;

	if (!cmdline)
		return -1;
	*initrd++ = 0;
	*cmdline++ = 0;
	boot->kernel = *text ? text : NULL;
	boot->initrd = *initrd ? initrd : NULL;
	boot->cmdline = cmdline;
	return 0;
}

static int parse_one(int option, char *argument, struct chip_run_options *run)
{
	struct complaint why;
	unsigned int number;

	switch (option) {
	case 'c':
		run->chip = argument;
		return 0;
	case 's':
		run->socket = argument;
		return 0;
	case 'a':
		run->audit = argument;
		return 0;
	case 'C':
		run->control = argument;
		return 0;
	case 'q':
		run->qmp = argument;
		return 0;
	case 'z':
		run->fuzz = argument;
		return 0;
	case 'n':
		run->interrupts = false;
		return 0;
	case 'b':
		if (!parse_boot(argument, &run->boot))
			return 0;
		print_error("--boot wants KERNEL,INITRD,CMDLINE");
		return -1;
	case 'l':
		if (!parse_u32(argument, &number)) {
			run->latency_us = number;
			return 0;
		}
		print_error("--latency-us wants a number");
		return -1;
	case 'f':
		if (!chip_faults_add(&run->faults, argument, &why))
			return 0;
		print_error(why.text);
		return -1;
	}
	return -1;
}

int command_run(int argc, char **argv)
{
	struct chip_run_options run = { .interrupts = true, .complain = print_error };
	struct complaint why;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'h') {
			usage(stdout);
			return 0;
		}
		if (option == '?' || parse_one(option, optarg, &run))
			return EXIT_USAGE;
	}
	if (optind != argc || !run.chip || !run.socket) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!chip_run(&run, &why))
		return 0;
	print_error(why.text);
	return EXIT_REFUSED;
}
