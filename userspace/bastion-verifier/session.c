// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libbastion-verify/json.h"
#include "machines.h"
#include "session.h"
#include "session_parts.h"

#define NONCE_MS	(BASTION_ROUND_SECONDS * 1000)	/* the kernel's round is no longer */

char *session_dump(json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	return text;
}

char *session_error(const char *why)
{
	return session_dump(json_pack("{s:s, s:s}", "type", "error", "error", why));
}

char *session_refuse(const char *why, bool *hangup, char **log)
{
	*hangup = true;
	if (asprintf(log, "error: %s", why) < 0)
		*log = NULL;
	return session_error(why);
}

/*
 * Of a chip that the policy does not want nothing is kept: whoever has any of the vendor's could have the
 * disk written to for as long as he likes. One that lies about its name adds to nobody's history.
 */
static bool may_be_kept(const struct session *session, const struct service *service)
{
	const struct bv_policy *policy = service->policy;

	return session->has_chip && (!policy || (!bv_policy_revokes(policy, session->chip_id) &&
						 bv_policy_knows(policy, session->chip_id)));
}

/* What the machine need not bring again, if it is the one that it says it is. */
static int add_starts(const struct session *session, const struct service *service, json_t *answer)
{
	struct bv_history *history = NULL;
	json_int_t log = 0, ima = 0, offset = 0;

	if (may_be_kept(session, service))
		history = state_known(service->state, session->chip_id, session->boot_key);
	if (history) {
		log = history->replay.count;
		ima = history->ima_replay.count;
		offset = history->ima_replay.bytes;
	}
	return json_object_set_new(answer, "log_from", json_integer(log)) ||
	       json_object_set_new(answer, "ima_from", json_integer(ima)) ||
	       json_object_set_new(answer, "ima_offset", json_integer(offset));
}

static int read_machine(struct session *session, const json_t *request, struct bv_error *err)
{
	int ret;

	session->has_chip = false;
	if (!json_object_get(request, "chip") && !json_object_get(request, "boot_key"))
		return 0;
	ret = bv_json_hex(request, "chip", session->chip_id, BASTION_DIGEST_SIZE,
			  BASTION_DIGEST_SIZE, NULL, err);
	if (!ret)
		ret = bv_json_hex(request, "boot_key", session->boot_key, BASTION_POINT_SIZE,
				  BASTION_POINT_SIZE, NULL, err);
	session->has_chip = !ret;
	return ret;
}

static char *challenge(struct session *session, const struct service *service, int64_t now_ms)
{
	char nonce[2 * SESSION_NONCE_SIZE + 1], verifier[2 * BASTION_DIGEST_SIZE + 1];
	json_t *answer;

	session->has_nonce = false;
	if (fresh_bytes(session->nonce, sizeof(session->nonce)))
		return NULL;
	session->has_nonce = true;
	session->nonce_ms = now_ms;
	bv_hex(nonce, sizeof(nonce), session->nonce, sizeof(session->nonce));
	bv_hex(verifier, sizeof(verifier), service->signer.verifier, BASTION_DIGEST_SIZE);
	answer = json_pack("{s:s, s:s, s:s}", "type", "challenge", "nonce", nonce, "verifier",
			   verifier);
	if (answer && session->has_chip && add_starts(session, service, answer)) {
		json_decref(answer);
		return NULL;
	}
	return session_dump(answer);
}

static char *verdict_line(const struct bv_verdict *verdict)
{
	char chip[2 * BASTION_DIGEST_SIZE + 1] = "unknown";
	const char *machine = verdict->facts.authentic ? verdict->facts.tpm.machine : "";
	const char *failing = bv_verdict_failing(verdict);
	char *line;

	if (verdict->facts.authentic)
		bv_hex(chip, sizeof(chip), verdict->facts.quote.chip_id, BASTION_DIGEST_SIZE);
	if (asprintf(&line, "verdict: chip %s%s%s: %s, %s%s%s; %llu new entries%s", chip,
		     *machine ? ", machine " : "", machine, bv_tier_name(verdict->status), verdict->granted ? "granted" : "refused",
		     failing ? ", first failed: " : "", failing ? failing : "",
		     (unsigned long long)verdict->facts.replayed,
		     verdict->facts.kept ? ", all kept" : "") < 0)
		return NULL;
	return line;
}

static bool keep(const struct memory *memory, const struct bv_verdict *verdict)
{
	return !state_keep(memory->context, memory->history) &&
	       bv_history_holds(memory->history, verdict);
}

static char *appraise(struct session *session, const struct service *service,
		      const json_t *evidence, char **log)
{
	char *text = json_dumps(evidence, JSON_COMPACT), *answer = NULL;
	struct memory memory = { .keep = keep, .context = service->state };
	struct bv_result result;
	json_t *json;

	if (may_be_kept(session, service))
		memory.history = state_get(service->state, session->chip_id, session->boot_key);
	if (text && !judge(service->policy, &service->signer, &service->enrolled, BV_SPAN(session->nonce),
			   (struct bv_span){ (uint8_t *)text, strlen(text) },
			   memory.history ? &memory : NULL, &result)) {
		*log = verdict_line(result.verdict);
		if (service->enrolled.machines)
			machines_note(service->enrolled.machines, result.verdict, service->policy->id);
		json = bv_result_json(&result);
		if (json && json_object_set_new(json, "type", json_string("result"))) {
			json_decref(json);
			json = NULL;
		}
		answer = session_dump(json);
		bv_result_exit(&result);
	}
	free(text);
	return answer;
}

/* Whatever comes of it, the nonce has been used. */
bool session_take_nonce(struct session *session, int64_t now_ms)
{
	bool fresh = session->has_nonce && now_ms - session->nonce_ms <= NONCE_MS;

	session->has_nonce = false;
	return fresh;
}

static char *evidence(struct session *session, const struct service *service,
		      const json_t *request, int64_t now_ms, bool *hangup, char **log)
{
	const json_t *bundle = json_object_get(request, "evidence");
	bool given = session->has_nonce;
	bool fresh = session_take_nonce(session, now_ms);
	char *answer;

	if (!json_is_object(bundle))
		return session_refuse("\"evidence\" is not an object", hangup, log);
	if (!given)
		return session_refuse("evidence without a challenge on this connection", hangup, log);
	if (!fresh)
		return session_refuse("the challenge is too old: ask for another", hangup, log);
	if (!service->policy)
		return session_refuse("the verifier's policy cannot be used: nothing is granted "
				      "until it is repaired", hangup, log);
	answer = appraise(session, service, bundle, log);
	return answer ? answer : session_refuse("the verifier failed", hangup, log);
}

static char *request(struct session *session, const struct service *service, const json_t *json,
		     int64_t now_ms, bool *hangup, char **log)
{
	static const char *const plain[] = { "type", "chip", "boot_key", NULL };
	static const char *const full[] = { "type", "evidence", NULL };
	const char *type = json_string_value(json_object_get(json, "type"));
	struct bv_error err = { "" };
	char *answer;

	if (type && !strcmp(type, "challenge") && !bv_json_only(json, plain, "request", &err) &&
	    !read_machine(session, json, &err)) {
		answer = challenge(session, service, now_ms);
		return answer ? answer : session_refuse("the verifier failed", hangup, log);
	}
	if (type && !strcmp(type, "evidence") && !bv_json_only(json, full, "request", &err))
		return evidence(session, service, json, now_ms, hangup, log);
	if (type && !err.text[0] && session_enrolls(type))
		return session_enroll(session, service, json, now_ms, hangup, log);
	return session_refuse(err.text[0] ? err.text : "neither a challenge nor evidence", hangup,
			      log);
}

char *session_line(struct session *session, const struct service *service, struct bv_span line,
		   int64_t now_ms, bool *hangup, char **log)
{
	struct bv_error err = { "" };
	json_t *json = bv_json_parse(line, SESSION_LINE_MAX, BV_JSON_FEW, "the request", &err);
	char *answer;

	*log = NULL;
	if (!json)
		return session_refuse(err.text, hangup, log);
	answer = request(session, service, json, now_ms, hangup, log);
	json_decref(json);
	return answer;
}
