// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"
#include "crypto.h"
#include "json.h"
#include "policy.h"
#include "round.h"

#define LIST_MAX	4096
#define TEXT_MAX	4096
#define FIRMWARE_MAX	32
#define LIFETIME	300		/* unless the policy says otherwise */
#define REGISTER_MASK	0x7u		/* likewise: 0, 1 and 2 */
#define PCR		13		/* likewise, and unless the module is told otherwise */

static int no_memory(struct bv_error *err)
{
	return bv_fail_errno(err, ENOMEM, "reading the policy");
}

static int list_of(const json_t *list, const char *name, struct bv_error *err)
{
	if (!json_is_array(list) || json_array_size(list) > LIST_MAX)
		return bv_fail(err, "policy: \"%s\" is not a list of at most %d", name, LIST_MAX);
	return 0;
}

static int read_digests(const json_t *list, const char *name, struct bv_digests *out,
			struct bv_error *err)
{
	size_t count = json_array_size(list);
	int ret = list_of(list, name, err);

	if (ret)
		return ret;
	out->given = true;
	out->data = calloc(count + 1, BASTION_DIGEST_SIZE);
	if (!out->data)
		return no_memory(err);
	for (size_t i = 0; i < count; i++) {
		const char *hex = json_string_value(json_array_get(list, i));

		if (!hex || bv_unhex(out->data + i * BASTION_DIGEST_SIZE, BASTION_DIGEST_SIZE,
				     BASTION_DIGEST_SIZE, hex) < 0)
			return bv_fail(err, "policy: \"%s\", item %zu is not 48 bytes of lower-case hex",
				       name, i);
	}
	out->count = count;
	return 0;
}

static int read_texts(const json_t *list, const char *name, struct bv_texts *out,
		      struct bv_error *err)
{
	size_t count = json_array_size(list);
	int ret = list_of(list, name, err);

	if (ret)
		return ret;
	out->given = true;
	out->text = calloc(count + 1, sizeof(*out->text));
	if (!out->text)
		return no_memory(err);
	for (size_t i = 0; i < count; i++) {
		const json_t *value = json_array_get(list, i);

		if (!json_is_string(value) || !json_string_length(value) ||
		    json_string_length(value) > TEXT_MAX)
			return bv_fail(err, "policy: \"%s\", item %zu is not a text", name, i);
		out->text[i] = strdup(json_string_value(value));
		if (!out->text[i])
			return no_memory(err);
		out->count++;
	}
	return 0;
}

static int read_bool(const json_t *value, const char *name, bool *out, struct bv_error *err)
{
	if (!json_is_boolean(value))
		return bv_fail(err, "policy: \"%s\" is not true or false", name);
	*out = json_is_true(value);
	return 0;
}

static int read_boot(const json_t *json, struct bv_boot *boot, struct bv_error *err)
{
	static const char *const known[] = {
		"name", "kernel", "initrd", "cmdline", "firmware", NULL
	};
	const size_t size = BASTION_DIGEST_SIZE;
	const char *name, *cmdline;
	int ret;

	if (!json_is_object(json))
		return bv_fail(err, "policy: \"boot\" has an item that is not an object");
	if ((ret = bv_json_only(json, known, "policy: \"boot\"", err)) ||
	    (ret = bv_json_text(json, "name", 64, &name, err)) ||
	    (ret = bv_json_hex(json, "kernel", boot->kernel, size, size, NULL, err)) ||
	    (ret = bv_json_text(json, "cmdline", BV_CMDLINE_MAX, &cmdline, err)))
		return ret;
	boot->has_initrd = json_object_get(json, "initrd");
	if (boot->has_initrd)
		ret = bv_json_hex(json, "initrd", boot->initrd, size, size, NULL, err);
	boot->has_firmware = json_object_get(json, "firmware");
	if (!ret && boot->has_firmware)
		ret = bv_json_hex(json, "firmware", boot->firmware, size, size, NULL, err);
	if (ret)
		return ret;
	boot->name = strdup(name);
	boot->cmdline = strdup(cmdline);
	return boot->name && boot->cmdline ? 0 : no_memory(err);
}

static int read_boots(const json_t *list, struct bv_policy *policy, struct bv_error *err)
{
	int ret = list_of(list, "boot", err);

	if (ret)
		return ret;
	policy->boots = calloc(json_array_size(list) + 1, sizeof(*policy->boots));
	if (!policy->boots)
		return no_memory(err);
	for (size_t i = 0; !ret && i < json_array_size(list); i++)
		ret = read_boot(json_array_get(list, i), &policy->boots[policy->boot_count++], err);
	return ret;
}

static int read_reference(const json_t *json, struct bv_policy *policy, struct bv_error *err)
{
	static const char *const known[] = { "boot", "tpm", NULL };
	const json_t *boot = json_object_get(json, "boot"), *tpm = json_object_get(json, "tpm");
	int ret;

	if (!json_is_object(json))
		return bv_fail(err, "policy: \"reference\" is not an object");
	ret = bv_json_only(json, known, "policy: \"reference\"", err);
	if (!ret && (boot || !tpm))
		ret = read_boots(boot, policy, err);
	if (!ret && tpm)
		ret = bv_tpm_references_read(&policy->tpms, tpm, err);
	return ret;
}

static int read_label(const char *label, char out[BASTION_POLICY_LABEL_MAX + 1],
		      struct bv_error *err)
{
	if (!bv_label_ok(label))
		return bv_fail(err, "policy: \"%.80s\" is no label: [a-z0-9._-], 1 to %d of them",
			       label, BASTION_POLICY_LABEL_MAX);
	strcpy(out, label);
	return 0;
}

/* The kernel refuses a grant that says something twice, or names no verifier. */
static bool destination_ok(const struct bv_permit *permit, const struct bv_destination *new)
{
	static const uint8_t zero[BASTION_DIGEST_SIZE];

	for (const struct bv_destination *old = permit->rebinds; old < new; old++)
		if (!memcmp(old->verifier, new->verifier, sizeof(new->verifier)) &&
		    !strcmp(old->label, new->label))
			return false;
	return memcmp(new->verifier, zero, sizeof(zero));
}

static int read_destination(const json_t *json, struct bv_destination *dest, struct bv_error *err)
{
	static const char *const known[] = { "verifier", "policy", NULL };
	const size_t size = BASTION_DIGEST_SIZE;
	const char *label;
	int ret;

	if (!json_is_object(json))
		return bv_fail(err, "policy: \"rebind\" has an item that is not an object");
	if ((ret = bv_json_only(json, known, "policy: \"rebind\"", err)) ||
	    (ret = bv_json_hex(json, "verifier", dest->verifier, size, size, NULL, err)) ||
	    (ret = bv_json_text(json, "policy", BASTION_POLICY_LABEL_MAX, &label, err)))
		return ret;
	return read_label(label, dest->label, err);
}

static int read_rebinds(const json_t *list, struct bv_permit *permit, struct bv_error *err)
{
	if (!json_is_array(list) || json_array_size(list) > BASTION_GRANT_ENTRIES_MAX)
		return bv_fail(err, "policy: \"rebind\" is not a list of at most %d",
			       BASTION_GRANT_ENTRIES_MAX);
	permit->rebinds = calloc(json_array_size(list) + 1, sizeof(*permit->rebinds));
	if (!permit->rebinds)
		return no_memory(err);
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct bv_destination *dest = &permit->rebinds[permit->rebind_count++];
		int ret = read_destination(json_array_get(list, i), dest, err);

		if (ret)
			return ret;
		if (!destination_ok(permit, dest))
			return bv_fail(err, "policy: \"policies\", %s: \"rebind\", item %zu is there "
				       "already, or its verifier is zero", permit->label, i);
	}
	return 0;
}

static int read_executable(const json_t *exe, struct bv_permit *permit, struct bv_error *err)
{
	const char *text = json_string_value(exe);

	permit->has_executable = true;
	if (permit->release && text && !strncmp(text, "sha256:", 7) &&
	    bv_unhex(permit->executable, BASTION_EXE_SIZE, BASTION_EXE_SIZE, text + 7) >= 0 &&
	    !bv_is_zero(permit->executable, BASTION_EXE_SIZE))
		return 0;
	return bv_fail(err, "policy: \"policies\", %s: \"executable\" is not sha256: and 32 "
		       "bytes of lower-case hex, not all zero, with release", permit->label);
}

static int read_permit(const char *label, const json_t *json, struct bv_permit *permit,
		       struct bv_error *err)
{
	static const char *const known[] = { "create", "release", "executable", "rebind", NULL };
	const json_t *exe = json_object_get(json, "executable");
	const json_t *rebind = json_object_get(json, "rebind");
	int ret = read_label(label, permit->label, err);

	if (ret)
		return ret;
	if (!json_is_object(json))
		return bv_fail(err, "policy: \"policies\", %s is not an object", label);
	ret = bv_json_only(json, known, "policy: \"policies\"", err);
	if (!ret && json_object_get(json, "create"))
		ret = read_bool(json_object_get(json, "create"), "create", &permit->create, err);
	if (!ret && json_object_get(json, "release"))
		ret = read_bool(json_object_get(json, "release"), "release", &permit->release, err);
	if (!ret && rebind)
		ret = read_rebinds(rebind, permit, err);
	if (ret)
		return ret;
	if (!permit->create && !permit->release && !permit->rebind_count)
		return bv_fail(err, "policy: \"policies\", %s allows neither create nor release nor "
			       "rebind", label);
	return exe ? read_executable(exe, permit, err) : 0;
}

static int read_policies(const json_t *json, struct bv_policy *policy, struct bv_error *err)
{
	size_t entries = 0;
	const char *label;
	json_t *value;
	int ret;

	if (!json_is_object(json))
		return bv_fail(err, "policy: \"policies\" is not an object");
	policy->permits = calloc(json_object_size(json) + 1, sizeof(*policy->permits));
	if (!policy->permits)
		return no_memory(err);
	json_object_foreach((json_t *)json, label, value) {
		struct bv_permit *permit = &policy->permits[policy->permit_count++];

		ret = read_permit(label, value, permit, err);
		if (ret)
			return ret;
		entries += permit->create + permit->release + permit->rebind_count;
	}
	if (entries > BASTION_GRANT_ENTRIES_MAX)
		return bv_fail(err, "policy: \"policies\" allows %zu things, counting each \"create\", "
			       "\"release\" and item of \"rebind\": a grant has room for %d",
			       entries, BASTION_GRANT_ENTRIES_MAX);
	return 0;
}

static int read_registers(const json_t *json, struct bv_policy *policy, struct bv_error *err)
{
	const char *key;
	json_t *value;

	if (!json_is_object(json))
		return bv_fail(err, "policy: \"registers\" is not an object");
	json_object_foreach((json_t *)json, key, value) {
		int index = key[0] - '0', ret;

		if (strlen(key) != 1 || index < 0 || index >= BASTION_MR_COUNT ||
		    !(BASTION_MASKABLE & (1u << index)))
			return bv_fail(err, "policy: \"registers\", \"%.16s\" is not one of 0, 1, 2, 5, "
				       "6, 7: registers 3 and 4 grow with use", key);
		ret = read_digests(value, "registers", &policy->registers[index], err);
		if (ret)
			return ret;
	}
	return 0;
}

static int read_mask(const json_t *list, struct bv_policy *policy, struct bv_error *err)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *value = json_array_get(list, i);
		json_int_t index = json_is_integer(value) ? json_integer_value(value) : -1;

		if (index < 0 || index >= BASTION_MR_COUNT || !(BASTION_MASKABLE & (1u << index)) ||
		    mask & (1u << index))
			return bv_fail(err, "policy: \"register_mask\" names each of 0, 1, 2, 5, 6, 7 at "
				       "most once; registers 3 and 4 grow with use");
		mask |= 1u << index;
	}
	if (!mask)
		return bv_fail(err, "policy: \"register_mask\" must name a register, or grants would "
			       "outlive what was measured");
	policy->register_mask = mask;
	return 0;
}

static int read_numbers(const json_t *json, struct bv_policy *policy, struct bv_error *err)
{
	int64_t number;
	int ret;

	policy->lifetime = LIFETIME;
	if (json_object_get(json, "lifetime")) {
		ret = bv_json_number(json, "lifetime", 1, BASTION_GRANT_LIFETIME_MAX, &number, err);
		if (ret)
			return ret;
		policy->lifetime = number;
	}
	if (json_object_get(json, "svn_min")) {
		ret = bv_json_number(json, "svn_min", 0, UINT32_MAX, &number, err);
		if (ret)
			return ret;
		policy->has_svn_min = true;
		policy->svn_min = number;
	}
	policy->pcr = PCR;
	if (json_object_get(json, "pcr")) {
		/* Those below are what register 0 is made of, and IMA's. */
		ret = bv_json_number(json, "pcr", BV_IMA_PCR + 1, 15, &number, err);
		if (ret)
			return ret;
		policy->pcr = number;
	}
	return 0;
}

static int check_version(const json_t *value, struct bv_error *err)
{
	const char *version = json_string_value(value);
	int order;

	if (!version || json_string_length(value) > FIRMWARE_MAX ||
	    bv_version_compare(version, version, &order))
		return bv_fail(err, "policy: \"firmware_min\" is not numbers with dots between them");
	return 0;
}

/* One version for the only model; else one for each, since every maker counts in his own way. */
static int read_firmware(const json_t *value, struct bv_policy *policy, struct bv_error *err)
{
	const char *model;
	const json_t *version;
	int ret = 0;

	if (!json_is_object(value) && policy->models.count > 1)
		return bv_fail(err, "policy: \"firmware_min\" is one version, and there are several "
			       "\"models\", whose versions are not to be compared: say it of each, "
			       "{\"MODEL\": \"1.2.0\"}");
	policy->firmware_min = json_is_object(value) ? json_deep_copy(value) :
			       json_pack("{s:O}", policy->models.text[0], value);
	if (!policy->firmware_min)
		return no_memory(err);
	json_object_foreach((json_t *)policy->firmware_min, model, version) {
		if (!bv_texts_has(&policy->models, (struct bv_span){ (const uint8_t *)model, strlen(model) }))
			return bv_fail(err, "policy: \"firmware_min\" has a model that is not in \"models\"");
		ret = check_version(version, err);
		if (ret)
			break;
	}
	return ret;
}

const char *bv_policy_firmware(const struct bv_policy *policy, const char *model)
{
	return json_string_value(json_object_get(policy->firmware_min, model));
}

static int read_lists(const json_t *json, struct bv_policy *policy, struct bv_error *err)
{
	const struct {
		const char *name;
		struct bv_digests *digests;
		struct bv_texts *texts;
	} lists[] = {
		{ "roots", NULL, &policy->root_files },
		{ "models", NULL, &policy->models },
		{ "modules", NULL, &policy->modules },
		{ "platforms", NULL, &policy->platforms },
		{ "parameters", NULL, &policy->parameters },
		{ "revoked_chips", &policy->revoked_chips, NULL },
		{ "chips", &policy->chips, NULL },
		{ "verifiers", &policy->verifiers, NULL },
	};
	const json_t *tpm;
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(lists) / sizeof(*lists); i++) {
		const json_t *list = json_object_get(json, lists[i].name);

		if (list && lists[i].texts)
			ret = read_texts(list, lists[i].name, lists[i].texts, err);
		else if (list)
			ret = read_digests(list, lists[i].name, lists[i].digests, err);
	}
	if (ret)
		return ret;
	/* Without them no chip is genuine but TPMs that were enrolled. */
	tpm = json_object_get(json_object_get(json, "reference"), "tpm");
	if (!policy->root_files.count && (policy->root_files.given || !tpm))
		return bv_fail(err, "policy: \"roots\" must name a file with root certificates");
	if (!policy->models.count)
		return bv_fail(err, "policy: \"models\" must name a model");
	return 0;
}

static int read_ima(const json_t *json, struct bv_policy *policy, struct bv_error *err)
{
	return bv_rule_read(&policy->ima, "ima", json, true, err);
}

static int read_executables(const json_t *json, struct bv_policy *policy, struct bv_error *err)
{
	return bv_rule_read(&policy->executables, "executables", json, false, err);
}

static int read_policy(const json_t *json, struct bv_policy *policy, struct bv_error *err)
{
	static const char *const known[] = {
		"roots", "models", "firmware_min", "svn_min", "allow_debug", "revoked_chips",
		"chips", "reference", "modules", "platforms", "parameters", "verifiers", "registers",
		"lifetime", "register_mask", "accept_warning", "policies", "ima", "executables", "pcr", NULL
	};
	static const struct {
		const char *name;
		int (*read)(const json_t *json, struct bv_policy *policy, struct bv_error *err);
	} members[] = {
		{ "firmware_min", read_firmware },
		{ "reference", read_reference },
		{ "registers", read_registers },
		{ "register_mask", read_mask },
		{ "policies", read_policies },
		{ "ima", read_ima },
		{ "executables", read_executables },
	};
	const json_t *value;
	int ret;

	policy->register_mask = REGISTER_MASK;
	if ((ret = bv_json_only(json, known, "policy", err)) ||
	    (ret = read_lists(json, policy, err)) || (ret = read_numbers(json, policy, err)))
		return ret;
	value = json_object_get(json, "allow_debug");
	if (value && (ret = read_bool(value, "allow_debug", &policy->allow_debug, err)))
		return ret;
	value = json_object_get(json, "accept_warning");
	if (value && (ret = read_bool(value, "accept_warning", &policy->accept_warning, err)))
		return ret;
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		value = json_object_get(json, members[i].name);
		if (value && (ret = members[i].read(value, policy, err)))
			return ret;
	}
	return 0;
}

struct bv_policy *bv_policy_parse(struct bv_span text, struct bv_error *err)
{
	struct bv_policy *policy = calloc(1, sizeof(*policy));
	json_t *json = bv_json_parse(text, BV_POLICY_MAX, BV_POLICY_VALUES, "the policy", err);
	int ret = json ? 0 : -EBADMSG;

	if (!policy || !(policy->roots = sk_X509_new_null()))
		ret = no_memory(err);
	if (!ret)
		ret = read_policy(json, policy, err);
	if (!ret && bv_sha384(policy->id, &text, 1))
		ret = bv_fail_errno(err, EIO, "hashing the policy");
	json_decref(json);
	if (!ret)
		return policy;
	bv_policy_free(policy);
	return NULL;
}

int bv_policy_add_roots(struct bv_policy *policy, struct bv_span pem, struct bv_error *err)
{
	int before = sk_X509_num(policy->roots), ret = bv_roots_add(policy->roots, pem, err);

	if (ret < 0)
		return ret;
	for (int i = before; i < sk_X509_num(policy->roots); i++) {
		uint8_t digest[EVP_MAX_MD_SIZE];
		unsigned int len;
		struct bv_span parts[] = { BV_SPAN(policy->id), { digest, BASTION_DIGEST_SIZE } };

		if (!X509_digest(sk_X509_value(policy->roots, i), EVP_sha384(), digest, &len) ||
		    bv_sha384(policy->id, parts, 2))
			return bv_fail_errno(err, EIO, "hashing a root certificate");
	}
	return 0;
}

int bv_policy_add_references(struct bv_policy *policy, struct bv_rule *rule, struct bv_span text,
			     struct bv_error *err)
{
	int ret = bv_references_add(rule->references, text, err);
	uint8_t digest[BASTION_DIGEST_SIZE];
	struct bv_span parts[] = { BV_SPAN(policy->id), BV_SPAN(digest) };

	if (ret)
		return ret;
	if (bv_sha384(digest, &text, 1) || bv_sha384(policy->id, parts, 2))
		return bv_fail_errno(err, EIO, "hashing reference values");
	return 0;
}

static void free_texts(struct bv_texts *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->text[i]);
	free(list->text);
}

void bv_policy_free(struct bv_policy *policy)
{
	if (!policy)
		return;
	free_texts(&policy->root_files);
	free_texts(&policy->models);
	free_texts(&policy->modules);
	free_texts(&policy->platforms);
	free_texts(&policy->parameters);
	free(policy->revoked_chips.data);
	free(policy->chips.data);
	free(policy->verifiers.data);
	for (int i = 0; i < BASTION_MR_COUNT; i++)
		free(policy->registers[i].data);
	for (size_t i = 0; i < policy->boot_count; i++) {
		free(policy->boots[i].name);
		free(policy->boots[i].cmdline);
	}
	free(policy->boots);
	bv_tpm_references_exit(&policy->tpms);
	for (size_t i = 0; i < policy->permit_count; i++)
		free(policy->permits[i].rebinds);
	free(policy->permits);
	json_decref(policy->firmware_min);
	bv_rule_exit(&policy->ima);
	bv_rule_exit(&policy->executables);
	sk_X509_pop_free(policy->roots, X509_free);
	free(policy);
}

bool bv_digests_has(const struct bv_digests *list, const uint8_t *value, size_t size)
{
	for (size_t i = 0; i < list->count; i++)
		if (!memcmp(list->data + i * size, value, size))
			return true;
	return false;
}

bool bv_policy_revokes(const struct bv_policy *policy, const uint8_t chip_id[BASTION_DIGEST_SIZE])
{
	return bv_digests_has(&policy->revoked_chips, chip_id, BASTION_DIGEST_SIZE);
}

bool bv_policy_knows(const struct bv_policy *policy, const uint8_t chip_id[BASTION_DIGEST_SIZE])
{
	return !policy->chips.given || bv_digests_has(&policy->chips, chip_id, BASTION_DIGEST_SIZE);
}

bool bv_texts_has(const struct bv_texts *list, struct bv_span text)
{
	for (size_t i = 0; i < list->count; i++)
		if (bv_span_is(text, list->text[i]))
			return true;
	return false;
}

static int parse_version(const char *text, uint32_t out[4])
{
	int count = 0;

	memset(out, 0, 4 * sizeof(*out));
	for (;;) {
		uint64_t number = 0;
		size_t digits = strspn(text, "0123456789");

		if (!digits || digits > 10 || count == 4)
			return -EINVAL;
		for (size_t i = 0; i < digits; i++)
			number = number * 10 + (text[i] - '0');
		if (number > UINT32_MAX)
			return -EINVAL;
		out[count++] = number;
		text += digits;
		if (!*text)
			return 0;
		if (*text++ != '.')
			return -EINVAL;
	}
}

int bv_version_compare(const char *a, const char *b, int *order)
{
	uint32_t left[4], right[4];

	if (parse_version(a, left) || parse_version(b, right))
		return -EINVAL;
	*order = 0;
	for (int i = 0; i < 4 && !*order; i++)
		*order = (left[i] > right[i]) - (left[i] < right[i]);
	return 0;
}
