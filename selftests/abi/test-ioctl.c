// SPDX-License-Identifier: GPL-2.0
/*
 * What every ioctl promises in the UAPI header's first paragraph: unknown
 * numbers, sizes, surplus, pointers, reserved fields, privileges. One table, so
 * that a new ioctl is tested by adding its row.
 */
#include <sys/mman.h>

#include "chip.h"
#include "device.h"
#include "kselftest_harness.h"

#define ROOM	8192	/* more than any struct, and two pages */

/* Nothing is there. */
#define NOWHERE	((__u64)0x10)

/**
 * struct row - one ioctl
 * @name:	for messages
 * @cmd:	its number
 * @zeroes:	what it says when everything but the size is zero
 * @fill:	makes arguments that fail with @filled, or succeed, if nothing is
 *		wrong with what the ABI reserves
 * @filled:	see there
 * @reserved:	offsets and lengths of reserved fields and flags
 */
struct row {
	const char *name;
	unsigned long cmd;
	int zeroes;
	int privileged;
	void (*fill)(void *arg);
	int filled;
	struct { size_t at, len; } reserved[3];
};

static char scratch[ROOM];

static void fill_nothing(void *arg)
{
}

/* No round was begun. */
static void fill_quote(void *arg)
{
	struct bastion_quote *quote = arg;

	quote->nonce_len = BASTION_VERIFIER_NONCE_MIN;
	quote->quote = (__u64)(unsigned long)scratch;
	quote->quote_size = sizeof(scratch);
}

static void fill_grant(void *arg)
{
	struct bastion_grant_args *grant = arg;

	grant->grant = (__u64)(unsigned long)scratch;
	grant->grant_len = BASTION_GRANT_SIZE(1);
	grant->token = (__u64)(unsigned long)scratch;
	grant->token_len = BASTION_SEALED_TOKEN_SIZE;
}

static void fill_verifier_add(void *arg)
{
	struct bastion_verifier_add *add = arg;

	memcpy(add->key, p384_generator, sizeof(add->key));
}

static void fill_extend(void *arg)
{
	struct bastion_extend *extend = arg;

	extend->index = 7;
	memcpy(extend->name, "abi", 3);
	extend->data = NOWHERE;
	extend->data_len = 1;
}

static void fill_release(void *arg)
{
	struct bastion_release *release = arg;

	release->type = BASTION_TYPE_LOGON;
	release->keyring = -3;		/* @s */
	release->key = 0x7ffffff0;
}

#define FIELD(type, member)	{ offsetof(struct type, member), sizeof(((struct type *)0)->member) }
#define END			{ 0, 0 }

static const struct row rows[] = {
	{ "INFO", BASTION_IOC_INFO, 0, 0, fill_nothing, 0,
	  { END } },
	{ "ROUND_BEGIN", BASTION_IOC_ROUND_BEGIN, ENOKEY, 1, fill_nothing, ENOKEY,
	  { FIELD(bastion_round_begin, flags), FIELD(bastion_round_begin, reserved),
	    FIELD(bastion_round_begin, reserved2) } },
	{ "QUOTE", BASTION_IOC_QUOTE, EINVAL, 1, fill_quote, ESTALE,
	  { FIELD(bastion_quote, reserved) } },
	{ "GRANT", BASTION_IOC_GRANT, EBADMSG, 1, fill_grant, ESTALE,
	  { FIELD(bastion_grant_args, reserved), FIELD(bastion_grant_args, reserved2) } },
	{ "RELOCK", BASTION_IOC_RELOCK, 0, 1, fill_nothing, 0,
	  { FIELD(bastion_relock, flags) } },
	{ "VERIFIER_ADD", BASTION_IOC_VERIFIER_ADD, EINVAL, 1, fill_verifier_add, EEXIST,
	  { FIELD(bastion_verifier_add, flags), FIELD(bastion_verifier_add, reserved) } },
	{ "VERIFIER_REMOVE", BASTION_IOC_VERIFIER_REMOVE, ENOKEY, 1, fill_nothing, ENOKEY,
	  { FIELD(bastion_verifier_remove, flags) } },
	{ "VERIFIER_LIST", BASTION_IOC_VERIFIER_LIST, 0, 1, fill_nothing, 0, { END } },
	{ "EXTEND", BASTION_IOC_EXTEND, EINVAL, 1, fill_extend, EFAULT,
	  { FIELD(bastion_extend, reserved) } },
	{ "RELEASE", BASTION_IOC_RELEASE, EINVAL, 0, fill_release, ENOKEY,
	  { FIELD(bastion_release, flags) } },
};

#define ROWS	(sizeof(rows) / sizeof(rows[0]))
#define for_each_row(row) \
	for (const struct row *row = rows; row < rows + ROWS; row++)

/* The same number for a caller that was built with another size. */
static unsigned long resized(unsigned long cmd, size_t size)
{
	return _IOC(_IOC_DIR(cmd), _IOC_TYPE(cmd), _IOC_NR(cmd), size);
}

/* Calls @row with @size, the size field saying @says, the rest of @arg as it is. */
static int call_sized(int fd, const struct row *row, size_t size, __u32 says, void *arg)
{
	*(__u32 *)arg = says;
	return call(fd, resized(row->cmd, size), arg);
}

FIXTURE(ioctl)
{
	int fd;
	char *arg;
};

FIXTURE_SETUP(ioctl)
{
	self->fd = round_open();
	ASSERT_LE(0, self->fd);
	self->arg = calloc(1, ROOM);
	ASSERT_NE(NULL, self->arg);
}

FIXTURE_TEARDOWN(ioctl)
{
	free(self->arg);
	close(self->fd);
}

TEST_F(ioctl, unknown_numbers)
{
	const int first = _IOC_NR(rows[0].cmd), last = _IOC_NR(rows[ROWS - 1].cmd);
	int nr;

	for (nr = 0; nr < 256; nr++) {
		if (nr >= first && nr <= last)
			continue;
		*(__u32 *)self->arg = 8;
		EXPECT_EQ(ENOTTY, call(self->fd, _IOC(_IOC_READ | _IOC_WRITE, BASTION_IOC_MAGIC,
						      nr, 8), self->arg))
			TH_LOG("number 0x%02x", nr);
	}
}

TEST_F(ioctl, wrong_type_or_direction)
{
	static const int directions[] = { _IOC_NONE, _IOC_READ, _IOC_WRITE };
	unsigned int i;

	for_each_row(row) {
		size_t size = _IOC_SIZE(row->cmd);

		*(__u32 *)self->arg = size;
		EXPECT_EQ(ENOTTY, call(self->fd, _IOC(_IOC_DIR(row->cmd), BASTION_IOC_MAGIC ^ 1,
						      _IOC_NR(row->cmd), size), self->arg))
			TH_LOG("%s", row->name);
		for (i = 0; i < 3; i++) {
			EXPECT_EQ(ENOTTY, call(self->fd, _IOC(directions[i], BASTION_IOC_MAGIC,
							      _IOC_NR(row->cmd), size),
					       self->arg))
				TH_LOG("%s, direction %d", row->name, directions[i]);
		}
	}
}

TEST_F(ioctl, size_field)
{
	for_each_row(row) {
		size_t size = _IOC_SIZE(row->cmd);

		memset(self->arg, 0, ROOM);
		EXPECT_EQ(EINVAL, call_sized(self->fd, row, size, 0, self->arg));
		EXPECT_EQ(EINVAL, call_sized(self->fd, row, size, size - 1, self->arg));
		EXPECT_EQ(EINVAL, call_sized(self->fd, row, size, size + 1, self->arg));
		EXPECT_EQ(EINVAL, call_sized(self->fd, row, size, ~0U, self->arg));
		EXPECT_EQ(EINVAL, call_sized(self->fd, row, 0, 0, self->arg));
		EXPECT_EQ(EINVAL, call_sized(self->fd, row, 3, 3, self->arg))
			TH_LOG("%s", row->name);
	}
}

TEST_F(ioctl, shorter_is_zero_extended)
{
	for_each_row(row) {
		memset(self->arg, 0, ROOM);
		EXPECT_EQ(row->zeroes, call_sized(self->fd, row, sizeof(__u32), sizeof(__u32),
						  self->arg))
			TH_LOG("%s", row->name);
	}
}

TEST_F(ioctl, nothing_is_written_behind_a_shorter_struct)
{
	struct bastion_info info;
	size_t size = offsetof(struct bastion_info, state);

	memset(&info, 0x5a, sizeof(info));
	info.size = size;
	ASSERT_EQ(0, call(self->fd, resized(BASTION_IOC_INFO, size), &info));
	EXPECT_EQ(size, info.size);
	EXPECT_EQ(BASTION_ABI_VERSION, info.abi);
	EXPECT_EQ(0x5a5a5a5a, info.state);
	EXPECT_EQ(0x5a, info.firmware[31]);
}

TEST_F(ioctl, surplus)
{
	for_each_row(row) {
		size_t size = _IOC_SIZE(row->cmd), longer = size + 24;

		memset(self->arg, 0, ROOM);
		EXPECT_EQ(row->zeroes, call_sized(self->fd, row, size, size, self->arg))
			TH_LOG("%s", row->name);
		memset(self->arg, 0, ROOM);
		EXPECT_EQ(row->zeroes, call_sized(self->fd, row, longer, longer, self->arg))
			TH_LOG("%s with zeroes behind", row->name);
		memset(self->arg, 0, ROOM);
		self->arg[size] = 1;
		EXPECT_EQ(E2BIG, call_sized(self->fd, row, longer, longer, self->arg))
			TH_LOG("%s with a byte behind", row->name);
		memset(self->arg, 0, ROOM);
		self->arg[longer - 1] = 0x80;
		EXPECT_EQ(E2BIG, call_sized(self->fd, row, longer, longer, self->arg))
			TH_LOG("%s with a last byte", row->name);
	}
}

TEST_F(ioctl, bad_pointers)
{
	char *pages = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *edge = pages + ROOM / 2;

	ASSERT_NE(MAP_FAILED, pages);
	ASSERT_EQ(0, munmap(edge, ROOM / 2));
	for_each_row(row) {
		size_t size = _IOC_SIZE(row->cmd);

		EXPECT_EQ(EFAULT, call(self->fd, row->cmd, NULL))
			TH_LOG("%s(NULL)", row->name);
		EXPECT_EQ(EFAULT, call(self->fd, row->cmd, edge))
			TH_LOG("%s in unmapped memory", row->name);
		EXPECT_EQ(EFAULT, call_sized(self->fd, row, size, size, edge - 4))
			TH_LOG("%s with nothing behind the size", row->name);
	}
}

TEST_F(ioctl, read_only_argument)
{
	struct bastion_info *info = mmap(NULL, ROOM, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, info);
	info->size = sizeof(*info);
	ASSERT_EQ(0, mprotect(info, ROOM, PROT_READ));
	EXPECT_EQ(EFAULT, call(self->fd, BASTION_IOC_INFO, info));
}

static int call_filled(int fd, const struct row *row, char *arg, size_t at, char byte)
{
	memset(arg, 0, ROOM);
	row->fill(arg);
	arg[at] |= byte;
	*(__u32 *)arg = _IOC_SIZE(row->cmd);
	return call(fd, row->cmd, arg);
}

TEST_F(ioctl, reserved_fields_and_flags)
{
	struct bastion_verifier_add add = { .size = sizeof(add) };
	struct bastion_verifier_remove remove = { .size = sizeof(remove) };
	unsigned int i;

	/* So that VERIFIER_ADD has something to object to when nothing else is wrong. */
	fill_verifier_add(&add);
	ASSERT_EQ(0, call(self->fd, BASTION_IOC_VERIFIER_ADD, &add));
	for_each_row(row) {
		EXPECT_EQ(row->filled, call_filled(self->fd, row, self->arg, 4, 0))
			TH_LOG("%s with nothing wrong", row->name);
		for (i = 0; i < 3 && row->reserved[i].len; i++)
			for (size_t byte = 0; byte < row->reserved[i].len; byte++) {
				size_t at = row->reserved[i].at + byte;

				EXPECT_EQ(EINVAL, call_filled(self->fd, row, self->arg, at, 0x40))
					TH_LOG("%s, byte %zu", row->name, at);
			}
	}
	memcpy(remove.digest, add.digest, sizeof(remove.digest));
	EXPECT_EQ(0, call(self->fd, BASTION_IOC_VERIFIER_REMOVE, &remove));
}

/* In a child, since there is no way back: how many ioctls said something else than expected? */
static int count_wrong(int fd, char *arg, int (*give_up)(void))
{
	int wrong = 0;

	if (give_up())
		return 100;
	for_each_row(row) {
		size_t size = _IOC_SIZE(row->cmd);

		memset(arg, 0, ROOM);
		if (row->privileged) {
			/* Before anything else is looked at, a pointer included. */
			wrong += call(fd, row->cmd, NULL) != EPERM;
			wrong += call_sized(fd, row, size, size, arg) != EPERM;
		} else {
			wrong += call_sized(fd, row, size, size, arg) != row->zeroes;
		}
	}
	wrong += read(fd, arg, sizeof(struct bastion_event)) >= 0 || errno != EPERM;
	return wrong;
}

TEST_F(ioctl, privileges)
{
	unsigned int i;
	int status;
	pid_t pid;

	for (i = 0; i < sizeof(less_than_root) / sizeof(less_than_root[0]); i++) {
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid)
			_exit(count_wrong(self->fd, self->arg, less_than_root[i]));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(0, status)
			TH_LOG("way %u: status 0x%x", i, status);
	}
}

TEST_F(ioctl, the_node_is_for_everyone)
{
	int status;
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid)
		_exit(sealed_be_nobody() || open(ROUND_DEVICE, O_RDWR) < 0);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(ioctl, info)
{
	struct bastion_info info = { .size = sizeof(info) };

	ASSERT_EQ(0, call(self->fd, BASTION_IOC_INFO, &info));
	EXPECT_EQ(sizeof(info), info.size);
	EXPECT_EQ(BASTION_ABI_VERSION, info.abi);
	EXPECT_EQ(BASTION_STATE_LOCKED, info.state);
	EXPECT_EQ(BASTION_MR_COUNT, info.registers);
	EXPECT_EQ(BASTION_BLOB_MAX, info.blob_max);
	EXPECT_EQ(BASTION_GRANT_MAX, info.grant_max);
	EXPECT_EQ(BASTION_QUOTE_MAX, info.quote_max);
	EXPECT_EQ(BY_CHIP(BASTION_CHIP_NATIVE, BASTION_CHIP_TPM), info.kind);
	EXPECT_EQ(0, info.tpm);
	EXPECT_EQ(BY_CHIP(0, 13), info.pcr);
	EXPECT_LT(0, info.model[0]);
	EXPECT_EQ(0, info.model[31]);
	EXPECT_EQ(0, info.firmware[31]);
}

TEST_HARNESS_MAIN
