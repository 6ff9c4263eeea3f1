// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <keyutils.h>

#include "libbastion/hex.h"
#include "tests/ctl/fake_keys.h"

struct fake_keys fake_keys;
static key_serial_t made;

/* 0, or -1 with errno if this is the call that shall fail. */
static int __attribute__((format(printf, 1, 2))) note(const char *fmt, ...)
{
	size_t used = strlen(fake_keys.log);
	char *line = fake_keys.log + used;
	va_list args;

	if (!used)
		made = FAKE_MADE;
	va_start(args, fmt);
	used += vsnprintf(line, sizeof(fake_keys.log) - used, fmt, args);
	va_end(args);
	snprintf(fake_keys.log + used, sizeof(fake_keys.log) - used, "%s\n",
		 fake_keys.watched && !access(fake_keys.watched, F_OK) ? " saved" : "");
	if (!fake_keys.fail_at || strncmp(line, fake_keys.fail_at, strlen(fake_keys.fail_at)))
		return 0;
	errno = fake_keys.fail;
	return -1;
}

key_serial_t add_key(const char *type, const char *description, const void *payload, size_t len,
		     key_serial_t ring)
{
	/* What is secret, or only long, is not for the log. */
	int shown = strcmp(type, "user") && strncmp(payload, "load ", 5) ? (int)len : 4;

	if (!strcmp(type, "user")) {
		memcpy(fake_keys.secret, payload, len);
		fake_keys.secret_len = len;
		shown = 0;
	}
	if (note("add %s %s %d: %.*s", type, description, ring, shown, (const char *)payload))
		return -1;
	return made++;
}

key_serial_t request_key(const char *type, const char *description, const char *info,
			 key_serial_t ring)
{
	return note("find %s %s", type, description) ? -1 : FAKE_KEY;
}

long keyctl_update(key_serial_t serial, const void *payload, size_t len)
{
	return note("update %d: %.*s", serial, (int)len, (const char *)payload);
}

long keyctl_read(key_serial_t serial, char *buf, size_t len)
{
	char hex[2 * BASTION_BLOB_MAX + 1];

	bastion_hex_encode(fake_keys.blob, fake_keys.blob_len, hex);
	if (2 * fake_keys.blob_len <= len)
		memcpy(buf, hex, 2 * fake_keys.blob_len);
	return 2 * fake_keys.blob_len;
}

long keyctl_pkey_query(key_serial_t serial, const char *info, struct keyctl_pkey_query *query)
{
	if (note("query %d %s", serial, info))
		return -1;
	memset(query, 0, sizeof(*query));
	query->max_sig_size = 104;
	return 0;
}

long keyctl_pkey_sign(key_serial_t serial, const char *info, const void *digest, size_t len,
		      void *sig, size_t sig_len)
{
	if (note("sign %d %s %zu %zu", serial, info, len, sig_len))
		return -1;
	memcpy(sig, "signature", 9);
	return 9;
}

long keyctl_link(key_serial_t serial, key_serial_t ring)
{
	return 0;
}

long keyctl_unlink(key_serial_t serial, key_serial_t ring)
{
	return note("unlink %d %d", serial, ring);
}

long keyctl_invalidate(key_serial_t serial)
{
	return note("invalidate %d", serial);
}

key_serial_t keyctl_get_keyring_ID(key_serial_t serial, int create)
{
	return serial;
}
