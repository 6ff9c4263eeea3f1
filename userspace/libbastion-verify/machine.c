// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "json.h"
#include "machine.h"

static const char *const kinds[] = {
	[BV_MACHINE_TPM] = "tpm", [BV_MACHINE_NATIVE] = "native",
};

bool bv_machine_name_ok(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t len = strlen(name);

	return len && len <= BV_MACHINE_NAME_MAX && strspn(name, allowed) == len;
}

int bv_machine_read_name(const json_t *json, const char *name, char *out, struct bv_error *err)
{
	int ret = name ? 0 : bv_json_text(json, "name", BV_MACHINE_NAME_MAX, &name, err);

	if (ret)
		return ret;
	if (!bv_machine_name_ok(name))
		return bv_fail(err, "\"%.80s\" is no name of a machine: [A-Za-z0-9._-], 1 to %d of them",
			       name, BV_MACHINE_NAME_MAX);
	strcpy(out, name);
	return 0;
}

int bv_machine_read_model(const json_t *json, char *out, struct bv_error *err)
{
	const char *model;
	int ret = bv_json_text(json, "model", BV_MACHINE_MODEL_MAX, &model, err);

	if (ret)
		return ret;
	if (!*model || !bv_is_printable((struct bv_span){ (const uint8_t *)model, strlen(model) }))
		return bv_fail(err, "\"model\" is empty, or not printable ASCII");
	strcpy(out, model);
	return 0;
}

/* TPM2B_NAME without its size: the digest has the length that its algorithm says. */
static int read_key(const json_t *json, struct bv_machine *machine, struct bv_error *err)
{
	struct bv_span rest = { machine->ak, 0 };
	uint16_t id = 0;
	int hash, ret;

	ret = bv_json_hex(json, "ak", machine->ak, 2, sizeof(machine->ak), &machine->ak_len, err);
	if (ret)
		return ret;
	rest.len = machine->ak_len;
	bv_take_be16(&rest, &id);
	hash = bv_tpm_hash(id, "\"ak\"", err);
	if (hash < 0)
		return hash;
	if (rest.len != bv_bank_size(hash))
		return bv_fail(err, "\"ak\" is no name of a key: it has %zu bytes of %s", rest.len,
			       bv_bank_name(hash));
	return 0;
}

static int read_kind(const json_t *json, struct bv_machine *machine, struct bv_error *err)
{
	const char *kind;
	int ret = bv_json_text(json, "kind", 16, &kind, err);

	if (ret)
		return ret;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (!strcmp(kind, kinds[i])) {
			machine->kind = i;
			return 0;
		}
	}
	return bv_fail(err, "\"kind\" is neither \"tpm\" nor \"native\"");
}

/* Of a TPM; a native chip's own key signs. */
static int read_keys(const json_t *json, struct bv_machine *machine, struct bv_error *err)
{
	int ret;

	machine->has_ek = json_object_get(json, "ek");
	if (machine->kind == BV_MACHINE_NATIVE)
		return machine->has_ek || json_object_get(json, "ak") ?
		       bv_fail(err, "a native chip has neither \"ak\" nor \"ek\"") : 0;
	ret = read_key(json, machine, err);
	if (!ret && machine->has_ek)
		ret = bv_json_hex(json, "ek", machine->ek, sizeof(machine->ek),
				  sizeof(machine->ek), NULL, err);
	return ret;
}

static int read_machine(const json_t *json, const char *name, struct bv_machine *machine,
			struct bv_error *err)
{
	static const char *const known[] = { "name", "chip", "kind", "model", "ak", "ek", NULL };
	int ret;

	if ((ret = bv_json_only(json, known, "the record", err)) ||
	    (ret = read_kind(json, machine, err)))
		return ret;
	if ((ret = bv_machine_read_name(json, name, machine->name, err)) ||
	    (ret = bv_json_hex(json, "chip", machine->chip_id, BASTION_DIGEST_SIZE,
			       BASTION_DIGEST_SIZE, NULL, err)) ||
	    (ret = bv_machine_read_model(json, machine->model, err)))
		return ret;
	if (bv_is_zero(machine->chip_id, sizeof(machine->chip_id)))
		return bv_fail(err, "\"chip\" is zero");
	return read_keys(json, machine, err);
}

int bv_machine_parse(struct bv_span text, const char *name, struct bv_machine *machine,
		     struct bv_error *err)
{
	json_t *json = bv_json_parse(text, BV_MACHINE_MAX, BV_JSON_FEW, "the record", err);
	int ret;

	memset(machine, 0, sizeof(*machine));
	if (!json)
		return -EBADMSG;
	ret = read_machine(json, name, machine, err);
	json_decref(json);
	if (ret)
		memset(machine, 0, sizeof(*machine));
	return ret;
}

json_t *bv_machine_json(const struct bv_machine *machine)
{
	char chip[2 * BASTION_DIGEST_SIZE + 1], ek[2 * BASTION_DIGEST_SIZE + 1];
	char ak[2 * BV_TPM_NAME_MAX + 1];
	json_t *json;

	bv_hex(chip, sizeof(chip), machine->chip_id, sizeof(machine->chip_id));
	bv_hex(ak, sizeof(ak), machine->ak, machine->ak_len);
	bv_hex(ek, sizeof(ek), machine->ek, sizeof(machine->ek));
	json = json_pack("{s:s, s:s, s:s, s:s}", "name", machine->name, "chip", chip, "kind",
			 kinds[machine->kind], "model", machine->model);
	if (!json || (machine->ak_len && json_object_set_new(json, "ak", json_string(ak))) ||
	    (machine->has_ek && json_object_set_new(json, "ek", json_string(ek)))) {
		json_decref(json);
		return NULL;
	}
	return json;
}

bool bv_machine_has_key(const struct bv_machine *machine, struct bv_span ak)
{
	return ak.len && machine->ak_len == ak.len && !memcmp(machine->ak, ak.data, ak.len);
}

const char *bv_machine_conflict(const struct bv_machine *old, const struct bv_machine *new)
{
	if (!memcmp(old->chip_id, new->chip_id, sizeof(new->chip_id)))
		return "its chip";
	if (bv_machine_has_key(old, (struct bv_span){ new->ak, new->ak_len }))
		return "its attestation key";
	if (old->has_ek && new->has_ek && !memcmp(old->ek, new->ek, sizeof(new->ek)))
		return "its endorsement key";
	if (!strcmp(old->name, new->name))
		return "its name";
	return NULL;
}
