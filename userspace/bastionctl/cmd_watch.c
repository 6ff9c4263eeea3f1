// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "bastionctl/ctl.h"
#include "bastionctl/report.h"
#include "bastionctl/trace_line.h"
#include "bastionctl/trace_words.h"
#include "bastionctl/tracing.h"

#define US_PER_SECOND 1000000
#define DRAIN_READS 16	/* before it is looked at what else there is */

/**
 * struct watch - what is followed
 * @ctl:     options
 * @dev:     the gate
 * @events:  the trace is, too
 * @tracing: the trace, if there is one
 * @parent:  the device that the chip is on, as the trace has it; empty if unknown
 * @signals: SIGTERM and the like arrive here
 * @line:    the beginning of a line of the trace
 * @len:     bytes of it
 * @skip:    the line is longer than any of ours
 */
struct watch {
	const struct ctl *ctl;
	struct bastion_device dev;
	bool events;
	struct tracing tracing;
	char parent[64];
	int signals;
	char line[1024];
	size_t len;
	bool skip;
};

static int64_t now_us(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * US_PER_SECOND + ts.tv_nsec / 1000;
}

/* Events follow each other within microseconds; changes of the gate are stamped as ever. */
static void format_stamp(const struct watch *watch, int64_t us, char *stamp, size_t size)
{
	time_t seconds = us / US_PER_SECOND;
	char fraction[16] = "";
	struct tm tm;
	size_t n;

	if (watch->events)
		snprintf(fraction, sizeof(fraction), ".%06d", (int)(us % US_PER_SECOND));
	n = strftime(stamp, size, "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &tm));
	snprintf(stamp + n, size - n, "%sZ", fraction);
}

/* One line an event, so that a script can read it as it comes. */
static void print_json(json_t *json)
{
	json_dumpf(json, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(json);
}

static void print_gate(const struct watch *watch, const struct bastion_event *event)
{
	const char *state = report_state(event->state), *reason = report_reason(event->reason);
	char stamp[64];

	format_stamp(watch, now_us(CLOCK_REALTIME), stamp, sizeof(stamp));
	if (!watch->ctl->json) {
		printf("%s %s (%s), %u waiting", stamp, state, reason, event->waiters);
		if (event->grant_ends_ms)
			printf(", a grant ends in %llu s",
			       (unsigned long long)event->grant_ends_ms / 1000);
	} else {
		print_json(json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "time", stamp, "event",
				     "gate", "state", state, "reason", reason, "waiters",
				     (json_int_t)event->waiters, "grant_ends_ms",
				     (json_int_t)event->grant_ends_ms, "generation",
				     (json_int_t)event->generation));
	}
	putchar('\n');
	fflush(stdout);
}

/* Is it this chip's? What belongs to none is everybody's. */
static bool concerns(const struct watch *watch, const struct trace_line *line)
{
	const char *dev = trace_line_field(line, "dev");

	if (line->lost || !strcmp(dev, watch->dev.name) || !strcmp(dev, "none"))
		return true;
	/* The mailbox knows only the device below. */
	return !strcmp(line->event, "command") &&
	       (!*watch->parent || !strcmp(dev, watch->parent));
}

static void print_trace(const struct watch *watch, char *text)
{
	int64_t now = now_us(CLOCK_REALTIME);
	struct trace_line line;
	char stamp[64];
	json_t *json;

	if (!trace_line_parse(text, &line) || !concerns(watch, &line))
		return;
	if (watch->tracing.monotonic && !line.lost)
		now += (int64_t)line.time_us - now_us(CLOCK_MONOTONIC);
	format_stamp(watch, now, stamp, sizeof(stamp));
	if (!watch->ctl->json) {
		printf("%s ", stamp);
		trace_words_print(stdout, &line);
	} else {
		json = trace_words_json(&line);
		json_object_set_new(json, "time", json_string(stamp));
		print_json(json);
	}
	putchar('\n');
	fflush(stdout);
}

static void take_bytes(struct watch *watch, const char *bytes, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (bytes[i] == '\n') {
			watch->line[watch->len] = '\0';
			if (!watch->skip)
				print_trace(watch, watch->line);
			watch->len = 0;
			watch->skip = false;
		} else if (watch->len < sizeof(watch->line) - 1) {
			watch->line[watch->len++] = bytes[i];
		} else {
			watch->skip = true;
		}
	}
}

/*
 * What is there, none of which came later than what the gate says next; but not for ever: anybody can
 * have events made as fast as they are read.
 */
static void drain_trace(struct watch *watch)
{
	char buf[4096];
	ssize_t n;

	for (int i = 0; i < DRAIN_READS && watch->tracing.pipe >= 0; i++) {
		n = read(watch->tracing.pipe, buf, sizeof(buf));
		if (n <= 0)
			return;
		take_bytes(watch, buf, n);
	}
}

static void find_parent(struct watch *watch)
{
	char path[96], target[256];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/bastion/%s/device", watch->dev.name);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return;
	target[n] = '\0';
	snprintf(watch->parent, sizeof(watch->parent), "%s", basename(target));
}

/* 0 when it is over, and nothing failed. */
static int follow(struct watch *watch, struct bastion_error *err)
{
	struct pollfd fds[] = {
		{ .fd = watch->signals, .events = POLLIN },
		/* The reader's end: when that is closed, nobody cares any more. */
		{ .fd = STDOUT_FILENO },
		{ .fd = watch->dev.fd, .events = POLLIN },
		{ .fd = watch->tracing.pipe, .events = POLLIN },
	};
	struct bastion_event event;
	int rc;

	for (;;) {
		if (poll(fds, sizeof(fds) / sizeof(fds[0]), -1) < 0)
			return bastion_error_set(err, BASTION_OP_DEVICE, errno, "cannot wait");
		if (fds[0].revents || fds[1].revents)
			return 0;
		drain_trace(watch);
		rc = fds[2].revents ? bastion_device_event(&watch->dev, &event, err) : -EAGAIN;
		if (!rc)
			print_gate(watch, &event);
		else if (rc != -EAGAIN)
			return rc;
		if (ferror(stdout))
			return bastion_error_set(err, BASTION_OP_FILE, EIO,
						 "cannot write to the standard output");
	}
}

/* Whatever ends us, the instance is removed. */
static int catch_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int watch_device(struct watch *watch)
{
	struct bastion_error err, close_err;
	int rc;

	watch->signals = catch_signals();
	fcntl(watch->dev.fd, F_SETFL, fcntl(watch->dev.fd, F_GETFL) | O_NONBLOCK);
	if (watch->events) {
		find_parent(watch);
		if (tracing_open(&watch->tracing, &err))
			report_error(&err);
	}
	rc = follow(watch, &err);
	rc = rc ? report_error(&err) : BASTION_CLASS_OK;
	if (watch->events && tracing_close(&watch->tracing, &close_err))
		report_error(&close_err);
	return rc;
}

int ctl_watch(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		{ "events", no_argument, NULL, 'e' },
		CTL_OPTIONS
	};
	struct watch watch = { .ctl = ctl, .tracing.pipe = -1 };
	struct bastion_error err;
	int c, rc;

	while ((c = ctl_getopt(ctl, argc, argv, "", options)) != -1) {
		if (c != 'e')
			return BASTION_CLASS_USAGE;
		watch.events = true;
	}
	if (optind != argc)
		return report_usage("watch takes no arguments");
	if (ctl_open(ctl, &watch.dev, &err))
		return report_error(&err);
	rc = watch_device(&watch);
	bastion_device_close(&watch.dev);
	return rc;
}
