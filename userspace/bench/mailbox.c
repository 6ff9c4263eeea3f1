// SPDX-License-Identifier: GPL-2.0
/*
 * One short command: MR_READ through sysfs, which is a system call, the driver's
 * whole path and 97 bytes of text; against the same command without any of it; and
 * beside two threads that wake each other, which is what sleeping for an answer costs.
 */
#include <pthread.h>
#include <sys/eventfd.h>

#include "bench/gate.h"
#include "bench/raw.h"
#include "bench/rows.h"

static int64_t time_sysfs(void *arg)
{
	int64_t begin = bench_now();
	int ret = bench_attribute_read(*(int *)arg);

	return ret ? ret : bench_now() - begin;
}

struct ping {
	int there, back;
	pthread_t thread;
};

static void *pong(void *arg)
{
	struct ping *ping = arg;
	eventfd_t value;

	while (!eventfd_read(ping->there, &value) && value == 1)
		if (eventfd_write(ping->back, 1))
			break;
	return NULL;
}

static int ping_start(struct ping *ping)
{
	ping->there = eventfd(0, EFD_CLOEXEC);
	ping->back = eventfd(0, EFD_CLOEXEC);
	if (ping->there < 0 || ping->back < 0)
		return -errno;
	return -pthread_create(&ping->thread, NULL, pong, ping);
}

static void ping_stop(struct ping *ping)
{
	if (!eventfd_write(ping->there, 2))
		pthread_join(ping->thread, NULL);
	close(ping->there);
	close(ping->back);
}

static int64_t time_ping(void *arg)
{
	struct ping *ping = arg;
	int64_t begin = bench_now();
	eventfd_t value;

	if (eventfd_write(ping->there, 1) || eventfd_read(ping->back, &value))
		return -errno;
	return bench_now() - begin;
}

int bench_mailbox(const struct bench *bench)
{
	struct bench_raw raw;
	struct ping ping;
	int fd = bench_register_open(bench), idle = bench_boot_count_open(bench), ret;
	const struct bench_task tasks[] = {
		{ BENCH_CANDIDATE, "MR_READ through sysfs", BENCH_US, time_sysfs, &fd },
		{ BENCH_REFERENCE, "MR_READ without a driver, spinning", BENCH_US, bench_raw_mr_read, &raw },
		{ BENCH_ALSO, "an attribute that needs no command", BENCH_US, time_sysfs, &idle },
		{ BENCH_ALSO, "eventfd ping between two threads", BENCH_US, time_ping, &ping },
	};

	if (fd < 0 || idle < 0)
		return fd < 0 ? fd : idle;
	ret = bench_raw_open(&raw);
	if (ret)
		return bench_fail(bench, "a chip without a driver", ret);
	ret = ping_start(&ping);
	if (ret)
		return bench_fail(bench, "two threads", ret);
	ret = bench_measure(bench, tasks, 4, bench_runs(bench, 2000));
	ping_stop(&ping);
	close(idle);
	close(fd);
	return ret;
}
