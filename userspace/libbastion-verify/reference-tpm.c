// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reference-tpm.h"

#define LIST_MAX	4096

static int read_pcrs(const json_t *pcrs, struct bv_tpm_reference *reference, struct bv_error *err)
{
	const char *key;
	json_t *value;

	if (!json_object_size(pcrs))
		return bv_fail(err, "policy: \"tpm\", %s: \"pcrs\" names no PCR", reference->name);
	json_object_foreach((json_t *)pcrs, key, value) {
		int index = key[0] - '0';

		if (strlen(key) != 1 || index < 0 || index >= BV_PLATFORM_PCRS)
			return bv_fail(err, "policy: \"tpm\", %s: \"%.16s\" is not one of PCRs 0 to %d: "
				       "the others grow with use", reference->name, key,
				       BV_PLATFORM_PCRS - 1);
		if (!json_is_string(value) ||
		    bv_unhex(reference->pcrs[index], BV_PCR_SIZE, BV_PCR_SIZE,
			     json_string_value(value)) < 0)
			return bv_fail(err, "policy: \"tpm\", %s: PCR %d is not %d bytes of lower-case hex",
				       reference->name, index, BV_PCR_SIZE);
		reference->mask |= 1u << index;
	}
	return 0;
}

static int read_reference(const json_t *json, struct bv_tpm_reference *reference,
			  struct bv_error *err)
{
	static const char *const known[] = { "name", "pcrs", NULL };
	const char *name;
	int ret;

	if (!json_is_object(json))
		return bv_fail(err, "policy: \"tpm\" has an item that is not an object");
	if ((ret = bv_json_only(json, known, "policy: \"tpm\"", err)) ||
	    (ret = bv_json_text(json, "name", sizeof(reference->name) - 1, &name, err)))
		return ret;
	strcpy(reference->name, name);
	return read_pcrs(json_object_get(json, "pcrs"), reference, err);
}

int bv_tpm_references_read(struct bv_tpm_references *references, const json_t *list,
			   struct bv_error *err)
{
	int ret = 0;

	*references = (struct bv_tpm_references){ 0 };
	if (!json_is_array(list) || json_array_size(list) > LIST_MAX)
		return bv_fail(err, "policy: \"tpm\" is not a list of at most %d", LIST_MAX);
	references->item = calloc(json_array_size(list) + 1, sizeof(*references->item));
	if (!references->item)
		return bv_fail_errno(err, ENOMEM, "reading the policy");
	for (size_t i = 0; !ret && i < json_array_size(list); i++)
		ret = read_reference(json_array_get(list, i),
				     &references->item[references->count++], err);
	return ret;
}

void bv_tpm_references_exit(struct bv_tpm_references *references)
{
	free(references->item);
	*references = (struct bv_tpm_references){ 0 };
}

bool bv_tpm_reference_has(const struct bv_tpm_reference *reference, int pcr,
			  const uint8_t value[BV_PCR_SIZE])
{
	return !memcmp(reference->pcrs[pcr], value, BV_PCR_SIZE);
}

static int differences(const struct bv_tpm_reference *reference,
		       const uint8_t (*pcrs)[BV_PCR_SIZE])
{
	int count = 0;

	for (int i = 0; i < BV_PLATFORM_PCRS; i++)
		if (reference->mask & (1u << i))
			count += !bv_tpm_reference_has(reference, i, pcrs[i]);
	return count;
}

const struct bv_tpm_reference *bv_tpm_references_closest(const struct bv_tpm_references *references,
							 const uint8_t (*pcrs)[BV_PCR_SIZE])
{
	const struct bv_tpm_reference *best = &references->item[0];

	for (size_t i = 1; i < references->count; i++)
		if (differences(&references->item[i], pcrs) < differences(best, pcrs))
			best = &references->item[i];
	return best;
}
