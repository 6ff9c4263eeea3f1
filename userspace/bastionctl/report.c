// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bastion.h>

#include "bastionctl/report.h"
#include "libbastion/explain.h"
#include "libbastion/hex.h"

/* How many bytes a character of UTF-8 has that begins here; 0 if none does (RFC 3629, section 4). */
static int character(const unsigned char *c)
{
	int len = *c < 0x80 ? 1 : *c < 0xc2 ? 0 : *c < 0xe0 ? 2 : *c < 0xf0 ? 3 : *c < 0xf5 ? 4 : 0;

	for (int i = 1; i < len; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	if ((*c == 0xe0 && c[1] < 0xa0) || (*c == 0xed && c[1] >= 0xa0) ||
	    (*c == 0xf0 && c[1] < 0x90) || (*c == 0xf4 && c[1] >= 0x90))
		return 0;
	return len;
}

void report_text(FILE *to, const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	while (*c) {
		int len = character(c);

		/* C0, DEL, and C1 as UTF-8 has it (0xc2 0x80 .. 0xc2 0x9f) */
		if (!len || *c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0))
			fputc('?', to);
		else
			fwrite(c, 1, len, to);
		c += len ? len : 1;
	}
}

int report_error(const struct bastion_error *err)
{
	const struct bastion_explanation *row = bastion_explain(err->op, err->code);

	fputs("bastionctl: ", stderr);
	report_text(stderr, err->text);
	/* Then the text has the reason itself. */
	if (err->op == BASTION_OP_USAGE || err->op == BASTION_OP_REFUSED)
		fputc('\n', stderr);
	else if (row)
		fprintf(stderr, ": %s\n%s\n", row->meaning, row->advice);
	else
		fprintf(stderr, ": %s\n", strerror(err->code));
	return bastion_explain_class(err->op, err->code);
}

int report_usage(const char *fmt, ...)
{
	va_list args;

	fputs("bastionctl: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputs(" (see --help)\n", stderr);
	return BASTION_CLASS_USAGE;
}

void report_json(json_t *json)
{
	if (!json || json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) < 0)
		fputs("null", stdout);
	fputc('\n', stdout);
	fflush(stdout);
	json_decref(json);
}

json_t *report_hex(const void *data, size_t len)
{
	char hex[2 * 128 + 1];

	if (len > 128)
		return json_null();
	bastion_hex_encode(data, len, hex);
	return json_string(hex);
}

static void print_member(const char *before, json_t *object, const char *key, const char *after)
{
	json_t *value = json_object_get(object, key);

	if (json_is_string(value)) {
		fputs(before, stdout);
		report_text(stdout, json_string_value(value));
		fputs(after, stdout);
	} else if (json_is_integer(value)) {
		printf("%s%lld%s", before, (long long)json_integer_value(value), after);
	}
}

static void print_check(json_t *check)
{
	json_t *entry = json_object_get(check, "entry");

	fputs(json_is_true(json_object_get(check, "ok")) ? "  ok    " : "  FAIL  ", stdout);
	print_member("", check, "name", "\n");
	if (json_is_true(json_object_get(check, "ok")))
		return;
	print_member("        expected  ", check, "expected", "\n");
	print_member("        seen      ", check, "seen", "\n");
	if (json_is_object(entry)) {
		print_member("        log entry ", entry, "number", "");
		print_member(", register ", entry, "register", "");
		print_member(", ", entry, "name", "");
		print_member(", ", entry, "digest", "");
		fputc('\n', stdout);
	}
	print_member("        to do     ", check, "advice", "\n");
}

void report_verdict(json_t *verdict)
{
	json_t *check;
	size_t i;

	print_member("verdict: ", verdict, "status", "");
	puts(json_is_true(json_object_get(verdict, "granted")) ? ", granted" : ", not granted");
	print_member("  ", verdict, "summary", "\n");
	json_array_foreach(json_object_get(verdict, "checks"), i, check)
		print_check(check);
}

static const char *name_of(const char *const names[], size_t count, unsigned int value)
{
	return value < count && names[value] ? names[value] : "unknown";
}

#define NAME_OF(names, value) name_of(names, sizeof(names) / sizeof(names[0]), value)

const char *report_state(unsigned int state)
{
	static const char *const names[] = {
		[BASTION_STATE_SELFTEST] = "selftest",
		[BASTION_STATE_LOCKED] = "locked",
		[BASTION_STATE_ATTESTED] = "attested",
		[BASTION_STATE_FAILED] = "failed",
	};

	return NAME_OF(names, state);
}

const char *report_kind(unsigned int kind)
{
	static const char *const names[] = {
		[BASTION_CHIP_NATIVE] = "native",
		[BASTION_CHIP_TPM] = "tpm",
	};

	return NAME_OF(names, kind);
}

const char *report_reason(unsigned int reason)
{
	static const char *const names[] = {
		[BASTION_REASON_PROBE] = "probe",
		[BASTION_REASON_GRANT] = "a grant was accepted",
		[BASTION_REASON_EXPIRED] = "a grant's lifetime ended",
		[BASTION_REASON_RELOCK] = "somebody asked for it",
		[BASTION_REASON_VERIFIERS] = "the list of verifiers changed",
		[BASTION_REASON_REGISTERS] = "a register that a grant names was extended",
		[BASTION_REASON_RESET] = "the chip lost its state",
		[BASTION_REASON_SUSPEND] = "the system sleeps or shuts down",
		[BASTION_REASON_CHIP] = "the chip failed or denied what was granted",
		[BASTION_REASON_EXTEND] = "a measurement did not reach the chip",
		[BASTION_REASON_SELF_TEST] = "the chip's self-test failed",
		[BASTION_REASON_REMOVED] = "the chip or its driver is gone",
	};

	return NAME_OF(names, reason);
}
