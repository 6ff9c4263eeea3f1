/* SPDX-License-Identifier: GPL-2.0 */
/* Verdicts and other JSON for people. */
#ifndef VERIFIER_SHOW_H
#define VERIFIER_SHOW_H

#include "libbastion-verify/verdict.h"

/** show_verdict() - a table of checks, those that failed explained */
void show_verdict(const struct bv_verdict *verdict);

/** show_json() - indented, or a complaint; returns an exit code; takes the reference */
int show_json(json_t *json);

#endif
