// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "expected.h"
#include "files.h"
#include "libbastion-verify/machine.h"

#define FILE_MAX	(1 << 20)
#define BLANKS		" \t\r"

/* A line that means something: its two words. */
static int read_line(char *line, char **name, struct expected *expected, struct bv_error *err)
{
	char *save = NULL, *who;

	line[strcspn(line, "#")] = '\0';
	*name = strtok_r(line, BLANKS, &save);
	if (!*name)
		return 0;
	who = strtok_r(NULL, BLANKS, &save);
	if (!bv_machine_name_ok(*name))
		return bv_fail(err, "this is no name: %.64s", *name);
	if (!who || strtok_r(NULL, BLANKS, &save))
		return bv_fail(err, "%s: a name, and a chip id or \"certified\", are wanted", *name);
	expected->certified = !strcmp(who, "certified");
	if (!expected->certified && bv_unhex(expected->chip_id, BASTION_DIGEST_SIZE,
					     BASTION_DIGEST_SIZE, who) < 0)
		return bv_fail(err, "%s: neither a chip id nor \"certified\"", *name);
	return 0;
}

static int search(char *text, const char *wanted, struct expected *expected, struct bv_error *err)
{
	char *save = NULL, *name;
	bool found = false;
	int ret = 0;

	for (char *line = strtok_r(text, "\n", &save); !ret && line;
	     line = strtok_r(NULL, "\n", &save)) {
		struct expected here = { 0 };

		ret = read_line(line, &name, &here, err);
		if (ret || !name || strcmp(name, wanted))
			continue;
		if (found)
			return bv_fail(err, "%s is there twice", wanted);
		found = true;
		*expected = here;
	}
	return ret || found ? ret : -ENOENT;
}

int expected_find(const char *path, const char *name, struct expected *expected,
		  struct bv_error *err)
{
	struct bv_error why = { "" };
	struct bv_span bytes;
	int ret = file_read(path, FILE_MAX, &bytes, err);

	memset(expected, 0, sizeof(*expected));
	if (ret)
		return ret == -ENOENT ? -EIO : ret;
	if (memchr(bytes.data, '\0', bytes.len))
		ret = bv_fail(&why, "it is no text");
	else
		ret = search((char *)bytes.data, name, expected, &why);
	free((void *)bytes.data);
	if (ret == -ENOENT)
		bv_fail(err, "the verifier does not expect %s", name);
	else if (ret)
		bv_fail(err, "%.200s: %.150s", path, why.text);
	return ret;
}
