// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "files.h"
#include "libbastion/output.h"
#include "output.h"

int output_write(const char *path, unsigned int mode, struct bv_span bytes, struct bv_error *err)
{
	int ret = bastion_output_special(path, bytes.data, bytes.len);

	if (ret == -ENOENT)
		return file_replace(path, mode, bytes, err);
	if (ret)
		bv_fail(err, "%.200s: %s", path, strerror(-ret));
	return ret;
}
