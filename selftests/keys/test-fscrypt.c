// SPDX-License-Identifier: GPL-2.0
/*
 * Release for fscrypt: a key of the kernel's type fscrypt-provisioning that a file
 * system takes, and that is gone when the grant is.
 */
#include <linux/fscrypt.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "gate.h"
#include "kselftest_harness.h"

#define FSCRYPT	BASTION_TYPE_FSCRYPT
#define RING	KEY_SPEC_SESSION_KEYRING
#define TYPE	"fscrypt-provisioning"

FIXTURE(fscrypt)
{
	struct gate gate;
	key_serial_t key;
};

FIXTURE_SETUP(fscrypt)
{
	ASSERT_EQ(0, gate_setup(&self->gate));
	self->key = gate_make(&self->gate, "new 64", self->gate.name, "types=fscrypt,user");
	ASSERT_LT(0, self->key);
}

FIXTURE_TEARDOWN(fscrypt)
{
	EXPECT_EQ(0, gate_teardown(&self->gate));
}

/* What /proc/keys says of @key behind its description: "LENGTH [TYPE]". */
static bool shown(key_serial_t key, const char *description, unsigned int len, unsigned int type)
{
	FILE *file = fopen("/proc/keys", "r");
	char line[1024], want[128];
	unsigned int serial;
	bool found = false;

	snprintf(want, sizeof(want), " %s: %u [%u]\n", description, len, type);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%x", &serial) == 1 && (key_serial_t)serial == key)
			found = strstr(line, want) != NULL;
	fclose(file);
	return found;
}

TEST_F(fscrypt, the_ioctls_door)
{
	key_serial_t key = sealed_release(self->gate.fd, self->key, FSCRYPT, RING);
	char text[256];

	ASSERT_LT(0, key);
	EXPECT_EQ(key, keyctl_search(RING, TYPE, self->gate.description, 0));
	ASSERT_LT(0, keyctl_describe(key, text, sizeof(text)));
	EXPECT_NE(NULL, strstr(text, ";19010000;"))
		TH_LOG("%s", text);
	EXPECT_GT(0, keyctl_read(key, text, sizeof(text)));
	EXPECT_TRUE(shown(key, self->gate.description, 8 + 64, FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER));
}

TEST_F(fscrypt, request_keys_door)
{
	key_serial_t key = request_key(TYPE, self->gate.description, "", RING);

	ASSERT_LT(0, key);
	EXPECT_EQ(key, keyctl_search(RING, TYPE, self->gate.description, 0));
	EXPECT_TRUE(shown(key, self->gate.description, 8 + 64, FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER));
}

TEST_F(fscrypt, locked)
{
	ASSERT_EQ(0, round_relock(self->gate.fd));
	EXPECT_EQ(-EAGAIN, sealed_release(self->gate.fd, self->key, FSCRYPT, RING));
	EXPECT_GT(0, request_key(TYPE, self->gate.description, "nowait", RING));
	EXPECT_EQ(EAGAIN, errno);
}

/* Longer than the kernel takes: refused before anybody waits. */
TEST_F(fscrypt, too_long)
{
	key_serial_t key = gate_make(&self->gate, "new 65", sealed_name(), "types=fscrypt,user");

	ASSERT_LT(0, key);
	EXPECT_EQ(-EKEYREJECTED, sealed_release(self->gate.fd, key, FSCRYPT, RING));
	EXPECT_LT(0, sealed_release(self->gate.fd, key, BASTION_TYPE_USER, RING));
	ASSERT_EQ(0, round_relock(self->gate.fd));
	EXPECT_EQ(-EKEYREJECTED, sealed_release(self->gate.fd, key, FSCRYPT, RING));
}

TEST_F(fscrypt, has_to_be_allowed)
{
	key_serial_t key = gate_new(&self->gate, sealed_name(), "types=logon,user");

	ASSERT_LT(0, key);
	EXPECT_EQ(-EKEYREJECTED, sealed_release(self->gate.fd, key, FSCRYPT, RING));
}

/* The type cannot be revoked, so it has to be invalidated. */
TEST_F(fscrypt, gone_with_the_grant)
{
	key_serial_t one, two = request_key(TYPE, self->gate.description, "", RING);

	/* Through either door. */
	ASSERT_LT(0, two);
	one = sealed_release(self->gate.fd, self->key, FSCRYPT, KEY_SPEC_PROCESS_KEYRING);
	ASSERT_LT(0, one);
	ASSERT_NE(one, two);
	ASSERT_EQ(0, keyctl_link(one, KEY_SPEC_USER_KEYRING));
	EXPECT_EQ(0, sealed_dead(one));
	EXPECT_EQ(0, sealed_dead(two));
	ASSERT_EQ(0, round_relock(self->gate.fd));
	/* Were it only revoked, the secret would stay in memory until the last link goes. */
	EXPECT_EQ(ENOKEY, sealed_dead(one));
	EXPECT_EQ(ENOKEY, sealed_dead(two));
	EXPECT_GT(0, keyctl_search(KEY_SPEC_USER_KEYRING, TYPE, self->gate.description, 0));
	EXPECT_GT(0, request_key(TYPE, self->gate.description, NULL, 0));
}

TEST_F(fscrypt, gone_when_the_grant_ends)
{
	long long begun = sealed_now_ms();
	key_serial_t key;

	ASSERT_EQ(0, gate_attest(&self->gate));
	ASSERT_LT(0, sealed_release(self->gate.fd, self->key, FSCRYPT, KEY_SPEC_PROCESS_KEYRING));
	ASSERT_EQ(0, round_open_gate(self->gate.fd, &self->gate.verifier, "prod",
				     sealed_short_life(begun)));
	key = sealed_release(self->gate.fd, self->key, FSCRYPT, RING);
	ASSERT_LT(0, key);
	ASSERT_EQ(0, round_wait_state(BASTION_STATE_LOCKED, 60000));
	EXPECT_NE(0, sealed_dead(key));
}

TEST_F(fscrypt, holders_change_nothing)
{
	key_serial_t key = sealed_release(self->gate.fd, self->key, FSCRYPT, RING);

	ASSERT_LT(0, key);
	EXPECT_GT(0, keyctl_set_timeout(key, 0));
	EXPECT_EQ(EACCES, errno);
	EXPECT_GT(0, keyctl_setperm(key, 0x3f3f3f3f));
	EXPECT_EQ(EACCES, errno);
	EXPECT_GT(0, keyctl_update(key, "x", 1));
	EXPECT_EQ(EACCES, errno);
}

/* A file system that encrypts */

#define IMAGE	"/tmp/selftest-fscrypt.img"
#define MOUNT	"/tmp/selftest-fscrypt"

/* 0 or -errno; @identifier is what the file system computes from the key. */
static int add_to_file_system(int dir, key_serial_t key, const uint8_t *raw, size_t len,
			      uint8_t *identifier)
{
	struct fscrypt_add_key_arg *arg = calloc(1, sizeof(*arg) + len);
	int ret;

	arg->key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER;
	arg->key_id = key;
	arg->raw_size = len;
	if (len)
		memcpy(arg->raw, raw, len);
	ret = ioctl(dir, FS_IOC_ADD_ENCRYPTION_KEY, arg) < 0 ? -errno : 0;
	memcpy(identifier, arg->key_spec.u.identifier, FSCRYPT_KEY_IDENTIFIER_SIZE);
	free(arg);
	return ret;
}

/* The file system takes it, and takes it for the very key that the secret is. */
TEST_F_TIMEOUT(fscrypt, a_file_system_takes_it, 120)
{
	uint8_t one[FSCRYPT_KEY_IDENTIFIER_SIZE], two[FSCRYPT_KEY_IDENTIFIER_SIZE];
	uint8_t secret[BASTION_SECRET_MAX];
	key_serial_t key;
	int dir;

	if (system("modprobe -a loop ext4 && truncate -s 16M " IMAGE " &&"
		   " mkfs.ext4 -q -O encrypt " IMAGE " && mkdir -p " MOUNT " &&"
		   " mount -o loop " IMAGE " " MOUNT))
		SKIP(return, "no ext4 with encryption can be mounted here");
	dir = open(MOUNT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, dir);
	key = sealed_release(self->gate.fd, self->key, FSCRYPT, RING);
	ASSERT_LT(0, key);
	EXPECT_EQ(0, add_to_file_system(dir, key, NULL, 0, one));
	ASSERT_EQ(64, sealed_bytes(self->gate.fd, self->key, secret));
	EXPECT_EQ(0, add_to_file_system(dir, 0, secret, 64, two));
	EXPECT_EQ(0, memcmp(one, two, sizeof(one)));
	ASSERT_EQ(0, round_relock(self->gate.fd));
	EXPECT_NE(0, add_to_file_system(dir, key, NULL, 0, one));
	close(dir);
	EXPECT_EQ(0, umount(MOUNT));
	EXPECT_EQ(0, rmdir(MOUNT));
	unlink(IMAGE);
}

TEST_HARNESS_MAIN
