// SPDX-License-Identifier: GPL-2.0
/* The kernel's reader of IMA's binary list. */
#include <errno.h>
#include <string.h>

#include "../../../kmod/ima_parse.h"
#include "mutate.h"
#include "test.h"

/* A record as IMA writes it: its length. */
static size_t write_record(u8 *out, u8 digest, const char *name, const void *data, u32 len)
{
	u32 pcr = 10, name_len = strlen(name);
	u8 *at = out;

	memcpy(at, &pcr, 4);
	memset(at + 4, digest, BASTION_IMA_SHA1_SIZE);
	at += 4 + BASTION_IMA_SHA1_SIZE;
	memcpy(at, &name_len, 4);
	memcpy(at + 4, name, name_len);
	at += 4 + name_len;
	if (strcmp(name, "ima")) {
		memcpy(at, &len, 4);
		at += 4;
	}
	memcpy(at, data, len);
	return at + len - out;
}

static int parse(const u8 *buf, size_t len)
{
	struct bastion_ima_record record;
	int ret = bastion_ima_parse(buf, len, &record);

	if (!ret) {
		assert_true(record.len <= len);
		assert_true(record.data >= buf);
		assert_true(record.data + record.data_len == buf + record.len);
	}
	return ret;
}

static void reads_what_is_there(void **state)
{
	struct bastion_ima_record record;
	u8 buf[256];
	size_t len = write_record(buf, 7, "ima-ng", "template", 8);

	assert_int_equal(bastion_ima_parse(buf, sizeof(buf), &record), 0);
	assert_int_equal(record.len, len);
	assert_int_equal(record.data_len, 8);
	assert_memory_equal(record.data, "template", 8);
	assert_false(record.violation);
	assert_false(record.old);
}

static void knows_violations(void **state)
{
	struct bastion_ima_record record;
	u8 buf[256];

	write_record(buf, 0, "ima-ng", "template", 8);
	assert_int_equal(bastion_ima_parse(buf, sizeof(buf), &record), 0);
	assert_true(record.violation);
}

/* "ima": no length in front of the data, but one in front of the name. */
static void knows_the_old_template(void **state)
{
	struct bastion_ima_record record;
	u8 buf[256], data[BASTION_IMA_SHA1_SIZE + 4 + 9];
	u32 name_len = 9;
	size_t len;

	memset(data, 1, BASTION_IMA_SHA1_SIZE);
	memcpy(data + BASTION_IMA_SHA1_SIZE, &name_len, 4);
	memcpy(data + BASTION_IMA_SHA1_SIZE + 4, "/bin/true", 9);
	len = write_record(buf, 7, "ima", data, sizeof(data));
	assert_int_equal(bastion_ima_parse(buf, len, &record), 0);
	assert_true(record.old);
	assert_int_equal(record.len, len);
	assert_int_equal(record.data_len, sizeof(data));
	name_len = BASTION_IMA_TEMPLATE_MAX + 1;
	memcpy(data + BASTION_IMA_SHA1_SIZE, &name_len, 4);
	len = write_record(buf, 7, "ima", data, sizeof(data));
	assert_int_equal(mutate_exact(parse, buf, len), -EBADMSG);
}

/* Every beginning of a record is one that goes on. */
static void waits_for_the_rest(void **state)
{
	u8 buf[256];
	size_t len = write_record(buf, 7, "ima-sig", "template", 8), i;

	for (i = 0; i < len; i++)
		assert_int_equal(mutate_exact(parse, buf, i), -EAGAIN);
	assert_int_equal(mutate_exact(parse, buf, len), 0);
}

static void refuses_what_is_too_long(void **state)
{
	static u8 buf[2 * BASTION_IMA_RECORD_MAX], data[BASTION_IMA_RECORD_MAX];
	const size_t overhead = 4 + BASTION_IMA_SHA1_SIZE + 4 + strlen("ima-buf") + 4;
	u32 huge[] = { 0, BASTION_IMA_TEMPLATE_MAX + 1, 0xffffffff };
	size_t i, len;

	for (i = 0; i < 3; i++) {
		write_record(buf, 7, "ima-ng", "template", 8);
		memcpy(buf + 4 + BASTION_IMA_SHA1_SIZE, &huge[i], 4);
		assert_int_equal(parse(buf, 256), -EBADMSG);
	}
	write_record(buf, 7, "ima-ng", "template", 8);
	memset(buf + 4 + BASTION_IMA_SHA1_SIZE + 4 + strlen("ima-ng"), 0xff, 4);
	assert_int_equal(parse(buf, 256), -EBADMSG);
	/* The longest that is read, and one byte more. */
	len = write_record(buf, 7, "ima-buf", data, sizeof(data) - overhead);
	assert_int_equal(len, BASTION_IMA_RECORD_MAX);
	assert_int_equal(parse(buf, len), 0);
	assert_int_equal(parse(buf, len - 1), -EAGAIN);
	len = write_record(buf, 7, "ima-buf", data, sizeof(data) - overhead + 1);
	assert_int_equal(parse(buf, len), -EBADMSG);
	assert_int_equal(parse(buf, BASTION_IMA_RECORD_MAX), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_there),
		cmocka_unit_test(knows_violations),
		cmocka_unit_test(knows_the_old_template),
		cmocka_unit_test(waits_for_the_rest),
		cmocka_unit_test(refuses_what_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
