// SPDX-License-Identifier: GPL-2.0
/* Records of machines: what is read is written as what is read again. */
#include <stdlib.h>
#include <string.h>

#include "libbastion-verify/machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bv_machine machine, again;
	json_t *json;
	char *text;

	if (bv_machine_parse((struct bv_span){ data, size }, NULL, &machine, NULL))
		return 0;
	json = bv_machine_json(&machine);
	text = json ? json_dumps(json, 0) : NULL;
	if (!text || bv_machine_parse((struct bv_span){ (uint8_t *)text, strlen(text) }, NULL, &again,
				      NULL) || memcmp(&machine, &again, sizeof(machine)))
		abort();
	free(text);
	json_decref(json);
	return 0;
}
