/* SPDX-License-Identifier: GPL-2.0 */
/* cmocka wants these before itself. */
#ifndef TESTS_CTL_TEST_H
#define TESTS_CTL_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#endif
