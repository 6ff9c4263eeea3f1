/* SPDX-License-Identifier: GPL-2.0 */
/* The socket: a loop over at most SERVER_PEERS connections. */
#ifndef VERIFIER_SERVER_H
#define VERIFIER_SERVER_H

#include <signal.h>
#include <sys/stat.h>

#include "session.h"

#define SERVER_PEERS	16

/**
 * struct server_times - how long connections may last, in milliseconds
 * @idle:	with nothing to say
 * @line:	a request, or an answer, from first byte to last
 * @age:	whatever they do
 * @fair:	that ask for something, when all places are taken and another of the same user comes
 */
struct server_times {
	int64_t idle;
	int64_t line;
	int64_t age;
	int64_t fair;
};

extern const struct server_times server_times;

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
 * @made:	out: for server_unlink()
 * @err:	what was wrong
 *
 * Mode 0660: who may connect is a matter of the group and the folder.
 *
 * Return: a listening descriptor, or a negative errno.
 */
int server_listen(const char *path, struct stat *made, struct bv_error *err);

/** server_unlink() - close the socket, and remove its name if that is still the one that was @made */
void server_unlink(const char *path, const struct stat *made, int fd);

/**
 * server_run() - serve
 * @fd:		from server_listen()
 * @service:	what sessions share
 * @hooks:	see above
 * @times:	usually &server_times
 * @once:	end after the first connection
 * @mask:	signals to let in while waiting
 *
 * Return: 0 when told to stop, or a negative errno.
 */
int server_run(int fd, struct service *service, const struct server_hooks *hooks,
	       const struct server_times *times, bool once, const sigset_t *mask);

#endif
