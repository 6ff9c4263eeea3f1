/* SPDX-License-Identifier: GPL-2.0 */
/* The quote: an EAT in a COSE_Sign1 (include/bastion/quote.h). */
#ifndef CHIP_QUOTE_H
#define CHIP_QUOTE_H

#include <stddef.h>
#include <stdint.h>

#include "bastion-chip/p384.h"
#include "bastion-chip/registers.h"

/**
 * struct chip_quote - the claims
 * @qualifying_data:	what the kernel wants signed
 * @chip_id:		of the chip
 * @chip_nonce:		the live one
 * @model:		NUL terminated
 * @firmware:		NUL terminated
 * @hardware_version:	a number
 * @svn:		of the firmware
 * @lifecycle:		BASTION_LIFECYCLE_*
 * @boot_count:		power cycles
 * @uptime_ms:		since power on
 * @registers:		at this moment
 */
struct chip_quote {
	const uint8_t *qualifying_data;
	const uint8_t *chip_id;
	const uint8_t *chip_nonce;
	const char *model;
	const char *firmware;
	uint32_t hardware_version;
	uint32_t svn;
	uint32_t lifecycle;
	uint64_t boot_count;
	uint64_t uptime_ms;
	const struct chip_registers *registers;
};

/**
 * chip_quote_sign - encode the claims and sign them
 * @quote:	the claims
 * @key:	who signs
 * @chain:	DER certificates one after the other, leaf first
 * @chain_len:	bytes
 * @out:	where the COSE_Sign1 goes
 * @size:	room there
 *
 * Return: length, or 0 when it does not fit or the chain is not DER.
 */
size_t chip_quote_sign(const struct chip_quote *quote, const struct chip_key *key,
		       const uint8_t *chain, size_t chain_len, uint8_t *out, size_t size);

#endif
