// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bastionctl/attend.h"
#include "bastionctl/report.h"
#include "libbastion/explain.h"

#define BACKOFF_FIRST_MS 1000
#define BACKOFF_MOST_MS	 30000

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	stop = 1;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* When a grant has a quarter of its life left. */
static int64_t until_renewal(const struct attend_state *state,
			     const struct bastion_verifier_entry *entry)
{
	int64_t left = entry->remaining_ms - state->lifetime / 4;

	return left > 0 ? left : 0;
}

int64_t attend_decide(struct attend_state *state, const struct bastion_verifier_entry *entry,
		      int64_t now)
{
	int64_t due = ATTEND_FOREVER, pause = state->not_before - now;

	if (!entry->live)
		state->lifetime = 0;
	else if (entry->remaining_ms > state->lifetime)
		state->lifetime = entry->remaining_ms;
	if (state->on_demand && entry->waiters)
		due = 0;
	else if (state->renew && entry->live)
		due = until_renewal(state, entry);
	else if (state->renew && !state->on_demand)
		due = 0;
	if (due == ATTEND_FOREVER || due > pause)
		return due;
	return pause > 0 ? pause : 0;
}

void attend_done(struct attend_state *state, int64_t now, bool helped)
{
	if (helped || state->backoff < BACKOFF_FIRST_MS)
		state->backoff = BACKOFF_FIRST_MS;
	state->not_before = now + state->backoff;
	if (helped)
		return;
	state->backoff *= 2;
	if (state->backoff > BACKOFF_MOST_MS)
		state->backoff = BACKOFF_MOST_MS;
}

/* The same trouble is told once. */
static void log_trouble(char *last, size_t size, const struct bastion_error *err)
{
	if (!strncmp(last, err->text, size - 1))
		return;
	snprintf(last, size, "%s", err->text);
	report_error(err);
}

static int find_entry(const struct bastion_device *dev, const struct bastion_round *round,
		      struct bastion_verifier_entry *entry, struct bastion_error *err)
{
	struct bastion_verifier_list list;
	unsigned int i;
	int rc;

	rc = bastion_device_verifier_list(dev, &list, err);
	if (rc)
		return rc;
	for (i = 0; i < list.count; i++) {
		if (!memcmp(list.entries[i].digest, round->verifier, sizeof(round->verifier))) {
			*entry = list.entries[i];
			return 0;
		}
	}
	/* It may be registered later: its requests wait until then. */
	memset(entry, 0, sizeof(*entry));
	return bastion_error_set(err, BASTION_OP_ROUND, ENOKEY, "cannot attest");
}

/* A line each, for whoever follows them. */
static void say_granted(const struct ctl *ctl, bool renewal)
{
	if (ctl->json)
		printf("{\"event\":\"%s\"}\n", renewal ? "renewed" : "granted");
	else
		printf("%s\n", renewal ? "grant renewed" : "granted");
	fflush(stdout);
}

static void run_round(const struct ctl *ctl, const struct bastion_device *dev,
		      struct bastion_round *round, struct attend_state *state, const struct bastion_verifier_entry *entry,
		      char *trouble, size_t size)
{
	bool renewal = entry->live && !entry->waiters;
	struct bastion_error err;
	int rc;

	rc = bastion_round_attest(dev, round, &err);
	bastion_round_free(round);
	if (rc) {
		log_trouble(trouble, size, &err);
	} else {
		say_granted(ctl, renewal);
		trouble[0] = '\0';
		state->lifetime = 0;
	}
	/* A request that waits although a grant is live waits for more than it gives. */
	attend_done(state, now_ms(), !rc && (renewal || !entry->live));
}

/* Returns 0, or a negative errno when the chip is gone; a signal is neither. */
static int wait_for_change(const struct bastion_device *dev, int64_t timeout,
			   const sigset_t *unblocked, struct bastion_error *err)
{
	struct timespec ts = { timeout / 1000, timeout % 1000 * 1000000 };
	struct pollfd p = { .fd = dev->fd, .events = POLLIN };
	struct bastion_event event;
	sigset_t ours;
	int n;

	n = ppoll(&p, 1, timeout == ATTEND_FOREVER ? NULL : &ts, unblocked);
	if (n <= 0)
		return 0;
	/* ppoll() takes no signals when there is something to do. */
	sigprocmask(SIG_SETMASK, unblocked, &ours);
	sigprocmask(SIG_SETMASK, &ours, NULL);
	if (p.revents & POLLIN)
		return bastion_device_event(dev, &event, err);
	return bastion_error_set(err, BASTION_OP_DEVICE, ENODEV, "%s", dev->name);
}

static void catch_signals(sigset_t *unblocked)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, unblocked);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

int attend(const struct ctl *ctl, const struct bastion_device *dev, struct bastion_round *round,
	   bool on_demand, bool renew)
{
	struct attend_state state = { .on_demand = on_demand, .renew = renew };
	char trouble[sizeof(((struct bastion_error *)0)->text)] = "";
	struct bastion_verifier_entry entry;
	struct bastion_error err;
	sigset_t unblocked;
	int64_t timeout;
	int rc;

	catch_signals(&unblocked);
	while (!stop) {
		timeout = ATTEND_FOREVER;
		rc = find_entry(dev, round, &entry, &err);
		if (rc == -ENOKEY)
			log_trouble(trouble, sizeof(trouble), &err);
		else if (rc)
			return report_error(&err);
		else
			timeout = attend_decide(&state, &entry, now_ms());
		if (timeout == 0) {
			run_round(ctl, dev, round, &state, &entry, trouble, sizeof(trouble));
			continue;
		}
		if (wait_for_change(dev, timeout, &unblocked, &err))
			return report_error(&err);
	}
	return 0;
}
