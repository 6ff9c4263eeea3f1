// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "by_hand.h"
#include "files.h"
#include "libbastion-verify/json.h"

static int64_t now_ms(void)
{
	return time(NULL) * INT64_C(1000);
}

json_t *by_hand_read(const char *path, size_t max, const char *what, struct bv_error *err)
{
	struct bv_span text;
	json_t *json;

	if (file_read(path, max, &text, err))
		return NULL;
	json = bv_json_parse(text, max, what, err);
	free((void *)text.data);
	return json;
}

static int pending_path(const char *machines, const uint8_t chip_id[BASTION_DIGEST_SIZE],
			char path[PATH_MAX], struct bv_error *err)
{
	char chip[2 * BASTION_DIGEST_SIZE + 1];

	bv_hex(chip, chip_id, BASTION_DIGEST_SIZE);
	if (snprintf(path, PATH_MAX, "%s/%s.pending", machines, chip) < PATH_MAX)
		return 0;
	return bv_fail(err, "%.200s: the name is too long", machines);
}

static int store(const char *machines, const struct bv_enroll_pending *pending,
		 struct bv_error *err)
{
	json_t *json = bv_enroll_pending_json(pending);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	char path[PATH_MAX];
	int ret = text ? pending_path(machines, pending->machine.chip_id, path, err) :
			 bv_fail_errno(err, ENOMEM, "keeping a request");

	if (!ret)
		ret = file_replace(path, 0600, (struct bv_span){ (uint8_t *)text, strlen(text) }, err);
	free(text);
	json_decref(json);
	return ret;
}

int by_hand_request(const struct enrolling_terms *terms, const char *path, int64_t seconds,
		    json_t **answer, struct bv_error *err)
{
	json_t *json = by_hand_read(path, BV_ENROLL_MAX, "the request", err);
	struct bv_enroll_pending pending;
	int ret;

	if (!json)
		return -EBADMSG;
	ret = enrolling_check(terms->machines, err);
	if (!ret)
		ret = enrolling_begin(terms, json, now_ms() + 1000 * seconds, &pending, answer,
				      err);
	json_decref(json);
	if (ret)
		return ret;
	ret = store(terms->machines, &pending, err);
	if (ret)
		json_decref(*answer);
	return ret;
}

/* It is gone before anything of the answer is looked at: there is no second try. */
static int take(const char *machines, const json_t *answer, struct bv_enroll_pending *pending,
		struct bv_error *err)
{
	uint8_t chip_id[BASTION_DIGEST_SIZE];
	char path[PATH_MAX];
	json_t *json;
	int ret = bv_json_hex(answer, "chip", chip_id, sizeof(chip_id), sizeof(chip_id), NULL, err);

	if (!ret)
		ret = pending_path(machines, chip_id, path, err);
	if (ret)
		return ret;
	if (access(path, F_OK))
		return bv_fail(err, "no secret is waited for from this machine: begin with a request");
	json = by_hand_read(path, BV_ENROLL_MAX, path, err);
	if (unlink(path)) {
		json_decref(json);
		return bv_fail(err, "%.250s: %s", path, strerror(errno));
	}
	ret = json ? bv_enroll_pending_parse(json, pending, err) : -EBADMSG;
	json_decref(json);
	if (!ret && memcmp(pending->machine.chip_id, chip_id, sizeof(chip_id)))
		ret = bv_fail(err, "%.250s: it is of another machine", path);
	return ret;
}

int by_hand_response(const char *machines, const char *path, bool again,
		     struct bv_machine *machine, struct bv_error *err)
{
	json_t *answer = by_hand_read(path, BV_ENROLL_MAX, "the answer", err);
	struct bv_enroll_pending pending;
	int ret;

	if (!answer)
		return -EBADMSG;
	ret = enrolling_check(machines, err);
	if (!ret)
		ret = take(machines, answer, &pending, err);
	if (!ret)
		ret = enrolling_finish(machines, &pending, answer, now_ms(), again, err);
	if (!ret)
		*machine = pending.machine;
	json_decref(answer);
	return ret;
}
