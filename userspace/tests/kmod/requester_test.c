// SPDX-License-Identifier: GPL-2.0
/*
 * How the kernel says who asks for a key: one text for each requester, which the
 * verifier reads as what it was, whatever the names.
 */
#include <errno.h>
#include <string.h>

#include "../../../kmod/requester_text.h"
#include "libbastion-verify/requester.h"
#include "test.h"

static const u8 exe[BASTION_EXE_SIZE] = { 0x01, 0xab, [31] = 0xff };

#define EXE	"exe=sha256:01ab0000000000000000000000000000000000000000000000000000000000ff"

static void expect(const char *want, u32 uid, const char *path, const char *cgroup)
{
	static char text[BASTION_REQUESTER_MAX];
	int len = bastion_requester_text(text, uid, exe, path, cgroup);
	struct bv_requester who;

	assert_int_equal(len, strlen(want));
	assert_memory_equal(text, want, len);
	assert_int_equal(bv_requester_read((struct bv_span){ (u8 *)text, len }, &who), 0);
	assert_int_equal(who.uid, uid);
	assert_memory_equal(who.exe, exe, sizeof(exe));
}

static void says_who_it_is(void **state)
{
	expect("uid=0 " EXE " path=/usr/bin/a cgroup=/", 0, "/usr/bin/a", "/");
	expect("uid=4294967294 " EXE " path=/a cgroup=/user.slice/b", 4294967294, "/a",
	       "/user.slice/b");
}

static void escapes_what_could_mislead(void **state)
{
	expect("uid=1 " EXE " path=/a\\x20cgroup=/b cgroup=/c\\x0auid=0", 1, "/a cgroup=/b",
	       "/c\nuid=0");
	expect("uid=1 " EXE " path=/\\x5cx20\\x7f~! cgroup=/\\x80\\xff\\x01\\x1b", 1,
	       "/\\x20\x7f~!", "/\x80\xff\x01\x1b");
	expect("uid=1 " EXE " path=/a\\x20(deleted) cgroup=/", 1, "/a (deleted)", "/");
}

/* Every byte that a name may have. */
static void verifier_reads_every_byte(void **state)
{
	char name[] = "/?";
	static char text[BASTION_REQUESTER_MAX];
	struct bv_requester who;
	int c, len;

	for (c = 1; c < 256; c++) {
		name[1] = c;
		len = bastion_requester_text(text, 7, exe, name, name);
		assert_true(len > 0);
		assert_int_equal(bv_requester_read((struct bv_span){ (u8 *)text, len }, &who), 0);
	}
}

static void refuses_what_is_too_long(void **state)
{
	static char text[BASTION_REQUESTER_MAX + 1], name[BASTION_REQUESTER_MAX];
	size_t room = BASTION_REQUESTER_MAX - strlen("uid=0 " EXE " path=/a cgroup=");

	text[BASTION_REQUESTER_MAX] = 0x55;
	memset(name, 'x', room);
	name[0] = '/';
	assert_int_equal(bastion_requester_text(text, 0, exe, "/a", name), BASTION_REQUESTER_MAX);
	name[room] = 'x';
	assert_int_equal(bastion_requester_text(text, 0, exe, "/a", name), -ENAMETOOLONG);
	/* Its last byte takes four. */
	name[room] = '\0';
	name[room - 1] = ' ';
	assert_int_equal(bastion_requester_text(text, 0, exe, "/a", name), -ENAMETOOLONG);
	assert_int_equal(text[BASTION_REQUESTER_MAX], 0x55);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_who_it_is),
		cmocka_unit_test(escapes_what_could_mislead),
		cmocka_unit_test(verifier_reads_every_byte),
		cmocka_unit_test(refuses_what_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
