// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "history.h"

#define MAGIC		"bastion history1"
#define MAGIC_TPM	"bastion history2"	/* the same of a TPM */
#define MAGIC_SIZE	(sizeof(MAGIC) - 1)
#define BOOT_KEY_AT	(MAGIC_SIZE + BASTION_DIGEST_SIZE)

_Static_assert(BV_HISTORY_HEAD == BOOT_KEY_AT + BASTION_POINT_SIZE + 4, "what comes first");

static void set_up(struct bv_history *history)
{
	history->ima_replay.pcrs.banks = 1u << (history->tpm ? BV_BANK_SHA256 : BV_BANK_SHA384);
	history->ima_replay.mirror = !history->tpm;
	history->replay.tpm = history->tpm;
}

void bv_history_set_tpm(struct bv_history *history, bool tpm)
{
	history->tpm = tpm;
	set_up(history);
}

struct bv_history *bv_history_new(const uint8_t chip_id[BASTION_DIGEST_SIZE], size_t max)
{
	struct bv_history *history = calloc(1, sizeof(*history));

	if (!history)
		return NULL;
	memcpy(history->chip_id, chip_id, BASTION_DIGEST_SIZE);
	history->max = max;
	set_up(history);
	return history;
}

static void drop_pieces(struct bv_pieces *pieces)
{
	struct bv_piece *piece = pieces->head;

	while (piece) {
		struct bv_piece *next = piece->next;

		free(piece);
		piece = next;
	}
	*pieces = (struct bv_pieces){ 0 };
}

static void empty(struct bv_history *history)
{
	bv_history_unjudge(history);
	drop_pieces(&history->log);
	drop_pieces(&history->ima);
	memset(history->boot_key, 0, sizeof(history->boot_key));
	memset(&history->replay, 0, sizeof(history->replay));
	memset(&history->ima_replay, 0, sizeof(history->ima_replay));
	history->changed = false;
	set_up(history);
}

void bv_history_free(struct bv_history *history)
{
	if (!history)
		return;
	empty(history);
	free(history);
}

bool bv_history_is(const struct bv_history *history, const uint8_t chip_id[BASTION_DIGEST_SIZE],
		   const uint8_t boot_key[BASTION_POINT_SIZE])
{
	return history->replay.count &&
	       !memcmp(history->chip_id, chip_id, BASTION_DIGEST_SIZE) &&
	       !memcmp(history->boot_key, boot_key, BASTION_POINT_SIZE);
}

bool bv_history_holds(const struct bv_history *history, const struct bv_verdict *verdict)
{
	const struct bv_facts *facts = &verdict->facts;

	return history && facts->authentic &&
	       bv_history_is(history, facts->quote.chip_id, facts->round.boot_key) &&
	       history->replay.count == facts->round.log_count &&
	       !memcmp(history->replay.aggregate, facts->log_aggregate, BASTION_DIGEST_SIZE);
}

void bv_history_move(struct bv_history *to, struct bv_history *from)
{
	size_t max = to->max;

	empty(to);
	*to = *from;
	to->max = max;
	to->changed = true;
	memset(&from->judged, 0, sizeof(from->judged));
	from->log = (struct bv_pieces){ 0 };
	from->ima = (struct bv_pieces){ 0 };
	empty(from);
}

static int add_piece(struct bv_history *history, struct bv_pieces *pieces, struct bv_span bytes,
		     uint64_t first)
{
	struct bv_piece *piece;

	if (!bytes.len)
		return 0;
	if (bytes.len > history->max - history->log.len - history->ima.len)
		return -ENOSPC;
	piece = malloc(sizeof(*piece) + bytes.len);
	if (!piece)
		return -ENOMEM;
	piece->next = NULL;
	piece->first = first;
	piece->len = bytes.len;
	memcpy(piece->bytes, bytes.data, bytes.len);
	if (pieces->tail)
		pieces->tail->next = piece;
	else
		pieces->head = piece;
	pieces->tail = piece;
	pieces->len += bytes.len;
	history->changed = true;
	return 0;
}

int bv_history_add_log(struct bv_history *history, struct bv_span bytes,
		       const struct bv_replay *replay)
{
	int ret = add_piece(history, &history->log, bytes, history->replay.count);

	if (!ret)
		history->replay = *replay;
	return ret;
}

int bv_history_add_ima(struct bv_history *history, struct bv_span bytes, enum bv_bank bank,
		       const struct bv_ima_replay *replay)
{
	int ret = add_piece(history, &history->ima, bytes, history->ima_replay.count);

	if (ret)
		return ret;
	history->ima_bank = bank;
	history->ima_replay = *replay;
	return 0;
}

void bv_history_unjudge(struct bv_history *history)
{
	free(history->judged.findings);
	json_decref(history->judged.executables.explained);
	json_decref(history->judged.files.explained);
	memset(&history->judged, 0, sizeof(history->judged));
}

void bv_history_judge(struct bv_history *history, const uint8_t policy_id[BASTION_DIGEST_SIZE])
{
	if (!memcmp(history->judged.policy_id, policy_id, BASTION_DIGEST_SIZE))
		return;
	bv_history_unjudge(history);
	memcpy(history->judged.policy_id, policy_id, BASTION_DIGEST_SIZE);
}

static uint32_t count_pieces(const struct bv_pieces *pieces)
{
	uint32_t count = 0;

	for (const struct bv_piece *piece = pieces->head; piece; piece = piece->next)
		count++;
	return count;
}

static uint8_t *put(uint8_t *at, const void *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return at + len;
}

static uint8_t *put_pieces(uint8_t *at, const struct bv_pieces *pieces)
{
	bv_put_le32(at, count_pieces(pieces));
	at += 4;
	for (const struct bv_piece *piece = pieces->head; piece; piece = piece->next) {
		bv_put_le32(at, piece->len);
		at = put(at + 4, piece->bytes, piece->len);
	}
	return at;
}

static size_t stored_size(const struct bv_pieces *pieces)
{
	return 4 + 4 * (size_t)count_pieces(pieces) + pieces->len;
}

int bv_history_encode(const struct bv_history *history, struct bv_span *out)
{
	size_t body = BV_HISTORY_HEAD + stored_size(&history->log) + stored_size(&history->ima);
	uint8_t *bytes = malloc(body + BASTION_DIGEST_SIZE), *at;
	const struct bv_span covered = { bytes, body };
	int ret;

	if (!bytes)
		return -ENOMEM;
	at = put(bytes, history->tpm ? MAGIC_TPM : MAGIC, MAGIC_SIZE);
	at = put(at, history->chip_id, BASTION_DIGEST_SIZE);
	at = put(at, history->boot_key, BASTION_POINT_SIZE);
	bv_put_le32(at, history->ima_bank);
	at = put_pieces(at + 4, &history->log);
	at = put_pieces(at, &history->ima);
	ret = bv_sha384(at, &covered, 1);
	if (ret) {
		free(bytes);
		return ret;
	}
	*out = (struct bv_span){ bytes, body + BASTION_DIGEST_SIZE };
	return 0;
}

bool bv_history_begins(struct bv_span head, const uint8_t chip_id[BASTION_DIGEST_SIZE],
		       const uint8_t boot_key[BASTION_POINT_SIZE])
{
	return head.len < BV_HISTORY_HEAD ||
	       (!memcmp(head.data + MAGIC_SIZE, chip_id, BASTION_DIGEST_SIZE) &&
		!memcmp(head.data + BOOT_KEY_AT, boot_key, BASTION_POINT_SIZE));
}

static int add_stored_log(struct bv_history *history, struct bv_span bytes, struct bv_error *err)
{
	struct bv_replay replay = history->replay;
	struct bv_log_entry bad;
	int ret = bv_log_replay_more(bytes, BV_LOG_MODULE, &replay, &bad, err);

	return ret ? ret : bv_history_add_log(history, bytes, &replay);
}

static int add_stored_ima(struct bv_history *history, struct bv_span bytes, struct bv_error *err)
{
	struct bv_ima_replay replay = history->ima_replay;
	int ret = bv_ima_replay(bytes, history->ima_bank, &replay, err);

	return ret ? ret : bv_history_add_ima(history, bytes, history->ima_bank, &replay);
}

static int take_pieces(struct bv_span *rest, struct bv_history *history,
		       int (*add)(struct bv_history *history, struct bv_span bytes,
				  struct bv_error *err), struct bv_error *err)
{
	uint32_t count;
	int ret = 0;

	if (!bv_take_le32(rest, &count))
		return bv_fail(err, "it is cut short");
	while (!ret && count--) {
		struct bv_span bytes;

		if (!bv_take_field(rest, history->max, &bytes) || !bytes.len)
			ret = bv_fail(err, "it is cut short, or longer than it may be");
		else
			ret = add(history, bytes, err);
	}
	return ret;
}

static int decode(struct bv_span bytes, struct bv_history *history, struct bv_error *err)
{
	struct bv_span rest = bytes, head, digest;
	uint8_t own[BASTION_DIGEST_SIZE];
	uint32_t bank;
	int ret;

	if (bytes.len < BV_HISTORY_HEAD + BASTION_DIGEST_SIZE ||
	    (memcmp(bytes.data, MAGIC, MAGIC_SIZE) && memcmp(bytes.data, MAGIC_TPM, MAGIC_SIZE)))
		return bv_fail(err, "it is no history of this version's");
	bv_history_set_tpm(history, !memcmp(bytes.data, MAGIC_TPM, MAGIC_SIZE));
	rest.len -= BASTION_DIGEST_SIZE;
	digest = (struct bv_span){ rest.data + rest.len, BASTION_DIGEST_SIZE };
	ret = bv_sha384(own, &rest, 1);
	if (ret)
		return bv_fail_errno(err, -ret, "hashing a history");
	if (memcmp(own, digest.data, sizeof(own)))
		return bv_fail(err, "its digest is not that of its contents");
	if (!bv_take(&rest, BV_HISTORY_HEAD - 4, &head) || !bv_take_le32(&rest, &bank) ||
	    bank >= BV_BANKS)
		return bv_fail(err, "it names a hash that there is not");
	if (memcmp(history->chip_id, head.data + MAGIC_SIZE, BASTION_DIGEST_SIZE))
		return bv_fail(err, "it is another chip's");
	memcpy(history->boot_key, head.data + BOOT_KEY_AT,
	       BASTION_POINT_SIZE);
	history->ima_bank = bank;
	ret = take_pieces(&rest, history, add_stored_log, err);
	if (!ret)
		ret = take_pieces(&rest, history, add_stored_ima, err);
	if (!ret && (rest.len || !history->replay.count))
		ret = bv_fail(err, "it is empty, or something follows it");
	return ret;
}

int bv_history_decode(struct bv_span bytes, struct bv_history *history, struct bv_error *err)
{
	int ret = decode(bytes, history, err);

	if (ret)
		empty(history);
	history->changed = false;
	return ret;
}
