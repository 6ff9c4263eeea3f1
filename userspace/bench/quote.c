// SPDX-License-Identifier: GPL-2.0
/*
 * QUOTE, from the ioctl to the signed quote in our memory. The round was begun
 * before; the chip's nonce is not part of it. A round's other calls stand beside it.
 */
#include "bench/gate.h"
#include "bench/rows.h"

static int64_t time_quote(void *arg)
{
	struct bench_gate *gate = arg;
	static struct round round;
	int64_t begin;
	int ret;

	ret = round_begin(&round, gate->fd, &gate->verifier);
	if (ret)
		return ret;
	begin = bench_now();
	ret = round_quote(&round);
	return ret ? ret : bench_now() - begin;
}

static int64_t time_begin(void *arg)
{
	struct bench_gate *gate = arg;
	static struct round round;
	int64_t begin = bench_now();
	int ret = round_begin(&round, gate->fd, &gate->verifier);

	return ret ? ret : bench_now() - begin;
}

static int64_t time_grant(void *arg)
{
	struct bench_gate *gate = arg;
	struct round_grant grant;
	static struct round round;
	int64_t begin;
	int ret;

	ret = round_prepare(&round, &grant, gate->fd, &gate->verifier, BENCH_POLICY);
	if (ret)
		return ret;
	round_sign(&round, &grant, gate->verifier.key);
	begin = bench_now();
	ret = round_submit(&round, &grant);
	return ret ? ret : bench_now() - begin;
}

int bench_quote(const struct bench *bench)
{
	struct bench_gate gate;
	const struct bench_task tasks[] = {
		{ BENCH_CANDIDATE, "QUOTE", BENCH_US, time_quote, &gate },
		{ BENCH_ALSO, "ROUND_BEGIN", BENCH_US, time_begin, &gate },
		{ BENCH_ALSO, "GRANT", BENCH_US, time_grant, &gate },
	};
	int ret = bench_gate_open(bench, &gate);

	bench_pin();
	if (!ret)
		ret = bench_measure(bench, tasks, 3, bench_runs(bench, 200));
	bench_gate_close(&gate);
	return ret;
}
