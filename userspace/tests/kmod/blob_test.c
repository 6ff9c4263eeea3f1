// SPDX-License-Identifier: GPL-2.0
/* The kernel's reader of sealed blobs: each of its checks. */
#include <asm/byteorder.h>
#include <errno.h>

#include <bastion/grant.h>

#include "../../../kmod/blob.h"
#include "mutate.h"
#include "samples.h"
#include "test.h"

static const u16 kinds[] = { BASTION_KIND_SECRET, BASTION_KIND_DERIVED, BASTION_KIND_P384 };

#define KINDS (sizeof(kinds) / sizeof(*kinds))

static int parse(const u8 *buf, size_t len)
{
	struct bastion_blob_view view;

	return bastion_blob_parse(buf, len, &view);
}

static int parse_sample(const struct blob_sample *s)
{
	return mutate_exact(parse, (const u8 *)s, s->len);
}

static void reads_what_is_there(void **state)
{
	struct bastion_blob_view view;
	struct blob_sample s;
	size_t i;

	for (i = 0; i < KINDS; i++) {
		blob_sample_init(&s, kinds[i]);
		assert_int_equal(bastion_blob_parse((const u8 *)&s, s.len, &view), 0);
		assert_memory_equal(&view.header, &s.header, sizeof(s.header));
		assert_ptr_equal(view.data, &s);
		assert_int_equal(view.len, s.len);
		assert_ptr_equal(view.point, kinds[i] == BASTION_KIND_P384 ? s.rest : NULL);
	}
}

static void refuses_other_lengths(void **state)
{
	struct blob_sample s;
	size_t i;

	for (i = 0; i < KINDS; i++) {
		blob_sample_init(&s, kinds[i]);
		mutate_truncate(parse, (const u8 *)&s, s.len);
		mutate_extend(parse, (const u8 *)&s, s.len, 0);
	}
}

/* The length says which of the two has a wrong kind. */
static void refuses_one_kind_as_another(void **state)
{
	struct blob_sample s;
	size_t i, j;

	for (i = 0; i < KINDS; i++) {
		for (j = 0; j < KINDS; j++) {
			blob_sample_init(&s, kinds[i]);
			s.header.kind = cpu_to_le16(kinds[j]);
			assert_int_equal(parse_sample(&s), i == j ? 0 : -EBADMSG);
		}
	}
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
	struct blob_sample s;
	size_t i;

	blob_sample_init(&s, BASTION_KIND_SECRET);
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

static void bounds_a_derived_secret(void **state)
{
	static const u32 good[] = { BASTION_SECRET_MIN, BASTION_SECRET_MAX };
	static const u32 bad[] = { 0, BASTION_SECRET_MIN - 1, BASTION_SECRET_MAX + 1, 0xffffffff };
	struct blob_sample s;
	size_t i;

	blob_sample_init(&s, BASTION_KIND_DERIVED);
	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		s.header.secret_len = cpu_to_le32(good[i]);
		assert_int_equal(parse_sample(&s), 0);
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		s.header.secret_len = cpu_to_le32(bad[i]);
		assert_int_equal(parse_sample(&s), -EBADMSG);
	}
}

/* Bytes that may have any value, whatever the kind. */
static void mark_any(bool any[sizeof(struct blob_sample)], const struct blob_sample *s)
{
	memset(any, 0, sizeof(struct blob_sample));
	memset(any + offsetof(struct blob_sample, header.chip_id), 1, 3 * BASTION_DIGEST_SIZE);
	memset(any + offsetof(struct blob_sample, header.owner), 1, 4);
	memset(any + offsetof(struct blob_sample, header.min_svn), 1, 4);
	memset(any + offsetof(struct blob_sample, header.register_digest), 1, BASTION_DIGEST_SIZE);
	memset(any + offsetof(struct blob_sample, header.executable), 1, BASTION_EXE_SIZE);
	memset(any + offsetof(struct blob_sample, header.counter_value), 1, 8);
	memset(any + offsetof(struct blob_sample, header.salt), 1, BASTION_SALT_SIZE);
	memset(any + sizeof(s->header), 1, s->len - sizeof(s->header));
}

/* Every byte with every value: only the fields below may differ and still be a blob. */
static void judges_every_byte(void **state)
{
	const size_t name_chars = 26 + 26 + 10 + 3;
	bool any[sizeof(struct blob_sample)];
	size_t changes, i;
	struct blob_sample s;

	for (i = 0; i < KINDS; i++) {
		blob_sample_init(&s, kinds[i]);
		mark_any(any, &s);
		changes = 5 * (name_chars - 1);		/* another letter */
		changes += 1 + name_chars;		/* the last one off, one more */
		changes += (1 << 6) - 2;		/* register_mask: other subsets, not none */
		changes += BASTION_COUNTER_COUNT - 1;	/* counter_index: another, not none */
		if (kinds[i] == BASTION_KIND_SECRET)
			changes += 1;			/* flags: imported, too */
		if (kinds[i] == BASTION_KIND_P384)
			any[offsetof(struct blob_sample, rest)] = false;
		else
			changes += 7 - 1;		/* types */
		if (kinds[i] == BASTION_KIND_DERIVED) {
			memset(any + offsetof(struct blob_sample, header.min_svn), 0, 4);
			/* secret_len: 0x0020 to 0x00ff but 0x0030; 0x0130, 0x0230, 0x0330 */
			changes += 255 - 32 + 3;
		}
		assert_int_equal(mutate_each_byte(parse, (u8 *)&s, s.len, any), changes);
	}
}

/* A key that was imported is one that was not made, derived or paired by the chip. */
static void knows_which_kinds_are_imported(void **state)
{
	struct blob_sample s;
	size_t i;

	for (i = 0; i < KINDS; i++) {
		blob_sample_init(&s, kinds[i]);
		s.header.flags = cpu_to_le32(BASTION_BLOB_EXECUTABLE | BASTION_BLOB_IMPORTED);
		assert_int_equal(parse_sample(&s),
				 kinds[i] == BASTION_KIND_SECRET ? 0 : -EBADMSG);
	}
}

/* It must stay the same key when the firmware is updated. */
static void derives_for_any_firmware(void **state)
{
	struct blob_sample s;

	blob_sample_init(&s, BASTION_KIND_DERIVED);
	s.header.min_svn = cpu_to_le32(1);
	assert_int_equal(parse_sample(&s), -EBADMSG);
}

static void releases_no_key_pair(void **state)
{
	struct blob_sample s;
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		blob_sample_init(&s, BASTION_KIND_P384);
		s.header.types = cpu_to_le32(1u << bit);
		assert_int_equal(parse_sample(&s), -EBADMSG);
	}
}

static void wants_a_scalar_in_a_key_pair(void **state)
{
	static const u32 bad[] = { 0, 32, BASTION_SCALAR_SIZE - 1, BASTION_SCALAR_SIZE + 1, 1024 };
	u8 buf[BASTION_BLOB_MAX + BASTION_POINT_SIZE] = { 0 };
	struct blob_sample s;
	size_t i;

	blob_sample_init(&s, BASTION_KIND_P384);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		s.header.secret_len = cpu_to_le32(bad[i]);
		assert_int_equal(parse_sample(&s), -EBADMSG);
		memcpy(buf, &s, s.len);
		assert_int_equal(mutate_exact(parse, buf, s.len - BASTION_SCALAR_SIZE + bad[i]),
				 -EBADMSG);
	}
}

static void bounds_the_counter(void **state)
{
	static const u32 bad[] = { BASTION_COUNTER_COUNT + 1, 0x100, 0x80000001, 0xffffffff };
	struct blob_sample s;
	size_t i;

	for (i = 0; i < KINDS; i++) {
		blob_sample_init(&s, kinds[i]);
		s.header.counter_index = cpu_to_le32(BASTION_COUNTER_COUNT);
		assert_int_equal(parse_sample(&s), 0);
		s.header.counter_value = 0;
		assert_int_equal(parse_sample(&s), 0);
		/* none, and then no value of it */
		s.header.counter_index = 0;
		assert_int_equal(parse_sample(&s), 0);
		s.header.counter_value = cpu_to_le64(1);
		assert_int_equal(parse_sample(&s), -EBADMSG);
		s.header.counter_value = cpu_to_le64(1ull << 63);
		assert_int_equal(parse_sample(&s), -EBADMSG);
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		blob_sample_init(&s, BASTION_KIND_SECRET);
		s.header.counter_index = cpu_to_le32(bad[i]);
		assert_int_equal(parse_sample(&s), -EBADMSG);
	}
}

static void refuses_another_format(void **state)
{
	struct blob_sample s;

	blob_sample_init(&s, BASTION_KIND_SECRET);
	s.header.magic[0] = 'b';
	assert_int_equal(parse_sample(&s), -EBADMSG);

	blob_sample_init(&s, BASTION_KIND_SECRET);
	s.header.version = cpu_to_le16(BASTION_BLOB_VERSION + 1);
	assert_int_equal(parse_sample(&s), -EBADMSG);

	blob_sample_init(&s, BASTION_KIND_SECRET);
	s.header.kind = 0;
	assert_int_equal(parse_sample(&s), -EBADMSG);
	s.header.kind = cpu_to_le16(BASTION_KIND_TPM + 1);
	assert_int_equal(parse_sample(&s), -EBADMSG);

	blob_sample_init(&s, BASTION_KIND_SECRET);
	s.header.flags = cpu_to_le32(BASTION_BLOB_EXECUTABLE | 4);
	assert_int_equal(parse_sample(&s), -EBADMSG);
}

static void refuses_what_has_no_meaning_yet(void **state)
{
	struct blob_sample s;

	blob_sample_init(&s, BASTION_KIND_SECRET);
	s.header.reserved = cpu_to_le32(1);
	assert_int_equal(parse_sample(&s), -EBADMSG);

	blob_sample_init(&s, BASTION_KIND_SECRET);
	s.header.reserved2 = cpu_to_le32(1);
	assert_int_equal(parse_sample(&s), -EBADMSG);
}

static void refuses_nobody_as_owner(void **state)
{
	struct blob_sample s;

	blob_sample_init(&s, BASTION_KIND_SECRET);
	s.header.owner = cpu_to_le32(0xffffffff);
	assert_int_equal(parse_sample(&s), -EBADMSG);
	s.header.owner = 0;
	assert_int_equal(parse_sample(&s), 0);
}

static void wants_a_type(void **state)
{
	struct blob_sample s;

	blob_sample_init(&s, BASTION_KIND_SECRET);
	s.header.types = 0;
	assert_int_equal(parse_sample(&s), -EBADMSG);
	s.header.types = cpu_to_le32(BASTION_TYPE_ALL + 1);
	assert_int_equal(parse_sample(&s), -EBADMSG);
	s.header.types = cpu_to_le32(BASTION_TYPE_ALL);
	assert_int_equal(parse_sample(&s), 0);
}

static void wants_an_executable_exactly_when_flagged(void **state)
{
	struct blob_sample s;

	blob_sample_init(&s, BASTION_KIND_SECRET);
	memset(s.header.executable, 0, BASTION_EXE_SIZE);
	assert_int_equal(parse_sample(&s), -EBADMSG);
	s.header.flags = 0;
	assert_int_equal(parse_sample(&s), 0);
	s.header.executable[31] = 1;
	assert_int_equal(parse_sample(&s), -EBADMSG);
}

static void wants_a_digest_only_of_registers(void **state)
{
	struct blob_sample s;
	unsigned int bit;

	blob_sample_init(&s, BASTION_KIND_SECRET);
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
	struct blob_sample s;

	/* none at all */
	blob_sample_init(&s, BASTION_KIND_SECRET);
	memset(s.header.name, 0, sizeof(s.header.name));
	assert_int_equal(parse_sample(&s), -EBADMSG);

	/* room for its NUL, and none */
	memset(s.header.name, 'a', BASTION_NAME_SIZE - 1);
	assert_int_equal(parse_sample(&s), 0);
	s.header.name[BASTION_NAME_SIZE - 1] = 'a';
	assert_int_equal(parse_sample(&s), -EBADMSG);

	/* something hidden behind the NUL */
	blob_sample_init(&s, BASTION_KIND_SECRET);
	s.header.name[BASTION_NAME_SIZE - 1] = 'x';
	assert_int_equal(parse_sample(&s), -EBADMSG);
	blob_sample_init(&s, BASTION_KIND_SECRET);
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

/* A TPM's blob: the sample's header without a counter, @private_len bytes, @secret_len bytes. */
static size_t tpm_sample(u8 buf[2 * BASTION_BLOB_MAX], u16 private_len, u32 secret_len)
{
	struct bastion_blob_tpm part = { .private_len = cpu_to_le16(private_len) };
	struct blob_sample s;

	blob_sample_init(&s, BASTION_KIND_TPM);
	s.header.counter_index = 0;
	s.header.counter_value = 0;
	s.header.secret_len = cpu_to_le32(secret_len);
	memset(buf, 0xa5, 2 * BASTION_BLOB_MAX);
	memcpy(buf, &s.header, sizeof(s.header));
	memset(part.unique, 0xa5, sizeof(part.unique));
	memcpy(buf + sizeof(s.header), &part, sizeof(part));
	return BASTION_BLOB_TPM_SIZE((size_t)private_len, (size_t)secret_len);
}

static void reads_a_tpms(void **state)
{
	static const struct {
		u16 private_len;
		u32 secret_len;
		int ret;
	} cases[] = {
		{ 1, BASTION_SECRET_MIN, 0 },
		{ BASTION_TPM_PRIVATE_MAX, BASTION_TPM_SECRET_MAX, 0 },
		{ 0, BASTION_SECRET_MIN, -EBADMSG },
		{ BASTION_TPM_PRIVATE_MAX + 1, BASTION_SECRET_MIN, -EBADMSG },
		{ 1, BASTION_SECRET_MIN - 1, -EBADMSG },
		{ 1, BASTION_TPM_SECRET_MAX + 1, -EBADMSG },
	};
	u8 buf[2 * BASTION_BLOB_MAX];
	size_t i, len;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		len = tpm_sample(buf, cases[i].private_len, cases[i].secret_len);
		assert_int_equal(mutate_exact(parse, buf, len), cases[i].ret);
	}
	assert_true(BASTION_BLOB_TPM_SIZE(BASTION_TPM_PRIVATE_MAX, BASTION_TPM_SECRET_MAX) <=
		    BASTION_BLOB_MAX);
	len = tpm_sample(buf, 100, 40);
	mutate_truncate(parse, buf, len);
	mutate_extend(parse, buf, len, 0);
}

static void judges_every_byte_of_a_tpms(void **state)
{
	u8 buf[2 * BASTION_BLOB_MAX];
	struct blob_sample *s = (void *)buf;
	size_t head = sizeof(struct bastion_blob_header), len;
	bool any[sizeof(buf)] = { false };

	/* so short that no other length of one part makes up for another of the other */
	len = tpm_sample(buf, 1, BASTION_SECRET_MIN);
	memset(any + offsetof(struct blob_sample, header.chip_id), 1, 3 * BASTION_DIGEST_SIZE);
	memset(any + offsetof(struct blob_sample, header.owner), 1, 4);
	memset(any + offsetof(struct blob_sample, header.min_svn), 1, 4);
	memset(any + offsetof(struct blob_sample, header.register_digest), 1, BASTION_DIGEST_SIZE);
	memset(any + offsetof(struct blob_sample, header.executable), 1, BASTION_EXE_SIZE);
	memset(any + offsetof(struct blob_sample, header.salt), 1, BASTION_SALT_SIZE);
	memset(any + head, 1, 32);
	memset(any + head + sizeof(struct bastion_blob_tpm), 1,
	       len - head - sizeof(struct bastion_blob_tpm));
	/* names, register masks and types as for other kinds; imported, too */
	assert_int_equal(mutate_each_byte(parse, buf, len, any),
			 5 * 64 + 1 + 65 + 62 + 6 + 1);
	s->header.counter_index = cpu_to_le32(1);
	assert_int_equal(mutate_exact(parse, buf, len), -EBADMSG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_there),
		cmocka_unit_test(refuses_other_lengths),
		cmocka_unit_test(refuses_one_kind_as_another),
		cmocka_unit_test(bounds_the_secret),
		cmocka_unit_test(bounds_a_derived_secret),
		cmocka_unit_test(judges_every_byte),
		cmocka_unit_test(knows_which_kinds_are_imported),
		cmocka_unit_test(derives_for_any_firmware),
		cmocka_unit_test(releases_no_key_pair),
		cmocka_unit_test(wants_a_scalar_in_a_key_pair),
		cmocka_unit_test(bounds_the_counter),
		cmocka_unit_test(refuses_another_format),
		cmocka_unit_test(refuses_what_has_no_meaning_yet),
		cmocka_unit_test(refuses_nobody_as_owner),
		cmocka_unit_test(wants_a_type),
		cmocka_unit_test(wants_an_executable_exactly_when_flagged),
		cmocka_unit_test(wants_a_digest_only_of_registers),
		cmocka_unit_test(judges_the_name_field),
		cmocka_unit_test(knows_names),
		cmocka_unit_test(reads_a_tpms),
		cmocka_unit_test(judges_every_byte_of_a_tpms),
	};

	return cmocka_run_group_tests_name("kernel blob parser", tests, NULL, NULL);
}
