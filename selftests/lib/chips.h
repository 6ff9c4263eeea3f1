/* SPDX-License-Identifier: GPL-2.0 */
/* Chips as devices: bound, pulled out, without power. Functions return 0 or -errno. */
#ifndef SELFTESTS_LIB_CHIPS_H
#define SELFTESTS_LIB_CHIPS_H

#include <dirent.h>

#include "sealed.h"

#define CHIPS_CLASS	"/sys/class/bastion"
#define CHIPS_PCI	"/sys/bus/pci/"
/* Which, and when: over 9p, a name that the host has just removed may be ENOENT to who creates it. */
#define CHIPS_POWER	"/run/share/power-cycle-%d-%lld"
/* Likewise what the host removes while it is created: it is renamed when it is there. */
#define CHIPS_ASKING	"/run/share/asking-%d-%lld"
#define CHIPS_PATIENCE	120	/* seconds */

/* "0000:00:05.0" of the chip that is called @name. */
static inline int chips_find_device(const char *name, char device[32])
{
	char path[64], link[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), CHIPS_CLASS "/%s/device", name);
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		return -errno;
	link[len] = '\0';
	snprintf(device, 32, "%.31s", strrchr(link, '/') + 1);
	return 0;
}

/* The node of a chip that is not the first. */
static inline int chips_find_other(char path[64])
{
	struct dirent *entry;
	DIR *dir = opendir(CHIPS_CLASS);
	int ret = -ENODEV;

	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "bastion", 7) || !strcmp(entry->d_name, "bastion0"))
			continue;
		snprintf(path, 64, "/dev/%.50s", entry->d_name);
		ret = 0;
	}
	if (dir)
		closedir(dir);
	return ret;
}

/* @file is "bind" or "unbind". */
static inline int chips_drive(const char *file, const char *device)
{
	char path[64];

	snprintf(path, sizeof(path), CHIPS_PCI "drivers/bastion/%s", file);
	return sealed_write(path, device);
}

/* As if it were pulled out */
static inline int chips_remove(const char *device)
{
	char path[96];

	snprintf(path, sizeof(path), CHIPS_PCI "devices/%s/remove", device);
	return sealed_write(path, "1");
}

/* and put back. */
static inline int chips_rescan(void)
{
	return sealed_write(CHIPS_PCI "rescan", "1");
}

/* One that is not the first comes and goes no more: until it is there, and is what a chip is at first. */
static inline int chips_await_other(const char *device)
{
	const long long deadline = sealed_now_ms() + 1000 * CHIPS_PATIENCE;
	int ret = chips_rescan(), state, fd;
	char path[64];

	if (ret)
		return ret;
	chips_drive("bind", device);
	for (; sealed_now_ms() < deadline; usleep(100000)) {
		if (chips_find_other(path) || (fd = open(path, O_RDWR | O_CLOEXEC)) < 0)
			continue;
		state = round_state(fd);
		close(fd);
		if (state == BASTION_STATE_LOCKED)
			return 0;
	}
	return -ETIME;
}

/*
 * The @which-th chip has no power for a moment. Who runs this does that, when it finds the
 * file, and removes it then.
 */
static inline int chips_cycle_power(int which)
{
	long long now = sealed_now_ms();
	char asking[64], path[64];
	int fd;

	snprintf(asking, sizeof(asking), CHIPS_ASKING, which, now);
	snprintf(path, sizeof(path), CHIPS_POWER, which, now);
	fd = open(asking, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	if (rename(asking, path))
		return -errno;
	while (!access(path, F_OK)) {
		if (sealed_now_ms() > now + 1000 * CHIPS_PATIENCE)
			return -ETIME;
		usleep(20000);
	}
	return 0;
}

#endif
