// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "state.h"

#define SUFFIX		".history"
#define ASIDE		".damaged-"
#define NAME_SIZE	(2 * BASTION_DIGEST_SIZE + sizeof(SUFFIX))
/* Pieces cost a little more than their bytes, and there is a head and a digest. */
#define FILE_MAX	(2 * (size_t)BV_HISTORY_MAX)

/* A machine; the one that was asked for last comes first. */
struct machine {
	struct machine *next;
	uint8_t chip_id[BASTION_DIGEST_SIZE];
	struct bv_history *history;
};

struct state {
	struct machine *machines;
	char *folder;		/* NULL: none */
	int fd;			/* of the folder, locked */
	size_t files;
};

static void complain(const char *what, const char *why)
{
	fprintf(stderr, "bastion-verifier: %s: %s\n", what, why);
}

static bool has_only(const char *text, const char *digits)
{
	return *text && strspn(text, digits) == strlen(text);
}

/*
 * Is this what a verifier that died left of a file that it was writing? Its end is 16 hex digits of
 * bastion_output_replace(), or the number of a process of an older verifier.
 */
static bool is_unfinished(const char *name)
{
	const char *end = strlen(name) > NAME_SIZE ? name + NAME_SIZE - 1 : NULL;

	if (!end || *end != '.' || strncmp(end - strlen(SUFFIX), SUFFIX, strlen(SUFFIX)))
		return false;
	return has_only(end + 1, "0123456789") ||
	       (strlen(end + 1) == 16 && has_only(end + 1, "0123456789abcdef"));
}

static bool is_history(const char *name)
{
	return strlen(name) == NAME_SIZE - 1 && !strcmp(name + 2 * BASTION_DIGEST_SIZE, SUFFIX);
}

static int look_around(struct state *state, struct bv_error *err)
{
	DIR *dir = opendir(state->folder);
	struct dirent *entry;

	if (!dir)
		return bv_fail_errno(err, errno, state->folder);
	while ((entry = readdir(dir))) {
		if (is_unfinished(entry->d_name))
			unlinkat(state->fd, entry->d_name, 0);
		state->files += is_history(entry->d_name);
	}
	closedir(dir);
	/* Names that one that died had set, and not on disk: what is seen here is promised to last. */
	return fsync(state->fd) ? bv_fail_errno(err, errno, state->folder) : 0;
}

static int enter(struct state *state, const char *folder, struct bv_error *err)
{
	struct stat st;

	state->folder = strdup(folder);
	if (!state->folder)
		return bv_fail_errno(err, ENOMEM, "opening the state");
	if (mkdir(folder, 0700) && errno != EEXIST)
		return bv_fail_errno(err, errno, folder);
	state->fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (state->fd < 0 || fstat(state->fd, &st))
		return bv_fail_errno(err, errno, folder);
	if (st.st_mode & 077 || st.st_uid != geteuid())
		return bv_fail(err, "%.200s: must be yours, with mode 0700", folder);
	if (flock(state->fd, LOCK_EX | LOCK_NB))
		return bv_fail(err, "%.200s: another verifier uses it", folder);
	return look_around(state, err);
}

struct state *state_open(const char *folder, struct bv_error *err)
{
	struct state *state = calloc(1, sizeof(*state));

	if (!state) {
		bv_fail_errno(err, ENOMEM, "opening the state");
		return NULL;
	}
	state->fd = -1;
	if (!folder || !enter(state, folder, err))
		return state;
	state_close(state);
	return NULL;
}

static void forget(struct machine **link)
{
	struct machine *machine = *link;

	*link = machine->next;
	bv_history_free(machine->history);
	free(machine);
}

void state_close(struct state *state)
{
	if (!state)
		return;
	while (state->machines)
		forget(&state->machines);
	if (state->fd >= 0)
		close(state->fd);
	free(state->folder);
	free(state);
}

static void file_name(const uint8_t chip_id[BASTION_DIGEST_SIZE], char name[NAME_SIZE])
{
	bv_hex(name, NAME_SIZE, chip_id, BASTION_DIGEST_SIZE);
	strcpy(name + 2 * BASTION_DIGEST_SIZE, SUFFIX);
}

static bool is_there(const struct state *state, const uint8_t chip_id[BASTION_DIGEST_SIZE])
{
	char name[NAME_SIZE];

	file_name(chip_id, name);
	return !faccessat(state->fd, name, F_OK, 0);
}

static int file_path(const struct state *state, const uint8_t chip_id[BASTION_DIGEST_SIZE],
		     char path[PATH_MAX])
{
	char name[NAME_SIZE];
	int len;

	file_name(chip_id, name);
	len = snprintf(path, PATH_MAX, "%s/%s", state->folder, name);
	return len < 0 || len >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* It may be what somebody has to look at, so it is not thrown away, nor is an earlier one. */
static void set_aside(struct state *state, const uint8_t chip_id[BASTION_DIGEST_SIZE])
{
	char name[NAME_SIZE];
	int ret;

	file_name(chip_id, name);
	ret = file_keep_at(state->fd, name, ASIDE);
	if (!ret && unlinkat(state->fd, name, 0))
		ret = -errno;
	if (ret)
		complain(name, strerror(-ret));
	else if (state->files)
		state->files--;
}

/* A machine that is remembered only in the folder. */
static struct bv_history *load(struct state *state, const uint8_t chip_id[BASTION_DIGEST_SIZE])
{
	struct bv_history *history;
	struct bv_error err = { "" };
	struct bv_span bytes;
	char path[PATH_MAX];
	int ret;

	if (!state->folder || !is_there(state, chip_id) || file_path(state, chip_id, path))
		return NULL;
	if (file_read(path, FILE_MAX, &bytes, &err)) {
		complain("state", err.text);
		return NULL;
	}
	history = bv_history_new(chip_id, BV_HISTORY_MAX);
	ret = history ? bv_history_decode(bytes, history, &err) : -ENOMEM;
	free((void *)bytes.data);
	if (!ret)
		return history;
	bv_history_free(history);
	complain(path, err.text[0] ? err.text : strerror(-ret));
	if (ret == -EBADMSG || ret == -ENOSPC) {
		complain(path, "is set aside: the machine is unknown, and if it has trimmed its log "
			       "it has to be rebooted");
		set_aside(state, chip_id);
	}
	return NULL;
}

static size_t size_of(const struct bv_history *history)
{
	return history->log.len + history->ima.len;
}

/* Those that were not asked for the longest go first; never the first of all. */
static void make_room(struct state *state)
{
	struct machine **link = &state->machines;
	size_t count = 0, bytes = 0;

	while (*link) {
		count++;
		bytes += size_of((*link)->history);
		if (count > 1 && (count > STATE_MACHINES_MAX || bytes > STATE_MEMORY_MAX))
			forget(link);
		else
			link = &(*link)->next;
	}
}

static struct bv_history *add(struct state *state, const uint8_t chip_id[BASTION_DIGEST_SIZE],
			      struct bv_history *history)
{
	struct machine *machine = history ? calloc(1, sizeof(*machine)) : NULL;

	if (!machine) {
		bv_history_free(history);
		return NULL;
	}
	memcpy(machine->chip_id, chip_id, BASTION_DIGEST_SIZE);
	machine->history = history;
	machine->next = state->machines;
	state->machines = machine;
	make_room(state);
	return history;
}

/* What is in memory. */
static struct bv_history *recall(struct state *state, const uint8_t chip_id[BASTION_DIGEST_SIZE])
{
	struct machine **link;

	for (link = &state->machines; *link; link = &(*link)->next) {
		struct machine *machine = *link;

		if (memcmp(machine->chip_id, chip_id, BASTION_DIGEST_SIZE))
			continue;
		/* Its file could not be read then. */
		if (!machine->history->replay.count && is_there(state, chip_id)) {
			forget(link);
			break;
		}
		*link = machine->next;
		machine->next = state->machines;
		state->machines = machine;
		return machine->history;
	}
	return NULL;
}

/* A file costs seconds: it is read for who names a boot that it may be about. */
static bool may_be_of(const struct state *state, const uint8_t chip_id[BASTION_DIGEST_SIZE],
		      const uint8_t boot_key[BASTION_POINT_SIZE])
{
	uint8_t head[BV_HISTORY_HEAD];
	char name[NAME_SIZE];
	ssize_t len = -1;
	int fd;

	file_name(chip_id, name);
	fd = openat(state->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0) {
		len = read(fd, head, sizeof(head));
		close(fd);
	}
	return len >= 0 && bv_history_begins((struct bv_span){ head, len }, chip_id, boot_key);
}

static struct bv_history *find(struct state *state, const uint8_t chip_id[BASTION_DIGEST_SIZE],
			       const uint8_t boot_key[BASTION_POINT_SIZE])
{
	struct bv_history *history = state ? recall(state, chip_id) : NULL;

	if (!history && state && may_be_of(state, chip_id, boot_key))
		history = add(state, chip_id, load(state, chip_id));
	return history;
}

struct bv_history *state_known(struct state *state, const uint8_t chip_id[BASTION_DIGEST_SIZE],
			       const uint8_t boot_key[BASTION_POINT_SIZE])
{
	struct bv_history *history = find(state, chip_id, boot_key);

	return history && bv_history_is(history, chip_id, boot_key) ? history : NULL;
}

/* Of machines that said their name, and then nothing that was true. */
static void forget_empty(struct state *state)
{
	struct machine **link = &state->machines;

	while (*link) {
		if ((*link)->history->replay.count)
			link = &(*link)->next;
		else
			forget(link);
	}
}

struct bv_history *state_get(struct state *state, const uint8_t chip_id[BASTION_DIGEST_SIZE],
			     const uint8_t boot_key[BASTION_POINT_SIZE])
{
	struct bv_history *history = find(state, chip_id, boot_key);

	if (history || !state)
		return history;
	forget_empty(state);
	return add(state, chip_id, bv_history_new(chip_id, BV_HISTORY_MAX));
}

static int store(struct state *state, struct bv_history *history, struct bv_error *err)
{
	struct bv_span bytes;
	char path[PATH_MAX];
	bool fresh;
	int ret;

	ret = file_path(state, history->chip_id, path);
	if (ret)
		return bv_fail_errno(err, -ret, state->folder);
	fresh = !is_there(state, history->chip_id);
	if (fresh && state->files >= STATE_FILES_MAX)
		return bv_fail(err, "%.200s has %d machines, as many as it may: nothing is kept of "
			       "another one until files of machines that are gone are removed",
			       state->folder, STATE_FILES_MAX);
	ret = bv_history_encode(history, &bytes);
	if (ret)
		return bv_fail_errno(err, -ret, path);
	ret = file_replace(path, 0600, bytes, err);
	free((void *)bytes.data);
	if (ret)
		return ret;
	state->files += fresh;
	/* The name has to be there after a crash, too. */
	return fsync(state->fd) ? bv_fail_errno(err, errno, state->folder) : 0;
}

int state_keep(struct state *state, struct bv_history *history)
{
	struct bv_error err = { "" };
	int ret;

	if (!history->replay.count)
		return -ENOENT;
	make_room(state);
	if (!state->folder)
		return -ENOENT;
	if (!history->changed && is_there(state, history->chip_id))
		return 0;
	ret = store(state, history, &err);
	if (ret)
		complain("state", err.text);
	else
		history->changed = false;
	return ret;
}
