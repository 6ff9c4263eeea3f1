// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "session_parts.h"

#define NO_POLICY "the verifier's policy cannot be used: nobody is enrolled until it is repaired"

static char *begin(struct session *session, const struct service *service, const json_t *request,
		   int64_t now_ms, bool *hangup, char **log)
{
	struct bv_error err = { "" };
	json_t *answer;

	if (!service->policy)
		return session_refuse(NO_POLICY, hangup, log);
	if (enrolling_ask(&service->enrolling, service->policy, request, now_ms + ENROLLING_MS,
			  &session->pending, &session->expected, &answer, &err))
		return session_refuse(err.text, hangup, log);
	return session_dump(answer);
}

static char *tell(const struct bv_machine *machine, char **log)
{
	char chip[2 * BASTION_DIGEST_SIZE + 1];

	bv_hex(chip, sizeof(chip), machine->chip_id, sizeof(machine->chip_id));
	if (asprintf(log, "enrolled: %s, chip %s", machine->name, chip) < 0)
		*log = NULL;
	return session_dump(json_pack("{s:s, s:s, s:s}", "type", "enrolled", "name", machine->name,
				      "chip", chip));
}

/* A Bastionchip signs for a nonce, as it does when it attests. */
static char *native(struct session *session, const struct service *service, const json_t *request,
		    int64_t now_ms, bool *hangup, char **log)
{
	const struct enrolling_quote quote = {
		.policy = service->policy, .verifier = service->signer.verifier,
		.nonce = BV_SPAN(session->nonce),
	};
	struct bv_error err = { "" };
	struct bv_machine machine;

	if (!session_take_nonce(session, now_ms))
		return session_refuse("evidence without a challenge on this connection, or too late",
				      hangup, log);
	if (!service->policy)
		return session_refuse(NO_POLICY, hangup, log);
	if (enrolling_ask_native(&service->enrolling, &quote, request, &machine, &err))
		return session_refuse(err.text, hangup, log);
	return tell(&machine, log);
}

static char *finish(struct session *session, const struct service *service, const json_t *request,
		    int64_t now_ms, bool *hangup, char **log)
{
	struct bv_error err = { "" };

	if (!service->policy)
		return session_refuse(NO_POLICY, hangup, log);
	if (enrolling_answer(&service->enrolling, service->policy, &session->pending,
			     &session->expected, request, now_ms, &err))
		return session_refuse(err.text, hangup, log);
	return tell(&session->pending.machine, log);
}

bool session_enrolls(const char *type)
{
	return !strcmp(type, "enroll") || !strcmp(type, "enroll-secret");
}

char *session_enroll(struct session *session, const struct service *service, const json_t *request,
		     int64_t now_ms, bool *hangup, char **log)
{
	const char *type = json_string_value(json_object_get(request, "type"));

	if (!service->enrolling.expected)
		return session_refuse("nobody is enrolled over this socket (serve --enroll)", hangup,
				      log);
	if (!strcmp(type, "enroll") && json_object_get(request, "evidence"))
		return native(session, service, request, now_ms, hangup, log);
	if (!strcmp(type, "enroll"))
		return begin(session, service, request, now_ms, hangup, log);
	return finish(session, service, request, now_ms, hangup, log);
}
