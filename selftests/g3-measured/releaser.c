// SPDX-License-Identifier: GPL-2.0
/*
 * usage: releaser SERIAL | bastion:NAME | sign:SERIAL
 *
 * Releases that key into its own process keyring, by the ioctl or by request_key(2),
 * or signs with it; the exit status is an errno. The tests copy it about, to have
 * executables that nobody has measured.
 */
#include "sign.h"

int main(int argc, char **argv)
{
	int fd = round_open(), ret;

	if (argc != 2 || fd < 0)
		return 255;
	if (!strncmp(argv[1], "sign:", 5)) {
		ret = sign_something(atoi(argv[1] + 5));
	} else if (!strncmp(argv[1], "bastion:", 8)) {
		ret = request_key("logon", argv[1], "nowait", KEY_SPEC_PROCESS_KEYRING);
		ret = ret < 0 ? -errno : ret;
	} else {
		ret = sealed_release(fd, atoi(argv[1]), BASTION_TYPE_LOGON,
				     KEY_SPEC_PROCESS_KEYRING);
	}
	return ret < 0 ? -ret : 0;
}
