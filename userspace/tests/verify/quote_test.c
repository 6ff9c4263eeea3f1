// SPDX-License-Identifier: GPL-2.0
/* Quotes: one spelling only, every byte signed, nothing exposed before that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libbastion-verify/chain.h"
#include "testchip.h"

struct quote_test {
	struct tc *tc;
	struct tc_buffer protected_header, payload, quote;
};

static int setup(void **state)
{
	struct quote_test *t = calloc(1, sizeof(*t));

	t->tc = tc_new();
	tc_protected(t->tc, &t->protected_header);
	tc_payload(t->tc, &t->payload);
	tc_sign(t->tc, &t->protected_header, &t->payload, &t->quote);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct quote_test *t = *state;

	tc_free(t->tc);
	free(t);
	return 0;
}

static int verify_bytes(const uint8_t *bytes, size_t len)
{
	/* A copy of the exact size, so that a read beyond it is seen. */
	uint8_t *copy = malloc(len ? len : 1);
	struct bv_envelope envelope;
	struct bv_quote quote;
	struct bv_error err = { "" };
	int ret;

	memcpy(copy, bytes, len);
	memset(&quote, 0x5a, sizeof(quote));
	ret = bv_envelope_parse((struct bv_span){ copy, len }, &envelope, &err);
	if (!ret)
		ret = bv_quote_verify(&envelope, &quote, &err);
	if (ret) {
		/* Refused means that no claim came out, and that it was said why. */
		assert_int_equal(((uint8_t *)&quote)[0], 0x5a);
		assert_int_equal(((uint8_t *)&quote)[sizeof(quote) - 1], 0x5a);
		assert_true(err.text[0]);
	}
	free(copy);
	return ret;
}

static int verify(const struct tc_buffer *quote)
{
	return verify_bytes(quote->data, quote->len);
}

/* A payload that is signed properly, but is not what the profile says. */
static void refuse_payload(struct quote_test *t, const struct tc_buffer *payload)
{
	tc_sign(t->tc, &t->protected_header, payload, &t->quote);
	assert_true(verify(&t->quote) < 0);
}

static void refuse_protected(struct quote_test *t, const struct tc_buffer *header)
{
	tc_sign(t->tc, header, &t->payload, &t->quote);
	assert_true(verify(&t->quote) < 0);
}

/* Replaces @cut bytes at @at. */
static struct tc_buffer *splice(const struct tc_buffer *in, size_t at, size_t cut,
				const void *bytes, size_t len)
{
	struct tc_buffer *out = calloc(1, sizeof(*out));

	tc_put(out, in->data, at);
	tc_put(out, bytes, len);
	tc_put(out, in->data + at + cut, in->len - at - cut);
	return out;
}

static void refuse_spliced(struct quote_test *t, size_t at, size_t cut, const void *bytes,
			   size_t len)
{
	struct tc_buffer *payload = splice(&t->payload, at, cut, bytes, len);

	refuse_payload(t, payload);
	free(payload);
}

static void test_good(void **state)
{
	struct quote_test *t = *state;
	struct bv_envelope envelope;
	struct bv_quote quote;

	assert_int_equal(bv_envelope_parse((struct bv_span){ t->quote.data, t->quote.len }, &envelope,
					   NULL), 0);
	assert_int_equal(bv_quote_verify(&envelope, &quote, NULL), 0);
	assert_int_equal(envelope.cert_count, 2);
	assert_string_equal(quote.model, "bastionchip-1");
	assert_string_equal(quote.firmware, "1.2.0");
	assert_string_equal(quote.hwversion, "1");
	assert_int_equal(quote.svn, 2);
	assert_int_equal(quote.boot_count, 9);
	assert_int_equal(quote.uptime_ms, 12345);
	assert_memory_equal(quote.registers, t->tc->claims.registers, sizeof(quote.registers));
	assert_memory_equal(quote.chip_id, t->tc->claims.chip_id, sizeof(quote.chip_id));
}

static void test_bit_flips(void **state)
{
	struct quote_test *t = *state;

	for (size_t i = 0; i < t->quote.len; i++) {
		t->quote.data[i] ^= 1 << (i % 8);
		assert_true(verify(&t->quote) < 0);
		t->quote.data[i] ^= 1 << (i % 8);
	}
	assert_int_equal(verify(&t->quote), 0);
}

static void test_truncated(void **state)
{
	struct quote_test *t = *state;

	for (size_t len = 0; len < t->quote.len; len++)
		assert_true(verify_bytes(t->quote.data, len) < 0);
	t->quote.data[t->quote.len++] = 0;
	assert_true(verify(&t->quote) < 0);
}

static void test_too_long(void **state)
{
	uint8_t *bytes = calloc(1, BASTION_QUOTE_MAX + 1);

	assert_true(verify_bytes(bytes, BASTION_QUOTE_MAX + 1) < 0);
	free(bytes);
}

static void test_long_heads(void **state)
{
	struct quote_test *t = *state;

	/* map(17) and eat_nonce's key and length, longer than they need to be */
	refuse_spliced(t, 0, 1, "\xb8\x11", 2);
	refuse_spliced(t, 1, 1, "\x18\x0a", 2);
	refuse_spliced(t, 2, 2, "\x59\x00\x30", 3);
	refuse_spliced(t, 52, 3, "\x1a\x00\x00\x01\x00", 5);
}

static void test_indefinite(void **state)
{
	struct quote_test *t = *state;
	struct tc_buffer *payload = splice(&t->payload, 0, 1, "\xbf", 1);

	tc_put(payload, "\xff", 1);
	refuse_payload(t, payload);
	free(payload);
	/* eat_nonce in chunks: (_ h'48 bytes') */
	payload = splice(&t->payload, 2, 2, "\x5f\x58\x30", 3);
	memmove(payload->data + 54, payload->data + 53, payload->len - 53);
	payload->data[53] = 0xff;
	payload->len++;
	refuse_payload(t, payload);
	free(payload);
}

static void test_duplicate(void **state)
{
	struct quote_test *t = *state;
	/* svn twice: the last claim before the registers, found by its key */
	const uint8_t key[] = { 0x3a, 0x00, 0x01, 0x11, 0x72, 0x02 };
	uint8_t *at = memmem(t->payload.data, t->payload.len, key, sizeof(key));
	struct tc_buffer *payload;

	assert_non_null(at);
	payload = splice(&t->payload, at - t->payload.data, 0, key, sizeof(key));
	payload->data[0]++;
	refuse_payload(t, payload);
	free(payload);
}

static void test_unknown_claim(void **state)
{
	struct quote_test *t = *state;
	struct tc_buffer *payload = splice(&t->payload, t->payload.len, 0,
					   "\x3a\x00\x01\x11\x77\x00", 6);

	refuse_payload(t, payload);
	payload->data[0]++;
	refuse_payload(t, payload);
	free(payload);
}

static void test_missing_claim(void **state)
{
	struct quote_test *t = *state;
	struct tc_buffer *payload = splice(&t->payload, 1, 51, "", 0);

	payload->data[0]--;
	refuse_payload(t, payload);
	free(payload);
}

static void test_order(void **state)
{
	struct quote_test *t = *state;
	struct tc_buffer *payload = calloc(1, sizeof(*payload));

	/* ueid (38 bytes from 52 on) before eat_nonce (51 bytes from 1 on) */
	tc_put(payload, t->payload.data, 1);
	tc_put(payload, t->payload.data + 52, 38);
	tc_put(payload, t->payload.data + 1, 51);
	tc_put(payload, t->payload.data + 90, t->payload.len - 90);
	assert_int_equal(payload->len, t->payload.len);
	refuse_payload(t, payload);
	free(payload);
}

static void test_types(void **state)
{
	struct quote_test *t = *state;
	static const char bad[][2] = {
		"\x60", "\x80", "\xa0", "\xf5", "\xf6", "\xf7", "\xf9", "\x20", "\xc1", "\xff", "\x1c"
	};

	/* in place of eat_nonce's value, and of its key */
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		refuse_spliced(t, 2, 50, bad[i], 1);
		refuse_spliced(t, 1, 1, bad[i], 1);
	}
}

static void test_protected(void **state)
{
	struct quote_test *t = *state;
	struct tc_buffer *header;

	/* another algorithm: ES256, and ES384 spelt with a longer head */
	header = splice(&t->protected_header, 2, 2, "\x26", 1);
	refuse_protected(t, header);
	free(header);
	header = splice(&t->protected_header, 2, 2, "\x39\x00\x22", 3);
	refuse_protected(t, header);
	free(header);
	/* crit (2), and an unknown header at the end */
	header = splice(&t->protected_header, 4, 0, "\x02\x81\x01", 3);
	header->data[0]++;
	refuse_protected(t, header);
	free(header);
	header = splice(&t->protected_header, t->protected_header.len, 0, "\x18\x40\x00", 3);
	header->data[0]++;
	refuse_protected(t, header);
	free(header);
	/* no certificate at all */
	header = splice(&t->protected_header, 6, t->protected_header.len - 6, "\x80", 1);
	refuse_protected(t, header);
	free(header);
}

static void test_unprotected(void **state)
{
	struct quote_test *t = *state;
	size_t at = 2 + 3 + t->protected_header.len;
	struct tc_buffer *quote;

	assert_int_equal(t->quote.data[at], 0xa0);
	quote = splice(&t->quote, at, 1, "\xa1\x04\x41\x00", 4);
	assert_true(verify(quote) < 0);
	free(quote);
	/* untagged, another tag, five parts, a detached payload */
	quote = splice(&t->quote, 0, 1, "", 0);
	assert_true(verify(quote) < 0);
	free(quote);
	quote = splice(&t->quote, 0, 1, "\xd1", 1);
	assert_true(verify(quote) < 0);
	free(quote);
	quote = splice(&t->quote, 1, 1, "\x85", 1);
	tc_put(quote, "\x00", 1);
	assert_true(verify(quote) < 0);
	free(quote);
	quote = splice(&t->quote, at + 1, t->quote.len - at - 1 - 98, "\xf6", 1);
	assert_true(verify(quote) < 0);
	free(quote);
}

/* Claims that say one thing twice have to agree. */
static void test_repeated_claims(void **state)
{
	struct quote_test *t = *state;

	t->payload.data[57]++;		/* ueid's first byte */
	refuse_payload(t, &t->payload);
	t->payload.data[57]--;
	t->payload.data[58]++;
	refuse_payload(t, &t->payload);
	t->payload.data[58]--;
	t->payload.data[t->payload.len - 2] ^= 0x40;	/* uptime in ms */
	refuse_payload(t, &t->payload);
}

static void test_big_counts(void **state)
{
	static const uint8_t array[] = { 0xd2, 0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t bytes[] = { 0xd2, 0x84, 0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	assert_true(verify_bytes(array, sizeof(array)) < 0);
	assert_true(verify_bytes(bytes, sizeof(bytes)) < 0);
}

#define T(function)	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_good), T(test_bit_flips), T(test_truncated), T(test_too_long),
		T(test_long_heads), T(test_indefinite), T(test_duplicate), T(test_unknown_claim),
		T(test_missing_claim), T(test_order), T(test_types), T(test_protected),
		T(test_unprotected), T(test_repeated_claims), T(test_big_counts),
	};

	return cmocka_run_group_tests_name("verify: quotes", tests, NULL, NULL);
}
