// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libbastion/file.h"
#include "libbastion/sysfs.h"

#define CLASS_FOLDER	"/sys/class/bastion"
#define SECURITY_FOLDER "/sys/kernel/security/bastion"
#define TCG_LOG		"/sys/kernel/security/tpm%u/binary_bios_measurements"
#define IMA_LIST	"/sys/kernel/security/ima/binary_runtime_measurements"

int bastion_sysfs_read(const struct bastion_device *dev, const char *attr, char *buf, size_t size,
		       struct bastion_error *err)
{
	char path[384];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), CLASS_FOLDER "/%s/%s", dev->name, attr);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return bastion_error_set(err, BASTION_OP_LOG, errno, "cannot open %s", path);
	n = read(fd, buf, size - 1);
	if (n < 0) {
		n = -errno;
		close(fd);
		return bastion_error_set(err, BASTION_OP_LOG, -n, "cannot read %s", path);
	}
	close(fd);
	while (n && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return 0;
}

int bastion_sysfs_statistics(const struct bastion_device *dev,
			     int (*each)(const char *name, const char *value, void *arg), void *arg,
			     struct bastion_error *err)
{
	char path[128], attr[300], value[128];
	struct dirent *entry;
	int rc = 0;
	DIR *dir;

	snprintf(path, sizeof(path), CLASS_FOLDER "/%s/statistics", dev->name);
	dir = opendir(path);
	if (!dir)
		return bastion_error_set(err, BASTION_OP_LOG, errno, "cannot open %s", path);
	while (!rc && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(attr, sizeof(attr), "statistics/%s", entry->d_name);
		rc = bastion_sysfs_read(dev, attr, value, sizeof(value), err);
		if (!rc)
			rc = each(entry->d_name, value, arg);
	}
	closedir(dir);
	return rc;
}

/* There may be less: what is left then is nothing. */
static int skip_bytes(int fd, uint64_t skip)
{
	uint8_t buf[16384];

	while (skip) {
		ssize_t n = read(fd, buf, skip < sizeof(buf) ? skip : sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : 0;
		skip -= n;
	}
	return 0;
}

static int read_list(const char *path, uint64_t skip, uint8_t **data, size_t *len,
		     struct bastion_error *err)
{
	int fd, rc;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return bastion_error_set(err, BASTION_OP_LOG, errno, "cannot open %s", path);
	rc = skip_bytes(fd, skip);
	if (rc)
		bastion_error_set(err, BASTION_OP_LOG, -rc, "cannot read %s", path);
	else
		rc = bastion_file_read_fd(fd, path, BASTION_SYSFS_LOG_MAX, data, len,
					  BASTION_OP_LOG, err);
	close(fd);
	return rc;
}

int bastion_sysfs_log(const struct bastion_device *dev, const char *file, uint8_t **data,
		      size_t *len, struct bastion_error *err)
{
	char path[256];

	snprintf(path, sizeof(path), SECURITY_FOLDER "/%s/%s", dev->name, file);
	return read_list(path, 0, data, len, err);
}

static int read_first(const struct bastion_device *dev, uint64_t *first, struct bastion_error *err)
{
	char value[32], *end;
	int rc = bastion_sysfs_read(dev, "measurements/log_first", value, sizeof(value), err);

	if (rc)
		return rc;
	errno = 0;
	*first = strtoull(value, &end, 10);
	if (errno || end == value || *end)
		return bastion_error_set(err, BASTION_OP_LOG, EBADMSG, "the log's start makes no sense");
	return 0;
}

int bastion_sysfs_runtime_log(const struct bastion_device *dev, uint8_t **data, size_t *len,
			      uint64_t *first, struct bastion_error *err)
{
	uint64_t after;
	int tries, rc;

	/* It is trimmed when a grant arrives, and never back: the same twice, the same between. */
	for (tries = 0; tries < 4; tries++) {
		rc = read_first(dev, first, err);
		if (rc)
			return rc;
		rc = bastion_sysfs_log(dev, BASTION_SYSFS_RUNTIME_LOG, data, len, err);
		if (rc == -ESTALE)
			continue;
		if (rc)
			return rc;
		rc = read_first(dev, &after, err);
		if (!rc && after == *first)
			return 0;
		free(*data);
		*data = NULL;
		if (rc)
			return rc;
	}
	return bastion_error_set(err, BASTION_OP_LOG, ESTALE,
				 "the log was trimmed each time that it was read");
}

int bastion_sysfs_tcg_log(uint32_t tpm, uint8_t **data, size_t *len, struct bastion_error *err)
{
	char path[64];

	*data = NULL;
	*len = 0;
	snprintf(path, sizeof(path), TCG_LOG, tpm);
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	return read_list(path, 0, data, len, err);
}

int bastion_sysfs_ima(const struct bastion_device *dev, uint32_t kind, uint64_t skip,
		      uint8_t **data, size_t *len, struct bastion_error *err)
{
	char value[2 * BASTION_DIGEST_SIZE + 2];
	int rc;

	*data = NULL;
	*len = 0;
	if (kind == BASTION_CHIP_TPM) {
		if (access(IMA_LIST, F_OK) < 0 && errno == ENOENT)
			return 0;
	} else {
		rc = bastion_sysfs_read(dev, "measurements/mr3:sha384", value, sizeof(value), err);
		if (rc || strspn(value, "0") == strlen(value))
			return rc;
	}
	return read_list(IMA_LIST, skip, data, len, err);
}
