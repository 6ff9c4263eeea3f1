// SPDX-License-Identifier: GPL-2.0
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "bastion-chip/hash.h"
#include "bastion-chip/store.h"

#define FIRMWARE_MAX 4096

int chip_store_open(const char *path, bool lock, struct complaint *why)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return complain(why, "%s: %s", path, strerror(errno));
	if (lock && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		return complain(why, "%s: this chip is in use: stop its bastion-chip first", path);
	}
	return fd;
}

static int write_all(int fd, const uint8_t *data, size_t len)
{
	while (len) {
		ssize_t wrote = write(fd, data, len);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return -errno;
		data += wrote;
		len -= wrote;
	}
	return 0;
}

int chip_store_write(int dir, const char *name, const void *data, size_t len, unsigned int mode)
{
	char temporary[CHIP_FIRMWARE_NAME_SIZE + 8];
	int fd, error;

	snprintf(temporary, sizeof(temporary), ".%s.new", name);
	/* A file that a killed process left is of no worth, and may have other permissions. */
	if (unlinkat(dir, temporary, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	error = write_all(fd, data, len);
	if (!error && fsync(fd) < 0)
		error = -errno;
	close(fd);
	if (!error && renameat(dir, temporary, dir, name) < 0)
		error = -errno;
	if (!error && fsync(dir) < 0)
		error = -errno;
	return error;
}

int chip_store_read(int dir, const char *name, void *data, size_t size)
{
	size_t len = 0;
	ssize_t got;
	uint8_t more;
	int fd;

	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	do {
		got = len < size ? read(fd, (uint8_t *)data + len, size - len) : read(fd, &more, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || (got > 0 && len == size)) {
			int error = got < 0 ? -errno : -EFBIG;

			close(fd);
			return error;
		}
		len += got;
	} while (got != 0);
	close(fd);
	return len;
}

/* A record is whole when its length, magic, version and trailing checksum are right. */
static bool record_good(const void *record, size_t len, size_t size, const char *magic,
			uint32_t version)
{
	uint8_t checksum[BASTION_DIGEST_SIZE];
	const uint8_t *bytes = record;
	uint32_t version_le = htole32(version);

	if (len != size)
		return false;
	chip_sha384(checksum, { record, size - BASTION_DIGEST_SIZE });
	return !memcmp(bytes, magic, 8) && !memcmp(bytes + 8, &version_le, sizeof(version_le)) &&
	       !memcmp(checksum, bytes + size - BASTION_DIGEST_SIZE, BASTION_DIGEST_SIZE);
}

/* Return: length, or a negative errno; what is too long is damaged. */
static int record_read(int dir, const char *name, void *record, size_t size)
{
	int got = chip_store_read(dir, name, record, size);

	return got == -EFBIG ? -EBADMSG : got;
}

int chip_fuses_load(int dir, struct chip_fuses *fuses)
{
	int got = record_read(dir, "fuses", fuses, sizeof(*fuses)), error = got < 0 ? got : 0;

	if (!error && (!record_good(fuses, got, sizeof(*fuses), CHIP_FUSES_MAGIC,
				    CHIP_FUSES_VERSION) ||
		       fuses->model[sizeof(fuses->model) - 1] ||
		       fuses->firmware[sizeof(fuses->firmware) - 1]))
		error = -EBADMSG;
	if (error)
		explicit_bzero(fuses, sizeof(*fuses));
	return error;
}

int chip_fuses_save(int dir, struct chip_fuses *fuses)
{
	memcpy(fuses->magic, CHIP_FUSES_MAGIC, sizeof(fuses->magic));
	fuses->version = htole32(CHIP_FUSES_VERSION);
	chip_sha384(fuses->checksum, { fuses, offsetof(struct chip_fuses, checksum) });
	return chip_store_write(dir, "fuses", fuses, sizeof(*fuses), 0600);
}

int chip_state_load(int dir, struct chip_memory *memory)
{
	struct chip_state state = { .version = 0 };
	struct chip_state_1 old;
	int got = record_read(dir, "state", &state, sizeof(state));

	*memory = (struct chip_memory){ 0 };
	if (got < 0)
		return got;
	memcpy(&old, &state, sizeof(old));
	if (record_good(&old, got, sizeof(old), CHIP_STATE_MAGIC, 1)) {
		memory->boot_count = le64toh(old.boot_count);
		return 0;
	}
	if (!record_good(&state, got, sizeof(state), CHIP_STATE_MAGIC, CHIP_STATE_VERSION))
		return -EBADMSG;
	memory->boot_count = le64toh(state.boot_count);
	for (size_t i = 0; i < BASTION_COUNTER_COUNT; i++)
		memory->counter[i] = le64toh(state.counter[i]);
	return 0;
}

int chip_state_save(int dir, const struct chip_memory *memory)
{
	struct chip_state state = {
		.magic = CHIP_STATE_MAGIC,
		.version = htole32(CHIP_STATE_VERSION),
		.boot_count = htole64(memory->boot_count),
	};

	for (size_t i = 0; i < BASTION_COUNTER_COUNT; i++)
		state.counter[i] = htole64(memory->counter[i]);
	chip_sha384(state.checksum, { &state, offsetof(struct chip_state, checksum) });
	return chip_store_write(dir, "state", &state, sizeof(state), 0600);
}

void chip_firmware_name(const char *version, uint32_t svn, char name[CHIP_FIRMWARE_NAME_SIZE])
{
	snprintf(name, CHIP_FIRMWARE_NAME_SIZE, "firmware-%.31s-%u.img", version, svn);
}

int chip_firmware_measure(int dir, const struct chip_fuses *fuses,
			  uint8_t digest[BASTION_DIGEST_SIZE])
{
	char name[CHIP_FIRMWARE_NAME_SIZE];
	uint8_t image[FIRMWARE_MAX];
	int len;

	chip_firmware_name((const char *)fuses->firmware, le32toh(fuses->svn), name);
	len = chip_store_read(dir, name, image, sizeof(image));
	if (len < 0)
		return len;
	chip_sha384(digest, { image, len });
	return 0;
}
