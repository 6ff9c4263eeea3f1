// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "testmachine.h"

/* The tests' own reading of what the PCR has: round.h in a few lines. */
static void module_pcr(const struct tc *tc, uint8_t pcr[32])
{
	memset(pcr, 0, 32);
	for (size_t at = 0; at < tc->log.bytes.len;) {
		const uint8_t *record = tc->log.bytes.data + at;
		size_t name = bv_get_le32(record + 52);
		uint8_t event[20 + 52] = "bastion register v1", both[64];

		memcpy(event + 20, record, 52);
		memcpy(both, pcr, 32);
		ti_digest("SHA256", event, sizeof(event), both + 32);
		ti_digest("SHA256", both, sizeof(both), pcr);
		at += 60 + name + bv_get_le32(record + 56 + name);
	}
}

static void put_le(struct tt_bytes *bytes, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		tt_put(bytes, &(uint8_t){ value >> (8 * i) }, 1);
}

/* Crypto-agile with SHA-256 alone: the header is an event of the old format. */
static void begin_tcg_log(struct tt_bytes *log)
{
	static const uint8_t zeros[20];

	put_le(log, 0, 4);
	put_le(log, 3, 4);
	tt_put(log, zeros, 20);
	put_le(log, 33, 4);
	tt_put(log, "Spec ID Event03", 16);
	put_le(log, 0, 4);
	tt_put(log, "\0\2\0\2", 4);
	put_le(log, 1, 4);
	put_le(log, 0x000b, 2);
	put_le(log, 32, 2);
	put_le(log, 0, 1);
}

void mc_event(struct mc *mc, uint32_t pcr, uint8_t fill)
{
	struct tt_bytes *log = &mc->tcg_log;
	uint8_t both[64];

	memcpy(both, mc->pcrs[pcr], 32);
	memset(both + 32, fill, 32);
	ti_digest("SHA256", both, sizeof(both), mc->pcrs[pcr]);
	put_le(log, pcr, 4);
	put_le(log, 0x0d, 4);
	put_le(log, 1, 4);
	put_le(log, 0x000b, 2);
	tt_put(log, both + 32, 32);
	put_le(log, 1, 4);
	tt_put(log, &fill, 1);
}

void mc_enroll(struct mc *mc)
{
	uint8_t *name = mc->record.ak;

	strcpy(mc->record.name, "web-1");
	strcpy(mc->record.model, "TPM 2.0 IBM");
	memcpy(mc->record.chip_id, mc->tc->claims.chip_id, 48);
	name[0] = 0;
	name[1] = 0x0b;
	ti_digest("SHA256", mc->tpm->public.data, mc->tpm->public.len, name + 2);
	mc->record.ak_len = 34;
	mc->enrolled = true;
}

const struct bv_machine *mc_find(void *context, struct bv_span ak)
{
	struct mc *mc = context;

	return mc->enrolled && bv_machine_has_key(&mc->record, ak) ? &mc->record : NULL;
}

static json_t *reference(struct mc *mc)
{
	json_t *pcrs = json_object();
	char key[2] = "0", hex[65];

	for (; key[0] <= '9'; key[0]++) {
		bv_hex(hex, sizeof(hex), mc->pcrs[key[0] - '0'], 32);
		json_object_set_new(pcrs, key, json_string(hex));
	}
	return json_pack("{s:[{s:s, s:o}]}", "tpm", "name", "good", "pcrs", pcrs);
}

struct mc *mc_new(void)
{
	struct mc *mc = calloc(1, sizeof(*mc));
	struct tc *tc = tc_new();

	assert_non_null(mc);
	mc->tc = tc;
	mc->tpm = tt_new(BV_TPM_ALG_ECDSA, BV_BANK_SHA384, 4);
	mc->tpm->selection = (struct bv_tpm_selection){ 1, { { BV_BANK_SHA256, 0x27ff } } };
	mc->tpm->firmware = 0x0001000200030004;
	memset(tc->round.chip_nonce, 0, sizeof(tc->round.chip_nonce));
	memset(tc->round.chip_nonce, 0x7c, 32);
	tc->round.chip_nonce_len = 32;
	tc->round.pcr = MC_PCR;
	mc->ima.hash = "SHA1";
	begin_tcg_log(&mc->tcg_log);
	mc_event(mc, 0, 1);
	mc_event(mc, 4, 2);
	mc_event(mc, 4, 3);
	mc_event(mc, 7, 4);
	/* No certificates, no security version: those are not a TPM's. */
	json_object_del(tc->policy, "svn_min");
	json_object_set_new(tc->policy, "reference", reference(mc));
	json_object_set_new(tc->policy, "firmware_min", json_string("1.2"));
	json_object_set_new(tc->policy, "models", json_pack("[s]", "TPM 2.0 IBM"));
	mc_quote(mc);
	mc_enroll(mc);
	return mc;
}

void mc_free(struct mc *mc)
{
	tc_free(mc->tc);
	tt_free(mc->tpm);
	free(mc);
}

void mc_quote(struct mc *mc)
{
	struct tt_tpm *tpm = mc->tpm;
	uint8_t (*values)[BV_PCR_DIGEST_MAX] = tpm->values.value[BV_BANK_SHA256];

	mc->tc->round.log_count = mc->tc->log.count;
	tc_qualifying(mc->tc, tpm->nonce);
	tpm->nonce_len = BASTION_DIGEST_SIZE;
	for (int i = 0; i < 10; i++)
		memcpy(values[i], mc->pcrs[i], 32);
	memcpy(values[10], mc->ima.value, 32);
	module_pcr(mc->tc, values[mc->tc->round.pcr]);
	tt_quote(tpm);
}

/* Lines of the selected registers */
static void put_registers(struct tt_tpm *tpm, struct tt_bytes *text)
{
	char line[256], hex[129];

	for (size_t i = 0; i < tpm->selection.count; i++) {
		const enum bv_bank bank = tpm->selection.banks[i].bank;

		for (int n = 0; n < BV_PCR_COUNT; n++) {
			if (!(tpm->selection.banks[i].mask & (1u << n)))
				continue;
			bv_hex(hex, sizeof(hex), tpm->values.value[bank][n], bv_bank_size(bank));
			snprintf(line, sizeof(line), "%s:%d = %s\n", bv_bank_name(bank), n, hex);
			tt_put(text, line, strlen(line));
		}
	}
}

static void set_record(json_t *bundle, const char *name, const char *type,
		       const struct tt_bytes *bytes)
{
	json_object_set_new(bundle, name, tc_cmw(type, bytes->data, bytes->len));
}

json_t *mc_bundle(struct mc *mc)
{
	struct tc_buffer *none = calloc(1, sizeof(*none));
	struct tt_bytes text = { .len = 0 };
	json_t *bundle;

	if (mc->ima.len)
		mc->tc->ima = (struct bv_span){ mc->ima.binary + mc->ima_skip,
						mc->ima.len - mc->ima_skip };
	bundle = tc_bundle(mc->tc, none);
	free(none);
	json_object_del(bundle, "quote");
	json_object_del(bundle, "boot_log");
	put_registers(mc->tpm, &text);
	set_record(bundle, "tpm_attest", "application/vnd.bastion.tpm.attest", &mc->tpm->attest);
	set_record(bundle, "tpm_signature", "application/vnd.bastion.tpm.signature",
		   &mc->tpm->signature);
	set_record(bundle, "tpm_key", "application/vnd.bastion.tpm.public", &mc->tpm->public);
	set_record(bundle, "tpm_registers", "application/vnd.bastion.tpm.registers+text", &text);
	if (mc->tcg_log.len)
		set_record(bundle, "tcg_log", "application/vnd.bastion.tcg.log", &mc->tcg_log);
	return bundle;
}

struct bv_appraisal mc_input(struct mc *mc, struct bv_policy *policy, const char *evidence)
{
	static uint8_t nonce[32];

	memset(nonce, 0x55, sizeof(nonce));
	return (struct bv_appraisal){
		.policy = policy,
		.evidence = { (const uint8_t *)evidence, strlen(evidence) },
		.nonce = { nonce, 32 },
		.verifier = mc->tc->verifier,
		.now = TC_NOW,
		.find_machine = mc_find,
		.machines = mc,
		.history = mc->tc->history,
	};
}

static void dump_checks(const struct bv_verdict *verdict)
{
	char *dump = json_dumps(verdict->checks, 0);

	fprintf(stderr, "# %s\n", dump);
	free(dump);
}

static const json_t *first_failing(const struct bv_verdict *verdict)
{
	const json_t *check;
	size_t i;

	json_array_foreach(verdict->checks, i, check)
		if (!json_is_true(json_object_get(check, "ok")))
			return check;
	return NULL;
}

void mc_refuses(struct mc *mc, json_t *bundle, const char *name, enum bv_tier status)
{
	struct bv_verdict *verdict = mc_appraise(mc, bundle);
	const json_t *check = first_failing(verdict);

	if (!check || strcmp(json_string_value(json_object_get(check, "name")), name))
		dump_checks(verdict);
	assert_non_null(check);
	assert_string_equal(json_string_value(json_object_get(check, "name")), name);
	assert_true(json_string_length(json_object_get(check, "advice")) > 0);
	assert_true(json_string_length(json_object_get(check, "expected")) > 0);
	assert_true(json_string_length(json_object_get(check, "seen")) > 0);
	assert_false(verdict->granted);
	assert_int_equal(verdict->status, status);
	bv_verdict_free(verdict);
}

void mc_grants(struct mc *mc)
{
	struct bv_verdict *verdict = mc_appraise(mc, NULL);

	if (!verdict->granted || verdict->status != BV_AFFIRMING)
		dump_checks(verdict);
	assert_true(verdict->granted);
	assert_int_equal(verdict->status, BV_AFFIRMING);
	assert_true(verdict->facts.authentic);
	bv_verdict_free(verdict);
}

struct bv_verdict *mc_appraise(struct mc *mc, json_t *bundle)
{
	struct bv_policy *policy = tc_policy(mc->tc);
	struct bv_verdict *verdict;
	struct bv_appraisal in;
	char *text;

	if (!bundle) {
		mc_quote(mc);
		bundle = mc_bundle(mc);
	}
	text = json_dumps(bundle, JSON_COMPACT);
	json_decref(bundle);
	in = mc_input(mc, policy, text);
	verdict = bv_appraise(&in);
	assert_non_null(verdict);
	bv_policy_free(policy);
	free(text);
	return verdict;
}
