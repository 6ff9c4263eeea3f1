/* SPDX-License-Identifier: GPL-2.0 */
/* Reference values from the logs of a machine that is known to be good. */
#ifndef BV_REFERENCE_LEARN_H
#define BV_REFERENCE_LEARN_H

#include <jansson.h>

#include "bytes.h"
#include "error.h"

/**
 * struct bv_learned - one generation under construction
 * @files:	object: path to an array of digests
 * @violations:	entries of IMA's list that nothing could be learned from
 * @skipped:	entries that no reference can name: no digest or that of nothing, a path that is not
 *		UTF-8 or has a wildcard or a control character
 */
struct bv_learned {
	json_t *files;
	uint64_t violations;
	uint64_t skipped;
};

/** bv_learned_init() - nothing learned; 0, -ENOMEM */
int bv_learned_init(struct bv_learned *learned);

/** bv_learned_exit() - free it */
void bv_learned_exit(struct bv_learned *learned);

/**
 * bv_learn_log() - learn the executables of register 4
 * @learned:	to add to
 * @log:	the module's; has to be well formed
 * @err:	what was wrong
 *
 * Return: 0, -EBADMSG, -ENOMEM, -EIO.
 */
int bv_learn_log(struct bv_learned *learned, struct bv_span log, struct bv_error *err);

/** bv_learn_ima() - likewise, the files of IMA's list */
int bv_learn_ima(struct bv_learned *learned, struct bv_span list, struct bv_error *err);

/**
 * bv_learned_generation() - what was learned, as a generation
 * @learned:	what was learned
 * @name:	of the generation
 *
 * Return: a new reference, paths in order; NULL without memory.
 */
json_t *bv_learned_generation(const struct bv_learned *learned, const char *name);

#endif
