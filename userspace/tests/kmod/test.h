/* SPDX-License-Identifier: GPL-2.0 */
/* What cmocka wants before itself. */
#ifndef _KMOD_TESTS_TEST_H
#define _KMOD_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#endif
