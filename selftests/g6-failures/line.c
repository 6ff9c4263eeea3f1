// SPDX-License-Identifier: GPL-2.0
/*
 * A measurement at the end of a line: those before it have all slots of a chip that answers each
 * COUNTER late, or wait for one, and ask again until they fail, lest the line end before it is long.
 *
 * usage: line COUNT
 *
 * Prints "waiting" once the measurement waits, and what became of it at last: 0 or an errno.
 */
#include <pthread.h>

#include "round.h"

#define COUNTER		"/sys/class/bastion/bastion0/counters/1"
#define MANY		400

/** struct one - one in the line */
struct one {
	pthread_t thread;
	int fd;
	pid_t tid;	/* 0 until it runs */
	int ret;
};

static void *read_counter(void *arg)
{
	struct one *one = arg;
	char value[32];

	__atomic_store_n(&one->tid, gettid(), __ATOMIC_SEQ_CST);
	while (pread(one->fd, value, sizeof(value), 0) > 0)
		;
	return NULL;
}

static void *measure(void *arg)
{
	static const char data[] = "at the end of a line";
	struct bastion_extend extend = { .size = sizeof(extend), .index = 5, .name = "selftest",
		.data = (uintptr_t)data, .data_len = sizeof(data) };
	struct one *one = arg;

	__atomic_store_n(&one->tid, gettid(), __ATOMIC_SEQ_CST);
	one->ret = round_ioctl(one->fd, BASTION_IOC_EXTEND, &extend);
	return NULL;
}

static bool is_at_chip(const struct one *one)
{
	char path[64], stack[8192];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stack",
		 __atomic_load_n(&one->tid, __ATOMIC_SEQ_CST));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, stack, sizeof(stack) - 1);
	if (fd >= 0)
		close(fd);
	stack[len < 0 ? 0 : len] = '\0';
	return strstr(stack, "bastion_mailbox_call");
}

/* Returns when it is at the chip, in a slot or in the line. */
static void join_line(struct one *one, int fd, void *(*fn)(void *one))
{
	one->fd = fd;
	if (fd < 0 || pthread_create(&one->thread, NULL, fn, one))
		err(1, "preparing");
	while (!is_at_chip(one)) {
		if (!pthread_tryjoin_np(one->thread, NULL))
			errx(1, "one did not wait");
		usleep(1000);
	}
}

int main(int argc, char **argv)
{
	static struct one line[MANY + 1];
	int count = argc == 2 ? atoi(argv[1]) : 0;

	if (count < 1 || count > MANY)
		errx(2, "usage: line COUNT");
	setlinebuf(stdout);
	for (int i = 0; i < count; i++)
		join_line(&line[i], open(COUNTER, O_RDONLY | O_CLOEXEC), read_counter);
	join_line(&line[count], round_open(), measure);
	puts("waiting");
	pthread_join(line[count].thread, NULL);
	printf("%s\n", strerrorname_np(-line[count].ret));
	return 0;
}
