/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records of machines. A TPM's quote does not say which chip signed it, so a record does: which
 * attestation key belongs to which chip. A native chip's does, and its record only gives it a
 * name. Documentation/verifier.rst describes the file.
 */
#ifndef BV_MACHINE_H
#define BV_MACHINE_H

#include <bastion/chip.h>
#include <jansson.h>

#include "tpm-public.h"

#define BV_MACHINE_MAX		65536	/* bytes of a record */
#define BV_MACHINE_NAME_MAX	64
#define BV_MACHINE_MODEL_MAX	32
#define BV_MACHINE_SKIPPED_MAX	63

enum bv_machine_kind {
	BV_MACHINE_TPM,
	BV_MACHINE_NATIVE,
};

/**
 * struct bv_machine - a record
 * @kind:	of the chip
 * @name:	what the operator calls the machine, [A-Za-z0-9._-]
 * @chip_id:	of the chip
 * @model:	of the chip, printable
 * @ak:		name of the attestation key (TPM 2.0 Library, part 1, 16): algorithm and digest
 * @ak_len:	its bytes; 0 of a native chip
 * @has_ek:	whether @ek is there: it is when a request was judged, not when somebody wrote the record
 * @ek:		SHA-384 of the endorsement key's SubjectPublicKeyInfo: all that a certificate
 *		vouches for of what @chip_id is the digest of
 * @skipped:	checks of the certificate for which something was missing, between commas; for the
 *		journal, not in the record
 */
struct bv_machine {
	enum bv_machine_kind kind;
	char name[BV_MACHINE_NAME_MAX + 1];
	uint8_t chip_id[BASTION_DIGEST_SIZE];
	char model[BV_MACHINE_MODEL_MAX + 1];
	uint8_t ak[BV_TPM_NAME_MAX];
	size_t ak_len;
	bool has_ek;
	uint8_t ek[BASTION_DIGEST_SIZE];
	char skipped[BV_MACHINE_SKIPPED_MAX + 1];
};

/** bv_machine_name_ok() - whether it is a name, [A-Za-z0-9._-]{1,64} */
bool bv_machine_name_ok(const char *name);

/** bv_machine_read_name() - copy the member "name", or @name if that is not NULL; 0, -EBADMSG */
int bv_machine_read_name(const json_t *json, const char *name, char *out, struct bv_error *err);

/** bv_machine_read_model() - copy the member "model"; 0, -EBADMSG */
int bv_machine_read_model(const json_t *json, char *out, struct bv_error *err);

/**
 * bv_machine_parse() - read a record
 * @text:	JSON
 * @name:	instead of the record's name, which may then be missing; or NULL
 * @machine:	the record
 * @err:	what was wrong, naming the member
 *
 * Return: 0, -EBADMSG.
 */
int bv_machine_parse(struct bv_span text, const char *name, struct bv_machine *machine,
		     struct bv_error *err);

/** bv_machine_json() - the other way round; a new reference, NULL without memory */
json_t *bv_machine_json(const struct bv_machine *machine);

/** bv_machine_has_key() - whether this is the record of the key with this name */
bool bv_machine_has_key(const struct bv_machine *machine, struct bv_span ak);

/**
 * bv_machine_conflict() - whether a record may be added beside another
 * @old:	is there already
 * @new:	would come
 *
 * A name, a chip and a key belong together, each of them to one record.
 *
 * Return: NULL if they have none of these in common, else what they share.
 */
const char *bv_machine_conflict(const struct bv_machine *old, const struct bv_machine *new);

#endif
