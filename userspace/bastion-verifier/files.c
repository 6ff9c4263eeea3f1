// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "libbastion/output.h"

#define KEPT_MAX	1000	/* of one name */

static int fail(struct bv_error *err, const char *path, int code)
{
	bv_fail(err, "%.200s: %s", path, strerror(code));
	return -code;
}

/* Grows as it reads: sizes of pipes and of /proc are not to be believed. */
static int read_all(int fd, const char *path, size_t max, struct bv_span *out,
		    struct bv_error *err)
{
	size_t size = 0, used = 0;
	uint8_t *bytes = NULL;
	ssize_t got;

	do {
		if (used + 1 >= size) {
			size_t wider = size ? 2 * size : 4096;
			uint8_t *more = malloc(wider);

			if (more && used)
				memcpy(more, bytes, used);
			if (bytes)
				explicit_bzero(bytes, used);
			free(bytes);
			bytes = more;
			if (!bytes)
				return fail(err, path, ENOMEM);
			size = wider;
		}
		got = read(fd, bytes + used, size - used - 1);
		if (got > 0)
			used += got;
	} while ((got > 0 && used <= max) || (got < 0 && errno == EINTR));
	if (got < 0 || used > max) {
		int code = got < 0 ? errno : EFBIG;

		explicit_bzero(bytes, used);
		free(bytes);
		return fail(err, path, code);
	}
	bytes[used] = '\0';
	*out = (struct bv_span){ bytes, used };
	return 0;
}

static int read_path(int folder, const char *path, size_t max, bool secret, struct bv_span *out,
		     struct bv_error *err)
{
	int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	int ret;

	if (fd < 0)
		return fail(err, path, errno);
	if (fstat(fd, &st) < 0) {
		ret = fail(err, path, errno);
	} else if (secret && (!S_ISREG(st.st_mode) || st.st_mode & 077 ||
			      (st.st_uid != geteuid() && st.st_uid != 0))) {
		bv_fail(err, "%.200s: others may read or change this key: it must be a file of "
			"yours with mode 0600", path);
		ret = -EPERM;
	} else {
		ret = read_all(fd, path, max, out, err);
	}
	close(fd);
	return ret;
}

int file_read(const char *path, size_t max, struct bv_span *out, struct bv_error *err)
{
	if (!strcmp(path, "-"))
		return read_all(STDIN_FILENO, "standard input", max, out, err);
	return read_path(AT_FDCWD, path, max, false, out, err);
}

int file_read_at(int folder, const char *name, size_t max, struct bv_span *out,
		 struct bv_error *err)
{
	return read_path(folder, name, max, false, out, err);
}

int file_read_secret(const char *path, size_t max, struct bv_span *out, struct bv_error *err)
{
	return read_path(AT_FDCWD, path, max, true, out, err);
}

int file_digest(const char *path, uint8_t digest[BASTION_DIGEST_SIZE], struct bv_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), ret = 0;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t buffer[16384];
	ssize_t got = 0;

	if (fd < 0)
		ret = fail(err, path, errno);
	else if (!ctx || EVP_DigestInit_ex(ctx, EVP_sha384(), NULL) != 1)
		ret = bv_fail_errno(err, EIO, "hashing a file");
	while (!ret && (got = read(fd, buffer, sizeof(buffer))) > 0)
		if (EVP_DigestUpdate(ctx, buffer, got) != 1)
			ret = bv_fail_errno(err, EIO, "hashing a file");
	if (got < 0)
		ret = fail(err, path, errno);
	if (!ret && EVP_DigestFinal_ex(ctx, digest, NULL) != 1)
		ret = bv_fail_errno(err, EIO, "hashing a file");
	EVP_MD_CTX_free(ctx);
	if (fd >= 0)
		close(fd);
	return ret;
}

void file_forget(struct bv_span *bytes)
{
	if (bytes->data)
		explicit_bzero((void *)bytes->data, bytes->len);
	free((void *)bytes->data);
	*bytes = (struct bv_span){ 0 };
}

int file_create_at(int folder, const char *name, unsigned int mode, struct bv_span bytes,
		   struct bv_error *err)
{
	int ret = bastion_output_create(folder, name, bytes.data, bytes.len, mode);

	return ret ? fail(err, name, -ret) : 0;
}

int file_create(const char *path, unsigned int mode, struct bv_span bytes, struct bv_error *err)
{
	return file_create_at(AT_FDCWD, path, mode, bytes, err);
}

int file_replace_at(int folder, const char *name, unsigned int mode, struct bv_span bytes,
		    struct bv_error *err)
{
	int ret = bastion_output_replace(folder, name, bytes.data, bytes.len, mode);

	return ret ? fail(err, name, -ret) : 0;
}

int file_replace(const char *path, unsigned int mode, struct bv_span bytes, struct bv_error *err)
{
	return file_replace_at(AT_FDCWD, path, mode, bytes, err);
}

int file_keep_at(int folder, const char *name, const char *mark)
{
	char kept[NAME_MAX + 1];

	for (int i = 1; i <= KEPT_MAX; i++) {
		if ((size_t)snprintf(kept, sizeof(kept), "%s%s%d", name, mark, i) >= sizeof(kept))
			return -ENAMETOOLONG;
		if (!linkat(folder, name, folder, kept, 0))
			return 0;
		if (errno != EEXIST)
			return -errno;
	}
	return -EMLINK;
}
