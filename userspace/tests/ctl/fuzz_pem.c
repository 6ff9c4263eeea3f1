// SPDX-License-Identifier: GPL-2.0
/* libFuzzer: a verifier's grant key, a file that somebody carries. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libbastion/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t point[BASTION_POINT_SIZE], again[BASTION_POINT_SIZE];
	struct bastion_error err = { 0 };
	char *pem;
	int len;

	if (bastion_pem_parse(data, size, point, &err)) {
		if (!err.code || !err.text[0])
			abort();
		return 0;
	}
	/* What was taken is a key, which has one canonical form. */
	len = bastion_pem_format(point, &pem, &err);
	if (len < 0 || bastion_pem_parse((uint8_t *)pem, len, again, &err) ||
	    memcmp(point, again, sizeof(point)))
		abort();
	free(pem);
	return 0;
}
