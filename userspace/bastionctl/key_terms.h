/* SPDX-License-Identifier: GPL-2.0 */
/* The options that say what a key shall be, for the verbs that make or move one. */
#ifndef BASTIONCTL_KEY_TERMS_H
#define BASTIONCTL_KEY_TERMS_H

#include <stdbool.h>

#include "bastionctl/key.h"

enum {
	KEY_OPT_VERIFIER = 1,
	KEY_OPT_POLICY,
	KEY_OPT_TYPES,
	KEY_OPT_EXE,
	KEY_OPT_REGISTERS,
	KEY_OPT_COUNTER,
	KEY_OPT_OWNER,
	KEY_OPT_SIZE,
	KEY_OPT_DERIVE,
	KEY_OPT_KEYRING,
	KEY_OPT_FILE,
	KEY_OPT_LAST = KEY_OPT_FILE,
	KEY_OPT_ECDSA,
};

/* What every verb with terms takes, for its table of options. */
#define KEY_TERMS_OPTIONS \
	{ "verifier", required_argument, NULL, KEY_OPT_VERIFIER }, \
	{ "policy", required_argument, NULL, KEY_OPT_POLICY }, \
	{ "types", required_argument, NULL, KEY_OPT_TYPES }, \
	{ "exe", required_argument, NULL, KEY_OPT_EXE }, \
	{ "registers", required_argument, NULL, KEY_OPT_REGISTERS }, \
	{ "counter", required_argument, NULL, KEY_OPT_COUNTER }, \
	{ "output", required_argument, NULL, 'o' }, \
	CTL_OPTIONS

/**
 * struct key_terms - the options, as text, and what they come to
 * @new: complete after key_terms_fill()
 *
 * The others are the options' arguments, NULL for those that were not given.
 */
struct key_terms {
	const char *verifier;
	const char *policy;
	const char *types;
	const char *exe;
	const char *registers;
	const char *counter;
	const char *owner;
	const char *size;
	const char *derive;
	const char *keyring;
	const char *file;
	const char *save;
	bool ecdsa;
	struct bastion_keys_new new;
};

/**
 * key_terms_parse - read the command line
 * @ctl:     gets the shared options
 * @argc:    as for getopt_long(3)
 * @argv:    likewise; optind is where the other arguments begin afterwards
 * @options: KEY_TERMS_OPTIONS and the verb's own
 * @terms:   out
 *
 * Return: 0, or the exit code for a usage error that was reported.
 */
int key_terms_parse(struct ctl *ctl, int argc, char **argv, const struct option *options,
		    struct key_terms *terms);

/**
 * key_terms_fill - make sense of the options
 * @ctl:   where verifiers have names
 * @terms: @new.verb is set
 * @err:   circumstances of a failure
 *
 * Return: 0 or a negative errno.
 */
int key_terms_fill(const struct ctl *ctl, struct key_terms *terms, struct bastion_error *err);

/**
 * key_terms_create - make the key, save it if that is wished, and report it
 * @ctl:   for the output
 * @terms: filled
 * @name:  the key's
 *
 * Return: an exit code, after a message if it is not 0.
 */
int key_terms_create(const struct ctl *ctl, const struct key_terms *terms, const char *name);

#endif
