/* SPDX-License-Identifier: GPL-2.0 */
/* IMA's lists for tests, made by an encoder that the library has no part in. */
#ifndef TESTIMA_H
#define TESTIMA_H

#include "libbastion-verify/ima-list.h"

#define TI_PCR	10

/* A list under construction, in both forms, its replays, and room for that of the library. */
struct ti_list {
	const char *hash;		/* of template digests */
	uint8_t binary[98304];
	size_t len;
	char ascii[196608];
	size_t ascii_len;
	uint8_t value[32];		/* SHA-256 bank */
	uint8_t mirror[48];		/* register 3 of a chip */
	struct bv_ima_replay replay;
	struct bv_error err;
};

/* Template data under construction. */
struct ti_data {
	uint8_t bytes[73728];
	size_t len;
};

/** ti_digest() - by any hash that OpenSSL knows; returns its length */
size_t ti_digest(const char *hash, const void *bytes, size_t len, uint8_t *out);

/* The binary form, piece by piece. */
void ti_put(struct ti_list *list, const void *bytes, size_t len);
void ti_put_u32(struct ti_list *list, uint32_t value);
/** ti_text() - the ASCII form, word by word */
void ti_text(struct ti_list *list, const char *word);

/** ti_field() - a field of template data */
void ti_field(struct ti_data *data, const void *bytes, uint32_t len);
/** ti_named_digest() - a field with a digest of @len bytes, all @byte; @name ends with ':' */
void ti_named_digest(struct ti_data *data, const char *name, uint8_t byte, size_t len);
/** ti_name() - a field with a path */
void ti_name(struct ti_data *data, const char *path);

/** ti_begin() - what entries begin with; @covered is what the digest is of, NULL: a violation */
void ti_begin(struct ti_list *list, const char *template, const struct ti_data *covered);
/** ti_entry() - an entry whose template data is shown as it is */
void ti_entry(struct ti_list *list, const char *template, const struct ti_data *data,
	      const char *fields);
/** ti_file() - a file whose SHA-256 is all @byte */
void ti_file(struct ti_list *list, const char *path, uint8_t byte);
void ti_violation(struct ti_list *list, const char *path);
/** ti_long_violation() - one with a digest of @len bytes, whatever its algorithm says */
void ti_long_violation(struct ti_list *list, size_t len);

/** ti_repeat() - two digits of hex, @times times; good until the fourth next call */
const char *ti_repeat(const char *pair, size_t times);

#endif
