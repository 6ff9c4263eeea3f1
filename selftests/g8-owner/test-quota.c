// SPDX-License-Identifier: GPL-2.0
/*
 * G8: keys that a user has let go of do not count against that user for as long as their grant lasts:
 * neither when another is wanted, nor when the grant is renewed.
 */
#include <poll.h>

#include "gate.h"
#include "kselftest_harness.h"

#define HOLDER	73002	/* a uid that no other test uses */
#define MANY	20	/* more than a release looks at */
#define MAXKEYS	"/proc/sys/kernel/keys/maxkeys"

FIXTURE(quota)
{
	struct gate gate;
	int maxkeys;
};

FIXTURE_SETUP(quota)
{
	ASSERT_EQ(0, gate_setup(&self->gate));
	self->maxkeys = sealed_exchange_number(MAXKEYS, 10 * MANY);
}

FIXTURE_TEARDOWN(quota)
{
	sealed_exchange_number(MAXKEYS, self->maxkeys);
	EXPECT_EQ(0, gate_teardown(&self->gate));
}

/* Who holds keys says so on one pipe, and is told by the other to go on. */
struct holder {
	int fd, len, ready[2], go[2];
	uint8_t blob[BASTION_BLOB_MAX];
};

static int release_one(const struct holder *holder, key_serial_t ring)
{
	return sealed_release_blob(holder->fd, holder->blob, holder->len, BASTION_TYPE_LOGON, ring);
}

static int hold_many(void *arg)
{
	struct holder *holder = arg;
	key_serial_t ring;
	char byte;
	int i, ret;

	if (sealed_be_user(HOLDER))
		return 255;
	for (i = 0; i < MANY; i++) {
		ring = add_key("keyring", sealed_name(), NULL, 0, KEY_SPEC_PROCESS_KEYRING);
		if (ring < 0)
			return 254;
		ret = release_one(holder, ring);
		if (ret < 0)
			return -ret;
	}
	if (write(holder->ready[1], "r", 1) != 1 || read(holder->go[0], &byte, 1) != 1)
		return 253;
	ring = add_key("keyring", sealed_name(), NULL, 0, KEY_SPEC_PROCESS_KEYRING);
	if (ring != -1 || errno != EDQUOT)
		return 252;
	ret = release_one(holder, KEY_SPEC_PROCESS_KEYRING);
	return ret < 0 ? -ret : 0;
}

/* How many released keys of the caller's uid there are, and how many of them somebody has. */
static int count_keys(int *had)
{
	FILE *file = fopen("/proc/keys", "r");
	int usage, uid, count = 0;
	char line[1024];

	*had = 0;
	while (fgets(line, sizeof(line), file)) {
		if (!strstr(line, " bastion:") ||
		    sscanf(line, "%*x %*s %d %*s %*x %d", &usage, &uid) != 2 || uid != HOLDER)
			continue;
		count++;
		*had += usage > 1;
	}
	fclose(file);
	return count;
}

/* @arg: how many there are in the end, which nobody has. */
static int wait_until_let_go(void *arg)
{
	const int *wanted = arg;
	long long end = sealed_now_ms() + 60000;
	int count, had;

	if (sealed_be_user(HOLDER))
		return 255;
	do {
		count = count_keys(&had);
	} while ((had || count != *wanted) && sealed_now_ms() < end && !poll(NULL, 0, 20));
	return had || count != *wanted;
}

static int release_as_holder(void *arg)
{
	int ret;

	if (sealed_be_user(HOLDER))
		return 255;
	ret = release_one(arg, KEY_SPEC_PROCESS_KEYRING);
	return ret < 0 ? -ret : 0;
}

/* What counts against the uid, with what it may have set to that: its next key is one too many. */
static int leave_no_room(void)
{
	FILE *file = fopen("/proc/key-users", "r");
	int uid, keys, found = -1;
	char line[256];

	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%d: %*d %*d/%*d %d/", &uid, &keys) == 2 && uid == HOLDER)
			found = keys;
	fclose(file);
	if (found > 0)
		sealed_exchange_number(MAXKEYS, found);
	return found;
}

/* Keys that somebody has had, and lets go of: 0. */
static int have_let_go(struct gate *gate, struct holder *holder)
{
	int all = MANY, ret;
	pid_t pid;
	char byte;

	holder->fd = gate->fd;
	holder->len = gate_blob(gate, HOLDER, "", holder->blob);
	if (holder->len < 0 || pipe(holder->ready) || pipe(holder->go))
		return -1;
	pid = sealed_start(hold_many, holder);
	close(holder->ready[1]);
	if (read(holder->ready[0], &byte, 1) != 1 || leave_no_room() < MANY ||
	    write(holder->go[1], "g", 1) != 1)
		return -1;
	/* As long as somebody has them, they count. */
	ret = sealed_result(pid);
	if (ret != EDQUOT)
		return ret ? ret : -1;
	return sealed_in_child(NULL, wait_until_let_go, &all);
}

TEST_F_TIMEOUT(quota, another_is_wanted, 200)
{
	static struct holder holder;

	ASSERT_EQ(0, have_let_go(&self->gate, &holder));
	ASSERT_LE(MANY, leave_no_room());
	EXPECT_EQ(0, sealed_in_child(NULL, release_as_holder, &holder));
}

TEST_F_TIMEOUT(quota, the_grant_is_renewed, 200)
{
	static struct holder holder;
	int none = 0;

	ASSERT_EQ(0, have_let_go(&self->gate, &holder));
	ASSERT_EQ(0, gate_attest(&self->gate));
	EXPECT_EQ(0, sealed_in_child(NULL, wait_until_let_go, &none));
}

TEST_HARNESS_MAIN
