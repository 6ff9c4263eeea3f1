/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control socket: a line of text in, a line out, "ok" or "error: ..." or, for
 * questions, JSON. Tests and launchers use it; a guest can only if it was given a port to it.
 */
#ifndef CHIP_CONTROL_H
#define CHIP_CONTROL_H

#include "bastion-chip/complain.h"
#include "bastion-chip/lines.h"
#include "bastion-chip/loop.h"

#define CHIP_CONTROL_CLIENTS 4
#define CHIP_REPLY_MAX 4096

struct chip_control;

/** struct chip_control_client - somebody connected */
struct chip_control_client {
	struct chip_control *control;
	struct chip_source source;
	struct chip_lines lines;
};

/**
 * struct chip_control - the socket
 * @loop:	what it lives in
 * @command:	executes a line and writes the answer
 * @data:	for @command
 */
struct chip_control {
	struct chip_loop *loop;
	void (*command)(void *data, char *line, char reply[CHIP_REPLY_MAX]);
	void *data;
	struct chip_source listener;
	struct chip_control_client clients[CHIP_CONTROL_CLIENTS];
};

/** chip_control_listen - the fields up to @data are set. Return: 0 or -1. */
int chip_control_listen(struct chip_control *control, const char *path, struct complaint *why);

/** chip_control_close - hang up on everybody */
void chip_control_close(struct chip_control *control);

/**
 * chip_control_ask - the other end: send a line, wait for the answer
 * @path:	of the socket
 * @line:	without its newline
 * @reply:	without its newline
 * @why:	the error in words
 *
 * Return: 0, or -1 when there was no answer or it begins with "error: ".
 */
int chip_control_ask(const char *path, const char *line, char reply[CHIP_REPLY_MAX],
		     struct complaint *why);

#endif
