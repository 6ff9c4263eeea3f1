// SPDX-License-Identifier: GPL-2.0
/*
 * A TPM 2.0 as the chip: who it is, its registers, and its lifetime.
 *
 * The TPM has one PCR for what a Bastionchip has seven registers for. Their values are
 * computed here, as the verifier computes them from the log, and every extend goes into
 * the PCR, from where the TPM signs it.
 */
#include <linux/ctype.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/reboot.h>
#include <linux/slab.h>

#include "crypto.h"
#include "tpm.h"
#include "tpm_internal.h"

#define PCR_DEFAULT	13
/* None of register 0's, not IMA's (10), none that software resets. */
#define PCR_FIRST	11
#define PCR_LAST	15
#define PLATFORM_PCRS	10	/* 0 .. 9: what register 0 is made of */

#define READ_TRIES	10
#define READ_PAUSE_MS	10

#define STORAGE_HANDLE	0x81000001

static unsigned int pcr = PCR_DEFAULT;
module_param(pcr, uint, 0444);
MODULE_PARM_DESC(pcr, "the TPM's PCR that is extended: 11 to 15 (default: 13)");

/* The only one, from init to exit. */
static struct bastion_tpm *the_tpm;

/* Registers */

/* What a bank is extended with (round.h) */
static int bank_digest(u16 alg, u32 index, const u8 digest[BASTION_DIGEST_SIZE],
		       u8 out[TPM2_MAX_DIGEST_SIZE])
{
	static const char tag[] = BASTION_PCR_TAG;
	__le32 wire = cpu_to_le32(index);
	const struct kvec parts[] = {
		{ .iov_base = (void *)tag, .iov_len = sizeof(tag) },
		{ .iov_base = &wire, .iov_len = sizeof(wire) },
		{ .iov_base = (void *)digest, .iov_len = BASTION_DIGEST_SIZE },
	};
	enum bastion_hash hash = BASTION_SHA384;

	if (alg == BASTION_TPM_ALG_SHA1)
		hash = BASTION_SHA1;
	else if (alg == BASTION_TPM_ALG_SHA256)
		hash = BASTION_SHA256;
	/* Others have it padded or cut, so that no bank is left out. */
	memset(out, 0, TPM2_MAX_DIGEST_SIZE);
	return bastion_hash(hash, parts, ARRAY_SIZE(parts), out);
}

/* An extend as such: @value becomes the hash of itself and @digest. */
static int roll(enum bastion_hash hash, u8 *value, const u8 *digest)
{
	const struct kvec parts[] = {
		{ .iov_base = value, .iov_len = bastion_hash_size(hash) },
		{ .iov_base = (void *)digest, .iov_len = bastion_hash_size(hash) },
	};

	return bastion_hash(hash, parts, ARRAY_SIZE(parts), value);
}

/*
 * After the kernel's function has failed: whether the TPM has extended the PCR all the same, is
 * for the PCR to say. When it was not asked, or said that it has no time, and the PCR is what it
 * was, nothing is lost.
 */
static int has_extended(struct bastion_tpm *t, const u8 next[BASTION_TPM_DIGEST_SIZE], int error)
{
	u8 value[BASTION_TPM_DIGEST_SIZE];
	unsigned int tries = 0;
	bool not_sent;

	error = bastion_tpm_errno_of(t, error);
	not_sent = bastion_chip_not_sent(error);
	/* What was lacking to extend it may be lacking to read it, for a moment. */
	while (bastion_tpm_read_pcr(t, t->pcr, value)) {
		if (!not_sent || ++tries == READ_TRIES)
			return -EIO;
		msleep(READ_PAUSE_MS);
	}
	if (!memcmp(value, next, sizeof(value)))
		return 0;
	return not_sent && !memcmp(value, t->value, sizeof(value)) ? error : -EIO;
}

static int extend_all(struct bastion_tpm *t, void *digests)
{
	return tpm_pcr_extend(t->tpm, t->pcr, digests);
}

/* @next: what the SHA-256 bank's PCR is before, and after */
static int extend_pcr(struct bastion_tpm *t, u32 index, const u8 digest[BASTION_DIGEST_SIZE],
		      u8 next[BASTION_TPM_DIGEST_SIZE])
{
	struct tpm_digest *digests;
	u8 ours[TPM2_MAX_DIGEST_SIZE];
	u32 i;
	int ret;

	digests = kcalloc(t->tpm->nr_allocated_banks, sizeof(*digests), GFP_KERNEL);
	if (!digests)
		return -ENOMEM;
	ret = bank_digest(BASTION_TPM_ALG_SHA256, index, digest, ours);
	if (!ret)
		ret = roll(BASTION_SHA256, next, ours);
	for (i = 0; !ret && i < t->tpm->nr_allocated_banks; i++) {
		digests[i].alg_id = t->tpm->allocated_banks[i].alg_id;
		ret = bank_digest(digests[i].alg_id, index, digest, digests[i].digest);
	}
	if (!ret) {
		t->statistics.commands++;
		ret = bastion_tpm_aside(t, extend_all, digests);
		if (ret)
			ret = has_extended(t, next, ret);
	}
	kfree(digests);
	return ret;
}

static int mr_extend(struct bastion_chip *chip, u32 index, const u8 digest[BASTION_DIGEST_SIZE])
{
	u8 value[BASTION_TPM_DIGEST_SIZE], reg[BASTION_DIGEST_SIZE];
	struct bastion_tpm *t = bastion_tpm_of(chip);
	int ret;

	if (!index || index >= BASTION_MR_COUNT)
		return -EINVAL;
	/*
	 * IMA's list is in a PCR of its own, into which IMA has extended it: whether the TPM was
	 * reset is for whoever asks it next to find out.
	 */
	if (index != BASTION_MR_IMA)
		ret = bastion_tpm_run(t, NULL, NULL);
	else
		ret = READ_ONCE(t->gone) ? -ENODEV : 0;
	if (ret)
		return ret;
	mutex_lock(&t->lock);
	memcpy(value, t->value, sizeof(value));
	memcpy(reg, t->registers[index], sizeof(reg));
	/* Somebody else may have seen in between that it was started anew. */
	ret = t->lost ? -EIO : roll(BASTION_SHA384, reg, digest);
	if (!ret && index != BASTION_MR_IMA)
		ret = extend_pcr(t, index, digest, value);
	/* Nothing fails once the TPM has it. */
	if (!ret) {
		memcpy(t->value, value, sizeof(value));
		memcpy(t->registers[index], reg, sizeof(reg));
	}
	/* Unless it has surely not: a grant that goes here goes in the gate, too. */
	if (!bastion_chip_not_sent(ret))
		bastion_tpm_forget_register(t, index);
	mutex_unlock(&t->lock);
	return ret;
}

/* Register 0, from what firmware and boot loader have extended (round.h) */
static int platform_register(struct bastion_tpm *t, u8 value[BASTION_DIGEST_SIZE])
{
	static const char tag[] = BASTION_PLATFORM_TAG;
	u8 values[PLATFORM_PCRS][BASTION_TPM_DIGEST_SIZE];
	const struct kvec parts[] = {
		{ .iov_base = (void *)tag, .iov_len = sizeof(tag) },
		{ .iov_base = values, .iov_len = sizeof(values) },
	};
	unsigned int i;
	int ret = 0;

	/* Anybody may have them read, and as often as they like: others come in between. */
	for (i = 0; !ret && i < PLATFORM_PCRS; i++) {
		mutex_lock(&t->lock);
		ret = bastion_tpm_read_pcr(t, i, values[i]);
		mutex_unlock(&t->lock);
	}
	return ret ?: bastion_hash(BASTION_SHA384, parts, ARRAY_SIZE(parts), value);
}

int bastion_tpm_mr_read(struct bastion_chip *chip, u32 mask, u8 (*values)[BASTION_DIGEST_SIZE])
{
	struct bastion_tpm *t = bastion_tpm_of(chip);
	unsigned int i, n = 0;
	int ret = 0;

	if (!mask || mask >> BASTION_MR_COUNT)
		return -EINVAL;
	if (mask & BIT(0))
		ret = platform_register(t, values[n++]);
	mutex_lock(&t->lock);
	for (i = 1; i < BASTION_MR_COUNT; i++)
		if (mask & BIT(i))
			memcpy(values[n++], t->registers[i], BASTION_DIGEST_SIZE);
	mutex_unlock(&t->lock);
	return ret;
}

/* Who it is; entered */

static int get_property(struct bastion_tpm *t, u32 property, u32 *value)
{
	struct bastion_tpm_call call;
	const u8 *list;
	int ret;

	ret = bastion_tpm_capability(t, BASTION_TPM_CAP_PROPERTIES, property, 1, &call);
	if (ret)
		return ret;
	list = call.out[2].data;
	if (call.out[2].len != 3 * sizeof(u32) || get_unaligned_be32(list + 4) != property)
		return -EIO;
	*value = get_unaligned_be32(list + 8);
	return 0;
}

/* Verifiers' keys are on P-384, the storage key is on P-256. */
static int check_curve(struct bastion_tpm *t, u16 curve)
{
	struct bastion_tpm_call call;
	int ret;

	ret = bastion_tpm_capability(t, BASTION_TPM_CAP_CURVES, curve, 1, &call);
	if (ret)
		return ret;
	if (call.out[2].len == sizeof(u32) + sizeof(u16) &&
	    get_unaligned_be16(call.out[2].data + sizeof(u32)) == curve)
		return 0;
	pr_err("the TPM does not know NIST P-%u\n", curve == BASTION_TPM_CURVE_P384 ? 384 : 256);
	return -EOPNOTSUPP;
}

static int read_info(struct bastion_tpm *t)
{
	u32 manufacturer = 0, high = 0, low = 0;
	struct bastion_chip_info *info = &t->info;
	char name[5] = "";
	int i, ret;

	ret = get_property(t, BASTION_TPM_PT_MANUFACTURER, &manufacturer);
	if (!ret)
		ret = get_property(t, BASTION_TPM_PT_FIRMWARE_1, &high);
	if (!ret)
		ret = get_property(t, BASTION_TPM_PT_FIRMWARE_2, &low);
	if (ret)
		return ret;
	put_unaligned_be32(manufacturer, name);
	for (i = 0; i < 4 && name[i]; i++)
		if (!isascii(name[i]) || !isprint(name[i]))
			name[i] = '?';
	snprintf(info->model, sizeof(info->model), "TPM 2.0 %s", name);
	snprintf(info->firmware, sizeof(info->firmware), "%u.%u.%u.%u", high >> 16,
		 high & 0xffff, low >> 16, low & 0xffff);
	info->kind = BASTION_CHIP_TPM;
	info->tpm = t->tpm->dev_num;
	info->pcr = t->pcr;
	return 0;
}

static int create_primary(struct bastion_tpm *t, u32 hierarchy,
			  void (*put)(struct bastion_tpm_writer *w), struct bastion_tpm_call *call)
{
	static const u8 nothing[4];	/* neither authValue nor data */
	u8 public[256];
	struct bastion_tpm_writer w = { .data = public, .size = sizeof(public) };
	struct bastion_tpm_field in[] = {
		{ .data = nothing, .len = sizeof(nothing) }, { .data = public }, { }, { },
	};
	int ret;

	put(&w);
	in[1].len = w.len;
	*call = (struct bastion_tpm_call){
		.command = BASTION_TPM_CREATE_PRIMARY, .handles = { hierarchy }, .in = in,
		.password = true,
	};
	ret = bastion_tpm_call(t, call);
	if (ret == -EKEYREJECTED)
		pr_err("the TPM's %s hierarchy has a password, or is disabled\n",
		       hierarchy == BASTION_TPM_RH_OWNER ? "owner" : "endorsement");
	return ret;
}

static int read_public(struct bastion_tpm *t, u32 handle, struct bastion_tpm_call *call)
{
	*call = (struct bastion_tpm_call){ .command = BASTION_TPM_READ_PUBLIC, .handles = { handle } };
	return bastion_tpm_call(t, call);
}

/* The chip's id is the digest of the endorsement key: one that is there, or that of the template. */
static int read_identity(struct bastion_tpm *t)
{
	static const u32 handles[] = { 0x81010001, 0x81010002 };
	struct bastion_tpm_call call;
	struct kvec public;
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(handles); i++) {
		ret = read_public(t, handles[i], &call);
		if (ret && ret != -ENOENT)
			return ret;
		if (!ret && bastion_tpm_is_endorsement(call.out[0].data, call.out[0].len))
			goto found;
	}
	ret = create_primary(t, BASTION_TPM_RH_ENDORSEMENT, bastion_tpm_put_endorsement, &call);
	if (ret)
		return ret;
found:
	public = (struct kvec){ (void *)call.out[0].data, call.out[0].len };
	ret = bastion_hash(BASTION_SHA384, &public, 1, t->info.id);
	if (call.handle)
		bastion_tpm_flush(t, call.handle);
	return ret;
}

/* Takes a storage key's point, and computes its name rather than believe it. */
static int know_storage(struct bastion_tpm *t, const u8 *public, size_t len)
{
	const u8 *x, *y;

	if (!bastion_tpm_is_storage(public, len, &x, &y))
		return -ENOENT;
	memcpy(t->storage_point, x, BASTION_TPM_COORDINATE_SIZE);
	memcpy(t->storage_point + BASTION_TPM_COORDINATE_SIZE, y, BASTION_TPM_COORDINATE_SIZE);
	return bastion_tpm_name_of(public, len, t->storage_name);
}

/* The storage key that the machine was provisioned with, or the template's. */
static int find_storage(struct bastion_tpm *t)
{
	struct bastion_tpm_call call;
	int ret;

	t->storage = 0;
	ret = read_public(t, STORAGE_HANDLE, &call);
	if (!ret)
		ret = know_storage(t, call.out[0].data, call.out[0].len);
	if (!ret)
		t->storage = STORAGE_HANDLE;
	if (ret != -ENOENT)
		return ret;
	ret = create_primary(t, BASTION_TPM_RH_OWNER, bastion_tpm_put_storage, &call);
	if (ret)
		return ret;
	ret = know_storage(t, call.out[0].data, call.out[0].len);
	if (!ret)
		ret = bastion_tpm_save(t, call.handle, t->storage_context, &t->storage_context_len);
	bastion_tpm_flush(t, call.handle);
	return ret == -ENOENT ? -EIO : ret;
}

/* A saved context does not outlive a reset of the TPM. */
static int find_storage_again(struct bastion_tpm *t)
{
	u8 name[BASTION_TPM_NAME_SIZE], point[sizeof(t->storage_point)];
	int ret;

	memcpy(name, t->storage_name, sizeof(name));
	memcpy(point, t->storage_point, sizeof(point));
	ret = find_storage(t);
	if (!ret && memcmp(name, t->storage_name, sizeof(name)))
		ret = -EIO;
	/* What was found instead is nothing to go by the next time. */
	if (ret) {
		memcpy(t->storage_name, name, sizeof(name));
		memcpy(t->storage_point, point, sizeof(point));
	}
	return ret;
}

/* Operations */

/*
 * Looks at the PCR. The TPM tests itself when it is started; what is tested here is that
 * nobody has been there before us. After a reset nobody may have been: what is measured
 * again would come after what is in it.
 */
static int look_at_pcr(struct bastion_tpm *t)
{
	static const u8 zero[BASTION_TPM_DIGEST_SIZE];
	u8 value[BASTION_TPM_DIGEST_SIZE];
	int ret;

	ret = bastion_tpm_read_pcr(t, t->pcr, value);
	if (ret || (t->tested && !t->lost))
		return ret;
	/* There was another one, of which the gate does not know yet. */
	if (t->lost && atomic_read(&t->generation) != READ_ONCE(t->admitted))
		return -EIO;
	if (t->lost && memcmp(value, zero, sizeof(zero)))
		return -EIO;
	memset(t->registers, 0, sizeof(t->registers));
	memcpy(t->value, value, sizeof(value));
	/* Somebody has used it, if it is not zero: no round begins. */
	memcpy(t->registers[1], value, sizeof(value));
	t->resets = t->seen_resets;
	t->restarts = t->seen_restarts;
	t->tested = true;
	t->lost = false;
	return 0;
}

static int test_once(struct bastion_tpm *t, void *unused)
{
	int ret;

	ret = bastion_tpm_enter(t);
	if (ret)
		return ret;
	ret = bastion_tpm_read_clock(t);
	if (!ret && t->lost)
		ret = find_storage_again(t);
	bastion_tpm_leave(t);
	return ret ?: look_at_pcr(t);
}

static int self_test(struct bastion_chip *chip)
{
	return bastion_tpm_insist(bastion_tpm_of(chip), test_once, NULL);
}

static int info(struct bastion_chip *chip, struct bastion_chip_info *info)
{
	struct bastion_tpm *t = bastion_tpm_of(chip);

	mutex_lock(&t->lock);
	*info = t->info;
	/* Before the first self-test it is what was seen at probe. */
	info->boot_count = t->seen_resets;
	mutex_unlock(&t->lock);
	return 0;
}

/* User space reads both from where the kernel's TPM driver has them. */
static ssize_t no_record(struct bastion_chip *chip, u8 *buf, size_t size)
{
	return 0;
}

/*
 * Evidence is no secret: user space has the TPM sign this, with a key that is enrolled. What
 * the PCR has to be then tells it whether something was extended in between.
 */
static ssize_t quote(struct bastion_chip *chip, const u8 qualifying[BASTION_DIGEST_SIZE],
		     u8 *buf, size_t size)
{
	struct bastion_tpm *t = bastion_tpm_of(chip);
	u8 value[BASTION_TPM_DIGEST_SIZE];
	int ret;

	if (size < BASTION_DIGEST_SIZE + sizeof(value))
		return -EINVAL;
	ret = bastion_tpm_run(t, NULL, NULL);
	if (ret)
		return ret;
	mutex_lock(&t->lock);
	ret = bastion_tpm_read_pcr(t, t->pcr, value);
	if (!ret && memcmp(value, t->value, sizeof(value))) {
		dev_err_ratelimited(&chip->dev, "somebody else has extended PCR %u\n", t->pcr);
		ret = -EIO;
	}
	mutex_unlock(&t->lock);
	if (ret)
		return ret;
	memcpy(buf, qualifying, BASTION_DIGEST_SIZE);
	memcpy(buf + BASTION_DIGEST_SIZE, value, sizeof(value));
	return BASTION_DIGEST_SIZE + sizeof(value);
}

static u32 generation(struct bastion_chip *chip)
{
	return atomic_read(&bastion_tpm_of(chip)->generation);
}

/* Nothing is extended or granted before self_test() has looked at the PCR, of this one. */
static void acknowledge(struct bastion_chip *chip, u32 generation)
{
	WRITE_ONCE(bastion_tpm_of(chip)->admitted, generation);
}

static void statistics(struct bastion_chip *chip, struct bastion_chip_statistics *statistics)
{
	*statistics = bastion_tpm_of(chip)->statistics;
}

static void abort_all(struct bastion_chip *chip)
{
	WRITE_ONCE(bastion_tpm_of(chip)->gone, true);
}

static const struct bastion_chip_ops tpm_ops = {
	.name = "tpm",
	.secret_kind = BASTION_KIND_TPM,
	.self_test = self_test,
	.info = info,
	.certificates = no_record,
	.boot_log = no_record,
	.mr_read = bastion_tpm_mr_read,
	.mr_extend = mr_extend,
	.nonce = bastion_tpm_nonce,
	.forget_nonce = bastion_tpm_forget_nonce,
	.quote = quote,
	.grant = bastion_tpm_grant,
	.relock = bastion_tpm_relock,
	.seal = bastion_tpm_seal,
	.unseal = bastion_tpm_unseal,
	.generation = generation,
	.acknowledge = acknowledge,
	.statistics = statistics,
	.abort = abort_all,
};

/* The bank whose value is known here, too */
static int check_banks(const struct bastion_tpm *t)
{
	u32 i;

	for (i = 0; i < t->tpm->nr_allocated_banks; i++)
		if (t->tpm->allocated_banks[i].alg_id == BASTION_TPM_ALG_SHA256)
			return 0;
	pr_err("the TPM has no SHA-256 bank of PCRs\n");
	return -EOPNOTSUPP;
}

static int probe(struct bastion_tpm *t, void *unused)
{
	int ret;

	ret = bastion_tpm_enter(t);
	if (ret)
		return ret;
	ret = bastion_tpm_read_clock(t) ?: read_info(t);
	/* It is reset or started anew when these are others, whether or not it passes its self-test. */
	t->resets = t->seen_resets;
	t->restarts = t->seen_restarts;
	if (!ret)
		ret = check_curve(t, BASTION_TPM_CURVE_P384) ?:
		      check_curve(t, BASTION_TPM_CURVE_P256) ?: read_identity(t) ?: find_storage(t);
	bastion_tpm_leave(t);
	return ret;
}

/* Lifetime */

static void free_tpm(struct bastion_tpm *t)
{
	bastion_tpm_grants_exit(t);
	if (!IS_ERR_OR_NULL(t->worker))
		kthread_destroy_worker(t->worker);
	tpm_buf_destroy(&t->buf);
	kfree(t->params);
	kfree(t->storage_context);
	kfree(t->session_context);
	put_device(&t->tpm->dev);
	kfree(t);
}

/* Consumes the reference to @tpm. */
static struct bastion_tpm *alloc_tpm(struct tpm_chip *tpm)
{
	struct bastion_tpm *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!t || tpm_buf_init(&t->buf, TPM2_ST_NO_SESSIONS, 0)) {
		kfree(t);
		put_device(&tpm->dev);
		return NULL;
	}
	t->tpm = tpm;
	t->pcr = pcr;
	mutex_init(&t->lock);
	bastion_tpm_grants_init(t);
	t->params = kzalloc(BASTION_TPM_COMMAND_MAX, GFP_KERNEL);
	t->storage_context = kzalloc(BASTION_TPM_CONTEXT_MAX, GFP_KERNEL);
	t->session_context = kzalloc(BASTION_TPM_CONTEXT_MAX, GFP_KERNEL);
	t->worker = compat_kthread_run_worker(0, "bastion-tpm");
	if (t->params && t->storage_context && t->session_context && !IS_ERR(t->worker))
		return t;
	free_tpm(t);
	return NULL;
}

/* Another kernel, or none, comes next. */
static int at_reboot(struct notifier_block *nb, unsigned long event, void *data)
{
	bastion_chip_shutdown(the_tpm->chip, "shutdown");
	return NOTIFY_DONE;
}

static struct notifier_block reboot_block = { .notifier_call = at_reboot };

static int start(struct bastion_tpm *t)
{
	int ret;

	ret = check_banks(t);
	if (!ret)
		ret = bastion_tpm_insist(t, probe, NULL);
	if (ret)
		return ret;
	t->chip = bastion_chip_alloc(NULL, &tpm_ops, t);
	if (IS_ERR(t->chip))
		return PTR_ERR(t->chip);
	the_tpm = t;
	/* Users come with the registration: a module whose init fails after it is freed under them. */
	ret = register_reboot_notifier(&reboot_block);
	if (ret)
		goto err_chip;
	ret = bastion_chip_register(t->chip);
	if (!ret)
		return 0;
	unregister_reboot_notifier(&reboot_block);
err_chip:
	the_tpm = NULL;
	bastion_chip_put(t->chip);
	return ret;
}

static int find_tpm(void)
{
	struct tpm_chip *tpm = tpm_default_chip();
	struct bastion_tpm *t;
	int ret;

	if (!tpm)
		return -ENODEV;
	if (tpm_is_tpm2(tpm) <= 0) {
		put_device(&tpm->dev);
		return -ENODEV;
	}
	t = alloc_tpm(tpm);
	if (!t)
		return -ENOMEM;
	ret = start(t);
	if (ret) {
		pr_err("the TPM is of no use: %pe\n", ERR_PTR(ret));
		free_tpm(t);
	}
	return ret;
}

/**
 * bastion_tpm_check_params() - refuse a PCR that is not to be had
 *
 * Whether or not there is a TPM, and before any chip is registered.
 *
 * Return: 0 or -EINVAL.
 */
int bastion_tpm_check_params(void)
{
	if (pcr >= PCR_FIRST && pcr <= PCR_LAST)
		return 0;
	pr_err("pcr=%u: it must be %u to %u; firmware and IMA extend those below, software resets those above\n",
	       pcr, PCR_FIRST, PCR_LAST);
	return -EINVAL;
}

/**
 * bastion_tpm_init() - use the TPM as a chip, if that is wanted
 *
 * Return: 0; with chip=tpm an error when there is no TPM or it is of no use.
 */
int bastion_tpm_init(void)
{
	struct bastion_chip *native;
	int ret;

	if (!bastion_chip_wanted("tpm"))
		return 0;
	native = bastion_chip_default();
	if (native) {
		bastion_chip_put(native);
		return 0;
	}
	ret = find_tpm();
	return bastion_chip_wanted("native") ? 0 : ret;
}

/**
 * bastion_tpm_exit() - let go of it
 */
void bastion_tpm_exit(void)
{
	if (!the_tpm)
		return;
	unregister_reboot_notifier(&reboot_block);
	bastion_chip_unregister(the_tpm->chip);
	free_tpm(the_tpm);
	the_tpm = NULL;
}
