// SPDX-License-Identifier: GPL-2.0
/* Requests of machines that want to be enrolled, and what is kept of one, to begin fuzzing with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "testenroll.h"

static void write_seed(const char *folder, const char *name, json_t *json)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (!json || json_dump_file(json, path, JSON_COMPACT))
		exit(1);
	json_decref(json);
}

int main(int argc, char **argv)
{
	static const uint16_t curves[] = { 0, 3, 4 };
	struct bv_enroll_pending pending = { .until = 1 };
	struct tw tw;

	if (argc != 2)
		return 2;
	tw_init(&tw);
	for (size_t i = 0; i < sizeof(curves) / sizeof(*curves); i++) {
		char name[16];

		tk_free(tw.ek);
		tw.ek = tk_new(curves[i], NULL);
		snprintf(name, sizeof(name), "request%zu", i);
		tw.chain = (struct bv_span){ 0 };
		write_seed(argv[1], name, tw_request(&tw, "seed"));
	}
	strcpy(pending.machine.name, "seed");
	strcpy(pending.machine.model, "TPM 2.0");
	memset(pending.machine.chip_id, 1, sizeof(pending.machine.chip_id));
	pending.machine.ak[1] = 0x0b;
	pending.machine.ak_len = 2 + 32;
	write_seed(argv[1], "pending", bv_enroll_pending_json(&pending));
	tw_exit(&tw);
	return 0;
}
