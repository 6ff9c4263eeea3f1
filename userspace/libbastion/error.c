// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>

#include <jansson.h>

#include "libbastion/error.h"

/* A peer's text may be anything, or have been cut between the bytes of a character. */
static void make_utf8(char *text)
{
	json_t *valid = json_string(text);

	for (; !valid && *text; text++)
		if (*text & 0x80)
			*text = '?';
	json_decref(valid);
}

int bastion_error_set(struct bastion_error *err, enum bastion_op op, int code, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return -code;
	err->code = code;
	err->op = op;
	va_start(args, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	make_utf8(err->text);
	return -code;
}
