/* SPDX-License-Identifier: GPL-2.0 */
/* What every command of bastionctl shares. */
#ifndef BASTIONCTL_CTL_H
#define BASTIONCTL_CTL_H

#include <stdbool.h>

#include <getopt.h>

#include "libbastion/device.h"
#include "libbastion/error.h"
#include "libbastion/explain.h"

#define CTL_CONFIG_DIR "/etc/bastion"

/**
 * struct ctl - options that every command takes
 * @device:	node, or NULL for the first
 * @config_dir: where verifiers.d is
 * @json:	print JSON
 * @command:	which one runs
 */
struct ctl {
	const char *device;
	const char *config_dir;
	bool json;
	const struct ctl_command *command;
};

/**
 * struct ctl_command - a row of the command table
 * @name:     what the user types
 * @synopsis: its arguments
 * @summary:  one line
 * @help:     the rest of --help
 * @run:      gets the arguments behind the name, argv[0] being the name;
 *	      returns an exit code
 */
struct ctl_command {
	const char *name;
	const char *synopsis;
	const char *summary;
	const char *help;
	int (*run)(struct ctl *ctl, int argc, char **argv);
};

/* Options that every command takes; its own use letters or values below these. */
enum {
	CTL_OPT_DEVICE = 1000,
	CTL_OPT_CONFIG_DIR,
	CTL_OPT_JSON,
	CTL_OPT_HELP,
	CTL_OPT_VERSION,
};

#define CTL_OPTIONS \
	{ "device", required_argument, NULL, CTL_OPT_DEVICE }, \
	{ "config-dir", required_argument, NULL, CTL_OPT_CONFIG_DIR }, \
	{ "json", no_argument, NULL, CTL_OPT_JSON }, \
	{ "help", no_argument, NULL, CTL_OPT_HELP }, \
	{ "version", no_argument, NULL, CTL_OPT_VERSION }, \
	{ NULL, 0, NULL, 0 }

/**
 * ctl_getopt - getopt_long(3) that deals with the shared options itself
 * @ctl:   gets their values
 * @argc:  as for getopt_long
 * @argv:  likewise
 * @shorts: short options; "+" or "-" may lead
 * @longs: options of the command's and CTL_OPTIONS
 *
 * --help and --version print and exit.
 *
 * Return: an option of the command's, '?' after a message about a bad one, -1
 * at the end.
 */
int ctl_getopt(struct ctl *ctl, int argc, char **argv, const char *shorts,
	       const struct option *longs);

/** ctl_help - print --help of the program, or of @command if it is not NULL */
void ctl_help(const struct ctl_command *command);

/** ctl_open - open the device that was asked for; 0 or a negative errno */
int ctl_open(const struct ctl *ctl, struct bastion_device *dev, struct bastion_error *err);

int ctl_status(struct ctl *ctl, int argc, char **argv);
int ctl_verifier(struct ctl *ctl, int argc, char **argv);
int ctl_attest(struct ctl *ctl, int argc, char **argv);
int ctl_enroll(struct ctl *ctl, int argc, char **argv);
int ctl_evidence(struct ctl *ctl, int argc, char **argv);
int ctl_key(struct ctl *ctl, int argc, char **argv);
int ctl_release(struct ctl *ctl, int argc, char **argv);
int ctl_log(struct ctl *ctl, int argc, char **argv);
int ctl_extend(struct ctl *ctl, int argc, char **argv);
int ctl_relock(struct ctl *ctl, int argc, char **argv);
int ctl_watch(struct ctl *ctl, int argc, char **argv);

#endif
