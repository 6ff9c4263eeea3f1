// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctl's door: where a released key goes, how one waits for it, and to
 * which executable it goes.
 */
#include <pthread.h>
#include <sys/ptrace.h>

#include "sealed.h"
#include "kselftest_harness.h"

#define LOGON	BASTION_TYPE_LOGON

FIXTURE(ioctl_door)
{
	int fd;
	struct round_verifier verifier;
	char name[48], description[64];
	key_serial_t key;
};

/* The gate is locked again when a test begins; its key is in its process keyring. */
FIXTURE_SETUP(ioctl_door)
{
	self->fd = round_open();
	ASSERT_LE(0, self->fd);
	round_verifier_make(&self->verifier);
	ASSERT_EQ(0, round_verifier_add(self->fd, &self->verifier));
	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "prod", 60));
	strcpy(self->name, sealed_name());
	snprintf(self->description, sizeof(self->description), "bastion:%s", self->name);
	self->key = sealed_new(&self->verifier, "prod", self->name, "", KEY_SPEC_PROCESS_KEYRING);
	ASSERT_LT(0, self->key);
	ASSERT_EQ(0, round_relock(self->fd));
}

FIXTURE_TEARDOWN(ioctl_door)
{
	EXPECT_EQ(0, round_verifier_remove(self->fd, &self->verifier));
	EXPECT_EQ(0, sealed_waiters());
	close(self->fd);
}

static int attest(int fd, struct round_verifier *verifier)
{
	return round_open_gate(fd, verifier, "prod", 60);
}

/* Destinations */

TEST_F(ioctl_door, keyrings)
{
	static const key_serial_t rings[] = {
		KEY_SPEC_THREAD_KEYRING, KEY_SPEC_PROCESS_KEYRING, KEY_SPEC_SESSION_KEYRING,
		KEY_SPEC_USER_KEYRING,
	};
	char text[256];
	key_serial_t key, ring;
	int i;

	ASSERT_EQ(0, attest(self->fd, &self->verifier));
	for (i = 0; i < 4; i++) {
		key = sealed_release(self->fd, self->key, LOGON, rings[i]);
		ASSERT_LT(0, key);
		EXPECT_EQ(key, keyctl_search(rings[i], "logon", self->description, 0));
		ASSERT_EQ(0, keyctl_unlink(key, rings[i]));
	}
	ring = add_key("keyring", self->name, NULL, 0, KEY_SPEC_PROCESS_KEYRING);
	ASSERT_LT(0, ring);
	key = sealed_release(self->fd, self->key, LOGON, ring);
	ASSERT_LT(0, key);
	/* view, search and link by its possessor, view by its owner: nothing else */
	ASSERT_LT(0, keyctl_describe(key, text, sizeof(text)));
	EXPECT_NE(NULL, strstr(text, ";19010000;"))
		TH_LOG("%s", text);
}

TEST_F(ioctl_door, what_is_not_a_destination)
{
	key_serial_t ring = add_key("keyring", self->name, NULL, 0, KEY_SPEC_PROCESS_KEYRING);
	key_serial_t user = add_key("user", self->name, "x", 1, KEY_SPEC_PROCESS_KEYRING);

	ASSERT_LT(0, ring);
	ASSERT_LT(0, user);
	ASSERT_EQ(0, attest(self->fd, &self->verifier));
	EXPECT_EQ(-ENOTDIR, sealed_release(self->fd, self->key, LOGON, user));
	EXPECT_EQ(-ENOKEY, sealed_release(self->fd, self->key, LOGON, 0x7ffffff0));
	ASSERT_EQ(0, keyctl_setperm(ring, KEY_POS_ALL & ~KEY_POS_WRITE));
	EXPECT_EQ(-EACCES, sealed_release(self->fd, self->key, LOGON, ring));
	ASSERT_EQ(0, keyctl_revoke(user));
	EXPECT_EQ(-EKEYREVOKED, sealed_release(self->fd, self->key, LOGON, user));
}

TEST_F(ioctl_door, the_key_must_be_searchable)
{
	ASSERT_EQ(0, keyctl_setperm(self->key, KEY_POS_ALL & ~KEY_POS_SEARCH));
	ASSERT_EQ(0, attest(self->fd, &self->verifier));
	EXPECT_EQ(-EACCES, sealed_release(self->fd, self->key, LOGON, KEY_SPEC_PROCESS_KEYRING));
}

/* Waiting */

TEST_F(ioctl_door, nowait)
{
	EXPECT_EQ(-EAGAIN, sealed_release(self->fd, self->key, LOGON, KEY_SPEC_PROCESS_KEYRING));
}

TEST_F(ioctl_door, timeout)
{
	long long before = sealed_now_ms();

	EXPECT_EQ(-ETIMEDOUT, sealed_release_args(self->fd, (struct bastion_release){
		.key = self->key, .type = LOGON, .keyring = KEY_SPEC_PROCESS_KEYRING,
		.timeout_ms = 300 }));
	EXPECT_LE(300, sealed_now_ms() - before);
}

struct waiter {
	int fd;
	key_serial_t key, ring, result;
	pthread_t thread;
	pid_t tid;
};

static void *wait_for_key(void *arg)
{
	struct waiter *waiter = arg;

	__atomic_store_n(&waiter->tid, gettid(), __ATOMIC_RELEASE);
	waiter->result = sealed_release_args(waiter->fd, (struct bastion_release){
		.key = waiter->key, .type = LOGON, .keyring = waiter->ring,
		.timeout_ms = BASTION_WAIT_FOREVER });
	return NULL;
}

/* Returns when it waits. */
static int start_waiting(struct waiter *waiter, int fd, key_serial_t key)
{
	*waiter = (struct waiter){ .fd = fd, .key = key, .ring = KEY_SPEC_PROCESS_KEYRING };
	if (pthread_create(&waiter->thread, NULL, wait_for_key, waiter))
		return -1;
	return round_wait_waiters(1, 20000);
}

TEST_F(ioctl_door, a_grant_wakes)
{
	struct waiter waiter;

	ASSERT_EQ(0, start_waiting(&waiter, self->fd, self->key));
	/* Nothing else does. */
	ASSERT_EQ(0, round_relock(self->fd));
	ASSERT_EQ(1, sealed_waiters());
	ASSERT_EQ(0, attest(self->fd, &self->verifier));
	ASSERT_EQ(0, pthread_join(waiter.thread, NULL));
	EXPECT_LT(0, waiter.result);
	EXPECT_EQ(0, sealed_dead(waiter.result));
}

TEST_F(ioctl_door, a_grant_for_something_else_refuses)
{
	struct waiter waiter;

	ASSERT_EQ(0, start_waiting(&waiter, self->fd, self->key));
	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "other", 60));
	ASSERT_EQ(0, pthread_join(waiter.thread, NULL));
	EXPECT_EQ(-EKEYREJECTED, waiter.result);
}

TEST_F(ioctl_door, a_grant_of_another_verifier_does_nothing)
{
	struct round_verifier other;
	struct waiter waiter;

	round_verifier_make(&other);
	ASSERT_EQ(0, round_verifier_add(self->fd, &other));
	ASSERT_EQ(0, start_waiting(&waiter, self->fd, self->key));
	ASSERT_EQ(0, attest(self->fd, &other));
	EXPECT_EQ(1, sealed_waiters());
	/* Its own verifier leaves: nobody is left to wait for. */
	ASSERT_EQ(0, round_verifier_remove(self->fd, &self->verifier));
	ASSERT_EQ(0, pthread_join(waiter.thread, NULL));
	EXPECT_EQ(-ENOKEY, waiter.result);
	ASSERT_EQ(0, round_verifier_remove(self->fd, &other));
	ASSERT_EQ(0, round_verifier_add(self->fd, &self->verifier));
}

static void on_signal(int signal)
{
}

TEST_F(ioctl_door, only_a_fatal_signal_ends_the_wait)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct waiter waiter;

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, start_waiting(&waiter, self->fd, self->key));
	ASSERT_EQ(0, pthread_kill(waiter.thread, SIGUSR1));
	ASSERT_EQ(0, attest(self->fd, &self->verifier));
	ASSERT_EQ(0, pthread_join(waiter.thread, NULL));
	EXPECT_LT(0, waiter.result);
}

TEST_F(ioctl_door, killed_while_waiting)
{
	int status;
	pid_t pid;

	/* In the child's keyring, as a process keyring is not inherited. */
	ASSERT_LT(0, keyctl_join_session_keyring(NULL));
	ASSERT_EQ(0, keyctl_link(self->key, KEY_SPEC_SESSION_KEYRING));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		sealed_release_args(self->fd, (struct bastion_release){
			.key = self->key, .type = LOGON, .keyring = KEY_SPEC_SESSION_KEYRING,
			.timeout_ms = BASTION_WAIT_FOREVER });
		_exit(0);
	}
	ASSERT_EQ(0, round_wait_waiters(1, 20000));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(0, sealed_waiters());
}

/* Executables */

static key_serial_t make_bound(struct round_verifier *verifier, const char *digest, const char *more)
{
	char options[256];

	snprintf(options, sizeof(options), "exe=sha256:%s%s", digest, more);
	return sealed_new(verifier, "prod", sealed_name(), options, KEY_SPEC_SESSION_KEYRING);
}

TEST_F(ioctl_door, executable)
{
	char wrong[65];
	key_serial_t bound;

	ASSERT_LT(0, keyctl_join_session_keyring(NULL));
	ASSERT_EQ(0, attest(self->fd, &self->verifier));
	bound = make_bound(&self->verifier, sealed_own_digest(), "");
	ASSERT_LT(0, bound);
	EXPECT_LT(0, sealed_release(self->fd, bound, LOGON, KEY_SPEC_PROCESS_KEYRING));
	EXPECT_LT(0, sealed_release(self->fd, bound, LOGON, KEY_SPEC_THREAD_KEYRING));
	/* Others could find it there. */
	EXPECT_EQ(-EKEYREJECTED, sealed_release(self->fd, bound, LOGON, KEY_SPEC_USER_KEYRING));
	EXPECT_EQ(-EKEYREJECTED, sealed_release(self->fd, bound, LOGON, KEY_SPEC_SESSION_KEYRING));

	strcpy(wrong, sealed_own_digest());
	wrong[63] = wrong[63] == '0' ? '1' : '0';
	bound = make_bound(&self->verifier, wrong, "");
	ASSERT_LT(0, bound);
	EXPECT_EQ(-EKEYREJECTED, sealed_release(self->fd, bound, LOGON, KEY_SPEC_PROCESS_KEYRING));
}

struct attempt {
	int fd;
	key_serial_t key;
};

static int release_in_child(void *arg)
{
	struct attempt *attempt = arg;
	int ret = sealed_release(attempt->fd, attempt->key, LOGON, KEY_SPEC_PROCESS_KEYRING);

	return ret < 0 ? -ret : 0;
}

static int be_traced(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int be_nobody_in_a_container(void)
{
	return sealed_be_nobody() || unshare(CLONE_NEWUSER);
}

TEST_F(ioctl_door, executable_of_a_process_that_others_control)
{
	uint8_t blob[BASTION_BLOB_MAX];
	struct attempt attempt = { .fd = self->fd };

	ASSERT_LT(0, keyctl_join_session_keyring(NULL));
	ASSERT_EQ(0, attest(self->fd, &self->verifier));
	attempt.key = make_bound(&self->verifier, sealed_own_digest(), "");
	ASSERT_LT(0, attempt.key);
	EXPECT_EQ(0, sealed_in_child(NULL, release_in_child, &attempt));
	EXPECT_EQ(EKEYREJECTED, sealed_in_child(be_traced, release_in_child, &attempt));

	/* The session keyring lets nobody possess what root has made for it. */
	attempt.key = make_bound(&self->verifier, sealed_own_digest(), " owner=65534");
	ASSERT_LT(0, attempt.key);
	ASSERT_LT(0, sealed_blob(attempt.key, blob));
	EXPECT_EQ(0, sealed_in_child(sealed_be_nobody, release_in_child, &attempt));
	EXPECT_EQ(EKEYREJECTED, sealed_in_child(be_nobody_in_a_container, release_in_child,
						&attempt));
}

/* A grant that names an executable binds as a key does that names one. */
TEST_F(ioctl_door, executable_in_the_grant)
{
	struct bastion_grant_entry *entry;
	struct round_grant grant;
	struct round round;
	const char *hex = sealed_own_digest();
	int i;

	ASSERT_EQ(0, round_prepare(&round, &grant, self->fd, &self->verifier, "prod"));
	entry = &grant.entries[1];
	ASSERT_EQ(BASTION_GRANT_RELEASE, le32toh(entry->kind));
	entry->flags = htole32(BASTION_GRANT_EXECUTABLE);
	for (i = 0; i < 32; i++)
		sscanf(hex + 2 * i, "%2hhx", &entry->executable[i]);
	round_sign(&round, &grant, self->verifier.key);
	ASSERT_EQ(0, round_submit(&round, &grant));
	EXPECT_LT(0, sealed_release(self->fd, self->key, LOGON, KEY_SPEC_PROCESS_KEYRING));
	EXPECT_EQ(-EKEYREJECTED, sealed_release(self->fd, self->key, LOGON, KEY_SPEC_USER_KEYRING));

	ASSERT_EQ(0, round_prepare(&round, &grant, self->fd, &self->verifier, "prod"));
	entry->flags = htole32(BASTION_GRANT_EXECUTABLE);
	memset(entry->executable, 0x11, sizeof(entry->executable));
	round_sign(&round, &grant, self->verifier.key);
	ASSERT_EQ(0, round_submit(&round, &grant));
	EXPECT_EQ(-EKEYREJECTED, sealed_release(self->fd, self->key, LOGON,
						KEY_SPEC_PROCESS_KEYRING));
}

TEST_HARNESS_MAIN
