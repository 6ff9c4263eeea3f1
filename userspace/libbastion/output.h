/* SPDX-License-Identifier: GPL-2.0 */
/* What a user names for output that is no file: a FIFO, /dev/null, /dev/stdout. bastion-verifier has it, too. */
#ifndef LIBBASTION_OUTPUT_H
#define LIBBASTION_OUTPUT_H

#include <stddef.h>

/**
 * bastion_output_special - write there, if it is there and no regular file
 * @path: where; symbolic links are followed
 * @data: what
 * @len:  how many bytes
 *
 * In a folder that everybody may write to, only what is the caller's or the folder's owner's counts, a link
 * as well: somebody else's must not lead root elsewhere. What is then called missing gets replaced by
 * a file, and is not followed.
 *
 * Return: 0, -ENOENT when there is nothing of the kind, so that a file is to be made or replaced,
 * -EISDIR, -EINVAL for a block device, or another negative errno.
 */
int bastion_output_special(const char *path, const void *data, size_t len);

/**
 * bastion_output_all - write all of it, however often write(2) has to be called
 * @fd:   where
 * @data: what
 * @len:  how many bytes
 *
 * Return: 0 or a negative errno; then some of it may be written.
 */
int bastion_output_all(int fd, const void *data, size_t len);

#endif
