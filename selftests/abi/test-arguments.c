// SPDX-License-Identifier: GPL-2.0
/*
 * The bounds of every argument, and the order of a round's steps.
 */
#include <sys/mman.h>

#include "chip.h"
#include "device.h"
#include "kselftest_harness.h"

#define NOWHERE	((__u64)0x10)
#define POINTER(p)	((__u64)(unsigned long)(p))

FIXTURE(arguments)
{
	int fd;
	__u8 *buffer;
	struct bastion_verifier_add verifier;
};

FIXTURE_SETUP(arguments)
{
	self->fd = round_open();
	ASSERT_LE(0, self->fd);
	self->buffer = calloc(1, BASTION_QUOTE_MAX + BASTION_GRANT_MAX);
	ASSERT_NE(NULL, self->buffer);
	self->verifier = (struct bastion_verifier_add){ .size = sizeof(self->verifier) };
	memcpy(self->verifier.key, p384_generator, sizeof(p384_generator));
	ASSERT_EQ(0, call(self->fd, BASTION_IOC_VERIFIER_ADD, &self->verifier));
}

FIXTURE_TEARDOWN(arguments)
{
	struct bastion_verifier_remove remove = { .size = sizeof(remove) };

	memcpy(remove.digest, self->verifier.digest, sizeof(remove.digest));
	EXPECT_EQ(0, call(self->fd, BASTION_IOC_VERIFIER_REMOVE, &remove));
	free(self->buffer);
	close(self->fd);
}

/* Verifiers */

TEST_F(arguments, verifier_key_is_a_point)
{
	struct bastion_verifier_add add = { .size = sizeof(add) };
	int i;

	EXPECT_EQ(EEXIST, call(self->fd, BASTION_IOC_VERIFIER_ADD, &self->verifier));
	memcpy(add.key, self->verifier.key, sizeof(add.key));
	for (i = 0; i < 97; i += 8) {
		add.key[i] ^= 1;
		EXPECT_EQ(EINVAL, call(self->fd, BASTION_IOC_VERIFIER_ADD, &add))
			TH_LOG("bit 0 of byte %d flipped", i);
		add.key[i] ^= 1;
	}
	/* Coordinates that are not below the field's prime. */
	memset(add.key + 1, 0xff, 96);
	EXPECT_EQ(EINVAL, call(self->fd, BASTION_IOC_VERIFIER_ADD, &add));
}

TEST_F(arguments, verifier_to_remove)
{
	struct bastion_verifier_remove remove = { .size = sizeof(remove) };

	memcpy(remove.digest, self->verifier.digest, sizeof(remove.digest));
	remove.digest[47] ^= 1;
	EXPECT_EQ(ENOKEY, call(self->fd, BASTION_IOC_VERIFIER_REMOVE, &remove));
}

TEST_F(arguments, verifier_list)
{
	struct bastion_verifier_list list = { .size = sizeof(list), .count = 77 };
	unsigned int i, found = 0;

	ASSERT_EQ(0, call(self->fd, BASTION_IOC_VERIFIER_LIST, &list));
	ASSERT_GE(BASTION_VERIFIERS_MAX, list.count);
	for (i = 0; i < BASTION_VERIFIERS_MAX; i++) {
		if (i >= list.count) {
			struct bastion_verifier_entry none = { };

			EXPECT_EQ(0, memcmp(&list.entries[i], &none, sizeof(none)));
			continue;
		}
		found += !memcmp(list.entries[i].digest, self->verifier.digest, 48);
		EXPECT_EQ(0, list.entries[i].waiters);
		EXPECT_EQ(0, list.entries[i].live);
		EXPECT_EQ(0, list.entries[i].remaining_ms);
	}
	EXPECT_EQ(1, found);
}

/* Rounds */

static int begin(int fd, const __u8 *verifier, struct bastion_round_begin *out)
{
	memset(out, 0, sizeof(*out));
	out->size = sizeof(*out);
	memcpy(out->verifier, verifier, sizeof(out->verifier));
	return call(fd, BASTION_IOC_ROUND_BEGIN, out);
}

static int quote(int fd, __u32 nonce_len, __u32 size, void *buffer, struct bastion_quote *out)
{
	memset(out, 0, sizeof(*out));
	out->size = sizeof(*out);
	out->nonce_len = nonce_len;
	out->quote = POINTER(buffer);
	out->quote_size = size;
	return call(fd, BASTION_IOC_QUOTE, out);
}

static int grant(int fd, __u32 grant_len, __u64 grant_at, __u32 token_len, __u64 token_at)
{
	struct bastion_grant_args args = {
		.size = sizeof(args), .grant_len = grant_len, .grant = grant_at,
		.token_len = token_len, .token = token_at,
	};

	return call(fd, BASTION_IOC_GRANT, &args);
}

TEST_F(arguments, round_begin_answers)
{
	struct bastion_round_begin one, two;

	ASSERT_EQ(0, begin(self->fd, self->verifier.digest, &one));
	ASSERT_EQ(0, begin(self->fd, self->verifier.digest, &two));
	EXPECT_EQ(BY_CHIP(48, 32), one.chip_nonce_len);
	EXPECT_EQ(4, one.boot_key[0]);
	EXPECT_LT(0, one.boot_count);
	for (int i = one.chip_nonce_len; i < 64; i++)
		EXPECT_EQ(0, one.chip_nonce[i]);
	/* Nonces never repeat; the rest stays. */
	EXPECT_NE(0, memcmp(one.kernel_nonce, two.kernel_nonce, 32));
	EXPECT_NE(0, memcmp(one.chip_nonce, two.chip_nonce, 48));
	EXPECT_EQ(0, memcmp(one.boot_key, two.boot_key, 97));
	EXPECT_EQ(0, memcmp(one.chip_id, two.chip_id, 48));
	EXPECT_EQ(one.boot_count, two.boot_count);
}

TEST_F(arguments, round_begin_verifier)
{
	struct bastion_round_begin out;
	__u8 digest[48];

	memcpy(digest, self->verifier.digest, sizeof(digest));
	digest[0] ^= 0x80;
	EXPECT_EQ(ENOKEY, begin(self->fd, digest, &out));
}

TEST_F(arguments, quote_bounds)
{
	struct bastion_round_begin round;
	struct bastion_quote out;

	ASSERT_EQ(0, begin(self->fd, self->verifier.digest, &round));
	EXPECT_EQ(EINVAL, quote(self->fd, 0, BASTION_QUOTE_MAX, self->buffer, &out));
	EXPECT_EQ(EINVAL, quote(self->fd, 7, BASTION_QUOTE_MAX, self->buffer, &out));
	EXPECT_EQ(EINVAL, quote(self->fd, 65, BASTION_QUOTE_MAX, self->buffer, &out));
	EXPECT_EQ(EINVAL, quote(self->fd, ~0U, BASTION_QUOTE_MAX, self->buffer, &out));
	EXPECT_EQ(EINVAL, quote(self->fd, 32, BASTION_QUOTE_MAX - 1, self->buffer, &out));
	EXPECT_EQ(EINVAL, quote(self->fd, 32, 0, self->buffer, &out));
	/* None of these used the round up. */
	ASSERT_EQ(0, quote(self->fd, 8, BASTION_QUOTE_MAX, self->buffer, &out));
	EXPECT_LT(0, out.quote_size);
	EXPECT_GE(BASTION_QUOTE_MAX, out.quote_size);
	EXPECT_LT(4, out.log_count);
	ASSERT_EQ(0, begin(self->fd, self->verifier.digest, &round));
	EXPECT_EQ(0, quote(self->fd, 64, ~0U, self->buffer, &out));
	ASSERT_EQ(0, begin(self->fd, self->verifier.digest, &round));
	EXPECT_EQ(EFAULT, quote(self->fd, 64, BASTION_QUOTE_MAX, (void *)NOWHERE, &out));
	/* That one did: its nonce was signed over. */
	EXPECT_EQ(ESTALE, quote(self->fd, 64, BASTION_QUOTE_MAX, self->buffer, &out));
}

TEST_F(arguments, one_quote_a_round)
{
	struct bastion_round_begin round;
	struct bastion_quote out;

	EXPECT_EQ(ESTALE, quote(self->fd, 32, BASTION_QUOTE_MAX, self->buffer, &out));
	ASSERT_EQ(0, begin(self->fd, self->verifier.digest, &round));
	EXPECT_EQ(0, quote(self->fd, 32, BASTION_QUOTE_MAX, self->buffer, &out));
	EXPECT_EQ(ESTALE, quote(self->fd, 32, BASTION_QUOTE_MAX, self->buffer, &out));
}

TEST_F(arguments, a_round_belongs_to_its_file)
{
	struct bastion_round_begin round;
	struct bastion_quote out;
	int other = round_open();

	ASSERT_LE(0, other);
	ASSERT_EQ(0, begin(self->fd, self->verifier.digest, &round));
	EXPECT_EQ(EBUSY, begin(other, self->verifier.digest, &round));
	EXPECT_EQ(ESTALE, quote(other, 32, BASTION_QUOTE_MAX, self->buffer, &out));
	EXPECT_EQ(0, quote(self->fd, 32, BASTION_QUOTE_MAX, self->buffer, &out));
	ASSERT_EQ(0, begin(self->fd, self->verifier.digest, &round));
	close(self->fd);
	/* Closing it ended the round. */
	EXPECT_EQ(0, begin(other, self->verifier.digest, &round));
	self->fd = other;
}

TEST_F(arguments, a_relock_ends_the_round)
{
	struct bastion_relock relock = { .size = sizeof(relock) };
	struct bastion_round_begin round;
	struct bastion_quote out;

	ASSERT_EQ(0, begin(self->fd, self->verifier.digest, &round));
	ASSERT_EQ(0, call(self->fd, BASTION_IOC_RELOCK, &relock));
	EXPECT_EQ(ESTALE, quote(self->fd, 32, BASTION_QUOTE_MAX, self->buffer, &out));
}

TEST_F(arguments, grant_bounds)
{
	const __u32 len = BASTION_GRANT_SIZE(1), token = BASTION_SEALED_TOKEN_SIZE;
	struct bastion_round_begin round;
	__u64 at = POINTER(self->buffer);
	struct bastion_quote out;

	EXPECT_EQ(ESTALE, grant(self->fd, len, at, token, at));
	ASSERT_EQ(0, begin(self->fd, self->verifier.digest, &round));
	EXPECT_EQ(EBADMSG, grant(self->fd, 0, at, token, at));
	EXPECT_EQ(EBADMSG, grant(self->fd, BASTION_GRANT_MAX + 1, at, token, at));
	EXPECT_EQ(EBADMSG, grant(self->fd, ~0U, at, token, at));
	EXPECT_EQ(EBADMSG, grant(self->fd, len, at, token - 1, at));
	EXPECT_EQ(EBADMSG, grant(self->fd, len, at, token + 1, at));
	EXPECT_EQ(EBADMSG, grant(self->fd, len, at, 0, at));
	EXPECT_EQ(EFAULT, grant(self->fd, len, NOWHERE, token, at));
	EXPECT_EQ(EFAULT, grant(self->fd, len, at, token, NOWHERE));
	/* None of these ended the round, but this one comes before its quote and does. */
	EXPECT_EQ(ESTALE, grant(self->fd, len, at, token, at));
	EXPECT_EQ(ESTALE, quote(self->fd, 32, BASTION_QUOTE_MAX, self->buffer, &out));

	/* Malformed: the round is over all the same. */
	ASSERT_EQ(0, begin(self->fd, self->verifier.digest, &round));
	ASSERT_EQ(0, quote(self->fd, 32, BASTION_QUOTE_MAX, self->buffer, &out));
	EXPECT_EQ(EBADMSG, grant(self->fd, len, at, token, at));
	EXPECT_EQ(ESTALE, grant(self->fd, len, at, token, at));
}

/* The operator's registers */

static int extend(int fd, __u32 index, const char *name, size_t name_len, __u64 data, __u32 len)
{
	struct bastion_extend args = { .size = sizeof(args), .index = index, .data = data,
				       .data_len = len };

	memcpy(args.name, name, name_len);
	return call(fd, BASTION_IOC_EXTEND, &args);
}

TEST_F(arguments, extend_bounds)
{
	char longest[64], odd[64] = "name\0x";
	__u64 at = POINTER(self->buffer);
	__u32 index;

	for (index = 0; index < 12; index++) {
		if (index >= 5 && index <= 7)
			continue;
		EXPECT_EQ(EINVAL, extend(self->fd, index, "n", 1, at, 1))
			TH_LOG("register %u", index);
	}
	EXPECT_EQ(EINVAL, extend(self->fd, ~0U, "n", 1, at, 1));
	EXPECT_EQ(EINVAL, extend(self->fd, 7, "n", 1, at, 0));
	EXPECT_EQ(EINVAL, extend(self->fd, 7, "n", 1, at, BASTION_EVENT_DATA_MAX + 1));
	EXPECT_EQ(EINVAL, extend(self->fd, 7, "n", 1, at, ~0U));
	EXPECT_EQ(EFAULT, extend(self->fd, 7, "n", 1, NOWHERE, 1));
	EXPECT_EQ(EINVAL, extend(self->fd, 7, "", 0, at, 1));
	EXPECT_EQ(EINVAL, extend(self->fd, 7, "a b", 3, at, 1));
	EXPECT_EQ(EINVAL, extend(self->fd, 7, "a\nb", 3, at, 1));
	EXPECT_EQ(EINVAL, extend(self->fd, 7, "a/b", 3, at, 1));
	EXPECT_EQ(EINVAL, extend(self->fd, 7, "\xc3\xa4", 2, at, 1));
	EXPECT_EQ(EINVAL, extend(self->fd, 7, odd, sizeof(odd), at, 1));
	EXPECT_EQ(0, extend(self->fd, 7, "Az09._-", 7, at, 1));
	EXPECT_EQ(0, extend(self->fd, 7, "n", 1, at, BASTION_EVENT_DATA_MAX));
	memset(longest, 'n', sizeof(longest));
	EXPECT_EQ(0, extend(self->fd, 7, longest, sizeof(longest), at, 1));
}

/* Release: what is refused before anything waits */

static const struct bastion_release good = {
	.size = sizeof(good), .key = 0x7ffffff0, .keyring = KEY_SPEC_USER_KEYRING,
	.type = BASTION_TYPE_LOGON, .flags = BASTION_RELEASE_NOWAIT,
};

static int release(int fd, struct bastion_release args)
{
	return call(fd, BASTION_IOC_RELEASE, &args);
}

#define RELEASE(...) ({						\
	struct bastion_release with = good;			\
	__VA_ARGS__;						\
	release(self->fd, with);				\
})

TEST_F(arguments, release_bounds)
{
	__u64 at = POINTER(self->buffer);

	EXPECT_EQ(ENOKEY, RELEASE());
	EXPECT_EQ(EINVAL, RELEASE(with.type = 0));
	EXPECT_EQ(EINVAL, RELEASE(with.type = BASTION_TYPE_LOGON | BASTION_TYPE_USER));
	EXPECT_EQ(EINVAL, RELEASE(with.type = BASTION_TYPE_ALL + 1));
	EXPECT_EQ(EINVAL, RELEASE(with.type = 1U << 31));
	EXPECT_EQ(EINVAL, RELEASE(with.keyring = 0));
	EXPECT_EQ(EINVAL, RELEASE(with.key = 0));
	EXPECT_EQ(EINVAL, RELEASE(with.blob = at, with.blob_len = 500));
	EXPECT_EQ(EBADMSG, RELEASE(with.key = 0, with.blob = at, with.blob_len = 0));
	EXPECT_EQ(EBADMSG, RELEASE(with.key = 0, with.blob = at,
				   with.blob_len = BASTION_BLOB_MAX + 1));
	EXPECT_EQ(EBADMSG, RELEASE(with.key = 0, with.blob = at, with.blob_len = ~0U));
	EXPECT_EQ(EBADMSG, RELEASE(with.key = 0, with.blob = at,
				   with.blob_len = BASTION_BLOB_MAX));
	EXPECT_EQ(EFAULT, RELEASE(with.key = 0, with.blob = NOWHERE, with.blob_len = 500));
}

TEST_F(arguments, release_key_must_be_a_bastion_key)
{
	key_serial_t key = add_key("user", "selftest-abi", "x", 1, KEY_SPEC_USER_KEYRING);

	ASSERT_LT(0, key);
	EXPECT_EQ(ENOKEY, RELEASE(with.key = key));
	EXPECT_EQ(ENOKEY, RELEASE(with.key = KEY_SPEC_USER_KEYRING));
	EXPECT_EQ(0, keyctl_unlink(key, KEY_SPEC_USER_KEYRING));
}

TEST_F(arguments, release_for_a_requester_wants_authority)
{
	EXPECT_EQ(EPERM, RELEASE(with.flags = BASTION_RELEASE_UPCALL, with.keyring = 0,
				 with.type = 0));
	EXPECT_EQ(EINVAL, RELEASE(with.flags = BASTION_RELEASE_UPCALL, with.keyring = 0));
	EXPECT_EQ(EINVAL, RELEASE(with.flags = BASTION_RELEASE_UPCALL, with.type = 0));
}

TEST_HARNESS_MAIN
