/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IMA's measurement list, binary or ASCII, as Linux shows it in
 * /sys/kernel/security/ima/: read entry by entry, and replayed. Numbers are
 * little endian, as they are on such machines or with ima_canonical_fmt.
 *
 * A list proves nothing until its replay gives a register that was signed. And
 * even then an entry that is a violation says only that there was one: what it
 * extends covers nothing of its data.
 */
#ifndef BV_IMA_LIST_H
#define BV_IMA_LIST_H

#include "ima-template.h"
#include "tcg-pcrs.h"

/*
 * Template data of one entry. The longest that IMA has of a file is that of evm-sig: a signature and
 * values of attributes of 64 KiB each, and their names; measured data may be longer.
 */
#define BV_IMA_DATA_MAX		(1 << 20)
#define BV_IMA_PATH_MAX		4095	/* PATH_MAX without its NUL */
#define BV_IMA_DETECT		-1		/* the digests' algorithm, from the first entry */

/**
 * struct bv_ima_entry - one entry; spans are good until the next one is read
 * @number:	0 for the first of the list
 * @pcr:	register
 * @violation:	a template digest of zeros: extends ones
 * @template_name: of the template
 * @template_digest: as the list has it
 * @template_data: what a template digest is the digest of
 * @algorithm:	of @digest: "sha256"; "verity:sha256" for that of an fs-verity file
 * @digest:	of the file, or of @buffer
 * @path:	of the file, or a name, without its NUL
 * @buffer:	measured data, of templates with a field for it
 *
 * The last four are empty when the template is not known, has no such field, or does not
 * begin with digest and name.
 */
struct bv_ima_entry {
	uint64_t number;
	uint32_t pcr;
	bool violation;
	struct bv_span template_name;
	struct bv_span template_digest;
	struct bv_span template_data;
	struct bv_span algorithm;
	struct bv_span digest;
	struct bv_span path;
	struct bv_span buffer;
};

/**
 * struct bv_ima_reader - where a reader is
 * @rest:	the next entry and what follows it
 * @number:	of the next entry
 * @ascii:	whether the list is the ASCII one
 * @bank:	algorithm of the template digests
 * @scratch:	what lists do not have as such is made here
 * @scratch_size: its size
 */
struct bv_ima_reader {
	struct bv_span rest;
	uint64_t number;
	bool ascii;
	enum bv_bank bank;
	uint8_t *scratch;
	size_t scratch_size;
};

/**
 * bv_ima_open() - see which kind of list this is
 * @reader:	bv_ima_close() it whatever this returns
 * @list:	untrusted
 * @bank:	algorithm of the template digests, or BV_IMA_DETECT
 * @number:	of the list's first entry: 0 unless something was read before
 * @err:	what was wrong
 *
 * Return: 0, -EBADMSG, -ENOMEM.
 */
int bv_ima_open(struct bv_ima_reader *reader, struct bv_span list, int bank, uint64_t number,
		struct bv_error *err);

/** bv_ima_close() - free what reading allocated */
void bv_ima_close(struct bv_ima_reader *reader);

/**
 * bv_ima_next() - read one entry
 * @reader:	where it is
 * @entry:	the entry; its digests are not checked
 * @err:	what was wrong, naming the entry
 *
 * Return: 1, 0 at the end of the list, -EBADMSG, -ENOMEM.
 */
int bv_ima_next(struct bv_ima_reader *reader, struct bv_ima_entry *entry, struct bv_error *err);

/**
 * struct bv_ima_replay - what a list amounts to so far; plain data that may be stored
 * @pcrs:	values; set @pcrs.banks to what is wanted, and all else to zero to begin
 * @mirror:	every entry extends bastion's register 3 instead of its own
 * @count:	entries
 * @violations:	of these
 * @bytes:	of the list that were replayed: where to go on
 */
struct bv_ima_replay {
	struct bv_pcrs pcrs;
	bool mirror;
	uint64_t count;
	uint64_t violations;
	uint64_t bytes;
};

#define BV_IMA_MIRROR	3

/* The name of every list's first entry, which is no file */
#define BV_IMA_AGGREGATE	"boot_aggregate"

/**
 * struct bv_ima_replayer - a replay that is under way
 * @reader:	of the list
 * @hashers:	of the banks, and of the template digests
 * @state:	the caller's
 */
struct bv_ima_replayer {
	struct bv_ima_reader reader;
	struct bv_bank_hashers hashers;
	struct bv_ima_replay *state;
};

/**
 * bv_ima_replay_begin() - begin a replay, or go on with one
 * @replayer:	bv_ima_replay_end() it whatever this returns
 * @list:	untrusted: what comes after the first @state->bytes
 * @bank:	as for bv_ima_open()
 * @state:	is changed by every step
 * @err:	what was wrong
 *
 * Return: 0, -EBADMSG, -ENOMEM.
 */
int bv_ima_replay_begin(struct bv_ima_replayer *replayer, struct bv_span list, int bank,
			struct bv_ima_replay *state, struct bv_error *err);

/**
 * bv_ima_replay_next() - replay one entry
 * @replayer:	under way
 * @entry:	the entry
 * @err:	what was wrong, naming the entry
 *
 * Recomputes the template digest from the entry's data, and the digest of
 * measured data. Other banks than that of the list are extended with their own
 * digest of the template data, as Linux has done since 5.8.
 *
 * Return: 1, 0 at the end of the list, -EBADMSG, -ENOMEM, -EIO.
 */
int bv_ima_replay_next(struct bv_ima_replayer *replayer, struct bv_ima_entry *entry,
		       struct bv_error *err);

/** bv_ima_replay_end() - free what the replay needed */
void bv_ima_replay_end(struct bv_ima_replayer *replayer);

/** bv_ima_replay() - all three, over a whole list; 0 or as they return */
int bv_ima_replay(struct bv_span list, int bank, struct bv_ima_replay *state,
		  struct bv_error *err);

#endif
