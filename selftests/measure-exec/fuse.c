// SPDX-License-Identifier: GPL-2.0
/* A user's file system: see lib/fuse.h. */
#include "fuse.h"

int main(int argc, char **argv)
{
	return fuse_main(argc, argv);
}
