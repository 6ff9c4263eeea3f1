// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>

#include "tpm-pcrs.h"

/*
 * The structures of tpm2-tss in memory, little endian, that tpm2-tools write:
 * TPML_PCR_SELECTION, a number, and as many TPML_DIGEST.
 */
#define SELECTIONS	16
#define SELECTION_SIZE	8	/* u16 bank, u8 size, four bytes of mask, one of padding */
#define DIGESTS		8
#define DIGEST_SIZE	66	/* u16 size, 64 bytes */
#define HEAD_SIZE	(4 + SELECTIONS * SELECTION_SIZE + 4)
#define LIST_SIZE	(4 + DIGESTS * DIGEST_SIZE)
#define LISTS_MAX	(BV_BANKS * BV_PCR_COUNT)	/* with one digest each */

static bool is_text(struct bv_span bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		if ((bytes.data[i] < 0x20 && !memchr("\t\n\r", bytes.data[i], 3)) ||
		    bytes.data[i] > 0x7e)
			return false;
	return true;
}

static int set_value(struct bv_expected *values, enum bv_bank bank, int index,
		     struct bv_span value, struct bv_error *err)
{
	if (value.len != bv_bank_size(bank))
		return bv_fail(err, "the values have %zu bytes for register %s:%d", value.len,
			       bv_bank_name(bank), index);
	memcpy(values->value[bank][index], value.data, value.len);
	values->given[bank] |= 1u << index;
	return 0;
}

/* Where the reader of a serialized file is: digests come in lists of up to eight. */
struct lists {
	struct bv_span rest;
	struct bv_span list;	/* what is left of the present one, with its unused entries */
	uint32_t count;		/* of it, not taken yet */
};

static bool next_digest(struct lists *lists, struct bv_span *digest)
{
	uint16_t size;

	while (!lists->count) {
		if (!bv_take(&lists->rest, LIST_SIZE, &lists->list) ||
		    !bv_take_le32(&lists->list, &lists->count) || lists->count > DIGESTS)
			return false;
	}
	lists->count--;
	if (!bv_take(&lists->list, DIGEST_SIZE, digest) || !bv_take_le16(digest, &size) ||
	    size > digest->len)
		return false;
	digest->len = size;
	return true;
}

static int read_bank(struct bv_span selection, struct lists *lists, struct bv_expected *values,
		     struct bv_error *err)
{
	struct bv_span value;
	uint16_t id = 0;
	uint32_t mask;
	int bank;

	bv_take_le16(&selection, &id);
	bank = bv_bank_by_tcg(id);
	if (bank < 0)
		return bv_fail(err, "the values are of bank 0x%04x, which this verifier does not know",
			       id);
	if (values->given[bank])
		return bv_fail(err, "the values name bank %s twice", bv_bank_name(bank));
	mask = bv_get_le32(selection.data + 1);
	/* Its size, in bytes; what is behind them does not count. */
	if (selection.data[0] < 4)
		mask &= (1u << (8 * selection.data[0])) - 1;
	if (mask >> BV_PCR_COUNT)
		return bv_fail(err, "the values are of registers beyond %d", BV_PCR_COUNT - 1);
	for (int i = 0; i < BV_PCR_COUNT; i++) {
		int ret;

		if (!(mask & (1u << i)))
			continue;
		if (!next_digest(lists, &value))
			return bv_fail(err, "the file has no value for register %s:%d, which it names",
				       bv_bank_name(bank), i);
		ret = set_value(values, bank, i, value, err);
		if (ret)
			return ret;
	}
	return 0;
}

static bool is_serialized(struct bv_span bytes)
{
	size_t lists;

	if (bytes.len < HEAD_SIZE + LIST_SIZE || (bytes.len - HEAD_SIZE) % LIST_SIZE)
		return false;
	lists = (bytes.len - HEAD_SIZE) / LIST_SIZE;
	return lists <= LISTS_MAX && bv_get_le32(bytes.data) <= SELECTIONS &&
	       bv_get_le32(bytes.data + HEAD_SIZE - 4) == lists;
}

static int read_serialized(struct bv_span bytes, struct bv_expected *values, struct bv_error *err)
{
	struct lists lists = { .rest = bytes };
	struct bv_span head, selection, more;
	uint32_t count = 0;

	bv_take(&lists.rest, HEAD_SIZE, &head);
	bv_take_le32(&head, &count);
	for (uint32_t i = 0; i < count; i++) {
		int ret;

		bv_take(&head, SELECTION_SIZE, &selection);
		ret = read_bank(selection, &lists, values, err);
		if (ret)
			return ret;
	}
	if (lists.count || lists.rest.len || next_digest(&lists, &more))
		return bv_fail(err, "the file has more values than registers that it names");
	return 0;
}

static size_t selected_size(const struct bv_tpm_selection *selection)
{
	size_t size = 0;

	for (size_t i = 0; i < selection->count; i++)
		size += bv_bank_size(selection->banks[i].bank) *
			(size_t)__builtin_popcount(selection->banks[i].mask);
	return size;
}

/* Just the values. Whether they are those of these registers, the digest will say. */
static int read_values(struct bv_span rest, const struct bv_tpm_selection *selection,
		       struct bv_expected *values, struct bv_error *err)
{
	for (size_t i = 0; i < selection->count; i++) {
		const enum bv_bank bank = selection->banks[i].bank;
		struct bv_span value;

		for (int n = 0; n < BV_PCR_COUNT; n++)
			if (selection->banks[i].mask & (1u << n) &&
			    (!bv_take(&rest, bv_bank_size(bank), &value) ||
			     set_value(values, bank, n, value, err)))
				return bv_fail(err, "the values are cut short");
	}
	return 0;
}

int bv_tpm_pcrs_read(struct bv_span bytes, const struct bv_tpm_selection *selection,
		     struct bv_expected *values, struct bv_error *err)
{
	memset(values, 0, sizeof(*values));
	if (bytes.len > BV_EXPECTED_MAX)
		return bv_fail(err, "the values have %zu bytes, at most %d are possible", bytes.len,
			       BV_EXPECTED_MAX);
	if (is_text(bytes))
		return bv_expected_parse(bytes, values, err);
	if (is_serialized(bytes))
		return read_serialized(bytes, values, err);
	if (bytes.len == selected_size(selection))
		return read_values(bytes, selection, values, err);
	return bv_fail(err, "the values are neither text nor what tpm2_quote and tpm2_pcrread write "
		       "for these registers");
}

int bv_tpm_pcrs_select(const struct bv_expected *values, const struct bv_tpm_selection *selection,
		       struct bv_expected *covered, uint32_t left[BV_BANKS], struct bv_error *err)
{
	memset(covered, 0, sizeof(*covered));
	memcpy(left, values->given, sizeof(values->given));
	for (size_t i = 0; i < selection->count; i++) {
		const enum bv_bank bank = selection->banks[i].bank;
		const uint32_t mask = selection->banks[i].mask;
		const uint32_t missing = mask & ~values->given[bank];

		if (missing)
			return bv_fail(err, "the quote covers register %s:%d, which has no value here",
				       bv_bank_name(bank), __builtin_ctz(missing));
		covered->given[bank] = mask;
		left[bank] &= ~mask;
		for (int n = 0; n < BV_PCR_COUNT; n++)
			if (mask & (1u << n))
				memcpy(covered->value[bank][n], values->value[bank][n],
				       bv_bank_size(bank));
	}
	return 0;
}

int bv_tpm_pcrs_match(const struct bv_expected *covered, const struct bv_tpm_attest *attest,
		      enum bv_bank hash, struct bv_error *err)
{
	struct bv_span parts[BV_BANKS * BV_PCR_COUNT];
	uint8_t digest[BV_PCR_DIGEST_MAX];
	struct bv_bank_hashers hashers;
	size_t count = 0;
	int ret;

	for (size_t i = 0; i < attest->selection.count; i++) {
		const enum bv_bank bank = attest->selection.banks[i].bank;

		for (int n = 0; n < BV_PCR_COUNT; n++)
			if (attest->selection.banks[i].mask & (1u << n))
				parts[count++] = (struct bv_span){ covered->value[bank][n],
								   bv_bank_size(bank) };
	}
	ret = bv_bank_hashers_init(&hashers, 1u << hash);
	if (!ret)
		ret = bv_hasher_run(&hashers.bank[hash], digest, parts, count);
	bv_bank_hashers_exit(&hashers);
	if (ret)
		return bv_fail_errno(err, -ret, "hashing the registers");
	if (attest->pcr_digest.len == bv_bank_size(hash) &&
	    !CRYPTO_memcmp(attest->pcr_digest.data, digest, bv_bank_size(hash)))
		return 0;
	bv_fail(err, "the values are not those that the quote covers: their digest differs");
	return -EKEYREJECTED;
}

static int check_left(const uint32_t left[BV_BANKS], struct bv_error *err)
{
	for (int bank = 0; bank < BV_BANKS; bank++)
		if (left[bank])
			return bv_fail(err, "register %s:%d has a value here, but the quote does not "
				       "cover it", bv_bank_name(bank), __builtin_ctz(left[bank]));
	return 0;
}

int bv_tpm_pcrs_cover(const struct bv_expected *values, const struct bv_tpm_attest *attest,
		      enum bv_bank hash, struct bv_expected *covered, uint32_t left[BV_BANKS],
		      struct bv_error *err)
{
	uint32_t own[BV_BANKS];
	int ret;

	if (!left)
		left = own;
	ret = bv_tpm_pcrs_select(values, &attest->selection, covered, left, err);
	if (!ret)
		ret = bv_tpm_pcrs_match(covered, attest, hash, err);
	return ret ? ret : check_left(left, err);
}
