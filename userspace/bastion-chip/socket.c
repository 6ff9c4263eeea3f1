// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "bastion-chip/socket.h"

static int address(struct sockaddr_un *to, const char *path, const char *suffix,
		   struct complaint *why)
{
	int len;

	memset(to, 0, sizeof(*to));
	to->sun_family = AF_UNIX;
	len = snprintf(to->sun_path, sizeof(to->sun_path), "%s%s", path, suffix);
	if (len < 0 || (size_t)len >= sizeof(to->sun_path))
		return complain(why, "%s: too long for a socket's path", path);
	return 0;
}

int chip_socket_listen(const char *path, struct complaint *why)
{
	struct sockaddr_un temporary;
	struct stat status;
	int fd;

	if (address(&temporary, path, ".new", why))
		return -1;
	if (!lstat(path, &status) && !S_ISSOCK(status.st_mode))
		return complain(why, "%s exists and is not a socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return complain(why, "socket: %s", strerror(errno));
	unlink(temporary.sun_path);
	if (bind(fd, (struct sockaddr *)&temporary, sizeof(temporary)) < 0 ||
	    chmod(temporary.sun_path, 0600) < 0 || listen(fd, 8) < 0 ||
	    rename(temporary.sun_path, path) < 0) {
		complain(why, "%s: %s", path, strerror(errno));
		unlink(temporary.sun_path);
		close(fd);
		return -1;
	}
	return fd;
}

int chip_socket_connect(const char *path, int flags, struct complaint *why)
{
	struct sockaddr_un to;
	int fd;

	if (address(&to, path, "", why))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	if (fd < 0)
		return complain(why, "socket: %s", strerror(errno));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		complain(why, "%s: %s", path, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}
