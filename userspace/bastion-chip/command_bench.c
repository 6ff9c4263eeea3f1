// SPDX-License-Identifier: GPL-2.0
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bastion-chip/command_line.h"
#include "bastion-chip/hash.h"
#include "bastion-chip/loop.h"
#include "bastion-chip/p384.h"

#define SIGNATURES 501
#define WARM_UP 20

static const char help[] =
	"usage: bastion-chip bench [--json]\n\n"
	"Times a P-384 signature alone, in this process: median and quartiles.\n";

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static void measure(const struct chip_key *key, uint64_t times[SIGNATURES])
{
	uint8_t digest[BASTION_DIGEST_SIZE], signature[BASTION_SIGNATURE_SIZE];

	chip_random(digest, sizeof(digest));
	for (int i = -WARM_UP; i < SIGNATURES; i++) {
		uint64_t begin = chip_loop_now();

		chip_key_sign(key, digest, signature);
		if (i >= 0)
			times[i] = chip_loop_now() - begin;
	}
	qsort(times, SIGNATURES, sizeof(times[0]), compare);
}

static double us(const uint64_t *times, unsigned int percent)
{
	return times[(SIGNATURES - 1) * percent / 100] / 1000.0;
}

int command_bench(int argc, char **argv)
{
	uint8_t secret[CHIP_SCALAR_SIZE];
	uint64_t times[SIGNATURES];
	struct chip_key key;
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return 0;
		}
		if (option != 'j')
			return EXIT_USAGE;
		json = true;
	}
	chip_key_generate(secret);
	if (!chip_key_load(&key, secret)) {
		print_error("cannot make a key");
		return EXIT_REFUSED;
	}
	measure(&key, times);
	chip_key_wipe(&key);
	printf(json ? "{\"signature_us\": {\"median\": %.1f, \"p25\": %.1f, \"p75\": %.1f, "
		      "\"runs\": %d}}\n" :
		      "P-384 signature: median %.1f us, quartiles %.1f to %.1f us, %d runs\n",
	       us(times, 50), us(times, 25), us(times, 75), SIGNATURES);
	return 0;
}
