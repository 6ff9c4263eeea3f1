// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libbastion/output.h"

static bool same(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

/* Did somebody else put it there? The kernel's protected_symlinks and protected_fifos ask likewise. */
static bool is_strangers(const char *path, const struct stat *entry)
{
	char copy[PATH_MAX];
	struct stat folder;

	if ((size_t)snprintf(copy, sizeof(copy), "%s", path) >= sizeof(copy) ||
	    stat(dirname(copy), &folder) < 0)
		return true;
	return folder.st_mode & S_IWOTH && entry->st_uid != geteuid() &&
	       entry->st_uid != folder.st_uid;
}

/* What /dev/stdout and its like lead to. Opened anew, a file would be written from its beginning. */
static int find_standard(const struct stat *target)
{
	struct stat st;

	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		if (fstat(fd, &st) == 0 && same(&st, target))
			return fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	return -1;
}

/* Returns a descriptor, or as bastion_output_special(). */
static int open_special(const char *path)
{
	struct stat entry, target, opened;
	int fd = -1;

	if (lstat(path, &entry) < 0 || is_strangers(path, &entry) || stat(path, &target) < 0)
		return -ENOENT;
	if (S_ISLNK(entry.st_mode))
		fd = find_standard(&target);
	if (fd >= 0)
		return fd;
	if (S_ISREG(target.st_mode))
		return -ENOENT;
	if (S_ISDIR(target.st_mode))
		return -EISDIR;
	if (S_ISBLK(target.st_mode))
		return -EINVAL;
	fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &opened) == 0 && same(&opened, &target))
		return fd;
	close(fd);
	return -ESTALE;
}

int bastion_output_all(int fd, const void *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			data = (const char *)data + n;
			len -= n;
		}
	}
	return 0;
}

int bastion_output_special(const char *path, const void *data, size_t len)
{
	int fd = open_special(path), rc;

	if (fd < 0)
		return fd;
	rc = bastion_output_all(fd, data, len);
	if (close(fd) < 0 && !rc)
		rc = -errno;
	return rc;
}

int bastion_output_create(int folder, const char *name, const void *data, size_t len, mode_t mode)
{
	/* Unlike mkstemp(3) this asks the umask. */
	int rc, fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0)
		return -errno;
	rc = bastion_output_all(fd, data, len);
	if (!rc && fsync(fd) < 0)
		rc = -errno;
	if (close(fd) < 0 && !rc)
		rc = -errno;
	if (rc)
		unlinkat(folder, name, 0);
	return rc;
}

int bastion_output_replace(int folder, const char *name, const void *data, size_t len, mode_t mode)
{
	char temporary[PATH_MAX];
	uint64_t random;
	int rc;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.%016" PRIx64, name, random) >=
	    sizeof(temporary))
		return -ENAMETOOLONG;
	rc = bastion_output_create(folder, temporary, data, len, mode);
	if (rc || !renameat(folder, temporary, folder, name))
		return rc;
	rc = -errno;
	unlinkat(folder, temporary, 0);
	return rc;
}
