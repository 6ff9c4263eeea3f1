// SPDX-License-Identifier: GPL-2.0
/* The kernel's reader of sealed blobs: each of its checks. */
#include <asm/byteorder.h>
#include <errno.h>

#include <bastion/grant.h>

#include "../../../kmod/blob.h"
#include "mutate.h"
#include "test.h"

#define SECRET_LEN 48

struct sample {
	struct bastion_blob_header header;
	u8 sealed[SECRET_LEN + BASTION_TAG_SIZE];
};

_Static_assert(sizeof(struct sample) == BASTION_BLOB_OVERHEAD + SECRET_LEN, "a hole in the sample");

static void sample_init(struct sample *s)
{
	struct bastion_blob_header *h = &s->header;

	memset(s, 0xa5, sizeof(*s));
	memcpy(h->magic, BASTION_BLOB_MAGIC, sizeof(h->magic));
	h->version = cpu_to_le16(BASTION_BLOB_VERSION);
	h->kind = cpu_to_le16(BASTION_KIND_SECRET);
	h->flags = cpu_to_le32(BASTION_BLOB_EXECUTABLE);
	memset(h->name, 0, sizeof(h->name));
	memcpy(h->name, "disk0", 5);
	h->owner = cpu_to_le32(1000);
	h->types = cpu_to_le32(BASTION_TYPE_LOGON | BASTION_TYPE_FSCRYPT);
	h->register_mask = cpu_to_le32(0x07);
	h->counter_index = cpu_to_le32(1);
	h->reserved = 0;
	h->secret_len = cpu_to_le32(SECRET_LEN);
	h->reserved2 = 0;
}

static int parse(const u8 *buf, size_t len)
{
	struct bastion_blob_view view;

	return bastion_blob_parse(buf, len, &view);
}

static int parse_sample(const struct sample *s)
{
	return mutate_exact(parse, (const u8 *)s, sizeof(*s));
}

static void reads_what_is_there(void **state)
{
	struct bastion_blob_view view;
	struct sample s;

	sample_init(&s);
	assert_int_equal(bastion_blob_parse((const u8 *)&s, sizeof(s), &view), 0);
	assert_memory_equal(&view.header, &s.header, sizeof(s.header));
	assert_ptr_equal(view.data, &s);
	assert_int_equal(view.len, sizeof(s));
}

static void refuses_other_lengths(void **state)
{
	struct sample s;

	sample_init(&s);
	mutate_truncate(parse, (const u8 *)&s, sizeof(s));
	mutate_extend(parse, (const u8 *)&s, sizeof(s), 0);
}

static void bounds_the_secret(void **state)
{
	static const struct {
		u32 secret_len;
		int ret;
	} cases[] = {
		{ 0, -EBADMSG },
		{ BASTION_SECRET_MIN - 1, -EBADMSG },
		{ BASTION_SECRET_MIN, 0 },
		{ BASTION_SECRET_MAX, 0 },
		{ BASTION_SECRET_MAX + 1, -EBADMSG },
	};
	u8 buf[BASTION_BLOB_MAX + 1] = { 0 };
	struct sample s;
	size_t i;

	sample_init(&s);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		s.header.secret_len = cpu_to_le32(cases[i].secret_len);
		memcpy(buf, &s.header, sizeof(s.header));
		assert_int_equal(mutate_exact(parse, buf,
					      BASTION_BLOB_OVERHEAD + cases[i].secret_len),
				 cases[i].ret);
	}
	/* a length that wraps around */
	s.header.secret_len = cpu_to_le32(0xffffffff);
	assert_int_equal(parse_sample(&s), -EBADMSG);
}

/* Every byte with every value: only the fields below may differ and still be a blob. */
static void judges_every_byte(void **state)
{
	bool any[sizeof(struct sample)] = { false };
	const size_t name_chars = 26 + 26 + 10 + 3;
	size_t changes = 0;
	struct sample s;

	memset(any + offsetof(struct sample, header.chip_id), 1, 3 * BASTION_DIGEST_SIZE);
	memset(any + offsetof(struct sample, header.owner), 1, 4);
	memset(any + offsetof(struct sample, header.min_svn), 1, 4);
	memset(any + offsetof(struct sample, header.register_digest), 1, BASTION_DIGEST_SIZE);
	memset(any + offsetof(struct sample, header.executable), 1, BASTION_EXE_SIZE);
	memset(any + offsetof(struct sample, header.counter_value), 1, 8);
	memset(any + offsetof(struct sample, header.salt), 1, BASTION_SALT_SIZE);
	memset(any + offsetof(struct sample, sealed), 1, sizeof(s.sealed));

	changes += 5 * (name_chars - 1);	/* another letter */
	changes += 1 + name_chars;		/* the last one off, one more */
	changes += 7 - 1;			/* types */
	changes += (1 << 6) - 2;		/* register_mask: other subsets, not none */
	changes += 1;				/* flags: imported, too */
	changes += BASTION_COUNTER_COUNT - 1;	/* counter_index: another, not none */

	sample_init(&s);
	assert_int_equal(mutate_each_byte(parse, (u8 *)&s, sizeof(s), any), changes);
}

static void refuses_another_format(void **state)
{
	struct sample s;

	sample_init(&s);
	s.header.magic[0] = 'b';
	assert_int_equal(parse_sample(&s), -EBADMSG);

	sample_init(&s);
	s.header.version = cpu_to_le16(BASTION_BLOB_VERSION + 1);
	assert_int_equal(parse_sample(&s), -EBADMSG);

	sample_init(&s);
	s.header.kind = 0;
	assert_int_equal(parse_sample(&s), -EBADMSG);
	s.header.kind = cpu_to_le16(BASTION_KIND_P384 + 1);
	assert_int_equal(parse_sample(&s), -EBADMSG);

	sample_init(&s);
	s.header.flags = cpu_to_le32(BASTION_BLOB_EXECUTABLE | 4);
	assert_int_equal(parse_sample(&s), -EBADMSG);
}

static void refuses_what_has_no_meaning_yet(void **state)
{
	struct sample s;

	sample_init(&s);
	s.header.reserved = cpu_to_le32(1);
	assert_int_equal(parse_sample(&s), -EBADMSG);

	sample_init(&s);
	s.header.reserved2 = cpu_to_le32(1);
	assert_int_equal(parse_sample(&s), -EBADMSG);
}

static void refuses_nobody_as_owner(void **state)
{
	struct sample s;

	sample_init(&s);
	s.header.owner = cpu_to_le32(0xffffffff);
	assert_int_equal(parse_sample(&s), -EBADMSG);
	s.header.owner = 0;
	assert_int_equal(parse_sample(&s), 0);
}

static void wants_a_type(void **state)
{
	struct sample s;

	sample_init(&s);
	s.header.types = 0;
	assert_int_equal(parse_sample(&s), -EBADMSG);
	s.header.types = cpu_to_le32(BASTION_TYPE_ALL + 1);
	assert_int_equal(parse_sample(&s), -EBADMSG);
	s.header.types = cpu_to_le32(BASTION_TYPE_ALL);
	assert_int_equal(parse_sample(&s), 0);
}

static void wants_an_executable_exactly_when_flagged(void **state)
{
	struct sample s;

	sample_init(&s);
	memset(s.header.executable, 0, BASTION_EXE_SIZE);
	assert_int_equal(parse_sample(&s), -EBADMSG);
	s.header.flags = 0;
	assert_int_equal(parse_sample(&s), 0);
	s.header.executable[31] = 1;
	assert_int_equal(parse_sample(&s), -EBADMSG);
}

static void wants_a_digest_only_of_registers(void **state)
{
	struct sample s;
	unsigned int bit;

	sample_init(&s);
	for (bit = 0; bit < 32; bit++) {
		s.header.register_mask = cpu_to_le32(1u << bit);
		assert_int_equal(parse_sample(&s),
				 (1u << bit) & BASTION_MASKABLE ? 0 : -EBADMSG);
	}
	s.header.register_mask = 0;
	assert_int_equal(parse_sample(&s), -EBADMSG);
	memset(s.header.register_digest, 0, BASTION_DIGEST_SIZE);
	assert_int_equal(parse_sample(&s), 0);
	s.header.register_digest[47] = 1;
	assert_int_equal(parse_sample(&s), -EBADMSG);
}

static void judges_the_name_field(void **state)
{
	struct sample s;

	/* none at all */
	sample_init(&s);
	memset(s.header.name, 0, sizeof(s.header.name));
	assert_int_equal(parse_sample(&s), -EBADMSG);

	/* room for its NUL, and none */
	memset(s.header.name, 'a', BASTION_NAME_SIZE - 1);
	assert_int_equal(parse_sample(&s), 0);
	s.header.name[BASTION_NAME_SIZE - 1] = 'a';
	assert_int_equal(parse_sample(&s), -EBADMSG);

	/* something hidden behind the NUL */
	sample_init(&s);
	s.header.name[BASTION_NAME_SIZE - 1] = 'x';
	assert_int_equal(parse_sample(&s), -EBADMSG);
	sample_init(&s);
	s.header.name[2] = '\0';
	assert_int_equal(parse_sample(&s), -EBADMSG);
}

static void knows_names(void **state)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	char name[BASTION_NAME_SIZE];
	int c;

	for (c = 0; c < 256; c++) {
		name[0] = c;
		assert_int_equal(bastion_name_valid(name, 1), c && strchr(allowed, c));
		name[0] = 'a';
		name[1] = c;
		assert_int_equal(bastion_name_valid(name, 2), c && strchr(allowed, c));
	}
	memset(name, 'a', sizeof(name));
	assert_false(bastion_name_valid(name, 0));
	assert_true(bastion_name_valid(name, BASTION_NAME_SIZE - 1));
	assert_false(bastion_name_valid(name, BASTION_NAME_SIZE));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_there),
		cmocka_unit_test(refuses_other_lengths),
		cmocka_unit_test(bounds_the_secret),
		cmocka_unit_test(judges_every_byte),
		cmocka_unit_test(refuses_another_format),
		cmocka_unit_test(refuses_what_has_no_meaning_yet),
		cmocka_unit_test(refuses_nobody_as_owner),
		cmocka_unit_test(wants_a_type),
		cmocka_unit_test(wants_an_executable_exactly_when_flagged),
		cmocka_unit_test(wants_a_digest_only_of_registers),
		cmocka_unit_test(judges_the_name_field),
		cmocka_unit_test(knows_names),
	};

	return cmocka_run_group_tests_name("kernel blob parser", tests, NULL, NULL);
}
