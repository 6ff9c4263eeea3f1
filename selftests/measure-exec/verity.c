// SPDX-License-Identifier: GPL-2.0
/*
 * Turns fs-verity on for a file, and prints the file's digest by the format's description
 * (Documentation/filesystems/fsverity.rst of the kernel), without asking the kernel.
 *
 * usage: verity FILE		SHA-256
 *	  verity FILE sha512	prints nothing
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/fsverity.h>
#include <openssl/sha.h>

#define BLOCK	4096
#define LEAVES	(BLOCK / SHA256_DIGEST_LENGTH)

/* As long as one block takes the digests of all others; of a single block it is that one's. */
static int root_hash(int fd, uint8_t out[SHA256_DIGEST_LENGTH], uint64_t *size)
{
	uint8_t block[BLOCK], leaves[LEAVES][SHA256_DIGEST_LENGTH] = { 0 };
	unsigned int count;
	ssize_t len;

	*size = 0;
	for (count = 0; ; count++) {
		memset(block, 0, sizeof(block));
		len = pread(fd, block, sizeof(block), (off_t)count * BLOCK);
		if (len <= 0)
			break;
		if (count == LEAVES)
			return -1;
		*size += len;
		SHA256(block, sizeof(block), leaves[count]);
	}
	if (len < 0 || !count)
		return -1;
	if (count == 1)
		memcpy(out, leaves[0], SHA256_DIGEST_LENGTH);
	else
		SHA256((uint8_t *)leaves, sizeof(leaves), out);
	return 0;
}

static int print_digest(int fd)
{
	struct {
		uint8_t version, algorithm, log_block_size, salt_size;
		uint32_t zero;
		uint64_t size;		/* little endian, as this machine is */
		uint8_t root[64], salt[32], reserved[144];
	} descriptor = { .version = 1, .algorithm = FS_VERITY_HASH_ALG_SHA256, .log_block_size = 12 };
	uint8_t digest[SHA256_DIGEST_LENGTH];

	_Static_assert(sizeof(descriptor) == 256, "as the format has it");
	if (root_hash(fd, descriptor.root, &descriptor.size))
		return -1;
	SHA256((uint8_t *)&descriptor, sizeof(descriptor), digest);
	for (unsigned int i = 0; i < sizeof(digest); i++)
		printf("%02x", digest[i]);
	putchar('\n');
	return 0;
}

int main(int argc, char **argv)
{
	int other = argc > 2 && !strcmp(argv[2], "sha512");
	struct fsverity_enable_arg enable = {
		.version = 1, .block_size = BLOCK,
		.hash_algorithm = other ? FS_VERITY_HASH_ALG_SHA512 : FS_VERITY_HASH_ALG_SHA256,
	};
	int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;

	if (fd < 0 || ioctl(fd, FS_IOC_ENABLE_VERITY, &enable)) {
		perror("verity");
		return 1;
	}
	return other ? 0 : print_digest(fd) != 0;
}
