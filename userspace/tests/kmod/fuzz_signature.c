// SPDX-License-Identifier: GPL-2.0
/* libFuzzer: the kernel's reader of signatures in DER, which has one spelling. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../../kmod/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	u8 signature[BASTION_SIGNATURE_SIZE], der[BASTION_SIGNATURE_DER_MAX];
	size_t len;

	if (bastion_signature_from_der(data, size, signature))
		return 0;
	len = bastion_signature_to_der(signature, der);
	if (len > size || memcmp(der, data, len))
		abort();
	return 0;
}
