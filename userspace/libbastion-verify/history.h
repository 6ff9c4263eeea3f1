/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a verifier remembers of one boot of one chip: its own copy of the module's
 * log and of IMA's list, as far as quotes have covered them, what they replay to,
 * and what judging them has found. The next round then brings only what is new.
 *
 * Nothing is ever added but what an authentic quote of the round at hand covers.
 */
#ifndef BV_HISTORY_H
#define BV_HISTORY_H

#include "ima-list.h"
#include "log.h"
#include "reference-rule.h"

/* Of both lists together; some 500,000 entries of IMA's. */
#define BV_HISTORY_MAX	(64u << 20)

/**
 * struct bv_piece - what one round brought; never moves or changes
 * @next:	what a later round brought
 * @first:	number of its first entry
 * @len:	of @bytes
 * @bytes:	whole entries
 */
struct bv_piece {
	struct bv_piece *next;
	uint64_t first;
	size_t len;
	uint8_t bytes[];
};

/**
 * struct bv_pieces - a list, in the order in which it came
 * @head:	the first piece, or NULL
 * @tail:	the last
 * @len:	bytes of all
 */
struct bv_pieces {
	struct bv_piece *head;
	struct bv_piece *tail;
	size_t len;
};

/**
 * struct bv_judged - what judging has found so far, under one policy
 * @policy_id:	of that policy
 * @findings:	of appraise-log.c, with spans into pieces; NULL when nothing was judged
 * @log:	the last piece of the log that @findings cover
 * @exec:	likewise, @executables
 * @ima:	likewise of IMA's list, @files
 * @executables: of register 4
 * @files:	of register 3
 */
struct bv_judged {
	uint8_t policy_id[BASTION_DIGEST_SIZE];
	struct bv_findings *findings;
	const struct bv_piece *log;
	const struct bv_piece *exec;
	const struct bv_piece *ima;
	struct bv_judge executables;
	struct bv_judge files;
};

/**
 * struct bv_history - see above
 * @chip_id:	whose it is; nothing is added for another chip's quotes
 * @tpm:	it is a TPM, so what replays have are its PCRs: bv_history_set_tpm()
 * @boot_key:	the first entry of register 1
 * @log:	registers 1 to 7 without 3
 * @ima:	IMA's list
 * @replay:	of @log
 * @ima_replay:	of @ima
 * @ima_bank:	template digests of @ima
 * @judged:	can be made again from the pieces
 * @max:	bytes that @log and @ima may have together
 * @changed:	there is more than was saved; whoever saves it clears this
 */
struct bv_history {
	uint8_t chip_id[BASTION_DIGEST_SIZE];
	bool tpm;
	uint8_t boot_key[BASTION_POINT_SIZE];
	struct bv_pieces log;
	struct bv_pieces ima;
	struct bv_replay replay;
	struct bv_ima_replay ima_replay;
	enum bv_bank ima_bank;
	struct bv_judged judged;
	size_t max;
	bool changed;
};

/**
 * bv_history_new() - remember nothing yet
 * @chip_id:	of which chip
 * @max:	bytes that its lists may have, usually BV_HISTORY_MAX
 *
 * Return: a history to bv_history_free(), or NULL without memory.
 */
struct bv_history *bv_history_new(const uint8_t chip_id[BASTION_DIGEST_SIZE], size_t max);

/** bv_history_set_tpm() - of a history that is new: whether it will be a TPM's */
void bv_history_set_tpm(struct bv_history *history, bool tpm);

/** bv_history_free() - NULL is fine */
void bv_history_free(struct bv_history *history);

/** bv_history_is() - whether this is about that boot of that chip */
bool bv_history_is(const struct bv_history *history, const uint8_t chip_id[BASTION_DIGEST_SIZE],
		   const uint8_t boot_key[BASTION_POINT_SIZE]);

/**
 * bv_history_holds() - whether all that a verdict's quote covers of the log is remembered
 * @history:	may be NULL
 * @verdict:	closed
 *
 * This, once it is on disk, is what BASTION_GRANT_KEPT promises.
 */
bool bv_history_holds(const struct bv_history *history, const struct bv_verdict *verdict);

/**
 * bv_history_move() - have what another one of the same chip has, instead of what was there
 * @to:		keeps its @max
 * @from:	is left with nothing
 */
void bv_history_move(struct bv_history *to, struct bv_history *from);

/**
 * bv_history_add_log() - append a piece of the log
 * @history:	where to
 * @bytes:	whole entries, which a quote covers; copied; none is fine
 * @replay:	of everything up to their end
 *
 * Return: 0; -ENOSPC there would be more than @max; -ENOMEM. Nothing is changed then.
 */
int bv_history_add_log(struct bv_history *history, struct bv_span bytes,
		       const struct bv_replay *replay);

/** bv_history_add_ima() - likewise, a piece of IMA's list, with template digests of @bank */
int bv_history_add_ima(struct bv_history *history, struct bv_span bytes, enum bv_bank bank,
		       const struct bv_ima_replay *replay);

/** bv_history_judge() - begin to judge by a policy: findings of another one are dropped */
void bv_history_judge(struct bv_history *history, const uint8_t policy_id[BASTION_DIGEST_SIZE]);

/** bv_history_unjudge() - drop all findings, so that everything is judged again */
void bv_history_unjudge(struct bv_history *history);

/** bv_piece_after() - the piece after @piece, the first one for NULL; NULL at the end */
static inline const struct bv_piece *bv_piece_after(const struct bv_pieces *pieces,
						    const struct bv_piece *piece)
{
	return piece ? piece->next : pieces->head;
}

/**
 * bv_history_encode() - what has to be stored: the lists, and whose they are
 * @history:	with something in it
 * @out:	on success: bytes that the caller frees
 *
 * Findings are not stored: they are made again.
 *
 * Return: 0, -ENOMEM, -EIO.
 */
int bv_history_encode(const struct bv_history *history, struct bv_span *out);

/* Magic, chip, boot key, bank of IMA's list; then the log's pieces and IMA's. */
#define BV_HISTORY_HEAD	(16 + BASTION_DIGEST_SIZE + BASTION_POINT_SIZE + 4)

/**
 * bv_history_begins() - whether what is stored may be about that boot of that chip
 * @head:	the first BV_HISTORY_HEAD bytes, or fewer if there are no more
 * @chip_id:	of the chip
 * @boot_key:	of the boot
 *
 * Nothing is checked: what is damaged is for bv_history_decode() to refuse.
 *
 * Return: false when it is about another boot or chip.
 */
bool bv_history_begins(struct bv_span head, const uint8_t chip_id[BASTION_DIGEST_SIZE],
		       const uint8_t boot_key[BASTION_POINT_SIZE]);

/**
 * bv_history_decode() - what bv_history_encode() stored
 * @bytes:	as they were read
 * @history:	new; left as new after a failure
 * @err:	what was wrong
 *
 * Replays both lists. What is another chip's is refused.
 *
 * Return: 0, -EBADMSG, -ENOSPC as for bv_history_add_log(), -ENOMEM, -EIO.
 */
int bv_history_decode(struct bv_span bytes, struct bv_history *history, struct bv_error *err);

#endif
