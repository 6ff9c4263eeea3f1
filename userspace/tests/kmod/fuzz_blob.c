// SPDX-License-Identifier: GPL-2.0
/* libFuzzer: the kernel's reader of sealed blobs. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../../kmod/blob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bastion_blob_view view;
	const char *name = (const char *)view.header.name;

	if (bastion_blob_parse(data, size, &view))
		return 0;
	if (view.data != data || view.len != size || size > BASTION_BLOB_MAX ||
	    !bastion_name_valid(name, strnlen(name, BASTION_NAME_SIZE)))
		abort();
	return 0;
}
