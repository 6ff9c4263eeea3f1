// SPDX-License-Identifier: GPL-2.0
#include <endian.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "bastion-chip/bytes.h"
#include "bastion-chip/command_line.h"
#include "bastion-chip/store.h"

static const char help[] = "usage: bastion-chip show --chip DIR [--json]\n\n"
			   "Prints chip id, model, firmware, security version, boot count and\n"
			   "counters.\n";

static const struct option options[] = {
	{ "chip", required_argument, NULL, 'c' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

/** struct description - what is told of a chip; no secret is in it */
struct description {
	char chip_id[2 * BASTION_DIGEST_SIZE + 1];
	char model[32];
	char firmware[32];
	unsigned int hardware_version;
	unsigned int svn;
	struct chip_memory memory;
	bool state_good;
};

static int describe(const char *path, struct description *chip, struct complaint *why)
{
	int dir = chip_store_open(path, false, why), error;
	struct chip_fuses fuses;
	struct chip_key key;

	if (dir < 0)
		return -1;
	error = chip_fuses_load(dir, &fuses);
	if (error) {
		close(dir);
		return complain(why, "%s/fuses: %s", path,
				error == -EBADMSG ? "damaged" : strerror(-error));
	}
	chip->state_good = !chip_state_load(dir, &chip->memory);
	close(dir);
	memcpy(chip->model, fuses.model, sizeof(chip->model));
	memcpy(chip->firmware, fuses.firmware, sizeof(chip->firmware));
	chip->hardware_version = le32toh(fuses.hardware_version);
	chip->svn = le32toh(fuses.svn);
	if (chip_key_load(&key, fuses.identity)) {
		chip_hex(key.spki_digest, sizeof(key.spki_digest), chip->chip_id);
		chip_key_wipe(&key);
	} else {
		error = complain(why, "%s/fuses: the identity key is not a P-384 key", path);
	}
	explicit_bzero(&fuses, sizeof(fuses));
	return error;
}

static void print_text(const struct description *chip)
{
	printf("chip id           %s\n", chip->chip_id);
	printf("model             %s\n", chip->model);
	printf("hardware version  %u\n", chip->hardware_version);
	printf("firmware          %s\n", chip->firmware);
	printf("security version  %u\n", chip->svn);
	if (!chip->state_good) {
		printf("boot count        unknown: the state is damaged\n"
		       "counters          unknown\n");
		return;
	}
	printf("boot count        %llu\ncounters          1 to %d:",
	       (unsigned long long)chip->memory.boot_count, BASTION_COUNTER_COUNT);
	for (size_t i = 0; i < BASTION_COUNTER_COUNT; i++)
		printf(" %llu", (unsigned long long)chip->memory.counter[i]);
	putchar('\n');
}

static json_t *counters_json(const struct description *chip)
{
	json_t *counters;

	if (!chip->state_good)
		return json_null();
	counters = json_array();
	for (size_t i = 0; i < BASTION_COUNTER_COUNT; i++)
		json_array_append_new(counters, json_integer(chip->memory.counter[i]));
	return counters;
}

static void print_json(const struct description *chip)
{
	json_t *boot_count = chip->state_good ? json_integer(chip->memory.boot_count) :
						json_null();
	json_t *object = json_pack("{s:s, s:s, s:I, s:s, s:I, s:o, s:o}", "chip_id", chip->chip_id,
				   "model", chip->model, "hardware_version",
				   (json_int_t)chip->hardware_version, "firmware", chip->firmware,
				   "svn", (json_int_t)chip->svn, "boot_count", boot_count, "counters",
				   counters_json(chip));

	json_dumpf(object, stdout, JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(object);
}

int command_show(int argc, char **argv)
{
	struct description chip = { .state_good = false };
	const char *path = NULL;
	struct complaint why;
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return EXIT_USAGE;
		}
	}
	if (!path || optind != argc) {
		fputs(help, stderr);
		return EXIT_USAGE;
	}
	if (describe(path, &chip, &why)) {
		print_error(why.text);
		return EXIT_REFUSED;
	}
	if (json)
		print_json(&chip);
	else
		print_text(&chip);
	return 0;
}
