// SPDX-License-Identifier: GPL-2.0
/*
 * Verification, on one core: a quote alone, and a whole appraisal with certificates,
 * logs and policy; against nothing but the ECDSA checks that are in them. The quotes
 * come from the chip that the verifier's tests have.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/dsa.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecdsa.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>

#include "bench/rows.h"
#include "libbastion-verify/appraise.h"
#include "tests/verify/testchip.h"

/* In an appraisal: of the quote, and of each certificate below the root. */
#define APPRAISAL_CHECKS 3

/**
 * struct bare - a signature to be checked, with nothing around it
 * @ctx:	OpenSSL's, ready to verify
 * @der:	the signature for it
 * @der_len:	bytes of @der
 * @point:	the key for nettle
 * @signature:	the signature for it
 * @digest:	signed
 */
struct bare {
	EVP_PKEY_CTX *ctx;
	uint8_t der[160];
	size_t der_len;
	struct ecc_point point;
	struct dsa_signature signature;
	uint8_t digest[BASTION_DIGEST_SIZE];
};

static void import(mpz_t number, const uint8_t *bytes, size_t len)
{
	mpz_import(number, len, 1, 1, 1, 0, bytes);
}

/* The same key and signature as nettle has them. */
static int bare_for_nettle(struct bare *bare, EVP_PKEY *key)
{
	uint8_t point[BASTION_POINT_SIZE], part[48];
	const uint8_t *der = bare->der;
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, bare->der_len);
	mpz_t x, y;
	size_t len;
	int ok;

	if (!signature || EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point,
							  sizeof(point), &len) <= 0)
		return -EIO;
	mpz_inits(x, y, NULL);
	import(x, point + 1, 48);
	import(y, point + 49, 48);
	ecc_point_init(&bare->point, nettle_get_secp_384r1());
	ok = ecc_point_set(&bare->point, x, y);
	mpz_clears(x, y, NULL);
	dsa_signature_init(&bare->signature);
	BN_bn2binpad(ECDSA_SIG_get0_r(signature), part, sizeof(part));
	import(bare->signature.r, part, sizeof(part));
	BN_bn2binpad(ECDSA_SIG_get0_s(signature), part, sizeof(part));
	import(bare->signature.s, part, sizeof(part));
	ECDSA_SIG_free(signature);
	return ok ? 0 : -EIO;
}

static int bare_init(struct bare *bare)
{
	EVP_PKEY *key = EVP_EC_gen("P-384");
	int ret = -EIO;

	memset(bare->digest, 0xa5, sizeof(bare->digest));
	bare->ctx = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	bare->der_len = sizeof(bare->der);
	if (bare->ctx && EVP_PKEY_sign_init(bare->ctx) > 0 &&
	    EVP_PKEY_sign(bare->ctx, bare->der, &bare->der_len, bare->digest,
			  sizeof(bare->digest)) > 0 &&
	    EVP_PKEY_verify_init(bare->ctx) > 0)
		ret = bare_for_nettle(bare, key);
	EVP_PKEY_free(key);
	return ret;
}

static void bare_exit(struct bare *bare)
{
	EVP_PKEY_CTX_free(bare->ctx);
	ecc_point_clear(&bare->point);
	dsa_signature_clear(&bare->signature);
}

static int64_t time_openssl(const struct bare *bare, unsigned int times)
{
	int64_t begin = bench_cpu_now();

	while (times--)
		if (EVP_PKEY_verify(bare->ctx, bare->der, bare->der_len, bare->digest,
				    sizeof(bare->digest)) != 1)
			return -EKEYREJECTED;
	return bench_cpu_now() - begin;
}

static int64_t time_one_check(void *bare)
{
	return time_openssl(bare, 1);
}

static int64_t time_all_checks(void *bare)
{
	return time_openssl(bare, APPRAISAL_CHECKS);
}

static int64_t time_nettle(void *arg)
{
	const struct bare *bare = arg;
	int64_t begin = bench_cpu_now();

	if (!ecdsa_verify(&bare->point, sizeof(bare->digest), bare->digest, &bare->signature))
		return -EKEYREJECTED;
	return bench_cpu_now() - begin;
}

static int64_t time_quote(void *arg)
{
	const struct tc_buffer *quote = arg;
	const struct bv_span bytes = { quote->data, quote->len };
	struct bv_envelope envelope;
	int64_t begin = bench_cpu_now();
	struct bv_quote claims;
	struct bv_error error;
	int ret = bv_envelope_parse(bytes, &envelope, &error);

	if (!ret)
		ret = bv_quote_verify(&envelope, &claims, &error);
	return ret ? ret : bench_cpu_now() - begin;
}

static int64_t time_appraisal(void *arg)
{
	const struct bv_appraisal *in = arg;
	int64_t begin = bench_cpu_now(), took;
	struct bv_verdict *verdict = bv_appraise(in);

	if (!verdict)
		return -ENOMEM;
	took = verdict->granted ? bench_cpu_now() - begin : -EKEYREJECTED;
	bv_verdict_free(verdict);
	return took;
}

int bench_verify(const struct bench *bench)
{
	struct tc_buffer quote = { .len = 0 };
	struct tc *tc = tc_new();
	struct bare bare;
	const struct bench_task tasks[] = {
		{ BENCH_CANDIDATE, "quotes", BENCH_RATE, time_quote, &quote },
		{ BENCH_REFERENCE, "ECDSA P-384 by OpenSSL", BENCH_RATE, time_one_check, &bare },
		{ BENCH_ALSO, "ECDSA P-384 by nettle", BENCH_RATE, time_nettle, &bare },
	};
	int ret = bare_init(&bare);

	if (ret)
		return bench_fail(bench, "a signature", ret);
	tc_quote(tc, &quote);
	bench_pin();
	ret = bench_measure(bench, tasks, 3, bench_runs(bench, 1000));
	bare_exit(&bare);
	tc_free(tc);
	return ret;
}

int bench_appraise(const struct bench *bench)
{
	struct tc *tc = tc_new();
	char *evidence = tc_evidence(tc);
	struct bv_policy *policy = tc_policy(tc);
	struct bv_evidence parsed;
	struct bv_error error;
	struct bare bare;
	struct bv_appraisal in = {
		.policy = policy,
		.evidence = { (const uint8_t *)evidence, strlen(evidence) },
		.verifier = tc->verifier,
		.now = TC_NOW,
	};
	const struct bench_task tasks[] = {
		{ BENCH_CANDIDATE, "evidence", BENCH_RATE, time_appraisal, &in },
		{ BENCH_REFERENCE, "three ECDSA P-384 by OpenSSL", BENCH_RATE, time_all_checks, &bare },
	};
	int ret = bare_init(&bare);

	if (!ret)
		ret = bv_evidence_parse(in.evidence, &parsed, &error);
	if (ret)
		return bench_fail(bench, "evidence", ret);
	in.nonce = (struct bv_span){ parsed.round.verifier_nonce, parsed.round.verifier_nonce_len };
	bench_pin();
	ret = bench_measure(bench, tasks, 2, bench_runs(bench, 500));
	bv_evidence_exit(&parsed);
	bare_exit(&bare);
	bv_policy_free(policy);
	free(evidence);
	tc_free(tc);
	return ret;
}
