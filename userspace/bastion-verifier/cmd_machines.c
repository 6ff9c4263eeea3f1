// SPDX-License-Identifier: GPL-2.0
/* Who was enrolled. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "files.h"
#include "machines.h"
#include "show.h"
#include "verifier.h"

struct arguments {
	const char *machines;
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
		case 'j':
			args->json = true;
			break;
		default:
			return VERIFIER_USAGE;
		}
	}
	return optind == argc ? VERIFIER_OK : verifier_usage("what is '%s'?", argv[optind]);
}

/* The record, and "last", if there was a verdict. */
static json_t *describe(const struct machines *machines, const struct bv_machine *machine)
{
	json_t *json = bv_machine_json(machine), *last = machines_noted(machines, machine);

	if (json && last && json_object_set(json, "last", last)) {
		json_decref(json);
		json = NULL;
	}
	json_decref(last);
	return json;
}

static void show_member(const json_t *json, const char *label, const char *member)
{
	const char *text = json_string_value(json_object_get(json, member));

	if (text)
		printf("  %-8s %s\n", label, text);
}

static void show_machine(const json_t *json)
{
	const json_t *last = json_object_get(json, "last");
	const char *failing = json_string_value(json_object_get(last, "failing"));

	printf("%s\n", json_string_value(json_object_get(json, "name")));
	show_member(json, "kind", "kind");
	show_member(json, "model", "model");
	show_member(json, "chip", "chip");
	show_member(json, "ak", "ak");
	show_member(last, "firmware", "firmware");
	show_member(last, "policy", "policy");
	if (!last) {
		puts("  verdict  none yet");
		return;
	}
	printf("  verdict  %s, %s%s%s, %s\n", json_string_value(json_object_get(last, "status")),
	       json_is_true(json_object_get(last, "granted")) ? "granted" : "refused",
	       failing ? ", first failed: " : "", failing ? failing : "",
	       json_string_value(json_object_get(last, "time")));
}

static int list(struct machines *machines, bool as_json)
{
	const struct bv_machine *all;
	struct bv_error err = { "" };
	ssize_t count = machines_list(machines, &all, &err);
	json_t *shown, *machine;
	size_t at;

	if (count < 0)
		return verifier_fail("%s", err.text);
	shown = json_array();
	for (ssize_t i = 0; i < count; i++)
		if (json_array_append_new(shown, describe(machines, &all[i]))) {
			json_decref(shown);
			return verifier_fail("out of memory");
		}
	if (as_json)
		return show_json(json_pack("{s:o}", "machines", shown));
	json_array_foreach(shown, at, machine)
		show_machine(machine);
	json_decref(shown);
	return VERIFIER_OK;
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
