// SPDX-License-Identifier: GPL-2.0
/*
 * usage: asker INDEX DOOR SERIAL DESCRIPTION
 *
 * Asks for a key, and once it has it, looks at register 4.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/bastion.h>
#include <linux/keyctl.h>

#include <bastion/blob.h>

#include "asker.h"

#define REGISTER "/sys/class/bastion/bastion0/measurements/mr4:sha384"

static int ask_ioctl(int key)
{
	struct bastion_release args = {
		.size = sizeof(args), .key = key, .type = BASTION_TYPE_LOGON,
		.keyring = KEY_SPEC_PROCESS_KEYRING,
	};
	int fd = open("/dev/bastion0", O_RDWR | O_CLOEXEC);

	return fd < 0 || ioctl(fd, BASTION_IOC_RELEASE, &args) ? errno : 0;
}

static int ask_request_key(const char *description)
{
	return syscall(SYS_request_key, "logon", description, "timeout=60",
		       KEY_SPEC_PROCESS_KEYRING) < 0 ? errno : 0;
}

int main(int argc, char **argv)
{
	struct answer answer = { 0 };
	int fd;

	if (argc != 5)
		return 2;
	answer.index = atoi(argv[1]);
	answer.door = atoi(argv[2]);
	answer.error = answer.door == DOOR_IOCTL ? ask_ioctl(atoi(argv[3]))
						 : ask_request_key(argv[4]);
	if (!answer.error) {
		fd = open(REGISTER, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || read(fd, answer.register4, sizeof(answer.register4)) !=
				      sizeof(answer.register4))
			answer.error = EIO;
	}
	return write(ASKER_OUT, &answer, sizeof(answer)) != sizeof(answer);
}
