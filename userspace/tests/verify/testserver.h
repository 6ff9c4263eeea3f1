/* SPDX-License-Identifier: GPL-2.0 */
/* The verifier's socket as the program serves it: until SIGTERM. */
#ifndef TEST_SERVER_H
#define TEST_SERVER_H

#include "bastion-verifier/server.h"

/** ts_run() - server_run(), which SIGTERM ends */
int ts_run(int fd, struct service *service, const struct server_times *times, bool once);

/** ts_connect() - a descriptor */
int ts_connect(const char *path);

#endif
