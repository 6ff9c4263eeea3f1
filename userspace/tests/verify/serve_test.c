// SPDX-License-Identifier: GPL-2.0
/* The conversation between machine and verifier, and the socket that carries it. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "testchip.h"
#include "testserver.h"

#define YEARS	(40L * 365 * 86400)

struct serve_test {
	struct tc *tc;
	struct service service;
	struct session session;
	bool hangup;
	char folder[32];
	char path[64];
};

static int setup(void **state)
{
	struct serve_test *t = calloc(1, sizeof(*t));
	struct tc *tc = tc_new();

	/* The program has the real clock. */
	tc_reissue(tc, YEARS);
	t->tc = tc;
	t->service.policy = tc_policy(tc);
	t->service.signer = (struct bv_signer){
		.grant_key = tc->grant_key, .ear_jwk = bv_ear_jwk(tc->ear_key, true),
		.audience = "test", .build = "test 1",
	};
	memcpy(t->service.signer.verifier, tc->verifier, sizeof(tc->verifier));
	strcpy(t->folder, "/tmp/bastion-serve-XXXXXX");
	assert_non_null(mkdtemp(t->folder));
	snprintf(t->path, sizeof(t->path), "%s/socket", t->folder);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct serve_test *t = *state;

	unlink(t->path);
	rmdir(t->folder);
	bv_policy_free(t->service.policy);
	json_decref(t->service.signer.ear_jwk);
	tc_free(t->tc);
	free(t);
	return 0;
}

static json_t *ask_at(struct serve_test *t, const char *line, int64_t now)
{
	char *log = NULL, *answer;
	json_t *json;

	answer = session_line(&t->session, &t->service,
			      (struct bv_span){ (const uint8_t *)line, strlen(line) }, now,
			      &t->hangup, &log);
	assert_non_null(answer);
	assert_null(strchr(answer, '\n'));
	json = json_loads(answer, 0, NULL);
	assert_non_null(json);
	free(answer);
	free(log);
	return json;
}

static bool is(const json_t *answer, const char *type)
{
	return !strcmp(json_string_value(json_object_get(answer, "type")), type);
}

static void errors(struct serve_test *t, const char *line)
{
	json_t *answer = ask_at(t, line, 1000);

	assert_true(is(answer, "error"));
	assert_true(json_string_length(json_object_get(answer, "error")) > 0);
	assert_true(t->hangup);
	t->hangup = false;
	json_decref(answer);
}

static void error_says(struct serve_test *t, const char *line, const char *why)
{
	json_t *answer = ask_at(t, line, 1000);

	assert_true(is(answer, "error"));
	assert_non_null(strstr(json_string_value(json_object_get(answer, "error")), why));
	json_decref(answer);
}

/* The request that answers a challenge honestly. */
static char *honest(struct serve_test *t, const json_t *challenge)
{
	const char *hex = json_string_value(json_object_get(challenge, "nonce"));
	char *evidence, *request;

	t->tc->round.verifier_nonce_len = bv_unhex(t->tc->round.verifier_nonce, 8, 64, hex);
	evidence = tc_evidence(t->tc);
	assert_true(asprintf(&request, "{\"type\":\"evidence\",\"evidence\":%s}", evidence) > 0);
	free(evidence);
	return request;
}

static json_t *challenge(struct serve_test *t)
{
	json_t *answer = ask_at(t, "{\"type\":\"challenge\"}", 1000);

	assert_true(is(answer, "challenge"));
	assert_false(t->hangup);
	return answer;
}

static void test_rounds(void **state)
{
	struct serve_test *t = *state;
	char last[128] = "";

	/* Several rounds on one connection, each with its own nonce. */
	for (int i = 0; i < 3; i++) {
		json_t *first = challenge(t), *result;
		const char *nonce = json_string_value(json_object_get(first, "nonce"));
		char *request = honest(t, first);

		assert_string_not_equal(nonce, last);
		strcpy(last, nonce);
		result = ask_at(t, request, 2000);
		assert_true(is(result, "result"));
		assert_true(json_is_true(json_object_get(json_object_get(result, "verdict"),
							 "granted")));
		assert_non_null(json_object_get(result, "grant"));
		assert_non_null(json_object_get(result, "token"));
		assert_non_null(json_object_get(result, "ear"));
		free(request);
		json_decref(first);
		json_decref(result);
	}
}

static void test_replay(void **state)
{
	struct serve_test *t = *state;
	json_t *first = challenge(t);
	char *request = honest(t, first);

	json_decref(ask_at(t, request, 2000));
	/* No challenge of this connection is open. */
	errors(t, request);
	/* One is, but it is not the one that this evidence is for. */
	json_decref(first);
	json_decref(challenge(t));
	first = ask_at(t, request, 2000);
	assert_true(is(first, "result"));
	assert_true(json_is_false(json_object_get(json_object_get(first, "verdict"), "granted")));
	assert_null(json_object_get(first, "grant"));
	json_decref(first);
	free(request);
}

static void test_other_connection(void **state)
{
	struct serve_test *t = *state;
	json_t *first = challenge(t);
	char *request = honest(t, first);

	memset(&t->session, 0, sizeof(t->session));
	errors(t, request);
	free(request);
	json_decref(first);
}

static void test_too_late(void **state)
{
	struct serve_test *t = *state;
	json_t *first = challenge(t), *answer;
	char *request = honest(t, first);

	answer = ask_at(t, request, 1000 + 60001);
	assert_true(is(answer, "error"));
	json_decref(answer);
	json_decref(first);
	free(request);
}

/* Small values take much memory: a request has few, however long it is. */
static void test_many_values(void **state)
{
	static const char *const values[] = { "{}", "[]", "1", "\"\"", "\"\\\",[{\"" };
	struct serve_test *t = *state;
	char line[16384], *at;

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		for (int count = 900; count <= 1100; count += 200) {
			at = line + sprintf(line, "{\"type\":\"evidence\",\"evidence\":{\"x\":[");
			/* An empty list or object counts as one more than it has. */
			for (int k = 0; k < (i < 2 ? count / 2 : count); k++)
				at += sprintf(at, "%s%s", k ? "," : "", values[i]);
			sprintf(at, "]}}");
			error_says(t, line, count < 1000 ? "without a challenge" : "1000 values");
		}
}

static void test_no_policy(void **state)
{
	struct serve_test *t = *state;
	json_t *first = challenge(t);
	char *request = honest(t, first);

	bv_policy_free(t->service.policy);
	t->service.policy = NULL;
	errors(t, request);
	free(request);
	json_decref(first);
}

static void test_bad_requests(void **state)
{
	static const char *const bad[] = {
		"", "x", "[]", "{}", "{\"type\":1}", "{\"type\":\"x\"}",
		"{\"type\":\"challenge\",\"type\":\"challenge\"}",
		"{\"type\":\"challenge\",\"nonce\":\"00\"}", "{\"type\":\"evidence\"}",
		"{\"type\":\"evidence\",\"evidence\":{}}", "{\"type\":\"result\"}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		errors(*state, bad[i]);
}

static pid_t start_with(struct serve_test *t, bool once, const struct server_times *times)
{
	struct stat made;
	int fd = server_listen(t->path, &made, NULL);
	pid_t pid;

	assert_true(fd >= 0);
	pid = fork();
	if (pid) {
		close(fd);
		return pid;
	}
	alarm(60);
	if (ts_run(fd, &t->service, times, once))
		_exit(1);
	server_unlink(t->path, &made, fd);
	_exit(0);
}

static pid_t start(struct serve_test *t, bool once)
{
	return start_with(t, once, &server_times);
}

static void say(int fd, const char *text)
{
	for (size_t left = strlen(text); left;) {
		ssize_t done = send(fd, text, left, MSG_NOSIGNAL);

		assert_true(done > 0);
		text += done;
		left -= done;
	}
}

/* One line; NULL when the other side hangs up first. */
static json_t *hear(int fd)
{
	static char line[1 << 17];
	size_t len = 0;

	while (len < sizeof(line) && recv(fd, line + len, 1, 0) == 1)
		if (line[len++] == '\n')
			return json_loadb(line, len, 0, NULL);
	return NULL;
}

static void finish(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_socket(void **state)
{
	struct serve_test *t = *state;
	pid_t pid = start(t, true);
	int fd = ts_connect(t->path);
	char *request;
	struct stat st;
	json_t *answer;

	assert_int_equal(stat(t->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	say(fd, "{\"type\":\"chal");
	usleep(10000);
	say(fd, "lenge\"}\n");
	answer = hear(fd);
	assert_true(is(answer, "challenge"));
	request = honest(t, answer);
	json_decref(answer);
	say(fd, request);
	say(fd, "\n");
	answer = hear(fd);
	assert_true(is(answer, "result"));
	assert_non_null(json_object_get(answer, "grant"));
	json_decref(answer);
	free(request);
	close(fd);
	finish(pid);
	assert_int_equal(access(t->path, F_OK), -1);
}

/* Lines come in any pieces, and each is answered once. */
static void test_pieces(void **state)
{
	static const char *const pieces[] = {
		"{\"type\":\"challenge\"}\n{\"type\":\"challenge\"}\n{\"type\":\"chal", "lenge\"",
		"}", "\n{", "\"type\":\"challenge\"}\n",
	};
	struct serve_test *t = *state;
	pid_t pid = start(t, true);
	int fd = ts_connect(t->path);
	json_t *answer;

	/* Each is read by itself. */
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		int left = 1;

		say(fd, pieces[i]);
		while (left)
			assert_int_equal(ioctl(fd, SIOCOUTQ, &left), 0);
	}
	for (int i = 0; i < 4; i++) {
		answer = hear(fd);
		assert_true(is(answer, "challenge"));
		json_decref(answer);
	}
	/* It answers all that it has before it sees the end. */
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_null(hear(fd));
	close(fd);
	finish(pid);
}

/* Asks for a challenge, which those who are closed or turned away do not get. */
static bool still_served(int fd)
{
	static const char question[] = "{\"type\":\"challenge\"}\n";
	json_t *answer = NULL;
	bool served;

	if (send(fd, question, strlen(question), MSG_NOSIGNAL) > 0)
		answer = hear(fd);
	served = answer && is(answer, "challenge");
	json_decref(answer);
	return served;
}

static bool late(time_t start)
{
	return time(NULL) > start + 20;
}

/* Takes all places, and asks for something on each. */
static void crowd(struct serve_test *t, int fds[SERVER_PEERS])
{
	for (int i = 0; i < SERVER_PEERS; i++) {
		fds[i] = ts_connect(t->path);
		assert_true(still_served(fds[i]));
	}
}

static int leave(int fds[SERVER_PEERS])
{
	int served = 0;

	for (int i = 0; i < SERVER_PEERS; i++) {
		served += still_served(fds[i]);
		close(fds[i]);
	}
	return served;
}

/* More than there are places: whoever comes last is told so, until others go. */
static void test_many(void **state)
{
	struct serve_test *t = *state;
	pid_t pid = start(t, false);
	int fds[SERVER_PEERS], last;
	json_t *answer;

	crowd(t, fds);
	last = ts_connect(t->path);
	answer = hear(last);
	assert_true(is(answer, "error"));
	assert_non_null(strstr(json_string_value(json_object_get(answer, "error")), "places"));
	json_decref(answer);
	assert_null(hear(last));
	close(last);
	assert_int_equal(leave(fds), SERVER_PEERS);
	crowd(t, fds);
	assert_int_equal(leave(fds), SERVER_PEERS);
	kill(pid, SIGTERM);
	finish(pid);
	assert_int_equal(access(t->path, F_OK), -1);
}

/* Those who never stop asking leave room for one who comes, one of them for each. */
static void test_crowd(void **state)
{
	static const struct server_times times = { 60000, 30000, 300000, 200 };
	struct serve_test *t = *state;
	pid_t pid = start_with(t, false, &times);
	int fds[SERVER_PEERS], last;
	time_t begin = time(NULL);

	crowd(t, fds);
	while (!still_served(last = ts_connect(t->path))) {
		assert_false(late(begin));
		close(last);
		for (int i = 0; i < SERVER_PEERS; i++)
			assert_true(still_served(fds[i]));
	}
	/* The oldest has gone, and nobody else. */
	assert_int_equal(leave(fds), SERVER_PEERS - 1);
	assert_true(still_served(last));
	close(last);
	kill(pid, SIGTERM);
	finish(pid);
}

/* Those who say nothing, or not all of it, go first, the oldest of them before the others. */
static void test_silent(void **state)
{
	struct serve_test *t = *state;
	pid_t pid = start(t, false);
	int fds[SERVER_PEERS], last;

	for (int i = 0; i < SERVER_PEERS; i++) {
		fds[i] = ts_connect(t->path);
		if (i != 1 && i != 2)
			assert_true(still_served(fds[i]));
		else
			say(fds[i], "{\"type\":");
	}
	last = ts_connect(t->path);
	assert_true(still_served(last));
	assert_null(hear(fds[1]));
	say(fds[2], "\"challenge\"}\n");
	json_decref(hear(fds[2]));
	assert_int_equal(leave(fds), SERVER_PEERS - 1);
	close(last);
	kill(pid, SIGTERM);
	finish(pid);
}

static int connect_as(struct serve_test *t, uid_t uid)
{
	int fd;

	assert_int_equal(seteuid(uid), 0);
	fd = ts_connect(t->path);
	assert_int_equal(seteuid(0), 0);
	return fd;
}

/* However many connections one user has, another gets in at once, and stays. */
static void test_users(void **state)
{
	struct serve_test *t = *state;
	int fds[SERVER_PEERS + 8], mine;
	pid_t pid;

	if (geteuid())
		skip();
	pid = start(t, false);
	assert_int_equal(chmod(t->folder, 0755), 0);
	assert_int_equal(chmod(t->path, 0666), 0);
	for (int i = 0; i < SERVER_PEERS; i++) {
		fds[i] = connect_as(t, 65534);
		assert_true(still_served(fds[i]));
	}
	mine = ts_connect(t->path);
	assert_true(still_served(mine));
	assert_false(still_served(fds[0]));
	for (int i = SERVER_PEERS; i < SERVER_PEERS + 8; i++)
		fds[i] = connect_as(t, 65534);
	assert_true(still_served(mine));
	close(mine);
	for (int i = 0; i < SERVER_PEERS + 8; i++)
		close(fds[i]);
	kill(pid, SIGTERM);
	finish(pid);
}

static void test_age(void **state)
{
	static const struct server_times times = { 60000, 30000, 200, 60000 };
	struct serve_test *t = *state;
	pid_t pid = start_with(t, false, &times);
	int fd = ts_connect(t->path);
	time_t begin = time(NULL);

	while (still_served(fd))
		assert_false(late(begin));
	/* Others are served, unless they are as slow as that. */
	do {
		assert_false(late(begin));
		close(fd);
		fd = ts_connect(t->path);
	} while (!still_served(fd));
	close(fd);
	kill(pid, SIGTERM);
	finish(pid);
}

static void test_long_line(void **state)
{
	struct serve_test *t = *state;
	pid_t pid = start(t, true);
	int fd = ts_connect(t->path);
	char *chunk = malloc(1 << 20);
	json_t *answer;

	memset(chunk, ' ', (1 << 20) - 1);
	chunk[(1 << 20) - 1] = '\0';
	for (int i = 0; i < 8; i++)
		say(fd, chunk);
	say(fd, "123456789");
	answer = hear(fd);
	assert_true(is(answer, "error"));
	json_decref(answer);
	assert_null(hear(fd));
	free(chunk);
	close(fd);
	finish(pid);
}

static void test_hangup_after_error(void **state)
{
	struct serve_test *t = *state;
	pid_t pid = start(t, true);
	int fd = ts_connect(t->path);
	json_t *answer;

	say(fd, "nonsense\n{\"type\":\"challenge\"}\n");
	answer = hear(fd);
	assert_true(is(answer, "error"));
	json_decref(answer);
	assert_null(hear(fd));
	close(fd);
	finish(pid);
}

/* One more that waits for ever; errno, or 0. */
static int queue(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, path);
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) ? errno : 0;
}

static void test_listen(void **state)
{
	struct serve_test *t = *state;
	struct bv_error err = { "" };
	struct stat first, made;
	int fd = server_listen(t->path, &first, &err), other;
	char longer[200];
	FILE *file;
	int ret;

	/* Not while somebody serves, but over a socket that was left behind. */
	assert_true(fd >= 0);
	assert_int_equal(server_listen(t->path, &made, &err), -EADDRINUSE);
	/* Nor while more wait than it has room for. */
	while ((ret = queue(t->path)) == 0)
		;
	assert_int_equal(ret, EAGAIN);
	alarm(30);
	assert_int_equal(server_listen(t->path, &made, &err), -EADDRINUSE);
	alarm(0);
	close(fd);
	other = server_listen(t->path, &made, &err);
	assert_true(other >= 0);
	/* Who had the name before does not take it away, whether or not anybody serves. */
	server_unlink(t->path, &first, dup(other));
	assert_int_equal(access(t->path, F_OK), 0);
	close(other);
	server_unlink(t->path, &first, -1);
	assert_int_equal(access(t->path, F_OK), 0);
	other = server_listen(t->path, &made, &err);
	assert_true(other >= 0);
	server_unlink(t->path, &made, other);
	assert_int_equal(access(t->path, F_OK), -1);
	/* Never over anything else. */
	file = fopen(t->path, "w");
	fclose(file);
	assert_int_equal(server_listen(t->path, &made, &err), -EEXIST);
	memset(longer, 'a', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(server_listen(longer, &made, &err), -ENAMETOOLONG);
}

#define T(function)	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_rounds), T(test_replay), T(test_other_connection), T(test_too_late),
		T(test_no_policy), T(test_bad_requests), T(test_many_values),
		T(test_socket), T(test_pieces), T(test_many), T(test_crowd),
		T(test_silent), T(test_users), T(test_age), T(test_long_line), T(test_hangup_after_error), T(test_listen),
	};

	return cmocka_run_group_tests_name("verify: conversation", tests, NULL, NULL);
}
