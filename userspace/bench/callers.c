// SPDX-License-Identifier: GPL-2.0
/*
 * Releases a second by how many threads ask at once. sysfs lets in one reader at a
 * time, so what goes to the chip here is UNSEAL. The reference at every depth is one
 * caller alone, measured in turn with the others.
 */
#include <pthread.h>

#include "bench/gate.h"
#include "bench/rows.h"

#define CALLERS_MAX 16

static const unsigned int depths[] = { 1, 2, 4, 8, 16 };
#define DEPTHS (sizeof(depths) / sizeof(depths[0]))

struct team {
	struct bench_gate gate;
	unsigned int releases;		/* by each of them */
	pthread_barrier_t start, end;
	int error;
};

static void *work(void *arg)
{
	struct team *team = arg;
	key_serial_t key;

	/* A keyring of each one's own: what they share is the chip. */
	keyctl_get_keyring_ID(KEY_SPEC_THREAD_KEYRING, 1);
	pthread_barrier_wait(&team->start);
	for (unsigned int i = 0; i < team->releases; i++) {
		key = sealed_release(team->gate.fd, team->gate.key, BASTION_TYPE_LOGON,
				     KEY_SPEC_THREAD_KEYRING);
		if (key < 0)
			__atomic_store_n(&team->error, key, __ATOMIC_RELAXED);
	}
	pthread_barrier_wait(&team->end);
	return NULL;
}

/* Releases a second by @callers threads, or -errno. */
static double rate(struct team *team, unsigned int callers, unsigned int releases)
{
	pthread_t threads[CALLERS_MAX];
	int64_t begin, took;

	team->releases = releases / callers;
	pthread_barrier_init(&team->start, NULL, callers + 1);
	pthread_barrier_init(&team->end, NULL, callers + 1);
	for (unsigned int i = 0; i < callers; i++)
		if (pthread_create(&threads[i], NULL, work, team))
			errx(1, "cannot start %u threads", callers);
	pthread_barrier_wait(&team->start);
	begin = bench_now();
	pthread_barrier_wait(&team->end);
	took = bench_now() - begin;
	for (unsigned int i = 0; i < callers; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&team->start);
	pthread_barrier_destroy(&team->end);
	if (team->error)
		return team->error;
	return team->releases * callers * 1e9 / took;
}

static int measure(const struct bench *bench, struct team *team)
{
	const unsigned int rounds = bench_runs(bench, 10), releases = bench->quick ? 64 : 160;
	struct bench_series *candidates[DEPTHS], *references[DEPTHS];
	double rates[DEPTHS];
	unsigned int i;

	for (i = 0; i < DEPTHS; i++) {
		candidates[i] = bench_series_new(BENCH_CANDIDATE, "releases", BENCH_RATE,
						 depths[i]);
		references[i] = bench_series_new(BENCH_REFERENCE, "one caller", BENCH_RATE,
						 depths[i]);
	}
	for (unsigned int round = 0; round <= rounds; round++) {
		for (i = 0; i < DEPTHS; i++) {
			rates[i] = rate(team, depths[i], releases);
			if (rates[i] < 0)
				return bench_fail(bench, "RELEASE", rates[i]);
			if (!round)
				continue;	/* it warms up */
			bench_add(candidates[i], rates[i]);
			bench_add(references[i], rates[0]);
		}
	}
	for (i = 0; i < DEPTHS; i++) {
		bench_emit(bench, candidates[i]);
		bench_emit(bench, references[i]);
	}
	return 0;
}

int bench_callers(const struct bench *bench)
{
	struct team team = { 0 };
	int ret = bench_gate_open(bench, &team.gate);

	if (!ret)
		ret = bench_gate_key(bench, &team.gate);
	if (!ret)
		ret = measure(bench, &team);
	bench_gate_close(&team.gate);
	return ret;
}
