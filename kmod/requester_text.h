/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who asks for a key, as register 4 says it (Documentation/measurements.rst).
 *
 * Pure: values in, text out. Also compiled in user space, for its tests.
 */
#ifndef _BASTION_REQUESTER_TEXT_H
#define _BASTION_REQUESTER_TEXT_H

#include <linux/types.h>

#include <bastion/round.h>

int bastion_requester_text(char out[BASTION_REQUESTER_MAX], u32 uid,
			   const u8 exe[BASTION_EXE_SIZE], const char *path, const char *cgroup);

#endif
