// SPDX-License-Identifier: GPL-2.0
#include <endian.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bastion-chip/foundry.h"
#include "bastion-chip/hash.h"
#include "tests/chip/rig.h"

static uint64_t clock_ms = 1000000;

static uint64_t read_clock(void)
{
	return clock_ms;
}

void rig_advance(uint64_t ms)
{
	clock_ms += ms;
}

static void manufacture(struct rig *rig)
{
	char root[80], model[80];
	struct complaint why = { "" };

	strcpy(rig->path, "/tmp/test-chip-XXXXXX");
	assert_non_null(mkdtemp(rig->path));
	snprintf(root, sizeof(root), "%s/root", rig->path);
	snprintf(model, sizeof(model), "%s/model", rig->path);
	snprintf(rig->chip_path, sizeof(rig->chip_path), "%s/chip", rig->path);
	assert_int_equal(chip_foundry_root(root, "Test Root", &why), 0);
	assert_int_equal(chip_foundry_model(root, model, "bastionchip-1", &why), 0);
	assert_int_equal(chip_foundry_chip(model, rig->chip_path, "1.2.0", 3, &why), 0);
}

int rig_setup_untested(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	uint8_t secret[CHIP_SCALAR_SIZE];
	struct complaint why = { "" };

	assert_non_null(rig);
	manufacture(rig);
	assert_int_equal(chip_open(&rig->chip, rig->chip_path, &why), 0);
	rig->chip.clock_ms = read_clock;
	assert_int_equal(chip_power_on(&rig->chip, NULL, &why), 0);
	chip_key_generate(secret);
	assert_true(chip_key_load(&rig->verifier, secret));
	chip_random(rig->token, sizeof(rig->token));
	chip_random(rig->policy, sizeof(rig->policy));
	*state = rig;
	return 0;
}

int rig_setup(void **state)
{
	rig_setup_untested(state);
	assert_int_equal(rig_command(*state, BASTION_CMD_SELF_TEST, NULL, 0), BASTION_STATUS_OK);
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	return remove(path);
}

int rig_teardown(void **state)
{
	struct rig *rig = *state;

	nftw(rig->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	chip_close(&rig->chip);
	chip_key_wipe(&rig->verifier);
	free(rig);
	return 0;
}

uint32_t rig_command(struct rig *rig, uint32_t opcode, const void *in, size_t len)
{
	/* Of just the right size, so that the sanitizer sees a read beyond the end. */
	uint8_t *copy = malloc(len ? len : 1);
	struct chip_io io = { .in = copy, .in_len = len, .out = rig->out,
			      .out_size = sizeof(rig->out) };
	uint32_t status;

	if (len)
		memcpy(copy, in, len);
	memset(rig->out, 0xa5, sizeof(rig->out));
	status = chip_execute(&rig->chip, opcode, &io);
	rig->out_len = io.out_len;
	if (status != BASTION_STATUS_OK)
		assert_int_equal(rig->out_len, 0);
	free(copy);
	return status;
}

void rig_round(struct rig *rig)
{
	assert_int_equal(rig_command(rig, BASTION_CMD_NONCE, NULL, 0), BASTION_STATUS_OK);
	chip_random(rig->qualifying, sizeof(rig->qualifying));
	assert_int_equal(rig_command(rig, BASTION_CMD_QUOTE, rig->qualifying,
				     sizeof(rig->qualifying)), BASTION_STATUS_OK);
}

static void draft_entry(struct rig *rig, struct bastion_grant_entry *entry, uint32_t kind)
{
	memcpy(entry->policy, rig->policy, sizeof(entry->policy));
	entry->kind = htole32(kind);
}

void rig_draft(struct rig *rig, struct draft *draft)
{
	struct bastion_grant *grant = &draft->grant;
	uint32_t mask = 0xa7;

	memset(draft, 0, sizeof(*draft));
	draft->key = &rig->verifier;
	memcpy(draft->point, rig->verifier.point, sizeof(draft->point));
	memcpy(grant->magic, BASTION_GRANT_MAGIC, sizeof(grant->magic));
	chip_sha384(grant->qualifying_digest, { rig->qualifying, sizeof(rig->qualifying) });
	memcpy(grant->chip_nonce, rig->chip.now.round.nonce, sizeof(grant->chip_nonce));
	memcpy(grant->chip_id, rig->chip.identity.spki_digest, sizeof(grant->chip_id));
	grant->boot_count = htole64(rig->chip.memory.boot_count);
	memcpy(grant->verifier, rig->verifier.spki_digest, sizeof(grant->verifier));
	chip_sha384(grant->token_hash, { rig->token, sizeof(rig->token) });
	chip_registers_digest(&rig->chip.now.registers, mask, grant->register_digest);
	grant->register_mask = htole32(mask);
	grant->lifetime = htole32(60);
	grant->entry_count = htole32(2);
	draft->entries_sent = 2;
	draft_entry(rig, &draft->entries[0], BASTION_GRANT_RELEASE);
	draft_entry(rig, &draft->entries[1], BASTION_GRANT_CREATE);
}

size_t rig_grant_command(const struct draft *draft, uint8_t in[RIG_GRANT_SIZE])
{
	uint8_t digest[BASTION_DIGEST_SIZE], *grant = in + sizeof(struct bastion_cmd_grant);
	size_t len = draft->entries_sent * sizeof(draft->entries[0]);

	memset(in, 0, RIG_GRANT_SIZE);
	memcpy(in, draft->point, sizeof(draft->point));
	memcpy(in + sizeof(draft->point), draft->reserved, sizeof(draft->reserved));
	memcpy(grant, &draft->grant, sizeof(draft->grant));
	memcpy(grant + sizeof(draft->grant), draft->entries, len);
	len += sizeof(draft->grant);
	chip_sha384(digest, { grant, len });
	chip_key_sign(draft->key, digest, sizeof(digest), grant + len);
	if (draft->spoil_signature)
		grant[len + draft->spoil_signature - 1] ^= 1;
	len += BASTION_SIGNATURE_SIZE + draft->length_change;
	return sizeof(struct bastion_cmd_grant) + len;
}

uint32_t rig_grant(struct rig *rig, const struct draft *draft)
{
	uint8_t in[RIG_GRANT_SIZE];
	size_t len = rig_grant_command(draft, in);

	return rig_command(rig, BASTION_CMD_GRANT, in, len);
}

void rig_open_gate(struct rig *rig)
{
	struct draft draft;

	rig_round(rig);
	rig_draft(rig, &draft);
	assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_OK);
}

void rig_grant_entry(struct rig *rig, const struct bastion_grant_entry *entry)
{
	struct draft draft;

	rig_round(rig);
	rig_draft(rig, &draft);
	draft.grant.entry_count = htole32(1);
	draft.entries_sent = 1;
	draft.entries[0] = *entry;
	assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_OK);
}

void rig_open_rebind(struct rig *rig, const struct party *to)
{
	struct draft draft;

	rig_round(rig);
	rig_draft(rig, &draft);
	draft.grant.entry_count = htole32(3);
	draft.entries_sent = 3;
	draft_entry(rig, &draft.entries[2], BASTION_GRANT_REBIND);
	memcpy(draft.entries[2].dest_verifier, to->verifier.spki_digest, BASTION_DIGEST_SIZE);
	memcpy(draft.entries[2].dest_policy, to->policy, BASTION_DIGEST_SIZE);
	assert_int_equal(rig_grant(rig, &draft), BASTION_STATUS_OK);
}

void rig_party(struct party *party)
{
	uint8_t secret[CHIP_SCALAR_SIZE];

	chip_key_generate(secret);
	assert_true(chip_key_load(&party->verifier, secret));
	chip_random(party->token, sizeof(party->token));
	chip_random(party->policy, sizeof(party->policy));
}

void rig_swap(struct rig *rig, struct party *party)
{
	struct party was = { .verifier = rig->verifier };

	memcpy(was.token, rig->token, sizeof(was.token));
	memcpy(was.policy, rig->policy, sizeof(was.policy));
	rig->verifier = party->verifier;
	memcpy(rig->token, party->token, sizeof(rig->token));
	memcpy(rig->policy, party->policy, sizeof(rig->policy));
	*party = was;
}

void rig_header(struct rig *rig, struct bastion_blob_header *header)
{
	*header = (struct bastion_blob_header){
		.magic = BASTION_BLOB_MAGIC,
		.version = htole16(BASTION_BLOB_VERSION),
		.kind = htole16(BASTION_KIND_SECRET),
		.name = "disk0",
		.owner = htole32(1000),
		.types = htole32(BASTION_TYPE_LOGON | BASTION_TYPE_FSCRYPT),
		.min_svn = htole32(3),
		.secret_len = htole32(32),
	};
	memcpy(header->verifier, rig->verifier.spki_digest, sizeof(header->verifier));
	memcpy(header->policy, rig->policy, sizeof(header->policy));
}

void rig_header_kind(struct rig *rig, struct bastion_blob_header *header, uint16_t kind)
{
	rig_header(rig, header);
	header->kind = htole16(kind);
	if (kind == BASTION_KIND_DERIVED) {
		header->min_svn = 0;
		memcpy(header->salt, "of a label", 10);
	}
	if (kind == BASTION_KIND_P384) {
		header->types = 0;
		header->secret_len = htole32(BASTION_SCALAR_SIZE);
	}
}

uint32_t rig_seal(struct rig *rig, const struct bastion_blob_header *header, const void *secret,
		  size_t len)
{
	uint8_t in[sizeof(struct bastion_cmd_seal) + BASTION_BLOB_MAX];
	struct bastion_cmd_seal fixed = { .imported = htole32(secret != NULL) };

	memcpy(fixed.token, rig->token, sizeof(fixed.token));
	memcpy(in, &fixed, sizeof(fixed));
	memcpy(in + sizeof(fixed), header, sizeof(*header));
	if (secret)
		memcpy(in + sizeof(fixed) + sizeof(*header), secret, len);
	return rig_command(rig, BASTION_CMD_SEAL, in, sizeof(fixed) + sizeof(*header) + len);
}

void rig_unseal_prepare(struct rig *rig, struct unseal *unseal)
{
	memset(unseal, 0, sizeof(*unseal));
	memcpy(unseal->fixed.token, rig->token, sizeof(unseal->fixed.token));
	unseal->fixed.owner = htole32(1000);
	unseal->fixed.type = htole32(BASTION_TYPE_LOGON);
	memcpy(unseal->blob, rig->out, rig->out_len);
	unseal->blob_len = rig->out_len;
}

uint32_t rig_unseal(struct rig *rig, const struct unseal *unseal)
{
	uint8_t in[sizeof(*unseal)];

	memcpy(in, &unseal->fixed, sizeof(unseal->fixed));
	memcpy(in + sizeof(unseal->fixed), unseal->blob, unseal->blob_len);
	return rig_command(rig, BASTION_CMD_UNSEAL, in, sizeof(unseal->fixed) + unseal->blob_len);
}

void rig_sign_prepare(struct rig *rig, struct sign *sign)
{
	memset(sign, 0, sizeof(*sign));
	memcpy(sign->fixed.token, rig->token, sizeof(sign->fixed.token));
	sign->fixed.owner = htole32(1000);
	sign->fixed.digest_len = htole32(BASTION_DIGEST_SIZE);
	chip_random(sign->fixed.digest, BASTION_DIGEST_SIZE);
	memcpy(sign->blob, rig->out, rig->out_len);
	sign->blob_len = rig->out_len;
}

uint32_t rig_sign(struct rig *rig, const struct sign *sign)
{
	uint8_t in[sizeof(*sign)];

	memcpy(in, &sign->fixed, sizeof(sign->fixed));
	memcpy(in + sizeof(sign->fixed), sign->blob, sign->blob_len);
	return rig_command(rig, BASTION_CMD_SIGN, in, sizeof(sign->fixed) + sign->blob_len);
}

void rig_rebind_prepare(struct rig *rig, struct rebind *rebind)
{
	struct bastion_blob_header *want = &rebind->want;

	memset(rebind, 0, sizeof(*rebind));
	memcpy(rebind->fixed.token, rig->token, sizeof(rebind->fixed.token));
	rebind->fixed.owner = htole32(1000);
	memcpy(rebind->blob, rig->out, rig->out_len);
	rebind->blob_len = rig->out_len;
	memcpy(want, rebind->blob, sizeof(*want));
	memset(want->chip_id, 0, sizeof(want->chip_id));
	memset(want->salt, 0, sizeof(want->salt));
	want->counter_value = 0;
	memcpy(want->verifier, rig->verifier.spki_digest, sizeof(want->verifier));
	memcpy(want->policy, rig->policy, sizeof(want->policy));
}

uint32_t rig_rebind(struct rig *rig, const struct rebind *rebind)
{
	const size_t front = sizeof(rebind->fixed) + sizeof(rebind->want);
	uint8_t in[sizeof(*rebind)];

	memcpy(in, &rebind->fixed, sizeof(rebind->fixed));
	memcpy(in + sizeof(rebind->fixed), &rebind->want, sizeof(rebind->want));
	memcpy(in + front, rebind->blob, rebind->blob_len);
	return rig_command(rig, BASTION_CMD_REBIND, in, front + rebind->blob_len);
}

uint64_t rig_counter(struct rig *rig, uint32_t index)
{
	struct bastion_cmd_counter in = { .index = htole32(index) };
	struct bastion_cmd_counter_out out;

	assert_int_equal(rig_command(rig, BASTION_CMD_COUNTER, &in, sizeof(in)), BASTION_STATUS_OK);
	assert_int_equal(rig->out_len, sizeof(out));
	memcpy(&out, rig->out, sizeof(out));
	return le64toh(out.value);
}

void rig_power_cycle(struct rig *rig)
{
	assert_int_equal(chip_power_on(&rig->chip, NULL, NULL), 0);
	assert_int_equal(rig_command(rig, BASTION_CMD_SELF_TEST, NULL, 0), BASTION_STATUS_OK);
}

uint32_t rig_extend(struct rig *rig, uint32_t index)
{
	struct bastion_cmd_mr_extend in = { .index = htole32(index), .digest = { 1, 2, 3 } };

	return rig_command(rig, BASTION_CMD_MR_EXTEND, &in, sizeof(in));
}
