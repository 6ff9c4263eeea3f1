// SPDX-License-Identifier: GPL-2.0
/*
 * Writes what each parser accepts into the folders that scripts/fuzz begins with.
 *
 * usage: kmod DIR	(writes DIR/kmod-{grant,blob,key,mailbox}.corpus/seed-N)
 */
#include <asm/byteorder.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <bastion/chip.h>

#include "samples.h"

static void save(const char *dir, const char *parser, size_t number, const void *data, size_t len)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/kmod-%s.corpus", dir, parser);
	mkdir(path, 0755);	/* may be there */
	snprintf(path, sizeof(path), "%s/kmod-%s.corpus/seed-%zu", dir, parser, number);
	file = fopen(path, "w");
	if (!file || fwrite(data, 1, len, file) != len || fclose(file)) {
		perror(path);
		exit(1);
	}
}

/* As fuzz_mailbox.c takes it. */
static void save_mailbox(const char *dir)
{
	const struct {
		u64 len;
		struct bastion_mbox_header header;
		u32 answer[8];
	} mailbox = {
		.len = BASTION_MBOX_SIZE,
		.header = {
			.magic = cpu_to_le32(BASTION_MBOX_MAGIC),
			.major = cpu_to_le16(BASTION_MBOX_MAJOR),
			.slot_count = cpu_to_le32(BASTION_SLOT_COUNT),
			.slot_size = cpu_to_le32(BASTION_SLOT_SIZE),
			.slot_offset = cpu_to_le32(BASTION_SLOT_OFFSET),
		},
		.answer = { [5] = cpu_to_le32(48) },	/* out_len */
	};

	save(dir, "mailbox", 0, &mailbox, sizeof(mailbox));
}

int main(int argc, char **argv)
{
	struct grant_sample grant;
	struct blob_sample blob;
	size_t i;

	if (argc != 2)
		return 2;
	grant_sample_init(&grant);
	save(argv[1], "grant", 0, &grant, sizeof(grant));
	grant.fixed.flags = cpu_to_le32(BASTION_GRANT_KEPT);
	save(argv[1], "grant", 1, &grant, sizeof(grant));
	for (i = BASTION_KIND_SECRET; i <= BASTION_KIND_P384; i++) {
		blob_sample_init(&blob, i);
		save(argv[1], "blob", i, &blob, blob.len);
	}
	for (i = 0; i < SAMPLE_TEXTS; i++)
		save(argv[1], "key", i, key_samples[i], strlen(key_samples[i]));
	save_mailbox(argv[1]);
	return 0;
}
