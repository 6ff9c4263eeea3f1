// SPDX-License-Identifier: GPL-2.0
/* A TPM as the chip: one lie at a time, and each is refused by the check that is there for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "testmachine.h"

static int setup(void **state)
{
	*state = mc_new();
	return 0;
}

static int teardown(void **state)
{
	mc_free(*state);
	return 0;
}

static void refuses(struct mc *mc, const char *name)
{
	mc_refuses(mc, NULL, name, BV_CONTRAINDICATED);
}

/* The last quote, and evidence in which something was done to it since. */
static void refuses_quoted(struct mc *mc, const char *name)
{
	mc_refuses(mc, mc_bundle(mc), name, BV_CONTRAINDICATED);
}

static void test_good(void **state)
{
	mc_grants(*state);
}

/* The order in which checks come, magic, type and key before all else. */
static void test_order(void **state)
{
	static const char *const order[] = {
		"evidence", "attest", "key", "attributes", "signature", "machine", "chip-revoked",
		"chip-known", "nonce", "verifier", "qualifying-data", "pcrs", "model", "firmware",
		"clock", "boot-log", "boot-pcrs", "boot-pcrs", "boot-pcrs", "boot-pcrs", "boot-pcrs",
		"boot-pcrs", "boot-pcrs", "boot-pcrs", "boot-pcrs", "boot-pcrs", "log", "log-count",
		"boot-key", "cap", "events", "module", "platform", "parameters", "verifiers",
		"ima-list", "policies",
	};
	struct bv_verdict *verdict = mc_appraise(*state, NULL);

	assert_int_equal(json_array_size(verdict->checks), sizeof(order) / sizeof(*order));
	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
		assert_string_equal(json_string_value(json_object_get(json_array_get(verdict->checks, i),
								      "name")), order[i]);
	bv_verdict_free(verdict);
}

/* What the bundle has of @name is @bytes. */
static json_t *with_record(struct mc *mc, const char *name, const void *bytes, size_t len)
{
	json_t *bundle = mc_bundle(mc);
	const char *type = json_string_value(json_array_get(json_object_get(bundle, name), 0));

	json_object_set_new(bundle, name, tc_cmw(type, bytes, len));
	return bundle;
}

static void test_not_a_quote(void **state)
{
	struct mc *mc = *state;

	mc->tpm->magic ^= 1;
	refuses(mc, "attest");
	mc->tpm->magic ^= 1;
	mc->tpm->type = 0x8017;
	refuses(mc, "attest");
	mc->tpm->type = 0x8018;
	mc_quote(mc);
	mc_refuses(mc, with_record(mc, "tpm_attest", mc->tpm->attest.data, mc->tpm->attest.len - 1),
		   "attest", BV_CONTRAINDICATED);
}

/* PEM has no attributes, and a size before the key would be a second spelling of it. */
static void test_key_form(void **state)
{
	struct mc *mc = *state;

	mc_refuses(mc, with_record(mc, "tpm_key", mc->tpm->pem.data, mc->tpm->pem.len), "key",
		   BV_CONTRAINDICATED);
	mc_refuses(mc, with_record(mc, "tpm_key", mc->tpm->public2b.data, mc->tpm->public2b.len),
		   "key", BV_CONTRAINDICATED);
	mc_refuses(mc, with_record(mc, "tpm_key", mc->tpm->public.data, mc->tpm->public.len - 1),
		   "key", BV_CONTRAINDICATED);
}

/* Even if such a key was enrolled. */
static void test_key_attributes(void **state)
{
	static const uint32_t changes[] = {
		BV_TPM_FIXED_TPM, BV_TPM_FIXED_PARENT, BV_TPM_DATA_ORIGIN, BV_TPM_RESTRICTED,
		BV_TPM_DECRYPT,
	};
	struct mc *mc = *state;

	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		mc->tpm->attributes = TT_AK_ATTRIBUTES ^ changes[i];
		mc_quote(mc);
		mc_enroll(mc);
		refuses(mc, "attributes");
	}
}

/* Likewise. The TPM's owner, the platform, nobody */
static void test_key_hierarchy(void **state)
{
	static const uint32_t others[] = { 0x40000001, 0x4000000c, 0x40000007 };
	struct mc *mc = *state;

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		mc->tpm->hierarchy = others[i];
		refuses(mc, "key-hierarchy");
	}
}

static void test_signature(void **state)
{
	struct mc *mc = *state;
	EVP_PKEY *own = mc->tpm->key;

	mc->tpm->attest.data[mc->tpm->attest.len - 1] ^= 1;
	refuses_quoted(mc, "signature");
	/* Somebody else's signature under the key that was enrolled. */
	mc_quote(mc);
	mc->tpm->key = mc->tc->boot_key;
	tt_sign(mc->tpm);
	mc->tpm->key = own;
	refuses_quoted(mc, "signature");
	/* Another hash than the one that the key signs with. */
	mc_quote(mc);
	mc->tpm->hash = BV_BANK_SHA256;
	tt_sign(mc->tpm);
	refuses_quoted(mc, "signature");
}

static void test_not_enrolled(void **state)
{
	struct mc *mc = *state;

	mc->enrolled = false;
	refuses(mc, "machine");
	/* Another key of the same TPM is another key. */
	mc_enroll(mc);
	mc->record.ak[33] ^= 1;
	refuses(mc, "machine");
}

static const struct bv_machine *find_any(void *context, struct bv_span ak)
{
	return context;
}

/* A look-up that answers with another machine's record, and a verifier that has none at all. */
static void test_look_up(void **state)
{
	struct mc *mc = *state;
	struct bv_policy *policy = tc_policy(mc->tc);
	json_t *bundle = mc_bundle(mc);
	char *text = json_dumps(bundle, 0);
	struct bv_appraisal in = mc_input(mc, policy, text);
	struct bv_machine other = mc->record;

	other.ak[5] ^= 1;
	for (int i = 0; i < 2; i++) {
		struct bv_verdict *verdict;

		in.find_machine = i ? NULL : find_any;
		in.machines = &other;
		verdict = bv_appraise(&in);
		assert_string_equal(bv_verdict_failing(verdict), "machine");
		assert_false(verdict->granted);
		assert_false(verdict->facts.authentic);
		assert_true(bv_is_zero(verdict->facts.quote.chip_id, BASTION_DIGEST_SIZE));
		bv_verdict_free(verdict);
	}
	json_decref(bundle);
	free(text);
	bv_policy_free(policy);
}

static void test_chip_lists(void **state)
{
	struct mc *mc = *state;
	char hex[2 * BASTION_DIGEST_SIZE + 1];

	bv_hex(hex, sizeof(hex), mc->record.chip_id, BASTION_DIGEST_SIZE);
	json_object_set_new(mc->tc->policy, "chips", json_pack("[s]", hex));
	mc_grants(mc);
	json_object_set_new(mc->tc->policy, "chips", json_array());
	refuses(mc, "chip-known");
	json_object_del(mc->tc->policy, "chips");
	json_object_set_new(mc->tc->policy, "revoked_chips", json_pack("[s]", hex));
	refuses(mc, "chip-revoked");
}

static void test_round(void **state)
{
	struct mc *mc = *state;
	struct bv_round *round = &mc->tc->round;

	round->verifier_nonce[0] ^= 1;
	refuses(mc, "nonce");
	round->verifier_nonce[0] ^= 1;
	round->verifier[0] ^= 1;
	refuses(mc, "verifier");
	round->verifier[0] ^= 1;
	/* What the TPM signed for was another round: each part of it. */
	mc_quote(mc);
	round->kernel_nonce[0] ^= 1;
	refuses_quoted(mc, "qualifying-data");
	round->kernel_nonce[0] ^= 1;
	round->chip_nonce[31] ^= 1;
	refuses_quoted(mc, "qualifying-data");
	round->chip_nonce[31] ^= 1;
	round->boot_key[96] ^= 1;
	refuses_quoted(mc, "qualifying-data");
	round->boot_key[96] ^= 1;
	round->log_count--;
	refuses_quoted(mc, "qualifying-data");
}

static void test_qualifying_data(void **state)
{
	static const size_t lengths[] = { 0, 32, 47, 49 };
	struct mc *mc = *state;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		mc->tpm->nonce_len = lengths[i];
		tt_quote(mc->tpm);
		refuses_quoted(mc, "qualifying-data");
	}
	mc->tpm->nonce_len = BASTION_DIGEST_SIZE;
	mc->tpm->nonce[47] ^= 1;
	tt_quote(mc->tpm);
	refuses_quoted(mc, "qualifying-data");
}

/* Which PCRs are quoted is not for the machine to say. */
static void test_selection(void **state)
{
	static const uint32_t masks[] = { 0x27fe, 0x07ff, 0x25ff, 0x23ff, 0x67ff, 0x47ff, 0x2000 };
	struct mc *mc = *state;
	struct bv_tpm_selection *selection = &mc->tpm->selection;
	const struct bv_tpm_selection good = *selection;

	for (size_t i = 0; i < sizeof(masks) / sizeof(*masks); i++) {
		selection->banks[0].mask = masks[i];
		refuses(mc, "pcrs");
	}
	selection->banks[0].mask = 0x27ff;
	selection->banks[0].bank = BV_BANK_SHA384;
	refuses(mc, "pcrs");
	*selection = (struct bv_tpm_selection){ 2, { { BV_BANK_SHA384, 0x27ff },
						     { BV_BANK_SHA256, 0x27ff } } };
	refuses(mc, "pcrs");
	*selection = (struct bv_tpm_selection){ 2, { { BV_BANK_SHA256, 0x27ff },
						     { BV_BANK_SHA384, 0 } } };
	refuses(mc, "pcrs");
	*selection = good;
	mc_grants(mc);
}

/* A log of somebody's own, extended into a PCR that the module does not use. */
static void test_other_pcr(void **state)
{
	struct mc *mc = *state;

	mc->tc->round.pcr = 14;
	mc->tpm->selection.banks[0].mask = 0x47ff;
	refuses(mc, "pcrs");
	json_object_set_new(mc->tc->policy, "pcr", json_integer(14));
	mc_grants(mc);
	mc->tc->round.pcr = 13;
	mc_quote(mc);
	refuses_quoted(mc, "pcrs");
}

#define ONES	"1111111111111111111111111111111111111111111111111111111111111111"

/* The values as they are, but for that of @left, and a line @more. */
static json_t *with_registers(struct mc *mc, int left, const char *more)
{
	char text[2048] = "", hex[65], *at = text;

	for (int i = 0; i <= MC_PCR; i++) {
		if (i == 11 || i == 12 || i == left)
			continue;
		bv_hex(hex, sizeof(hex), mc->tpm->values.value[BV_BANK_SHA256][i], 32);
		at += sprintf(at, "sha256:%d = %s\n", i, hex);
	}
	sprintf(at, "%s\n", more);
	return with_record(mc, "tpm_registers", text, strlen(text));
}

static void test_values(void **state)
{
	static const char *const more[] = {
		"sha256:14 = " ONES, "sha256:11 = " ONES, "sha384:0 = " ONES ONES, "sha256:0 = " ONES,
		"rubbish",
	};
	struct bv_verdict *verdict;
	struct mc *mc = *state;

	verdict = mc_appraise(mc, with_registers(mc, -1, ""));
	assert_true(verdict->granted);
	bv_verdict_free(verdict);
	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++)
		mc_refuses(mc, with_registers(mc, -1, more[i]), "pcrs", BV_CONTRAINDICATED);
	mc_refuses(mc, with_registers(mc, 5, ""), "pcrs", BV_CONTRAINDICATED);
	mc_refuses(mc, with_registers(mc, 5, "sha256:5 = " ONES), "pcrs", BV_CONTRAINDICATED);
}

/* When the check of values fails there are none. */
static void test_no_values(void **state)
{
	struct mc *mc = *state;
	struct bv_verdict *verdict = mc_appraise(mc, with_registers(mc, -1, "sha256:14 = " ONES));

	assert_true(bv_is_zero(verdict->facts.tpm.pcrs, sizeof(verdict->facts.tpm.pcrs)));
	assert_true(bv_is_zero(verdict->facts.quote.registers,
			       sizeof(verdict->facts.quote.registers)));
	assert_null(tc_check(verdict, "log"));
	assert_null(tc_check(verdict, "boot-pcrs"));
	assert_false(verdict->facts.authentic);
	bv_verdict_free(verdict);
}

static const char *seen(const struct bv_verdict *verdict, const char *name)
{
	return json_string_value(json_object_get(tc_check(verdict, name), "seen"));
}

static void test_hardware(void **state)
{
	struct mc *mc = *state;
	struct bv_verdict *verdict;

	json_object_set_new(mc->tc->policy, "models", json_pack("[s]", "TPM 2.0 INTC"));
	refuses(mc, "model");
	json_object_set_new(mc->tc->policy, "models", json_pack("[s]", "TPM 2.0 IBM"));
	mc->tpm->firmware = 0x0001000100ff00ff;
	refuses(mc, "firmware");
	json_object_del(mc->tc->policy, "firmware_min");
	mc_refuses(mc, NULL, "firmware", BV_WARNING);
	mc->tpm->firmware = 0xffff000200030004;
	mc->tpm->safe = 0;
	verdict = mc_appraise(mc, NULL);
	assert_string_equal(seen(verdict, "firmware"), "65535.2.3.4");
	assert_string_equal(seen(verdict, "clock"),
			    "reset 7, restart 3, clock 123456 ms, not safe");
	bv_verdict_free(verdict);
}

static void test_boot_log(void **state)
{
	struct mc *mc = *state;
	const size_t whole = mc->tcg_log.len, event = 4 + 4 + 4 + 2 + 32 + 4 + 1;

	mc->tcg_log.data[whole - 10] ^= 1;
	refuses(mc, "boot-log");
	mc->tcg_log.data[whole - 10] ^= 1;
	mc->tcg_log.len -= event;
	refuses(mc, "boot-log");
	mc->tcg_log.len = whole;
	/* Extended without saying so, into a PCR that the log does not name. */
	mc->pcrs[5][0] ^= 1;
	refuses(mc, "boot-log");
	mc->pcrs[5][0] ^= 1;
	mc->tcg_log.len = 0;
	mc_grants(mc);
	tt_put(&mc->tcg_log, "not a log", 9);
	refuses(mc, "boot-log");
}

static void change_reference(json_t *reference, const char *pcr)
{
	json_object_set_new(json_object_get(reference, "pcrs"), pcr, json_string(ONES));
}

static void test_references(void **state)
{
	struct mc *mc = *state;
	json_t *list = json_object_get(json_object_get(mc->tc->policy, "reference"), "tpm");
	json_t *other = json_deep_copy(json_array_get(list, 0));
	struct bv_verdict *verdict;
	const json_t *check;

	/* Of two the one that fits is taken, wherever it is. */
	json_object_set_new(other, "name", json_string("other"));
	change_reference(other, "4");
	json_array_insert_new(list, 0, other);
	mc_grants(mc);
	/* Nothing fits: the nearest explains. */
	mc->tcg_log.len = 0;
	mc->pcrs[7][0] ^= 1;
	refuses(mc, "boot-pcrs");
	verdict = mc_appraise(mc, NULL);
	check = json_array_get(verdict->checks, 15 + 7);
	assert_true(json_is_false(json_object_get(check, "ok")));
	assert_non_null(strstr(json_string_value(json_object_get(check, "expected")),
			       "(reference good)"));
	bv_verdict_free(verdict);
	mc->pcrs[7][0] ^= 1;
	/* Half of one and half of the other is neither. */
	change_reference(json_array_get(list, 1), "7");
	refuses(mc, "boot-pcrs");
	json_object_set_new(json_object_get(mc->tc->policy, "reference"), "tpm", json_array());
	mc_refuses(mc, NULL, "boot-reference", BV_WARNING);
}

static void test_module_pcr(void **state)
{
	struct mc *mc = *state;

	mc_quote(mc);
	mc->tpm->values.value[BV_BANK_SHA256][MC_PCR][0] ^= 1;
	tt_quote(mc->tpm);
	refuses_quoted(mc, "log");
}

/* A log that is not the one that was extended. */
static void test_log(void **state)
{
	struct mc *mc = *state;
	struct tc_buffer *log = &mc->tc->log.bytes;
	const size_t whole = log->len;
	size_t last = 0;

	for (size_t at = 0; at < whole;) {
		size_t name = bv_get_le32(log->data + at + 52);

		last = at;
		at += 60 + name + bv_get_le32(log->data + at + 56 + name);
	}
	mc_quote(mc);
	/* The same entry in another register: the registers share one PCR. */
	assert_int_equal(log->data[last], 2);
	log->data[last] = 1;
	refuses_quoted(mc, "log");
	log->data[last] = 2;
	log->len = last;
	refuses_quoted(mc, "log");
	log->len = whole;
	log->data[whole - 1] ^= 1;
	refuses_quoted(mc, "log");
	log->data[whole - 1] ^= 1;
	tc_event(mc->tc, &mc->tc->log, 5, "more", "x", 1);
	mc->tc->round.log_count = 5;
	refuses_quoted(mc, "log");
}

/* Entries that were measured, and are wrong. */
static void test_events(void **state)
{
	struct mc *mc = *state;

	mc->tc->round.boot_key[96] ^= 1;
	refuses(mc, "boot-key");
	mc->tc->round.boot_key[96] ^= 1;
	tc_event(mc->tc, &mc->tc->log, 1, "cap", "", 0);
	refuses(mc, "cap");
}

static void test_registers(void **state)
{
	struct mc *mc = *state;
	char hex[2 * BASTION_DIGEST_SIZE + 1];

	bv_hex(hex, sizeof(hex), mc->tc->claims.registers[2], BASTION_DIGEST_SIZE);
	json_object_set_new(mc->tc->policy, "registers", json_pack("{s:[s]}", "2", hex));
	mc_grants(mc);
	hex[0] = hex[0] == '0' ? '1' : '0';
	json_object_set_new(mc->tc->policy, "registers", json_pack("{s:[s]}", "2", hex));
	refuses(mc, "registers");
}

/* Evidence is of one kind of chip, and has what that one has. */
static void test_members(void **state)
{
	static const char *const needed[] = {
		"tpm_attest", "tpm_signature", "tpm_key", "tpm_registers", "log", "round", "platform",
	};
	struct mc *mc = *state;
	json_t *bundle = mc_bundle(mc);

	json_object_set_new(bundle, "quote", tc_cmw("application/eat+cwt", "x", 1));
	mc_refuses(mc, bundle, "evidence", BV_CONTRAINDICATED);
	bundle = mc_bundle(mc);
	json_object_set_new(bundle, "boot_log", tc_cmw("application/vnd.bastion.log", "x", 1));
	mc_refuses(mc, bundle, "evidence", BV_CONTRAINDICATED);
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
		bundle = mc_bundle(mc);
		json_object_del(bundle, needed[i]);
		mc_refuses(mc, bundle, "evidence", BV_CONTRAINDICATED);
	}
	mc->tc->round.pcr = 0;
	refuses(mc, "evidence");
	mc->tc->round.pcr = 24;
	mc_refuses(mc, mc_bundle(mc), "evidence", BV_CONTRAINDICATED);
	mc->tc->round.pcr = MC_PCR;
	mc->tc->round.chip_nonce_len = BASTION_CHIP_NONCE_SIZE;
	refuses(mc, "evidence");
}

/* What a Bastionchip's evidence must not have. */
static void test_native_round(void **state)
{
	struct tc *tc = tc_new();
	struct bv_verdict *verdict;

	tc->round.chip_nonce_len = 32;
	verdict = tc_appraise(tc, NULL);
	assert_string_equal(bv_verdict_failing(verdict), "evidence");
	bv_verdict_free(verdict);
	tc->round.chip_nonce_len = BASTION_CHIP_NONCE_SIZE;
	tc->round.pcr = MC_PCR;
	verdict = tc_appraise(tc, NULL);
	assert_string_equal(bv_verdict_failing(verdict), "evidence");
	bv_verdict_free(verdict);
	tc_free(tc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_a_quote, setup, teardown),
		cmocka_unit_test_setup_teardown(test_key_form, setup, teardown),
		cmocka_unit_test_setup_teardown(test_key_attributes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_key_hierarchy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signature, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_enrolled, setup, teardown),
		cmocka_unit_test_setup_teardown(test_look_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chip_lists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_round, setup, teardown),
		cmocka_unit_test_setup_teardown(test_qualifying_data, setup, teardown),
		cmocka_unit_test_setup_teardown(test_selection, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_pcr, setup, teardown),
		cmocka_unit_test_setup_teardown(test_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hardware, setup, teardown),
		cmocka_unit_test_setup_teardown(test_boot_log, setup, teardown),
		cmocka_unit_test_setup_teardown(test_references, setup, teardown),
		cmocka_unit_test_setup_teardown(test_module_pcr, setup, teardown),
		cmocka_unit_test_setup_teardown(test_log, setup, teardown),
		cmocka_unit_test_setup_teardown(test_events, setup, teardown),
		cmocka_unit_test_setup_teardown(test_registers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_members, setup, teardown),
		cmocka_unit_test_setup_teardown(test_native_round, setup, teardown),
	};

	return cmocka_run_group_tests_name("verify: a TPM as the chip", tests, NULL, NULL);
}
