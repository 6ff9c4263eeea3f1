// SPDX-License-Identifier: GPL-2.0
/* The kernel's reader of key payloads: what it takes, and each of its refusals. */
#include <errno.h>

#include "../../../kmod/key_parse.h"
#include "invariants.h"
#include "mutate.h"
#include "test.h"

/* 96 and 64 hex digits */
#define HEX16	"0123456789abcdef"
#define DIGEST	HEX16 HEX16 HEX16 HEX16 HEX16 HEX16
#define EXE	HEX16 HEX16 HEX16 HEX16
#define ZERO16	"0000000000000000"
#define V	"verifier=" DIGEST
#define P	"policy=prod-db"
#define LABEL64	HEX16 HEX16 HEX16 HEX16

static const u8 digest8[8] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef };

static struct bastion_key_args parsed;

static int parse(const u8 *buf, size_t len)
{
	int ret = bastion_key_parse((const char *)buf, len, &parsed);

	if (!ret)
		assert_true(key_args_sane(&parsed, (const char *)buf, len));
	return ret;
}

static int parse_text(const char *text)
{
	return mutate_exact(parse, (const u8 *)text, strlen(text));
}

static void reads_new(void **state)
{
	assert_int_equal(parse_text("new 32 " V " " P), 0);
	assert_int_equal(parsed.verb, BASTION_KEY_NEW);
	assert_int_equal(parsed.secret_len, 32);
	assert_memory_equal(parsed.verifier, digest8, sizeof(digest8));
	assert_memory_equal(parsed.verifier + 40, digest8, sizeof(digest8));
	assert_string_equal(parsed.policy, "prod-db");
	assert_false(parsed.has_owner);
	assert_int_equal(parsed.types, BASTION_TYPE_LOGON | BASTION_TYPE_FSCRYPT);
	assert_false(parsed.has_executable);
	assert_int_equal(parsed.register_mask, 0);
}

static void reads_every_option_in_any_order(void **state)
{
	assert_int_equal(parse_text("new 1024 registers=0xe7 exe=sha256:" EXE
				    " types=user,logon owner=4294967294 " P " " V "\n"), 0);
	assert_int_equal(parsed.secret_len, 1024);
	assert_true(parsed.has_owner);
	assert_int_equal(parsed.owner, 4294967294u);
	assert_int_equal(parsed.types, BASTION_TYPE_USER | BASTION_TYPE_LOGON);
	assert_true(parsed.has_executable);
	assert_memory_equal(parsed.executable + 24, digest8, sizeof(digest8));
	assert_int_equal(parsed.register_mask, 0xe7);
	assert_string_equal(parsed.policy, "prod-db");
}

static void reads_load(void **state)
{
	static const char text[] = "load 00ffAB\n";

	assert_int_equal(bastion_key_parse(text, sizeof(text) - 1, &parsed), 0);
	assert_int_equal(parsed.verb, BASTION_KEY_LOAD);
	assert_ptr_equal(parsed.hex, text + 5);
	assert_int_equal(parsed.hex_len, 6);
}

static void bounds_load(void **state)
{
	char text[5 + 2 * BASTION_BLOB_MAX + 2];

	memset(text, 'a', sizeof(text));
	memcpy(text, "load ", 5);
	assert_int_equal(mutate_exact(parse, (u8 *)text, sizeof(text) - 2), 0);
	assert_int_equal(mutate_exact(parse, (u8 *)text, sizeof(text)), -EINVAL);
}

static void takes(void **state)
{
	static const char *const texts[] = {
		"new 33 " V " " P,
		"new 32 " P " " V,
		"new 32 " V " " P "\n",
		"new 32 " V " policy=a",
		"new 32 " V " policy=" LABEL64,
		"new 32 " V " policy=az.09_-",
		"new 32 " V " " P " owner=0",
		"new 32 " V " " P " types=logon",
		"new 32 " V " " P " types=user,fscrypt,logon",
		"new 32 " V " " P " registers=0",
		"new 32 " V " " P " registers=231",
		"new 32 " V " " P " registers=0xE7",
		"new 32 " V " " P " registers=0x00000001",
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (parse_text(texts[i]))
			fail_msg("refused: %s", texts[i]);
}

static void refuses(void **state)
{
	static const char *const texts[] = {
		/* verbs */
		"", "\n", " ", "new", "new ", "new\n", "load", "load ", "load \n", "New 32 " V " " P,
		"newer 32 " V " " P, "imports 5 " V " " P, "update", " new 32 " V " " P, "loa 00",
		/* length */
		"new " V " " P, "new 31 " V " " P, "new 1025 " V " " P, "new 032 " V " " P,
		"new +32 " V " " P, "new -32 " V " " P, "new 0x20 " V " " P, "new 32a " V " " P,
		"new 4294967328 " V " " P, "new 18446744073709551648 " V " " P, "new  " V " " P,
		/* separators */
		"new  32 " V " " P, "new 32  " V " " P, "new 32 " V "  " P, "new 32 " V " " P " ",
		"new 32 " V " " P " \n", "new 32 " V " " P "\n\n", "new 32 " V "\n" P,
		"new\t32 " V " " P, "new 32 " V "\t" P, "new 32 " V "," P,
		/* what is required, once */
		"new 32", "new 32 " V, "new 32 " P, "new 32 " V " " P " " V, "new 32 " V " " P " " P,
		"new 32 " V " " P " owner=1 owner=1", "new 32 " V " " P " types=user types=user",
		"new 32 " V " " P " registers=1 registers=1",
		"new 32 " V " " P " exe=sha256:" EXE " exe=sha256:" EXE,
		/* unknown */
		"new 32 " V " " P " counters=1", "new 32 " V " " P " x", "new 32 " V " " P " =1",
		"new 32 " V " " P " Owner=1", "new 32 " V " " P " owne=1", "new 32 " V " " P " owners=1",
		/* empty */
		"new 32 verifier= " P, "new 32 " V " policy=", "new 32 " V " " P " owner=",
		"new 32 " V " " P " types=", "new 32 " V " " P " exe=", "new 32 " V " " P " registers=",
		"new 32 " V " " P " owner", "new 32 " V " " P " registers=0x",
		/* verifier */
		"new 32 verifier=" EXE " " P, "new 32 verifier=" DIGEST "00 " P,
		"new 32 verifier=g" EXE HEX16 "0123456789abcde " P, "new 32 verifier=0x" DIGEST " " P,
		/* policy */
		"new 32 " V " policy=" LABEL64 "0", "new 32 " V " policy=Prod",
		"new 32 " V " policy=a/b", "new 32 " V " policy=a=b", "new 32 " V " policy=\xe4",
		/* owner */
		"new 32 " V " " P " owner=4294967295", "new 32 " V " " P " owner=4294967296",
		"new 32 " V " " P " owner=01", "new 32 " V " " P " owner=root",
		"new 32 " V " " P " owner=-1", "new 32 " V " " P " owner=99999999999",
		/* types */
		"new 32 " V " " P " types=logon,", "new 32 " V " " P " types=,logon",
		"new 32 " V " " P " types=logon,,user", "new 32 " V " " P " types=logon,logon",
		"new 32 " V " " P " types=keyring", "new 32 " V " " P " types=logo",
		/* executable */
		"new 32 " V " " P " exe=" EXE, "new 32 " V " " P " exe=sha384:" DIGEST,
		"new 32 " V " " P " exe=sha256:" DIGEST, "new 32 " V " " P " exe=sha256:",
		"new 32 " V " " P " exe=sha256:" ZERO16 ZERO16 ZERO16 ZERO16,
		/* registers */
		"new 32 " V " " P " registers=8", "new 32 " V " " P " registers=0x10",
		"new 32 " V " " P " registers=256", "new 32 " V " " P " registers=0xff",
		"new 32 " V " " P " registers=e7", "new 32 " V " " P " registers=0X1",
		"new 32 " V " " P " registers=0x100000001",
		/* hex */
		"load 0", "load 000", "load 0g", "load 00 00", "load 00 ", "load  00", "load 0x00",
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (parse_text(texts[i]) != -EINVAL)
			fail_msg("accepted: %s", texts[i]);
}

static void refuses_nul(void **state)
{
	static const char text[] = "new 32 " V " " P;
	char copy[sizeof(text)];
	size_t i;

	/* sizeof: with its own NUL at the end */
	assert_int_equal(mutate_exact(parse, (const u8 *)text, sizeof(text)), -EINVAL);
	for (i = 0; i < sizeof(text) - 1; i++) {
		memcpy(copy, text, sizeof(text));
		copy[i] = '\0';
		assert_int_equal(mutate_exact(parse, (u8 *)copy, sizeof(text) - 1), -EINVAL);
	}
}

/* Whatever is accepted is sane: parse() sees to that. */
static void survives_any_byte_and_any_end(void **state)
{
	static const char text[] = "new 32 " V " " P " owner=7 types=user,logon exe=sha256:" EXE
				   " registers=0x21\n";
	static const bool none[sizeof(text)];
	char copy[sizeof(text)];
	size_t i;

	memcpy(copy, text, sizeof(text));
	assert_true(mutate_each_byte(parse, (u8 *)copy, sizeof(text) - 1, none) > 0);
	for (i = 0; i < sizeof(text); i++)
		mutate_exact(parse, (const u8 *)text, i);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_new),
		cmocka_unit_test(reads_every_option_in_any_order),
		cmocka_unit_test(reads_load),
		cmocka_unit_test(bounds_load),
		cmocka_unit_test(takes),
		cmocka_unit_test(refuses),
		cmocka_unit_test(refuses_nul),
		cmocka_unit_test(survives_any_byte_and_any_end),
	};

	return cmocka_run_group_tests_name("kernel key payload parser", tests, NULL, NULL);
}
