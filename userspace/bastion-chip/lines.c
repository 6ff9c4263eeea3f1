// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "bastion-chip/lines.h"

bool chip_lines_read(struct chip_lines *lines, int fd, bool (*line)(void *data, char *text),
		     void *data)
{
	char *start = lines->buffer, *end;
	ssize_t got;

	got = recv(fd, lines->buffer + lines->len, sizeof(lines->buffer) - lines->len,
		   MSG_DONTWAIT);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	if (!got)
		return false;
	lines->len += got;
	while ((end = memchr(start, '\n', lines->buffer + lines->len - start))) {
		*end = 0;
		if (end > start && end[-1] == '\r')
			end[-1] = 0;
		if (!lines->skip && !line(data, start))
			return false;
		lines->skip = false;
		start = end + 1;
	}
	lines->len -= start - lines->buffer;
	memmove(lines->buffer, start, lines->len);
	if (lines->len == sizeof(lines->buffer)) {
		lines->skip = true;
		lines->len = 0;
	}
	return true;
}
