// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <time.h>

#include "bastionctl/ctl.h"
#include "bastionctl/report.h"

/* One line an event, so that a script can read it as it comes. */
static void print(const struct ctl *ctl, const struct bastion_event *event)
{
	const char *state = report_state(event->state), *reason = report_reason(event->reason);
	char stamp[32];
	struct tm tm;
	time_t now = time(NULL);
	json_t *json;

	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	if (!ctl->json) {
		printf("%s %s (%s), %u waiting", stamp, state, reason, event->waiters);
		if (event->grant_ends_ms)
			printf(", a grant ends in %llu s",
			       (unsigned long long)event->grant_ends_ms / 1000);
		putchar('\n');
	} else {
		json = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "time", stamp, "state", state,
				 "reason", reason, "waiters", (json_int_t)event->waiters,
				 "grant_ends_ms", (json_int_t)event->grant_ends_ms, "generation",
				 (json_int_t)event->generation);
		json_dumpf(json, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(json);
	}
	fflush(stdout);
}

int ctl_watch(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = { CTL_OPTIONS };
	struct bastion_error err;
	struct bastion_device dev;
	struct bastion_event event;

	if (ctl_getopt(ctl, argc, argv, "", options) != -1)
		return BASTION_CLASS_USAGE;
	if (optind != argc)
		return report_usage("watch takes no arguments");
	if (ctl_open(ctl, &dev, &err))
		return report_error(&err);
	while (!bastion_device_event(&dev, &event, &err) && !ferror(stdout))
		print(ctl, &event);
	bastion_device_close(&dev);
	return ferror(stdout) ? BASTION_CLASS_FAILED : report_error(&err);
}
