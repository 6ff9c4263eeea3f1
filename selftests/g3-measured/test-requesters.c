// SPDX-License-Identifier: GPL-2.0
/*
 * G3: what is measured is in the log and in the chip before a release depends
 * on it. Once, under its own name, and at the expense of whoever caused it.
 */
#include <libgen.h>
#include <limits.h>
#include <sys/mman.h>

#include "chip.h"
#include "log.h"
#include "kselftest_harness.h"

#define BUDGET	(128 << 10)	/* bytes */
#define MANY	(BUDGET / sizeof(struct bastion_blob_header))
#define POOR	73000	/* a uid that no other test uses */

FIXTURE(measured)
{
	int fd;
	struct round_verifier verifier;
	char name[48], releaser[PATH_MAX], folder[64];
	key_serial_t key;
};

FIXTURE_SETUP(measured)
{
	char own[PATH_MAX] = "";

	self->fd = round_open();
	ASSERT_LE(0, self->fd);
	ASSERT_LT(0, keyctl_join_session_keyring(NULL));
	ASSERT_LT(0, readlink("/proc/self/exe", own, sizeof(own) - 1));
	snprintf(self->releaser, sizeof(self->releaser), "%.4000s/releaser", dirname(own));
	strcpy(self->folder, "/tmp/selftest-measured.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->folder));
	round_verifier_make(&self->verifier);
	ASSERT_EQ(0, round_verifier_add(self->fd, &self->verifier));
	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "prod", 300));
	strcpy(self->name, sealed_name());
	self->key = sealed_new(&self->verifier, "prod", self->name, "", KEY_SPEC_SESSION_KEYRING);
	ASSERT_LT(0, self->key);
}

FIXTURE_TEARDOWN(measured)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", self->folder);
	EXPECT_EQ(0, system(command));
	EXPECT_EQ(0, round_verifier_remove(self->fd, &self->verifier));
	close(self->fd);
}

TEST_F(measured, executable)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/one", self->folder);
	ASSERT_EQ(0, copy(self->releaser, path, 'x'));
	ASSERT_EQ(0, count_lines(digest_of(path), path));
	ASSERT_EQ(0, run(path, self->key));
	EXPECT_EQ(1, count_lines(digest_of(path), path));
	EXPECT_TRUE(replays(4));
	/* Once is enough. */
	ASSERT_EQ(0, run(path, self->key));
	EXPECT_EQ(1, count_lines(digest_of(path), path));
	EXPECT_TRUE(replays(4));
}

/* One byte, neither the size nor any time of the file. */
TEST_F(measured, changed_executable)
{
	struct timespec times[2];
	struct stat before, after;
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "%s/changed", self->folder);
	ASSERT_EQ(0, copy(self->releaser, path, 'a'));
	ASSERT_EQ(0, run(path, self->key));
	ASSERT_EQ(1, count_lines(digest_of(path), path));
	ASSERT_EQ(0, stat(path, &before));
	file = fopen(path, "r+");
	fseek(file, -1, SEEK_END);
	fputc('b', file);
	fclose(file);
	times[0] = before.st_atim;
	times[1] = before.st_mtim;
	ASSERT_EQ(0, utimensat(AT_FDCWD, path, times, 0));
	ASSERT_EQ(0, stat(path, &after));
	ASSERT_EQ(before.st_size, after.st_size);
	ASSERT_EQ(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	ASSERT_EQ(0, count_lines(digest_of(path), path));
	ASSERT_EQ(0, run(path, self->key));
	EXPECT_EQ(1, count_lines(digest_of(path), path));
}

/* The same under another name is another entry: the path is part of what is measured. */
TEST_F(measured, renamed_executable)
{
	char path[96], other[96];

	snprintf(path, sizeof(path), "%s/name", self->folder);
	snprintf(other, sizeof(other), "%s/other-name", self->folder);
	ASSERT_EQ(0, copy(self->releaser, path, 'x'));
	ASSERT_EQ(0, run(path, self->key));
	ASSERT_EQ(0, rename(path, other));
	ASSERT_EQ(0, run(other, self->key));
	EXPECT_EQ(1, count_lines(digest_of(other), path));
	EXPECT_EQ(1, count_lines(digest_of(other), other));
}

/* The chip refuses what is asked for, after the requester was measured. */
TEST_F(measured, before_the_chip_is_asked)
{
	struct bastion_extend extend = {
		.size = sizeof(extend), .index = 7, .name = "g3", .data = (uintptr_t)"x",
		.data_len = 1,
	};
	key_serial_t key;
	char path[96];

	key = sealed_new(&self->verifier, "prod", sealed_name(), "registers=0x80",
			 KEY_SPEC_SESSION_KEYRING);
	ASSERT_LT(0, key);
	ASSERT_EQ(0, round_ioctl(self->fd, BASTION_IOC_EXTEND, &extend));
	snprintf(path, sizeof(path), "%s/refused", self->folder);
	ASSERT_EQ(0, copy(self->releaser, path, 'x'));
	ASSERT_EQ(EKEYREJECTED, run(path, key));
	EXPECT_EQ(1, count_lines(digest_of(path), path));
	EXPECT_TRUE(replays(4));
}

/* Nor does anybody get a place in the log who may not have the key, or has to wait for it. */
TEST_F(measured, not_without_permission_and_grant)
{
	key_serial_t foreign;
	char path[96];

	snprintf(path, sizeof(path), "%s/idle", self->folder);
	ASSERT_EQ(0, copy(self->releaser, path, 'x'));
	foreign = sealed_new(&self->verifier, "prod", sealed_name(), "owner=1234",
			     KEY_SPEC_SESSION_KEYRING);
	ASSERT_LT(0, foreign);
	ASSERT_EQ(EACCES, run(path, foreign));
	EXPECT_EQ(0, count_lines(digest_of(path), path));
	ASSERT_EQ(0, round_relock(self->fd));
	ASSERT_EQ(EAGAIN, run(path, self->key));
	EXPECT_EQ(0, count_lines(digest_of(path), path));
}

/* How many entries @event there are for the header that @key has now. */
static int count_headers(const char *event, key_serial_t key)
{
	char want[2 * sizeof(struct bastion_blob_header) + 1];
	struct bastion_blob_header header;
	FILE *log = open_log();
	struct line line;
	int count = 0;

	if (sealed_header(key, &header))
		return -1;
	sealed_hex(&header, sizeof(header), want);
	while (next_line(log, &line) > 0)
		count += line.index == 4 && !strcmp(line.template, "ima-buf") &&
			 !strcmp(line.name, event) && !strcmp(line.data, want);
	fclose(log);
	return count;
}

TEST_F(measured, created_keys)
{
	EXPECT_EQ(1, count_headers(BASTION_EVENT_KEY_CREATE, self->key));
	EXPECT_TRUE(replays(4));
}

TEST_F(measured, created_keys_of_other_kinds)
{
	key_serial_t pair, derived;

	CHIP_NEEDS(CHIP_KEY_PAIRS);
	CHIP_NEEDS(CHIP_DERIVE);
	pair = sealed_make("ecdsa", &self->verifier, "prod", sealed_name(), "",
			   KEY_SPEC_SESSION_KEYRING);
	EXPECT_EQ(1, count_headers(BASTION_EVENT_KEY_CREATE, pair));
	derived = sealed_new(&self->verifier, "prod", sealed_name(), "derive=a",
			     KEY_SPEC_SESSION_KEYRING);
	EXPECT_EQ(1, count_headers(BASTION_EVENT_KEY_CREATE, derived));
	EXPECT_TRUE(replays(4));
}

TEST_F(measured, moved_key)
{
	struct round_grant grant;
	struct round round;

	CHIP_NEEDS(CHIP_REBIND);
	ASSERT_EQ(0, round_prepare(&round, &grant, self->fd, &self->verifier, "prod"));
	round_allow_rebind(&round, &grant, "prod", &self->verifier, "next");
	round_sign(&round, &grant, self->verifier.key);
	ASSERT_EQ(0, round_submit(&round, &grant));
	ASSERT_EQ(0, sealed_rebind(self->key, &self->verifier, "next", ""));
	EXPECT_EQ(1, count_headers(BASTION_EVENT_KEY_REBIND, self->key));
	EXPECT_EQ(0, count_headers(BASTION_EVENT_KEY_CREATE, self->key));
	EXPECT_TRUE(replays(4));
}

TEST_F(measured, verifiers)
{
	char want[2 * 97 + 1], gone[2 * 48 + 1];
	struct round_verifier other;
	int added = 0, removed = 0;
	struct line line;
	FILE *log;

	round_verifier_make(&other);
	ASSERT_EQ(0, round_verifier_add(self->fd, &other));
	ASSERT_EQ(0, round_verifier_remove(self->fd, &other));
	sealed_hex(other.point, sizeof(other.point), want);
	sealed_hex(other.digest, sizeof(other.digest), gone);
	log = open_log();
	while (next_line(log, &line) > 0) {
		added += line.index == 2 && !strcmp(line.name, BASTION_EVENT_VERIFIER_ADD) &&
			 !strcmp(line.data, want);
		removed += line.index == 2 && !strcmp(line.name, BASTION_EVENT_VERIFIER_REMOVE) &&
			   !strcmp(line.data, gone);
	}
	fclose(log);
	EXPECT_EQ(1, added);
	EXPECT_EQ(1, removed);
	EXPECT_TRUE(replays(2));
}

TEST_F(measured, operators_event)
{
	struct bastion_extend extend = { .size = sizeof(extend), .index = 5 };
	char want[97];
	struct line line;
	int count = 0;
	FILE *log;

	strcpy((char *)extend.name, self->name);
	extend.data = (uintptr_t)self->name;
	extend.data_len = strlen(self->name);
	ASSERT_EQ(0, round_ioctl(self->fd, BASTION_IOC_EXTEND, &extend));
	sealed_hex(self->name, strlen(self->name), want);
	log = open_log();
	while (next_line(log, &line) > 0)
		count += line.index == 5 && !strcmp(line.name, self->name) &&
			 !strcmp(line.data, want);
	fclose(log);
	EXPECT_EQ(1, count);
	EXPECT_TRUE(replays(5));
}

/* A path that would like to be two lines, or two fields. */
TEST_F(measured, forged_lines)
{
	static const char evil[] = "x\n 4 00 ima-ng sha256:00 \t\\012";
	char path[128], shown[160];
	struct line line;
	FILE *log;
	int n;

	snprintf(path, sizeof(path), "%s/%s", self->folder, evil);
	snprintf(shown, sizeof(shown), "%s/%s", self->folder,
		 "x\\012\\0404\\04000\\040ima-ng\\040sha256:00\\040\\011\\134012");
	ASSERT_EQ(0, copy(self->releaser, path, 'x'));
	ASSERT_EQ(0, run(path, self->key));
	EXPECT_EQ(1, count_lines(digest_of(path), shown));
	log = open_log();
	while ((n = next_line(log, &line))) {
		ASSERT_LT(0, n);
		EXPECT_EQ(96, strlen(line.digest));
		EXPECT_EQ(strcmp(line.template, "ima-buf") ? 5 : 6, n);
	}
	fclose(log);
	EXPECT_TRUE(replays(4));
}

/* The budget of one uid */

struct spender {
	struct round_verifier *verifier;
	int fd, count, final;
};

/* Makes keys until that is refused; in a child that shares the struct. */
static int spend(void *arg)
{
	struct spender *spender = arg;
	key_serial_t key = 0, last = 0;

	if (sealed_be_user(POOR) || keyctl_join_session_keyring(NULL) < 0)
		return 255;
	while (spender->count < 2 * (int)MANY) {
		key = sealed_new(spender->verifier, "prod", sealed_name(), "",
				 KEY_SPEC_PROCESS_KEYRING);
		if (key < 0)
			break;
		last = key;
		/* Its executable is one entry, as long as there is room for it. */
		if (!spender->count++)
			sealed_release(spender->fd, key, BASTION_TYPE_LOGON,
				       KEY_SPEC_PROCESS_KEYRING);
	}
	spender->final = key;
	/* What needs no entry any more still goes. */
	key = sealed_release(spender->fd, last, BASTION_TYPE_LOGON, KEY_SPEC_PROCESS_KEYRING);
	return key < 0 ? -key : 0;
}

TEST_F_TIMEOUT(measured, budget, 200)
{
	struct spender *spender = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int maxkeys, maxbytes;
	char path[96];

	ASSERT_NE(MAP_FAILED, spender);
	spender->verifier = &self->verifier;
	spender->fd = self->fd;
	maxkeys = sealed_exchange_number("/proc/sys/kernel/keys/maxkeys", 4 * MANY);
	maxbytes = sealed_exchange_number("/proc/sys/kernel/keys/maxbytes", 4096 * MANY);
	EXPECT_EQ(0, sealed_in_child(NULL, spend, spender));
	sealed_exchange_number("/proc/sys/kernel/keys/maxkeys", maxkeys);
	sealed_exchange_number("/proc/sys/kernel/keys/maxbytes", maxbytes);
	EXPECT_EQ(-EDQUOT, spender->final);
	/* An entry is the header and not much else. */
	EXPECT_GE(MANY, spender->count);
	EXPECT_LE(MANY / 2, spender->count);

	/* Nobody else notices. */
	EXPECT_EQ(BASTION_STATE_ATTESTED, round_state(self->fd));
	snprintf(path, sizeof(path), "%s/root", self->folder);
	ASSERT_EQ(0, copy(self->releaser, path, 'x'));
	EXPECT_EQ(0, run(path, self->key));
	EXPECT_EQ(1, count_lines(digest_of(path), path));
	EXPECT_LT(0, sealed_new(&self->verifier, "prod", sealed_name(), "",
				KEY_SPEC_SESSION_KEYRING));
	EXPECT_TRUE(replays(4));
}

TEST_HARNESS_MAIN
