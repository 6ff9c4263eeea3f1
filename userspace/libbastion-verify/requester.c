// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "requester.h"

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
	uint64_t uid;
	/* The last uid is nobody's. */
	bool ok = text.len <= BASTION_REQUESTER_MAX && bv_take_text(&text, "uid=") &&
		  bv_take_decimal(&text, UINT32_MAX - 1, &uid) &&
		  bv_take_text(&text, " exe=sha256:") &&
		  bv_take_hex(&text, who->exe, sizeof(who->exe)) &&
		  bv_take_text(&text, " path=") && take_name(&text, &who->path) &&
		  bv_take_text(&text, " cgroup=") && take_name(&text, &who->cgroup);

	if (!ok || who->cgroup.data[0] != '/' || text.len)
		return -EBADMSG;
	who->uid = uid;
	return 0;
}
