// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "bastionctl/tracing.h"

#define PREFIX "bastion-"
/* For each processor. An event has less than 200 bytes. */
#define BUFFER_KIB "128"

/* What a line must look like for trace_line_parse(), whatever the administrator likes to see. */
static const char *const options[] = {
	"context-info", "nolatency-format", "noraw", "nohex", "nobin", "noblock", "noannotate",
	"norecord-tgid", "nofields", "overwrite",
};

static const char *const roots[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };

static int fail(struct bastion_error *err, int code, const char *what)
{
	return bastion_error_set(err, BASTION_OP_USAGE, code,
				 "only the gate is followed, not its events: %s (%s)", what,
				 strerror(code));
}

static bool is_tracefs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == TRACEFS_MAGIC;
}

static const char *find_root(void)
{
	size_t i;

	for (i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		if (is_tracefs(roots[i]))
			return roots[i];
	}
	return NULL;
}

/* One write(2), as tracefs wants it. */
static int set(const struct tracing *tracing, const char *file, const char *value)
{
	char path[192];
	int fd, rc = 0;

	snprintf(path, sizeof(path), "%s/%s", tracing->path, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

/* Is it called bastion-PID, and is there no such process? */
static bool is_leftover(const char *name)
{
	char *end;
	long pid;

	if (strncmp(name, PREFIX, strlen(PREFIX)))
		return false;
	errno = 0;
	pid = strtol(name + strlen(PREFIX), &end, 10);
	if (errno || *end || pid <= 0 || pid > INT_MAX)
		return false;
	/* What has our own number is nobody's, for we have made none yet. */
	return pid == getpid() || (kill(pid, 0) && errno == ESRCH);
}

/* An instance that somebody reads is busy, in whatever pid namespace the reader is. */
static void sweep(const char *instances)
{
	char path[64 + NAME_MAX + 2];
	struct dirent *entry;
	DIR *dir = opendir(instances);

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (!is_leftover(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", instances, entry->d_name);
		rmdir(path);
	}
	closedir(dir);
}

static int follow(struct tracing *tracing, struct bastion_error *err)
{
	char path[192];
	size_t i;
	int rc;

	rc = set(tracing, "buffer_size_kb", BUFFER_KIB);
	if (rc)
		return fail(err, -rc, "the kernel gives no buffer");
	/* Not every kernel knows every option. */
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		set(tracing, "trace_options", options[i]);
	tracing->monotonic = !set(tracing, "trace_clock", "mono");
	snprintf(path, sizeof(path), "%s/trace_pipe", tracing->path);
	tracing->pipe = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (tracing->pipe < 0)
		return fail(err, errno, "trace_pipe cannot be opened");
	rc = set(tracing, "events/bastion/enable", "1");
	return rc ? fail(err, -rc, "the module has no events") : 0;
}

int tracing_open(struct tracing *tracing, struct bastion_error *err)
{
	const char *root = find_root();
	char instances[64];
	int rc;

	tracing->pipe = -1;
	tracing->path[0] = '\0';
	if (!root)
		return fail(err, ENOENT,
			    "mount -t tracefs tracefs /sys/kernel/tracing makes them visible");
	snprintf(instances, sizeof(instances), "%s/instances", root);
	sweep(instances);
	snprintf(tracing->path, sizeof(tracing->path), "%s/" PREFIX "%d", instances,
		 (int)getpid());
	if (mkdir(tracing->path, 0700)) {
		rc = errno;
		tracing->path[0] = '\0';
		return fail(err, rc, "no tracing instance can be made");
	}
	rc = follow(tracing, err);
	if (rc)
		tracing_close(tracing, NULL);
	return rc;
}

int tracing_close(struct tracing *tracing, struct bastion_error *err)
{
	int rc = 0;

	if (tracing->pipe >= 0)
		close(tracing->pipe);
	tracing->pipe = -1;
	if (tracing->path[0] && rmdir(tracing->path))
		rc = bastion_error_set(err, BASTION_OP_FILE, errno, "cannot remove %s",
				       tracing->path);
	tracing->path[0] = '\0';
	return rc;
}
