/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Somebody else than root outside of all containers: what a child gives up, or has around it. Each
 * function returns 0, or -1 and errno.
 */
#ifndef SELFTESTS_LIB_BECOME_H
#define SELFTESTS_LIB_BECOME_H

#include <sys/mount.h>
#include <sys/stat.h>

#include "sealed.h"

/* Whoever has changed its uid owns its /proc again only when it may be dumped. */
static inline int become_user(uid_t uid)
{
	return setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid) ||
	       prctl(PR_SET_DUMPABLE, 1) ? -1 : 0;
}

/* A user namespace in which the caller alone is @inside. It has all capabilities there. */
static inline int become_in_namespace(uid_t inside)
{
	uid_t outside = geteuid();
	char map[64];

	if (unshare(CLONE_NEWUSER))
		return -1;
	snprintf(map, sizeof(map), "%u %u 1", inside, outside);
	return sealed_write("/proc/self/setgroups", "deny") ||
	       sealed_write("/proc/self/uid_map", map) ||
	       sealed_write("/proc/self/gid_map", map) ? -1 : 0;
}

/* A device file of its own, as a container is given one: the other is hidden by it. */
static inline int become_given_device(void)
{
	return mount("dev", "/mnt", "tmpfs", 0, NULL) || mkdir("/mnt/dev", 0755) ||
	       mknod("/mnt/dev/bastion0", S_IFREG | 0644, 0) ||
	       mount(ROUND_DEVICE, "/mnt/dev/bastion0", NULL, MS_BIND, NULL) ||
	       mount("/mnt/dev/bastion0", ROUND_DEVICE, NULL, MS_BIND, NULL);
}

/* All the other namespaces that a container has; which ones there are is the kernel's matter. */
static inline int become_contained(void)
{
	static const int flags[] = { CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWNET,
				     CLONE_NEWCGROUP, CLONE_NEWPID };

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (unshare(flags[i]) && errno != EINVAL)
			return -1;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ? -1 : become_given_device();
}

#endif
