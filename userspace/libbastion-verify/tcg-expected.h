/* SPDX-License-Identifier: GPL-2.0 */
/* Register values that were read elsewhere, to compare a replay with. */
#ifndef BV_TCG_EXPECTED_H
#define BV_TCG_EXPECTED_H

#include "tcg-pcrs.h"

#define BV_EXPECTED_MAX	(1 << 20)

/**
 * struct bv_expected - values
 * @given:	by bank: mask of the registers that have a value
 * @value:	by bank and register
 */
struct bv_expected {
	uint32_t given[BV_BANKS];
	uint8_t value[BV_BANKS][BV_PCR_COUNT][BV_PCR_DIGEST_MAX];
};

/**
 * bv_expected_parse() - read values
 * @text:	JSON, {"sha256": {"0": hex}} or that as the member "registers" of an
 *		object; or lines, see Documentation/verifier.rst
 * @expected:	the values
 * @err:	what was wrong, naming the line or the member
 *
 * Return: 0, -EBADMSG.
 */
int bv_expected_parse(struct bv_span text, struct bv_expected *expected, struct bv_error *err);

/**
 * struct bv_comparison - what came of it
 * @compared:	by bank: mask of the registers whose value is the expected one
 * @skipped:	by bank: expected, but the log says nothing of them; or the reverse
 */
struct bv_comparison {
	uint32_t compared[BV_BANKS];
	uint32_t skipped[BV_BANKS];
};

/**
 * bv_expected_compare() - compare
 * @expected:	the values
 * @pcrs:	a replay
 * @always:	mask of the registers that the log would name had they been extended
 * @out:	what was compared
 * @err:	the first difference
 *
 * Registers are compared that the replay extended, and those of @always. To
 * compare nothing is a failure.
 *
 * Return: 0, -EBADMSG.
 */
int bv_expected_compare(const struct bv_expected *expected, const struct bv_pcrs *pcrs,
			uint32_t always, struct bv_comparison *out, struct bv_error *err);

#endif
