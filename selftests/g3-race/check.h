/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Replays the log of a race, with OpenSSL alone: what every quote said must be what the
 * log had come to by then.
 */
#ifndef SELFTESTS_G3_RACE_CHECK_H
#define SELFTESTS_G3_RACE_CHECK_H

#include "race.h"

#define CHECK_LOG "/sys/kernel/security/bastion/bastion0/binary_runtime_measurements_sha384"

/* An executable as the log has it: how often, and the last time in which place of register 4. */
struct seen {
	uint32_t files, events;
	uint32_t file_at, event_at;
};

/**
 * struct check - a log under replay
 * @race:	what happened
 * @at:		the next record
 * @end:	of the log
 * @count:	records so far
 * @aggregate:	over them
 * @registers:	values
 * @pcr:	what a TPM has come to
 * @history:	of register 4, after each of its entries
 * @digests:	of these entries, in the same order
 * @fourth:	how many
 * @seen:	by executable
 * @quote:	the next one
 * @bad_digests: records whose digest is not that of their data
 * @bad_quotes:	quotes that are not what the log had come to
 * @wrong:	entries of an executable that say something else than it is
 */
struct check {
	const struct race *race;
	const uint8_t *at, *end;
	uint64_t count;
	uint8_t aggregate[BASTION_DIGEST_SIZE];
	uint8_t registers[BASTION_MR_COUNT][BASTION_DIGEST_SIZE];
	uint8_t pcr[RACE_PCR_SIZE];
	uint8_t (*history)[BASTION_DIGEST_SIZE];
	uint8_t (*digests)[BASTION_DIGEST_SIZE];
	uint32_t fourth;
	struct seen *seen;
	size_t quote;
	size_t bad_digests, bad_quotes, wrong;
};

/* A field: a length, and as many bytes. NULL when the log ends before. */
static inline const uint8_t *check_field(const uint8_t **at, const uint8_t *end, uint32_t *len)
{
	const uint8_t *field = *at + sizeof(*len);

	if (end - *at < (ptrdiff_t)sizeof(*len))
		return NULL;
	memcpy(len, *at, sizeof(*len));
	*len = le32toh(*len);
	if (*len > end - field)
		return NULL;
	*at = field + *len;
	return field;
}

/* The number of an executable of ours, by its path; or -1. */
static inline int64_t check_index(const struct check *check, const char *path, size_t len)
{
	size_t folder = strlen(check->race->folder);
	char *end, number[16] = "";
	unsigned long i;

	if (len <= folder + 1 || len > folder + sizeof(number) || path[folder] != '/' ||
	    memcmp(path, check->race->folder, folder))
		return -1;
	memcpy(number, path + folder + 1, len - folder - 1);
	i = strtoul(number, &end, 10);
	return *end || i >= check->race->count ? -1 : (int64_t)i;
}

static inline void check_file(struct check *check, const uint8_t *field, uint32_t len,
			      const char *path, size_t path_len)
{
	int64_t i = check_index(check, path, path_len);
	uint8_t want[8 + 32] = "sha256:";

	if (i < 0)
		return;
	race_digest(check->race, i, want + 8);
	check->seen[i].files++;
	check->seen[i].file_at = check->fourth;
	check->wrong += len != sizeof(want) || memcmp(field, want, len);
}

static inline void check_event(struct check *check, const char *text, size_t len)
{
	const char *path = memmem(text, len, " path=", 6), *end;
	char want[256] = "", hex[65];
	uint8_t digest[32];
	int64_t i;

	if (!path)
		return;
	path += 6;
	end = memchr(path, ' ', text + len - path);
	i = end ? check_index(check, path, end - path) : -1;
	if (i < 0)
		return;
	race_digest(check->race, i, digest);
	sealed_hex(digest, sizeof(digest), hex);
	snprintf(want, sizeof(want), "uid=%u exe=sha256:%s path=%s/%u cgroup=/", race_uid(i), hex,
		 check->race->folder, (uint32_t)i);
	check->seen[i].events++;
	check->seen[i].event_at = check->fourth;
	check->wrong += len < strlen(want) || memcmp(text, want, strlen(want));
}

/* What an entry of register 4 says. */
static inline void check_entry(struct check *check, const uint8_t *data, uint32_t len)
{
	const uint8_t *end = data + len, *digest, *name, *text;
	uint32_t digest_len = 0, name_len = 0, text_len = 0;

	digest = check_field(&data, end, &digest_len);
	name = check_field(&data, end, &name_len);
	if (!digest || !name || !name_len)
		return;
	text = check_field(&data, end, &text_len);
	if (!text)
		check_file(check, digest, digest_len, (const char *)name, name_len - 1);
	else if (!strcmp((const char *)name, BASTION_EVENT_REQUESTER))
		check_event(check, (const char *)text, text_len);
}

/* Register 0 is the platform's, register 3 IMA's. A TPM's are in the order of the log in its PCR. */
static inline bool check_values(const struct check *check, const struct quoted *quote)
{
	if (check->race->is_tpm)
		return !memcmp(quote->pcr, check->pcr, RACE_PCR_SIZE);
	return !memcmp(quote->registers[1], check->registers[1], 2 * BASTION_DIGEST_SIZE) &&
	       !memcmp(quote->registers[4], check->registers[4], 4 * BASTION_DIGEST_SIZE);
}

/* All rounds that quoted the log as it is here. */
static inline void check_quotes(struct check *check)
{
	const struct quoted *quote;

	for (; check->quote < check->race->quote_count; check->quote++) {
		quote = &check->race->quotes[check->quote];
		if (quote->log_count != check->count)
			break;
		check->bad_quotes += memcmp(quote->aggregate, check->aggregate, BASTION_DIGEST_SIZE) ||
				     !check_values(check, quote);
	}
}

/* The SHA-256 bank, as include/bastion/round.h has it; @index is of the log, little endian. */
static inline void check_extend_pcr(struct check *check, uint32_t index, const uint8_t *digest)
{
	uint8_t bytes[RACE_PCR_SIZE + sizeof(BASTION_PCR_TAG) + 4 + BASTION_DIGEST_SIZE], *at;
	uint8_t *tagged = bytes + RACE_PCR_SIZE;

	at = mempcpy(tagged, BASTION_PCR_TAG, sizeof(BASTION_PCR_TAG));
	at = mempcpy(at, &index, 4);
	at = mempcpy(at, digest, BASTION_DIGEST_SIZE);
	ROUND_MUST(EVP_Digest(tagged, at - tagged, tagged, NULL, EVP_sha256(), NULL));
	memcpy(bytes, check->pcr, RACE_PCR_SIZE);
	ROUND_MUST(EVP_Digest(bytes, 2 * RACE_PCR_SIZE, check->pcr, NULL, EVP_sha256(), NULL));
}

/* 1, 0 at the end, -1 when it is no record. */
static inline int check_record(struct check *check)
{
	const uint8_t *name, *data, *record = check->at, *digest = record + 4;
	uint8_t own[BASTION_DIGEST_SIZE], *value;
	uint32_t index, name_len, len;

	if (record == check->end)
		return 0;
	if (check->end - record < 4 + BASTION_DIGEST_SIZE)
		return -1;
	memcpy(&index, record, 4);
	check->at = digest + BASTION_DIGEST_SIZE;
	name = check_field(&check->at, check->end, &name_len);
	data = name ? check_field(&check->at, check->end, &len) : NULL;
	if (!data || le32toh(index) >= BASTION_MR_COUNT)
		return -1;
	ROUND_HASH(own, { data, len });
	check->bad_digests += memcmp(own, digest, sizeof(own)) != 0;
	value = check->registers[le32toh(index)];
	ROUND_HASH(value, { value, BASTION_DIGEST_SIZE }, { digest, BASTION_DIGEST_SIZE });
	ROUND_HASH(check->aggregate, { check->aggregate, BASTION_DIGEST_SIZE }, { &index, 4 },
		   { digest, BASTION_DIGEST_SIZE });
	check_extend_pcr(check, index, digest);
	check->count++;
	if (le32toh(index) == 4) {
		memcpy(check->digests[check->fourth], digest, BASTION_DIGEST_SIZE);
		memcpy(check->history[check->fourth], value, BASTION_DIGEST_SIZE);
		check_entry(check, data, len);
		check->fourth++;
	}
	return 1;
}

/* 0, or -1 when the log is none. What is found wrong is counted. */
static inline int check_log(struct check *check, const struct race *race, const uint8_t *log,
			    size_t len)
{
	size_t most = len / (4 + BASTION_DIGEST_SIZE) + 1;
	int ret;

	memset(check, 0, sizeof(*check));
	check->race = race;
	check->at = log;
	check->end = log + len;
	check->history = calloc(most, BASTION_DIGEST_SIZE);
	check->digests = calloc(most, BASTION_DIGEST_SIZE);
	check->seen = calloc(race->count, sizeof(*check->seen));
	if (!check->history || !check->digests || !check->seen)
		errx(1, "no memory");
	do {
		check_quotes(check);
		ret = check_record(check);
	} while (ret == 1);
	return ret;
}

static inline int check_order(const void *a, const void *b)
{
	return memcmp(a, b, BASTION_DIGEST_SIZE);
}

/* How many entries of register 4 are there twice; moves @check->digests. */
static inline uint32_t check_twice(struct check *check)
{
	uint32_t count = 0;

	qsort(check->digests, check->fourth, BASTION_DIGEST_SIZE, check_order);
	for (uint32_t i = 1; i < check->fourth; i++)
		count += !check_order(check->digests[i - 1], check->digests[i]);
	return count;
}

/* Were both entries of the executable in register 4 when the answer came? */
static inline bool check_answer(const struct check *check, const struct answer *answer)
{
	const struct seen *seen = &check->seen[answer->index];
	uint8_t value[BASTION_DIGEST_SIZE];

	for (size_t i = 0; i < sizeof(value); i++)
		if (sscanf(answer->register4 + 2 * i, "%2hhx", &value[i]) != 1)
			return false;
	for (uint32_t i = 0; i < check->fourth; i++)
		if (!memcmp(check->history[i], value, sizeof(value)))
			return seen->files && seen->events && seen->file_at <= i &&
			       seen->event_at <= i;
	return false;
}

#endif
