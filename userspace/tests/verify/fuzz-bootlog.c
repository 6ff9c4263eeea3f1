// SPDX-License-Identifier: GPL-2.0
/*
 * Boot logs. An input that begins with 'A' is put behind a header for SHA-1 and
 * SHA-256, which no fuzzer finds.
 */
#include <stdlib.h>
#include <string.h>

#include "libbastion-verify/tcg-boot-log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t header[] = {
	0, 0, 0, 0, 3, 0, 0, 0, [28] = 37, 0, 0, 0,
	'S', 'p', 'e', 'c', ' ', 'I', 'D', ' ', 'E', 'v', 'e', 'n', 't', '0', '3', 0,
	0, 0, 0, 0, 0, 2, 0, 2, 2, 0, 0, 0, 4, 0, 20, 0, 11, 0, 32, 0, 0,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *log = malloc(sizeof(header) + size + 1);
	struct bv_pcrs all, one;
	struct bv_error err;
	size_t len = 0;
	uint64_t count;
	int ret;

	if (size && data[0] == 'A') {
		memcpy(log, header, sizeof(header));
		len = sizeof(header);
		data++;
		size--;
	}
	memcpy(log + len, data, size);
	len += size;
	log = realloc(log, len + !len);
	ret = bv_boot_log_replay((struct bv_span){ log, len }, BV_BANKS_ALL, &all, &count, &err);
	if (!ret) {
		json_t *json = bv_pcrs_json(&all);

		/* A bank does not depend on which others are replayed. */
		if (!json ||
		    bv_boot_log_replay((struct bv_span){ log, len }, 1u << BV_BANK_SHA256, &one,
				       &count, &err) ||
		    memcmp(one.value[BV_BANK_SHA256], all.value[BV_BANK_SHA256],
			   sizeof(one.value[0])))
			abort();
		json_decref(json);
	}
	free(log);
	return 0;
}
