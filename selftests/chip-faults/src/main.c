// SPDX-License-Identifier: GPL-2.0
/*
 * usage: matrix [--polling] [--list] all [I/N] | sample SEED [I/N] | only PATTERN
 *
 * Tries cells of the fault matrix, and prints a result for each, as TAP without a plan; with
 * --list only their names. "all I/N" is each Nth cell from the Ith on (0 is the first); PATTERN
 * is of the shell's kind, @(these|too), for a cell's name. With --polling the driver polls, and
 * the aftermath is "unplug", for which the environment has the chip's socket on the host in
 * CHIP_SOCKET; else it is each of the others.
 */
#include <fnmatch.h>
#include <stdarg.h>

#include "matrix.h"

#define CELLS_MAX	8192
#define DEAD_MS		2000	/* RELOCK, MR_EXTEND: what the driver tries on its way out */

static struct cell cells[CELLS_MAX];
static char complaints[4096];

void complain(const char *format, ...)
{
	size_t len = strlen(complaints);
	va_list args;

	len += snprintf(complaints + len, sizeof(complaints) - len, "# ");
	if (len >= sizeof(complaints))
		return;
	va_start(args, format);
	len += vsnprintf(complaints + len, sizeof(complaints) - len, format, args);
	va_end(args);
	if (len < sizeof(complaints))
		snprintf(complaints + len, sizeof(complaints) - len, "\n");
}

/* Operations */

static pid_t start(struct bench *b, const struct operation *operation)
{
	pid_t pid;

	strcpy(b->name, sealed_name());
	pid = fork();
	if (pid < 0)
		err(2, "fork");
	if (!pid)
		_exit(-operation->run(b) & 0xff);
	return pid;
}

/* The errno that it ended with, or -1 when it died. */
int run_in_child(struct bench *b, const struct operation *operation)
{
	return sealed_result(start(b, operation));
}

static bool has_struck(struct bench *b)
{
	return !chip_number("faults");
}

/* What the operation must end with when the aftermath comes while it waits. */
static int interrupted_error(const struct cell *cell)
{
	const struct operation *operation = &operations[cell->operation];

	/* Whatever becomes of the command. */
	if (operation->outcome[SILENT].error == operation->outcome[FINE].error)
		return operation->outcome[FINE].error;
	switch (cell->aftermath) {
	case RECYCLE:
		return operation->outcome[RESET].error;
	case SLEEP:
		return operation->gated ? EKEYREVOKED : ETIMEDOUT;
	default:
		/* Removal tells the chip to lock, and measures; it waits for those it must. */
		if (operation->gated)
			return ENODEV;
		return operation->holds_log || faults[cell->fault].dead ? ETIMEDOUT : ENODEV;
	}
}

/*
 * How long it takes is told by the driver's own count of timeouts, which is the same on a slow
 * machine; by the clock only that nobody gives up early, and that nothing hangs.
 */
static void check_time(const struct cell *cell, enum effect effect, long long took, long timeouts)
{
	const struct operation *operation = &operations[cell->operation];
	int wait = effect == SILENT ? operation->command->timeout_ms : 0;
	/* The driver tries to have a dead one lock, which is not answered, either. */
	int most = effect != SILENT ? 0 : faults[cell->fault].dead ? 4 : 1;

	if (timeouts > most)
		complain("%ld commands timed out, more than %d", timeouts, most);
	if (took > wait + 3 * DEAD_MS + SLACK_MS)
		complain("it took %lld ms, where the driver waits for %d", took, wait);
	/* The driver counts ticks, and on a busy machine those come late, and then close together. */
	if (took < wait - wait / 10 && !cell_in_flight(cell))
		complain("it took %lld ms, less than the timeout of %d", took, wait);
}

static void set_fault(const struct cell *cell)
{
	const struct operation *operation = &operations[cell->operation];
	const struct command *command = operation->command;
	const struct fault *fault = &faults[cell->fault];
	char option[32] = "";

	if (operation->first)
		chip_say("fault %s", operation->first);
	if (!strcmp(fault->name, "overdue"))
		snprintf(option, sizeof(option), ",arg=%d", command->timeout_ms + 1000);
	else if (!strcmp(fault->name, "bitflip"))
		snprintf(option, sizeof(option), ",arg=%d", command->bit);
	chip_say("fault %s,cmd=%s,count=1%s", fault->spec, command->name, option);
}

/* The recovery from a reset may be quicker to end the grant than the answer is to arrive. */
static bool may_be_revoked(const struct bench *b, const struct cell *cell, enum effect effect)
{
	return operations[cell->operation].gated &&
	       (effect == RESET || (b->in_flight && cell->aftermath == RECYCLE));
}

/* As the driver counts; 0 without one. */
static long timed_out(void)
{
	char text[32];

	return sysfs_text("statistics/timeouts", text, sizeof(text)) ? 0 : atol(text);
}

/* The aftermath comes while the chip does not answer: what the operation must end with. */
static int interrupt(struct bench *b, const struct cell *cell, long long begin)
{
	const struct operation *operation = &operations[cell->operation];
	int wanted = interrupted_error(cell);

	if (wait_for(has_struck, b, SLACK_MS))
		complain("the chip was not asked");
	leave(b, cell);
	/* On a machine that is slow enough it has timed out before. */
	b->late = sealed_now_ms() - begin >= operation->command->timeout_ms;
	return b->late ? operation->outcome[SILENT].error : wanted;
}

/* Runs the operation with its fault, and the aftermath if that comes in the middle. */
static void strike(struct bench *b, const struct cell *cell, enum effect effect)
{
	const struct operation *operation = &operations[cell->operation];
	int wanted = cell_outcome(cell).error, late = wanted, got;
	long timeouts = timed_out();
	long long begin;
	pid_t pid;

	if (effect == REFUSED)
		forget_released(b);
	set_fault(cell);
	/* The driver recovers as soon as the chip is there again. */
	begin = sealed_now_ms();
	if (operation->run == op_recovery)
		cycle(b);
	pid = start(b, operation);
	if (b->in_flight) {
		late = interrupt(b, cell, begin);
		wanted = interrupted_error(cell);
	}
	got = sealed_result(pid);
	check_time(cell, effect, sealed_now_ms() - begin, timed_out() - timeouts);
	if (got != late && !(got == EKEYREVOKED && may_be_revoked(b, cell, effect)))
		check_error(got, wanted, operation->name);
	if (got)
		check_nothing_made(b);
	if (has_struck(b) == operation->unstruck)
		complain("the fault has %s", operation->unstruck ? "struck" : "not struck");
}

static void try(struct bench *b, const struct cell *cell)
{
	const struct operation *operation = &operations[cell->operation];
	enum effect effect = effect_on(&faults[cell->fault], operation->command);
	enum state state = cell_outcome(cell).state;
	int ret;

	b->fails = state == FAILED;
	b->in_flight = cell_in_flight(cell);
	b->late = false;
	b->wedged = effect == SILENT;
	ret = prepare(b, operation->before);
	if (ret) {
		complain("it cannot be prepared: %s", strerrorname_np(-ret));
		b->stale = true;
		return;
	}
	strike(b, cell, effect);
	chip_say("fault none");
	if (operation->run == op_probe && driver_bound() && reopen(b))
		complain("bound, but there is no device");
	if (!b->in_flight) {
		b->boots = chip_number("boot_count");
		check_state(b, state, "afterwards");
		if (cell->aftermath != RETRY)
			leave(b, cell);
	}
	follow(b, cell, state);
}

static int run_cell(struct bench *b, const struct cell *cell, int number)
{
	long long begin = sealed_now_ms();
	bool good;

	if ((cell->aftermath == SLEEP || operations[cell->operation].run == op_sleep) &&
	    !machine_sleeps()) {
		printf("ok %d - %s # SKIP this kernel cannot try to sleep\n", number, cell_name(cell));
		return 0;
	}
	*complaints = '\0';
	try(b, cell);
	good = !*complaints;
	normalise(b);
	printf("%sok %d - %s\n%s", good ? "" : "not ", number, cell_name(cell), complaints);
	printf("# %lld ms\n", sealed_now_ms() - begin);
	fflush(stdout);
	return !good;
}

/* Cells */

static int find_cells(void)
{
	int count = 0;

	for (int o = 0; o < operation_count; o++) {
		for (int f = 0; f < fault_count; f++) {
			for (int a = 0; a < AFTERMATHS; a++) {
				struct cell cell = { f, o, a };

				if (!cell_exists(&cell))
					continue;
				if (count == CELLS_MAX)
					errx(2, "CELLS_MAX is too small");
				cells[count++] = cell;
			}
		}
	}
	return count;
}

static int keep(int count, bool (*wanted)(int number, const char *arg), const char *arg)
{
	int kept = 0;

	for (int i = 0; i < count; i++)
		if (wanted(i, arg))
			cells[kept++] = cells[i];
	return kept;
}

static bool has_name(int number, const char *pattern)
{
	return !fnmatch(pattern, cell_name(&cells[number]), FNM_EXTMATCH);
}

static bool has_turn(int number, const char *share)
{
	int first, step;

	if (sscanf(share, "%d/%d", &first, &step) != 2 || step < 1)
		errx(2, "%s: not I/N", share);
	return number % step == first;
}

static bool is_guests(int number, const char *polling)
{
	return (cells[number].aftermath == UNPLUG) == !!polling;
}

static int by_number(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;

	if (x->operation != y->operation)
		return x->operation - y->operation;
	return x->fault != y->fault ? x->fault - y->fault : x->aftermath - y->aftermath;
}

/* Puts those that are wanted to the front of cells: how many. */
static int choose(bool polling, const char *which, const char *arg, const char *share)
{
	int count = find_cells();

	if (!strcmp(which, "all")) {
		share = arg;
	} else if (!strcmp(which, "only") && arg) {
		count = keep(count, has_name, arg);
		share = NULL;
	} else if (!strcmp(which, "sample") && arg) {
		count = sample(cells, count, strtoul(arg, NULL, 0));
		qsort(cells, count, sizeof(cells[0]), by_number);
	} else {
		errx(2, "usage: matrix [--polling] [--list] all [I/N] | sample SEED [I/N] |"
		     " only PATTERN");
	}
	count = keep(count, is_guests, polling ? "yes" : NULL);
	return share ? keep(count, has_turn, share) : count;
}

static int try_all(int count)
{
	struct bench bench = { .gate.fd = -1 };
	int failed = 0, ret;

	close(round_open());
	machine_open();
	ret = bench_open(&bench);
	if (ret) {
		printf("Bail out! nothing can be prepared: %s\n", strerrorname_np(-ret));
		return 1;
	}
	for (int i = 0; i < count; i++)
		failed |= run_cell(&bench, &cells[i], i + 1);
	/* As whoever comes next expects it. */
	round_verifier_remove(bench.gate.fd, &bench.gate.verifier);
	return failed;
}

static bool option(int *argc, char ***argv, const char *name)
{
	if (*argc < 2 || strcmp((*argv)[1], name))
		return false;
	--*argc;
	++*argv;
	return true;
}

int main(int argc, char **argv)
{
	bool polling, list;
	int count;

	if (argc > 1 && !strcmp(argv[1], "stranger"))
		return be_stranger(argc, argv);
	polling = option(&argc, &argv, "--polling");
	list = option(&argc, &argv, "--list");
	count = choose(polling, argc > 1 ? argv[1] : "", argc > 2 ? argv[2] : NULL,
		       argc > 3 ? argv[3] : NULL);
	if (!list)
		return try_all(count);
	for (int i = 0; i < count; i++)
		puts(cell_name(&cells[i]));
	return 0;
}
