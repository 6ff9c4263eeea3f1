// SPDX-License-Identifier: GPL-2.0
/*
 * Making sealed keys, and moving them: what the key type has the chip do.
 */
#include <linux/cred.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <keys/user-type.h>

#include "blob.h"
#include "crypto.h"
#include "gate.h"
#include "grant_parse.h"
#include "key.h"
#include "measure.h"
#include "requester.h"
#include "share.h"
#include "trace.h"

/* The header */

static int owner_of(const struct bastion_key_args *args, u32 *owner)
{
	u32 self = from_kuid(&init_user_ns, current_fsuid());

	*owner = args->has_owner ? args->owner : self;
	/* A root that owns nothing of uid 0's (bastion_requester_owns()) makes nothing for it. */
	if (*owner && *owner == self)
		return 0;
	return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

/* The digest of what the registers in @mask hold now; the chip's ops are not held. */
static int registers_digest(struct bastion_chip *chip, u32 mask, u8 *digest)
{
	u8 values[BASTION_MR_COUNT][BASTION_DIGEST_SIZE];
	int ret;

	if (!mask)
		return 0;
	ret = bastion_chip_read_registers(chip, BASTION_TURN_KEYS, mask, values);
	if (ret)
		return ret;
	return bastion_registers_digest(mask, values, digest);
}

/* The salt of a derived key, which nothing but its label decides (round.h). */
static int label_salt(const char *label, u8 salt[BASTION_SALT_SIZE])
{
	static const char tag[] = BASTION_LABEL_TAG;
	const struct kvec parts[] = {
		{ .iov_base = (void *)tag, .iov_len = sizeof(tag) },
		{ .iov_base = (void *)label, .iov_len = strlen(label) },
	};
	u8 digest[BASTION_DIGEST_SIZE];
	int ret;

	ret = bastion_hash(BASTION_SHA384, parts, ARRAY_SIZE(parts), digest);
	if (!ret)
		memcpy(salt, digest, BASTION_SALT_SIZE);
	return ret;
}

static u16 kind_of(const struct bastion_key_args *args)
{
	if (args->verb == BASTION_KEY_ECDSA)
		return BASTION_KIND_P384;
	return *args->label ? BASTION_KIND_DERIVED : BASTION_KIND_SECRET;
}

static void set_executable(struct bastion_blob_header *header,
			   const struct bastion_key_args *args)
{
	if (!args->has_executable)
		return;
	header->flags |= cpu_to_le32(BASTION_BLOB_EXECUTABLE);
	memcpy(header->executable, args->executable, sizeof(header->executable));
}

/* All but what the chip fills in, and the registers, which take a command to read. */
static int fill_header(struct bastion_chip *chip, const struct bastion_key_args *args,
		       const char *name, size_t secret_len, struct bastion_blob_header *header)
{
	u16 kind = kind_of(args);
	u32 owner;
	int ret;

	ret = owner_of(args, &owner);
	if (ret)
		return ret;
	memset(header, 0, sizeof(*header));
	memcpy(header->magic, BASTION_BLOB_MAGIC, sizeof(header->magic));
	header->version = cpu_to_le16(BASTION_BLOB_VERSION);
	header->kind = cpu_to_le16(kind);
	memcpy(header->verifier, args->verifier, sizeof(header->verifier));
	memcpy(header->name, name, strlen(name));
	header->owner = cpu_to_le32(owner);
	header->types = cpu_to_le32(args->types);
	header->register_mask = cpu_to_le32(args->register_mask);
	header->secret_len = cpu_to_le32(secret_len);
	header->counter_index = cpu_to_le32(args->counter);
	if (args->verb == BASTION_KEY_IMPORT)
		header->flags = cpu_to_le32(BASTION_BLOB_IMPORTED);
	set_executable(header, args);
	if (kind == BASTION_KIND_DERIVED)
		ret = label_salt(args->label, header->salt);
	else
		header->min_svn = cpu_to_le32(READ_ONCE(chip->info.svn));
	return ret ?: bastion_policy_reference(chip->info.id, args->policy, header->policy);
}

/**
 * struct job - one command that answers with a blob
 * @want:	the header that it shall have; once answered, the one that it has
 * @secret:	what is sealed, or NULL: then the chip makes it
 * @old:	the blob that is rebound, or NULL
 * @old_len:	bytes at @old
 * @point:	the public key in @old, or NULL
 * @owner:	who asks, in the initial user namespace
 * @blob:	the answer
 */
struct job {
	struct bastion_blob_header want;
	const u8 *secret;
	const u8 *old;
	size_t old_len;
	const u8 *point;
	u32 owner;
	u8 *blob;
};

/*
 * The chip's answer must be what was asked for, but for what is the chip's to fill in.
 * That is judged before anybody says that the command was answered: a chip that gives
 * something else is locked out (bastion_gate_command()).
 */
static ssize_t check_blob(struct bastion_chip *chip, struct job *job, ssize_t len)
{
	struct bastion_blob_header *want = &job->want;
	struct bastion_blob_view view;

	if (len < 0)
		return len;
	if (bastion_blob_parse(job->blob, len, &view))
		return -EIO;
	/* What comes back need not even be a key pair. */
	if (job->point && (!view.point || memcmp(job->point, view.point, BASTION_POINT_SIZE)))
		return -EIO;
	memcpy(want->chip_id, chip->info.id, sizeof(want->chip_id));
	if (want->counter_index)
		want->counter_value = view.header.counter_value;
	if (le16_to_cpu(want->kind) != BASTION_KIND_DERIVED)
		memcpy(want->salt, view.header.salt, sizeof(want->salt));
	return memcmp(want, &view.header, sizeof(*want)) ? -EIO : len;
}

/* Making one */

/* Not every chip makes every kind, and bytes are of a kind of the chip's own. */
static int fit_kind(const struct bastion_chip_ops *ops, struct bastion_blob_header *want)
{
	u16 kind = le16_to_cpu(want->kind);

	if (kind == BASTION_KIND_SECRET)
		kind = ops->secret_kind;
	if (!bastion_chip_makes(ops, kind) || (want->counter_index && !ops->counter))
		return -EOPNOTSUPP;
	want->kind = cpu_to_le16(kind);
	return 0;
}

static ssize_t send_seal(struct bastion_chip *chip, const u8 token[BASTION_TOKEN_SIZE], void *data)
{
	struct job *job = data;
	ssize_t len;

	len = fit_kind(chip->ops, &job->want);
	if (len)
		return len;
	len = chip->ops->seal(chip, token, &job->want, job->secret, job->blob, BASTION_BLOB_MAX);
	return check_blob(chip, job, len);
}

static ssize_t send_rebind(struct bastion_chip *chip, const u8 token[BASTION_TOKEN_SIZE],
			   void *data)
{
	struct job *job = data;
	ssize_t len;

	if (!chip->ops->rebind)
		return -EOPNOTSUPP;
	len = chip->ops->rebind(chip, token, job->owner, &job->want, job->old, job->old_len,
				job->blob, BASTION_BLOB_MAX);
	return check_blob(chip, job, len);
}

static ssize_t do_with_ops(struct bastion_chip *chip, struct bastion_grant_live *grant,
			   bastion_gated_fn send, const char *event, struct job *job)
{
	ssize_t len;
	int ret;

	len = bastion_gate_command(chip->gate, grant, MAX_SCHEDULE_TIMEOUT, send, job);
	/* Somebody renewed the grant just now: the caller may try again. */
	if (len < 0)
		return len == -ERESTART ? -EAGAIN : len;
	/* After a reset the log may be kept for minutes. By then the grant has ended, too. */
	ret = bastion_gate_is_over(chip->gate, grant);
	if (!ret || ret == -ERESTART)
		ret = bastion_measure_key(chip, current_fsuid(), event, &job->want);
	return ret ?: len;
}

/* The blob's length. */
static ssize_t do_job(struct bastion_chip *chip, struct bastion_grant_live *grant,
		      bastion_gated_fn send, const char *event, struct job *job)
{
	struct bastion_share *share;
	ssize_t ret;

	ret = bastion_share_take(chip, current_fsuid(), MAX_SCHEDULE_TIMEOUT, &share);
	if (ret)
		return ret;
	ret = do_with_ops(chip, grant, send, event, job);
	bastion_share_give(chip, share);
	return ret;
}

static ssize_t make_under(struct bastion_chip *chip, struct bastion_grant_live *grant,
			  struct job *job)
{
	ssize_t ret;

	ret = registers_digest(chip, le32_to_cpu(job->want.register_mask),
			       job->want.register_digest);
	return ret ?: do_job(chip, grant, send_seal, BASTION_EVENT_KEY_CREATE, job);
}

static ssize_t make_in(struct bastion_chip *chip, const struct bastion_key_args *args,
		       const char *name, const u8 *secret, size_t secret_len, u8 *blob)
{
	struct job job = { .secret = secret, .blob = blob };
	struct bastion_grant_live *grant;
	ssize_t ret;

	ret = fill_header(chip, args, name, secret_len, &job.want);
	if (ret)
		return ret;
	ret = bastion_gate_wait(chip->gate, job.want.verifier, BASTION_GRANT_CREATE,
				job.want.policy, 0, &grant);
	if (ret)
		return ret;
	ret = make_under(chip, grant, &job);
	bastion_grant_put(grant);
	return ret;
}

/* Importing */

static int copy_secret(struct key *key, u8 secret[BASTION_SECRET_MAX])
{
	const struct user_key_payload *payload;
	int ret;

	/* What was released under a grant ends with it, and must not outlive it like this. */
	if (key->type != &key_type_user || bastion_key_is_released(key))
		return -EKEYREJECTED;
	down_read(&key->sem);
	ret = key_validate(key);
	if (!ret && !key_is_positive(key))
		ret = -ENOKEY;
	payload = ret ? NULL : user_key_payload_locked(key);
	if (!ret && !payload)
		ret = -EKEYREVOKED;
	if (!ret && (payload->datalen < BASTION_SECRET_MIN ||
		     payload->datalen > BASTION_SECRET_MAX))
		ret = -EINVAL;
	if (!ret) {
		ret = payload->datalen;
		memcpy(secret, payload->data, ret);
	}
	up_read(&key->sem);
	return ret;
}

/* The secret of a key that the caller may read: its length. */
static int take_secret(s32 serial, u8 secret[BASTION_SECRET_MAX])
{
	key_ref_t ref;
	int ret;

	/*
	 * Even one that is still being made: waiting for it would keep the key service's
	 * list of types from others, for as long as whoever makes it likes.
	 */
	ref = lookup_user_key(serial, KEY_LOOKUP_PARTIAL, KEY_NEED_READ);
	if (IS_ERR(ref))
		return PTR_ERR(ref);
	ret = copy_secret(key_ref_to_ptr(ref), secret);
	key_ref_put(ref);
	return ret;
}

static ssize_t import(struct bastion_chip *chip, const struct bastion_key_args *args,
		      const char *name, u8 *blob)
{
	u8 *secret = kmalloc(BASTION_SECRET_MAX, GFP_KERNEL);
	ssize_t ret;

	if (!secret)
		return -ENOMEM;
	ret = take_secret(args->serial, secret);
	if (ret >= 0)
		ret = make_in(chip, args, name, secret, ret, blob);
	kfree_sensitive(secret);
	return ret;
}

/**
 * bastion_key_make() - a new sealed key
 * @args:	NEW, ECDSA or IMPORT
 * @name:	its description, valid
 * @blob:	where it goes
 *
 * Context: process; commands to the chip, no wait for a grant.
 * Return: the blob's length; -EAGAIN no grant is live; -EKEYREJECTED the grant
 * has no entry for it, or IMPORT: that key's secret is not to be had; -EINVAL
 * IMPORT: the secret is too short or too long; -EPERM another's key without
 * privilege; -EOPNOTSUPP ECDSA, a label, a counter, or a secret of that length with a chip
 * that has no such thing;
 * -EIO also when the chip made another key than it was asked for, and then the gate
 * locks; -ENODEV; as bastion_gate_wait() and bastion_gate_command(),
 * lookup_user_key() and bastion_measure_key().
 */
ssize_t bastion_key_make(const struct bastion_key_args *args, const char *name,
			 u8 blob[BASTION_BLOB_MAX])
{
	struct bastion_chip *chip;
	ssize_t ret;

	chip = bastion_chip_default();
	if (!chip)
		return -ENODEV;
	if (args->verb == BASTION_KEY_IMPORT)
		ret = import(chip, args, name, blob);
	else if (args->verb == BASTION_KEY_ECDSA)
		ret = make_in(chip, args, name, NULL, BASTION_SCALAR_SIZE, blob);
	else
		ret = make_in(chip, args, name, NULL, args->secret_len, blob);
	trace_bastion_key(&chip->dev, args->verb, name,
			  args->has_owner ? args->owner :
					    from_kuid(&init_user_ns, current_fsuid()),
			  min_t(ssize_t, ret, 0));
	bastion_chip_put(chip);
	return ret;
}

/* Moving one */

/* @old as it shall be from now on, which may only be narrower. */
static int narrow(struct bastion_chip *chip, const struct bastion_key_args *args,
		  const struct bastion_blob_header *old, struct bastion_blob_header *want)
{
	u32 types = le32_to_cpu(old->types), mask = le32_to_cpu(old->register_mask);
	u32 counter = le32_to_cpu(old->counter_index);

	if (args->types & ~types || mask & ~(args->register_mask ?: mask) ||
	    (counter && args->counter && args->counter != counter))
		return -EKEYREJECTED;
	if (args->has_executable && le32_to_cpu(old->flags) & BASTION_BLOB_EXECUTABLE &&
	    memcmp(args->executable, old->executable, sizeof(old->executable)))
		return -EKEYREJECTED;

	*want = *old;
	memset(want->chip_id, 0, sizeof(want->chip_id));
	memset(want->salt, 0, sizeof(want->salt));
	want->counter_value = 0;
	memcpy(want->verifier, args->verifier, sizeof(want->verifier));
	want->types = cpu_to_le32(args->types ?: types);
	want->register_mask = cpu_to_le32(args->register_mask ?: mask);
	want->counter_index = cpu_to_le32(args->counter ?: counter);
	want->min_svn = cpu_to_le32(max(le32_to_cpu(old->min_svn), READ_ONCE(chip->info.svn)));
	set_executable(want, args);
	return bastion_policy_reference(chip->info.id, args->policy, want->policy);
}

static ssize_t rebind_under(struct bastion_chip *chip, struct bastion_grant_live *grant,
			    const struct bastion_key_args *args,
			    const struct bastion_blob_header *old, struct job *job)
{
	ssize_t ret;

	if (!bastion_grant_find_rebind(grant->entries, grant->count, old->policy,
				       job->want.verifier, job->want.policy))
		return -EKEYREJECTED;
	ret = registers_digest(chip, args->register_mask, job->want.register_digest);
	return ret ?: do_job(chip, grant, send_rebind, BASTION_EVENT_KEY_REBIND, job);
}

static ssize_t rebind_in(struct bastion_chip *chip, const struct bastion_key_args *args,
			 const struct bastion_blob_header *old, struct job *job)
{
	struct bastion_grant_live *grant;
	struct bastion_requester who;
	ssize_t ret = -EACCES;

	bastion_requester_init(&who, current_cred(), task_pid(current));
	if (bastion_requester_owns(&who, le32_to_cpu(old->owner)))
		ret = narrow(chip, args, old, &job->want);
	job->owner = le32_to_cpu(old->owner);
	bastion_requester_exit(&who);
	if (ret)
		return ret;
	ret = bastion_gate_wait(chip->gate, old->verifier, BASTION_GRANT_REBIND, old->policy, 0,
				&grant);
	if (ret)
		return ret;
	ret = rebind_under(chip, grant, args, old, job);
	bastion_grant_put(grant);
	return ret;
}

/**
 * bastion_key_rebind() - the same secret under another verifier and policy
 * @args:	REBIND
 * @old:	the blob as it is
 * @old_len:	bytes at @old
 * @blob:	where the new one goes
 *
 * Context: process; commands to the chip, no wait for a grant.
 * Return: the blob's length; -EACCES the caller is not the owner; -EOPNOTSUPP a
 * derived key, which is what its header makes it, or the chip cannot; -EIO also when
 * the chip's answer is another key, and then the gate locks; -EAGAIN the verifier that it is
 * sealed to has no live grant; -EKEYREJECTED the grant does not name the
 * destination, the chip refuses, or it would be less narrow than before; -ENODEV its chip
 * is not here; -EBADMSG; as bastion_gate_command() and bastion_measure_key().
 */
ssize_t bastion_key_rebind(const struct bastion_key_args *args, const u8 *old, size_t old_len,
			   u8 blob[BASTION_BLOB_MAX])
{
	struct job job = { .old = old, .old_len = old_len, .blob = blob };
	struct bastion_blob_view view;
	struct bastion_chip *chip;
	ssize_t ret;

	if (bastion_blob_parse(old, old_len, &view))
		return -EBADMSG;
	if (le16_to_cpu(view.header.kind) == BASTION_KIND_DERIVED)
		return -EOPNOTSUPP;
	job.point = view.point;
	chip = bastion_chip_by_id(view.header.chip_id);
	if (!chip)
		return -ENODEV;
	ret = bastion_chip_check_kind(chip, le16_to_cpu(view.header.kind));
	if (!ret)
		ret = rebind_in(chip, args, &view.header, &job);
	trace_bastion_key(&chip->dev, args->verb, view.header.name,
			  le32_to_cpu(view.header.owner), min_t(ssize_t, ret, 0));
	bastion_chip_put(chip);
	return ret;
}
