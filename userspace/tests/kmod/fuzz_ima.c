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
		size_t len = record.head_len + record.data_len;

		if (!record.head_len || record.head_len > size || (record.old && len > size) ||
		    record.head_len > BASTION_IMA_HEAD_MAX)
			abort();
		if (len > size)
			break;
		data += len;
		size -= len;
	}
	return 0;
}
