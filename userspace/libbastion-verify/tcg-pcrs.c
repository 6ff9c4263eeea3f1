// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "tcg-pcrs.h"

/* TPM_ALG_ID: TCG Algorithm Registry, table 3. */
static const struct {
	const char *name;
	const char *openssl;
	uint16_t tcg;
	uint16_t size;
} banks[BV_BANKS] = {
	[BV_BANK_SHA1] = { "sha1", "SHA1", 0x0004, 20 },
	[BV_BANK_SHA256] = { "sha256", "SHA256", 0x000b, 32 },
	[BV_BANK_SHA384] = { "sha384", "SHA384", 0x000c, 48 },
	[BV_BANK_SHA512] = { "sha512", "SHA512", 0x000d, 64 },
};

const char *bv_bank_name(enum bv_bank bank)
{
	return banks[bank].name;
}

size_t bv_bank_size(enum bv_bank bank)
{
	return banks[bank].size;
}

uint16_t bv_bank_tcg(enum bv_bank bank)
{
	return banks[bank].tcg;
}

int bv_bank_by_name(struct bv_span name)
{
	for (int i = 0; i < BV_BANKS; i++)
		if (bv_span_is(name, banks[i].name))
			return i;
	return -1;
}

int bv_bank_by_size(size_t size)
{
	for (int i = 0; i < BV_BANKS; i++)
		if (banks[i].size == size)
			return i;
	return -1;
}

int bv_bank_by_tcg(uint16_t id)
{
	for (int i = 0; i < BV_BANKS; i++)
		if (banks[i].tcg == id)
			return i;
	return -1;
}

int bv_bank_hashers_init(struct bv_bank_hashers *hashers, uint32_t wanted)
{
	int ret = 0;

	memset(hashers, 0, sizeof(*hashers));
	for (int i = 0; !ret && i < BV_BANKS; i++)
		if (wanted & (1u << i))
			ret = bv_hasher_init(&hashers->bank[i], banks[i].openssl);
	return ret;
}

void bv_bank_hashers_exit(struct bv_bank_hashers *hashers)
{
	for (int i = 0; i < BV_BANKS; i++)
		bv_hasher_exit(&hashers->bank[i]);
}

int bv_pcr_extend(struct bv_pcrs *pcrs, struct bv_bank_hashers *hashers, enum bv_bank bank,
		  uint32_t index, const uint8_t *digest)
{
	uint8_t *value = pcrs->value[bank][index];
	const struct bv_span parts[] = {
		{ value, banks[bank].size }, { digest, banks[bank].size },
	};

	pcrs->used |= 1u << index;
	return bv_hasher_run(&hashers->bank[bank], value, parts, 2);
}

json_t *bv_pcrs_bank_json(enum bv_bank bank, uint32_t mask,
			  const uint8_t value[BV_PCR_COUNT][BV_PCR_DIGEST_MAX])
{
	json_t *json = json_object();

	for (int i = 0; json && i < BV_PCR_COUNT; i++) {
		char hex[2 * BV_PCR_DIGEST_MAX + 1], index[4];

		if (!(mask & (1u << i)))
			continue;
		snprintf(index, sizeof(index), "%d", i);
		bv_hex(hex, sizeof(hex), value[i], banks[bank].size);
		if (json_object_set_new(json, index, json_string(hex))) {
			json_decref(json);
			return NULL;
		}
	}
	return json;
}

json_t *bv_pcrs_names_json(const uint32_t masks[BV_BANKS])
{
	json_t *list = json_array();

	for (int bank = 0; bank < BV_BANKS; bank++)
		for (int i = 0; i < BV_PCR_COUNT; i++)
			if (masks[bank] & (1u << i))
				json_array_append_new(list,
						      json_sprintf("%s:%d", banks[bank].name, i));
	return list;
}

json_t *bv_pcrs_json(const struct bv_pcrs *pcrs)
{
	json_t *json = json_object();

	for (int i = 0; json && i < BV_BANKS; i++) {
		if (!(pcrs->banks & (1u << i)))
			continue;
		if (json_object_set_new(json, banks[i].name,
					bv_pcrs_bank_json(i, pcrs->used, pcrs->value[i]))) {
			json_decref(json);
			return NULL;
		}
	}
	return json;
}
