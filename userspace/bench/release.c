// SPDX-License-Identifier: GPL-2.0
/*
 * RELEASE through the ioctl, with the gate open. The reference is the least that
 * any such thing must do: one command to the chip and one new key.
 *
 * The kernel hashes the requester's executable each time. This program is small; a
 * copy of it with four megabytes behind it shows what a large one costs, against the
 * same hash in user space.
 */
#include <sys/stat.h>

#include "bench/gate.h"
#include "bench/rows.h"

#define PADDED		"/run/bastion-bench-padded"
#define PAD_SIZE	(4 << 20)

static int64_t time_parts(void *arg)
{
	static const char secret[32] = "thirty-two bytes, as released";
	int64_t begin = bench_now();
	int ret = bench_attribute_read(*(int *)arg);

	if (!ret && add_key("logon", "bench:parts", secret, sizeof(secret),
			    KEY_SPEC_SESSION_KEYRING) < 0)
		ret = -errno;
	return ret ? ret : bench_now() - begin;
}

static int64_t time_hash(void *arg)
{
	int64_t begin = bench_now();

	sealed_own_digest();
	return bench_now() - begin;
}

static int measure(const struct bench *bench, struct bench_gate *gate,
		   const struct bench_task *tasks, size_t runs)
{
	int ret = bench_gate_open(bench, gate);

	if (!ret)
		ret = bench_gate_key(bench, gate);
	bench_pin();
	if (!ret)
		ret = bench_measure(bench, tasks, 2, bench_runs(bench, runs));
	bench_gate_close(gate);
	return ret;
}

int bench_release(const struct bench *bench)
{
	int fd, ret;
	struct bench_gate gate;
	const struct bench_task tasks[] = {
		{ BENCH_CANDIDATE, "RELEASE", BENCH_US, bench_gate_release, &gate },
		{ BENCH_REFERENCE, "MR_READ and add_key of a logon key", BENCH_US, time_parts, &fd },
	};

	fd = bench_register_open(bench);
	if (fd < 0)
		return fd;
	ret = measure(bench, &gate, tasks, 1000);
	close(fd);
	return ret;
}

/* Runs this row in a copy of this program that is larger; returns only when it cannot. */
static int run_padded(const struct bench *bench)
{
	struct stat status;

	if (system("cp /proc/$PPID/exe " PADDED) || stat(PADDED, &status) ||
	    truncate(PADDED, status.st_size + PAD_SIZE))
		return bench_fail(bench, PADDED, -EIO);
	execl(PADDED, PADDED, bench->row, bench->quick ? "--quick" : NULL, NULL);
	return bench_fail(bench, PADDED, -errno);
}

int bench_release_large(const struct bench *bench)
{
	struct bench_gate gate;
	const struct bench_task tasks[] = {
		{ BENCH_CANDIDATE, "RELEASE by a program of 4 MiB", BENCH_US, bench_gate_release, &gate },
		{ BENCH_REFERENCE, "SHA-256 of the program, by OpenSSL", BENCH_US, time_hash, NULL },
	};
	char path[sizeof(PADDED) + 1] = "";

	if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0 || strcmp(path, PADDED))
		return run_padded(bench);
	return measure(bench, &gate, tasks, 20);
}
