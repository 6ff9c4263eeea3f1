/* SPDX-License-Identifier: GPL-2.0 */
/* UNIX sockets by path. */
#ifndef CHIP_SOCKET_H
#define CHIP_SOCKET_H

#include "bastion-chip/complain.h"

/**
 * chip_socket_listen - a listening stream socket, mode 0600
 * @path:	replaced when a socket is there; appears only once it listens
 * @why:	the error in words
 *
 * Return: a non-blocking descriptor, or -1.
 */
int chip_socket_listen(const char *path, struct complaint *why);

/**
 * chip_socket_connect - connect to a stream socket
 * @path:	of the socket
 * @flags:	SOCK_NONBLOCK or 0
 * @why:	the error in words
 *
 * Return: a descriptor, or -1.
 */
int chip_socket_connect(const char *path, int flags, struct complaint *why);

#endif
