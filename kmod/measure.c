// SPDX-License-Identifier: GPL-2.0
/*
 * Measuring: entries in IMA's template formats, extended into the chip before
 * anything depends on them.
 */
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/utsname.h>

#include "gate.h"
#include "ima.h"
#include "measure.h"
#include "measuring.h"
#include "pci.h"

/* What measure_first() makes */
#define FIRST_ENTRIES	4

/* Who pays for an entry: a uid, or the module and its operators. */
#define OPERATOR	INVALID_UID

/**
 * struct template - the kinds of entries there are
 * @name:	IMA's
 * @prefix:	of the digest's field
 * @hash:	the digest's
 */
struct template {
	const char *name;
	const char *prefix;
	enum bastion_hash hash;
};

static const struct template data_template = { "ima-buf", "sha384:", BASTION_SHA384 };
static const struct template file_template = { "ima-ng", "sha256:", BASTION_SHA256 };
static const struct template verity_template = { "ima-ngv2", "verity:sha256:", BASTION_SHA256 };

static u8 *put_field(u8 *p, const void *data, u32 len)
{
	put_unaligned_le32(len, p);
	memcpy(p + sizeof(u32), data, len);
	return p + sizeof(u32) + len;
}

/* d-ng or d-ngv2: "sha384:" or "verity:sha256:", NUL, digest */
static u8 *put_digest_field(u8 *p, const struct template *template, const u8 *digest)
{
	u32 prefix = strlen(template->prefix) + 1, size = bastion_hash_size(template->hash);

	put_unaligned_le32(prefix + size, p);
	p += sizeof(u32);
	memcpy(p, template->prefix, prefix);
	memcpy(p + prefix, digest, size);
	return p + prefix + size;
}

static size_t digest_field_size(const struct template *template)
{
	return sizeof(u32) + strlen(template->prefix) + 1 + bastion_hash_size(template->hash);
}

static int hash_template(struct bastion_log_entry *entry)
{
	struct kvec part = { .iov_base = entry->data, .iov_len = entry->len };
	enum bastion_hash hash;
	int ret;

	for (hash = 0; hash < BASTION_HASH_COUNT; hash++) {
		ret = bastion_hash(hash, &part, 1, entry->digests[hash]);
		if (ret)
			return ret;
	}
	return 0;
}

/* An entry that is not in the log yet, with @data if it is for that. */
static struct bastion_log_entry *entry_alloc(const struct template *template, u32 index,
					     const char *name, const u8 *digest, const void *data,
					     size_t len)
{
	size_t size = digest_field_size(template) + sizeof(u32) + strlen(name) + 1;
	struct bastion_log_entry *entry;
	u8 *p;
	int ret;

	if (data)
		size += sizeof(u32) + len;
	entry = kzalloc(struct_size(entry, data, size), GFP_KERNEL_ACCOUNT);
	if (!entry)
		return ERR_PTR(-ENOMEM);
	entry->uid = OPERATOR;
	entry->index = index;
	entry->template = template->name;
	entry->len = size;
	p = put_digest_field(entry->data, template, digest);
	p = put_field(p, name, strlen(name) + 1);
	if (data)
		put_field(p, data, len);

	ret = hash_template(entry);
	if (ret) {
		kfree(entry);
		return ERR_PTR(ret);
	}
	return entry;
}

static struct bastion_log_entry *data_entry(u32 index, const char *name, const void *data,
					    size_t len)
{
	struct kvec part = { .iov_base = (void *)data, .iov_len = len };
	u8 digest[BASTION_DIGEST_SIZE];
	int ret = bastion_hash(data_template.hash, &part, 1, digest);

	return ret ? ERR_PTR(ret) : entry_alloc(&data_template, index, name, digest, data, len);
}

static struct bastion_log_entry *file_entry(const char *path, const u8 digest[BASTION_EXE_SIZE],
					    bool verity)
{
	return entry_alloc(verity ? &verity_template : &file_template, 4, path, digest, NULL, 0);
}

static bool is_duplicate(struct bastion_log *log, const struct bastion_log_entry *entry)
{
	const u8 *digest = entry->digests[BASTION_SHA384];
	struct bastion_log_entry *other;

	hash_for_each_possible(log->by_digest, other, hash, get_unaligned((const u32 *)digest)) {
		if (other->index == entry->index &&
		    !memcmp(other->digests[BASTION_SHA384], digest, BASTION_DIGEST_SIZE))
			return true;
	}
	return bastion_log_has_stub(log, entry->index, digest);
}

/**
 * bastion_log_budget() - look up what a uid has caused
 * @log:	the log; the caller holds its lock
 * @uid:	whose
 *
 * Return: its budget, or NULL when nothing was ever logged for it.
 */
struct bastion_log_budget *bastion_log_budget(struct bastion_log *log, kuid_t uid)
{
	struct bastion_log_budget *budget;

	hash_for_each_possible(log->budgets, budget, node, __kuid_val(uid)) {
		if (uid_eq(budget->uid, uid))
			return budget;
	}
	return NULL;
}

/** bastion_log_record_size() - bytes, as the binary list with SHA-384 template digests has it */
size_t bastion_log_record_size(const struct bastion_log_entry *entry)
{
	return 4 * sizeof(u32) + BASTION_DIGEST_SIZE + strlen(entry->template) + entry->len;
}

static size_t uid_budget(void)
{
	return bastion_measuring(BASTION_MEASURE_EXEC) ? BASTION_LOG_UID_BUDGET_EXEC :
							 BASTION_LOG_UID_BUDGET;
}

/* Is there room for @entry, caused by @uid, whose budget, if it has one, is @budget? */
static int check_room(const struct bastion_log *log, const struct bastion_log_entry *entry,
		      kuid_t uid, const struct bastion_log_budget *budget)
{
	size_t size = bastion_log_record_size(entry), limit = BASTION_LOG_MAX;

	if (uid_eq(uid, GLOBAL_ROOT_UID)) {
		limit = BASTION_LOG_ROOT_MAX;
	} else if (uid_valid(uid)) {
		limit = BASTION_LOG_USERS_MAX;
		if ((budget ? budget->used : 0) + size > uid_budget() ||
		    (budget && budget->stubs >= BASTION_LOG_UID_STUBS))
			return -EDQUOT;
	}
	return log->bytes + size > limit ? -ENOSPC : 0;
}

static int next_aggregate(const struct bastion_log *log, const struct bastion_log_entry *entry,
			  u8 out[BASTION_DIGEST_SIZE])
{
	__le32 index = cpu_to_le32(entry->index);
	struct kvec parts[] = {
		{ (void *)log->aggregate, sizeof(log->aggregate) },
		{ &index, sizeof(index) },
		{ (void *)entry->digests[BASTION_SHA384], BASTION_DIGEST_SIZE },
	};

	return bastion_hash(BASTION_SHA384, parts, ARRAY_SIZE(parts), out);
}

/*
 * A chip that has lost its registers must first be brought up to the log:
 * nothing may be extended before that.
 */
static int check_reset(struct bastion_chip *chip)
{
	if (bastion_gate_is_current(chip->gate))
		return 0;
	return READ_ONCE(chip->gate->removed) ? -ENODEV : -EIO;
}

/*
 * If the chip does not say that it has it, nobody knows what the register holds, and
 * the gate fails until the chip is reset.
 */
static int extend(struct bastion_chip *chip, u32 index, const u8 digest[BASTION_DIGEST_SIZE])
{
	int ret = chip->ops->mr_extend(chip, index, digest);

	/* Not sent, so the register is what it was: a crowd must not fail the gate. */
	if (!ret || bastion_chip_not_sent(ret))
		return ret;
	dev_err(&chip->dev, "register %u could not be extended (%d): the gate fails\n", index, ret);
	bastion_gate_fail(chip->gate, BASTION_REASON_EXTEND);
	/* That a TPM was reset ends a round, and there may be none. */
	return ret == -ESTALE ? -EIO : ret;
}

/*
 * A program runs whatever becomes of the chip. What a chip that has failed, or has lost its
 * registers, does not take is in the log all the same, which is what the chip is
 * brought up to before its gate is anything but failed.
 */
static int extend_or_owe(struct bastion_chip *chip, const struct bastion_log_entry *entry)
{
	int ret;

	if (check_reset(chip) || READ_ONCE(chip->gate->state) == BASTION_STATE_FAILED)
		return 0;
	ret = extend(chip, entry->index, entry->digests[BASTION_SHA384]);
	return bastion_chip_not_sent(ret) ? ret : 0;
}

/* Extends the chip and appends @entry. */
static int commit(struct bastion_chip *chip, struct bastion_log_entry *entry, bool runs)
{
	struct bastion_log *log = chip->log;
	u8 aggregate[BASTION_DIGEST_SIZE];
	int ret;

	lockdep_assert_held(&log->lock);

	ret = runs ? 0 : check_reset(chip);
	if (!ret)
		ret = next_aggregate(log, entry, aggregate);
	if (ret)
		return ret;

	ret = runs ? extend_or_owe(chip, entry) :
		     extend(chip, entry->index, entry->digests[BASTION_SHA384]);
	if (ret)
		return ret;

	memcpy(log->aggregate, aggregate, sizeof(aggregate));
	log->bytes += bastion_log_record_size(entry);
	entry->number = log->count++;
	hash_add(log->by_digest, &entry->hash,
		 get_unaligned((u32 *)entry->digests[BASTION_SHA384]));
	list_add_tail_rcu(&entry->list, &log->entries);
	bastion_gate_extended(chip->gate, entry->index);
	return 0;
}

/* @entry is the log's afterwards, or still the caller's when there is an error. */
static int commit_for(struct bastion_chip *chip, struct bastion_log_entry *entry, kuid_t uid,
		      bool runs)
{
	struct bastion_log_budget *budget, *fresh = NULL;
	struct bastion_log *log = chip->log;
	int ret;

	budget = bastion_log_budget(log, uid);
	ret = check_room(log, entry, uid, budget);
	if (ret)
		return ret;
	if (!budget) {
		fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
		if (!fresh)
			return -ENOMEM;
		fresh->uid = uid;
		budget = fresh;
	}
	entry->uid = uid;
	ret = commit(chip, entry, runs);
	if (ret) {
		kfree(fresh);
		return ret;
	}
	budget->used += bastion_log_record_size(entry);
	if (fresh)
		hash_add(log->budgets, &fresh->node, __kuid_val(uid));
	return 0;
}

/* @once: what is there already is not logged again. Consumes @entry. */
static int measure(struct bastion_chip *chip, struct bastion_log_entry *entry, kuid_t uid,
		   bool once)
{
	struct bastion_log *log = chip->log;
	bool duplicate;
	int ret = 0;

	lockdep_assert_held_read(&chip->ops_lock);
	if (IS_ERR(entry))
		return PTR_ERR(entry);

	bastion_log_lock(log);
	duplicate = once && is_duplicate(log, entry);
	if (!duplicate)
		ret = commit_for(chip, entry, uid, false);
	/* Whoever may not run out of room did: nothing more can be vouched for. */
	if (ret == -ENOSPC && !uid_valid(uid))
		bastion_gate_fail(chip->gate, BASTION_REASON_EXTEND);
	bastion_log_unlock(log);
	if (duplicate || ret)
		kfree(entry);
	return ret;
}

/**
 * bastion_measure_register() - extend a register with what another log has
 * @chip:	the chip; the caller holds its ops and the log's lock
 * @index:	register
 * @digest:	what it is extended with
 *
 * Return: 0; -EAGAIN too many commands wait for the chip, or -ENOMEM, and this one was not
 * sent; or an error after which the gate has failed, or the chip was reset.
 */
int bastion_measure_register(struct bastion_chip *chip, u32 index,
			     const u8 digest[BASTION_DIGEST_SIZE])
{
	int ret;

	lockdep_assert_held(&chip->log->lock);
	ret = check_reset(chip) ?: extend(chip, index, digest);
	if (!ret)
		bastion_gate_extended(chip->gate, index);
	return ret;
}

/**
 * bastion_measure_data() - measure an event of the module's or an operator's
 * @chip:	the chip; the caller holds its ops
 * @index:	register
 * @name:	the event's name
 * @data:	the event
 * @len:	its length in bytes, 1 or more
 *
 * Context: process, may sleep, takes the log's lock.
 * Return: 0, or an error after which nothing was logged; the gate has failed
 * when the chip did not take it or the log is full.
 */
int bastion_measure_data(struct bastion_chip *chip, u32 index, const char *name,
			 const void *data, size_t len)
{
	return measure(chip, data_entry(index, name, data, len), OPERATOR, false);
}

/**
 * bastion_measure_key() - measure a key that was made, into register 4
 * @chip:	the chip; the caller holds its ops
 * @uid:	who made it, and whose budget pays
 * @event:	BASTION_EVENT_KEY_CREATE or _REBIND
 * @header:	the sealed key's header
 *
 * Return: 0, -EDQUOT when @uid has used its budget, or as bastion_measure_data().
 */
int bastion_measure_key(struct bastion_chip *chip, kuid_t uid, const char *event,
			const struct bastion_blob_header *header)
{
	return measure(chip, data_entry(4, event, header, sizeof(*header)), uid, false);
}

/**
 * bastion_measure_executable() - measure who asks for a key, into register 4
 * @chip:	the chip; the caller holds its ops
 * @uid:	of the requester, whose budget pays
 * @path:	of the executable, as its own mount namespace sees it
 * @digest:	its SHA-256
 *
 * The same path with the same digest is measured once.
 *
 * Return: as bastion_measure_key().
 */
int bastion_measure_executable(struct bastion_chip *chip, kuid_t uid, const char *path,
			       const u8 digest[BASTION_EXE_SIZE])
{
	return measure(chip, file_entry(path, digest, false), uid, true);
}

/**
 * bastion_measure_program() - measure what is about to run, into register 4
 * @chip:	the chip; the caller holds its ops
 * @uid:	who runs it, and whose budget pays
 * @path:	of the file, as the process sees it
 * @digest:	the SHA-256 of its content, or what fs-verity has for it
 * @verity:	whether it is the latter
 *
 * As bastion_measure_executable(), but a chip that does not take it makes no error: its gate
 * has failed or fails, and what the chip lacks it gets when it is brought up to the log.
 *
 * Return: 0; -EAGAIN too many commands wait for the chip; -EDQUOT when @uid has used its budget;
 * -ENOSPC the log is full for @uid; -ENOMEM.
 */
int bastion_measure_program(struct bastion_chip *chip, kuid_t uid, const char *path,
			    const u8 digest[BASTION_EXE_SIZE], bool verity)
{
	struct bastion_log_entry *entry = file_entry(path, digest, verity);
	struct bastion_log *log = chip->log;
	bool logged = false;
	int ret = 0;

	lockdep_assert_held_read(&chip->ops_lock);
	if (IS_ERR(entry))
		return PTR_ERR(entry);
	bastion_log_lock(log);
	if (log->count < FIRST_ENTRIES) {
		/* The chip never came up. If it does, its log has no place for this. */
		WRITE_ONCE(log->unsound, true);
	} else if (!is_duplicate(log, entry)) {
		ret = commit_for(chip, entry, uid, true);
		logged = !ret;
	}
	bastion_log_unlock(log);
	if (!logged)
		kfree(entry);
	return ret;
}

/**
 * bastion_measure_requester() - measure as whom and from where, into register 4
 * @chip:	the chip; the caller holds its ops
 * @uid:	of the requester, whose budget pays
 * @text:	from bastion_requester_text()
 * @len:	its length in bytes
 *
 * The same text is measured once.
 *
 * Return: as bastion_measure_key().
 */
int bastion_measure_requester(struct bastion_chip *chip, kuid_t uid, const char *text, size_t len)
{
	return measure(chip, data_entry(4, BASTION_EVENT_REQUESTER, text, len), uid, true);
}

static int measure_text(struct bastion_chip *chip, u32 index, const char *name,
			const char *fmt, ...) __printf(4, 5);

static int measure_text(struct bastion_chip *chip, u32 index, const char *name,
			const char *fmt, ...)
{
	va_list args;
	char *text;
	int ret;

	va_start(args, fmt);
	text = kvasprintf(GFP_KERNEL, fmt, args);
	va_end(args);
	if (!text)
		return -ENOMEM;
	ret = bastion_measure_data(chip, index, name, text, strlen(text));
	kfree(text);
	return ret;
}

/* The first of the log's registers that somebody else has used; 0 none; or an error. */
static int used_register(struct bastion_chip *chip)
{
	static const u8 zero[BASTION_DIGEST_SIZE];
	u8 values[BASTION_MR_COUNT - 1][BASTION_DIGEST_SIZE];
	unsigned int i;
	int ret;

	ret = chip->ops->mr_read(chip, 0xfe, values);
	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(values); i++)
		if (memcmp(values[i], zero, sizeof(zero)))
			return i + 1;
	return 0;
}

static int measure_first(struct bastion_chip *chip, unsigned int step, const u8 *point)
{
	switch (step) {
	case 0:
		return bastion_measure_data(chip, 1, BASTION_EVENT_BOOT_KEY, point,
					    BASTION_POINT_SIZE);
	case 1:
		return measure_text(chip, 1, BASTION_EVENT_MODULE, "version=%s build=%s",
				    THIS_MODULE->version ?: "none", BASTION_BUILD);
	case 2: /* lockdown=1 keeps root from changing the kernel, 2 also from reading keys in it */
		return measure_text(chip, 1, BASTION_EVENT_PLATFORM,
				    "kernel=%s lockdown=%d sig_enforce=%d",
				    init_utsname()->release,
				    !!security_locked_down(LOCKDOWN_INTEGRITY_MAX) +
				    !!security_locked_down(LOCKDOWN_KCORE), is_module_sig_enforced());
	default:
		return measure_text(chip, 2, BASTION_EVENT_PARAMETERS, "polling=%d measure=%s",
				    bastion_polling(), bastion_measuring_text());
	}
}

/**
 * bastion_measure_boot() - the first entries: boot key, module, platform, parameters
 * @chip:	the chip; the caller holds its ops
 * @point:	the boot key, which is the first of all
 *
 * Continues where an earlier call was interrupted; nothing else is measured
 * before it is through. With registers that somebody else has used no verifier could make
 * sense of the log: then no round begins.
 *
 * Return: 0 or an error, after which the chip is of no use.
 */
int bastion_measure_boot(struct bastion_chip *chip, const u8 point[BASTION_POINT_SIZE])
{
	int ret = 0;
	u64 step;

	if (!chip->log->count)
		ret = used_register(chip);
	if (ret > 0) {
		WRITE_ONCE(chip->log->unsound, true);
		dev_warn(&chip->dev,
			 "register %d is not fresh: nothing attests before the chip's power cycle and a boot\n",
			 ret);
	}
	for (ret = min(ret, 0), step = chip->log->count; !ret && step < FIRST_ENTRIES; step++)
		ret = measure_first(chip, step, point);
	return ret;
}

/**
 * bastion_measure_rewind() - the chip was reset: it has nothing of the log any more
 * @chip:	the chip; the caller holds its ops and the log's lock
 *
 * Return: 0 or an error, after which the chip is of no use until the next reset.
 */
int bastion_measure_rewind(struct bastion_chip *chip)
{
	lockdep_assert_held(&chip->log->lock);
	chip->log->again = 0;
	return bastion_ima_rewind(chip);
}

/* What no log explains is a cap as well, and two do no harm. */
static int cap_bare(struct bastion_chip *chip)
{
	static const u8 nothing[BASTION_DIGEST_SIZE];

	return chip->ops->mr_extend(chip, 1, nothing);
}

/*
 * Comes before all of the log. A command that was on its way when the chip was reset may have come
 * first: the next reset helps. Nothing need agree with a log that is closed, whose cap may have come so.
 */
static int begin_again(struct bastion_chip *chip)
{
	struct bastion_log *log = chip->log;
	int ret = bastion_gate_interrupted(chip->gate);

	if (log->bare)
		return ret ?: cap_bare(chip);
	if (ret || log->again || bastion_log_is_closed(log))
		return ret;
	ret = used_register(chip);
	if (ret <= 0)
		return ret;
	dev_err_ratelimited(&chip->dev,
			    "register %d is not fresh after a reset: the gate fails until the next\n", ret);
	return -EIO;
}

/*
 * bastion_log_extend_again - the next of what the log has, for bastion_measure_again(). A chip that
 * was reset once more takes none before that is acknowledged, which begins with the first one.
 */
int bastion_log_extend_again(struct bastion_chip *chip, u32 index,
			     const u8 digest[BASTION_DIGEST_SIZE])
{
	int ret;

	ret = bastion_gate_interrupted(chip->gate);
	if (!ret)
		ret = chip->ops->mr_extend(chip, index, digest);
	if (!ret)
		chip->log->again++;
	return ret;
}

/**
 * bastion_measure_again() - bring a chip that was reset up to the log
 * @chip:	the chip; the caller holds its ops and has held the log's lock
 *		since before it acknowledged the reset
 *
 * Extends every entry again, in order, those of which only a stub is left first, so
 * that log and registers agree once more. Register 0 is the platform's business.
 * Goes on where it was interrupted, unless bastion_measure_rewind() was called meanwhile.
 *
 * Return: 0; -EAGAIN or -ENOMEM it was interrupted; -ENODEV the chip is going; or an error
 * after which it is of no use until the next reset.
 */
int bastion_measure_again(struct bastion_chip *chip)
{
	struct bastion_log *log = chip->log;
	struct bastion_log_entry *entry;
	int ret;

	lockdep_assert_held_read(&chip->ops_lock);
	lockdep_assert_held(&log->lock);

	ret = begin_again(chip) ?: bastion_log_stubs_again(chip);
	if (ret)
		return ret;
	list_for_each_entry(entry, &log->entries, list) {
		if (entry->number < log->again)
			continue;
		ret = bastion_log_extend_again(chip, entry->index, entry->digests[BASTION_SHA384]);
		if (ret)
			return ret;
	}
	return bastion_ima_again(chip);
}

/**
 * bastion_measure_cap() - close register 1 for good
 * @chip:	the chip; the caller holds its ops
 * @why:	"remove", "shutdown", ...
 *
 * Nothing attests after it before the chip's next power cycle and a boot, so whatever runs
 * next cannot speak for this kernel.
 */
void bastion_measure_cap(struct bastion_chip *chip, const char *why)
{
	struct bastion_log *log = chip->log;
	struct bastion_log_entry *entry;
	int ret = -ENOMEM;

	entry = data_entry(1, BASTION_EVENT_CAP, why, strlen(why));
	bastion_log_lock(log);
	if (!log->capped || log->bare) {
		WRITE_ONCE(log->capped, true);
		/* The first entries keep their places. */
		if (!IS_ERR(entry) && log->count >= FIRST_ENTRIES)
			ret = commit(chip, entry, false);
		log->bare = ret;
	}
	/* A chip that was reset has to take it, too, though the log may have one that it has not yet. */
	if (ret) {
		chip->ops->acknowledge(chip, chip->ops->generation(chip));
		cap_bare(chip);
	}
	bastion_log_unlock(log);
	if (ret && !IS_ERR(entry))
		kfree(entry);
}

int bastion_log_init(struct bastion_chip *chip)
{
	struct bastion_log *log = kzalloc(sizeof(*log), GFP_KERNEL);

	if (!log)
		return -ENOMEM;
	mutex_init(&log->lock);
	INIT_LIST_HEAD(&log->entries);
	INIT_LIST_HEAD(&log->stubs);
	hash_init(log->by_digest);
	hash_init(log->stubs_by_digest);
	hash_init(log->budgets);
	chip->log = log;
	return 0;
}

/* Called when nobody can reach the chip any more. */
void bastion_log_exit(struct bastion_chip *chip)
{
	struct bastion_log_entry *entry, *next;
	struct bastion_log_budget *budget;
	struct hlist_node *tmp;
	unsigned int i;

	if (!chip->log)
		return;
	list_for_each_entry_safe(entry, next, &chip->log->entries, list)
		kfree(entry);
	hash_for_each_safe(chip->log->budgets, i, tmp, budget, node)
		kfree(budget);
	bastion_log_stubs_free(chip->log);
	kfree(chip->log);
}
