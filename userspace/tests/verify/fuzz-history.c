// SPDX-License-Identifier: GPL-2.0
/*
 * What a verifier has stored of a machine's lists, which are the machine's. No fuzzer finds a
 * digest: the input is all before it, and the chip is the one that it names.
 */
#include <stdlib.h>
#include <string.h>

#include "libbastion-verify/crypto.h"
#include "libbastion-verify/history.h"

#define CHIP_AT	16	/* behind the magic */
#define MAX	(1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(struct bv_span bytes, struct bv_history *history)
{
	struct bv_error err = { "" };
	struct bv_span again;

	if (bv_history_decode(bytes, history, &err)) {
		if (!err.text[0] || history->log.len || history->ima.len)
			abort();
		return;
	}
	if (bv_history_encode(history, &again) || again.len != bytes.len ||
	    memcmp(again.data, bytes.data, bytes.len))
		abort();
	free((void *)again.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bv_span body = { data, size };
	struct bv_history *history;
	uint8_t *bytes;

	if (size < CHIP_AT + BASTION_DIGEST_SIZE)
		return 0;
	bytes = malloc(size + BASTION_DIGEST_SIZE);
	memcpy(bytes, data, size);
	history = bv_history_new(data + CHIP_AT, MAX);
	if (bv_sha384(bytes + size, &body, 1) || !history)
		abort();
	decode((struct bv_span){ bytes, size + BASTION_DIGEST_SIZE }, history);
	bv_history_free(history);
	free(bytes);
	return 0;
}
