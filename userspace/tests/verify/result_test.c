// SPDX-License-Identifier: GPL-2.0
/* What a verifier gives out: grants, tokens, results; and the policy behind them. */
#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libbastion-verify/crypto.h"
#include "libbastion-verify/ear.h"
#include "testchip.h"

struct result_test {
	struct tc *tc;
	struct bv_policy *policy;
	struct bv_signer signer;
	struct bv_fresh fresh;
	struct bv_result result;
	json_t *jwks;
};

/* Makes the result that the present state of the machine deserves. */
static void make(struct result_test *t)
{
	char *evidence = tc_evidence(t->tc);
	uint8_t nonce[32];
	struct bv_appraisal in = {
		.evidence = { (uint8_t *)evidence, strlen(evidence) },
		.nonce = { nonce, 32 },
		.verifier = t->tc->verifier,
		.now = TC_NOW,
	};

	memset(nonce, 0x55, sizeof(nonce));
	bv_result_exit(&t->result);
	bv_policy_free(t->policy);
	t->policy = tc_policy(t->tc);
	in.policy = t->policy;
	assert_int_equal(bv_result_make(&in, bv_appraise(&in), &t->signer, &t->fresh, &t->result), 0);
	free(evidence);
}

static int setup(void **state)
{
	struct result_test *t = calloc(1, sizeof(*t));

	t->tc = tc_new();
	t->signer = (struct bv_signer){
		.grant_key = t->tc->grant_key, .ear_jwk = bv_ear_jwk(t->tc->ear_key, true),
		.audience = "test", .build = "test 1",
	};
	memcpy(t->signer.verifier, t->tc->verifier, sizeof(t->signer.verifier));
	memset(&t->fresh, 0x77, sizeof(t->fresh));
	t->jwks = json_pack("{s:[o]}", "keys", bv_ear_jwk(t->tc->ear_key, false));
	make(t);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct result_test *t = *state;

	bv_result_exit(&t->result);
	bv_policy_free(t->policy);
	json_decref(t->signer.ear_jwk);
	json_decref(t->jwks);
	tc_free(t->tc);
	free(t);
	return 0;
}

static struct bv_span grant_of(struct result_test *t)
{
	return (struct bv_span){ t->result.grant.bytes, t->result.grant.len };
}

static void test_grant_fields(void **state)
{
	struct result_test *t = *state;
	const struct bastion_grant *grant = (const void *)t->result.grant.bytes;
	const struct bastion_grant_entry *entries = (const void *)(grant + 1);
	uint8_t digest[BASTION_DIGEST_SIZE], reference[BASTION_DIGEST_SIZE];
	static const uint8_t zero[BASTION_DIGEST_SIZE];

	assert_int_equal(t->result.grant.len, BASTION_GRANT_SIZE(3));
	assert_memory_equal(grant->magic, "bastion grant v1", 16);
	EVP_Digest(t->fresh.token, 32, digest, NULL, EVP_sha384(), NULL);
	assert_memory_equal(grant->token_hash, digest, 48);
	assert_memory_equal(grant->chip_id, t->tc->claims.chip_id, 48);
	assert_memory_equal(grant->verifier, t->tc->verifier, 48);
	assert_memory_equal(grant->kernel_nonce, t->tc->round.kernel_nonce, 32);
	assert_memory_equal(grant->chip_nonce, t->tc->claims.chip_nonce, 48);
	assert_memory_equal(grant->channel_key, zero, 48);
	assert_int_equal(le64toh(grant->boot_count), 9);
	assert_int_equal(le64toh(grant->log_count), t->tc->log.count);
	assert_int_equal(le32toh(grant->register_mask), 7);
	assert_int_equal(le32toh(grant->lifetime), 300);
	assert_int_equal(le32toh(grant->flags), 0);
	assert_int_equal(le32toh(grant->entry_count), 3);
	assert_int_equal(bv_policy_reference(t->tc->claims.chip_id, "prod-db", reference), 0);
	assert_memory_equal(entries[0].policy, reference, 48);
	assert_int_equal(le32toh(entries[0].kind), BASTION_GRANT_RELEASE);
	assert_int_equal(le32toh(entries[1].kind), BASTION_GRANT_CREATE);
	assert_int_equal(le32toh(entries[2].flags), BASTION_GRANT_EXECUTABLE);
	assert_int_equal(entries[2].executable[31], 0xee);
}

#define DEST	"abababababababababababababababababababababababab" \
		"abababababababababababababababababababababababab"

/* prod-db may move to another policy of another verifier, and to another of this one's. */
static void permit_rebinds(struct result_test *t, json_t *prod)
{
	char own[2 * BASTION_DIGEST_SIZE + 1];

	bv_hex(own, sizeof(own), t->tc->verifier, sizeof(t->tc->verifier));
	json_object_set_new(prod, "rebind", json_pack("[{s:s, s:s}, {s:s, s:s}]", "verifier", DEST,
						      "policy", "prod-db", "verifier", own,
						      "policy", "prod-db.2"));
}

static void test_grant_rebind(void **state)
{
	struct result_test *t = *state;
	const struct bastion_grant *grant = (const void *)t->result.grant.bytes;
	const struct bastion_grant_entry *entries = (const void *)(grant + 1);
	uint8_t reference[BASTION_DIGEST_SIZE], other[BASTION_DIGEST_SIZE];
	static const uint8_t zero[BASTION_DIGEST_SIZE];

	permit_rebinds(t, json_object_get(json_object_get(t->tc->policy, "policies"), "prod-db"));
	make(t);
	assert_int_equal(le32toh(grant->entry_count), 5);
	assert_int_equal(t->result.grant.len, BASTION_GRANT_SIZE(5));
	assert_int_equal(bv_policy_reference(t->tc->claims.chip_id, "prod-db", reference), 0);
	assert_int_equal(bv_policy_reference(t->tc->claims.chip_id, "prod-db.2", other), 0);
	for (size_t i = 2; i < 4; i++) {
		assert_int_equal(le32toh(entries[i].kind), BASTION_GRANT_REBIND);
		assert_int_equal(entries[i].flags, 0);
		assert_memory_equal(entries[i].policy, reference, 48);
		assert_memory_equal(entries[i].executable, zero, BASTION_EXE_SIZE);
	}
	assert_int_equal(entries[2].dest_verifier[0], 0xab);
	assert_int_equal(entries[2].dest_verifier[47], 0xab);
	assert_memory_equal(entries[2].dest_policy, reference, 48);
	assert_memory_equal(entries[3].dest_verifier, t->tc->verifier, 48);
	assert_memory_equal(entries[3].dest_policy, other, 48);
	/* Only a key that moves has somewhere to go. */
	for (size_t i = 0; i < 5; i++) {
		if (i == 2 || i == 3)
			continue;
		assert_memory_equal(entries[i].dest_verifier, zero, 48);
		assert_memory_equal(entries[i].dest_policy, zero, 48);
	}
}

/* A policy may say no more than that a key shall move. */
static void test_grant_only_rebind(void **state)
{
	struct result_test *t = *state;
	const struct bastion_grant *grant = (const void *)t->result.grant.bytes;
	const struct bastion_grant_entry *entries = (const void *)(grant + 1);
	json_t *prod = json_object();

	permit_rebinds(t, prod);
	json_object_set_new(t->tc->policy, "policies", json_pack("{s:o}", "prod-db", prod));
	make(t);
	assert_int_equal(le32toh(grant->entry_count), 2);
	assert_int_equal(le32toh(entries[0].kind), BASTION_GRANT_REBIND);
	assert_int_equal(le32toh(entries[1].kind), BASTION_GRANT_REBIND);
}

/* Digests put together here byte by byte, as include/bastion/grant.h says. */
static void test_grant_digests(void **state)
{
	struct result_test *t = *state;
	const struct bastion_grant *grant = (const void *)t->result.grant.bytes;
	struct tc_buffer *bytes = calloc(1, sizeof(*bytes));
	uint8_t digest[BASTION_DIGEST_SIZE];

	tc_put(bytes, "bastion registers v1\0\x07\0\0\0", 25);
	tc_put(bytes, t->tc->claims.registers, 3 * 48);
	EVP_Digest(bytes->data, bytes->len, digest, NULL, EVP_sha384(), NULL);
	assert_memory_equal(grant->register_digest, digest, 48);
	/* The aggregate, from the log's records: index and digest are a record's first 52 bytes. */
	memset(digest, 0, sizeof(digest));
	for (size_t at = 0; at < t->tc->log.bytes.len;) {
		const uint8_t *record = t->tc->log.bytes.data + at;
		size_t name = bv_get_le32(record + 52);

		bytes->len = 0;
		tc_put(bytes, digest, 48);
		tc_put(bytes, record, 52);
		EVP_Digest(bytes->data, bytes->len, digest, NULL, EVP_sha384(), NULL);
		at += 60 + name + bv_get_le32(record + 56 + name);
	}
	assert_memory_equal(grant->log_aggregate, digest, 48);
	free(bytes);
}

static void test_grant_signature(void **state)
{
	struct result_test *t = *state;
	struct bv_span body = grant_of(t);

	body.len -= BASTION_SIGNATURE_SIZE;
	assert_int_equal(bv_verify(t->tc->grant_key, body.data + body.len, &body, 1), 0);
	assert_int_equal(bv_verify(t->tc->ear_key, body.data + body.len, &body, 1), -EKEYREJECTED);
	t->result.grant.bytes[200] ^= 1;
	assert_int_equal(bv_verify(t->tc->grant_key, body.data + body.len, &body, 1), -EKEYREJECTED);
}

static void test_token(void **state)
{
	struct result_test *t = *state;
	uint8_t token[BASTION_TOKEN_SIZE];

	assert_int_equal(bv_token_open(t->result.grant.token, t->tc->boot_key, grant_of(t), token), 0);
	assert_memory_equal(token, t->fresh.token, sizeof(token));
	assert_int_equal(bv_token_open(t->result.grant.token, t->tc->chip_key, grant_of(t), token),
			 -EKEYREJECTED);
	for (size_t i = 1; i < sizeof(t->result.grant.token); i += 9) {
		t->result.grant.token[i] ^= 1;
		assert_true(bv_token_open(t->result.grant.token, t->tc->boot_key, grant_of(t),
					  token) < 0);
		t->result.grant.token[i] ^= 1;
	}
	/* Bound to this grant: another one with the same token does not fit. */
	t->result.grant.bytes[300] ^= 1;
	assert_int_equal(bv_token_open(t->result.grant.token, t->tc->boot_key, grant_of(t), token),
			 -EKEYREJECTED);
}

static void test_token_bad_point(void **state)
{
	uint8_t point[BASTION_POINT_SIZE] = { 4 }, token[BASTION_TOKEN_SIZE] = { 0 };
	uint8_t sealed[BASTION_SEALED_TOKEN_SIZE];

	assert_int_equal(bv_token_seal(token, point, BV_SPAN(token), sealed), -EINVAL);
	point[0] = 0;
	assert_int_equal(bv_token_seal(token, point, BV_SPAN(token), sealed), -EINVAL);
}

static void test_no_grant(void **state)
{
	struct result_test *t = *state;
	struct bv_grant grant;
	json_t *json;

	t->tc->claims.svn = 1;
	make(t);
	assert_false(t->result.verdict->granted);
	assert_int_equal(t->result.grant.len, 0);
	assert_int_equal(bv_grant_make(t->result.verdict, t->policy, t->tc->grant_key,
				       t->fresh.token, &grant), -EPERM);
	json = bv_result_json(&t->result);
	assert_null(json_object_get(json, "grant"));
	assert_null(json_object_get(json, "token"));
	assert_non_null(json_object_get(json, "ear"));
	json_decref(json);
}

/* What was asked of a claim comes out affirmed, but for @without, which nobody looked at. */
static struct bv_verdict *affirmed(int without)
{
	struct bv_verdict *verdict = bv_verdict_new();

	assert_non_null(verdict);
	verdict->facts.authentic = true;
	for (int i = 0; i < BV_CLAIMS; i++)
		if (i != without)
			bv_verdict_add(verdict, &(struct bv_check){
				.name = "test", .claim = i, .tier = BV_AFFIRMING, .expected = "a",
				.seen = "a" });
	return verdict;
}

/* A check that was skipped, failed to be made, or found a forgery is no reason to grant. */
static void test_incomplete_verdicts(void **state)
{
	struct bv_verdict *verdict;

	for (int without = 0; without <= BV_CLAIMS; without++) {
		bool whole = without == BV_CLAIMS;

		verdict = affirmed(without);
		bv_verdict_close(verdict, true);
		assert_int_equal(verdict->granted, whole);
		assert_int_equal(verdict->status, whole ? BV_AFFIRMING : BV_CONTRAINDICATED);
		bv_verdict_free(verdict);
	}
	verdict = affirmed(BV_CLAIMS);
	bv_verdict_add(verdict, &(struct bv_check){ .name = "test", .expected = "a", .seen = "a",
						    .advice = "b", .tier = BV_NONE });
	bv_verdict_close(verdict, true);
	assert_false(verdict->granted);
	assert_int_equal(verdict->status, BV_CONTRAINDICATED);
	bv_verdict_free(verdict);

	verdict = affirmed(BV_CLAIMS);
	verdict->facts.authentic = false;
	bv_verdict_close(verdict, true);
	assert_false(verdict->granted);
	bv_verdict_free(verdict);
}

static void test_wrong_grant_key(void **state)
{
	struct result_test *t = *state;
	struct bv_grant grant;

	assert_int_equal(bv_grant_make(t->result.verdict, t->policy, t->tc->ear_key, t->fresh.token,
				       &grant), -EINVAL);
}

static void test_ear(void **state)
{
	struct result_test *t = *state;
	json_t *claims = bv_ear_verify(t->result.ear, t->jwks, TC_NOW, NULL);
	const json_t *mod = json_object_get(json_object_get(claims, "submods"), "bastion");
	const json_t *vector = json_object_get(mod, "ear.trustworthiness-vector");

	assert_non_null(claims);
	assert_string_equal(json_string_value(json_object_get(mod, "ear.status")), "affirming");
	assert_int_equal(json_integer_value(json_object_get(vector, "hardware")), 2);
	assert_int_equal(json_integer_value(json_object_get(claims, "exp")), TC_NOW + 300);
	assert_string_equal(json_string_value(json_object_get(claims, "aud")), "test");
	assert_non_null(json_object_get(json_object_get(claims, "cnf"), "jwk"));
	assert_non_null(json_object_get(claims, "sub"));
	assert_int_equal(json_string_length(json_object_get(claims, "ueid")), 44);
	assert_null(json_object_get(mod, "ear.bastion.tpm"));
	assert_non_null(json_object_get(claims, "jti"));
	assert_string_equal(json_string_value(json_object_get(claims, "eat_nonce")),
			    "VVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVU");
	json_decref(claims);
	/* No secret is in it. */
	assert_null(strstr(t->result.ear, "\"d\""));
}

static void test_ear_refused(void **state)
{
	struct result_test *t = *state;
	json_t *claims;
	const json_t *mod;

	/* Not authentic: whose chip it is and whose boot key is not repeated. */
	t->tc->round.verifier_nonce[0] ^= 1;
	make(t);
	claims = bv_ear_verify(t->result.ear, t->jwks, TC_NOW, NULL);
	mod = json_object_get(json_object_get(claims, "submods"), "bastion");
	assert_string_equal(json_string_value(json_object_get(mod, "ear.status")),
			    "contraindicated");
	assert_null(json_object_get(claims, "sub"));
	assert_null(json_object_get(claims, "ueid"));
	assert_null(json_object_get(claims, "cnf"));
	json_decref(claims);
}

static void test_ear_verify(void **state)
{
	struct result_test *t = *state;
	json_t *other = bv_ear_jwk(t->tc->grant_key, false);
	size_t len = strlen(t->result.ear);

	assert_null(bv_ear_verify(t->result.ear, other, TC_NOW, NULL));
	assert_null(bv_ear_verify(t->result.ear, t->jwks, TC_NOW + 300, NULL));
	assert_null(bv_ear_verify(t->result.ear, t->jwks, TC_NOW - 1, NULL));
	assert_null(bv_ear_verify("", t->jwks, TC_NOW, NULL));
	assert_null(bv_ear_verify("a.b", t->jwks, TC_NOW, NULL));
	assert_null(bv_ear_verify("a.b.c.d", t->jwks, TC_NOW, NULL));
	for (size_t i = 0; i < len; i += 11) {
		char keep = t->result.ear[i];

		t->result.ear[i] = keep == 'A' ? 'B' : 'A';
		assert_null(bv_ear_verify(t->result.ear, t->jwks, TC_NOW, NULL));
		t->result.ear[i] = keep;
	}
	/* The right key under another name is not asked for. */
	json_decref(other);
	other = bv_ear_jwk(t->tc->ear_key, false);
	json_object_set_new(other, "kid", json_string("x"));
	assert_null(bv_ear_verify(t->result.ear, other, TC_NOW, NULL));
	json_decref(other);
}

/* AR4SI: a status is never better than the worst claim. */
static void test_ear_status(void **state)
{
	static const struct {
		const char *status;
		int claim;
		int ret;
	} cases[] = {
		{ "affirming", 2, 0 }, { "affirming", 31, 0 }, { "affirming", -32, 0 },
		{ "affirming", 32, -EBADMSG }, { "affirming", -33, -EBADMSG },
		{ "affirming", 96, -EBADMSG }, { "warning", 95, 0 }, { "warning", 96, -EBADMSG },
		{ "contraindicated", 96, 0 }, { "contraindicated", 128, -EBADMSG },
		{ "none", 2, -EBADMSG }, { "none", 0, 0 }, { "better", 2, -EBADMSG },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		json_t *claims = json_pack("{s:s, s:i, s:{s:s, s:s}, s:{s:{s:s, s:{s:i}}}}",
			"eat_profile", "tag:github.com,2023:veraison/ear", "iat", TC_NOW,
			"ear.verifier-id", "developer", "d", "build", "b", "submods", "m",
			"ear.status", cases[i].status, "ear.trustworthiness-vector",
			"hardware", cases[i].claim);
		struct bv_error err = { "" };

		assert_non_null(claims);
		assert_int_equal(bv_ear_check(claims, &err), cases[i].ret);
		json_decref(claims);
	}
}

static void test_ear_private_key(void **state)
{
	struct result_test *t = *state;
	json_t *jwk = bv_ear_jwk(t->tc->ear_key, false);

	assert_null(json_object_get(jwk, "d"));
	json_decref(jwk);
}

static void refuse_policy(const char *text)
{
	struct bv_error err = { "" };

	assert_null(bv_policy_parse((struct bv_span){ (const uint8_t *)text, strlen(text) }, &err));
	assert_true(err.text[0]);
}

#define GOOD	"\"roots\":[\"r\"],\"models\":[\"m\"]"

#define TPM(item) "{" GOOD ",\"reference\":{\"tpm\":[" item "]}}"
#define PCR	"1111111111111111111111111111111111111111111111111111111111111111"

static void test_policy_refused(void **state)
{
	static const char *const bad[] = {
		"", "[]", "{}", "{\"roots\":[\"r\"]}", "{\"models\":[\"m\"]}",
		"{\"roots\":[],\"models\":[\"m\"]}", "{\"roots\":[\"r\"],\"models\":[]}",
		"{" GOOD ",\"unknown\":1}", "{" GOOD ",\"roots\":[\"x\"]}",
		"{" GOOD ",\"svn_min\":\"2\"}", "{" GOOD ",\"svn_min\":-1}",
		"{" GOOD ",\"svn_min\":4294967296}", "{" GOOD ",\"firmware_min\":\"1.x\"}",
		"{" GOOD ",\"firmware_min\":\"\"}", "{" GOOD ",\"firmware_min\":\"1..2\"}",
		"{" GOOD ",\"firmware_min\":\"1.2.3.4.5\"}", "{" GOOD ",\"firmware_min\":{\"m\":1}}",
		"{" GOOD ",\"firmware_min\":{\"n\":\"1.2\"}}", "{" GOOD ",\"firmware_min\":{\"m\":\"x\"}}",
		"{\"roots\":[\"r\"],\"models\":[\"m\",\"n\"],\"firmware_min\":\"1.2\"}",
		"{" GOOD ",\"lifetime\":0}",
		"{" GOOD ",\"lifetime\":86401}", "{" GOOD ",\"allow_debug\":1}",
		"{" GOOD ",\"accept_warning\":\"yes\"}", "{" GOOD ",\"register_mask\":[]}",
		"{" GOOD ",\"register_mask\":[3]}", "{" GOOD ",\"register_mask\":[4]}",
		"{" GOOD ",\"register_mask\":[8]}", "{" GOOD ",\"register_mask\":[0,0]}",
		"{" GOOD ",\"register_mask\":[-1]}", "{" GOOD ",\"register_mask\":7}",
		"{" GOOD ",\"registers\":{\"3\":[]}}", "{" GOOD ",\"registers\":{\"9\":[]}}",
		"{" GOOD ",\"registers\":{\"5\":[\"00\"]}}", "{" GOOD ",\"revoked_chips\":[\"00\"]}",
		"{" GOOD ",\"chips\":\"all\"}", "{" GOOD ",\"verifiers\":[1]}",
		"{" GOOD ",\"policies\":{\"Bad\":{\"release\":true}}}",
		"{" GOOD ",\"policies\":{\"\":{\"release\":true}}}",
		"{" GOOD ",\"policies\":{\"a\":{}}}", "{" GOOD ",\"policies\":{\"a\":true}}",
		"{" GOOD ",\"policies\":{\"a\":{\"release\":true,\"exe\":1}}}",
		"{" GOOD ",\"policies\":{\"a\":{\"release\":true,\"executable\":\"sha256:00\"}}}",
		"{" GOOD ",\"policies\":{\"a\":{\"release\":true,\"executable\":\"sha256:"
		"0000000000000000000000000000000000000000000000000000000000000000\"}}}",
		"{" GOOD ",\"policies\":[]}", "{" GOOD ",\"reference\":[]}", "{" GOOD ",\"reference\":{}}",
		"{\"models\":[\"m\"],\"reference\":{\"boot\":[]}}",
		"{\"roots\":[],\"models\":[\"m\"],\"reference\":{\"tpm\":[]}}",
		"{" GOOD ",\"pcr\":8}", "{" GOOD ",\"pcr\":9}", "{" GOOD ",\"pcr\":10}", "{" GOOD ",\"pcr\":16}",
		"{" GOOD ",\"pcr\":\"13\"}", "{" GOOD ",\"reference\":{\"tpm\":{}}}",
		TPM("1"), TPM("{}"), TPM("{\"name\":\"x\"}"), TPM("{\"name\":\"x\",\"pcrs\":{}}"),
		TPM("{\"name\":\"x\",\"pcrs\":[]}"), TPM("{\"name\":\"x\",\"pcrs\":{\"0\":\"00\"}}"),
		TPM("{\"pcrs\":{\"0\":\"" PCR "\"}}"),
		TPM("{\"name\":\"x\",\"pcrs\":{\"10\":\"" PCR "\"}}"),
		TPM("{\"name\":\"x\",\"pcrs\":{\"00\":\"" PCR "\"}}"),
		TPM("{\"name\":\"x\",\"pcrs\":{\"\":\"" PCR "\"}}"),
		TPM("{\"name\":\"x\",\"pcrs\":{\"0\":1}}"),
		TPM("{\"name\":\"x\",\"pcrs\":{\"0\":\"" PCR "\"},\"more\":1}"),
		"{" GOOD ",\"reference\":{\"boot\":[{}]}}", "{" GOOD ",\"reference\":{\"boot\":[1]}}",
		"{" GOOD ",\"modules\":[\"\"]}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		refuse_policy(bad[i]);
}

#define REBIND(list)	"{" GOOD ",\"policies\":{\"a\":{\"release\":true,\"rebind\":" list "}}}"
#define TO(verifier, label) \
	"{\"verifier\":\"" verifier "\",\"policy\":\"" label "\"}"
#define ZERO	"000000000000000000000000000000000000000000000000" \
		"000000000000000000000000000000000000000000000000"

static struct bv_policy *parse_policy(const char *text)
{
	return bv_policy_parse((struct bv_span){ (const uint8_t *)text, strlen(text) }, NULL);
}

static void test_policy_rebind(void **state)
{
	struct bv_policy *policy = parse_policy(REBIND("[" TO(DEST, "a") "," TO(DEST, "b") "]"));
	const struct bv_permit *permit;

	assert_non_null(policy);
	permit = &policy->permits[0];
	assert_true(permit->release);
	assert_false(permit->create);
	assert_int_equal(permit->rebind_count, 2);
	assert_int_equal(permit->rebinds[1].verifier[47], 0xab);
	assert_string_equal(permit->rebinds[0].label, "a");
	assert_string_equal(permit->rebinds[1].label, "b");
	bv_policy_free(policy);

	policy = parse_policy(REBIND("[]"));
	assert_non_null(policy);
	assert_int_equal(policy->permits[0].rebind_count, 0);
	bv_policy_free(policy);
}

static void test_policy_rebind_refused(void **state)
{
	static const char *const bad[] = {
		REBIND("true"), REBIND("{}"), REBIND(TO(DEST, "a")), REBIND("[true]"),
		REBIND("[{}]"),
		REBIND("[\"" DEST "\"]"), REBIND("[{\"verifier\":\"" DEST "\"}]"),
		REBIND("[{\"policy\":\"a\"}]"), REBIND("[" TO("ab", "a") "]"),
		REBIND("[" TO(DEST "ab", "a") "]"), REBIND("[" TO(DEST, "") "]"),
		REBIND("[" TO(DEST, "A") "]"), REBIND("[" TO(DEST, "a b") "]"),
		REBIND("[" TO(ZERO, "a") "]"), REBIND("[" TO(DEST, "a") "," TO(DEST, "a") "]"),
		REBIND("[{\"verifier\":\"" DEST "\",\"policy\":\"a\",\"x\":1}]"),
		REBIND("[{\"verifier\":\"" DEST "\",\"policy\":1}]"),
		"{" GOOD ",\"policies\":{\"a\":{\"rebind\":[]}}}",
		"{" GOOD ",\"policies\":{\"a\":{\"executable\":\"sha256:"
		"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\",\"rebind\":["
		TO(DEST, "a") "]}}}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		refuse_policy(bad[i]);
}

/* What a policy allows always fits into a grant. */
static void test_policy_bounds(void **state)
{
	struct result_test *t = *state;
	json_t *rebinds = json_array();
	char label[16];
	char *text;

	json_object_set_new(t->tc->policy, "policies",
			    json_pack("{s:{s:b, s:b, s:o}}", "a", "create", 1, "release", 1,
				      "rebind", rebinds));
	for (int i = 0; i < BASTION_GRANT_ENTRIES_MAX - 2; i++) {
		snprintf(label, sizeof(label), "p%d", i);
		json_array_append_new(rebinds, json_pack("{s:s, s:s}", "verifier", DEST, "policy",
							 label));
	}
	make(t);
	assert_int_equal(t->result.grant.len, BASTION_GRANT_MAX);
	json_array_append_new(rebinds, json_pack("{s:s, s:s}", "verifier", DEST, "policy", "q"));
	text = json_dumps(t->tc->policy, JSON_COMPACT);
	refuse_policy(text);
	free(text);
}

static void test_policy_roots(void **state)
{
	static const char text[] = "{" GOOD "}", junk[] = "no certificate";
	struct result_test *t = *state;
	struct bv_policy *policy = bv_policy_parse(
		(struct bv_span){ (const uint8_t *)text, strlen(text) }, NULL);
	uint8_t id[BASTION_DIGEST_SIZE];

	assert_non_null(policy);
	memcpy(id, policy->id, sizeof(id));
	assert_true(bv_policy_add_roots(policy, BV_SPAN(junk), NULL) < 0);
	assert_memory_equal(id, policy->id, sizeof(id));
	/* The roots are part of what a policy is. */
	assert_memory_not_equal(t->policy->id, id, sizeof(id));
	bv_policy_free(policy);
}

static void test_versions(void **state)
{
	int order;

	assert_int_equal(bv_version_compare("1.10", "1.9", &order), 0);
	assert_int_equal(order, 1);
	assert_int_equal(bv_version_compare("1.2", "1.2.0.0", &order), 0);
	assert_int_equal(order, 0);
	assert_int_equal(bv_version_compare("1.2", "2", &order), 0);
	assert_int_equal(order, -1);
	assert_int_equal(bv_version_compare("4294967296", "1", &order), -EINVAL);
	assert_int_equal(bv_version_compare("1.", "1", &order), -EINVAL);
	assert_int_equal(bv_version_compare("", "1", &order), -EINVAL);
}

static void test_register_mask(void **state)
{
	struct result_test *t = *state;
	const struct bastion_grant *grant = (const void *)t->result.grant.bytes;

	json_object_set_new(t->tc->policy, "register_mask", json_pack("[i, i]", 0, 5));
	make(t);
	assert_int_equal(le32toh(grant->register_mask), 0x21);
}

#define T(function)	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_grant_fields), T(test_grant_rebind), T(test_grant_only_rebind),
		T(test_grant_digests), T(test_grant_signature), T(test_token),
		T(test_token_bad_point), T(test_no_grant), T(test_incomplete_verdicts),
		T(test_wrong_grant_key), T(test_ear), T(test_ear_status),
		T(test_ear_refused), T(test_ear_verify), T(test_ear_private_key),
		T(test_policy_refused), T(test_policy_rebind), T(test_policy_rebind_refused),
		T(test_policy_bounds), T(test_policy_roots), T(test_versions),
		T(test_register_mask),
	};

	return cmocka_run_group_tests_name("verify: grants, results, policies", tests, NULL, NULL);
}
