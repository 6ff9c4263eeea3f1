// SPDX-License-Identifier: GPL-2.0
/*
 * The key type "bastion". Its payload is the sealed blob and never the secret.
 *
 * Chip work is done in preparse, where no lock of the key service is held. It
 * comes before the keyring's permission check, so without a grant it refuses at
 * once, and with one it costs its caller a place in the log.
 */
#include <linux/cred.h>
#include <linux/key-type.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "blob.h"
#include "crypto.h"
#include "gate.h"
#include "grant_parse.h"
#include "key.h"
#include "key_parse.h"
#include "measure.h"

struct payload {
	size_t len;
	u8 blob[];
};

static struct payload *payload_alloc(size_t len)
{
	struct payload *payload = kmalloc(struct_size(payload, blob, len), GFP_KERNEL_ACCOUNT);

	if (payload)
		payload->len = len;
	return payload;
}

/* Making a new one */

static int owner_of(const struct bastion_key_args *args, u32 *owner)
{
	*owner = from_kuid(&init_user_ns, current_fsuid());
	if (!args->has_owner || args->owner == *owner)
		return 0;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	*owner = args->owner;
	return 0;
}

static int registers_digest(struct bastion_chip *chip, u32 mask, u8 *digest)
{
	u8 values[BASTION_MR_COUNT][BASTION_DIGEST_SIZE];
	int ret;

	if (!mask)
		return 0;
	ret = chip->ops->mr_read(chip, mask, values);
	if (ret)
		return ret;
	return bastion_registers_digest(mask, values, digest);
}

static int fill_header(struct bastion_chip *chip, const struct bastion_key_args *args,
		       const char *name, struct bastion_blob_header *header)
{
	u32 owner;
	int ret;

	ret = owner_of(args, &owner);
	if (ret)
		return ret;
	memset(header, 0, sizeof(*header));
	memcpy(header->magic, BASTION_BLOB_MAGIC, sizeof(header->magic));
	header->version = cpu_to_le16(BASTION_BLOB_VERSION);
	header->kind = cpu_to_le16(BASTION_KIND_SECRET);
	memcpy(header->verifier, args->verifier, sizeof(header->verifier));
	memcpy(header->name, name, strlen(name));
	header->owner = cpu_to_le32(owner);
	header->types = cpu_to_le32(args->types);
	header->min_svn = cpu_to_le32(READ_ONCE(chip->info.svn));
	header->register_mask = cpu_to_le32(args->register_mask);
	header->secret_len = cpu_to_le32(args->secret_len);
	if (args->has_executable) {
		header->flags = cpu_to_le32(BASTION_BLOB_EXECUTABLE);
		memcpy(header->executable, args->executable, sizeof(header->executable));
	}
	return bastion_policy_reference(chip->info.id, args->policy, header->policy);
}

/* The chip's answer must be what was asked for; only id and salt are its own. */
static int check_sealed(struct bastion_chip *chip, const struct bastion_blob_header *want,
			const u8 *blob, size_t len, struct bastion_blob_header *got)
{
	struct bastion_blob_header expected = *want;
	struct bastion_blob_view view;

	if (bastion_blob_parse(blob, len, &view))
		return -EIO;
	memcpy(expected.chip_id, chip->info.id, sizeof(expected.chip_id));
	memcpy(expected.salt, view.header.salt, sizeof(expected.salt));
	if (memcmp(&expected, &view.header, sizeof(expected)))
		return -EIO;
	*got = view.header;
	return 0;
}

static ssize_t seal(struct bastion_chip *chip, struct bastion_grant_live *grant,
		    const struct bastion_blob_header *want, u8 *blob)
{
	struct bastion_gate *gate = chip->gate;
	u8 token[BASTION_TOKEN_SIZE];
	ssize_t ret;

	down_read(&gate->exchange);
	ret = bastion_gate_token(gate, grant, token);
	if (!ret) {
		ret = chip->ops->seal(chip, token, want, NULL, blob, BASTION_BLOB_MAX);
		memzero_explicit(token, sizeof(token));
	}
	up_read(&gate->exchange);
	if (ret < 0)
		ret = bastion_gate_chip_said(gate, grant, ret);
	/* Somebody renewed the grant just now: the caller may try again. */
	return ret == -ERESTART ? -EAGAIN : ret;
}

static int make_under(struct bastion_chip *chip, struct bastion_grant_live *grant,
		      struct bastion_blob_header *want, struct payload *payload)
{
	struct bastion_blob_header header;
	ssize_t len;
	int ret;

	ret = registers_digest(chip, le32_to_cpu(want->register_mask), want->register_digest);
	if (ret)
		return ret;
	len = seal(chip, grant, want, payload->blob);
	if (len < 0)
		return len;
	payload->len = len;
	ret = check_sealed(chip, want, payload->blob, len, &header);
	if (ret)
		return ret;
	return bastion_measure_key(chip, current_fsuid(), &header);
}

static int make_in(struct bastion_chip *chip, const struct bastion_key_args *args,
		   const char *name, struct payload *payload)
{
	struct bastion_grant_live *grant;
	struct bastion_blob_header want;
	int ret;

	ret = fill_header(chip, args, name, &want);
	if (ret)
		return ret;
	ret = bastion_gate_wait(chip->gate, want.verifier, BASTION_GRANT_CREATE, want.policy, 0,
				&grant);
	if (ret)
		return ret;
	ret = bastion_chip_get_ops(chip);
	if (!ret) {
		ret = make_under(chip, grant, &want, payload);
		bastion_chip_put_ops(chip);
	}
	bastion_grant_put(grant);
	return ret;
}

static struct payload *make(const struct bastion_key_args *args, const char *name)
{
	struct bastion_chip *chip;
	struct payload *payload;
	int ret;

	chip = bastion_chip_default();
	if (!chip)
		return ERR_PTR(-ENODEV);
	payload = payload_alloc(BASTION_BLOB_MAX);
	ret = payload ? make_in(chip, args, name, payload) : -ENOMEM;
	bastion_chip_put(chip);
	if (ret) {
		kfree(payload);
		return ERR_PTR(ret);
	}
	return payload;
}

/* Loading one that exists */

static struct payload *load(const struct bastion_key_args *args, const char *name)
{
	struct bastion_blob_view view;
	struct payload *payload;
	int ret;

	if (args->hex_len % 2 || args->hex_len / 2 > BASTION_BLOB_MAX)
		return ERR_PTR(-EBADMSG);
	payload = payload_alloc(args->hex_len / 2);
	if (!payload)
		return ERR_PTR(-ENOMEM);
	ret = -EBADMSG;
	if (!hex2bin(payload->blob, args->hex, payload->len))
		ret = bastion_blob_parse(payload->blob, payload->len, &view);
	/* The name is sealed in: one key of an owner's cannot pass for another. */
	if (!ret && strcmp(name, view.header.name))
		ret = -EKEYREJECTED;
	if (ret) {
		kfree(payload);
		return ERR_PTR(ret);
	}
	return payload;
}

/* The key type */

static int vet_description(const char *description)
{
	return bastion_name_valid(description, strlen(description)) ? 0 : -EINVAL;
}

static int preparse(struct key_preparsed_payload *prep)
{
	const char *name = prep->orig_description;
	struct bastion_key_args args;
	struct payload *payload;
	int ret;

	if (!name || vet_description(name) || !prep->data)
		return -EINVAL;
	ret = bastion_key_parse(prep->data, prep->datalen, &args);
	if (ret)
		return ret;
	payload = args.verb == BASTION_KEY_NEW ? make(&args, name) : load(&args, name);
	if (IS_ERR(payload))
		return PTR_ERR(payload);
	prep->payload.data[0] = payload;
	prep->quotalen = payload->len;
	return 0;
}

static void free_preparse(struct key_preparsed_payload *prep)
{
	kfree(prep->payload.data[0]);
}

/* What a key is never changes. */
static int update(struct key *key, struct key_preparsed_payload *prep)
{
	return -EEXIST;
}

static void destroy(struct key *key)
{
	kfree(key->payload.data[0]);
}

static void describe(const struct key *key, struct seq_file *m)
{
	const struct payload *payload;
	struct bastion_blob_view view;

	seq_puts(m, key->description);
	if (!key_is_positive(key))
		return;
	payload = key->payload.data[0];
	if (bastion_blob_parse(payload->blob, payload->len, &view))
		return;
	seq_printf(m, ": secret %u chip=%8phN policy=%8phN %s",
		   le32_to_cpu(view.header.secret_len), view.header.chip_id, view.header.policy,
		   bastion_chip_state_of(view.header.chip_id));
}

static long read(const struct key *key, char *buffer, size_t size)
{
	const struct payload *payload = key->payload.data[0];
	size_t len = payload->len * 2;

	if (buffer && size >= len)
		bin2hex(buffer, payload->blob, payload->len);
	return len;
}

static struct key_type key_type_bastion = {
	.name = "bastion",
	.vet_description = vet_description,
	.preparse = preparse,
	.free_preparse = free_preparse,
	.instantiate = generic_key_instantiate,
	.update = update,
	.destroy = destroy,
	.describe = describe,
	.read = read,
};

/**
 * bastion_key_blob() - a copy of a bastion key's blob
 * @key:	any key
 * @blob:	where it is returned; the caller frees it
 * @len:	its length in bytes
 *
 * Return: 0, -ENOKEY when it is not a bastion key, -EKEYREVOKED, -EKEYEXPIRED, -ENOMEM.
 */
int bastion_key_blob(struct key *key, u8 **blob, size_t *len)
{
	const struct payload *payload;
	int ret;

	if (key->type != &key_type_bastion)
		return -ENOKEY;
	down_read(&key->sem);
	ret = key_validate(key);
	if (!ret && !key_is_positive(key))
		ret = -ENOKEY;
	if (!ret) {
		payload = key->payload.data[0];
		*len = payload->len;
		*blob = kmemdup(payload->blob, payload->len, GFP_KERNEL);
		ret = *blob ? 0 : -ENOMEM;
	}
	up_read(&key->sem);
	return ret;
}

int bastion_key_type_init(void)
{
	return register_key_type(&key_type_bastion);
}

void bastion_key_type_exit(void)
{
	unregister_key_type(&key_type_bastion);
}
