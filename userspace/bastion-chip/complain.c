// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>

#include "bastion-chip/complain.h"

int complain(struct complaint *complaint, const char *format, ...)
{
	va_list args;

	if (!complaint)
		return -1;
	va_start(args, format);
	vsnprintf(complaint->text, sizeof(complaint->text), format, args);
	va_end(args);
	return -1;
}
