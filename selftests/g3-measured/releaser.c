// SPDX-License-Identifier: GPL-2.0
/*
 * usage: releaser SERIAL
 *
 * Releases that key into its own process keyring; the exit status is an errno.
 * The tests copy it about, to have executables that nobody has measured.
 */
#include "sealed.h"

int main(int argc, char **argv)
{
	int fd = round_open(), ret;

	if (argc != 2 || fd < 0)
		return 255;
	ret = sealed_release(fd, atoi(argv[1]), BASTION_TYPE_LOGON, KEY_SPEC_PROCESS_KEYRING);
	return ret < 0 ? -ret : 0;
}
