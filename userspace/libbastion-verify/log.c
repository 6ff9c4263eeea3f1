// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "crypto.h"
#include "log.h"

#define NAME_MAX_BYTES	4096

static bool split_digest(struct bv_span field, struct bv_log_entry *entry)
{
	static const struct {
		const char *name;
		const char *prefix;
		size_t size;
	} algorithms[] = {
		{ "sha384", "sha384:", 48 },
		{ "sha256", "sha256:", 32 },
		{ BV_LOG_VERITY, BV_LOG_VERITY ":", 32 },
	};

	for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++) {
		/* The prefix is followed by a NUL, which sizes the literal right. */
		size_t prefix = strlen(algorithms[i].prefix) + 1;

		if (field.len == prefix + algorithms[i].size &&
		    !memcmp(field.data, algorithms[i].prefix, prefix)) {
			entry->algorithm = algorithms[i].name;
			entry->digest = (struct bv_span){ field.data + prefix, algorithms[i].size };
			return true;
		}
	}
	return false;
}

static int parse_fields(struct bv_log_entry *entry, bool typed, struct bv_error *err)
{
	struct bv_span data = entry->template_data, digest, name;
	unsigned long long number = entry->number;

	if (!bv_take_field(&data, 128, &digest) || !split_digest(digest, entry))
		return bv_fail(err, "log entry %llu: field d-ng is not a SHA-384 or SHA-256 digest",
			       number);
	/* A digest by another rule is one of a file, in a template of its own. */
	if (typed != !strcmp(entry->algorithm, BV_LOG_VERITY) ||
	    (typed && entry->index != BV_LOG_FILES))
		return bv_fail(err, "log entry %llu: a digest of fs-verity's is in ima-ngv2 and register %d",
			       number, BV_LOG_FILES);
	if (!bv_take_field(&data, NAME_MAX_BYTES, &name) || name.len < 2 ||
	    memchr(name.data, 0, name.len) != name.data + name.len - 1)
		return bv_fail(err, "log entry %llu: field n-ng is not a name and a NUL", number);
	entry->name = (struct bv_span){ name.data, name.len - 1 };
	if (entry->buffer && !bv_take_field(&data, BV_LOG_DATA_MAX, &entry->data))
		return bv_fail(err, "log entry %llu: field buf is cut short", number);
	if (entry->buffer && strcmp(entry->algorithm, "sha384"))
		return bv_fail(err, "log entry %llu: the digest of data must be SHA-384", number);
	if (data.len)
		return bv_fail(err, "log entry %llu: %zu bytes follow its fields", number, data.len);
	return 0;
}

int bv_log_next(struct bv_log_reader *reader, struct bv_log_entry *entry, struct bv_error *err)
{
	struct bv_span rest = { reader->at, reader->left }, name;
	unsigned long long number = reader->number;
	bool typed;
	int ret;

	if (!rest.len)
		return 0;
	memset(entry, 0, sizeof(*entry));
	entry->number = reader->number;
	if (reader->number - reader->first >= BV_LOG_ENTRIES_MAX)
		return bv_fail(err, "the log has more than %d entries", BV_LOG_ENTRIES_MAX);
	if (!bv_take_le32(&rest, &entry->index) ||
	    !bv_take(&rest, BASTION_DIGEST_SIZE, &entry->template_digest) ||
	    !bv_take_field(&rest, 16, &name) ||
	    !bv_take_field(&rest, BV_LOG_DATA_MAX, &entry->template_data))
		return bv_fail(err, "log entry %llu is cut short or too long", number);
	if (entry->index >= BASTION_MR_COUNT)
		return bv_fail(err, "log entry %llu names register %u; there are %d", number,
			       entry->index, BASTION_MR_COUNT);
	entry->buffer = bv_span_is(name, "ima-buf");
	typed = bv_span_is(name, "ima-ngv2");
	if (!entry->buffer && !typed && !bv_span_is(name, "ima-ng"))
		return bv_fail(err, "log entry %llu has an unknown template", number);
	ret = parse_fields(entry, typed, err);
	if (ret)
		return ret;
	reader->at = rest.data;
	reader->left = rest.len;
	reader->number++;
	return 1;
}

static int check_digests(struct bv_hasher *hasher, const struct bv_log_entry *entry,
			 struct bv_error *err)
{
	uint8_t digest[BASTION_DIGEST_SIZE];
	int ret = bv_hasher_run(hasher, digest, &entry->template_data, 1);

	if (ret)
		return bv_fail_errno(err, -ret, "hashing the log");
	if (memcmp(digest, entry->template_digest.data, sizeof(digest)))
		return bv_fail(err, "log entry %llu: its template digest is not that of its data",
			       (unsigned long long)entry->number);
	if (!entry->buffer)
		return 0;
	ret = bv_hasher_run(hasher, digest, &entry->data, 1);
	if (ret)
		return bv_fail_errno(err, -ret, "hashing the log");
	if (memcmp(digest, entry->digest.data, sizeof(digest)))
		return bv_fail(err, "log entry %llu: its digest is not that of its data",
			       (unsigned long long)entry->number);
	return 0;
}

/* A replay that is under way */
struct replayer {
	struct bv_hasher sha384;
	struct bv_hasher sha256;
};

/* The TPM has one PCR for all registers, so what extends it says which one it is. */
static int extend_pcr(struct bv_hasher *sha256, uint8_t pcr[BV_PCR_SIZE],
		      const uint8_t index[4], struct bv_span template_digest)
{
	static const char tag[] = BASTION_PCR_TAG;
	uint8_t digest[BV_PCR_SIZE];
	const struct bv_span event[] = { BV_SPAN(tag), { index, 4 }, template_digest };
	const struct bv_span extended[] = { { pcr, BV_PCR_SIZE }, BV_SPAN(digest) };
	int ret = bv_hasher_run(sha256, digest, event, 3);

	return ret ? ret : bv_hasher_run(sha256, pcr, extended, 2);
}

static int extend(struct replayer *replayer, struct bv_replay *replay,
		  const struct bv_log_entry *entry, struct bv_error *err)
{
	uint8_t *value = replay->registers[entry->index];
	uint8_t index[4];
	const struct bv_span extended[] = {
		{ value, BASTION_DIGEST_SIZE }, entry->template_digest,
	};
	const struct bv_span aggregated[] = {
		BV_SPAN(replay->aggregate), BV_SPAN(index), entry->template_digest,
	};
	int ret;

	bv_put_le32(index, entry->index);
	ret = bv_hasher_run(&replayer->sha384, value, extended, 2);
	if (!ret)
		ret = bv_hasher_run(&replayer->sha384, replay->aggregate, aggregated, 3);
	if (!ret && replay->tpm)
		ret = extend_pcr(&replayer->sha256, replay->pcr, index, entry->template_digest);
	if (ret)
		return bv_fail_errno(err, -ret, "replaying the log");
	replay->count++;
	replay->used |= 1u << entry->index;
	return 0;
}

int bv_log_replay_more(struct bv_span log, uint32_t allowed, struct bv_replay *replay,
		       struct bv_log_entry *bad, struct bv_error *err)
{
	struct bv_log_reader reader = { log.data, log.len, replay->count, replay->count };
	struct bv_log_entry entry = { 0 };
	struct replayer replayer = { 0 };
	int ret = bv_hasher_init(&replayer.sha384, "SHA384");

	memset(bad, 0, sizeof(*bad));
	if (!ret && replay->tpm)
		ret = bv_hasher_init(&replayer.sha256, "SHA256");
	if (ret)
		bv_fail_errno(err, -ret, "replaying the log");
	while (!ret && (ret = bv_log_next(&reader, &entry, err)) == 1) {
		if (!(allowed & (1u << entry.index)))
			ret = bv_fail(err, "log entry %llu is for register %u, which is not this log's",
				      (unsigned long long)entry.number, entry.index);
		else
			ret = check_digests(&replayer.sha384, &entry, err);
		if (!ret)
			ret = extend(&replayer, replay, &entry, err);
		if (ret)
			*bad = entry;
	}
	bv_hasher_exit(&replayer.sha256);
	bv_hasher_exit(&replayer.sha384);
	return ret;
}

int bv_log_replay(struct bv_span log, uint32_t allowed, struct bv_replay *replay,
		  struct bv_log_entry *bad, struct bv_error *err)
{
	memset(replay, 0, sizeof(*replay));
	return bv_log_replay_more(log, allowed, replay, bad, err);
}
