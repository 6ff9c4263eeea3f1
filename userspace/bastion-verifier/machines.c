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
#include "machines.h"

#define SUFFIX		".json"
#define NAME_SIZE	(2 * BASTION_DIGEST_SIZE + sizeof(SUFFIX))

struct machines {
	char *folder;
	int fd;
	struct bv_machine *list;	/* what was read */
	size_t count;
	size_t room;
};

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
	free(machines->folder);
	free(machines);
}

static void file_name(const uint8_t chip_id[BASTION_DIGEST_SIZE], char name[NAME_SIZE])
{
	bv_hex(name, chip_id, BASTION_DIGEST_SIZE);
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
	char name[NAME_SIZE], path[PATH_MAX];
	struct bv_error why = { "" };
	struct bv_span text;
	int ret;

	file_name(chip_id, name);
	ret = snprintf(path, sizeof(path), "%s/%s", machines->folder, name);
	if (ret < 0 || ret >= PATH_MAX)
		return bv_fail_errno(err, ENAMETOOLONG, machines->folder);
	ret = file_read(path, BV_MACHINE_MAX, &text, err);
	if (ret)
		return ret;
	ret = bv_machine_parse(text, NULL, machine, &why);
	free((void *)text.data);
	if (!ret && memcmp(machine->chip_id, chip_id, BASTION_DIGEST_SIZE))
		ret = bv_fail(&why, "it is of another chip than its name says");
	return ret ? bv_fail(err, "%.200s: %.200s", path, why.text) : 0;
}

static bool is_known(const struct machines *machines, const uint8_t chip_id[BASTION_DIGEST_SIZE])
{
	for (size_t i = 0; i < machines->count; i++)
		if (!memcmp(machines->list[i].chip_id, chip_id, BASTION_DIGEST_SIZE))
			return true;
	return false;
}

static int make_room(struct machines *machines, struct bv_error *err)
{
	size_t room = machines->room ? 2 * machines->room : 64;
	struct bv_machine *list;

	if (machines->count < machines->room)
		return 0;
	if (room > MACHINES_MAX)
		return bv_fail(err, "%.200s has more than %d machines", machines->folder,
			       MACHINES_MAX);
	list = realloc(machines->list, room * sizeof(*list));
	if (!list)
		return bv_fail_errno(err, ENOMEM, "reading records of machines");
	machines->list = list;
	machines->room = room;
	return 0;
}

/* Records that came since. Two that share a key or a name are of no machine that anybody knows. */
static int read_one(struct machines *machines, const uint8_t chip_id[BASTION_DIGEST_SIZE],
		    struct bv_error *err)
{
	struct bv_machine *new;
	const char *shared = NULL;
	int ret = make_room(machines, err);

	if (ret)
		return ret;
	new = &machines->list[machines->count];
	ret = read_record(machines, chip_id, new, err);
	for (size_t i = 0; !ret && !shared && i < machines->count; i++)
		shared = bv_machine_conflict(&machines->list[i], new);
	if (shared)
		ret = bv_fail(err, "machine %s: another record has %s", new->name, shared);
	machines->count += !ret;
	return ret;
}

/* All that can be read is; the first error is kept. */
static int read_new(struct machines *machines, struct bv_error *err)
{
	DIR *dir = opendir(machines->folder);
	uint8_t chip_id[BASTION_DIGEST_SIZE];
	struct dirent *entry;
	int ret = 0;

	if (!dir)
		return bv_fail_errno(err, errno, machines->folder);
	while ((entry = readdir(dir))) {
		struct bv_error why = { "" };
		int one;

		if (!is_record(entry->d_name, chip_id) || is_known(machines, chip_id))
			continue;
		one = read_one(machines, chip_id, &why);
		if (one && !ret) {
			*err = why;
			ret = one;
		}
	}
	closedir(dir);
	return ret;
}

static bool is_there(const struct machines *machines, const struct bv_machine *machine)
{
	char name[NAME_SIZE];

	file_name(machine->chip_id, name);
	return !faccessat(machines->fd, name, F_OK, 0);
}

/* What was removed is not known any more. */
static void drop_removed(struct machines *machines)
{
	size_t kept = 0;

	for (size_t i = 0; i < machines->count; i++)
		if (is_there(machines, &machines->list[i]))
			machines->list[kept++] = machines->list[i];
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

	if (machine && is_there(machines, machine))
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

/* Its name appears when all of it is on disk, and only if the name is free. */
static int create(const struct machines *machines, const struct bv_machine *machine,
		  struct bv_error *err)
{
	json_t *json = bv_machine_json(machine);
	char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
	char name[NAME_SIZE], temporary[PATH_MAX];
	int ret = text ? 0 : bv_fail_errno(err, ENOMEM, "making a record");
	int len;

	json_decref(json);
	file_name(machine->chip_id, name);
	len = snprintf(temporary, sizeof(temporary), "%s/%s.%ld", machines->folder, name,
		       (long)getpid());
	if (!ret && (len < 0 || len >= PATH_MAX))
		ret = bv_fail_errno(err, ENAMETOOLONG, machines->folder);
	if (!ret)
		ret = file_create(temporary, 0644, (struct bv_span){ (uint8_t *)text, strlen(text) },
				  err);
	free(text);
	if (ret)
		return ret;
	if (linkat(AT_FDCWD, temporary, machines->fd, name, 0) || fsync(machines->fd))
		ret = bv_fail_errno(err, errno, name);
	unlink(temporary);
	return ret;
}

static bool is_same(const struct bv_machine *old, const struct bv_machine *new)
{
	return !strcmp(old->name, new->name) && !strcmp(old->model, new->model) &&
	       !memcmp(old->chip_id, new->chip_id, sizeof(new->chip_id)) &&
	       bv_machine_has_key(old, (struct bv_span){ new->ak, new->ak_len });
}

static int add(struct machines *machines, const struct bv_machine *machine, struct bv_error *err)
{
	const struct bv_machine *list;
	ssize_t count = machines_list(machines, &list, err);

	if (count < 0)
		return count;
	for (ssize_t i = 0; i < count; i++) {
		const char *shared = bv_machine_conflict(&list[i], machine);

		if (!shared)
			continue;
		if (is_same(&list[i], machine))
			return 0;
		bv_fail(err, "machine %s is enrolled, and %s is %s: a record is never changed; remove it "
			"first if that machine is gone", list[i].name, shared,
			!strcmp(shared, "its name") ? "this one's, too" : "that of this one");
		return -EEXIST;
	}
	return create(machines, machine, err);
}

int machines_add(struct machines *machines, const struct bv_machine *machine,
		 struct bv_error *err)
{
	int ret;

	/* Of two that enrol at the same time the second one sees what the first one did. */
	if (flock(machines->fd, LOCK_EX))
		return bv_fail_errno(err, errno, machines->folder);
	ret = add(machines, machine, err);
	flock(machines->fd, LOCK_UN);
	return ret;
}
