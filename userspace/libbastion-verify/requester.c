// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "requester.h"

#define EXE_HEX	(2 * BASTION_EXE_SIZE)

static bool take_word(struct bv_span *from, const char *word)
{
	struct bv_span bytes;

	return bv_take(from, strlen(word), &bytes) && !memcmp(bytes.data, word, bytes.len);
}

/* A number as "%u" writes it. */
static bool take_uid(struct bv_span *from, uint32_t *uid)
{
	uint64_t value = 0;
	size_t digits = 0;

	while (digits < from->len && from->data[digits] >= '0' && from->data[digits] <= '9' &&
	       digits <= 10)
		value = 10 * value + from->data[digits++] - '0';
	/* The last one is nobody's. */
	if (!digits || (from->data[0] == '0' && digits > 1) || value >= UINT32_MAX)
		return false;
	*uid = value;
	from->data += digits;
	from->len -= digits;
	return true;
}

static bool take_exe(struct bv_span *from, uint8_t exe[BASTION_EXE_SIZE])
{
	char hex[EXE_HEX + 1] = "";
	struct bv_span bytes;

	if (!bv_take(from, EXE_HEX, &bytes))
		return false;
	memcpy(hex, bytes.data, EXE_HEX);
	return bv_unhex(exe, BASTION_EXE_SIZE, BASTION_EXE_SIZE, hex) == BASTION_EXE_SIZE;
}

static bool needs_escape(uint8_t c)
{
	return c <= ' ' || c > '~' || c == '\\';
}

/* "\xNN" at @at, for a byte that may not stand there itself; no name holds a NUL. */
static bool is_escape(const uint8_t *at, size_t left)
{
	char hex[3] = "";
	uint8_t byte;

	if (left < 4 || at[1] != 'x')
		return false;
	memcpy(hex, at + 2, 2);
	return bv_unhex(&byte, 1, 1, hex) == 1 && byte && needs_escape(byte);
}

/* What comes before the next space, or all that is left. */
static bool take_name(struct bv_span *from, struct bv_span *name)
{
	size_t len = 0;

	while (len < from->len && from->data[len] != ' ') {
		if (!needs_escape(from->data[len]))
			len++;
		else if (from->data[len] == '\\' && is_escape(from->data + len, from->len - len))
			len += 4;
		else
			return false;
	}
	return bv_take(from, len, name) && len;
}

int bv_requester_read(struct bv_span text, struct bv_requester *who)
{
	bool ok = text.len <= BASTION_REQUESTER_MAX && take_word(&text, "uid=") &&
		  take_uid(&text, &who->uid) && take_word(&text, " exe=sha256:") &&
		  take_exe(&text, who->exe) && take_word(&text, " path=") &&
		  take_name(&text, &who->path) && take_word(&text, " cgroup=") &&
		  take_name(&text, &who->cgroup);

	return ok && who->cgroup.data[0] == '/' && !text.len ? 0 : -EBADMSG;
}
