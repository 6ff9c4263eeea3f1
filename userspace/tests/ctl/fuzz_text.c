// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer: what others have put into what bastionctl reads and prints: a sealed key's file, the
 * module's log, a line of a trace, a line of /proc/keys. Byte 0 says which.
 */
#include <endian.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bastionctl/trace_line.h"
#include "libbastion/blob.h"
#include "libbastion/keys.h"
#include "libbastion/log.h"
#include "libbastion/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static void blob(const uint8_t *data, size_t len)
{
	uint8_t bytes[BASTION_BLOB_MAX];
	struct bastion_blob_info info;
	struct bastion_error err = { 0 };
	char types[64];
	ssize_t n = bastion_blob_from_hex(data, len, bytes, &err);

	check(n > 0 ? n <= (ssize_t)sizeof(bytes) : err.code == -n);
	if (bastion_blob_decode(data, len, &info, &err))
		return;
	check(bastion_name_ok(info.name) && info.secret_len <= BASTION_SECRET_MAX);
	bastion_blob_types(info.types, types, sizeof(types));
	check(!!types[0] == !!info.types);
}

static void log_entries(const uint8_t *data, size_t len)
{
	struct bastion_log_entry entry;
	size_t done = 0, count = 0;
	ssize_t n;

	while ((n = bastion_log_next(data + done, len - done, &entry)) > 0) {
		done += n;
		count++;
		check(done <= len && memchr(entry.algorithm, '\0', sizeof(entry.algorithm)));
		check((const uint8_t *)entry.name + strlen(entry.name) < data + done);
		check(entry.value_len <= (size_t)n && entry.data_len <= (size_t)n);
	}
	check(bastion_log_prefix(data, len, count) == (ssize_t)done);
}

static void trace(char *text, size_t len)
{
	struct trace_line line;

	if (!trace_line_parse(text, &line) || line.lost)
		return;
	check(line.count <= TRACE_LINE_FIELDS && line.event > text && line.event <= text + len);
	for (size_t i = 0; i < line.count; i++) {
		const char *value = trace_line_field(&line, line.fields[i].name);

		check(value >= text && value <= text + len && !strchr(value, ' '));
	}
}

static void proc_keys(const char *text)
{
	char name[BASTION_NAME_SIZE], kind[BASTION_KEYS_KIND_SIZE];
	int32_t serial = -1;

	if (!bastion_keys_parse_line(text, &serial, name, kind))
		check(serial >= 0 && bastion_name_ok(name) && strlen(kind) < sizeof(kind));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	/* Of its length exactly, so that the sanitizer sees what is read beyond it. */
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	if (data[0] % 4 < 2) {
		text = realloc(text, size > 1 ? size - 1 : 1);
		if (data[0] % 4)
			log_entries((uint8_t *)text, size - 1);
		else
			blob((uint8_t *)text, size - 1);
	} else {
		text[size - 1] = '\0';
		if (data[0] % 4 == 2)
			trace(text, size - 1);
		else
			proc_keys(text);
	}
	free(text);
	return 0;
}
