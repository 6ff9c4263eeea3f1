// SPDX-License-Identifier: GPL-2.0
/*
 * What makes the kernel trim its log, and what does not. Run by host-test-trim in a guest
 * of its own, as nobody who replays the log from its beginning can attest afterwards.
 */
#include <grp.h>
#include <pthread.h>
#include <sys/mman.h>

#include "gate.h"
#include "kselftest_harness.h"

#define TRIM_ABOVE	"/sys/module/bastion/parameters/trim_above"
#define LOG_FIRST	"/sys/class/bastion/bastion0/measurements/log_first"
#define LISTS		"/sys/kernel/security/bastion/bastion0/"
#define BINARY		LISTS "binary_runtime_measurements_sha384"
#define ASCII		LISTS "ascii_runtime_measurements"

#define POOR		71234	/* an unprivileged uid of nobody else's */
#define MANY		1024	/* keys: more than a budget has room for */
#define SOME		32	/* that are made under half of a grant, with any chip */

static long long number(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return -1;
	close(fd);
	return atoll(text);
}

static void set_number(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		err(1, "%s", path);
	close(fd);
}

FIXTURE(kept)
{
	int fd;
	struct round_verifier first, second;
};

FIXTURE_SETUP(kept)
{
	set_number(TRIM_ABOVE, "0");
	self->fd = round_open();
	ASSERT_LE(0, self->fd);
	round_verifier_make(&self->first);
	round_verifier_make(&self->second);
	ASSERT_EQ(0, round_verifier_add(self->fd, &self->first));
	ASSERT_EQ(0, round_verifier_add(self->fd, &self->second));
}

FIXTURE_TEARDOWN(kept)
{
	EXPECT_EQ(0, round_verifier_remove(self->fd, &self->first));
	EXPECT_EQ(0, round_verifier_remove(self->fd, &self->second));
	close(self->fd);
}

/* A round; returns how many entries its quote covers, or -errno. */
static long long attest(int fd, const struct round_verifier *verifier, uint32_t flags)
{
	struct round_grant grant;
	struct round round;
	int ret = round_prepare(&round, &grant, fd, verifier, "prod");

	if (ret)
		return ret;
	grant.fixed.flags = htole32(flags);
	grant.fixed.lifetime = htole32(GATE_LIFETIME);
	round_sign(&round, &grant, verifier->key);
	ret = round_submit(&round, &grant);
	return ret ? ret : (long long)round.quote.log_count;
}

static int extend(int fd, const char *text)
{
	struct bastion_extend args = {
		.size = sizeof(args), .index = 6, .name = "trim",
		.data = (uintptr_t)text, .data_len = strlen(text),
	};

	return round_ioctl(fd, BASTION_IOC_EXTEND, &args);
}

#define EXPECT_FIRST(wanted) EXPECT_EQ(wanted, number(LOG_FIRST))

TEST_F(kept, not_without_the_flag)
{
	long long before = number(LOG_FIRST);

	EXPECT_LT(0, attest(self->fd, &self->first, 0));
	EXPECT_LT(0, attest(self->fd, &self->second, 0));
	EXPECT_FIRST(before);
}

TEST_F(kept, not_before_all_have_it)
{
	long long before = number(LOG_FIRST);

	EXPECT_LT(0, attest(self->fd, &self->first, BASTION_GRANT_KEPT));
	EXPECT_FIRST(before);
	/* The same one twice is not two. */
	EXPECT_LT(0, attest(self->fd, &self->first, BASTION_GRANT_KEPT));
	EXPECT_FIRST(before);
	EXPECT_LT(0, attest(self->fd, &self->second, 0));
	EXPECT_FIRST(before);
}

TEST_F(kept, to_what_the_last_one_has)
{
	long long first, second;

	first = attest(self->fd, &self->first, BASTION_GRANT_KEPT);
	ASSERT_LT(0, first);
	ASSERT_EQ(0, extend(self->fd, "a"));
	ASSERT_EQ(0, extend(self->fd, "b"));
	second = attest(self->fd, &self->second, BASTION_GRANT_KEPT);
	EXPECT_LT(first, second);
	EXPECT_FIRST(first);
	/* A grant that says less than was said before takes nothing back. */
	EXPECT_EQ(second, attest(self->fd, &self->first, 0));
	EXPECT_FIRST(first);
	EXPECT_EQ(second, attest(self->fd, &self->first, BASTION_GRANT_KEPT));
	EXPECT_FIRST(second);
}

/* Who is registered has nothing at first, and also when it had everything before. */
TEST_F(kept, nothing_by_who_is_new)
{
	long long first = attest(self->fd, &self->first, BASTION_GRANT_KEPT), before;

	ASSERT_LT(0, first);
	EXPECT_EQ(first, attest(self->fd, &self->second, BASTION_GRANT_KEPT));
	EXPECT_FIRST(first);
	ASSERT_EQ(0, round_verifier_remove(self->fd, &self->second));
	ASSERT_EQ(0, round_verifier_add(self->fd, &self->second));
	before = number(LOG_FIRST);
	EXPECT_LT(0, attest(self->fd, &self->first, BASTION_GRANT_KEPT));
	EXPECT_FIRST(before);
}

/* A count that is not the quote's, whoever writes it into the grant, is no grant. */
TEST_F(kept, not_by_a_lie)
{
	static const long long lies[] = { -1, 1, 1000000 };
	long long before = number(LOG_FIRST);
	struct round_grant grant;
	struct round round;

	EXPECT_LT(0, attest(self->fd, &self->second, BASTION_GRANT_KEPT));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, round_prepare(&round, &grant, self->fd, &self->first, "prod"));
		grant.fixed.flags = htole32(BASTION_GRANT_KEPT);
		grant.fixed.log_count = htole64(round.quote.log_count + lies[i]);
		round_sign(&round, &grant, self->first.key);
		EXPECT_EQ(-EKEYREJECTED, round_submit(&round, &grant));
		EXPECT_FIRST(before);
	}
	/* Nor by one that was good, with the flag put into it on its way. */
	ASSERT_EQ(0, round_prepare(&round, &grant, self->fd, &self->first, "prod"));
	round_sign(&round, &grant, self->first.key);
	((struct bastion_grant *)grant.bytes)->flags = htole32(BASTION_GRANT_KEPT);
	round_seal_again(&round, &grant);
	EXPECT_EQ(-EKEYREJECTED, round_submit(&round, &grant));
	EXPECT_FIRST(before);
}

TEST_F(kept, not_while_it_is_short)
{
	long long before = number(LOG_FIRST);

	set_number(TRIM_ABOVE, "1000000");
	EXPECT_LT(0, attest(self->fd, &self->first, BASTION_GRANT_KEPT));
	EXPECT_LT(0, attest(self->fd, &self->second, BASTION_GRANT_KEPT));
	EXPECT_FIRST(before);
	/* It is not forgotten who has what. */
	set_number(TRIM_ABOVE, "0");
	EXPECT_LT(0, attest(self->fd, &self->second, BASTION_GRANT_KEPT));
	EXPECT_LT(before, number(LOG_FIRST));
}

/* A file that is open keeps to the list that it began with, or says that it cannot. */
TEST_F(kept, readers)
{
	static const char *const lists[] = { BINARY, ASCII };
	char some[16], rest[1 << 16];
	int fds[4];

	for (int i = 0; i < 40; i++)
		ASSERT_EQ(0, extend(self->fd, "readers"));
	for (int i = 0; i < 4; i++)
		fds[i] = open(lists[i / 2], O_RDONLY);
	/* Two of them are in the middle, with more of it read by the kernel than by us. */
	for (int i = 0; i < 4; i += 2)
		ASSERT_EQ(sizeof(some), read(fds[i], some, sizeof(some)));
	EXPECT_LT(0, attest(self->fd, &self->first, BASTION_GRANT_KEPT));
	EXPECT_LT(0, attest(self->fd, &self->second, BASTION_GRANT_KEPT));
	for (int i = 0; i < 4; i++) {
		ssize_t n;

		while ((n = read(fds[i], rest, sizeof(rest))) > 0)
			;
		EXPECT_EQ(-1, n);
		EXPECT_EQ(ESTALE, errno);
		EXPECT_EQ(0, lseek(fds[i], 0, SEEK_SET));
		EXPECT_EQ(-1, read(fds[i], rest, sizeof(rest)));
		EXPECT_EQ(ESTALE, errno);
		close(fds[i]);
	}
	/* Opened again it begins with what is left. */
	fds[0] = open(BINARY, O_RDONLY);
	EXPECT_LE(0, read(fds[0], rest, sizeof(rest)));
	ASSERT_EQ(0, extend(self->fd, "after"));
	EXPECT_LT(0, read(fds[0], rest, sizeof(rest)));
	EXPECT_NE(NULL, memmem(rest, 256, "after", 5));
	close(fds[0]);
}

/* What a child of an unprivileged uid came to. */
struct spender {
	const struct round_verifier *verifier;
	int count, final;
};

/* Makes some keys, each of which is an entry, or as many as are not refused. */
static int spend(void *arg)
{
	struct spender *spender = arg;
	key_serial_t key;

	if (sealed_be_user(POOR) || keyctl_join_session_keyring(NULL) < 0)
		return 255;
	for (int i = 0; i < SOME && !spender->final; i++) {
		key = sealed_new(spender->verifier, "prod", sealed_name(), "",
				 KEY_SPEC_PROCESS_KEYRING);
		if (key < 0)
			spender->final = key;
		else
			spender->count++;
	}
	return 0;
}

/* All that it may, with new grants between keys: one that is being made does not survive that. */
static int spend_all(struct gate *gate, struct spender *spender)
{
	int ret = 0;

	spender->count = spender->final = 0;
	while (!ret && !spender->final && spender->count < MANY) {
		ret = gate_keep_open(gate);
		if (!ret)
			ret = sealed_in_child(NULL, spend, spender);
	}
	return ret;
}

TEST_F_TIMEOUT(kept, budgets, 600)
{
	struct gate gate = { .fd = self->fd, .verifier = self->first };
	struct spender *spender = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int maxkeys, maxbytes, room;

	ASSERT_NE(MAP_FAILED, spender);
	spender->verifier = &self->first;
	maxkeys = sealed_exchange_number("/proc/sys/kernel/keys/maxkeys", 4 * MANY);
	maxbytes = sealed_exchange_number("/proc/sys/kernel/keys/maxbytes", 4096 * MANY);
	ASSERT_EQ(0, gate_attest(&gate));
	EXPECT_EQ(0, spend_all(&gate, spender));
	room = spender->count;
	EXPECT_LT(0, room);
	EXPECT_EQ(-EDQUOT, spender->final);
	/* What it caused is trimmed, and it may again. */
	EXPECT_LT(0, attest(self->fd, &self->second, BASTION_GRANT_KEPT));
	EXPECT_EQ(0, gate_attest(&gate));
	EXPECT_EQ(0, spend_all(&gate, spender));
	EXPECT_EQ(0, spender->count);
	EXPECT_EQ(-EDQUOT, spender->final);
	gate.attested_ms = sealed_now_ms();
	EXPECT_LT(0, attest(self->fd, &self->first, BASTION_GRANT_KEPT));
	EXPECT_EQ(0, spend_all(&gate, spender));
	EXPECT_EQ(room, spender->count);
	EXPECT_EQ(-EDQUOT, spender->final);
	sealed_exchange_number("/proc/sys/kernel/keys/maxkeys", maxkeys);
	sealed_exchange_number("/proc/sys/kernel/keys/maxbytes", maxbytes);
}

static void *read_on(void *arg)
{
	const volatile bool *stop = arg;
	static char rest[1 << 16];

	while (!*stop) {
		int fd = open(BINARY, O_RDONLY);

		while (read(fd, rest, 100) > 0)
			;
		close(fd);
	}
	return NULL;
}

/* For a kernel that checks memory: readers beside many trims. */
TEST_F_TIMEOUT(kept, readers_beside_it, 300)
{
	static volatile bool stop;
	pthread_t thread[2];

	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, read_on, (void *)&stop));
	for (int i = 0; i < 8; i++) {
		for (int k = 0; k < 20; k++)
			ASSERT_EQ(0, extend(self->fd, "beside"));
		EXPECT_LT(0, attest(self->fd, &self->first, BASTION_GRANT_KEPT));
		EXPECT_LT(0, attest(self->fd, &self->second, BASTION_GRANT_KEPT));
	}
	stop = true;
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
}

TEST_HARNESS_MAIN
