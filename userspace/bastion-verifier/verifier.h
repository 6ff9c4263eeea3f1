/* SPDX-License-Identifier: GPL-2.0 */
/* What the commands of bastion-verifier share. */
#ifndef VERIFIER_H
#define VERIFIER_H

#include <stdbool.h>

#define VERIFIER_VERSION	"0.1.0"
#define VERIFIER_BUILD		"bastion-verifier " VERIFIER_VERSION
#define VERIFIER_AUDIENCE	"bastion"

/* Exit codes */
#define VERIFIER_OK		0
#define VERIFIER_REFUSED	1	/* or failed */
#define VERIFIER_USAGE		2

/**
 * struct verifier_command - one command
 * @name:	as typed
 * @help:	its arguments and what it does, printed by --help
 * @run:	gets argv from the command's name on; returns an exit code
 */
struct verifier_command {
	const char *name;
	const char *help;
	int (*run)(int argc, char **argv);
};

int verifier_keygen(int argc, char **argv);
int verifier_digest(int argc, char **argv);
int verifier_reference(int argc, char **argv);
int verifier_policy(int argc, char **argv);
int verifier_enroll(int argc, char **argv);
int verifier_machines(int argc, char **argv);
int verifier_inspect(int argc, char **argv);
int verifier_inspect_log(int argc, char **argv);
int verifier_inspect_tpm_quote(int argc, char **argv);
int verifier_inspect_ek_cert(int argc, char **argv);
int verifier_challenge(int argc, char **argv);
int verifier_verify(int argc, char **argv);
int verifier_serve(int argc, char **argv);

/** verifier_inspects_log() - whether "inspect" of this is verifier_inspect_log()'s */
bool verifier_inspects_log(const char *name);

/** verifier_usage() - complain about the command line; returns VERIFIER_USAGE */
__attribute__((format(printf, 1, 2))) int verifier_usage(const char *fmt, ...);

/** verifier_fail() - complain about anything else; returns VERIFIER_REFUSED */
__attribute__((format(printf, 1, 2))) int verifier_fail(const char *fmt, ...);

#endif
