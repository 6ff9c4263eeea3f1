// SPDX-License-Identifier: GPL-2.0
/*
 * G8, second half: what unprivileged processes can make the kernel wait for is
 * bounded, wakes at once and dies when it is killed.
 */
#include <pthread.h>

#include "sealed.h"
#include "kselftest_harness.h"

#define WAITERS		500
#define UPCALLS_PER_UID	4
#define UPCALLS_MAX	64
#define FIRST_UID	70000
#define LOGON		BASTION_TYPE_LOGON
#define MAXKEYS		"/proc/sys/kernel/keys/maxkeys"
#define MAXBYTES	"/proc/sys/kernel/keys/maxbytes"
#define TIMEOUT		"/sys/class/bastion/bastion0/release_timeout"

FIXTURE(flood)
{
	int fd;
	struct round_verifier verifier;
	char name[48], description[64];
	int maxkeys, maxbytes, timeout;
};

static int exchange_number(const char *path, int number)
{
	FILE *file = fopen(path, "r");
	int before = -1;

	if (fscanf(file, "%d", &before) != 1)
		before = -1;
	fclose(file);
	file = fopen(path, "w");
	fprintf(file, "%d", number);
	fclose(file);
	return before;
}

/* Key quotas are the kernel's own bound; they would end a flood before ours do. */
FIXTURE_SETUP(flood)
{
	self->fd = round_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, sealed_install_helper());
	round_verifier_make(&self->verifier);
	ASSERT_EQ(0, round_verifier_add(self->fd, &self->verifier));
	strcpy(self->name, sealed_name());
	snprintf(self->description, sizeof(self->description), "bastion:%s", self->name);
	self->maxkeys = exchange_number(MAXKEYS, 10 * WAITERS);
	self->maxbytes = exchange_number(MAXBYTES, 10000 * WAITERS);
	self->timeout = exchange_number(TIMEOUT, 110);
}

FIXTURE_TEARDOWN(flood)
{
	exchange_number(MAXKEYS, self->maxkeys);
	exchange_number(MAXBYTES, self->maxbytes);
	exchange_number(TIMEOUT, self->timeout);
	EXPECT_EQ(0, round_verifier_remove(self->fd, &self->verifier));
	EXPECT_EQ(0, sealed_wait_waiters(0, 20000));
	close(self->fd);
}

static int make_blob(int fd, struct round_verifier *verifier, const char *name, unsigned int owner,
		     uint8_t *blob)
{
	char options[32];
	key_serial_t key;
	int len;

	snprintf(options, sizeof(options), "owner=%u", owner);
	key = sealed_new(verifier, "prod", name, options, KEY_SPEC_PROCESS_KEYRING);
	if (key < 0)
		return key;
	len = sealed_blob(key, blob);
	keyctl_unlink(key, KEY_SPEC_PROCESS_KEYRING);
	return len;
}

/* Many threads of one process that wait in the ioctl. */
struct crowd {
	int fd, len;
	uint8_t blob[BASTION_BLOB_MAX];
	int done, refused;
};

static void *wait_in_crowd(void *arg)
{
	struct crowd *crowd = arg;
	int ret = sealed_release_args(crowd->fd, (struct bastion_release){
		.blob = (uintptr_t)crowd->blob, .blob_len = crowd->len, .type = LOGON,
		.keyring = KEY_SPEC_THREAD_KEYRING, .timeout_ms = BASTION_WAIT_FOREVER });

	__atomic_add_fetch(ret > 0 ? &crowd->done : &crowd->refused, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* How many of them were refused; for a child. */
static int gather(void *arg)
{
	struct crowd *crowd = arg;
	pthread_t threads[WAITERS];
	pthread_attr_t attr;
	int i;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	for (i = 0; i < WAITERS; i++)
		if (pthread_create(&threads[i], &attr, wait_in_crowd, crowd))
			return 255;
	for (i = 0; i < WAITERS; i++)
		pthread_join(threads[i], NULL);
	return crowd->done == WAITERS ? 0 : crowd->refused > 200 ? 200 : crowd->refused;
}

static pid_t start_crowd(struct crowd *crowd)
{
	pid_t pid = fork();

	if (!pid)
		_exit(sealed_be_nobody() ? 254 : gather(crowd));
	return pid;
}

TEST_F_TIMEOUT(flood, one_round_wakes_all, 300)
{
	static struct crowd crowd;
	int status;
	pid_t pid;

	crowd.fd = self->fd;
	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "prod", 300));
	crowd.len = make_blob(self->fd, &self->verifier, self->name, SEALED_NOBODY, crowd.blob);
	ASSERT_LT(0, crowd.len);
	ASSERT_EQ(0, round_relock(self->fd));
	pid = start_crowd(&crowd);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, sealed_wait_waiters(WAITERS, 120000));
	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "prod", 300));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, sealed_waiters());
}

TEST_F_TIMEOUT(flood, all_die_when_killed, 300)
{
	static struct crowd crowd;
	int status;
	pid_t pid;

	crowd.fd = self->fd;
	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "prod", 300));
	crowd.len = make_blob(self->fd, &self->verifier, self->name, SEALED_NOBODY, crowd.blob);
	ASSERT_LT(0, crowd.len);
	ASSERT_EQ(0, round_relock(self->fd));
	pid = start_crowd(&crowd);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, sealed_wait_waiters(WAITERS, 120000));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(0, sealed_waiters());
}

/* Upcalls: every process has a session keyring of its own, so none finds another's request. */
struct asker {
	uid_t uid;
	int len;
	uint8_t blob[BASTION_BLOB_MAX];
	const char *name, *description;
};

static int ask(const struct asker *asker)
{
	if (setgroups(0, NULL) || setresgid(asker->uid, asker->uid, asker->uid) ||
	    setresuid(asker->uid, asker->uid, asker->uid) ||
	    keyctl_join_session_keyring(NULL) < 0 ||
	    sealed_load(asker->name, asker->blob, asker->len, KEY_SPEC_SESSION_KEYRING) < 0)
		return 254;
	return request_key("logon", asker->description, "", KEY_SPEC_SESSION_KEYRING) < 0 ?
	       errno : 0;
}

static pid_t start_asking(const struct asker *asker)
{
	pid_t pid = fork();

	if (!pid)
		_exit(ask(asker));
	return pid;
}

static int result_of(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static int count_errors(const pid_t *pids, int count, int expected)
{
	int i, errors = 0;

	for (i = 0; i < count; i++)
		errors += result_of(pids[i]) != expected;
	return errors;
}

TEST_F_TIMEOUT(flood, few_upcalls_a_uid, 200)
{
	struct asker asker = { .uid = FIRST_UID, .name = self->name,
			       .description = self->description };
	pid_t pids[UPCALLS_PER_UID];
	int i;

	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "prod", 300));
	asker.len = make_blob(self->fd, &self->verifier, self->name, asker.uid, asker.blob);
	ASSERT_LT(0, asker.len);
	ASSERT_EQ(0, round_relock(self->fd));
	for (i = 0; i < UPCALLS_PER_UID; i++)
		pids[i] = start_asking(&asker);
	ASSERT_EQ(0, sealed_wait_waiters(UPCALLS_PER_UID, 60000));
	/* One more does not wait, and disturbs nobody. */
	EXPECT_EQ(EAGAIN, result_of(start_asking(&asker)));
	EXPECT_EQ(UPCALLS_PER_UID, sealed_waiters());
	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "prod", 300));
	EXPECT_EQ(0, count_errors(pids, UPCALLS_PER_UID, 0));
	/* And now there is room again. */
	EXPECT_EQ(0, result_of(start_asking(&asker)));
}

#define UIDS	(UPCALLS_MAX / UPCALLS_PER_UID + 1)

TEST_F_TIMEOUT(flood, few_upcalls_in_all, 400)
{
	static struct asker askers[UIDS];
	struct asker *asker;
	pid_t pids[UPCALLS_MAX];
	int i;

	/* All keys first: whoever makes one opens the gate. */
	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "prod", 300));
	for (i = 0; i < UIDS; i++) {
		asker = &askers[i];
		asker->uid = FIRST_UID + i;
		asker->name = self->name;
		asker->description = self->description;
		asker->len = make_blob(self->fd, &self->verifier, self->name, asker->uid,
				       asker->blob);
		ASSERT_LT(0, asker->len);
	}
	ASSERT_EQ(0, round_relock(self->fd));
	for (i = 0; i < UPCALLS_MAX; i++)
		pids[i] = start_asking(&askers[i / UPCALLS_PER_UID]);
	ASSERT_EQ(0, sealed_wait_waiters(UPCALLS_MAX, 100000));
	EXPECT_EQ(EAGAIN, result_of(start_asking(&askers[UIDS - 1])));
	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "prod", 300));
	EXPECT_EQ(0, count_errors(pids, UPCALLS_MAX, 0));
	EXPECT_EQ(0, sealed_waiters());
}

TEST_HARNESS_MAIN
