// SPDX-License-Identifier: GPL-2.0
/*
 * G4: when a grant ends, for any reason, every key released under it is dead
 * within a second, wherever it is linked and whoever holds it; and nobody who
 * holds one can change that.
 */
#include <pthread.h>
#include <sys/socket.h>

#include "chip.h"
#include "sealed.h"
#include "kselftest_harness.h"

#define SYSFS	"/sys/class/bastion/bastion0/"
#define RINGS	3
#define TYPES	2

/**
 * struct holder - another process, with the keys in a keyring of its own
 * @pid:	its process
 * @go:		closing it has the process look at its keys
 */
struct holder {
	pid_t pid;
	int go;
};

FIXTURE(revoke)
{
	int fd;
	struct round_verifier verifier;
	char name[48], description[64];
	key_serial_t sealed, keys[TYPES];
	struct holder holder;
	long long begun;
};

static const char * const types[TYPES] = { "logon", "user" };
static const key_serial_t rings[RINGS] = {
	KEY_SPEC_SESSION_KEYRING, KEY_SPEC_USER_KEYRING, KEY_SPEC_PROCESS_KEYRING,
};

/* How many ways of using @key still work. */
static int count_uses(key_serial_t key, const char *type, const char *description)
{
	char text[256];
	int i, uses = 0;

	uses += keyctl_describe(key, text, sizeof(text)) >= 0;
	uses += keyctl_read(key, text, sizeof(text)) >= 0;
	uses += keyctl_link(key, KEY_SPEC_THREAD_KEYRING) >= 0;
	uses += request_key(type, description, NULL, 0) >= 0;
	for (i = 0; i < RINGS; i++)
		uses += keyctl_search(rings[i], type, description, 0) >= 0;
	return uses;
}

/* 0 when the keys are dead after the other end was closed, else how many uses they had. */
static int hold(int go, const key_serial_t *keys, const char *description)
{
	int i, uses = 0;
	char byte = 1;

	for (i = 0; i < TYPES; i++)
		if (keyctl_link(keys[i], KEY_SPEC_PROCESS_KEYRING))
			return 254;
	if (keyctl_join_session_keyring(NULL) < 0)
		return 253;
	for (i = 0; i < TYPES; i++)
		if (!count_uses(keys[i], types[i], description))
			return 252;
	if (write(go, &byte, 1) != 1 || read(go, &byte, 1) != 0)
		return 251;
	for (i = 0; i < TYPES; i++)
		uses += count_uses(keys[i], types[i], description);
	return uses;
}

/* Returns when it has them. */
static int start_holder(struct holder *holder, const key_serial_t *keys, const char *description)
{
	int ends[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return -1;
	holder->go = ends[0];
	holder->pid = fork();
	if (!holder->pid) {
		close(ends[0]);
		_exit(hold(ends[1], keys, description));
	}
	close(ends[1]);
	return read(holder->go, &byte, 1) == 1 ? 0 : -1;
}

static int end_holder(struct holder *holder)
{
	int status = -1;

	close(holder->go);
	waitpid(holder->pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Releases both types into all keyrings, and has a holder hold them. */
static int release_all(int fd, key_serial_t sealed, const char *description, key_serial_t *keys,
		       struct holder *holder)
{
	static const uint32_t bits[TYPES] = { BASTION_TYPE_LOGON, BASTION_TYPE_USER };
	int i, j;

	for (i = 0; i < TYPES; i++) {
		keys[i] = sealed_release(fd, sealed, bits[i], rings[0]);
		if (keys[i] < 0)
			return keys[i];
		for (j = 1; j < RINGS; j++)
			if (keyctl_link(keys[i], rings[j]))
				return -errno;
	}
	return start_holder(holder, keys, description);
}

FIXTURE_SETUP(revoke)
{
	self->begun = sealed_now_ms();
	self->fd = round_open();
	ASSERT_LE(0, self->fd);
	ASSERT_LT(0, keyctl_join_session_keyring(NULL));
	round_verifier_make(&self->verifier);
	ASSERT_EQ(0, round_verifier_add(self->fd, &self->verifier));
	strcpy(self->name, sealed_name());
	snprintf(self->description, sizeof(self->description), "bastion:%s", self->name);
	ASSERT_EQ(0, round_open_gate_masked(self->fd, &self->verifier, "prod", 300, 0x87));
	self->sealed = sealed_new(&self->verifier, "prod", self->name, "types=logon,user",
				  KEY_SPEC_PROCESS_KEYRING);
	ASSERT_LT(0, self->sealed);
	ASSERT_EQ(0, release_all(self->fd, self->sealed, self->description, self->keys,
				 &self->holder));
	for (int i = 0; i < TYPES; i++)
		ASSERT_LT(5, count_uses(self->keys[i], types[i], self->description));
}

FIXTURE_TEARDOWN(revoke)
{
	EXPECT_EQ(0, round_verifier_remove(self->fd, &self->verifier));
	close(self->fd);
}

#define EXPECT_DEAD() do {							\
		EXPECT_EQ(0, count_uses(self->keys[0], types[0], self->description)); \
		EXPECT_EQ(0, count_uses(self->keys[1], types[1], self->description)); \
		EXPECT_EQ(0, end_holder(&self->holder));			\
	} while (0)

#define EXPECT_ALIVE() do {							\
		EXPECT_EQ(0, sealed_dead(self->keys[0]));			\
		EXPECT_EQ(0, sealed_dead(self->keys[1]));			\
	} while (0)

/* A renewal that covers them, and then nothing but time. */
TEST_F(revoke, expiry)
{
	const uint32_t seconds = sealed_short_life(self->begun);
	const long long begun = sealed_now_ms();
	long long over;
	int left;

	ASSERT_EQ(0, round_open_gate_masked(self->fd, &self->verifier, "prod", seconds, 0x87));
	over = sealed_now_ms() + 1000 * (seconds + 1);
	EXPECT_ALIVE();
	/* A second after its end it is over, however late this test comes to look. */
	left = over - sealed_now_ms();
	EXPECT_EQ(0, round_wait_state(BASTION_STATE_LOCKED, left > 0 ? left : 0));
	EXPECT_LE(begun + 1000 * seconds, sealed_now_ms());
	EXPECT_DEAD();
}

TEST_F(revoke, relock)
{
	ASSERT_EQ(0, round_relock(self->fd));
	EXPECT_DEAD();
}

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret;

	ret = fd < 0 || write(fd, text, strlen(text)) < 0 ? errno : 0;
	close(fd);
	return ret;
}

TEST_F(revoke, relock_in_sysfs)
{
	ASSERT_EQ(0, put(SYSFS "relock", "1"));
	EXPECT_DEAD();
}

TEST_F(revoke, another_verifier_comes)
{
	struct round_verifier other;

	round_verifier_make(&other);
	ASSERT_EQ(0, round_verifier_add(self->fd, &other));
	EXPECT_DEAD();
	ASSERT_EQ(0, round_verifier_remove(self->fd, &other));
}

TEST_F(revoke, its_verifier_goes)
{
	ASSERT_EQ(0, round_verifier_remove(self->fd, &self->verifier));
	EXPECT_DEAD();
	ASSERT_EQ(0, round_verifier_add(self->fd, &self->verifier));
}

static int extend(int fd, uint32_t index)
{
	struct bastion_extend args = { .size = sizeof(args), .index = index, .name = "g4",
				       .data = (uintptr_t)"x", .data_len = 1 };

	return round_ioctl(fd, BASTION_IOC_EXTEND, &args);
}

TEST_F(revoke, a_register_of_the_grant_is_extended)
{
	ASSERT_EQ(0, extend(self->fd, 6));
	EXPECT_ALIVE();
	ASSERT_EQ(0, extend(self->fd, 7));
	EXPECT_DEAD();
	EXPECT_EQ(BASTION_STATE_LOCKED, round_state(self->fd));
}

TEST_F(revoke, a_renewal_that_does_not_cover_them)
{
	ASSERT_EQ(0, round_open_gate_masked(self->fd, &self->verifier, "other", 300, 0x87));
	EXPECT_DEAD();
	EXPECT_EQ(BASTION_STATE_ATTESTED, round_state(self->fd));
}

/* Covered, but for another executable than they went to. */
TEST_F(revoke, a_renewal_for_another_executable)
{
	struct round_grant grant;
	struct round round;

	ASSERT_EQ(0, round_prepare(&round, &grant, self->fd, &self->verifier, "prod"));
	grant.entries[1].flags = htole32(BASTION_GRANT_EXECUTABLE);
	memset(grant.entries[1].executable, 0x11, 32);
	round_sign(&round, &grant, self->verifier.key);
	ASSERT_EQ(0, round_submit(&round, &grant));
	EXPECT_DEAD();
}

/* The timeout of @key in /proc/keys, in its unit, or -1. */
static int shown_timeout(key_serial_t key, char *unit)
{
	FILE *file = fopen("/proc/keys", "r");
	int timeout = -1, amount;
	unsigned int serial;
	char line[1024], letter;

	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%x %*s %*d %d%c", &serial, &amount, &letter) == 3 &&
		    (key_serial_t)serial == key) {
			timeout = amount;
			*unit = letter;
		}
	}
	fclose(file);
	return timeout;
}

TEST_F(revoke, a_renewal_that_covers_them)
{
	char unit = 0;

	EXPECT_GE(5, shown_timeout(self->keys[0], &unit));
	EXPECT_EQ('m', unit);
	ASSERT_EQ(0, round_open_gate_masked(self->fd, &self->verifier, "prod", 7200, 0x87));
	EXPECT_ALIVE();
	/* Of a TPM, whose tickets last for five minutes at most, it is the same. Nobody is told of it. */
	for (int i = 0; unit != BY_CHIP('h', 'm') && i < 1000; i++, usleep(10000))
		shown_timeout(self->keys[0], &unit);
	EXPECT_LE(1, shown_timeout(self->keys[0], &unit));
	EXPECT_EQ(BY_CHIP('h', 'm'), unit);
	/* They end with the new one. */
	ASSERT_EQ(0, round_relock(self->fd));
	EXPECT_DEAD();
}

/* Whoever holds one cannot lengthen its life, nor stand in the way of its end. */
TEST_F(revoke, holders_change_nothing)
{
	for (int i = 0; i < TYPES; i++) {
		EXPECT_GT(0, keyctl_set_timeout(self->keys[i], 86400));
		EXPECT_EQ(EACCES, errno);
		EXPECT_GT(0, keyctl_set_timeout(self->keys[i], 0));
		EXPECT_EQ(EACCES, errno);
		EXPECT_GT(0, keyctl_setperm(self->keys[i], 0x3f3f3f3f));
		EXPECT_EQ(EACCES, errno);
		EXPECT_GT(0, keyctl_chown(self->keys[i], SEALED_NOBODY, -1));
		EXPECT_EQ(EACCES, errno);
		EXPECT_GT(0, keyctl_update(self->keys[i], "x", 1));
		EXPECT_EQ(EACCES, errno);
		EXPECT_GT(0, keyctl_revoke(self->keys[i]));
		EXPECT_EQ(EACCES, errno);
	}
	ASSERT_EQ(0, round_relock(self->fd));
	EXPECT_DEAD();
}

/* A grant of another verifier's ends nothing, and keeps nothing. */
TEST_F(revoke, each_grant_has_its_own)
{
	struct round_verifier other;
	key_serial_t sealed, key;

	round_verifier_make(&other);
	ASSERT_EQ(0, round_verifier_add(self->fd, &other));
	EXPECT_DEAD();
	ASSERT_EQ(0, round_open_gate(self->fd, &other, "prod", 300));
	sealed = sealed_new(&other, "prod", sealed_name(), "", KEY_SPEC_PROCESS_KEYRING);
	key = sealed_release(self->fd, sealed, BASTION_TYPE_LOGON, KEY_SPEC_PROCESS_KEYRING);
	ASSERT_LT(0, key);
	ASSERT_EQ(0, round_open_gate_masked(self->fd, &self->verifier, "prod", 300, 0x80));
	ASSERT_EQ(0, release_all(self->fd, self->sealed, self->description, self->keys,
				 &self->holder));
	ASSERT_EQ(0, extend(self->fd, 7));
	EXPECT_DEAD();
	EXPECT_EQ(0, sealed_dead(key));
	EXPECT_EQ(BASTION_STATE_ATTESTED, round_state(self->fd));
	ASSERT_EQ(0, round_verifier_remove(self->fd, &other));
	EXPECT_NE(0, sealed_dead(key));
}

/* Releases that race with the end: whatever they returned is dead. */
struct racer {
	int fd, stop, count, error;
	key_serial_t sealed, keys[4096];
};

static void give(struct racer *racer, key_serial_t key)
{
	racer->keys[racer->count] = key;
	__atomic_store_n(&racer->count, racer->count + 1, __ATOMIC_RELEASE);
}

static void *race(void *arg)
{
	struct racer *racer = arg;
	key_serial_t key;

	while (!__atomic_load_n(&racer->stop, __ATOMIC_ACQUIRE) && racer->count < 4096) {
		key = sealed_release(racer->fd, racer->sealed, BASTION_TYPE_LOGON,
				     KEY_SPEC_PROCESS_KEYRING);
		if (key > 0)
			give(racer, key);
		else if (key != -EAGAIN && key != -EKEYREVOKED)
			racer->error = key;
	}
	return NULL;
}

TEST_F_TIMEOUT(revoke, releases_that_race_with_the_end, 120)
{
	static struct racer racer;
	pthread_t thread;
	int turn, i;

	for (turn = 0; turn < 8; turn++) {
		memset(&racer, 0, sizeof(racer));
		racer.fd = self->fd;
		racer.sealed = self->sealed;
		ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "prod", 300));
		ASSERT_EQ(0, pthread_create(&thread, NULL, race, &racer));
		/* Some are out, and then it is somewhere in the next. */
		while (!__atomic_load_n(&racer.count, __ATOMIC_ACQUIRE))
			usleep(1000);
		usleep(7000 * turn);
		ASSERT_EQ(0, round_relock(self->fd));
		__atomic_store_n(&racer.stop, 1, __ATOMIC_RELEASE);
		ASSERT_EQ(0, pthread_join(thread, NULL));
		EXPECT_EQ(0, racer.error);
		for (i = 0; i < racer.count; i++)
			EXPECT_NE(0, sealed_dead(racer.keys[i]));
	}
	EXPECT_DEAD();
}

/* The test mode that only freezes tasks: all that comes before them is real. */
TEST_F(revoke, suspend)
{
	int ret;

	if (access("/sys/power/pm_test", W_OK) || put("/sys/power/pm_test", "freezer"))
		SKIP(return, "this kernel cannot try to suspend (CONFIG_PM_DEBUG)");
	put("/sys/module/suspend/parameters/pm_test_delay", "0");
	ret = put("/sys/power/state", "freeze");
	put("/sys/power/pm_test", "none");
	/* Whether tasks could be frozen is not the question. */
	EXPECT_TRUE(ret == 0 || ret == EBUSY);
	EXPECT_DEAD();
	EXPECT_EQ(BASTION_STATE_LOCKED, round_state(self->fd));
	/* And it goes on afterwards. */
	EXPECT_EQ(0, round_open_gate(self->fd, &self->verifier, "prod", 300));
}

TEST_HARNESS_MAIN
