// SPDX-License-Identifier: GPL-2.0
/* "bastionctl key": what it asks the kernel for, in which order, and what it refuses to ask. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "bastionctl/ctl.h"
#include "libbastion/file.h"
#include "libbastion/hex.h"
#include "libbastion/keys.h"
#include "libbastion/pem.h"
#include "tests/ctl/fake_keys.h"
#include "tests/ctl/test.h"

#define TEN	 "abababababababababab"
#define VERIFIER TEN TEN TEN TEN "abababababababab"
#define TERMS	 "--verifier", VERIFIER, "--policy", "prod"
#define ASKED	 " verifier=" VERIFIER " policy=prod"
#define EXE	 "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
#define ARGS_MAX 24

static char folder[] = "/tmp/bastion-test-XXXXXX";
static char out[16384];		/* what the last command printed */
static EVP_PKEY *key;
static uint8_t point[BASTION_POINT_SIZE];

/* The commands get theirs from the program, which is not here. */
int ctl_getopt(struct ctl *ctl, int argc, char **argv, const char *shorts,
	       const struct option *longs)
{
	int c = getopt_long(argc, argv, shorts, longs, NULL);

	if (c != CTL_OPT_JSON)
		return c;
	ctl->json = true;
	return ctl_getopt(ctl, argc, argv, shorts, longs);
}

/* Good for as long as one command runs. */
static const char *path_of(const char *name)
{
	static char path[8][64];
	static int turn;

	turn = (turn + 1) % 8;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
	return path[turn];
}

static void put_file(const char *name, const void *data, size_t len)
{
	struct bastion_error err;

	assert_int_equal(bastion_file_write(path_of(name), data, len, 0600, &err), 0);
}

static size_t get_file(const char *name, char *text, size_t size)
{
	struct bastion_error err;
	uint8_t *data;
	size_t len;

	assert_int_equal(bastion_file_read(path_of(name), size - 1, &data, &len, &err), 0);
	memcpy(text, data, len + 1);
	free(data);
	return len;
}

static int make(void **state)
{
	unsigned char *der = NULL;

	key = EVP_EC_gen("P-384");
	if (!key || i2d_PUBKEY(key, &der) != BASTION_PEM_SPKI_SIZE)
		return -1;
	memcpy(point, der + BASTION_SPKI_PREFIX_SIZE, sizeof(point));
	OPENSSL_free(der);
	return mkdtemp(folder) ? 0 : -1;
}

static int clean(void **state)
{
	static const char *const names[] = { "out", "err", "file", "blob", "secret" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(path_of(names[i]));
	memset(&fake_keys, 0, sizeof(fake_keys));
	return 0;
}

static int end(void **state)
{
	EVP_PKEY_free(key);
	return rmdir(folder);
}

/* "bastionctl key" with these arguments, up to a NULL; its exit code. */
static int run(const char *first, ...)
{
	char *argv[ARGS_MAX + 2] = { (char *)"key", (char *)first };
	int argc, code, saved[2], to[2], i;
	struct ctl ctl = { .config_dir = folder };
	va_list args;

	fake_keys.log[0] = '\0';
	va_start(args, first);
	for (argc = 2; argc <= ARGS_MAX && (argv[argc] = va_arg(args, char *)); argc++)
		;
	va_end(args);
	fflush(NULL);
	to[0] = open(path_of("out"), O_CREAT | O_TRUNC | O_WRONLY, 0600);
	to[1] = open(path_of("err"), O_CREAT | O_TRUNC | O_WRONLY, 0600);
	for (i = 0; i < 2; i++) {
		saved[i] = dup(i + 1);
		dup2(to[i], i + 1);
		close(to[i]);
	}
	optind = 0;
	code = ctl_key(&ctl, argc, argv);
	fflush(NULL);
	for (i = 0; i < 2; i++) {
		dup2(saved[i], i + 1);
		close(saved[i]);
	}
	get_file("out", out, sizeof(out));
	return code;
}

/* A blob of that kind as what the fake kernel's keys hold; it is nobody's and opens nowhere. */
static void hold(int kind, int counter)
{
	struct bastion_blob_header h = { .version = htole16(BASTION_BLOB_VERSION) };

	memcpy(h.magic, BASTION_BLOB_MAGIC, sizeof(h.magic));
	strcpy((char *)h.name, "web");
	h.kind = htole16(kind);
	h.owner = htole32(1000);
	h.types = htole32(kind == BASTION_KIND_P384 ? 0 : BASTION_TYPE_LOGON);
	h.counter_index = htole32(counter);
	h.counter_value = htole64(counter ? 7 : 0);
	h.secret_len = htole32(kind == BASTION_KIND_P384 ? BASTION_SCALAR_SIZE : 32);
	memset(fake_keys.blob, 0, sizeof(fake_keys.blob));
	memcpy(fake_keys.blob, &h, sizeof(h));
	if (kind == BASTION_KIND_P384)
		memcpy(fake_keys.blob + sizeof(h), point, sizeof(point));
	fake_keys.blob_len = kind == BASTION_KIND_P384 ? BASTION_BLOB_P384_SIZE :
			     kind == BASTION_KIND_DERIVED ? BASTION_BLOB_DERIVED_SIZE :
			     BASTION_BLOB_SECRET_SIZE(32);
}

static void new_keys(void **state)
{
	assert_int_equal(run("new", "web", TERMS, NULL), 0);
	assert_string_equal(fake_keys.log, "add bastion web -4: new 64" ASKED "\n");
	assert_string_equal(out, "600\n");
	assert_int_equal(run("new", "web", TERMS, "--size", "32", "--types", "logon,user",
			     "--owner", "7", "--exe", "sha256:" EXE, "--registers", "0,5",
			     "--counter", "16", "--derive", "db-1", NULL), 0);
	assert_string_equal(fake_keys.log, "add bastion web -4: new 32" ASKED " types=logon,user "
			    "owner=7 exe=sha256:" EXE " registers=0x21 counter=16 derive=db-1\n");
	assert_int_equal(run("new", "web", TERMS, "--ecdsa", "--counter", "1", NULL), 0);
	assert_string_equal(fake_keys.log, "add bastion web -4: ecdsa" ASKED " counter=1\n");
	fake_keys.fail = EAGAIN;
	fake_keys.fail_at = "add";
	assert_int_equal(run("new", "web", TERMS, "--ecdsa", NULL), BASTION_CLASS_LOCKED);
}

/* Nothing reaches the kernel. */
static void usage(void **state)
{
	static const char *const wrong[][ARGS_MAX] = {
		{ "" },
		{ "make", "web" },
		{ "new", "web", "--policy", "prod" },
		{ "new", "web", "--verifier", VERIFIER },
		{ "new", TERMS },
		{ "new", "web", "more", TERMS },
		{ "new", "web", TERMS, "--ecdsa", "--size", "64" },
		{ "new", "web", TERMS, "--ecdsa", "--types", "logon" },
		{ "new", "web", TERMS, "--ecdsa", "--derive", "x" },
		{ "new", "web", TERMS, "--derive", "X" },
		{ "new", "web", TERMS, "--derive", "x types=user" },
		{ "new", "web", TERMS, "--size", "31" },
		{ "new", "web", TERMS, "--size", "1025" },
		{ "new", "web", TERMS, "--counter", "0" },
		{ "new", "web", TERMS, "--counter", "17" },
		{ "new", "web", TERMS, "--counter", "-1" },
		{ "new", "web", TERMS, "--registers", "3" },
		{ "new", "web", TERMS, "--registers", "0," },
		{ "new", "web", TERMS, "--owner", "4294967295" },
		{ "new", "web", TERMS, "--types", "logon,keyring" },
		{ "new", "web", TERMS, "--exe", "sha256:00" },
		{ "new", "../web", TERMS },
		{ "import", "web", TERMS },
		{ "import", "web", "77", TERMS, "--file", "/dev/null" },
		{ "import", "web", "77", TERMS, "--size", "64" },
		{ "import", "web", "77", TERMS, "--derive", "x" },
		{ "import", "web", "77", TERMS, "--ecdsa" },
		{ "import", "web", "logon:x", TERMS },
		{ "import", "web", "-3", TERMS },
		{ "import", "web", TERMS, "--file", "/dev/null" },
		{ "rebind", TERMS },
		{ "rebind", "web", TERMS, "--owner", "7" },
		{ "rebind", "web", TERMS, "--derive", "x" },
		{ "rebind", "web", TERMS, "--keyring", "@u" },
		{ "sign", "web" },
		{ "sign", "web", "/dev/null", "--hash", "md5" },
		{ "csr", "web" },
		{ "public" },
		{ "public", "web", "--der", "--json" },
		{ "load", "web" },
		{ "save", "web" },
		{ "show" },
		{ "list", "web" },
	};
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *const *a = wrong[i];

		assert_int_equal(run(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9],
				     NULL), BASTION_CLASS_USAGE);
		assert_string_equal(fake_keys.log, "");
		assert_string_equal(out, "");
	}
}

static void import(void **state)
{
	static const char secret[] = "0123456789abcdef\0" "0123456789abcdef\n";

	assert_int_equal(run("import", "web", "77", TERMS, "--types", "user", NULL), 0);
	assert_string_equal(fake_keys.log, "add bastion web -4: import 77" ASKED " types=user\n");
	assert_int_equal(run("import", "web", "%user:old key", TERMS, NULL), 0);
	assert_string_equal(fake_keys.log, "find user old key\n"
			    "add bastion web -4: import 500" ASKED "\n");
	put_file("secret", secret, 34);
	assert_int_equal(run("import", "web", TERMS, "--file", path_of("secret"), NULL), 0);
	assert_string_equal(fake_keys.log, "add user bastion-import -2: \n"
			    "add bastion web -4: import 600" ASKED "\ninvalidate 600\n");
	assert_int_equal(fake_keys.secret_len, 34);
	assert_memory_equal(fake_keys.secret, secret, 34);
	assert_string_equal(out, "601\n");
	/* Nor does a failure leave it behind. */
	fake_keys.fail = EKEYREJECTED;
	fake_keys.fail_at = "add bastion";
	assert_int_equal(run("import", "web", TERMS, "--file", path_of("secret"), NULL),
			 BASTION_CLASS_REFUSED);
	assert_non_null(strstr(fake_keys.log, "invalidate 600\n"));
}

static void import_sizes(void **state)
{
	static char secret[BASTION_SECRET_MAX + 1];

	put_file("secret", secret, BASTION_SECRET_MAX);
	assert_int_equal(run("import", "web", TERMS, "--file", path_of("secret"), NULL), 0);
	assert_int_equal(fake_keys.secret_len, BASTION_SECRET_MAX);
	put_file("secret", secret, BASTION_SECRET_MAX + 1);
	assert_int_equal(run("import", "web", TERMS, "--file", path_of("secret"), NULL),
			 BASTION_CLASS_USAGE);
	put_file("secret", secret, BASTION_SECRET_MIN - 1);
	assert_int_equal(run("import", "web", TERMS, "--file", path_of("secret"), NULL),
			 BASTION_CLASS_USAGE);
	assert_string_equal(fake_keys.log, "");
	assert_int_equal(run("import", "web", TERMS, "--file", "/nonexistent", NULL),
			 BASTION_CLASS_FAILED);
	assert_string_equal(fake_keys.log, "");
}

/* The new blob is in its file before the key that others can find has moved. */
static void rebind(void **state)
{
	char expected[BASTION_KEYS_HEX_MAX + 2], saved[sizeof(expected)], blob[64];

	hold(BASTION_KIND_SECRET, 2);
	strcpy(blob, path_of("blob"));
	fake_keys.watched = blob;
	assert_int_equal(run("rebind", "web", TERMS, "-o", blob, NULL), 0);
	assert_string_equal(fake_keys.log, "find bastion web\n"
			    "add bastion web -2: load\n"
			    "update 600: rebind" ASKED "\n"
			    "unlink 600 -2 saved\n"
			    "update 500: rebind" ASKED " saved\n");
	assert_string_equal(out, "500\n");
	bastion_hex_encode(fake_keys.blob, fake_keys.blob_len, expected);
	strcat(expected, "\n");
	get_file("blob", saved, sizeof(saved));
	assert_string_equal(saved, expected);
	get_file("err", out, sizeof(out));
	assert_non_null(strstr(out, "refused once"));
	fake_keys.watched = NULL;
	hold(BASTION_KIND_P384, 0);
	assert_int_equal(run("rebind", "web", TERMS, "--counter", "2", "--registers", "1", NULL), 0);
	assert_string_equal(fake_keys.log, "find bastion web\n"
			    "update 500: rebind" ASKED " registers=0x2 counter=2\n");
	get_file("err", out, sizeof(out));
	assert_non_null(strstr(out, "for ever"));
}

static void rebind_refuses(void **state)
{
	struct stat st;

	hold(BASTION_KIND_SECRET, 2);
	assert_int_equal(run("rebind", "web", TERMS, NULL), BASTION_CLASS_USAGE);
	assert_string_equal(fake_keys.log, "find bastion web\n");
	hold(BASTION_KIND_DERIVED, 0);
	assert_int_equal(run("rebind", "web", TERMS, NULL), BASTION_CLASS_USAGE);
	assert_string_equal(fake_keys.log, "find bastion web\n");
	hold(BASTION_KIND_P384, 0);
	assert_int_equal(run("rebind", "web", TERMS, "--types", "user", NULL),
			 BASTION_CLASS_USAGE);
	assert_string_equal(fake_keys.log, "find bastion web\n");
	/* What fails leaves the key and the files as they are. */
	fake_keys.fail = EKEYREJECTED;
	fake_keys.fail_at = "update";
	assert_int_equal(run("rebind", "web", TERMS, "-o", path_of("blob"), NULL),
			 BASTION_CLASS_REFUSED);
	assert_null(strstr(fake_keys.log, "update 500"));
	assert_int_equal(stat(path_of("blob"), &st), -1);
	fake_keys.fail_at = NULL;
	assert_int_equal(run("rebind", "web", TERMS, "-o", "/nonexistent/blob", NULL),
			 BASTION_CLASS_FAILED);
	assert_null(strstr(fake_keys.log, "update 500"));
	/* Half done is said. */
	fake_keys.fail_at = "update 500";
	assert_int_equal(run("rebind", "web", TERMS, "-o", path_of("blob"), NULL),
			 BASTION_CLASS_REFUSED);
	assert_int_equal(stat(path_of("blob"), &st), 0);
	assert_string_equal(out, "");
	get_file("err", out, sizeof(out));
	assert_non_null(strstr(out, "blob has the new blob, the keyring the old one"));
}

/* What the fake kernel signs is nobody's signature, and does not get out. */
static void request(void **state)
{
	hold(BASTION_KIND_P384, 0);
	assert_int_equal(run("csr", "77", "--subject", "/CN=web", NULL), BASTION_CLASS_FAILED);
	assert_string_equal(fake_keys.log, "query 77 enc=x962 hash=sha384\n"
			    "sign 77 enc=x962 hash=sha384 48 104\n");
	assert_string_equal(out, "");
	assert_int_equal(run("csr", "77", "--subject", "web", NULL), BASTION_CLASS_USAGE);
	assert_string_equal(fake_keys.log, "");
	hold(BASTION_KIND_SECRET, 0);
	assert_int_equal(run("csr", "77", "--subject", "/CN=web", NULL), BASTION_CLASS_USAGE);
	assert_string_equal(fake_keys.log, "");
}

static void sign(void **state)
{
	put_file("file", "abc", 3);
	assert_int_equal(run("sign", "web", path_of("file"), NULL), 0);
	assert_string_equal(fake_keys.log, "find bastion web\nquery 500 enc=x962 hash=sha384\n"
			    "sign 500 enc=x962 hash=sha384 48 104\n");
	assert_string_equal(out, "signature");
	assert_int_equal(run("sign", "77", path_of("file"), "--hash", "sha256", "--raw", "--json",
			     NULL), 0);
	assert_string_equal(fake_keys.log, "query 77 enc=p1363 hash=sha256\n"
			    "sign 77 enc=p1363 hash=sha256 32 104\n");
	assert_non_null(strstr(out, "\"signature\": \"7369676e6174757265\""));
	fake_keys.fail = ETIMEDOUT;
	fake_keys.fail_at = "sign";
	assert_int_equal(run("sign", "web", path_of("file"), NULL), BASTION_CLASS_TIMEOUT);
	assert_string_equal(out, "");
	fake_keys.fail = EOPNOTSUPP;
	fake_keys.fail_at = "query";
	assert_int_equal(run("sign", "web", path_of("file"), NULL), BASTION_CLASS_FAILED);
	assert_string_equal(out, "");
}

static void public_key(void **state)
{
	uint8_t der[BASTION_PEM_SPKI_SIZE], got[BASTION_POINT_SIZE];
	struct bastion_error err;

	hold(BASTION_KIND_P384, 0);
	assert_int_equal(run("public", "web", NULL), 0);
	assert_string_equal(fake_keys.log, "find bastion web\n");
	assert_int_equal(bastion_pem_parse((uint8_t *)out, strlen(out), got, &err), 0);
	assert_memory_equal(got, point, sizeof(point));
	assert_int_equal(run("save", "web", path_of("blob"), NULL), 0);
	assert_int_equal(run("public", path_of("blob"), "--der", NULL), 0);
	assert_string_equal(fake_keys.log, "");
	bastion_pem_spki(point, der);
	assert_memory_equal(out, der, sizeof(der));
	hold(BASTION_KIND_SECRET, 0);
	assert_int_equal(run("public", "web", NULL), BASTION_CLASS_USAGE);
	hold(BASTION_KIND_P384, 0);
	fake_keys.blob[sizeof(struct bastion_blob_header) + 60] ^= 1;
	assert_int_equal(run("public", "web", NULL), BASTION_CLASS_FAILED);
	assert_string_equal(out, "");
}

static void show(void **state)
{
	uint8_t digest[BASTION_DIGEST_SIZE];
	char hex[2 * BASTION_DIGEST_SIZE + 1];

	hold(BASTION_KIND_P384, 3);
	assert_int_equal(run("show", "web", "--json", NULL), 0);
	assert_non_null(strstr(out, "\"kind\": \"p384\""));
	assert_non_null(strstr(out, "\"counter\": 3"));
	assert_non_null(strstr(out, "\"counter_value\": 7"));
	bastion_pem_digest(point, digest);
	bastion_hex_encode(digest, sizeof(digest), hex);
	assert_non_null(strstr(out, hex));
	hold(BASTION_KIND_SECRET, 0);
	fake_keys.blob[12] = BASTION_BLOB_IMPORTED;
	assert_int_equal(run("show", "web", NULL), 0);
	assert_non_null(strstr(out, "secret"));
	assert_non_null(strstr(out, "imported           yes\n"));
	assert_null(strstr(out, "counter"));
	hold(BASTION_KIND_DERIVED, 0);
	assert_int_equal(run("show", "web", NULL), 0);
	assert_non_null(strstr(out, "derived"));
	assert_non_null(strstr(out, "imported           no\n"));
}

static void explanations(void **state)
{
	/* Its own row, that of the wider operation, that of any. */
	assert_int_equal(bastion_explain(BASTION_OP_SIGN, EOPNOTSUPP)->op, BASTION_OP_SIGN);
	assert_int_equal(bastion_explain(BASTION_OP_SIGN, EKEYEXPIRED)->op, BASTION_OP_RELEASE);
	assert_int_equal(bastion_explain(BASTION_OP_REBIND, EDQUOT)->op, BASTION_OP_KEY);
	assert_int_equal(bastion_explain(BASTION_OP_IMPORT, EIO)->op, BASTION_OP_ANY);
	assert_int_equal(bastion_explain_class(BASTION_OP_SIGN, ETIMEDOUT), BASTION_CLASS_TIMEOUT);
	assert_int_equal(bastion_explain_class(BASTION_OP_REBIND, EAGAIN), BASTION_CLASS_LOCKED);
	assert_int_equal(bastion_explain_class(BASTION_OP_REBIND, EKEYREJECTED),
			 BASTION_CLASS_REFUSED);
	assert_int_equal(bastion_explain_class(BASTION_OP_LOAD, EKEYREJECTED),
			 BASTION_CLASS_REFUSED);
	assert_int_equal(bastion_explain_class(BASTION_OP_KEY, ENODEV), BASTION_CLASS_CHIP);
	assert_int_equal(bastion_explain_class(BASTION_OP_SIGN, ENODEV), BASTION_CLASS_CHIP);
}

static int line(const char *after_type)
{
	char text[256], name[BASTION_NAME_SIZE], kind[BASTION_KEYS_KIND_SIZE];
	int32_t serial = 0;
	int rc;

	snprintf(text, sizeof(text), "1f2e3d4c I--Q---     1 perm 3f010000     0     0 %s", after_type);
	rc = bastion_keys_parse_line(text, &serial, name, kind);
	if (!rc) {
		assert_int_equal(serial, 0x1f2e3d4c);
		assert_string_equal(name, "disk0");
	}
	return rc;
}

/* A description of somebody else's key, with a newline in it, makes up any line. */
static void lines_of_proc_keys(void **state)
{
	assert_int_equal(line("bastion   disk0: secret 32\n"), 0);
	assert_int_equal(line("bastion   disk0\n"), 0);
	assert_int_equal(line("user      disk0: 32\n"), -ENOENT);
	assert_int_equal(line("bastion   ../disk0: secret 32\n"), -ENOENT);
	assert_int_equal(line("bastion   disk0: \033[2J 32\n"), -ENOENT);
	assert_int_equal(line("bastion   disk0: \xff 32\n"), -ENOENT);
	assert_int_equal(line("bastion"), -ENOENT);

	assert_true(bastion_keys_described("bastion;0;0;3f010000;disk0", "disk0"));
	assert_false(bastion_keys_described("user;0;0;3f010000;disk0", "disk0"));
	assert_false(bastion_keys_described("bastion;0;0;3f010000;disk1", "disk0"));
	assert_false(bastion_keys_described("user;0;0;3f010000;bastion;disk0", "disk0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(new_keys, clean),
		cmocka_unit_test_teardown(usage, clean),
		cmocka_unit_test_teardown(import, clean),
		cmocka_unit_test_teardown(import_sizes, clean),
		cmocka_unit_test_teardown(rebind, clean),
		cmocka_unit_test_teardown(rebind_refuses, clean),
		cmocka_unit_test_teardown(request, clean),
		cmocka_unit_test_teardown(sign, clean),
		cmocka_unit_test_teardown(public_key, clean),
		cmocka_unit_test_teardown(show, clean),
		cmocka_unit_test(explanations),
		cmocka_unit_test(lines_of_proc_keys),
	};

	return cmocka_run_group_tests(tests, make, end);
}
