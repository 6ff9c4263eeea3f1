// SPDX-License-Identifier: GPL-2.0
/*
 * Making, loading, reading and describing sealed keys.
 */
#include "chip.h"
#include "sealed.h"
#include "kselftest_harness.h"

#define RING	KEY_SPEC_USER_KEYRING

FIXTURE(keys)
{
	int fd;
	struct round_verifier verifier;
	const char *name;
};

FIXTURE_SETUP(keys)
{
	self->fd = round_open();
	ASSERT_LE(0, self->fd);
	round_verifier_make(&self->verifier);
	ASSERT_EQ(0, round_verifier_add(self->fd, &self->verifier));
	ASSERT_EQ(0, round_open_gate(self->fd, &self->verifier, "prod", 60));
	self->name = sealed_name();
}

/* Ends the grant, too. Keys go with @u, which is another test's as well: unlink them. */
FIXTURE_TEARDOWN(keys)
{
	key_serial_t key = keyctl_search(RING, "bastion", self->name, 0);

	if (key > 0)
		keyctl_unlink(key, RING);
	EXPECT_EQ(0, round_verifier_remove(self->fd, &self->verifier));
	close(self->fd);
}

static key_serial_t make(struct round_verifier *verifier, const char *name, const char *options)
{
	return sealed_new(verifier, "prod", name, options, RING);
}

TEST_F(keys, header)
{
	struct bastion_round_begin begin = { .size = sizeof(begin) };
	struct round round = { };
	struct bastion_blob_header header;
	uint8_t blob[BASTION_BLOB_MAX], policy[BASTION_DIGEST_SIZE], zero[64] = { };
	key_serial_t key;
	size_t len;

	memcpy(begin.verifier, self->verifier.digest, sizeof(begin.verifier));
	ASSERT_EQ(0, round_ioctl(self->fd, BASTION_IOC_ROUND_BEGIN, &begin));
	memcpy(round.begin.chip_id, begin.chip_id, sizeof(begin.chip_id));
	round_policy(&round, "prod", policy);
	key = make(&self->verifier, self->name, "");
	ASSERT_LT(0, key);
	len = sealed_blob(key, blob);
	ASSERT_EQ(sealed_len(blob), len);
	memcpy(&header, blob, sizeof(header));
	EXPECT_EQ(0, memcmp(header.magic, BASTION_BLOB_MAGIC, 8));
	EXPECT_EQ(BASTION_BLOB_VERSION, le16toh(header.version));
	EXPECT_EQ(BY_CHIP(BASTION_KIND_SECRET, BASTION_KIND_TPM), le16toh(header.kind));
	EXPECT_EQ(0, header.flags);
	EXPECT_EQ(0, memcmp(header.chip_id, begin.chip_id, 48));
	EXPECT_EQ(0, memcmp(header.verifier, self->verifier.digest, 48));
	EXPECT_EQ(0, memcmp(header.policy, policy, 48));
	EXPECT_STREQ(self->name, (char *)header.name);
	EXPECT_EQ(0, header.owner);
	EXPECT_EQ(BASTION_TYPE_LOGON | BASTION_TYPE_FSCRYPT, le32toh(header.types));
	EXPECT_EQ(0, header.register_mask);
	EXPECT_EQ(0, memcmp(header.register_digest, zero, 48));
	EXPECT_EQ(0, memcmp(header.executable, zero, 32));
	EXPECT_EQ(32, le32toh(header.secret_len));
	EXPECT_NE(0, memcmp(header.salt, zero, 32));
}

TEST_F(keys, options_are_in_the_header)
{
	static const char exe[] =
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct bastion_blob_header header;
	uint8_t blob[BASTION_BLOB_MAX];
	char options[256], hex[65];
	key_serial_t key;

	snprintf(options, sizeof(options),
		 "types=user owner=1234 registers=0xc0 exe=sha256:%s", exe);
	key = make(&self->verifier, self->name, options);
	ASSERT_LT(0, key);
	ASSERT_LT(0, sealed_blob(key, blob));
	memcpy(&header, blob, sizeof(header));
	EXPECT_EQ(BASTION_TYPE_USER, le32toh(header.types));
	EXPECT_EQ(1234, le32toh(header.owner));
	EXPECT_EQ(0xc0, le32toh(header.register_mask));
	EXPECT_EQ(BASTION_BLOB_EXECUTABLE, le32toh(header.flags));
	sealed_hex(header.executable, sizeof(header.executable), hex);
	EXPECT_STREQ(exe, hex);
}

TEST_F(keys, sizes)
{
	char payload[256], digest[2 * BASTION_DIGEST_SIZE + 1];
	uint8_t blob[BASTION_BLOB_MAX];
	key_serial_t key;
	int len;

	sealed_hex(self->verifier.digest, sizeof(self->verifier.digest), digest);
	snprintf(payload, sizeof(payload), "new %u verifier=%s policy=prod",
		 BY_CHIP(BASTION_SECRET_MAX, BASTION_TPM_SECRET_MAX), digest);
	key = sealed_add(self->name, payload, RING);
	ASSERT_LT(0, key);
	len = sealed_blob(key, blob);
	EXPECT_EQ(sealed_len(blob), len);
	EXPECT_GE(BASTION_BLOB_MAX, len);
	/* The largest is loaded back, and is the same key. */
	ASSERT_EQ(0, keyctl_unlink(key, RING));
	ASSERT_LT(0, sealed_load(self->name, blob, len, RING));
}

TEST_F(keys, two_keys_share_nothing)
{
	uint8_t one[BASTION_BLOB_MAX], two[BASTION_BLOB_MAX];
	key_serial_t key = make(&self->verifier, self->name, "");

	ASSERT_LT(0, key);
	ASSERT_LT(0, sealed_blob(key, one));
	ASSERT_EQ(0, keyctl_unlink(key, RING));
	key = make(&self->verifier, self->name, "");
	ASSERT_LT(0, key);
	ASSERT_LT(0, sealed_blob(key, two));
	EXPECT_NE(0, memcmp(one + offsetof(struct bastion_blob_header, salt),
			    two + offsetof(struct bastion_blob_header, salt), 32));
	EXPECT_NE(0, memcmp(one + sizeof(struct bastion_blob_header),
			    two + sizeof(struct bastion_blob_header), 32));
}

TEST_F(keys, what_a_key_is_never_changes)
{
	uint8_t before[BASTION_BLOB_MAX], after[BASTION_BLOB_MAX];
	key_serial_t key = make(&self->verifier, self->name, "");
	char payload[8 + 2 * BASTION_BLOB_MAX + 1] = "load ";
	int len = sealed_blob(key, before);

	ASSERT_LT(0, len);
	EXPECT_EQ(-EEXIST, make(&self->verifier, self->name, ""));
	EXPECT_EQ(-EEXIST, sealed_load(self->name, before, len, RING));
	sealed_hex(before, len, payload + 5);
	EXPECT_GT(0, keyctl_update(key, payload, strlen(payload)));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(len, sealed_blob(key, after));
	EXPECT_EQ(0, memcmp(before, after, len));
}

/* The line of /proc/keys that has @name. */
static char *proc_keys(const char *name)
{
	static char line[1024];
	FILE *file = fopen("/proc/keys", "r");

	while (fgets(line, sizeof(line), file))
		if (strstr(line, name)) {
			fclose(file);
			return line;
		}
	fclose(file);
	return NULL;
}

TEST_F(keys, proc_keys)
{
	struct bastion_blob_header header;
	uint8_t blob[BASTION_BLOB_MAX];
	char want[256], chip[17], policy[17], *line;
	key_serial_t key = make(&self->verifier, self->name, "");

	ASSERT_LT(0, key);
	ASSERT_LT(0, sealed_blob(key, blob));
	memcpy(&header, blob, sizeof(header));
	sealed_hex(header.chip_id, 8, chip);
	sealed_hex(header.policy, 8, policy);
	snprintf(want, sizeof(want), " bastion   %s: %s 32 chip=%s policy=%s attested\n",
		 self->name, BY_CHIP("secret", "tpm"), chip, policy);
	line = proc_keys(self->name);
	ASSERT_NE(NULL, line);
	EXPECT_NE(NULL, strstr(line, want))
		TH_LOG("%s", line);
	ASSERT_EQ(0, round_relock(self->fd));
	line = proc_keys(self->name);
	ASSERT_NE(NULL, line);
	EXPECT_NE(NULL, strstr(line, " locked\n"))
		TH_LOG("%s", line);
}

TEST_F(keys, policies)
{
	struct round_grant grant;
	struct round round;

	EXPECT_EQ(-EKEYREJECTED, sealed_new(&self->verifier, "other", self->name, "", RING));
	/* A grant that lets keys be released does not let any be made. */
	ASSERT_EQ(0, round_prepare(&round, &grant, self->fd, &self->verifier, "prod"));
	grant.entries[0] = grant.entries[1];
	grant.count = 1;
	grant.fixed.entry_count = htole32(1);
	round_sign(&round, &grant, self->verifier.key);
	ASSERT_EQ(0, round_submit(&round, &grant));
	EXPECT_EQ(-EKEYREJECTED, make(&self->verifier, self->name, ""));
}

struct attempt {
	struct round_verifier *verifier;
	const char *name, *options;
};

static int make_in_child(void *arg)
{
	struct attempt *attempt = arg;
	int ret = sealed_new(attempt->verifier, "prod", attempt->name, attempt->options,
			     KEY_SPEC_PROCESS_KEYRING);

	return ret < 0 ? -ret : 0;
}

TEST_F(keys, making_them_for_others_is_privileged)
{
	struct attempt attempt = { &self->verifier, self->name, "owner=0" };

	EXPECT_EQ(EPERM, sealed_in_child(sealed_be_nobody, make_in_child, &attempt));
	attempt.options = "owner=1234";
	EXPECT_EQ(EPERM, sealed_in_child(sealed_be_nobody, make_in_child, &attempt));
	EXPECT_EQ(EPERM, sealed_in_child(sealed_drop_sys_admin, make_in_child, &attempt));
	EXPECT_EQ(0, sealed_in_child(NULL, make_in_child, &attempt));
	attempt.options = "owner=65534";
	EXPECT_EQ(0, sealed_in_child(sealed_be_nobody, make_in_child, &attempt));
	attempt.options = "";
	EXPECT_EQ(0, sealed_in_child(sealed_be_nobody, make_in_child, &attempt));
}

TEST_F(keys, load)
{
	uint8_t blob[BASTION_BLOB_MAX], again[BASTION_BLOB_MAX];
	key_serial_t key = make(&self->verifier, self->name, "");
	int len;

	ASSERT_LT(0, key);
	len = sealed_blob(key, blob);
	ASSERT_LT(0, len);
	ASSERT_EQ(0, keyctl_unlink(key, RING));
	/* It needs no grant. */
	ASSERT_EQ(0, round_relock(self->fd));
	key = sealed_load(self->name, blob, len, RING);
	ASSERT_LT(0, key);
	ASSERT_EQ(len, sealed_blob(key, again));
	EXPECT_EQ(0, memcmp(blob, again, len));
	EXPECT_EQ(-EKEYREJECTED, sealed_load("another", blob, len, KEY_SPEC_PROCESS_KEYRING));
}

TEST_F(keys, load_of_garbage)
{
	uint8_t blob[BASTION_BLOB_MAX + 1], bytes[BASTION_BLOB_MAX + 1];
	key_serial_t key = make(&self->verifier, self->name, "");
	int len, i;

	ASSERT_LT(0, key);
	len = sealed_blob(key, blob);
	ASSERT_LT(0, len);
	ASSERT_EQ(0, keyctl_unlink(key, RING));
	for (i = 1; i <= (int)BASTION_BLOB_MAX; i += 97) {
		ROUND_MUST(RAND_bytes(bytes, sizeof(bytes)));
		EXPECT_EQ(-EBADMSG, sealed_load(self->name, bytes, i, RING));
	}
	/* Cut off, and longer than it says. */
	for (i = 1; i < len; i += 13)
		EXPECT_EQ(-EBADMSG, sealed_load(self->name, blob, i, RING));
	EXPECT_EQ(-EBADMSG, sealed_load(self->name, blob, len - 1, RING));
	EXPECT_EQ(-EBADMSG, sealed_load(self->name, blob, len + 1, RING));
	EXPECT_EQ(-EBADMSG, sealed_load(self->name, blob, BASTION_BLOB_MAX, RING));
	EXPECT_EQ(-EINVAL, sealed_load(self->name, blob, BASTION_BLOB_MAX + 1, RING));
}

static int load_until_quota(void *arg)
{
	uint8_t *blob = arg;
	const struct bastion_blob_header *header = arg;
	size_t len = sealed_len(blob);
	char ring[16];
	int i, keyring, ret;

	if (keyctl_join_session_keyring(NULL) < 0)
		return 1;
	for (i = 0; i < 1000; i++) {
		snprintf(ring, sizeof(ring), "r%d", i);
		keyring = add_key("keyring", ring, NULL, 0, KEY_SPEC_SESSION_KEYRING);
		if (keyring < 0)
			return errno;
		ret = sealed_load((char *)header->name, blob, len, keyring);
		if (ret < 0)
			return -ret;
	}
	return 0;
}

/* By bytes: the number of keys is the kernel's business, the size is the type's. */
TEST_F(keys, quota)
{
	static const char keys[] = "/proc/sys/kernel/keys/maxkeys";
	uint8_t blob[BASTION_BLOB_MAX];
	key_serial_t key = make(&self->verifier, self->name, "");
	int before;

	ASSERT_LT(0, key);
	ASSERT_LT(0, sealed_blob(key, blob));
	before = sealed_exchange_number(keys, 2000);
	EXPECT_EQ(EDQUOT, sealed_in_child(sealed_be_nobody, load_until_quota, blob));
	sealed_exchange_number(keys, before);
}

TEST_F(keys, registers)
{
	struct bastion_extend extend = {
		.size = sizeof(extend), .index = 7, .name = "key-type",
		.data = (uintptr_t)"x", .data_len = 1,
	};
	key_serial_t key = make(&self->verifier, self->name, "registers=0x80");

	ASSERT_LT(0, key);
	EXPECT_LT(0, sealed_release(self->fd, key, BASTION_TYPE_LOGON, KEY_SPEC_PROCESS_KEYRING));
	ASSERT_EQ(0, round_ioctl(self->fd, BASTION_IOC_EXTEND, &extend));
	/* The grant, which does not name the register, is still there. */
	ASSERT_EQ(BASTION_STATE_ATTESTED, round_state(self->fd));
	EXPECT_EQ(-EKEYREJECTED, sealed_release(self->fd, key, BASTION_TYPE_LOGON,
						KEY_SPEC_PROCESS_KEYRING));
}

TEST_F(keys, types)
{
	key_serial_t key = make(&self->verifier, self->name, "types=user");

	ASSERT_LT(0, key);
	EXPECT_EQ(-EKEYREJECTED, sealed_release(self->fd, key, BASTION_TYPE_LOGON,
						KEY_SPEC_PROCESS_KEYRING));
	EXPECT_EQ(-EKEYREJECTED, sealed_release(self->fd, key, BASTION_TYPE_FSCRYPT,
						KEY_SPEC_PROCESS_KEYRING));
	EXPECT_LT(0, sealed_release(self->fd, key, BASTION_TYPE_USER, KEY_SPEC_PROCESS_KEYRING));
}

TEST_F(keys, dead_ones_are_not_released)
{
	key_serial_t key = make(&self->verifier, self->name, "");

	ASSERT_LT(0, key);
	ASSERT_EQ(0, keyctl_revoke(key));
	EXPECT_EQ(-EKEYREVOKED, sealed_release(self->fd, key, BASTION_TYPE_LOGON,
					       KEY_SPEC_PROCESS_KEYRING));
}

static int read_key(void *arg)
{
	char byte;

	return keyctl_read(*(key_serial_t *)arg, &byte, 1) < 0 ? errno : 0;
}

TEST_F(keys, permissions_are_those_of_keys)
{
	key_serial_t key = make(&self->verifier, self->name, "");

	ASSERT_LT(0, key);
	EXPECT_EQ(EACCES, sealed_in_child(sealed_be_nobody, read_key, &key));
	/* Only the whole blob is read. */
	EXPECT_EQ(0, read_key(&key));
}

TEST_HARNESS_MAIN
