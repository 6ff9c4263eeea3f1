// SPDX-License-Identifier: GPL-2.0
/*
 * Runs one row, or says which there are. What belongs into a guest and what
 * belongs onto the host are two programs that differ in their bench_rows[].
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"

static const char help[] =
	"usage: PROGRAM --list | [--quick] ROW\n\n"
	"Measures one row of the benchmarks; prints its samples as JSON, a line a series.\n"
	"Meant to be called by scripts/bench, which has what a row needs around it.\n\n"
	"  --list    JSON: a line for each row\n"
	"  --quick   few samples\n"
	"  --help\n\n"
	"Exit status: 0; 1 when something that was to be timed failed; 2 for wrong usage.\n";

static const struct option options[] = {
	{ "list", no_argument, NULL, 'l' },
	{ "quick", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static void print_member(const char *name, const char *value)
{
	if (value)
		printf(", \"%s\": \"%s\"", name, value);
	else
		printf(", \"%s\": null", name);
}

static int list(void)
{
	for (const struct bench_row *row = bench_rows; row->name; row++) {
		printf("{\"name\": \"%s\"", row->name);
		print_member("what", row->what);
		print_member("aim", row->aim);
		print_member("x", row->x);
		print_member("fault", row->fault);
		print_member("signing", row->signing);
		printf(", \"alone\": %s, \"tpm\": %s}\n", row->alone ? "true" : "false",
		       row->tpm ? "true" : "false");
	}
	return 0;
}

static int run(const char *name, bool quick)
{
	const struct bench bench = { .row = name, .quick = quick };

	for (const struct bench_row *row = bench_rows; row->name; row++)
		if (!strcmp(row->name, name))
			return row->run(&bench) ? 1 : 0;
	fprintf(stderr, "bastion-bench: there is no row %s (see --list)\n", name);
	return 2;
}

int main(int argc, char **argv)
{
	bool quick = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'l':
			return list();
		case 'q':
			quick = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return 2;
		}
	}
	if (optind != argc - 1) {
		fputs(help, stderr);
		return 2;
	}
	return run(argv[optind], quick);
}
