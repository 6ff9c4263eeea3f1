/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Grants: judging one that arrives, and the table of those that are live.
 *
 * A nonce is spent by the first well-formed grant that names it, whatever comes
 * of that grant: a round is never tried twice.
 */
#ifndef CHIP_GRANTS_H
#define CHIP_GRANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bastion/grant.h>

#include "bastion-chip/registers.h"

/**
 * struct chip_round - the chip's half of a round
 * @live:	@nonce was given out and is not dead yet
 * @quoted:	a QUOTE has used it
 * @spent:	a GRANT has used it
 * @nonce:	the chip's nonce
 * @qualifying_data: what the quote signed
 * @registers:	as the quote had them
 */
struct chip_round {
	bool live;
	bool quoted;
	bool spent;
	uint8_t nonce[BASTION_CHIP_NONCE_SIZE];
	uint8_t qualifying_data[BASTION_DIGEST_SIZE];
	struct chip_registers registers;
};

/**
 * struct chip_grant - what the chip keeps of a grant it accepted
 * @live:	this place is taken
 * @forged:	only a fault let it in
 * @expires_ms:	by the chip's clock; dead from then on
 */
struct chip_grant {
	bool live;
	bool forged;
	uint8_t verifier[BASTION_DIGEST_SIZE];
	uint8_t token_hash[BASTION_DIGEST_SIZE];
	uint32_t register_mask;
	uint64_t expires_ms;
	uint32_t entry_count;
	struct bastion_grant_entry entries[BASTION_GRANT_ENTRIES_MAX];
};

/** struct chip_grants - the table */
struct chip_grants {
	struct chip_grant slot[BASTION_CHIP_GRANTS];
};

/**
 * struct chip_grant_message - a GRANT command taken apart
 * @key:	the grant key that it brings
 * @fixed:	the grant's fixed part
 * @entries:	its entries
 * @entry_count: as many, within bounds
 * @digest:	SHA-384 of what was signed
 * @signature:	r || s
 */
struct chip_grant_message {
	uint8_t key[BASTION_POINT_SIZE];
	struct bastion_grant fixed;
	struct bastion_grant_entry entries[BASTION_GRANT_ENTRIES_MAX];
	uint32_t entry_count;
	uint8_t digest[BASTION_DIGEST_SIZE];
	uint8_t signature[BASTION_SIGNATURE_SIZE];
};

/**
 * struct chip_grant_facts - what a grant is held against
 * @chip_id:	this chip
 * @boot_count:	this boot
 * @registers:	their values now
 * @round:	the chip's half of the round
 */
struct chip_grant_facts {
	const uint8_t *chip_id;
	uint64_t boot_count;
	const struct chip_registers *registers;
	const struct chip_round *round;
};

/**
 * chip_grant_parse - take a GRANT command apart
 * @message:	the result
 * @in:		the command's input
 * @len:	bytes
 *
 * Return: BASTION_STATUS_OK, _BAD_LENGTH, _BAD_ARGUMENT or _BAD_GRANT.
 */
uint32_t chip_grant_parse(struct chip_grant_message *message, const uint8_t *in, size_t len);

/** chip_grant_names_round - whether it answers this round's quote; a spent nonce counts too */
bool chip_grant_names_round(const struct chip_grant_message *message,
			    const struct chip_round *round);

/**
 * chip_grant_judge - every check but the nonce's
 * @message:	the grant
 * @facts:	what it is held against
 *
 * Return: BASTION_STATUS_OK, _BAD_SIGNATURE or _BAD_GRANT.
 */
uint32_t chip_grant_judge(const struct chip_grant_message *message,
			  const struct chip_grant_facts *facts);

/**
 * chip_grants_add - make a grant live, in the place of its verifier's last one
 * @grants:	the table
 * @message:	the grant
 * @now_ms:	the chip's clock
 * @forged:	only a fault let it in
 *
 * Return: BASTION_STATUS_OK, or _BUSY when eight other verifiers have live ones.
 */
uint32_t chip_grants_add(struct chip_grants *grants, const struct chip_grant_message *message,
			 uint64_t now_ms, bool forged);

/** chip_grants_drop - every grant, at once */
void chip_grants_drop(struct chip_grants *grants);

/** chip_grants_extended - register @index has changed: drop the grants that name it */
void chip_grants_extended(struct chip_grants *grants, unsigned int index);

/** chip_grants_expire - drop those whose lifetime is over at @now_ms */
void chip_grants_expire(struct chip_grants *grants, uint64_t now_ms);

/** chip_grants_count - live ones, of which the expired are gone already */
unsigned int chip_grants_count(const struct chip_grants *grants);

/**
 * chip_grants_find - the live grant that a token stands for
 * @grants:	the table, expired ones dropped
 * @token:	as the command brings it
 * @verifier:	whose grant the header wants
 * @found:	the grant
 *
 * Return: BASTION_STATUS_OK, _NO_GRANT, or _DENIED when the token is another
 * verifier's.
 */
uint32_t chip_grants_find(const struct chip_grants *grants,
			  const uint8_t token[BASTION_TOKEN_SIZE],
			  const uint8_t verifier[BASTION_DIGEST_SIZE],
			  const struct chip_grant **found);

/**
 * chip_grant_allows - whether a grant has an entry for this
 * @grant:	the grant
 * @wish:	kind, policy, destination (zero but for REBIND), and the executable that
 *		asks, zero when not measured; its flags are not looked at
 */
bool chip_grant_allows(const struct chip_grant *grant, const struct bastion_grant_entry *wish);

#endif
