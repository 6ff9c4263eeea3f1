// SPDX-License-Identifier: GPL-2.0
/* Arguments where the kernel can get at them, and where it cannot. */
#include <sys/mman.h>

#include "fuzz.h"

#define PAGE	4096u
#define PAGES	8u

/* Followed by a page that nobody may touch. */
static void *map(int fd, int prot)
{
	uint8_t *at = mmap(NULL, (PAGES + 1) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED ||
	    mmap(at, PAGES * PAGE, prot, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
		err(1, "mmap");
	return at;
}

void fuzz_arena_init(struct fuzz_arena *arena)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, PAGES * PAGE))
		err(1, "memfd");
	arena->size = PAGES * PAGE;
	arena->writable = map(fd, PROT_READ | PROT_WRITE);
	arena->readonly = map(fd, PROT_READ);
	close(fd);
}

enum fuzz_where fuzz_somewhere(struct fuzz *f, unsigned int good_percent)
{
	if (fuzz_chance(&f->random, good_percent))
		return FUZZ_GOOD;
	return FUZZ_READONLY + fuzz_below(&f->random, FUZZ_NOWHERE);
}

static uint64_t nowhere(struct fuzz *f, const struct fuzz_arena *arena)
{
	const uint64_t places[] = {
		0, 1, PAGE - 1, (uintptr_t)arena->writable + arena->size,
		0x00007ffffffff000, 0x0000800000000000, 0xffff888000000000, 0xffffffff81000000,
		0xfffffffffffffff8,
	};

	return places[fuzz_below(&f->random, sizeof(places) / sizeof(places[0]))];
}

/* The address of a copy of @len bytes, as much of it as there is room for. */
uint64_t fuzz_place(struct fuzz *f, unsigned int number, const void *data, size_t len,
		    enum fuzz_where where)
{
	const struct fuzz_arena *arena = &f->arenas[number];
	size_t there = len, at;

	if (where == FUZZ_NOWHERE || len > arena->size)
		return nowhere(f, arena);
	if (where == FUZZ_TORN)
		there = len ? fuzz_below(&f->random, len) : 0;
	at = arena->size - there;
	if (data)
		memcpy(arena->writable + at, data, there);
	return (uintptr_t)(where == FUZZ_READONLY ? arena->readonly : arena->writable) + at;
}
