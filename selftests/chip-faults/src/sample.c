// SPDX-License-Identifier: GPL-2.0
/*
 * Which cells the everyday run takes: so many that each of these is in one of them,
 *
 *	every fault with every command that it can strike
 *	every fault with every aftermath
 *	every operation with every aftermath
 *
 * and few more. One after the other is taken that has most of what is missing, and of those one
 * that costs little time. What is equally good is decided by the seed, so that another kernel
 * gets other ones.
 */
#include "matrix.h"

/* About what an aftermath takes, ms: a driver that is bound anew measures and is granted anew. */
static const int costs[AFTERMATHS] = {
	[RECYCLE] = 50, [SLEEP] = 200, [REMOVAL] = 300, [REBINDING] = 300,
};

enum { FAULT_COMMAND, FAULT_AFTERMATH, OPERATION_AFTERMATH, PAIRS };

#define VALUES_MAX 64

static bool covered[PAIRS][VALUES_MAX][VALUES_MAX];

/* The first operation that sends the same command stands for it. */
static int command_of(int operation)
{
	int i = 0;

	while (operations[i].command != operations[operation].command)
		i++;
	return i;
}

static bool *pair(const struct cell *cell, int kind)
{
	switch (kind) {
	case FAULT_COMMAND:
		return &covered[kind][cell->fault][command_of(cell->operation)];
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

/*
 * Moves the sample to the front of @cells, which are all that exist: how many it has. Without
 * @commands the first kind of pairs is left out.
 */
int sample(struct cell *cells, int count, unsigned int seed, bool commands)
{
	int taken = 0;

	if (operation_count > VALUES_MAX || fault_count > VALUES_MAX)
		errx(2, "sample.c: VALUES_MAX is too small");
	memset(covered, 0, sizeof(covered));
	memset(covered[FAULT_COMMAND], !commands, sizeof(covered[FAULT_COMMAND]));
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
