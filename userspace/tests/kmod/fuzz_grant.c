// SPDX-License-Identifier: GPL-2.0
/* libFuzzer: the kernel's reader of grants. */
#include <asm/byteorder.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../../kmod/grant_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const u8 *buf, size_t len, const struct bastion_grant_view *view)
{
	const struct bastion_grant_entry *e, *found;

	if (view->signature + BASTION_SIGNATURE_SIZE != buf + len ||
	    view->signed_len + BASTION_SIGNATURE_SIZE != len)
		abort();
	for (e = view->entries; e < view->entries + view->count; e++) {
		if (le32_to_cpu(e->kind) == BASTION_GRANT_REBIND) {
			if (e != bastion_grant_find_rebind(view->entries, view->count, e->policy,
							   e->dest_verifier, e->dest_policy))
				abort();
			continue;
		}
		/* Each entry allows what it says: it is found, or a wider one before it. */
		found = bastion_grant_find(view->entries, view->count, le32_to_cpu(e->kind),
					   e->policy, e->flags ? e->executable : NULL);
		if (!found || (found != e && found->flags))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bastion_grant_view view;
	u8 *copy = malloc(size);	/* aligned, as the kernel's is */

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	if (!bastion_grant_parse(copy, size, &view))
		check(copy, size, &view);
	free(copy);
	return 0;
}
