// SPDX-License-Identifier: GPL-2.0
/*
 * Takes away the last block of a file from below its page in the page cache, as everybody can who may
 * write to it: ext4 exchanges it for a block of another file, which counts as never written, and
 * counts no change.
 *
 * usage: swap FILE OTHER	both of the same length; FILE's pages stay what they were
 *	  swap FILE		drops them
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* fs/ext4/ext4.h of the kernel has it, which nothing exports. */
struct move_extent {
	uint32_t reserved;
	uint32_t donor_fd;
	uint64_t orig_start;
	uint64_t donor_start;
	uint64_t len;
	uint64_t moved_len;
};

#define EXT4_IOC_MOVE_EXT	_IOWR('f', 15, struct move_extent)
#define BLOCK			4096

static int swap(const char *path, const char *other)
{
	int fd = open(path, O_RDWR), orig = open(other, O_RDWR);
	struct move_extent move = { .donor_fd = fd };
	struct stat st;

	if (fd < 0 || orig < 0 || fsync(fd) || fsync(orig) || fstat(orig, &st))
		return -1;
	move.len = 1;
	move.orig_start = move.donor_start = (st.st_size - 1) / BLOCK;
	if (ioctl(orig, EXT4_IOC_MOVE_EXT, &move) || move.moved_len != 1)
		return -1;
	return close(fd) || close(orig);
}

static int drop(const char *path)
{
	int fd = open(path, O_RDONLY);

	return fd < 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

int main(int argc, char **argv)
{
	if (argc < 2 || (argc > 2 ? swap(argv[1], argv[2]) : drop(argv[1]))) {
		perror("swap");
		return 1;
	}
	return 0;
}
