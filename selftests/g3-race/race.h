/* SPDX-License-Identifier: GPL-2.0 */
/* What happened in a race, and what the log says of it. */
#ifndef SELFTESTS_G3_RACE_H
#define SELFTESTS_G3_RACE_H

#include "gate.h"
#include "src/asker.h"

#define RACE_UIDS	4	/* besides root */
#define RACE_UID_SHARE	200	/* executables that one of them may pay for */
#define RACE_CPUS	2
#define RACE_PCR_SIZE	32	/* of the SHA-256 bank */

struct quoted {
	uint64_t log_count;
	uint8_t aggregate[BASTION_DIGEST_SIZE];
	uint8_t registers[BASTION_MR_COUNT][BASTION_DIGEST_SIZE];	/* not a TPM's */
	uint8_t pcr[RACE_PCR_SIZE];	/* a TPM's */
};

/**
 * struct race - a race
 * @gate:	open, for the policy "prod"
 * @folder:	of the executables, by number
 * @asker:	what they are copies of, with their number behind it
 * @asker_len:	bytes at @asker
 * @count:	executables
 * @keys:	one for each uid, root's first
 * @names:	of the keys
 * @answers:	a file of struct answer
 * @is_tpm:	the chip is a TPM, which quotes one PCR
 * @quotes:	of all rounds
 * @quote_count: how many
 */
struct race {
	struct gate gate;
	char folder[64];
	uint8_t *asker;
	size_t asker_len;
	uint32_t count;
	key_serial_t keys[1 + RACE_UIDS];
	char names[1 + RACE_UIDS][48];
	int answers;
	bool is_tpm;
	struct quoted *quotes;
	size_t quote_count;
};

/* Whose key executable @i asks for: 0 for root's. */
static inline unsigned int race_user(uint32_t i)
{
	return i % 8 < RACE_UIDS && i / 8 < RACE_UID_SHARE ? 1 + i % 8 : 0;
}

static inline uid_t race_uid(uint32_t i)
{
	return race_user(i) ? 72000 + race_user(i) : 0;
}

/* Every fourth comes by both doors at once. */
static inline bool race_uses(uint32_t i, enum door door)
{
	return i / 2 % 4 == 0 || i / 2 % 2 == door;
}

/* Its digest, as a file */
static inline void race_digest(const struct race *race, uint32_t i, uint8_t digest[32])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned int len;

	ROUND_MUST(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL));
	ROUND_MUST(EVP_DigestUpdate(ctx, race->asker, race->asker_len));
	ROUND_MUST(EVP_DigestUpdate(ctx, &i, sizeof(i)));
	ROUND_MUST(EVP_DigestFinal_ex(ctx, digest, &len));
	EVP_MD_CTX_free(ctx);
}

#endif
