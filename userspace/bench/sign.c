// SPDX-License-Identifier: GPL-2.0
/*
 * A signature by a key pair that stays in the chip, through keyctl_pkey_sign(3);
 * against a key in this very process. The gate is open.
 */
#include "bench/gate.h"
#include "bench/rows.h"

static const uint8_t digest[BASTION_DIGEST_SIZE] = { 0xa5, 0x5a };

static int64_t time_chip(void *arg)
{
	struct bench_gate *gate = arg;
	uint8_t signature[BASTION_SIGNATURE_SIZE];
	int64_t begin = bench_now();

	if (keyctl_pkey_sign(gate->key, "enc=p1363 hash=sha384", digest, sizeof(digest), signature,
			     sizeof(signature)) != sizeof(signature))
		return -errno;
	return bench_now() - begin;
}

static int64_t time_openssl(void *arg)
{
	int64_t begin = bench_now();
	uint8_t der[160];
	size_t len = sizeof(der);

	if (EVP_PKEY_sign(arg, der, &len, digest, sizeof(digest)) <= 0)
		return -EIO;
	return bench_now() - begin;
}

int bench_sign(const struct bench *bench)
{
	EVP_PKEY *key = EVP_EC_gen("P-384");
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	struct bench_gate gate;
	const struct bench_task tasks[] = {
		{ BENCH_CANDIDATE, "keyctl pkey_sign", BENCH_US, time_chip, &gate },
		{ BENCH_REFERENCE, "P-384 signature by OpenSSL", BENCH_US, time_openssl, ctx },
	};
	int ret = bench_gate_open(bench, &gate);

	ROUND_MUST(EVP_PKEY_sign_init(ctx));
	if (!ret)
		ret = bench_gate_key_pair(bench, &gate);
	bench_pin();
	if (!ret)
		ret = bench_measure(bench, tasks, 2, bench_runs(bench, 300));
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	bench_gate_close(&gate);
	return ret;
}
