/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's harness, but for its patience: that one gives a test 30 seconds on whatever machine.
 * This one's end tells which test of a program hangs. How long a program may take is for
 * run-tests to say, and how many times as long a kernel takes that checks itself.
 */
#ifndef SELFTESTS_LIB_KSELFTEST_HARNESS_H
#define SELFTESTS_LIB_KSELFTEST_HARNESS_H

#include <stdlib.h>
#include <unistd.h>

static inline unsigned int harness_slowness(void)
{
	const char *slowness = getenv("SLOWNESS");

	return slowness && atoi(slowness) > 0 ? atoi(slowness) : 1;
}

#define alarm(seconds)	alarm((seconds) * harness_slowness())
#include_next <kselftest_harness.h>
#undef alarm

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	100

#endif
