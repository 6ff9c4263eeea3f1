// SPDX-License-Identifier: GPL-2.0
/*
 * G8: a key goes only to its owner. Holding or loading a blob gives nobody
 * anything, and no change to a blob makes it somebody else's.
 */
#include <sys/fsuid.h>

#include "chip.h"
#include "gate.h"
#include "sign.h"
#include "kselftest_harness.h"

#define LOGON	BASTION_TYPE_LOGON

FIXTURE(owner)
{
	struct gate gate;
	uint8_t blob[BASTION_BLOB_MAX];
	int len;
};

static int make_blob(struct round_verifier *verifier, const char *name, const char *options,
		     uint8_t *blob)
{
	key_serial_t key = sealed_new(verifier, "prod", name, options, KEY_SPEC_PROCESS_KEYRING);
	int len = key < 0 ? key : sealed_blob(key, blob);

	if (key > 0)
		keyctl_unlink(key, KEY_SPEC_PROCESS_KEYRING);
	return len;
}

FIXTURE_SETUP(owner)
{
	ASSERT_EQ(0, gate_setup(&self->gate));
	self->len = make_blob(&self->gate.verifier, self->gate.name, "types=logon,user",
			      self->blob);
	ASSERT_LT(0, self->len);
}

FIXTURE_TEARDOWN(owner)
{
	EXPECT_EQ(0, gate_teardown(&self->gate));
}

struct thief {
	int fd;
	const uint8_t *blob;
	int len;
	const char *name, *description;
	const struct round_verifier *verifier;
};

static int release_blob(void *arg)
{
	struct thief *thief = arg;
	int ret = sealed_release_blob(thief->fd, thief->blob, thief->len, LOGON,
				      KEY_SPEC_PROCESS_KEYRING);

	return ret < 0 ? -ret : 0;
}

static int load_and_release(void *arg)
{
	struct thief *thief = arg;
	key_serial_t key = sealed_load(thief->name, thief->blob, thief->len,
				       KEY_SPEC_PROCESS_KEYRING);
	int ret;

	if (key < 0)
		return 200;
	ret = sealed_release(thief->fd, key, LOGON, KEY_SPEC_PROCESS_KEYRING);
	return ret < 0 ? -ret : 0;
}

static int load_and_request(void *arg)
{
	struct thief *thief = arg;

	if (keyctl_join_session_keyring(NULL) < 0 ||
	    sealed_load(thief->name, thief->blob, thief->len, KEY_SPEC_SESSION_KEYRING) < 0)
		return 200;
	return request_key("logon", thief->description, "", KEY_SPEC_SESSION_KEYRING) < 0 ?
	       errno : 0;
}

static int (*const doors[])(void *) = { release_blob, load_and_release, load_and_request };

#define THIEF(self) ((struct thief){ (self)->gate.fd, (self)->blob, (self)->len, \
				     (self)->gate.name, (self)->gate.description, NULL })

static int keep_everything(void)
{
	return 0;
}

TEST_F(owner, the_owner)
{
	struct thief thief = THIEF(self);

	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(0, sealed_in_child(keep_everything, doors[i], &thief))
			TH_LOG("door %d", i);
	}
}

TEST_F(owner, another_uid)
{
	struct thief thief = THIEF(self);

	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(EACCES, sealed_in_child(sealed_be_nobody, doors[i], &thief))
			TH_LOG("door %d", i);
	}
}

TEST_F(owner, root_without_its_capability)
{
	struct thief thief = THIEF(self);

	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(EACCES, sealed_in_child(sealed_drop_sys_admin, doors[i], &thief))
			TH_LOG("door %d", i);
	}
}

TEST_F(owner, root_of_a_container)
{
	struct thief thief = THIEF(self);

	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(EACCES, sealed_in_child(sealed_be_container_root, doors[i], &thief))
			TH_LOG("door %d", i);
	}
}

/* Nobody outside, uid 0 inside. */
static int be_nobody_called_root(void)
{
	int fd;

	if (sealed_be_nobody() || prctl(PR_SET_DUMPABLE, 1) || unshare(CLONE_NEWUSER))
		return -1;
	fd = open("/proc/self/uid_map", O_WRONLY);
	if (fd < 0 || write(fd, "0 65534 1", 9) != 9 || close(fd))
		return -1;
	return getuid() == 0 ? 0 : -1;
}

TEST_F(owner, an_owner_is_a_uid_of_the_machine)
{
	struct thief thief = THIEF(self);
	uint8_t blob[BASTION_BLOB_MAX];

	EXPECT_EQ(EACCES, sealed_in_child(be_nobody_called_root, release_blob, &thief));
	/* What belongs to it outside belongs to it inside. */
	thief.len = make_blob(&self->gate.verifier, self->gate.name, "owner=65534", blob);
	thief.blob = blob;
	ASSERT_LT(0, thief.len);
	EXPECT_EQ(0, sealed_in_child(be_nobody_called_root, release_blob, &thief));
}

static int take_nobodys_fsuid(void)
{
	setfsuid(SEALED_NOBODY);
	return 0;
}

TEST_F(owner, root_is_not_everybody)
{
	struct thief thief = THIEF(self);
	uint8_t blob[BASTION_BLOB_MAX];

	thief.len = make_blob(&self->gate.verifier, self->gate.name, "owner=65534", blob);
	thief.blob = blob;
	ASSERT_LT(0, thief.len);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(EACCES, sealed_in_child(keep_everything, doors[i], &thief))
			TH_LOG("door %d", i);
		EXPECT_EQ(0, sealed_in_child(sealed_be_nobody, doors[i], &thief))
			TH_LOG("door %d", i);
	}
	/* Keys belong to the file system's uid, as everywhere in the key service. */
	EXPECT_EQ(0, sealed_in_child(take_nobodys_fsuid, release_blob, &thief));
}

/* Loaded under another name, however it got there. */
TEST_F(owner, another_name)
{
	struct bastion_blob_header header;
	key_serial_t key;

	EXPECT_EQ(-EKEYREJECTED, sealed_load("another", self->blob, self->len,
					     KEY_SPEC_PROCESS_KEYRING));
	memcpy(&header, self->blob, sizeof(header));
	memset(header.name, 0, sizeof(header.name));
	strcpy((char *)header.name, "another");
	memcpy(self->blob, &header, sizeof(header));
	key = sealed_load("another", self->blob, self->len, KEY_SPEC_PROCESS_KEYRING);
	ASSERT_LT(0, key);
	EXPECT_EQ(-EBADMSG, sealed_release(self->gate.fd, key, LOGON, KEY_SPEC_PROCESS_KEYRING));
}

static bool is_refusal(int ret)
{
	/* ENOKEY: another verifier, whom nobody knows. */
	return ret == -EBADMSG || ret == -EACCES || ret == -EKEYREJECTED || ret == -ENOKEY;
}

/* One bit at a time, of every byte, header, ciphertext and tag. */
TEST_F_TIMEOUT(owner, tampering, 600)
{
	int ret, at;

	for (at = 0; at < self->len; at++) {
		int bit = 1 << (at % 8);

		ASSERT_EQ(0, gate_keep_open(&self->gate))
			TH_LOG("before byte %d", at);
		self->blob[at] ^= bit;
		ret = sealed_release_blob(self->gate.fd, self->blob, self->len, LOGON,
					  KEY_SPEC_PROCESS_KEYRING);
		self->blob[at] ^= bit;
		EXPECT_TRUE(is_refusal(ret))
			TH_LOG("byte %d: %d", at, ret);
	}
	/* None of it broke anything. */
	EXPECT_EQ(BASTION_STATE_ATTESTED, round_state(self->gate.fd));
	EXPECT_LT(0, sealed_release_blob(self->gate.fd, self->blob, self->len, LOGON,
					 KEY_SPEC_PROCESS_KEYRING));
}

/* Whole fields, set to what an attacker would like. */
TEST_F(owner, tampering_on_purpose)
{
	struct bastion_blob_header header, original;
	struct bastion_round_begin begin = { .size = sizeof(begin) };
	struct thief thief = THIEF(self);
	struct round round = { };

	memcpy(&original, self->blob, sizeof(original));
	memcpy(round.begin.chip_id, original.chip_id, sizeof(original.chip_id));

#define TAMPER(change) do {						\
		header = original;					\
		change;							\
		memcpy(self->blob, &header, sizeof(header));		\
	} while (0)

	TAMPER(header.owner = htole32(SEALED_NOBODY));
	EXPECT_EQ(EBADMSG, sealed_in_child(sealed_be_nobody, release_blob, &thief));
	TAMPER(header.types = htole32(BASTION_TYPE_ALL));
	EXPECT_EQ(EBADMSG, release_blob(&thief));
	/* That of a TPM is 0 in any case. */
	TAMPER(header.min_svn = 0);
	EXPECT_EQ(BY_CHIP(EBADMSG, 0), release_blob(&thief));
	TAMPER(header.secret_len = htole32(33));
	EXPECT_EQ(EBADMSG, release_blob(&thief));
	TAMPER(round_policy(&round, "other", header.policy));
	EXPECT_EQ(EKEYREJECTED, release_blob(&thief));
	TAMPER(header.register_mask = htole32(1));
	EXPECT_EQ(BY_CHIP(EBADMSG, EKEYREJECTED), release_blob(&thief));
	TAMPER((header.flags = htole32(1), header.executable[0] = 1));
	EXPECT_EQ(EKEYREJECTED, release_blob(&thief));
	TAMPER(header = original);
	EXPECT_EQ(0, release_blob(&thief));
}

/*
 * Blobs that somebody made up, each as far from a true one as the kernel lets pass. Chip and TPM
 * say different things to them, and none of it may lock the gate for everybody.
 */

enum fill { TRUE, ZEROES, ONES };

static const struct made_up {
	uint16_t kind;
	uint32_t secret_len;
	uint16_t private_len;	/* kind TPM */
	enum fill fill;		/* what follows the header */
} made_up[] = {
	{ BASTION_KIND_SECRET, 32, 0, ONES },
	{ BASTION_KIND_SECRET, BASTION_SECRET_MAX, 0, ZEROES },
	{ BASTION_KIND_DERIVED, 32, 0, ZEROES },
	{ BASTION_KIND_DERIVED, BASTION_SECRET_MAX, 0, ONES },
	{ BASTION_KIND_P384, BASTION_SCALAR_SIZE, 0, ZEROES },
	{ BASTION_KIND_P384, BASTION_SCALAR_SIZE, 0, ONES },
	{ BASTION_KIND_TPM, 32, 1, ZEROES },
	{ BASTION_KIND_TPM, 32, 1, ONES },
	{ BASTION_KIND_TPM, 32, 1, TRUE },
	{ BASTION_KIND_TPM, 32, 2, ZEROES },
	{ BASTION_KIND_TPM, 32, 2, ONES },
	{ BASTION_KIND_TPM, 32, 2, TRUE },
	{ BASTION_KIND_TPM, 32, 33, TRUE },
	{ BASTION_KIND_TPM, 32, 34, TRUE },
	{ BASTION_KIND_TPM, 32, 35, TRUE },
	{ BASTION_KIND_TPM, 32, 36, TRUE },
	{ BASTION_KIND_TPM, 32, 52, TRUE },
	{ BASTION_KIND_TPM, 32, 64, ONES },
	{ BASTION_KIND_TPM, 32, 64, ZEROES },
	{ BASTION_KIND_TPM, 32, 100, TRUE },
	{ BASTION_KIND_TPM, BASTION_TPM_SECRET_MAX, BASTION_TPM_PRIVATE_MAX, ZEROES },
	{ BASTION_KIND_TPM, BASTION_TPM_SECRET_MAX, BASTION_TPM_PRIVATE_MAX, TRUE },
	{ BASTION_KIND_TPM, BASTION_TPM_SECRET_MAX, BASTION_TPM_PRIVATE_MAX, ONES },
};

/* Its length; @blob begins as a true one, and is nobody's in the end. */
static int make_up(const struct made_up *what, uint8_t *blob)
{
	struct bastion_blob_header *header = (void *)blob;
	struct bastion_blob_tpm *tpm = (void *)(header + 1);
	uint8_t *content = (void *)(header + 1);

	header->kind = htole16(what->kind);
	header->owner = htole32(SEALED_NOBODY);
	header->types = htole32(what->kind == BASTION_KIND_P384 ? 0 : LOGON);
	header->min_svn = 0;
	header->secret_len = htole32(what->secret_len);
	if (what->fill != TRUE)
		memset(content, what->fill == ONES ? 0xff : 0,
		       blob + BASTION_BLOB_MAX - content);
	switch (what->kind) {
	case BASTION_KIND_TPM:
		tpm->private_len = htole16(what->private_len);
		tpm->reserved = 0;
		return sealed_len(blob);
	case BASTION_KIND_P384:
		*content = 4;
		return BASTION_BLOB_P384_SIZE;
	case BASTION_KIND_DERIVED:
		return BASTION_BLOB_DERIVED_SIZE;
	}
	return sealed_len(blob);
}

static int load_and_move(void *arg)
{
	struct thief *thief = arg;
	key_serial_t key = sealed_load(thief->name, thief->blob, thief->len,
				       KEY_SPEC_PROCESS_KEYRING);

	return key < 0 ? 200 : -sealed_rebind(key, thief->verifier, "prod", "");
}

static int load_and_use_pair(void *arg)
{
	struct thief *thief = arg;
	key_serial_t key = sealed_load(thief->name, thief->blob, thief->len,
				       KEY_SPEC_PROCESS_KEYRING);

	return key < 0 ? 200 : -sign_something(key);
}

TEST_F(owner, made_up_blobs_lock_nobody_out)
{
	uint8_t blob[BASTION_BLOB_MAX];
	struct thief thief = THIEF(self);

	thief.blob = blob;
	thief.verifier = &self->gate.verifier;
	if (!chip_is_tpm())
		ASSERT_EQ(0, gate_attest_move(&self->gate, &self->gate.verifier, "prod"));
	for (unsigned int i = 0; i < ARRAY_SIZE(made_up); i++) {
		uint16_t kind = made_up[i].kind;
		bool pair = kind == BASTION_KIND_P384;

		memset(blob, 0x5a, sizeof(blob));
		memcpy(blob, self->blob, self->len);
		thief.len = make_up(&made_up[i], blob);
		/* Key pairs are of no type to be released as; a TPM has none. */
		EXPECT_EQ(pair ? BY_CHIP(EKEYREJECTED, EBADMSG) : EBADMSG,
			  sealed_in_child(sealed_be_nobody, release_blob, &thief))
			TH_LOG("blob %u", i);
		EXPECT_EQ(pair ? EBADMSG : EOPNOTSUPP,
			  sealed_in_child(sealed_be_nobody, load_and_use_pair, &thief))
			TH_LOG("blob %u signs", i);
		if (!chip_is_tpm())
			EXPECT_EQ(kind == BASTION_KIND_DERIVED ? EOPNOTSUPP : EBADMSG,
				  sealed_in_child(sealed_be_nobody, load_and_move, &thief))
				TH_LOG("blob %u moves", i);
		ASSERT_EQ(BASTION_STATE_ATTESTED, round_state(self->gate.fd))
			TH_LOG("blob %u has locked the gate", i);
	}
	thief.blob = self->blob;
	thief.len = self->len;
	EXPECT_EQ(0, release_blob(&thief));
}

/* A key of one verifier's does not open for the grant of another's. */
TEST_F(owner, another_verifier)
{
	struct bastion_blob_header header;
	struct thief thief = THIEF(self);
	struct round_verifier rogue;

	round_verifier_make(&rogue);
	ASSERT_EQ(0, round_verifier_add(self->gate.fd, &rogue));
	ASSERT_EQ(0, round_open_gate(self->gate.fd, &rogue, "prod", 60));
	EXPECT_EQ(EAGAIN, release_blob(&thief));
	memcpy(&header, self->blob, sizeof(header));
	memcpy(header.verifier, rogue.digest, sizeof(header.verifier));
	memcpy(self->blob, &header, sizeof(header));
	EXPECT_EQ(EBADMSG, release_blob(&thief));
	EXPECT_EQ(0, round_verifier_remove(self->gate.fd, &rogue));
}

/* Key pairs do not go anywhere; their owner alone signs with them and moves them. */

struct holder {
	struct gate *gate;
	key_serial_t key;
};

static int sign_as_holder(void *arg)
{
	struct holder *holder = arg;
	int ret = sign_something(holder->key);

	return ret < 0 ? -ret : 0;
}

static int load_and_sign(void *arg)
{
	struct holder *holder = arg;
	uint8_t blob[BASTION_BLOB_MAX];
	int len = sealed_blob(holder->key, blob);
	struct bastion_blob_header header;

	memcpy(&header, blob, sizeof(header));
	holder->key = sealed_load((char *)header.name, blob, len, KEY_SPEC_PROCESS_KEYRING);
	return holder->key < 0 ? 200 : sign_as_holder(holder);
}

static int move_as_holder(void *arg)
{
	struct holder *holder = arg;

	return -sealed_rebind(holder->key, &holder->gate->verifier, "prod", "");
}

static int (*const uses[])(void *) = { sign_as_holder, load_and_sign, move_as_holder };
static int (*const others[])(void) = {
	sealed_be_nobody, sealed_drop_sys_admin, sealed_be_container_root, be_nobody_called_root,
};

/* All that the key's permissions can give, everybody has. */
static key_serial_t make_pair(struct gate *gate, const char *options)
{
	key_serial_t key = gate_make(gate, "ecdsa", sealed_name(), options);

	if (key > 0 && keyctl_setperm(key, KEY_POS_ALL | KEY_USR_ALL | KEY_OTH_ALL))
		return -errno;
	return key;
}

TEST_F(owner, of_a_key_pair)
{
	struct holder holder = { &self->gate, make_pair(&self->gate, "") };

	CHIP_NEEDS(CHIP_KEY_PAIRS);
	ASSERT_LT(0, holder.key);
	ASSERT_EQ(0, gate_attest_move(&self->gate, &self->gate.verifier, "prod"));
	for (unsigned int i = 0; i < ARRAY_SIZE(uses); i++) {
		for (unsigned int j = 0; j < ARRAY_SIZE(others); j++) {
			EXPECT_EQ(EACCES, sealed_in_child(others[j], uses[i], &holder))
				TH_LOG("use %u by %u", i, j);
		}
		EXPECT_EQ(0, sealed_in_child(NULL, uses[i], &holder))
			TH_LOG("use %u", i);
	}
}

TEST_F(owner, of_a_key_pair_is_not_root)
{
	struct holder holder = { &self->gate, make_pair(&self->gate, "owner=65534") };

	CHIP_NEEDS(CHIP_KEY_PAIRS);
	ASSERT_LT(0, holder.key);
	ASSERT_EQ(0, gate_attest_move(&self->gate, &self->gate.verifier, "prod"));
	for (unsigned int i = 0; i < ARRAY_SIZE(uses); i++) {
		EXPECT_EQ(EACCES, sealed_in_child(NULL, uses[i], &holder))
			TH_LOG("use %u", i);
		EXPECT_EQ(0, sealed_in_child(sealed_be_nobody, uses[i], &holder))
			TH_LOG("use %u", i);
	}
}

TEST_HARNESS_MAIN
