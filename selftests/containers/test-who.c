// SPDX-License-Identifier: GPL-2.0
/*
 * Who may do what, from inside and outside of containers: a table of actors, and what
 * each of them gets. A capability in a user namespace of one's own is worth nothing here, a
 * file descriptor of somebody else's no more than one's own; a uid is the one outside.
 */
#include <linux/if_alg.h>
#include <sys/socket.h>

#include "become.h"
#include "gate.h"
#include "kselftest_harness.h"

#define LOGON	BASTION_TYPE_LOGON
#define USER	SEALED_NOBODY
#define ANOTHER	70000
#ifndef SOL_ALG
#define SOL_ALG	279
#endif
#ifndef ALG_SET_KEY_BY_KEY_SERIAL
#define ALG_SET_KEY_BY_KEY_SERIAL	7
#endif
#define SYSFS	"/sys/class/bastion/bastion0/"

/* Actors: each becomes somebody, in a child. 0, or -1 and errno. */

static int be_user(void)
{
	return become_user(USER);
}

static int be_another(void)
{
	return become_user(ANOTHER);
}

static int be_root(void)
{
	return 0;
}

static int be_root_of_roots_namespace(void)
{
	return become_in_namespace(0);
}

static int be_users_root(void)
{
	return be_user() ? -1 : become_in_namespace(0);
}

static int be_users_roots_root(void)
{
	return be_users_root() ? -1 : become_in_namespace(0);
}

static int be_user_elsewhere(void)
{
	return be_user() || become_in_namespace(1000) || sealed_drop_sys_admin() ? -1 : 0;
}

static int be_unmapped(void)
{
	return be_user() ? -1 : unshare(CLONE_NEWUSER);
}

static int be_others_root(void)
{
	return be_another() ? -1 : become_in_namespace(0);
}

static int be_privileged_container(void)
{
	return become_contained();
}

static int be_plain_container(void)
{
	return become_contained() ? -1 : sealed_drop_sys_admin();
}

static int be_users_container(void)
{
	return be_users_root() ? -1 : become_contained();
}

/**
 * struct actor - who asks, and what is to come of it: 0 or an errno
 * @admin:	what is for CAP_SYS_ADMIN of the initial user namespace: EFAULT, where the argument is bad
 * @roots:	a release of uid 0's key
 * @users:	of the user's, by each door
 * @bound:	of the user's that is bound to this program
 * @others:	to make a key for uid 0
 * @own:	to make a key of its own
 * @makes:	whose such keys are
 * @finds:	what the user has in its keyring @u
 * @relock:	to open sysfs's relock, which its mode guards; to write wants the capability
 */
static const struct actor {
	const char *name;
	int (*become)(void);
	int admin, roots, users, bound, others, own;
	uid_t makes;
	int finds, relock;
} actors[] = {
	{ "root", be_root, EFAULT, 0, EACCES, EACCES, 0, 0, 0, ENOKEY, 0 },
	{ "root without CAP_SYS_ADMIN", sealed_drop_sys_admin,
	  EPERM, EACCES, EACCES, EACCES, EPERM, EPERM, 0, ENOKEY, 0 },
	{ "root, as root of a user namespace", be_root_of_roots_namespace,
	  EPERM, EACCES, EACCES, EACCES, EPERM, EPERM, 0, ENOKEY, 0 },
	{ "root of a container with CAP_SYS_ADMIN", be_privileged_container,
	  EFAULT, 0, EACCES, EACCES, 0, 0, 0, ENOKEY, 0 },
	{ "root of a container without CAP_SYS_ADMIN", be_plain_container,
	  EPERM, EACCES, EACCES, EACCES, EPERM, EPERM, 0, ENOKEY, 0 },
	{ "the user", be_user, EPERM, EACCES, 0, 0, EPERM, 0, USER, 0, EACCES },
	{ "the user, as root of a user namespace", be_users_root,
	  EPERM, EACCES, 0, EKEYREJECTED, EPERM, 0, USER, ENOKEY, EACCES },
	{ "the user, as root of a user namespace in one", be_users_roots_root,
	  EPERM, EACCES, 0, EKEYREJECTED, EPERM, 0, USER, ENOKEY, EACCES },
	{ "the user, as another uid of a user namespace", be_user_elsewhere,
	  EPERM, EACCES, 0, EKEYREJECTED, EPERM, 0, USER, ENOKEY, EACCES },
	{ "the user, without a uid in a user namespace", be_unmapped,
	  EPERM, EACCES, 0, EKEYREJECTED, EPERM, 0, USER, ENOKEY, EACCES },
	{ "the user, as root of a container", be_users_container,
	  EPERM, EACCES, 0, EKEYREJECTED, EPERM, 0, USER, ENOKEY, EACCES },
	{ "another user", be_another,
	  EPERM, EACCES, EACCES, EACCES, EPERM, 0, ANOTHER, ENOKEY, EACCES },
	{ "another user, as root of a user namespace", be_others_root,
	  EPERM, EACCES, EACCES, EACCES, EPERM, 0, ANOTHER, ENOKEY, EACCES },
};

/** struct blob - a sealed key as bytes, and its name */
struct blob {
	char name[48], description[64];
	uint8_t bytes[BASTION_BLOB_MAX];
	int len;
};

FIXTURE(who)
{
	struct gate gate;
	struct blob roots, users, bound;
	const struct actor *actor;
};

static int make_blob(struct gate *gate, const char *options, struct blob *blob)
{
	key_serial_t key;

	strcpy(blob->name, sealed_name());
	snprintf(blob->description, sizeof(blob->description), "bastion:%s", blob->name);
	key = gate_new(gate, blob->name, options);
	if (key < 0)
		return key;
	blob->len = sealed_blob(key, blob->bytes);
	keyctl_unlink(key, KEY_SPEC_SESSION_KEYRING);
	return blob->len < 0 ? blob->len : 0;
}

typedef FIXTURE_DATA(who) world;

/* For the user itself, outside: its keyring @u has the key then. */
static int keep(void *arg)
{
	world *w = arg;

	if (be_user())
		return 255;
	return sealed_load(w->users.name, w->users.bytes, w->users.len, KEY_SPEC_USER_KEYRING) < 0;
}

FIXTURE_SETUP(who)
{
	char bound[128];

	ASSERT_EQ(0, gate_setup(&self->gate));
	ASSERT_EQ(0, make_blob(&self->gate, "", &self->roots));
	ASSERT_EQ(0, make_blob(&self->gate, "owner=65534", &self->users));
	snprintf(bound, sizeof(bound), "owner=65534 exe=sha256:%s", sealed_own_digest());
	ASSERT_EQ(0, make_blob(&self->gate, bound, &self->bound));
	ASSERT_EQ(0, sealed_in_child(NULL, keep, self));
}

FIXTURE_TEARDOWN(who)
{
	EXPECT_EQ(0, gate_teardown(&self->gate));
}

/* What an actor tries. Each runs as the actor, and returns 0 or an errno. */

static const unsigned long privileged[] = {
	BASTION_IOC_ROUND_BEGIN, BASTION_IOC_QUOTE, BASTION_IOC_GRANT, BASTION_IOC_RELOCK,
	BASTION_IOC_VERIFIER_ADD, BASTION_IOC_VERIFIER_REMOVE, BASTION_IOC_VERIFIER_LIST,
	BASTION_IOC_EXTEND,
};

/* All of them by @fd: what they have in common, or 240 + which one differs. */
static int administer(int fd)
{
	int all = -round_ioctl(fd, privileged[0], NULL), one;
	char byte;

	for (unsigned int i = 1; i < ARRAY_SIZE(privileged); i++) {
		one = -round_ioctl(fd, privileged[i], NULL);
		if (one != all)
			return 240 + i;
	}
	/* Events are for the same; no event is that short. */
	one = read(fd, &byte, sizeof(byte)) < 0 ? errno : 0;
	return one == (all == EFAULT ? EINVAL : all) ? all : 240;
}

static int administer_by_own(void *arg)
{
	int fd = round_open();

	return fd < 0 ? -fd : administer(fd);
}

static int administer_by_roots(void *arg)
{
	world *w = arg;

	return administer(w->gate.fd);
}

static int ask_info(void *arg)
{
	int fd = round_open();

	return fd < 0 ? -fd : round_state(fd) == BASTION_STATE_ATTESTED ? 0 : 255;
}

static int release(const struct blob *blob)
{
	int fd = round_open(), ret;

	if (fd < 0)
		return 255;
	ret = sealed_release_blob(fd, blob->bytes, blob->len, LOGON, KEY_SPEC_PROCESS_KEYRING);
	return ret < 0 ? -ret : 0;
}

static int release_roots(void *arg)
{
	return release(&((world *)arg)->roots);
}

static int release_users(void *arg)
{
	return release(&((world *)arg)->users);
}

static int release_bound(void *arg)
{
	return release(&((world *)arg)->bound);
}

static int request_users(void *arg)
{
	world *w = arg;

	if (keyctl_join_session_keyring(NULL) < 0 ||
	    sealed_load(w->users.name, w->users.bytes, w->users.len, KEY_SPEC_SESSION_KEYRING) < 0)
		return 255;
	return request_key("logon", w->users.description, "", KEY_SPEC_SESSION_KEYRING) < 0 ?
	       errno : 0;
}

static int make_for_root(void *arg)
{
	world *w = arg;
	key_serial_t key = sealed_new(&w->gate.verifier, "prod", sealed_name(), "owner=0",
				      KEY_SPEC_PROCESS_KEYRING);

	return key < 0 ? -key : 0;
}

static int make_own(void *arg)
{
	world *w = arg;
	key_serial_t key = sealed_new(&w->gate.verifier, "prod", sealed_name(), "",
				      KEY_SPEC_PROCESS_KEYRING);
	struct bastion_blob_header header;

	if (key < 0)
		return -key;
	if (sealed_header(key, &header))
		return 255;
	return le32toh(header.owner) == w->actor->makes ? 0 : 254;
}

static int find_users(void *arg)
{
	world *w = arg;

	return keyctl_search(KEY_SPEC_USER_KEYRING, "bastion", w->users.name, 0) < 0 ? errno : 0;
}

static int open_relock(void *arg)
{
	return open(SYSFS "relock", O_WRONLY | O_CLOEXEC) < 0 ? errno : 0;
}

#define TRY(expected, function) do {						\
	int seen = sealed_in_child(self->actor->become, function, self);	\
	EXPECT_EQ(expected, seen)						\
		TH_LOG("%s: %s gives %d", self->actor->name, #function, seen);	\
} while (0)

TEST_F_TIMEOUT(who, administers, 200)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(actors); i++) {
		self->actor = &actors[i];
		TRY(0, ask_info);
		TRY(self->actor->admin, administer_by_own);
		TRY(self->actor->admin, administer_by_roots);
		TRY(self->actor->relock, open_relock);
	}
}

TEST_F_TIMEOUT(who, is_given_keys, 200)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(actors); i++) {
		self->actor = &actors[i];
		TRY(self->actor->roots, release_roots);
		TRY(self->actor->users, release_users);
		TRY(self->actor->users, request_users);
		TRY(self->actor->bound, release_bound);
	}
}

TEST_F_TIMEOUT(who, makes_and_finds_keys, 200)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(actors); i++) {
		self->actor = &actors[i];
		TRY(self->actor->own, make_own);
		TRY(self->actor->others, make_for_root);
		TRY(self->actor->finds, find_users);
	}
}

/* What root was given is no other root's: it is not even found by its serial. */

struct given {
	key_serial_t serial;
	int (*become)(void);
};

static int leave_session(const struct given *given)
{
	return given->become() || keyctl_join_session_keyring(NULL) < 0;
}

static int invalidate(void *arg)
{
	struct given *given = arg;

	if (leave_session(given))
		return 255;
	return keyctl_invalidate(given->serial) ? errno : 0;
}

/* 0 or an errno: ENOPROTOOPT before Linux 6.2 */
static int encrypt_with(key_serial_t serial)
{
	struct sockaddr_alg name = { .salg_family = AF_ALG, .salg_type = "skcipher",
				     .salg_name = "cbc(aes)" };
	int fd = socket(AF_ALG, SOCK_SEQPACKET, 0), ret;

	if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof(name)))
		return 255;
	ret = setsockopt(fd, SOL_ALG, ALG_SET_KEY_BY_KEY_SERIAL, &serial, sizeof(serial)) ?
	      errno : 0;
	close(fd);
	return ret;
}

static int encrypt(void *arg)
{
	struct given *given = arg;

	return leave_session(given) ? 255 : encrypt_with(given->serial);
}

TEST_F(who, finds_by_its_serial)
{
	static int (*const others[])(void) = {
		be_root, sealed_drop_sys_admin, be_root_of_roots_namespace, be_plain_container,
	};
	struct given given = { .serial = sealed_release_blob(self->gate.fd, self->roots.bytes,
							     self->roots.len, LOGON,
							     KEY_SPEC_SESSION_KEYRING) };
	int by_owner;

	ASSERT_LT(0, given.serial);
	by_owner = encrypt_with(given.serial);
	for (unsigned int i = 0; i < ARRAY_SIZE(others); i++) {
		given.become = others[i];
		EXPECT_EQ(EACCES, sealed_in_child(NULL, invalidate, &given))
			TH_LOG("actor %u invalidates", i);
		EXPECT_EQ(by_owner ? by_owner : EACCES, sealed_in_child(NULL, encrypt, &given))
			TH_LOG("actor %u encrypts", i);
	}
	/* Whoever has it in a keyring of its own finds it. */
	EXPECT_TRUE(by_owner == 0 || by_owner == ENOPROTOOPT)
		TH_LOG("%d", by_owner);
	EXPECT_EQ(given.serial, keyctl_search(KEY_SPEC_SESSION_KEYRING, "logon",
					      self->roots.description, 0));
	EXPECT_EQ(0, keyctl_invalidate(given.serial));
}

TEST_HARNESS_MAIN
