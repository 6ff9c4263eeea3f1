// SPDX-License-Identifier: GPL-2.0
/*
 * Release: two doors, one implementation. A sealed key is used (use.c), and what
 * the chip gives up is instantiated.
 */
#include <linux/cred.h>
#include <linux/jiffies.h>
#include <linux/key-type.h>
#include <linux/keyctl.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <keys/request_key_auth-type.h>
#include <keys/user-type.h>

#include "fscrypt.h"
#include "gate.h"
#include "key.h"
#include "release.h"
#include "trace.h"
#include "use.h"

/* Waits through the upcall door each pin a kernel worker: few a uid, few in all. */
#define UPCALLS_PER_UID	4
#define UPCALLS_MAX	64
/* So long is waited for the key service's collector. */
#define COLLECT_MS	2000

struct upcall {
	struct list_head list;
	kuid_t uid;
};

/* Protects the list of upcalls that may wait. */
static DEFINE_SPINLOCK(upcalls_lock);
static LIST_HEAD(upcalls);

/**
 * struct request - one release, from the arguments to the key
 * @use:	of the sealed key, by whom, for which keyring
 * @type:	BASTION_TYPE_*
 * @target:	the key to instantiate; allocated at the end by the ioctl's door
 * @authkey:	the upcall's authority
 * @missing:	the requester has no such key, and its helper is told so
 */
struct request {
	struct bastion_use use;
	u32 type;
	struct key *target;
	struct key *authkey;
	bool missing;
};

/**
 * struct payload - what a key is instantiated with
 * @head:	before it, for fscrypt
 * @secret:	as the chip gave it up
 */
struct payload {
	struct bastion_fscrypt_head head;
	u8 secret[BASTION_SECRET_MAX];
};

static struct key_type *key_type_of(u32 type)
{
	switch (type) {
	case BASTION_TYPE_LOGON:
		return &key_type_logon;
	case BASTION_TYPE_USER:
		return &key_type_user;
	case BASTION_TYPE_FSCRYPT:
		return bastion_fscrypt_type();
	default:
		return NULL;
	}
}

static u32 type_of_key(const struct key *key)
{
	u32 type;

	for (type = 1; type <= BASTION_TYPE_ALL; type <<= 1)
		if (key->type == key_type_of(type))
			return type;
	return 0;
}

/* The sealed key */

static int take_blob(struct request *rq, const struct bastion_release *args)
{
	u8 *blob;

	if (args->blob_len > BASTION_BLOB_MAX || !args->blob_len)
		return -EBADMSG;
	/* It is there for as long as the requester waits. */
	blob = kmalloc(args->blob_len, GFP_KERNEL_ACCOUNT);
	if (!blob)
		return -ENOMEM;
	if (copy_from_user(blob, u64_to_user_ptr(args->blob), args->blob_len)) {
		kfree(blob);
		return -EFAULT;
	}
	return bastion_use_take(&rq->use, blob, args->blob_len);
}

/* With the requester's credentials in force: it must be able to find the key. */
static int take_key(struct request *rq, s32 serial)
{
	key_ref_t ref;
	size_t len;
	u8 *blob;
	int ret;

	/*
	 * No KEY_SPEC_*: to look some of those up makes keyrings, and new credentials
	 * must not be committed while others are in force.
	 */
	if (serial <= 0)
		return -ENOKEY;
	ref = lookup_user_key(serial, 0, KEY_NEED_SEARCH);
	if (IS_ERR(ref))
		return PTR_ERR(ref);
	ret = bastion_key_blob(key_ref_to_ptr(ref), &blob, &len);
	key_ref_put(ref);
	return ret ?: bastion_use_take(&rq->use, blob, len);
}

/* Likewise, for a helper that names none: by the name of what is requested. */
static int find_key(struct request *rq)
{
	const char *name = rq->target->description + strlen(BASTION_RELEASED_PREFIX);
	struct key *key = bastion_key_find(rq->use.who.cred, name);
	size_t len;
	u8 *blob;
	int ret;

	ret = key ? bastion_key_blob(key, &blob, &len) : -ENOENT;
	key_put(key);
	/* It has just ended, or is only being made: as if it were not there. */
	if (ret && ret != -ENOMEM) {
		rq->missing = true;
		return -ENOENT;
	}
	if (ret)
		return ret;
	return bastion_use_take(&rq->use, blob, len);
}

static int take_sealed(struct request *rq, const struct bastion_release *args)
{
	if (args->blob)
		return args->key ? -EINVAL : take_blob(rq, args);
	if (args->key)
		return take_key(rq, args->key);
	/* Through the ioctl's door there is no target yet. */
	return rq->target ? find_key(rq) : -EINVAL;
}

/* What can be refused without a grant; @rq->use.who's credentials are in force. */
static int check_permission(struct request *rq)
{
	const struct bastion_blob_header *header = &rq->use.header;
	int ret;

	if (!key_type_of(rq->type))
		return -EOPNOTSUPP;
	ret = bastion_use_check(&rq->use);
	if (ret)
		return ret;
	if (!(le32_to_cpu(header->types) & rq->type))
		return -EKEYREJECTED;
	if (rq->type == BASTION_TYPE_FSCRYPT &&
	    le32_to_cpu(header->secret_len) > BASTION_FSCRYPT_MAX)
		return -EKEYREJECTED;
	/* Another name would be another of the owner's keys in disguise. */
	if (rq->target && strcmp(rq->target->description + strlen(BASTION_RELEASED_PREFIX),
				 header->name))
		return -EKEYREJECTED;
	return 0;
}

/* Unsealing and instantiating */

struct unseal {
	const struct request *rq;
	u8 *secret;
};

static ssize_t send_unseal(struct bastion_chip *chip, const u8 token[BASTION_TOKEN_SIZE],
			   void *data)
{
	const struct unseal *unseal = data;
	const struct bastion_use *use = &unseal->rq->use;

	return chip->ops->unseal(chip, token, le32_to_cpu(use->header.owner), unseal->rq->type,
				 use->who.digest, use->blob, use->blob_len, unseal->secret,
				 BASTION_SECRET_MAX);
}

/* Through the ioctl's door the key does not exist yet. */
static struct key *new_key(struct request *rq)
{
	/*
	 * As request_key(2) would make it. Only who has it in a keyring finds it: by its serial any
	 * process of the uid could, the root of a container too, wherever it is linked.
	 */
	key_perm_t perm = KEY_POS_VIEW | KEY_POS_SEARCH | KEY_POS_LINK | KEY_USR_VIEW;
	char description[sizeof(BASTION_RELEASED_PREFIX) + BASTION_NAME_SIZE];
	const struct cred *cred = rq->use.who.cred;

	if (rq->type == BASTION_TYPE_USER)
		perm |= KEY_POS_READ;
	snprintf(description, sizeof(description), BASTION_RELEASED_PREFIX "%s",
		 rq->use.header.name);
	return key_alloc(key_type_of(rq->type), description, cred->fsuid, cred->fsgid, cred,
			 perm, 0, NULL);
}

/* When the key service's collector has been, which tells nobody. */
static struct key *new_key_collected(struct request *rq)
{
	unsigned long end = jiffies + msecs_to_jiffies(COLLECT_MS);
	struct key *key;

	do {
		schedule_timeout_killable(msecs_to_jiffies(10));
		key = new_key(rq);
	} while (key == ERR_PTR(-EDQUOT) && time_before(jiffies, end) && !fatal_signal_pending(current));
	return key;
}

static int instantiate(struct request *rq, struct bastion_grant_live *grant,
		       const void *data, size_t len)
{
	struct bastion_use *use = &rq->use;
	struct bastion_released *released;
	struct key *key;
	int ret;

	key = rq->target ? key_get(rq->target) : new_key(rq);
	/* Of keys that nobody has any more, perhaps. */
	if (key == ERR_PTR(-EDQUOT) && bastion_gate_sweep(use->chip->gate, grant))
		key = new_key_collected(rq);
	if (IS_ERR(key))
		return PTR_ERR(key);
	released = bastion_released_alloc(use->header.policy, use->bound ? use->who.digest : NULL);
	if (!released) {
		key_put(key);
		return -ENOMEM;
	}
	ret = bastion_gate_release(use->chip->gate, grant, released, key, data, len,
				   rq->authkey ? NULL : use->keyring, rq->authkey);
	/* The upcall's request has a reference already. */
	if (ret || key == rq->target)
		key_put(key);
	else
		rq->target = key;
	return ret;
}

/* The key service's locks are held by others for as long as they like: no ops while it works. */
static int release_under(struct bastion_use *use, struct bastion_grant_live *grant)
{
	struct request *rq = container_of(use, struct request, use);
	struct unseal unseal = { .rq = rq };
	struct payload *payload;
	ssize_t ret;

	payload = kzalloc(sizeof(*payload), GFP_KERNEL_ACCOUNT);
	if (!payload)
		return -ENOMEM;
	unseal.secret = payload->secret;
	ret = bastion_use_command(use, grant, send_unseal, &unseal);
	if (ret >= 0 && rq->type == BASTION_TYPE_FSCRYPT) {
		payload->head.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER;
		ret = instantiate(rq, grant, payload, sizeof(payload->head) + ret);
	} else if (ret >= 0) {
		ret = instantiate(rq, grant, payload->secret, ret);
	}
	kfree_sensitive(payload);
	return ret;
}

/* The ioctl's door */

static int release_here(struct request *rq, struct bastion_release *args)
{
	struct bastion_use *use = &rq->use;
	key_ref_t keyring;
	int ret;

	ret = take_sealed(rq, args);
	if (!ret)
		ret = check_permission(rq);
	if (ret)
		return ret;
	keyring = lookup_user_key(args->keyring, KEY_LOOKUP_CREATE, KEY_NEED_WRITE);
	if (IS_ERR(keyring))
		return PTR_ERR(keyring);
	use->keyring = key_get(key_ref_to_ptr(keyring));
	key_ref_put(keyring);
	if (use->keyring->type != &key_type_keyring)
		return -ENOTDIR;
	/* A thread or process keyring may have come with new credentials just now. */
	put_cred(use->who.cred);
	use->who.cred = get_current_cred();
	return bastion_use_key(use, release_under);
}

/* The upcall's door */

static int upcall_enter(struct upcall *upcall, kuid_t uid)
{
	unsigned int same = 0, all = 0;
	struct upcall *other;
	int ret = -EAGAIN;

	upcall->uid = uid;
	spin_lock(&upcalls_lock);
	list_for_each_entry(other, &upcalls, list) {
		same += uid_eq(other->uid, uid);
		all++;
	}
	if (same < UPCALLS_PER_UID && all < UPCALLS_MAX) {
		list_add(&upcall->list, &upcalls);
		ret = 0;
	}
	spin_unlock(&upcalls_lock);
	return ret;
}

static void upcall_leave(struct upcall *upcall)
{
	spin_lock(&upcalls_lock);
	list_del(&upcall->list);
	spin_unlock(&upcalls_lock);
}

/* "nowait" or "timeout=SECONDS"; what is longer than the default is cut to it. */
static int parse_callout(struct request *rq, const char *info, size_t len)
{
	char text[32];
	u32 seconds;

	if (!len)
		return 0;
	if (len >= sizeof(text))
		return -EINVAL;
	memcpy(text, info, len);
	text[len] = '\0';
	if (!strcmp(text, "nowait")) {
		rq->use.timeout_ms = 0;
		return 0;
	}
	if (strncmp(text, "timeout=", 8) || kstrtou32(text + 8, 10, &seconds))
		return -EINVAL;
	rq->use.timeout_ms = min_t(u64, rq->use.timeout_ms, (u64)seconds * MSEC_PER_SEC);
	return 0;
}

/*
 * Who asks, for what, and where to: all of it from the authorisation that the
 * kernel made when request_key(2) was called, none of it from the helper.
 */
static int take_authority(struct request *rq)
{
	struct key *authkey = current_cred()->request_key_auth;
	struct request_key_auth *rka;
	struct pid *pid;
	int ret;

	if (!authkey)
		return -EPERM;
	down_read(&authkey->sem);
	ret = -EKEYREVOKED;
	if (test_bit(KEY_FLAG_REVOKED, &authkey->flags) ||
	    test_bit(KEY_FLAG_INVALIDATED, &authkey->flags))
		goto out;
	rka = get_request_key_auth(authkey);
	pid = compat_request_key_pid(rka);
	ret = -ESRCH;
	if (!pid)
		goto out;
	bastion_requester_init(&rq->use.who, rka->cred, pid);
	put_pid(pid);
	rq->authkey = key_get(authkey);
	rq->target = key_get(rka->target_key);
	rq->use.keyring = key_get(rka->dest_keyring);
	rq->type = type_of_key(rq->target);
	ret = parse_callout(rq, rka->callout_info, rka->callout_len);
	if (!ret && !bastion_key_is_released(rq->target))
		ret = -EINVAL;
out:
	up_read(&authkey->sem);
	return ret;
}

static int release_for_requester(struct request *rq, struct bastion_release *args)
{
	const struct cred *helper;
	struct upcall upcall;
	int ret;

	if (args->keyring || args->type)
		return -EINVAL;
	ret = take_authority(rq);
	/* Before anything that waits: a key's semaphore is held for as long as its holder likes. */
	if (!ret)
		ret = upcall_enter(&upcall, rq->use.who.cred->fsuid);
	if (ret)
		return ret;
	rq->use.by_helper = true;
	helper = override_creds(rq->use.who.cred);
	ret = take_sealed(rq, args);
	if (!ret)
		ret = check_permission(rq);
	revert_creds(helper);
	if (!ret)
		ret = bastion_use_key(&rq->use, release_under);
	upcall_leave(&upcall);
	return ret;
}

static u32 wait_time(const struct bastion_chip *chip, const struct bastion_release *args)
{
	if (args->flags & BASTION_RELEASE_NOWAIT)
		return 0;
	if (args->timeout_ms)
		return args->timeout_ms;
	return READ_ONCE(chip->release_timeout) * MSEC_PER_SEC;
}

/**
 * bastion_release() - release a sealed key
 * @chip:	the chip; the caller does not hold its ops
 * @args:	BASTION_IOC_RELEASE's, in kernel memory
 *
 * Context: process; waits, killably.
 * Return: 0 or as BASTION_IOC_RELEASE says.
 */
int bastion_release(struct bastion_chip *chip, struct bastion_release *args)
{
	struct request rq = {
		.use = { .chip = chip, .delivers = true, .timeout_ms = wait_time(chip, args) },
		.type = args->type,
	};
	u32 limit_ms;
	int ret;

	if (args->flags & ~(BASTION_RELEASE_NOWAIT | BASTION_RELEASE_UPCALL))
		return -EINVAL;
	if (args->flags & BASTION_RELEASE_UPCALL) {
		/* A longer wait would only trip the hung task detector. */
		limit_ms = READ_ONCE(chip->release_timeout) * MSEC_PER_SEC;
		rq.use.timeout_ms = min(rq.use.timeout_ms, limit_ms);
		rq.use.deadline = jiffies + msecs_to_jiffies(limit_ms);
		ret = release_for_requester(&rq, args);
	} else {
		if (!args->keyring || !is_power_of_2(args->type) ||
		    args->type & ~BASTION_TYPE_ALL)
			return -EINVAL;
		bastion_requester_init(&rq.use.who, current_cred(), task_pid(current));
		ret = release_here(&rq, args);
	}
	if (!ret)
		args->serial = key_serial(rq.target);
	/* A helper that was told so comes back with what it has instead. */
	if (!rq.missing)
		trace_bastion_release(&chip->dev, &rq.use.header, rq.type,
				      rq.use.who.cred ?
					      from_kuid(&init_user_ns, rq.use.who.cred->fsuid) :
					      BASTION_TRACE_NOBODY,
				      rq.use.by_helper, ret, rq.use.waited_ns);

	key_put(rq.target);
	key_put(rq.use.keyring);
	key_put(rq.authkey);
	bastion_use_exit(&rq.use);
	return ret;
}
