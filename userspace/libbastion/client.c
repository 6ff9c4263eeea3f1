// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "libbastion/client.h"
#include "libbastion/hex.h"
#include "libbastion/json.h"

#define FIRST_ROOM 4096

static int fail(struct bastion_error *err, int code, const char *what)
{
	return bastion_error_set(err, BASTION_OP_PEER, code, "%s", what);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Waits until the socket is ready, but not beyond the message's deadline. */
static int wait_for(const struct bastion_client *client, short events, int64_t deadline)
{
	struct pollfd p = { .fd = client->fd, .events = events };
	int64_t left = deadline - now_ms();
	int n;

	if (left <= 0)
		return -ETIMEDOUT;
	n = poll(&p, 1, left);
	if (n < 0)
		return -errno;
	return n ? 0 : -ETIMEDOUT;
}

void bastion_client_attach(struct bastion_client *client, int fd, int timeout_ms)
{
	client->fd = fd;
	client->timeout_ms = timeout_ms;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

int bastion_client_connect(struct bastion_client *client, const char *path, int timeout_ms,
			   struct bastion_error *err)
{
	const struct timeval timeout = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, rc;

	client->fd = -1;
	if (strlen(path) >= sizeof(address.sun_path))
		return bastion_error_set(err, BASTION_OP_USAGE, ENAMETOOLONG,
					 "the socket's path is too long: %s", path);
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(err, errno, "cannot make a socket");
	/* A full queue keeps connect() waiting: so long, and without this for ever. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		rc = bastion_error_set(err, BASTION_OP_PEER, errno == EAGAIN ? ETIMEDOUT : errno,
				       "cannot connect to %s", path);
		close(fd);
		return rc;
	}
	bastion_client_attach(client, fd, timeout_ms);
	return 0;
}

void bastion_client_close(struct bastion_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

static int send_line(struct bastion_client *client, json_t *message, struct bastion_error *err)
{
	int64_t deadline = now_ms() + client->timeout_ms;
	char *text = json_dumps(message, JSON_COMPACT);
	size_t len, done = 0;
	int rc = 0;

	if (!text)
		return fail(err, ENOMEM, "cannot write the message");
	len = strlen(text);
	text[len++] = '\n';	/* where the NUL was */
	if (len > BASTION_CLIENT_LINE_MAX)
		rc = -EMSGSIZE;
	while (!rc && done < len) {
		ssize_t n = send(client->fd, text + done, len - done, MSG_NOSIGNAL);

		if (n >= 0)
			done += n;
		else if (errno == EAGAIN)
			rc = wait_for(client, POLLOUT, deadline);
		else if (errno != EINTR)
			rc = errno == EPIPE ? -ECONNRESET : -errno;
	}
	free(text);
	return rc ? fail(err, -rc, "cannot send to the verifier") : 0;
}

struct line {
	char *text;
	size_t room;
	size_t have;
};

static int make_room(struct line *line)
{
	size_t want = line->room ? line->room * 2 : FIRST_ROOM;
	char *more;

	if (line->have < line->room)
		return 0;
	if (line->have >= BASTION_CLIENT_LINE_MAX)
		return -EMSGSIZE;
	more = realloc(line->text, want);
	if (!more)
		return -ENOMEM;
	line->text = more;
	line->room = want;
	return 0;
}

/* One answer to one request: what follows the line would be an answer to none. */
static int read_line(struct bastion_client *client, struct line *line)
{
	int64_t deadline = now_ms() + client->timeout_ms;

	for (;;) {
		const char *end;
		ssize_t n;
		int rc = make_room(line);

		if (rc)
			return rc;
		n = recv(client->fd, line->text + line->have, line->room - line->have, 0);
		if (n == 0)
			return -ECONNRESET;
		if (n < 0 && errno == EAGAIN) {
			rc = wait_for(client, POLLIN, deadline);
			if (rc && rc != -EINTR)
				return rc;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		end = memchr(line->text + line->have, '\n', n);
		line->have += n;
		if (end)
			return end == line->text + line->have - 1 ? 0 : -EPROTO;
		if (now_ms() >= deadline)
			return -ETIMEDOUT;
	}
}

/* Does the verifier say why there is no answer? */
static bool is_refusal(const json_t *json, struct bastion_error *err)
{
	const char *got = json_string_value(json_object_get(json, "type"));
	const char *text = json_string_value(json_object_get(json, "error"));

	if (!got || strcmp(got, "error"))
		return false;
	bastion_error_set(err, BASTION_OP_PEER, EREMOTEIO, "the verifier says: %.200s",
			  text ? text : "(nothing)");
	return true;
}

int bastion_client_parse(const char *line, size_t len, const char *type, json_t **answer,
			 struct bastion_error *err)
{
	json_t *json = bastion_json_parse(line, len);
	const char *got = json_string_value(json_object_get(json, "type"));
	bool refusal;

	if (got && !strcmp(got, type)) {
		*answer = json;
		return 0;
	}
	refusal = is_refusal(json, err);
	json_decref(json);
	return refusal ? -EREMOTEIO : fail(err, EPROTO, "the verifier's answer is of a wrong type");
}

/* Who turns us away says why at once, and hears nothing. Another answer would be one to no question. */
static bool was_turned_away(struct bastion_client *client, struct bastion_error *err)
{
	struct line line = { 0 };
	bool refusal = false;
	json_t *json;

	if (!read_line(client, &line)) {
		json = bastion_json_parse(line.text, line.have);
		refusal = is_refusal(json, err);
		json_decref(json);
	}
	free(line.text);
	return refusal;
}

int bastion_client_ask(struct bastion_client *client, json_t *question, const char *type,
		       json_t **answer, struct bastion_error *err)
{
	struct line line = { 0 };
	int rc;

	if (!question)
		return fail(err, ENOMEM, "cannot write the message");
	rc = send_line(client, question, err);
	json_decref(question);
	if (rc == -ECONNRESET && was_turned_away(client, err))
		return -EREMOTEIO;
	if (rc)
		return rc;
	rc = read_line(client, &line);
	if (rc)
		fail(err, -rc, "cannot read the verifier's answer");
	else
		rc = bastion_client_parse(line.text, line.have, type, answer, err);
	free(line.text);
	return rc;
}

/* A verifier that remembers nothing does not say so. */
static bool read_start(const json_t *answer, const char *name, uint64_t *start)
{
	const json_t *value = json_object_get(answer, name);

	*start = json_integer_value(value);
	return !value || (json_is_integer(value) && json_integer_value(value) >= 0);
}

int bastion_challenge_parse(const json_t *answer, struct bastion_challenge *challenge,
			    struct bastion_error *err)
{
	const char *nonce = json_string_value(json_object_get(answer, "nonce"));
	const char *verifier = json_string_value(json_object_get(answer, "verifier"));
	ssize_t n = nonce ? bastion_hex_decode(nonce, strlen(nonce), challenge->nonce,
					       BASTION_VERIFIER_NONCE_MAX) : -EPROTO;

	if (n < BASTION_VERIFIER_NONCE_MIN)
		return fail(err, EPROTO, "the challenge's nonce is not 8 to 64 bytes of hex");
	if (!verifier ||
	    bastion_hex_decode_exact(verifier, challenge->verifier, BASTION_DIGEST_SIZE))
		return fail(err, EPROTO, "the challenge's verifier is not 48 bytes of hex");
	if (!read_start(answer, "log_from", &challenge->log_from) ||
	    !read_start(answer, "ima_from", &challenge->ima_from) ||
	    !read_start(answer, "ima_offset", &challenge->ima_offset))
		return fail(err, EPROTO, "the challenge does not say what the verifier has");
	challenge->nonce_len = n;
	return 0;
}

int bastion_client_challenge(struct bastion_client *client,
			     const uint8_t chip_id[BASTION_DIGEST_SIZE],
			     const uint8_t boot_key[BASTION_POINT_SIZE],
			     struct bastion_challenge *challenge, struct bastion_error *err)
{
	char chip_hex[2 * BASTION_DIGEST_SIZE + 1], key_hex[2 * BASTION_POINT_SIZE + 1];
	json_t *question, *answer;
	int rc;

	if (chip_id) {
		bastion_hex_encode(chip_id, BASTION_DIGEST_SIZE, chip_hex);
		bastion_hex_encode(boot_key, BASTION_POINT_SIZE, key_hex);
		question = json_pack("{s:s, s:s, s:s}", "type", "challenge", "chip", chip_hex,
				     "boot_key", key_hex);
	} else {
		question = json_pack("{s:s}", "type", "challenge");
	}
	rc = bastion_client_ask(client, question, "challenge", &answer, err);
	if (rc)
		return rc;
	rc = bastion_challenge_parse(answer, challenge, err);
	json_decref(answer);
	return rc;
}

int bastion_client_appraise(struct bastion_client *client, json_t *evidence,
			    struct bastion_result *result, struct bastion_error *err)
{
	json_t *answer;
	int rc;

	rc = bastion_client_ask(client, json_pack("{s:s, s:O}", "type", "evidence", "evidence",
						  evidence), "result", &answer, err);
	if (rc)
		return rc;
	rc = bastion_result_parse(answer, result, err);
	json_decref(answer);
	return rc;
}
