/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writing: files, whole or not at all, and what a user names for output that is none: a FIFO, /dev/null,
 * /dev/stdout. bastion-verifier has it, too.
 */
#ifndef LIBBASTION_OUTPUT_H
#define LIBBASTION_OUTPUT_H

#include <stddef.h>
#include <sys/types.h>

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

/**
 * bastion_output_create - write a file that is not there yet
 * @folder: that its name is relative to, or AT_FDCWD
 * @name:   its name
 * @data:   what
 * @len:    how many bytes
 * @mode:   its mode, but for what the umask takes away
 *
 * fsync and all, but not the folder's.
 *
 * Return: 0, -EEXIST or another negative errno; then there is none that was not there before.
 */
int bastion_output_create(int folder, const char *name, const void *data, size_t len, mode_t mode);

/**
 * bastion_output_replace - write a file, replacing the one that is there in one step
 * @folder: that its name is relative to, or AT_FDCWD
 * @name:   its name
 * @data:   what
 * @len:    how many bytes
 * @mode:   its mode, but for what the umask takes away
 *
 * Into a new file beside it, fsync, rename; the folder's fsync is left to the caller. What dies before the
 * rename leaves NAME.RANDOM, 16 hex digits: a name that nobody can take before, and no other process has.
 *
 * Return: 0 or a negative errno; then what was there is there.
 */
int bastion_output_replace(int folder, const char *name, const void *data, size_t len, mode_t mode);

#endif
