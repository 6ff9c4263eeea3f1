// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ima-list.h"

#define TEMPLATE_NAME_MAX	256
#define OLD_DIGEST		20
#define SCRATCH_MORE		(BV_PCR_DIGEST_MAX + 512)	/* besides what the input has */

static int bad(const struct bv_ima_reader *reader, struct bv_error *err, const char *what)
{
	return bv_fail(err, "IMA entry %llu %s", (unsigned long long)reader->number, what);
}

static int need_scratch(struct bv_ima_reader *reader, size_t size, struct bv_error *err)
{
	uint8_t *wider;

	if (size <= reader->scratch_size)
		return 0;
	wider = realloc(reader->scratch, 2 * size);
	if (!wider)
		return bv_fail_errno(err, ENOMEM, "reading IMA's list");
	reader->scratch = wider;
	reader->scratch_size = 2 * size;
	return 0;
}

static void name_digest(struct bv_span field, struct bv_ima_entry *entry)
{
	static const char file[] = "ima:";
	const uint8_t *end = field.len ? memchr(field.data, 0, field.len) : NULL;

	if (!end)
		return;
	entry->algorithm = (struct bv_span){ field.data, end - 1 - field.data };
	entry->digest = (struct bv_span){ end + 1, field.data + field.len - (end + 1) };
	/* A digest of a file's contents is one, by whichever version of the field it comes. */
	if (entry->algorithm.len > strlen(file) &&
	    !memcmp(entry->algorithm.data, file, strlen(file))) {
		entry->algorithm.data += strlen(file);
		entry->algorithm.len -= strlen(file);
	}
}

static void note_field(const struct bv_ima_field *of, struct bv_span field,
		       struct bv_ima_entry *entry)
{
	static const char old[] = "sha1";

	if (of->role == BV_IMA_FILE_DIGEST && of->kind == BV_IMA_DIGEST_NAMED) {
		name_digest(field, entry);
	} else if (of->role == BV_IMA_FILE_DIGEST) {
		entry->algorithm = (struct bv_span){ (const uint8_t *)old, strlen(old) };
		entry->digest = field;
	} else if (of->role == BV_IMA_FILE_NAME) {
		entry->path = (struct bv_span){ field.data, field.len - !!field.len };
	} else if (of->role == BV_IMA_BUFFER) {
		entry->buffer = field;
	}
}

/* A digest of the wrong length would be compared with nothing. */
static bool digest_fits(const struct bv_ima_entry *entry)
{
	static const char verity[] = "verity:";
	struct bv_span name = entry->algorithm;
	int bank;

	if (name.len > strlen(verity) && !memcmp(name.data, verity, strlen(verity))) {
		name.data += strlen(verity);
		name.len -= strlen(verity);
	}
	bank = bv_bank_by_name(name);
	return bank < 0 || entry->digest.len == bv_bank_size(bank);
}

static int read_fields(const struct bv_ima_reader *reader, const struct bv_ima_template *found,
		       struct bv_ima_entry *entry, struct bv_error *err)
{
	struct bv_span fields[BV_IMA_FIELDS_MAX];
	size_t count;

	if (bv_ima_split(found, entry->template_data, fields, &count))
		return bad(reader, err, "does not have the fields of its template");
	/*
	 * Nothing covers a template's name: whoever carries the list may give an entry another, by
	 * which a signature would be a path. All of IMA's own begin with digest and name; what does
	 * not is read as an entry of neither, which nobody accepts. Under the names that are left
	 * the same data have the same digest and path, and other fields only, which are not judged.
	 */
	for (size_t i = 0; found->usual && i < found->count; i++)
		note_field(found->fields[i], fields[i], entry);
	if (entry->digest.len > BV_PCR_DIGEST_MAX)
		return bad(reader, err, "has a digest that is too long");
	if (entry->path.len > BV_IMA_PATH_MAX)
		return bad(reader, err, "has a path that is too long");
	/* What kernels put into the digest of a violation has changed, and means nothing. */
	if (!entry->violation && found->count && !digest_fits(entry))
		return bad(reader, err, "has a digest of another length than its algorithm");
	return 0;
}

/* The template "ima" has no lengths but that of the name, which counts filled up with zeros. */
static int read_old(struct bv_ima_reader *reader, struct bv_span *rest,
		    struct bv_ima_entry *entry, struct bv_error *err)
{
	struct bv_span digest, name;
	uint8_t *data;

	if (!bv_take(rest, OLD_DIGEST, &digest) || !bv_take_field(rest, BV_IMA_NAME_MAX, &name))
		return bad(reader, err, "is cut short or too long");
	if (need_scratch(reader, SCRATCH_MORE, err))
		return -ENOMEM;
	data = reader->scratch;
	memset(data, 0, OLD_DIGEST + BV_IMA_NAME_MAX + 1);
	memcpy(data, digest.data, OLD_DIGEST);
	memcpy(data + OLD_DIGEST, name.data, name.len);
	entry->template_data = (struct bv_span){ data, OLD_DIGEST + BV_IMA_NAME_MAX + 1 };
	return 0;
}

static int next_binary(struct bv_ima_reader *reader, struct bv_span *rest,
		       struct bv_ima_template *found, struct bv_ima_entry *entry,
		       struct bv_error *err)
{
	if (!bv_take_le32(rest, &entry->pcr) ||
	    !bv_take(rest, bv_bank_size(reader->bank), &entry->template_digest) ||
	    !bv_take_field(rest, TEMPLATE_NAME_MAX, &entry->template_name))
		return bad(reader, err, "is cut short or too long");
	bv_ima_template_find(entry->template_name, found);
	if (found->old)
		return read_old(reader, rest, entry, err);
	if (!bv_take_field(rest, BV_IMA_DATA_MAX, &entry->template_data))
		return bad(reader, err, "is cut short or too long");
	return 0;
}

static bool read_pcr(struct bv_span *line, uint32_t *pcr)
{
	size_t digits = 0;

	while (line->len && line->data[0] == ' ') {
		line->data++;
		line->len--;
	}
	for (*pcr = 0; line->len && line->data[0] >= '0' && line->data[0] <= '9'; digits++) {
		if (digits == 2)
			return false;
		*pcr = 10 * *pcr + line->data[0] - '0';
		line->data++;
		line->len--;
	}
	return digits;
}

/* A space and the word after it. */
static bool read_word(struct bv_span *line, struct bv_span *word)
{
	const uint8_t *end;

	if (!line->len || line->data[0] != ' ')
		return false;
	end = memchr(line->data + 1, ' ', line->len - 1);
	if (!end)
		end = line->data + line->len;
	*word = (struct bv_span){ line->data + 1, end - line->data - 1 };
	line->len -= end - line->data;
	line->data = end;
	return word->len;
}

static ssize_t unhex(struct bv_span word, uint8_t *out)
{
	char text[2 * BV_PCR_DIGEST_MAX + 1];

	if (word.len >= sizeof(text))
		return -EBADMSG;
	memcpy(text, word.data, word.len);
	text[word.len] = '\0';
	return bv_unhex(out, 1, BV_PCR_DIGEST_MAX, text);
}

static int next_ascii(struct bv_ima_reader *reader, struct bv_span *rest,
		      struct bv_ima_template *found, struct bv_ima_entry *entry,
		      struct bv_error *err)
{
	const uint8_t *end = memchr(rest->data, '\n', rest->len);
	struct bv_span line = { rest->data, end ? (size_t)(end - rest->data) : rest->len };
	struct bv_span digest;
	uint8_t *data;
	size_t len;

	rest->data += line.len + !!end;
	rest->len -= line.len + !!end;
	if (line.len > 2 * BV_IMA_DATA_MAX)
		return bad(reader, err, "is too long");
	if (need_scratch(reader, line.len + SCRATCH_MORE, err))
		return -ENOMEM;
	data = reader->scratch + BV_PCR_DIGEST_MAX;
	if (!read_pcr(&line, &entry->pcr) || !read_word(&line, &digest) ||
	    !read_word(&line, &entry->template_name) || !line.len)
		return bad(reader, err, "is not a register, a digest, a template and its fields");
	if (unhex(digest, reader->scratch) != (ssize_t)bv_bank_size(reader->bank))
		return bad(reader, err, "has a template digest of another length than the first");
	entry->template_digest = (struct bv_span){ reader->scratch, bv_bank_size(reader->bank) };
	bv_ima_template_find(entry->template_name, found);
	if (!found->count)
		return bad(reader, err, "has a template that is not known: use the binary list");
	line.data++;
	line.len--;
	if (bv_ima_rebuild(found, line, data, &len))
		return bad(reader, err, "does not have the fields of its template");
	entry->template_data = (struct bv_span){ data, len };
	return 0;
}

int bv_ima_next(struct bv_ima_reader *reader, struct bv_ima_entry *entry, struct bv_error *err)
{
	struct bv_span rest = reader->rest;
	struct bv_ima_template found;
	int ret;

	if (!rest.len)
		return 0;
	memset(entry, 0, sizeof(*entry));
	entry->number = reader->number;
	ret = reader->ascii ? next_ascii(reader, &rest, &found, entry, err)
			    : next_binary(reader, &rest, &found, entry, err);
	if (ret)
		return ret;
	if (entry->pcr >= BV_PCR_COUNT)
		return bad(reader, err, "names a register that there is not");
	entry->violation = bv_is_zero(entry->template_digest.data, entry->template_digest.len);
	ret = read_fields(reader, &found, entry, err);
	if (ret)
		return ret;
	reader->rest = rest;
	reader->number++;
	return 1;
}

static int check_digest(struct bv_bank_hashers *hashers, enum bv_bank bank, struct bv_span data,
			struct bv_span wanted, bool *same, struct bv_error *err)
{
	uint8_t digest[BV_PCR_DIGEST_MAX];
	int ret = bv_hasher_run(&hashers->bank[bank], digest, &data, 1);

	*same = !ret && wanted.len == bv_bank_size(bank) &&
		!memcmp(digest, wanted.data, wanted.len);
	return ret ? bv_fail_errno(err, -ret, "hashing IMA's list") : 0;
}

/* Whether a list with digests of this bank could begin like this. */
static bool begins_with(struct bv_ima_reader *reader, enum bv_bank bank)
{
	struct bv_bank_hashers hashers;
	struct bv_ima_reader ahead = { .rest = reader->rest, .bank = bank };
	struct bv_ima_entry first;
	struct bv_span *data = &first.template_data;
	bool same = false;

	if (!bv_bank_hashers_init(&hashers, 1u << bank) && bv_ima_next(&ahead, &first, NULL) == 1 &&
	    !first.violation)
		check_digest(&hashers, bank, *data, first.template_digest, &same, NULL);
	else
		same = ahead.number;
	bv_bank_hashers_exit(&hashers);
	bv_ima_close(&ahead);
	return same;
}

static int detect(struct bv_ima_reader *reader, struct bv_error *err)
{
	struct bv_span line = reader->rest, word;
	uint8_t digest[BV_PCR_DIGEST_MAX];
	uint32_t pcr;
	int bank = -1;

	if (reader->ascii) {
		if (read_pcr(&line, &pcr) && read_word(&line, &word))
			bank = bv_bank_by_size(unhex(word, digest));
	} else {
		for (int i = 0; bank < 0 && i < BV_BANKS; i++)
			if (begins_with(reader, i))
				bank = i;
	}
	if (bank < 0)
		return bv_fail(err, "IMA entry %llu does not begin like one with a template digest "
			       "of SHA-1, SHA-256, SHA-384 or SHA-512 that is that of its data",
			       (unsigned long long)reader->number);
	reader->bank = bank;
	return 0;
}

int bv_ima_open(struct bv_ima_reader *reader, struct bv_span list, int bank, uint64_t number,
		struct bv_error *err)
{
	*reader = (struct bv_ima_reader){ .rest = list, .number = number };
	/* A binary entry begins with a register below 2^24, and so with a NUL among four bytes. */
	reader->ascii = list.len >= 4 && !memchr(list.data, 0, 4);
	if (bank == BV_IMA_DETECT)
		return list.len ? detect(reader, err) : 0;
	reader->bank = bank;
	return 0;
}

void bv_ima_close(struct bv_ima_reader *reader)
{
	free(reader->scratch);
	reader->scratch = NULL;
	reader->scratch_size = 0;
}

static int check_entry(struct bv_ima_replayer *replayer, const struct bv_ima_entry *entry,
		       struct bv_error *err)
{
	const struct bv_ima_reader *reader = &replayer->reader;
	int bank = bv_bank_by_name(entry->algorithm), ret;
	bool same = true;

	ret = check_digest(&replayer->hashers, reader->bank, entry->template_data,
			   entry->template_digest, &same, err);
	if (!ret && !same)
		ret = bv_fail(err, "IMA entry %llu: its template digest is not that of its data",
			      (unsigned long long)entry->number);
	/* Files may have this template too, and then no data. */
	if (ret || !entry->buffer.len || bank < 0)
		return ret;
	ret = check_digest(&replayer->hashers, bank, entry->buffer, entry->digest, &same, err);
	if (!ret && !same)
		ret = bv_fail(err, "IMA entry %llu: its digest is not that of its data",
			      (unsigned long long)entry->number);
	return ret;
}

static int extend(struct bv_ima_replayer *replayer, const struct bv_ima_entry *entry,
		  struct bv_error *err)
{
	struct bv_pcrs *pcrs = &replayer->state->pcrs;
	uint32_t index = replayer->state->mirror ? BV_IMA_MIRROR : entry->pcr;
	int ret = 0;

	for (int bank = 0; !ret && bank < BV_BANKS; bank++) {
		uint8_t digest[BV_PCR_DIGEST_MAX];

		if (!(pcrs->banks & (1u << bank)))
			continue;
		if (entry->violation)
			memset(digest, 0xff, sizeof(digest));
		else if (bank == (int)replayer->reader.bank)
			memcpy(digest, entry->template_digest.data, entry->template_digest.len);
		else
			ret = bv_hasher_run(&replayer->hashers.bank[bank], digest,
					    &entry->template_data, 1);
		if (!ret)
			ret = bv_pcr_extend(pcrs, &replayer->hashers, bank, index, digest);
	}
	return ret ? bv_fail_errno(err, -ret, "replaying IMA's list") : 0;
}

int bv_ima_replay_begin(struct bv_ima_replayer *replayer, struct bv_span list, int bank,
			struct bv_ima_replay *state, struct bv_error *err)
{
	int ret;

	memset(replayer, 0, sizeof(*replayer));
	replayer->state = state;
	ret = bv_bank_hashers_init(&replayer->hashers, BV_BANKS_ALL);
	if (ret)
		return bv_fail_errno(err, -ret, "replaying IMA's list");
	return bv_ima_open(&replayer->reader, list, bank, state->count, err);
}

int bv_ima_replay_next(struct bv_ima_replayer *replayer, struct bv_ima_entry *entry,
		       struct bv_error *err)
{
	struct bv_ima_replay *state = replayer->state;
	size_t left = replayer->reader.rest.len;
	int ret = bv_ima_next(&replayer->reader, entry, err);

	if (ret != 1)
		return ret;
	ret = entry->violation ? 0 : check_entry(replayer, entry, err);
	if (!ret)
		ret = extend(replayer, entry, err);
	if (ret)
		return ret;
	state->count++;
	state->violations += entry->violation;
	state->bytes += left - replayer->reader.rest.len;
	return 1;
}

void bv_ima_replay_end(struct bv_ima_replayer *replayer)
{
	bv_bank_hashers_exit(&replayer->hashers);
	bv_ima_close(&replayer->reader);
}

int bv_ima_replay(struct bv_span list, int bank, struct bv_ima_replay *state,
		  struct bv_error *err)
{
	struct bv_ima_replayer replayer;
	struct bv_ima_entry entry;
	int ret = bv_ima_replay_begin(&replayer, list, bank, state, err);

	while (!ret && (ret = bv_ima_replay_next(&replayer, &entry, err)) == 1)
		ret = 0;
	bv_ima_replay_end(&replayer);
	return ret;
}
