// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bastion/blob.h>
#include <bastion/round.h>

#include "bastion-chip/bytes.h"
#include "bastion-chip/commands.h"
#include "bastion-chip/engine.h"

#define NEEDS_TEST (1 << 0)	/* refused until SELF_TEST has passed */

#define SEAL_MIN (sizeof(struct bastion_cmd_seal) + sizeof(struct bastion_blob_header))
#define GRANT_FRONT sizeof(struct bastion_cmd_grant)
#define REBIND_FRONT (sizeof(struct bastion_cmd_rebind) + sizeof(struct bastion_blob_header))

/**
 * struct command - a row of the table
 * @opcode:	BASTION_CMD_*
 * @name:	for people
 * @in_min:	least input; the handler checks for the exact length
 * @in_max:	most input
 * @flags:	NEEDS_TEST
 * @run:	the handler
 */
struct command {
	uint32_t opcode;
	const char *name;
	size_t in_min;
	size_t in_max;
	unsigned int flags;
	uint32_t (*run)(struct chip *chip, struct chip_io *io);
};

/* RELOCK needs no test: it can only take away. */
static const struct command commands[] = {
	{ BASTION_CMD_INFO, "INFO", 0, 0, 0, chip_command_info },
	{ BASTION_CMD_SELF_TEST, "SELF_TEST", 0, 0, 0, chip_command_self_test },
	{ BASTION_CMD_CERT_CHAIN, "CERT_CHAIN", sizeof(struct bastion_cmd_read_in),
	  sizeof(struct bastion_cmd_read_in), 0, chip_command_cert_chain },
	{ BASTION_CMD_BOOT_LOG, "BOOT_LOG", sizeof(struct bastion_cmd_read_in),
	  sizeof(struct bastion_cmd_read_in), 0, chip_command_boot_log },
	{ BASTION_CMD_MR_READ, "MR_READ", sizeof(struct bastion_cmd_mr_read),
	  sizeof(struct bastion_cmd_mr_read), 0, chip_command_mr_read },
	{ BASTION_CMD_MR_EXTEND, "MR_EXTEND", sizeof(struct bastion_cmd_mr_extend),
	  sizeof(struct bastion_cmd_mr_extend), 0, chip_command_mr_extend },
	{ BASTION_CMD_NONCE, "NONCE", 0, 0, NEEDS_TEST, chip_command_nonce },
	{ BASTION_CMD_QUOTE, "QUOTE", BASTION_DIGEST_SIZE, BASTION_DIGEST_SIZE, NEEDS_TEST,
	  chip_command_quote },
	{ BASTION_CMD_GRANT, "GRANT", GRANT_FRONT + BASTION_GRANT_SIZE(1),
	  GRANT_FRONT + BASTION_GRANT_MAX, NEEDS_TEST, chip_command_grant },
	{ BASTION_CMD_RELOCK, "RELOCK", 0, 0, 0, chip_command_relock },
	{ BASTION_CMD_SEAL, "SEAL", SEAL_MIN, SEAL_MIN + BASTION_SECRET_MAX, NEEDS_TEST,
	  chip_command_seal },
	{ BASTION_CMD_UNSEAL, "UNSEAL",
	  sizeof(struct bastion_cmd_unseal) + BASTION_BLOB_DERIVED_SIZE,
	  sizeof(struct bastion_cmd_unseal) + BASTION_BLOB_MAX, NEEDS_TEST, chip_command_unseal },
	{ BASTION_CMD_SIGN, "SIGN", sizeof(struct bastion_cmd_sign) + BASTION_BLOB_DERIVED_SIZE,
	  sizeof(struct bastion_cmd_sign) + BASTION_BLOB_MAX, NEEDS_TEST, chip_command_sign },
	{ BASTION_CMD_REBIND, "REBIND", REBIND_FRONT + BASTION_BLOB_DERIVED_SIZE,
	  REBIND_FRONT + BASTION_BLOB_MAX, NEEDS_TEST, chip_command_rebind },
	{ BASTION_CMD_RANDOM, "RANDOM", sizeof(struct bastion_cmd_random),
	  sizeof(struct bastion_cmd_random), 0, chip_command_random },
	{ BASTION_CMD_COUNTER, "COUNTER", sizeof(struct bastion_cmd_counter),
	  sizeof(struct bastion_cmd_counter), NEEDS_TEST, chip_command_counter },
};

static const char *const statuses[] = {
	[BASTION_STATUS_OK] = "OK",
	[BASTION_STATUS_BAD_OPCODE] = "BAD_OPCODE",
	[BASTION_STATUS_BAD_LENGTH] = "BAD_LENGTH",
	[BASTION_STATUS_BAD_ARGUMENT] = "BAD_ARGUMENT",
	[BASTION_STATUS_NOT_TESTED] = "NOT_TESTED",
	[BASTION_STATUS_TEST_FAILED] = "TEST_FAILED",
	[BASTION_STATUS_NO_GRANT] = "NO_GRANT",
	[BASTION_STATUS_DENIED] = "DENIED",
	[BASTION_STATUS_BAD_SIGNATURE] = "BAD_SIGNATURE",
	[BASTION_STATUS_STALE_NONCE] = "STALE_NONCE",
	[BASTION_STATUS_BAD_GRANT] = "BAD_GRANT",
	[BASTION_STATUS_BAD_BLOB] = "BAD_BLOB",
	[BASTION_STATUS_WRONG_CHIP] = "WRONG_CHIP",
	[BASTION_STATUS_BAD_REGISTER] = "BAD_REGISTER",
	[BASTION_STATUS_BUSY] = "BUSY",
	[BASTION_STATUS_INTERNAL] = "INTERNAL",
	[BASTION_STATUS_OLD_BLOB] = "OLD_BLOB",
};

static const struct command *command_find(uint32_t opcode)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].opcode == opcode)
			return &commands[i];
	return NULL;
}

const char *chip_command_name(uint32_t opcode)
{
	const struct command *command = command_find(opcode);

	return command ? command->name : NULL;
}

uint32_t chip_command_number(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcasecmp(commands[i].name, name))
			return commands[i].opcode;
	return 0;
}

const char *chip_status_name(uint32_t status)
{
	return status < ARRAY_SIZE(statuses) ? statuses[status] : NULL;
}

uint64_t chip_clock_boottime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

int chip_open(struct chip *chip, const char *path, struct complaint *why)
{
	int error;

	memset(chip, 0, sizeof(*chip));
	chip->clock_ms = chip_clock_boottime;
	chip->dir = chip_store_open(path, true, why);
	if (chip->dir < 0)
		return -1;
	error = chip_fuses_load(chip->dir, &chip->fuses);
	if (error) {
		complain(why, "%s/fuses: %s: make a chip with bastion-chip foundry chip", path,
			 error == -EBADMSG ? "damaged" : strerror(-error));
		goto close_dir;
	}
	error = chip_store_read(chip->dir, "certificates.der", chip->chain, sizeof(chip->chain));
	if (error < 0) {
		complain(why, "%s/certificates.der: %s", path, strerror(-error));
		goto wipe_fuses;
	}
	chip->chain_len = error;
	if (!chip_key_load(&chip->identity, chip->fuses.identity)) {
		complain(why, "%s/fuses: the identity key is not a P-384 key", path);
		goto wipe_fuses;
	}
	return 0;

wipe_fuses:
	explicit_bzero(&chip->fuses, sizeof(chip->fuses));
close_dir:
	close(chip->dir);
	return -1;
}

void chip_close(struct chip *chip)
{
	chip_key_wipe(&chip->identity);
	close(chip->dir);
	explicit_bzero(chip, sizeof(*chip));
}

int chip_power_on(struct chip *chip, const struct chip_boot *boot, struct complaint *why)
{
	chip_power_off(chip);
	chip->storage_bad = chip_state_load(chip->dir, &chip->memory) != 0;
	chip->memory.boot_count++;
	/* What cannot be read is left as it is, for somebody to look at. */
	if (!chip->storage_bad)
		chip->storage_bad = chip_state_save(chip->dir, &chip->memory) != 0;

	chip->firmware_bad = chip_firmware_measure(chip->dir, &chip->fuses,
						   chip->firmware_digest) != 0;
	if (chip->firmware_bad)
		memset(chip->firmware_digest, 0, sizeof(chip->firmware_digest));
	else if (memcmp(chip->firmware_digest, chip->fuses.firmware_digest, BASTION_DIGEST_SIZE))
		chip->firmware_bad = true;
	chip->now.power_on_ms = chip->clock_ms();
	if (chip_bootlog_digest(&chip->now.boot_log, &chip->now.registers, BASTION_BOOT_FIRMWARE,
				chip->firmware_digest))
		return complain(why, "the boot log is full");
	if (!boot)
		return 0;
	return chip_bootlog_platform(&chip->now.boot_log, &chip->now.registers, boot, why);
}

void chip_power_off(struct chip *chip)
{
	explicit_bzero(&chip->now, sizeof(chip->now));
}

/* What can be said of a command before its handler looks at it. */
static uint32_t admit(const struct chip *chip, const struct command *command,
		      const struct chip_io *io)
{
	if (!command)
		return BASTION_STATUS_BAD_OPCODE;
	if (io->in_len < command->in_min || io->in_len > command->in_max)
		return BASTION_STATUS_BAD_LENGTH;
	if (!(command->flags & NEEDS_TEST) || chip->now.tested)
		return BASTION_STATUS_OK;
	return chip->now.failed ? BASTION_STATUS_TEST_FAILED : BASTION_STATUS_NOT_TESTED;
}

uint32_t chip_execute(struct chip *chip, uint32_t opcode, struct chip_io *io)
{
	const struct command *command = command_find(opcode);
	uint32_t status = admit(chip, command, io);

	io->out_len = 0;
	/* A handler that lies overwrites it. */
	chip->honest = BASTION_STATUS_OK;
	chip_grants_expire(&chip->now.grants, chip->clock_ms());
	if (status == BASTION_STATUS_OK)
		status = command->run(chip, io);
	if (status != BASTION_STATUS_OK) {
		chip->honest = status;
		io->out_len = 0;
	}
	return status;
}
