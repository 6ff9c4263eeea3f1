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

	if (!ret)
		assert_true(record.head_len + (record.old ? record.data_len : 0) <= len);
	if (ret == -EAGAIN)
		assert_true(len < BASTION_IMA_HEAD_MAX);
	return ret;
}

static void reads_what_is_there(void **state)
{
	struct bastion_ima_record record;
	u8 buf[256];
	size_t len = write_record(buf, 7, "ima-ng", "template", 8);

	assert_int_equal(bastion_ima_parse(buf, sizeof(buf), &record), 0);
	assert_int_equal(record.head_len + record.data_len, len);
	assert_int_equal(record.data_len, 8);
	assert_memory_equal(buf + record.head_len, "template", 8);
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
	size_t len, i;

	memset(data, 1, BASTION_IMA_SHA1_SIZE);
	memcpy(data + BASTION_IMA_SHA1_SIZE, &name_len, 4);
	memcpy(data + BASTION_IMA_SHA1_SIZE + 4, "/bin/true", 9);
	len = write_record(buf, 7, "ima", data, sizeof(data));
	assert_int_equal(bastion_ima_parse(buf, len, &record), 0);
	assert_true(record.old);
	assert_int_equal(record.head_len + record.data_len, len);
	assert_int_equal(record.data_len, sizeof(data));
	for (i = 0; i < len; i++)
		assert_int_equal(mutate_exact(parse, buf, i), -EAGAIN);
	name_len = BASTION_IMA_TEMPLATE_MAX + 1;
	memcpy(data + BASTION_IMA_SHA1_SIZE, &name_len, 4);
	len = write_record(buf, 7, "ima", data, sizeof(data));
	assert_int_equal(mutate_exact(parse, buf, len), -EBADMSG);
}

/* Every piece of the head is one that goes on; the data need not be there. */
static void waits_for_the_head(void **state)
{
	u8 buf[256];
	size_t len = write_record(buf, 7, "ima-sig", "template", 8), i;

	for (i = 0; i < len - 8; i++)
		assert_int_equal(mutate_exact(parse, buf, i), -EAGAIN);
	for (; i <= len; i++)
		assert_int_equal(mutate_exact(parse, buf, i), 0);
}

/* An extended attribute as long as can be, of which anybody's FUSE server makes as many as it likes. */
static void takes_data_of_any_length(void **state)
{
	static const u32 lengths[] = { 65536, 65536 + 4096, 10 * 65536, 0xffffffff };
	struct bastion_ima_record record;
	u8 buf[256];
	size_t i;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		write_record(buf, 7, "ima-sig", "template", 8);
		memcpy(buf + 4 + BASTION_IMA_SHA1_SIZE + 4 + strlen("ima-sig"), &lengths[i], 4);
		assert_int_equal(bastion_ima_parse(buf, sizeof(buf), &record), 0);
		assert_int_equal(record.data_len, lengths[i]);
	}
}

static void refuses_names_that_are_none(void **state)
{
	u32 wrong[] = { 0, BASTION_IMA_TEMPLATE_MAX + 1, 0xffffffff };
	static u8 buf[2 * BASTION_IMA_HEAD_MAX];
	size_t i;

	for (i = 0; i < 3; i++) {
		write_record(buf, 7, "ima-ng", "template", 8);
		memcpy(buf + 4 + BASTION_IMA_SHA1_SIZE, &wrong[i], 4);
		assert_int_equal(parse(buf, sizeof(buf)), -EBADMSG);
	}
}

/* The longest head: of "ima" it has the data, too. */
static void reads_the_longest_head(void **state)
{
	const u32 name_len = BASTION_IMA_TEMPLATE_MAX;
	static u8 buf[2 * BASTION_IMA_HEAD_MAX], data[BASTION_IMA_HEAD_MAX];
	static char name[BASTION_IMA_TEMPLATE_MAX + 1];
	size_t len;

	memset(name, 'n', BASTION_IMA_TEMPLATE_MAX);
	len = write_record(buf, 7, name, "", 0);
	assert_true(len <= BASTION_IMA_HEAD_MAX);
	assert_int_equal(mutate_exact(parse, buf, len), 0);
	memcpy(data + BASTION_IMA_SHA1_SIZE, &name_len, 4);
	len = write_record(buf, 7, "ima", data, BASTION_IMA_SHA1_SIZE + 4 + name_len);
	assert_int_equal(mutate_exact(parse, buf, len), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_there),
		cmocka_unit_test(knows_violations),
		cmocka_unit_test(knows_the_old_template),
		cmocka_unit_test(waits_for_the_head),
		cmocka_unit_test(takes_data_of_any_length),
		cmocka_unit_test(refuses_names_that_are_none),
		cmocka_unit_test(reads_the_longest_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
