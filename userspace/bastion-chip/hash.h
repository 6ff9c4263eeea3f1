/* SPDX-License-Identifier: GPL-2.0 */
/* SHA-384 over several pieces, and random bytes. */
#ifndef CHIP_HASH_H
#define CHIP_HASH_H

#include <stddef.h>
#include <stdint.h>

#include <bastion/chip.h>

/** struct chip_span - a piece of what is hashed */
struct chip_span {
	const void *data;
	size_t len;
};

/**
 * chip_sha384_spans - SHA-384 (FIPS 180-4) of pieces, one after the other
 * @out:	the digest
 * @spans:	the pieces
 * @count:	how many
 */
void chip_sha384_spans(uint8_t out[BASTION_DIGEST_SIZE], const struct chip_span *spans,
		       size_t count);

/* chip_sha384(out, { data, len }, ...) */
#define chip_sha384(out, ...) \
	chip_sha384_spans(out, (const struct chip_span[]){ __VA_ARGS__ }, \
			  sizeof((const struct chip_span[]){ __VA_ARGS__ }) / \
			  sizeof(struct chip_span))

/**
 * chip_sha384_file - SHA-384 of a file's contents
 * @out:	the digest
 * @path:	the file
 *
 * A kernel is measured at every reset: what did not change since (inode, size, time of change) is
 * not read again.
 *
 * Return: 0, or a negative errno.
 */
int chip_sha384_file(uint8_t out[BASTION_DIGEST_SIZE], const char *path);

/**
 * chip_random - fill with bytes of the kernel's generator
 * @out:	where to
 * @len:	bytes
 *
 * Ends the process when there are none: nothing that follows could be safe.
 */
void chip_random(void *out, size_t len);

#endif
