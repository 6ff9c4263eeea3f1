// SPDX-License-Identifier: GPL-2.0
/*
 * The lists in securityfs: they parse, their template digests are those of
 * their template data, the three agree with each other and with the text, and
 * replaying them gives the chip's registers.
 */
#include <sys/stat.h>

#include "chip.h"
#include "device.h"
#include "kselftest_harness.h"

#define LISTS	"/sys/kernel/security/bastion/bastion0/"
#define SYSFS	"/sys/class/bastion/bastion0/"

static const struct list {
	const char *suffix, *hash;
	size_t size;
} lists[] = { { "", "SHA1", 20 }, { "_sha256", "SHA256", 32 }, { "_sha384", "SHA384", 48 } };

struct entry {
	uint32_t index;
	const uint8_t *digest;
	bool buffer;
	const uint8_t *data;
	size_t len;
};

/* Parts of an entry's template data. */
struct fields {
	const char *algorithm;
	const uint8_t *digest;
	size_t digest_len;
	const char *name;
	const uint8_t *buf;
	size_t buf_len;
};

static uint8_t *slurp(const char *path, size_t *len)
{
	size_t room = 1 << 16;
	uint8_t *text = malloc(room + 1);
	int fd = open(path, O_RDONLY);
	ssize_t n;

	*len = 0;
	while ((n = read(fd, text + *len, room - *len)) > 0) {
		*len += n;
		if (*len == room)
			text = realloc(text, (room *= 2) + 1);
	}
	close(fd);
	text[*len] = '\0';
	return n < 0 ? NULL : text;
}

static bool take_u32(const uint8_t **at, const uint8_t *end, uint32_t *value)
{
	if (end - *at < 4)
		return false;
	memcpy(value, *at, 4);
	*value = le32toh(*value);
	*at += 4;
	return true;
}

static bool take(const uint8_t **at, const uint8_t *end, size_t len, const uint8_t **part)
{
	if ((size_t)(end - *at) < len)
		return false;
	*part = *at;
	*at += len;
	return true;
}

static bool parse_entry(const uint8_t **at, const uint8_t *end, size_t size, struct entry *e)
{
	const uint8_t *name;
	uint32_t len;

	if (!take_u32(at, end, &e->index) || !take(at, end, size, &e->digest) ||
	    !take_u32(at, end, &len) || !take(at, end, len, &name))
		return false;
	e->buffer = len == 7 && !memcmp(name, "ima-buf", 7);
	if (!e->buffer && !(len == 6 && !memcmp(name, "ima-ng", 6)))
		return false;
	if (!take_u32(at, end, &len) || !take(at, end, len, &e->data))
		return false;
	e->len = len;
	return true;
}

static bool parse_fields(const struct entry *e, struct fields *f)
{
	const uint8_t *at = e->data, *end = e->data + e->len, *part;
	uint32_t len;
	size_t n;

	if (!take_u32(&at, end, &len) || !take(&at, end, len, &part))
		return false;
	n = strnlen((char *)part, len);
	if (n == len || !n || part[n - 1] != ':')
		return false;
	f->algorithm = (char *)part;
	f->digest = part + n + 1;
	f->digest_len = len - n - 1;
	if (!take_u32(&at, end, &len) || !take(&at, end, len, &part) || !len ||
	    strnlen((char *)part, len) != len - 1)
		return false;
	f->name = (char *)part;
	if (!e->buffer)
		return at == end;
	if (!take_u32(&at, end, &len) || !take(&at, end, len, &f->buf))
		return false;
	f->buf_len = len;
	return at == end;
}

static void hash(const char *name, const void *a, size_t a_len, const void *b, size_t b_len,
		 uint8_t *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	EVP_DigestInit_ex(ctx, EVP_get_digestbyname(name), NULL);
	EVP_DigestUpdate(ctx, a, a_len);
	EVP_DigestUpdate(ctx, b, b_len);
	EVP_DigestFinal_ex(ctx, out, NULL);
	EVP_MD_CTX_free(ctx);
}

FIXTURE(log)
{
	uint8_t *bytes;
	const uint8_t *at, *end;
};

FIXTURE_VARIANT(log)
{
	int list;
};

FIXTURE_VARIANT_ADD(log, sha1) { .list = 0 };
FIXTURE_VARIANT_ADD(log, sha256) { .list = 1 };
FIXTURE_VARIANT_ADD(log, sha384) { .list = 2 };

/* An event with all that could confuse a reader of text. */
static int extend(void)
{
	struct bastion_extend args = { .size = sizeof(args), .index = 6, .name = "abi-log",
				       .data = (__u64)(unsigned long)"a\nb\\ \0c", .data_len = 7 };
	int fd = round_open(), ret;

	ret = call(fd, BASTION_IOC_EXTEND, &args);
	close(fd);
	return ret;
}

FIXTURE_SETUP(log)
{
	char path[128];
	size_t len;

	ASSERT_EQ(0, extend());
	snprintf(path, sizeof(path), LISTS "binary_runtime_measurements%s",
		 lists[variant->list].suffix);
	self->bytes = slurp(path, &len);
	ASSERT_NE(NULL, self->bytes);
	self->at = self->bytes;
	self->end = self->bytes + len;
}

FIXTURE_TEARDOWN(log)
{
	free(self->bytes);
}

TEST_F(log, template_digests)
{
	const struct list *list = &lists[variant->list];
	uint8_t want[EVP_MAX_MD_SIZE];
	struct entry e;
	int count = 0;

	for (; self->at < self->end; count++) {
		ASSERT_TRUE(parse_entry(&self->at, self->end, list->size, &e))
			TH_LOG("entry %d", count);
		ASSERT_GT(BASTION_MR_COUNT, e.index);
		hash(list->hash, e.data, e.len, "", 0, want);
		EXPECT_EQ(0, memcmp(want, e.digest, list->size))
			TH_LOG("entry %d", count);
	}
	EXPECT_LE(5, count);
}

TEST_F(log, fields)
{
	uint8_t want[EVP_MAX_MD_SIZE];
	struct fields f;
	struct entry e;

	while (self->at < self->end) {
		ASSERT_TRUE(parse_entry(&self->at, self->end, lists[variant->list].size, &e));
		ASSERT_TRUE(parse_fields(&e, &f));
		if (!e.buffer) {
			EXPECT_STREQ("sha256:", f.algorithm);
			EXPECT_EQ(32, f.digest_len);
			EXPECT_EQ('/', f.name[0]);
			continue;
		}
		EXPECT_STREQ("sha384:", f.algorithm);
		ASSERT_EQ(48, f.digest_len);
		hash("SHA384", f.buf, f.buf_len, "", 0, want);
		EXPECT_EQ(0, memcmp(want, f.digest, 48))
			TH_LOG("%s", f.name);
	}
}

/* The text that an entry should be. */
static size_t render(const struct entry *e, size_t size, char *text)
{
	struct fields f = { };
	char *p = text;
	size_t i;

	parse_fields(e, &f);
	p += sprintf(p, "%2u ", e->index);
	for (i = 0; i < size; i++)
		p += sprintf(p, "%02x", e->digest[i]);
	p += sprintf(p, " %s %s", e->buffer ? "ima-buf" : "ima-ng", f.algorithm);
	for (i = 0; i < f.digest_len; i++)
		p += sprintf(p, "%02x", f.digest[i]);
	*p++ = ' ';
	for (i = 0; f.name[i]; i++)
		p += strchr(" \t\n\\", f.name[i]) ? sprintf(p, "\\%03o", f.name[i])
						   : sprintf(p, "%c", f.name[i]);
	if (e->buffer)
		*p++ = ' ';
	for (i = 0; i < f.buf_len; i++)
		p += sprintf(p, "%02x", f.buf[i]);
	*p++ = '\n';
	return p - text;
}

TEST_F(log, text)
{
	const struct list *list = &lists[variant->list];
	char path[128], *line = malloc(1 << 16);
	size_t len, used = 0, n;
	struct entry e;
	uint8_t *text;

	snprintf(path, sizeof(path), LISTS "ascii_runtime_measurements%s", list->suffix);
	text = slurp(path, &len);
	ASSERT_NE(NULL, text);
	while (self->at < self->end) {
		ASSERT_TRUE(parse_entry(&self->at, self->end, list->size, &e));
		n = render(&e, list->size, line);
		ASSERT_GE(len - used, n);
		ASSERT_EQ(0, memcmp(text + used, line, n))
			TH_LOG("%.*s", (int)n, line);
		used += n;
	}
	EXPECT_EQ(used, len);
}

static void read_register(int index, uint8_t value[48])
{
	char path[128];
	size_t len;
	uint8_t *text;

	snprintf(path, sizeof(path), SYSFS "measurements/mr%d:sha384", index);
	text = slurp(path, &len);
	for (int i = 0; i < 48; i++)
		sscanf((char *)text + 2 * i, "%2hhx", &value[i]);
	free(text);
}

static void replay(uint8_t registers[][48], const struct entry *e)
{
	hash("SHA384", registers[e->index], 48, e->digest, 48, registers[e->index]);
}

/* Register 3 has IMA's list, which is not in ours and has templates of its own. */
static bool replay_ima(uint8_t value[48])
{
	const uint8_t *at, *end, *part;
	uint8_t digest[48];
	uint32_t number;
	size_t len;

	at = slurp("/sys/kernel/security/ima/binary_runtime_measurements", &len);
	for (end = at + len; at && at < end;) {
		if (!take_u32(&at, end, &number) || !take(&at, end, 20, &part) ||
		    !take_u32(&at, end, &number) || !take(&at, end, number, &part) ||
		    !take_u32(&at, end, &number) || !take(&at, end, number, &part))
			return false;
		hash("SHA384", part, number, NULL, 0, digest);
		hash("SHA384", value, 48, digest, 48, value);
	}
	return true;
}

/* A TPM's register 0 is made of the platform's PCRs, which have a log of their own. */
static void replay_platform(uint8_t value[48])
{
	uint8_t values[10][32];
	char path[64];

	for (int i = 0; i < 10; i++) {
		size_t len;
		char *text;

		snprintf(path, sizeof(path), "/sys/class/tpm/tpm0/pcr-sha256/%d", i);
		text = (char *)slurp(path, &len);
		for (int j = 0; text && j < 32; j++)
			sscanf(text + 2 * j, "%2hhx", &values[i][j]);
		free(text);
	}
	hash("SHA384", BASTION_PLATFORM_TAG, sizeof(BASTION_PLATFORM_TAG), values, sizeof(values),
	     value);
}

TEST(replay_gives_the_registers)
{
	uint8_t registers[BASTION_MR_COUNT][48] = { }, value[48];
	static const char * const names[] = { "binary_boot_measurements",
					      "binary_runtime_measurements_sha384" };
	const uint8_t *at, *end;
	char path[128];
	struct entry e;
	uint8_t *bytes;
	size_t len;
	int i;

	ASSERT_EQ(0, extend());
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), LISTS "%s", names[i]);
		bytes = slurp(path, &len);
		ASSERT_NE(NULL, bytes);
		for (at = bytes, end = at + len; at < end; replay(registers, &e)) {
			ASSERT_TRUE(parse_entry(&at, end, 48, &e));
			/* The platform's register is the platform's alone. */
			ASSERT_EQ(i == 0, e.index == 0);
		}
		free(bytes);
	}
	ASSERT_TRUE(replay_ima(registers[3]));
	if (chip_is_tpm())
		replay_platform(registers[0]);
	for (i = 0; i < BASTION_MR_COUNT; i++) {
		read_register(i, value);
		EXPECT_EQ(0, memcmp(registers[i], value, 48))
			TH_LOG("register %d", i);
	}
}

/* What IMA's own tool makes of it, with these registers in place of a TPM's. */
static int ask_evmctl(uint8_t registers[][20])
{
	char path[] = "/tmp/selftest-pcrs.XXXXXX", command[256];
	FILE *file = fdopen(mkstemp(path), "w");
	int i, j, status;

	for (i = 0; i < BASTION_MR_COUNT; i++) {
		fprintf(file, "PCR-%02d:", i);
		for (j = 0; j < 20; j++)
			fprintf(file, " %02X", registers[i][j]);
		fprintf(file, "\n");
	}
	fclose(file);
	snprintf(command, sizeof(command), "evmctl ima_measurement --pcrs sha1,%s "
		 LISTS "binary_runtime_measurements >/dev/null 2>&1", path);
	status = system(command);
	unlink(path);
	return status;
}

TEST(evmctl_reads_it)
{
	uint8_t registers[BASTION_MR_COUNT][20] = { };
	const uint8_t *at, *end;
	struct entry e;
	size_t len;

	if (system("command -v evmctl >/dev/null"))
		SKIP(return, "evmctl is not installed");
	ASSERT_EQ(0, extend());
	at = slurp(LISTS "binary_runtime_measurements", &len);
	ASSERT_NE(NULL, at);
	for (end = at + len; at < end;) {
		ASSERT_TRUE(parse_entry(&at, end, 20, &e));
		hash("SHA1", registers[e.index], 20, e.digest, 20, registers[e.index]);
	}
	EXPECT_EQ(0, ask_evmctl(registers));
	/* It is content with the first register that fits: none may. */
	for (int i = 0; i < BASTION_MR_COUNT; i++)
		registers[i][0] ^= 1;
	EXPECT_NE(0, ask_evmctl(registers));
}

TEST(lists_agree)
{
	const uint8_t *at[3], *end[3];
	struct entry e[3];
	char path[128];
	size_t len;
	int i;

	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), LISTS "binary_runtime_measurements%s", lists[i].suffix);
		at[i] = slurp(path, &len);
		ASSERT_NE(NULL, at[i]);
		end[i] = at[i] + len;
	}
	while (at[0] < end[0]) {
		for (i = 0; i < 3; i++)
			ASSERT_TRUE(parse_entry(&at[i], end[i], lists[i].size, &e[i]));
		for (i = 1; i < 3; i++) {
			ASSERT_EQ(e[0].index, e[i].index);
			ASSERT_EQ(e[0].len, e[i].len);
			ASSERT_EQ(0, memcmp(e[0].data, e[i].data, e[0].len));
		}
	}
	EXPECT_EQ(at[1], end[1]);
	EXPECT_EQ(at[2], end[2]);
}

/* Pieces of any size give the same as one read. */
TEST(short_reads)
{
	char path[] = LISTS "binary_runtime_measurements";
	size_t len, used = 0;
	uint8_t *whole, byte[7];
	int fd;
	ssize_t n;

	whole = slurp(path, &len);
	ASSERT_NE(NULL, whole);
	fd = open(path, O_RDONLY);
	while ((n = read(fd, byte, sizeof(byte))) > 0) {
		ASSERT_LE(used + n, len);
		ASSERT_EQ(0, memcmp(byte, whole + used, n));
		used += n;
	}
	EXPECT_EQ(len, used);
	ASSERT_EQ(3, pread(fd, byte, 3, 11));
	EXPECT_EQ(0, memcmp(byte, whole + 11, 3));
}

TEST(modes)
{
	static const char * const names[] = {
		"ascii_runtime_measurements", "binary_runtime_measurements",
		"ascii_runtime_measurements_sha256", "binary_runtime_measurements_sha256",
		"ascii_runtime_measurements_sha384", "binary_runtime_measurements_sha384",
		"binary_boot_measurements",
	};
	char path[128];
	struct stat st;

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), LISTS "%s", names[i]);
		ASSERT_EQ(0, stat(path, &st));
		EXPECT_EQ(S_IFREG | 0440, st.st_mode);
		EXPECT_EQ(0, st.st_uid);
	}
}

/* Register 1 begins with the boot key that every round shows, and has it once. */
TEST(boot_key_comes_first)
{
	struct bastion_round_begin round = { .size = sizeof(round) };
	struct bastion_verifier_add add = { .size = sizeof(add) };
	struct bastion_verifier_remove remove = { .size = sizeof(remove) };
	int fd = round_open(), count = 0, keys = 0;
	const uint8_t *at, *end;
	struct fields f;
	struct entry e;
	size_t len;

	memcpy(add.key, p384_generator, sizeof(add.key));
	ASSERT_EQ(0, call(fd, BASTION_IOC_VERIFIER_ADD, &add));
	memcpy(round.verifier, add.digest, sizeof(add.digest));
	EXPECT_EQ(0, call(fd, BASTION_IOC_ROUND_BEGIN, &round));
	memcpy(remove.digest, add.digest, sizeof(add.digest));
	EXPECT_EQ(0, call(fd, BASTION_IOC_VERIFIER_REMOVE, &remove));

	at = slurp(LISTS "binary_runtime_measurements", &len);
	ASSERT_NE(NULL, at);
	for (end = at + len; at < end; count++) {
		ASSERT_TRUE(parse_entry(&at, end, 20, &e));
		ASSERT_TRUE(parse_fields(&e, &f));
		if (e.index != 1 || strcmp(f.name, BASTION_EVENT_BOOT_KEY))
			continue;
		keys++;
		EXPECT_EQ(0, count);
		ASSERT_EQ(97, f.buf_len);
		EXPECT_EQ(0, memcmp(round.boot_key, f.buf, 97));
	}
	EXPECT_EQ(1, keys);
}

TEST_HARNESS_MAIN
