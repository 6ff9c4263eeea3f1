// SPDX-License-Identifier: GPL-2.0
/* The fuzzer in the emulator: it does follow from its seed, and stays where it may write. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bastion-chip/fuzz.h"
#include "tests/chip/rig.h"

#define ANSWERS	2000
#define ROOM	600

/** struct bench - a fuzzer, and what it may write to */
struct bench {
	struct chip_fuzz fuzz;
	uint8_t *memory;
	unsigned int rings;
};

static void ring(void *data)
{
	struct bench *bench = data;

	__atomic_add_fetch(&bench->rings, 1, __ATOMIC_RELAXED);
}

static int setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	bench->fuzz.ring = ring;
	bench->fuzz.data = bench;
	bench->memory = aligned_alloc(4096, BASTION_MBOX_SIZE);
	memset(bench->memory, 0, BASTION_MBOX_SIZE);
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	chip_fuzz_detach(&bench->fuzz);
	free(bench->memory);
	free(bench);
	return 0;
}

/* What becomes of many answers, all of them the same: a number that tells it. Counts the changed. */
static uint64_t spoil_many(struct bench *bench, unsigned int *changed)
{
	uint64_t sum = 0;

	*changed = 0;
	for (unsigned int i = 0; i < ANSWERS; i++) {
		uint32_t sequence = 7, status = 0, out_len = 48;
		uint64_t interrupts = 1, delay_ns = 0;
		uint8_t data[ROOM] = { 0 };
		size_t data_len = 48;
		uint64_t all;

		chip_fuzz_spoil(&bench->fuzz, &(struct chip_fuzz_answer){
			.sequence = &sequence, .status = &status, .out_len = &out_len,
			.data_len = &data_len, .interrupts = &interrupts, .delay_ns = &delay_ns,
			.data = data, .size = sizeof(data) });
		assert_true(data_len <= sizeof(data));
		/* Nothing comes to nothing. */
		all = (sequence - 7) + status * 3ull + (out_len - 48) * 5ull +
		      (interrupts - 1) * 7 + delay_ns;
		for (size_t j = 0; j < data_len; j++)
			all = all * 31 + data[j];
		*changed += all != 0;
		sum = sum * 31 + all;
	}
	return sum;
}

static uint64_t with_spec(struct bench *bench, const char *spec, unsigned int *changed)
{
	struct complaint why;

	assert_int_equal(chip_fuzz_set(&bench->fuzz, spec, &why), 0);
	return spoil_many(bench, changed);
}

static void follows_from_its_seed(void **state)
{
	unsigned int changed;
	uint64_t first = with_spec(*state, "1", &changed);

	assert_int_equal(with_spec(*state, "1", &changed), first);
	assert_int_not_equal(with_spec(*state, "2", &changed), first);
}

static void spoils_as_many_as_it_is_told(void **state)
{
	unsigned int none, few, many;

	with_spec(*state, "1,rate=2", &few);
	with_spec(*state, "1,rate=90", &many);
	with_spec(*state, "none", &none);
	assert_int_equal(none, 0);
	assert_true(few > 0 && few < ANSWERS / 10);
	assert_true(many > ANSWERS / 2);
}

static void knows_its_spec(void **state)
{
	static const char *const wrong[] = { "", "x", "-1", "1,", "1,rate=", "1,rate=0",
					     "1,rate=101", "1,rate=5x", "1,2", "1 " };
	struct bench *bench = *state;
	struct complaint why;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(chip_fuzz_set(&bench->fuzz, wrong[i], &why), -1);
	assert_int_equal(chip_fuzz_set(&bench->fuzz, "0x10,rate=100", &why), 0);
}

static void let_pass(void)
{
	struct timespec time = { .tv_nsec = 1000000 };

	nanosleep(&time, NULL);
}

/* Words of slots in use, and of the header; and nothing once it has been detached. */
static void changes_memory(void **state)
{
	struct bench *bench = *state;
	struct bastion_mbox_header *header = (void *)bench->memory;
	struct bastion_mbox_slot *slot = (void *)(bench->memory + BASTION_SLOT_OFFSET);
	uint8_t *after = malloc(BASTION_MBOX_SIZE);
	bool header_changed = false, slot_changed = false;
	struct complaint why;

	header->magic = htole32(BASTION_MBOX_MAGIC);
	assert_int_equal(chip_fuzz_set(&bench->fuzz, "3,rate=100", &why), 0);
	chip_fuzz_attach(&bench->fuzz, bench->memory);
	for (unsigned int i = 0; i < 60000; i++) {
		uint32_t magic = __atomic_load_n(&header->magic, __ATOMIC_RELAXED);
		uint32_t generation = __atomic_load_n(&header->reset_generation, __ATOMIC_RELAXED);

		/* A chip that is gone; a reset that comes to the same number. */
		assert_int_not_equal(magic, UINT32_MAX);
		assert_true(!generation || le32toh(generation) >> 31);
		header_changed |= generation != 0;
		slot_changed |= __atomic_load_n(&slot->out_len, __ATOMIC_RELAXED) != 0;
		if (header_changed && slot_changed &&
		    __atomic_load_n(&bench->rings, __ATOMIC_RELAXED))
			break;
		__atomic_store_n(&slot->state, htole32(BASTION_SLOT_DONE), __ATOMIC_RELAXED);
		let_pass();
	}
	assert_true(header_changed && slot_changed);
	chip_fuzz_detach(&bench->fuzz);
	memcpy(after, bench->memory, BASTION_MBOX_SIZE);
	let_pass();
	assert_memory_equal(after, bench->memory, BASTION_MBOX_SIZE);
	free(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(follows_from_its_seed, setup, teardown),
		cmocka_unit_test_setup_teardown(spoils_as_many_as_it_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(knows_its_spec, setup, teardown),
		cmocka_unit_test_setup_teardown(changes_memory, setup, teardown),
	};

	return cmocka_run_group_tests_name("fuzz", tests, NULL, NULL);
}
