// SPDX-License-Identifier: GPL-2.0
/* Reference values: what they match, and what a verdict says of what they do not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "testchip.h"
#include "testima.h"
#include "testreferences.h"

/* A machine whose IMA list is mirrored into register 3. */
struct machine {
	struct tc *tc;
	struct ti_list list;
};

static int setup(void **state)
{
	struct machine *m = calloc(1, sizeof(*m));

	m->tc = tc_new();
	m->tc->references = references;
	m->list.hash = "SHA1";
	ti_file(&m->list, "boot_aggregate", 9);
	ti_file(&m->list, "/usr/bin/a", 2);
	json_object_set_new(m->tc->policy, "ima", json_pack("{s:[s]}", "references", "r.json"));
	*state = m;
	return 0;
}

static int teardown(void **state)
{
	struct machine *m = *state;

	tc_free(m->tc);
	free(m);
	return 0;
}

static struct bv_verdict *appraise(struct machine *m)
{
	m->tc->ima = (struct bv_span){ m->list.binary, m->list.len };
	memcpy(m->tc->claims.registers[3], m->list.mirror, BASTION_DIGEST_SIZE);
	return tc_appraise(m->tc, NULL);
}

static struct bv_verdict *appraise_ascii(struct machine *m)
{
	m->tc->ima = (struct bv_span){ (uint8_t *)m->list.ascii, m->list.ascii_len };
	memcpy(m->tc->claims.registers[3], m->list.mirror, BASTION_DIGEST_SIZE);
	return tc_appraise(m->tc, NULL);
}

static void grants(struct bv_verdict *verdict)
{
	if (!verdict->granted)
		fail_msg("refused by %s", bv_verdict_failing(verdict));
	bv_verdict_free(verdict);
}

/* The named check is the first that fails; it says this of what was expected and seen. */
static const json_t *refuses(struct bv_verdict *verdict, const char *name, const char *expected,
			     const char *seen)
{
	const char *failing = bv_verdict_failing(verdict);
	const json_t *check = NULL;
	size_t i;

	assert_false(verdict->granted);
	assert_non_null(failing);
	assert_string_equal(failing, name);
	json_array_foreach(verdict->checks, i, check)
		if (!json_is_true(json_object_get(check, "ok")))
			break;
	if (!strstr(json_string_value(json_object_get(check, "expected")), expected) ||
	    !strstr(json_string_value(json_object_get(check, "seen")), seen))
		fail_msg("%s, not %s", json_string_value(json_object_get(check, "expected")),
			 json_string_value(json_object_get(check, "seen")));
	assert_true(json_string_length(json_object_get(check, "advice")) > 10);
	return json_object_get(check, "entry");
}

static void names_entry(const json_t *entry, int number, int index, const char *path,
			const char *digest)
{
	assert_int_equal(json_integer_value(json_object_get(entry, "number")), number);
	assert_int_equal(json_integer_value(json_object_get(entry, "register")), index);
	assert_string_equal(json_string_value(json_object_get(entry, "name")), path);
	assert_string_equal(json_string_value(json_object_get(entry, "digest")),
			    strchr(digest, ':') + 1);
}

static void test_good(void **state)
{
	struct machine *m = *state;

	ti_file(&m->list, "/usr/bin/a", 3);
	ti_file(&m->list, "/usr/lib/libc.so", 3);
	grants(appraise(m));
}

static void test_entries(void **state)
{
	static const struct {
		const char *path;
		uint8_t byte;
		const char *digest;
		const char *expected;
	} cases[] = {
		{ "/usr/bin/a", 4, DIGEST_4, "known: /usr/bin/a, " DIGEST_3 ", from generation next" },
		{ "/usr/bin/a", 1, DIGEST_1, "old, which is retired" },
		{ "/tmp/a", 2, DIGEST_2, "these contents at /usr/bin/a, from generation now" },
		{ "/usr/bin/b", 4, DIGEST_4, "nearest: /usr/bin/a" },
		{ "/strange", 4, DIGEST_4, "none is like it" },
		{ "strange", 4, DIGEST_4, "there is no path" },
	};
	struct machine *m = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct machine copy = *m;
		struct bv_verdict *verdict;

		ti_file(&copy.list, cases[i].path, cases[i].byte);
		verdict = appraise(&copy);
		names_entry(refuses(verdict, "ima", cases[i].expected, cases[i].digest), 2, 3,
			    cases[i].path, cases[i].digest);
		assert_int_equal(verdict->status, BV_CONTRAINDICATED);
		bv_verdict_free(verdict);
	}
}

/* The first few are explained, all are counted. */
static void test_many(void **state)
{
	struct machine *m = *state;
	struct bv_verdict *verdict;
	const json_t *last = NULL, *check;
	size_t i, count = 0;
	char path[16];

	for (i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "/x/%zu", i);
		ti_file(&m->list, path, 4);
	}
	verdict = appraise(m);
	json_array_foreach(verdict->checks, i, check)
		if (!strcmp(json_string_value(json_object_get(check, "name")), "ima")) {
			last = check;
			count++;
		}
	assert_int_equal(count, 9);
	assert_string_equal(json_string_value(json_object_get(last, "seen")),
			    "22 entries, 0 ignored, 20 refused");
	bv_verdict_free(verdict);
}

static void test_ignore(void **state)
{
	struct machine *m = *state;

	json_object_set_new(json_object_get(m->tc->policy, "ima"), "ignore", json_pack("[s]", "/var/**"));
	ti_file(&m->list, "/var/log/x", 4);
	grants(appraise(m));
	ti_file(&m->list, "/vat/x", 4);
	bv_verdict_free(appraise(m));
	ti_file(&m->list, "/va", 4);
	{
		struct bv_verdict *verdict = appraise(m);

		refuses(verdict, "ima", "", DIGEST_4);
		bv_verdict_free(verdict);
	}
}

static void test_violation(void **state)
{
	struct machine *m = *state;
	struct bv_verdict *verdict;

	ti_violation(&m->list, "/usr/bin/a");
	verdict = appraise(m);
	refuses(verdict, "ima", "no violations", "changed while it was measured");
	bv_verdict_free(verdict);
	/* Nothing covers the name of a violation, so no name excuses one. */
	json_object_set_new(json_object_get(m->tc->policy, "ima"), "ignore", json_pack("[s]", "**"));
	verdict = appraise(m);
	refuses(verdict, "ima", "no violations", "changed while it was measured");
	bv_verdict_free(verdict);
	json_object_set_new(json_object_get(m->tc->policy, "ima"), "violations",
			    json_string("ignore"));
	grants(appraise(m));
}

/* Nothing covers the digest of a violation, and so it is of any length. */
static void test_long_violation(void **state)
{
	static const size_t lengths[] = { 64, 65, 4000 };
	struct machine *m = *state;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct machine copy = *m;

		ti_long_violation(&copy.list, lengths[i]);
		for (int form = 0; form < 2; form++) {
			struct bv_verdict *verdict = form ? appraise_ascii(&copy) : appraise(&copy);

			if (lengths[i] <= 64)
				refuses(verdict, "ima", "no violations", "changed while");
			else
				refuses(verdict, "ima-list", "register 3",
					"entry 2 has a digest that is too long");
			bv_verdict_free(verdict);
		}
	}
}

/* Nobody's lists are not looked at, since anybody can make them, and as long as he likes. */
static void test_unauthentic(void **state)
{
	struct machine *m = *state;
	struct bv_verdict *verdict;

	ti_file(&m->list, "/evil", 4);
	verdict = appraise(m);
	assert_non_null(tc_check(verdict, "ima-list"));
	bv_verdict_free(verdict);
	m->tc->claims.chip_nonce[0] ^= 1;
	verdict = appraise(m);
	refuses(verdict, "chip-nonce", "", "");
	for (size_t i = 0; i < 4; i++)
		assert_null(tc_check(verdict, (const char *[]){ "log", "log-count", "ima-list", "ima" }[i]));
	assert_string_equal(json_string_value(json_object_get(tc_check(verdict, "lists"), "seen")),
			    "lists that nobody signed");
	bv_verdict_free(verdict);
}

/* The name of a template is not covered either: without known fields there is nothing to judge. */
static void test_template(void **state)
{
	struct machine *m = *state;
	struct ti_data data = { .len = 0 };
	struct bv_verdict *verdict;

	ti_named_digest(&data, "sha256:", 4, 32);
	ti_name(&data, "/evil");
	ti_entry(&m->list, "ima-xx", &data, "");
	verdict = appraise(m);
	refuses(verdict, "ima", "a path and a digest", "template that this verifier does not know");
	bv_verdict_free(verdict);
}

/* A signature that is a path, and an attribute that is a digest. */
static void put_liar(struct ti_list *list, const char *template, bool evm)
{
	static const uint8_t good[] = "sha256:";
	struct ti_data data = { .len = 0 };
	uint8_t value[sizeof(good) + 32];

	memcpy(value, good, sizeof(good));
	memset(value + sizeof(good), 2, 32);
	ti_named_digest(&data, "sha256:", evm ? 4 : 2, 32);
	ti_name(&data, evm ? "/usr/bin/a" : "/tmp/a");
	ti_name(&data, "/usr/bin/a");
	if (evm) {
		ti_name(&data, "user.a");
		ti_field(&data, "\x28\0\0\0", 4);
		ti_field(&data, value, sizeof(value));
		ti_field(&data, "\0\0\0\0", 4);
		ti_field(&data, "\0\0\0\0", 4);
		ti_field(&data, "\xed\x81", 2);
	}
	ti_entry(list, template, &data, "");
}

/* Whoever carries a list can call any entry's template what he likes. */
static void test_other_template(void **state)
{
	static const char unknown[] = "template that this verifier does not know";
	static const struct {
		bool evm;
		const char *template;
		const char *seen;
	} cases[] = {
		{ false, "ima-sig", DIGEST_2 }, { false, "d-ng|n-ng|evmsig", DIGEST_2 },
		{ false, "d-ngv2|n|buf", "its digest is not that of its data" },
		{ false, "d-ng|xattrnames|n-ng", unknown }, { false, "d-ng|n-ng|n-ng", unknown },
		{ false, "d-ng|n-ng|n", unknown }, { false, "d-ng|sig|n-ng", unknown },
		{ true, "evm-sig", DIGEST_4 },
		{ true, "d-ng|n-ng|sig|sig|sig|d-modsig|iuid|igid|imode", DIGEST_4 },
		{ true, "sig|n-ng|evmsig|xattrnames|xattrlengths|d-ng|iuid|igid|imode", unknown },
		{ true, "d-ng|n-ng|evmsig|xattrnames|xattrlengths|d-ng|iuid|igid|imode", unknown },
		{ true, "d-ng|n-ng|evmsig|xattrnames|xattrlengths|d-ngv2|iuid|igid|imode", unknown },
		{ true, "sig|sig|n|xattrnames|xattrlengths|d-ng|iuid|igid|imode", unknown },
	};
	struct machine *m = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct machine copy = *m;
		struct bv_verdict *verdict;

		put_liar(&copy.list, cases[i].template, cases[i].evm);
		verdict = appraise(&copy);
		refuses(verdict, strstr(cases[i].template, "buf") ? "ima-list" : "ima", "",
			cases[i].seen);
		bv_verdict_free(verdict);
	}
	/* What has no name is not ignored by one. */
	json_object_set_new(json_object_get(m->tc->policy, "ima"), "ignore", json_pack("[s]", "**"));
	put_liar(&m->list, "ima-sig", false);
	grants(appraise(m));
	put_liar(&m->list, "d-ng|sig|sig", false);
	{
		struct bv_verdict *verdict = appraise(m);

		refuses(verdict, "ima", "a path and a digest", unknown);
		bv_verdict_free(verdict);
	}
}

#define HEX48	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff" \
		"00112233445566778899aabbccddeeff"
#define GATE(state, verifier)	"chip=" HEX48 " number=1 state=" state " reason=1 verifier=" \
				verifier " log_count=20 log_aggregate=" HEX48

/* Measured data of this name. */
static void put_event(struct ti_list *list, const char *template, const char *name,
		      const char *text)
{
	static const char algorithm[] = "sha256:";
	uint8_t digest[sizeof(algorithm) + 32];
	struct ti_data data = { .len = 0 };

	memcpy(digest, algorithm, sizeof(algorithm));
	ti_digest("SHA256", text, strlen(text), digest + sizeof(algorithm));
	ti_field(&data, digest, sizeof(digest));
	ti_name(&data, name);
	ti_field(&data, text, strlen(text));
	ti_entry(list, template, &data, "");
}

/* What the gate says of itself is no unknown file; what only looks like it is. */
static void test_gate_events(void **state)
{
	static const char *const good[] = {
		GATE("attested", HEX48), GATE("locked", "none"), GATE("selftest", "none"),
		GATE("failed", HEX48),
	};
	static const char *const bad[] = {
		"", "chip=", GATE("open", HEX48), GATE("locked", ""), GATE("locked", "none") " ",
		GATE("locked", "none") "\n", " " GATE("locked", "none"), GATE("locked", "nonenone"),
		"chip=" HEX48 " number=01 state=locked reason=1 verifier=none log_count=20"
			" log_aggregate=" HEX48,
		"chip=" HEX48 " number=1 state=locked reason=4294967296 verifier=none log_count=20"
			" log_aggregate=" HEX48,
		"chip=" HEX48 " number=1 state=locked reason=1 verifier=none"
			" log_count=18446744073709551616 log_aggregate=" HEX48,
	};
	struct machine *m = *state, copy;
	struct bv_verdict *verdict;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		put_event(&m->list, "ima-buf", "bastion-gate", good[i]);
	grants(appraise(m));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad) + 2; i++) {
		const char *text = i < 2 ? good[0] : bad[i - 2];

		copy = *m;
		put_event(&copy.list, i == 0 ? "d-ng|n-ng|sig" : "ima-buf",
			  i == 1 ? "bastion-gates" : "bastion-gate", text);
		verdict = appraise(&copy);
		refuses(verdict, "ima", "there is no path", "sha256:");
		bv_verdict_free(verdict);
	}
}

static void test_list(void **state)
{
	struct machine *m = *state;
	struct bv_verdict *verdict = tc_appraise(m->tc, NULL);
	size_t len = m->list.len;

	refuses(verdict, "ima-list", "register 3", "the evidence has no IMA list");
	bv_verdict_free(verdict);

	ti_file(&m->list, "/usr/bin/a", 3);
	m->list.len = len;
	verdict = appraise(m);
	refuses(verdict, "ima-list", "register 3", "after all 2 entries");
	bv_verdict_free(verdict);

	m->list.len = 0;
	verdict = appraise(m);
	refuses(verdict, "ima-list", "register 3", "after all 0 entries");
	bv_verdict_free(verdict);
}

/* An entry that says what the digest does not. */
static void test_forged(void **state)
{
	struct machine *m = *state;
	struct bv_verdict *verdict;

	ti_file(&m->list, "/usr/bin/a", 4);
	m->list.binary[m->list.len - sizeof("/usr/bin/a") - 5] = 3;
	verdict = appraise(m);
	refuses(verdict, "ima-list", "register 3", "entry 2: its template digest");
	bv_verdict_free(verdict);
}

/* What was added after the quote is not of this round. */
static void test_longer_list(void **state)
{
	struct machine *m = *state;
	uint8_t mirror[48];

	memcpy(mirror, m->list.mirror, sizeof(mirror));
	ti_file(&m->list, "/evil", 4);
	memcpy(m->list.mirror, mirror, sizeof(mirror));
	grants(appraise(m));
}

static void warns(struct bv_verdict *verdict)
{
	refuses(verdict, "ima-list", "no \"ima\"", "not judged");
	assert_int_equal(verdict->status, BV_WARNING);
	bv_verdict_free(verdict);
}

/* Without a rule files may not have been measured, or nobody would look at them. */
static void test_no_rule(void **state)
{
	struct machine *m = *state;

	json_object_del(m->tc->policy, "ima");
	warns(appraise(m));
	json_object_set_new(m->tc->policy, "accept_warning", json_true());
	grants(appraise(m));
	json_object_del(m->tc->policy, "accept_warning");
	memset(m->tc->claims.registers[3], 0, 48);
	grants(tc_appraise(m->tc, NULL));
}

/* IMA without a policy: nothing but what it begins with. */
static void test_only_aggregate(void **state)
{
	struct machine *m = *state;

	json_object_del(m->tc->policy, "ima");
	m->list = (struct ti_list){ .hash = "SHA1" };
	ti_file(&m->list, "boot_aggregate", 9);
	grants(appraise(m));
	m->tc->claims.registers[3][0] ^= 1;
	warns(tc_appraise(m->tc, NULL));
	m->tc->claims.registers[3][0] ^= 1;
	m->tc->ima = (struct bv_span){ NULL, 0 };
	warns(tc_appraise(m->tc, NULL));
	/* A file that goes by this name is still a file. */
	ti_file(&m->list, "boot_aggregate", 2);
	warns(appraise(m));
	m->list = (struct ti_list){ .hash = "SHA1" };
	ti_file(&m->list, "boot_aggregat", 9);
	warns(appraise(m));
	m->list = (struct ti_list){ .hash = "SHA1" };
	ti_violation(&m->list, "boot_aggregate");
	warns(appraise(m));
}

/* What has no path may be a file whose path is too long, or not to be had: anybody's. */
static void test_nameless(void **state)
{
	static const char *const names[] = { "boot_aggregate", "a", "kexec-cmdline", "b/boot_aggregate" };
	struct machine *m = *state;
	struct bv_verdict *verdict;

	json_object_set_new(m->tc->policy, "ima", json_pack("{s:[s], s:[s,s]}", "references", "r.json",
							    "ignore", "**", "boot_aggregate"));
	grants(appraise(m));
	ti_file(&m->list, "/usr/bin/nobody-knows-this", 7);
	grants(appraise(m));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		m->list = (struct ti_list){ .hash = "SHA1" };
		ti_file(&m->list, "boot_aggregate", 9);
		ti_file(&m->list, names[i], 7);
		verdict = appraise(m);
		refuses(verdict, "ima", "a digest that is known", "sha256:07");
		bv_verdict_free(verdict);
	}
	/* Its digest may be known all the same. */
	m->tc->references = "{\"generations\": [{\"name\": \"n\", \"files\": ["
		"{\"path\": \"boot_aggregate\", \"digests\": \"any\"},"
		"{\"path\": \"kexec-cmdline\", \"digests\": [\"" D32("07") "\"]}]}]}";
	m->list = (struct ti_list){ .hash = "SHA1" };
	ti_file(&m->list, "boot_aggregate", 9);
	ti_file(&m->list, "kexec-cmdline", 7);
	grants(appraise(m));
	ti_file(&m->list, "kexec-cmdline", 8);
	verdict = appraise(m);
	refuses(verdict, "ima", "a digest that is known", "sha256:08");
	bv_verdict_free(verdict);
	/* Nor is a list's first entry good that has another name. */
	m->list = (struct ti_list){ .hash = "SHA1" };
	ti_file(&m->list, "boot_aggregat", 9);
	verdict = appraise(m);
	refuses(verdict, "ima", "a digest that is known", "sha256:09");
	bv_verdict_free(verdict);
}

static void test_not_loaded(void **state)
{
	struct machine *m = *state;
	struct bv_verdict *verdict;

	m->tc->references = NULL;
	verdict = appraise(m);
	refuses(verdict, "references", "all reference values", "not loaded");
	bv_verdict_free(verdict);
}

/* Register 3 is IMA's: the module's own log has nothing to say of it. */
static void test_own_entry(void **state)
{
	struct machine *m = *state;
	struct bv_verdict *verdict;

	tc_file(m->tc, &m->tc->log, 3, "/usr/bin/a", 32, 2);
	verdict = appraise(m);
	refuses(verdict, "log", "", "register 3, which is not this log's");
	bv_verdict_free(verdict);
}

static void test_executables(void **state)
{
	struct machine *m = *state;
	struct bv_verdict *verdict;

	tc_file(m->tc, &m->tc->log, 4, "/usr/bin/a", 32, 2);
	tc_file(m->tc, &m->tc->log, 4, "/usr/bin/a", 32, 4);
	grants(appraise(m));
	json_object_set_new(m->tc->policy, "executables", json_pack("{s:[s]}", "references", "r.json"));
	verdict = appraise(m);
	names_entry(refuses(verdict, "executables", "known: /usr/bin/a", DIGEST_4), 6, 4,
		    "/usr/bin/a", DIGEST_4);
	bv_verdict_free(verdict);
	json_object_set_new(json_object_get(m->tc->policy, "executables"), "ignore",
			    json_pack("[s]", "/usr/*/a"));
	grants(appraise(m));
}

/* A digest of fs-verity's, where it may be and where not. */
static void test_verity_entries(void **state)
{
	static const struct {
		uint32_t index;
		const char *template;
		const char *prefix;
		size_t size;
	} bad[] = {
		{ 4, "ima-ngv2", "sha256:", 32 }, { 4, "ima-ngv2", "ima:sha256:", 32 },
		{ 4, "ima-ngv2", "verity:sha512:", 64 }, { 4, "ima-ngv2", "verity:sha384:", 48 },
		{ 4, "ima-ngv2", "verity:sha256:", 31 }, { 4, "ima-ngv2", "verity:sha256:", 33 },
		{ 4, "ima-ngv2", "verity:sha256", 32 }, { 4, "ima-ngv2", "verity:", 32 },
		{ 4, "ima-ng", "verity:sha256:", 32 }, { 4, "ima-buf", "verity:sha256:", 32 },
		{ 4, "ima-sigv2", "verity:sha256:", 32 }, { 1, "ima-ngv2", "verity:sha256:", 32 },
		{ 2, "ima-ngv2", "verity:sha256:", 32 }, { 5, "ima-ngv2", "verity:sha256:", 32 },
		{ 7, "ima-ngv2", "verity:sha256:", 32 },
	};
	struct tc *tc = ((struct machine *)*state)->tc;
	struct bv_verdict *verdict;

	json_object_del(tc->policy, "ima");
	tc_typed_file(tc, &tc->log, 4, "ima-ngv2", "verity:sha256:", "/usr/bin/a", 32, 0xab);
	grants(tc_appraise(tc, NULL));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		tc_reset_logs(tc);
		tc_boot(tc, TC_CMDLINE);
		tc_module(tc);
		tc_typed_file(tc, &tc->log, bad[i].index, bad[i].template, bad[i].prefix,
			      "/usr/bin/a", bad[i].size, 0xab);
		verdict = tc_appraise(tc, NULL);
		refuses(verdict, "log", "register ", "log entry 5");
		bv_verdict_free(verdict);
	}
	/* The platform has none. */
	tc_reset_logs(tc);
	tc_boot(tc, TC_CMDLINE);
	tc_typed_file(tc, &tc->boot_log, 0, "ima-ngv2", "verity:sha256:", "kernel", 32, 0xab);
	tc_module(tc);
	verdict = tc_appraise(tc, NULL);
	refuses(verdict, "boot-log", "", "ima-ngv2 and register 4");
	bv_verdict_free(verdict);
}

/* A file has another value where fs-verity says what it is. */
static void test_verity(void **state)
{
	static const char both[] = "{\"generations\": [{\"name\": \"now\", \"files\": ["
		"{\"path\": \"/usr/bin/a\", \"digests\": [\"" DIGEST_2 "\", \"verity:" DIGEST_3 "\"]}]}]}";
	struct machine *m = *state;
	struct bv_verdict *verdict;

	m->tc->references = both;
	json_object_del(m->tc->policy, "ima");
	json_object_set_new(m->tc->policy, "executables", json_pack("{s:[s]}", "references", "r.json"));
	tc_file(m->tc, &m->tc->log, 4, "/usr/bin/a", 32, 2);
	tc_typed_file(m->tc, &m->tc->log, 4, "ima-ngv2", "verity:sha256:", "/usr/bin/a", 32, 3);
	grants(tc_appraise(m->tc, NULL));
	tc_typed_file(m->tc, &m->tc->log, 4, "ima-ngv2", "verity:sha256:", "/usr/bin/a", 32, 2);
	verdict = tc_appraise(m->tc, NULL);
	refuses(verdict, "executables", "known: /usr/bin/a", "verity:" DIGEST_2);
	bv_verdict_free(verdict);
}

static void test_bad_rules(void **state)
{
	static const char *const bad[] = {
		"1", "{}", "{\"references\": []}", "{\"references\": [1]}", "{\"references\": [\"\"]}",
		"{\"references\": [\"r\"], \"ignore\": 1}", "{\"references\": [\"r\"], \"more\": 1}",
		"{\"references\": [\"r\"], \"violations\": true}",
	};
	struct machine *m = *state;

	for (size_t i = 0; i <= sizeof(bad) / sizeof(*bad); i++) {
		json_t *policy = json_deep_copy(m->tc->policy);
		struct bv_error err = { "" };
		char *text;

		if (i < sizeof(bad) / sizeof(*bad))
			json_object_set_new(policy, "ima", json_loads(bad[i], JSON_DECODE_ANY, NULL));
		else
			json_object_set_new(policy, "executables", json_pack("{s:[s], s:s}", "references",
							"r", "violations", "ignore"));
		text = json_dumps(policy, 0);
		assert_null(bv_policy_parse((struct bv_span){ (uint8_t *)text, strlen(text) }, &err));
		assert_true(strlen(err.text) > 10);
		free(text);
		json_decref(policy);
	}
}

/* What is judged by is part of a policy's id. */
static void test_id(void **state)
{
	struct machine *m = *state;
	struct bv_policy *with = tc_policy(m->tc), *without;

	m->tc->references = NULL;
	without = tc_policy(m->tc);
	assert_memory_not_equal(with->id, without->id, sizeof(with->id));
	bv_policy_free(with);
	bv_policy_free(without);
}

#define TEST(test)	cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_good),
		TEST(test_entries),
		TEST(test_many),
		TEST(test_ignore),
		TEST(test_violation),
		TEST(test_long_violation),
		TEST(test_unauthentic),
		TEST(test_template),
		TEST(test_other_template),
		TEST(test_gate_events),
		TEST(test_list),
		TEST(test_forged),
		TEST(test_longer_list),
		TEST(test_no_rule),
		TEST(test_only_aggregate),
		TEST(test_nameless),
		TEST(test_not_loaded),
		TEST(test_own_entry),
		TEST(test_executables),
		TEST(test_verity),
		TEST(test_verity_entries),
		TEST(test_bad_rules),
		TEST(test_id),
	};

	return cmocka_run_group_tests_name("verify: reference values", tests, NULL, NULL);
}
