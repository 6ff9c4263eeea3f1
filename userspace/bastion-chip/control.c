// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "bastion-chip/bytes.h"
#include "bastion-chip/control.h"
#include "bastion-chip/socket.h"

#define ANSWER_SECONDS 10

static void hang_up(struct chip_control_client *client)
{
	chip_loop_remove(client->control->loop, &client->source);
	if (client->source.fd >= 0)
		close(client->source.fd);
	client->source.fd = -1;
}

static bool line_ready(void *data, char *line)
{
	struct chip_control_client *client = data;
	struct chip_control *control = client->control;
	char reply[CHIP_REPLY_MAX + 1] = "";
	size_t len;

	control->command(control->data, line, reply);
	len = strlen(reply);
	reply[len++] = '\n';
	return send(client->source.fd, reply, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len;
}

static void client_ready(void *data)
{
	struct chip_control_client *client = data;

	if (!chip_lines_read(&client->lines, client->source.fd, line_ready, client))
		hang_up(client);
}

static void listener_ready(void *data)
{
	struct chip_control *control = data;
	int fd = accept4(control->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(control->clients); i++) {
		struct chip_control_client *client = &control->clients[i];

		if (client->source.fd >= 0)
			continue;
		client->source.fd = fd;
		client->lines.len = 0;
		client->lines.skip = false;
		if (!chip_loop_add(control->loop, &client->source))
			hang_up(client);
		return;
	}
	close(fd);
}

int chip_control_listen(struct chip_control *control, const char *path, struct complaint *why)
{
	for (size_t i = 0; i < ARRAY_SIZE(control->clients); i++) {
		struct chip_control_client *client = &control->clients[i];

		client->control = control;
		client->source = (struct chip_source){ .fd = -1, .ready = client_ready,
						       .data = client };
	}
	control->listener = (struct chip_source){
		.fd = chip_socket_listen(path, why),
		.ready = listener_ready,
		.data = control,
	};
	if (control->listener.fd < 0)
		return -1;
	chip_loop_add(control->loop, &control->listener);
	return 0;
}

void chip_control_close(struct chip_control *control)
{
	for (size_t i = 0; i < ARRAY_SIZE(control->clients); i++)
		hang_up(&control->clients[i]);
	chip_loop_remove(control->loop, &control->listener);
	close(control->listener.fd);
}

static int receive_line(int fd, char reply[CHIP_REPLY_MAX])
{
	size_t len = 0;
	ssize_t got;

	while (!len || (reply[len - 1] != '\n' && len < CHIP_REPLY_MAX - 1)) {
		got = recv(fd, reply + len, CHIP_REPLY_MAX - 1 - len, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		len += got;
	}
	reply[len - 1] = 0;
	return 0;
}

int chip_control_ask(const char *path, const char *line, char reply[CHIP_REPLY_MAX],
		     struct complaint *why)
{
	struct timeval patience = { .tv_sec = ANSWER_SECONDS };
	int fd = chip_socket_connect(path, 0, why);
	int error = 0;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (send(fd, line, strlen(line), MSG_NOSIGNAL) < 0 || send(fd, "\n", 1, MSG_NOSIGNAL) < 0 ||
	    receive_line(fd, reply))
		error = complain(why, "%s: no answer", path);
	else if (!strncmp(reply, "error: ", 7))
		error = complain(why, "%s", reply + 7);
	close(fd);
	return error;
}
