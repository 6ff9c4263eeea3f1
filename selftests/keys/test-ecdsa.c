// SPDX-License-Identifier: GPL-2.0
/*
 * Key pairs that never leave the chip: who may sign with one, what, and when; what
 * comes of it is good for OpenSSL, too.
 */
#include "gate.h"
#include "sign.h"
#include "kselftest_harness.h"

#define TIMEOUT	"/sys/class/bastion/bastion0/release_timeout"

FIXTURE(ecdsa)
{
	struct gate gate;
	key_serial_t key;
	uint8_t point[BASTION_POINT_SIZE], digest[BASTION_SIGN_DIGEST_MAX];
	int timeout;
};

FIXTURE_SETUP(ecdsa)
{
	ASSERT_EQ(0, gate_setup(&self->gate));
	self->key = gate_make(&self->gate, "ecdsa", self->gate.name, "");
	ASSERT_LT(0, self->key);
	ASSERT_EQ(0, sign_point(self->key, self->point));
	ROUND_MUST(RAND_bytes(self->digest, sizeof(self->digest)));
	self->timeout = sealed_exchange_number(TIMEOUT, 60);
}

FIXTURE_TEARDOWN(ecdsa)
{
	sealed_exchange_number(TIMEOUT, self->timeout);
	EXPECT_EQ(0, gate_teardown(&self->gate));
}

static const struct {
	const char *name;
	size_t len;
} hashes[] = { { "sha256", 32 }, { "sha384", 48 }, { "sha512", 64 } };

TEST_F(ecdsa, header)
{
	struct bastion_blob_header header;

	ASSERT_EQ(0, sealed_header(self->key, &header));
	EXPECT_EQ(BASTION_KIND_P384, le16toh(header.kind));
	EXPECT_EQ(0, header.types);
	EXPECT_EQ(0, header.flags);
	EXPECT_EQ(BASTION_SCALAR_SIZE, le32toh(header.secret_len));
	EXPECT_EQ(4, self->point[0]);
}

TEST_F(ecdsa, query)
{
	struct keyctl_pkey_query query;
	key_serial_t secret;

	ASSERT_EQ(0, keyctl_pkey_query(self->key, "enc=x962", &query));
	EXPECT_EQ(KEYCTL_SUPPORTS_SIGN | KEYCTL_SUPPORTS_VERIFY, query.supported_ops);
	EXPECT_EQ(384, query.key_size);
	EXPECT_EQ(64, query.max_data_size);
	EXPECT_EQ(SIGN_DER_MAX, query.max_sig_size);
	EXPECT_EQ(0, query.max_enc_size);
	EXPECT_EQ(0, query.max_dec_size);
	ASSERT_EQ(0, keyctl_pkey_query(self->key, "enc=p1363", &query));
	EXPECT_EQ(BASTION_SIGNATURE_SIZE, query.max_sig_size);
	EXPECT_GT(0, keyctl_pkey_query(self->key, "enc=pkcs1", &query));
	EXPECT_EQ(EINVAL, errno);
	/* Not of what does not sign. */
	secret = gate_new(&self->gate, sealed_name(), "types=user");
	ASSERT_LT(0, secret);
	EXPECT_GT(0, keyctl_pkey_query(secret, "enc=x962", &query));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(-EOPNOTSUPP, sign_something(secret));
}

TEST_F(ecdsa, x962)
{
	uint8_t der[SIGN_DER_MAX];
	char info[64];
	int len;

	for (unsigned int i = 0; i < ARRAY_SIZE(hashes); i++) {
		snprintf(info, sizeof(info), "enc=x962 hash=%s", hashes[i].name);
		len = sign_digest(self->key, info, self->digest, hashes[i].len, der, sizeof(der));
		ASSERT_LT(0, len)
			TH_LOG("%s: %d", info, len);
		EXPECT_TRUE(sign_good(self->point, self->digest, hashes[i].len, der, len));
		EXPECT_EQ(0, sign_verify(self->key, info, self->digest, hashes[i].len, der, len));
		/* Without the hash's name its length says enough. */
		EXPECT_EQ(0, sign_verify(self->key, "enc=x962", self->digest, hashes[i].len, der,
					 len));
	}
}

/*
 * Kernels differ in what they make of it: as much room as the caller asked for, where nothing must be
 * written beyond, or enough in any case.
 */
TEST_F(ecdsa, too_little_room)
{
	static const char * const infos[] = { "enc=x962", "enc=p1363" };
	uint8_t room[SIGN_DER_MAX];

	for (unsigned int i = 0; i < ARRAY_SIZE(infos); i++) {
		struct keyctl_pkey_params params = { .key_id = self->key, .in_len = 48,
						     .out_len = 8 };
		long ret = syscall(SYS_keyctl, KEYCTL_PKEY_SIGN, &params, infos[i], self->digest,
				   room);

		EXPECT_TRUE(ret > 8 || (ret == -1 && errno == EINVAL))
			TH_LOG("%s: %ld, %d", infos[i], ret, errno);
	}
}

TEST_F(ecdsa, p1363)
{
	uint8_t signature[BASTION_SIGNATURE_SIZE], der[SIGN_DER_MAX];
	size_t der_len;
	char info[64];

	for (unsigned int i = 0; i < ARRAY_SIZE(hashes); i++) {
		snprintf(info, sizeof(info), "enc=p1363 hash=%s", hashes[i].name);
		ASSERT_EQ(BASTION_SIGNATURE_SIZE,
			  sign_digest(self->key, info, self->digest, hashes[i].len, signature,
				      sizeof(signature)));
		der_len = sign_to_der(signature, der);
		EXPECT_TRUE(sign_good(self->point, self->digest, hashes[i].len, der, der_len));
		EXPECT_EQ(0, sign_verify(self->key, info, self->digest, hashes[i].len, signature,
					 sizeof(signature)));
		/* One signature, two encodings. */
		EXPECT_EQ(0, sign_verify(self->key, "enc=x962", self->digest, hashes[i].len, der,
					 der_len));
	}
}

/* What OpenSSL signs with another key, a loaded one's public half does not take. */
TEST_F(ecdsa, another_key)
{
	uint8_t der[SIGN_DER_MAX], point[BASTION_POINT_SIZE];
	key_serial_t other = gate_make(&self->gate, "ecdsa", sealed_name(), "");
	int len;

	ASSERT_LT(0, other);
	ASSERT_EQ(0, sign_point(other, point));
	EXPECT_NE(0, memcmp(point, self->point, sizeof(point)));
	len = sign_digest(other, "enc=x962", self->digest, 48, der, sizeof(der));
	ASSERT_LT(0, len);
	EXPECT_EQ(-EKEYREJECTED, sign_verify(self->key, "enc=x962", self->digest, 48, der, len));
	EXPECT_FALSE(sign_good(self->point, self->digest, 48, der, len));
}

TEST_F(ecdsa, a_flipped_bit)
{
	uint8_t signature[BASTION_SIGNATURE_SIZE];
	int i;

	ASSERT_EQ(sizeof(signature), sign_digest(self->key, "enc=p1363", self->digest, 48,
						 signature, sizeof(signature)));
	for (i = 0; i < 96; i += 5) {
		signature[i] ^= 1 << i % 8;
		EXPECT_EQ(-EKEYREJECTED, sign_verify(self->key, "enc=p1363", self->digest, 48,
						     signature, sizeof(signature)));
		signature[i] ^= 1 << i % 8;
	}
	for (i = 0; i < 48; i += 5) {
		self->digest[i] ^= 1 << i % 8;
		EXPECT_EQ(-EKEYREJECTED, sign_verify(self->key, "enc=p1363", self->digest, 48,
						     signature, sizeof(signature)));
		self->digest[i] ^= 1 << i % 8;
	}
	EXPECT_EQ(0, sign_verify(self->key, "enc=p1363", self->digest, 48, signature,
				 sizeof(signature)));
}

/* Of 64 bytes the first 48 count, and of 32 all, as the lowest bits. */
TEST_F(ecdsa, the_end_of_a_long_digest)
{
	uint8_t signature[BASTION_SIGNATURE_SIZE];

	ASSERT_EQ(sizeof(signature), sign_digest(self->key, "enc=p1363", self->digest, 64,
						 signature, sizeof(signature)));
	EXPECT_EQ(0, sign_verify(self->key, "enc=p1363", self->digest, 48, signature,
				 sizeof(signature)));
	EXPECT_EQ(-EKEYREJECTED, sign_verify(self->key, "enc=p1363", self->digest, 32, signature,
					     sizeof(signature)));
}

/* The key service hands on as many bytes as the longest signature has: the rest is zero. */
TEST_F(ecdsa, malformed_signatures)
{
	uint8_t der[SIGN_DER_MAX], cut[SIGN_DER_MAX] = { }, zero[BASTION_SIGNATURE_SIZE] = { };
	static const uint8_t end[SIGN_DER_MAX];
	int len, i;

	len = sign_digest(self->key, "enc=x962", self->digest, 48, der, SIGN_DER_MAX);
	ASSERT_LT(0, len);
	for (i = 0; i < len; i++) {
		/* What ends in zeroes is not cut by cutting them off. */
		if (!memcmp(der + i, end, len - i))
			break;
		EXPECT_NE(0, sign_verify(self->key, "enc=x962", self->digest, 48, cut,
					 sizeof(cut)))
			TH_LOG("%d bytes", i);
		cut[i] = der[i];
	}
	/* Tags, and lengths that do not fit. */
	for (i = 0; i < 4; i++) {
		der[i] ^= 1;
		EXPECT_NE(0, sign_verify(self->key, "enc=x962", self->digest, 48, der,
					 sizeof(der)))
			TH_LOG("byte %d", i);
		der[i] ^= 1;
	}
	EXPECT_EQ(-EKEYREJECTED, sign_verify(self->key, "enc=p1363", self->digest, 48, zero,
					     sizeof(zero)));
	memset(zero, 0xff, sizeof(zero));
	EXPECT_EQ(-EKEYREJECTED, sign_verify(self->key, "enc=p1363", self->digest, 48, zero,
					     sizeof(zero)));
}

/* The digest's length and what its hash is called fit, and there is no other encoding. */
TEST_F(ecdsa, arguments)
{
	static const struct {
		const char *info;
		size_t len;
	} bad[] = {
		{ "enc=x962 hash=sha256", 48 }, { "enc=x962 hash=sha384", 32 },
		{ "enc=x962 hash=sha384", 64 }, { "enc=x962 hash=sha512", 48 },
		{ "enc=x962 hash=sha1", 20 }, { "enc=x962 hash=md5", 32 },
		{ "enc=x962", 0 }, { "enc=x962", 31 }, { "enc=x962", 33 }, { "enc=x962", 47 },
		{ "enc=x962", 63 }, { "enc=raw", 48 }, { "", 48 }, { "enc=pkcs1", 48 },
		{ "enc=X962", 48 }, { "enc=raw hash=sha384", 48 },
	};
	uint8_t signature[SIGN_DER_MAX];
	unsigned int i;
	int len;

	len = sign_digest(self->key, "enc=x962", self->digest, 48, signature, sizeof(signature));
	ASSERT_LT(0, len);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		uint8_t out[SIGN_DER_MAX];

		EXPECT_EQ(-EINVAL, sign_digest(self->key, bad[i].info, self->digest, bad[i].len,
					       out, sizeof(out)))
			TH_LOG("sign: %s, %zu bytes", bad[i].info, bad[i].len);
		EXPECT_EQ(-EINVAL, sign_verify(self->key, bad[i].info, self->digest, bad[i].len,
					       signature, len))
			TH_LOG("verify: %s, %zu bytes", bad[i].info, bad[i].len);
	}
}

TEST_F(ecdsa, no_other_operation)
{
	char out[SIGN_DER_MAX];

	EXPECT_GT(0, keyctl_pkey_encrypt(self->key, "enc=x962", "x", 0, out, 0));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_GT(0, keyctl_pkey_decrypt(self->key, "enc=x962", "x", 0, out, 0));
	EXPECT_EQ(EOPNOTSUPP, errno);
}

/* Waiting */

static int sign_in_child(void *arg)
{
	int ret = sign_something(*(key_serial_t *)arg);

	return ret < 0 ? -ret : 0;
}

TEST_F(ecdsa, it_waits_for_a_grant)
{
	pid_t pid;

	ASSERT_EQ(0, round_relock(self->gate.fd));
	pid = sealed_start(sign_in_child, &self->key);
	ASSERT_EQ(0, round_wait_waiters(1, 20000));
	ASSERT_EQ(0, gate_attest(&self->gate));
	EXPECT_EQ(0, sealed_result(pid));
}

TEST_F(ecdsa, a_grant_for_something_else_refuses)
{
	pid_t pid;

	ASSERT_EQ(0, round_relock(self->gate.fd));
	pid = sealed_start(sign_in_child, &self->key);
	ASSERT_EQ(0, round_wait_waiters(1, 20000));
	ASSERT_EQ(0, round_open_gate(self->gate.fd, &self->gate.verifier, "other", 60));
	EXPECT_EQ(EKEYREJECTED, sealed_result(pid));
}

TEST_F(ecdsa, a_wait_ends_in_time)
{
	long long before;

	ASSERT_EQ(0, round_relock(self->gate.fd));
	sealed_exchange_number(TIMEOUT, 1);
	before = sealed_now_ms();
	EXPECT_EQ(-ETIMEDOUT, sign_something(self->key));
	EXPECT_LE(1000, sealed_now_ms() - before);
}

TEST_F(ecdsa, killed_while_waiting)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, round_relock(self->gate.fd));
	pid = sealed_start(sign_in_child, &self->key);
	ASSERT_EQ(0, round_wait_waiters(1, 20000));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(0, sealed_waiters());
}

/* While one waits, the key can be looked at, verified with, and taken away. */
TEST_F(ecdsa, others_do_not_wait)
{
	uint8_t signature[BASTION_SIGNATURE_SIZE], blob[BASTION_BLOB_MAX];
	struct keyctl_pkey_query query;
	pid_t pid;

	ASSERT_EQ(96, sign_digest(self->key, "enc=p1363", self->digest, 48, signature, 96));
	ASSERT_EQ(0, round_relock(self->gate.fd));
	pid = sealed_start(sign_in_child, &self->key);
	ASSERT_EQ(0, round_wait_waiters(1, 20000));
	EXPECT_EQ(0, sign_verify(self->key, "enc=p1363", self->digest, 48, signature, 96));
	EXPECT_EQ(0, keyctl_pkey_query(self->key, "enc=x962", &query));
	EXPECT_EQ(BASTION_BLOB_P384_SIZE, sealed_blob(self->key, blob));
	EXPECT_EQ(0, keyctl_unlink(self->key, KEY_SPEC_SESSION_KEYRING));
	EXPECT_EQ(1, sealed_waiters());
	ASSERT_EQ(0, gate_attest(&self->gate));
	EXPECT_EQ(0, sealed_result(pid));
}

/* From its blob, as in the next boot. */
TEST_F(ecdsa, loaded)
{
	uint8_t blob[BASTION_BLOB_MAX], der[SIGN_DER_MAX];
	int len;

	ASSERT_EQ(BASTION_BLOB_P384_SIZE, sealed_blob(self->key, blob));
	ASSERT_EQ(0, keyctl_unlink(self->key, KEY_SPEC_SESSION_KEYRING));
	self->key = sealed_load(self->gate.name, blob, BASTION_BLOB_P384_SIZE,
				KEY_SPEC_SESSION_KEYRING);
	ASSERT_LT(0, self->key);
	len = sign_digest(self->key, "enc=x962", self->digest, 48, der, sizeof(der));
	ASSERT_LT(0, len);
	EXPECT_TRUE(sign_good(self->point, self->digest, 48, der, len));
}

/* Public key, scalar and tag belong together. */
TEST_F(ecdsa, a_changed_blob_does_not_sign)
{
	static const int at[] = { 1, 48, 96, 97, 120, 144, 145, 160 };
	uint8_t blob[BASTION_BLOB_MAX], changed[BASTION_BLOB_MAX];
	key_serial_t key;

	ASSERT_EQ(BASTION_BLOB_P384_SIZE, sealed_blob(self->key, blob));
	for (unsigned int i = 0; i < ARRAY_SIZE(at); i++) {
		memcpy(changed, blob, sizeof(changed));
		changed[sizeof(struct bastion_blob_header) + at[i]] ^= 0x10;
		key = sealed_load(self->gate.name, changed, BASTION_BLOB_P384_SIZE,
				  KEY_SPEC_PROCESS_KEYRING);
		ASSERT_LT(0, key);
		EXPECT_EQ(-EBADMSG, sign_something(key))
			TH_LOG("byte %d behind the header", at[i]);
		keyctl_unlink(key, KEY_SPEC_PROCESS_KEYRING);
	}
	/* Not even loaded: it is no point. */
	memcpy(changed, blob, sizeof(changed));
	changed[sizeof(struct bastion_blob_header)] = 2;
	EXPECT_EQ(-EBADMSG, sealed_load(self->gate.name, changed, BASTION_BLOB_P384_SIZE,
					KEY_SPEC_PROCESS_KEYRING));
}

/* Bound to an executable it signs for that one alone; where it is linked does not matter. */
TEST_F(ecdsa, executable)
{
	char options[128], *last;
	key_serial_t key;

	snprintf(options, sizeof(options), "exe=sha256:%s", sealed_own_digest());
	key = gate_make(&self->gate, "ecdsa", sealed_name(), options);
	ASSERT_LT(0, key);
	EXPECT_LT(0, sign_something(key));
	/* Another digest, and still one of hex digits. */
	last = &options[strlen(options) - 1];
	*last = *last == '0' ? '1' : '0';
	key = gate_make(&self->gate, "ecdsa", sealed_name(), options);
	ASSERT_LT(0, key);
	EXPECT_EQ(-EKEYREJECTED, sign_something(key));
}

TEST_F(ecdsa, registers)
{
	struct bastion_extend extend = {
		.size = sizeof(extend), .index = 6, .name = "keys", .data = (uintptr_t)"x",
		.data_len = 1,
	};
	key_serial_t key = gate_make(&self->gate, "ecdsa", sealed_name(), "registers=0x40");

	ASSERT_LT(0, key);
	EXPECT_LT(0, sign_something(key));
	ASSERT_EQ(0, round_ioctl(self->gate.fd, BASTION_IOC_EXTEND, &extend));
	EXPECT_EQ(-EKEYREJECTED, sign_something(key));
	EXPECT_EQ(BASTION_STATE_ATTESTED, round_state(self->gate.fd));
}

/* Only "rebind" updates a key. */
TEST_F(ecdsa, updated_with_nonsense)
{
	static const char * const payloads[] = {
		"", "x", "rebind", "rebind ", "rebind policy=p", "load 0", "ecdsa policy=p",
		"rebind verifier=00 policy=prod", "import 1",
	};
	uint8_t before[BASTION_BLOB_MAX], after[BASTION_BLOB_MAX];
	char text[1024];

	ASSERT_LT(0, sealed_blob(self->key, before));
	for (unsigned int i = 0; i < ARRAY_SIZE(payloads); i++) {
		EXPECT_GT(0, keyctl_update(self->key, payloads[i], strlen(payloads[i])))
			TH_LOG("'%s'", payloads[i]);
		EXPECT_EQ(EINVAL, errno)
			TH_LOG("'%s'", payloads[i]);
	}
	/* Well formed, but for adding. */
	sealed_text("ecdsa", &self->gate.verifier, "prod", "", text);
	EXPECT_GT(0, keyctl_update(self->key, text, strlen(text)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-EEXIST, gate_make(&self->gate, "ecdsa", self->gate.name, ""));
	/* The options of another verb. */
	EXPECT_EQ(-EINVAL, sealed_rebind(self->key, &self->gate.verifier, "prod", "owner=0"));
	EXPECT_EQ(-EINVAL, sealed_rebind(self->key, &self->gate.verifier, "prod", "derive=x"));
	EXPECT_EQ(-EINVAL, gate_make(&self->gate, "ecdsa", sealed_name(), "types=user"));
	EXPECT_EQ(-EINVAL, gate_make(&self->gate, "ecdsa", sealed_name(), "derive=x"));
	EXPECT_EQ(-EINVAL, gate_make(&self->gate, "ecdsa 48", sealed_name(), ""));
	ASSERT_LT(0, sealed_blob(self->key, after));
	EXPECT_EQ(0, memcmp(before, after, BASTION_BLOB_P384_SIZE));
}

TEST_HARNESS_MAIN
