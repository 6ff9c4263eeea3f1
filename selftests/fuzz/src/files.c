// SPDX-License-Identifier: GPL-2.0
/* Files: the device, attributes, and the log. */
#include <dirent.h>
#include <sys/mman.h>

#include "fuzz.h"

#define SYSFS		"/sys/class/bastion/bastion0"
#define SECURITYFS	"/sys/kernel/security/bastion/bastion0"

static const char *const readable[] = {
	SYSFS "/state", SYSFS "/model", SYSFS "/generation", SYSFS "/release_timeout",
	SYSFS "/relock", SYSFS "/chip_id", SYSFS "/grants", SYSFS "/waiters",
	SYSFS "/certificates", SYSFS "/measurements/mr0:sha384", SYSFS "/measurements/mr3:sha384",
	SYSFS "/measurements/mr7:sha384", SYSFS "/measurements/log_first", SYSFS "/counters/1",
	SYSFS "/counters/16", SYSFS "/statistics/commands", SYSFS "/uevent", "/proc/keys",
	"/proc/key-users", "/sys/module/bastion/refcnt",
};

#define READABLE (sizeof(readable) / sizeof(readable[0]))

static void read_path(struct fuzz *f, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error = fd < 0 ? errno : 0;
	size_t size = fuzz_number(&f->random) % 20000;
	uint64_t at = fuzz_place(f, 1, NULL, size, fuzz_somewhere(f, 90));
	off_t offset = fuzz_chance(&f->random, 50) ? 0 : fuzz_number(&f->random) >> 40;

	for (int i = 0; fd >= 0 && i < 4; i++)
		if (pread(fd, (void *)(uintptr_t)at, size, offset + i * size) < 0)
			error = errno;
	if (fd >= 0)
		close(fd);
	fuzz_result(f, FUZZ_SYSFS, error);
}

/* The log is a file a chip and form: some file of the folder. */
static void read_log(struct fuzz *f)
{
	DIR *dir = opendir(SECURITYFS);
	struct dirent *entry;
	char path[400];
	unsigned int skip = fuzz_below(&f->random, 8);

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || skip--)
			continue;
		snprintf(path, sizeof(path), SECURITYFS "/%s", entry->d_name);
		read_path(f, path);
		break;
	}
	if (dir)
		closedir(dir);
}

/* Waits stay short, whatever is written. */
static void write_attribute(struct fuzz *f)
{
	static const char *const timeouts[] = { "1", "2\n", "0", "111", "-1", "x", "", "1 1" };
	static const char *const relocks[] = { "1", "y\n", "0", "2", "", "on", "maybe" };
	bool relock = fuzz_chance(&f->random, 10);
	const char *text = relock ? relocks[fuzz_below(&f->random, 7)] :
				    timeouts[fuzz_below(&f->random, 8)];
	int fd = open(relock ? SYSFS "/relock" : SYSFS "/release_timeout",
		      O_WRONLY | O_CLOEXEC), error = 0;

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		error = errno;
	if (fd >= 0)
		close(fd);
	fuzz_result(f, FUZZ_SYSFS, error);
}

static void read_events(struct fuzz *f)
{
	size_t size = fuzz_chance(&f->random, 70) ? sizeof(struct bastion_event) :
						    fuzz_number(&f->random) % 8192;
	uint64_t at = fuzz_place(f, 1, NULL, size, fuzz_somewhere(f, 80));
	struct pollfd wait = { .fd = f->fds[1], .events = POLLIN | POLLOUT | POLLPRI };
	ssize_t got;

	if (fuzz_chance(&f->random, 30))
		poll(&wait, 1, fuzz_below(&f->random, 20));
	got = read(f->fds[1], (void *)(uintptr_t)at, size);
	fuzz_result(f, FUZZ_READ, got < 0 ? errno : 0);
	if (got > 0 && got != sizeof(struct bastion_event))
		fuzz_violation(f, "read gives %zd bytes", got);
}

/* Nobody has any business to do these. */
static void misuse(struct fuzz *f)
{
	int fd = f->fds[fuzz_below(&f->random, 2)];
	long ret = -1;
	void *at;

	switch (fuzz_below(&f->random, 5)) {
	case 0:
		ret = write(fd, "fuzz", fuzz_below(&f->random, 5));
		break;
	case 1:
		ret = lseek(fd, fuzz_number(&f->random), SEEK_SET);
		break;
	case 2:
		at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		if (at != MAP_FAILED)
			fuzz_violation(f, "the device can be mapped");
		break;
	case 3:
		ret = ftruncate(fd, 0);
		break;
	case 4:
		ret = pread(fd, NULL, 0, fuzz_number(&f->random));
		break;
	}
	fuzz_result(f, FUZZ_FILE, ret < 0 ? errno : 0);
}

/* Closes the round that it has, if any. */
void fuzz_open_again(struct fuzz *f, unsigned int number)
{
	int flags = (fuzz_chance(&f->random, 80) ? O_RDWR : O_RDONLY) | (number ? O_NONBLOCK : 0);
	int fd = open(ROUND_DEVICE, flags | O_CLOEXEC);

	fuzz_result(f, FUZZ_FILE, fd < 0 ? errno : 0);
	if (fd < 0)
		return;
	close(f->fds[number]);
	f->fds[number] = fd;
}

void fuzz_file(struct fuzz *f)
{
	switch (fuzz_below(&f->random, 8)) {
	case 0:
	case 1:
		read_events(f);
		break;
	case 2:
	case 3:
		read_path(f, readable[fuzz_below(&f->random, READABLE)]);
		break;
	case 4:
		read_log(f);
		break;
	case 5:
		write_attribute(f);
		break;
	case 6:
		misuse(f);
		break;
	default:
		fuzz_open_again(f, fuzz_below(&f->random, 2));
		break;
	}
}
