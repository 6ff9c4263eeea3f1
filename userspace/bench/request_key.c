// SPDX-License-Identifier: GPL-2.0
/*
 * request_key(2) with the gate open: the kernel starts /sbin/request-key, which
 * starts the helper, which has the key released. The reference goes the same way to
 * a static helper that instantiates its key at once (instantiate.c; scripts/bench
 * installs both).
 */
#include "bench/gate.h"
#include "bench/rows.h"

static int64_t time_request(void *arg)
{
	const char *description = arg;
	int64_t begin = bench_now(), took;
	key_serial_t key;

	key = request_key("logon", description, "", KEY_SPEC_SESSION_KEYRING);
	if (key < 0)
		return -errno;
	took = bench_now() - begin;
	/* So that the next one finds nothing, and asks again. */
	return keyctl_unlink(key, KEY_SPEC_SESSION_KEYRING) ? -errno : took;
}

int bench_request_key(const struct bench *bench)
{
	struct bench_gate gate;
	char description[64];
	const struct bench_task tasks[] = {
		{ BENCH_CANDIDATE, "request_key, released", BENCH_US, time_request, description },
		{ BENCH_REFERENCE, "request_key, a helper that knows the answer", BENCH_US, time_request,
		  "bench:known" },
	};
	int ret = bench_gate_open(bench, &gate);

	if (!ret)
		ret = bench_gate_key(bench, &gate);
	snprintf(description, sizeof(description), "bastion:%s", gate.name);
	if (!ret)
		ret = bench_measure(bench, tasks, 2, bench_runs(bench, 100));
	bench_gate_close(&gate);
	return ret;
}
