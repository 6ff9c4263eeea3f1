// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's keys of type "encrypted" under a released key: what was encrypted opens again with
 * it, and with nothing else, and not while the gate is locked.
 */
#include "gate.h"
#include "kselftest_harness.h"

#define RING	KEY_SPEC_SESSION_KEYRING
#define TYPE	"encrypted"
#define NAME	"selftest"

FIXTURE(encrypted)
{
	struct gate gate;
	key_serial_t sealed;
	char text[256], blob[512];
};

FIXTURE_SETUP(encrypted)
{
	ASSERT_EQ(0, gate_setup(&self->gate));
	self->sealed = gate_new(&self->gate, self->gate.name, "types=logon,user");
	ASSERT_LT(0, self->sealed);
	snprintf(self->text, sizeof(self->text), "new user:%s 32", self->gate.description);
}

FIXTURE_TEARDOWN(encrypted)
{
	EXPECT_EQ(0, gate_teardown(&self->gate));
}

static key_serial_t encrypted(const char *text)
{
	key_serial_t key = add_key(TYPE, NAME, text, strlen(text), RING);

	return key < 0 ? -errno : key;
}

/* ENODEV: no such type of keys */
static bool is_missing(void)
{
	if (system("modprobe -q encrypted-keys"))
		return encrypted("x") == -ENODEV;
	return false;
}

static key_serial_t master(FIXTURE_DATA(encrypted) *self)
{
	return sealed_release(self->gate.fd, self->sealed, BASTION_TYPE_USER, RING);
}

/* As it would be stored: what "load" takes. 0 or -errno */
static int store(FIXTURE_DATA(encrypted) *self, key_serial_t key)
{
	long len = keyctl_read(key, self->blob + 5, sizeof(self->blob) - 6);

	if (len < 0)
		return -errno;
	memcpy(self->blob, "load ", 5);
	self->blob[5 + len] = '\0';
	return 0;
}

TEST_F(encrypted, opens_with_the_released_key)
{
	char again[512] = "";
	key_serial_t key;

	if (is_missing())
		SKIP(return, "this kernel has no encrypted keys");
	ASSERT_LT(0, master(self));
	key = encrypted(self->text);
	ASSERT_LT(0, key) TH_LOG("%s", strerror(-key));
	ASSERT_EQ(0, store(self, key));
	ASSERT_EQ(0, keyctl_unlink(key, RING));

	/* The same secret, released anew under another grant */
	ASSERT_EQ(0, round_relock(self->gate.fd));
	ASSERT_EQ(0, gate_attest(&self->gate));
	ASSERT_LT(0, master(self));
	key = encrypted(self->blob);
	ASSERT_LT(0, key) TH_LOG("%s", strerror(-key));
	ASSERT_LT(0, keyctl_read(key, again, sizeof(again) - 1));
	EXPECT_STREQ(self->blob + 5, again);
}

TEST_F(encrypted, does_not_open_while_it_is_locked)
{
	char again[512];
	key_serial_t key;

	if (is_missing())
		SKIP(return, "this kernel has no encrypted keys");
	ASSERT_LT(0, master(self));
	key = encrypted(self->text);
	ASSERT_LT(0, key);
	ASSERT_EQ(0, store(self, key));
	ASSERT_EQ(0, round_relock(self->gate.fd));
	/* What the type has decrypted is a copy, and goes on; to read it, encrypted, takes the key. */
	EXPECT_GT(0, keyctl_read(key, again, sizeof(again)));
	ASSERT_EQ(0, keyctl_unlink(key, RING));
	/* The dead key is not used, and found for as long as the key service's collector takes. */
	key = encrypted(self->blob);
	EXPECT_TRUE(key == -ENOKEY || key == -EKEYREVOKED)
		TH_LOG("%d", key);
}

TEST_F(encrypted, opens_with_no_other)
{
	key_serial_t key;

	if (is_missing())
		SKIP(return, "this kernel has no encrypted keys");
	ASSERT_LT(0, master(self));
	key = encrypted(self->text);
	ASSERT_LT(0, key);
	ASSERT_EQ(0, store(self, key));
	ASSERT_EQ(0, keyctl_unlink(key, RING));
	ASSERT_EQ(0, round_relock(self->gate.fd));
	/* Of the same name, made up by somebody */
	ASSERT_LT(0, add_key("user", self->gate.description, "0123456789abcdef0123456789abcdef", 32,
			     RING));
	EXPECT_EQ(-EINVAL, encrypted(self->blob));
}

TEST_HARNESS_MAIN
