// SPDX-License-Identifier: GPL-2.0
/*
 * Moving keys: the same secret under another verifier and policy, where the old
 * verifier says so, and never looser than before.
 */
#include "gate.h"
#include "sign.h"
#include "kselftest_harness.h"

FIXTURE(rebind)
{
	struct gate gate;
	struct round_verifier other;
	key_serial_t key;
	uint8_t secret[BASTION_SECRET_MAX];
};

FIXTURE_SETUP(rebind)
{
	ASSERT_EQ(0, gate_setup(&self->gate));
	round_verifier_make(&self->other);
	ASSERT_EQ(0, round_verifier_add(self->gate.fd, &self->other));
	ASSERT_EQ(0, gate_attest_move(&self->gate, &self->other, "next"));
	self->key = gate_new(&self->gate, self->gate.name, "types=user,logon");
	ASSERT_LT(0, self->key);
	ASSERT_EQ(32, sealed_bytes(self->gate.fd, self->key, self->secret));
}

FIXTURE_TEARDOWN(rebind)
{
	EXPECT_EQ(0, round_verifier_remove(self->gate.fd, &self->other));
	EXPECT_EQ(0, gate_teardown(&self->gate));
}

/* Does it give @secret to the grant of @verifier for @policy? 0 or -errno. */
static int opens(FIXTURE_DATA(rebind) *self, const struct round_verifier *verifier,
		 const char *policy)
{
	uint8_t secret[BASTION_SECRET_MAX];
	int ret = round_open_gate(self->gate.fd, verifier, policy, 60);

	if (ret)
		return ret;
	ret = sealed_bytes(self->gate.fd, self->key, secret);
	if (ret < 0)
		return ret;
	return ret == 32 && !memcmp(secret, self->secret, 32) ? 0 : -EILSEQ;
}

TEST_F(rebind, the_same_secret)
{
	struct bastion_blob_header before, after;
	uint8_t policy[BASTION_DIGEST_SIZE];
	struct round round = { };

	ASSERT_EQ(0, sealed_header(self->key, &before));
	ASSERT_EQ(0, sealed_rebind(self->key, &self->other, "next", ""));
	ASSERT_EQ(0, sealed_header(self->key, &after));
	memcpy(round.begin.chip_id, before.chip_id, sizeof(before.chip_id));
	round_policy(&round, "next", policy);
	EXPECT_EQ(0, memcmp(after.verifier, self->other.digest, 48));
	EXPECT_EQ(0, memcmp(after.policy, policy, 48));
	EXPECT_NE(0, memcmp(after.salt, before.salt, 32));
	/* Nothing else. */
	memcpy(after.verifier, before.verifier, 48);
	memcpy(after.policy, before.policy, 48);
	memcpy(after.salt, before.salt, 32);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	EXPECT_EQ(0, opens(self, &self->other, "next"));
}

/* And for nobody else any more. */
TEST_F(rebind, the_old_verifier)
{
	ASSERT_EQ(0, sealed_rebind(self->key, &self->other, "next", ""));
	EXPECT_EQ(-EAGAIN, opens(self, &self->gate.verifier, "prod"));
	EXPECT_EQ(-EKEYREJECTED, opens(self, &self->other, "prod"));
	/* Nor does it move the key once more. */
	ASSERT_EQ(0, round_relock(self->gate.fd));
	ASSERT_EQ(0, gate_attest_move(&self->gate, &self->other, "next"));
	EXPECT_EQ(-EAGAIN, sealed_rebind(self->key, &self->other, "next", ""));
}

/* Without a counter the old blob stays as good as it was. */
TEST_F(rebind, the_old_blob_without_a_counter)
{
	uint8_t blob[BASTION_BLOB_MAX];
	int len = sealed_blob(self->key, blob);

	ASSERT_LT(0, len);
	ASSERT_EQ(0, sealed_rebind(self->key, &self->other, "next", ""));
	EXPECT_EQ(0, opens(self, &self->other, "next"));
	ASSERT_EQ(0, gate_attest(&self->gate));
	EXPECT_LT(0, sealed_release_blob(self->gate.fd, blob, len, BASTION_TYPE_LOGON,
					 KEY_SPEC_PROCESS_KEYRING));
}

TEST_F(rebind, a_key_pair)
{
	uint8_t before[BASTION_POINT_SIZE], after[BASTION_POINT_SIZE];
	key_serial_t key = gate_make(&self->gate, "ecdsa", sealed_name(), "");

	ASSERT_LT(0, key);
	ASSERT_EQ(0, sign_point(key, before));
	ASSERT_EQ(0, sealed_rebind(key, &self->other, "next", ""));
	ASSERT_EQ(0, sign_point(key, after));
	EXPECT_EQ(0, memcmp(before, after, sizeof(after)));
	ASSERT_EQ(0, round_open_gate(self->gate.fd, &self->other, "next", 60));
	EXPECT_LT(0, sign_something(key));
	ASSERT_EQ(0, round_verifier_remove(self->gate.fd, &self->other));
	ASSERT_EQ(0, round_verifier_add(self->gate.fd, &self->other));
	EXPECT_EQ(-EAGAIN, sealed_rebind(key, &self->gate.verifier, "prod", ""));
}

TEST_F(rebind, what_was_imported_stays_so)
{
	key_serial_t user = add_key("user", sealed_name(), self->secret, 32,
				    KEY_SPEC_SESSION_KEYRING), key;
	struct bastion_blob_header header;
	char verb[32];

	snprintf(verb, sizeof(verb), "import %d", user);
	key = gate_make(&self->gate, verb, sealed_name(), "");
	ASSERT_LT(0, key);
	ASSERT_EQ(0, sealed_rebind(key, &self->other, "next", ""));
	ASSERT_EQ(0, sealed_header(key, &header));
	EXPECT_EQ(BASTION_BLOB_IMPORTED, le32toh(header.flags));
}

/* What the header says makes a derived key what it is. */
TEST_F(rebind, not_what_is_derived)
{
	key_serial_t key = gate_new(&self->gate, sealed_name(), "derive=a");

	ASSERT_LT(0, key);
	EXPECT_EQ(-EOPNOTSUPP, sealed_rebind(key, &self->other, "next", ""));
}

/* Who allows it */

TEST_F(rebind, not_without_a_grant)
{
	ASSERT_EQ(0, round_relock(self->gate.fd));
	EXPECT_EQ(-EAGAIN, sealed_rebind(self->key, &self->other, "next", ""));
	/* The destination's is none. */
	ASSERT_EQ(0, round_open_gate(self->gate.fd, &self->other, "next", 60));
	EXPECT_EQ(-EAGAIN, sealed_rebind(self->key, &self->other, "next", ""));
}

TEST_F(rebind, not_without_an_entry)
{
	ASSERT_EQ(0, gate_attest(&self->gate));
	EXPECT_EQ(-EKEYREJECTED, sealed_rebind(self->key, &self->other, "next", ""));
	EXPECT_EQ(-EKEYREJECTED, sealed_rebind(self->key, &self->gate.verifier, "prod", ""));
}

TEST_F(rebind, only_to_where_the_entry_says)
{
	struct round_verifier third;

	round_verifier_make(&third);
	EXPECT_EQ(-EKEYREJECTED, sealed_rebind(self->key, &self->other, "prod", ""));
	EXPECT_EQ(-EKEYREJECTED, sealed_rebind(self->key, &self->gate.verifier, "next", ""));
	EXPECT_EQ(-EKEYREJECTED, sealed_rebind(self->key, &third, "next", ""));
	EXPECT_EQ(0, sealed_rebind(self->key, &self->other, "next", ""));
}

/* It need not be registered here: the key may be on its way. */
TEST_F(rebind, to_a_stranger)
{
	struct round_verifier stranger;

	round_verifier_make(&stranger);
	ASSERT_EQ(0, gate_attest_move(&self->gate, &stranger, "prod"));
	ASSERT_EQ(0, sealed_rebind(self->key, &stranger, "prod", ""));
	EXPECT_EQ(-ENOKEY, sealed_release(self->gate.fd, self->key, BASTION_TYPE_LOGON,
					  KEY_SPEC_PROCESS_KEYRING));
}

struct mover {
	key_serial_t key;
	struct round_verifier *to;
};

static int move(void *arg)
{
	struct mover *mover = arg;

	return -sealed_rebind(mover->key, mover->to, "next", "");
}

/* The key's permissions let everybody write; the owner in the header is another matter. */
TEST_F(rebind, only_by_its_owner)
{
	struct mover mover = { self->key, &self->other };

	ASSERT_EQ(0, keyctl_setperm(self->key, KEY_POS_ALL | KEY_USR_ALL | KEY_OTH_ALL));
	EXPECT_EQ(EACCES, sealed_in_child(sealed_be_nobody, move, &mover));
	EXPECT_EQ(EACCES, sealed_in_child(sealed_drop_sys_admin, move, &mover));
	EXPECT_EQ(0, sealed_in_child(NULL, move, &mover));
	/* Root is not everybody's owner. */
	mover.key = gate_new(&self->gate, sealed_name(), "owner=65534");
	ASSERT_LT(0, mover.key);
	ASSERT_EQ(0, keyctl_setperm(mover.key, KEY_POS_ALL | KEY_USR_ALL | KEY_OTH_ALL));
	EXPECT_EQ(EACCES, move(&mover));
	EXPECT_EQ(0, sealed_in_child(sealed_be_nobody, move, &mover));
}

/* And the key service has its say, too. */
TEST_F(rebind, only_with_permission_to_write)
{
	ASSERT_EQ(0, keyctl_setperm(self->key, KEY_POS_ALL & ~KEY_POS_WRITE));
	EXPECT_EQ(-EACCES, sealed_rebind(self->key, &self->other, "next", ""));
}

/* A blob that nobody has authenticated is not sealed again. */
TEST_F(rebind, a_changed_blob)
{
	static const size_t at[] = {
		offsetof(struct bastion_blob_header, types), sizeof(struct bastion_blob_header),
		sizeof(struct bastion_blob_header) + 40,
	};
	uint8_t blob[BASTION_BLOB_MAX];
	int len = sealed_blob(self->key, blob);
	key_serial_t key;

	ASSERT_LT(0, len);
	for (unsigned int i = 0; i < ARRAY_SIZE(at); i++) {
		blob[at[i]] ^= BASTION_TYPE_FSCRYPT;
		key = sealed_load(self->gate.name, blob, len, KEY_SPEC_PROCESS_KEYRING);
		ASSERT_LT(0, key);
		EXPECT_EQ(-EBADMSG, sealed_rebind(key, &self->other, "next", ""));
		keyctl_unlink(key, KEY_SPEC_PROCESS_KEYRING);
		blob[at[i]] ^= BASTION_TYPE_FSCRYPT;
	}
}

/* Tighter, never looser */

#define ONES	"1111111111111111111111111111111111111111111111111111111111111111"
#define TWOS	"2222222222222222222222222222222222222222222222222222222222222222"

static const struct {
	const char *before, *options;
	int ret;
} matrix[] = {
	/* types */
	{ "types=logon,user", "", 0 },
	{ "types=logon,user", "types=logon,user", 0 },
	{ "types=logon,user", "types=logon", 0 },
	{ "types=logon", "types=user", -EKEYREJECTED },
	{ "types=logon", "types=logon,user", -EKEYREJECTED },
	/* executable */
	{ "", "exe=sha256:" ONES, 0 },
	{ "exe=sha256:" ONES, "", 0 },
	{ "exe=sha256:" ONES, "exe=sha256:" ONES, 0 },
	{ "exe=sha256:" ONES, "exe=sha256:" TWOS, -EKEYREJECTED },
	/* registers */
	{ "", "registers=0x60", 0 },
	{ "registers=0x40", "", 0 },
	{ "registers=0x40", "registers=0x60", 0 },
	{ "registers=0x60", "registers=0x40", -EKEYREJECTED },
	{ "registers=0x40", "registers=0x20", -EKEYREJECTED },
	/* counter */
	{ "", "counter=9", 0 },
	{ "counter=9", "", 0 },
	{ "counter=9", "counter=9", 0 },
	{ "counter=9", "counter=10", -EKEYREJECTED },
};

TEST_F(rebind, matrix)
{
	struct bastion_blob_header before, after;
	key_serial_t key;

	for (unsigned int i = 0; i < ARRAY_SIZE(matrix); i++) {
		key = gate_new(&self->gate, sealed_name(), matrix[i].before);
		ASSERT_LT(0, key);
		ASSERT_EQ(0, sealed_header(key, &before));
		EXPECT_EQ(matrix[i].ret, sealed_rebind(key, &self->other, "next",
						       matrix[i].options))
			TH_LOG("from '%s' to '%s'", matrix[i].before, matrix[i].options);
		ASSERT_EQ(0, sealed_header(key, &after));
		/* What was refused has changed nothing. */
		EXPECT_EQ(!matrix[i].ret, !!memcmp(&before, &after, sizeof(before)));
		EXPECT_EQ(before.owner, after.owner);
		EXPECT_EQ(0, after.types & ~before.types);
		EXPECT_EQ(0, before.register_mask & ~after.register_mask);
		EXPECT_LE(le32toh(before.min_svn), le32toh(after.min_svn));
		if (before.flags) {
			EXPECT_EQ(before.flags, after.flags);
			EXPECT_EQ(0, memcmp(before.executable, after.executable, 32));
		}
	}
}

/* What is bound to an executable is moved for no other, though anything may move it. */
TEST_F(rebind, the_executable_stays)
{
	char options[128];
	key_serial_t key;

	snprintf(options, sizeof(options), "exe=sha256:%s", sealed_own_digest());
	key = gate_new(&self->gate, sealed_name(), options);
	ASSERT_LT(0, key);
	ASSERT_EQ(0, sealed_rebind(key, &self->other, "next", ""));
	ASSERT_EQ(0, round_open_gate(self->gate.fd, &self->other, "next", 60));
	EXPECT_LT(0, sealed_release(self->gate.fd, key, BASTION_TYPE_LOGON,
				    KEY_SPEC_PROCESS_KEYRING));
	EXPECT_EQ(-EKEYREJECTED, sealed_release(self->gate.fd, key, BASTION_TYPE_LOGON,
						KEY_SPEC_USER_KEYRING));
}

static int extend(int fd)
{
	struct bastion_extend args = { .size = sizeof(args), .index = 6, .name = "rebind",
				       .data = (uintptr_t)"x", .data_len = 1 };

	return round_ioctl(fd, BASTION_IOC_EXTEND, &args);
}

/* Registers must still have the values that the key was sealed to. */
TEST_F(rebind, registers_that_have_changed)
{
	key_serial_t key = gate_new(&self->gate, sealed_name(), "registers=0x40");

	ASSERT_LT(0, key);
	ASSERT_EQ(0, extend(self->gate.fd));
	EXPECT_EQ(-EKEYREJECTED, sealed_rebind(key, &self->other, "next", ""));
	EXPECT_EQ(-EKEYREJECTED, sealed_rebind(key, &self->other, "next", "registers=0x40"));
	EXPECT_EQ(-EKEYREJECTED, sealed_rebind(key, &self->other, "next", "registers=0x60"));
}

/* Counters */

static uint64_t counter_of(key_serial_t key)
{
	struct bastion_blob_header header;

	return sealed_header(key, &header) ? UINT64_MAX : le64toh(header.counter_value);
}

TEST_F(rebind, a_counter_tells_old_from_new)
{
	key_serial_t key = gate_new(&self->gate, sealed_name(), "counter=11");
	uint8_t old[BASTION_BLOB_MAX];
	int len = sealed_blob(key, old);
	uint64_t value = counter_of(key);

	ASSERT_LT(0, len);
	ASSERT_EQ(0, gate_attest_move(&self->gate, &self->gate.verifier, "prod"));
	ASSERT_EQ(0, sealed_rebind(key, &self->gate.verifier, "prod", ""));
	EXPECT_EQ(value + 1, counter_of(key));
	/* Nothing is lost before the new one is used. */
	EXPECT_LT(0, sealed_release_blob(self->gate.fd, old, len, BASTION_TYPE_LOGON,
					 KEY_SPEC_PROCESS_KEYRING));
	EXPECT_LT(0, sealed_release(self->gate.fd, key, BASTION_TYPE_LOGON,
				    KEY_SPEC_PROCESS_KEYRING));
	EXPECT_EQ(-EKEYREJECTED, sealed_release_blob(self->gate.fd, old, len, BASTION_TYPE_LOGON,
						     KEY_SPEC_PROCESS_KEYRING));
	EXPECT_LT(0, sealed_release(self->gate.fd, key, BASTION_TYPE_LOGON,
				    KEY_SPEC_PROCESS_KEYRING));
	EXPECT_EQ(BASTION_STATE_ATTESTED, round_state(self->gate.fd));
}

/* Each link of a chain ends the one before it, by its own first use or the next move. */
TEST_F(rebind, a_chain_of_moves)
{
	const char *name = sealed_name();
	key_serial_t key = gate_make(&self->gate, "ecdsa", name, "counter=12"), old[4];
	uint64_t value = counter_of(key);
	uint8_t blob[BASTION_BLOB_MAX];

	ASSERT_LT(0, key);
	ASSERT_EQ(0, gate_attest_move(&self->gate, &self->gate.verifier, "prod"));
	for (int i = 0; i < 4; i++) {
		char ring[16];

		snprintf(ring, sizeof(ring), "old-%d", i);
		ASSERT_EQ(BASTION_BLOB_P384_SIZE, sealed_blob(key, blob));
		old[i] = sealed_load(name, blob, BASTION_BLOB_P384_SIZE,
				     add_key("keyring", ring, NULL, 0, KEY_SPEC_PROCESS_KEYRING));
		ASSERT_LT(0, old[i]);
		ASSERT_EQ(0, sealed_rebind(key, &self->gate.verifier, "prod", ""));
		EXPECT_EQ(value + i + 1, counter_of(key));
	}
	/* The last two: moving is a use, so the counter stands one below the newest. */
	EXPECT_EQ(-EKEYREJECTED, sign_something(old[0]));
	EXPECT_EQ(-EKEYREJECTED, sign_something(old[2]));
	EXPECT_LT(0, sign_something(old[3]));
	EXPECT_LT(0, sign_something(key));
	EXPECT_EQ(-EKEYREJECTED, sign_something(old[3]));
	EXPECT_EQ(-EKEYREJECTED, sealed_rebind(old[3], &self->gate.verifier, "prod", ""));
	EXPECT_LT(0, sign_something(key));
}

/* Keys that share a counter move together: that is what it means to share one. */
TEST_F(rebind, keys_made_later)
{
	key_serial_t one = gate_new(&self->gate, sealed_name(), "counter=13"), two;

	ASSERT_LT(0, one);
	ASSERT_EQ(0, gate_attest_move(&self->gate, &self->gate.verifier, "prod"));
	ASSERT_EQ(0, sealed_rebind(one, &self->gate.verifier, "prod", ""));
	ASSERT_LT(0, sealed_release(self->gate.fd, one, BASTION_TYPE_LOGON,
				    KEY_SPEC_PROCESS_KEYRING));
	two = gate_new(&self->gate, sealed_name(), "counter=13");
	ASSERT_LT(0, two);
	EXPECT_EQ(counter_of(one), counter_of(two));
}

TEST_HARNESS_MAIN
