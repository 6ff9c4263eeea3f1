// SPDX-License-Identifier: GPL-2.0
#include <stddef.h>

#include <bastion/blob.h>
#include <bastion/round.h>

#include "libbastion/name.h"

static bool lower_digit_mark(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
	       c == '-';
}

bool bastion_name_ok(const char *name)
{
	size_t i;

	if (name[0] == '.')
		return false;
	for (i = 0; name[i]; i++) {
		if (i >= BASTION_NAME_SIZE - 1)
			return false;
		if (!lower_digit_mark(name[i]) && !(name[i] >= 'A' && name[i] <= 'Z'))
			return false;
	}
	return i > 0;
}

bool bastion_name_label_ok(const char *label)
{
	size_t i;

	for (i = 0; label[i]; i++)
		if (i >= BASTION_POLICY_LABEL_MAX || !lower_digit_mark(label[i]))
			return false;
	return i > 0;
}
