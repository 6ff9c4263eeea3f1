// SPDX-License-Identifier: GPL-2.0
/*
 * Quotes. No fuzzer signs, so the claims are reached by including the source:
 * the first byte says whether an envelope or a payload follows.
 */
#include "libbastion-verify/quote.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bv_envelope envelope;
	struct bv_quote quote = { 0 };
	struct bv_error err;

	if (!size)
		return 0;
	if (data[0] & 1)
		parse_claims((struct bv_span){ data + 1, size - 1 }, &quote, &err);
	else if (!bv_envelope_parse((struct bv_span){ data + 1, size - 1 }, &envelope, &err))
		bv_quote_verify(&envelope, &quote, &err);
	return 0;
}
