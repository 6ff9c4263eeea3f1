// SPDX-License-Identifier: GPL-2.0
/* Identity, registers, boot log, self-test, and what survives a power cycle. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bastion/round.h>

#include "bastion-chip/bytes.h"
#include "bastion-chip/foundry.h"
#include "bastion-chip/hash.h"
#include "tests/chip/rig.h"

static void test_info(void **state)
{
	struct bastion_cmd_info info;
	struct rig *rig = *state;

	assert_int_equal(rig_command(rig, BASTION_CMD_INFO, NULL, 0), BASTION_STATUS_OK);
	assert_int_equal(rig->out_len, sizeof(info));
	memcpy(&info, rig->out, sizeof(info));
	assert_string_equal((char *)info.model, "bastionchip-1");
	assert_string_equal((char *)info.firmware, "1.2.0");
	assert_int_equal(le32toh(info.svn), 3);
	assert_int_equal(le64toh(info.boot_count), 1);
	assert_int_equal(le32toh(info.capabilities), BASTION_CAP_DEBUG);
	assert_int_equal(le32toh(info.lifecycle), BASTION_LIFECYCLE_PRODUCTION);
	assert_memory_equal(info.chip_id, rig->chip.identity.spki_digest, sizeof(info.chip_id));

	rig->chip.lies = CHIP_LIE_OLD_FIRMWARE;
	assert_int_equal(rig_command(rig, BASTION_CMD_INFO, NULL, 0), BASTION_STATUS_OK);
	memcpy(&info, rig->out, sizeof(info));
	assert_string_equal((char *)info.firmware, "0.9.0");
	assert_int_equal(le32toh(info.svn), 0);
}

static void test_lengths_are_exact(void **state)
{
	static const struct {
		uint32_t opcode;
		size_t len;
	} commands[] = {
		{ BASTION_CMD_INFO, 0 },       { BASTION_CMD_SELF_TEST, 0 },
		{ BASTION_CMD_CERT_CHAIN, 4 }, { BASTION_CMD_BOOT_LOG, 4 },
		{ BASTION_CMD_MR_READ, 4 },    { BASTION_CMD_MR_EXTEND, 52 },
		{ BASTION_CMD_NONCE, 0 },      { BASTION_CMD_QUOTE, 48 },
		{ BASTION_CMD_RELOCK, 0 },     { BASTION_CMD_RANDOM, 4 },
		{ BASTION_CMD_COUNTER, 4 },
	};
	uint8_t in[64] = { 1 };
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		for (size_t len = 0; len < sizeof(in); len++)
			if (len != commands[i].len)
				assert_int_equal(rig_command(rig, commands[i].opcode, in, len),
						 BASTION_STATUS_BAD_LENGTH);
	for (uint32_t opcode = 0; opcode < 0x200; opcode++)
		if (!chip_command_name(opcode))
			assert_int_equal(rig_command(rig, opcode, in, 4),
					 BASTION_STATUS_BAD_OPCODE);
	assert_int_equal(rig_command(rig, 0xffffffff, NULL, 0), BASTION_STATUS_BAD_OPCODE);
}

static void test_registers(void **state)
{
	uint8_t want[BASTION_DIGEST_SIZE] = { 0 }, digest[BASTION_DIGEST_SIZE] = { 1, 2, 3 };
	struct bastion_cmd_mr_read in = { .mask = htole32(1 << 2 | 1 << 5) };
	struct rig *rig = *state;

	assert_int_equal(rig_extend(rig, 0), BASTION_STATUS_BAD_REGISTER);
	assert_int_equal(rig_extend(rig, 8), BASTION_STATUS_BAD_REGISTER);
	assert_int_equal(rig_extend(rig, 0xffffffff), BASTION_STATUS_BAD_REGISTER);
	assert_int_equal(rig_extend(rig, 5), BASTION_STATUS_OK);
	chip_sha384(want, { want, sizeof(want) }, { digest, sizeof(digest) });
	assert_int_equal(rig->out_len, sizeof(want));
	assert_memory_equal(rig->out, want, sizeof(want));

	assert_int_equal(rig_command(rig, BASTION_CMD_MR_READ, &in, sizeof(in)), BASTION_STATUS_OK);
	assert_int_equal(rig->out_len, 2 * BASTION_DIGEST_SIZE);
	assert_true(chip_is_zero(rig->out, BASTION_DIGEST_SIZE));
	assert_memory_equal(rig->out + BASTION_DIGEST_SIZE, want, sizeof(want));
	in.mask = 0;
	assert_int_equal(rig_command(rig, BASTION_CMD_MR_READ, &in, sizeof(in)),
			 BASTION_STATUS_BAD_ARGUMENT);
	in.mask = htole32(0x101);
	assert_int_equal(rig_command(rig, BASTION_CMD_MR_READ, &in, sizeof(in)),
			 BASTION_STATUS_BAD_REGISTER);

	/* Neither RELOCK nor SELF_TEST nor a nonce resets one; a power cycle does. */
	rig_command(rig, BASTION_CMD_RELOCK, NULL, 0);
	rig_command(rig, BASTION_CMD_SELF_TEST, NULL, 0);
	rig_command(rig, BASTION_CMD_NONCE, NULL, 0);
	assert_memory_equal(rig->chip.now.registers.value[5], want, sizeof(want));
	assert_int_equal(chip_power_on(&rig->chip, NULL, NULL), 0);
	assert_true(chip_is_zero(rig->chip.now.registers.value[5], BASTION_DIGEST_SIZE));
}

static void test_self_test_comes_first(void **state)
{
	static const struct {
		uint32_t opcode;
		size_t len;
	} gated[] = {
		{ BASTION_CMD_NONCE, 0 },    { BASTION_CMD_QUOTE, 48 },
		{ BASTION_CMD_GRANT, 844 },  { BASTION_CMD_SEAL, 500 },
		{ BASTION_CMD_UNSEAL, 500 }, { BASTION_CMD_SIGN, 700 },
		{ BASTION_CMD_REBIND, 900 }, { BASTION_CMD_COUNTER, 4 },
	};
	uint8_t in[1400] = { 0 };
	struct rig *rig = *state;

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(gated); i++) {
			uint32_t status = rig_command(rig, gated[i].opcode, in, gated[i].len);

			assert_int_equal(status, round ? BASTION_STATUS_TEST_FAILED :
							 BASTION_STATUS_NOT_TESTED);
		}
		assert_int_equal(rig_command(rig, BASTION_CMD_RELOCK, NULL, 0), BASTION_STATUS_OK);
		rig->chip.lies = CHIP_LIE_SELF_TEST;
		rig->chip.lie_bits = BASTION_TEST_AEAD;
		assert_int_equal(rig_command(rig, BASTION_CMD_SELF_TEST, NULL, 0),
				 BASTION_STATUS_TEST_FAILED);
		assert_int_equal(rig->chip.now.failed_tests, BASTION_TEST_AEAD);
		rig->chip.lies = 0;
	}
	/* Failed is failed until a reset. */
	assert_int_equal(rig_command(rig, BASTION_CMD_SELF_TEST, NULL, 0),
			 BASTION_STATUS_TEST_FAILED);
	assert_int_equal(chip_power_on(&rig->chip, NULL, NULL), 0);
	assert_int_equal(rig_command(rig, BASTION_CMD_SELF_TEST, NULL, 0), BASTION_STATUS_OK);
	assert_int_equal(rig->out_len, 4);
	assert_true(chip_is_zero(rig->out, 4));
}

static void test_failing_drops_grants(void **state)
{
	struct bastion_blob_header header;
	struct rig *rig = *state;

	rig_header(rig, &header);
	rig_open_gate(rig);
	rig->chip.lies = CHIP_LIE_SELF_TEST;
	rig->chip.lie_bits = 1;
	assert_int_equal(rig_command(rig, BASTION_CMD_SELF_TEST, NULL, 0),
			 BASTION_STATUS_TEST_FAILED);
	assert_int_equal(chip_grants_count(&rig->chip.now.grants), 0);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_TEST_FAILED);
}

static void test_random(void **state)
{
	struct bastion_cmd_random in = { 0 };
	struct rig *rig = *state;
	uint8_t first[1024];

	assert_int_equal(rig_command(rig, BASTION_CMD_RANDOM, &in, sizeof(in)),
			 BASTION_STATUS_BAD_ARGUMENT);
	in.length = htole32(1025);
	assert_int_equal(rig_command(rig, BASTION_CMD_RANDOM, &in, sizeof(in)),
			 BASTION_STATUS_BAD_ARGUMENT);
	in.length = htole32(1024);
	assert_int_equal(rig_command(rig, BASTION_CMD_RANDOM, &in, sizeof(in)), BASTION_STATUS_OK);
	assert_int_equal(rig->out_len, 1024);
	memcpy(first, rig->out, sizeof(first));
	assert_int_equal(rig_command(rig, BASTION_CMD_RANDOM, &in, sizeof(in)), BASTION_STATUS_OK);
	assert_memory_not_equal(first, rig->out, sizeof(first));
}

static void test_chain_in_pieces(void **state)
{
	struct bastion_cmd_read_in in = { .offset = htole32(100) };
	struct rig *rig = *state;
	uint32_t total;

	assert_int_equal(rig_command(rig, BASTION_CMD_CERT_CHAIN, &in, sizeof(in)),
			 BASTION_STATUS_OK);
	memcpy(&total, rig->out, sizeof(total));
	assert_int_equal(le32toh(total), rig->chip.chain_len);
	assert_int_equal(rig->out_len, 4 + rig->chip.chain_len - 100);
	assert_memory_equal(rig->out + 4, rig->chip.chain + 100, rig->chip.chain_len - 100);
	in.offset = htole32(rig->chip.chain_len);
	assert_int_equal(rig_command(rig, BASTION_CMD_CERT_CHAIN, &in, sizeof(in)),
			 BASTION_STATUS_OK);
	assert_int_equal(rig->out_len, 4);
	in.offset = htole32(rig->chip.chain_len + 1);
	assert_int_equal(rig_command(rig, BASTION_CMD_CERT_CHAIN, &in, sizeof(in)),
			 BASTION_STATUS_BAD_ARGUMENT);
	in.offset = htole32(0xffffffff);
	assert_int_equal(rig_command(rig, BASTION_CMD_CERT_CHAIN, &in, sizeof(in)),
			 BASTION_STATUS_BAD_ARGUMENT);
}

static uint32_t take_u32(const uint8_t **at)
{
	uint32_t value;

	memcpy(&value, *at, sizeof(value));
	*at += sizeof(value);
	return le32toh(value);
}

/* Steps over one record, extends @value with it, and checks its digest and template. */
static const uint8_t *replay(const uint8_t *at, const char *template,
			     uint8_t value[BASTION_DIGEST_SIZE])
{
	uint8_t digest[BASTION_DIGEST_SIZE];
	const uint8_t *recorded;
	uint32_t len;

	assert_int_equal(take_u32(&at), 0);
	recorded = at;
	at += BASTION_DIGEST_SIZE;
	len = take_u32(&at);
	assert_int_equal(len, strlen(template));
	assert_memory_equal(at, template, len);
	at += len;
	len = take_u32(&at);
	chip_sha384(digest, { at, len });
	assert_memory_equal(digest, recorded, sizeof(digest));
	chip_sha384(value, { value, BASTION_DIGEST_SIZE }, { digest, sizeof(digest) });
	return at + len;
}

static void test_boot_log_replays(void **state)
{
	static const char cmdline[] = "console=ttyS0,115200 quiet";
	uint8_t value[BASTION_DIGEST_SIZE] = { 0 };
	struct bastion_cmd_read_in in = { 0 };
	struct rig *rig = *state;
	struct chip_boot boot = { rig->chip_path, rig->chip_path, cmdline };
	const uint8_t *at;
	char kernel[96];

	snprintf(kernel, sizeof(kernel), "%s/fuses", rig->chip_path);
	assert_int_equal(chip_power_on(&rig->chip, &boot, NULL), -1);
	boot.kernel = boot.initrd = kernel;
	assert_int_equal(chip_power_on(&rig->chip, &boot, NULL), 0);
	assert_int_equal(rig_command(rig, BASTION_CMD_BOOT_LOG, &in, sizeof(in)),
			 BASTION_STATUS_OK);
	at = replay(rig->out + 4, "ima-ng", value);
	at = replay(at, "ima-ng", value);
	at = replay(at, "ima-ng", value);
	at = replay(at, "ima-buf", value);
	assert_ptr_equal(at, rig->out + rig->out_len);
	assert_memory_equal(at - strlen(cmdline), cmdline, strlen(cmdline));
	assert_memory_equal(value, rig->chip.now.registers.value[0], sizeof(value));
}

static void spoil_file(const struct rig *rig, const char *name, off_t size, int flip)
{
	int dir = open(rig->chip_path, O_RDONLY | O_DIRECTORY);
	int fd = openat(dir, name, O_RDWR);
	uint8_t byte;

	assert_true(fd >= 0);
	if (flip >= 0) {
		assert_int_equal(pread(fd, &byte, 1, flip), 1);
		byte ^= 1;
		assert_int_equal(pwrite(fd, &byte, 1, flip), 1);
	} else {
		assert_int_equal(ftruncate(fd, size), 0);
	}
	close(fd);
	close(dir);
}

/* However soon it changes, though what did not change is not read again. */
static void test_file_measured_as_it_is(void **state)
{
	uint8_t first[BASTION_DIGEST_SIZE], again[BASTION_DIGEST_SIZE];
	struct rig *rig = *state;
	char path[96];

	snprintf(path, sizeof(path), "%s/fuses", rig->chip_path);
	assert_int_equal(chip_sha384_file(first, path), 0);
	for (int i = 0; i < 100; i++) {
		spoil_file(rig, "fuses", 0, 0);
		assert_int_equal(chip_sha384_file(again, path), 0);
		assert_int_equal(!memcmp(first, again, sizeof(first)), i % 2);
	}
	assert_int_equal(chip_sha384_file(first, "/proc/self/exe"), 0);
	assert_int_equal(chip_sha384_file(again, "/proc/self/exe"), 0);
	assert_memory_equal(first, again, sizeof(first));
	assert_int_equal(chip_sha384_file(again, rig->chip_path), -EISDIR);
}

static void expect_failed_tests(struct rig *rig, uint32_t bits)
{
	struct chip_memory memory;

	assert_int_equal(chip_power_on(&rig->chip, NULL, NULL), 0);
	assert_int_equal(rig_command(rig, BASTION_CMD_SELF_TEST, NULL, 0),
			 bits ? BASTION_STATUS_TEST_FAILED : BASTION_STATUS_OK);
	assert_int_equal(rig->chip.now.failed_tests, bits);
	/* A state that cannot be read is kept as it is. */
	assert_int_equal(chip_state_load(rig->chip.dir, &memory) != 0,
			 (bits & BASTION_TEST_STORAGE) != 0);
}

static void test_damaged_state(void **state)
{
	struct rig *rig = *state;

	for (int at = 0; at < (int)sizeof(struct chip_state); at++) {
		spoil_file(rig, "state", 0, at);
		expect_failed_tests(rig, BASTION_TEST_STORAGE);
		spoil_file(rig, "state", 0, at);
	}
	expect_failed_tests(rig, 0);
	spoil_file(rig, "state", sizeof(struct chip_state) + 1, -1);
	expect_failed_tests(rig, BASTION_TEST_STORAGE);
	for (off_t size = sizeof(struct chip_state) - 1; size >= 0; size -= 7) {
		spoil_file(rig, "state", size, -1);
		expect_failed_tests(rig, BASTION_TEST_STORAGE);
	}
	assert_int_equal(unlinkat(rig->chip.dir, "state", 0), 0);
	expect_failed_tests(rig, BASTION_TEST_STORAGE);
}

static void test_foreign_firmware(void **state)
{
	struct rig *rig = *state;

	spoil_file(rig, "firmware-1.2.0-3.img", 0, 20);
	expect_failed_tests(rig, BASTION_TEST_FIRMWARE);
	spoil_file(rig, "firmware-1.2.0-3.img", 0, 20);
	expect_failed_tests(rig, 0);
	assert_int_equal(unlinkat(rig->chip.dir, "firmware-1.2.0-3.img", 0), 0);
	expect_failed_tests(rig, BASTION_TEST_FIRMWARE);
}

static void test_damaged_fuses(void **state)
{
	struct complaint why = { "" };
	struct rig *rig = *state;
	struct chip chip;

	/* One process at a time is the chip. */
	assert_int_equal(chip_open(&chip, rig->chip_path, &why), -1);
	assert_non_null(strstr(why.text, "in use"));
	close(rig->chip.dir);
	spoil_file(rig, "fuses", 0, 30);
	assert_int_equal(chip_open(&chip, rig->chip_path, &why), -1);
	assert_non_null(strstr(why.text, "damaged"));
	spoil_file(rig, "fuses", 0, 30);
	rig->chip.dir = chip_store_open(rig->chip_path, true, &why);
}

/* Left behind by a process that was killed while it wrote: of no consequence. */
static void test_leftover(void **state)
{
	struct rig *rig = *state;
	int fd = openat(rig->chip.dir, ".state.new", O_CREAT | O_WRONLY, 0400);

	assert_int_equal(write(fd, "half", 4), 4);
	close(fd);
	assert_int_equal(chip_power_on(&rig->chip, NULL, NULL), 0);
	assert_int_equal(rig->chip.memory.boot_count, 2);
	expect_failed_tests(rig, 0);
}

static void test_killed_while_counting(void **state)
{
	struct rig *rig = *state;
	struct chip_memory memory;
	uint64_t last = 1;

	for (int i = 0; i < 25; i++) {
		pid_t child = fork();

		if (!child)
			for (;;)
				chip_power_on(&rig->chip, NULL, NULL);
		/* Any moment will do; these are different ones. */
		poll(NULL, 0, i % 5);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, NULL, 0), child);
		assert_int_equal(chip_state_load(rig->chip.dir, &memory), 0);
		assert_true(memory.boot_count >= last);
		last = memory.boot_count;
	}
	expect_failed_tests(rig, 0);
}

static void test_foundry_overwrites_nothing(void **state)
{
	char root[80], model[80], old_name[CHIP_FIRMWARE_NAME_SIZE];
	struct complaint why;
	struct stat status;
	struct rig *rig = *state;

	snprintf(root, sizeof(root), "%s/root", rig->path);
	snprintf(model, sizeof(model), "%s/model", rig->path);
	assert_int_equal(chip_foundry_root(root, "Again", &why), -1);
	assert_int_equal(chip_foundry_model(root, model, "again", &why), -1);
	close(rig->chip.dir);
	assert_int_equal(chip_foundry_chip(model, rig->chip_path, "1.2.0", 3, &why), -1);
	assert_non_null(strstr(why.text, "exists"));
	assert_int_equal(chip_foundry_chip(model, root, "1.2.0/..", 3, &why), -1);

	assert_int_equal(chip_foundry_update(rig->chip_path, "1.1.0", 2, &why), 0);
	rig->chip.dir = chip_store_open(rig->chip_path, true, &why);
	assert_int_equal(chip_foundry_update(rig->chip_path, "1.0.0", 1, &why), -1);
	assert_int_equal(fstatat(rig->chip.dir, "fuses", &status, 0), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	chip_firmware_name("1.2.0", 3, old_name);
	assert_int_equal(faccessat(rig->chip.dir, old_name, F_OK, 0), -1);
	assert_int_equal(chip_fuses_load(rig->chip.dir, &rig->chip.fuses), 0);
	expect_failed_tests(rig, 0);
	assert_string_equal((char *)rig->chip.fuses.firmware, "1.1.0");
}

/* Says which of @files is there, the first one first, until none is. */
static void take_away(struct rig *rig, const char *what, const char *const *files,
		      int (*make)(const struct rig *rig, struct complaint *why))
{
	struct complaint why;

	for (; *files; files++) {
		char from[128], to[136];

		snprintf(from, sizeof(from), "%s/%s/%s", rig->path, what, *files);
		snprintf(to, sizeof(to), "%s.away", from);
		assert_int_equal(make(rig, &why), -1);
		assert_non_null(strstr(why.text, *files));
		assert_int_equal(rename(from, to), 0);
	}
	assert_int_equal(make(rig, &why), 0);
}

static int make_root(const struct rig *rig, struct complaint *why)
{
	char root[80];

	snprintf(root, sizeof(root), "%s/root", rig->path);
	return chip_foundry_root(root, "Again", why);
}

static int make_model(const struct rig *rig, struct complaint *why)
{
	char root[80], model[80];

	snprintf(root, sizeof(root), "%s/root", rig->path);
	snprintf(model, sizeof(model), "%s/model", rig->path);
	return chip_foundry_model(root, model, "again", why);
}

static int make_chip(const struct rig *rig, struct complaint *why)
{
	char model[80];

	snprintf(model, sizeof(model), "%s/model", rig->path);
	return chip_foundry_chip(model, rig->chip_path, "1.2.0", 3, why);
}

/* Nor what remains where the secret was moved away: a root's certificate, say, when its key is offline. */
static void test_foundry_overwrites_no_rest(void **state)
{
	static const char *const root[] = { "root.key", "root.pem", NULL };
	static const char *const model[] = { "model.key", "model.pem", NULL };
	static const char *const chip[] = { "fuses", "state", "certificates.der",
					    "firmware-1.2.0-3.img", NULL };
	struct complaint why;
	struct rig *rig = *state;

	close(rig->chip.dir);
	take_away(rig, "chip", chip, make_chip);
	take_away(rig, "model", model, make_model);
	take_away(rig, "root", root, make_root);
	rig->chip.dir = chip_store_open(rig->chip_path, true, &why);
	assert_true(rig->chip.dir >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_info, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_lengths_are_exact, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_registers, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_self_test_comes_first, rig_setup_untested,
						rig_teardown),
		cmocka_unit_test_setup_teardown(test_failing_drops_grants, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_random, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_chain_in_pieces, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_boot_log_replays, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_file_measured_as_it_is, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_damaged_state, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_foreign_firmware, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_damaged_fuses, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_leftover, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_killed_while_counting, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(test_foundry_overwrites_nothing, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(test_foundry_overwrites_no_rest, rig_setup,
						rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
