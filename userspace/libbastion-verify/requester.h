/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The event "requester" of register 4: as whom and from where a key was asked for
 * (Documentation/measurements.rst).
 */
#ifndef BV_REQUESTER_H
#define BV_REQUESTER_H

#include <bastion/round.h>

#include "bytes.h"

/**
 * struct bv_requester - who asked; spans point into the event
 * @uid:	in the machine's initial user namespace
 * @exe:	SHA-256 of the executable
 * @path:	of the executable, with what is not printable as \xNN
 * @cgroup:	in the unified hierarchy, likewise
 */
struct bv_requester {
	uint32_t uid;
	uint8_t exe[BASTION_EXE_SIZE];
	struct bv_span path;
	struct bv_span cgroup;
};

/**
 * bv_requester_read() - read the event's text
 * @text:	untrusted
 * @who:	what was read; of no use after a failure
 *
 * There is one way to write each requester, and nothing else is accepted.
 *
 * Return: 0 or -EBADMSG.
 */
int bv_requester_read(struct bv_span text, struct bv_requester *who);

#endif
