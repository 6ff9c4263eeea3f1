/* SPDX-License-Identifier: GPL-2.0 */
/* Bounded reading and atomic writing of files. */
#ifndef LIBBASTION_FILE_H
#define LIBBASTION_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "libbastion/error.h"

/**
 * bastion_file_read_fd - read a descriptor to its end
 * @fd:   any readable file; procfs and securityfs files, pipes too
 * @what: its name, for errors
 * @max:  the most that is accepted
 * @data: out: the bytes and a NUL behind them; the caller frees it
 * @len:  out: how many bytes
 * @op:   what errors are to be reported as
 * @err:  circumstances of a failure
 *
 * Return: 0 or a negative errno; -EFBIG if there is more than @max.
 */
int bastion_file_read_fd(int fd, const char *what, size_t max, uint8_t **data, size_t *len,
			 enum bastion_op op, struct bastion_error *err);

/**
 * bastion_file_read - read a file of the user's
 * @path: where; "-" is the standard input
 * @max:  the most that is accepted
 * @data: out: the bytes and a NUL behind them; the caller frees it
 * @len:  out: how many bytes
 * @err:  circumstances of a failure
 *
 * Return: 0 or a negative errno; -EFBIG if there is more than @max.
 */
int bastion_file_read(const char *path, size_t max, uint8_t **data, size_t *len,
		      struct bastion_error *err);

/**
 * bastion_file_read_trusted - read a file that configuration depends on
 * @path: where
 * @max:  the most that is accepted
 * @data: out: the bytes and a NUL behind them; the caller frees it
 * @len:  out: how many bytes
 * @err:  circumstances of a failure
 *
 * As bastion_file_read(), but only a regular file, not a symbolic link, of
 * root's or of this process's user, that nobody else may write (-EPERM).
 *
 * Return: 0 or a negative errno.
 */
int bastion_file_read_trusted(const char *path, size_t max, uint8_t **data, size_t *len,
			      struct bastion_error *err);

/**
 * bastion_file_output - write what a user wants, where the user says
 * @path: where; "-" is the standard output
 * @data: what
 * @len:  how many bytes
 * @mode: its mode if it is a file, but for what the umask takes away
 * @err:  circumstances of a failure
 *
 * Likewise bastion_file_write(), but what is there and no regular file, such as a FIFO or
 * /dev/stdout, is written to and stays (bastion_output_special()).
 *
 * Return: 0 or a negative errno.
 */
int bastion_file_output(const char *path, const void *data, size_t len, mode_t mode,
			struct bastion_error *err);

/**
 * bastion_file_write - write a file whole or not at all
 * @path: where
 * @data: what
 * @len:  how many bytes
 * @mode: its mode, but for what the umask takes away
 * @err:  circumstances of a failure
 *
 * Into a new file beside it, fsync, rename, fsync of the folder.
 *
 * Return: 0 or a negative errno.
 */
int bastion_file_write(const char *path, const void *data, size_t len, mode_t mode,
		       struct bastion_error *err);

/** bastion_file_remove - remove a file for good; 0 or a negative errno */
int bastion_file_remove(const char *path, struct bastion_error *err);

#endif
