/* SPDX-License-Identifier: GPL-2.0 */
/* Lines of text out of a stream that arrives in pieces. */
#ifndef CHIP_LINES_H
#define CHIP_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define CHIP_LINE_MAX 8192

/** struct chip_lines - what has arrived; @skip: the rest of a line that was too long */
struct chip_lines {
	size_t len;
	bool skip;
	char buffer[CHIP_LINE_MAX];
};

/**
 * chip_lines_read - read once, and hand out every line that is whole
 * @lines:	the buffer
 * @fd:		non-blocking
 * @line:	called with each, NUL terminated without its newline; one that is
 *		too long is left out. Returns false when it has closed the stream.
 * @data:	for @line
 *
 * Return: false when the stream has ended or was closed by @line.
 */
bool chip_lines_read(struct chip_lines *lines, int fd, bool (*line)(void *data, char *text),
		     void *data);

#endif
