// SPDX-License-Identifier: GPL-2.0
/*
 * The module's crypto against OpenSSL, and against what is wrong in one bit.
 * Needs bastion_crypto_test.ko: test-crypto loads it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "../module/crypto_test.h"
#include "peer.h"

#define DEVICE "/dev/bastion_crypto_test"

struct verify {
	uint8_t key[BASTION_POINT_SIZE];
	uint8_t digest[BASTION_DIGEST_SIZE];
	uint8_t signature[BASTION_SIGNATURE_SIZE];
};

struct sealed {
	uint8_t token[BASTION_SEALED_TOKEN_SIZE];
	uint8_t grant_digest[BASTION_DIGEST_SIZE];
};

/* 0 or a negative errno, as in the kernel. */
static int call(int fd, uint32_t op, uint32_t number, const void *in, size_t in_len, void *out,
		size_t out_len)
{
	struct crypto_test_call c = {
		.op = op,
		.number = number,
		.in_len = in_len,
		.out_len = out_len,
		.in = (uintptr_t)in,
		.out = (uintptr_t)out,
	};

	return ioctl(fd, CRYPTO_TEST_CALL, &c) ? -errno : 0;
}

static int check_point(int fd, const uint8_t point[BASTION_POINT_SIZE])
{
	return call(fd, CRYPTO_TEST_POINT, 0, point, BASTION_POINT_SIZE, NULL, 0);
}

FIXTURE(crypto) {
	int fd;
};

FIXTURE_SETUP(crypto)
{
	self->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(crypto)
{
	close(self->fd);
}

TEST_F(crypto, hashes)
{
	static const size_t lengths[] = { 0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 8192 };
	static const struct {
		const char *name;
		size_t size;
	} hashes[] = { { "SHA1", 20 }, { "SHA256", 32 }, { "SHA384", 48 } };
	uint8_t data[8192], ours[48], theirs[48];

	peer_random(data, sizeof(data));
	for (int h = 0; h < 3; h++) {
		for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
			peer_hash(hashes[h].name, data, lengths[i], theirs);
			ASSERT_EQ(call(self->fd, CRYPTO_TEST_HASH, h, data, lengths[i], ours,
				       hashes[h].size), 0);
			ASSERT_EQ(memcmp(ours, theirs, hashes[h].size), 0);
		}
	}
}

static int hash_file(int fd, int file, uint8_t out[32])
{
	return call(fd, CRYPTO_TEST_HASH_FILE, file, NULL, 0, out, 32);
}

TEST_F(crypto, hashes_files)
{
	static const size_t sizes[] = { 0, 1, 4095, 65535, 65536, 65537, 300000 };
	static uint8_t data[300000];
	uint8_t ours[32], theirs[32];

	peer_random(data, sizeof(data));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		char name[] = "/tmp/crypto_test.XXXXXX";
		int file = mkstemp(name), blind;

		ASSERT_GE(file, 0);
		ASSERT_EQ(write(file, data, sizes[i]), (ssize_t)sizes[i]);
		peer_hash("SHA256", data, sizes[i], theirs);
		ASSERT_EQ(hash_file(self->fd, file, ours), 0);
		EXPECT_EQ(memcmp(ours, theirs, 32), 0);

		/* not open for reading, as a program that nobody may read */
		ASSERT_EQ(fchmod(file, 0111), 0);
		blind = open(name, O_WRONLY);
		ASSERT_GE(blind, 0);
		memset(ours, 0, sizeof(ours));
		EXPECT_EQ(hash_file(self->fd, blind, ours), 0);
		EXPECT_EQ(memcmp(ours, theirs, 32), 0);
		close(blind);
		close(file);
		unlink(name);
	}
}

TEST_F(crypto, hashes_only_regular_files)
{
	uint8_t out[32];
	int pipes[2], file;

	file = open("/", O_RDONLY | O_DIRECTORY);
	EXPECT_EQ(hash_file(self->fd, file, out), -EISDIR);
	close(file);
	file = open("/dev/zero", O_RDONLY);
	EXPECT_EQ(hash_file(self->fd, file, out), -EINVAL);
	close(file);
	ASSERT_EQ(pipe(pipes), 0);
	EXPECT_EQ(hash_file(self->fd, pipes[0], out), -EINVAL);
}

/* Files of sysfs say they are as large as a page. */
TEST_F(crypto, hashes_no_file_that_lies_about_its_size)
{
	int file = open("/sys/kernel/uevent_seqnum", O_RDONLY);
	uint8_t out[32];

	EXPECT_EQ(hash_file(self->fd, file, out), -EAGAIN);
	close(file);
}

TEST_F(crypto, hashing_a_file_ends_with_its_process)
{
	int file = memfd_create("large", MFD_CLOEXEC), status;
	uint8_t out[32];
	pid_t child;

	ASSERT_EQ(ftruncate(file, 1LL << 40), 0);
	child = fork();
	ASSERT_GE(child, 0);
	if (!child) {
		hash_file(self->fd, file, out);
		_exit(0);
	}
	usleep(200 * 1000);
	ASSERT_EQ(kill(child, SIGKILL), 0);
	ASSERT_EQ(waitpid(child, &status, 0), child);
	EXPECT_TRUE(WIFSIGNALED(status));
}

static int hkdf(int fd, const uint8_t *data, size_t ikm, size_t salt, size_t info, uint8_t *out,
		size_t out_len)
{
	struct crypto_test_hkdf *h = malloc(sizeof(*h) + ikm + salt + info);
	int ret;

	h->ikm_len = ikm;
	h->salt_len = salt;
	h->info_len = info;
	memcpy(h->data, data, ikm + salt + info);
	ret = call(fd, CRYPTO_TEST_HKDF, 0, h, sizeof(*h) + ikm + salt + info, out, out_len);
	free(h);
	return ret;
}

TEST_F(crypto, derives_as_RFC_5869)
{
	static const struct {
		size_t ikm, salt, info, out;
	} cases[] = {
		{ 48, 0, 211, 44 }, { 32, 32, 16, 44 }, { 1, 1, 0, 1 }, { 48, 48, 10, 48 },
		{ 200, 200, 500, 49 }, { 48, 0, 1, 96 }, { 48, 16, 16, 255 * 48 },
	};
	uint8_t data[1000], ours[255 * 48 + 1], theirs[255 * 48];

	peer_random(data, sizeof(data));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const uint8_t *salt = data + cases[i].ikm, *info = salt + cases[i].salt;

		peer_hkdf(data, cases[i].ikm, salt, cases[i].salt, info, cases[i].info, theirs,
			  cases[i].out);
		ASSERT_EQ(hkdf(self->fd, data, cases[i].ikm, cases[i].salt, cases[i].info, ours,
			       cases[i].out), 0);
		ASSERT_EQ(memcmp(ours, theirs, cases[i].out), 0);
	}
	EXPECT_EQ(hkdf(self->fd, data, 48, 0, 16, ours, 255 * 48 + 1), -EINVAL);
}

TEST_F(crypto, takes_points_of_the_curve)
{
	struct peer_key k;

	for (int i = 0; i < 10; i++) {
		peer_key_init(&k);
		EXPECT_EQ(check_point(self->fd, k.point), 0);
		peer_key_exit(&k);
	}
}

TEST_F(crypto, refuses_every_other_point)
{
	uint8_t point[BASTION_POINT_SIZE] = { 0x04 };
	struct peer_key k;

	EXPECT_EQ(check_point(self->fd, point), -EINVAL);	/* (0, 0) */
	peer_key_init(&k);
	for (int prefix = 0; prefix < 256; prefix++) {
		memcpy(point, k.point, sizeof(point));
		point[0] = prefix;
		EXPECT_EQ(check_point(self->fd, point), prefix == 0x04 ? 0 : -EINVAL);
	}
	for (size_t bit = 8; bit < 8 * sizeof(point); bit++) {
		memcpy(point, k.point, sizeof(point));
		point[bit / 8] ^= 1 << bit % 8;
		EXPECT_EQ(check_point(self->fd, point), -EINVAL);
	}
	memset(point + 1, 0xff, sizeof(point) - 1);
	EXPECT_EQ(check_point(self->fd, point), -EINVAL);
	peer_key_exit(&k);
}

/* Some x below 2^128 is on the curve, and so x + p fits: the same point, and none. */
TEST_F(crypto, refuses_coordinates_that_are_not_reduced)
{
	EC_POINT *q = EC_POINT_new(peer_group());
	uint8_t point[BASTION_POINT_SIZE];
	BIGNUM *p = BN_new(), *x = BN_new();
	int found = 0;

	peer_check(EC_GROUP_get_curve(peer_group(), p, NULL, NULL, NULL), "EC_GROUP_get_curve");
	for (int i = 1; i < 40 && found < 5; i++) {
		BN_set_word(x, i);
		if (EC_POINT_set_compressed_coordinates(peer_group(), q, x, 0, NULL) != 1)
			continue;
		found++;
		EC_POINT_point2oct(peer_group(), q, POINT_CONVERSION_UNCOMPRESSED, point,
				   sizeof(point), NULL);
		EXPECT_EQ(check_point(self->fd, point), 0);
		BN_add(x, x, p);
		BN_bn2binpad(x, point + 1, 48);
		EXPECT_EQ(check_point(self->fd, point), -EINVAL);
	}
	EXPECT_EQ(found, 5);
	BN_free(x);
	BN_free(p);
	EC_POINT_free(q);
}

/* Signatures, by either implementation. */
FIXTURE(ecdsa) {
	int fd;
	struct peer_key key;
	struct verify v;
};

FIXTURE_VARIANT(ecdsa) {
	uint32_t op;
};

FIXTURE_VARIANT_ADD(ecdsa, chosen) {
	.op = CRYPTO_TEST_VERIFY,
};

FIXTURE_VARIANT_ADD(ecdsa, arithmetic) {
	.op = CRYPTO_TEST_VERIFY_ECC,
};

FIXTURE_SETUP(ecdsa)
{
	self->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	peer_key_init(&self->key);
	memcpy(self->v.key, self->key.point, sizeof(self->v.key));
	peer_random(self->v.digest, sizeof(self->v.digest));
	peer_sign(&self->key, self->v.digest, self->v.signature);
}

FIXTURE_TEARDOWN(ecdsa)
{
	peer_key_exit(&self->key);
	close(self->fd);
}

static int verify(int fd, uint32_t op, const struct verify *v)
{
	return call(fd, op, 0, v, sizeof(*v), NULL, 0);
}

/* Until r and s have both been short and both had their highest bit set (DER cares). */
TEST_F_TIMEOUT(ecdsa, takes_what_was_signed, 300)
{
	unsigned int seen = 0;

	for (int i = 0; i < 10 || seen != 0xf; i++) {
		const uint8_t *r = self->v.signature, *s = r + 48;
		unsigned int now;

		ASSERT_LT(i, 20000);
		peer_random(self->v.digest, sizeof(self->v.digest));
		peer_sign(&self->key, self->v.digest, self->v.signature);
		now = (!r[0]) | (!s[0]) << 1 | (r[0] >> 7) << 2 | (s[0] >> 7) << 3;
		if (i >= 10 && !(now & ~seen))
			continue;
		seen |= now;
		ASSERT_EQ(verify(self->fd, variant->op, &self->v), 0);
	}
}

TEST_F(ecdsa, takes_any_digest)
{
	static const uint8_t fills[] = { 0x00, 0xff };

	for (size_t i = 0; i < sizeof(fills); i++) {
		memset(self->v.digest, fills[i], sizeof(self->v.digest));
		peer_sign(&self->key, self->v.digest, self->v.signature);
		EXPECT_EQ(verify(self->fd, variant->op, &self->v), 0);
	}
}

TEST_F_TIMEOUT(ecdsa, refuses_every_flipped_bit, 300)
{
	const size_t first = 8 * sizeof(self->v.key);
	const size_t step = getenv("BASTION_SLOW") ? 1 : 5;	/* still every byte */
	struct verify v;

	for (size_t bit = first; bit < 8 * sizeof(v); bit += step) {
		v = self->v;
		((uint8_t *)&v)[bit / 8] ^= 1 << bit % 8;
		EXPECT_EQ(verify(self->fd, variant->op, &v), -EKEYREJECTED);
	}
	EXPECT_EQ(verify(self->fd, variant->op, &self->v), 0);
}

TEST_F(ecdsa, refuses_another_key)
{
	struct peer_key other;

	peer_key_init(&other);
	memcpy(self->v.key, other.point, sizeof(other.point));
	EXPECT_EQ(verify(self->fd, variant->op, &self->v), -EKEYREJECTED);
	peer_key_exit(&other);
}

TEST_F(ecdsa, refuses_keys_that_are_none)
{
	struct verify v;

	for (size_t byte = 0; byte < sizeof(v.key); byte++) {
		v = self->v;
		v.key[byte] ^= 0x10;
		EXPECT_NE(verify(self->fd, variant->op, &v), 0);
	}
	memset(v.key + 1, 0, sizeof(v.key) - 1);
	EXPECT_NE(verify(self->fd, variant->op, &v), 0);
}

TEST_F(ecdsa, refuses_numbers_out_of_range)
{
	const BIGNUM *n = EC_GROUP_get0_order(peer_group());
	BIGNUM *value = BN_new();
	struct verify v;

	for (int part = 0; part < 2; part++) {
		uint8_t *number = v.signature + 48 * part;

		for (int surplus = -1; surplus < 3; surplus++) {
			BN_copy(value, n);
			if (surplus < 0)
				BN_zero(value);
			else
				BN_add_word(value, surplus);
			v = self->v;
			BN_bn2binpad(value, number, 48);
			EXPECT_EQ(verify(self->fd, variant->op, &v), -EKEYREJECTED);
		}
		v = self->v;
		memset(number, 0xff, 48);
		EXPECT_EQ(verify(self->fd, variant->op, &v), -EKEYREJECTED);
	}
	memset(v.signature, 0, sizeof(v.signature));
	EXPECT_EQ(verify(self->fd, variant->op, &v), -EKEYREJECTED);
	BN_free(value);
}

/* With e = -r d the sum is the point at infinity, whatever s is. */
TEST_F(ecdsa, refuses_infinity)
{
	const BIGNUM *n = EC_GROUP_get0_order(peer_group());
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *r = BN_new(), *e = BN_new();

	for (int i = 0; i < 4; i++) {
		BN_rand_range(r, n);
		BN_bn2binpad(r, self->v.signature, 48);
		BN_mod_mul(e, r, EC_KEY_get0_private_key(self->key.ec), n, ctx);
		BN_sub(e, n, e);
		BN_bn2binpad(e, self->v.digest, 48);
		EXPECT_EQ(verify(self->fd, variant->op, &self->v), -EKEYREJECTED);
	}
	BN_free(e);
	BN_free(r);
	BN_CTX_free(ctx);
}

/* Tokens */
FIXTURE(token) {
	int fd;
	uint8_t boot_key[BASTION_POINT_SIZE];
	uint8_t token[BASTION_TOKEN_SIZE];
	struct sealed sealed;
};

static int boot_key(int fd, uint8_t out[BASTION_POINT_SIZE])
{
	return call(fd, CRYPTO_TEST_BOOT_KEY, 0, NULL, 0, out, BASTION_POINT_SIZE);
}

FIXTURE_SETUP(token)
{
	self->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(boot_key(self->fd, self->boot_key), 0);
	peer_random(self->token, sizeof(self->token));
	peer_random(self->sealed.grant_digest, sizeof(self->sealed.grant_digest));
	peer_seal(self->boot_key, self->sealed.grant_digest, self->token, self->sealed.token);
}

FIXTURE_TEARDOWN(token)
{
	close(self->fd);
}

static int open_token(int fd, const struct sealed *s, uint8_t out[BASTION_TOKEN_SIZE])
{
	return call(fd, CRYPTO_TEST_OPEN, 0, s, sizeof(*s), out, BASTION_TOKEN_SIZE);
}

TEST_F(token, boot_keys_are_fresh_points)
{
	uint8_t other[BASTION_POINT_SIZE];
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	EXPECT_EQ(check_point(self->fd, self->boot_key), 0);
	ASSERT_EQ(boot_key(fd, other), 0);
	EXPECT_NE(memcmp(other, self->boot_key, sizeof(other)), 0);
	ASSERT_EQ(boot_key(self->fd, other), 0);
	EXPECT_EQ(memcmp(other, self->boot_key, sizeof(other)), 0);
	close(fd);
}

TEST_F(token, opens_what_was_sealed_to_it)
{
	uint8_t out[BASTION_TOKEN_SIZE];

	for (int i = 0; i < 8; i++) {
		ASSERT_EQ(open_token(self->fd, &self->sealed, out), 0);
		ASSERT_EQ(memcmp(out, self->token, sizeof(out)), 0);
		peer_random(self->token, sizeof(self->token));
		peer_seal(self->boot_key, self->sealed.grant_digest, self->token,
			  self->sealed.token);
	}
}

TEST_F_TIMEOUT(token, opens_nothing_with_a_flipped_bit, 300)
{
	static const uint8_t zero[BASTION_TOKEN_SIZE];
	uint8_t out[BASTION_TOKEN_SIZE];
	struct sealed s;

	for (size_t byte = 0; byte < sizeof(s); byte++) {
		s = self->sealed;
		((uint8_t *)&s)[byte] ^= 1 << byte % 8;
		EXPECT_EQ(open_token(self->fd, &s, out), -EKEYREJECTED);
		EXPECT_EQ(memcmp(out, zero, sizeof(out)), 0);
	}
}

TEST_F(token, opens_nothing_that_was_sealed_to_another_key)
{
	uint8_t out[BASTION_TOKEN_SIZE];
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	EXPECT_EQ(open_token(fd, &self->sealed, out), -EKEYREJECTED);
	close(fd);
}

TEST_F(token, wants_an_ephemeral_point)
{
	uint8_t out[BASTION_TOKEN_SIZE];

	memset(self->sealed.token + 1, 0, BASTION_POINT_SIZE - 1);
	EXPECT_EQ(open_token(self->fd, &self->sealed, out), -EKEYREJECTED);
	self->sealed.token[0] = 0;
	EXPECT_EQ(open_token(self->fd, &self->sealed, out), -EKEYREJECTED);
}

TEST_F(token, opens_for_many_at_once)
{
	uint8_t out[BASTION_TOKEN_SIZE];
	int status;

	for (int i = 0; i < 4; i++) {
		if (fork())
			continue;
		for (int j = 0; j < 20; j++)
			if (open_token(self->fd, &self->sealed, out) ||
			    memcmp(out, self->token, sizeof(out)))
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < 4; i++) {
		ASSERT_GT(wait(&status), 0);
		EXPECT_EQ(status, 0);
	}
}

/* round.h */
TEST_F(crypto, names_verifiers_by_their_public_key_info)
{
	static const uint8_t prefix[] = BASTION_SPKI_PREFIX;
	uint8_t info[sizeof(prefix) + BASTION_POINT_SIZE], ours[48], theirs[48];
	struct peer_key k;

	peer_key_init(&k);
	memcpy(info, prefix, sizeof(prefix));
	memcpy(info + sizeof(prefix), k.point, sizeof(k.point));
	peer_hash("SHA384", info, sizeof(info), theirs);
	ASSERT_EQ(call(self->fd, CRYPTO_TEST_VERIFIER, 0, k.point, sizeof(k.point), ours, 48), 0);
	EXPECT_EQ(memcmp(ours, theirs, 48), 0);
	peer_key_exit(&k);
}

TEST_F(crypto, refers_to_policies)
{
	struct {
		uint8_t tag[sizeof(BASTION_POLICY_TAG)];
		uint8_t chip_id[48], label[48];
	} plain = { .tag = BASTION_POLICY_TAG };
	uint8_t in[48 + 8], ours[48], theirs[48];

	peer_random(plain.chip_id, 48);
	peer_hash("SHA384", "prod-db", 7, plain.label);
	peer_hash("SHA384", &plain, sizeof(plain), theirs);
	memcpy(in, plain.chip_id, 48);
	memcpy(in + 48, "prod-db", 8);
	ASSERT_EQ(call(self->fd, CRYPTO_TEST_POLICY, 0, in, sizeof(in), ours, 48), 0);
	EXPECT_EQ(memcmp(ours, theirs, 48), 0);
}

TEST_F(crypto, digests_registers)
{
	static const uint32_t masks[] = { 0, 0x01, 0x05, 0xe7 };
	const size_t tag = sizeof(BASTION_REGISTERS_TAG);
	uint8_t plain[sizeof(BASTION_REGISTERS_TAG) + 4 + 8 * 48], ours[48], theirs[48];

	peer_random(plain, sizeof(plain));
	memcpy(plain, BASTION_REGISTERS_TAG, tag);
	for (size_t i = 0; i < sizeof(masks) / sizeof(*masks); i++) {
		size_t len = 48 * __builtin_popcount(masks[i]);

		memcpy(plain + tag, (uint8_t []){ masks[i], 0, 0, 0 }, 4);
		peer_hash("SHA384", plain, tag + 4 + len, theirs);
		ASSERT_EQ(call(self->fd, CRYPTO_TEST_REGISTERS, masks[i], plain + tag + 4, len, ours,
			       48), 0);
		EXPECT_EQ(memcmp(ours, theirs, 48), 0);
	}
}

TEST_HARNESS_MAIN
