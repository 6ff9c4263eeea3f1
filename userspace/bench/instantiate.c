// SPDX-License-Identifier: GPL-2.0
/*
 * The request-key helper that the other one is measured against: it does what
 * every helper must, and has the answer ready.
 *
 * usage: bastion-bench-instantiate SERIAL, by /sbin/request-key
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/keyctl.h>

int main(int argc, char **argv)
{
	static const char secret[32] = "thirty-two bytes, as released";
	int key = argc == 2 ? atoi(argv[1]) : 0;

	if (syscall(SYS_keyctl, KEYCTL_ASSUME_AUTHORITY, key) < 0 ||
	    syscall(SYS_keyctl, KEYCTL_INSTANTIATE, key, secret, sizeof(secret), 0) < 0)
		return 1;
	return 0;
}
