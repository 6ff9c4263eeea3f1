// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "journal.h"

static int fail(struct bv_error *err, int code)
{
	bv_fail(err, JOURNAL_NAME ": %s", strerror(code));
	return -code;
}

static void add_hex(json_t *json, const char *member, const uint8_t *bytes, size_t len)
{
	char hex[2 * BV_TPM_NAME_MAX + 1];

	if (!len || bv_is_zero(bytes, len))
		return;
	bv_hex(hex, sizeof(hex), bytes, len);
	json_object_set_new(json, member, json_string(hex));
}

/* Between newlines; the caller frees it. */
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
	if (*machine->skipped)
		json_object_set_new(json, "skipped", json_string(machine->skipped));
	if (why)
		json_object_set_new(json, "why", json_string(why));
	text = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(json);
	if (!text || asprintf(&line, "\n%s\n", text) < 0)
		line = NULL;
	free(text);
	return line;
}

/* Was the last line cut off? Then another begins with its end. */
static bool is_torn(int fd, off_t size)
{
	char last;

	return size && (pread(fd, &last, 1, size - 1) != 1 || last != '\n');
}

static int append(int fd, const char *line, bool may_be_full)
{
	size_t len = strlen(line);
	struct stat st;
	ssize_t done;

	if (fstat(fd, &st) < 0)
		return errno;
	if (may_be_full && st.st_size + len > JOURNAL_MAX)
		return EFBIG;
	if (!is_torn(fd, st.st_size)) {
		line++;
		len--;
	}
	done = write(fd, line, len);
	if (done < 0)
		return errno;
	return (size_t)done == len ? fsync(fd) ? errno : 0 : ENOSPC;
}

/* Without waiting for anybody, if it should be a pipe. */
static int open_own(int folder, struct bv_error *err)
{
	int fd = openat(folder, JOURNAL_NAME, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
			O_NONBLOCK, 0600);
	struct stat st;
	int ret;

	if (fd < 0)
		return fail(err, errno);
	if (fstat(fd, &st))
		ret = fail(err, errno);
	else if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		ret = bv_fail(err, JOURNAL_NAME ": it is no file of its own; move it away");
	else if (flock(fd, LOCK_EX))	/* others' lines do not come between */
		ret = fail(err, errno);
	else
		return fd;
	close(fd);
	return ret;
}

int journal_add(int folder, enum journal_event event, const struct bv_machine *machine,
		const char *why, struct bv_error *err)
{
	char *line = make_line(event, machine, why);
	int fd, code;

	if (!line)
		return fail(err, ENOMEM);
	fd = open_own(folder, err);
	if (fd >= 0) {
		code = append(fd, line, event == JOURNAL_REFUSED);
		close(fd);
		fd = code ? fail(err, code) : 0;
	}
	free(line);
	return fd;
}
