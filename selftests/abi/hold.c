// SPDX-License-Identifier: GPL-2.0
/*
 * A program that uses shared memory of a PCI device while something else happens.
 *
 * usage: hold PCI-DEVICE-FOLDER COMMAND...
 *
 * Maps BAR 2, writes there, runs COMMAND, and looks for what it wrote. The exit status is
 * COMMAND's, or 3 if that is gone; who loses the mapping dies of SIGBUS.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS	(4096 / sizeof(unsigned int))

static volatile unsigned int *map(const char *folder)
{
	char path[256];
	void *memory;
	int fd;

	snprintf(path, sizeof(path), "%s/resource2", folder);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(2, "%s", path);
	memory = mmap(NULL, WORDS * sizeof(unsigned int), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		err(2, "%s", path);
	return memory;
}

int main(int argc, char **argv)
{
	volatile unsigned int *memory;
	unsigned int i;
	int status;
	pid_t child;

	if (argc < 3)
		errx(2, "usage: hold FOLDER COMMAND...");
	memory = map(argv[1]);
	for (i = 0; i < WORDS; i++)
		memory[i] = i ^ 0x5eed;
	child = fork();
	if (!child) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		err(2, "%s", argv[2]);
	for (i = 0; i < WORDS; i++)
		if (memory[i] != (i ^ 0x5eed))
			errx(3, "word %u has changed", i);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
