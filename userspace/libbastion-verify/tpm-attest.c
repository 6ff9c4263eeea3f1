// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "tpm-attest.h"

#define GENERATED_VALUE	0xff544347	/* part 2, 6.2 */
#define ST_ATTEST_QUOTE	0x8018		/* part 2, 6.9 */
#define SELECT_MAX	4		/* bytes of a mask that TPMs have */

static int cut_short(struct bv_error *err)
{
	return bv_fail(err, "the attestation is cut short, or one of its lengths is wrong");
}

/* TPM2B_NAME (part 2, 10.5.3) of a key. A handle, or nothing, signs nothing. */
static int read_name(struct bv_span *rest, struct bv_span *name, struct bv_error *err)
{
	struct bv_span digest;
	uint16_t id;
	int hash;

	if (!bv_take_tpm2b(rest, 2 + BV_PCR_DIGEST_MAX, name))
		return cut_short(err);
	digest = *name;
	if (!bv_take_be16(&digest, &id))
		return bv_fail(err, "the attestation names no key that signed it");
	hash = bv_tpm_hash(id, "the name of the key", err);
	if (hash < 0)
		return hash;
	if (digest.len != bv_bank_size(hash))
		return bv_fail(err, "the attestation's name of the key has %zu bytes of %s",
			       digest.len, bv_bank_name(hash));
	return 0;
}

/* TPMS_CLOCK_INFO (part 2, 10.11.1), and the firmware's version behind it */
static int read_clock(struct bv_span *rest, struct bv_tpm_attest *attest, struct bv_error *err)
{
	uint64_t safe;

	if (!bv_take_be(rest, 8, &attest->clock) || !bv_take_be32(rest, &attest->reset_count) ||
	    !bv_take_be32(rest, &attest->restart_count) || !bv_take_be(rest, 1, &safe) ||
	    !bv_take_be(rest, 8, &attest->firmware))
		return cut_short(err);
	if (safe > 1)
		return bv_fail(err, "the attestation's \"safe\" is %u, neither yes nor no",
			       (unsigned int)safe);
	if (attest->clock > INT64_MAX)
		return bv_fail(err, "the attestation's clock is later than any that ran");
	attest->safe = safe;
	return 0;
}

/* TPMS_PCR_SELECTION (part 2, 10.6.2): bit n of byte m is register 8 * m + n. */
static int read_bank(struct bv_span *rest, struct bv_tpm_selection *selection,
		     struct bv_error *err)
{
	struct bv_span bits;
	uint32_t mask = 0;
	uint64_t size;
	uint16_t id;
	int bank;

	if (!bv_take_be16(rest, &id) || !bv_take_be(rest, 1, &size) || size > SELECT_MAX ||
	    !bv_take(rest, size, &bits))
		return cut_short(err);
	for (size_t i = 0; i < bits.len; i++)
		mask |= (uint32_t)bits.data[i] << (8 * i);
	bank = bv_bank_by_tcg(id);
	if (bank < 0)
		return bv_fail(err, "the quote covers bank 0x%04x, which this verifier does not know",
			       id);
	for (size_t i = 0; i < selection->count; i++)
		if ((int)selection->banks[i].bank == bank)
			return bv_fail(err, "the quote names bank %s twice", bv_bank_name(bank));
	if (mask >> BV_PCR_COUNT)
		return bv_fail(err, "the quote covers registers beyond %d", BV_PCR_COUNT - 1);
	selection->banks[selection->count].bank = bank;
	selection->banks[selection->count++].mask = mask;
	return 0;
}

/* TPML_PCR_SELECTION (part 2, 10.9.7) */
static int read_selection(struct bv_span *rest, struct bv_tpm_selection *selection,
			  struct bv_error *err)
{
	uint32_t count, any = 0;

	if (!bv_take_be32(rest, &count))
		return cut_short(err);
	/* Each bank may come once, so there cannot be more than we know. */
	if (count > BV_BANKS)
		return bv_fail(err, "the quote names %u banks, at most %d are known", count,
			       BV_BANKS);
	for (uint32_t i = 0; i < count; i++) {
		int ret = read_bank(rest, selection, err);

		if (ret)
			return ret;
		any |= selection->banks[i].mask;
	}
	return any ? 0 : bv_fail(err, "the quote covers no register");
}

int bv_tpm_attest_parse(struct bv_span bytes, struct bv_tpm_attest *attest, struct bv_error *err)
{
	struct bv_span rest = bytes;
	uint32_t magic = 0;
	uint16_t type = 0;
	int ret;

	memset(attest, 0, sizeof(*attest));
	if (bytes.len > BV_TPM_ATTEST_MAX)
		return bv_fail(err, "the attestation has %zu bytes, at most %d are possible",
			       bytes.len, BV_TPM_ATTEST_MAX);
	if (!bv_take_be32(&rest, &magic) || magic != GENERATED_VALUE)
		return bv_fail(err, "wrong magic: no TPM made this, what one makes begins with %08x",
			       GENERATED_VALUE);
	if (!bv_take_be16(&rest, &type) || type != ST_ATTEST_QUOTE)
		return bv_fail(err, "wrong type: the attestation is 0x%04x, a quote would be 0x%04x",
			       type, ST_ATTEST_QUOTE);
	ret = read_name(&rest, &attest->signer, err);
	if (!ret && !bv_take_tpm2b(&rest, BV_TPM_DATA_MAX, &attest->qualifying))
		ret = cut_short(err);
	if (!ret)
		ret = read_clock(&rest, attest, err);
	/* TPMS_QUOTE_INFO (part 2, 10.12.4) */
	if (!ret)
		ret = read_selection(&rest, &attest->selection, err);
	if (!ret && !bv_take_tpm2b(&rest, BV_PCR_DIGEST_MAX, &attest->pcr_digest))
		ret = cut_short(err);
	if (!ret && rest.len)
		ret = bv_fail(err, "%zu bytes follow the attestation", rest.len);
	return ret;
}
