// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "evidence.h"
#include "json.h"
#include "tcg-pcrs.h"

#define COLLECTION_TYPE	"tag:bastion.example,2026:evidence/1"
#define CMW_EVIDENCE	4	/* the indicator's bit for evidence */

/* Whose evidence has it */
enum owner { ANY_CHIP, NATIVE, TPM };

#define AT(member)	offsetof(struct bv_evidence, member)

static const struct record {
	const char *name;
	const char *media_type;
	size_t offset;
	enum owner owner;
	bool optional;
} records[] = {
	{ "quote", "application/eat+cwt", AT(quote), NATIVE, false },
	{ "boot_log", "application/vnd.bastion.log", AT(boot_log), NATIVE, false },
	{ "tpm_attest", "application/vnd.bastion.tpm.attest", AT(tpm_attest), TPM, false },
	{ "tpm_signature", "application/vnd.bastion.tpm.signature", AT(tpm_signature), TPM, false },
	{ "tpm_key", "application/vnd.bastion.tpm.public", AT(tpm_key), TPM, false },
	{ "tpm_registers", "application/vnd.bastion.tpm.registers+text", AT(tpm_registers), TPM,
	  false },
	{ "tcg_log", "application/vnd.bastion.tcg.log", AT(tcg_log), TPM, true },
	{ "log", "application/vnd.bastion.log", AT(log), ANY_CHIP, false },
	{ "ima", "application/vnd.bastion.ima", AT(ima), ANY_CHIP, true },
	{ "platform", "application/vnd.bastion.platform+json", AT(platform), ANY_CHIP, false },
};

#define RECORDS	(sizeof(records) / sizeof(*records))

static const struct record round_record = {
	"round", "application/vnd.bastion.round+json", 0, ANY_CHIP, false
};

static int decode(const json_t *root, const struct record *record, struct bv_span *out,
		  struct bv_error *err)
{
	const json_t *cmw = json_object_get(root, record->name);
	const json_t *value = json_array_get(cmw, 1);
	const char *type = json_string_value(json_array_get(cmw, 0));
	uint8_t *bytes;
	int ret;

	if (json_array_size(cmw) != 3 || !type || !json_is_string(value) ||
	    !json_is_integer(json_array_get(cmw, 2)))
		return bv_fail(err, "evidence: \"%s\" is not [media type, base64url, indicator]",
			       record->name);
	if (strcmp(type, record->media_type))
		return bv_fail(err, "evidence: \"%s\" is not of type %s", record->name,
			       record->media_type);
	if (json_integer_value(json_array_get(cmw, 2)) != CMW_EVIDENCE)
		return bv_fail(err, "evidence: \"%s\" does not say that it is evidence (%d)",
			       record->name, CMW_EVIDENCE);
	ret = bv_unbase64url(json_string_value(value), json_string_length(value), &bytes,
			     &out->len);
	if (ret == -ENOMEM)
		return bv_fail_errno(err, ENOMEM, "decoding evidence");
	if (ret)
		return bv_fail(err, "evidence: \"%s\" is not base64url without padding",
			       record->name);
	out->data = bytes;
	return 0;
}

static int parse_round(struct bv_span text, bool tpm, struct bv_round *round,
		       struct bv_error *err)
{
	const char *const known[] = {
		"verifier", "kernel_nonce", "chip_nonce", "boot_key", "verifier_nonce",
		"log_count", "log_from", "ima_from", tpm ? "pcr" : NULL, NULL
	};
	const size_t nonce_size = tpm ? BV_TPM_NONCE_SIZE : BASTION_CHIP_NONCE_SIZE;
	json_t *json = bv_json_parse(text, 4096, BV_JSON_FEW, "the round", err);
	int64_t count = 0, log_from = 0, ima_from = 0, pcr = 0;
	int ret;

	if (!json)
		return -EBADMSG;
	if (!(ret = bv_json_only(json, known, "the round", err)) &&
	    !(ret = bv_json_hex(json, "verifier", round->verifier, BASTION_DIGEST_SIZE,
				BASTION_DIGEST_SIZE, NULL, err)) &&
	    !(ret = bv_json_hex(json, "kernel_nonce", round->kernel_nonce,
				BASTION_KERNEL_NONCE_SIZE, BASTION_KERNEL_NONCE_SIZE, NULL, err)) &&
	    !(ret = bv_json_hex(json, "chip_nonce", round->chip_nonce, nonce_size, nonce_size,
				&round->chip_nonce_len, err)) &&
	    !(ret = bv_json_hex(json, "boot_key", round->boot_key, BASTION_POINT_SIZE,
				BASTION_POINT_SIZE, NULL, err)) &&
	    !(ret = bv_json_hex(json, "verifier_nonce", round->verifier_nonce,
				BASTION_VERIFIER_NONCE_MIN, BASTION_VERIFIER_NONCE_MAX,
				&round->verifier_nonce_len, err)))
		ret = bv_json_number(json, "log_count", 0, INT64_MAX, &count, err);
	if (!ret && json_object_get(json, "log_from"))
		ret = bv_json_number(json, "log_from", 0, count, &log_from, err);
	if (!ret && json_object_get(json, "ima_from"))
		ret = bv_json_number(json, "ima_from", 0, INT64_MAX, &ima_from, err);
	if (!ret && tpm)
		ret = bv_json_number(json, "pcr", 0, BV_PCR_COUNT - 1, &pcr, err);
	round->log_count = count;
	round->log_from = log_from;
	round->ima_from = ima_from;
	round->pcr = pcr;
	json_decref(json);
	return ret;
}

static bool has_record(const struct bv_evidence *evidence, const struct record *record)
{
	return record->owner == ANY_CHIP || (record->owner == TPM) == evidence->tpm;
}

/* One member of a TPM's makes it a TPM's evidence, in which a native chip's have no place. */
static int check_members(const json_t *root, struct bv_evidence *evidence, struct bv_error *err)
{
	const char *known[RECORDS + 3] = { "__cmwc_t", round_record.name };
	size_t count = 2;

	for (size_t i = 0; i < RECORDS; i++)
		if (records[i].owner == TPM && json_object_get(root, records[i].name))
			evidence->tpm = true;
	for (size_t i = 0; i < RECORDS; i++)
		if (has_record(evidence, &records[i]))
			known[count++] = records[i].name;
	return bv_json_only(root, known, evidence->tpm ? "a TPM's evidence" : "evidence", err);
}

static int parse_records(const json_t *root, struct bv_evidence *evidence, struct bv_error *err)
{
	const char *type = json_string_value(json_object_get(root, "__cmwc_t"));
	struct bv_span text = { 0 };
	json_t *platform;
	int ret = check_members(root, evidence, err);

	if (!ret && (!type || strcmp(type, COLLECTION_TYPE)))
		ret = bv_fail(err, "evidence: \"__cmwc_t\" is not %s", COLLECTION_TYPE);
	for (size_t i = 0; !ret && i < RECORDS; i++)
		if (has_record(evidence, &records[i]) &&
		    (!records[i].optional || json_object_get(root, records[i].name)))
			ret = decode(root, &records[i],
				     (struct bv_span *)((char *)evidence + records[i].offset), err);
	if (!ret)
		ret = decode(root, &round_record, &text, err);
	if (!ret)
		ret = parse_round(text, evidence->tpm, &evidence->round, err);
	free((void *)text.data);
	if (ret)
		return ret;
	platform = bv_json_parse(evidence->platform, 65536, BV_JSON_FEW, "the platform's facts", err);
	if (!platform)
		return -EBADMSG;
	json_decref(platform);
	return 0;
}

int bv_evidence_parse(struct bv_span text, struct bv_evidence *evidence, struct bv_error *err)
{
	json_t *root;
	int ret;

	memset(evidence, 0, sizeof(*evidence));
	root = bv_json_parse(text, BV_EVIDENCE_MAX, BV_JSON_FEW, "evidence", err);
	if (!root)
		return -EBADMSG;
	ret = parse_records(root, evidence, err);
	json_decref(root);
	if (ret)
		bv_evidence_exit(evidence);
	return ret;
}

void bv_evidence_exit(struct bv_evidence *evidence)
{
	for (size_t i = 0; i < RECORDS; i++) {
		struct bv_span *span = (struct bv_span *)((char *)evidence + records[i].offset);

		free((void *)span->data);
		*span = (struct bv_span){ 0 };
	}
}
