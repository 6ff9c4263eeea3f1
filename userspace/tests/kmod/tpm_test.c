// SPDX-License-Identifier: GPL-2.0
/* The kernel's TPM commands and responses, and the public areas of its objects. */
#include <errno.h>

#include "mutate.h"
#include "test.h"
#include "../../../kmod/tpm_marshal.h"
#include "../../../kmod/tpm_public.h"

#define BYTES(...) ((const u8[]){ __VA_ARGS__ })
#define SIZE(array) (sizeof(array) / sizeof(*(array)))

static void writes_a_command_without_a_session(void **state)
{
	static const u8 wanted[] = { 0x80, 0x01, 0, 0, 0, 14, 0, 0, 0x01, 0x65,
				     0x03, 0x00, 0x00, 0x01 };
	const struct bastion_tpm_field field = { .number = 0x03000001 };
	u8 params[16], buf[64];
	struct bastion_tpm_writer p = { .data = params, .size = sizeof(params) };
	struct bastion_tpm_writer w = { .data = buf, .size = sizeof(buf) };

	assert_int_equal(bastion_tpm_put_params(&p, BASTION_TPM_FLUSH_CONTEXT, &field), 0);
	assert_int_equal(bastion_tpm_put_command(&w, BASTION_TPM_FLUSH_CONTEXT, NULL, NULL,
						 params, p.len), 0);
	assert_int_equal(w.len, sizeof(wanted));
	assert_memory_equal(buf, wanted, sizeof(wanted));
}

static void writes_a_command_with_a_session(void **state)
{
	static const u8 wanted[] = {
		0x80, 0x02, 0, 0, 0, 34, 0, 0, 0x01, 0x5e, 0x80, 0, 0, 1,
		0, 0, 0, 16, 0x03, 0, 0, 2, 0, 3, 7, 8, 9, 0x41, 0, 4, 1, 2, 3, 4
	};
	const struct bastion_tpm_auth auth = {
		.session = 0x03000002, .nonce = BYTES(7, 8, 9), .nonce_len = 3,
		.attributes = BASTION_TPM_SA_CONTINUE | BASTION_TPM_SA_ENCRYPT,
		.hmac = BYTES(1, 2, 3, 4), .hmac_len = 4,
	};
	const u32 handle = 0x80000001;
	u8 buf[sizeof(wanted)];
	struct bastion_tpm_writer w = { .data = buf, .size = sizeof(buf) };
	size_t size;

	assert_int_equal(bastion_tpm_put_command(&w, BASTION_TPM_UNSEAL, &handle, &auth, NULL, 0),
			 0);
	assert_memory_equal(buf, wanted, sizeof(wanted));
	/* and nothing beyond the room that there is */
	for (size = 0; size < sizeof(wanted); size++) {
		u8 *small = malloc(size ? size : 1);

		w = (struct bastion_tpm_writer){ .data = small, .size = size };
		assert_int_equal(bastion_tpm_put_command(&w, BASTION_TPM_UNSEAL, &handle, &auth,
							 NULL, 0), -EINVAL);
		free(small);
	}
}

static void writes_the_parameters_of_a_session(void **state)
{
	static const u8 wanted[] = { 0, 2, 5, 6, 0, 0, 1, 0, 6, 0, 128, 0, 0x43, 0, 11 };
	const struct bastion_tpm_field fields[] = {
		{ .data = BYTES(5, 6), .len = 2 }, { .len = 0 }, { .number = BASTION_TPM_SE_POLICY },
		{ .number = BASTION_TPM_ALG_AES }, { .number = 128 },
		{ .number = BASTION_TPM_ALG_CFB }, { .number = BASTION_TPM_ALG_SHA256 },
	};
	u8 buf[32];
	struct bastion_tpm_writer w = { .data = buf, .size = sizeof(buf) };

	assert_int_equal(bastion_tpm_put_params(&w, BASTION_TPM_START_AUTH_SESSION, fields), 0);
	assert_int_equal(w.len, sizeof(wanted));
	assert_memory_equal(buf, wanted, sizeof(wanted));
}

/* Part 2, 6.5.2 */
static void knows_command_codes(void **state)
{
	static const u32 codes[BASTION_TPM_COMMANDS] = {
		[BASTION_TPM_CREATE_PRIMARY] = 0x131, [BASTION_TPM_CREATE] = 0x153,
		[BASTION_TPM_LOAD] = 0x157, [BASTION_TPM_LOAD_EXTERNAL] = 0x167,
		[BASTION_TPM_READ_PUBLIC] = 0x173, [BASTION_TPM_UNSEAL] = 0x15e,
		[BASTION_TPM_CONTEXT_SAVE] = 0x162, [BASTION_TPM_CONTEXT_LOAD] = 0x161,
		[BASTION_TPM_FLUSH_CONTEXT] = 0x165, [BASTION_TPM_START_AUTH_SESSION] = 0x176,
		[BASTION_TPM_POLICY_SIGNED] = 0x160, [BASTION_TPM_POLICY_TICKET] = 0x172,
		[BASTION_TPM_GET_CAPABILITY] = 0x17a, [BASTION_TPM_READ_CLOCK] = 0x181,
	};
	int command;

	for (command = 0; command < BASTION_TPM_COMMANDS; command++)
		assert_int_equal(bastion_tpm_code(command), codes[command]);
}

static void bounds_what_it_writes(void **state)
{
	static const u8 bytes[BASTION_TPM_DIGEST_MAX + 1];
	struct bastion_tpm_field fields[7] = { { .data = bytes, .len = sizeof(bytes) } };
	u8 buf[256];
	struct bastion_tpm_writer w = { .data = buf, .size = sizeof(buf) };

	assert_int_equal(bastion_tpm_put_params(&w, BASTION_TPM_START_AUTH_SESSION, fields),
			 -EINVAL);
	fields[0].len--;
	fields[2].number = 0x100;
	assert_int_equal(bastion_tpm_put_params(&w, BASTION_TPM_START_AUTH_SESSION, fields),
			 -EINVAL);
	fields[2].number = 0xff;
	w.len = 0;
	assert_int_equal(bastion_tpm_put_params(&w, BASTION_TPM_START_AUTH_SESSION, fields), 0);
}

/* Load's answer: a handle and a name. */
static const u8 loaded[] = { 0x80, 0x01, 0, 0, 0, 19, 0, 0, 0, 0, 0x80, 0, 0, 2, 0, 3, 'a', 'b', 'c' };
/* Unseal's, with a session */
static const u8 unsealed[] = {
	0x80, 0x02, 0, 0, 0, 27, 0, 0, 0, 0, 0, 0, 0, 5, 0, 3, 'k', 'e', 'y',
	0, 1, 0x77, 0x41, 0, 2, 0x88, 0x99
};

static int parse(enum bastion_tpm_command command, bool session, const u8 *buf, size_t len)
{
	struct bastion_tpm_field fields[BASTION_TPM_FIELDS_MAX];
	struct bastion_tpm_frame frame;
	int ret = bastion_tpm_parse_frame(command, session, buf, len, &frame);

	return ret ? ret : bastion_tpm_parse_params(command, frame.params, frame.params_len, fields);
}

static int parse_loaded(const u8 *buf, size_t len)
{
	return parse(BASTION_TPM_LOAD, false, buf, len);
}

static int parse_unsealed(const u8 *buf, size_t len)
{
	return parse(BASTION_TPM_UNSEAL, true, buf, len);
}

static void reads_what_is_there(void **state)
{
	struct bastion_tpm_field fields[BASTION_TPM_FIELDS_MAX];
	struct bastion_tpm_frame frame;

	assert_int_equal(bastion_tpm_parse_frame(BASTION_TPM_LOAD, false, loaded, sizeof(loaded),
						 &frame), 0);
	assert_int_equal(frame.handle, 0x80000002);
	assert_int_equal(bastion_tpm_parse_params(BASTION_TPM_LOAD, frame.params, frame.params_len,
						  fields), 0);
	assert_int_equal(fields[0].len, 3);
	assert_memory_equal(fields[0].data, "abc", 3);

	assert_int_equal(bastion_tpm_parse_frame(BASTION_TPM_UNSEAL, true, unsealed,
						 sizeof(unsealed), &frame), 0);
	assert_int_equal(frame.auth.nonce_len, 1);
	assert_int_equal(frame.auth.attributes, 0x41);
	assert_memory_equal(frame.auth.hmac, BYTES(0x88, 0x99), 2);
	assert_int_equal(bastion_tpm_parse_params(BASTION_TPM_UNSEAL, frame.params,
						  frame.params_len, fields), 0);
	assert_memory_equal(fields[0].data, "key", 3);
}

static void refuses_other_lengths(void **state)
{
	mutate_truncate(parse_loaded, loaded, sizeof(loaded));
	mutate_extend(parse_loaded, loaded, sizeof(loaded), 0);
	mutate_truncate(parse_unsealed, unsealed, sizeof(unsealed));
	mutate_extend(parse_unsealed, unsealed, sizeof(unsealed), 0);
}

/* Only handles, names, secrets, nonces and attributes may have any value. */
static void judges_every_byte(void **state)
{
	bool any[sizeof(unsealed)] = { 0 };
	u8 buf[sizeof(unsealed)];

	memcpy(buf, loaded, sizeof(loaded));
	memset(any + 10, 1, 4);
	memset(any + 16, 1, 3);
	assert_int_equal(mutate_each_byte(parse_loaded, buf, sizeof(loaded), any), 0);

	memset(any, 0, sizeof(any));
	memcpy(buf, unsealed, sizeof(unsealed));
	memset(any + 16, 1, 3);
	memset(any + 21, 1, 2);
	memset(any + 25, 1, 2);
	assert_int_equal(mutate_each_byte(parse_unsealed, buf, sizeof(unsealed), any), 0);
}

static void wants_the_session_that_it_sent(void **state)
{
	assert_int_equal(parse(BASTION_TPM_LOAD, true, loaded, sizeof(loaded)), -EIO);
	assert_int_equal(parse(BASTION_TPM_UNSEAL, false, unsealed, sizeof(unsealed)), -EIO);
}

static void bounds_what_it_reads(void **state)
{
	u8 name[2 + BASTION_TPM_NAME_MAX + 1] = { 0, BASTION_TPM_NAME_MAX };
	struct bastion_tpm_field fields[BASTION_TPM_FIELDS_MAX];

	assert_int_equal(bastion_tpm_parse_params(BASTION_TPM_LOAD, name, sizeof(name) - 1, fields),
			 0);
	name[1]++;
	assert_int_equal(bastion_tpm_parse_params(BASTION_TPM_LOAD, name, sizeof(name), fields),
			 -EIO);
}

static void maps_response_codes(void **state)
{
	static const struct {
		u32 code;
		int error;
	} cases[] = {
		{ 0, 0 },
		{ 0x922, -EAGAIN },		/* RETRY */
		{ 0x921, -EAGAIN },		/* LOCKOUT */
		{ 0x903, -EAGAIN },		/* SESSION_MEMORY */
		{ 0x99d, -EKEYREJECTED },	/* POLICY_FAIL, session 1 */
		{ 0x5db, -EKEYREJECTED },	/* SIGNATURE, parameter 5 */
		{ 0x1df, -EBADMSG },		/* INTEGRITY, parameter 1 */
		{ 0x1da, -EBADMSG },		/* INSUFFICIENT, parameter 1 */
		{ 0x1d5, -EBADMSG },		/* SIZE, parameter 1 */
		{ 0x1c4, -EBADMSG },		/* VALUE, parameter 1 */
		{ 0x155, -EBADMSG },		/* SENSITIVE */
		{ 0x2ca, -EBADMSG },		/* TYPE, parameter 2 */
		{ 0x0a5, -EBADMSG },		/* BINDING */
		{ 0x5e0, -EKEYREVOKED },	/* TICKET, parameter 5 */
		{ 0x1a3, -EKEYREVOKED },	/* EXPIRED */
		{ 0x18b, -ENOENT },		/* HANDLE, handle 1 */
		{ 0x1cf, -ESTALE },		/* NONCE, parameter 1 */
		{ 0x101, -EIO },		/* FAILURE */
		{ 0x143, -EIO },		/* COMMAND_CODE */
		{ 0x000b0922, -EIO },		/* not the TPM's */
		{ 0x80000922, -EIO },
	};
	size_t i;
	u32 code;

	for (i = 0; i < SIZE(cases); i++)
		assert_int_equal(bastion_tpm_errno(cases[i].code), cases[i].error);
	for (code = 1; code < 0x2000; code++)
		assert_true(bastion_tpm_errno(code) < 0);
}

static void knows_a_storage_key(void **state)
{
	u8 buf[256], policed[256];
	struct bastion_tpm_writer w = { .data = buf, .size = sizeof(buf) };
	const u8 *x, *y;
	size_t i;

	bastion_tpm_put_storage(&w);
	assert_false(w.full);
	assert_true(bastion_tpm_is_storage(buf, w.len, &x, &y));
	assert_ptr_equal(x, buf + w.len - 66);
	assert_ptr_equal(y, buf + w.len - 32);
	for (i = 0; i < w.len; i++)
		assert_false(bastion_tpm_is_storage(buf, i, &x, &y));
	/* every bit but the coordinates' and that of the lockout matters */
	for (i = 0; i < 8 * w.len; i++) {
		bool any = (i / 8 >= w.len - 66 && i / 8 < w.len - 34) || i / 8 >= w.len - 32;

		buf[i / 8] ^= 1 << i % 8;
		/* attributes that say nothing about who may use it, or how */
		if (i / 8 < 4 || i / 8 > 7)
			assert_int_equal(bastion_tpm_is_storage(buf, w.len, &x, &y), any);
		buf[i / 8] ^= 1 << i % 8;
	}
	memcpy(policed, buf, 8);
	policed[8] = 0;
	policed[9] = 3;
	memcpy(policed + 13, buf + 10, w.len - 10);
	assert_true(bastion_tpm_is_storage(policed, w.len + 3, &x, &y));
}

/* Each of these alone makes it another kind of key. */
static void judges_a_storage_keys_attributes(void **state)
{
	static const u8 bits[] = { 1, 4, 5, 6, 16, 17, 18 };
	u8 buf[256];
	struct bastion_tpm_writer w = { .data = buf, .size = sizeof(buf) };
	const u8 *x, *y;
	size_t i;

	bastion_tpm_put_storage(&w);
	for (i = 0; i < SIZE(bits); i++) {
		buf[7 - bits[i] / 8] ^= 1 << bits[i] % 8;
		assert_false(bastion_tpm_is_storage(buf, w.len, &x, &y));
		buf[7 - bits[i] / 8] ^= 1 << bits[i] % 8;
	}
	assert_false(bastion_tpm_is_endorsement(buf, w.len));
	w.len = 0;
	bastion_tpm_put_endorsement(&w);
	assert_true(bastion_tpm_is_endorsement(buf, w.len));
	assert_false(bastion_tpm_is_storage(buf, w.len, &x, &y));
}

static void writes_sealed_objects(void **state)
{
	static const u8 head[] = { 0, 8, 0, 11, 0, 0, 0x04, 0x92, 0, 32 };
	static const u8 policy[BASTION_TPM_DIGEST_SIZE] = { 1 }, unique[32] = { 2 };
	u8 buf[BASTION_TPM_SEALED_SIZE];
	struct bastion_tpm_writer w = { .data = buf, .size = sizeof(buf) };

	bastion_tpm_put_sealed(&w, policy, unique, sizeof(unique));
	assert_int_equal(w.len, sizeof(buf));
	assert_false(w.full);
	assert_memory_equal(buf, head, sizeof(head));
	assert_memory_equal(buf + 10, policy, sizeof(policy));
	assert_memory_equal(buf + 42, BYTES(0, 0x10, 0, 32), 4);
	assert_memory_equal(buf + 46, unique, sizeof(unique));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_a_command_without_a_session),
		cmocka_unit_test(writes_a_command_with_a_session),
		cmocka_unit_test(writes_the_parameters_of_a_session),
		cmocka_unit_test(knows_command_codes),
		cmocka_unit_test(bounds_what_it_writes),
		cmocka_unit_test(reads_what_is_there),
		cmocka_unit_test(refuses_other_lengths),
		cmocka_unit_test(judges_every_byte),
		cmocka_unit_test(wants_the_session_that_it_sent),
		cmocka_unit_test(bounds_what_it_reads),
		cmocka_unit_test(maps_response_codes),
		cmocka_unit_test(knows_a_storage_key),
		cmocka_unit_test(judges_a_storage_keys_attributes),
		cmocka_unit_test(writes_sealed_objects),
	};

	return cmocka_run_group_tests_name("kernel TPM marshalling", tests, NULL, NULL);
}
