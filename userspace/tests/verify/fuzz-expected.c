// SPDX-License-Identifier: GPL-2.0
/* Files of register values. */
#include <stdlib.h>

#include "libbastion-verify/tcg-expected.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bv_pcrs pcrs = { .banks = BV_BANKS_ALL };
	struct bv_comparison comparison;
	struct bv_expected expected;
	struct bv_error err;

	/* An empty replay agrees with zeros only. */
	if (!bv_expected_parse((struct bv_span){ data, size }, &expected, &err) &&
	    !bv_expected_compare(&expected, &pcrs, 0xff, &comparison, &err))
		for (int bank = 0; bank < BV_BANKS; bank++)
			for (int i = 0; i < BV_PCR_COUNT; i++)
				if (comparison.compared[bank] & (1u << i) &&
				    !bv_is_zero(expected.value[bank][i], BV_PCR_DIGEST_MAX))
					abort();
	return 0;
}
