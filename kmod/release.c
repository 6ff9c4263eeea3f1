// SPDX-License-Identifier: GPL-2.0
/*
 * Release: two doors, one implementation.
 *
 * The order is the protocol's: permission, limits, wait for the grant, measure
 * the requester, ask the chip, instantiate. What the sealed key's header says
 * is acted on before the chip has authenticated it only where it narrows.
 */
#include <linux/cred.h>
#include <linux/key-type.h>
#include <linux/keyctl.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <keys/request_key_auth-type.h>
#include <keys/user-type.h>

#include "blob.h"
#include "gate.h"
#include "grant_parse.h"
#include "key.h"
#include "measure.h"
#include "release.h"
#include "requester.h"

#define PREFIX	"bastion:"

/* Waits through the upcall door each pin a kernel worker: few a uid, few in all. */
#define UPCALLS_PER_UID	4
#define UPCALLS_MAX	64

struct upcall {
	struct list_head list;
	kuid_t uid;
};

/* Protects the list of upcalls that may wait. */
static DEFINE_SPINLOCK(upcalls_lock);
static LIST_HEAD(upcalls);

/**
 * struct request - one release, from the arguments to the key
 * @chip:	the chip
 * @who:	the requester
 * @type:	BASTION_TYPE_*
 * @timeout_ms:	how long to wait
 * @blob:	the sealed key, a copy of our own
 * @blob_len:	bytes of it
 * @header:	its header, as in @blob
 * @keyring:	destination
 * @bound:	it goes to one executable, and all that this asks for was checked
 * @target:	the key to instantiate; allocated at the end by the ioctl's door
 * @authkey:	the upcall's authority
 */
struct request {
	struct bastion_chip *chip;
	struct bastion_requester who;
	u32 type;
	u32 timeout_ms;
	u8 *blob;
	size_t blob_len;
	struct bastion_blob_header header;
	struct key *keyring;
	bool bound;
	struct key *target;
	struct key *authkey;
};

static struct key_type *key_type_of(u32 type)
{
	switch (type) {
	case BASTION_TYPE_LOGON:
		return &key_type_logon;
	case BASTION_TYPE_USER:
		return &key_type_user;
	default:
		return NULL;
	}
}

static u32 type_of_key(const struct key *key)
{
	if (key->type == &key_type_logon)
		return BASTION_TYPE_LOGON;
	if (key->type == &key_type_user)
		return BASTION_TYPE_USER;
	return 0;
}

/* The sealed key */

static int take_blob(struct request *rq, const struct bastion_release *args)
{
	if (args->blob_len > BASTION_BLOB_MAX || !args->blob_len)
		return -EBADMSG;
	rq->blob = memdup_user(u64_to_user_ptr(args->blob), args->blob_len);
	if (IS_ERR(rq->blob)) {
		int ret = PTR_ERR(rq->blob);

		rq->blob = NULL;
		return ret;
	}
	rq->blob_len = args->blob_len;
	return 0;
}

/* With the requester's credentials in force: it must be able to find the key. */
static int take_key(struct request *rq, s32 serial)
{
	key_ref_t ref;
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
	ret = bastion_key_blob(key_ref_to_ptr(ref), &rq->blob, &rq->blob_len);
	key_ref_put(ref);
	return ret;
}

static int take_sealed(struct request *rq, const struct bastion_release *args)
{
	struct bastion_blob_view view;
	int ret;

	if (!args->key == !args->blob)
		return -EINVAL;
	ret = args->blob ? take_blob(rq, args) : take_key(rq, args->key);
	if (!ret)
		ret = bastion_blob_parse(rq->blob, rq->blob_len, &view);
	if (ret)
		return ret;
	rq->header = view.header;
	return 0;
}

/* What can be refused without a grant; @rq->who's credentials are in force. */
static int check_permission(struct request *rq)
{
	const struct bastion_blob_header *header = &rq->header;

	if (!key_type_of(rq->type))
		return -EOPNOTSUPP;
	if (!bastion_requester_owns(&rq->who, le32_to_cpu(header->owner)))
		return -EACCES;
	if (memcmp(header->chip_id, rq->chip->info.id, sizeof(header->chip_id)))
		return -EBADMSG;
	if (!(le32_to_cpu(header->types) & rq->type))
		return -EKEYREJECTED;
	/* Another name would be another of the owner's keys in disguise. */
	if (rq->target && strcmp(rq->target->description + strlen(PREFIX), header->name))
		return -EKEYREJECTED;
	return 0;
}

/* Measuring and unsealing */

static int measure_requester(struct request *rq)
{
	const struct bastion_blob_header *header = &rq->header;
	int ret;

	rq->bound = le32_to_cpu(header->flags) & BASTION_BLOB_EXECUTABLE;
	if (rq->bound) {
		ret = bastion_requester_is(&rq->who, header->executable, rq->keyring);
		if (ret)
			return ret;
	}
	return bastion_measure_executable(rq->chip, rq->who.cred->fsuid, rq->who.path,
					  rq->who.digest);
}

/* An entry that names an executable binds just as a header does that names one. */
static int check_entry(struct request *rq, const struct bastion_grant_live *grant)
{
	const struct bastion_grant_entry *entry;

	/* First one that binds to nothing, wherever it stands among the others. */
	if (bastion_grant_find(grant->entries, grant->count, BASTION_GRANT_RELEASE,
			       rq->header.policy, NULL))
		return 0;
	entry = bastion_grant_find(grant->entries, grant->count, BASTION_GRANT_RELEASE,
				   rq->header.policy, rq->who.digest);
	if (!entry)
		return -EKEYREJECTED;
	rq->bound = true;
	return bastion_requester_is(&rq->who, entry->executable, rq->keyring);
}

static ssize_t unseal(struct request *rq, struct bastion_grant_live *grant, u8 *secret)
{
	struct bastion_gate *gate = rq->chip->gate;
	u8 token[BASTION_TOKEN_SIZE];
	ssize_t ret;

	down_read(&gate->exchange);
	ret = bastion_gate_token(gate, grant, token);
	if (!ret) {
		ret = rq->chip->ops->unseal(rq->chip, token, le32_to_cpu(rq->header.owner),
					    rq->type, rq->who.digest, rq->blob, rq->blob_len,
					    secret, BASTION_SECRET_MAX);
		memzero_explicit(token, sizeof(token));
	}
	up_read(&gate->exchange);
	if (ret >= 0 && ret != le32_to_cpu(rq->header.secret_len))
		ret = -EIO;
	if (ret < 0 && ret != -ERESTART)
		ret = bastion_gate_chip_said(gate, grant, ret);
	return ret;
}

/* Through the ioctl's door the key does not exist yet. */
static struct key *new_key(struct request *rq)
{
	key_perm_t perm = KEY_POS_VIEW | KEY_POS_SEARCH | KEY_POS_LINK | KEY_USR_VIEW;
	char description[sizeof(PREFIX) + BASTION_NAME_SIZE];
	const struct cred *cred = rq->who.cred;

	if (rq->type == BASTION_TYPE_USER)
		perm |= KEY_POS_READ;
	/* By its serial any process of the uid could use it, wherever it is linked. */
	if (!rq->bound)
		perm |= KEY_USR_SEARCH;
	snprintf(description, sizeof(description), PREFIX "%s", rq->header.name);
	return key_alloc(key_type_of(rq->type), description, cred->fsuid, cred->fsgid, cred,
			 perm, 0, NULL);
}

static int instantiate(struct request *rq, struct bastion_grant_live *grant, const u8 *secret,
		       size_t len)
{
	struct bastion_released *released;
	struct key *key;
	int ret;

	key = rq->target ? key_get(rq->target) : new_key(rq);
	if (IS_ERR(key))
		return PTR_ERR(key);
	released = bastion_released_alloc(rq->header.policy, rq->bound ? rq->who.digest : NULL);
	if (!released) {
		key_put(key);
		return -ENOMEM;
	}
	ret = bastion_gate_release(rq->chip->gate, grant, released, key, secret, len,
				   rq->keyring, rq->authkey);
	/* The upcall's request has a reference already. */
	if (ret || key == rq->target)
		key_put(key);
	else
		rq->target = key;
	return ret;
}

static int release_under(struct request *rq, struct bastion_grant_live *grant)
{
	ssize_t ret;
	u8 *secret;

	/* Reading the file takes as long as its owner likes: nothing is held meanwhile. */
	ret = bastion_requester_measure(&rq->who, rq->authkey);
	if (!ret)
		ret = bastion_chip_get_ops(rq->chip);
	if (ret)
		return ret;
	ret = measure_requester(rq);
	if (!ret)
		ret = check_entry(rq, grant);
	if (ret)
		goto out_ops;

	secret = kzalloc(BASTION_SECRET_MAX, GFP_KERNEL);
	ret = -ENOMEM;
	if (!secret)
		goto out_ops;
	ret = unseal(rq, grant, secret);
	if (ret >= 0)
		ret = instantiate(rq, grant, secret, ret);
	kfree_sensitive(secret);
out_ops:
	bastion_chip_put_ops(rq->chip);
	return ret;
}

static int wait_and_release(struct request *rq)
{
	struct bastion_grant_live *grant;
	int ret;

	do {
		ret = bastion_gate_wait(rq->chip->gate, rq->header.verifier,
					BASTION_GRANT_RELEASE, rq->header.policy,
					rq->timeout_ms, &grant);
		if (ret)
			return ret;
		ret = release_under(rq, grant);
		bastion_grant_put(grant);
		/* Another grant took its place meanwhile: then that one counts. */
	} while (ret == -ERESTART && !fatal_signal_pending(current));
	return ret;
}

/* The ioctl's door */

static int release_here(struct request *rq, struct bastion_release *args)
{
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
	rq->keyring = key_get(key_ref_to_ptr(keyring));
	key_ref_put(keyring);
	if (rq->keyring->type != &key_type_keyring)
		return -ENOTDIR;
	/* A thread or process keyring may have come with new credentials just now. */
	put_cred(rq->who.cred);
	rq->who.cred = get_current_cred();
	return wait_and_release(rq);
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
		rq->timeout_ms = 0;
		return 0;
	}
	if (strncmp(text, "timeout=", 8) || kstrtou32(text + 8, 10, &seconds))
		return -EINVAL;
	rq->timeout_ms = min_t(u64, rq->timeout_ms, (u64)seconds * MSEC_PER_SEC);
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
	bastion_requester_init(&rq->who, rka->cred, pid);
	put_pid(pid);
	rq->authkey = key_get(authkey);
	rq->target = key_get(rka->target_key);
	rq->keyring = key_get(rka->dest_keyring);
	rq->type = type_of_key(rq->target);
	ret = parse_callout(rq, rka->callout_info, rka->callout_len);
	if (!ret && strncmp(rq->target->description, PREFIX, strlen(PREFIX)))
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
	if (ret)
		return ret;
	helper = override_creds(rq->who.cred);
	ret = take_sealed(rq, args);
	if (!ret)
		ret = check_permission(rq);
	revert_creds(helper);
	if (ret)
		return ret;
	ret = upcall_enter(&upcall, rq->who.cred->fsuid);
	if (ret)
		return ret;
	ret = wait_and_release(rq);
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
	struct request rq = { .chip = chip, .type = args->type };
	int ret;

	if (args->flags & ~(BASTION_RELEASE_NOWAIT | BASTION_RELEASE_UPCALL))
		return -EINVAL;
	rq.timeout_ms = wait_time(chip, args);
	if (args->flags & BASTION_RELEASE_UPCALL) {
		/* A longer wait would only trip the hung task detector. */
		rq.timeout_ms = min_t(u32, rq.timeout_ms,
				      READ_ONCE(chip->release_timeout) * MSEC_PER_SEC);
		ret = release_for_requester(&rq, args);
	} else {
		if (!args->keyring || !is_power_of_2(args->type) ||
		    args->type & ~BASTION_TYPE_ALL)
			return -EINVAL;
		bastion_requester_init(&rq.who, current_cred(), task_pid(current));
		ret = release_here(&rq, args);
	}
	if (!ret)
		args->serial = key_serial(rq.target);

	key_put(rq.target);
	key_put(rq.keyring);
	key_put(rq.authkey);
	kfree(rq.blob);
	bastion_requester_exit(&rq.who);
	return ret;
}
