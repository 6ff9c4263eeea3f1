/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the verifier remembers of machines: in memory, and with a folder for good,
 * a file for each chip.
 *
 * Memory is a cache. What it forgets is read again from the folder, or the machine
 * brings it again: without a folder no grant says that anything is kept. The folder
 * forgets nothing by itself.
 */
#ifndef VERIFIER_STATE_H
#define VERIFIER_STATE_H

#include "load.h"

#define STATE_MACHINES_MAX	4096		/* in memory */
#define STATE_MEMORY_MAX	(512u << 20)	/* bytes of their lists */
#define STATE_FILES_MAX		65536		/* machines in the folder */

struct state;

/**
 * state_open() - remember nothing yet, or what a folder has
 * @folder:	made if it is not there, and refused if others may enter it or another
 *		verifier uses it; NULL: memory alone
 * @err:	what was wrong
 *
 * Return: a state to state_close(), or NULL.
 */
struct state *state_open(const char *folder, struct bv_error *err);

/** state_close() - forget; NULL is fine */
void state_close(struct state *state);

/**
 * state_known() - what is remembered of a chip's boot
 * @state:	may be NULL
 * @chip_id:	the chip's
 * @boot_key:	as somebody says who has proven nothing
 *
 * A file that is damaged is reported on standard error, renamed, and counts as none.
 *
 * Return: a history that is good until the next call, or NULL.
 */
struct bv_history *state_known(struct state *state, const uint8_t chip_id[BASTION_DIGEST_SIZE],
			       const uint8_t boot_key[BASTION_POINT_SIZE]);

/**
 * state_get() - likewise, or what is remembered of another boot of the chip's, or a new history
 *
 * Return: as above; NULL only without memory or @state.
 */
struct bv_history *state_get(struct state *state, const uint8_t chip_id[BASTION_DIGEST_SIZE],
			     const uint8_t boot_key[BASTION_POINT_SIZE]);

/**
 * state_keep() - store what has changed
 * @state:	of state_get()
 * @history:	of state_get()
 *
 * Return: 0 when all that @history has is on disk; -ENOENT without a folder, or
 * another error, which was said on standard error.
 */
int state_keep(struct state *state, struct bv_history *history);

#endif
