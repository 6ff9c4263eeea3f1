/* SPDX-License-Identifier: GPL-2.0 */
/* The chip's test of itself. */
#ifndef CHIP_SELFTEST_H
#define CHIP_SELFTEST_H

#include "bastion-chip/engine.h"

/**
 * chip_self_test - known answers, the identity key, firmware, storage
 * @chip:	powered on
 *
 * Return: BASTION_TEST_* bits of what failed; 0 is good.
 */
uint32_t chip_self_test(const struct chip *chip);

#endif
