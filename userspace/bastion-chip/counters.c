// SPDX-License-Identifier: GPL-2.0
#include <endian.h>

#include "bastion-chip/counters.h"

uint32_t chip_counter_read(const struct chip *chip, uint32_t index, uint64_t *value)
{
	*value = 0;
	if (!index)
		return BASTION_STATUS_OK;
	if (chip->storage_bad)
		return BASTION_STATUS_INTERNAL;
	*value = chip->memory.counter[index - 1];
	return BASTION_STATUS_OK;
}

static uint32_t move(struct chip *chip, uint32_t index, uint64_t value)
{
	struct chip_memory moved = chip->memory;

	moved.counter[index - 1] = value;
	chip->storage_bad = chip_state_save(chip->dir, &moved) != 0;
	if (chip->storage_bad)
		return BASTION_STATUS_INTERNAL;
	chip->memory = moved;
	return BASTION_STATUS_OK;
}

uint32_t chip_counter_use(struct chip *chip, const struct bastion_blob_header *header)
{
	uint64_t wanted = le64toh(header->counter_value), value;
	uint32_t index = le32toh(header->counter_index);
	uint32_t status = chip_counter_read(chip, index, &value);

	if (status != BASTION_STATUS_OK || wanted == value)
		return status;
	if (wanted < value)
		return BASTION_STATUS_OLD_BLOB;
	/* REBIND goes one further than a blob that was good: a chip that was set back. */
	if (wanted - value > 1)
		return BASTION_STATUS_BAD_BLOB;
	return move(chip, index, wanted);
}
