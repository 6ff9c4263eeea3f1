/* SPDX-License-Identifier: GPL-2.0 */
/* A key among several chips: only the one that sealed it can tell. bastion-request-key has it, too. */
#ifndef LIBBASTION_RELEASE_H
#define LIBBASTION_RELEASE_H

#include <stdbool.h>

/**
 * bastion_release_goes_on - may another chip release the key?
 * @rc: what the chips before said: EBADMSG, it is not theirs, or ENODEV, they are gone
 */
bool bastion_release_goes_on(int rc);

/**
 * bastion_release_counts - is what a chip says what is to be reported?
 * @before: what is to be reported of those before
 * @rc:	    what it says
 *
 * Of several that do not have the key, those that are there know more than those that are gone.
 */
bool bastion_release_counts(int before, int rc);

#endif
