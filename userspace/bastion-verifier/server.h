/* SPDX-License-Identifier: GPL-2.0 */
/* The socket: a loop over at most SERVER_PEERS connections. */
#ifndef VERIFIER_SERVER_H
#define VERIFIER_SERVER_H

#include <signal.h>

#include "session.h"

#define SERVER_PEERS	16
#define SERVER_IDLE_MS	60000	/* a connection with nothing to say */
#define SERVER_LINE_MS	30000	/* a request, or an answer, from first byte to last */

/**
 * struct server_hooks - what the loop asks its owner
 * @stop:	whether to end
 * @tick:	called after every wake-up; may change the service
 * @log:	a line, without newline
 * @context:	for all of them
 */
struct server_hooks {
	bool (*stop)(void *context);
	void (*tick)(void *context);
	void (*log)(void *context, const char *line);
	void *context;
};

/**
 * server_listen() - make the socket
 * @path:	replaced in one step, unless somebody still serves there
 * @err:	what was wrong
 *
 * Mode 0660: who may connect is a matter of the group and the folder.
 *
 * Return: a listening descriptor, or a negative errno.
 */
int server_listen(const char *path, struct bv_error *err);

/** server_unlink() - remove the socket if it is still the one that @fd listens on */
void server_unlink(const char *path, int fd);

/**
 * server_run() - serve
 * @fd:		from server_listen()
 * @service:	what sessions share
 * @hooks:	see above
 * @once:	end after the first connection
 * @mask:	signals to let in while waiting
 *
 * Return: 0 when told to stop, or a negative errno.
 */
int server_run(int fd, struct service *service, const struct server_hooks *hooks, bool once,
	       const sigset_t *mask);

#endif
