// SPDX-License-Identifier: GPL-2.0
/*
 * What a helper of request_key(2) does, and what is asked first by a program that nobody has
 * measured, without memory (process.c).
 */
#include <limits.h>
#include <sys/stat.h>

#include "../failslab/process.h"
#include "chip.h"
#include "gate.h"
#include "nth.h"
#include "kselftest_harness.h"

#define RING	KEY_SPEC_SESSION_KEYRING
#define CONF	"/etc/request-key.d/00-selftest-nth.conf"

FIXTURE(process)
{
	struct gate gate;
	struct process_state state;
	char program[PATH_MAX];
	key_serial_t sealed;
	bool ready;
};

/* Where this was built, too. */
static int find_program(char *path)
{
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);

	if (len < 0)
		return -1;
	path[len] = '\0';
	strcpy(strrchr(path, '/'), "/process");
	return access(path, X_OK);
}

static int configure(const char *program)
{
	FILE *file = fopen(CONF, "w");

	if (!file)
		return -1;
	fprintf(file, "create\tlogon\tbastion:*\t*\t%s release %%k\n", program);
	fprintf(file, "create\tbastion\t*\t*\t%s instantiate %%k\n", program);
	return fclose(file);
}

FIXTURE_SETUP(process)
{
	int fd = nth_open();

	self->ready = fd >= 0;
	if (!self->ready)
		return;
	close(fd);
	ASSERT_EQ(0, gate_setup(&self->gate));
	self->sealed = gate_new(&self->gate, self->gate.name, "");
	ASSERT_LT(0, self->sealed);
	ASSERT_EQ(0, find_program(self->program));
	ASSERT_EQ(0, configure(self->program));
	ASSERT_EQ(0, mkdir(PROCESS_DIR, 0700));
	self->state.next = 1;
	ASSERT_EQ(0, process_write(&self->state));
}

FIXTURE_TEARDOWN(process)
{
	if (!self->ready)
		return;
	EXPECT_EQ(0, unlink(CONF));
	EXPECT_EQ(0, system("rm -r " PROCESS_DIR));
	EXPECT_EQ(0, gate_teardown(&self->gate));
}

/* After each call, and whether there is an allocation left to fail. */
static void look(struct __test_metadata *_metadata, FIXTURE_DATA(process) *self)
{
	ASSERT_EQ(0, process_read(&self->state));
	EXPECT_STREQ("", self->state.wrong);
	EXPECT_EQ(BASTION_STATE_ATTESTED, round_state(self->gate.fd));
	ASSERT_GT(NTH_MAX, self->state.next);
}

static bool is_left(const struct process_state *state)
{
	return state->next && !*state->wrong;
}

static void look_at_errors(struct __test_metadata *_metadata, const struct process_state *state)
{
	EXPECT_LT(0, state->errors);
	TH_LOG("%u times with an error", state->errors);
}

/* Requests until the helper had nothing more to fail; each gets its key in the end. */
static void request(struct __test_metadata *_metadata, FIXTURE_DATA(process) *self,
		    const char *type, const char *description, const char *callout)
{
	key_serial_t nest, key;

	if (!self->ready)
		SKIP(return, "this kernel injects no faults");
	while (is_left(&self->state)) {
		ASSERT_EQ(0, gate_keep_open(&self->gate));
		nest = add_key("keyring", "nest", NULL, 0, RING);
		ASSERT_LT(0, nest);
		key = request_key(type, description, callout, nest);
		EXPECT_LT(0, key) TH_LOG("%s", strerror(errno));
		EXPECT_EQ(key, keyctl_search(nest, type, description, 0));
		look(_metadata, self);
	}
	look_at_errors(_metadata, &self->state);
}

TEST_F_TIMEOUT(process, helper_releases, 300)
{
	request(_metadata, self, "logon", self->gate.description, "");
}

TEST_F_TIMEOUT(process, helper_instantiates, 300)
{
	char text[1024];

	sealed_text("new 32", &self->gate.verifier, "prod", "", text);
	request(_metadata, self, "bastion", "nth", text);
}

/* A copy of the program, which renames itself each time. */
static int run_copy(const char *program, const char *what, key_serial_t key)
{
	char command[2 * PATH_MAX];

	snprintf(command, sizeof(command),
		 "rm -f " PROCESS_DIR "/[0-9]*; cp %s " PROCESS_DIR "/0 && exec " PROCESS_DIR
		 "/0 %s %d", program, what, key);
	return system(command);
}

static void run_copies(struct __test_metadata *_metadata, FIXTURE_DATA(process) *self,
		       const char *what, key_serial_t key)
{
	while (is_left(&self->state)) {
		ASSERT_EQ(0, gate_attest(&self->gate));
		EXPECT_EQ(0, run_copy(self->program, what, key));
		look(_metadata, self);
	}
	look_at_errors(_metadata, &self->state);
}

TEST_F_TIMEOUT(process, unmeasured_releases, 300)
{
	if (!self->ready)
		SKIP(return, "this kernel injects no faults");
	run_copies(_metadata, self, "unmeasured", self->sealed);
	EXPECT_EQ(-1, keyctl_search(RING, "logon", self->gate.description, 0));
}

TEST_F_TIMEOUT(process, unmeasured_signs, 300)
{
	key_serial_t pair;

	if (!self->ready)
		SKIP(return, "this kernel injects no faults");
	CHIP_NEEDS(CHIP_KEY_PAIRS);
	pair = gate_make(&self->gate, "ecdsa", sealed_name(), "");
	ASSERT_LT(0, pair);
	run_copies(_metadata, self, "unsigned", pair);
}

TEST_HARNESS_MAIN
