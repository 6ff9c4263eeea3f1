// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a command while a file and a folder are held by somebody who has not opened them.
 *
 * usage: keep FILE FOLDER COMMAND...
 *
 * They are COMMAND's descriptors 3 and 4 (O_PATH).
 */
#include <err.h>
#include <fcntl.h>
#include <unistd.h>

static void hold(const char *path, int wanted)
{
	int fd = open(path, O_PATH);

	if (fd < 0)
		err(2, "%s", path);
	if (fd != wanted && (dup2(fd, wanted) < 0 || close(fd)))
		err(2, "%s", path);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		errx(2, "usage: keep FILE FOLDER COMMAND...");
	hold(argv[1], 3);
	hold(argv[2], 4);
	execvp(argv[3], argv + 3);
	err(2, "%s", argv[3]);
}
