// SPDX-License-Identifier: GPL-2.0
/* The verifier as an enemy: every answer that is not the right one is refused. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "libbastion/base64url.h"
#include "libbastion/client.h"
#include "libbastion/json.h"
#include "tests/ctl/test.h"

#define PATIENCE_MS 30000
#define DIGEST_HEX "abababababababababababababababababababababababab" \
		   "abababababababababababababababababababababababab"
#define VERDICT(granted) "\"verdict\":{\"status\":\"affirming\",\"granted\":" granted \
			 ",\"summary\":\"s\",\"checks\":[{\"name\":\"n\",\"ok\":true}]}"

/* The peer: reads one line, answers, hangs up or not. */
struct peer {
	int fd;
	const char *answer;	/* NULL: hang up without one */
	size_t flood;		/* instead: so many bytes without a newline */
	int stay;		/* keep the connection open, silently */
	pthread_t thread;
};

static void *run_peer(void *arg)
{
	struct peer *peer = arg;
	char c = 0;

	while (c != '\n' && read(peer->fd, &c, 1) == 1)
		;
	if (peer->answer && write(peer->fd, peer->answer, strlen(peer->answer)) < 0)
		peer->answer = NULL;
	while (peer->flood) {
		static char junk[65536];
		ssize_t n = send(peer->fd, memset(junk, 'x', sizeof(junk)), sizeof(junk),
				 MSG_NOSIGNAL);

		if (n <= 0 || peer->flood <= (size_t)n)
			break;
		peer->flood -= n;
	}
	if (peer->stay && read(peer->fd, &c, 1) < 0)
		peer->stay = 0;
	close(peer->fd);
	return NULL;
}

static void start(struct peer *peer, struct bastion_client *client, int patience)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	peer->fd = fds[1];
	bastion_client_attach(client, fds[0], patience);
	assert_int_equal(pthread_create(&peer->thread, NULL, run_peer, peer), 0);
}

static int challenge(struct peer peer, int patience)
{
	static const uint8_t chip_id[BASTION_DIGEST_SIZE], boot_key[BASTION_POINT_SIZE];
	struct bastion_challenge asked;
	struct bastion_client client;
	struct bastion_error err = { 0 };
	int rc;

	start(&peer, &client, patience);
	rc = bastion_client_challenge(&client, chip_id, boot_key, &asked, &err);
	bastion_client_close(&client);
	pthread_join(peer.thread, NULL);
	assert_int_equal(err.code, -rc);
	if (!rc)
		assert_true(asked.nonce_len >= BASTION_VERIFIER_NONCE_MIN &&
			    asked.nonce_len <= sizeof(asked.nonce));
	return rc;
}

#define CHALLENGE(text) challenge((struct peer){ .answer = text }, PATIENCE_MS)

static void good_challenge(void **state)
{
	assert_int_equal(CHALLENGE("{\"type\":\"challenge\",\"nonce\":\"0011223344556677\","
				   "\"verifier\":\"" DIGEST_HEX "\"}\n"), 0);
	assert_int_equal(CHALLENGE("{\"type\":\"challenge\",\"nonce\":\"0011223344556677\","
				   "\"verifier\":\"" DIGEST_HEX "\",\"log_from\":5,"
				   "\"ima_from\":7,\"ima_offset\":900}\n"), 0);
}

static void wrong_challenges(void **state)
{
	static const char *const answers[] = {
		"\n",
		"{}\n",
		"[]\n",
		"null\n",
		"{\"type\":\"challenge\"}\n",
		"{\"type\":7}\n",
		"{\"type\":\"result\"}\n",
		"not json at all\n",
		"{\"type\":\"challenge\",\"nonce\":5,\"verifier\":\"" DIGEST_HEX "\"}\n",
		"{\"type\":\"challenge\",\"nonce\":\"00\",\"verifier\":\"" DIGEST_HEX "\"}\n",
		"{\"type\":\"challenge\",\"nonce\":\"\",\"verifier\":\"" DIGEST_HEX "\"}\n",
		"{\"type\":\"challenge\",\"nonce\":\"0011223344556677\",\"verifier\":\"ab\"}\n",
		"{\"type\":\"challenge\",\"nonce\":\"0011223344556677\",\"verifier\":[]}\n",
		"{\"type\":\"challenge\",\"nonce\":\"00112233445566zz\",\"verifier\":\"" DIGEST_HEX
		"\"}\n",
		"{\"type\":\"challenge\",\"nonce\":\"" DIGEST_HEX DIGEST_HEX "\",\"verifier\":\""
		DIGEST_HEX "\"}\n",
		"{\"type\":\"challenge\",\"nonce\":\"0011223344556677\",\"verifier\":\"" DIGEST_HEX
		"\",\"log_from\":-1}\n",
		"{\"type\":\"challenge\",\"nonce\":\"0011223344556677\",\"verifier\":\"" DIGEST_HEX
		"\",\"ima_offset\":\"7\"}\n",
		/* Which of two would count? */
		"{\"type\":\"challenge\",\"nonce\":\"0011223344556677\",\"nonce\":\"ff\","
		"\"verifier\":\"" DIGEST_HEX "\"}\n",
		/* An answer to nothing behind the answer. */
		"{\"type\":\"challenge\",\"nonce\":\"0011223344556677\",\"verifier\":\"" DIGEST_HEX
		"\"}\n{\"type\":\"result\"}\n",
		"{\"type\":\"challenge\xff\"}\n",
	};
	size_t i;

	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		assert_int_equal(CHALLENGE(answers[i]), -EPROTO);
}

/* "[0,0,...]" of @count values, or "[[...]]" of @depth, as a member of what is right but for that. */
static int burdened(size_t count, size_t depth)
{
	static char text[2 * BASTION_JSON_VALUES + 4096];
	size_t used = sprintf(text, "{\"type\":\"challenge\",\"nonce\":\"0011223344556677\","
			      "\"verifier\":\"" DIGEST_HEX "\",\"more\":");

	memset(text + used, '[', depth);
	used += depth;
	for (size_t i = 0; i < count; i++)
		used += sprintf(text + used, "%s0", i ? "," : "");
	memset(text + used, ']', depth);
	strcpy(text + used + depth, "}\n");
	return CHALLENGE(text);
}

static void too_much_in_a_line(void **state)
{
	/* Commas and brackets: of the object, its four members and the array. */
	assert_int_equal(burdened(BASTION_JSON_VALUES - 4, 1), 0);
	assert_int_equal(burdened(BASTION_JSON_VALUES - 3, 1), -EPROTO);
	assert_int_equal(burdened(1, 100), 0);
	assert_int_equal(burdened(1, 20000), -EPROTO);
}

static void errors_are_told(void **state)
{
	assert_int_equal(CHALLENGE("{\"type\":\"error\",\"error\":\"no\"}\n"), -EREMOTEIO);
	assert_int_equal(CHALLENGE("{\"type\":\"error\",\"error\":3}\n"), -EREMOTEIO);
}

static void hang_ups(void **state)
{
	assert_int_equal(challenge((struct peer){ 0 }, PATIENCE_MS), -ECONNRESET);
	assert_int_equal(CHALLENGE("{\"type\":\"challenge\""), -ECONNRESET);
}

/* Of a peer that has answered, and hung up, before it was asked. */
static int turned_away(const char *answer, struct bastion_error *err)
{
	static const uint8_t chip_id[BASTION_DIGEST_SIZE], boot_key[BASTION_POINT_SIZE];
	struct bastion_challenge asked;
	struct bastion_client client;
	int fds[2], rc;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(write(fds[1], answer, strlen(answer)), strlen(answer));
	close(fds[1]);
	bastion_client_attach(&client, fds[0], PATIENCE_MS);
	rc = bastion_client_challenge(&client, chip_id, boot_key, &asked, err);
	bastion_client_close(&client);
	assert_int_equal(err->code, -rc);
	return rc;
}

static void turning_away(void **state)
{
	static const char *const nothing[] = {
		"", "\n", "{}\n", "{\"type\":\"error\",\"error\":\"no\"}",
		"{\"type\":\"error\",\"error\":\"no\"}\n{}\n",
		/* Of the right type, but to a question that was not heard. */
		"{\"type\":\"challenge\",\"nonce\":\"0011223344556677\","
		"\"verifier\":\"" DIGEST_HEX "\"}\n",
	};
	struct bastion_error err = { 0 };

	assert_int_equal(turned_away("{\"type\":\"error\",\"error\":\"come back\"}\n", &err),
			 -EREMOTEIO);
	assert_non_null(strstr(err.text, "come back"));
	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
		assert_int_equal(turned_away(nothing[i], &err), -ECONNRESET);
}

static void silence(void **state)
{
	assert_int_equal(challenge((struct peer){ .stay = 1 }, 50), -ETIMEDOUT);
	assert_int_equal(challenge((struct peer){ .answer = "{", .stay = 1 }, 50), -ETIMEDOUT);
}

static void endless_line(void **state)
{
	assert_int_equal(challenge((struct peer){ .flood = 2 * BASTION_CLIENT_LINE_MAX },
				   PATIENCE_MS), -EMSGSIZE);
}

static int appraise(const char *answer, struct bastion_result *result)
{
	struct peer peer = { .answer = answer };
	struct bastion_client client;
	struct bastion_error err = { 0 };
	json_t *evidence = json_object();
	int rc;

	start(&peer, &client, PATIENCE_MS);
	rc = bastion_client_appraise(&client, evidence, result, &err);
	bastion_client_close(&client);
	pthread_join(peer.thread, NULL);
	json_decref(evidence);
	return rc;
}

#define NO_POLICIES SIZE_MAX

static char *granted(size_t grant_len, size_t token_len, size_t policies_len)
{
	static uint8_t zeros[2 * BASTION_SEALED_POLICIES_MAX];
	char *grant = bastion_base64url_encode(zeros, grant_len);
	char *token = bastion_base64url_encode(zeros, token_len), *text, *policies = NULL;

	if (policies_len != NO_POLICIES)
		policies = bastion_base64url_encode(zeros, policies_len);
	assert_true(asprintf(&text, "{\"type\":\"result\"," VERDICT("true")
			     ",\"ear\":\"e\",\"grant\":\"%s\",\"token\":\"%s\"%s%s%s}\n", grant, token,
			     policies ? ",\"policies\":\"" : "", policies ?: "",
			     policies ? "\"" : "") > 0);
	free(policies);
	free(token);
	free(grant);
	return text;
}

static void results(void **state)
{
	struct bastion_result result;
	char *text = granted(BASTION_GRANT_SIZE(1), BASTION_SEALED_TOKEN_SIZE, NO_POLICIES);

	assert_int_equal(appraise(text, &result), 0);
	assert_true(result.granted);
	assert_int_equal(result.grant_len, BASTION_GRANT_SIZE(1));
	assert_int_equal(result.policies_len, 0);
	bastion_result_free(&result);
	free(text);
	assert_int_equal(appraise("{\"type\":\"result\"," VERDICT("false") "}\n", &result), 0);
	assert_false(result.granted);
	bastion_result_free(&result);
}

static void wrong_grants(void **state)
{
	static const size_t sizes[][2] = {
		{ 0, BASTION_SEALED_TOKEN_SIZE },
		{ BASTION_GRANT_SIZE(1) - 1, BASTION_SEALED_TOKEN_SIZE },
		{ BASTION_GRANT_MAX + 1, BASTION_SEALED_TOKEN_SIZE },
		{ BASTION_GRANT_SIZE(1), BASTION_SEALED_TOKEN_SIZE - 1 },
		{ BASTION_GRANT_SIZE(1), BASTION_SEALED_TOKEN_SIZE + 1 },
		{ BASTION_GRANT_SIZE(1), 0 },
	};
	struct bastion_result result;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *text = granted(sizes[i][0], sizes[i][1], NO_POLICIES);

		assert_int_equal(appraise(text, &result), -EPROTO);
		free(text);
	}
}

static int with_policies(size_t len)
{
	struct bastion_result result;
	char *text = granted(BASTION_GRANT_SIZE(1), BASTION_SEALED_TOKEN_SIZE, len);
	int rc = appraise(text, &result);

	free(text);
	if (rc)
		return rc;
	assert_int_equal(result.policies_len, len);
	bastion_result_free(&result);
	return 0;
}

static void policies(void **state)
{
	assert_int_equal(with_policies(BASTION_SEALED_POLICIES_SIZE(1)), 0);
	assert_int_equal(with_policies(BASTION_SEALED_POLICIES_MAX), 0);
	assert_int_equal(with_policies(0), -EPROTO);
	assert_int_equal(with_policies(BASTION_SEALED_POLICIES_SIZE(0)), -EPROTO);
	assert_int_equal(with_policies(BASTION_SEALED_POLICIES_SIZE(1) - 1), -EPROTO);
	assert_int_equal(with_policies(BASTION_SEALED_POLICIES_SIZE(1) + 1), -EPROTO);
	assert_int_equal(with_policies(BASTION_SEALED_POLICIES_MAX + 1), -EPROTO);
	assert_int_equal(with_policies(BASTION_SEALED_POLICIES_SIZE(BASTION_GRANT_ENTRIES_MAX + 1)),
			 -EPROTO);
}

static void wrong_results(void **state)
{
	static const char *const answers[] = {
		"{\"type\":\"result\"}\n",
		"{\"type\":\"result\",\"verdict\":[]}\n",
		"{\"type\":\"result\",\"verdict\":{}}\n",
		"{\"type\":\"result\",\"verdict\":{\"status\":\"great\",\"granted\":false,"
		"\"summary\":\"\",\"checks\":[]}}\n",
		"{\"type\":\"result\",\"verdict\":{\"status\":\"none\",\"granted\":1,"
		"\"summary\":\"\",\"checks\":[]}}\n",
		"{\"type\":\"result\",\"verdict\":{\"status\":\"none\",\"granted\":false,"
		"\"summary\":[],\"checks\":[]}}\n",
		"{\"type\":\"result\",\"verdict\":{\"status\":\"none\",\"granted\":false,"
		"\"summary\":\"\",\"checks\":{}}}\n",
		"{\"type\":\"result\",\"verdict\":{\"status\":\"none\",\"granted\":false,"
		"\"summary\":\"\",\"checks\":[7]}}\n",
		"{\"type\":\"result\",\"verdict\":{\"status\":\"none\",\"granted\":false,"
		"\"summary\":\"\",\"checks\":[{\"name\":\"n\",\"ok\":\"yes\"}]}}\n",
		"{\"type\":\"result\"," VERDICT("true") "}\n",
		"{\"type\":\"result\"," VERDICT("true") ",\"grant\":{},\"token\":[]}\n",
		"{\"type\":\"result\"," VERDICT("true") ",\"grant\":\"====\",\"token\":\"\"}\n",
		/* A grant that its own verdict denies. */
		"{\"type\":\"result\"," VERDICT("false") ",\"grant\":\"AA\"}\n",
		"{\"type\":\"result\"," VERDICT("false") ",\"policies\":\"AA\"}\n",
	};
	struct bastion_result result;
	size_t i;

	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		assert_int_equal(appraise(answers[i], &result), -EPROTO);
}

static void nobody_there(void **state)
{
	struct bastion_client client;
	struct bastion_error err;
	char path[200];

	assert_int_equal(bastion_client_connect(&client, "/nonexistent/socket", PATIENCE_MS,
						&err), -ENOENT);
	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(bastion_client_connect(&client, path, PATIENCE_MS, &err), -ENAMETOOLONG);
	assert_int_equal(err.op, BASTION_OP_USAGE);
}

/* A verifier that accepts nobody: its queue is full, and stays so. */
static void full_queue(void **state)
{
	char folder[] = "/tmp/bastion-client-XXXXXX";
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct bastion_client first, second;
	struct bastion_error err;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_non_null(mkdtemp(folder));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", folder);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(bastion_client_connect(&first, address.sun_path, PATIENCE_MS, &err), 0);
	alarm(60);
	assert_int_equal(bastion_client_connect(&second, address.sun_path, 50, &err), -ETIMEDOUT);
	alarm(0);
	bastion_client_close(&first);
	close(fd);
	unlink(address.sun_path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_challenge), cmocka_unit_test(wrong_challenges),
		cmocka_unit_test(errors_are_told), cmocka_unit_test(hang_ups),
		cmocka_unit_test(silence),	  cmocka_unit_test(endless_line),
		cmocka_unit_test(results),	  cmocka_unit_test(wrong_grants),
		cmocka_unit_test(policies),	  cmocka_unit_test(wrong_results),
		cmocka_unit_test(nobody_there),	  cmocka_unit_test(full_queue),
		cmocka_unit_test(too_much_in_a_line), cmocka_unit_test(turning_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
