// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
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

int chip_sha384_file(uint8_t out[BASTION_DIGEST_SIZE], const char *path)
{
	static uint8_t buffer[1 << 16];
	struct sha384_ctx ctx;
	ssize_t got;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	sha384_init(&ctx);
	while ((got = read(fd, buffer, sizeof(buffer))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			int error = -errno;

			close(fd);
			return error;
		}
		sha384_update(&ctx, got, buffer);
	}
	close(fd);
	sha384_digest(&ctx, BASTION_DIGEST_SIZE, out);
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
