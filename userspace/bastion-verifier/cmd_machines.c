// SPDX-License-Identifier: GPL-2.0
/* enroll, machines */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "files.h"
#include "machines.h"
#include "show.h"
#include "verifier.h"

struct arguments {
	const char *machines;
	const char *from;
	const char *name;
	bool json;
};

static int parse(int argc, char **argv, const struct option *options, struct arguments *args)
{
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'm':
			args->machines = optarg;
			break;
		case 'f':
			args->from = optarg;
			break;
		case 'n':
			args->name = optarg;
			break;
		case 'j':
			args->json = true;
			break;
		default:
			return VERIFIER_USAGE;
		}
	}
	return optind == argc ? VERIFIER_OK : verifier_usage("what is '%s'?", argv[optind]);
}

static void show_machine(const struct bv_machine *machine)
{
	char chip[2 * BASTION_DIGEST_SIZE + 1], ak[2 * BV_TPM_NAME_MAX + 1];

	bv_hex(chip, machine->chip_id, sizeof(machine->chip_id));
	bv_hex(ak, machine->ak, machine->ak_len);
	printf("%s\n  model %s\n  chip  %s\n  ak    %s\n", machine->name, machine->model, chip, ak);
}

static int read_machine(const struct arguments *args, struct bv_machine *machine,
			struct bv_error *err)
{
	struct bv_error why = { "" };
	struct bv_span text;
	int ret = file_read(args->from, BV_MACHINE_MAX, &text, err);

	if (ret)
		return ret;
	ret = bv_machine_parse(text, args->name, machine, &why);
	free((void *)text.data);
	return ret ? bv_fail(err, "%.200s: %.200s", args->from, why.text) : 0;
}

int verifier_enroll(int argc, char **argv)
{
	static const struct option options[] = {
		{ "machines", required_argument, NULL, 'm' },
		{ "from", required_argument, NULL, 'f' },
		{ "name", required_argument, NULL, 'n' },
		{ 0 }
	};
	struct arguments args = { 0 };
	struct bv_error err = { "" };
	struct machines *machines;
	struct bv_machine machine;
	int code = parse(argc, argv, options, &args);

	if (code)
		return code;
	if (!args.machines || !args.from)
		return verifier_usage("enroll needs --machines and --from");
	machines = machines_open(args.machines, true, &err);
	if (!machines || read_machine(&args, &machine, &err) ||
	    machines_add(machines, &machine, &err))
		code = verifier_fail("%s", err.text);
	else
		show_machine(&machine);
	machines_close(machines);
	return code;
}

static int list(struct machines *machines, bool json)
{
	const struct bv_machine *all;
	struct bv_error err = { "" };
	ssize_t count = machines_list(machines, &all, &err);
	json_t *shown;

	if (count < 0)
		return verifier_fail("%s", err.text);
	if (!json) {
		for (ssize_t i = 0; i < count; i++)
			show_machine(&all[i]);
		return VERIFIER_OK;
	}
	shown = json_array();
	for (ssize_t i = 0; i < count; i++)
		if (json_array_append_new(shown, bv_machine_json(&all[i]))) {
			json_decref(shown);
			return verifier_fail("out of memory");
		}
	return show_json(json_pack("{s:o}", "machines", shown));
}

int verifier_machines(int argc, char **argv)
{
	static const struct option options[] = {
		{ "machines", required_argument, NULL, 'm' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 }
	};
	struct arguments args = { 0 };
	struct bv_error err = { "" };
	struct machines *machines;
	int code = parse(argc, argv, options, &args);

	if (code)
		return code;
	if (!args.machines)
		return verifier_usage("machines needs --machines");
	machines = machines_open(args.machines, false, &err);
	code = machines ? list(machines, args.json) : verifier_fail("%s", err.text);
	machines_close(machines);
	return code;
}
