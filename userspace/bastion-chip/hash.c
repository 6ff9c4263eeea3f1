// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <nettle/sha2.h>

#include "bastion-chip/hash.h"

void chip_sha384_spans(uint8_t out[BASTION_DIGEST_SIZE], const struct chip_span *spans,
		       size_t count)
{
	struct sha384_ctx ctx;

	sha384_init(&ctx);
	for (size_t i = 0; i < count; i++)
		sha384_update(&ctx, spans[i].len, spans[i].data);
	sha384_digest(&ctx, BASTION_DIGEST_SIZE, out);
}

static int hash_all(uint8_t out[BASTION_DIGEST_SIZE], int fd)
{
	static uint8_t buffer[1 << 16];
	struct sha384_ctx ctx;
	ssize_t got;

	sha384_init(&ctx);
	while ((got = read(fd, buffer, sizeof(buffer))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		sha384_update(&ctx, got, buffer);
	}
	sha384_digest(&ctx, BASTION_DIGEST_SIZE, out);
	return 0;
}

/* The last files, and what they were when they were read. */
static struct known {
	struct stat stat;
	uint8_t digest[BASTION_DIGEST_SIZE];
} known[2];

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* A change gives it another time, however coarse the clock of its file system. */
static bool is_settled(const struct stat *stat)
{
	struct timespec now;

	return !clock_gettime(CLOCK_REALTIME, &now) && stat->st_ctim.tv_sec < now.tv_sec - 2;
}

int chip_sha384_file(uint8_t out[BASTION_DIGEST_SIZE], const char *path)
{
	static unsigned int next;
	struct known file = {};
	bool settled;
	int fd, ret;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = fstat(fd, &file.stat) ? -errno : 0;
	settled = !ret && S_ISREG(file.stat.st_mode) && is_settled(&file.stat);
	for (size_t i = 0; settled && i < sizeof(known) / sizeof(known[0]); i++) {
		if (is_same(&known[i].stat, &file.stat)) {
			memcpy(out, known[i].digest, BASTION_DIGEST_SIZE);
			close(fd);
			return 0;
		}
	}
	if (!ret)
		ret = hash_all(file.digest, fd);
	close(fd);
	if (ret)
		return ret;
	memcpy(out, file.digest, BASTION_DIGEST_SIZE);
	if (settled)
		known[next++ % (sizeof(known) / sizeof(known[0]))] = file;
	return 0;
}

void chip_random(void *out, size_t len)
{
	uint8_t *at = out;

	while (len) {
		ssize_t got = getrandom(at, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			abort();
		at += got;
		len -= got;
	}
}
