// SPDX-License-Identifier: GPL-2.0
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include <bastion/blob.h>

#include "bastion-chip/audit.h"
#include "bastion-chip/bytes.h"
#include "bastion-chip/engine.h"
#include "bastion-chip/hash.h"

int chip_audit_open(struct chip_audit *audit, const char *path)
{
	memset(audit, 0, sizeof(*audit));
	if (!path)
		return 0;
	audit->file = fopen(path, "a+e");
	if (!audit->file)
		return -errno;
	/* What a full disk has cut off is a line of its own. */
	if (!fseek(audit->file, -1, SEEK_END) && fgetc(audit->file) != '\n' &&
	    !fseek(audit->file, 0, SEEK_END))
		fputc('\n', audit->file);
	fseek(audit->file, 0, SEEK_END);
	return 0;
}

void chip_audit_close(struct chip_audit *audit)
{
	if (audit->file)
		fclose(audit->file);
	memset(audit, 0, sizeof(*audit));
}

static uint64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

/*
 * Flushed at once: what was answered is in the log, even if this process is killed. What cannot be in
 * it is not answered: the chip loses its power.
 */
static void write_line(struct chip_audit *audit, json_t *line)
{
	if (audit->file &&
	    (json_dumpf(line, audit->file, JSON_COMPACT | JSON_PRESERVE_ORDER) ||
	     fputc('\n', audit->file) == EOF || fflush(audit->file))) {
		fprintf(stderr, "bastion-chip: the audit log: %s: the chip stops\n", strerror(errno));
		_exit(EXIT_FAILURE);
	}
	json_decref(line);
	audit->lines++;
}

static json_t *new_line(const struct chip_audit *audit, const char *event, uint64_t boot_count)
{
	return json_pack("{s:I, s:I, s:s, s:I}", "seq", (json_int_t)audit->lines, "ms",
			 (json_int_t)monotonic_ms(), "event", event, "boot_count",
			 (json_int_t)boot_count);
}

static void set_hex(json_t *line, const char *name, const void *data, size_t len)
{
	char hex[2 * 64 + 1];

	chip_hex(data, len, hex);
	json_object_set_new(line, name, json_string(hex));
}

/* A number that has no name is itself. */
static void set_name(json_t *line, const char *field, const char *name, uint32_t number)
{
	json_object_set_new(line, field, name ? json_string(name) : json_integer(number));
}

static const struct chip_audit_grant *ledger_find(const struct chip_audit *audit,
						  const uint8_t token_hash[BASTION_DIGEST_SIZE],
						  const uint8_t verifier[BASTION_DIGEST_SIZE],
						  uint64_t now_ms)
{
	const struct chip_audit_grant *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(audit->ledger); i++) {
		const struct chip_audit_grant *grant = &audit->ledger[i];

		if (!grant->live || now_ms >= grant->expires_ms ||
		    memcmp(grant->token_hash, token_hash, BASTION_DIGEST_SIZE))
			continue;
		if (!found || !memcmp(grant->verifier, verifier, BASTION_DIGEST_SIZE))
			found = grant;
	}
	return found;
}

static void ledger_add(struct chip_audit *audit, const struct bastion_grant *grant,
		       const uint8_t *entries, uint64_t now_ms)
{
	struct chip_audit_grant *place = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(audit->ledger); i++) {
		struct chip_audit_grant *here = &audit->ledger[i];

		if (here->live &&
		    !memcmp(here->verifier, grant->verifier, sizeof(here->verifier))) {
			place = here;
			break;
		}
		if (!here->live || now_ms >= here->expires_ms)
			place = here;
	}
	if (!place)
		return;
	place->live = true;
	place->register_mask = le32toh(grant->register_mask);
	place->expires_ms = now_ms + 1000ull * le32toh(grant->lifetime);
	memcpy(place->verifier, grant->verifier, sizeof(place->verifier));
	memcpy(place->token_hash, grant->token_hash, sizeof(place->token_hash));
	place->entry_count = le32toh(grant->entry_count);
	memcpy(place->entries, entries, place->entry_count * sizeof(place->entries[0]));
}

/*
 * Whether there is an entry of this kind for @header, to the destination in @want if any, and for
 * @executable if it is for one only.
 */
static bool ledger_allows(const struct chip_audit_grant *grant, uint32_t kind,
			  const struct bastion_blob_header *header,
			  const struct bastion_blob_header *want, const uint8_t *executable)
{
	if (!grant || memcmp(grant->verifier, header->verifier, sizeof(grant->verifier)))
		return false;
	for (uint32_t i = 0; i < grant->entry_count; i++) {
		const struct bastion_grant_entry *entry = &grant->entries[i];

		if (le32toh(entry->kind) != kind ||
		    memcmp(entry->policy, header->policy, sizeof(entry->policy)))
			continue;
		if (le32toh(entry->flags) & BASTION_GRANT_EXECUTABLE &&
		    (!executable ||
		     memcmp(entry->executable, executable, sizeof(entry->executable))))
			continue;
		if (!want ||
		    (!memcmp(entry->dest_verifier, want->verifier, sizeof(want->verifier)) &&
		     !memcmp(entry->dest_policy, want->policy, sizeof(want->policy))))
			return true;
	}
	return false;
}

static void ledger_extended(struct chip_audit *audit, uint32_t index)
{
	for (size_t i = 0; i < ARRAY_SIZE(audit->ledger); i++)
		if (index < BASTION_MR_COUNT && audit->ledger[i].register_mask & (1u << index))
			audit->ledger[i].live = false;
}

void chip_audit_forget(struct chip_audit *audit)
{
	memset(audit->ledger, 0, sizeof(audit->ledger));
}

static void audit_grant(struct chip_audit *audit, const struct chip_audit_command *command,
			json_t *line)
{
	const uint8_t *bytes = command->in + sizeof(struct bastion_cmd_grant);
	uint8_t digest[BASTION_DIGEST_SIZE];
	struct bastion_grant grant;

	if (command->in_len < sizeof(struct bastion_cmd_grant) + BASTION_GRANT_SIZE(1))
		return;
	memcpy(&grant, bytes, sizeof(grant));
	chip_sha384(digest, { bytes, command->in_len - sizeof(struct bastion_cmd_grant) });
	set_hex(line, "grant_digest", digest, sizeof(digest));
	set_hex(line, "grant_verifier", grant.verifier, sizeof(grant.verifier));
	set_hex(line, "token_hash", grant.token_hash, sizeof(grant.token_hash));
	json_object_set_new(line, "lifetime", json_integer(le32toh(grant.lifetime)));
	json_object_set_new(line, "register_mask", json_integer(le32toh(grant.register_mask)));
	json_object_set_new(line, "entries", json_integer(le32toh(grant.entry_count)));
	if (command->honest == BASTION_STATUS_OK)
		ledger_add(audit, &grant, bytes + sizeof(grant), command->now_ms);
}

/* What the log says of the key that a header describes. */
static void set_key(json_t *line, const struct bastion_blob_header *header)
{
	static const char *const kinds[] = { [BASTION_KIND_SECRET] = "secret",
					     [BASTION_KIND_DERIVED] = "derived",
					     [BASTION_KIND_P384] = "p384" };
	uint16_t kind = le16toh(header->kind);
	char name[BASTION_NAME_SIZE] = "";

	for (size_t i = 0; i < sizeof(name) - 1; i++) {
		if (header->name[i] <= ' ' || header->name[i] > '~')
			break;
		name[i] = header->name[i];
	}
	json_object_set_new(line, "name", json_string(name));
	set_name(line, "kind", kind < ARRAY_SIZE(kinds) ? kinds[kind] : NULL, kind);
	set_hex(line, "policy", header->policy, sizeof(header->policy));
	set_hex(line, "verifier", header->verifier, sizeof(header->verifier));
	if (!header->counter_index)
		return;
	json_object_set_new(line, "counter", json_integer(le32toh(header->counter_index)));
	json_object_set_new(line, "counter_value", json_integer(le64toh(header->counter_value)));
}

/*
 * What needs a grant begins with a token. The key's header comes after @front bytes;
 * in a REBIND it is the second, and the first, @want, is what it shall be. @executable: who
 * asks, within those bytes, or NULL.
 */
static void audit_gated(struct chip_audit *audit, const struct chip_audit_command *command,
			uint32_t kind, size_t front, const uint8_t *executable, json_t *line)
{
	bool rebind = kind == BASTION_GRANT_REBIND, granted;
	struct bastion_blob_header want = { .version = 0 }, header;
	const struct chip_audit_grant *grant;
	uint8_t hash[BASTION_DIGEST_SIZE];

	if (command->in_len < front + (rebind ? sizeof(want) : 0) + sizeof(header))
		return;
	if (rebind) {
		memcpy(&want, command->in + front, sizeof(want));
		front += sizeof(want);
	}
	memcpy(&header, command->in + front, sizeof(header));
	chip_sha384(hash, { command->in, BASTION_TOKEN_SIZE });
	grant = ledger_find(audit, hash, header.verifier, command->now_ms);
	granted = ledger_allows(grant, kind, &header, rebind ? &want : NULL, executable);
	set_key(line, &header);
	if (rebind) {
		set_hex(line, "dest_policy", want.policy, sizeof(want.policy));
		set_hex(line, "dest_verifier", want.verifier, sizeof(want.verifier));
	}
	set_hex(line, "token_hash", hash, sizeof(hash));
	json_object_set_new(line, "grant_live", json_boolean(grant));
	json_object_set_new(line, "granted", json_boolean(granted));
	if (grant)
		set_hex(line, "grant_verifier", grant->verifier, sizeof(grant->verifier));
	else
		json_object_set_new(line, "grant_verifier", json_null());
	if (command->status == BASTION_STATUS_OK) {
		audit->released++;
		audit->ungranted += !granted;
	}
}

static void audit_extend(struct chip_audit *audit, const struct chip_audit_command *command,
			 json_t *line)
{
	struct bastion_cmd_mr_extend in;

	if (command->in_len != sizeof(in))
		return;
	memcpy(&in, command->in, sizeof(in));
	json_object_set_new(line, "register", json_integer(le32toh(in.index)));
	set_hex(line, "digest", in.digest, sizeof(in.digest));
	if (command->honest == BASTION_STATUS_OK)
		ledger_extended(audit, le32toh(in.index));
}

static void set_faults(json_t *line, const struct chip_fault_set *faults)
{
	json_t *names;

	if (!faults->kinds)
		return;
	names = json_array();
	for (unsigned int kind = 0; kind < CHIP_FAULT_KINDS; kind++)
		if (chip_fault_has(faults, kind))
			json_array_append_new(names, json_string(chip_fault_name(kind)));
	json_object_set_new(line, "faults", names);
}

void chip_audit_command(struct chip_audit *audit, const struct chip_audit_command *command)
{
	json_t *line = new_line(audit, "command", command->boot_count);

	audit->commands++;
	json_object_set_new(line, "slot", json_integer(command->slot));
	set_name(line, "opcode", chip_command_name(command->opcode), command->opcode);
	set_name(line, "status", chip_status_name(command->status), command->status);
	if (command->honest != command->status)
		set_name(line, "honest_status", chip_status_name(command->honest),
			 command->honest);
	set_faults(line, command->faults);
	switch (command->opcode) {
	case BASTION_CMD_GRANT:
		audit_grant(audit, command, line);
		break;
	case BASTION_CMD_SEAL:
		audit_gated(audit, command, BASTION_GRANT_CREATE, sizeof(struct bastion_cmd_seal),
			    NULL, line);
		break;
	case BASTION_CMD_UNSEAL:
		audit_gated(audit, command, BASTION_GRANT_RELEASE,
			    sizeof(struct bastion_cmd_unseal),
			    command->in + offsetof(struct bastion_cmd_unseal, executable), line);
		break;
	case BASTION_CMD_SIGN:
		audit_gated(audit, command, BASTION_GRANT_RELEASE, sizeof(struct bastion_cmd_sign),
			    command->in + offsetof(struct bastion_cmd_sign, executable), line);
		break;
	case BASTION_CMD_REBIND:
		audit_gated(audit, command, BASTION_GRANT_REBIND,
			    sizeof(struct bastion_cmd_rebind), NULL, line);
		break;
	case BASTION_CMD_MR_EXTEND:
		audit_extend(audit, command, line);
		break;
	case BASTION_CMD_RELOCK:
		chip_audit_forget(audit);
		break;
	case BASTION_CMD_SELF_TEST:
		json_object_set_new(line, "failed_tests", json_integer(command->failed_tests));
		if (command->honest != BASTION_STATUS_OK)
			chip_audit_forget(audit);
		break;
	}
	write_line(audit, line);
}

void chip_audit_event(struct chip_audit *audit, const char *event, uint64_t boot_count,
		      const char *detail)
{
	json_t *line = new_line(audit, event, boot_count);

	if (detail)
		json_object_set_new(line, "detail", json_string(detail));
	write_line(audit, line);
}
