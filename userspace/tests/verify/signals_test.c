// SPDX-License-Identifier: GPL-2.0
/* What a signal says is done however much there is to do. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "bastion-verifier/server.h"

#define REQUESTS	20	/* whose answers nobody has to read for more to be taken */
#define REQUEST		"{\"type\":\"challenge\"}\n"

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

/* It is there when the server begins, with all its requests. */
static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	for (int i = 0; i < REQUESTS; i++)
		assert_int_equal(send(fd, REQUEST, strlen(REQUEST), 0), strlen(REQUEST));
	return fd;
}

static int count_lines(int fd)
{
	char byte;
	int lines = 0;

	while (recv(fd, &byte, 1, 0) == 1)
		lines += byte == '\n';
	return lines;
}

static void test_busy(void **state)
{
	static const struct server_hooks hooks = { stop, tick, quiet, NULL };
	const struct sigaction term = { .sa_handler = on_term };
	char folder[] = "/tmp/bastion-signals-XXXXXX", path[64];
	struct service service = { 0 };
	sigset_t blocked, waiting;
	struct stat made;
	int fd, peer;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/socket", folder);
	fd = server_listen(path, &made, NULL);
	assert_true(fd >= 0);
	peer = connect_to(path);
	sigaction(SIGTERM, &term, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &waiting);
	raise(SIGTERM);
	alarm(60);
	assert_int_equal(server_run(fd, &service, &hooks, &server_times, false, &waiting), 0);
	alarm(0);
	sigprocmask(SIG_SETMASK, &waiting, NULL);
	assert_true(count_lines(peer) < REQUESTS);
	close(peer);
	server_unlink(path, &made, fd);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_busy) };

	return cmocka_run_group_tests_name("verify: signals", tests, NULL, NULL);
}
