// SPDX-License-Identifier: GPL-2.0
/* Who is this TPM? Those that may be enrolled, and lies one at a time. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "testenroll.h"

#define UNTIL	60000

static const uint8_t secret[BV_CREDENTIAL_SECRET] = "a secret of thirty-two bytes...";

/* A machine, the operator's terms, and what came of it. */
struct world {
	struct tw tw;
	const struct bv_ek_anchors *anchors;
	const uint8_t *chip_id;
	struct bv_error err;
	struct bv_enroll_pending pending;
	struct bv_credential credential;
};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	tw_init(&world->tw);
	world->anchors = &world->tw.maker->anchors;
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	tw_exit(&world->tw);
	free(world);
	return 0;
}

/* Returns what bv_enroll_begin() does. */
static int begin(struct world *world)
{
	struct bv_enroll_terms terms = {
		.name = "web-1", .chip_id = world->chip_id, .anchors = world->anchors, .at = NOW,
	};
	struct bv_enroll_request request;
	json_t *json = tw_request(&world->tw, "web-1");
	int ret;

	assert_int_equal(bv_enroll_parse(json, &request, NULL), 0);
	json_decref(json);
	world->err.text[0] = '\0';
	ret = bv_enroll_begin(&request, &terms, secret, UNTIL, &world->pending, &world->credential,
			      &world->err);
	assert_int_equal(world->pending.open, !ret);
	bv_enroll_exit(&request);
	return ret;
}

static void accepts(struct world *world)
{
	if (begin(world))
		fail_msg("refused: %s", world->err.text);
}

static void refuses(struct world *world, const char *why)
{
	assert_int_equal(begin(world), -EBADMSG);
	if (!strstr(world->err.text, why))
		fail_msg("refused, but: %s", world->err.text);
}

static int finish(struct world *world, const uint8_t bytes[BV_CREDENTIAL_SECRET], int64_t now)
{
	json_t *answer = tw_answer(&world->tw, bytes);
	int ret;

	world->err.text[0] = '\0';
	ret = bv_enroll_finish(&world->pending, answer, now, &world->err);
	assert_false(world->pending.open);
	json_decref(answer);
	return ret;
}

/* What the TPM makes of it with the key loaded that was asked about. */
static bool activates(const struct world *world, const struct tk_ek *ek, struct bv_span name,
		      uint8_t out[BV_CREDENTIAL_SECRET])
{
	const struct bv_credential *credential = &world->credential;

	return tk_activate(ek, name, (struct bv_span){ credential->blob, credential->blob_len },
			   (struct bv_span){ credential->seed, credential->seed_len }, out);
}

static void test_good(void **state)
{
	struct world *world = *state;
	char id[2 * BASTION_DIGEST_SIZE + 1], seen[2 * BASTION_DIGEST_SIZE + 1];
	uint8_t got[BV_CREDENTIAL_SECRET];
	json_t *message;

	accepts(world);
	tw_chip_id(&world->tw, id);
	bv_hex(seen, sizeof(seen), world->pending.machine.chip_id, BASTION_DIGEST_SIZE);
	assert_string_equal(seen, id);
	assert_string_equal(world->pending.machine.name, "web-1");
	assert_string_equal(world->pending.machine.model, "TPM 2.0 GOOG");
	assert_string_equal(world->pending.machine.skipped, "revocation");
	message = bv_enroll_credential_json(&world->pending, &world->credential);
	assert_true(tw_activate(&world->tw, message, got));
	json_decref(message);
	assert_int_equal(finish(world, got, UNTIL), 0);
	/* Once. */
	assert_int_equal(finish(world, got, 0), -EBADMSG);
	assert_non_null(strstr(world->err.text, "no secret is waited for"));
}

/* Neither another TPM nor another key of this TPM's gets at the secret. */
static void test_others(void **state)
{
	struct world *world = *state;
	struct tt_tpm *tpm = tt_new(BV_TPM_ALG_ECDSA, BV_BANK_SHA384, 4);
	struct tk_ek *ek = tk_new(3, NULL);
	uint8_t got[BV_CREDENTIAL_SECRET], name[BV_TPM_NAME_MAX];
	struct bv_tpm_public public;
	size_t len;

	accepts(world);
	assert_false(activates(world, ek, (struct bv_span){ world->pending.machine.ak,
							    world->pending.machine.ak_len }, got));
	assert_int_equal(bv_tpm_public_parse(tt_span(&tpm->public), &public, NULL), 0);
	assert_int_equal(bv_tpm_public_name(&public, name, &len), 0);
	assert_false(activates(world, world->tw.ek, (struct bv_span){ name, len }, got));
	tt_free(tpm);
	tk_free(ek);
}

static void test_answers(void **state)
{
	struct world *world = *state;
	uint8_t other[BV_CREDENTIAL_SECRET];
	json_t *answer;

	for (size_t i = 0; i < 8 * sizeof(secret); i++) {
		memcpy(other, secret, sizeof(other));
		other[i / 8] ^= 1 << i % 8;
		if (!i)
			accepts(world);
		world->pending.open = true;
		assert_int_equal(finish(world, other, 0), -EBADMSG);
		assert_non_null(strstr(world->err.text, "another secret"));
	}
	/* What was wrong once is wrong for good. */
	assert_int_equal(finish(world, secret, 0), -EBADMSG);
	assert_non_null(strstr(world->err.text, "no secret is waited for"));
	accepts(world);
	assert_int_equal(finish(world, secret, UNTIL + 1), -EBADMSG);
	assert_non_null(strstr(world->err.text, "too late"));
	accepts(world);
	answer = tw_answer(&world->tw, secret);
	json_object_set_new(answer, "secret", json_string("00"));
	assert_int_equal(bv_enroll_finish(&world->pending, answer, 0, NULL), -EBADMSG);
	json_decref(answer);
	assert_false(world->pending.open);
	accepts(world);
	answer = tw_answer(&world->tw, secret);
	json_object_del(answer, "chip");
	assert_int_equal(bv_enroll_finish(&world->pending, answer, 0, NULL), -EBADMSG);
	json_decref(answer);
	accepts(world);
	answer = tw_answer(&world->tw, secret);
	json_object_set_new(answer, "chip", json_sprintf("%096d", 1));
	assert_int_equal(bv_enroll_finish(&world->pending, answer, 0, &world->err), -EBADMSG);
	assert_non_null(strstr(world->err.text, "another machine"));
	json_decref(answer);
}

static void test_certificates(void **state)
{
	struct world *world = *state;
	EVP_PKEY *ek = world->tw.maker->ek, *other = EVP_EC_gen("P-256");
	struct bv_ek_anchors none;

	world->tw.wish.usage = "critical,digitalSignature";
	refuses(world, "endorsement certificate: it is for a key that signs");
	world->tw.wish.usage = NULL;
	world->tw.no_cert = true;
	refuses(world, "endorsement certificate: there is none");
	world->tw.no_cert = false;
	world->tw.pem = true;
	refuses(world, "endorsement certificate: it is not in DER");
	world->tw.pem = false;
	/* Whatever else the maker certifies, keys for encryption among them. */
	world->tw.wish = (struct wish){ .purpose = "", .no_names = true };
	refuses(world, "endorsement certificate: nothing in it says that the key is a TPM's");
	assert_string_equal(world->pending.machine.skipped, "revocation, manufacturer");
	world->tw.wish.no_names = false;
	accepts(world);
	world->tw.wish = (struct wish){ .no_names = true };
	accepts(world);
	assert_string_equal(world->pending.machine.model, "TPM 2.0 IBM");
	world->tw.wish.no_names = false;
	/* A genuine TPM's, but not of this one. */
	world->tw.maker->ek = other;
	refuses(world, "endorsement certificate: it is another key's");
	world->tw.maker->ek = ek;
	assert_int_equal(bv_ek_anchors_init(&none), 0);
	world->anchors = &none;
	refuses(world, "endorsement certificate: the path to a root");
	bv_ek_anchors_exit(&none);
	world->anchors = &world->tw.maker->anchors;
	world->tw.cert = te_begin(100, "a TPM", world->tw.maker->authority, ek);
	ASN1_TIME_set(X509_getm_notAfter(world->tw.cert), NOW - 1);
	te_end(world->tw.cert, world->tw.maker->key, "SHA256");
	refuses(world, "certificate has expired");
	X509_free(world->tw.cert);
	world->tw.cert = NULL;
	accepts(world);
	EVP_PKEY_free(other);
}

static void test_revoked(void **state)
{
	struct world *world = *state;
	struct bv_span crl = te_crl(world->tw.maker->authority, world->tw.maker->key, 100, NOW + 1000);

	assert_int_equal(bv_ek_anchors_add(&world->tw.maker->anchors, crl, NULL), 0);
	refuses(world, "certificate revoked");
	OPENSSL_free((void *)crl.data);
}

/* Authorities may come from the TPM, roots never. */
static void test_chain(void **state)
{
	struct world *world = *state;
	struct bv_span authority = te_der(world->tw.maker->authority), root = te_der(world->tw.maker->root);
	struct bv_ek_anchors anchors;
	uint8_t bytes[32768] = { 0 };

	assert_int_equal(bv_ek_anchors_init(&anchors), 0);
	world->anchors = &anchors;
	memcpy(bytes, authority.data, authority.len);
	memcpy(bytes + authority.len, root.data, root.len);
	world->tw.chain = (struct bv_span){ bytes, authority.len + root.len };
	refuses(world, "the path to a root");
	te_add_anchor(&anchors, world->tw.maker->root);
	accepts(world);
	world->tw.chain.len = authority.len + 100;
	bytes[authority.len] = 1;
	refuses(world, "certificate 2 is damaged");
	memset(bytes + authority.len, 0, root.len);
	accepts(world);
	world->tw.chain.len = 0;
	refuses(world, "unable to get local issuer");
	for (size_t i = 0; i <= BV_ENROLL_CHAIN_MAX; i++)
		memcpy(bytes + i * authority.len, authority.data, authority.len);
	world->tw.chain.len = BV_ENROLL_CHAIN_MAX * authority.len;
	accepts(world);
	world->tw.chain.len += authority.len;
	refuses(world, "more than 8 certificates");
	/* They were this request's: the next one has nothing of them. */
	world->tw.chain.len = 0;
	refuses(world, "unable to get local issuer");
	bv_ek_anchors_exit(&anchors);
	OPENSSL_free((void *)authority.data);
	OPENSSL_free((void *)root.data);
}

static void test_allowed(void **state)
{
	struct world *world = *state;
	uint8_t id[BASTION_DIGEST_SIZE];

	accepts(world);
	memcpy(id, world->pending.machine.chip_id, sizeof(id));
	world->anchors = NULL;
	world->tw.no_cert = true;
	refuses(world, "nobody says which TPMs may be web-1");
	world->chip_id = id;
	accepts(world);
	/* Nobody but the machine says whose make it is. */
	assert_string_equal(world->pending.machine.model, "TPM 2.0 IBM");
	id[47] ^= 1;
	refuses(world, "another TPM, whose id is allowed");
	id[47] ^= 1;
	/* Both: neither excuses the other. */
	world->anchors = &world->tw.maker->anchors;
	refuses(world, "endorsement certificate: there is none");
	world->tw.no_cert = false;
	accepts(world);
	id[0] ^= 1;
	refuses(world, "another TPM, whose id is allowed");
}

/* It is in the record of what was refused. */
static void test_keys(void **state)
{
	struct world *world = *state;
	static const uint8_t zero[BASTION_DIGEST_SIZE];

	world->tw.ek->attributes &= ~BV_TPM_RESTRICTED;
	tk_make_public(world->tw.ek);
	refuses(world, "endorsement key: the key is not restricted");
	assert_memory_not_equal(world->pending.machine.chip_id, zero, sizeof(zero));
	world->tw.ek->attributes |= BV_TPM_RESTRICTED;
	tk_make_public(world->tw.ek);
	world->tw.tpm->attributes &= ~BV_TPM_RESTRICTED;
	tt_quote(world->tw.tpm);
	refuses(world, "attestation key: the key is not restricted");
	assert_int_equal(world->pending.machine.ak_len, 2 + 32);
	world->tw.tpm->attributes = TT_AK_ATTRIBUTES & ~BV_TPM_FIXED_TPM;
	tt_quote(world->tw.tpm);
	refuses(world, "attestation key: the key may leave its TPM");
	world->tw.tpm->attributes = TT_AK_ATTRIBUTES;
	tt_quote(world->tw.tpm);
	accepts(world);
	world->tw.tpm->public = world->tw.tpm->public2b;
	refuses(world, "attestation key: the key has a size before it");
	tt_quote(world->tw.tpm);
	world->tw.tpm->public.data[world->tw.tpm->public.len - 1] ^= 1;
	refuses(world, "attestation key: the key is none");
}

static void refuses_text(json_t *json, const char *why)
{
	struct bv_enroll_request request;
	struct bv_error err = { "" };

	assert_int_equal(bv_enroll_parse(json, &request, &err), -EBADMSG);
	if (!strstr(err.text, why))
		fail_msg("refused, but: %s", err.text);
	assert_null(request.ek.data);
}

static void test_requests(void **state)
{
	struct world *world = *state;
	static const struct {
		const char *member, *value, *why;
	} lies[] = {
		{ "name", "Web 1", "is no name of a machine" },
		{ "name", "", "is no name of a machine" },
		{ "name", "../x", "is no name of a machine" },
		{ "model", "a\x1b[2J", "not printable ASCII" },
		{ "model", "a model of more than thirty-two bytes", "at most 32 bytes" },
		{ "ek", "====", "\"ek\" is not base64url" },
		{ "ak", NULL, "\"ak\" is not base64url" },
		{ "certificate", "?", "\"certificate\" is not base64url" },
		{ "chain", "?", "\"chain\" is not base64url" },
		{ "more", "x", "unknown member \"more\"" },
	};
	struct bv_enroll_request request;
	json_t *good = tw_request(&world->tw, "web-1"), *json;
	char *text;

	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		json = json_copy(good);
		json_object_set_new(json, lies[i].member,
				    lies[i].value ? json_string(lies[i].value) : json_null());
		refuses_text(json, lies[i].why);
		json_decref(json);
	}
	text = malloc(4 * BV_TPM_PUBLIC_MAX);
	memset(text, 'A', 4 * BV_TPM_PUBLIC_MAX);
	json_object_set_new(good, "ek", json_stringn(text, 4 * BV_TPM_PUBLIC_MAX));
	refuses_text(good, "at most 4096 bytes");
	free(text);
	json_decref(good);
	good = tw_request(&world->tw, "web-1");
	json_object_del(good, "name");
	assert_int_equal(bv_enroll_parse(good, &request, NULL), 0);
	assert_string_equal(request.name, "");
	bv_enroll_exit(&request);
	json_decref(good);
}

static void test_pending(void **state)
{
	struct world *world = *state;
	struct bv_enroll_pending again;
	const char *member;
	json_t *json, *copy, *value;

	accepts(world);
	json = bv_enroll_pending_json(&world->pending);
	assert_int_equal(bv_enroll_pending_parse(json, &again, NULL), 0);
	assert_true(again.open);
	assert_memory_equal(&again, &world->pending, sizeof(again));
	json_object_foreach(json, member, value) {
		copy = json_copy(json);
		json_object_del(copy, member);
		assert_int_equal(bv_enroll_pending_parse(copy, &again, NULL), -EBADMSG);
		assert_false(again.open);
		json_object_set_new(copy, member, json_true());
		assert_int_equal(bv_enroll_pending_parse(copy, &again, NULL), -EBADMSG);
		json_decref(copy);
	}
	json_decref(json);
	json = bv_enroll_credential_json(&world->pending, &world->credential);
	assert_string_equal(json_string_value(json_object_get(json, "type")), "credential");
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_certificates, setup, teardown),
		cmocka_unit_test_setup_teardown(test_revoked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_allowed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_requests, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pending, setup, teardown),
	};

	return cmocka_run_group_tests_name("verify: enrolment", tests, NULL, NULL);
}
