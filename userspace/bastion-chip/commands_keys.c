// SPDX-License-Identifier: GPL-2.0
/* The commands of a round, and those that a grant opens. */
#include <endian.h>
#include <string.h>

#include <nettle/memops.h>

#include "bastion-chip/blob.h"
#include "bastion-chip/bytes.h"
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
		.boot_count = chip->boot_count,
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
		.boot_count = chip->boot_count,
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

/* Whether a live grant with this token allows @kind for the policy in @header. */
static uint32_t permission(struct chip *chip, const uint8_t token[BASTION_TOKEN_SIZE],
			   const struct bastion_blob_header *header, uint32_t kind,
			   const uint8_t executable[BASTION_EXE_SIZE])
{
	const struct chip_grant *grant;
	uint32_t status;

	status = chip_grants_find(&chip->now.grants, token, header->verifier, &grant);
	if (status == BASTION_STATUS_OK &&
	    !chip_grant_allows(grant, kind, header->policy, executable))
		status = BASTION_STATUS_DENIED;
	if (status != BASTION_STATUS_OK && chip->lies & CHIP_LIE_NO_GRANT) {
		chip->honest = status;
		return BASTION_STATUS_OK;
	}
	return status;
}

uint32_t chip_command_seal(struct chip *chip, struct chip_io *io)
{
	static const uint8_t unmeasured[BASTION_EXE_SIZE];
	struct bastion_blob_header header;
	uint8_t secret[BASTION_SECRET_MAX];
	struct bastion_cmd_seal in;
	uint32_t imported, status;
	size_t len;

	memcpy(&in, io->in, sizeof(in));
	memcpy(&header, io->in + sizeof(in), sizeof(header));
	imported = le32toh(in.imported);
	len = le32toh(header.secret_len);
	if (imported > 1 || !chip_blob_header_good(&header) ||
	    !chip_is_zero(header.chip_id, sizeof(header.chip_id)) ||
	    !chip_is_zero(header.salt, sizeof(header.salt))) {
		status = BASTION_STATUS_BAD_ARGUMENT;
		goto wipe;
	}
	if (io->in_len != sizeof(in) + sizeof(header) + (imported ? len : 0)) {
		status = BASTION_STATUS_BAD_LENGTH;
		goto wipe;
	}
	status = permission(chip, in.token, &header, BASTION_GRANT_CREATE, unmeasured);
	if (status != BASTION_STATUS_OK)
		goto wipe;
	if (io->out_size < BASTION_BLOB_OVERHEAD + len) {
		status = BASTION_STATUS_INTERNAL;
		goto wipe;
	}
	if (imported)
		memcpy(secret, io->in + sizeof(in) + sizeof(header), len);
	else
		chip_random(secret, len);
	memcpy(header.chip_id, chip->identity.spki_digest, sizeof(header.chip_id));
	io->out_len = chip_blob_seal(chip->fuses.seed, &header, secret, io->out);
	explicit_bzero(secret, sizeof(secret));
wipe:
	explicit_bzero(&in, sizeof(in));
	return status;
}

/* The authenticated header against the firmware, the registers and the requester. */
static bool header_allows(struct chip *chip, const struct bastion_blob_header *header,
			  const struct bastion_cmd_unseal *in)
{
	uint32_t mask = le32toh(header->register_mask);
	uint8_t digest[BASTION_DIGEST_SIZE];

	if (le32toh(header->min_svn) > le32toh(chip->fuses.svn))
		return false;
	if (mask) {
		chip_registers_digest(&chip->now.registers, mask, digest);
		if (!memeql_sec(digest, header->register_digest, sizeof(digest)))
			return false;
	}
	if (header->owner != in->owner || !(le32toh(header->types) & le32toh(in->type)))
		return false;
	return !(le32toh(header->flags) & BASTION_BLOB_EXECUTABLE) ||
	       !memcmp(header->executable, in->executable, sizeof(header->executable));
}

/* Numbered as the checks must come: nothing in the header counts before it is authentic. */
static uint32_t unseal(struct chip *chip, struct chip_io *io, const struct bastion_cmd_unseal *in,
		       uint8_t secret[BASTION_SECRET_MAX])
{
	const uint8_t *blob = io->in + sizeof(*in);
	struct bastion_blob_header header;
	uint32_t type = le32toh(in->type), status;
	size_t len;

	/* 1. The request has a shape. */
	memcpy(&header, blob, sizeof(header));
	len = le32toh(header.secret_len);
	if (!type || type & (type - 1) || type & ~BASTION_TYPE_ALL)
		return BASTION_STATUS_BAD_ARGUMENT;
	if (len > BASTION_SECRET_MAX || io->in_len != sizeof(*in) + BASTION_BLOB_OVERHEAD + len)
		return BASTION_STATUS_BAD_LENGTH;
	if (io->out_size < len)
		return BASTION_STATUS_INTERNAL;
	/* 2. The blob is this chip's, whole and untouched. */
	if (!memeql_sec(header.chip_id, chip->identity.spki_digest, sizeof(header.chip_id)))
		return BASTION_STATUS_WRONG_CHIP;
	if (!chip_blob_open(chip->fuses.seed, &header, blob, secret) ||
	    !chip_blob_header_good(&header))
		return BASTION_STATUS_BAD_BLOB;
	/* 3. A verifier allows it now. */
	status = permission(chip, in->token, &header, BASTION_GRANT_RELEASE, in->executable);
	if (status != BASTION_STATUS_OK)
		return status;
	/* 4. So does whoever sealed it. */
	if (!header_allows(chip, &header, in))
		return BASTION_STATUS_DENIED;
	memcpy(io->out, secret, len);
	io->out_len = len;
	return BASTION_STATUS_OK;
}

uint32_t chip_command_unseal(struct chip *chip, struct chip_io *io)
{
	uint8_t secret[BASTION_SECRET_MAX];
	struct bastion_cmd_unseal in;
	uint32_t status;

	memcpy(&in, io->in, sizeof(in));
	status = unseal(chip, io, &in, secret);
	explicit_bzero(secret, sizeof(secret));
	explicit_bzero(&in, sizeof(in));
	return status;
}
