// SPDX-License-Identifier: GPL-2.0
/* libFuzzer: the kernel's reader of IMA's binary list. */
#include <stdint.h>
#include <stdlib.h>

#include "../../../kmod/ima_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bastion_ima_record record;

	while (!bastion_ima_parse(data, size, &record)) {
		if (!record.len || record.len > size || record.len > BASTION_IMA_RECORD_MAX ||
		    record.data + record.data_len != data + record.len)
			abort();
		data += record.len;
		size -= record.len;
	}
	return 0;
}
