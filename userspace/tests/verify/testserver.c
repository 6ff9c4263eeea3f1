// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "testserver.h"

static volatile sig_atomic_t stop_now;

static void on_term(int number)
{
	stop_now = 1;
}

static bool stop(void *context)
{
	return stop_now;
}

static void tick(void *context)
{
}

static void quiet(void *context, const char *line)
{
}

int ts_run(int fd, struct service *service, const struct server_times *times, bool once)
{
	static const struct server_hooks hooks = { stop, tick, quiet, NULL };
	const struct sigaction term = { .sa_handler = on_term };
	sigset_t blocked, waiting;

	sigaction(SIGTERM, &term, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &waiting);
	sigdelset(&waiting, SIGTERM);
	return server_run(fd, service, &hooks, times, once, &waiting);
}

int ts_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}
