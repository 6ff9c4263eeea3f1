// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "journal.h"

static int fail(struct bv_error *err, const char *path, int code)
{
	bv_fail(err, "%.200s: %s", path, strerror(code));
	return -code;
}

static void add_hex(json_t *json, const char *member, const uint8_t *bytes, size_t len)
{
	char hex[2 * BV_TPM_NAME_MAX + 1];

	if (!len || bv_is_zero(bytes, len))
		return;
	bv_hex(hex, bytes, len);
	json_object_set_new(json, member, json_string(hex));
}

/* With its newline; the caller frees it. */
static char *make_line(enum journal_event event, const struct bv_machine *machine, const char *why)
{
	static const char *const events[] = {
		[JOURNAL_ENROLLED] = "enrolled", [JOURNAL_REPLACED] = "replaced",
		[JOURNAL_REFUSED] = "refused",
	};
	char when[32], *text, *line;
	time_t now = time(NULL);
	struct tm tm;
	json_t *json;

	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	json = json_pack("{s:s, s:s, s:s}", "time", when, "event", events[event], "name",
			 machine->name);
	if (!json)
		return NULL;
	add_hex(json, "chip", machine->chip_id, sizeof(machine->chip_id));
	add_hex(json, "ak", machine->ak, machine->ak_len);
	if (why)
		json_object_set_new(json, "why", json_string(why));
	text = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(json);
	if (!text || asprintf(&line, "%s\n", text) < 0)
		line = NULL;
	free(text);
	return line;
}

/* In one call, so that two programs' lines do not mix. */
static int append(int fd, const char *line, bool may_be_full)
{
	size_t len = strlen(line);
	struct stat st;
	ssize_t done;

	if (fstat(fd, &st) < 0)
		return errno;
	if (may_be_full && st.st_size + len > JOURNAL_MAX)
		return EFBIG;
	done = write(fd, line, len);
	if (done < 0)
		return errno;
	return (size_t)done == len ? fsync(fd) ? errno : 0 : ENOSPC;
}

int journal_add(const char *folder, enum journal_event event, const struct bv_machine *machine,
		const char *why, struct bv_error *err)
{
	char path[PATH_MAX], *line;
	int fd, code;

	if (snprintf(path, sizeof(path), "%s/" JOURNAL_NAME, folder) >= (int)sizeof(path))
		return fail(err, folder, ENAMETOOLONG);
	line = make_line(event, machine, why);
	if (!line)
		return fail(err, path, ENOMEM);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	code = fd < 0 ? errno : append(fd, line, event == JOURNAL_REFUSED);
	if (fd >= 0)
		close(fd);
	free(line);
	return code ? fail(err, path, code) : 0;
}

void journal_refuse(const char *folder, const struct bv_machine *machine, const char *why)
{
	struct bv_error err = { "" };

	if (journal_add(folder, JOURNAL_REFUSED, machine, why, &err))
		fprintf(stderr, "bastion-verifier: %s\n", err.text);
}
