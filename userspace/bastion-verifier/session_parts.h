/* SPDX-License-Identifier: GPL-2.0 */
/* Between session.c and session_enroll.c. */
#ifndef VERIFIER_SESSION_PARTS_H
#define VERIFIER_SESSION_PARTS_H

#include "session.h"

/** session_dump() - as one line; takes the reference, NULL is fine */
char *session_dump(json_t *json);

/** session_refuse() - answer with an error, say so in the log, hang up */
char *session_refuse(const char *why, bool *hangup, char **log);

/** session_take_nonce() - use up the nonce that was given out; false if there is none in time */
bool session_take_nonce(struct session *session, int64_t now_ms);

/** session_enrolls() - whether a request of this type is session_enroll()'s */
bool session_enrolls(const char *type);

/** session_enroll() - as session_line(), for those */
char *session_enroll(struct session *session, const struct service *service, const json_t *request,
		     int64_t now_ms, bool *hangup, char **log);

#endif
