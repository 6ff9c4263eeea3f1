// SPDX-License-Identifier: GPL-2.0
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bastion-chip/bytes.h"
#include "bastion-chip/command_line.h"
#include "bastion-chip/foundry.h"

/** struct arguments - all options of all foundry commands; NULL: not given */
struct arguments {
	const char *out;
	const char *root;
	const char *model;
	const char *chip;
	const char *name;
	const char *firmware;
	unsigned int svn;
	bool has_svn;
	bool help;
};

static const char help[] =
	"usage: bastion-chip foundry root --out DIR [--name NAME]\n"
	"       bastion-chip foundry model --root DIR --out DIR [--model NAME]\n"
	"       bastion-chip foundry chip --model DIR --out DIR [--svn N] [--firmware VERSION]\n"
	"       bastion-chip foundry update --chip DIR --firmware VERSION --svn N\n\n"
	"root    an offline root: root.key, root.pem\n"
	"model   the CA of a model (bastionchip-1): model.key, model.pem\n"
	"chip    a chip: fuses, firmware (1.2.0, svn 3), certificates, state\n"
	"update  other firmware for a chip that is powered off\n\n"
	"Nothing that exists is overwritten.\n";

static const struct option options[] = {
	{ "out", required_argument, NULL, 'o' },      { "root", required_argument, NULL, 'r' },
	{ "model", required_argument, NULL, 'm' },    { "chip", required_argument, NULL, 'c' },
	{ "name", required_argument, NULL, 'n' },     { "firmware", required_argument, NULL, 'f' },
	{ "svn", required_argument, NULL, 's' },      { "help", no_argument, NULL, 'h' },
	{ 0 },
};

static int parse(int argc, char **argv, struct arguments *arguments)
{
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'o':
			arguments->out = optarg;
			break;
		case 'r':
			arguments->root = optarg;
			break;
		case 'm':
			arguments->model = optarg;
			break;
		case 'c':
			arguments->chip = optarg;
			break;
		case 'n':
			arguments->name = optarg;
			break;
		case 'f':
			arguments->firmware = optarg;
			break;
		case 's':
			if (parse_u32(optarg, &arguments->svn)) {
				print_error("--svn wants a number");
				return -1;
			}
			arguments->has_svn = true;
			break;
		case 'h':
			arguments->help = true;
			break;
		default:
			return -1;
		}
	}
	return optind == argc ? 0 : -1;
}

/* Return: 1 when something needed is missing, else as the foundry says. */
static int make(const char *what, const struct arguments *arguments, struct complaint *why)
{
	const char *firmware = arguments->firmware ? arguments->firmware : "1.2.0";

	if (!strcmp(what, "root") && arguments->out)
		return chip_foundry_root(arguments->out,
					 arguments->name ? arguments->name : "Bastionchip Root",
					 why);
	if (!strcmp(what, "model") && arguments->root && arguments->out)
		return chip_foundry_model(arguments->root, arguments->out,
					  arguments->model ? arguments->model : "bastionchip-1",
					  why);
	if (!strcmp(what, "chip") && arguments->model && arguments->out)
		return chip_foundry_chip(arguments->model, arguments->out, firmware,
					 arguments->svn, why);
	if (!strcmp(what, "update") && arguments->chip && arguments->firmware &&
	    arguments->has_svn)
		return chip_foundry_update(arguments->chip, arguments->firmware, arguments->svn,
					   why);
	return 1;
}

int command_foundry(int argc, char **argv)
{
	struct arguments arguments = { .svn = 3 };
	struct complaint why;
	int result;

	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(help, stdout);
		return 0;
	}
	if (argc < 2 || parse(argc - 1, argv + 1, &arguments)) {
		fputs(help, stderr);
		return EXIT_USAGE;
	}
	if (arguments.help) {
		fputs(help, stdout);
		return 0;
	}
	result = make(argv[1], &arguments, &why);
	if (result > 0) {
		fputs(help, stderr);
		return EXIT_USAGE;
	}
	if (result < 0)
		print_error(why.text);
	return result ? EXIT_REFUSED : 0;
}
