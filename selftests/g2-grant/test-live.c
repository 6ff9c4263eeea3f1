// SPDX-License-Identifier: GPL-2.0
/*
 * G2 and G4: what a live grant allows, and what ends it. Whatever ends it, the
 * keys that were released under it are dead.
 */
#include "kselftest_harness.h"
#include "sealed.h"

#define PATIENCE_MS	60000	/* for a grant that ends soon */

FIXTURE(live) {
	int fd;
	struct round_verifier verifier;
};

FIXTURE_SETUP(live)
{
	ASSERT_LT(0, keyctl_join_session_keyring(NULL));
	self->fd = round_open();
	ASSERT_LE(0, self->fd) TH_LOG("there is no chip");
	round_verifier_make(&self->verifier);
	ASSERT_EQ(0, round_verifier_add(self->fd, &self->verifier));
}

FIXTURE_TEARDOWN(live)
{
	EXPECT_EQ(0, round_verifier_remove(self->fd, &self->verifier));
	close(self->fd);
}

static void hex(const uint8_t *bytes, size_t len, char *text)
{
	for (size_t i = 0; i < len; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
}

/* A sealed key in the session keyring: its serial or -errno. */
static int key_new(const struct round_verifier *verifier, const char *name, const char *policy)
{
	char digest[2 * BASTION_DIGEST_SIZE + 1], request[256];
	key_serial_t key;
	int len;

	hex(verifier->digest, sizeof(verifier->digest), digest);
	len = snprintf(request, sizeof(request), "new 64 verifier=%s policy=%s", digest, policy);
	key = add_key("bastion", name, request, len, KEY_SPEC_SESSION_KEYRING);
	return key < 0 ? -errno : key;
}

/* A released key: its serial or -errno. */
static int release(int fd, int key, uint32_t flags, uint32_t timeout_ms)
{
	struct bastion_release args = {
		.size = sizeof(args),
		.flags = flags,
		.key = key,
		.keyring = KEY_SPEC_SESSION_KEYRING,
		.type = BASTION_TYPE_LOGON,
		.timeout_ms = timeout_ms,
	};
	int ret = round_ioctl(fd, BASTION_IOC_RELEASE, &args);

	return ret ? ret : args.serial;
}

static bool alive(int key)
{
	char text[256];

	return keyctl_describe(key, text, sizeof(text)) > 0;
}

static int extend(int fd, uint32_t index)
{
	static const char data[] = "a measurement";
	struct bastion_extend args = {
		.size = sizeof(args),
		.index = index,
		.name = "selftest",
		.data = (uintptr_t)data,
		.data_len = sizeof(data),
	};

	return round_ioctl(fd, BASTION_IOC_EXTEND, &args);
}

/* A gate that is open for "prod", a key of it, and what was released of that. */
static void open_and_release(struct __test_metadata *_metadata, FIXTURE_DATA(live) *self,
			     int *key, int *released)
{
	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "prod", 60));
	*key = key_new(&self->verifier, "live", "prod");
	ASSERT_LT(0, *key);
	*released = release(self->fd, *key, BASTION_RELEASE_NOWAIT, 0);
	ASSERT_LT(0, *released);
	ASSERT_TRUE(alive(*released));
}

static void expect_locked(struct __test_metadata *_metadata, FIXTURE_DATA(live) *self, int key,
			  int released)
{
	EXPECT_EQ(BASTION_STATE_LOCKED, round_state(self->fd));
	EXPECT_FALSE(alive(released));
	EXPECT_EQ(-EAGAIN, release(self->fd, key, BASTION_RELEASE_NOWAIT, 0));
	EXPECT_EQ(-EAGAIN, key_new(&self->verifier, "another", "prod"));
}

TEST_F(live, relock)
{
	int key, released;

	open_and_release(_metadata, self, &key, &released);
	ASSERT_EQ(0, round_relock(self->fd));
	expect_locked(_metadata, self, key, released);
}

/* When the kernel ends the first grant, as it says itself; -1: it says nothing. */
static long long grant_end_ms(void)
{
	long long now = sealed_now_ms();
	struct bastion_event event = { 0 };
	int fd = round_open();

	if (fd >= 0 && read(fd, &event, sizeof(event)) != sizeof(event))
		event.grant_ends_ms = 0;
	close(fd);
	return event.grant_ends_ms ? now + (long long)event.grant_ends_ms : -1;
}

/* When the state changes, the keys are dead. */
TEST_F(live, lifetime)
{
	long long begun = sealed_now_ms(), granted;
	int key, released, again;
	uint32_t life;

	open_and_release(_metadata, self, &key, &released);
	life = sealed_short_life(begun);
	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "prod", life));
	granted = sealed_now_ms();
	/* Both are rounded. */
	EXPECT_GE(granted + 1000LL * life + 2, grant_end_ms());
	again = release(self->fd, key, BASTION_RELEASE_NOWAIT, 0);
	ASSERT_LT(0, again);
	EXPECT_EQ(BASTION_STATE_ATTESTED, round_state(self->fd));
	EXPECT_EQ(0, round_wait_state(BASTION_STATE_LOCKED, PATIENCE_MS));
	EXPECT_FALSE(alive(again));
	expect_locked(_metadata, self, key, released);
}

TEST_F(live, adding_a_verifier)
{
	struct round_verifier other;
	int key, released;

	round_verifier_make(&other);
	open_and_release(_metadata, self, &key, &released);
	ASSERT_EQ(0, round_verifier_add(self->fd, &other));
	expect_locked(_metadata, self, key, released);
	EXPECT_EQ(0, round_verifier_remove(self->fd, &other));
}

TEST_F(live, removing_a_verifier)
{
	struct round_verifier other;
	int key, released;

	round_verifier_make(&other);
	ASSERT_EQ(0, round_verifier_add(self->fd, &other));
	open_and_release(_metadata, self, &key, &released);
	ASSERT_EQ(0, round_verifier_remove(self->fd, &other));
	expect_locked(_metadata, self, key, released);
}

/* Whose verifier is gone, its keys have nobody to wait for. */
TEST_F(live, removing_its_verifier)
{
	int key, released;

	open_and_release(_metadata, self, &key, &released);
	ASSERT_EQ(0, round_verifier_remove(self->fd, &self->verifier));
	EXPECT_FALSE(alive(released));
	EXPECT_EQ(-ENOKEY, release(self->fd, key, 0, 1000));
	ASSERT_EQ(0, round_verifier_add(self->fd, &self->verifier));
}

TEST_F(live, extending_a_masked_register)
{
	struct round_grant grant;
	struct round round;
	int key, released;

	open_and_release(_metadata, self, &key, &released);
	ASSERT_EQ(0, round_prepare(&round, &grant, self->fd, &self->verifier, "prod"));
	round_mask(&round, &grant, 0x27);
	round_sign(&round, &grant, self->verifier.key);
	ASSERT_EQ(0, round_submit(&round, &grant));
	EXPECT_TRUE(alive(released));

	ASSERT_EQ(0, extend(self->fd, 6));
	EXPECT_EQ(BASTION_STATE_ATTESTED, round_state(self->fd));
	EXPECT_TRUE(alive(released));
	ASSERT_EQ(0, extend(self->fd, 5));
	expect_locked(_metadata, self, key, released);
}

/* Between quote and grant: what was judged is no longer so. */
TEST_F(live, extending_before_the_grant)
{
	struct round_grant grant;
	struct round round;
	int ret;

	ASSERT_EQ(0, round_prepare(&round, &grant, self->fd, &self->verifier, "prod"));
	round_mask(&round, &grant, 0x27);
	round_sign(&round, &grant, self->verifier.key);
	ASSERT_EQ(0, extend(self->fd, 5));
	ret = round_submit(&round, &grant);
	EXPECT_TRUE(ret == -ESTALE || ret == -EKEYREJECTED) TH_LOG("got %d", ret);
	EXPECT_EQ(BASTION_STATE_LOCKED, round_state(self->fd));

	/* A register that it does not name does not matter. */
	ASSERT_EQ(0, round_prepare(&round, &grant, self->fd, &self->verifier, "prod"));
	round_sign(&round, &grant, self->verifier.key);
	ASSERT_EQ(0, extend(self->fd, 5));
	EXPECT_EQ(0, round_submit(&round, &grant));
}

/* Only the policies that it names, and of each only what it says. */
TEST_F(live, policies)
{
	struct round_grant grant;
	struct round round;
	int key, released;

	open_and_release(_metadata, self, &key, &released);
	EXPECT_EQ(-EKEYREJECTED, key_new(&self->verifier, "other", "prod2"));
	EXPECT_EQ(-EKEYREJECTED, key_new(&self->verifier, "other", "pro"));

	/* A new grant without "prod" takes the place of the old one, and its keys with it. */
	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "other", 60));
	EXPECT_EQ(BASTION_STATE_ATTESTED, round_state(self->fd));
	EXPECT_FALSE(alive(released));
	EXPECT_EQ(-EKEYREJECTED, release(self->fd, key, 0, 60000));

	/* To make one is not to release one, nor the other way round. */
	ASSERT_EQ(0, round_prepare(&round, &grant, self->fd, &self->verifier, "prod"));
	grant.count = 0;
	round_allow(&round, &grant, BASTION_GRANT_CREATE, "prod");
	round_sign(&round, &grant, self->verifier.key);
	ASSERT_EQ(0, round_submit(&round, &grant));
	EXPECT_EQ(-EKEYREJECTED, release(self->fd, key, BASTION_RELEASE_NOWAIT, 0));
	EXPECT_LT(0, key_new(&self->verifier, "made", "prod"));

	ASSERT_EQ(0, round_prepare(&round, &grant, self->fd, &self->verifier, "prod"));
	memset(grant.entries, 0, sizeof(grant.entries));
	grant.count = 0;
	round_allow(&round, &grant, BASTION_GRANT_RELEASE, "prod");
	round_sign(&round, &grant, self->verifier.key);
	ASSERT_EQ(0, round_submit(&round, &grant));
	EXPECT_LT(0, release(self->fd, key, BASTION_RELEASE_NOWAIT, 0));
	EXPECT_EQ(-EKEYREJECTED, key_new(&self->verifier, "unmade", "prod"));
}

/* A renewal that covers them leaves keys alone, and their time is the new grant's. */
TEST_F(live, renewal)
{
	long long begun = sealed_now_ms();
	int key, released;

	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "prod", 60));
	key = key_new(&self->verifier, "live", "prod");
	ASSERT_LT(0, key);
	released = release(self->fd, key, BASTION_RELEASE_NOWAIT, 0);
	ASSERT_LT(0, released);
	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "prod", sealed_short_life(begun)));
	EXPECT_TRUE(alive(released));
	EXPECT_EQ(0, round_wait_state(BASTION_STATE_LOCKED, PATIENCE_MS));
	expect_locked(_metadata, self, key, released);
}

/* One verifier's grant opens nothing of another's. */
TEST_F(live, of_another_verifier)
{
	struct round_verifier other;
	int key, theirs, released;

	round_verifier_make(&other);
	ASSERT_EQ(0, round_verifier_add(self->fd, &other));
	open_and_release(_metadata, self, &key, &released);
	EXPECT_EQ(-EAGAIN, key_new(&other, "theirs", "prod"));
	ASSERT_EQ(0, round_open_gate(self->fd, &other, "prod", 60));
	theirs = key_new(&other, "theirs", "prod");
	ASSERT_LT(0, theirs);
	EXPECT_TRUE(alive(released));
	EXPECT_EQ(0, round_verifier_remove(self->fd, &other));
	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "prod", 60));
	EXPECT_LT(0, release(self->fd, key, BASTION_RELEASE_NOWAIT, 0));
	EXPECT_EQ(-ENOKEY, release(self->fd, theirs, 0, 1000));
}

/* Who waits does not get what a grant that does not cover it would give. */
TEST_F(live, waiting_for_what_never_comes)
{
	int key, released, status;
	pid_t waiter;

	open_and_release(_metadata, self, &key, &released);
	ASSERT_EQ(0, round_relock(self->fd));
	EXPECT_EQ(-ETIMEDOUT, release(self->fd, key, 0, 200));

	waiter = fork();
	if (!waiter)
		_exit(release(self->fd, key, 0, 20000) == -EKEYREJECTED ? 0 : 1);
	ASSERT_EQ(0, round_wait_waiters(1, 10000));
	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "other", 60));
	ASSERT_EQ(waiter, waitpid(waiter, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_HARNESS_MAIN
