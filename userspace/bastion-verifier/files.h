/* SPDX-License-Identifier: GPL-2.0 */
/* Files: read within bounds, written whole or not at all. */
#ifndef VERIFIER_FILES_H
#define VERIFIER_FILES_H

#include "libbastion-verify/crypto.h"
#include "libbastion-verify/error.h"

/**
 * file_read() - read a whole file
 * @path:	a file, or "-" for the standard input
 * @max:	most bytes allowed
 * @out:	on success: allocated bytes (and a NUL after them) that the caller frees
 * @err:	what was wrong
 *
 * Return: 0, or a negative errno.
 */
int file_read(const char *path, size_t max, struct bv_span *out, struct bv_error *err);

/** file_read_at() - likewise, for a file of the folder that a descriptor is of */
int file_read_at(int folder, const char *name, size_t max, struct bv_span *out,
		 struct bv_error *err);

/**
 * file_read_secret() - likewise, for a key
 *
 * Refuses a file that anyone but its owner may read or write, and one that
 * neither we nor root own.
 */
int file_read_secret(const char *path, size_t max, struct bv_span *out, struct bv_error *err);

/**
 * file_digest() - SHA-384 of a file, which may be large
 * @path:	a file
 * @digest:	its digest
 * @err:	what was wrong
 *
 * Return: 0, or a negative errno.
 */
int file_digest(const char *path, uint8_t digest[BASTION_DIGEST_SIZE], struct bv_error *err);

/** file_forget() - wipe and free what file_read_secret() gave */
void file_forget(struct bv_span *bytes);

/**
 * file_create() - write a new file
 * @path:	must not exist
 * @mode:	its mode
 * @bytes:	its contents, on disk when this returns
 * @err:	what was wrong
 *
 * Return: 0, or a negative errno; then there is no file of ours.
 */
int file_create(const char *path, unsigned int mode, struct bv_span bytes, struct bv_error *err);

/** file_create_at() - likewise, in the folder that a descriptor is of */
int file_create_at(int folder, const char *name, unsigned int mode, struct bv_span bytes,
		   struct bv_error *err);

/**
 * file_replace() - write a file, replacing the one that is there in one step
 *
 * Parameters and return value as for file_create().
 */
int file_replace(const char *path, unsigned int mode, struct bv_span bytes, struct bv_error *err);

/** file_replace_at() - likewise, in the folder that a descriptor is of */
int file_replace_at(int folder, const char *name, unsigned int mode, struct bv_span bytes,
		    struct bv_error *err);

/**
 * file_keep_at() - give a file one more name, which it keeps for good
 * @folder:	a descriptor
 * @name:	its name there
 * @mark:	what the new name has behind that, before the first number from 1 on that is free
 *
 * Return: 0; -EMLINK when too many are kept already, or another negative errno.
 */
int file_keep_at(int folder, const char *name, const char *mark);

#endif
