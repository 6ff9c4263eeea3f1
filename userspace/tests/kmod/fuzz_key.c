// SPDX-License-Identifier: GPL-2.0
/* libFuzzer: the kernel's reader of key payloads. */
#include <stdint.h>
#include <stdlib.h>

#include "invariants.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bastion_key_args args;

	if (!bastion_key_parse((const char *)data, size, &args) &&
	    !key_args_sane(&args, (const char *)data, size))
		abort();
	return 0;
}
