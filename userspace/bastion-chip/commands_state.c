// SPDX-License-Identifier: GPL-2.0
/* The commands that tell of the chip, and its registers. */
#include <endian.h>
#include <string.h>

#include "bastion-chip/commands.h"
#include "bastion-chip/counters.h"
#include "bastion-chip/hash.h"
#include "bastion-chip/selftest.h"

#define RANDOM_MAX 1024

uint32_t chip_command_info(struct chip *chip, struct chip_io *io)
{
	bool lie = chip->lies & CHIP_LIE_OLD_FIRMWARE;
	struct bastion_cmd_info info = {
		.hardware_version = chip->fuses.hardware_version,
		.svn = lie ? htole32(CHIP_OLD_SVN) : chip->fuses.svn,
		.boot_count = htole64(chip->memory.boot_count),
		.capabilities = htole32(BASTION_CAP_DEBUG),
		.lifecycle = chip->fuses.lifecycle,
	};

	if (io->out_size < sizeof(info))
		return BASTION_STATUS_INTERNAL;
	memcpy(info.model, chip->fuses.model, sizeof(info.model));
	if (lie)
		memcpy(info.firmware, CHIP_OLD_FIRMWARE, sizeof(CHIP_OLD_FIRMWARE));
	else
		memcpy(info.firmware, chip->fuses.firmware, sizeof(info.firmware));
	memcpy(info.chip_id, chip->identity.spki_digest, sizeof(info.chip_id));
	memcpy(io->out, &info, sizeof(info));
	io->out_len = sizeof(info);
	return BASTION_STATUS_OK;
}

/* A test that failed stays failed, and takes every grant and nonce with it. */
uint32_t chip_command_self_test(struct chip *chip, struct chip_io *io)
{
	struct bastion_cmd_self_test result = { 0 };

	if (io->out_size < sizeof(result))
		return BASTION_STATUS_INTERNAL;
	if (!chip->now.failed) {
		chip->now.failed_tests = chip_self_test(chip);
		if (chip->lies & CHIP_LIE_SELF_TEST)
			chip->now.failed_tests |= chip->lie_bits;
		chip->now.failed = chip->now.failed_tests != 0;
	}
	chip->now.tested = !chip->now.failed;
	if (chip->now.failed) {
		chip_grants_drop(&chip->now.grants);
		explicit_bzero(&chip->now.round, sizeof(chip->now.round));
		return BASTION_STATUS_TEST_FAILED;
	}
	memcpy(io->out, &result, sizeof(result));
	io->out_len = sizeof(result);
	return BASTION_STATUS_OK;
}

/* CERT_CHAIN and BOOT_LOG: as much of @data from the offset on as there is room for. */
static uint32_t read_out(struct chip_io *io, const uint8_t *data, size_t total)
{
	struct bastion_cmd_read_in in;
	struct bastion_cmd_read_out out = { .total = htole32(total) };
	size_t offset, len;

	memcpy(&in, io->in, sizeof(in));
	offset = le32toh(in.offset);
	if (offset > total)
		return BASTION_STATUS_BAD_ARGUMENT;
	if (io->out_size < sizeof(out))
		return BASTION_STATUS_INTERNAL;
	len = total - offset;
	if (len > io->out_size - sizeof(out))
		len = io->out_size - sizeof(out);
	memcpy(io->out, &out, sizeof(out));
	memcpy(io->out + sizeof(out), data + offset, len);
	io->out_len = sizeof(out) + len;
	return BASTION_STATUS_OK;
}

uint32_t chip_command_cert_chain(struct chip *chip, struct chip_io *io)
{
	return read_out(io, chip->chain, chip->chain_len);
}

uint32_t chip_command_boot_log(struct chip *chip, struct chip_io *io)
{
	return read_out(io, chip->now.boot_log.data, chip->now.boot_log.len);
}

uint32_t chip_command_mr_read(struct chip *chip, struct chip_io *io)
{
	struct bastion_cmd_mr_read in;
	uint32_t mask;

	memcpy(&in, io->in, sizeof(in));
	mask = le32toh(in.mask);
	if (mask & ~CHIP_REGISTER_ALL)
		return BASTION_STATUS_BAD_REGISTER;
	if (!mask)
		return BASTION_STATUS_BAD_ARGUMENT;
	if (io->out_size < BASTION_MR_COUNT * BASTION_DIGEST_SIZE)
		return BASTION_STATUS_INTERNAL;
	io->out_len = chip_registers_copy(&chip->now.registers, mask, io->out);
	return BASTION_STATUS_OK;
}

uint32_t chip_command_mr_extend(struct chip *chip, struct chip_io *io)
{
	struct bastion_cmd_mr_extend in;
	uint32_t index;

	memcpy(&in, io->in, sizeof(in));
	index = le32toh(in.index);
	if (index >= BASTION_MR_COUNT || index == CHIP_REGISTER_PLATFORM)
		return BASTION_STATUS_BAD_REGISTER;
	if (io->out_size < BASTION_DIGEST_SIZE)
		return BASTION_STATUS_INTERNAL;
	chip_register_extend(&chip->now.registers, index, in.digest);
	chip_grants_extended(&chip->now.grants, index);
	memcpy(io->out, chip->now.registers.value[index], BASTION_DIGEST_SIZE);
	io->out_len = BASTION_DIGEST_SIZE;
	return BASTION_STATUS_OK;
}

uint32_t chip_command_counter(struct chip *chip, struct chip_io *io)
{
	struct bastion_cmd_counter_out out;
	struct bastion_cmd_counter in;
	uint32_t index, status;
	uint64_t value;

	memcpy(&in, io->in, sizeof(in));
	index = le32toh(in.index);
	if (index < 1 || index > BASTION_COUNTER_COUNT)
		return BASTION_STATUS_BAD_ARGUMENT;
	if (io->out_size < sizeof(out))
		return BASTION_STATUS_INTERNAL;
	status = chip_counter_read(chip, index, &value);
	if (status != BASTION_STATUS_OK)
		return status;
	out.value = htole64(value);
	memcpy(io->out, &out, sizeof(out));
	io->out_len = sizeof(out);
	return BASTION_STATUS_OK;
}

uint32_t chip_command_random(struct chip *chip, struct chip_io *io)
{
	struct bastion_cmd_random in;
	uint32_t len;

	memcpy(&in, io->in, sizeof(in));
	len = le32toh(in.length);
	if (len < 1 || len > RANDOM_MAX)
		return BASTION_STATUS_BAD_ARGUMENT;
	if (io->out_size < len)
		return BASTION_STATUS_INTERNAL;
	chip_random(io->out, len);
	io->out_len = len;
	return BASTION_STATUS_OK;
}
