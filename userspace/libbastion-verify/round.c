// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "crypto.h"
#include "round.h"

/* Six fields, each with its length before it. */
int bv_qualifying(const struct bv_round *round, uint8_t out[BASTION_DIGEST_SIZE])
{
	static const char tag[] = BASTION_QUALIFYING_TAG;
	uint8_t count[8], lengths[6][4];
	const struct bv_span fields[6] = {
		{ round->verifier_nonce, round->verifier_nonce_len },
		BV_SPAN(round->verifier),
		BV_SPAN(round->kernel_nonce),
		{ round->chip_nonce, round->chip_nonce_len },
		BV_SPAN(round->boot_key),
		BV_SPAN(count),
	};
	struct bv_span parts[13] = { BV_SPAN(tag) };

	bv_put_le64(count, round->log_count);
	for (int i = 0; i < 6; i++) {
		bv_put_le32(lengths[i], fields[i].len);
		parts[1 + 2 * i] = BV_SPAN(lengths[i]);
		parts[2 + 2 * i] = fields[i];
	}
	return bv_sha384(out, parts, 13);
}

int bv_policy_reference(const uint8_t chip_id[BASTION_DIGEST_SIZE], const char *label,
			uint8_t out[BASTION_DIGEST_SIZE])
{
	static const char tag[] = BASTION_POLICY_TAG;
	uint8_t name[BASTION_DIGEST_SIZE];
	const struct bv_span text = { (const uint8_t *)label, strlen(label) };
	const struct bv_span parts[] = {
		BV_SPAN(tag), { chip_id, BASTION_DIGEST_SIZE }, BV_SPAN(name),
	};
	int ret = bv_sha384(name, &text, 1);

	return ret ? ret : bv_sha384(out, parts, 3);
}

bool bv_label_ok(const char *label)
{
	size_t len = strlen(label);

	return len >= 1 && len <= BASTION_POLICY_LABEL_MAX &&
	       strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

int bv_register_digest(uint32_t mask,
		       const uint8_t registers[BASTION_MR_COUNT][BASTION_DIGEST_SIZE],
		       uint8_t out[BASTION_DIGEST_SIZE])
{
	static const char tag[] = BASTION_REGISTERS_TAG;
	struct bv_span parts[2 + BASTION_MR_COUNT] = { BV_SPAN(tag) };
	uint8_t mask_bytes[4];
	size_t count = 2;

	bv_put_le32(mask_bytes, mask);
	parts[1] = BV_SPAN(mask_bytes);
	for (int i = 0; i < BASTION_MR_COUNT; i++)
		if (mask & (1u << i))
			parts[count++] = (struct bv_span){ registers[i], BASTION_DIGEST_SIZE };
	return bv_sha384(out, parts, count);
}
