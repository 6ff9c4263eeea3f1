// SPDX-License-Identifier: GPL-2.0
#include <bastion/round.h>

#include "gate-event.h"

static bool take_digest(struct bv_span *from)
{
	uint8_t digest[BASTION_DIGEST_SIZE];

	return bv_take_hex(from, digest, sizeof(digest));
}

static bool take_state(struct bv_span *from)
{
	return bv_take_text(from, "selftest") || bv_take_text(from, "locked") ||
	       bv_take_text(from, "attested") || bv_take_text(from, "failed");
}

static bool well_formed(struct bv_span text)
{
	uint64_t number, reason, count;

	return bv_take_text(&text, "chip=") && take_digest(&text) &&
	       bv_take_text(&text, " number=") && bv_take_decimal(&text, UINT64_MAX, &number) &&
	       bv_take_text(&text, " state=") && take_state(&text) &&
	       bv_take_text(&text, " reason=") && bv_take_decimal(&text, UINT32_MAX, &reason) &&
	       bv_take_text(&text, " verifier=") &&
	       (bv_take_text(&text, "none") || take_digest(&text)) &&
	       bv_take_text(&text, " log_count=") && bv_take_decimal(&text, UINT64_MAX, &count) &&
	       bv_take_text(&text, " log_aggregate=") && take_digest(&text) && !text.len;
}

bool bv_is_gate_event(const struct bv_ima_entry *entry)
{
	return !entry->violation && bv_span_is(entry->template_name, "ima-buf") &&
	       bv_span_is(entry->path, BASTION_IMA_EVENT) && well_formed(entry->buffer);
}
