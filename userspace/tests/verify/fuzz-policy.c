// SPDX-License-Identifier: GPL-2.0
#include "libbastion-verify/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bv_error err;
	struct bv_policy *policy = bv_policy_parse((struct bv_span){ data, size }, &err);

	if (policy)
		bv_policy_add_roots(policy, (struct bv_span){ data, size }, &err);
	bv_policy_free(policy);
	return 0;
}
