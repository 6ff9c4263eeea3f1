// SPDX-License-Identifier: GPL-2.0
/* Counters: what they make old, when they move, and that they never move back. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bastion-chip/bytes.h"
#include "bastion-chip/hash.h"
#include "tests/chip/rig.h"

#define INDEX 7

/** struct blob - kept while the rig does something else */
struct blob {
	uint8_t data[BASTION_BLOB_MAX];
	size_t len;
};

static void keep(const struct rig *rig, struct blob *blob)
{
	memcpy(blob->data, rig->out, rig->out_len);
	blob->len = rig->out_len;
}

static void show(struct rig *rig, const struct blob *blob)
{
	memcpy(rig->out, blob->data, blob->len);
	rig->out_len = blob->len;
}

static uint64_t value_of(const struct blob *blob)
{
	struct bastion_blob_header header;

	memcpy(&header, blob->data, sizeof(header));
	return le64toh(header.counter_value);
}

/* A grant for all, and for REBIND to the same verifier and policy. */
static void open_gate(struct rig *rig)
{
	struct party self;

	self.verifier = rig->verifier;
	memcpy(self.policy, rig->policy, sizeof(self.policy));
	rig_open_rebind(rig, &self);
}

static void seal_counted(struct rig *rig, uint16_t kind, struct blob *blob)
{
	struct bastion_blob_header header;

	rig_header_kind(rig, &header, kind);
	header.counter_index = htole32(INDEX);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_OK);
	keep(rig, blob);
}

static uint32_t unseal(struct rig *rig, const struct blob *blob)
{
	struct unseal unseal;

	show(rig, blob);
	rig_unseal_prepare(rig, &unseal);
	return rig_unseal(rig, &unseal);
}

static uint32_t sign(struct rig *rig, const struct blob *blob)
{
	struct sign sign;

	show(rig, blob);
	rig_sign_prepare(rig, &sign);
	return rig_sign(rig, &sign);
}

static uint32_t rebind(struct rig *rig, const struct blob *from, struct blob *to)
{
	struct rebind rebind;
	uint32_t status;

	show(rig, from);
	rig_rebind_prepare(rig, &rebind);
	status = rig_rebind(rig, &rebind);
	if (status == BASTION_STATUS_OK)
		keep(rig, to);
	return status;
}

static void test_reading(void **state)
{
	struct bastion_cmd_counter in = { 0 };
	struct rig *rig = *state;

	for (uint32_t index = 1; index <= BASTION_COUNTER_COUNT; index++)
		assert_int_equal(rig_counter(rig, index), 0);
	assert_int_equal(rig_command(rig, BASTION_CMD_COUNTER, &in, sizeof(in)),
			 BASTION_STATUS_BAD_ARGUMENT);
	in.index = htole32(BASTION_COUNTER_COUNT + 1);
	assert_int_equal(rig_command(rig, BASTION_CMD_COUNTER, &in, sizeof(in)),
			 BASTION_STATUS_BAD_ARGUMENT);
	in.index = htole32(UINT32_MAX);
	assert_int_equal(rig_command(rig, BASTION_CMD_COUNTER, &in, sizeof(in)),
			 BASTION_STATUS_BAD_ARGUMENT);
}

/* REBIND moves nothing: the first use of what it made does, and ends the old blob. */
static void test_first_use(void **state)
{
	struct blob old, new, newer;
	struct rig *rig = *state;

	open_gate(rig);
	seal_counted(rig, BASTION_KIND_SECRET, &old);
	assert_int_equal(value_of(&old), 0);
	assert_int_equal(rebind(rig, &old, &new), BASTION_STATUS_OK);
	assert_int_equal(value_of(&new), 1);
	assert_int_equal(rig_counter(rig, INDEX), 0);
	assert_int_equal(unseal(rig, &old), BASTION_STATUS_OK);
	assert_int_equal(rig_counter(rig, INDEX), 0);
	assert_int_equal(unseal(rig, &new), BASTION_STATUS_OK);
	assert_int_equal(rig_counter(rig, INDEX), 1);
	assert_int_equal(unseal(rig, &old), BASTION_STATUS_OLD_BLOB);
	assert_int_equal(rebind(rig, &old, &newer), BASTION_STATUS_OLD_BLOB);
	assert_int_equal(unseal(rig, &new), BASTION_STATUS_OK);
	assert_int_equal(rig_counter(rig, INDEX), 1);

	rig_power_cycle(rig);
	assert_int_equal(rig_counter(rig, INDEX), 1);
	open_gate(rig);
	assert_int_equal(unseal(rig, &old), BASTION_STATUS_OLD_BLOB);
	assert_int_equal(unseal(rig, &new), BASTION_STATUS_OK);
	for (uint32_t index = 1; index <= BASTION_COUNTER_COUNT; index++)
		assert_int_equal(rig_counter(rig, index), index == INDEX);

	/* What is sealed now is of now. */
	seal_counted(rig, BASTION_KIND_SECRET, &newer);
	assert_int_equal(value_of(&newer), 1);
	assert_int_equal(unseal(rig, &newer), BASTION_STATUS_OK);
}

static void test_first_use_by_signing(void **state)
{
	struct blob old, new, newer;
	struct rig *rig = *state;

	open_gate(rig);
	seal_counted(rig, BASTION_KIND_P384, &old);
	assert_int_equal(rebind(rig, &old, &new), BASTION_STATUS_OK);
	assert_int_equal(sign(rig, &old), BASTION_STATUS_OK);
	assert_int_equal(sign(rig, &new), BASTION_STATUS_OK);
	assert_int_equal(rig_counter(rig, INDEX), 1);
	assert_int_equal(sign(rig, &old), BASTION_STATUS_OLD_BLOB);
	assert_int_equal(rebind(rig, &old, &newer), BASTION_STATUS_OLD_BLOB);
	/* A chain: to move a key that nobody has used yet is to use it. */
	assert_int_equal(rebind(rig, &new, &newer), BASTION_STATUS_OK);
	assert_int_equal(value_of(&newer), 2);
	assert_int_equal(rebind(rig, &newer, &old), BASTION_STATUS_OK);
	assert_int_equal(value_of(&old), 3);
	assert_int_equal(rig_counter(rig, INDEX), 2);
	assert_int_equal(sign(rig, &new), BASTION_STATUS_OLD_BLOB);
	assert_int_equal(sign(rig, &newer), BASTION_STATUS_OK);
	assert_int_equal(sign(rig, &old), BASTION_STATUS_OK);
	assert_int_equal(rig_counter(rig, INDEX), 3);
}

static void test_derived_grows_old(void **state)
{
	struct blob derived, old, new;
	struct rig *rig = *state;

	open_gate(rig);
	seal_counted(rig, BASTION_KIND_DERIVED, &derived);
	seal_counted(rig, BASTION_KIND_SECRET, &old);
	assert_int_equal(unseal(rig, &derived), BASTION_STATUS_OK);
	assert_int_equal(rebind(rig, &old, &new), BASTION_STATUS_OK);
	assert_int_equal(unseal(rig, &new), BASTION_STATUS_OK);
	assert_int_equal(unseal(rig, &derived), BASTION_STATUS_OLD_BLOB);
}

/* A counter that REBIND adds has its present value: nothing is older than the new blob. */
static void test_added(void **state)
{
	struct bastion_blob_header header;
	struct blob old, new;
	struct rig *rig = *state;
	struct rebind request;

	open_gate(rig);
	rig->chip.memory.counter[INDEX - 1] = 5;
	rig_header(rig, &header);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_OK);
	keep(rig, &old);
	rig_rebind_prepare(rig, &request);
	request.want.counter_index = htole32(INDEX);
	assert_int_equal(rig_rebind(rig, &request), BASTION_STATUS_OK);
	keep(rig, &new);
	assert_int_equal(value_of(&new), 5);
	assert_int_equal(unseal(rig, &new), BASTION_STATUS_OK);
	assert_int_equal(rig_counter(rig, INDEX), 5);
	assert_int_equal(unseal(rig, &old), BASTION_STATUS_OK);
}

/* What is refused is no use. */
static void test_refusals_do_not_count(void **state)
{
	struct bastion_blob_header header;
	struct blob old, new, none;
	struct rig *rig = *state;
	struct unseal request;
	struct rebind again;

	open_gate(rig);
	seal_counted(rig, BASTION_KIND_SECRET, &old);
	assert_int_equal(rebind(rig, &old, &new), BASTION_STATUS_OK);
	show(rig, &new);
	rig_unseal_prepare(rig, &request);
	request.fixed.owner = htole32(1);
	assert_int_equal(rig_unseal(rig, &request), BASTION_STATUS_DENIED);
	request.fixed.owner = htole32(1000);
	request.fixed.type = htole32(BASTION_TYPE_USER);
	assert_int_equal(rig_unseal(rig, &request), BASTION_STATUS_DENIED);
	request.fixed.type = htole32(BASTION_TYPE_LOGON);
	request.fixed.token[0] ^= 1;
	assert_int_equal(rig_unseal(rig, &request), BASTION_STATUS_NO_GRANT);
	assert_int_equal(sign(rig, &new), BASTION_STATUS_DENIED);
	show(rig, &new);
	rig_rebind_prepare(rig, &again);
	again.want.types = htole32(BASTION_TYPE_ALL);
	assert_int_equal(rig_rebind(rig, &again), BASTION_STATUS_DENIED);
	rig_command(rig, BASTION_CMD_RELOCK, NULL, 0);
	assert_int_equal(unseal(rig, &new), BASTION_STATUS_NO_GRANT);
	assert_int_equal(rebind(rig, &new, &none), BASTION_STATUS_NO_GRANT);
	assert_int_equal(rig_counter(rig, INDEX), 0);

	/* Nor does anything else move one. */
	open_gate(rig);
	rig_header(rig, &header);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_OK);
	keep(rig, &none);
	assert_int_equal(unseal(rig, &none), BASTION_STATUS_OK);
	assert_int_equal(rig_counter(rig, INDEX), 0);
	assert_int_equal(unseal(rig, &old), BASTION_STATUS_OK);
}

/* Two ahead cannot be, unless somebody has set the chip back. */
static void test_future(void **state)
{
	struct blob old, new, newer;
	struct rig *rig = *state;

	open_gate(rig);
	seal_counted(rig, BASTION_KIND_SECRET, &old);
	assert_int_equal(rebind(rig, &old, &new), BASTION_STATUS_OK);
	assert_int_equal(unseal(rig, &new), BASTION_STATUS_OK);
	assert_int_equal(rebind(rig, &new, &newer), BASTION_STATUS_OK);
	assert_int_equal(unseal(rig, &newer), BASTION_STATUS_OK);
	rig->chip.memory.counter[INDEX - 1] = 0;
	assert_int_equal(unseal(rig, &newer), BASTION_STATUS_BAD_BLOB);
	assert_int_equal(rebind(rig, &newer, &new), BASTION_STATUS_BAD_BLOB);
	assert_int_equal(rig_counter(rig, INDEX), 0);
	rig->chip.memory.counter[INDEX - 1] = UINT64_MAX;
	assert_int_equal(unseal(rig, &newer), BASTION_STATUS_OLD_BLOB);
}

/* A directory where the new file would be written: no write succeeds. */
static void block_writes(struct rig *rig)
{
	assert_int_equal(mkdirat(rig->chip.dir, ".state.new", 0700), 0);
}

static void allow_writes(struct rig *rig)
{
	assert_int_equal(unlinkat(rig->chip.dir, ".state.new", AT_REMOVEDIR), 0);
}

static void test_unwritable(void **state)
{
	struct bastion_cmd_counter in = { .index = htole32(INDEX) };
	struct bastion_blob_header header;
	struct blob old, new, plain;
	struct rig *rig = *state;

	open_gate(rig);
	rig_header(rig, &header);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_OK);
	keep(rig, &plain);
	seal_counted(rig, BASTION_KIND_SECRET, &old);
	assert_int_equal(rebind(rig, &old, &new), BASTION_STATUS_OK);
	block_writes(rig);
	assert_int_equal(unseal(rig, &new), BASTION_STATUS_INTERNAL);
	assert_true(rig->chip.storage_bad);
	/* The rig fills its output before every command: nothing was written to it. */
	for (size_t i = 0; i < sizeof(rig->out); i++)
		assert_int_equal(rig->out[i], 0xa5);
	/* From here on counters are unknown, and what has none is as it was. */
	allow_writes(rig);
	assert_int_equal(unseal(rig, &new), BASTION_STATUS_INTERNAL);
	assert_int_equal(unseal(rig, &old), BASTION_STATUS_INTERNAL);
	assert_int_equal(rebind(rig, &old, &new), BASTION_STATUS_INTERNAL);
	assert_int_equal(rig_command(rig, BASTION_CMD_COUNTER, &in, sizeof(in)),
			 BASTION_STATUS_INTERNAL);
	header.counter_index = htole32(INDEX);
	assert_int_equal(rig_seal(rig, &header, NULL, 0), BASTION_STATUS_INTERNAL);
	assert_int_equal(unseal(rig, &plain), BASTION_STATUS_OK);
	assert_int_equal(rig_command(rig, BASTION_CMD_SELF_TEST, NULL, 0),
			 BASTION_STATUS_TEST_FAILED);
	assert_int_equal(rig->chip.now.failed_tests, BASTION_TEST_STORAGE);

	rig_power_cycle(rig);
	open_gate(rig);
	assert_int_equal(rig_counter(rig, INDEX), 0);
	assert_int_equal(unseal(rig, &old), BASTION_STATUS_OK);
	assert_int_equal(unseal(rig, &new), BASTION_STATUS_OK);
	assert_int_equal(rig_counter(rig, INDEX), 1);
}

/* Left by a process that was killed while it wrote, whole, half or empty: of no consequence. */
static void test_leftovers(void **state)
{
	struct blob blob, next;
	struct rig *rig = *state;

	open_gate(rig);
	seal_counted(rig, BASTION_KIND_SECRET, &blob);
	for (int i = 0; i < 3; i++) {
		int fd = openat(rig->chip.dir, ".state.new", O_CREAT | O_WRONLY, 0400);

		assert_int_equal(write(fd, "BSTNSTAT rest", i * 6), i * 6);
		close(fd);
		assert_int_equal(rebind(rig, &blob, &next), BASTION_STATUS_OK);
		assert_int_equal(unseal(rig, &next), BASTION_STATUS_OK);
		blob = next;
		rig_power_cycle(rig);
		open_gate(rig);
		assert_int_equal(rig_counter(rig, INDEX), i + 1);
	}
}

/* Moves a key for ever, and says so after each time that it was used. */
static void use_for_ever(struct rig *rig, struct blob *blob, int tell)
{
	struct blob next;

	for (;;) {
		uint64_t value;

		if (rebind(rig, blob, &next) || unseal(rig, &next))
			_exit(1);
		*blob = next;
		value = value_of(blob);
		if (write(tell, &value, sizeof(value)) != sizeof(value))
			_exit(1);
	}
}

/* What was answered is on disk, whenever the process ends. */
static void test_killed_while_moving(void **state)
{
	struct chip_memory memory;
	struct rig *rig = *state;
	struct blob blob;
	uint64_t told;

	for (int i = 0; i < 12; i++) {
		struct pollfd ends;
		int tell[2];
		pid_t child;

		rig_power_cycle(rig);
		open_gate(rig);
		seal_counted(rig, BASTION_KIND_SECRET, &blob);
		told = value_of(&blob);
		assert_int_equal(pipe(tell), 0);
		child = fork();
		if (!child)
			use_for_ever(rig, &blob, tell[1]);
		close(tell[1]);
		/* It is killed in the middle of what comes after this many. */
		for (int uses = 0; uses <= i % 4; uses++)
			assert_int_equal(read(tell[0], &told, sizeof(told)), sizeof(told));
		poll(NULL, 0, i % 3);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, NULL, 0), child);
		ends = (struct pollfd){ .fd = tell[0], .events = POLLIN };
		while (poll(&ends, 1, 0) == 1 && read(tell[0], &told, sizeof(told)) > 0)
			;
		close(tell[0]);
		assert_int_equal(chip_state_load(rig->chip.dir, &memory), 0);
		assert_in_range(memory.counter[INDEX - 1], told, told + 1);
	}
}

/* A chip from before there were counters has all of them, at zero. */
static void test_old_state(void **state)
{
	struct chip_state_1 old = {
		.magic = CHIP_STATE_MAGIC,
		.version = htole32(1),
		.boot_count = htole64(41),
	};
	struct chip_memory memory;
	struct blob blob, next;
	struct rig *rig = *state;
	struct stat status;

	chip_sha384(old.checksum, { &old, offsetof(struct chip_state_1, checksum) });
	assert_int_equal(chip_store_write(rig->chip.dir, "state", &old, sizeof(old), 0600), 0);
	rig_power_cycle(rig);
	assert_int_equal(rig->chip.memory.boot_count, 42);
	assert_int_equal(rig_counter(rig, INDEX), 0);
	assert_int_equal(fstatat(rig->chip.dir, "state", &status, 0), 0);
	assert_int_equal(status.st_size, sizeof(struct chip_state));
	open_gate(rig);
	seal_counted(rig, BASTION_KIND_SECRET, &blob);
	assert_int_equal(rebind(rig, &blob, &next), BASTION_STATUS_OK);
	assert_int_equal(unseal(rig, &next), BASTION_STATUS_OK);
	rig_power_cycle(rig);
	assert_int_equal(rig->chip.memory.boot_count, 43);
	assert_int_equal(rig_counter(rig, INDEX), 1);

	/* A damaged one is still damaged, and no version passes for the other. */
	old.boot_count = htole64(7);
	chip_store_write(rig->chip.dir, "state", &old, sizeof(old), 0600);
	assert_int_equal(chip_state_load(rig->chip.dir, &memory), -EBADMSG);
	old.version = htole32(2);
	chip_sha384(old.checksum, { &old, offsetof(struct chip_state_1, checksum) });
	chip_store_write(rig->chip.dir, "state", &old, sizeof(old), 0600);
	assert_int_equal(chip_state_load(rig->chip.dir, &memory), -EBADMSG);
	assert_true(chip_is_zero(&memory, sizeof(memory)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reading, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_first_use, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_first_use_by_signing, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_derived_grows_old, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_added, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_refusals_do_not_count, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(test_future, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_unwritable, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_leftovers, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_killed_while_moving, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_old_state, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
