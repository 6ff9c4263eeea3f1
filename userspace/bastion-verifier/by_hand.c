// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "by_hand.h"
#include "files.h"
#include "libbastion-verify/json.h"
#include "machines.h"

#define NAME_SIZE	(2 * BASTION_DIGEST_SIZE + sizeof(".pending"))

static int64_t now_ms(void)
{
	return time(NULL) * INT64_C(1000);
}

static json_t *parse(struct bv_span text, size_t max, const char *what, struct bv_error *err)
{
	json_t *json = bv_json_parse(text, max, BV_JSON_FEW, what, err);

	free((void *)text.data);
	return json;
}

json_t *by_hand_read(const char *path, size_t max, const char *what, struct bv_error *err)
{
	struct bv_span text;

	return file_read(path, max, &text, err) ? NULL : parse(text, max, what, err);
}

static void pending_name(const uint8_t chip_id[BASTION_DIGEST_SIZE], char name[NAME_SIZE])
{
	bv_hex(name, NAME_SIZE, chip_id, BASTION_DIGEST_SIZE);
	strcat(name, ".pending");
}

static int store(const struct machines *machines, const struct bv_enroll_pending *pending,
		 struct bv_error *err)
{
	json_t *json = bv_enroll_pending_json(pending);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	char name[NAME_SIZE];
	int ret = text ? 0 : bv_fail_errno(err, ENOMEM, "keeping a request");

	pending_name(pending->machine.chip_id, name);
	if (!ret)
		ret = file_replace_at(machines_folder(machines), name, 0600,
				      (struct bv_span){ (uint8_t *)text, strlen(text) }, err);
	free(text);
	json_decref(json);
	return ret;
}

static int request(const struct machines *machines, const struct enrolling_terms *terms,
		   const json_t *json, int64_t seconds, json_t **answer, struct bv_error *err)
{
	struct bv_enroll_pending pending;
	int ret = enrolling_begin(terms, json, now_ms() + 1000 * seconds, &pending, answer, err);

	if (ret)
		return ret;
	ret = store(machines, &pending, err);
	if (ret)
		json_decref(*answer);
	return ret;
}

int by_hand_request(const struct enrolling_terms *terms, const char *path, int64_t seconds,
		    json_t **answer, struct bv_error *err)
{
	json_t *json = by_hand_read(path, BV_ENROLL_MAX, "the request", err);
	struct machines *machines = json ? machines_open(terms->machines, true, err) : NULL;
	int ret = machines ? request(machines, terms, json, seconds, answer, err) : -EBADMSG;

	machines_close(machines);
	json_decref(json);
	return ret;
}

/* It is gone before anything of it is looked at: there is no second try. */
static json_t *take_pending(int folder, const char *name, struct bv_error *err)
{
	struct bv_span text;
	int ret;

	if (faccessat(folder, name, F_OK, 0)) {
		bv_fail(err, "no secret is waited for from this machine: begin with a request");
		return NULL;
	}
	ret = file_read_at(folder, name, BV_ENROLL_MAX, &text, err);
	if (unlinkat(folder, name, 0)) {
		bv_fail(err, "%s: %s", name, strerror(errno));
		if (!ret)
			free((void *)text.data);
		return NULL;
	}
	return ret ? NULL : parse(text, BV_ENROLL_MAX, name, err);
}

/* Also after a failure @pending has the chip id, if there is one, for the journal. */
static int take(const struct machines *machines, const json_t *answer,
		struct bv_enroll_pending *pending, struct bv_error *err)
{
	uint8_t chip_id[BASTION_DIGEST_SIZE];
	char name[NAME_SIZE];
	json_t *json;
	int ret = bv_json_hex(answer, "chip", chip_id, sizeof(chip_id), sizeof(chip_id), NULL, err);

	memset(pending, 0, sizeof(*pending));
	if (ret)
		return ret;
	pending_name(chip_id, name);
	json = take_pending(machines_folder(machines), name, err);
	ret = json ? bv_enroll_pending_parse(json, pending, err) : -EBADMSG;
	json_decref(json);
	if (!ret && memcmp(pending->machine.chip_id, chip_id, sizeof(chip_id)))
		ret = bv_fail(err, "%s: it is of another machine", name);
	memcpy(pending->machine.chip_id, chip_id, sizeof(chip_id));
	return ret;
}

int by_hand_response(const char *folder, const char *path, bool again,
		     struct bv_machine *machine, struct bv_error *err)
{
	json_t *answer = by_hand_read(path, BV_ENROLL_MAX, "the answer", err);
	struct machines *machines = answer ? machines_open(folder, true, err) : NULL;
	struct bv_enroll_pending pending;
	int ret = machines ? take(machines, answer, &pending, err) : -EBADMSG;

	if (machines && ret)
		machines_refused(machines, &pending.machine, err->text);
	machines_close(machines);
	if (!ret)
		ret = enrolling_finish(folder, &pending, answer, now_ms(),
				       again ? MACHINES_AGAIN : MACHINES_BY_HAND, err);
	if (!ret)
		*machine = pending.machine;
	json_decref(answer);
	return ret;
}
