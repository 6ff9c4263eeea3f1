/* SPDX-License-Identifier: GPL-2.0 */
/* What options name for output. */
#ifndef VERIFIER_OUTPUT_H
#define VERIFIER_OUTPUT_H

#include "libbastion-verify/bytes.h"

/**
 * output_write() - write where the operator says
 * @path:	a file, which is replaced in one step; or a FIFO, /dev/stdout and so on, which stays
 * @mode:	of a file
 * @bytes:	what to write
 * @err:	what was wrong
 *
 * Return: 0, or a negative errno.
 */
int output_write(const char *path, unsigned int mode, struct bv_span bytes, struct bv_error *err);

#endif
