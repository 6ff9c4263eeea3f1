// SPDX-License-Identifier: GPL-2.0
/* libFuzzer: the kernel's reader of sealed blobs. */
#include <asm/byteorder.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../../kmod/blob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The kind decides what a blob can be for. */
static bool kind_sane(const struct bastion_blob_view *view)
{
	const struct bastion_blob_header *h = &view->header;
	bool imported = le32_to_cpu(h->flags) & BASTION_BLOB_IMPORTED;

	switch (le16_to_cpu(h->kind)) {
	case BASTION_KIND_SECRET:
		return h->types && !view->point && view->len > BASTION_BLOB_OVERHEAD;
	case BASTION_KIND_TPM:
		return h->types && !view->point && !h->counter_index &&
		       view->len > BASTION_BLOB_TPM_SIZE(0, BASTION_SECRET_MIN) &&
		       view->len <= BASTION_BLOB_TPM_SIZE(BASTION_TPM_PRIVATE_MAX,
							  BASTION_TPM_SECRET_MAX);
	case BASTION_KIND_DERIVED:
		return h->types && !view->point && !imported && !h->min_svn &&
		       view->len == BASTION_BLOB_OVERHEAD;
	case BASTION_KIND_P384:
		return !h->types && !imported && view->point == view->data + sizeof(*h) &&
		       view->point[0] == 0x04 && view->len == BASTION_BLOB_P384_SIZE;
	default:
		return false;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bastion_blob_view view;
	const char *name = (const char *)view.header.name;

	if (bastion_blob_parse(data, size, &view))
		return 0;
	if (view.data != data || view.len != size || size > BASTION_BLOB_MAX ||
	    !bastion_name_valid(name, strnlen(name, BASTION_NAME_SIZE)) || !kind_sane(&view))
		abort();
	return 0;
}
