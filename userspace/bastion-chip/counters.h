/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters: what makes a blob old. One moves only when a blob with its next value
 * is used for the first time; include/bastion/chip.h says why.
 *
 * Once a write has failed, nothing that has a counter is good before a power cycle:
 * it is not known what is on the disk.
 */
#ifndef CHIP_COUNTERS_H
#define CHIP_COUNTERS_H

#include <stdint.h>

#include <bastion/blob.h>

#include "bastion-chip/engine.h"

/**
 * chip_counter_read - the value of a counter
 * @chip:	powered on
 * @index:	1 .. BASTION_COUNTER_COUNT, or 0 for none
 * @value:	the value, 0 for none
 *
 * Return: BASTION_STATUS_OK or _INTERNAL.
 */
uint32_t chip_counter_read(const struct chip *chip, uint32_t index, uint64_t *value);

/**
 * chip_counter_use - use a blob: judge it, and have its counter follow it
 * @chip:	powered on
 * @header:	authentic and good
 *
 * The last check of a command: what it does is on disk when this returns.
 *
 * Return: BASTION_STATUS_OK, _OLD_BLOB, _BAD_BLOB for one from the future, or
 * _INTERNAL when the counter cannot be moved.
 */
uint32_t chip_counter_use(struct chip *chip, const struct bastion_blob_header *header);

#endif
