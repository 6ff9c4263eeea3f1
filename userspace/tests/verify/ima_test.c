// SPDX-License-Identifier: GPL-2.0
/* IMA's lists: recorded ones, ones made here by every template, and ones that lie. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "libbastion-verify/tcg-boot-log.h"
#include "testima.h"
#include "testvectors.h"

/* The template "ima": hashed with its name filled up, shown without. */
static void put_oldest(struct ti_list *list, const char *path)
{
	struct ti_data covered = { .len = 276 };

	memset(covered.bytes, 0x77, 20);
	strcpy((char *)covered.bytes + 20, path);
	ti_begin(list, "ima", &covered);
	ti_put(list, covered.bytes, 20);
	ti_put_u32(list, strlen(path));
	ti_put(list, path, strlen(path));
	ti_text(list, ti_repeat("77", 20));
	ti_text(list, " ");
	ti_text(list, path);
	ti_text(list, "\n");
}

static void put_signed(struct ti_list *list)
{
	struct ti_data plain = { .len = 0 }, typed = { .len = 0 }, none = { .len = 0 };
	char fields[512];

	ti_named_digest(&plain, "sha1:", 0x11, 20);
	ti_name(&plain, "/bin/a");
	ti_field(&plain, "\x03\x02\x04", 3);
	snprintf(fields, sizeof(fields), "sha1:%s /bin/a 030204", ti_repeat("11", 20));
	ti_entry(list, "ima-sig", &plain, fields);

	ti_named_digest(&typed, "verity:sha512:", 0x22, 64);
	ti_name(&typed, "/bin/b");
	ti_field(&typed, "\x05", 1);
	snprintf(fields, sizeof(fields), "verity:sha512:%s /bin/b 05", ti_repeat("22", 64));
	ti_entry(list, "ima-sigv2", &typed, fields);

	ti_named_digest(&none, "sha256:", 0x33, 32);
	ti_name(&none, "/bin/c");
	ti_field(&none, "", 0);
	snprintf(fields, sizeof(fields), "sha256:%s /bin/c ", ti_repeat("33", 32));
	ti_entry(list, "ima-sig", &none, fields);
}

static void put_buffer(struct ti_list *list)
{
	uint8_t prefixed[40] = "sha256:";
	struct ti_data data = { .len = 0 };
	char hex[65], fields[256];

	ti_digest("SHA256", "\x01\x02\x03", 3, prefixed + 8);
	ti_field(&data, prefixed, 40);
	ti_name(&data, "kexec-cmdline");
	ti_field(&data, "\x01\x02\x03", 3);
	bv_hex(hex, sizeof(hex), prefixed + 8, 32);
	snprintf(fields, sizeof(fields), "sha256:%s kexec-cmdline 010203", hex);
	ti_entry(list, "ima-buf", &data, fields);
}

static void put_others(struct ti_list *list)
{
	struct ti_data mod = { .len = 0 }, evm = { .len = 0 }, format = { .len = 0 };
	char fields[512];

	ti_named_digest(&mod, "sha256:", 0x44, 32);
	ti_name(&mod, "/m.ko");
	ti_field(&mod, "", 0);
	ti_named_digest(&mod, "sha512:", 0x55, 64);
	ti_field(&mod, "\x30\x82", 2);
	snprintf(fields, sizeof(fields), "sha256:%s /m.ko  sha512:%s 3082", ti_repeat("44", 32),
		 ti_repeat("55", 64));
	ti_entry(list, "ima-modsig", &mod, fields);

	ti_named_digest(&evm, "sha256:", 0x66, 32);
	ti_name(&evm, "/e");
	ti_field(&evm, "\x05\x02", 2);
	ti_name(&evm, "security.ima|security.selinux");
	ti_field(&evm, "\x21\x00\x00\x00", 4);
	ti_field(&evm, "\x04", 1);
	ti_field(&evm, "\xe8\x03\x00\x00", 4);
	ti_field(&evm, "\x00\x00\x00\x00", 4);
	ti_field(&evm, "\xa4\x81", 2);
	snprintf(fields, sizeof(fields),
		 "sha256:%s /e 0502 security.ima|security.selinux 21000000 04 1000 0 33188",
		 ti_repeat("66", 32));
	ti_entry(list, "evm-sig", &evm, fields);

	ti_named_digest(&format, "ima:sha256:", 0x88, 32);
	ti_name(&format, "/f");
	ti_field(&format, "\xaa", 1);
	snprintf(fields, sizeof(fields), "ima:sha256:%s /f aa", ti_repeat("88", 32));
	ti_entry(list, "d-ngv2|n-ng|sig", &format, fields);
}

static void put_all(struct ti_list *list)
{
	ti_file(list, "boot_aggregate", 0x01);
	put_signed(list);
	ti_violation(list, "/var/log/messages");
	put_buffer(list);
	put_oldest(list, "/etc/passwd");
	put_others(list);
	ti_file(list, "/usr/bin/last", 0x02);
}

static int replay(struct ti_list *list, struct bv_span bytes)
{
	memset(&list->replay, 0, sizeof(list->replay));
	list->replay.pcrs.banks = 1u << BV_BANK_SHA256;
	return bv_ima_replay(bytes, BV_IMA_DETECT, &list->replay, &list->err);
}

static struct bv_span binary(const struct ti_list *list)
{
	return (struct bv_span){ list->binary, list->len };
}

static struct bv_span ascii(const struct ti_list *list)
{
	return (struct bv_span){ (const uint8_t *)list->ascii, list->ascii_len };
}

static struct ti_list *make(const char *hash)
{
	struct ti_list *list = calloc(1, sizeof(*list));

	assert_non_null(list);
	list->hash = hash;
	return list;
}

/* Both forms, every template, every length of template digests: one value. */
static void test_templates(void **state)
{
	static const char *const hashes[] = { "SHA1", "SHA256", "SHA384", "SHA512" };

	for (int i = 0; i < 4; i++) {
		struct ti_list *list = make(hashes[i]);

		put_all(list);
		for (int form = 0; form < 2; form++) {
			if (replay(list, form ? ascii(list) : binary(list)))
				fail_msg("%s, form %d: %s", hashes[i], form, list->err.text);
			assert_memory_equal(list->replay.pcrs.value[BV_BANK_SHA256][TI_PCR],
					    list->value, 32);
			assert_int_equal(list->replay.count, 11);
			assert_int_equal(list->replay.violations, 1);
			assert_int_equal(list->replay.pcrs.used, 1u << TI_PCR);
		}
		free(list);
	}
}

struct wanted {
	const char *algorithm;
	size_t digest;
	const char *path;
	size_t buffer;
};

static void reads(struct bv_span bytes, const struct wanted *wanted, size_t count)
{
	struct bv_ima_reader reader;
	struct bv_ima_entry entry_read;

	assert_int_equal(bv_ima_open(&reader, bytes, BV_IMA_DETECT, 0, NULL), 0);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(bv_ima_next(&reader, &entry_read, NULL), 1);
		assert_int_equal(entry_read.number, i);
		assert_true(bv_span_is(entry_read.algorithm, wanted[i].algorithm));
		assert_int_equal(entry_read.digest.len, wanted[i].digest);
		assert_true(bv_span_is(entry_read.path, wanted[i].path));
		assert_int_equal(entry_read.buffer.len, wanted[i].buffer);
		assert_int_equal(entry_read.violation, i == 4);
	}
	assert_int_equal(bv_ima_next(&reader, &entry_read, NULL), 0);
	bv_ima_close(&reader);
}

static void test_fields(void **state)
{
	static const struct wanted wanted[] = {
		{ "sha256", 32, "boot_aggregate", 0 }, { "sha1", 20, "/bin/a", 0 },
		{ "verity:sha512", 64, "/bin/b", 0 }, { "sha256", 32, "/bin/c", 0 },
		{ "sha256", 32, "/var/log/messages", 0 }, { "sha256", 32, "kexec-cmdline", 3 },
		{ "sha1", 20, "/etc/passwd", 0 }, { "sha256", 32, "/m.ko", 0 },
		{ "sha256", 32, "/e", 0 }, { "sha256", 32, "/f", 0 },
		{ "sha256", 32, "/usr/bin/last", 0 },
	};
	struct ti_list *list = make("SHA1");

	put_all(list);
	reads(binary(list), wanted, 11);
	reads(ascii(list), wanted, 11);
	free(list);
}

/* A template that nobody knows can be replayed, but not made from ASCII. */
static void test_unknown_template(void **state)
{
	struct ti_list *list = make("SHA256");
	struct ti_data data = { .len = 0 };

	ti_file(list, "/a", 1);
	ti_field(&data, "x", 1);
	ti_field(&data, "yz", 2);
	ti_entry(list, "ima-future", &data, "78 797a");
	assert_int_equal(replay(list, binary(list)), 0);
	assert_memory_equal(list->replay.pcrs.value[BV_BANK_SHA256][TI_PCR], list->value, 32);
	assert_int_equal(replay(list, ascii(list)), -EBADMSG);
	assert_non_null(strstr(list->err.text, "IMA entry 1 has a template that is not known"));
	free(list);
}

/* Marks the bytes of the list that are names of templates: no digest covers those. */
static void mark_names(const struct ti_list *list, bool marks[sizeof(list->binary)])
{
	struct bv_ima_reader reader;
	struct bv_ima_entry one;

	assert_int_equal(bv_ima_open(&reader, binary(list), BV_IMA_DETECT, 0, NULL), 0);
	while (bv_ima_next(&reader, &one, NULL) == 1)
		memset(marks + (one.template_name.data - list->binary), true, one.template_name.len);
	bv_ima_close(&reader);
}

/* Every other byte of an entry that is no violation counts. */
static void test_every_byte(void **state)
{
	static bool names[sizeof(((struct ti_list *)NULL)->binary)];
	struct ti_list *list = make("SHA1");

	ti_file(list, "boot_aggregate", 0x01);
	put_signed(list);
	put_buffer(list);
	put_oldest(list, "/etc/passwd");
	mark_names(list, names);
	for (size_t i = 0; i < list->len; i++) {
		if (names[i])
			continue;
		list->binary[i] ^= 0x10;
		if (!replay(list, binary(list)))
			assert_memory_not_equal(list->replay.pcrs.value[BV_BANK_SHA256][TI_PCR],
						list->value, 32);
		else
			assert_true(strlen(list->err.text) > 10);
		list->binary[i] ^= 0x10;
	}
	free(list);
}

static void test_cut_short(void **state)
{
	struct ti_list *list = make("SHA1");
	size_t len, good = 0;

	put_all(list);
	len = list->len;
	for (list->len = 1; list->len < len; list->len++)
		good += !replay(list, binary(list));
	assert_int_equal(good, 10);
	free(list);
}

static void refuses(struct ti_list *list, struct bv_span bytes, const char *why)
{
	assert_int_equal(replay(list, bytes), -EBADMSG);
	if (!strstr(list->err.text, why))
		fail_msg("refused, but: %s", list->err.text);
}

static void test_wrong_digest(void **state)
{
	struct ti_list *list = make("SHA1");
	char *at;

	ti_file(list, "/a", 1);
	ti_file(list, "/b", 2);
	at = strstr(list->ascii, "0202");
	*at = '1';
	refuses(list, ascii(list), "IMA entry 1: its template digest is not that of its data");
	*at = '0';
	*strstr(list->ascii, "/a") = '!';
	refuses(list, ascii(list), "IMA entry 0: its template digest");
	free(list);
}

static void test_wrong_buffer(void **state)
{
	struct ti_list *list = make("SHA1");
	struct ti_data data = { .len = 0 };

	ti_file(list, "/a", 1);
	ti_named_digest(&data, "sha256:", 0x99, 32);
	ti_name(&data, "critical");
	ti_field(&data, "data", 4);
	ti_entry(list, "ima-buf", &data, "");
	refuses(list, binary(list), "IMA entry 1: its digest is not that of its data");
	free(list);
}

static void test_wrong_fields(void **state)
{
	static const char *const lines[] = {
		"10 00 ima-ng sha1:00 /x", "10", "10 " "zz" " ima-ng x y", "nonsense", "\xff\xff\xff\xff",
	};
	struct ti_list *list = make("SHA1");
	struct ti_data shorter = { .len = 0 }, more = { .len = 0 };
	size_t start;

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		refuses(list, (struct bv_span){ (const uint8_t *)lines[i], strlen(lines[i]) },
			"IMA entry 0");
	ti_file(list, "/a", 1);
	start = list->len;
	ti_named_digest(&shorter, "sha256:", 1, 31);
	ti_name(&shorter, "/x");
	ti_entry(list, "ima-ng", &shorter, "");
	refuses(list, binary(list), "IMA entry 1 has a digest of another length");
	list->len = start;
	ti_named_digest(&more, "sha256:", 1, 32);
	ti_name(&more, "/x");
	ti_name(&more, "/y");
	ti_entry(list, "ima-ng", &more, "");
	refuses(list, binary(list), "IMA entry 1 does not have the fields of its template");
	list->len = start;
	ti_file(list, "/x", 1);
	list->binary[start] = 24;
	refuses(list, binary(list), "names a register that there is not");
	free(list);
}

/* As long as extended attributes and paths are on Linux, and no longer. */
static void test_longest(void **state)
{
	static uint8_t signature[65536];
	static char path[4097];

	memset(signature, 3, sizeof(signature));
	memset(path, 'a', sizeof(path) - 1);
	for (size_t len = 4095; len <= 4096; len++) {
		struct ti_list *list = make("SHA1");
		struct ti_data data = { .len = 0 };

		path[len] = '\0';
		ti_file(list, "boot_aggregate", 1);
		ti_named_digest(&data, "sha256:", 1, 32);
		ti_name(&data, path);
		ti_field(&data, signature, sizeof(signature));
		ti_entry(list, "ima-sig", &data, "sha256:");
		list->ascii[--list->ascii_len] = '\0';
		ti_text(list, ti_repeat("01", 32));
		ti_text(list, " ");
		ti_text(list, path);
		ti_text(list, " ");
		for (size_t i = 0; i < sizeof(signature); i++)
			ti_text(list, "03");
		for (int form = 0; form < 2; form++) {
			struct bv_span bytes = form ? ascii(list) : binary(list);

			if (len == 4095)
				assert_int_equal(replay(list, bytes), 0);
			else
				refuses(list, bytes, "IMA entry 1 has a path that is too long");
		}
		free(list);
		path[len] = 'a';
	}
}

/* What was replayed need not be replayed again, wherever one stopped. */
static void test_incremental(void **state)
{
	struct ti_list *list = make("SHA1");
	struct bv_ima_replay whole, state_so_far = { 0 };
	size_t ends[16] = { 0 }, count = 0;
	struct bv_ima_replayer replayer;
	struct bv_ima_entry one;

	put_all(list);
	assert_int_equal(replay(list, binary(list)), 0);
	whole = list->replay;
	state_so_far.pcrs.banks = whole.pcrs.banks;
	assert_int_equal(bv_ima_replay_begin(&replayer, binary(list), BV_IMA_DETECT, &state_so_far,
					     NULL), 0);
	while (bv_ima_replay_next(&replayer, &one, NULL) == 1)
		ends[++count] = state_so_far.bytes;
	bv_ima_replay_end(&replayer);
	assert_int_equal(count, whole.count);
	assert_int_equal(ends[count], list->len);
	for (size_t i = 0; i <= count; i++) {
		struct bv_span rest = { list->binary + ends[i], list->len - ends[i] };

		assert_int_equal(replay(list, (struct bv_span){ list->binary, ends[i] }), 0);
		assert_int_equal(list->replay.count, i);
		assert_int_equal(bv_ima_replay(rest, BV_BANK_SHA1, &list->replay, NULL), 0);
		assert_memory_equal(&list->replay, &whole, sizeof(whole));
	}
	free(list);
}

/* Register 3 of a chip: SHA-384 of each entry's data, ones for a violation. */
static void test_mirror(void **state)
{
	struct bv_ima_replay mirror = { .pcrs.banks = 1u << BV_BANK_SHA384, .mirror = true };
	struct ti_list *list = make("SHA1");

	put_all(list);
	assert_int_equal(bv_ima_replay(binary(list), BV_IMA_DETECT, &mirror, NULL), 0);
	assert_int_equal(mirror.pcrs.used, 1u << 3);
	assert_memory_equal(mirror.pcrs.value[BV_BANK_SHA384][3], list->mirror, 48);
	free(list);
}

static void test_recorded(void **state)
{
	static const struct {
		const char *name;
		uint64_t count;
		uint64_t violations;
	} lists[] = {
		{ "ima-log/keylime/ima-log-sha1", 2, 1 }, { "ima-log/keylime/ima-log-sha256", 2, 0 },
		{ "ima-log/keylime/ima-log-sha384", 2, 1 }, { "ima-log/keylime/ima-log-sha512", 2, 1 },
		{ "ima-log/rust-keylime/ascii_runtime_measurements", 826, 0 },
	};
	static struct ti_list room;
	struct ti_list *list = &room;

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		struct bv_span bytes = tv_load(lists[i].name);
		uint8_t *changed = (uint8_t *)bytes.data;

		assert_int_equal(replay(list, bytes), 0);
		assert_int_equal(list->replay.count, lists[i].count);
		assert_int_equal(list->replay.violations, lists[i].violations);
		changed[bytes.len - 2] ^= 1;
		refuses(list, bytes, "its template digest is not that of its data");
		free(changed);
	}
}

/* boot_aggregate is the digest of the firmware's registers: recorded log and list agree. */
static void test_boot_aggregate(void **state)
{
	struct bv_span lines = tv_load("ima-evm-utils/sample-ascii_runtime_measurements-pcrs-8-9");
	struct bv_span log = tv_load("ima-evm-utils/sample-binary_bios_measurements-pcrs-8-9");
	uint8_t firmware[10 * 32], aggregate[32];
	struct bv_ima_reader reader;
	struct bv_ima_entry first;
	struct bv_pcrs pcrs;
	uint64_t count;

	assert_int_equal(bv_boot_log_replay(log, BV_BANKS_ALL, &pcrs, &count, NULL), 0);
	for (int i = 0; i < 10; i++)
		memcpy(firmware + 32 * i, pcrs.value[BV_BANK_SHA256][i], 32);
	ti_digest("SHA256", firmware, sizeof(firmware), aggregate);
	assert_int_equal(bv_ima_open(&reader, lines, BV_IMA_DETECT, 0, NULL), 0);
	assert_int_equal(bv_ima_next(&reader, &first, NULL), 1);
	assert_int_equal(first.digest.len, 32);
	assert_memory_equal(first.digest.data, aggregate, 32);
	bv_ima_close(&reader);
	free((void *)lines.data);
	free((void *)log.data);
}

static void write_file(const char *path, const void *bytes, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

/* What evmctl says of a list whose SHA-256 register has this value. */
static int evmctl(const struct ti_list *list, const uint8_t value[32])
{
	char folder[] = "/tmp/bastion-ima-XXXXXX", path[64], pcrs[64], command[256], hex[65];
	char values[24 * 80] = "";
	int status;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/list", folder);
	snprintf(pcrs, sizeof(pcrs), "%s/pcrs", folder);
	for (int i = 0; i < 24; i++) {
		bv_hex(hex, sizeof(hex), i == TI_PCR ? value : (uint8_t[32]){ 0 }, 32);
		snprintf(values + strlen(values), sizeof(values) - strlen(values), "PCR-%02d: %s\n", i,
			 hex);
	}
	write_file(path, list->binary, list->len);
	write_file(pcrs, values, strlen(values));
	snprintf(command, sizeof(command),
		 "evmctl ima_measurement --pcrs sha256,%s %s >%s/out 2>&1", pcrs, path, folder);
	status = system(command);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Somebody else's replay gives the value that ours does, and no other. */
static void test_evmctl(void **state)
{
	struct ti_list *list;
	uint8_t value[32];

	if (system("command -v evmctl >/dev/null"))
		skip();
	list = make("SHA1");
	ti_file(list, "boot_aggregate", 0x01);
	put_signed(list);
	put_buffer(list);
	put_others(list);
	assert_int_equal(replay(list, binary(list)), 0);
	memcpy(value, list->replay.pcrs.value[BV_BANK_SHA256][TI_PCR], 32);
	assert_int_equal(evmctl(list, value), 0);
	value[0] ^= 1;
	assert_int_not_equal(evmctl(list, value), 0);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_templates),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_unknown_template),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_wrong_digest),
		cmocka_unit_test(test_wrong_buffer),
		cmocka_unit_test(test_wrong_fields),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_incremental),
		cmocka_unit_test(test_mirror),
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_boot_aggregate),
		cmocka_unit_test(test_evmctl),
	};

	return cmocka_run_group_tests_name("verify: IMA's lists", tests, NULL, NULL);
}
