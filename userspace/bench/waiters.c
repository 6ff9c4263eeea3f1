// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that wait in RELEASE, by the thousand: how long from the grant's ioctl
 * until the last of them has its key, and what each costs the kernel while it waits.
 * The reference is as many threads that wait for a futex.
 */
#include <linux/futex.h>
#include <pthread.h>

#include "bench/gate.h"
#include "bench/kernel_memory.h"
#include "bench/rows.h"

#define STACK_SIZE	(16 << 10)
#define PATIENCE_MS	120000

static const unsigned int crowds[] = { 100, 1000, 10000 };
#define CROWDS (sizeof(crowds) / sizeof(crowds[0]))

/**
 * struct crowd - threads, and what they wait for
 * @wait:	how each of them waits: 0 or -errno
 * @arrived:	how many have begun to wait, or are about to
 * @gone:	a futex
 * @error:	of any of them
 * @last:	when the last one was done
 */
struct crowd {
	struct bench_gate gate;
	int (*wait)(struct crowd *crowd);
	pthread_t *threads;
	unsigned int size, arrived;
	uint32_t gone;
	int error;
	int64_t last;
};

static int wait_for_release(struct crowd *crowd)
{
	key_serial_t key = sealed_release_args(crowd->gate.fd, (struct bastion_release){
		.key = crowd->gate.key, .type = BASTION_TYPE_LOGON,
		.keyring = KEY_SPEC_PROCESS_KEYRING, .timeout_ms = BASTION_WAIT_FOREVER });

	return key < 0 ? key : 0;
}

static int wait_for_futex(struct crowd *crowd)
{
	while (!__atomic_load_n(&crowd->gone, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &crowd->gone, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	return 0;
}

static void *be_one(void *arg)
{
	struct crowd *crowd = arg;
	int64_t now, last;
	int error;

	__atomic_add_fetch(&crowd->arrived, 1, __ATOMIC_RELAXED);
	error = crowd->wait(crowd);
	now = bench_now();
	if (error)
		__atomic_store_n(&crowd->error, error, __ATOMIC_RELAXED);
	last = __atomic_load_n(&crowd->last, __ATOMIC_RELAXED);
	while (last < now && !__atomic_compare_exchange_n(&crowd->last, &last, now, false,
							  __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	return NULL;
}

static int assemble(struct crowd *crowd)
{
	pthread_attr_t attr;
	int error = 0;

	crowd->arrived = 0;
	crowd->gone = 0;
	crowd->last = 0;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	for (unsigned int i = 0; i < crowd->size && !error; i++)
		error = -pthread_create(&crowd->threads[i], &attr, be_one, crowd);
	pthread_attr_destroy(&attr);
	while (!error && __atomic_load_n(&crowd->arrived, __ATOMIC_RELAXED) < crowd->size)
		usleep(1000);
	if (!error && crowd->wait == wait_for_release)
		error = round_wait_waiters(crowd->size, PATIENCE_MS);
	return error;
}

static int dissolve(struct crowd *crowd)
{
	for (unsigned int i = 0; i < crowd->size; i++)
		pthread_join(crowd->threads[i], NULL);
	return crowd->error;
}

/* Nanoseconds from the call that wakes them until the last one has run, or -errno. */
static int64_t wake_by_grant(struct crowd *crowd)
{
	struct round_grant grant;
	struct round round;
	int64_t begin;
	int ret;

	ret = round_prepare(&round, &grant, crowd->gate.fd, &crowd->gate.verifier, BENCH_POLICY);
	if (ret)
		return ret;
	grant.fixed.lifetime = htole32(3600);
	round_sign(&round, &grant, crowd->gate.verifier.key);
	begin = bench_now();
	ret = round_submit(&round, &grant);
	if (!ret)
		ret = dissolve(crowd);
	return ret ? ret : crowd->last - begin;
}

static int64_t wake_by_futex(struct crowd *crowd)
{
	int64_t begin = bench_now();
	int ret;

	__atomic_store_n(&crowd->gone, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &crowd->gone, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
	ret = dissolve(crowd);
	return ret ? ret : crowd->last - begin;
}

/* One crowd, once: its time in microseconds, and the bytes that each of them cost. */
static int once(struct crowd *crowd, bool release, struct bench_series *times,
		struct bench_series *bytes)
{
	long long before, during;
	int64_t ns;
	int ret;

	ret = release ? round_relock(crowd->gate.fd) : 0;
	before = bench_kernel_memory();
	crowd->wait = release ? wait_for_release : wait_for_futex;
	if (!ret)
		ret = assemble(crowd);
	if (ret)
		return ret;
	during = bench_kernel_memory();
	ns = release ? wake_by_grant(crowd) : wake_by_futex(crowd);
	if (ns < 0)
		return ns;
	bench_add(times, ns / 1000.0);
	bench_add(bytes, (double)(during - before) / crowd->size);
	return 0;
}

static int measure(const struct bench *bench, struct crowd *crowd, unsigned int times)
{
	const char *who[] = { "threads waiting for a futex", "threads waiting in RELEASE" };
	const char *cost[] = { "kernel memory of one, futex", "kernel memory of one, RELEASE" };
	const char *roles[] = { BENCH_REFERENCE, BENCH_CANDIDATE };
	struct bench_series *took[2], *bytes[2];
	int i, ret = 0;

	for (i = 0; i < 2; i++) {
		took[i] = bench_series_new(roles[i], who[i], BENCH_US, crowd->size);
		bytes[i] = bench_series_new(BENCH_ALSO, cost[i], BENCH_BYTES, crowd->size);
	}
	while (times-- && !ret)
		for (i = 0; i < 2 && !ret; i++)
			ret = once(crowd, i, took[i], bytes[i]);
	/* Those that still wait would wait for ever: it is the process that ends. */
	if (ret)
		return bench_fail(bench, "a crowd", ret);
	for (i = 0; i < 2; i++)
		bench_emit(bench, took[i]);
	for (i = 0; i < 2 && crowd->size >= 1000; i++)
		bench_emit(bench, bytes[i]);
	return 0;
}

/* Room for all those threads. */
static int make_room(void)
{
	return system("echo 60000 >/proc/sys/kernel/threads-max && "
		      "echo 60000 >/proc/sys/kernel/pid_max") ? -EPERM : 0;
}

int bench_waiters(const struct bench *bench)
{
	struct crowd crowd = { 0 };
	int ret = make_room();

	if (ret)
		return bench_fail(bench, "raising the limits of threads", ret);
	crowd.threads = calloc(crowds[CROWDS - 1], sizeof(*crowd.threads));
	if (!crowd.threads)
		return bench_fail(bench, "threads", -ENOMEM);
	ret = bench_gate_open(bench, &crowd.gate);
	if (!ret)
		ret = bench_gate_key(bench, &crowd.gate);
	/* Now, while there is one thread: the others then have it, too. */
	if (!ret && keyctl_get_keyring_ID(KEY_SPEC_PROCESS_KEYRING, 1) < 0)
		ret = bench_fail(bench, "a keyring", -errno);
	/* The largest takes longer than a smoke run should. */
	for (unsigned int i = 0; i < CROWDS - bench->quick && !ret; i++) {
		crowd.size = crowds[i];
		ret = measure(bench, &crowd, bench->quick || crowds[i] > 1000 ? 2 : 5);
	}
	bench_gate_close(&crowd.gate);
	free(crowd.threads);
	return ret;
}
