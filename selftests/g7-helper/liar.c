// SPDX-License-Identifier: GPL-2.0
/*
 * A request-key helper that lies: what the kernel lets it do for a request.
 *
 * usage: liar KEY HOW [OTHER]	by /sbin/request-key, for the key to instantiate
 *	die		is killed
 *	silent		says nothing, successfully
 *	other OTHER	brings the sealed key with serial OTHER
 *	keyring OTHER	likewise, and names a keyring of its own
 *	type OTHER	likewise, and names another type
 * usage: liar 0 other OTHER	without anybody having asked; prints the errno
 */
#include <errno.h>
#include <fcntl.h>
#include <keyutils.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <bastion/blob.h>
#include <linux/bastion.h>

static int lie(const char *how, int other)
{
	struct bastion_release args = {
		.size = sizeof(args),
		.flags = BASTION_RELEASE_UPCALL,
		.key = other,
	};
	int fd = open("/dev/bastion0", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return errno;
	if (!strcmp(how, "keyring"))
		args.keyring = KEY_SPEC_USER_KEYRING;
	if (!strcmp(how, "type"))
		args.type = BASTION_TYPE_USER;
	return ioctl(fd, BASTION_IOC_RELEASE, &args) < 0 ? errno : 0;
}

int main(int argc, char **argv)
{
	key_serial_t key = argc > 2 ? atoi(argv[1]) : 0;
	const char *how = argc > 2 ? argv[2] : "";
	int error;

	if (!strcmp(how, "die"))
		raise(SIGKILL);
	if (!strcmp(how, "silent") || argc != 4)
		return 0;
	if (key && keyctl_assume_authority(key) < 0)
		return 1;
	error = lie(how, atoi(argv[3]));
	if (!key)
		printf("%s\n", strerrorname_np(error));
	else if (error)
		keyctl_reject(key, 2, error, 0);
	return 0;
}
