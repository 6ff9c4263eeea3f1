// SPDX-License-Identifier: GPL-2.0
/* Quotes of TPMs: a recorded one, ones in every algorithm, and lies one at a time. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "testcommand.h"
#include "testtpm.h"
#include "testvectors.h"

#define P256	3
#define P384	4
#define KEYLIME	"tpm-quote/keylime/"

static bool judge(const struct bv_tpm_evidence *evidence)
{
	struct bv_tpm_finding finding;
	bool ok;

	assert_int_equal(bv_tpm_quote_judge(evidence, &finding), 0);
	ok = finding.found.ok;
	assert_int_equal(ok, !finding.found.error.text[0]);
	bv_tpm_finding_exit(&finding);
	return ok;
}

/* It is refused by this check, with this message, and nothing of it is passed on. */
static void refuses(const struct bv_tpm_evidence *evidence, const char *check, const char *why)
{
	struct bv_tpm_finding finding;
	const char *failing;
	json_t *json;

	assert_int_equal(bv_tpm_quote_judge(evidence, &finding), 0);
	assert_false(finding.found.ok);
	if (!strstr(finding.found.error.text, why))
		fail_msg("refused, but: %s", finding.found.error.text);
	failing = bv_verdict_failing(finding.found.verdict);
	assert_non_null(failing);
	assert_string_equal(failing, check);
	json = bv_tpm_finding_json(&finding);
	assert_true(json_is_false(json_object_get(json, "ok")));
	assert_string_equal(json_string_value(json_object_get(json, "error")), finding.found.error.text);
	assert_int_equal(json_object_size(json_object_get(json, "registers")), 0);
	assert_int_equal(!json_object_get(json, "clock"), !finding.signed_by);
	json_decref(json);
	bv_tpm_finding_exit(&finding);
}

static void accepts(const struct bv_tpm_evidence *evidence)
{
	struct bv_tpm_finding finding;

	assert_int_equal(bv_tpm_quote_judge(evidence, &finding), 0);
	if (!finding.found.ok)
		fail_msg("refused: %s", finding.found.error.text);
	bv_tpm_finding_exit(&finding);
}

static struct bv_tpm_evidence load_keylime(void)
{
	return (struct bv_tpm_evidence){
		.attest = tv_load(KEYLIME "quote.out"),
		.signature = tv_load(KEYLIME "quotesig.out"),
		.key = tv_load(KEYLIME "akpub.pem"),
		.values = tv_load(KEYLIME "quotepcr.out"),
	};
}

static void free_evidence(struct bv_tpm_evidence *evidence)
{
	free((void *)evidence->attest.data);
	free((void *)evidence->signature.data);
	free((void *)evidence->key.data);
	free((void *)evidence->values.data);
}

static void test_keylime(void **state)
{
	struct bv_tpm_evidence evidence = load_keylime();
	struct bv_tpm_finding finding;
	uint8_t nonce[20];

	assert_int_equal(bv_unhex(nonce, 20, 20, "db1db298db6d60e6385b7231743e9c3056a18003"), 20);
	evidence.qualifying = BV_SPAN(nonce);
	assert_int_equal(bv_tpm_quote_judge(&evidence, &finding), 0);
	assert_true(finding.found.ok);
	assert_int_equal(finding.attest.clock, 5994);
	assert_int_equal(finding.attest.firmware, 0x2016051100162800);
	assert_true(finding.attest.safe);
	assert_int_equal(finding.registers.given[BV_BANK_SHA256], 0x418000);
	assert_int_equal(finding.registers.value[BV_BANK_SHA256][16][0], 0x9d);
	bv_tpm_finding_exit(&finding);
	nonce[19] ^= 1;
	refuses(&evidence, "qualifying-data", "other qualifying data");
	free_evidence(&evidence);
}

static void flip_all(struct bv_tpm_evidence *evidence, struct bv_span bytes)
{
	uint8_t *data = (uint8_t *)bytes.data;

	for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
		data[bit / 8] ^= 1 << bit % 8;
		if (judge(evidence))
			fail_msg("bit %zu makes no difference", bit);
		data[bit / 8] ^= 1 << bit % 8;
	}
	accepts(evidence);
}

static void test_keylime_bits(void **state)
{
	struct bv_tpm_evidence evidence = load_keylime();

	flip_all(&evidence, evidence.attest);
	flip_all(&evidence, evidence.signature);
	free_evidence(&evidence);
}

/* Whatever is cut off or put behind, anywhere, is noticed. */
static void test_lengths(void **state)
{
	struct tt_tpm *tpm = tt_new(BV_TPM_ALG_ECDSA, BV_BANK_SHA256, P256);
	struct bv_tpm_evidence evidence = tt_evidence(tpm);
	struct bv_span *const parts[] = { &evidence.attest, &evidence.signature, &evidence.key,
					  &evidence.values };

	accepts(&evidence);
	for (size_t i = 0; i < 4; i++) {
		size_t whole = parts[i]->len;

		for (size_t len = 0; len < whole; len++) {
			uint8_t *copy = malloc(len + !len);
			struct bv_span saved = *parts[i];

			/* Of its own, so that reading beyond it is seen. */
			memcpy(copy, saved.data, len);
			*parts[i] = (struct bv_span){ copy, len };
			assert_false(judge(&evidence));
			*parts[i] = saved;
			free(copy);
		}
		parts[i]->len = whole + 1;
		assert_false(judge(&evidence));
		parts[i]->len = whole;
	}
	accepts(&evidence);
	flip_all(&evidence, evidence.attest);
	flip_all(&evidence, evidence.signature);
	tt_free(tpm);
}

static void test_algorithms(void **state)
{
	static const struct {
		uint16_t scheme;
		uint16_t curve;
	} kinds[] = {
		{ BV_TPM_ALG_RSASSA, 0 }, { BV_TPM_ALG_RSAPSS, 0 }, { BV_TPM_ALG_ECDSA, P256 },
		{ BV_TPM_ALG_ECDSA, P384 },
	};

	for (size_t i = 0; i < 4; i++) {
		for (int hash = BV_BANK_SHA256; hash <= BV_BANK_SHA512; hash++) {
			struct tt_tpm *tpm = tt_new(kinds[i].scheme, hash, kinds[i].curve);
			struct bv_tpm_evidence evidence = tt_evidence(tpm);

			accepts(&evidence);
			evidence.key = tt_span(&tpm->public);
			accepts(&evidence);
			evidence.key = tt_span(&tpm->pem);
			accepts(&evidence);
			tpm->signature.data[tpm->signature.len - 1] ^= 1;
			refuses(&evidence, "signature", "not this key's");
			tt_free(tpm);
		}
	}
}

static void test_json(void **state)
{
	struct tt_tpm *tpm = tt_new(BV_TPM_ALG_ECDSA, BV_BANK_SHA384, P384);
	struct bv_tpm_evidence evidence = tt_evidence(tpm);
	struct bv_tpm_finding finding;
	const char *restricted, *value;
	uint8_t name[34] = { 0, 0x0b };
	char hex[2 * 34 + 1];
	json_t *json;

	assert_int_equal(bv_tpm_quote_judge(&evidence, &finding), 0);
	json = bv_tpm_finding_json(&finding);
	assert_true(json_is_true(json_object_get(json, "ok")));
	assert_int_equal(json_array_size(json_object_get(json, "checks")), 6);
	assert_int_equal(json_array_size(json_object_get(json, "skipped")), 0);
	assert_int_equal(json_array_size(json_object_get(json, "covered")), 12);
	assert_int_equal(json_unpack(json, "{s:{s:s}}", "signer", "name", &value), 0);
	assert_true(EVP_Digest(tpm->public.data, tpm->public.len, name + 2, NULL, EVP_sha256(), NULL));
	bv_hex(hex, sizeof(hex), name, sizeof(name));
	assert_string_equal(value, hex);
	assert_int_equal(json_unpack(json, "{s:{s:{s:s}}}", "registers", "sha256", "7", &value), 0);
	assert_int_equal(strspn(value, "18"), 64);
	assert_true(json_is_true(json_object_get(json_object_get(json, "signer"), "restricted")));
	json_decref(json);
	bv_tpm_finding_exit(&finding);

	/* With PEM nobody knows, and it says so; nor what was not asked. */
	evidence.key = tt_span(&tpm->pem);
	evidence.qualifying = evidence.values = (struct bv_span){ 0 };
	assert_int_equal(bv_tpm_quote_judge(&evidence, &finding), 0);
	json = bv_tpm_finding_json(&finding);
	assert_true(json_is_true(json_object_get(json, "ok")));
	assert_int_equal(json_unpack(json, "{s:{s:s}}", "signer", "restricted", &restricted), 0);
	assert_string_equal(restricted, "unknown");
	assert_int_equal(json_array_size(json_object_get(json, "skipped")), 3);
	assert_int_equal(json_object_size(json_object_get(json, "registers")), 0);
	json_decref(json);
	bv_tpm_finding_exit(&finding);
	tt_free(tpm);
}

static void test_attest(void **state)
{
	struct tt_tpm *tpm = tt_new(BV_TPM_ALG_ECDSA, BV_BANK_SHA256, P256);
	struct bv_tpm_evidence evidence;

	tpm->magic = 0xff544348;
	tt_quote(tpm);
	evidence = tt_evidence(tpm);
	refuses(&evidence, "attest", "wrong magic");
	tpm->magic = 0xff544347;
	tpm->type = 0x8017;
	tt_quote(tpm);
	evidence = tt_evidence(tpm);
	refuses(&evidence, "attest", "wrong type");
	tpm->type = 0x8018;
	tpm->nonce_len = 0;
	tt_quote(tpm);
	evidence = tt_evidence(tpm);
	refuses(&evidence, "qualifying-data", "qualifying data is empty");
	/* Even when nobody wants to compare it. */
	evidence.qualifying = (struct bv_span){ 0 };
	refuses(&evidence, "qualifying-data", "qualifying data is empty");
	tpm->nonce_len = 20;
	tpm->selection.banks[0].mask = 0;
	tpm->selection.banks[1].mask = 0;
	tt_quote(tpm);
	evidence = tt_evidence(tpm);
	refuses(&evidence, "attest", "covers no register");
	tpm->selection.banks[0].mask = 1;
	tpm->selection.banks[1].mask = 1;
	tpm->selection.banks[1].bank = tpm->selection.banks[0].bank;
	tt_quote(tpm);
	evidence = tt_evidence(tpm);
	refuses(&evidence, "attest", "names bank sha384 twice");
	tt_free(tpm);
}

/* Bytes of a good attestation that are replaced, and signed. */
static void test_attest_bytes(void **state)
{
	static const struct {
		size_t at;
		uint8_t byte;
		const char *why;
	} lies[] = {
		{ 7, 1, "names no key" },
		{ 9, 4, "uses SHA-1" },
		{ 9, 0x12, "uses digest 0x0012" },
		{ 9, 0x0c, "32 bytes of sha384" },
		{ 43, 67, "cut short" },
		{ 64, 0x80, "clock is later" },
		{ 80, 2, "\"safe\" is 2" },
		{ 92, 5, "names 5 banks" },
		{ 94, 0x12, "bank 0x0012" },
		{ 95, 5, "cut short" },
	};
	struct tt_tpm *tpm = tt_new(BV_TPM_ALG_ECDSA, BV_BANK_SHA256, P256);

	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		struct bv_tpm_evidence evidence = tt_evidence(tpm);

		tt_quote(tpm);
		tpm->attest.data[lies[i].at] = lies[i].byte;
		tt_sign(tpm);
		evidence = tt_evidence(tpm);
		refuses(&evidence, "attest", lies[i].why);
	}
	tt_free(tpm);
}

/* A bank may have a mask of four bytes, but no register beyond 23. */
static void test_selection_size(void **state)
{
	static const uint8_t wide[] = { 0, 0x0b, 4, 1, 0, 0, 1 };
	struct tt_tpm *tpm = tt_new(BV_TPM_ALG_ECDSA, BV_BANK_SHA256, P256);
	struct bv_tpm_evidence evidence;
	uint8_t digest[34];

	memcpy(digest, tpm->attest.data + tpm->attest.len - 34, 34);
	tpm->attest.len = 89;
	tt_put_be(&tpm->attest, 1, 4);
	tt_put(&tpm->attest, wide, sizeof(wide));
	tt_put(&tpm->attest, digest, 34);
	tt_sign(tpm);
	evidence = tt_evidence(tpm);
	refuses(&evidence, "attest", "registers beyond 23");
	tpm->attest.data[tpm->attest.len - 35] = 0;
	tt_sign(tpm);
	evidence = tt_evidence(tpm);
	evidence.values = (struct bv_span){ 0 };
	accepts(&evidence);
	tt_free(tpm);
}

static void test_attributes(void **state)
{
	static const struct {
		uint32_t bit;
		const char *why;
	} lies[] = {
		{ BV_TPM_RESTRICTED, "the key is not restricted" },
		{ BV_TPM_SIGN, "not for signing" },
		{ BV_TPM_DECRYPT, "decrypts" },
		{ BV_TPM_FIXED_TPM, "fixedTPM" },
		{ BV_TPM_FIXED_PARENT, "fixedParent" },
		{ BV_TPM_DATA_ORIGIN, "sensitiveDataOrigin" },
	};
	struct tt_tpm *tpm = tt_new(BV_TPM_ALG_RSASSA, BV_BANK_SHA256, 0);
	struct bv_tpm_evidence evidence;

	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		tpm->attributes = TT_AK_ATTRIBUTES ^ lies[i].bit;
		tt_quote(tpm);
		evidence = tt_evidence(tpm);
		refuses(&evidence, "attributes", lies[i].why);
		/* It would verify. */
		evidence.key = tt_span(&tpm->pem);
		accepts(&evidence);
	}
	tpm->attributes = TT_AK_ATTRIBUTES;
	tpm->key_scheme = BV_TPM_ALG_NULL;
	tt_quote(tpm);
	evidence = tt_evidence(tpm);
	refuses(&evidence, "attributes", "no scheme of its own");
	tpm->key_scheme = BV_TPM_ALG_RSAPSS;
	tt_quote(tpm);
	evidence = tt_evidence(tpm);
	refuses(&evidence, "signature", "not the scheme of the key");
	tt_free(tpm);
}

static void test_keys(void **state)
{
	struct tt_tpm *tpm = tt_new(BV_TPM_ALG_ECDSA, BV_BANK_SHA256, P256);
	struct tt_tpm *other = tt_new(BV_TPM_ALG_ECDSA, BV_BANK_SHA256, P256);
	struct tt_tpm *rsa = tt_new(BV_TPM_ALG_RSASSA, BV_BANK_SHA256, 0);
	struct bv_tpm_evidence evidence = tt_evidence(tpm);

	evidence.key = tt_span(&other->public2b);
	refuses(&evidence, "signature", "not this key's");
	evidence.key = tt_span(&rsa->pem);
	refuses(&evidence, "signature", "key of another kind");
	tt_put(&tpm->pem, "\n \n", 3);
	evidence.key = tt_span(&tpm->pem);
	accepts(&evidence);
	tt_put(&tpm->pem, other->pem.data, other->pem.len);
	evidence.key = tt_span(&tpm->pem);
	refuses(&evidence, "key", "something is before or after the key");
	tpm->pem.data[40] = '!';
	refuses(&evidence, "key", "the key is damaged");
	/* A point beside the curve, another curve, a name with SHA-1, a symmetric key. */
	evidence = tt_evidence(tpm);
	tpm->public2b.data[tpm->public2b.len - 1] ^= 1;
	refuses(&evidence, "key", "OpenSSL does not take it");
	tpm->public2b.data[2 + 2 + 2 + 4 + 2 + 2 + 2 + 2 + 1] = 5;
	refuses(&evidence, "key", "curve 0x0005");
	tpm->public2b.data[5] = 4;
	refuses(&evidence, "key", "SHA-1");
	tpm->public2b.data[3] = 8;
	refuses(&evidence, "key", "type 0x0008");
	tt_free(rsa);
	tt_free(other);
	tt_free(tpm);
}

static void test_weak_keys(void **state)
{
	struct tt_tpm *tpm = tt_new(BV_TPM_ALG_RSASSA, BV_BANK_SHA256, 0);
	struct bv_tpm_evidence evidence = tt_evidence(tpm);

	/* exponent 3 */
	tpm->public2b.data[2 + 10 + 2 + 2 + 2 + 2 + 3] = 3;
	refuses(&evidence, "key", "exponent below 65537");
	EVP_PKEY_free(tpm->key);
	tpm->key = EVP_RSA_gen(1024);
	tt_quote(tpm);
	evidence = tt_evidence(tpm);
	refuses(&evidence, "key", "RSA with 1024 bits");
	evidence.key = tt_span(&tpm->pem);
	refuses(&evidence, "key", "RSA with 1024 bits");
	EVP_PKEY_free(tpm->key);
	tpm->key = EVP_EC_gen("secp256k1");
	tpm->curve = P256;
	tpm->scheme = BV_TPM_ALG_ECDSA;
	tt_quote(tpm);
	evidence = tt_evidence(tpm);
	evidence.key = tt_span(&tpm->pem);
	refuses(&evidence, "key", "neither RSA nor on P-256 or P-384");
	tt_free(tpm);
}

static void test_signature_bytes(void **state)
{
	struct tt_tpm *tpm = tt_new(BV_TPM_ALG_RSASSA, BV_BANK_SHA256, 0);
	struct bv_tpm_evidence evidence = tt_evidence(tpm);

	tpm->signature.data[3] = 4;
	refuses(&evidence, "signature", "SHA-1");
	tpm->signature.data[3] = 0x12;
	refuses(&evidence, "signature", "digest 0x0012");
	tpm->signature.data[1] = 0x1a;
	refuses(&evidence, "signature", "scheme is 0x001a");
	tt_free(tpm);
}

static struct bv_span text(const char *chars)
{
	return (struct bv_span){ (const uint8_t *)chars, strlen(chars) };
}

#define HEX32	"1111111111111111111111111111111111111111111111111111111111111111"
#define HEX48	HEX32 "11111111111111111111111111111111"

/* Every form of a file of values, with one register of each of two banks. */
static void test_values(void **state)
{
	struct tt_tpm *tpm = tt_new(BV_TPM_ALG_ECDSA, BV_BANK_SHA256, P256);
	struct bv_tpm_evidence evidence;
	struct tt_bytes plain = { .len = 0 };

	tpm->selection.banks[0].mask = 1u << 7;
	tpm->selection.banks[1].mask = 1u << 9;
	memset(tpm->values.value[BV_BANK_SHA384][7], 0x11, 48);
	memset(tpm->values.value[BV_BANK_SHA256][9], 0x11, 32);
	tt_quote(tpm);
	evidence = tt_evidence(tpm);
	accepts(&evidence);
	evidence.values = text("{\"sha256\": {\"9\": \"" HEX32 "\"}, \"sha384\": {\"7\": \"" HEX48
			       "\"}}");
	accepts(&evidence);
	evidence.values = text("  sha256:\n    9 : 0x" HEX32 "\n  sha384:\n    7 : 0x" HEX48 "\n");
	accepts(&evidence);
	tt_put(&plain, tpm->values.value[BV_BANK_SHA384][7], 48);
	tt_put(&plain, tpm->values.value[BV_BANK_SHA256][9], 32);
	evidence.values = tt_span(&plain);
	accepts(&evidence);
	evidence.values.len--;
	refuses(&evidence, "registers", "neither text nor");
	evidence.values = text("{\"sha256\": {\"9\": \"" HEX32 "\"}}");
	refuses(&evidence, "registers", "covers register sha384:7, which has no value");
	evidence.values = text("{\"sha256\": {\"9\": \"" HEX32 "\"}, \"sha384\": {\"7\": \"" HEX32
			       "\"}}");
	refuses(&evidence, "registers", "not 48 bytes");
	evidence.values = text("sha256:9=" HEX32 "\nsha384:7=2" HEX48);
	refuses(&evidence, "registers", "line 2");
	tt_free(tpm);
}

/* A value that nobody signed: it is named, refused, and not repeated. */
static void test_unselected(void **state)
{
	struct tt_tpm *tpm = tt_new(BV_TPM_ALG_ECDSA, BV_BANK_SHA256, P256);
	struct bv_tpm_evidence evidence;
	struct bv_tpm_finding finding;
	const char *name;
	json_t *json;

	tpm->selection = (struct bv_tpm_selection){ 1, { { BV_BANK_SHA256, 1u << 9 } } };
	memset(tpm->values.value[BV_BANK_SHA256][9], 0x11, 32);
	tt_quote(tpm);
	evidence = tt_evidence(tpm);
	evidence.values = text("sha256:9=" HEX32);
	accepts(&evidence);
	evidence.values = text("sha256:9=" HEX32 "\nsha256:7=" HEX32);
	refuses(&evidence, "registers", "register sha256:7 has a value here, but the quote does not");
	assert_int_equal(bv_tpm_quote_judge(&evidence, &finding), 0);
	json = bv_tpm_finding_json(&finding);
	assert_int_equal(json_unpack(json, "{s:[s!]}", "not_covered", &name), 0);
	assert_string_equal(name, "sha256:7");
	json_decref(json);
	bv_tpm_finding_exit(&finding);
	/* In another bank, too. */
	evidence.values = text("sha256:9=" HEX32 "\nsha384:9=" HEX48);
	refuses(&evidence, "registers", "register sha384:9");
	/* A selected one that was altered is another matter. */
	evidence.values = text("sha256:9=01" HEX32 + 0);
	evidence.values.len -= 2;
	refuses(&evidence, "registers", "their digest differs");
	tt_free(tpm);
}

static void test_serialized(void **state)
{
	struct tt_tpm *tpm = tt_new(BV_TPM_ALG_ECDSA, BV_BANK_SHA256, P256);
	struct bv_tpm_evidence evidence = tt_evidence(tpm);
	uint8_t *file = tpm->file.data;

	file[4 + 3] ^= 4;
	refuses(&evidence, "registers", "32 bytes for register sha384:23");
	file[4 + 3] ^= 4;
	file[4 + 8 + 3] = 0x7f;
	refuses(&evidence, "registers", "more values than registers");
	file[4 + 8 + 3] = 0xff;
	file[4 + 8 + 4] = 1;
	refuses(&evidence, "registers", "no value for register sha256:8");
	file[4 + 8 + 4] = 0;
	file[4 + 8] = 0x0c;
	refuses(&evidence, "registers", "name bank sha384 twice");
	file[4 + 8] = 0x12;
	refuses(&evidence, "registers", "bank 0x0012");
	file[4 + 8] = 0x0b;
	accepts(&evidence);
	/* A list that claims more than eight, a value that claims more than there is. */
	file[136] = 9;
	refuses(&evidence, "registers", "no value for register sha384:0");
	file[136] = 8;
	file[141] = 1;
	refuses(&evidence, "registers", "no value for register sha384:0");
	file[141] = 0;
	accepts(&evidence);
	flip_all(&evidence, (struct bv_span){ file + 142, 48 });
	tt_free(tpm);
}

/* The same registers and values, hashed in another order. */
static void test_order(void **state)
{
	struct tt_tpm *tpm = tt_new(BV_TPM_ALG_ECDSA, BV_BANK_SHA256, P256);
	struct bv_tpm_evidence evidence;
	uint8_t digest[34];

	memcpy(digest, tpm->attest.data + tpm->attest.len - 34, 34);
	tpm->selection = (struct bv_tpm_selection){ 2, { { BV_BANK_SHA256, 0x0000ff },
							 { BV_BANK_SHA384, 0x800013 } } };
	tt_quote(tpm);
	evidence = tt_evidence(tpm);
	accepts(&evidence);
	memcpy(tpm->attest.data + tpm->attest.len - 34, digest, 34);
	tt_sign(tpm);
	refuses(&evidence, "registers", "their digest differs");
	tt_free(tpm);
}

#define RUN(...)	TM_RUN(verifier_inspect_tpm_quote, "tpm-quote", "--attest", tm_path("attest"), \
			       "--signature", tm_path("signature"), "--key", tm_path("key"), \
			       ##__VA_ARGS__)

static void test_command(void **state)
{
	struct tt_tpm *tpm = tt_new(BV_TPM_ALG_ECDSA, BV_BANK_SHA256, P256);
	char nonce[2 * 20 + 1];
	json_t *json;

	bv_hex(nonce, sizeof(nonce), tpm->nonce, tpm->nonce_len);
	tm_write("attest", tt_span(&tpm->attest));
	tm_write("signature", tt_span(&tpm->signature));
	tm_write("key", tt_span(&tpm->public2b));
	tm_write("pcrs", tt_span(&tpm->file));
	assert_int_equal(RUN("--pcrs", tm_path("pcrs"), "--qualifying-data", nonce), VERIFIER_OK);
	/* What it shows is a file of values that it takes. */
	assert_int_equal(rename(tm_path("output"), tm_path("values")), 0);
	assert_int_equal(RUN("--pcrs", tm_path("values"), "--json"), VERIFIER_OK);
	json = tm_json();
	assert_true(json_is_true(json_object_get(json, "ok")));
	json_decref(json);
	nonce[0] = 'b';
	assert_int_equal(RUN("--qualifying-data", nonce), VERIFIER_REFUSED);
	assert_non_null(strstr(tm_complaint, "other qualifying data"));
	assert_int_equal(RUN("--qualifying-data", ""), VERIFIER_USAGE);
	assert_int_equal(RUN("--qualifying-data", "A0"), VERIFIER_USAGE);
	assert_int_equal(RUN("more"), VERIFIER_USAGE);
	assert_int_equal(TM_RUN(verifier_inspect_tpm_quote, "tpm-quote", "--key", tm_path("key")),
			 VERIFIER_USAGE);
	assert_int_equal(remove(tm_path("signature")), 0);
	assert_int_equal(RUN(), VERIFIER_REFUSED);
	tt_free(tpm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keylime),
		cmocka_unit_test(test_keylime_bits),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_algorithms),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_attest),
		cmocka_unit_test(test_attest_bytes),
		cmocka_unit_test(test_selection_size),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_weak_keys),
		cmocka_unit_test(test_signature_bytes),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_unselected),
		cmocka_unit_test(test_serialized),
		cmocka_unit_test(test_order),
		cmocka_unit_test_setup_teardown(test_command, tm_setup, tm_teardown),
	};

	return cmocka_run_group_tests_name("verify: quotes of TPMs", tests, NULL, NULL);
}
