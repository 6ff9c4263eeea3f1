// SPDX-License-Identifier: GPL-2.0
/*
 * Which cells a run takes that does not take all: so many that each of these is in one of them,
 *
 *	every fault with every operation
 *	every fault with every aftermath
 *	every operation with every aftermath
 *
 * as far as there are such cells, and few more: one for most of the first kind, since an aftermath
 * goes with every other pair. Both guests' are one sample, so that what one tries of the first
 * kind the other need not. One after the other is taken that has most of what is missing, and of
 * those one that costs little time. What is equally good is decided by the seed, so that another
 * kernel gets other ones.
 */
#include "matrix.h"

/* About what an aftermath takes, ms: a driver that is bound anew measures and is granted anew. */
static const int costs[AFTERMATHS] = {
	[RECYCLE] = 50, [SLEEP] = 200, [REMOVAL] = 300, [REBINDING] = 300, [UNPLUG] = 2000,
};

enum { FAULT_OPERATION, FAULT_AFTERMATH, OPERATION_AFTERMATH, PAIRS };

#define VALUES_MAX 64

static bool covered[PAIRS][VALUES_MAX][VALUES_MAX];

static bool *pair(const struct cell *cell, int kind)
{
	switch (kind) {
	case FAULT_OPERATION:
		return &covered[kind][cell->fault][cell->operation];
	case FAULT_AFTERMATH:
		return &covered[kind][cell->fault][cell->aftermath];
	default:
		return &covered[kind][cell->operation][cell->aftermath];
	}
}

static unsigned int mix(unsigned int seed, unsigned int number)
{
	uint64_t x = (uint64_t)seed << 32 | number;

	/* Any function that spreads will do. */
	x = (x ^ x >> 31) * 0x9e3779b97f4a7c15;
	x = (x ^ x >> 29) * 0xbf58476d1ce4e5b9;
	return x >> 32;
}

static int gain(const struct cell *cell)
{
	int missing = 0;

	for (int kind = 0; kind < PAIRS; kind++)
		missing += !*pair(cell, kind);
	return missing;
}

/* Moves the sample to the front of @cells, which are all that exist: how many it has. */
int sample(struct cell *cells, int count, unsigned int seed)
{
	int taken = 0;

	if (operation_count > VALUES_MAX || fault_count > VALUES_MAX)
		errx(2, "sample.c: VALUES_MAX is too small");
	memset(covered, 0, sizeof(covered));
	while (taken < count) {
		unsigned int best_mix = 0;
		int best = -1, best_score = 0;
		struct cell cell;

		for (int i = taken; i < count; i++) {
			int missing = gain(&cells[i]);
			int score = 20000 * missing - cell_wait_ms(&cells[i]) -
				    costs[cells[i].aftermath];
			unsigned int tie = mix(seed, i);

			if (missing && (best < 0 || score > best_score ||
					(score == best_score && tie > best_mix))) {
				best = i;
				best_score = score;
				best_mix = tie;
			}
		}
		if (best < 0)
			break;
		cell = cells[best];
		cells[best] = cells[taken];
		cells[taken++] = cell;
		for (int kind = 0; kind < PAIRS; kind++)
			*pair(&cell, kind) = true;
	}
	return taken;
}
