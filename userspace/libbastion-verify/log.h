/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Measurement logs (Documentation/measurements.rst): reading them record by
 * record and replaying them. A log proves nothing until its replay gives the
 * registers that a chip signed.
 */
#ifndef BV_LOG_H
#define BV_LOG_H

#include <bastion/round.h>

#include "bytes.h"
#include "error.h"

#define BV_LOG_ENTRIES_MAX	65536	/* that are read at once */
#define BV_LOG_DATA_MAX		65536	/* template data of one record */

#define BV_PCR_SIZE		32	/* SHA-256 */

#define BV_LOG_FILES		4		/* register of what is executed */
#define BV_LOG_VERITY		"verity:sha256"	/* of an fs-verity file, as IMA calls it */

/* Registers by the log that names them; register 3 is IMA's, whose list is its log. */
#define BV_LOG_PLATFORM		0x01u
#define BV_LOG_MODULE		0xf6u

/**
 * struct bv_log_entry - one record; spans point into the log
 * @number:	0 for the first record of the log
 * @index:	register, 0 .. 7
 * @buffer:	ima-buf rather than ima-ng or ima-ngv2
 * @algorithm:	digest in d-ng: "sha384" or "sha256"; in d-ngv2, in register 4 only: BV_LOG_VERITY
 * @template_digest: as the record has it
 * @template_data: the fields
 * @digest:	of d-ng or d-ngv2
 * @name:	n-ng without its NUL; any bytes but NUL
 * @data:	buf; empty unless @buffer
 */
struct bv_log_entry {
	uint64_t number;
	uint32_t index;
	bool buffer;
	const char *algorithm;
	struct bv_span template_digest;
	struct bv_span template_data;
	struct bv_span digest;
	struct bv_span name;
	struct bv_span data;
};

/**
 * struct bv_log_reader - where a reader is
 * @at:		the next record
 * @left:	bytes from there on
 * @number:	of the next record
 * @first:	of the first record that is here
 */
struct bv_log_reader {
	const uint8_t *at;
	size_t left;
	uint64_t number;
	uint64_t first;
};

/** bv_log_begin() - a reader at the beginning of a log */
static inline struct bv_log_reader bv_log_begin(struct bv_span log)
{
	return (struct bv_log_reader){ log.data, log.len, 0, 0 };
}

/** bv_log_resume() - a reader of a piece of a log, whose first record has this number */
static inline struct bv_log_reader bv_log_resume(const uint8_t *bytes, size_t len, uint64_t number)
{
	return (struct bv_log_reader){ bytes, len, number, number };
}

/**
 * bv_log_next() - read one record
 * @reader:	where it is
 * @entry:	the record
 * @err:	what was wrong, naming the record
 *
 * Return: 1, 0 at the end of the log, -EBADMSG.
 */
int bv_log_next(struct bv_log_reader *reader, struct bv_log_entry *entry, struct bv_error *err);

/**
 * struct bv_replay - what a log amounts to so far; plain data that may be stored
 * @registers:	values, from zero
 * @aggregate:	A(count) of round.h
 * @count:	records
 * @used:	mask of the registers that have records
 * @tpm:	replay @pcr as well
 * @pcr:	what a TPM's PCR has in the SHA-256 bank, from zero (round.h)
 */
struct bv_replay {
	uint8_t registers[BASTION_MR_COUNT][BASTION_DIGEST_SIZE];
	uint8_t aggregate[BASTION_DIGEST_SIZE];
	uint64_t count;
	uint32_t used;
	bool tpm;
	uint8_t pcr[BV_PCR_SIZE];
};

/**
 * bv_log_replay() - replay a whole log
 * @log:	untrusted
 * @allowed:	mask of registers that the log may name
 * @replay:	the outcome
 * @bad:	the record to blame, if any; its @template_digest.data is NULL otherwise
 * @err:	what was wrong
 *
 * Recomputes every template digest and the digest of every ima-buf's data.
 *
 * Return: 0, -EBADMSG, -ENOMEM, -EIO.
 */
int bv_log_replay(struct bv_span log, uint32_t allowed, struct bv_replay *replay,
		  struct bv_log_entry *bad, struct bv_error *err);

/**
 * bv_log_replay_more() - go on with a replay
 * @log:	untrusted: what comes after the first @replay->count records
 * @replay:	as it was stored; of no use after a failure
 *
 * For the rest see bv_log_replay(). The state has to be the caller's own: one that
 * comes with the evidence proves nothing.
 */
int bv_log_replay_more(struct bv_span log, uint32_t allowed, struct bv_replay *replay,
		       struct bv_log_entry *bad, struct bv_error *err);

#endif
