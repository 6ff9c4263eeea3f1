// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libbastion/file.h"
#include "libbastion/output.h"

#define FIRST_ROOM 4096

static int fail(struct bastion_error *err, const char *verb, const char *path)
{
	return bastion_error_set(err, BASTION_OP_FILE, errno, "cannot %s %s", verb, path);
}

int bastion_file_read_fd(int fd, const char *what, size_t max, uint8_t **data, size_t *len,
			 enum bastion_op op, struct bastion_error *err)
{
	size_t room = 0, have = 0;
	uint8_t *buf = NULL;
	int rc;

	for (;;) {
		ssize_t n;

		if (have + 1 >= room) {
			size_t want = room ? room * 2 : FIRST_ROOM;
			uint8_t *more = realloc(buf, want);

			if (!more) {
				rc = bastion_error_set(err, op, ENOMEM, "cannot read %s", what);
				goto fail;
			}
			buf = more;
			room = want;
		}
		n = read(fd, buf + have, room - have - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			rc = bastion_error_set(err, op, errno, "cannot read %s", what);
			goto fail;
		}
		if (n == 0)
			break;
		have += n;
		if (have > max) {
			rc = bastion_error_set(err, op, EFBIG, "%s is larger than %zu bytes", what,
					       max);
			goto fail;
		}
	}
	buf[have] = '\0';
	*data = buf;
	*len = have;
	return 0;
fail:
	free(buf);
	return rc;
}

int bastion_file_read(const char *path, size_t max, uint8_t **data, size_t *len,
		      struct bastion_error *err)
{
	int fd, rc;

	if (!strcmp(path, "-"))
		return bastion_file_read_fd(STDIN_FILENO, "the standard input", max, data, len,
					    BASTION_OP_FILE, err);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(err, "open", path);
	rc = bastion_file_read_fd(fd, path, max, data, len, BASTION_OP_FILE, err);
	close(fd);
	return rc;
}

int bastion_file_read_trusted(const char *path, size_t max, uint8_t **data, size_t *len,
			      struct bastion_error *err)
{
	struct stat st;
	int fd, rc;

	/* O_NONBLOCK: a FIFO in this place must not make the open wait. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return fail(err, "open", path);
	if (fstat(fd, &st) < 0)
		rc = fail(err, "examine", path);
	else if (!S_ISREG(st.st_mode) || (st.st_uid != 0 && st.st_uid != geteuid()) ||
		 (st.st_mode & (S_IWGRP | S_IWOTH)))
		rc = bastion_error_set(err, BASTION_OP_FILE, EPERM, "will not read %s", path);
	else
		rc = bastion_file_read_fd(fd, path, max, data, len, BASTION_OP_FILE, err);
	close(fd);
	return rc;
}

/* A name is given, or taken away, for good only once the folder is on the disk. */
static int sync_folder(const char *path)
{
	char copy[PATH_MAX];
	int fd, rc = 0;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0 && errno != EINVAL)
		rc = -errno;
	close(fd);
	return rc;
}

int bastion_file_write(const char *path, const void *data, size_t len, mode_t mode,
		       struct bastion_error *err)
{
	int rc = bastion_output_replace(AT_FDCWD, path, data, len, mode);

	if (rc)
		return bastion_error_set(err, BASTION_OP_FILE, -rc, "cannot write %s", path);
	rc = sync_folder(path);
	if (rc)
		return bastion_error_set(err, BASTION_OP_FILE, -rc, "cannot sync the folder of %s",
					 path);
	return 0;
}

int bastion_file_output(const char *path, const void *data, size_t len, mode_t mode,
			struct bastion_error *err)
{
	int rc;

	if (!strcmp(path, "-")) {
		rc = bastion_output_all(STDOUT_FILENO, data, len);
		if (rc)
			return bastion_error_set(err, BASTION_OP_FILE, -rc,
						 "cannot write the standard output");
		return 0;
	}
	rc = bastion_output_special(path, data, len);
	if (rc == -ENOENT)
		return bastion_file_write(path, data, len, mode, err);
	return rc ? bastion_error_set(err, BASTION_OP_FILE, -rc, "cannot write %s", path) : 0;
}

int bastion_file_remove(const char *path, struct bastion_error *err)
{
	int rc;

	if (unlink(path) < 0)
		return fail(err, "remove", path);
	rc = sync_folder(path);
	if (rc)
		return bastion_error_set(err, BASTION_OP_FILE, -rc, "cannot sync the folder of %s",
					 path);
	return 0;
}
