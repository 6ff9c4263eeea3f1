// SPDX-License-Identifier: GPL-2.0
/* The commands of a round: nonce, quote, grant; and RELOCK. */
#include <endian.h>
#include <string.h>

#include "bastion-chip/commands.h"
#include "bastion-chip/hash.h"
#include "bastion-chip/quote.h"

uint32_t chip_command_nonce(struct chip *chip, struct chip_io *io)
{
	struct chip_round *round = &chip->now.round;
	bool repeat = chip->lies & CHIP_LIE_STALE_NONCE && round->live;

	if (io->out_size < sizeof(round->nonce))
		return BASTION_STATUS_INTERNAL;
	if (!repeat) {
		explicit_bzero(round, sizeof(*round));
		chip_random(round->nonce, sizeof(round->nonce));
		round->live = true;
	}
	memcpy(io->out, round->nonce, sizeof(round->nonce));
	io->out_len = sizeof(round->nonce);
	return BASTION_STATUS_OK;
}

/* Signs with a key that no certificate names. */
static size_t sign_wrongly(const struct chip_quote *quote, struct chip *chip, struct chip_io *io)
{
	uint8_t secret[CHIP_SCALAR_SIZE];
	struct chip_key key;
	size_t len = 0;

	chip_key_generate(secret);
	if (chip_key_load(&key, secret)) {
		len = chip_quote_sign(quote, &key, chip->chain, chip->chain_len, io->out,
				      io->out_size);
		chip_key_wipe(&key);
	}
	explicit_bzero(secret, sizeof(secret));
	return len;
}

uint32_t chip_command_quote(struct chip *chip, struct chip_io *io)
{
	bool old = chip->lies & CHIP_LIE_OLD_FIRMWARE;
	struct chip_round *round = &chip->now.round;
	struct chip_quote quote = {
		.qualifying_data = io->in,
		.chip_id = chip->identity.spki_digest,
		.chip_nonce = round->nonce,
		.model = (const char *)chip->fuses.model,
		.firmware = old ? CHIP_OLD_FIRMWARE : (const char *)chip->fuses.firmware,
		.hardware_version = le32toh(chip->fuses.hardware_version),
		.svn = old ? CHIP_OLD_SVN : le32toh(chip->fuses.svn),
		.lifecycle = le32toh(chip->fuses.lifecycle),
		.boot_count = chip->memory.boot_count,
		.uptime_ms = chip->clock_ms() - chip->now.power_on_ms,
		.registers = &chip->now.registers,
	};

	if (!round->live || (round->quoted && !(chip->lies & CHIP_LIE_STALE_NONCE)))
		return BASTION_STATUS_STALE_NONCE;
	round->quoted = true;
	memcpy(round->qualifying_data, io->in, sizeof(round->qualifying_data));
	round->registers = chip->now.registers;
	if (chip->lies & CHIP_LIE_WRONG_KEY)
		io->out_len = sign_wrongly(&quote, chip, io);
	else
		io->out_len = chip_quote_sign(&quote, &chip->identity, chip->chain,
					      chip->chain_len, io->out, io->out_size);
	return io->out_len ? BASTION_STATUS_OK : BASTION_STATUS_INTERNAL;
}

/* What an honest chip says to a grant. Spends the nonce. */
static uint32_t grant_judge(struct chip *chip, const struct chip_grant_message *message)
{
	struct chip_round *round = &chip->now.round;
	const struct chip_grant_facts facts = {
		.chip_id = chip->identity.spki_digest,
		.boot_count = chip->memory.boot_count,
		.registers = &chip->now.registers,
		.round = round,
	};
	bool spent = round->spent;

	if (!chip_grant_names_round(message, round))
		return BASTION_STATUS_STALE_NONCE;
	round->spent = true;
	if (spent)
		return BASTION_STATUS_STALE_NONCE;
	return chip_grant_judge(message, &facts);
}

/* What a chip with these faults says to a grant that it should have refused. */
static uint32_t grant_judge_lying(struct chip *chip, const struct chip_grant_message *message,
				  uint32_t honest)
{
	if (chip->lies & CHIP_LIE_ANY_GRANT)
		return BASTION_STATUS_OK;
	if (!(chip->lies & CHIP_LIE_STALE_NONCE))
		return honest;
	chip->now.round.spent = false;
	return grant_judge(chip, message);
}

uint32_t chip_command_grant(struct chip *chip, struct chip_io *io)
{
	struct chip_grant_message message;
	uint32_t status, honest;

	status = chip_grant_parse(&message, io->in, io->in_len);
	if (status != BASTION_STATUS_OK)
		return status;
	honest = status = grant_judge(chip, &message);
	if (honest != BASTION_STATUS_OK)
		status = grant_judge_lying(chip, &message, honest);
	if (status == BASTION_STATUS_OK)
		status = chip_grants_add(&chip->now.grants, &message, chip->clock_ms(),
					 honest != BASTION_STATUS_OK);
	chip->honest = honest;
	return status;
}

uint32_t chip_command_relock(struct chip *chip, struct chip_io *io)
{
	chip_grants_drop(&chip->now.grants);
	explicit_bzero(&chip->now.round, sizeof(chip->now.round));
	return BASTION_STATUS_OK;
}
