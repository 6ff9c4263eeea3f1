// SPDX-License-Identifier: GPL-2.0
/*
 * What is sealed to a TPM (blob.h). The TPM opens an object only for who shows it a
 * ticket; everything else that a header says is judged here.
 */
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "blob.h"
#include "crypto.h"
#include "grant_parse.h"
#include "tpm_internal.h"

#define PART(data, size)	{ .iov_base = (void *)(data), .iov_len = (size) }
#define KEK_SIZE		32

/* authPolicy of what is sealed under @policy for the verifier of that @name (part 3, 23.2.3) */
static int policy_digest(const u8 name[BASTION_TPM_NAME_SIZE],
			 const u8 policy[BASTION_DIGEST_SIZE], u8 digest[BASTION_TPM_DIGEST_SIZE])
{
	static const u8 zero[BASTION_TPM_DIGEST_SIZE];
	__be32 code = cpu_to_be32(BASTION_TPM_CC_POLICY_SIGNED);
	u8 first[BASTION_TPM_DIGEST_SIZE], ref[BASTION_TPM_DIGEST_SIZE];
	const struct kvec parts[] = {
		PART(zero, sizeof(zero)), PART(&code, sizeof(code)),
		PART(name, BASTION_TPM_NAME_SIZE),
	};
	const struct kvec update[] = { PART(first, sizeof(first)), PART(ref, sizeof(ref)) };
	int ret;

	ret = bastion_hash(BASTION_SHA256, parts, ARRAY_SIZE(parts), first);
	if (!ret)
		ret = bastion_tpm_policy_ref(policy, ref);
	return ret ?: bastion_hash(BASTION_SHA256, update, ARRAY_SIZE(update), digest);
}

/* The storage key */

static void drop_storage(struct bastion_tpm *t, u32 handle)
{
	if (handle != t->storage)
		bastion_tpm_flush(t, handle);
}

/* Loads it, if it is not there: the same one as at probe, whatever is at its handle now. */
static int load_storage(struct bastion_tpm *t, u32 *handle)
{
	struct bastion_tpm_call call = { .command = BASTION_TPM_READ_PUBLIC };
	int ret;

	*handle = t->storage;
	if (!*handle) {
		ret = bastion_tpm_restore(t, t->storage_context, t->storage_context_len, handle);
		if (ret)
			return ret == -ENOENT || ret == -EBADMSG ? -EIO : ret;
	}
	call.handles[0] = *handle;
	ret = bastion_tpm_call(t, &call);
	if (!ret && (call.out[1].len != sizeof(t->storage_name) ||
		     memcmp(call.out[1].data, t->storage_name, sizeof(t->storage_name))))
		ret = -EIO;
	if (ret)
		drop_storage(t, *handle);
	return ret;
}

/**
 * struct sealed - what the TPM keeps of a blob, and the key that it keeps
 * @token:	of the grant
 * @header:	the blob's
 * @part:	the TPM's part of the blob
 * @private:	behind it
 * @kek:	the key
 */
struct sealed {
	const u8 *token;
	const struct bastion_blob_header *header;
	struct bastion_blob_tpm part;
	u8 private[BASTION_TPM_PRIVATE_MAX];
	u8 kek[KEK_SIZE];
};

/* Key and IV for the secret (blob.h) */
static int secret_key(const struct sealed *s, u8 key[BASTION_GCM_KEY_SIZE])
{
	static const char tag[] = BASTION_TPM_INFO;
	const struct kvec info = PART(tag, sizeof(tag));

	return bastion_hkdf_sha384(s->kek, sizeof(s->kek), s->header->salt,
				   sizeof(s->header->salt), &info, 1, key, BASTION_GCM_KEY_SIZE);
}

/* Sealing */

static int create(struct bastion_tpm *t, u32 storage, struct bastion_tpm_session *session,
		  struct sealed *s, const u8 digest[BASTION_TPM_DIGEST_SIZE])
{
	u8 public[BASTION_TPM_SEALED_SIZE], sensitive[2 + 2 + KEK_SIZE];
	struct bastion_tpm_writer p = { .data = public, .size = sizeof(public) };
	struct bastion_tpm_writer w = { .data = sensitive, .size = sizeof(sensitive) };
	struct bastion_tpm_field in[] = {
		{ .data = sensitive, .len = sizeof(sensitive) }, { .data = public }, { }, { },
	};
	struct bastion_tpm_call call = {
		.command = BASTION_TPM_CREATE, .handles = { storage }, .in = in,
		.session = session, .name = t->storage_name,
		.attributes = BASTION_TPM_SA_CONTINUE | BASTION_TPM_SA_DECRYPT,
	};
	const struct bastion_tpm_field *made = call.out;
	int ret;

	bastion_tpm_put_sized(&w, NULL, 0);		/* authValue */
	bastion_tpm_put_sized(&w, s->kek, sizeof(s->kek));
	bastion_tpm_put_sealed(&p, digest, NULL, 0);
	in[1].len = p.len;
	ret = bastion_tpm_call(t, &call);
	memzero_explicit(sensitive, sizeof(sensitive));
	if (ret)
		return ret;
	if (!made[0].len || made[0].len > sizeof(s->private) ||
	    made[1].len != BASTION_TPM_SEALED_SIZE)
		return -EIO;
	memcpy(s->private, made[0].data, made[0].len);
	s->part.private_len = cpu_to_le16(made[0].len);
	memcpy(s->part.unique, made[1].data + made[1].len - sizeof(s->part.unique),
	       sizeof(s->part.unique));
	/* It must have made what it was asked for. */
	p.len = 0;
	bastion_tpm_put_sealed(&p, digest, s->part.unique, sizeof(s->part.unique));
	return memcmp(public, made[1].data, sizeof(public)) ? -EIO : 0;
}

static int create_object(struct bastion_tpm *t, void *data)
{
	struct bastion_tpm_session session;
	u8 digest[BASTION_TPM_DIGEST_SIZE];
	struct bastion_tpm_grant *grant;
	struct sealed *s = data;
	u32 storage;
	int ret;

	grant = bastion_tpm_find_grant(t, s->token);
	if (IS_ERR(grant))
		return PTR_ERR(grant);
	if (memcmp(grant->verifier, s->header->verifier, BASTION_DIGEST_SIZE) ||
	    !bastion_grant_find(grant->entries, grant->entry_count, BASTION_GRANT_CREATE,
				s->header->policy, NULL))
		return -EKEYREJECTED;
	ret = policy_digest(grant->name, s->header->policy, digest);
	if (!ret)
		ret = load_storage(t, &storage);
	if (ret)
		return ret;
	ret = bastion_tpm_session_start(t, BASTION_TPM_SE_HMAC, storage, &session);
	if (!ret) {
		ret = create(t, storage, &session, s, digest);
		bastion_tpm_flush(t, session.handle);
		memzero_explicit(&session, sizeof(session));
	}
	drop_storage(t, storage);
	return ret;
}

/* Puts the blob together: its length. */
static ssize_t put_blob(const struct sealed *s, const u8 *secret, u8 *blob)
{
	size_t secret_len = le32_to_cpu(s->header->secret_len);
	size_t private_len = le16_to_cpu(s->part.private_len);
	u8 key[BASTION_GCM_KEY_SIZE], *at = blob;
	int ret;

	memcpy(at, s->header, sizeof(*s->header));
	at += sizeof(*s->header);
	memcpy(at, &s->part, sizeof(s->part));
	at += sizeof(s->part);
	memcpy(at, s->private, private_len);
	at += private_len;
	ret = secret_key(s, key);
	if (!ret)
		ret = bastion_gcm_seal(key, blob, at - blob, secret, secret_len, at);
	memzero_explicit(key, sizeof(key));
	return ret ?: BASTION_BLOB_TPM_SIZE(private_len, secret_len);
}

ssize_t bastion_tpm_seal(struct bastion_chip *chip, const u8 token[BASTION_TOKEN_SIZE],
			 const struct bastion_blob_header *want, const u8 *secret, u8 *blob,
			 size_t size)
{
	size_t len = le32_to_cpu(want->secret_len);
	struct bastion_blob_header header = *want;
	struct sealed *s;
	u8 *made = NULL;
	ssize_t ret;

	if (len > BASTION_TPM_SECRET_MAX)
		return -EOPNOTSUPP;
	if (size < BASTION_BLOB_TPM_SIZE(BASTION_TPM_PRIVATE_MAX, len))
		return -EINVAL;
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	memcpy(header.chip_id, chip->info.id, sizeof(header.chip_id));
	get_random_bytes(header.salt, sizeof(header.salt));
	get_random_bytes(s->kek, sizeof(s->kek));
	s->token = token;
	s->header = &header;
	ret = -ENOMEM;
	if (!secret)
		secret = made = kmalloc(len, GFP_KERNEL);
	if (!secret)
		goto out;
	if (made)
		get_random_bytes(made, len);
	ret = bastion_tpm_run(bastion_tpm_of(chip), create_object, s);
	if (!ret)
		ret = put_blob(s, secret, blob);
out:
	kfree_sensitive(made);
	kfree_sensitive(s);
	return ret;
}

/* Unsealing */

static int show_ticket(struct bastion_tpm *t, u32 session, const struct bastion_tpm_grant *grant,
		       const struct bastion_tpm_ticket *ticket)
{
	u8 ref[BASTION_TPM_DIGEST_SIZE];
	const struct bastion_tpm_field in[] = {
		{ .data = ticket->timeout, .len = ticket->timeout_len }, { },
		{ .data = ref, .len = sizeof(ref) },
		{ .data = grant->name, .len = sizeof(grant->name) },
		{ .number = ticket->tag }, { .number = ticket->hierarchy },
		{ .data = ticket->digest, .len = ticket->digest_len },
	};
	struct bastion_tpm_call call = {
		.command = BASTION_TPM_POLICY_TICKET, .handles = { session }, .in = in,
	};
	int ret = bastion_tpm_policy_ref(ticket->policy, ref);

	return ret ?: bastion_tpm_call(t, &call);
}

/* Loads the object with the public area that the header demands, and no other. */
static int load_object(struct bastion_tpm *t, u32 storage, const struct sealed *s,
		       const u8 digest[BASTION_TPM_DIGEST_SIZE], u8 name[BASTION_TPM_NAME_SIZE],
		       u32 *handle)
{
	u8 public[BASTION_TPM_SEALED_SIZE];
	struct bastion_tpm_writer w = { .data = public, .size = sizeof(public) };
	const struct bastion_tpm_field in[] = {
		{ .data = s->private, .len = le16_to_cpu(s->part.private_len) },
		{ .data = public, .len = sizeof(public) },
	};
	struct bastion_tpm_call call = {
		.command = BASTION_TPM_LOAD, .handles = { storage }, .in = in, .password = true,
	};
	int ret;

	bastion_tpm_put_sealed(&w, digest, s->part.unique, sizeof(s->part.unique));
	ret = bastion_tpm_name_of(public, sizeof(public), name);
	if (!ret)
		ret = bastion_tpm_call(t, &call);
	if (ret)
		return ret;
	*handle = call.handle;
	if (call.out[0].len == BASTION_TPM_NAME_SIZE &&
	    !memcmp(call.out[0].data, name, BASTION_TPM_NAME_SIZE))
		return 0;
	bastion_tpm_flush(t, *handle);
	return -EIO;
}

static int open_object(struct bastion_tpm *t, u32 object, const u8 *name,
		       struct bastion_tpm_session *session, struct sealed *s)
{
	struct bastion_tpm_call call = {
		.command = BASTION_TPM_UNSEAL, .handles = { object },
		.session = session, .name = name,
		.attributes = BASTION_TPM_SA_CONTINUE | BASTION_TPM_SA_ENCRYPT,
	};
	int ret = bastion_tpm_call(t, &call);

	if (ret)
		return ret;
	if (call.out[0].len != sizeof(s->kek))
		return -EBADMSG;
	memcpy(s->kek, call.out[0].data, sizeof(s->kek));
	return 0;
}

static int unseal_below(struct bastion_tpm *t, u32 storage, const struct bastion_tpm_grant *grant,
			const struct bastion_tpm_ticket *ticket, struct sealed *s)
{
	u8 digest[BASTION_TPM_DIGEST_SIZE], name[BASTION_TPM_NAME_SIZE];
	struct bastion_tpm_session session;
	u32 object;
	int ret;

	ret = policy_digest(grant->name, s->header->policy, digest);
	if (!ret)
		ret = load_object(t, storage, s, digest, name, &object);
	if (ret)
		return ret;
	ret = bastion_tpm_session_start(t, BASTION_TPM_SE_POLICY, storage, &session);
	if (!ret) {
		ret = show_ticket(t, session.handle, grant, ticket);
		if (!ret)
			ret = open_object(t, object, name, &session, s);
		bastion_tpm_flush(t, session.handle);
		memzero_explicit(&session, sizeof(session));
	}
	bastion_tpm_flush(t, object);
	return ret;
}

static int unseal_object(struct bastion_tpm *t, void *data)
{
	const struct bastion_tpm_ticket *ticket;
	struct bastion_tpm_grant *grant;
	struct sealed *s = data;
	u32 storage;
	int ret;

	grant = bastion_tpm_find_grant(t, s->token);
	if (IS_ERR(grant))
		return PTR_ERR(grant);
	ticket = bastion_tpm_find_ticket(grant, s->header->policy);
	if (memcmp(grant->verifier, s->header->verifier, BASTION_DIGEST_SIZE) || !ticket)
		return -EKEYREJECTED;
	ret = load_storage(t, &storage);
	if (ret)
		return ret;
	ret = unseal_below(t, storage, grant, ticket, s);
	drop_storage(t, storage);
	return ret;
}

static int check_registers(struct bastion_chip *chip, const struct bastion_blob_header *header)
{
	u8 values[BASTION_MR_COUNT][BASTION_DIGEST_SIZE], digest[BASTION_DIGEST_SIZE];
	u32 mask = le32_to_cpu(header->register_mask);
	int ret;

	if (!mask)
		return 0;
	ret = bastion_tpm_mr_read(chip, mask, values);
	if (!ret)
		ret = bastion_registers_digest(mask, values, digest);
	if (!ret && memcmp(digest, header->register_digest, sizeof(digest)))
		ret = -EKEYREJECTED;
	return ret;
}

/* What a Bastionchip would hold against the header; it only narrows, so it comes first. */
static int check_header(struct bastion_chip *chip, const struct bastion_blob_header *header,
			u32 owner, u32 type, const u8 executable[BASTION_EXE_SIZE])
{
	if (le16_to_cpu(header->kind) != BASTION_KIND_TPM ||
	    memcmp(header->chip_id, chip->info.id, sizeof(header->chip_id)))
		return -EBADMSG;
	if (le32_to_cpu(header->owner) != owner || !(le32_to_cpu(header->types) & type) ||
	    le32_to_cpu(header->min_svn) > READ_ONCE(chip->info.svn))
		return -EKEYREJECTED;
	if (le32_to_cpu(header->flags) & BASTION_BLOB_EXECUTABLE &&
	    memcmp(header->executable, executable, BASTION_EXE_SIZE))
		return -EKEYREJECTED;
	return check_registers(chip, header);
}

/* With the key that the TPM gave up: is all of the blob authentic? */
static ssize_t open_blob(const struct sealed *s, const u8 *blob, size_t len, u8 *secret)
{
	size_t secret_len = le32_to_cpu(s->header->secret_len);
	size_t associated = len - secret_len - BASTION_TAG_SIZE;
	u8 key[BASTION_GCM_KEY_SIZE];
	int ret;

	ret = secret_key(s, key);
	if (!ret)
		ret = bastion_gcm_open(key, blob, associated, blob + associated,
				       len - associated, secret);
	memzero_explicit(key, sizeof(key));
	return ret ?: secret_len;
}

ssize_t bastion_tpm_unseal(struct bastion_chip *chip, const u8 token[BASTION_TOKEN_SIZE],
			   u32 owner, u32 type, const u8 executable[BASTION_EXE_SIZE],
			   const u8 *blob, size_t len, u8 *secret, size_t size)
{
	struct bastion_blob_view view;
	struct sealed *s;
	ssize_t ret;

	ret = bastion_blob_parse(blob, len, &view);
	if (!ret)
		ret = check_header(chip, &view.header, owner, type, executable);
	if (!ret && le32_to_cpu(view.header.secret_len) > size)
		ret = -EINVAL;
	if (ret)
		return ret;
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	s->token = token;
	s->header = &view.header;
	blob += sizeof(view.header);
	memcpy(&s->part, blob, sizeof(s->part));
	memcpy(s->private, blob + sizeof(s->part), le16_to_cpu(s->part.private_len));
	ret = bastion_tpm_run(bastion_tpm_of(chip), unseal_object, s);
	if (!ret)
		ret = open_blob(s, view.data, view.len, secret);
	kfree_sensitive(s);
	return ret;
}
