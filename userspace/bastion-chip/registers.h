/* SPDX-License-Identifier: GPL-2.0 */
/* The measurement registers. */
#ifndef CHIP_REGISTERS_H
#define CHIP_REGISTERS_H

#include <stddef.h>
#include <stdint.h>

#include <bastion/chip.h>

#define CHIP_REGISTER_PLATFORM	0	/* the firmware's and the platform's alone */
#define CHIP_REGISTER_ALL	((1u << BASTION_MR_COUNT) - 1)

/** struct chip_registers - values, SHA-384 each, zero at power on */
struct chip_registers {
	uint8_t value[BASTION_MR_COUNT][BASTION_DIGEST_SIZE];
};

/** chip_register_extend - value = SHA-384(value || digest) */
void chip_register_extend(struct chip_registers *registers, unsigned int index,
			  const uint8_t digest[BASTION_DIGEST_SIZE]);

/** chip_registers_copy - the registers in @mask, ascending. Return: bytes written. */
size_t chip_registers_copy(const struct chip_registers *registers, uint32_t mask, uint8_t *out);

/** chip_registers_digest - over tag, mask and masked values, as grants and blobs have it */
void chip_registers_digest(const struct chip_registers *registers, uint32_t mask,
			   uint8_t digest[BASTION_DIGEST_SIZE]);

#endif
