// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "journal.h"
#include "libbastion-verify/json.h"
#include "machines.h"

#define SUFFIX		".json"
#define REPLACED	".replaced-"
#define TEMPORARY	".new"
#define ENROLLED	".enrolled"
#define LOCK		"lock"
#define NOTE_MAX	4096	/* bytes of a last verdict */
#define NAME_SIZE	(2 * BASTION_DIGEST_SIZE + sizeof(SUFFIX))
#define LONGER_SIZE	(NAME_SIZE + 32)	/* with something more after it */

/* Which file a record was read from: another in its place has another of these. */
struct file {
	ino_t ino;
	struct timespec changed;
};

struct machines {
	char *folder;			/* for messages: what is used is @fd */
	int fd;
	struct bv_machine *list;	/* what was read, in the order of their chip ids */
	struct file *files;		/* of each */
	size_t count;
	size_t room;
};

/* What is wrong with a file of the folder. */
static int fail(const struct machines *machines, const char *name, int code, struct bv_error *err)
{
	bv_fail(err, "%.200s/%.140s: %s", machines->folder, name, strerror(code));
	return -code;
}

static int check_folder(int fd, const char *folder, struct bv_error *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return bv_fail_errno(err, errno, folder);
	if (st.st_mode & 022 || (st.st_uid != geteuid() && st.st_uid != 0)) {
		bv_fail(err, "%.200s: others may enrol machines there: it must be yours, and nobody "
			"else may write to it", folder);
		return -EPERM;
	}
	return 0;
}

struct machines *machines_open(const char *folder, bool create, struct bv_error *err)
{
	struct machines *machines = calloc(1, sizeof(*machines));

	if (!machines || !(machines->folder = strdup(folder))) {
		free(machines);
		bv_fail_errno(err, ENOMEM, "opening the folder with machines");
		return NULL;
	}
	if (create && mkdir(folder, 0755) && errno != EEXIST)
		bv_fail_errno(err, errno, folder);
	machines->fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (machines->fd < 0)
		bv_fail_errno(err, errno, folder);
	else if (!check_folder(machines->fd, folder, err))
		return machines;
	machines_close(machines);
	return NULL;
}

void machines_close(struct machines *machines)
{
	if (!machines)
		return;
	if (machines->fd >= 0)
		close(machines->fd);
	free(machines->list);
	free(machines->files);
	free(machines->folder);
	free(machines);
}

static void file_name(const uint8_t chip_id[BASTION_DIGEST_SIZE], char name[NAME_SIZE])
{
	bv_hex(name, NAME_SIZE, chip_id, BASTION_DIGEST_SIZE);
	strcpy(name + 2 * BASTION_DIGEST_SIZE, SUFFIX);
}

static bool is_record(const char *name, uint8_t chip_id[BASTION_DIGEST_SIZE])
{
	char hex[2 * BASTION_DIGEST_SIZE + 1];

	if (strlen(name) != NAME_SIZE - 1 || strcmp(name + 2 * BASTION_DIGEST_SIZE, SUFFIX))
		return false;
	memcpy(hex, name, sizeof(hex) - 1);
	hex[sizeof(hex) - 1] = '\0';
	return bv_unhex(chip_id, BASTION_DIGEST_SIZE, BASTION_DIGEST_SIZE, hex) >= 0;
}

static int read_record(const struct machines *machines, const uint8_t chip_id[BASTION_DIGEST_SIZE],
		       struct bv_machine *machine, struct bv_error *err)
{
	struct bv_error why = { "" };
	char name[NAME_SIZE];
	struct bv_span text;
	int ret;

	file_name(chip_id, name);
	ret = file_read_at(machines->fd, name, BV_MACHINE_MAX, &text, &why);
	if (ret)
		return fail(machines, name, -ret, err);
	ret = bv_machine_parse(text, NULL, machine, &why);
	free((void *)text.data);
	if (!ret && memcmp(machine->chip_id, chip_id, BASTION_DIGEST_SIZE))
		ret = bv_fail(&why, "it is of another chip than its name says");
	return ret ? bv_fail(err, "%.120s/%s: %.150s", machines->folder, name, why.text) : 0;
}

static int look_at(const struct machines *machines, const uint8_t chip_id[BASTION_DIGEST_SIZE],
		   struct file *file)
{
	char name[NAME_SIZE];
	struct stat st;

	file_name(chip_id, name);
	if (fstatat(machines->fd, name, &st, 0))
		return -errno;
	*file = (struct file){ st.st_ino, st.st_ctim };
	return 0;
}

/* Where in the list a chip is, or would be. */
static size_t place_of(const struct machines *machines, const uint8_t chip_id[BASTION_DIGEST_SIZE],
		       bool *known)
{
	size_t from = 0, to = machines->count;

	*known = false;
	while (from < to && !*known) {
		size_t middle = from + (to - from) / 2;
		int order = memcmp(machines->list[middle].chip_id, chip_id, BASTION_DIGEST_SIZE);

		*known = !order;
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return to;
}

static int make_room(struct machines *machines, struct bv_error *err)
{
	size_t room = machines->room ? 2 * machines->room : 64;
	struct bv_machine *list;
	struct file *files;

	if (machines->count < machines->room)
		return 0;
	if (room > MACHINES_MAX)
		return bv_fail(err, "%.200s has more than %d machines", machines->folder,
			       MACHINES_MAX);
	list = realloc(machines->list, room * sizeof(*list));
	if (list)
		machines->list = list;
	files = list ? realloc(machines->files, room * sizeof(*files)) : NULL;
	if (!files)
		return bv_fail_errno(err, ENOMEM, "reading records of machines");
	machines->files = files;
	machines->room = room;
	return 0;
}

/* There is room. */
static void insert(struct machines *machines, size_t at, const struct bv_machine *machine,
		   const struct file *file)
{
	const size_t after = machines->count++ - at;

	memmove(&machines->list[at + 1], &machines->list[at], after * sizeof(*machine));
	memmove(&machines->files[at + 1], &machines->files[at], after * sizeof(*file));
	machines->list[at] = *machine;
	machines->files[at] = *file;
}

/*
 * A record that came since. One that shares a key or a name with another that was read before is of no
 * machine that anybody knows.
 */
static int read_one(struct machines *machines, const uint8_t chip_id[BASTION_DIGEST_SIZE],
		    struct bv_error *err)
{
	struct bv_machine new;
	const char *shared = NULL;
	struct file file;
	bool known;
	size_t at = place_of(machines, chip_id, &known);
	int ret;

	if (known)
		return 0;
	ret = make_room(machines, err);
	if (ret)
		return ret;
	/* Before it is read: what takes its place meanwhile is noticed the next time. */
	ret = look_at(machines, chip_id, &file);
	if (ret)
		return bv_fail_errno(err, -ret, machines->folder);
	ret = read_record(machines, chip_id, &new, err);
	for (size_t i = 0; !ret && !shared && i < machines->count; i++)
		shared = bv_machine_conflict(&machines->list[i], &new);
	if (shared)
		ret = bv_fail(err, "machine %s: another record has %s", new.name, shared);
	if (!ret)
		insert(machines, at, &new, &file);
	return ret;
}

static int may_be_record(const struct dirent *entry)
{
	uint8_t chip_id[BASTION_DIGEST_SIZE];

	return is_record(entry->d_name, chip_id);
}

/*
 * All that can be read is; the first error is kept. In the order of their names, so that the first
 * time each goes to the end of the list.
 */
static int read_new(struct machines *machines, struct bv_error *err)
{
	uint8_t chip_id[BASTION_DIGEST_SIZE];
	struct dirent **names;
	int count = scandirat(machines->fd, ".", &names, may_be_record, alphasort);
	int ret = 0;

	if (count < 0)
		return bv_fail_errno(err, errno, machines->folder);
	for (int i = 0; i < count; i++) {
		struct bv_error why = { "" };
		int one = 0;

		if (is_record(names[i]->d_name, chip_id))
			one = read_one(machines, chip_id, &why);
		free(names[i]);
		if (one && !ret) {
			*err = why;
			ret = one;
		}
	}
	free(names);
	return ret;
}

static bool is_there(const struct machines *machines, size_t i)
{
	const struct file *file = &machines->files[i];
	struct file now;

	return !look_at(machines, machines->list[i].chip_id, &now) && now.ino == file->ino &&
	       now.changed.tv_sec == file->changed.tv_sec &&
	       now.changed.tv_nsec == file->changed.tv_nsec;
}

/* What was removed or replaced is not known any more. */
static void drop_removed(struct machines *machines)
{
	size_t kept = 0;

	for (size_t i = 0; i < machines->count; i++) {
		if (!is_there(machines, i))
			continue;
		machines->files[kept] = machines->files[i];
		machines->list[kept++] = machines->list[i];
	}
	machines->count = kept;
}

static const struct bv_machine *look_up(const struct machines *machines, struct bv_span ak)
{
	for (size_t i = 0; i < machines->count; i++)
		if (bv_machine_has_key(&machines->list[i], ak))
			return &machines->list[i];
	return NULL;
}

const struct bv_machine *machines_find(void *context, struct bv_span ak)
{
	struct machines *machines = context;
	const struct bv_machine *machine = look_up(machines, ak);
	struct bv_error err = { "" };

	if (machine && is_there(machines, machine - machines->list))
		return machine;
	drop_removed(machines);
	if (read_new(machines, &err))
		fprintf(stderr, "bastion-verifier: machines: %s\n", err.text);
	return look_up(machines, ak);
}

ssize_t machines_list(struct machines *machines, const struct bv_machine **list,
		      struct bv_error *err)
{
	int ret;

	machines->count = 0;
	ret = read_new(machines, err);
	*list = machines->list;
	return ret ? ret : (ssize_t)machines->count;
}

static int set_name(const struct machines *machines, const char *temporary, const char *name,
		    bool replace)
{
	const int fd = machines->fd;

	return replace ? renameat(fd, temporary, fd, name) : linkat(fd, temporary, fd, name, 0);
}

static void temporary_name(const struct bv_machine *machine, char name[LONGER_SIZE])
{
	file_name(machine->chip_id, name);
	strcat(name, TEMPORARY);
}

/* All of it, on disk, under a name that is none of a record. */
static int prepare(const struct machines *machines, const struct bv_machine *machine, const char *text,
		   struct bv_error *err)
{
	const struct bv_span bytes = { (const uint8_t *)text, strlen(text) };
	char temporary[LONGER_SIZE];
	int ret;

	temporary_name(machine, temporary);
	/* Left by one that died: we have the lock. */
	unlinkat(machines->fd, temporary, 0);
	ret = file_create_at(machines->fd, temporary, 0644, bytes, NULL);
	return ret ? fail(machines, temporary, -ret, err) : 0;
}

/*
 * What is prepared appears by its name; only if the name is free, unless @replace says that it is
 * not.
 */
static int publish(const struct machines *machines, const struct bv_machine *machine, bool replace,
		   struct bv_error *err)
{
	char name[NAME_SIZE], temporary[LONGER_SIZE];
	int ret = 0;

	file_name(machine->chip_id, name);
	temporary_name(machine, temporary);
	if (replace)
		ret = file_keep_at(machines->fd, name, REPLACED);
	if (ret)
		return fail(machines, name, -ret, err);
	if (set_name(machines, temporary, name, replace))
		ret = fail(machines, name, errno, err);
	if (ret || !fsync(machines->fd))
		return ret;
	ret = fail(machines, name, errno, err);
	/* What may not outlive this boot is no record. */
	if (!replace)
		unlinkat(machines->fd, name, 0);
	return ret;
}

static int add_line(const struct machines *machines, enum journal_event event,
		    const struct bv_machine *machine, const char *why, struct bv_error *err)
{
	struct bv_error what = { "" };
	int ret = journal_add(machines->fd, event, machine, why, &what);

	if (ret)
		bv_fail(err, "%.200s/%.150s", machines->folder, what.text);
	return ret;
}

/* What stays when a record is removed: of the chip, and of the key that its certificate vouches for. */
struct marks {
	char name[2][LONGER_SIZE];
	int count;
	bool fresh[2];		/* was not there before */
};

static void add_mark(struct marks *marks, const uint8_t digest[BASTION_DIGEST_SIZE])
{
	char *name = marks->name[marks->count++];

	bv_hex(name, LONGER_SIZE, digest, BASTION_DIGEST_SIZE);
	strcat(name, ENROLLED);
}

static void marks_of(const struct bv_machine *machine, struct marks *marks)
{
	memset(marks, 0, sizeof(*marks));
	/* A Bastionchip's record is but a name. */
	if (machine->kind != BV_MACHINE_TPM)
		return;
	add_mark(marks, machine->chip_id);
	if (machine->has_ek)
		add_mark(marks, machine->ek);
}

/* On disk with the record. */
static int remember(const struct machines *machines, struct marks *marks, struct bv_error *err)
{
	for (int i = 0; i < marks->count; i++) {
		int fd = openat(machines->fd, marks->name[i], O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

		if (fd < 0 && errno != EEXIST)
			return fail(machines, marks->name[i], errno, err);
		marks->fresh[i] = fd >= 0;
		if (fd >= 0)
			close(fd);
	}
	return 0;
}

/* There is no record, and there was none. */
static void forget(const struct machines *machines, const struct marks *marks)
{
	for (int i = 0; i < marks->count; i++)
		if (marks->fresh[i])
			unlinkat(machines->fd, marks->name[i], 0);
}

static int create(const struct machines *machines, const struct bv_machine *machine, bool replace,
		  struct bv_error *err)
{
	json_t *json = bv_machine_json(machine);
	char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
	int ret = text ? 0 : bv_fail_errno(err, ENOMEM, "making a record");
	char temporary[LONGER_SIZE];
	struct marks marks;

	json_decref(json);
	marks_of(machine, &marks);
	/* First: a record that nobody can account for is worse than a line too many. */
	if (!ret)
		ret = add_line(machines, replace ? JOURNAL_REPLACED : JOURNAL_ENROLLED, machine,
			       NULL, err);
	if (!ret)
		ret = prepare(machines, machine, text, err);
	free(text);
	if (ret)
		return ret;
	ret = remember(machines, &marks, err);
	if (!ret)
		ret = publish(machines, machine, replace, err);
	if (ret && !replace)
		forget(machines, &marks);
	/* It has its own name by now, or shall have none. */
	temporary_name(machine, temporary);
	unlinkat(machines->fd, temporary, 0);
	return ret;
}

/* Of a machine that has no record: had it one? */
static int check_new(const struct machines *machines, const struct bv_machine *machine,
		     struct bv_error *err)
{
	struct marks marks;

	marks_of(machine, &marks);
	for (int i = 0; i < marks.count; i++) {
		if (!faccessat(machines->fd, marks.name[i], F_OK, AT_SYMLINK_NOFOLLOW)) {
			bv_fail(err, "the TPM of %s was enrolled, and its record has been removed (or the "
				"verifier died when it wrote it): enroll it by hand if it may come back",
				machine->name);
			return -EEXIST;
		}
		if (errno != ENOENT)
			return fail(machines, marks.name[i], errno, err);
	}
	return 0;
}

static bool is_chip(const struct bv_machine *old, const struct bv_machine *new)
{
	return old->kind == new->kind && !strcmp(old->name, new->name) &&
	       !memcmp(old->chip_id, new->chip_id, sizeof(new->chip_id));
}

/* What is another in the record of a chip, or NULL. */
static const char *difference(const struct bv_machine *old, const struct bv_machine *new)
{
	if (old->ak_len != new->ak_len || memcmp(old->ak, new->ak, new->ak_len))
		return "attestation key";
	if (old->has_ek && new->has_ek && memcmp(old->ek, new->ek, sizeof(new->ek)))
		return "endorsement key";
	return strcmp(old->model, new->model) ? "model" : NULL;
}

static int refuse(const struct bv_machine *old, const struct bv_machine *new, const char *shared,
		  struct bv_error *err)
{
	if (is_chip(old, new))
		bv_fail(err, "machine %s is enrolled with another %s: %s if you know why it has "
			"changed", old->name, difference(old, new),
			new->kind == BV_MACHINE_TPM ? "use --again" : "remove its record first");
	else
		bv_fail(err, "machine %s is enrolled, and %s is %s: a record is never changed; remove "
			"it first if that machine is gone", old->name, shared,
			!strcmp(shared, "its name") ? "this one's, too" : "that of this one");
	return -EEXIST;
}

static int add(struct machines *machines, const struct bv_machine *machine,
	       enum machines_order order, struct bv_error *err)
{
	const struct bv_machine *list;
	ssize_t count = machines_list(machines, &list, err);
	struct bv_machine new = *machine;
	bool replace = false;

	if (count < 0)
		return count;
	for (ssize_t i = 0; i < count; i++) {
		const char *shared = bv_machine_conflict(&list[i], machine);
		bool same = shared && is_chip(&list[i], machine) && !difference(&list[i], machine);

		if (!shared)
			continue;
		/* What an operator wrote lacks what the machine has proven now. */
		if (same && (list[i].has_ek || !machine->has_ek))
			return 0;
		if (!same && (order != MACHINES_AGAIN || !is_chip(&list[i], machine)))
			return refuse(&list[i], machine, shared, err);
		/* What has been proven of a chip stays true of it. */
		if (list[i].has_ek && !new.has_ek) {
			memcpy(new.ek, list[i].ek, sizeof(new.ek));
			new.has_ek = true;
		}
		replace = true;
	}
	if (!replace && order == MACHINES_UNATTENDED) {
		int ret = check_new(machines, machine, err);

		if (ret)
			return ret;
	}
	return create(machines, &new, replace, err);
}

/*
 * Of two that enrol at the same time the second one sees what the first one did. The folder itself is
 * no lock: whoever may look into it could hold that for good.
 */
static int lock(const struct machines *machines, struct bv_error *err)
{
	int fd = openat(machines->fd, LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int ret;

	if (fd < 0)
		return fail(machines, LOCK, errno, err);
	while ((ret = flock(fd, LOCK_EX)) && errno == EINTR)
		;
	if (!ret)
		return fd;
	ret = fail(machines, LOCK, errno, err);
	close(fd);
	return ret;
}

int machines_add(struct machines *machines, const struct bv_machine *machine,
		 enum machines_order order, struct bv_error *err)
{
	int fd = lock(machines, err), ret;

	if (fd < 0)
		return fd;
	ret = add(machines, machine, order, err);
	close(fd);
	return ret;
}

void machines_refused(const struct machines *machines, const struct bv_machine *machine,
		      const char *why)
{
	struct bv_error err = { "" };

	if (add_line(machines, JOURNAL_REFUSED, machine, why, &err))
		fprintf(stderr, "bastion-verifier: %s\n", err.text);
}

int machines_folder(const struct machines *machines)
{
	return machines->fd;
}

/* A name that no record has. */
static void note_name(const uint8_t chip_id[BASTION_DIGEST_SIZE], char name[LONGER_SIZE])
{
	bv_hex(name, LONGER_SIZE, chip_id, BASTION_DIGEST_SIZE);
	strcat(name, ".verdict");
}

void machines_note(const struct machines *machines, const struct bv_verdict *verdict,
		   const uint8_t policy[BASTION_DIGEST_SIZE])
{
	const char *failing = bv_verdict_failing(verdict);
	char name[LONGER_SIZE], id[2 * BASTION_DIGEST_SIZE + 1], when[32];
	const uint8_t *chip_id = verdict->facts.quote.chip_id;
	struct bv_error err = { "" };
	time_t now = time(NULL);
	struct file file;
	struct tm tm;
	json_t *json;
	char *text;

	if (!verdict->facts.authentic || look_at(machines, chip_id, &file))
		return;
	note_name(chip_id, name);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	bv_hex(id, sizeof(id), policy, BASTION_DIGEST_SIZE);
	json = json_pack("{s:s, s:s, s:b, s:s, s:s, s:s*}", "time", when, "status",
			 bv_tier_name(verdict->status), "granted", verdict->granted, "firmware",
			 verdict->facts.quote.firmware, "policy", id, "failing", failing);
	text = json ? json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	json_decref(json);
	if (!text || file_replace_at(machines->fd, name, 0644,
				     (struct bv_span){ (uint8_t *)text, strlen(text) }, &err))
		fprintf(stderr, "bastion-verifier: machines: %s\n", text ? err.text : "out of memory");
	free(text);
}

json_t *machines_noted(const struct machines *machines, const struct bv_machine *machine)
{
	char name[LONGER_SIZE];
	struct bv_span text;
	json_t *json;

	note_name(machine->chip_id, name);
	if (file_read_at(machines->fd, name, NOTE_MAX, &text, NULL))
		return NULL;
	json = bv_json_parse(text, NOTE_MAX, BV_JSON_FEW, name, NULL);
	free((void *)text.data);
	return json;
}
