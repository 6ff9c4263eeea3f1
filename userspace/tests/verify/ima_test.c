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
#include <openssl/evp.h>

#include "libbastion-verify/ima-list.h"
#include "libbastion-verify/tcg-boot-log.h"
#include "testvectors.h"

#define PCR	10

/* A list under construction, in both forms, and its replay in the SHA-256 bank. */
struct list {
	const char *hash;		/* of template digests */
	uint8_t binary[16384];
	size_t len;
	char ascii[32768];
	size_t ascii_len;
	uint8_t value[32];
	struct bv_ima_replay replay;
	struct bv_error err;
};

/* Template data under construction. */
struct data {
	uint8_t bytes[1024];
	size_t len;
};

static size_t digest(const char *hash, const void *bytes, size_t len, uint8_t *out)
{
	unsigned int size;

	assert_true(EVP_Digest(bytes, len, out, &size, EVP_get_digestbyname(hash), NULL));
	return size;
}

static void put(struct list *list, const void *bytes, size_t len)
{
	assert_true(list->len + len <= sizeof(list->binary));
	memcpy(list->binary + list->len, bytes, len);
	list->len += len;
}

static void put_u32(struct list *list, uint32_t value)
{
	put(list, (uint8_t[]){ value, value >> 8, value >> 16, value >> 24 }, 4);
}

static void field(struct data *data, const void *bytes, uint32_t len)
{
	assert_true(data->len + 4 + len <= sizeof(data->bytes));
	memcpy(data->bytes + data->len, &len, 4);
	memcpy(data->bytes + data->len + 4, bytes, len);
	data->len += 4 + len;
}

static void text(struct list *list, const char *word)
{
	list->ascii_len += snprintf(list->ascii + list->ascii_len,
				    sizeof(list->ascii) - list->ascii_len, "%s", word);
	assert_true(list->ascii_len < sizeof(list->ascii));
}

static void text_hex(struct list *list, const void *bytes, size_t len)
{
	char hex[2048];

	bv_hex(hex, bytes, len);
	text(list, hex);
}

/* What both forms begin with; @covered is what the template digest is of, NULL for a violation. */
static void begin(struct list *list, const char *template, const struct data *covered)
{
	uint8_t own[64] = { 0 }, parts[64];
	size_t size = EVP_MD_get_size(EVP_get_digestbyname(list->hash));

	memcpy(parts, list->value, 32);
	memset(parts + 32, 0xff, 32);
	if (covered) {
		digest(list->hash, covered->bytes, covered->len, own);
		digest("SHA256", covered->bytes, covered->len, parts + 32);
	}
	digest("SHA256", parts, 64, list->value);
	put_u32(list, PCR);
	put(list, own, size);
	put_u32(list, strlen(template));
	put(list, template, strlen(template));
	text(list, "10 ");
	text_hex(list, own, size);
	text(list, " ");
	text(list, template);
	text(list, " ");
}

/* An entry whose template data is shown as it is. */
static void entry(struct list *list, const char *template, const struct data *data,
		  const char *fields)
{
	begin(list, template, data);
	put_u32(list, data->len);
	put(list, data->bytes, data->len);
	text(list, fields);
	text(list, "\n");
}

static void named_digest(struct data *data, const char *name, uint8_t byte, size_t len)
{
	uint8_t bytes[128] = { 0 };

	strcpy((char *)bytes, name);
	memset(bytes + strlen(name) + 1, byte, len);
	field(data, bytes, strlen(name) + 1 + len);
}

static void name(struct data *data, const char *path)
{
	field(data, path, strlen(path) + 1);
}

static const char *repeat(const char *pair, size_t times)
{
	static char out[4][257];
	static int which;
	char *text_out = out[which++ % 4];

	for (size_t i = 0; i < times; i++)
		strcpy(text_out + 2 * i, pair);
	return text_out;
}

static void put_file(struct list *list, const char *path, uint8_t byte)
{
	struct data data = { .len = 0 };
	char fields[256], pair[3];

	named_digest(&data, "sha256:", byte, 32);
	name(&data, path);
	snprintf(pair, sizeof(pair), "%02x", byte);
	snprintf(fields, sizeof(fields), "sha256:%s %s", repeat(pair, 32), path);
	entry(list, "ima-ng", &data, fields);
}

static void put_violation(struct list *list, const char *path)
{
	struct data data = { .len = 0 };

	named_digest(&data, "sha256:", 0, 32);
	name(&data, path);
	begin(list, "ima-ng", NULL);
	put_u32(list, data.len);
	put(list, data.bytes, data.len);
	text(list, "sha256:");
	text(list, repeat("00", 32));
	text(list, " ");
	text(list, path);
	text(list, "\n");
}

/* The template "ima": hashed with its name filled up, shown without. */
static void put_oldest(struct list *list, const char *path)
{
	struct data covered = { .len = 276 };

	memset(covered.bytes, 0x77, 20);
	strcpy((char *)covered.bytes + 20, path);
	begin(list, "ima", &covered);
	put(list, covered.bytes, 20);
	put_u32(list, strlen(path));
	put(list, path, strlen(path));
	text(list, repeat("77", 20));
	text(list, " ");
	text(list, path);
	text(list, "\n");
}

static void put_signed(struct list *list)
{
	struct data plain = { .len = 0 }, typed = { .len = 0 }, none = { .len = 0 };
	char fields[512];

	named_digest(&plain, "sha1:", 0x11, 20);
	name(&plain, "/bin/a");
	field(&plain, "\x03\x02\x04", 3);
	snprintf(fields, sizeof(fields), "sha1:%s /bin/a 030204", repeat("11", 20));
	entry(list, "ima-sig", &plain, fields);

	named_digest(&typed, "verity:sha512:", 0x22, 64);
	name(&typed, "/bin/b");
	field(&typed, "\x05", 1);
	snprintf(fields, sizeof(fields), "verity:sha512:%s /bin/b 05", repeat("22", 64));
	entry(list, "ima-sigv2", &typed, fields);

	named_digest(&none, "sha256:", 0x33, 32);
	name(&none, "/bin/c");
	field(&none, "", 0);
	snprintf(fields, sizeof(fields), "sha256:%s /bin/c ", repeat("33", 32));
	entry(list, "ima-sig", &none, fields);
}

static void put_buffer(struct list *list)
{
	uint8_t prefixed[40] = "sha256:";
	struct data data = { .len = 0 };
	char hex[65], fields[256];

	digest("SHA256", "\x01\x02\x03", 3, prefixed + 8);
	field(&data, prefixed, 40);
	name(&data, "kexec-cmdline");
	field(&data, "\x01\x02\x03", 3);
	bv_hex(hex, prefixed + 8, 32);
	snprintf(fields, sizeof(fields), "sha256:%s kexec-cmdline 010203", hex);
	entry(list, "ima-buf", &data, fields);
}

static void put_others(struct list *list)
{
	struct data mod = { .len = 0 }, evm = { .len = 0 }, format = { .len = 0 };
	char fields[512];

	named_digest(&mod, "sha256:", 0x44, 32);
	name(&mod, "/m.ko");
	field(&mod, "", 0);
	named_digest(&mod, "sha512:", 0x55, 64);
	field(&mod, "\x30\x82", 2);
	snprintf(fields, sizeof(fields), "sha256:%s /m.ko  sha512:%s 3082", repeat("44", 32),
		 repeat("55", 64));
	entry(list, "ima-modsig", &mod, fields);

	named_digest(&evm, "sha256:", 0x66, 32);
	name(&evm, "/e");
	field(&evm, "\x05\x02", 2);
	name(&evm, "security.ima|security.selinux");
	field(&evm, "\x21\x00\x00\x00", 4);
	field(&evm, "\x04", 1);
	field(&evm, "\xe8\x03\x00\x00", 4);
	field(&evm, "\x00\x00\x00\x00", 4);
	field(&evm, "\xa4\x81", 2);
	snprintf(fields, sizeof(fields),
		 "sha256:%s /e 0502 security.ima|security.selinux 21000000 04 1000 0 33188",
		 repeat("66", 32));
	entry(list, "evm-sig", &evm, fields);

	named_digest(&format, "ima:sha256:", 0x88, 32);
	name(&format, "/f");
	field(&format, "\xaa", 1);
	snprintf(fields, sizeof(fields), "ima:sha256:%s /f aa", repeat("88", 32));
	entry(list, "d-ngv2|n-ng|sig", &format, fields);
}

static void put_all(struct list *list)
{
	put_file(list, "boot_aggregate", 0x01);
	put_signed(list);
	put_violation(list, "/var/log/messages");
	put_buffer(list);
	put_oldest(list, "/etc/passwd");
	put_others(list);
	put_file(list, "/usr/bin/last", 0x02);
}

static int replay(struct list *list, struct bv_span bytes)
{
	memset(&list->replay, 0, sizeof(list->replay));
	list->replay.pcrs.banks = 1u << BV_BANK_SHA256;
	return bv_ima_replay(bytes, BV_IMA_DETECT, &list->replay, &list->err);
}

static struct bv_span binary(const struct list *list)
{
	return (struct bv_span){ list->binary, list->len };
}

static struct bv_span ascii(const struct list *list)
{
	return (struct bv_span){ (const uint8_t *)list->ascii, list->ascii_len };
}

static struct list *make(const char *hash)
{
	struct list *list = calloc(1, sizeof(*list));

	assert_non_null(list);
	list->hash = hash;
	return list;
}

/* Both forms, every template, every length of template digests: one value. */
static void test_templates(void **state)
{
	static const char *const hashes[] = { "SHA1", "SHA256", "SHA384", "SHA512" };

	for (int i = 0; i < 4; i++) {
		struct list *list = make(hashes[i]);

		put_all(list);
		for (int form = 0; form < 2; form++) {
			if (replay(list, form ? ascii(list) : binary(list)))
				fail_msg("%s, form %d: %s", hashes[i], form, list->err.text);
			assert_memory_equal(list->replay.pcrs.value[BV_BANK_SHA256][PCR],
					    list->value, 32);
			assert_int_equal(list->replay.count, 11);
			assert_int_equal(list->replay.violations, 1);
			assert_int_equal(list->replay.pcrs.used, 1u << PCR);
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
	struct list *list = make("SHA1");

	put_all(list);
	reads(binary(list), wanted, 11);
	reads(ascii(list), wanted, 11);
	free(list);
}

/* A template that nobody knows can be replayed, but not made from ASCII. */
static void test_unknown_template(void **state)
{
	struct list *list = make("SHA256");
	struct data data = { .len = 0 };

	put_file(list, "/a", 1);
	field(&data, "x", 1);
	field(&data, "yz", 2);
	entry(list, "ima-future", &data, "78 797a");
	assert_int_equal(replay(list, binary(list)), 0);
	assert_memory_equal(list->replay.pcrs.value[BV_BANK_SHA256][PCR], list->value, 32);
	assert_int_equal(replay(list, ascii(list)), -EBADMSG);
	assert_non_null(strstr(list->err.text, "IMA entry 1 has a template"));
	free(list);
}

/* Marks the bytes of the list that are names of templates: no digest covers those. */
static void mark_names(const struct list *list, bool marks[sizeof(list->binary)])
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
	static bool names[sizeof(((struct list *)NULL)->binary)];
	struct list *list = make("SHA1");

	put_file(list, "boot_aggregate", 0x01);
	put_signed(list);
	put_buffer(list);
	put_oldest(list, "/etc/passwd");
	mark_names(list, names);
	for (size_t i = 0; i < list->len; i++) {
		if (names[i])
			continue;
		list->binary[i] ^= 0x10;
		if (!replay(list, binary(list)))
			assert_memory_not_equal(list->replay.pcrs.value[BV_BANK_SHA256][PCR],
						list->value, 32);
		else
			assert_true(strlen(list->err.text) > 10);
		list->binary[i] ^= 0x10;
	}
	free(list);
}

static void test_cut_short(void **state)
{
	struct list *list = make("SHA1");
	size_t len, good = 0;

	put_all(list);
	len = list->len;
	for (list->len = 1; list->len < len; list->len++)
		good += !replay(list, binary(list));
	assert_int_equal(good, 10);
	free(list);
}

static void refuses(struct list *list, struct bv_span bytes, const char *why)
{
	assert_int_equal(replay(list, bytes), -EBADMSG);
	if (!strstr(list->err.text, why))
		fail_msg("refused, but: %s", list->err.text);
}

static void test_wrong_digest(void **state)
{
	struct list *list = make("SHA1");
	char *at;

	put_file(list, "/a", 1);
	put_file(list, "/b", 2);
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
	struct list *list = make("SHA1");
	struct data data = { .len = 0 };

	put_file(list, "/a", 1);
	named_digest(&data, "sha256:", 0x99, 32);
	name(&data, "critical");
	field(&data, "data", 4);
	entry(list, "ima-buf", &data, "");
	refuses(list, binary(list), "IMA entry 1: its digest is not that of its data");
	free(list);
}

static void test_wrong_fields(void **state)
{
	static const char *const lines[] = {
		"10 00 ima-ng sha1:00 /x", "10", "10 " "zz" " ima-ng x y", "nonsense", "\xff\xff\xff\xff",
	};
	struct list *list = make("SHA1");
	struct data shorter = { .len = 0 }, more = { .len = 0 };
	size_t start;

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		refuses(list, (struct bv_span){ (const uint8_t *)lines[i], strlen(lines[i]) },
			"IMA entry 0");
	put_file(list, "/a", 1);
	start = list->len;
	named_digest(&shorter, "sha256:", 1, 31);
	name(&shorter, "/x");
	entry(list, "ima-ng", &shorter, "");
	refuses(list, binary(list), "IMA entry 1 has a digest of another length");
	list->len = start;
	named_digest(&more, "sha256:", 1, 32);
	name(&more, "/x");
	name(&more, "/y");
	entry(list, "ima-ng", &more, "");
	refuses(list, binary(list), "IMA entry 1 does not have the fields of its template");
	list->len = start;
	put_file(list, "/x", 1);
	list->binary[start] = 24;
	refuses(list, binary(list), "names a register that there is not");
	free(list);
}

/* What was replayed need not be replayed again, wherever one stopped. */
static void test_incremental(void **state)
{
	struct list *list = make("SHA1");
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
	uint8_t parts[96] = { 0 }, value[48];
	struct list *list = make("SHA1");
	struct data data = { .len = 0 };

	put_file(list, "/a", 1);
	put_violation(list, "/v");
	named_digest(&data, "sha256:", 1, 32);
	name(&data, "/a");
	digest("SHA384", data.bytes, data.len, parts + 48);
	digest("SHA384", parts, 96, value);
	memcpy(parts, value, 48);
	memset(parts + 48, 0xff, 48);
	digest("SHA384", parts, 96, value);
	assert_int_equal(bv_ima_replay(binary(list), BV_IMA_DETECT, &mirror, NULL), 0);
	assert_int_equal(mirror.pcrs.used, 1u << 3);
	assert_memory_equal(mirror.pcrs.value[BV_BANK_SHA384][3], value, 48);
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
	struct list *list = make("SHA1");

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
	free(list);
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
	digest("SHA256", firmware, sizeof(firmware), aggregate);
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
static int evmctl(const struct list *list, const uint8_t value[32])
{
	char folder[] = "/tmp/bastion-ima-XXXXXX", path[64], pcrs[64], command[256], hex[65];
	char values[24 * 80] = "";
	int status;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/list", folder);
	snprintf(pcrs, sizeof(pcrs), "%s/pcrs", folder);
	for (int i = 0; i < 24; i++) {
		bv_hex(hex, i == PCR ? value : (uint8_t[32]){ 0 }, 32);
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
	struct list *list = make("SHA1");
	uint8_t value[32];

	if (system("command -v evmctl >/dev/null"))
		skip();
	put_file(list, "boot_aggregate", 0x01);
	put_signed(list);
	put_buffer(list);
	put_others(list);
	assert_int_equal(replay(list, binary(list)), 0);
	memcpy(value, list->replay.pcrs.value[BV_BANK_SHA256][PCR], 32);
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
		cmocka_unit_test(test_incremental),
		cmocka_unit_test(test_mirror),
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_boot_aggregate),
		cmocka_unit_test(test_evmctl),
	};

	return cmocka_run_group_tests_name("verify: IMA's lists", tests, NULL, NULL);
}
