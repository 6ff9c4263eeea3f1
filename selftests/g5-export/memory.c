// SPDX-License-Identifier: GPL-2.0
/*
 * What host-test-memory needs on both sides. The two of a round meet in a folder
 * that both see, so that the guest never has what only a verifier knows:
 *
 * usage: memory verify DIR	on the host: is a verifier until it is killed; prints its key, then
 *				the tokens
 *        memory attest DIR	in the guest: registers it, and runs the round with it
 *        memory settle COUNT	in the guest: waits until root has so many keys, and whatever the
 *				kernel frees later is freed
 *        memory open FUSES	on the host: reads blobs, in hex, a line each, and prints the
 *				secret or scalar of each. FUSES of a TPM's: the 32 bytes that it
 *				gave up for the blob
 *        memory object DIR	on the host: reads a TPM's blob, in hex, and writes to DIR what of it
 *				the TPM's tools want; DIR has "verifier", as verify left it
 *        memory search FILE	reads lines "NAME HEX", and prints where FILE has a piece of
 *				any of these, as bytes or as hex digits
 *
 * search looks for every piece of eight bytes at every address that divides by
 * eight: fifteen bytes in a row are found wherever they are, and chance finds none.
 */
#include <ctype.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <linux/membarrier.h>

#include <openssl/kdf.h>
#include <openssl/pem.h>

#include "sealed.h"
#include "tpm_object.h"

#define SEED_OFFSET	64	/* in the fuses, behind magic, two versions and the identity */
#define SEED_SIZE	48
#define TPM_SEED_SIZE	32
#define POLL_US		20000

/* Files in the folder. 9p tells nobody that one has appeared. */

static void put(const char *dir, const char *name, const void *data, size_t len)
{
	char path[512], new[520];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(new, sizeof(new), "%s.new", path);
	file = fopen(new, "w");
	if (!file || fwrite(data, 1, len, file) != len || fclose(file) || rename(new, path))
		err(1, "%s", path);
}

/* Waits for it, and takes it away. */
static void take(const char *dir, const char *name, void *data, size_t len)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	while (access(path, F_OK))
		usleep(POLL_US);
	file = fopen(path, "r");
	if (!file || fread(data, 1, len, file) != len || fclose(file) || unlink(path))
		err(1, "%s", path);
}

/* The grant as it travels */
struct message {
	size_t len;
	uint8_t bytes[sizeof(((struct round_grant *)0)->bytes)];
	uint8_t sealed[BASTION_SEALED_TOKEN_SIZE];
	uint8_t policies[sizeof(((struct round_grant *)0)->policies)];
	size_t signature_count;
};

static void print_hex(const void *data, size_t len)
{
	char hex[2 * BASTION_SECRET_MAX + 1];

	sealed_hex(data, len, hex);
	puts(hex);
}

static int verify(const char *dir)
{
	struct round_verifier verifier;
	struct message message = {};
	struct round_grant grant;
	struct round round;

	round_verifier_make(&verifier);
	ROUND_MUST(PEM_write_PrivateKey(stdout, verifier.key, NULL, NULL, 0, NULL, NULL));
	for (;;) {
		put(dir, "verifier", &verifier, sizeof(verifier));
		take(dir, "round", &round, sizeof(round));
		round.verifier = &verifier;
		round_fill(&round, &grant, "prod");
		grant.fixed.lifetime = htole32(3600);
		round_sign(&round, &grant, verifier.key);
		print_hex(grant.token, sizeof(grant.token));
		fflush(stdout);
		message.len = grant.len;
		memcpy(message.bytes, grant.bytes, sizeof(message.bytes));
		memcpy(message.sealed, grant.sealed, sizeof(message.sealed));
		memcpy(message.policies, grant.policies, sizeof(message.policies));
		message.signature_count = grant.signature_count;
		put(dir, "grant", &message, sizeof(message));
	}
	return 0;
}

static int attest(const char *dir)
{
	struct round_verifier verifier;
	struct round_grant grant = {};
	struct message message;
	struct round round;
	int fd = round_open(), ret;
	char hex[2 * BASTION_DIGEST_SIZE + 1];

	if (fd < 0)
		errx(1, "there is no chip");
	take(dir, "verifier", &verifier, sizeof(verifier));
	ret = round_verifier_add(fd, &verifier);
	if (!ret || ret == -EEXIST)
		ret = round_begin(&round, fd, &verifier);
	if (!ret)
		ret = round_quote(&round);
	if (ret)
		errx(1, "no round: %s", strerror(-ret));
	put(dir, "round", &round, sizeof(round));
	take(dir, "grant", &message, sizeof(message));
	grant.len = message.len;
	memcpy(grant.bytes, message.bytes, sizeof(grant.bytes));
	memcpy(grant.sealed, message.sealed, sizeof(grant.sealed));
	memcpy(grant.policies, message.policies, sizeof(grant.policies));
	grant.signature_count = message.signature_count;
	ret = round_submit(&round, &grant);
	if (ret)
		errx(1, "the grant: %s", strerror(-ret));
	sealed_hex(verifier.digest, sizeof(verifier.digest), hex);
	puts(hex);
	return 0;
}

static unsigned int root_keys(void)
{
	FILE *file = fopen("/proc/key-users", "r");
	unsigned int uid, usage, keys = 0;

	/* Counted down when a key is destroyed: long after it is found no more. */
	while (file && fscanf(file, "%u: %u %u/%*[^\n]", &uid, &usage, &keys) == 3 && uid)
		;
	if (!file || uid)
		errx(1, "root is not in /proc/key-users");
	fclose(file);
	return keys;
}

static int settle(const char *count)
{
	cpu_set_t cpus, one;

	for (int i = 0; root_keys() != (unsigned int)atoi(count); i++) {
		if (i == 60 * 1000000 / POLL_US)
			errx(1, "root has %u keys", root_keys());
		usleep(POLL_US);
	}
	/* A payload goes with an RCU callback, and each CPU has its queue: wait in all of them. */
	if (sched_getaffinity(0, sizeof(cpus), &cpus))
		err(1, "CPUs");
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &cpus))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (sched_setaffinity(0, sizeof(one), &one) ||
		    syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
			err(1, "CPU %d", cpu);
	}
	return 0;
}

/* blob.h, read once more */

static size_t seed_size;

static void hkdf(const uint8_t *seed, const uint8_t *salt, const void *info, size_t info_len,
		 uint8_t *out, size_t len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);

	ROUND_MUST(EVP_PKEY_derive_init(ctx));
	ROUND_MUST(EVP_PKEY_CTX_set_hkdf_md(ctx, EVP_sha384()));
	ROUND_MUST(EVP_PKEY_CTX_set1_hkdf_key(ctx, seed, seed_size));
	ROUND_MUST(EVP_PKEY_CTX_set1_hkdf_salt(ctx, salt, BASTION_SALT_SIZE));
	ROUND_MUST(EVP_PKEY_CTX_add1_hkdf_info(ctx, info, info_len));
	ROUND_MUST(EVP_PKEY_derive(ctx, out, &len));
	EVP_PKEY_CTX_free(ctx);
}

static void decrypt(const uint8_t *seed, const uint8_t *blob, size_t before, size_t len, uint8_t *out)
{
	const struct bastion_blob_header *header = (const void *)blob;
	bool is_tpm = le16toh(header->kind) == BASTION_KIND_TPM;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t material[44];
	int n;

	hkdf(seed, header->salt, is_tpm ? BASTION_TPM_INFO : BASTION_BLOB_INFO,
	     is_tpm ? sizeof(BASTION_TPM_INFO) : sizeof(BASTION_BLOB_INFO), material,
	     sizeof(material));
	ROUND_MUST(EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, material, material + 32));
	ROUND_MUST(EVP_DecryptUpdate(ctx, NULL, &n, blob, before));
	ROUND_MUST(EVP_DecryptUpdate(ctx, out, &n, blob + before, len));
	ROUND_MUST(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, BASTION_TAG_SIZE,
				       (void *)(blob + before + len)));
	ROUND_MUST(EVP_DecryptFinal_ex(ctx, out + n, &n));
	EVP_CIPHER_CTX_free(ctx);
}

static void open_blob(const uint8_t *seed, const uint8_t *blob)
{
	const struct bastion_blob_header *header = (const void *)blob;
	const struct bastion_blob_tpm *part = (const void *)(header + 1);
	uint8_t info[sizeof(BASTION_DERIVED_INFO) + sizeof(*header)], secret[BASTION_SECRET_MAX];
	size_t len = le32toh(header->secret_len), before = sizeof(*header);

	if (le16toh(header->kind) == BASTION_KIND_DERIVED) {
		memcpy(mempcpy(info, BASTION_DERIVED_INFO, sizeof(BASTION_DERIVED_INFO)), header,
		       sizeof(*header));
		hkdf(seed, header->salt, info, sizeof(info), secret, len);
	} else {
		if (le16toh(header->kind) == BASTION_KIND_P384)
			before += BASTION_POINT_SIZE;
		if (le16toh(header->kind) == BASTION_KIND_TPM)
			before += sizeof(*part) + le16toh(part->private_len);
		decrypt(seed, blob, before, len, secret);
	}
	print_hex(secret, len);
}

/* Bytes from hex digits: how many, at most @size. */
static size_t from_hex(const char *hex, uint8_t *bytes, size_t size)
{
	size_t len = 0;

	while (len < size && isxdigit(hex[2 * len]) && sscanf(hex + 2 * len, "%2hhx", &bytes[len]) == 1)
		len++;
	return len;
}

static int open_blobs(const char *fuses)
{
	char line[2 * BASTION_BLOB_MAX + 2];
	uint8_t head[SEED_OFFSET + SEED_SIZE], blob[BASTION_BLOB_MAX], *seed = head;
	FILE *file = fopen(fuses, "r");
	size_t len = file ? fread(head, 1, sizeof(head), file) : 0;

	if (len != sizeof(head) && len != TPM_SEED_SIZE)
		errx(1, "%s has no seed", fuses);
	fclose(file);
	seed_size = TPM_SEED_SIZE;
	if (len == sizeof(head)) {
		seed += SEED_OFFSET;
		seed_size = SEED_SIZE;
	}
	while (fgets(line, sizeof(line), stdin)) {
		if (from_hex(line, blob, sizeof(blob)) < BASTION_BLOB_OVERHEAD)
			errx(1, "not a blob");
		open_blob(seed, blob);
	}
	return 0;
}

static int write_object(const char *dir)
{
	char line[2 * BASTION_BLOB_MAX + 2] = "", path[512];
	uint8_t blob[BASTION_BLOB_MAX] = { 0 };
	struct round_verifier verifier;
	struct tpm_object object;
	FILE *file;

	snprintf(path, sizeof(path), "%s/verifier", dir);
	file = fopen(path, "r");
	if (!file || fread(&verifier, sizeof(verifier), 1, file) != 1)
		err(1, "%s", path);
	fclose(file);
	if (!fgets(line, sizeof(line), stdin) ||
	    from_hex(line, blob, sizeof(blob)) < BASTION_BLOB_OVERHEAD)
		errx(1, "not a blob");
	tpm_object(&object, blob, verifier.point);
	put(dir, "ref", object.ref, sizeof(object.ref));
	put(dir, "object.pub", object.pub, object.pub_len);
	put(dir, "object.priv", object.priv, object.priv_len);
	return 0;
}

/* Searching */

#define PIECE		8
#define PIECES_MAX	32768
#define SLOTS		(4 * PIECES_MAX)

/** struct piece - eight bytes of something wanted */
struct piece {
	uint64_t bytes;
	char name[56];
};

static struct piece pieces[PIECES_MAX];
static int slots[SLOTS];	/* hash table: 1 + index */
static int piece_count;

static unsigned int slot_of(uint64_t bytes)
{
	return (bytes * 0x9e3779b97f4a7c15) >> 32 & (SLOTS - 1);
}

static void want(const char *name, const char *how, size_t offset, const uint8_t *bytes)
{
	struct piece *piece = &pieces[piece_count++];
	unsigned int slot;

	if (piece_count > PIECES_MAX)
		errx(1, "too much is wanted");
	memcpy(&piece->bytes, bytes, PIECE);
	snprintf(piece->name, sizeof(piece->name), "%.32s%s+%zu", name, how, offset);
	for (slot = slot_of(piece->bytes); slots[slot]; slot = (slot + 1) % SLOTS)
		;
	slots[slot] = piece_count;
}

static void want_all(const char *name, const char *how, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i + PIECE <= len; i++)
		want(name, how, i, bytes + i);
}

static void read_wanted(void)
{
	char line[4096], name[33], hex[2 * BASTION_SECRET_MAX + 1];
	uint8_t bytes[BASTION_SECRET_MAX];
	size_t len;

	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "%32s %2048s", name, hex) != 2)
			errx(1, "not NAME HEX: %s", line);
		len = from_hex(hex, bytes, sizeof(bytes));
		if (2 * len != strlen(hex) || len < 2 * PIECE)
			errx(1, "not hex, or too short: %s", hex);
		want_all(name, "", bytes, len);
		for (size_t i = 0; i < 2 * len; i++)
			hex[i] = tolower(hex[i]);
		want_all(name, " in hex", hex, 2 * len);
		for (size_t i = 0; i < 2 * len; i++)
			hex[i] = toupper(hex[i]);
		want_all(name, " in HEX", hex, 2 * len);
	}
	if (!piece_count)
		errx(1, "nothing is wanted");
}

static const char *wanted(uint64_t bytes)
{
	unsigned int slot;

	for (slot = slot_of(bytes); slots[slot]; slot = (slot + 1) % SLOTS) {
		if (pieces[slots[slot] - 1].bytes == bytes)
			return pieces[slots[slot] - 1].name;
	}
	return NULL;
}

/* One line a run of pieces: where, what, and what stands before it, which tells whose it is. */
static void report(const uint8_t *file, size_t at, const char *name)
{
	char before[2 * 64 + 1] = "";
	size_t len = at < 64 ? at : 64;

	sealed_hex(file + at - len, len, before);
	printf("%#zx %s, after %s\n", at, name, before);
}

static int search(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const uint8_t *file = MAP_FAILED;
	size_t last = SIZE_MAX;
	const char *name;
	struct stat stat;
	uint64_t bytes;

	read_wanted();
	if (fd >= 0 && !fstat(fd, &stat))
		file = mmap(NULL, stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED)
		err(1, "%s", path);
	for (size_t at = 0; at + PIECE <= (size_t)stat.st_size; at += PIECE) {
		memcpy(&bytes, file + at, PIECE);
		name = wanted(bytes);
		if (!name)
			continue;
		if (last == SIZE_MAX || at - last > PIECE)
			report(file, at, name);
		last = at;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const char *arg);
	} commands[] = {
		{ "verify", verify }, { "attest", attest }, { "settle", settle },
		{ "open", open_blobs }, { "object", write_object }, { "search", search },
	};

	for (size_t i = 0; argc == 3 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argv[2]);
	}
	errx(2, "usage: memory verify|attest|settle|open|object|search ARGUMENT");
}
