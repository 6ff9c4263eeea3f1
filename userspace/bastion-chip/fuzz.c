// SPDX-License-Identifier: GPL-2.0
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bastion/chip.h>

#include "bastion-chip/bytes.h"
#include "bastion-chip/fuzz.h"

#define RATE_DEFAULT	10
#define NS_PER_MS	1000000ull
/* One command in so many is lost to a reset: often enough that a driver gets well again. */
#define RESET_ONE_IN	300

/* splitmix64: any state is good, and the same state gives the same numbers. */
static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static uint32_t below(uint64_t *state, uint32_t limit)
{
	return next(state) % limit;
}

/* A number that has to do with @old, or that somebody forgot to think of. */
static uint32_t odd_number(uint64_t *state, uint32_t old)
{
	static const uint32_t numbers[] = {
		0, 1, 2, 3, 4, 32, 48, 52, 96, 1024, BASTION_QUOTE_MAX, BASTION_QUOTE_MAX + 1,
		BASTION_SLOT_SIZE - 32, BASTION_SLOT_SIZE - 31, BASTION_SLOT_SIZE, 0x10000,
		0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
	};

	switch (below(state, 4)) {
	case 0:
		return old ^ 1u << below(state, 32);
	case 1:
		return old + below(state, 5) - 2;
	case 2:
		return numbers[below(state, ARRAY_SIZE(numbers))];
	default:
		return next(state);
	}
}

/* Answers */

static void spoil_length(uint64_t *state, const struct chip_fuzz_answer *answer)
{
	*answer->out_len = odd_number(state, *answer->out_len);
	/* What is said to be there may be there: then the driver has to take it. */
	if (below(state, 2) && *answer->out_len <= answer->size) {
		while (*answer->data_len < *answer->out_len)
			answer->data[(*answer->data_len)++] = next(state);
	}
}

static void spoil_data(uint64_t *state, const struct chip_fuzz_answer *answer)
{
	unsigned int changes = 1 + below(state, 4);

	while (*answer->data_len && changes--)
		answer->data[below(state, *answer->data_len)] ^= 1u << below(state, 8);
}

void chip_fuzz_spoil(struct chip_fuzz *fuzz, const struct chip_fuzz_answer *answer)
{
	uint64_t *state = &fuzz->random;

	if (!fuzz->on || below(state, 100) >= fuzz->rate)
		return;
	switch (below(state, 8)) {
	case 0:
		/* The statuses that there are, and some that there are not. */
		*answer->status = below(state, 4) ? below(state, BASTION_STATUS_OLD_BLOB + 3) :
						    (uint32_t)next(state);
		break;
	case 1:
		*answer->sequence = odd_number(state, *answer->sequence);
		break;
	case 2:
	case 3:
		spoil_length(state, answer);
		break;
	case 4:
	case 5:
		spoil_data(state, answer);
		break;
	case 6:
		*answer->interrupts = below(state, 4);
		break;
	default:
		*answer->delay_ns += below(state, 20) * NS_PER_MS;
		break;
	}
}

bool chip_fuzz_resets(struct chip_fuzz *fuzz)
{
	return fuzz->on && !below(&fuzz->random, RESET_ONE_IN);
}

/* The thread */

static uint32_t load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static void pause_ns(uint64_t ns)
{
	struct timespec time = { .tv_nsec = ns };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

static uint32_t *words_at(const struct chip_fuzz *fuzz, size_t offset)
{
	return (uint32_t *)(fuzz->memory + offset);
}

/* A slot in use, or NULL: the first one from a random one on. */
static uint32_t *busy_slot(const struct chip_fuzz *fuzz, uint64_t *state)
{
	unsigned int begin = below(state, BASTION_SLOT_COUNT);

	for (unsigned int i = 0; i < BASTION_SLOT_COUNT; i++) {
		size_t index = (begin + i) % BASTION_SLOT_COUNT;
		uint32_t *slot = words_at(fuzz, BASTION_SLOT_OFFSET + index * BASTION_SLOT_SIZE);

		if (le32toh(load(slot)) != BASTION_SLOT_FREE)
			return slot;
	}
	return NULL;
}

/* Any word of the slot's header, or one near the beginning of its data. */
static uint32_t *slot_word(uint32_t *slot, uint64_t *state)
{
	unsigned int header = sizeof(struct bastion_mbox_slot) / sizeof(*slot);

	if (below(state, 3))
		return slot + below(state, header);
	return slot + header + below(state, 256);
}

static uint32_t *header_word(const struct chip_fuzz *fuzz, uint64_t *state)
{
	return words_at(fuzz, 0) + below(state, sizeof(struct bastion_mbox_header) / 4);
}

/* For a moment, in which the driver may look twice; sometimes for good. */
static void change(const struct chip_fuzz *fuzz, uint64_t *state, uint32_t *word)
{
	const struct bastion_mbox_header *header = (const void *)fuzz->memory;
	uint32_t old = load(word), new = htole32(odd_number(state, le32toh(old)));
	bool back = below(state, 4);

	if (word == &header->magic && new == UINT32_MAX)
		return;
	/* Never what the next reset comes to (mailbox.c): the driver would not notice it. */
	if (word == &header->reset_generation)
		new |= htole32(1u << 31);
	/* What the chip writes meanwhile stays, a reset's number above all. */
	if (!__atomic_compare_exchange_n(word, &old, new, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return;
	if (below(state, 2))
		pause_ns(below(state, 100000));
	if (back)
		__atomic_compare_exchange_n(word, &new, old, false, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED);
}

static void *run(void *data)
{
	struct chip_fuzz *fuzz = data;
	uint64_t state = ~fuzz->seed;

	while (!__atomic_load_n(&fuzz->stop, __ATOMIC_ACQUIRE)) {
		uint32_t *slot = busy_slot(fuzz, &state);
		uint32_t what = below(&state, 1000);

		if (what < fuzz->rate)
			fuzz->ring(fuzz->data);
		else if (what < fuzz->rate * 2 && !below(&state, 20))
			change(fuzz, &state, header_word(fuzz, &state));
		else if (slot && what >= 1000 - 5 * fuzz->rate)
			change(fuzz, &state, slot_word(slot, &state));
		pause_ns(20000 + below(&state, 200000));
	}
	return NULL;
}

static void start(struct chip_fuzz *fuzz)
{
	if (!fuzz->on || !fuzz->memory || fuzz->running)
		return;
	fuzz->stop = false;
	/* A fuzzer that does half of what it says is worse than none. */
	if (pthread_create(&fuzz->thread, NULL, run, fuzz))
		abort();
	fuzz->running = true;
}

static void stop(struct chip_fuzz *fuzz)
{
	if (!fuzz->running)
		return;
	__atomic_store_n(&fuzz->stop, true, __ATOMIC_RELEASE);
	pthread_join(fuzz->thread, NULL);
	fuzz->running = false;
}

static int parse(const char *spec, uint64_t *seed, unsigned int *rate)
{
	unsigned long percent;
	char *end;

	errno = 0;
	*seed = strtoull(spec, &end, 0);
	if (errno || end == spec || *spec == '-')
		return -1;
	*rate = RATE_DEFAULT;
	if (!*end)
		return 0;
	if (strncmp(end, ",rate=", 6))
		return -1;
	spec = end + 6;
	percent = strtoul(spec, &end, 10);
	if (end == spec || *end || !percent || percent > 100)
		return -1;
	*rate = percent;
	return 0;
}

int chip_fuzz_set(struct chip_fuzz *fuzz, const char *spec, struct complaint *why)
{
	unsigned int rate = 0;
	uint64_t seed = 0;
	bool on = strcmp(spec, "none");

	if (on && parse(spec, &seed, &rate))
		return complain(why, "%s: not SEED[,rate=PERCENT], and not none", spec);
	stop(fuzz);
	fuzz->on = on;
	fuzz->rate = rate;
	fuzz->seed = seed;
	fuzz->random = seed;
	start(fuzz);
	return 0;
}

void chip_fuzz_attach(struct chip_fuzz *fuzz, uint8_t *memory)
{
	if (!fuzz->running)
		fuzz->memory = memory;
	start(fuzz);
}

void chip_fuzz_detach(struct chip_fuzz *fuzz)
{
	stop(fuzz);
	fuzz->memory = NULL;
}
