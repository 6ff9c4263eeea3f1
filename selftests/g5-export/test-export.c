// SPDX-License-Identifier: GPL-2.0
/*
 * G5: a secret reaches user space only where the sealed key itself says
 * "types=user", and then only as a key's payload.
 */
#include <ctype.h>

#include "chip.h"
#include "gate.h"
#include "sign.h"
#include "kselftest_harness.h"

#define RING	KEY_SPEC_PROCESS_KEYRING
#define LISTS	"/sys/kernel/security/bastion/bastion0/"

FIXTURE(export)
{
	struct gate gate;
};

FIXTURE_SETUP(export)
{
	ASSERT_EQ(0, gate_setup(&self->gate));
}

FIXTURE_TEARDOWN(export)
{
	EXPECT_EQ(0, gate_teardown(&self->gate));
}

TEST_F(export, user_has_to_be_allowed)
{
	static const char * const options[] = { "", "types=logon", "types=fscrypt",
						"types=logon,fscrypt" };
	char description[80];
	key_serial_t key;

	for (int i = 0; i < 4; i++) {
		const char *name = sealed_name();

		key = gate_new(&self->gate, name, options[i]);
		ASSERT_LT(0, key);
		EXPECT_EQ(-EKEYREJECTED, sealed_release(self->gate.fd, key, BASTION_TYPE_USER, RING));
		snprintf(description, sizeof(description), "bastion:%s", name);
		EXPECT_GT(0, request_key("user", description, "", RING));
		EXPECT_EQ(EKEYREJECTED, errno);
	}
}

TEST_F(export, logon_is_not_readable)
{
	key_serial_t key, logon;
	char bytes[64];

	key = gate_new(&self->gate, self->gate.name, "types=logon,user");
	ASSERT_LT(0, key);
	logon = sealed_release(self->gate.fd, key, BASTION_TYPE_LOGON, RING);
	ASSERT_LT(0, logon);
	EXPECT_GT(0, keyctl_read(logon, bytes, sizeof(bytes)));
	EXPECT_TRUE(errno == EACCES || errno == EOPNOTSUPP);
	EXPECT_GT(0, keyctl_setperm(logon, KEY_POS_ALL | KEY_USR_ALL));
	EXPECT_EQ(EACCES, errno);
}

TEST_F(export, user_is_readable_and_always_the_same)
{
	char first[64], second[64], other[64];
	key_serial_t key, one, two;

	key = gate_new(&self->gate, self->gate.name, "types=user");
	ASSERT_LT(0, key);
	one = sealed_release(self->gate.fd, key, BASTION_TYPE_USER, RING);
	ASSERT_LT(0, one);
	ASSERT_EQ(32, keyctl_read(one, first, sizeof(first)));
	two = sealed_release(self->gate.fd, key, BASTION_TYPE_USER, RING);
	ASSERT_LT(0, two);
	EXPECT_NE(one, two);
	ASSERT_EQ(32, keyctl_read(two, second, sizeof(second)));
	EXPECT_EQ(0, memcmp(first, second, 32));

	key = gate_new(&self->gate, sealed_name(), "types=user");
	one = sealed_release(self->gate.fd, key, BASTION_TYPE_USER, RING);
	ASSERT_LT(0, one);
	ASSERT_EQ(32, keyctl_read(one, other, sizeof(other)));
	EXPECT_NE(0, memcmp(first, other, 32));
}

static int read_user(void *arg)
{
	char bytes[64];

	return keyctl_read(*(key_serial_t *)arg, bytes, sizeof(bytes)) < 0 ? errno : 0;
}

/* Only whoever possesses it reads it. */
TEST_F(export, user_is_not_readable_to_others)
{
	key_serial_t key = gate_new(&self->gate, self->gate.name, "types=user"), user;

	ASSERT_LT(0, key);
	user = sealed_release(self->gate.fd, key, BASTION_TYPE_USER, RING);
	ASSERT_LT(0, user);
	EXPECT_EQ(0, read_user(&user));
	/* A process keyring is not inherited. */
	EXPECT_EQ(EACCES, sealed_in_child(NULL, read_user, &user));
	EXPECT_EQ(EACCES, sealed_in_child(sealed_be_nobody, read_user, &user));
}

static int text_has(const char *text, size_t len, const uint8_t *secret)
{
	char hex[65];

	sealed_hex(secret, 32, hex);
	if (memmem(text, len, secret, 12) || memmem(text, len, hex, 24))
		return 1;
	for (size_t i = 0; hex[i]; i++)
		hex[i] = toupper(hex[i]);
	return memmem(text, len, hex, 24) != NULL;
}

/* Is @secret in @path, as bytes or in hex? -1 when it cannot be read. */
static int file_has(const char *path, const uint8_t *secret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;
	size_t len = 0, room = 1 << 20;
	char *text = malloc(room);
	ssize_t n;

	while ((n = read(fd, text + len, room - len)) > 0) {
		len += n;
		if (len == room)
			text = realloc(text, room *= 2);
	}
	close(fd);
	ret = n < 0 ? -1 : text_has(text, len, secret);
	free(text);
	return ret;
}

/* A secret of which we know the bytes, released in both types. */
static int known_secret(struct gate *gate, uint8_t *secret)
{
	key_serial_t key = gate_new(gate, gate->name, "types=logon,user"), user;

	user = sealed_release(gate->fd, key, BASTION_TYPE_USER, RING);
	if (user < 0 || keyctl_read(user, (char *)secret, 32) != 32)
		return -1;
	return sealed_release(gate->fd, key, BASTION_TYPE_LOGON, RING);
}

TEST_F_TIMEOUT(export, nothing_shows_it, 120)
{
	static const char * const lists[] = {
		"/proc/keys", LISTS "binary_runtime_measurements",
		LISTS "ascii_runtime_measurements", LISTS "binary_runtime_measurements_sha384",
	};
	char path[] = "/tmp/selftest-export.XXXXXX", command[128];
	uint8_t secret[32];
	FILE *file;

	ASSERT_LT(0, known_secret(&self->gate, secret));
	ASSERT_LE(0, mkstemp(path));
	snprintf(command, sizeof(command), "dmesg >%s", path);
	ASSERT_EQ(0, system(command));
	EXPECT_EQ(0, file_has(path, secret));
	for (unsigned int i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		EXPECT_EQ(0, file_has(lists[i], secret))
			TH_LOG("%s", lists[i]);
	}
	/* That it would be found. */
	file = fopen(path, "a");
	ASSERT_NE(NULL, file);
	fwrite(secret, 32, 1, file);
	fclose(file);
	EXPECT_EQ(1, file_has(path, secret));
	unlink(path);
}

/* How often @secret is in the memory of @pid. */
static int count_in_memory(pid_t pid, const uint8_t *secret)
{
	char path[64], line[512], *chunk, *at;
	unsigned long from, to, len;
	int mem, count = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "r");
	while (mem >= 0 && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx rw", &from, &to) != 2 || !strstr(line, " rw"))
			continue;
		len = to - from;
		chunk = malloc(len);
		if (pread(mem, chunk, len, from) == (ssize_t)len)
			for (at = chunk; (at = memmem(at, chunk + len - at, secret, 32)); at++)
				count++;
		free(chunk);
	}
	fclose(maps);
	close(mem);
	return count;
}

/* A process that releases a logon key has no byte of it, so neither has its core. */
TEST_F(export, a_requester_never_has_it)
{
	int ready[2], go[2];
	uint8_t secret[32];
	key_serial_t key;
	char byte = 1;
	pid_t pid;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, pipe(go));
	key = gate_new(&self->gate, self->gate.name, "types=logon,user");
	ASSERT_LT(0, key);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		key_serial_t logon = sealed_release(self->gate.fd, key, BASTION_TYPE_LOGON, RING);

		/* Else it would wait for itself, should its parent fail. */
		close(go[1]);
		if (logon < 0 || write(ready[1], &byte, 1) != 1)
			_exit(1);
		_exit(read(go[0], &byte, 1) != 1);
	}
	close(ready[1]);
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	key = sealed_release(self->gate.fd, key, BASTION_TYPE_USER, RING);
	ASSERT_LT(0, key);
	ASSERT_EQ(32, keyctl_read(key, (char *)secret, sizeof(secret)));
	EXPECT_EQ(0, count_in_memory(pid, secret));
	/* That it would be found. */
	EXPECT_LT(0, count_in_memory(getpid(), secret));
	EXPECT_EQ(1, write(go[1], &byte, 1));
	waitpid(pid, NULL, 0);
}

/* No way of using a bastion key's own payload says more than the blob. */
TEST_F(export, the_blob_does_not_contain_it)
{
	uint8_t secret[32], blob[BASTION_BLOB_MAX];
	key_serial_t key;
	int len;

	ASSERT_LT(0, known_secret(&self->gate, secret));
	key = keyctl_search(KEY_SPEC_SESSION_KEYRING, "bastion", self->gate.name, 0);
	ASSERT_LT(0, key);
	len = sealed_blob(key, blob);
	ASSERT_LT(0, len);
	EXPECT_EQ(NULL, memmem(blob, len, secret, 32));
}

/* Key pairs and what was imported */

TEST_F(export, a_key_pair_is_never_released)
{
	static const char * const types[] = { "logon", "fscrypt-provisioning", "user" };
	key_serial_t key = gate_make(&self->gate, "ecdsa", self->gate.name, "");
	uint8_t blob[BASTION_BLOB_MAX];
	int len = sealed_blob(key, blob);

	CHIP_NEEDS(CHIP_KEY_PAIRS);
	ASSERT_LT(0, len);
	ASSERT_LT(0, sign_something(key));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(-EKEYREJECTED, sealed_release(self->gate.fd, key, 1 << i, RING));
		EXPECT_EQ(-EKEYREJECTED, sealed_release_blob(self->gate.fd, blob, len, 1 << i,
							     RING));
		EXPECT_GT(0, request_key(types[i], self->gate.description, "", RING));
		EXPECT_EQ(EKEYREJECTED, errno);
	}
}

/* Is the point that belongs to the scalar at @bytes the one at @point? */
static bool is_scalar_of(const uint8_t *bytes, const uint8_t *point)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_secp384r1);
	EC_POINT *product = EC_POINT_new(group);
	BIGNUM *scalar = BN_bin2bn(bytes, BASTION_SCALAR_SIZE, NULL);
	uint8_t got[BASTION_POINT_SIZE] = { };

	ROUND_MUST(EC_POINT_mul(group, product, scalar, NULL, NULL, NULL));
	EC_POINT_point2oct(group, product, POINT_CONVERSION_UNCOMPRESSED, got, sizeof(got), NULL);
	BN_free(scalar);
	EC_POINT_free(product);
	EC_GROUP_free(group);
	return !memcmp(got, point, sizeof(got));
}

TEST_F(export, the_scalar_is_not_in_the_blob)
{
	key_serial_t key = gate_make(&self->gate, "ecdsa", self->gate.name, "");
	uint8_t blob[BASTION_BLOB_MAX], point[BASTION_POINT_SIZE];
	int len = sealed_blob(key, blob), at = sizeof(struct bastion_blob_header);

	CHIP_NEEDS(CHIP_KEY_PAIRS);
	ASSERT_EQ(BASTION_BLOB_P384_SIZE, len);
	ASSERT_EQ(0, sign_point(key, point));
	/* Nowhere behind the public key. */
	for (at += BASTION_POINT_SIZE; at + BASTION_SCALAR_SIZE <= len; at++)
		EXPECT_FALSE(is_scalar_of(blob + at, point));
}

/* What came from outside is as well kept as what did not. */
TEST_F(export, what_was_imported)
{
	uint8_t secret[32], blob[BASTION_BLOB_MAX];
	key_serial_t key, user;
	char verb[32], bytes[64];

	ROUND_MUST(RAND_bytes(secret, sizeof(secret)));
	user = add_key("user", self->gate.name, secret, sizeof(secret), RING);
	ASSERT_LT(0, user);
	snprintf(verb, sizeof(verb), "import %d", user);
	key = gate_make(&self->gate, verb, self->gate.name, "");
	ASSERT_LT(0, key);
	ASSERT_EQ(0, keyctl_revoke(user));
	EXPECT_EQ(-EKEYREJECTED, sealed_release(self->gate.fd, key, BASTION_TYPE_USER, RING));
	user = sealed_release(self->gate.fd, key, BASTION_TYPE_LOGON, RING);
	ASSERT_LT(0, user);
	EXPECT_GT(0, keyctl_read(user, bytes, sizeof(bytes)));
	ASSERT_LT(0, sealed_blob(key, blob));
	EXPECT_FALSE(text_has((char *)blob, sizeof(blob), secret));
	EXPECT_EQ(0, file_has("/proc/keys", secret));
	EXPECT_EQ(0, file_has(LISTS "binary_runtime_measurements_sha384", secret));
}

TEST_HARNESS_MAIN
