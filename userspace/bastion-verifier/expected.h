/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whom the operator expects to enroll over the socket: a file with a line for each name,
 * Documentation/enrolment.rst describes it. Nobody else may.
 */
#ifndef VERIFIER_EXPECTED_H
#define VERIFIER_EXPECTED_H

#include <stdbool.h>
#include <stdint.h>

#include <bastion/round.h>

#include "libbastion-verify/error.h"

/**
 * struct expected - who may take a name
 * @certified:	any chip with a certificate of the operator's roots
 * @chip_id:	else the only one
 */
struct expected {
	bool certified;
	uint8_t chip_id[BASTION_DIGEST_SIZE];
};

/**
 * expected_find() - look a name up
 * @path:	the file, all of which must be as it should
 * @name:	of a machine
 * @expected:	who may take it
 * @err:	what was wrong
 *
 * Return: 0; -ENOENT when the name is not there; another negative errno when the file is of no
 * use, and nobody may enroll.
 */
int expected_find(const char *path, const char *name, struct expected *expected,
		  struct bv_error *err);

#endif
