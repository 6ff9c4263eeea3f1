// SPDX-License-Identifier: GPL-2.0
#include <endian.h>
#include <string.h>

#include <bastion/grant.h>

#include "bastion-chip/hash.h"
#include "bastion-chip/registers.h"

void chip_register_extend(struct chip_registers *registers, unsigned int index,
			  const uint8_t digest[BASTION_DIGEST_SIZE])
{
	uint8_t *value = registers->value[index];

	chip_sha384(value, { value, BASTION_DIGEST_SIZE }, { digest, BASTION_DIGEST_SIZE });
}

size_t chip_registers_copy(const struct chip_registers *registers, uint32_t mask, uint8_t *out)
{
	size_t len = 0;

	for (unsigned int i = 0; i < BASTION_MR_COUNT; i++) {
		if (!(mask & (1u << i)))
			continue;
		memcpy(out + len, registers->value[i], BASTION_DIGEST_SIZE);
		len += BASTION_DIGEST_SIZE;
	}
	return len;
}

void chip_registers_digest(const struct chip_registers *registers, uint32_t mask,
			   uint8_t digest[BASTION_DIGEST_SIZE])
{
	uint8_t values[BASTION_MR_COUNT * BASTION_DIGEST_SIZE];
	uint32_t mask_le = htole32(mask);
	size_t len = chip_registers_copy(registers, mask, values);

	chip_sha384(digest, { BASTION_REGISTERS_TAG, sizeof(BASTION_REGISTERS_TAG) },
		    { &mask_le, sizeof(mask_le) }, { values, len });
}
