// SPDX-License-Identifier: GPL-2.0
/* The kernel's reader of key payloads: what it takes, and each of its refusals. */
#include <errno.h>

#include "../../../kmod/key_parse.h"
#include "invariants.h"
#include "mutate.h"
#include "samples.h"
#include "test.h"

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

static void reads_ecdsa(void **state)
{
	assert_int_equal(parse_text("ecdsa " P " counter=16 owner=5 " V), 0);
	assert_int_equal(parsed.verb, BASTION_KEY_ECDSA);
	assert_memory_equal(parsed.verifier, digest8, sizeof(digest8));
	assert_string_equal(parsed.policy, "prod-db");
	assert_true(parsed.has_owner);
	assert_int_equal(parsed.owner, 5);
	assert_int_equal(parsed.types, 0);
	assert_int_equal(parsed.counter, 16);
	assert_int_equal(parsed.secret_len, 0);
}

static void reads_import(void **state)
{
	assert_int_equal(parse_text("import 2147483647 " V " " P " registers=1\n"), 0);
	assert_int_equal(parsed.verb, BASTION_KEY_IMPORT);
	assert_int_equal(parsed.serial, 2147483647);
	assert_int_equal(parsed.types, BASTION_TYPE_LOGON | BASTION_TYPE_FSCRYPT);
	assert_int_equal(parsed.register_mask, 1);
	assert_int_equal(parse_text("import 1 " V " " P " types=user"), 0);
	assert_int_equal(parsed.serial, 1);
	assert_int_equal(parsed.types, BASTION_TYPE_USER);
}

static void reads_rebind(void **state)
{
	assert_int_equal(parse_text("rebind " V " " P), 0);
	assert_int_equal(parsed.verb, BASTION_KEY_REBIND);
	assert_memory_equal(parsed.verifier, digest8, sizeof(digest8));
	assert_string_equal(parsed.policy, "prod-db");
	assert_int_equal(parsed.types, 0);
	assert_int_equal(parsed.counter, 0);
	assert_int_equal(parsed.register_mask, 0);
	assert_false(parsed.has_executable);
	assert_int_equal(parse_text("rebind exe=sha256:" EXE " " V " types=logon counter=1 " P
				    " registers=231"), 0);
	assert_true(parsed.has_executable);
	assert_int_equal(parsed.types, BASTION_TYPE_LOGON);
	assert_int_equal(parsed.counter, 1);
	assert_int_equal(parsed.register_mask, 231);
}

static void reads_derive(void **state)
{
	assert_int_equal(parse_text("new 48 " V " " P " derive=db.wal-1"), 0);
	assert_int_equal(parsed.verb, BASTION_KEY_NEW);
	assert_string_equal(parsed.label, "db.wal-1");
	assert_string_equal(parsed.policy, "prod-db");
	assert_int_equal(parsed.types, BASTION_TYPE_LOGON | BASTION_TYPE_FSCRYPT);
	assert_int_equal(parse_text("new 48 " V " " P " derive=" LABEL64), 0);
	assert_string_equal(parsed.label, LABEL64);
	assert_int_equal(parse_text("new 48 " V " " P), 0);
	assert_string_equal(parsed.label, "");
}

/* Every option with every verb: what a verb does not know is refused, not ignored. */
static void knows_which_option_goes_with_which_verb(void **state)
{
	static const struct {
		const char *option;
		bool known[4];
	} options[] = {
		{ "owner=1", { true, true, true, false } },
		{ "types=logon", { true, false, true, true } },
		{ "exe=sha256:" EXE, { true, true, true, true } },
		{ "registers=1", { true, true, true, true } },
		{ "counter=1", { true, true, true, true } },
		{ "derive=a", { true, false, false, false } },
	};
	static const char *const verbs[4] = { "new 32", "ecdsa", "import 5", "rebind" };
	char text[512];
	size_t i, verb;

	for (verb = 0; verb < 4; verb++) {
		for (i = 0; i < sizeof(options) / sizeof(*options); i++) {
			snprintf(text, sizeof(text), "%s " V " " P " %s", verbs[verb],
				 options[i].option);
			if (parse_text(text) != (options[i].known[verb] ? 0 : -EINVAL))
				fail_msg("judged wrongly: %s", text);
			/* neither is once too many */
			snprintf(text, sizeof(text), "%s " V " " P " %s %s", verbs[verb],
				 options[i].option, options[i].option);
			assert_int_equal(parse_text(text), -EINVAL);
		}
		snprintf(text, sizeof(text), "%s " V, verbs[verb]);
		assert_int_equal(parse_text(text), -EINVAL);
		snprintf(text, sizeof(text), "%s " P, verbs[verb]);
		assert_int_equal(parse_text(text), -EINVAL);
	}
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
		"new 32 " V " " P " counter=1",
		"new 32 " V " " P " counter=16",
		"new 32 derive=a " V " " P,
		"ecdsa " V " " P "\n",
		"import 5 " P " " V,
		"rebind " P " types=logon,fscrypt,user " V "\n",
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (parse_text(texts[i]))
			fail_msg("refused: %s", texts[i]);
}

static void refuse_all(const char *const *texts, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (parse_text(texts[i]) != -EINVAL)
			fail_msg("accepted: %s", texts[i]);
}

/* What is not an option: verbs, what follows them, and what stands between words. */
static void refuses_other_words(void **state)
{
	static const char *const texts[] = {
		/* verbs */
		"", "\n", " ", "new", "new ", "new\n", "load", "load ", "load \n", "New 32 " V " " P,
		"newer 32 " V " " P, "imports 5 " V " " P, "update", " new 32 " V " " P, "loa 00",
		"ecdsa", "ecdsa ", "ecdsa\n", "ecdsa  " V " " P, "ecdsa 32 " V " " P,
		"ecdsa" V " " P, "ecdsa\t" V " " P,
		"import", "import ", "import 5", "import 5\n", "rebind", "rebind ", "rebind\n",
		"rebind 32 " V " " P, "rebind  " V " " P, "Ecdsa " V " " P, "rebin " V " " P,
		/* serial */
		"import " V " " P, "import 0 " V " " P, "import -1 " V " " P, "import 05 " V " " P,
		"import +5 " V " " P, "import 0x5 " V " " P, "import 2147483648 " V " " P,
		"import 4294967297 " V " " P, "import 99999999999 " V " " P, "import 5a " V " " P,
		"import  5 " V " " P, "import 5  " V " " P,
		/* length */
		"new " V " " P, "new 31 " V " " P, "new 1025 " V " " P, "new 032 " V " " P,
		"new +32 " V " " P, "new -32 " V " " P, "new 0x20 " V " " P, "new 32a " V " " P,
		"new 4294967328 " V " " P, "new 18446744073709551648 " V " " P, "new  " V " " P,
		/* hex */
		"load 0", "load 000", "load 0g", "load 00 00", "load 00 ", "load  00", "load 0x00",
		/* separators */
		"new  32 " V " " P, "new 32  " V " " P, "new 32 " V "  " P, "new 32 " V " " P " ",
		"new 32 " V " " P " \n", "new 32 " V " " P "\n\n", "new 32 " V "\n" P,
		"new\t32 " V " " P, "new 32 " V "\t" P, "new 32 " V "," P,
	};

	refuse_all(texts, sizeof(texts) / sizeof(*texts));
}

static void refuses_bad_options(void **state)
{
	static const char *const texts[] = {
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
		/* counter */
		"new 32 " V " " P " counter=0", "new 32 " V " " P " counter=17",
		"new 32 " V " " P " counter=", "new 32 " V " " P " counter=01",
		"new 32 " V " " P " counter=0x1", "new 32 " V " " P " counter=4294967297",
		"rebind " V " " P " counter=0", "ecdsa " V " " P " counter=17",
		/* label of a derived key */
		"new 32 " V " " P " derive=", "new 32 " V " " P " derive",
		"new 32 derive= " V " " P,
		"new 32 " V " " P " derive=A", "new 32 " V " " P " derive=a/b",
		"new 32 " V " " P " derive=" LABEL64 "0", "new 32 " V " " P " derive=a=b",
	};

	refuse_all(texts, sizeof(texts) / sizeof(*texts));
}

static void refuses_nul(void **state)
{
	size_t i, at, len;
	char copy[512];

	for (i = 0; i < SAMPLE_TEXTS; i++) {
		len = strlen(key_samples[i]);
		/* with its own NUL at the end */
		assert_int_equal(mutate_exact(parse, (const u8 *)key_samples[i], len + 1), -EINVAL);
		for (at = 0; at < len; at++) {
			memcpy(copy, key_samples[i], len);
			copy[at] = '\0';
			assert_int_equal(mutate_exact(parse, (u8 *)copy, len), -EINVAL);
		}
	}
}

/* Whatever is accepted is sane: parse() sees to that. */
static void survives_any_byte_and_any_end(void **state)
{
	static const bool none[512];
	char copy[sizeof(none)];
	size_t i, end, len;

	for (i = 0; i < SAMPLE_TEXTS; i++) {
		assert_int_equal(parse_text(key_samples[i]), 0);
		len = strlen(key_samples[i]);
		memcpy(copy, key_samples[i], len);
		assert_true(mutate_each_byte(parse, (u8 *)copy, len, none) > 0);
		for (end = 0; end <= len; end++)
			mutate_exact(parse, (const u8 *)key_samples[i], end);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_new),
		cmocka_unit_test(reads_every_option_in_any_order),
		cmocka_unit_test(reads_ecdsa),
		cmocka_unit_test(reads_import),
		cmocka_unit_test(reads_rebind),
		cmocka_unit_test(reads_derive),
		cmocka_unit_test(knows_which_option_goes_with_which_verb),
		cmocka_unit_test(reads_load),
		cmocka_unit_test(bounds_load),
		cmocka_unit_test(takes),
		cmocka_unit_test(refuses_other_words),
		cmocka_unit_test(refuses_bad_options),
		cmocka_unit_test(refuses_nul),
		cmocka_unit_test(survives_any_byte_and_any_end),
	};

	return cmocka_run_group_tests_name("kernel key payload parser", tests, NULL, NULL);
}
