// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "libbastion/release.h"

bool bastion_release_goes_on(int rc)
{
	return rc == -EBADMSG || rc == -ENODEV;
}

bool bastion_release_counts(int before, int rc)
{
	return before != -EBADMSG || rc != -ENODEV;
}
