// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "libbastion-verify/policy.h"
#include "libbastion-verify/round.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a policy allows fits into a grant, and every part of it says what it is. */
static void check(const struct bv_policy *policy)
{
	size_t entries = 0;

	for (size_t i = 0; i < policy->permit_count; i++) {
		const struct bv_permit *permit = &policy->permits[i];
		size_t own = permit->create + permit->release + permit->rebind_count;

		if (!own || !bv_label_ok(permit->label))
			abort();
		for (size_t k = 0; k < permit->rebind_count; k++)
			if (!bv_label_ok(permit->rebinds[k].label))
				abort();
		entries += own;
	}
	if (entries > BASTION_GRANT_ENTRIES_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bv_error err;
	struct bv_policy *policy = bv_policy_parse((struct bv_span){ data, size }, &err);

	if (policy) {
		check(policy);
		bv_policy_add_roots(policy, (struct bv_span){ data, size }, &err);
	}
	bv_policy_free(policy);
	return 0;
}
