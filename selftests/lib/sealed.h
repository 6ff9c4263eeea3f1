/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sealed keys, for tests in C: making, loading, releasing them and looking at
 * what became of them. All functions return 0 or a serial, or -errno.
 *
 *	key = sealed_new(&verifier, "prod", "disk0", "types=user", KEY_SPEC_USER_KEYRING);
 *	released = sealed_release(fd, key, BASTION_TYPE_LOGON, KEY_SPEC_SESSION_KEYRING);
 */
#ifndef SELFTESTS_LIB_SEALED_H
#define SELFTESTS_LIB_SEALED_H

#include <grp.h>
#include <keyutils.h>
#include <sched.h>
#include <signal.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <bastion/blob.h>

#include "round.h"

#define SEALED_NOBODY	65534

/* A name that nobody else in this guest uses. */
static inline const char *sealed_name(void)
{
	static char names[16][48];
	static unsigned int count;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	count++;
	snprintf(names[count % 16], sizeof(names[0]), "k%d-%ld%09ld-%u", getpid(), now.tv_sec,
		 now.tv_nsec, count);
	return names[count % 16];
}

static inline void sealed_hex(const void *data, size_t len, char *hex)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", bytes[i]);
}

/* The serial, or -errno. */
static inline key_serial_t sealed_add(const char *name, const char *payload, key_serial_t keyring)
{
	key_serial_t key = add_key("bastion", name, payload, strlen(payload), keyring);

	return key < 0 ? -errno : key;
}

/* "VERB verifier=... policy=... OPTIONS" for add_key(2) and keyctl(2); @options may be "". */
static inline void sealed_text(const char *verb, const struct round_verifier *verifier,
			       const char *policy, const char *options, char text[1024])
{
	char digest[2 * BASTION_DIGEST_SIZE + 1];

	sealed_hex(verifier->digest, sizeof(verifier->digest), digest);
	snprintf(text, 1024, "%s verifier=%s policy=%s%s%s", verb, digest, policy,
		 *options ? " " : "", options);
}

/* @verb is "new 32", "ecdsa", "import SERIAL". */
static inline key_serial_t sealed_make(const char *verb, const struct round_verifier *verifier,
				       const char *policy, const char *name, const char *options,
				       key_serial_t keyring)
{
	char text[1024];

	sealed_text(verb, verifier, policy, options, text);
	return sealed_add(name, text, keyring);
}

/* Made in the chip. */
static inline key_serial_t sealed_new(const struct round_verifier *verifier, const char *policy,
				      const char *name, const char *options, key_serial_t keyring)
{
	return sealed_make("new 32", verifier, policy, name, options, keyring);
}

/* 0 or -errno */
static inline int sealed_rebind(key_serial_t key, const struct round_verifier *verifier,
				const char *policy, const char *options)
{
	char text[1024];

	sealed_text("rebind", verifier, policy, options, text);
	return keyctl_update(key, text, strlen(text)) < 0 ? -errno : 0;
}

static inline key_serial_t sealed_load(const char *name, const void *blob, size_t len,
				       key_serial_t keyring)
{
	char payload[8 + 2 * BASTION_BLOB_MAX + 64] = "load ";

	sealed_hex(blob, len, payload + strlen(payload));
	return sealed_add(name, payload, keyring);
}

/* The blob of a bastion key, as bytes: its length. */
static inline int sealed_blob(key_serial_t key, uint8_t blob[BASTION_BLOB_MAX])
{
	char hex[2 * BASTION_BLOB_MAX + 1];
	long len = keyctl_read(key, hex, sizeof(hex));

	if (len < 0)
		return -errno;
	for (long i = 0; i < len / 2; i++)
		sscanf(hex + 2 * i, "%2hhx", &blob[i]);
	return len / 2;
}

/* As long as a blob of kind SECRET or TPM that begins like this must be. */
static inline size_t sealed_len(const uint8_t *blob)
{
	const struct bastion_blob_header *header = (const void *)blob;
	const struct bastion_blob_tpm *tpm = (const void *)(header + 1);
	size_t secret_len = le32toh(header->secret_len);

	return le16toh(header->kind) != BASTION_KIND_TPM ? BASTION_BLOB_SECRET_SIZE(secret_len) :
	       BASTION_BLOB_TPM_SIZE(le16toh(tpm->private_len), secret_len);
}

static inline key_serial_t sealed_release_args(int fd, struct bastion_release args)
{
	int ret;

	args.size = sizeof(args);
	ret = round_ioctl(fd, BASTION_IOC_RELEASE, &args);
	return ret ? ret : args.serial;
}

/* The header of a bastion key's blob: 0 or -errno. */
static inline int sealed_header(key_serial_t key, struct bastion_blob_header *header)
{
	uint8_t blob[BASTION_BLOB_MAX];
	int len = sealed_blob(key, blob);

	if (len < (int)sizeof(*header))
		return len < 0 ? len : -EBADMSG;
	memcpy(header, blob, sizeof(*header));
	return 0;
}

/* Does not wait. */
static inline key_serial_t sealed_release(int fd, key_serial_t key, uint32_t type,
					  key_serial_t keyring)
{
	return sealed_release_args(fd, (struct bastion_release){
		.key = key, .type = type, .keyring = keyring, .flags = BASTION_RELEASE_NOWAIT });
}

static inline key_serial_t sealed_release_blob(int fd, const void *blob, size_t len, uint32_t type,
					       key_serial_t keyring)
{
	return sealed_release_args(fd, (struct bastion_release){
		.blob = (uintptr_t)blob, .blob_len = len, .type = type, .keyring = keyring,
		.flags = BASTION_RELEASE_NOWAIT });
}

/*
 * The bytes of a sealed key that may be released as a user key: how many, or -errno. The
 * released key is gone again.
 */
static inline int sealed_bytes(int fd, key_serial_t key, uint8_t bytes[BASTION_SECRET_MAX])
{
	key_serial_t user = sealed_release(fd, key, BASTION_TYPE_USER, KEY_SPEC_PROCESS_KEYRING);
	long len;

	if (user < 0)
		return user;
	len = keyctl_read(user, (char *)bytes, BASTION_SECRET_MAX);
	if (len < 0)
		len = -errno;
	keyctl_unlink(user, KEY_SPEC_PROCESS_KEYRING);
	return len;
}

/* Is @key there and usable? 0, or why not: ENOKEY, EKEYREVOKED, EKEYEXPIRED. */
static inline int sealed_dead(key_serial_t key)
{
	char text[512];

	return keyctl_describe(key, text, sizeof(text)) < 0 ? errno : 0;
}

static inline long long sealed_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/*
 * How many seconds a grant must last, to end soon, but not before the test has done under it what
 * it was at since @begun.
 */
static inline uint32_t sealed_short_life(long long begun)
{
	return 3 + 4 * (sealed_now_ms() - begun) / 1000;
}

/* Writes @text, at once, to a file of /proc or /sys: 0 or -errno. */
static inline int sealed_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = write(fd, text, strlen(text));
	if (len != (ssize_t)strlen(text))
		ret = len < 0 ? -errno : -EIO;
	close(fd);
	return ret;
}

/* Writes @number to a file of /proc or /sys, which must take it; returns what it was. */
static inline int sealed_exchange_number(const char *path, int number)
{
	FILE *file = fopen(path, "r");
	char text[16];
	int before, ret;

	if (!file || fscanf(file, "%d", &before) != 1)
		errx(1, "%s cannot be read", path);
	fclose(file);
	snprintf(text, sizeof(text), "%d", number);
	ret = sealed_write(path, text);
	if (ret)
		errx(1, "%s does not take %d: %s", path, number, strerror(-ret));
	return before;
}

/* Runs @function(@arg) in a child, whose result is for sealed_result(). */
static inline pid_t sealed_start(int (*function)(void *), void *arg)
{
	pid_t pid = fork();

	if (!pid)
		_exit(function(arg) & 0xff);
	return pid;
}

/* The result of a child (0 .. 255), or -1 when it died. */
static inline int sealed_result(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/*
 * Runs @function(@arg) in a child that first gives something up; its result
 * (0 .. 255), or -1 when the child died. Errors come back as errnos.
 */
static inline int sealed_in_child(int (*give_up)(void), int (*function)(void *), void *arg)
{
	pid_t pid = fork();

	if (!pid)
		_exit(give_up && give_up() ? 255 : function(arg) & 0xff);
	return sealed_result(pid);
}

/* What a child can give up. Each returns 0 or -1. */

static inline int sealed_be_user(uid_t uid)
{
	return setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid) ? -1 : 0;
}

static inline int sealed_be_nobody(void)
{
	return sealed_be_user(SEALED_NOBODY);
}

static inline int sealed_drop_sys_admin(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return -1;
	data[0].effective &= ~(1U << CAP_SYS_ADMIN);
	data[0].permitted &= ~(1U << CAP_SYS_ADMIN);
	data[0].inheritable &= ~(1U << CAP_SYS_ADMIN);
	return syscall(SYS_capset, &header, data);
}

static inline int sealed_be_container_root(void)
{
	return unshare(CLONE_NEWUSER);
}

/*
 * request_key(2) finds the helper: installed from where this test was built,
 * build/selftests/FOLDER/TEST. Returns 0 or an exit status.
 */
static inline int sealed_install_helper(void)
{
	return system("top=$(readlink -f /proc/$PPID/exe) && top=${top%/build/selftests/*} &&"
		      " install -D -t /usr/lib/bastion $top/build/user/bin/bastion-request-key &&"
		      " install -D -m 644 -t /etc/request-key.d $top/userspace/request-key/bastion.conf");
}

/* SHA-256 of the running program, in hex. */
static inline const char *sealed_own_digest(void)
{
	static char hex[65];
	uint8_t digest[32];
	char buffer[4096];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	ROUND_MUST(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL));
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		ROUND_MUST(EVP_DigestUpdate(ctx, buffer, n));
	ROUND_MUST(EVP_DigestFinal_ex(ctx, digest, NULL));
	EVP_MD_CTX_free(ctx);
	close(fd);
	sealed_hex(digest, sizeof(digest), hex);
	return hex;
}

/* sysfs's number of requests that wait. */
static inline int sealed_waiters(void)
{
	int fd = open("/sys/class/bastion/bastion0/waiters", O_RDONLY | O_CLOEXEC), waiters = -1;
	char text[16] = "";

	if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0)
		waiters = atoi(text);
	close(fd);
	return waiters;
}

#endif
