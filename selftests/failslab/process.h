/* SPDX-License-Identifier: GPL-2.0 */
/* How process.c and who starts it tell each other how far it is. */
#ifndef SELFTESTS_FAILSLAB_PROCESS_H
#define SELFTESTS_FAILSLAB_PROCESS_H

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PROCESS_DIR	"/run/selftest-nth"
#define PROCESS_STATE	PROCESS_DIR "/state"

/**
 * struct process_state - of all calls together
 * @next:	the allocation to fail next; 0: there are no more
 * @errors:	how often that was an error
 * @wrong:	what should not have been; empty
 */
struct process_state {
	unsigned int next, errors;
	char wrong[128];
};

/* Each 0 or -1. */

static inline int process_read(struct process_state *state)
{
	int fd = open(PROCESS_STATE, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, state, sizeof(*state));

	close(fd);
	return n == sizeof(*state) ? 0 : -1;
}

static inline int process_write(const struct process_state *state)
{
	int fd = open(PROCESS_STATE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t n = write(fd, state, sizeof(*state));

	close(fd);
	return n == sizeof(*state) ? 0 : -1;
}

#endif
