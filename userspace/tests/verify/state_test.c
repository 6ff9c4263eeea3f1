// SPDX-License-Identifier: GPL-2.0
/* What a verifier remembers from one connection, and from one start, to the next. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bastion-verifier/session.h"
#include "testchip.h"

#define YEARS	(40L * 365 * 86400)
#define FIRST	5	/* entries of tc_module() */

struct state_test {
	struct tc *tc;
	struct service service;
	struct session session;
	char folder[32];
	char state[64];
	char file[256];
};

static int setup(void **state)
{
	struct state_test *t = calloc(1, sizeof(*t));
	char chip[2 * BASTION_DIGEST_SIZE + 1];

	/* The program has the real clock. */
	t->tc = tc_new();
	tc_reissue(t->tc, YEARS);
	t->service.policy = tc_policy(t->tc);
	t->service.signer = (struct bv_signer){
		.grant_key = t->tc->grant_key, .ear_jwk = bv_ear_jwk(t->tc->ear_key, true),
		.audience = "test", .build = "test 1",
	};
	memcpy(t->service.signer.verifier, t->tc->verifier, sizeof(t->tc->verifier));
	strcpy(t->folder, "/tmp/bastion-state-XXXXXX");
	assert_non_null(mkdtemp(t->folder));
	snprintf(t->state, sizeof(t->state), "%s/state", t->folder);
	bv_hex(chip, sizeof(chip), t->tc->claims.chip_id, BASTION_DIGEST_SIZE);
	snprintf(t->file, sizeof(t->file), "%s/%s.history", t->state, chip);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct state_test *t = *state;
	char command[64];

	state_close(t->service.state);
	bv_policy_free(t->service.policy);
	json_decref(t->service.signer.ear_jwk);
	tc_free(t->tc);
	snprintf(command, sizeof(command), "rm -r %s", t->folder);
	free(t);
	return system(command);
}

static void start(struct state_test *t, const char *folder)
{
	struct bv_error err = { "" };

	state_close(t->service.state);
	memset(&t->session, 0, sizeof(t->session));
	t->service.state = state_open(folder, &err);
	assert_string_equal(err.text, "");
	assert_non_null(t->service.state);
}

static json_t *ask(struct state_test *t, const char *line)
{
	char *log = NULL, *answer;
	bool hangup = false;
	json_t *json;

	answer = session_line(&t->session, &t->service,
			      (struct bv_span){ (const uint8_t *)line, strlen(line) }, 1000,
			      &hangup, &log);
	json = json_loads(answer, 0, NULL);
	assert_non_null(json);
	free(answer);
	free(log);
	return json;
}

/* A challenge for this machine; its nonce goes into the round. Returns where to begin. */
static json_int_t challenge(struct state_test *t)
{
	char chip[2 * BASTION_DIGEST_SIZE + 1], key[2 * BASTION_POINT_SIZE + 1], line[512];
	struct bv_round *round = &t->tc->round;
	json_t *answer;
	json_int_t from;

	bv_hex(chip, sizeof(chip), t->tc->claims.chip_id, BASTION_DIGEST_SIZE);
	bv_hex(key, sizeof(key), round->boot_key, BASTION_POINT_SIZE);
	snprintf(line, sizeof(line), "{\"type\":\"challenge\",\"chip\":\"%s\",\"boot_key\":\"%s\"}",
		 chip, key);
	answer = ask(t, line);
	round->verifier_nonce_len = bv_unhex(round->verifier_nonce, 8, 64,
		json_string_value(json_object_get(answer, "nonce")));
	assert_true(json_is_integer(json_object_get(answer, "log_from")));
	assert_true(json_is_integer(json_object_get(answer, "ima_from")));
	assert_true(json_is_integer(json_object_get(answer, "ima_offset")));
	from = json_integer_value(json_object_get(answer, "log_from"));
	json_decref(answer);
	return from;
}

/* Sends the evidence; returns the grant's flags, or -1 when it is refused. */
static int finish(struct state_test *t)
{
	char *evidence = tc_evidence(t->tc), *request;
	struct bastion_grant grant;
	uint8_t *bytes;
	json_t *answer;
	const char *text;
	size_t len;
	int flags = -1;

	assert_true(asprintf(&request, "{\"type\":\"evidence\",\"evidence\":%s}", evidence) > 0);
	answer = ask(t, request);
	text = json_string_value(json_object_get(answer, "grant"));
	if (text && !bv_unbase64url(text, strlen(text), &bytes, &len)) {
		memcpy(&grant, bytes, sizeof(grant));
		assert_int_equal(grant.log_count, t->tc->log.count);
		flags = grant.flags;
		free(bytes);
	}
	json_decref(answer);
	free(request);
	free(evidence);
	return flags;
}

static void test_in_memory(void **state)
{
	struct state_test *t = *state;

	start(t, NULL);
	assert_int_equal(challenge(t), 0);
	assert_int_equal(finish(t), 0);
	/* Another connection, the same verifier. */
	memset(&t->session, 0, sizeof(t->session));
	tc_reuse(t->tc);
	assert_int_equal(challenge(t), FIRST);
	/* It remembers, but makes no promise of it. */
	assert_int_equal(finish(t), 0);
	start(t, NULL);
	assert_int_equal(challenge(t), 0);
	assert_int_equal(finish(t), -1);
}

static void test_durable(void **state)
{
	struct state_test *t = *state;
	struct stat st, after;

	start(t, t->state);
	assert_int_equal(challenge(t), 0);
	assert_int_equal(finish(t), BASTION_GRANT_KEPT);
	assert_int_equal(stat(t->state, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(t->file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	tc_reuse(t->tc);
	for (int i = 0; i < 3; i++) {
		tc_event(t->tc, &t->tc->log, 5, "more", "x", 1);
		start(t, t->state);
		assert_int_equal(challenge(t), FIRST + i);
		assert_int_equal(finish(t), BASTION_GRANT_KEPT);
		tc_reuse(t->tc);
	}
	/* Nothing new: nothing is written. */
	assert_int_equal(stat(t->file, &st), 0);
	assert_int_equal(challenge(t), FIRST + 3);
	assert_int_equal(finish(t), BASTION_GRANT_KEPT);
	assert_int_equal(stat(t->file, &after), 0);
	assert_int_equal(st.st_ino, after.st_ino);
	/* Unless somebody took it away: the promise is about what is there. */
	assert_int_equal(unlink(t->file), 0);
	assert_int_equal(challenge(t), FIRST + 3);
	assert_int_equal(finish(t), BASTION_GRANT_KEPT);
	assert_int_equal(access(t->file, F_OK), 0);
}

/* A machine that does not say who it is gets what it always got. */
static void test_old_client(void **state)
{
	struct state_test *t = *state;
	struct bv_round *round = &t->tc->round;
	json_t *answer;

	start(t, t->state);
	for (int i = 0; i < 2; i++) {
		answer = ask(t, "{\"type\":\"challenge\"}");
		assert_int_equal(json_object_size(answer), 3);
		round->verifier_nonce_len = bv_unhex(round->verifier_nonce, 8, 64,
			json_string_value(json_object_get(answer, "nonce")));
		json_decref(answer);
		assert_int_equal(finish(t), 0);
	}
	assert_int_equal(access(t->file, F_OK), -1);
}

static void test_bad_names(void **state)
{
	static const char *const bad[] = {
		"{\"type\":\"challenge\",\"chip\":\"00\",\"boot_key\":\"00\"}",
		"{\"type\":\"challenge\",\"chip\":7}", "{\"type\":\"challenge\",\"boot_key\":\"00\"}",
	};
	struct state_test *t = *state;

	start(t, NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		json_t *answer = ask(t, bad[i]);

		assert_string_equal(json_string_value(json_object_get(answer, "type")), "error");
		json_decref(answer);
	}
}

/* Whoever names another's chip changes nothing of what is remembered of it. */
static void test_other_machine(void **state)
{
	struct state_test *t = *state;
	struct bv_history *history;

	start(t, t->state);
	challenge(t);
	assert_int_equal(finish(t), BASTION_GRANT_KEPT);
	memset(t->session.chip_id, 7, sizeof(t->session.chip_id));
	challenge(t);
	memset(t->session.chip_id, 7, sizeof(t->session.chip_id));
	assert_int_equal(finish(t), 0);
	history = state_get(t->service.state, t->session.chip_id, t->session.boot_key);
	assert_true(!history || !history->replay.count);
	tc_reuse(t->tc);
	assert_int_equal(challenge(t), FIRST);
	assert_int_equal(finish(t), BASTION_GRANT_KEPT);
}

static void load_policy(struct state_test *t)
{
	bv_policy_free(t->service.policy);
	t->service.policy = tc_policy(t->tc);
}

static void test_refused_is_kept(void **state)
{
	struct state_test *t = *state;

	start(t, t->state);
	json_object_set_new(t->tc->policy, "modules", json_pack("[s]", "ffff"));
	load_policy(t);
	challenge(t);
	assert_int_equal(finish(t), -1);
	start(t, t->state);
	tc_reuse(t->tc);
	assert_int_equal(challenge(t), FIRST);
	assert_int_equal(finish(t), -1);
	json_object_del(t->tc->policy, "modules");
	load_policy(t);
	challenge(t);
	assert_int_equal(finish(t), BASTION_GRANT_KEPT);
}

/* Of a chip that is not wanted nothing is stored, and what was stored before stays as it is. */
static void test_unwanted(void **state)
{
	char chip[2 * BASTION_DIGEST_SIZE + 1];
	struct state_test *t = *state;
	struct stat st, after;
	struct tc *tc = t->tc;
	size_t skip;

	start(t, t->state);
	json_object_set_new(tc->policy, "chips", json_array());
	load_policy(t);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(challenge(t), 0);
		assert_int_equal(finish(t), -1);
		assert_int_equal(access(t->file, F_OK), -1);
	}
	json_object_del(tc->policy, "chips");
	load_policy(t);
	assert_int_equal(challenge(t), 0);
	assert_int_equal(finish(t), BASTION_GRANT_KEPT);
	assert_int_equal(stat(t->file, &st), 0);
	bv_hex(chip, sizeof(chip), tc->claims.chip_id, BASTION_DIGEST_SIZE);
	json_object_set_new(tc->policy, "revoked_chips", json_pack("[s]", chip));
	load_policy(t);
	skip = tc->log.bytes.len;
	tc_event(tc, &tc->log, 5, "more", "x", 1);
	assert_int_equal(challenge(t), 0);
	assert_int_equal(finish(t), -1);
	assert_int_equal(stat(t->file, &after), 0);
	assert_int_equal(after.st_ino, st.st_ino);
	/* If it is wanted again, it goes on from there. */
	json_object_del(tc->policy, "revoked_chips");
	load_policy(t);
	tc->log_skip = skip;
	tc->round.log_from = FIRST;
	assert_int_equal(challenge(t), FIRST);
	assert_int_equal(finish(t), BASTION_GRANT_KEPT);
}

static void write_file(const char *path, const void *bytes, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void expect_text(const char *path, const char *text)
{
	char bytes[16] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_int_equal(fread(bytes, 1, sizeof(bytes) - 1, file), strlen(text));
	assert_string_equal(bytes, text);
	fclose(file);
}

/* Each of them stays, to be looked at. */
static void test_damaged(void **state)
{
	static const char *const nonsense[] = { "first", "the second", "third" };
	struct state_test *t = *state;
	char aside[300];

	for (int i = 0; i < 3; i++) {
		start(t, t->state);
		challenge(t);
		assert_int_equal(finish(t), BASTION_GRANT_KEPT);
		write_file(t->file, nonsense[i], strlen(nonsense[i]));
		start(t, t->state);
		assert_int_equal(challenge(t), 0);
		assert_int_equal(access(t->file, F_OK), -1);
		assert_int_equal(finish(t), BASTION_GRANT_KEPT);
		assert_int_equal(access(t->file, F_OK), 0);
		for (int j = 0; j <= i; j++) {
			snprintf(aside, sizeof(aside), "%s.damaged-%d", t->file, j + 1);
			expect_text(aside, nonsense[j]);
		}
	}
}

/* What could not be read for a while is there again. */
static void test_unread(void **state)
{
	struct state_test *t = *state;
	char away[300];

	start(t, t->state);
	challenge(t);
	assert_int_equal(finish(t), BASTION_GRANT_KEPT);
	tc_reuse(t->tc);
	start(t, t->state);
	snprintf(away, sizeof(away), "%s.away", t->file);
	assert_int_equal(rename(t->file, away), 0);
	assert_int_equal(mkdir(t->file, 0700), 0);
	assert_int_equal(challenge(t), 0);
	assert_int_equal(finish(t), -1);
	assert_int_equal(rmdir(t->file), 0);
	assert_int_equal(rename(away, t->file), 0);
	assert_int_equal(challenge(t), FIRST);
	assert_int_equal(finish(t), BASTION_GRANT_KEPT);
}

/* Whoever has not said which boot it is does not have a file read. */
static void test_other_boot(void **state)
{
	uint8_t key[BASTION_POINT_SIZE];
	struct state_test *t = *state;
	FILE *file;

	start(t, t->state);
	challenge(t);
	assert_int_equal(finish(t), BASTION_GRANT_KEPT);
	file = fopen(t->file, "r+");
	assert_non_null(file);
	assert_int_equal(fseek(file, BV_HISTORY_HEAD, SEEK_SET), 0);
	assert_int_equal(fwrite("damage", 6, 1, file), 1);
	assert_int_equal(fclose(file), 0);
	start(t, t->state);
	memcpy(key, t->tc->round.boot_key, sizeof(key));
	t->tc->round.boot_key[BASTION_POINT_SIZE - 1] ^= 1;
	assert_int_equal(challenge(t), 0);
	assert_int_equal(finish(t), -1);
	assert_int_equal(access(t->file, F_OK), 0);
	memcpy(t->tc->round.boot_key, key, sizeof(key));
	assert_int_equal(challenge(t), 0);
	assert_int_equal(access(t->file, F_OK), -1);
}

static void expect_there(const struct state_test *t, const char *end, bool there)
{
	char path[300];

	snprintf(path, sizeof(path), "%s.%s", t->file, end);
	assert_int_equal(access(path, F_OK), there ? 0 : -1);
}

/* It died after it had written the new file, and before that had its name. */
static void test_died_before_rename(void **state)
{
	/* The second one is an older verifier's; the others somebody gave. */
	static const char *const ends[] = { "0123456789abcdef", "4711", "bad", "0123456789abcdefa" };
	struct state_test *t = *state;
	char path[300], number[32];

	start(t, t->state);
	challenge(t);
	assert_int_equal(finish(t), BASTION_GRANT_KEPT);
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		snprintf(path, sizeof(path), "%s.%s", t->file, ends[i]);
		write_file(path, "half", 4);
	}
	start(t, t->state);
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		expect_there(t, ends[i], i >= 2);
	tc_reuse(t->tc);
	tc_event(t->tc, &t->tc->log, 5, "more", "x", 1);
	/* One that writes at the same time may have the same number, in a container. */
	snprintf(number, sizeof(number), "%ld", (long)getpid());
	snprintf(path, sizeof(path), "%s.%s", t->file, number);
	write_file(path, "half", 4);
	assert_int_equal(challenge(t), FIRST);
	assert_int_equal(finish(t), BASTION_GRANT_KEPT);
	expect_there(t, number, true);
}

static int count_files(const char *folder)
{
	DIR *dir = opendir(folder);
	int count = 0;

	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

/* What cannot be stored is not promised, and leaves nothing; the next round tries again. */
static void test_cannot_store(void **state)
{
	struct state_test *t = *state;
	struct stat st;

	start(t, t->state);
	assert_int_equal(mkdir(t->file, 0700), 0);
	challenge(t);
	assert_int_equal(finish(t), 0);
	assert_int_equal(count_files(t->state), 1);
	assert_int_equal(rmdir(t->file), 0);
	tc_reuse(t->tc);
	assert_int_equal(challenge(t), FIRST);
	assert_int_equal(finish(t), BASTION_GRANT_KEPT);
	assert_int_equal(stat(t->file, &st), 0);
	assert_true(S_ISREG(st.st_mode));
}

static void test_folder(void **state)
{
	struct state_test *t = *state;
	struct bv_error err = { "" };

	start(t, t->state);
	assert_null(state_open(t->state, &err));
	assert_non_null(strstr(err.text, "another verifier"));
	state_close(t->service.state);
	t->service.state = NULL;
	assert_int_equal(chmod(t->state, 0750), 0);
	assert_null(state_open(t->state, &err));
	assert_non_null(strstr(err.text, "0700"));
	assert_int_equal(chmod(t->state, 0700), 0);
	assert_null(state_open("/dev/null", &err));
	start(t, t->state);
}

#define T(function)	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_in_memory), T(test_durable), T(test_old_client), T(test_bad_names),
		T(test_other_machine), T(test_refused_is_kept), T(test_unwanted), T(test_damaged),
		T(test_unread), T(test_other_boot),
		T(test_died_before_rename), T(test_cannot_store), T(test_folder),
	};

	return cmocka_run_group_tests_name("verify: state", tests, NULL, NULL);
}
