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
#include <unistd.h>

#include <cmocka.h>

#include "testserver.h"

#define REQUESTS	20	/* whose answers nobody has to read for more to be taken */
#define REQUEST		"{\"type\":\"challenge\"}\n"

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
	char folder[] = "/tmp/bastion-signals-XXXXXX", path[64];
	struct service service = { 0 };
	sigset_t blocked, before;
	struct stat made;
	int fd, peer;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/socket", folder);
	fd = server_listen(path, &made, NULL);
	assert_true(fd >= 0);
	/* All of it is there when the server begins. */
	peer = ts_connect(path);
	for (int i = 0; i < REQUESTS; i++)
		assert_int_equal(send(peer, REQUEST, strlen(REQUEST), 0), strlen(REQUEST));
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	raise(SIGTERM);
	alarm(60);
	assert_int_equal(ts_run(fd, &service, &server_times, false), 0);
	alarm(0);
	sigprocmask(SIG_SETMASK, &before, NULL);
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
