// SPDX-License-Identifier: GPL-2.0
/*
 * What a bastion key may be added with. The gate stays locked: whatever is
 * well formed is refused with EAGAIN, whatever is not with EINVAL, so that
 * neither can be mistaken for the other.
 */
#include "sealed.h"
#include "kselftest_harness.h"

#define V	"verifier=%s"
#define ZEROES	"0000000000000000000000000000000000000000000000000000000000000000"
#define ONES	"1111111111111111111111111111111111111111111111111111111111111111"

/* %s is the verifier's digest in hex. */
static const char * const bad[] = {
	/* verbs */
	" ", "\n", "new", "new ", "load", "load ", "New 32 " V " policy=p", "make 32 " V " policy=p",
	"new\t32 " V " policy=p", "ecdsa", "import", "rebind",
	/* to update a key with, not to add it */
	"rebind " V " policy=p",
	/* length */
	"new 31 " V " policy=p", "new 1025 " V " policy=p", "new 0 " V " policy=p",
	"new -32 " V " policy=p", "new +32 " V " policy=p", "new 032 " V " policy=p",
	"new 0x20 " V " policy=p", "new 32x " V " policy=p", "new 4294967328 " V " policy=p",
	"new 18446744073709551648 " V " policy=p", "new  32 " V " policy=p", "new " V " policy=p",
	"new 99999999999 " V " policy=p",
	/* spaces and ends */
	"new 32 " V "  policy=p", "new 32 " V " policy=p ", " new 32 " V " policy=p",
	"new 32 " V " policy=p\n\n", "new 32 " V "\npolicy=p", "new 32 " V " policy=p \n",
	"new 32 " V " policy=p\r\n",
	/* what must be there, once */
	"new 32", "new 32 " V, "new 32 policy=p", "new 32 " V " " V " policy=p",
	"new 32 " V " policy=p policy=p", "new 32 " V " policy=p policy=q",
	/* options */
	"new 32 " V " policy=p foo=1", "new 32 " V " policy=p foo", "new 32 " V " policy=p =1",
	"new 32 " V " policy=p owner", "new 32 " V " policy=p owner=", "new 32 " V " Policy=p",
	/* key pairs have no length and no type */
	"ecdsa " V, "ecdsa policy=p", "ecdsa 48 " V " policy=p", "ecdsa  " V " policy=p",
	"ecdsa " V " policy=p types=user", "ecdsa " V " policy=p derive=a",
	/* where a secret comes from */
	"import " V " policy=p", "import 0 " V " policy=p", "import -3 " V " policy=p",
	"import @u " V " policy=p", "import 2147483648 " V " policy=p", "import 01 " V " policy=p",
	"import 1", "import 1 " V, "import 1 1 " V " policy=p", "import 1 " V " policy=p derive=a",
	/* derive and counter */
	"new 32 " V " policy=p derive=", "new 32 " V " policy=p derive=A",
	"new 32 " V " policy=p derive=a derive=a", "new 32 " V " policy=p derive=a/b",
	"new 32 " V " policy=p derive=a" ZEROES, "new 32 " V " policy=p counter=0",
	"new 32 " V " policy=p counter=17", "new 32 " V " policy=p counter=",
	"new 32 " V " policy=p counter=01", "new 32 " V " policy=p counter=0x1",
	"new 32 " V " policy=p counter=1 counter=1", "load 00 counter=1",
	/* verifier */
	"new 32 verifier= policy=p", "new 32 verifier=ab policy=p", "new 32 " V "0 policy=p",
	"new 32 " V "00 policy=p", "new 32 verifier=g" ZEROES "1111111111111111111111111111111 policy=p",
	/* policy */
	"new 32 " V " policy=", "new 32 " V " policy=P", "new 32 " V " policy=a/b",
	"new 32 " V " policy=\xc3\xa4", "new 32 " V " policy=a,b", "new 32 " V " policy=a=b",
	"new 32 " V " policy=a" ZEROES,
	/* owner */
	"new 32 " V " policy=p owner=-1", "new 32 " V " policy=p owner=4294967295",
	"new 32 " V " policy=p owner=4294967296", "new 32 " V " policy=p owner=01",
	"new 32 " V " policy=p owner=root", "new 32 " V " policy=p owner=0 owner=0",
	/* types */
	"new 32 " V " policy=p types=", "new 32 " V " policy=p types=logon,",
	"new 32 " V " policy=p types=,logon", "new 32 " V " policy=p types=logon,logon",
	"new 32 " V " policy=p types=keyring", "new 32 " V " policy=p types=Logon",
	"new 32 " V " policy=p types=logonx", "new 32 " V " policy=p types=logo",
	/* exe */
	"new 32 " V " policy=p exe=", "new 32 " V " policy=p exe=" ONES,
	"new 32 " V " policy=p exe=sha256:", "new 32 " V " policy=p exe=sha256:" ONES "11",
	"new 32 " V " policy=p exe=sha512:" ONES, "new 32 " V " policy=p exe=sha256:" ZEROES,
	"new 32 " V " policy=p exe=/bin/true", "new 32 " V " policy=p exe=SHA256:" ONES,
	/* registers */
	"new 32 " V " policy=p registers=", "new 32 " V " policy=p registers=8",
	"new 32 " V " policy=p registers=16", "new 32 " V " policy=p registers=0x18",
	"new 32 " V " policy=p registers=256", "new 32 " V " policy=p registers=0x100",
	"new 32 " V " policy=p registers=0x", "new 32 " V " policy=p registers=ff",
	"new 32 " V " policy=p registers=0xe8", "new 32 " V " policy=p registers=01",
	"new 32 " V " policy=p registers=0X1",
	/* load */
	"load 0", "load abc", "load 0g", "load  00", "load 00 ", "load 00 00", "load 0x00",
	"load 00\n\n",
};

static const char * const good[] = {
	"new 32 " V " policy=prod", "new 32 " V " policy=prod\n", "new 1024 policy=prod " V,
	"new 32 " V " policy=0._-z", "new 32 owner=0 " V " policy=prod",
	"new 32 " V " policy=prod owner=4294967294", "new 32 " V " policy=prod types=logon",
	"new 32 " V " policy=prod types=user,fscrypt,logon",
	"new 32 " V " policy=prod exe=sha256:" ONES, "new 32 " V " policy=prod registers=0",
	"new 32 " V " policy=prod registers=231", "new 32 " V " policy=prod registers=0xE7",
	"new 32 " V " policy=prod counter=1", "new 32 " V " policy=prod counter=16",
	"new 32 " V " policy=prod derive=0._-z", "ecdsa " V " policy=prod", "ecdsa policy=prod " V "\n",
	"ecdsa " V " policy=prod counter=2 owner=7 registers=1 exe=sha256:" ONES,
	"new 64 policy=prod registers=0x80 types=logon owner=7 exe=sha256:" ONES " " V "\n",
};

FIXTURE(grammar)
{
	int fd;
	struct round_verifier verifier;
	char digest[2 * BASTION_DIGEST_SIZE + 1];
};

FIXTURE_SETUP(grammar)
{
	self->fd = round_open();
	ASSERT_LE(0, self->fd);
	round_verifier_make(&self->verifier);
	ASSERT_EQ(0, round_verifier_add(self->fd, &self->verifier));
	sealed_hex(self->verifier.digest, sizeof(self->verifier.digest), self->digest);
}

FIXTURE_TEARDOWN(grammar)
{
	EXPECT_EQ(0, round_verifier_remove(self->fd, &self->verifier));
	close(self->fd);
}

static key_serial_t add(const char *format, const char *digest)
{
	char payload[1024];

	/* One of the bad ones has it twice. */
	snprintf(payload, sizeof(payload), format, digest, digest);
	return sealed_add("grammar", payload, KEY_SPEC_PROCESS_KEYRING);
}

TEST_F(grammar, bad)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EXPECT_EQ(-EINVAL, add(bad[i], self->digest))
			TH_LOG("%s", bad[i]);
	}
}

TEST_F(grammar, good)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		EXPECT_EQ(-EAGAIN, add(good[i], self->digest))
			TH_LOG("%s", good[i]);
	}
}

/* A secret that is not there is missed before a grant is. */
TEST_F(grammar, import)
{
	key_serial_t key = add_key("user", "grammar", ONES, strlen(ONES),
				   KEY_SPEC_PROCESS_KEYRING);
	char format[128];

	EXPECT_EQ(-ENOKEY, add("import 2147483647 " V " policy=prod", self->digest));
	snprintf(format, sizeof(format), "import %d verifier=%%s policy=prod types=user counter=5\n",
		 key);
	EXPECT_EQ(-EAGAIN, add(format, self->digest));
}

/* Every prefix of what is good, and every byte of it replaced. */
TEST_F(grammar, damaged)
{
	char payload[512];
	size_t len, i;

	len = snprintf(payload, sizeof(payload), "new 32 verifier=%s policy=prod types=logon",
		       self->digest);
	for (i = 0; i < len - 1; i++) {
		char c = payload[i];
		int ret;

		payload[i] = '\0';
		ret = sealed_add("grammar", payload, KEY_SPEC_PROCESS_KEYRING);
		EXPECT_TRUE(ret == -EINVAL || (ret == -EAGAIN && strstr(payload, "policy=p")))
			TH_LOG("%zu bytes: %d", i, ret);
		payload[i] = '\x80';
		EXPECT_EQ(-EINVAL, sealed_add("grammar", payload, KEY_SPEC_PROCESS_KEYRING))
			TH_LOG("byte %zu", i);
		payload[i] = c;
	}
	/* A NUL is a byte as any other. */
	EXPECT_GT(0, add_key("bastion", "grammar", payload, len + 1, KEY_SPEC_PROCESS_KEYRING));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(grammar, no_payload)
{
	EXPECT_GT(0, add_key("bastion", "grammar", NULL, 0, KEY_SPEC_PROCESS_KEYRING));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(grammar, unknown_verifier)
{
	self->digest[0] = self->digest[0] == '0' ? '1' : '0';
	EXPECT_EQ(-ENOKEY, add("new 32 " V " policy=prod", self->digest));
}

TEST_F(grammar, descriptions)
{
	static const char * const names[] = {
		"", " ", "a b", "a/b", "a:b", "bastion:a", "a\nb", "\xc3\xa4", "a;b", "%",
	};
	char payload[256], name[80];

	snprintf(payload, sizeof(payload), "new 32 verifier=%s policy=prod", self->digest);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		EXPECT_EQ(-EINVAL, sealed_add(names[i], payload, KEY_SPEC_PROCESS_KEYRING))
			TH_LOG("'%s'", names[i]);
	}
	memset(name, 'n', sizeof(name));
	name[64] = '\0';
	EXPECT_EQ(-EINVAL, sealed_add(name, payload, KEY_SPEC_PROCESS_KEYRING));
	name[63] = '\0';
	EXPECT_EQ(-EAGAIN, sealed_add(name, payload, KEY_SPEC_PROCESS_KEYRING));
	EXPECT_EQ(-EAGAIN, sealed_add("Az09._-", payload, KEY_SPEC_PROCESS_KEYRING));
}

TEST_HARNESS_MAIN
