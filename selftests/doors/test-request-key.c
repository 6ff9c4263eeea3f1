// SPDX-License-Identifier: GPL-2.0
/*
 * The door of request_key(2): the helper that answers, what its callout may
 * say, where it finds blobs, and what becomes of a requester when things go
 * wrong.
 */
#include <dirent.h>
#include <sys/ptrace.h>
#include <sys/stat.h>

#include "gate.h"
#include "kselftest_harness.h"

#define BLOBS	"/etc/bastion/keys.d"
#define NO_KEY	0
#define RING	KEY_SPEC_SESSION_KEYRING

FIXTURE(request)
{
	struct gate gate;
	char path[128];
	key_serial_t key;
	uint8_t blob[BASTION_BLOB_MAX];
	int len;
};

/* A session keyring for each test, so that nobody finds what another was given. */
FIXTURE_SETUP(request)
{
	ASSERT_EQ(0, gate_setup(&self->gate));
	ASSERT_EQ(0, system("mkdir -p " BLOBS));
	snprintf(self->path, sizeof(self->path), BLOBS "/%s.blob", self->gate.name);
	self->key = gate_new(&self->gate, self->gate.name, "types=logon,user");
	ASSERT_LT(0, self->key);
	self->len = sealed_blob(self->key, self->blob);
	ASSERT_LT(0, self->len);
	ASSERT_EQ(0, round_relock(self->gate.fd));
}

FIXTURE_TEARDOWN(request)
{
	unlink(self->path);
	EXPECT_EQ(0, gate_teardown(&self->gate));
}

static key_serial_t request(const char *type, const char *description, const char *callout,
			    key_serial_t ring)
{
	key_serial_t key = request_key(type, description, callout, ring);

	return key < 0 ? -errno : key;
}

TEST_F(request, types)
{
	char bytes[64];
	key_serial_t logon, user;

	ASSERT_EQ(0, gate_attest(&self->gate));
	logon = request("logon", self->gate.description, "", RING);
	ASSERT_LT(0, logon);
	EXPECT_EQ(logon, keyctl_search(RING, "logon", self->gate.description, 0));
	EXPECT_GT(0, keyctl_read(logon, bytes, sizeof(bytes)));
	user = request("user", self->gate.description, "", RING);
	ASSERT_LT(0, user);
	EXPECT_EQ(32, keyctl_read(user, bytes, sizeof(bytes)));
	/* It is there now: nobody is asked again. */
	EXPECT_EQ(logon, request("logon", self->gate.description, "nowait", RING));
}

TEST_F_TIMEOUT(request, destinations, 120)
{
	static const key_serial_t rings[] = {
		KEY_SPEC_THREAD_KEYRING, KEY_SPEC_PROCESS_KEYRING, KEY_SPEC_SESSION_KEYRING,
		KEY_SPEC_USER_KEYRING,
	};
	key_serial_t key;
	int i;

	ASSERT_EQ(0, gate_attest(&self->gate));
	for (i = 0; i < 4; i++) {
		key = request("logon", self->gate.description, "", rings[i]);
		ASSERT_LT(0, key)
			TH_LOG("keyring %d", rings[i]);
		EXPECT_EQ(key, keyctl_search(rings[i], "logon", self->gate.description, 0));
		ASSERT_EQ(0, keyctl_unlink(key, rings[i]));
	}
}

TEST_F(request, destination_that_may_not_be_written)
{
	key_serial_t ring = add_key("keyring", self->gate.name, NULL, 0, RING);

	ASSERT_LT(0, ring);
	ASSERT_EQ(0, keyctl_setperm(ring, KEY_POS_ALL & ~KEY_POS_WRITE));
	ASSERT_EQ(0, gate_attest(&self->gate));
	EXPECT_EQ(-EACCES, request("logon", self->gate.description, "", ring));
}

TEST_F(request, nowait)
{
	EXPECT_EQ(-EAGAIN, request("logon", self->gate.description, "nowait", RING));
}

TEST_F(request, timeout)
{
	long long before = sealed_now_ms();

	EXPECT_EQ(-ETIMEDOUT, request("logon", self->gate.description, "timeout=1", RING));
	EXPECT_LE(1000, sealed_now_ms() - before);
}

TEST_F_TIMEOUT(request, other_callouts, 120)
{
	static const char * const callouts[] = {
		"x", "nowait ", "timeout=", "timeout=-1", "timeout=1s", "timeout=4294967296",
		"timeout", "nowaitnowaitnowaitnowaitnowaitnowait",
	};
	unsigned int i;

	/* Each in a keyring of its own, away from the last one's refusal. */
	for (i = 0; i < sizeof(callouts) / sizeof(callouts[0]); i++) {
		ASSERT_LT(0, keyctl_join_session_keyring(NULL));
		ASSERT_LT(0, sealed_load(self->gate.name, self->blob, self->len, RING));
		EXPECT_EQ(-EINVAL, request("logon", self->gate.description, callouts[i], RING))
			TH_LOG("'%s'", callouts[i]);
	}
}

/* Is there a refusal of @description to be found? Then with how many seconds to live. */
static int negative_seconds(const char *description)
{
	FILE *file = fopen("/proc/keys", "r");
	char line[1024], flags[16], timeout[16] = "";
	int seconds = -1;

	while (fgets(line, sizeof(line), file)) {
		if (!strstr(line, description) || !strstr(line, " logon "))
			continue;
		if (sscanf(line, "%*x %15s %*d %15s", flags, timeout) == 2 && strchr(flags, 'N'))
			seconds = strcmp(timeout, "expd") ? atoi(timeout) : 0;
	}
	fclose(file);
	return seconds;
}

/* In whole seconds, as the kernel counts them: more than one, at most two. */
TEST_F(request, a_refusal_is_remembered_for_two_seconds)
{
	struct timespec end;
	long long since;
	int seconds, ret;

	ASSERT_EQ(-ETIMEDOUT, request("logon", self->gate.description, "timeout=1", RING));
	clock_gettime(CLOCK_BOOTTIME, &end);
	since = sealed_now_ms();
	seconds = negative_seconds(self->gate.description);
	EXPECT_LE(0, seconds);
	EXPECT_GE(2, seconds);
	/* Until then the same answer, and no upcall, which would not wait. */
	ret = request("logon", self->gate.description, "nowait", RING);
	EXPECT_TRUE(ret == -ETIMEDOUT || sealed_now_ms() - since >= 1000)
		TH_LOG("%d", ret);
	ASSERT_EQ(0, gate_attest(&self->gate));
	end.tv_sec += 2;
	ASSERT_EQ(0, clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &end, NULL));
	EXPECT_LT(0, request("logon", self->gate.description, "nowait", RING));
}

/* EAGAIN is what the kernel itself says of a key that is not there: nothing is remembered. */
TEST_F(request, a_refusal_to_wait_is_forgotten)
{
	ASSERT_EQ(-EAGAIN, request("logon", self->gate.description, "nowait", RING));
	ASSERT_EQ(0, gate_attest(&self->gate));
	EXPECT_LT(0, request("logon", self->gate.description, "nowait", RING));
}

TEST_F(request, no_such_key)
{
	char description[80];

	snprintf(description, sizeof(description), "bastion:%s", sealed_name());
	EXPECT_EQ(-ENOKEY, request("logon", description, "", RING));
	EXPECT_EQ(-EINVAL, request("logon", "bastion:../../etc/passwd", "", RING));
	EXPECT_EQ(-EINVAL, request("logon", "bastion:", "", RING));
}

struct asker {
	const char *description, *callout;
	key_serial_t ring;
};

static int ask(void *arg)
{
	struct asker *asker = arg;
	int ret;

	ret = request("logon", asker->description, asker->callout, asker->ring);
	return ret < 0 ? -ret : 0;
}

static int ask_anew(void *arg)
{
	return keyctl_join_session_keyring(NULL) < 0 ? 255 : ask(arg);
}

/* Where the requester has the sealed key */

TEST_F_TIMEOUT(request, from_each_keyring, 120)
{
	static const key_serial_t rings[] = {
		KEY_SPEC_THREAD_KEYRING, KEY_SPEC_PROCESS_KEYRING, KEY_SPEC_SESSION_KEYRING,
	};
	key_serial_t within, key;
	int i;

	ASSERT_EQ(0, gate_attest(&self->gate));
	ASSERT_EQ(0, keyctl_unlink(self->key, RING));
	for (i = 0; i < 3; i++) {
		key = sealed_load(self->gate.name, self->blob, self->len, rings[i]);
		ASSERT_LT(0, key);
		key = request("logon", self->gate.description, "", RING);
		EXPECT_LT(0, key)
			TH_LOG("keyring %d: %d", rings[i], key);
		ASSERT_EQ(0, keyctl_clear(rings[i]));
		ASSERT_EQ(0, keyctl_clear(RING));
	}
	within = add_key("keyring", self->gate.name, NULL, 0, RING);
	ASSERT_LT(0, within);
	ASSERT_LT(0, sealed_load(self->gate.name, self->blob, self->len, within));
	EXPECT_LT(0, request("logon", self->gate.description, "", RING));
}

/* A key that the requester does not find is none, whoever else finds it: the helper, say. */
TEST_F_TIMEOUT(request, not_what_the_requester_may_not_search, 120)
{
	struct asker asker = { self->gate.description, "", RING };
	key_serial_t ring;

	ASSERT_EQ(0, gate_attest(&self->gate));
	EXPECT_EQ(ENOKEY, sealed_in_child(NULL, ask_anew, &asker));
	ASSERT_EQ(0, keyctl_setperm(self->key, KEY_POS_ALL & ~KEY_POS_SEARCH));
	EXPECT_EQ(-ENOKEY, request("logon", self->gate.description, "", RING));

	ASSERT_LT(0, keyctl_join_session_keyring(NULL));
	ring = add_key("keyring", self->gate.name, NULL, 0, RING);
	ASSERT_LT(0, ring);
	ASSERT_LT(0, sealed_load(self->gate.name, self->blob, self->len, ring));
	ASSERT_EQ(0, keyctl_setperm(ring, KEY_POS_ALL & ~KEY_POS_SEARCH));
	EXPECT_EQ(-ENOKEY, request("logon", self->gate.description, "", RING));
	ASSERT_LT(0, keyctl_join_session_keyring(NULL));
	ASSERT_LT(0, sealed_load(self->gate.name, self->blob, self->len, RING));
	EXPECT_LT(0, request("logon", self->gate.description, "", RING));
}

/* Blobs on disk */

static int write_blob(const char *path, const uint8_t *blob, int len, mode_t mode)
{
	char hex[2 * BASTION_BLOB_MAX + 1];
	FILE *file = fopen(path, "w");

	sealed_hex(blob, len, hex);
	fprintf(file, "%s\n", hex);
	fclose(file);
	return chmod(path, mode);
}

TEST_F(request, blob_on_disk)
{
	ASSERT_EQ(0, keyctl_unlink(self->key, RING));
	ASSERT_EQ(0, write_blob(self->path, self->blob, self->len, 0600));
	ASSERT_EQ(0, gate_attest(&self->gate));
	EXPECT_LT(0, request("logon", self->gate.description, "", RING));
}

TEST_F(request, blob_on_disk_that_is_not_to_be_trusted)
{
	char other[160];

	ASSERT_EQ(0, keyctl_unlink(self->key, RING));
	ASSERT_EQ(0, gate_attest(&self->gate));

	ASSERT_EQ(0, write_blob(self->path, self->blob, self->len, 0660));
	EXPECT_EQ(-EPERM, request("logon", self->gate.description, "", RING));
	ASSERT_LT(0, keyctl_join_session_keyring(NULL));
	ASSERT_EQ(0, chmod(self->path, 0600));
	ASSERT_EQ(0, chown(self->path, SEALED_NOBODY, 0));
	EXPECT_EQ(-EPERM, request("logon", self->gate.description, "", RING));

	ASSERT_LT(0, keyctl_join_session_keyring(NULL));
	ASSERT_EQ(0, write_blob(self->path, self->blob, self->len - 1, 0600));
	ASSERT_EQ(0, chown(self->path, 0, 0));
	EXPECT_EQ(-EBADMSG, request("logon", self->gate.description, "", RING));

	ASSERT_LT(0, keyctl_join_session_keyring(NULL));
	ASSERT_EQ(0, write_blob(self->path, self->blob, self->len, 0600));
	snprintf(other, sizeof(other), "%s.real", self->path);
	ASSERT_EQ(0, rename(self->path, other));
	ASSERT_EQ(0, symlink(other, self->path));
	EXPECT_EQ(-ELOOP, request("logon", self->gate.description, "", RING));
	unlink(other);
	unlink(self->path);

	ASSERT_LT(0, keyctl_join_session_keyring(NULL));
	ASSERT_EQ(0, mkfifo(self->path, 0600));
	EXPECT_EQ(-EPERM, request("logon", self->gate.description, "", RING));
}

/* The blob of one key under the name of another. */
TEST_F(request, blob_on_disk_under_another_name)
{
	const char *name = sealed_name();
	char description[80], path[160];

	snprintf(description, sizeof(description), "bastion:%s", name);
	snprintf(path, sizeof(path), BLOBS "/%s.blob", name);
	ASSERT_EQ(0, write_blob(path, self->blob, self->len, 0600));
	ASSERT_EQ(0, gate_attest(&self->gate));
	EXPECT_EQ(-EKEYREJECTED, request("logon", description, "", RING));
	unlink(path);
}

TEST_F(request, blob_on_disk_of_another_owner)
{
	struct asker asker = { self->gate.description, "", RING };

	ASSERT_EQ(0, write_blob(self->path, self->blob, self->len, 0600));
	ASSERT_EQ(0, gate_attest(&self->gate));
	EXPECT_EQ(EACCES, sealed_in_child(sealed_be_nobody, ask_anew, &asker));
	EXPECT_EQ(EACCES, sealed_in_child(sealed_drop_sys_admin, ask_anew, &asker));
	EXPECT_EQ(0, sealed_in_child(NULL, ask_anew, &asker));
}

/* Executables: the requester's, never the helper's */

static int be_traced(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

TEST_F(request, executable)
{
	struct asker asker = { .callout = "", .ring = KEY_SPEC_PROCESS_KEYRING };
	char options[128], description[80];
	const char *name = sealed_name();

	asker.description = description;
	snprintf(description, sizeof(description), "bastion:%s", name);
	snprintf(options, sizeof(options), "exe=sha256:%s", sealed_own_digest());
	ASSERT_EQ(0, gate_attest(&self->gate));
	ASSERT_LT(0, gate_new(&self->gate, name, options));
	EXPECT_EQ(0, sealed_in_child(NULL, ask, &asker));
	EXPECT_EQ(EKEYREJECTED, sealed_in_child(be_traced, ask, &asker));
	asker.ring = RING;
	EXPECT_EQ(EKEYREJECTED, sealed_in_child(NULL, ask, &asker));
}

TEST_F(request, another_executable)
{
	struct asker asker = { .callout = "", .ring = KEY_SPEC_PROCESS_KEYRING };
	char options[128] = "exe=sha256:", description[80];
	const char *name = sealed_name();

	/* Of the helper, which is what a careless kernel would measure. */
	FILE *file = popen("sha256sum </usr/lib/bastion/bastion-request-key", "r");

	ASSERT_EQ(1, fscanf(file, "%64s", options + strlen(options)));
	pclose(file);
	asker.description = description;
	snprintf(description, sizeof(description), "bastion:%s", name);
	ASSERT_EQ(0, gate_attest(&self->gate));
	ASSERT_LT(0, gate_new(&self->gate, name, options));
	EXPECT_EQ(EKEYREJECTED, sealed_in_child(NULL, ask, &asker));
}

/* Waiting */

struct caller {
	int fd;
	key_serial_t key;
};

static int release(void *arg)
{
	struct caller *caller = arg;
	int ret = sealed_release_args(caller->fd, (struct bastion_release){
		.key = caller->key, .type = BASTION_TYPE_LOGON,
		.keyring = KEY_SPEC_PROCESS_KEYRING, .timeout_ms = BASTION_WAIT_FOREVER });

	return ret < 0 ? -ret : 0;
}

TEST_F(request, a_grant_wakes_both_doors)
{
	struct asker asker = { self->gate.description, "", KEY_SPEC_PROCESS_KEYRING };
	struct caller caller = { self->gate.fd, self->key };
	pid_t one, two;

	one = sealed_start(ask, &asker);
	two = sealed_start(release, &caller);
	ASSERT_EQ(0, round_wait_waiters(2, 20000));
	ASSERT_EQ(0, gate_attest(&self->gate));
	EXPECT_EQ(0, sealed_result(one));
	EXPECT_EQ(0, sealed_result(two));
}

/* The helper that waits: the one process of that name that has the device open. */
static pid_t find_helper(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char path[300], exe[256];
	pid_t pid = 0;
	ssize_t n;

	while ((entry = readdir(proc))) {
		snprintf(path, sizeof(path), "/proc/%s/exe", entry->d_name);
		n = readlink(path, exe, sizeof(exe) - 1);
		exe[n > 0 ? n : 0] = '\0';
		if (strstr(exe, "bastion-request-key"))
			pid = atoi(entry->d_name);
	}
	closedir(proc);
	return pid;
}

TEST_F(request, the_helper_is_killed)
{
	struct asker asker = { self->gate.description, "", KEY_SPEC_PROCESS_KEYRING };
	long long before;
	pid_t pid, helper;
	int ret;

	pid = sealed_start(ask, &asker);
	ASSERT_EQ(0, round_wait_waiters(1, 20000));
	helper = find_helper();
	ASSERT_LT(0, helper);
	before = sealed_now_ms();
	ASSERT_EQ(0, kill(helper, SIGKILL));
	ret = sealed_result(pid);
	/* The kernel negates what nobody answered; long before release_timeout. */
	EXPECT_TRUE(ret == ENOKEY || ret == EKEYREVOKED)
		TH_LOG("%d", ret);
	EXPECT_GT(20000, sealed_now_ms() - before);
	EXPECT_EQ(0, sealed_waiters());
}

TEST_F(request, a_sealed_key_that_was_revoked)
{
	int ret;

	ASSERT_EQ(0, gate_attest(&self->gate));
	ASSERT_EQ(0, keyctl_revoke(self->key));
	/* Which of them depends on whose keyrings the kernel looks through first. */
	ret = request("logon", self->gate.description, "", RING);
	EXPECT_TRUE(ret == -ENOKEY || ret == -EKEYREVOKED);
}

TEST_HARNESS_MAIN
