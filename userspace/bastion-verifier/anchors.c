// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "anchors.h"
#include "files.h"

#define FILES_MAX	1024	/* of the folder */

static int load_file(const char *folder, const char *name, struct bv_ek_anchors *anchors,
		     struct bv_error *err)
{
	struct bv_error why = { "" };
	struct bv_span bytes;
	char path[PATH_MAX];
	struct stat st;
	int ret;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return bv_fail(err, "%.100s/%.32s...: the name is too long", folder, name);
	/* Not a pipe, that nobody ever writes to. */
	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return bv_fail(err, "%.200s: it is no file", path);
	ret = file_read(path, BV_EK_FILE_MAX, &bytes, err);
	if (ret)
		return ret;
	ret = bv_ek_anchors_add(anchors, bytes, &why);
	free((void *)bytes.data);
	if (ret)
		bv_fail(err, "%.200s: %.150s", path, why.text);
	return ret;
}

int anchors_load(const char *folder, struct bv_ek_anchors *anchors, struct bv_error *err)
{
	const struct dirent *entry;
	int ret = 0, files = 0;
	DIR *dir;

	if (bv_ek_anchors_init(anchors))
		return bv_fail_errno(err, ENOMEM, "reading certificates");
	dir = opendir(folder);
	if (!dir)
		return bv_fail_errno(err, errno, folder);
	while (!ret && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (++files > FILES_MAX)
			ret = bv_fail(err, "%.200s: more than %d files", folder, FILES_MAX);
		else
			ret = load_file(folder, entry->d_name, anchors, err);
	}
	closedir(dir);
	return ret;
}
