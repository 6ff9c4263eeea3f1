// SPDX-License-Identifier: GPL-2.0
/*
 * The request-key helper: answers request_key(2) for "bastion:NAME".
 *
 * It carries a sealed key to the kernel and the kernel's refusal back; the
 * secret never passes through here. A program waits while this runs, so it is
 * static, calls the kernel directly and formats by hand: what it does itself
 * should be lost in the time that exec takes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/keyctl.h>

#include <bastion/blob.h>
#include <linux/bastion.h>

#include "libbastion/release.h"
#include "request-key/parse.h"

#define KEYS_FOLDER	"/etc/bastion/keys.d/"
#define BLOB_SUFFIX	".blob"
#define DEVICES_MAX	16
#define NEGATIVE_SECONDS 2	/* soon enough for another try, late enough against a storm */
#define HEX_SLACK	16
#define SYSLOG_PRIORITY "<28>"	/* daemon.warning */

static long keyctl(int operation, long a, long b, long c, long d)
{
	long n = syscall(SYS_keyctl, operation, a, b, c, d);

	return n < 0 ? -errno : n;
}

/* Appends, cut to what fits; @line has room for @size with its NUL. */
static void append(char *line, size_t size, const char *text)
{
	size_t used = strlen(line), len = strlen(text);

	if (len > size - used - 1)
		len = size - used - 1;
	memcpy(line + used, text, len);
	line[used + len] = '\0';
}

/* To syslog, which limits rates, since anybody can make requests fail; else to the kernel's log. */
static void log_failure(const char *name, const char *what, int code)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	const char *why = strerrordesc_np(code);
	char line[256] = SYSLOG_PRIORITY "bastion-request-key: ";
	int fd;

	append(line, sizeof(line), "bastion:");
	append(line, sizeof(line), name ? name : "?");
	append(line, sizeof(line), ": ");
	append(line, sizeof(line), what);
	append(line, sizeof(line), ": ");
	append(line, sizeof(line), why ? why : "unknown error");
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && sendto(fd, line, strlen(line), MSG_NOSIGNAL, (struct sockaddr *)&address,
			      sizeof(address)) > 0) {
		close(fd);
		return;
	}
	if (fd >= 0)
		close(fd);
	fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return;
	if (write(fd, line, strlen(line)) < 0) {
		/* There is no place left to say so. */
	}
	close(fd);
}

static ssize_t read_text(int fd, char *text, size_t size)
{
	size_t have = 0;
	ssize_t n;

	while ((n = read(fd, text + have, size - have)) > 0) {
		have += n;
		if (have == size)
			return -EFBIG;
	}
	return n < 0 ? -errno : (ssize_t)have;
}

/* The blob that root keeps under this name. */
static ssize_t read_blob(const char *name, uint8_t *blob)
{
	char text[2 * BASTION_BLOB_MAX + HEX_SLACK];
	char path[sizeof(KEYS_FOLDER) + BASTION_NAME_SIZE + sizeof(BLOB_SUFFIX)] = KEYS_FOLDER;
	struct stat st;
	ssize_t n;
	int fd;

	append(path, sizeof(path), name);
	append(path, sizeof(path), BLOB_SUFFIX);
	/* O_NONBLOCK: a FIFO in this place must not hold up the requester. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? -ENOKEY : -errno;
	if (fstat(fd, &st) < 0)
		n = -errno;
	else if (!S_ISREG(st.st_mode) || st.st_uid != 0 || st.st_mode & (S_IWGRP | S_IWOTH))
		n = -EPERM;
	else
		n = read_text(fd, text, sizeof(text));
	close(fd);
	if (n < 0)
		return n;
	n = parse_blob(text, n, blob, BASTION_BLOB_MAX);
	return n < 0 ? -EBADMSG : n;
}

/* Of all chips, until one knows better than that it is another's. */
static int release(const struct bastion_release *args)
{
	char node[] = "/dev/bastionNN";
	struct bastion_release copy;
	int i, fd, one, rc = -ENODEV;

	for (i = 0; i < DEVICES_MAX; i++) {
		node[strlen("/dev/bastion")] = i < 10 ? '0' + i : '1';
		node[strlen("/dev/bastion") + 1] = i < 10 ? '\0' : '0' + i - 10;
		fd = open(node, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		copy = *args;
		one = ioctl(fd, BASTION_IOC_RELEASE, &copy) < 0 ? -errno : 0;
		close(fd);
		if (bastion_release_counts(rc, one))
			rc = one;
		if (!bastion_release_goes_on(rc))
			break;
	}
	return rc;
}

/* Returns 0 when the kernel has instantiated the key. */
static int answer(int32_t key, const char **name, const char **what)
{
	struct bastion_release args = { .size = sizeof(args), .flags = BASTION_RELEASE_UPCALL };
	static char description[512];
	static uint8_t blob[BASTION_BLOB_MAX];
	ssize_t len;
	long n;
	int rc;

	*what = "cannot examine the request";
	n = keyctl(KEYCTL_DESCRIBE, key, (long)description, sizeof(description), 0);
	if (n < 0)
		return n;
	if (n > (long)sizeof(description))
		return -EINVAL;
	*name = parse_description(description);
	if (!*name)
		return -EINVAL;
	/*
	 * First with what the requester has in its keyrings. The kernel looks for it: request_key(2)
	 * would wait for any module that waits to register a type of keys, which waits for the
	 * requester, which waits for this.
	 */
	*what = "cannot release the key";
	rc = release(&args);
	if (rc != -ENOENT)
		return rc;
	*what = "cannot find the sealed key";
	len = read_blob(*name, blob);
	if (len < 0)
		return len;
	args.blob = (uintptr_t)blob;
	args.blob_len = len;
	*what = "cannot release the key";
	return release(&args);
}

int main(int argc, char **argv)
{
	int32_t key = argc == 2 ? parse_serial(argv[1]) : 0;
	const char *name = NULL, *what;
	int rc;

	if (!key) {
		log_failure(NULL, "usage: bastion-request-key SERIAL, by /sbin/request-key", EINVAL);
		return 2;
	}
	rc = keyctl(KEYCTL_ASSUME_AUTHORITY, key, 0, 0, 0);
	if (rc < 0) {
		/* Without authority there is no way to answer; the kernel negates the key itself. */
		log_failure(NULL, "not called for a request", -rc);
		return 2;
	}
	rc = answer(key, &name, &what);
	if (!rc)
		return 0;
	/* First the answer: somebody waits for it. */
	if (keyctl(KEYCTL_REJECT, key, NEGATIVE_SECONDS, -rc, 0) < 0)
		keyctl(KEYCTL_NEGATE, key, NEGATIVE_SECONDS, 0, 0);
	log_failure(name, what, -rc);
	return 1;
}
