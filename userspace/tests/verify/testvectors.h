/* SPDX-License-Identifier: GPL-2.0 */
/* Data that other projects recorded; BASTION_VECTORS names the folder. */
#ifndef TESTVECTORS_H
#define TESTVECTORS_H

#include "libbastion-verify/bytes.h"

/**
 * tv_load() - read a file of the folder
 * @name:	path below the folder
 *
 * The test is skipped, which the runner counts, where there is no such file.
 *
 * Return: its bytes, terminated; the caller frees them.
 */
struct bv_span tv_load(const char *name);

#endif
