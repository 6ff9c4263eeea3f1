/* SPDX-License-Identifier: GPL-2.0 */
/* Verdicts and other JSON for people. */
#ifndef VERIFIER_SHOW_H
#define VERIFIER_SHOW_H

#include "libbastion-verify/verdict.h"

/** show_verdict() - a table of checks, those that failed explained */
void show_verdict(const struct bv_verdict *verdict);

/** show_registers() - {"sha256": {"0": hex}} in a form that --expect reads */
void show_registers(const json_t *registers);

/** show_names() - a list of names as a comment; nothing when it is empty */
void show_names(const char *what, const json_t *names);

/**
 * show_finding() - what came of inspecting something
 * @json:	has "ok" and "error"; NULL without memory; the reference is taken
 * @file:	what was inspected
 * @as_json:	or with @show
 * @show:	for people
 *
 * Return: an exit code, with a complaint.
 */
int show_finding(json_t *json, const char *file, bool as_json, void (*show)(json_t *json));

/** show_json() - indented, or a complaint; returns an exit code; takes the reference */
int show_json(json_t *json);

#endif
