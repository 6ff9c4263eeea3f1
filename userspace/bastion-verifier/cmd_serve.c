// SPDX-License-Identifier: GPL-2.0
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "machines.h"
#include "server.h"
#include "verifier.h"

/* Signals only set these; the loop looks at them when it wakes up. */
static volatile sig_atomic_t stop_wanted, reload_wanted;

struct serving {
	const char *policy_path;
	struct service service;
};

struct arguments {
	const char *policy;
	const char *keys;
	const char *socket;
	const char *audience;
	const char *state;
	struct enrolling enrolling;
	bool once;
};

static void on_stop(int number)
{
	stop_wanted = 1;
}

static void on_reload(int number)
{
	reload_wanted = 1;
}

static void log_line(void *context, const char *line)
{
	fprintf(stderr, "bastion-verifier: %s\n", line);
}

static bool should_stop(void *context)
{
	return stop_wanted;
}

/*
 * The policy on record is the operator's word. When it cannot be read, going on
 * with the one before could grant what it takes back, so nothing is granted.
 */
static void reload(void *context)
{
	struct serving *serving = context;
	struct bv_error err = { "" };

	if (!reload_wanted)
		return;
	reload_wanted = 0;
	bv_policy_free(serving->service.policy);
	serving->service.policy = policy_load(serving->policy_path, &err);
	if (serving->service.policy)
		log_line(NULL, "policy loaded");
	else
		fprintf(stderr, "bastion-verifier: %s: nothing is granted until the policy is "
			"repaired and SIGHUP sent again\n", err.text);
}

static int parse(int argc, char **argv, struct arguments *args)
{
	static const struct option options[] = {
		{ "policy", required_argument, NULL, 'p' },
		{ "keys", required_argument, NULL, 'k' },
		{ "socket", required_argument, NULL, 's' },
		{ "audience", required_argument, NULL, 'a' },
		{ "state", required_argument, NULL, 'S' },
		{ "machines", required_argument, NULL, 'm' },
		{ "enroll", required_argument, NULL, 'e' },
		{ "roots", required_argument, NULL, 'r' },
		{ "once", no_argument, NULL, 'o' },
		{ 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'p':
			args->policy = optarg;
			break;
		case 'k':
			args->keys = optarg;
			break;
		case 's':
			args->socket = optarg;
			break;
		case 'a':
			args->audience = optarg;
			break;
		case 'S':
			args->state = optarg;
			break;
		case 'm':
			args->enrolling.machines = optarg;
			break;
		case 'e':
			args->enrolling.expected = optarg;
			break;
		case 'r':
			args->enrolling.roots = optarg;
			break;
		case 'o':
			args->once = true;
			break;
		default:
			return VERIFIER_USAGE;
		}
	}
	if (!args->policy || !args->keys || !args->socket || optind != argc)
		return verifier_usage("serve needs --policy, --keys and --socket");
	if (args->enrolling.expected && !args->enrolling.machines)
		return verifier_usage("serve --enroll needs --machines, where the records go");
	if (args->enrolling.roots && !args->enrolling.expected)
		return verifier_usage("serve --roots is for --enroll");
	return VERIFIER_OK;
}

/* Blocked except while the loop waits, with @waiting, so that none is lost between look and wait. */
static void catch_signal(int number, void (*handler)(int), sigset_t *waiting)
{
	const struct sigaction action = { .sa_handler = handler };
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, number);
	sigprocmask(SIG_BLOCK, &ours, NULL);
	sigdelset(waiting, number);
	sigaction(number, &action, NULL);
}

static int serve(struct serving *serving, const struct arguments *args, sigset_t *waiting)
{
	const struct server_hooks hooks = {
		.stop = should_stop, .tick = reload, .log = log_line, .context = serving,
	};
	struct bv_error err = { "" };
	struct stat made;
	int fd, ret;

	/* Before, there is nothing to undo, and one that waits for its files can be stopped. */
	catch_signal(SIGTERM, on_stop, waiting);
	catch_signal(SIGINT, on_stop, waiting);
	fd = server_listen(args->socket, &made, &err);
	if (fd < 0)
		return verifier_fail("%s", err.text);
	fprintf(stderr, "bastion-verifier: serving at %s\n", args->socket);
	ret = server_run(fd, &serving->service, &hooks, &server_times, args->once, waiting);
	server_unlink(args->socket, &made, fd);
	return ret ? verifier_fail("%s", strerror(-ret)) : VERIFIER_OK;
}

int verifier_serve(int argc, char **argv)
{
	struct arguments args = { 0 };
	struct serving serving = { 0 };
	struct machines *machines = NULL;
	struct bv_error err = { "" };
	int code = parse(argc, argv, &args);
	sigset_t waiting;

	if (code)
		return code;
	/* A policy that changes while it is read is read again, once there is a loop for it. */
	sigprocmask(SIG_BLOCK, NULL, &waiting);
	catch_signal(SIGHUP, on_reload, &waiting);
	if (args.enrolling.machines) {
		machines = machines_open(args.enrolling.machines, args.enrolling.expected, &err);
		if (!machines)
			return verifier_fail("%s", err.text);
		serving.service.enrolled = (struct enrolled){ machines_find, machines };
	}
	serving.policy_path = args.policy;
	serving.service.policy = policy_load(args.policy, &err);
	if (serving.service.policy && !keys_load(args.keys, &serving.service.signer, &err))
		serving.service.state = state_open(args.state, &err);
	if (!serving.service.state) {
		code = verifier_fail("%s", err.text);
	} else {
		serving.service.enrolling = args.enrolling;
		if (args.audience)
			serving.service.signer.audience = args.audience;
		code = serve(&serving, &args, &waiting);
	}
	state_close(serving.service.state);
	keys_drop(&serving.service.signer);
	bv_policy_free(serving.service.policy);
	machines_close(machines);
	return code;
}
