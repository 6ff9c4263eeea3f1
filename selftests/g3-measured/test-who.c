// SPDX-License-Identifier: GPL-2.0
/*
 * G3: register 4 says who asks for a key before there is one: as which uid, from which
 * cgroup, with which program. By whatever door, and once.
 */
#include <libgen.h>
#include <limits.h>
#include <sys/mount.h>

#include "chip.h"
#include "gate.h"
#include "log.h"
#include "kselftest_harness.h"

#define SOMEBODY	73001	/* a uid that no other test uses */
#define DEEP		17	/* names of NAME_MAX bytes that are more than PATH_MAX together */

FIXTURE(who)
{
	struct gate gate;
	char folder[64], program[96], mount[96], cgroup[64];
	key_serial_t key;
};

FIXTURE_SETUP(who)
{
	char own[PATH_MAX] = "", releaser[PATH_MAX];

	ASSERT_EQ(0, gate_setup(&self->gate));
	strcpy(self->folder, "/tmp/selftest-who.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->folder));
	ASSERT_EQ(0, chmod(self->folder, 0755));
	ASSERT_LT(0, readlink("/proc/self/exe", own, sizeof(own) - 1));
	snprintf(releaser, sizeof(releaser), "%.4000s/releaser", dirname(own));
	snprintf(self->program, sizeof(self->program), "%s/program", self->folder);
	ASSERT_EQ(0, copy(releaser, self->program, 'x'));
	snprintf(self->mount, sizeof(self->mount), "%s/cgroup", self->folder);
	ASSERT_EQ(0, mkdir(self->mount, 0755));
	ASSERT_EQ(0, mount("none", self->mount, "cgroup2", 0, NULL));
	snprintf(self->cgroup, sizeof(self->cgroup), "/%s", self->gate.name);
	self->key = gate_new(&self->gate, self->gate.name, "");
	ASSERT_LT(0, self->key);
}

FIXTURE_TEARDOWN(who)
{
	char command[512];

	/* The files in a cgroup cannot be removed: they go with it. */
	snprintf(command, sizeof(command), "cd %s && find . -path '.%s*' -depth -type d -delete",
		 self->mount, self->cgroup);
	EXPECT_EQ(0, system(command));
	EXPECT_EQ(0, umount(self->mount));
	snprintf(command, sizeof(command), "rm -r %s", self->folder);
	EXPECT_EQ(0, system(command));
	EXPECT_EQ(0, gate_teardown(&self->gate));
}

/* Moves the caller there, and makes it first: 0 or an errno. */
static int enter(const char *mount, const char *cgroup)
{
	char path[512];
	int fd, ret;

	snprintf(path, sizeof(path), "%s%s", mount, cgroup);
	if (mkdir(path, 0755) && errno != EEXIST)
		return errno;
	snprintf(path, sizeof(path), "%s%s/cgroup.procs", mount, cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ret = fd < 0 || write(fd, "0", 1) != 1 ? errno : 0;
	close(fd);
	return ret;
}

/* Runs the program with @what from @cgroup as @uid; 0, an errno, or 250 and more. */
static int ask(const char *mount, const char *cgroup, uid_t uid, const char *program,
	       const char *what)
{
	pid_t pid = fork();

	if (!pid) {
		if (enter(mount, cgroup))
			_exit(250);
		if (uid && sealed_be_user(uid))
			_exit(251);
		execl(program, program, what, NULL);
		_exit(252);
	}
	return sealed_result(pid);
}

static const char *serial(key_serial_t key)
{
	static char text[16];

	snprintf(text, sizeof(text), "%d", key);
	return text;
}

/* How many entries say that @uid asked from @cgroup with @program. */
static int count_asked(uid_t uid, const char *cgroup, const char *program)
{
	char text[1024], want[2 * sizeof(text) + 1];
	FILE *log = open_log();
	struct line line;
	int count = 0;

	snprintf(text, sizeof(text), "uid=%u exe=%s path=%s cgroup=%s", uid, digest_of(program),
		 program, cgroup);
	sealed_hex(text, strlen(text), want);
	while (next_line(log, &line) > 0)
		count += line.index == 4 && !strcmp(line.template, "ima-buf") &&
			 !strcmp(line.name, BASTION_EVENT_REQUESTER) && !strcmp(line.data, want);
	fclose(log);
	return count;
}

/* All of such entries. */
static int count_events(void)
{
	FILE *log = open_log();
	struct line line;
	int count = 0;

	while (next_line(log, &line) > 0)
		count += line.index == 4 && !strcmp(line.name, BASTION_EVENT_REQUESTER);
	fclose(log);
	return count;
}

TEST_F_TIMEOUT(who, uid_and_cgroup, 120)
{
	char options[32];
	key_serial_t key;

	ASSERT_EQ(0, ask(self->mount, self->cgroup, 0, self->program, serial(self->key)));
	EXPECT_EQ(1, count_asked(0, self->cgroup, self->program));
	snprintf(options, sizeof(options), "owner=%d", SOMEBODY);
	key = gate_new(&self->gate, sealed_name(), options);
	ASSERT_LT(0, key);
	ASSERT_EQ(0, ask(self->mount, self->cgroup, SOMEBODY, self->program, serial(key)));
	EXPECT_EQ(1, count_asked(SOMEBODY, self->cgroup, self->program));
	EXPECT_EQ(1, count_asked(0, self->cgroup, self->program));
	EXPECT_TRUE(replays(4));
}

TEST_F_TIMEOUT(who, once, 120)
{
	char other[80];
	int before;

	ASSERT_EQ(0, ask(self->mount, self->cgroup, 0, self->program, serial(self->key)));
	before = count_events();
	ASSERT_EQ(0, ask(self->mount, self->cgroup, 0, self->program, serial(self->key)));
	EXPECT_EQ(before, count_events());
	EXPECT_EQ(1, count_asked(0, self->cgroup, self->program));
	/* From elsewhere it is somebody else. */
	snprintf(other, sizeof(other), "%s/other", self->cgroup);
	ASSERT_EQ(0, ask(self->mount, other, 0, self->program, serial(self->key)));
	EXPECT_EQ(before + 1, count_events());
	EXPECT_EQ(1, count_asked(0, other, self->program));
	EXPECT_TRUE(replays(4));
}

/* What somebody asks request_key(2) for; NULL: there is no such key. */
static const char *somebodys_key(struct gate *gate)
{
	static char description[64];
	char options[32];

	snprintf(description, sizeof(description), "bastion:%s", sealed_name());
	snprintf(options, sizeof(options), "owner=%d", SOMEBODY);
	return gate_new(gate, description + strlen("bastion:"), options) < 0 ? NULL : description;
}

/* The helper that asks in its stead runs as root, in the root's cgroup, and is another program. */
TEST_F_TIMEOUT(who, request_key, 120)
{
	const char *description = somebodys_key(&self->gate);
	int before = count_events();

	ASSERT_NE(NULL, description);
	ASSERT_EQ(0, ask(self->mount, self->cgroup, SOMEBODY, self->program, description));
	EXPECT_EQ(1, count_asked(SOMEBODY, self->cgroup, self->program));
	EXPECT_EQ(before + 1, count_events());
	EXPECT_TRUE(replays(4));
}

/* The helper reads it, and whoever waits for that cannot be killed: so not one of any length. */
TEST_F_TIMEOUT(who, long_program, 120)
{
	const char *description = somebodys_key(&self->gate);
	int before = count_events();

	ASSERT_NE(NULL, description);
	ASSERT_EQ(0, truncate(self->program, (1LL << 30) + 1));
	EXPECT_EQ(EFBIG, ask(self->mount, self->cgroup, SOMEBODY, self->program, description));
	EXPECT_EQ(before, count_events());
	ASSERT_EQ(0, truncate(self->program, 1 << 20));
	EXPECT_EQ(0, ask(self->mount, self->cgroup, SOMEBODY, self->program, description));
}

TEST_F_TIMEOUT(who, signature, 120)
{
	char what[32];
	key_serial_t pair = gate_make(&self->gate, "ecdsa", sealed_name(), "");

	CHIP_NEEDS(CHIP_KEY_PAIRS);
	ASSERT_LT(0, pair);
	snprintf(what, sizeof(what), "sign:%d", pair);
	ASSERT_EQ(0, ask(self->mount, self->cgroup, 0, self->program, what));
	EXPECT_EQ(1, count_asked(0, self->cgroup, self->program));
}

/* The chip refuses what is asked for, after it was measured who asks. */
TEST_F_TIMEOUT(who, before_the_chip_is_asked, 120)
{
	struct bastion_extend extend = {
		.size = sizeof(extend), .index = 7, .name = "g3", .data = (uintptr_t)"x",
		.data_len = 1,
	};
	key_serial_t key = gate_new(&self->gate, sealed_name(), "registers=0x80");

	ASSERT_LT(0, key);
	ASSERT_EQ(0, round_ioctl(self->gate.fd, BASTION_IOC_EXTEND, &extend));
	ASSERT_EQ(EKEYREJECTED, ask(self->mount, self->cgroup, 0, self->program, serial(key)));
	EXPECT_EQ(1, count_asked(0, self->cgroup, self->program));
	EXPECT_TRUE(replays(4));
}

/* Who is refused anyway leaves nothing there. */
TEST_F_TIMEOUT(who, not_without_permission_and_grant, 120)
{
	int before = count_events();

	ASSERT_EQ(EACCES, ask(self->mount, self->cgroup, SOMEBODY, self->program,
			      serial(self->key)));
	ASSERT_EQ(0, round_relock(self->gate.fd));
	ASSERT_EQ(EAGAIN, ask(self->mount, self->cgroup, 0, self->program, serial(self->key)));
	EXPECT_EQ(before, count_events());
}

/* Names that would read as something else are spelt so that they cannot. */
TEST_F_TIMEOUT(who, hostile_names, 120)
{
	char cgroup[128], shown[128], program[192], digest[80], text[512], want[1024];
	FILE *log;
	struct line line;
	int count = 0;

	snprintf(cgroup, sizeof(cgroup), "%s/x uid=0\\x20\t\xff", self->cgroup);
	snprintf(shown, sizeof(shown), "%s/x\\x20uid=0\\x5cx20\\x09\\xff", self->cgroup);
	snprintf(program, sizeof(program), "%s%s", self->mount, self->cgroup);
	ASSERT_EQ(0, mkdir(program, 0755));
	snprintf(program, sizeof(program), "%s/a cgroup=\nb", self->folder);
	ASSERT_EQ(0, copy(self->program, program, 'y'));
	strcpy(digest, digest_of(program));
	ASSERT_EQ(0, ask(self->mount, cgroup, 0, program, serial(self->key)));
	snprintf(text, sizeof(text), "uid=0 exe=%s path=%s/a\\x20cgroup=\\x0ab cgroup=%s", digest,
		 self->folder, shown);
	sealed_hex(text, strlen(text), want);
	log = open_log();
	while (next_line(log, &line) > 0)
		count += !strcmp(line.name, BASTION_EVENT_REQUESTER) && !strcmp(line.data, want);
	fclose(log);
	EXPECT_EQ(1, count);
}

/* Makes cgroups of the longest names within each other, and moves the caller into the last. */
static int enter_deep(const char *mount, const char *cgroup)
{
	char name[NAME_MAX + 1];
	int i, fd;

	memset(name, 'd', NAME_MAX);
	name[NAME_MAX] = '\0';
	if (enter(mount, cgroup) || chdir(mount) || chdir(cgroup + 1))
		return errno;
	for (i = 0; i < DEEP; i++)
		if ((mkdir(name, 0755) && errno != EEXIST) || chdir(name))
			return errno;
	fd = open("cgroup.procs", O_WRONLY | O_CLOEXEC);
	return fd < 0 || write(fd, "0", 1) != 1 ? errno : 0;
}

struct deep {
	const char *mount, *cgroup;
	key_serial_t key;
	int fd;
};

static int ask_deep(void *arg)
{
	const struct deep *deep = arg;
	key_serial_t key;

	if (enter_deep(deep->mount, deep->cgroup))
		return 255;
	key = sealed_release(deep->fd, deep->key, BASTION_TYPE_LOGON, KEY_SPEC_PROCESS_KEYRING);
	if (key != -ENAMETOOLONG)
		return key < 0 ? -key : 254;
	if (enter(deep->mount, "/"))
		return 253;
	key = sealed_release(deep->fd, deep->key, BASTION_TYPE_LOGON, KEY_SPEC_PROCESS_KEYRING);
	return key < 0 ? -key : 0;
}

/* What cannot be said cannot be had. */
TEST_F_TIMEOUT(who, too_long, 120)
{
	struct deep deep = { self->mount, self->cgroup, self->key, self->gate.fd };

	EXPECT_EQ(0, sealed_in_child(NULL, ask_deep, &deep));
}

TEST_HARNESS_MAIN
