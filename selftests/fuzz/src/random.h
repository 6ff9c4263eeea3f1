/* SPDX-License-Identifier: GPL-2.0 */
/* Random numbers that can be had again. */
#ifndef SELFTESTS_FUZZ_RANDOM_H
#define SELFTESTS_FUZZ_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fuzz_random {
	uint64_t state;
};

/* splitmix64 */
static inline uint64_t fuzz_next(struct fuzz_random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static inline uint32_t fuzz_below(struct fuzz_random *random, uint32_t limit)
{
	return fuzz_next(random) % limit;
}

static inline bool fuzz_chance(struct fuzz_random *random, unsigned int percent)
{
	return fuzz_below(random, 100) < percent;
}

/* A number beside which somebody may have erred by one, or that nobody thought of. */
static inline uint64_t fuzz_number(struct fuzz_random *random)
{
	static const uint64_t numbers[] = {
		0, 1, 2, 3, 4, 5, 7, 8, 16, 31, 32, 47, 48, 63, 64, 65, 96, 97, 110, 111, 145, 255,
		256, 1024, 1025, 4095, 4096, 4097, 8192, 65535, 65536, 0x7fffffff, 0x80000000,
		0xfffffffe, 0xffffffff, 0x100000000, 0x7fffffffffffffff, 0xffffffffffffffff,
	};
	const uint32_t count = sizeof(numbers) / sizeof(numbers[0]);

	switch (fuzz_below(random, 3)) {
	case 0:
		return numbers[fuzz_below(random, count)];
	case 1:
		return numbers[fuzz_below(random, count)] + fuzz_below(random, 3) - 1;
	default:
		return fuzz_next(random) >> fuzz_below(random, 64);
	}
}

/* Changes one to three places of @len bytes. */
static inline void fuzz_mutate(struct fuzz_random *random, void *data, size_t len)
{
	uint8_t *bytes = data;

	for (uint32_t count = 1 + fuzz_below(random, 3); len && count; count--) {
		size_t at = fuzz_below(random, len);
		uint64_t number = fuzz_number(random);

		switch (fuzz_below(random, 4)) {
		case 0:
			bytes[at] ^= 1u << fuzz_below(random, 8);
			break;
		case 1:
			bytes[at] = number;
			break;
		case 2:		/* a field of four bytes */
			at &= ~(size_t)3;
			for (size_t i = 0; i < 4 && at + i < len; i++)
				bytes[at + i] = number >> 8 * i;
			break;
		default:	/* of eight */
			at &= ~(size_t)7;
			for (size_t i = 0; i < 8 && at + i < len; i++)
				bytes[at + i] = number >> 8 * i;
			break;
		}
	}
}

#endif
