// SPDX-License-Identifier: GPL-2.0
/* Blob headers, payload texts, logs: what is out of bounds does not get through. */
#include <endian.h>
#include <errno.h>
#include <stdio.h>

#include "libbastion/blob.h"
#include "libbastion/hex.h"
#include "libbastion/keys.h"
#include "libbastion/log.h"
#include "tests/ctl/test.h"

#define SECRET 32
#define BLOB_LEN (BASTION_BLOB_OVERHEAD + SECRET)

struct sample {
	struct bastion_blob_header header;
	uint8_t rest[BASTION_POINT_SIZE + BASTION_SCALAR_SIZE + BASTION_TAG_SIZE + 8];
};

static void make(struct sample *s)
{
	memset(s, 0, sizeof(*s));
	memcpy(s->header.magic, BASTION_BLOB_MAGIC, sizeof(s->header.magic));
	s->header.version = htole16(BASTION_BLOB_VERSION);
	s->header.kind = htole16(BASTION_KIND_SECRET);
	strcpy((char *)s->header.name, "disk0");
	s->header.owner = htole32(1000);
	s->header.types = htole32(BASTION_TYPE_LOGON | BASTION_TYPE_USER);
	s->header.register_mask = htole32(3);
	s->header.secret_len = htole32(SECRET);
	memset(s->header.verifier, 0x11, sizeof(s->header.verifier));
}

static int decode(const struct sample *s, size_t len)
{
	struct bastion_blob_info info;
	struct bastion_error err;

	return bastion_blob_decode((const uint8_t *)s, len, &info, &err);
}

static void blob_decodes(void **state)
{
	struct bastion_blob_info info;
	struct bastion_error err;
	struct sample s;
	char types[32];

	make(&s);
	assert_int_equal(bastion_blob_decode((uint8_t *)&s, BLOB_LEN, &info, &err), 0);
	assert_string_equal(info.name, "disk0");
	assert_int_equal(info.owner, 1000);
	assert_int_equal(info.secret_len, SECRET);
	assert_int_equal(info.register_mask, 3);
	bastion_blob_types(info.types, types, sizeof(types));
	assert_string_equal(types, "logon,user");
	bastion_blob_types(BASTION_TYPE_ALL, types, sizeof(types));
	assert_string_equal(types, "logon,fscrypt,user");
}

static void make_derived(struct sample *s)
{
	make(s);
	s->header.kind = htole16(BASTION_KIND_DERIVED);
}

static void make_pair(struct sample *s)
{
	make(s);
	s->header.kind = htole16(BASTION_KIND_P384);
	s->header.types = 0;
	s->header.secret_len = htole32(BASTION_SCALAR_SIZE);
	s->rest[0] = 0x04;
	s->rest[BASTION_POINT_SIZE - 1] = 0x77;
}

/* What a TPM has of it comes between header and secret. */
static void blob_decodes_tpms(void **state)
{
	struct bastion_blob_tpm part = { .private_len = htole16(7) };
	const size_t len = BASTION_BLOB_TPM_SIZE(7, SECRET);
	struct sample s;
	size_t i;

	make(&s);
	s.header.kind = htole16(BASTION_KIND_TPM);
	memcpy(s.rest, &part, sizeof(part));
	assert_int_equal(decode(&s, len), 0);
	for (i = 0; i < len; i++)
		assert_int_equal(decode(&s, i), -EBADMSG);
	assert_int_equal(decode(&s, len + 1), -EBADMSG);
	s.header.counter_index = htole32(1);
	assert_int_equal(decode(&s, len), -EBADMSG);
	s.header.counter_index = 0;
	part.reserved = htole16(1);
	memcpy(s.rest, &part, sizeof(part));
	assert_int_equal(decode(&s, len), -EBADMSG);
	part = (struct bastion_blob_tpm){ .private_len = htole16(0xffff) };
	memcpy(s.rest, &part, sizeof(part));
	assert_int_equal(decode(&s, len), -EBADMSG);
}

static void blob_decodes_counters(void **state)
{
	struct bastion_blob_info info;
	struct bastion_error err;
	struct sample s;

	make(&s);
	s.header.flags = htole32(BASTION_BLOB_IMPORTED);
	s.header.counter_index = htole32(BASTION_COUNTER_COUNT);
	s.header.counter_value = htole64(0x100000002);
	assert_int_equal(bastion_blob_decode((uint8_t *)&s, BLOB_LEN, &info, &err), 0);
	assert_int_equal(info.kind, BASTION_KIND_SECRET);
	assert_int_equal(info.flags, BASTION_BLOB_IMPORTED);
	assert_int_equal(info.counter_index, BASTION_COUNTER_COUNT);
	assert_int_equal(info.counter_value, 0x100000002);
}

static void blob_decodes_derived(void **state)
{
	struct bastion_blob_info info;
	struct bastion_error err;
	struct sample s;

	make_derived(&s);
	assert_int_equal(bastion_blob_decode((uint8_t *)&s, BASTION_BLOB_DERIVED_SIZE, &info, &err),
			 0);
	assert_int_equal(info.kind, BASTION_KIND_DERIVED);
	assert_int_equal(info.secret_len, SECRET);
	assert_int_equal(decode(&s, BLOB_LEN), -EBADMSG);
	s.header.min_svn = htole32(1);
	assert_int_equal(decode(&s, BASTION_BLOB_DERIVED_SIZE), -EBADMSG);
	make_derived(&s);
	s.header.flags = htole32(BASTION_BLOB_IMPORTED);
	assert_int_equal(decode(&s, BASTION_BLOB_DERIVED_SIZE), -EBADMSG);
}

static void blob_decodes_pairs(void **state)
{
	struct bastion_blob_info info;
	struct bastion_error err;
	struct sample s;
	size_t i;

	make_pair(&s);
	assert_int_equal(bastion_blob_decode((uint8_t *)&s, BASTION_BLOB_P384_SIZE, &info, &err),
			 0);
	assert_int_equal(info.kind, BASTION_KIND_P384);
	assert_int_equal(info.types, 0);
	assert_memory_equal(info.point, s.rest, BASTION_POINT_SIZE);
	for (i = 0; i < BASTION_BLOB_P384_SIZE; i++)
		assert_int_equal(decode(&s, i), -EBADMSG);
	assert_int_equal(decode(&s, BASTION_BLOB_P384_SIZE + 1), -EBADMSG);

	s.rest[0] = 0x02;
	assert_int_equal(decode(&s, BASTION_BLOB_P384_SIZE), -EBADMSG);
	make_pair(&s);
	s.header.types = htole32(BASTION_TYPE_LOGON);
	assert_int_equal(decode(&s, BASTION_BLOB_P384_SIZE), -EBADMSG);
	make_pair(&s);
	s.header.secret_len = htole32(BASTION_SCALAR_SIZE - 1);
	assert_int_equal(decode(&s, BASTION_BLOB_P384_SIZE), -EBADMSG);
	assert_int_equal(decode(&s, BASTION_BLOB_P384_SIZE - 1), -EBADMSG);
	make_pair(&s);
	s.header.flags = htole32(BASTION_BLOB_IMPORTED);
	assert_int_equal(decode(&s, BASTION_BLOB_P384_SIZE), -EBADMSG);
}

static void blob_refuses(void **state)
{
	struct sample good, s;
	size_t i;

	make(&good);
	for (i = 0; i < BLOB_LEN; i++)
		assert_int_equal(decode(&good, i), -EBADMSG);
	assert_int_equal(decode(&good, BLOB_LEN + 1), -EBADMSG);
#define REFUSED(field, value) \
	do { \
		s = good; \
		s.header.field = value; \
		assert_int_equal(decode(&s, BLOB_LEN), -EBADMSG); \
	} while (0)
	REFUSED(magic[7], 'X');
	REFUSED(version, htole16(2));
	REFUSED(kind, htole16(2));
	REFUSED(flags, htole32(4));
	REFUSED(types, 0);
	REFUSED(types, htole32(8));
	REFUSED(register_mask, htole32(1 << 3));
	REFUSED(register_mask, htole32(1 << 8));
	REFUSED(secret_len, htole32(SECRET - 1));
	REFUSED(secret_len, htole32(0xffffffff));
	REFUSED(name[0], '.');
	REFUSED(name[2], '/');
	REFUSED(name[0], '\0');
	REFUSED(name[20], 'x');
	REFUSED(counter_index, htole32(BASTION_COUNTER_COUNT + 1));
	REFUSED(counter_value, htole64(1));
	REFUSED(reserved, 1);
	REFUSED(reserved2, 1);
	s = good;
	memset(s.header.name, 'a', sizeof(s.header.name));
	assert_int_equal(decode(&s, BLOB_LEN), -EBADMSG);
}

static void blob_from_hex(void **state)
{
	uint8_t blob[BASTION_BLOB_MAX];
	static uint8_t text[2 * BASTION_BLOB_MAX + 4];
	struct bastion_error err;

	assert_int_equal(bastion_blob_from_hex((const uint8_t *)"00ff\n", 5, blob, &err), 2);
	assert_int_equal(bastion_blob_from_hex((const uint8_t *)"\n", 1, blob, &err), -EBADMSG);
	assert_int_equal(bastion_blob_from_hex((const uint8_t *)"", 0, blob, &err), -EBADMSG);
	assert_int_equal(bastion_blob_from_hex((const uint8_t *)" 00", 3, blob, &err), -EBADMSG);
	assert_int_equal(bastion_blob_from_hex((const uint8_t *)"00\0", 3, blob, &err), -EBADMSG);
	memset(text, '0', sizeof(text));
	assert_int_equal(bastion_blob_from_hex(text, sizeof(text), blob, &err), -EBADMSG);
	assert_int_equal(bastion_blob_from_hex(text, 2 * BASTION_BLOB_MAX, blob, &err),
			 BASTION_BLOB_MAX);
}

static void payload(void **state)
{
	struct bastion_keys_new new = { .size = 64, .policy = "prod-db" };
	char text[BASTION_KEYS_PAYLOAD_MAX], expected[BASTION_KEYS_PAYLOAD_MAX], hex[97], exe[65];
	struct bastion_error err;
	int n;

	memset(new.verifier, 0xab, sizeof(new.verifier));
	memset(new.executable, 0xcd, sizeof(new.executable));
	bastion_hex_encode(new.verifier, sizeof(new.verifier), hex);
	bastion_hex_encode(new.executable, sizeof(new.executable), exe);
	n = bastion_keys_payload(&new, text, &err);
	snprintf(expected, sizeof(expected), "new 64 verifier=%s policy=prod-db", hex);
	assert_string_equal(text, expected);
	assert_int_equal(n, strlen(expected));
	new.types = BASTION_TYPE_LOGON | BASTION_TYPE_USER;
	new.has_owner = new.has_executable = true;
	new.registers = 3;
	n = bastion_keys_payload(&new, text, &err);
	snprintf(expected, sizeof(expected),
		 "new 64 verifier=%s policy=prod-db types=logon,user owner=0 exe=sha256:%s "
		 "registers=0x3", hex, exe);
	assert_string_equal(text, expected);
	assert_int_equal(n, strlen(expected));
}

static void payload_refuses(void **state)
{
	struct bastion_keys_new good = { .size = 32, .policy = "p" }, new;
	char text[BASTION_KEYS_PAYLOAD_MAX];
	struct bastion_error err;

	assert_true(bastion_keys_payload(&good, text, &err) > 0);
	new = good;
	new.size = 31;
	assert_int_equal(bastion_keys_payload(&new, text, &err), -EINVAL);
	new.size = 1025;
	assert_int_equal(bastion_keys_payload(&new, text, &err), -EINVAL);
	new = good;
	new.policy = "p types=user";
	assert_int_equal(bastion_keys_payload(&new, text, &err), -EINVAL);
	new = good;
	new.registers = 1 << 4;
	assert_int_equal(bastion_keys_payload(&new, text, &err), -EINVAL);
	new = good;
	new.types = 8;
	assert_int_equal(bastion_keys_payload(&new, text, &err), -EINVAL);
}

static void serials_and_keyrings(void **state)
{
	struct bastion_error err;
	int32_t serial;

	assert_int_equal(bastion_keys_keyring("@u", &serial, &err), 0);
	assert_int_equal(serial, KEY_SPEC_USER_KEYRING);
	assert_int_equal(bastion_keys_keyring("12345", &serial, &err), 0);
	assert_int_equal(serial, 12345);
	assert_int_equal(bastion_keys_keyring("@x", &serial, &err), -EINVAL);
	assert_int_equal(bastion_keys_keyring("", &serial, &err), -EINVAL);
	assert_int_equal(bastion_keys_keyring("-3", &serial, &err), -EINVAL);
	assert_int_equal(bastion_keys_keyring("2147483648", &serial, &err), -EINVAL);
	assert_int_equal(bastion_keys_find("77", &err), 77);
	assert_int_equal(bastion_keys_find("../x", &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blob_decodes),	 cmocka_unit_test(blob_refuses),
		cmocka_unit_test(blob_decodes_counters), cmocka_unit_test(blob_decodes_derived),
		cmocka_unit_test(blob_decodes_pairs), cmocka_unit_test(blob_decodes_tpms),
		cmocka_unit_test(blob_from_hex), cmocka_unit_test(payload),
		cmocka_unit_test(payload_refuses), cmocka_unit_test(serials_and_keyrings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
