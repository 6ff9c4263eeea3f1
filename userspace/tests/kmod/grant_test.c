// SPDX-License-Identifier: GPL-2.0
/* The kernel's reader of grants: each of its checks, and what it finds in entries. */
#include <asm/byteorder.h>
#include <errno.h>

#include "../../../kmod/grant_parse.h"
#include "mutate.h"
#include "samples.h"
#include "test.h"

#define COUNT SAMPLE_ENTRIES

static int parse(const u8 *buf, size_t len)
{
	struct bastion_grant_view view;

	return bastion_grant_parse(buf, len, &view);
}

static int parse_sample(const struct grant_sample *s)
{
	return mutate_exact(parse, (const u8 *)s, sizeof(*s));
}

static void reads_what_is_there(void **state)
{
	struct bastion_grant_view view;
	struct grant_sample s;

	grant_sample_init(&s);
	assert_int_equal(bastion_grant_parse((const u8 *)&s, sizeof(s), &view), 0);
	assert_memory_equal(&view.fixed, &s.fixed, sizeof(s.fixed));
	assert_ptr_equal(view.entries, s.entries);
	assert_int_equal(view.count, COUNT);
	assert_ptr_equal(view.signature, s.signature);
	assert_int_equal(view.signed_len, sizeof(s) - BASTION_SIGNATURE_SIZE);
}

static void refuses_other_lengths(void **state)
{
	struct grant_sample s;

	grant_sample_init(&s);
	mutate_truncate(parse, (const u8 *)&s, sizeof(s));
	mutate_extend(parse, (const u8 *)&s, sizeof(s), 0);
}

static void refuses_a_length_for_another_count(void **state)
{
	struct grant_sample s;

	grant_sample_init(&s);
	s.fixed.entry_count = cpu_to_le32(COUNT - 1);
	assert_int_equal(parse_sample(&s), -EBADMSG);
	s.fixed.entry_count = cpu_to_le32(COUNT + 1);
	assert_int_equal(parse_sample(&s), -EBADMSG);
}

/* Every byte with every value: only the fields below may differ and still be a grant. */
static void judges_every_byte(void **state)
{
	bool any[sizeof(struct grant_sample)] = { false };
	struct grant_sample s;
	size_t changes = 0, i;

	memset(any + offsetof(struct grant_sample, fixed.qualifying_digest), 1,
	       offsetof(struct bastion_grant, channel_key) -
	       offsetof(struct bastion_grant, qualifying_digest));
	memset(any + offsetof(struct grant_sample, fixed.register_digest), 1,
	       offsetof(struct bastion_grant, register_mask) -
	       offsetof(struct bastion_grant, register_digest));
	for (i = 0; i < COUNT; i++)
		memset(any + offsetof(struct grant_sample, entries[i].policy), 1,
		       BASTION_DIGEST_SIZE);
	memset(any + offsetof(struct grant_sample, entries[1].executable), 1, BASTION_EXE_SIZE);
	memset(any + offsetof(struct grant_sample, entries[3].dest_verifier), 1,
	       2 * BASTION_DIGEST_SIZE);
	memset(any + offsetof(struct grant_sample, signature), 1, BASTION_SIGNATURE_SIZE);

	changes += (1 << 6) - 1;	/* register_mask: other subsets of six registers */
	changes += 255 + 255 + 1;	/* lifetime: 0x0e10, up to 0x15180 */
	changes += 1;			/* flags: kept */
	changes += 2;			/* kind: release to create, create to release */

	grant_sample_init(&s);
	assert_int_equal(mutate_each_byte(parse, (u8 *)&s, sizeof(s), any), changes);
}

static void refuses_a_wrong_magic(void **state)
{
	struct grant_sample s;

	grant_sample_init(&s);
	s.fixed.magic[15] = '2';
	assert_int_equal(parse_sample(&s), -EBADMSG);
}

static void bounds_the_lifetime(void **state)
{
	static const struct {
		u32 lifetime;
		int ret;
	} cases[] = {
		{ 0, -EBADMSG },
		{ 1, 0 },
		{ BASTION_GRANT_LIFETIME_MAX, 0 },
		{ BASTION_GRANT_LIFETIME_MAX + 1, -EBADMSG },
		{ 0xffffffff, -EBADMSG },
	};
	struct grant_sample s;
	size_t i;

	grant_sample_init(&s);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		s.fixed.lifetime = cpu_to_le32(cases[i].lifetime);
		assert_int_equal(parse_sample(&s), cases[i].ret);
	}
}

static void refuses_registers_that_grow(void **state)
{
	struct grant_sample s;
	unsigned int bit;

	grant_sample_init(&s);
	for (bit = 0; bit < 32; bit++) {
		s.fixed.register_mask = cpu_to_le32(1u << bit);
		assert_int_equal(parse_sample(&s),
				 (1u << bit) & BASTION_MASKABLE ? 0 : -EBADMSG);
	}
	s.fixed.register_mask = 0;
	assert_int_equal(parse_sample(&s), 0);
}

static void refuses_what_has_no_meaning_yet(void **state)
{
	struct grant_sample s;
	unsigned int bit;

	grant_sample_init(&s);
	for (bit = 0; bit < 32; bit++) {
		s.fixed.flags = cpu_to_le32(1u << bit);
		assert_int_equal(parse_sample(&s),
				 1u << bit == BASTION_GRANT_KEPT ? 0 : -EBADMSG);
	}
	s.fixed.flags = cpu_to_le32(BASTION_GRANT_KEPT | 2);
	assert_int_equal(parse_sample(&s), -EBADMSG);

	grant_sample_init(&s);
	s.fixed.channel_key[47] = 1;
	assert_int_equal(parse_sample(&s), -EBADMSG);

	grant_sample_init(&s);
	s.entries[0].kind = cpu_to_le32(BASTION_GRANT_REBIND + 1);
	assert_int_equal(parse_sample(&s), -EBADMSG);

	grant_sample_init(&s);
	s.entries[0].kind = 0;
	assert_int_equal(parse_sample(&s), -EBADMSG);

	grant_sample_init(&s);
	s.entries[0].flags = cpu_to_le32(2);
	assert_int_equal(parse_sample(&s), -EBADMSG);

	grant_sample_init(&s);
	s.entries[0].dest_verifier[0] = 1;
	assert_int_equal(parse_sample(&s), -EBADMSG);

	grant_sample_init(&s);
	s.entries[2].dest_policy[47] = 1;
	assert_int_equal(parse_sample(&s), -EBADMSG);
}

static void wants_an_executable_exactly_when_flagged(void **state)
{
	struct grant_sample s;

	grant_sample_init(&s);
	s.entries[0].executable[31] = 1;
	assert_int_equal(parse_sample(&s), -EBADMSG);

	grant_sample_init(&s);
	memset(s.entries[1].executable, 0, BASTION_EXE_SIZE);
	assert_int_equal(parse_sample(&s), -EBADMSG);

	grant_sample_init(&s);
	s.entries[1].flags = 0;
	assert_int_equal(parse_sample(&s), -EBADMSG);

	/* nothing is created for an executable */
	grant_sample_init(&s);
	s.entries[1].kind = cpu_to_le32(BASTION_GRANT_CREATE);
	assert_int_equal(parse_sample(&s), -EBADMSG);
}

static void wants_a_destination_exactly_to_rebind(void **state)
{
	struct bastion_grant_entry *rebind;
	struct grant_sample s;
	int i;

	grant_sample_init(&s);
	rebind = &s.entries[3];
	memset(rebind->dest_verifier, 0, BASTION_DIGEST_SIZE);
	assert_int_equal(parse_sample(&s), -EBADMSG);
	rebind->dest_verifier[47] = 1;
	assert_int_equal(parse_sample(&s), 0);

	memset(rebind->dest_policy, 0, BASTION_DIGEST_SIZE);
	assert_int_equal(parse_sample(&s), -EBADMSG);
	rebind->dest_policy[0] = 1;
	assert_int_equal(parse_sample(&s), 0);

	for (i = 0; i < 3; i++) {
		grant_sample_init(&s);
		memset(s.entries[i].dest_verifier, 0x20, BASTION_DIGEST_SIZE);
		memset(s.entries[i].dest_policy, 0x30, BASTION_DIGEST_SIZE);
		assert_int_equal(parse_sample(&s), -EBADMSG);
	}
}

static void rebinds_for_no_executable(void **state)
{
	struct grant_sample s;

	grant_sample_init(&s);
	s.entries[3].executable[31] = 1;
	assert_int_equal(parse_sample(&s), -EBADMSG);
	s.entries[3].flags = cpu_to_le32(BASTION_GRANT_EXECUTABLE);
	assert_int_equal(parse_sample(&s), -EBADMSG);
}

static void refuses_an_entry_twice(void **state)
{
	struct grant_sample s;

	grant_sample_init(&s);
	s.entries[2] = s.entries[0];
	assert_int_equal(parse_sample(&s), -EBADMSG);

	grant_sample_init(&s);
	s.entries[2] = s.entries[1];
	assert_int_equal(parse_sample(&s), -EBADMSG);

	/* one difference is enough */
	s.entries[2].executable[0] ^= 1;
	assert_int_equal(parse_sample(&s), 0);
	s.entries[2] = s.entries[0];
	s.entries[2].kind = cpu_to_le32(BASTION_GRANT_CREATE);
	assert_int_equal(parse_sample(&s), 0);
	s.entries[2] = s.entries[0];
	s.entries[2].policy[47] ^= 1;
	assert_int_equal(parse_sample(&s), 0);

	s.entries[2] = s.entries[3];
	assert_int_equal(parse_sample(&s), -EBADMSG);
	s.entries[2].dest_verifier[47] ^= 1;
	assert_int_equal(parse_sample(&s), 0);
	s.entries[2] = s.entries[3];
	s.entries[2].dest_policy[0] ^= 1;
	assert_int_equal(parse_sample(&s), 0);
}

static void bounds_the_count(void **state)
{
	struct bastion_grant_entry *entries;
	struct grant_sample s;
	u32 count;
	u8 *buf;

	grant_sample_init(&s);
	for (count = 0; count <= BASTION_GRANT_ENTRIES_MAX + 1; count++) {
		size_t len = BASTION_GRANT_SIZE(count);
		u32 i;

		buf = malloc(len);
		assert_non_null(buf);
		memset(buf, 0, len);
		s.fixed.entry_count = cpu_to_le32(count);
		memcpy(buf, &s.fixed, sizeof(s.fixed));
		entries = (void *)(buf + sizeof(s.fixed));
		for (i = 0; i < count; i++) {
			entries[i].kind = cpu_to_le32(BASTION_GRANT_RELEASE);
			entries[i].policy[0] = i;
		}
		assert_int_equal(parse(buf, len),
				 count >= 1 && count <= BASTION_GRANT_ENTRIES_MAX ? 0 : -EBADMSG);
		free(buf);
	}
}

static void finds_what_is_allowed(void **state)
{
	u8 executable[BASTION_EXE_SIZE], policy[BASTION_DIGEST_SIZE];
	const struct bastion_grant_entry *e;
	struct grant_sample s;

	grant_sample_init(&s);
	e = s.entries;
	memset(executable, 0xee, sizeof(executable));

	assert_ptr_equal(bastion_grant_find(e, COUNT, BASTION_GRANT_RELEASE, e[0].policy, NULL),
			 &e[0]);
	assert_ptr_equal(bastion_grant_find(e, COUNT, BASTION_GRANT_RELEASE, e[0].policy,
					    executable), &e[0]);
	assert_ptr_equal(bastion_grant_find(e, COUNT, BASTION_GRANT_RELEASE, e[1].policy,
					    executable), &e[1]);
	assert_ptr_equal(bastion_grant_find(e, COUNT, BASTION_GRANT_CREATE, e[2].policy, NULL),
			 &e[2]);

	/* unmeasured, or another */
	assert_null(bastion_grant_find(e, COUNT, BASTION_GRANT_RELEASE, e[1].policy, NULL));
	executable[31] ^= 1;
	assert_null(bastion_grant_find(e, COUNT, BASTION_GRANT_RELEASE, e[1].policy, executable));

	/* another kind, another policy, no entries */
	assert_null(bastion_grant_find(e, COUNT, BASTION_GRANT_CREATE, e[0].policy, NULL));
	assert_null(bastion_grant_find(e, COUNT, BASTION_GRANT_RELEASE, e[2].policy, NULL));
	memcpy(policy, e[0].policy, sizeof(policy));
	policy[47] ^= 1;
	assert_null(bastion_grant_find(e, COUNT, BASTION_GRANT_RELEASE, policy, NULL));
	assert_null(bastion_grant_find(e, 0, BASTION_GRANT_RELEASE, e[0].policy, NULL));
}

static void finds_behind_an_entry_for_another_executable(void **state)
{
	u8 executable[BASTION_EXE_SIZE] = { 1 };
	struct grant_sample s;

	grant_sample_init(&s);
	s.entries[2] = s.entries[1];
	memcpy(s.entries[2].executable, executable, sizeof(executable));
	assert_int_equal(parse_sample(&s), 0);
	assert_ptr_equal(bastion_grant_find(s.entries, COUNT, BASTION_GRANT_RELEASE,
					    s.entries[1].policy, executable), &s.entries[2]);
}

static void finds_where_a_key_may_move(void **state)
{
	u8 policy[BASTION_DIGEST_SIZE], verifier[BASTION_DIGEST_SIZE], dest[BASTION_DIGEST_SIZE];
	const struct bastion_grant_entry *e;
	struct grant_sample s;

	grant_sample_init(&s);
	e = s.entries;
	memcpy(policy, e[3].policy, sizeof(policy));
	memcpy(verifier, e[3].dest_verifier, sizeof(verifier));
	memcpy(dest, e[3].dest_policy, sizeof(dest));
	assert_ptr_equal(bastion_grant_find_rebind(e, COUNT, policy, verifier, dest), &e[3]);
	assert_null(bastion_grant_find_rebind(e, 3, policy, verifier, dest));

	/* each of the three counts, to its last byte */
	policy[47] ^= 1;
	assert_null(bastion_grant_find_rebind(e, COUNT, policy, verifier, dest));
	policy[47] ^= 1;
	verifier[47] ^= 1;
	assert_null(bastion_grant_find_rebind(e, COUNT, policy, verifier, dest));
	verifier[47] ^= 1;
	dest[47] ^= 1;
	assert_null(bastion_grant_find_rebind(e, COUNT, policy, verifier, dest));
}

/* To move a key is neither to use nor to make one, and the other way round. */
static void keeps_kinds_apart(void **state)
{
	static const u8 zero[BASTION_DIGEST_SIZE];
	const struct bastion_grant_entry *e;
	struct grant_sample s;
	int i;

	grant_sample_init(&s);
	e = s.entries;
	assert_null(bastion_grant_find(e, COUNT, BASTION_GRANT_RELEASE, e[3].policy, NULL));
	assert_null(bastion_grant_find(e, COUNT, BASTION_GRANT_CREATE, e[3].policy, NULL));
	for (i = 0; i < 3; i++)
		assert_null(bastion_grant_find_rebind(e, COUNT, e[i].policy, zero, zero));
}

static void finds_behind_an_entry_for_another_destination(void **state)
{
	struct grant_sample s;

	grant_sample_init(&s);
	s.entries[2] = s.entries[3];
	s.entries[2].dest_policy[0] ^= 1;
	assert_int_equal(parse_sample(&s), 0);
	assert_ptr_equal(bastion_grant_find_rebind(s.entries, COUNT, s.entries[3].policy,
						   s.entries[3].dest_verifier,
						   s.entries[3].dest_policy), &s.entries[3]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_there),
		cmocka_unit_test(refuses_other_lengths),
		cmocka_unit_test(refuses_a_length_for_another_count),
		cmocka_unit_test(judges_every_byte),
		cmocka_unit_test(refuses_a_wrong_magic),
		cmocka_unit_test(bounds_the_lifetime),
		cmocka_unit_test(refuses_registers_that_grow),
		cmocka_unit_test(refuses_what_has_no_meaning_yet),
		cmocka_unit_test(wants_an_executable_exactly_when_flagged),
		cmocka_unit_test(wants_a_destination_exactly_to_rebind),
		cmocka_unit_test(rebinds_for_no_executable),
		cmocka_unit_test(refuses_an_entry_twice),
		cmocka_unit_test(bounds_the_count),
		cmocka_unit_test(finds_what_is_allowed),
		cmocka_unit_test(finds_behind_an_entry_for_another_executable),
		cmocka_unit_test(finds_where_a_key_may_move),
		cmocka_unit_test(keeps_kinds_apart),
		cmocka_unit_test(finds_behind_an_entry_for_another_destination),
	};

	return cmocka_run_group_tests_name("kernel grant parser", tests, NULL, NULL);
}
