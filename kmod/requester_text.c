// SPDX-License-Identifier: GPL-2.0
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "requester_text.h"

/* What was written; @len goes on counting where there is no room. */
struct text {
	char *out;
	size_t len;
};

static void put(struct text *text, char c)
{
	if (text->len < BASTION_REQUESTER_MAX)
		text->out[text->len] = c;
	text->len++;
}

static void put_text(struct text *text, const char *what)
{
	while (*what)
		put(text, *what++);
}

static void put_hex(struct text *text, u8 byte)
{
	static const char digits[] = "0123456789abcdef";

	put(text, digits[byte >> 4]);
	put(text, digits[byte & 0xf]);
}

/* Whoever chose the name must not be able to end the field, or the line. */
static void put_name(struct text *text, const char *name)
{
	for (; *name; name++) {
		if (*name > ' ' && *name <= '~' && *name != '\\') {
			put(text, *name);
		} else {
			put_text(text, "\\x");
			put_hex(text, *name);
		}
	}
}

/**
 * bastion_requester_text() - say who asks for a key
 * @out:	where the text goes, without a NUL
 * @uid:	in the initial user namespace
 * @exe:	SHA-256 of the executable
 * @path:	of the executable
 * @cgroup:	path in the unified hierarchy
 *
 * The same values give the same text, and others give another.
 *
 * Return: its length, or -ENAMETOOLONG when it is longer than BASTION_REQUESTER_MAX.
 */
int bastion_requester_text(char out[BASTION_REQUESTER_MAX], u32 uid,
			   const u8 exe[BASTION_EXE_SIZE], const char *path, const char *cgroup)
{
	struct text text = { .out = out };
	char number[11];
	size_t i;

	snprintf(number, sizeof(number), "%u", uid);
	put_text(&text, "uid=");
	put_text(&text, number);
	put_text(&text, " exe=sha256:");
	for (i = 0; i < BASTION_EXE_SIZE; i++)
		put_hex(&text, exe[i]);
	put_text(&text, " path=");
	put_name(&text, path);
	put_text(&text, " cgroup=");
	put_name(&text, cgroup);
	return text.len <= BASTION_REQUESTER_MAX ? (int)text.len : -ENAMETOOLONG;
}
