// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>

#include "show.h"
#include "verifier.h"

static const char *text(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value ? value : "";
}

static void show_check(const json_t *check)
{
	const json_t *entry = json_object_get(check, "entry");
	bool ok = json_is_true(json_object_get(check, "ok"));

	if (ok) {
		printf("  ok    %s\n", text(check, "name"));
		return;
	}
	printf("  FAIL  %s\n", text(check, "name"));
	printf("        expected  %s\n", text(check, "expected"));
	printf("        seen      %s\n", text(check, "seen"));
	if (entry)
		printf("        entry     number %lld, register %lld, %s, %s\n",
		       (long long)json_integer_value(json_object_get(entry, "number")),
		       (long long)json_integer_value(json_object_get(entry, "register")),
		       text(entry, "name"), text(entry, "digest"));
	printf("        advice    %s\n", text(check, "advice"));
}

void show_verdict(const struct bv_verdict *verdict)
{
	const json_t *check;
	size_t i;

	json_array_foreach(verdict->checks, i, check)
		show_check(check);
	printf("\n%s\nstatus: %s\n", verdict->summary, bv_tier_name(verdict->status));
	if (verdict->facts.authentic) {
		char id[2 * BASTION_DIGEST_SIZE + 1];

		bv_hex(id, sizeof(id), verdict->facts.quote.chip_id, BASTION_DIGEST_SIZE);
		printf("chip: %s\n", id);
	}
}

void show_registers(const json_t *registers)
{
	const json_t *values, *value;
	const char *bank, *index;

	json_object_foreach((json_t *)registers, bank, values)
		json_object_foreach((json_t *)values, index, value)
			printf("%s:%s = %s\n", bank, index, json_string_value(value));
}

void show_names(const char *what, const json_t *names)
{
	const json_t *name;
	size_t i;

	if (!json_array_size(names))
		return;
	printf("# %s:", what);
	json_array_foreach(names, i, name)
		printf(" %s", json_string_value(name));
	putchar('\n');
}

int show_json(json_t *json)
{
	char *dump = json ? json_dumps(json, JSON_INDENT(2) | JSON_ENSURE_ASCII) : NULL;

	json_decref(json);
	if (!dump)
		return verifier_fail("out of memory");
	puts(dump);
	free(dump);
	return VERIFIER_OK;
}

int show_finding(json_t *json, const char *file, bool as_json, void (*show)(json_t *json))
{
	int code = VERIFIER_OK;

	if (!json)
		return verifier_fail("out of memory");
	if (as_json)
		code = show_json(json_incref(json));
	else
		show(json);
	if (!code && !json_is_true(json_object_get(json, "ok")))
		code = verifier_fail("%s: %s", file, text(json, "error"));
	json_decref(json);
	return code;
}
