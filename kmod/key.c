// SPDX-License-Identifier: GPL-2.0
/*
 * The key type "bastion". Its payload is the sealed blob and never the secret.
 *
 * Chip work is done in preparse, where no key and no keyring is locked: of the key
 * service's locks only its list of types is held, for reading, as by everybody who adds or
 * asks for a key. It comes before the keyring's permission check, so without a grant it
 * refuses at once, and with one it costs its caller a place in the log.
 */
#include <linux/cred.h>
#include <linux/key-type.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "blob.h"
#include "chip.h"
#include "key.h"
#include "trace.h"

/**
 * struct payload - what a key of this type holds; replaced as a whole
 * @rcu:	/proc/keys reads it without a lock
 * @len:	of @blob
 * @blob:	sealed
 */
struct payload {
	struct rcu_head rcu;
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

/* With what the chip answered, or the error. */
static struct payload *payload_done(struct payload *payload, ssize_t len)
{
	if (len < 0) {
		kfree(payload);
		return ERR_PTR(len);
	}
	payload->len = len;
	return payload;
}

static struct payload *make(const struct bastion_key_args *args, const char *name)
{
	struct payload *payload = payload_alloc(BASTION_BLOB_MAX);

	if (!payload)
		return ERR_PTR(-ENOMEM);
	return payload_done(payload, bastion_key_make(args, name, payload->blob));
}

static struct payload *rebind(const struct bastion_key_args *args, const struct payload *old)
{
	struct payload *payload = payload_alloc(BASTION_BLOB_MAX);

	if (!payload)
		return ERR_PTR(-ENOMEM);
	return payload_done(payload, bastion_key_rebind(args, old->blob, old->len,
							payload->blob));
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
	trace_bastion_key(NULL, args->verb, name,
			  ret ? BASTION_TRACE_NOBODY : le32_to_cpu(view.header.owner), ret);
	return payload_done(payload, ret ?: payload->len);
}

/* The key type */

static int vet_description(const char *description)
{
	return bastion_name_valid(description, strlen(description)) ? 0 : -EINVAL;
}

/*
 * Adding: a payload. Updating, which has no description: what was asked for, for
 * update().
 */
static int prepare(struct key_preparsed_payload *prep)
{
	const char *name = prep->orig_description;
	struct bastion_key_args args;
	struct payload *payload;
	int ret;

	if ((name && vet_description(name)) || !prep->data)
		return -EINVAL;
	ret = bastion_key_parse(prep->data, prep->datalen, &args);
	if (ret)
		return ret;
	if (!name != (args.verb == BASTION_KEY_REBIND))
		return -EINVAL;
	if (!name) {
		prep->payload.data[1] = kmemdup(&args, sizeof(args), GFP_KERNEL);
		return prep->payload.data[1] ? 0 : -ENOMEM;
	}
	payload = args.verb == BASTION_KEY_LOAD ? load(&args, name) : make(&args, name);
	if (IS_ERR(payload))
		return PTR_ERR(payload);
	prep->payload.data[0] = payload;
	prep->quotalen = payload->len;
	return 0;
}

/*
 * For keyctl_instantiate(3) and keyctl_update(3) the key service holds nothing that keeps the module.
 * Before it is done with what is to be updated it calls update(), and free_preparse() in the end.
 */
static int preparse(struct key_preparsed_payload *prep)
{
	int ret;

	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	ret = prepare(prep);
	if (!prep->payload.data[1])
		module_put(THIS_MODULE);
	return ret;
}

static void free_preparse(struct key_preparsed_payload *prep)
{
	bool updates = prep->payload.data[1];

	kfree(prep->payload.data[0]);
	kfree(prep->payload.data[1]);
	if (updates)
		module_put(THIS_MODULE);
}

/*
 * What a key is never changes, but for whom it waits. The chip works while the
 * key's semaphore is held: nobody uses a key that is being moved.
 */
static int update(struct key *key, struct key_preparsed_payload *prep)
{
	const struct bastion_key_args *args = prep->payload.data[1];
	struct payload *old, *new;
	int ret;

	/* A second one of the same name. */
	if (!args)
		return -EEXIST;
	if (!key_is_positive(key))
		return -ENOKEY;
	old = dereference_key_locked(key);
	new = rebind(args, old);
	if (IS_ERR(new))
		return PTR_ERR(new);
	ret = key_payload_reserve(key, new->len);
	if (ret) {
		kfree(new);
		return ret;
	}
	rcu_assign_keypointer(key, new);
	kfree_rcu(old, rcu);
	return 0;
}

static void destroy(struct key *key)
{
	kfree(key->payload.data[0]);
}

static void describe(const struct key *key, struct seq_file *m)
{
	static const char * const kinds[] = {
		[BASTION_KIND_SECRET] = "secret",
		[BASTION_KIND_DERIVED] = "derived",
		[BASTION_KIND_P384] = "p384",
		[BASTION_KIND_TPM] = "tpm",
	};
	const struct payload *payload;
	struct bastion_blob_view view;

	seq_puts(m, key->description);
	if (!key_is_positive(key))
		return;
	/* For /proc/keys, which holds the RCU lock. */
	payload = dereference_key_rcu(key);
	if (!payload || bastion_blob_parse(payload->blob, payload->len, &view))
		return;
	seq_printf(m, ": %s %u chip=%8phN policy=%8phN %s",
		   kinds[le16_to_cpu(view.header.kind)], le32_to_cpu(view.header.secret_len),
		   view.header.chip_id, view.header.policy,
		   bastion_chip_state_of(view.header.chip_id));
}

static long read(const struct key *key, char *buffer, size_t size)
{
	const struct payload *payload = dereference_key_locked(key);
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
	.asym_query = bastion_key_query,
	.asym_eds_op = bastion_key_sign,
	.asym_verify_signature = bastion_key_verify,
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
		payload = dereference_key_locked(key);
		*len = payload->len;
		*blob = kmemdup(payload->blob, payload->len, GFP_KERNEL);
		ret = *blob ? 0 : -ENOMEM;
	}
	up_read(&key->sem);
	return ret;
}

/* What whoever possesses @keyring finds as @name, in it or in keyrings within it; or NULL. */
static struct key *search(struct key *keyring, const char *name)
{
	key_ref_t ref = keyring_search(make_key_ref(keyring, true), &key_type_bastion, name, true);

	return IS_ERR(ref) ? NULL : key_ref_to_ptr(ref);
}

/**
 * bastion_key_find() - the sealed key that somebody would find by its name
 * @cred:	whose; in force
 * @name:	the key's
 *
 * In the order of request_key(2), which differs in that it looks the type up. That would not do
 * within an upcall: whoever called request_key(2) holds the list of types until this ends, and a
 * module that waits to change the list lets nobody else in. request_key_rcu() does without, too,
 * but does not look into keyrings within keyrings.
 *
 * Context: process, may sleep.
 * Return: the key, with a reference, or NULL: there is none that @cred may search.
 */
struct key *bastion_key_find(const struct cred *cred, const char *name)
{
	struct key *const keyrings[] = { cred->thread_keyring, cred->process_keyring,
					 cred->session_keyring };
	struct key *key = NULL;
	key_ref_t session;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keyrings) && !key; i++) {
		if (keyrings[i])
			key = search(keyrings[i], name);
	}
	if (key || cred->session_keyring)
		return key;
	/* In its place, as ever. This makes the keyring if need be, but no new credentials. */
	session = lookup_user_key(KEY_SPEC_USER_SESSION_KEYRING, 0, KEY_NEED_SEARCH);
	if (IS_ERR(session))
		return NULL;
	key = search(key_ref_to_ptr(session), name);
	key_ref_put(session);
	return key;
}

int bastion_key_type_init(void)
{
	return register_key_type(&key_type_bastion);
}

void bastion_key_type_exit(void)
{
	unregister_key_type(&key_type_bastion);
	/*
	 * Whoever signed or made a key last may have put its reference to the module and be
	 * preempted on its last instructions there: until all who were have gone on.
	 */
	synchronize_rcu_tasks();
}
