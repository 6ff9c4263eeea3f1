// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "server.h"

#define ROOM_FIRST	4096
#define TELL_MS		10000

/* A round is over after 60 seconds, and who begins one has it behind him in half of that. */
const struct server_times server_times = { 60000, 30000, 300000, 30000 };

/* One connection. It either reads a request or writes an answer, never both. */
struct peer {
	int fd;			/* -1: free */
	uid_t uid;
	bool spoke;		/* sent a whole line */
	struct session session;
	char *in;
	size_t in_len;
	size_t in_seen;		/* of these, where no newline is */
	size_t in_room;
	char *out;		/* NULL while reading */
	size_t out_len;
	size_t out_done;
	bool hangup;		/* after the answer */
	int64_t since;
	int64_t deadline;
};

struct server {
	int fd;
	struct service *service;
	const struct server_hooks *hooks;
	const struct server_times *times;
	bool once;
	bool seen;		/* there was a connection */
	int64_t tell_at;	/* that all places are taken, again */
	struct peer peers[SERVER_PEERS];
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static int address(const char *path, struct sockaddr_un *out, struct bv_error *err)
{
	memset(out, 0, sizeof(*out));
	out->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(out->sun_path)) {
		bv_fail(err, "the path of a socket has at most %zu bytes",
			sizeof(out->sun_path) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(out->sun_path, path);
	return 0;
}

/* Whose queue is full does, too. */
static bool somebody_serves(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool yes = fd >= 0 && (!connect(fd, (const struct sockaddr *)at, sizeof(*at)) ||
			       errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return yes;
}

int server_listen(const char *path, struct stat *made, struct bv_error *err)
{
	struct sockaddr_un final, temporary;
	char name[sizeof(final.sun_path) + 32];
	struct stat st;
	mode_t mask;
	int fd, ret;

	snprintf(name, sizeof(name), "%s.%ld", path, (long)getpid());
	if ((ret = address(path, &final, err)) || (ret = address(name, &temporary, err)))
		return ret;
	if (somebody_serves(&final)) {
		bv_fail(err, "somebody already serves at %.200s", path);
		return -EADDRINUSE;
	}
	/* A socket that was left behind is replaced, anything else is not ours to take. */
	if (!lstat(path, &st) && !S_ISSOCK(st.st_mode)) {
		bv_fail(err, "%.200s is there and is no socket", path);
		return -EEXIST;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mask = umask(0117);
	ret = fd < 0 || bind(fd, (struct sockaddr *)&temporary, sizeof(temporary)) ? -errno : 0;
	umask(mask);
	/* It gets its name when one can connect to it, and not before. */
	if (!ret && (lstat(name, made) || listen(fd, SERVER_PEERS) || rename(name, path)))
		ret = -errno;
	if (!ret)
		return fd;
	bv_fail(err, "%.200s: %s", path, strerror(-ret));
	unlink(name);
	if (fd >= 0)
		close(fd);
	return ret;
}

/* The name could be another's by now. While ours can be connected to no other server takes it. */
void server_unlink(const char *path, const struct stat *made, int fd)
{
	struct stat st;

	if (!lstat(path, &st) && st.st_dev == made->st_dev && st.st_ino == made->st_ino)
		unlink(path);
	close(fd);
}

static void drop(struct peer *peer)
{
	close(peer->fd);
	free(peer->in);
	free(peer->out);
	memset(peer, 0, sizeof(*peer));
	peer->fd = -1;
}

static void log_line(struct server *server, const char *line)
{
	server->hooks->log(server->hooks->context, line);
}

/* In so many milliseconds, but not at any age. */
static void set_deadline(const struct server *server, struct peer *peer, int64_t ms)
{
	int64_t end = peer->since + server->times->age, then = now_ms() + ms;

	peer->deadline = then < end ? then : end;
}

/* All count as one of whom the kernel knows nothing. */
static uid_t uid_of(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) ? (uid_t)-1 : cred.uid;
}

static int count(const struct server *server, uid_t uid)
{
	int count = 0;

	for (int i = 0; i < SERVER_PEERS; i++)
		count += server->peers[i].fd >= 0 && server->peers[i].uid == uid;
	return count;
}

static bool goes_before(const struct peer *one, const struct peer *other)
{
	return one->spoke == other->spoke ? one->since < other->since : !one->spoke;
}

/*
 * A free place; or that of a connection of the user who has most, the newcomer counted: of one that
 * has not asked for anything yet, or else the oldest. NULL when that is the newcomer's own user, whose
 * connections have been asking for no longer than they may.
 */
static struct peer *find_place(struct server *server, uid_t uid, int64_t now)
{
	struct peer *goes = NULL;
	int most = 0;

	for (int i = 0; i < SERVER_PEERS; i++) {
		struct peer *peer = &server->peers[i];
		int has;

		if (peer->fd < 0)
			return peer;
		has = count(server, peer->uid) + (peer->uid == uid);
		if (has > most || (has == most && goes_before(peer, goes))) {
			goes = peer;
			most = has;
		}
	}
	return goes->spoke && goes->uid == uid && now < goes->since + server->times->fair ? NULL : goes;
}

static void turn_away(int fd)
{
	static const char answer[] = "{\"type\":\"error\",\"error\":\"all places are taken: try again "
				     "later\"}\n";

	send(fd, answer, strlen(answer), MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

/* Nobody waits outside: who has many connections would keep others from ever being looked at. */
static void accept_one(struct server *server)
{
	int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int64_t now = now_ms();
	struct peer *place;
	uid_t uid;

	if (fd < 0)
		return;
	uid = uid_of(fd);
	place = find_place(server, uid, now);
	if ((!place || place->fd >= 0) && now >= server->tell_at) {
		log_line(server, "all places are taken: connections are closed");
		server->tell_at = now + TELL_MS;
	}
	if (!place) {
		turn_away(fd);
		return;
	}
	if (place->fd >= 0)
		drop(place);
	place->fd = fd;
	place->uid = uid;
	place->since = now;
	set_deadline(server, place, server->times->idle);
	server->seen = true;
}

static void put_answer(struct server *server, struct peer *peer, char *answer)
{
	if (!answer) {
		drop(peer);
		return;
	}
	peer->out = answer;
	peer->out_len = strlen(answer);
	peer->out[peer->out_len++] = '\n';	/* in place of the NUL */
	peer->out_done = 0;
	set_deadline(server, peer, server->times->line);
}

/* Answers the first line that is complete, if there is one. */
static void handle_line(struct server *server, struct peer *peer)
{
	char *end = NULL, *answer, *line = NULL;
	size_t len;

	if (peer->in_len > peer->in_seen)
		end = memchr(peer->in + peer->in_seen, '\n', peer->in_len - peer->in_seen);
	peer->in_seen = peer->in_len;
	if (!end && peer->in_len > SESSION_LINE_MAX) {
		peer->hangup = true;
		put_answer(server, peer, session_error("the request is longer than 8 MiB"));
		return;
	}
	if (!end)
		return;
	peer->spoke = true;
	len = end - peer->in;
	answer = session_line(&peer->session, server->service,
			      (struct bv_span){ (uint8_t *)peer->in, len }, now_ms(),
			      &peer->hangup, &line);
	if (line)
		log_line(server, line);
	free(line);
	peer->in_len -= len + 1;
	peer->in_seen = 0;
	memmove(peer->in, end + 1, peer->in_len);
	put_answer(server, peer, answer);
}

static int make_room(struct peer *peer)
{
	size_t room = peer->in_room ? 2 * peer->in_room : ROOM_FIRST;
	char *wider;

	if (peer->in_len < peer->in_room)
		return 0;
	/* The longest line and its newline fit; what is longer is refused before. */
	wider = realloc(peer->in, room);
	if (!wider)
		return -ENOMEM;
	peer->in = wider;
	peer->in_room = room;
	return 0;
}

static void read_some(struct server *server, struct peer *peer)
{
	ssize_t got;

	if (make_room(peer)) {
		drop(peer);
		return;
	}
	got = recv(peer->fd, peer->in + peer->in_len, peer->in_room - peer->in_len, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		drop(peer);
		return;
	}
	/* A request has so long from its first byte on, however slowly it drips. */
	if (!peer->in_len)
		set_deadline(server, peer, server->times->line);
	peer->in_len += got;
	handle_line(server, peer);
}

static void write_some(struct server *server, struct peer *peer)
{
	ssize_t done = send(peer->fd, peer->out + peer->out_done, peer->out_len - peer->out_done,
			    MSG_NOSIGNAL);

	if (done < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (done < 0) {
		drop(peer);
		return;
	}
	peer->out_done += done;
	if (peer->out_done < peer->out_len)
		return;
	free(peer->out);
	peer->out = NULL;
	if (peer->hangup) {
		drop(peer);
		return;
	}
	set_deadline(server, peer, peer->in_len ? server->times->line : server->times->idle);
	handle_line(server, peer);
}

static bool busy(const struct server *server)
{
	for (int i = 0; i < SERVER_PEERS; i++)
		if (server->peers[i].fd >= 0)
			return true;
	return false;
}

/* Until the next deadline, or for ever. */
static int wait_ms(const struct server *server, int64_t now)
{
	int64_t next = -1;

	for (int i = 0; i < SERVER_PEERS; i++)
		if (server->peers[i].fd >= 0 && (next < 0 || server->peers[i].deadline < next))
			next = server->peers[i].deadline;
	if (next < 0)
		return -1;
	return next > now ? next - now : 0;
}

static int wait_events(struct server *server, struct pollfd *fds, const sigset_t *mask)
{
	int ms = wait_ms(server, now_ms()), ready;
	const struct timespec timeout = { ms / 1000, ms % 1000 * 1000000L };

	for (int i = 0; i < SERVER_PEERS; i++) {
		fds[i].fd = server->peers[i].fd;
		fds[i].events = server->peers[i].out ? POLLOUT : POLLIN;
		fds[i].revents = 0;
	}
	fds[SERVER_PEERS] = (struct pollfd){ server->once && server->seen ? -1 : server->fd, POLLIN, 0 };
	ready = ppoll(fds, SERVER_PEERS + 1, ms < 0 ? NULL : &timeout, mask);
	if (ready >= 0)
		return 0;
	/* A signal: revents say nothing. */
	for (int i = 0; i <= SERVER_PEERS; i++)
		fds[i].revents = 0;
	return errno == EINTR ? 0 : -errno;
}

/* ppoll() takes none while there is something to do, and who asks all the time sees to that. */
static void take_signals(const sigset_t *mask)
{
	sigset_t ours;

	sigprocmask(SIG_SETMASK, mask, &ours);
	sigprocmask(SIG_SETMASK, &ours, NULL);
}

static void serve_peer(struct server *server, struct peer *peer, short revents)
{
	if (revents && peer->out)
		write_some(server, peer);
	else if (revents)
		read_some(server, peer);
	if (peer->fd >= 0 && now_ms() >= peer->deadline)
		drop(peer);
}

int server_run(int fd, struct service *service, const struct server_hooks *hooks,
	       const struct server_times *times, bool once, const sigset_t *mask)
{
	struct server *server = calloc(1, sizeof(*server));
	struct pollfd fds[SERVER_PEERS + 1];
	int ret = 0;

	if (!server)
		return -ENOMEM;
	server->fd = fd;
	server->service = service;
	server->hooks = hooks;
	server->times = times;
	server->once = once;
	for (int i = 0; i < SERVER_PEERS; i++)
		server->peers[i].fd = -1;
	while (!ret && !hooks->stop(hooks->context) &&
	       !(once && server->seen && !busy(server))) {
		ret = wait_events(server, fds, mask);
		take_signals(mask);
		hooks->tick(hooks->context);
		for (int i = 0; !ret && i < SERVER_PEERS; i++)
			if (server->peers[i].fd >= 0)
				serve_peer(server, &server->peers[i], fds[i].revents);
		if (!ret && fds[SERVER_PEERS].revents)
			accept_one(server);
	}
	for (int i = 0; i < SERVER_PEERS; i++)
		if (server->peers[i].fd >= 0)
			drop(&server->peers[i]);
	free(server);
	return ret;
}
