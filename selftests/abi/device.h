/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the device node share: opening it, calling it, and giving
 * up privileges in three ways.
 */
#ifndef SELFTESTS_ABI_DEVICE_H
#define SELFTESTS_ABI_DEVICE_H

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bastion.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#define DEVICE	"/dev/bastion0"
#define NOBODY	65534

/* A point as good as any other. */
static const __u8 p384_generator[97] = {
	0x04,
	0xaa, 0x87, 0xca, 0x22, 0xbe, 0x8b, 0x05, 0x37, 0x8e, 0xb1, 0xc7, 0x1e,
	0xf3, 0x20, 0xad, 0x74, 0x6e, 0x1d, 0x3b, 0x62, 0x8b, 0xa7, 0x9b, 0x98,
	0x59, 0xf7, 0x41, 0xe0, 0x82, 0x54, 0x2a, 0x38, 0x55, 0x02, 0xf2, 0x5d,
	0xbf, 0x55, 0x29, 0x6c, 0x3a, 0x54, 0x5e, 0x38, 0x72, 0x76, 0x0a, 0xb7,
	0x36, 0x17, 0xde, 0x4a, 0x96, 0x26, 0x2c, 0x6f, 0x5d, 0x9e, 0x98, 0xbf,
	0x92, 0x92, 0xdc, 0x29, 0xf8, 0xf4, 0x1d, 0xbd, 0x28, 0x9a, 0x14, 0x7c,
	0xe9, 0xda, 0x31, 0x13, 0xb5, 0xf0, 0xb8, 0xc0, 0x0a, 0x60, 0xb1, 0xce,
	0x1d, 0x7e, 0x81, 0x9d, 0x7a, 0x43, 0x1d, 0x7c, 0x90, 0xea, 0x0e, 0x5f,
};

/* The device, with the module loaded if nobody has done so yet; or -1. */
static inline int open_device(int flags)
{
	if (access("/sys/module/bastion", F_OK) && system("modprobe bastion"))
		return -1;
	return open(DEVICE, O_RDWR | O_CLOEXEC | flags);
}

/* 0 or the errno. */
static inline int call(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) < 0 ? errno : 0;
}

/* Three ways to be less than the machine's root. Each returns 0 or -1. */

static inline int become_nobody(void)
{
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY))
		return -1;
	return setresuid(NOBODY, NOBODY, NOBODY);
}

static inline int drop_sys_admin(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return -1;
	data[0].effective &= ~(1U << CAP_SYS_ADMIN);
	data[0].permitted &= ~(1U << CAP_SYS_ADMIN);
	data[0].inheritable &= ~(1U << CAP_SYS_ADMIN);
	return syscall(SYS_capset, &header, data);
}

/* All capabilities there are, in a namespace that is not the machine's. */
static inline int become_container_root(void)
{
	return unshare(CLONE_NEWUSER);
}

static int (*const less_than_root[])(void) = {
	become_nobody, drop_sys_admin, become_container_root,
};

#endif
