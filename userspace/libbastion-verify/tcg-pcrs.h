/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Platform configuration registers in several banks, as a TPM keeps them (TPM 2.0
 * Library, part 1, "PCR Operations"): value = H(value || digest), from zero.
 */
#ifndef BV_TCG_PCRS_H
#define BV_TCG_PCRS_H

#include <jansson.h>

#include "crypto.h"
#include "error.h"

#define BV_PCR_COUNT		24
#define BV_PCR_DIGEST_MAX	64

/* The banks that we can replay, shortest digest first. */
enum bv_bank {
	BV_BANK_SHA1,
	BV_BANK_SHA256,
	BV_BANK_SHA384,
	BV_BANK_SHA512,
	BV_BANKS,
};

#define BV_BANKS_ALL	((1u << BV_BANKS) - 1)

/** bv_bank_name() - "sha1", "sha256", ... */
const char *bv_bank_name(enum bv_bank bank);

/** bv_bank_size() - bytes of a digest */
size_t bv_bank_size(enum bv_bank bank);

/** bv_bank_tcg() - its TPM_ALG_ID */
uint16_t bv_bank_tcg(enum bv_bank bank);

/* Each of these returns a bank, or -1 for what is none of ours. */

/** bv_bank_by_name() - by bv_bank_name() */
int bv_bank_by_name(struct bv_span name);

/** bv_bank_by_size() - by bv_bank_size() */
int bv_bank_by_size(size_t size);

/** bv_bank_by_tcg() - by TPM_ALG_ID */
int bv_bank_by_tcg(uint16_t id);

/**
 * struct bv_pcrs - the values of registers; plain data that may be stored
 * @banks:	mask of the banks that are replayed
 * @used:	mask of the registers that were extended
 * @value:	by bank and register; as many bytes as the bank has
 */
struct bv_pcrs {
	uint32_t banks;
	uint32_t used;
	uint8_t value[BV_BANKS][BV_PCR_COUNT][BV_PCR_DIGEST_MAX];
};

/**
 * struct bv_bank_hashers - the digests of some banks
 * @bank:	those that were asked for; the others are empty
 */
struct bv_bank_hashers {
	struct bv_hasher bank[BV_BANKS];
};

/**
 * bv_bank_hashers_init() - prepare digests
 * @hashers:	bv_bank_hashers_exit() it whatever this returns
 * @banks:	mask of those that are needed
 *
 * Return: 0, -ENOMEM.
 */
int bv_bank_hashers_init(struct bv_bank_hashers *hashers, uint32_t banks);

/** bv_bank_hashers_exit() - give back what bv_bank_hashers_init() took */
void bv_bank_hashers_exit(struct bv_bank_hashers *hashers);

/**
 * bv_pcr_extend() - extend one register of one bank
 * @pcrs:	the values
 * @hashers:	with that bank
 * @bank:	which
 * @index:	below BV_PCR_COUNT
 * @digest:	as many bytes as the bank has
 *
 * Return: 0, -EIO.
 */
int bv_pcr_extend(struct bv_pcrs *pcrs, struct bv_bank_hashers *hashers, enum bv_bank bank,
		  uint32_t index, const uint8_t *digest);

/** bv_pcrs_bank_json() - {"0": hex, ...} of the registers in a mask; NULL without memory */
json_t *bv_pcrs_bank_json(enum bv_bank bank, uint32_t mask,
			  const uint8_t value[BV_PCR_COUNT][BV_PCR_DIGEST_MAX]);

/** bv_pcrs_names_json() - ["sha256:0", ...] of the registers in a mask for each bank */
json_t *bv_pcrs_names_json(const uint32_t masks[BV_BANKS]);

/** bv_pcrs_json() - {"sha256": {"0": hex, ...}, ...} of what was used; NULL without memory */
json_t *bv_pcrs_json(const struct bv_pcrs *pcrs);

#endif
