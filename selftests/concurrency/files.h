/* SPDX-License-Identifier: GPL-2.0 */
/* Everything that there is to be read of the module: files_read() reads all of it once. */
#ifndef SELFTESTS_CONCURRENCY_FILES_H
#define SELFTESTS_CONCURRENCY_FILES_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chip.h"

/* Where it is; and how many files are there at least: bastion0's, and the module's. */
enum files_place { FILES_OF_CLASS, FILES_OF_SECURITYFS, FILES_OF_PARAMETERS, FILES_PLACES };

static const struct {
	const char *path;
	unsigned int least;
} files_places[FILES_PLACES] = {
	[FILES_OF_CLASS] = { "/sys/class/bastion", 20 },
	[FILES_OF_SECURITYFS] = { "/sys/kernel/security/bastion", 7 },
	[FILES_OF_PARAMETERS] = { "/sys/module/bastion/parameters", 4 },
};

static unsigned int files_count;	/* that were read to their end; bastion0's and the module's */
static int files_error;			/* the first */

/*
 * bastion0 and the module stay. Another chip comes and goes, and loses its power. What a TPM has
 * no counters for it says.
 */
static void files_note(bool stays, const char *path, int error)
{
	if (chip_is_tpm() && error == EOPNOTSUPP && strstr(path, "/counters/"))
		return;
	if (!stays && (error == ENOENT || error == ENODEV || error == EIO || error == ESTALE))
		return;
	if (!files_error) {
		fprintf(stderr, "# %s: %s\n", path, strerror(error));
		files_error = -error;
	}
}

static int files_read_one(const char *path, const struct stat *stat, int type, struct FTW *where)
{
	const char *chip = strstr(path, "/bastion/bastion");
	bool stays = !chip || !strncmp(chip, "/bastion/bastion0/", 18);
	char bytes[4096];
	ssize_t n;
	int fd;

	/*
	 * An uevent's file is for writing as well; one for writing only cannot be read. Those on
	 * power are the kernel's, and some have nothing to say.
	 */
	if (type != FTW_F || !(stat->st_mode & 0444) || strstr(path, "/power/"))
		return 0;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		files_note(stays, path, errno);
		return 0;
	}
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		;
	if (n < 0)
		files_note(stays, path, errno);
	files_count += stays && !n;
	close(fd);
	return 0;
}

/* One by one: nftw() gives up where a folder goes that it was about to open. */
static void files_read_chips(const char *folder)
{
	char link[300], path[PATH_MAX];
	struct dirent *entry;
	DIR *dir = opendir(folder);

	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "bastion", 7))
			continue;
		/* It follows no link, not even the first, whatever comes behind it. */
		snprintf(link, sizeof(link), "%s/%.200s", folder, entry->d_name);
		if (realpath(link, path))
			nftw(path, files_read_one, 16, FTW_PHYS);
	}
	if (dir)
		closedir(dir);
}

/*
 * Adds to @counts how many there were in each place. 0; -ENODATA: bastion0 or the module has fewer
 * files than it should; or the first error of those.
 */
static int files_read(unsigned int counts[FILES_PLACES])
{
	bool fewer = false;

	files_error = 0;
	for (int i = 0; i < FILES_PLACES; i++) {
		files_count = 0;
		if (i == FILES_OF_PARAMETERS)
			nftw(files_places[i].path, files_read_one, 16, FTW_PHYS);
		else
			files_read_chips(files_places[i].path);
		fewer |= files_count < files_places[i].least;
		__atomic_add_fetch(&counts[i], files_count, __ATOMIC_RELAXED);
	}
	files_read_one("/proc/keys", &(struct stat){ .st_mode = 0444 }, FTW_F, NULL);
	return files_error ? files_error : fewer ? -ENODATA : 0;
}

#endif
