// SPDX-License-Identifier: GPL-2.0
/*
 * G8, second half: what unprivileged processes can make the kernel wait for is
 * bounded, wakes at once and dies when it is killed.
 */
#include <pthread.h>

#include "gate.h"
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
	struct gate gate;
	int maxkeys, maxbytes, timeout;
};

/* Key quotas are the kernel's own bound; they would end a flood before ours do. */
FIXTURE_SETUP(flood)
{
	ASSERT_EQ(0, gate_setup(&self->gate));
	self->maxkeys = sealed_exchange_number(MAXKEYS, 10 * WAITERS);
	self->maxbytes = sealed_exchange_number(MAXBYTES, 10000 * WAITERS);
	self->timeout = sealed_exchange_number(TIMEOUT, 110);
}

FIXTURE_TEARDOWN(flood)
{
	sealed_exchange_number(MAXKEYS, self->maxkeys);
	sealed_exchange_number(MAXBYTES, self->maxbytes);
	sealed_exchange_number(TIMEOUT, self->timeout);
	EXPECT_EQ(0, gate_teardown(&self->gate));
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

static int gather_as_nobody(void *arg)
{
	return sealed_be_nobody() ? 254 : gather(arg);
}

/* Locks the gate and returns when all wait: their process, or -errno. */
static pid_t start_crowd(struct crowd *crowd, struct gate *gate)
{
	pid_t pid;
	int ret;

	crowd->fd = gate->fd;
	crowd->len = gate_blob(gate, SEALED_NOBODY, "", crowd->blob);
	if (crowd->len < 0)
		return crowd->len;
	ret = round_relock(gate->fd);
	if (ret)
		return ret;
	pid = sealed_start(gather_as_nobody, crowd);
	ret = round_wait_waiters(WAITERS, 120000);
	return ret ? ret : pid;
}

TEST_F_TIMEOUT(flood, one_round_wakes_all, 300)
{
	static struct crowd crowd;
	pid_t pid = start_crowd(&crowd, &self->gate);

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, gate_attest(&self->gate));
	EXPECT_EQ(0, sealed_result(pid));
	EXPECT_EQ(0, sealed_waiters());
}

TEST_F_TIMEOUT(flood, all_die_when_killed, 300)
{
	static struct crowd crowd;
	pid_t pid = start_crowd(&crowd, &self->gate);
	int status;

	ASSERT_LT(0, pid);
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

static int ask(void *arg)
{
	const struct asker *asker = arg;

	if (sealed_be_user(asker->uid) || keyctl_join_session_keyring(NULL) < 0 ||
	    sealed_load(asker->name, asker->blob, asker->len, KEY_SPEC_SESSION_KEYRING) < 0)
		return 254;
	return request_key("logon", asker->description, "", KEY_SPEC_SESSION_KEYRING) < 0 ?
	       errno : 0;
}

static int count_errors(const pid_t *pids, int count, int expected)
{
	int i, errors = 0;

	for (i = 0; i < count; i++)
		errors += sealed_result(pids[i]) != expected;
	return errors;
}

TEST_F_TIMEOUT(flood, few_upcalls_a_uid, 200)
{
	struct asker asker = { .uid = FIRST_UID, .name = self->gate.name,
			       .description = self->gate.description };
	pid_t pids[UPCALLS_PER_UID];
	int i;

	asker.len = gate_blob(&self->gate, asker.uid, "", asker.blob);
	ASSERT_LT(0, asker.len);
	ASSERT_EQ(0, round_relock(self->gate.fd));
	for (i = 0; i < UPCALLS_PER_UID; i++)
		pids[i] = sealed_start(ask, &asker);
	ASSERT_EQ(0, round_wait_waiters(UPCALLS_PER_UID, 60000));
	/* One more does not wait, and disturbs nobody. */
	EXPECT_EQ(EAGAIN, sealed_result(sealed_start(ask, &asker)));
	EXPECT_EQ(UPCALLS_PER_UID, sealed_waiters());
	ASSERT_EQ(0, gate_attest(&self->gate));
	EXPECT_EQ(0, count_errors(pids, UPCALLS_PER_UID, 0));
	/* And now there is room again. */
	EXPECT_EQ(0, sealed_result(sealed_start(ask, &asker)));
}

#define UIDS	(UPCALLS_MAX / UPCALLS_PER_UID + 1)

TEST_F_TIMEOUT(flood, few_upcalls_in_all, 400)
{
	static struct asker askers[UIDS];
	struct asker *asker;
	pid_t pids[UPCALLS_MAX];
	int i;

	/* All keys first: whoever makes one opens the gate. */
	for (i = 0; i < UIDS; i++) {
		asker = &askers[i];
		asker->uid = FIRST_UID + i;
		asker->name = self->gate.name;
		asker->description = self->gate.description;
		asker->len = gate_blob(&self->gate, asker->uid, "", asker->blob);
		ASSERT_LT(0, asker->len);
	}
	ASSERT_EQ(0, round_relock(self->gate.fd));
	for (i = 0; i < UPCALLS_MAX; i++)
		pids[i] = sealed_start(ask, &askers[i / UPCALLS_PER_UID]);
	ASSERT_EQ(0, round_wait_waiters(UPCALLS_MAX, 100000));
	EXPECT_EQ(EAGAIN, sealed_result(sealed_start(ask, &askers[UIDS - 1])));
	ASSERT_EQ(0, gate_attest(&self->gate));
	EXPECT_EQ(0, count_errors(pids, UPCALLS_MAX, 0));
	EXPECT_EQ(0, sealed_waiters());
}

TEST_HARNESS_MAIN
