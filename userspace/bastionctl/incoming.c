// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include <bastion/round.h>

#include "bastionctl/incoming.h"
#include "libbastion/file.h"
#include "libbastion/json.h"

#define LOOK_MS	1000	/* how often it is looked whether the file is there */

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);	/* as the kernel counts */
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t incoming_deadline(void)
{
	return now_ms() + BASTION_ROUND_SECONDS * 1000;
}

int incoming_check(const char *path, struct bastion_error *err)
{
	if (strcmp(path, "-") && access(path, F_OK) == 0)
		return bastion_error_set(err, BASTION_OP_USAGE, EEXIST,
					 "%s exists and cannot be for this round: remove it", path);
	return 0;
}

static int not_json(struct bastion_error *err)
{
	return bastion_error_set(err, BASTION_OP_PEER, EPROTO,
				 "the result is no JSON object, or too large");
}

/* Returns 0 when @fd is readable, -ETIMEDOUT, or another negative errno. */
static int wait_readable(int fd, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t left = deadline - now_ms();
	int n = left > 0 ? poll(&p, 1, left) : 0;

	if (n < 0)
		return -errno;
	return n ? 0 : -ETIMEDOUT;
}

/* -EAGAIN: it is not JSON, or not yet. Other errors are final. */
static int parse(const uint8_t *text, size_t len, struct bastion_result *result,
		 struct bastion_error *err)
{
	json_t *json = bastion_json_parse(text, len);
	int rc;

	if (!json)
		return -EAGAIN;
	rc = bastion_result_parse(json, result, err);
	json_decref(json);
	return rc;
}

static int read_stdin(int64_t deadline, struct bastion_result *result, struct bastion_error *err)
{
	uint8_t *text = malloc(BASTION_RESULT_MAX);
	size_t have = 0;
	int rc;

	if (!text)
		return bastion_error_set(err, BASTION_OP_FILE, ENOMEM, "cannot read the result");
	do {
		ssize_t n;

		rc = wait_readable(STDIN_FILENO, deadline);
		if (rc)
			break;
		n = read(STDIN_FILENO, text + have, BASTION_RESULT_MAX - have);
		if (n < 0)
			rc = -errno;
		if (n <= 0)
			break;
		have += n;
		/* Pasted text has no end of file: it ends where it is complete. */
		rc = text[have - 1] == '\n' || text[have - 1] == '}' ?
			     parse(text, have, result, err) : -EAGAIN;
		if (rc != -EAGAIN) {
			free(text);
			return rc;
		}
	} while (have < BASTION_RESULT_MAX);
	/* At its end, or where no more is read, it is what it is. */
	if (rc && rc != -EAGAIN)
		bastion_error_set(err, BASTION_OP_PEER, -rc, "got no result");
	else if ((rc = parse(text, have, result, err)) == -EAGAIN)
		rc = not_json(err);
	free(text);
	return rc;
}

static int try_file(const char *path, struct bastion_result *result, struct bastion_error *err)
{
	uint8_t *text;
	size_t len;
	int rc;

	if (access(path, F_OK))
		return -ENOENT;
	rc = bastion_file_read(path, BASTION_RESULT_MAX, &text, &len, err);
	if (rc)
		return rc;
	rc = parse(text, len, result, err);
	free(text);
	return rc;
}

int incoming_wait(const char *path, int64_t deadline, struct bastion_result *result,
		  struct bastion_error *err)
{
	char copy[PATH_MAX], events[4096];
	int64_t until;
	bool there;
	int fd, rc;

	if (!strcmp(path, "-"))
		return read_stdin(deadline, result, err);
	snprintf(copy, sizeof(copy), "%s", path);
	fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (fd < 0 || inotify_add_watch(fd, dirname(copy), IN_CLOSE_WRITE | IN_MOVED_TO) < 0) {
		rc = bastion_error_set(err, BASTION_OP_FILE, errno, "cannot watch for %s", path);
		if (fd >= 0)
			close(fd);
		return rc;
	}
	/* The watch is there before the first look, so nothing is missed. */
	for (;;) {
		rc = try_file(path, result, err);
		if (rc != -ENOENT && rc != -EAGAIN)
			break;
		there = rc == -EAGAIN;
		/* A folder that is unmounted, and another one that is mounted there, say nothing. */
		until = now_ms() + LOOK_MS;
		rc = wait_readable(fd, until < deadline ? until : deadline);
		if (rc == -ETIMEDOUT && until < deadline)
			continue;
		if (rc) {
			rc = there ? not_json(err) : bastion_error_set(err, BASTION_OP_PEER, -rc,
								       "no result came to %s", path);
			break;
		}
		if (read(fd, events, sizeof(events)) < 0 && errno != EAGAIN) {
			rc = bastion_error_set(err, BASTION_OP_FILE, errno, "cannot watch for %s",
					       path);
			break;
		}
	}
	close(fd);
	return rc;
}
