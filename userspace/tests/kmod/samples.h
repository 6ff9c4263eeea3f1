/* SPDX-License-Identifier: GPL-2.0 */
/* What each parser accepts: what tests change one thing of, and where fuzzers begin. */
#ifndef _KMOD_TESTS_SAMPLES_H
#define _KMOD_TESTS_SAMPLES_H

#include <linux/types.h>
#include <stdint.h>

#include <bastion/blob.h>
#include <bastion/grant.h>

#define SAMPLE_SECRET_LEN	BASTION_SCALAR_SIZE

/**
 * struct blob_sample - a blob; all that may have any value is 0xa5
 * @header:	with an executable, registers and a counter
 * @rest:	what follows it
 * @len:	of the blob: header and the part of @rest that its kind has
 */
struct blob_sample {
	struct bastion_blob_header header;
	u8 rest[BASTION_POINT_SIZE + SAMPLE_SECRET_LEN + BASTION_TAG_SIZE];
	size_t len;
};

_Static_assert(offsetof(struct blob_sample, rest) == sizeof(struct bastion_blob_header),
	       "a hole in the sample");

void blob_sample_init(struct blob_sample *s, u16 kind);

/* Release to anybody, release to one executable, create, rebind. */
#define SAMPLE_ENTRIES	4

struct grant_sample {
	struct bastion_grant fixed;
	struct bastion_grant_entry entries[SAMPLE_ENTRIES];
	u8 signature[BASTION_SIGNATURE_SIZE];
} __attribute__((packed, aligned(8)));

_Static_assert(sizeof(struct grant_sample) == BASTION_GRANT_SIZE(SAMPLE_ENTRIES),
	       "a hole in the sample");

void grant_sample_init(struct grant_sample *s);

/* 96 and 64 hex digits */
#define HEX16	"0123456789abcdef"
#define DIGEST	HEX16 HEX16 HEX16 HEX16 HEX16 HEX16
#define EXE	HEX16 HEX16 HEX16 HEX16

#define SAMPLE_TEXTS	5	/* one a verb, with every option that it has */

extern const char *const key_samples[SAMPLE_TEXTS];

#endif
