// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <jansson.h>

#include "bastion-chip/qmp.h"
#include "bastion-chip/socket.h"

#define RETRY_NS 50000000ull

static void disconnect(struct chip_qmp *qmp)
{
	chip_loop_remove(qmp->loop, &qmp->source);
	if (qmp->source.fd >= 0)
		close(qmp->source.fd);
	qmp->source.fd = -1;
}

static bool message(void *data, char *text)
{
	static const char hello[] = "{\"execute\":\"qmp_capabilities\"}\r\n";
	struct chip_qmp *qmp = data;
	json_t *object = json_loads(text, 0, NULL);
	const char *event = json_string_value(json_object_get(object, "event"));
	bool good = true;

	if (json_object_get(object, "QMP"))
		good = send(qmp->source.fd, hello, sizeof(hello) - 1, MSG_NOSIGNAL) ==
		       sizeof(hello) - 1;
	else if (event && !strcmp(event, "RESET"))
		qmp->reset(qmp->data);
	json_decref(object);
	return good;
}

static void ready(void *data)
{
	struct chip_qmp *qmp = data;

	if (chip_lines_read(&qmp->lines, qmp->source.fd, message, qmp))
		return;
	disconnect(qmp);
	chip_loop_arm(qmp->loop, &qmp->retry, RETRY_NS);
}

static void try(void *data)
{
	struct chip_qmp *qmp = data;

	qmp->lines.len = 0;
	qmp->lines.skip = false;
	qmp->source.fd = chip_socket_connect(qmp->path, SOCK_NONBLOCK, NULL);
	if (qmp->source.fd < 0 || !chip_loop_add(qmp->loop, &qmp->source)) {
		disconnect(qmp);
		chip_loop_arm(qmp->loop, &qmp->retry, RETRY_NS);
	}
}

void chip_qmp_init(struct chip_qmp *qmp)
{
	qmp->source = (struct chip_source){ .fd = -1, .ready = ready, .data = qmp };
	qmp->retry = (struct chip_timer){ .fire = try, .data = qmp };
}

void chip_qmp_start(struct chip_qmp *qmp)
{
	if (qmp->path && qmp->source.fd < 0)
		try(qmp);
}

void chip_qmp_stop(struct chip_qmp *qmp)
{
	chip_loop_disarm(qmp->loop, &qmp->retry);
	disconnect(qmp);
}
