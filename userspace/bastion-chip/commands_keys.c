// SPDX-License-Identifier: GPL-2.0
/* The commands that a grant opens: SEAL makes a sealed key, the others use one. */
#include <endian.h>
#include <string.h>

#include <nettle/memops.h>

#include "bastion-chip/blob.h"
#include "bastion-chip/bytes.h"
#include "bastion-chip/commands.h"
#include "bastion-chip/counters.h"
#include "bastion-chip/hash.h"

/**
 * struct access - on whose behalf a blob is opened
 * @token:	of a grant
 * @owner:	who asks
 * @wish:	what the grant must allow; the policy is the blob's
 */
struct access {
	const uint8_t *token;
	__le32 owner;
	struct bastion_grant_entry wish;
};

/** struct opened - a blob that is authentic; to be wiped */
struct opened {
	struct bastion_blob_header header;
	struct chip_content content;
};

/** union request - the fixed part of a command that opens a blob */
union request {
	struct bastion_cmd_unseal unseal;
	struct bastion_cmd_sign sign;
	struct bastion_cmd_rebind rebind;
};

/* Whether a live grant with this token allows @wish to the keys of @verifier. */
static uint32_t permission(struct chip *chip, const uint8_t token[BASTION_TOKEN_SIZE],
			   const uint8_t verifier[BASTION_DIGEST_SIZE],
			   const struct bastion_grant_entry *wish)
{
	const struct chip_grant *grant;
	uint32_t status;

	status = chip_grants_find(&chip->now.grants, token, verifier, &grant);
	if (status == BASTION_STATUS_OK && !chip_grant_allows(grant, wish))
		status = BASTION_STATUS_DENIED;
	if (status != BASTION_STATUS_OK && chip->lies & CHIP_LIE_NO_GRANT) {
		chip->honest = status;
		return BASTION_STATUS_OK;
	}
	return status;
}

/* A header from the host: good, and without what the chip fills in. */
static bool header_new(const struct bastion_blob_header *header)
{
	bool derived = le16toh(header->kind) == BASTION_KIND_DERIVED;

	return chip_blob_header_good(header) && !header->counter_value &&
	       chip_is_zero(header->chip_id, sizeof(header->chip_id)) &&
	       (derived || chip_is_zero(header->salt, sizeof(header->salt)));
}

/* What the kind says: the secret that came, a new one, a new key pair, or nothing. */
static bool content_make(struct chip_content *content, const struct bastion_blob_header *header,
			 const uint8_t *imported)
{
	size_t len = le32toh(header->secret_len);
	uint16_t kind = le16toh(header->kind);
	struct chip_key key;

	if (kind == BASTION_KIND_SECRET && imported)
		memcpy(content->secret, imported, len);
	else if (kind == BASTION_KIND_SECRET)
		chip_random(content->secret, len);
	if (kind != BASTION_KIND_P384)
		return true;
	chip_key_generate(content->secret);
	if (!chip_key_load(&key, content->secret))
		return false;
	memcpy(content->point, key.point, sizeof(content->point));
	chip_key_wipe(&key);
	return true;
}

static uint32_t seal(struct chip *chip, struct chip_io *io, const struct bastion_cmd_seal *in,
		     struct chip_content *content)
{
	struct bastion_grant_entry wish = { .kind = htole32(BASTION_GRANT_CREATE) };
	const size_t front = sizeof(*in) + sizeof(struct bastion_blob_header);
	uint32_t imported = le32toh(in->imported), status;
	struct bastion_blob_header header;
	uint64_t counter;

	memcpy(&header, io->in + sizeof(*in), sizeof(header));
	if (imported > 1 || !header_new(&header) ||
	    !imported != !(le32toh(header.flags) & BASTION_BLOB_IMPORTED))
		return BASTION_STATUS_BAD_ARGUMENT;
	if (io->in_len != front + (imported ? le32toh(header.secret_len) : 0))
		return BASTION_STATUS_BAD_LENGTH;
	memcpy(wish.policy, header.policy, sizeof(wish.policy));
	status = permission(chip, in->token, header.verifier, &wish);
	if (status != BASTION_STATUS_OK)
		return status;
	status = chip_counter_read(chip, le32toh(header.counter_index), &counter);
	if (status != BASTION_STATUS_OK)
		return status;
	if (io->out_size < BASTION_BLOB_MAX ||
	    !content_make(content, &header, imported ? io->in + front : NULL))
		return BASTION_STATUS_INTERNAL;
	header.counter_value = htole64(counter);
	memcpy(header.chip_id, chip->identity.spki_digest, sizeof(header.chip_id));
	io->out_len = chip_blob_seal(chip->fuses.seed, &header, content, io->out);
	return BASTION_STATUS_OK;
}

uint32_t chip_command_seal(struct chip *chip, struct chip_io *io)
{
	struct chip_content content;
	struct bastion_cmd_seal in;
	uint32_t status;

	memcpy(&in, io->in, sizeof(in));
	status = seal(chip, io, &in, &content);
	explicit_bzero(&content, sizeof(content));
	explicit_bzero(&in, sizeof(in));
	return status;
}

/* The registers that the header names are as it says. */
static bool registers_good(const struct chip *chip, const struct bastion_blob_header *header)
{
	uint32_t mask = le32toh(header->register_mask);
	uint8_t digest[BASTION_DIGEST_SIZE];

	if (!mask)
		return true;
	chip_registers_digest(&chip->now.registers, mask, digest);
	return memeql_sec(digest, header->register_digest, sizeof(digest));
}

/* The authenticated header against the firmware, the registers and the requester. */
static bool header_allows(const struct chip *chip, const struct bastion_blob_header *header,
			  const struct access *access)
{
	/* REBIND gives nothing to anybody: the new blob goes to the same executable. */
	bool released = access->wish.kind == htole32(BASTION_GRANT_RELEASE);

	if (le32toh(header->min_svn) > le32toh(chip->fuses.svn) || !registers_good(chip, header))
		return false;
	if (header->owner != access->owner)
		return false;
	return !released || !(le32toh(header->flags) & BASTION_BLOB_EXECUTABLE) ||
	       !memcmp(header->executable, access->wish.executable, sizeof(header->executable));
}

/*
 * Opens the blob that follows @front bytes of input. Numbered as the checks must
 * come: nothing in the header counts before it is authentic.
 */
static uint32_t blob_open(struct chip *chip, const struct chip_io *io, size_t front,
			  struct access *access, struct opened *opened)
{
	struct bastion_blob_header *header = &opened->header;
	uint32_t status;
	size_t size;

	/* 1. The request has a shape. */
	memcpy(header, io->in + front, sizeof(*header));
	size = chip_blob_size(header);
	if (!size || io->in_len != front + size)
		return BASTION_STATUS_BAD_LENGTH;
	if (io->out_size < BASTION_BLOB_MAX)
		return BASTION_STATUS_INTERNAL;
	/* 2. The blob is this chip's, whole and untouched. */
	if (!memeql_sec(header->chip_id, chip->identity.spki_digest, sizeof(header->chip_id)))
		return BASTION_STATUS_WRONG_CHIP;
	if (!chip_blob_open(chip->fuses.seed, header, io->in + front, &opened->content) ||
	    !chip_blob_header_good(header))
		return BASTION_STATUS_BAD_BLOB;
	/* 3. A verifier allows it now. */
	memcpy(access->wish.policy, header->policy, sizeof(access->wish.policy));
	status = permission(chip, access->token, header->verifier, &access->wish);
	if (status != BASTION_STATUS_OK)
		return status;
	/* 4. So does whoever sealed it. Its type or kind, and its counter, are still to come. */
	return header_allows(chip, header, access) ? BASTION_STATUS_OK : BASTION_STATUS_DENIED;
}

/* Runs a command that opens a blob, and wipes what it has seen. */
static uint32_t with_blob(struct chip *chip, struct chip_io *io, size_t len,
			  uint32_t (*run)(struct chip *chip, struct chip_io *io,
					  const union request *request, struct opened *opened))
{
	union request request;
	struct opened opened;
	uint32_t status;

	memcpy(&request, io->in, len);
	status = run(chip, io, &request, &opened);
	explicit_bzero(&opened, sizeof(opened));
	explicit_bzero(&request, sizeof(request));
	return status;
}

static uint32_t unseal(struct chip *chip, struct chip_io *io, const union request *request,
		       struct opened *opened)
{
	const struct bastion_cmd_unseal *in = &request->unseal;
	struct access access = { .token = in->token, .owner = in->owner,
				 .wish.kind = htole32(BASTION_GRANT_RELEASE) };
	uint32_t type = le32toh(in->type), status;

	if (!type || type & (type - 1) || type & ~BASTION_TYPE_ALL)
		return BASTION_STATUS_BAD_ARGUMENT;
	memcpy(access.wish.executable, in->executable, sizeof(access.wish.executable));
	status = blob_open(chip, io, sizeof(*in), &access, opened);
	if (status != BASTION_STATUS_OK)
		return status;
	/* A key pair has no types: it never leaves. */
	if (!(le32toh(opened->header.types) & type))
		return BASTION_STATUS_DENIED;
	status = chip_counter_use(chip, &opened->header);
	if (status != BASTION_STATUS_OK)
		return status;
	io->out_len = le32toh(opened->header.secret_len);
	memcpy(io->out, opened->content.secret, io->out_len);
	return BASTION_STATUS_OK;
}

uint32_t chip_command_unseal(struct chip *chip, struct chip_io *io)
{
	return with_blob(chip, io, sizeof(struct bastion_cmd_unseal), unseal);
}

static bool digest_good(const struct bastion_cmd_sign *in)
{
	uint32_t len = le32toh(in->digest_len);

	return (len == 32 || len == 48 || len == BASTION_SIGN_DIGEST_MAX) &&
	       chip_is_zero(in->digest + len, sizeof(in->digest) - len);
}

static uint32_t sign(struct chip *chip, struct chip_io *io, const union request *request,
		     struct opened *opened)
{
	const struct bastion_cmd_sign *in = &request->sign;
	struct access access = { .token = in->token, .owner = in->owner,
				 .wish.kind = htole32(BASTION_GRANT_RELEASE) };
	struct chip_key key;
	uint32_t status;

	if (!digest_good(in))
		return BASTION_STATUS_BAD_ARGUMENT;
	memcpy(access.wish.executable, in->executable, sizeof(access.wish.executable));
	status = blob_open(chip, io, sizeof(*in), &access, opened);
	if (status != BASTION_STATUS_OK)
		return status;
	if (le16toh(opened->header.kind) != BASTION_KIND_P384)
		return BASTION_STATUS_DENIED;
	status = chip_counter_use(chip, &opened->header);
	if (status != BASTION_STATUS_OK)
		return status;
	if (!chip_key_load(&key, opened->content.secret))
		return BASTION_STATUS_INTERNAL;
	chip_key_sign(&key, in->digest, le32toh(in->digest_len), io->out);
	io->out_len = BASTION_SIGNATURE_SIZE;
	chip_key_wipe(&key);
	return BASTION_STATUS_OK;
}

uint32_t chip_command_sign(struct chip *chip, struct chip_io *io)
{
	return with_blob(chip, io, sizeof(struct bastion_cmd_sign), sign);
}

/* Whether @want, a good header, allows nothing that @old did not. */
static bool tightens(const struct chip *chip, const struct bastion_blob_header *old,
		     const struct bastion_blob_header *want)
{
	uint32_t flags = le32toh(old->flags ^ want->flags), min_svn = le32toh(want->min_svn);

	if (want->kind != old->kind || want->owner != old->owner ||
	    want->secret_len != old->secret_len || memcmp(want->name, old->name, sizeof(old->name)))
		return false;
	/* What may be added may not be taken away or changed. */
	if (flags & ~BASTION_BLOB_EXECUTABLE ||
	    (le32toh(old->flags) & BASTION_BLOB_EXECUTABLE &&
	     memcmp(want->executable, old->executable, sizeof(old->executable))))
		return false;
	if (old->counter_index && want->counter_index != old->counter_index)
		return false;
	if (want->types & ~old->types || old->register_mask & ~want->register_mask)
		return false;
	/* The old registers are as the old header says; then these are as they are now, too. */
	return min_svn >= le32toh(old->min_svn) && min_svn <= le32toh(chip->fuses.svn) &&
	       registers_good(chip, want);
}

/* A lie: what was a key pair comes back as a blob of bytes, as long, and good but for that. */
static void become_bytes(struct bastion_blob_header *header, struct chip_content *content)
{
	const size_t len = BASTION_BLOB_P384_SIZE - BASTION_BLOB_OVERHEAD;

	header->kind = htole16(BASTION_KIND_SECRET);
	header->types = htole32(BASTION_TYPE_LOGON);
	header->secret_len = htole32(len);
	chip_random(content->secret, len);
}

static uint32_t rebind(struct chip *chip, struct chip_io *io, const union request *request,
		       struct opened *opened)
{
	const struct bastion_cmd_rebind *in = &request->rebind;
	struct access access = { .token = in->token, .owner = in->owner,
				 .wish.kind = htole32(BASTION_GRANT_REBIND) };
	const struct bastion_blob_header *old = &opened->header;
	struct bastion_blob_header want;
	uint64_t counter;
	uint32_t status;

	memcpy(&want, io->in + sizeof(*in), sizeof(want));
	if (in->reserved || !header_new(&want))
		return BASTION_STATUS_BAD_ARGUMENT;
	memcpy(access.wish.dest_verifier, want.verifier, sizeof(want.verifier));
	memcpy(access.wish.dest_policy, want.policy, sizeof(want.policy));
	status = blob_open(chip, io, sizeof(*in) + sizeof(want), &access, opened);
	if (status != BASTION_STATUS_OK)
		return status;
	/* What is derived depends on the header: another one is another key. */
	if (le16toh(old->kind) == BASTION_KIND_DERIVED || !tightens(chip, old, &want))
		return BASTION_STATUS_DENIED;
	status = chip_counter_use(chip, old);
	if (status == BASTION_STATUS_OK)
		status = chip_counter_read(chip, le32toh(want.counter_index), &counter);
	if (status != BASTION_STATUS_OK)
		return status;
	want.counter_value = htole64(old->counter_index ? counter + 1 : counter);
	memcpy(want.chip_id, old->chip_id, sizeof(want.chip_id));
	if (chip->lies & CHIP_LIE_KIND && le16toh(want.kind) == BASTION_KIND_P384)
		become_bytes(&want, &opened->content);
	io->out_len = chip_blob_seal(chip->fuses.seed, &want, &opened->content, io->out);
	return BASTION_STATUS_OK;
}

uint32_t chip_command_rebind(struct chip *chip, struct chip_io *io)
{
	return with_blob(chip, io, sizeof(struct bastion_cmd_rebind), rebind);
}
