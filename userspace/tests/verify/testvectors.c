// SPDX-License-Identifier: GPL-2.0
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "testvectors.h"

#define VECTOR_MAX	(1 << 20)

struct bv_span tv_load(const char *name)
{
	const char *folder = getenv("BASTION_VECTORS");
	char path[PATH_MAX];
	uint8_t *bytes;
	size_t len;
	FILE *file;

	if (!folder || !*folder)
		skip();
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "r");
	if (!file)
		skip();
	bytes = calloc(1, VECTOR_MAX);
	assert_non_null(bytes);
	len = fread(bytes, 1, VECTOR_MAX, file);
	assert_true(len < VECTOR_MAX);
	fclose(file);
	return (struct bv_span){ bytes, len };
}
