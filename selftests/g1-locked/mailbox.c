// SPDX-License-Identifier: GPL-2.0
/*
 * Root without the driver: talks to the chip through its BARs.
 *
 * usage: mailbox PCI-DEVICE-FOLDER map
 *	says whether BAR0 and BAR2 can be mapped: "mapped" or the error, a line each
 * usage: mailbox PCI-DEVICE-FOLDER OPCODE
 *	has the chip execute a command: input as hex on standard input, prints
 *	the status and the output as hex, a line each
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <bastion/chip.h>

#define DOORBELL 0x0c
#define ANSWER_SECONDS 10

static volatile void *map(const char *folder, int bar, size_t size)
{
	char path[256];
	void *memory;
	int fd;

	snprintf(path, sizeof(path), "%s/resource%d", folder, bar);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return memory == MAP_FAILED ? NULL : memory;
}

static int say_mapped(const char *folder)
{
	int bars[] = { 0, 2 };

	for (int i = 0; i < 2; i++)
		printf("BAR%d %s\n", bars[i],
		       map(folder, bars[i], 4096) ? "mapped" : strerrorname_np(errno));
	return 0;
}

static size_t read_hex(uint8_t *bytes, size_t size)
{
	unsigned int byte;
	size_t len = 0;

	while (len < size && scanf("%2x", &byte) == 1)
		bytes[len++] = byte;
	return len;
}

static void copy_in(volatile uint8_t *to, const uint8_t *from, size_t len)
{
	while (len--)
		*to++ = *from++;
}

static int wait_done(volatile struct bastion_mbox_slot *slot)
{
	struct timespec nap = { .tv_nsec = 1000000 };
	time_t end = time(NULL) + ANSWER_SECONDS;

	while (__atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) != BASTION_SLOT_DONE) {
		if (time(NULL) > end)
			return -1;
		nanosleep(&nap, NULL);
	}
	return 0;
}

static int execute(volatile uint8_t *memory, volatile uint8_t *registers, uint32_t opcode)
{
	volatile struct bastion_mbox_header *header = (volatile void *)memory;
	volatile struct bastion_mbox_slot *slot;
	uint8_t in[BASTION_SLOT_SIZE - sizeof(*slot)];
	size_t len = read_hex(in, sizeof(in));

	if (header->magic != BASTION_MBOX_MAGIC)
		errx(1, "this is no Bastionchip");
	slot = (volatile void *)(memory + header->slot_offset);
	copy_in(slot->data, in, len);
	slot->sequence = 0x5eed;
	slot->opcode = opcode;
	slot->status = 0;
	slot->in_len = len;
	slot->out_len = 0;
	slot->reserved[0] = slot->reserved[1] = 0;
	__atomic_store_n(&slot->state, BASTION_SLOT_SUBMITTED, __ATOMIC_SEQ_CST);
	*(volatile uint32_t *)(registers + DOORBELL) = header->doorbell_peer << 16;
	if (wait_done(slot))
		errx(1, "the chip does not answer");
	printf("%u\n", slot->status);
	for (uint32_t i = 0; i < slot->out_len && i < sizeof(in); i++)
		printf("%02x", slot->data[i]);
	printf("\n");
	slot->state = BASTION_SLOT_FREE;
	return 0;
}

int main(int argc, char **argv)
{
	volatile void *memory, *registers;

	if (argc != 3)
		errx(2, "usage: mailbox FOLDER map|OPCODE");
	if (!strcmp(argv[2], "map"))
		return say_mapped(argv[1]);
	memory = map(argv[1], 2, BASTION_MBOX_SIZE);
	registers = map(argv[1], 0, 256);
	if (!memory || !registers)
		err(1, "cannot map the BARs");
	return execute(memory, registers, strtoul(argv[2], NULL, 0));
}
