// SPDX-License-Identifier: GPL-2.0
/*
 * The native chip: what bastion asks for, as commands of the Bastionchip.
 *
 * The mailbox has held an answer's length against the row; what depends on the
 * question is checked here. Layouts: include/bastion/chip.h.
 */
#include <linux/bitops.h>
#include <linux/ctype.h>
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <bastion/blob.h>
#include <bastion/chip.h>
#include <bastion/grant.h>

#include "chip.h"
#include "gate.h"
#include "mailbox.h"
#include "native.h"

/* The shortest piece of a long read that is not its last: bounds the turns. */
#define PIECE_MIN	256
/* The first and the longest wait between two attempts when the chip is busy. */
#define BUSY_MIN_US	200
#define BUSY_MAX_US	20000

enum command {
	INFO, SELF_TEST, CERT_CHAIN, BOOT_LOG, MR_READ, MR_EXTEND, NONCE, QUOTE, GRANT, RELOCK,
	SEAL, UNSEAL, SIGN, REBIND, COUNTER
};

/*
 * Timeouts are many times what a command takes, for a host that does not run for a
 * while (a virtual machine), and few enough seconds for a caller to bear.
 */
#define ROW(op, input, output, timeout, how)				\
	[op] = {							\
		.opcode = BASTION_CMD_##op,				\
		.name = #op,						\
		.in = input,						\
		.out = output,						\
		.timeout_ms = timeout,					\
		.flags = how,						\
	}
#define EXACTLY(n)		{ (n), (n) }
#define BETWEEN(least, most)	{ (least), (most) }
#define NOTHING			EXACTLY(0)

#define SHORT			BASTION_COMMAND_SHORT
#define SECRET			BASTION_COMMAND_SECRET

#define WHERE			EXACTLY(sizeof(struct bastion_cmd_read_in))
#define PIECE_OF(total)		BETWEEN(sizeof(struct bastion_cmd_read_out), \
					sizeof(struct bastion_cmd_read_out) + (total))
#define MASK			EXACTLY(sizeof(struct bastion_cmd_mr_read))
#define DIGEST			EXACTLY(BASTION_DIGEST_SIZE)
#define DIGESTS			BETWEEN(BASTION_DIGEST_SIZE, BASTION_MR_COUNT * BASTION_DIGEST_SIZE)
#define GRANT_IN(grant)		(sizeof(struct bastion_cmd_grant) + (grant))
#define GRANTS			BETWEEN(GRANT_IN(BASTION_GRANT_SIZE(1)), \
					GRANT_IN(BASTION_GRANT_MAX))
#define HEADER			sizeof(struct bastion_blob_header)
#define SEAL_IN(secret)		(sizeof(struct bastion_cmd_seal) + HEADER + (secret))
#define SEALS			BETWEEN(SEAL_IN(0), SEAL_IN(BASTION_SECRET_MAX))
#define BLOBS			BETWEEN(BASTION_BLOB_DERIVED_SIZE, BASTION_BLOB_MAX)
#define UNSEAL_IN(blob)		(sizeof(struct bastion_cmd_unseal) + (blob))
#define UNSEALS			BETWEEN(UNSEAL_IN(BASTION_BLOB_DERIVED_SIZE), \
					UNSEAL_IN(BASTION_BLOB_MAX))
#define SECRETS			BETWEEN(BASTION_SECRET_MIN, BASTION_SECRET_MAX)
#define SIGNS			EXACTLY(sizeof(struct bastion_cmd_sign) + BASTION_BLOB_P384_SIZE)
#define REBIND_IN(blob)		(sizeof(struct bastion_cmd_rebind) + HEADER + (blob))
#define REBINDS			BETWEEN(REBIND_IN(BASTION_BLOB_SECRET_SIZE(BASTION_SECRET_MIN)), \
					REBIND_IN(BASTION_BLOB_MAX))
#define REBOUND			BETWEEN(BASTION_BLOB_SECRET_SIZE(BASTION_SECRET_MIN), \
					BASTION_BLOB_MAX)

static const struct bastion_command commands[] = {
	/*  command	input	output					   ms	how */
	ROW(INFO,	NOTHING, EXACTLY(sizeof(struct bastion_cmd_info)), 2000, SHORT),
	ROW(SELF_TEST,	NOTHING, EXACTLY(sizeof(struct bastion_cmd_self_test)), 10000, 0),
	ROW(CERT_CHAIN,	WHERE,	PIECE_OF(BASTION_CERT_CHAIN_MAX),	2000,	0),
	ROW(BOOT_LOG,	WHERE,	PIECE_OF(BASTION_BOOT_LOG_MAX),		2000,	0),
	ROW(MR_READ,	MASK,	DIGESTS,				2000,	SHORT),
	ROW(MR_EXTEND,	EXACTLY(sizeof(struct bastion_cmd_mr_extend)), DIGEST, 2000, SHORT),
	ROW(NONCE,	NOTHING, EXACTLY(BASTION_CHIP_NONCE_SIZE),	2000,	SHORT),
	ROW(QUOTE,	DIGEST,	BETWEEN(1, BASTION_QUOTE_MAX),		5000,	0),
	ROW(GRANT,	GRANTS,	NOTHING,				5000,	SECRET),
	ROW(RELOCK,	NOTHING, NOTHING,				2000,	SHORT),
	ROW(SEAL,	SEALS,	BLOBS,					5000,	SECRET | SHORT),
	ROW(UNSEAL,	UNSEALS, SECRETS,				5000,	SECRET | SHORT),
	ROW(SIGN,	SIGNS,	EXACTLY(BASTION_SIGNATURE_SIZE),	5000,	SECRET),
	ROW(REBIND,	REBINDS, REBOUND,				5000,	SECRET),
	ROW(COUNTER,	EXACTLY(sizeof(struct bastion_cmd_counter)),
				EXACTLY(sizeof(struct bastion_cmd_counter_out)), 2000, SHORT),
};

/* Of the statuses that say more than that something broke. */
static const int errors[] = {
	[BASTION_STATUS_NO_GRANT] = -EKEYREVOKED,
	[BASTION_STATUS_DENIED] = -EKEYREJECTED,
	[BASTION_STATUS_BAD_SIGNATURE] = -EKEYREJECTED,
	[BASTION_STATUS_STALE_NONCE] = -ESTALE,
	[BASTION_STATUS_BAD_GRANT] = -EKEYREJECTED,
	[BASTION_STATUS_BAD_BLOB] = -EBADMSG,
	[BASTION_STATUS_WRONG_CHIP] = -EBADMSG,
	[BASTION_STATUS_BUSY] = -EAGAIN,	/* not executed, for longer than it was asked */
	[BASTION_STATUS_OLD_BLOB] = -EKEYREJECTED,
};

#define REFUSAL(status)		BIT(BASTION_STATUS_##status)
#define OF_GRANT		(REFUSAL(NO_GRANT) | REFUSAL(DENIED))
#define OF_BLOB			(OF_GRANT | REFUSAL(BAD_BLOB) | REFUSAL(WRONG_CHIP) | \
				 REFUSAL(OLD_BLOB))

/* What each may be refused for; a chip that gives any other reason breaks the protocol. */
static const u32 refusals[ARRAY_SIZE(commands)] = {
	[QUOTE] = REFUSAL(STALE_NONCE),
	[GRANT] = REFUSAL(STALE_NONCE) | REFUSAL(BAD_SIGNATURE) | REFUSAL(BAD_GRANT),
	[SEAL] = OF_GRANT,
	[UNSEAL] = OF_BLOB,
	[SIGN] = OF_BLOB,
	[REBIND] = OF_BLOB,
};

/* The error that a status means, 0 for OK. */
static int status_error(enum command command, u32 status)
{
	const u32 allowed = refusals[command] | REFUSAL(BUSY);

	if (status == BASTION_STATUS_OK)
		return 0;
	if (status >= ARRAY_SIZE(errors))
		return -EIO;
	status = array_index_nospec(status, ARRAY_SIZE(errors));
	return allowed & BIT(status) ? errors[status] : -EIO;
}

/* Executes a command, again while the chip says that it is busy: a length or an error. */
static ssize_t call(struct bastion_chip *chip, enum command command, const struct kvec *in,
		    unsigned int in_count, void *out, size_t out_size)
{
	const struct bastion_command *row = &commands[command];
	const ktime_t deadline = ktime_add_ms(ktime_get(), row->timeout_ms);
	unsigned int wait = BUSY_MIN_US;
	u32 status;
	ssize_t len;

	for (;;) {
		len = bastion_mailbox_call(chip->priv, row, in, in_count, out, out_size, &status);
		if (len < 0)
			return len;
		if (status != BASTION_STATUS_BUSY || ktime_after(ktime_get(), deadline))
			break;
		usleep_range(wait, wait * 2);
		wait = min_t(unsigned int, wait * 2, BUSY_MAX_US);
	}
	return status_error(command, status) ?: len;
}

/* For commands whose input is one piece, or none, and whose output has a fixed size. */
static int call_fixed(struct bastion_chip *chip, enum command command, const void *in,
		      size_t in_len, void *out, size_t out_size)
{
	struct kvec piece = { .iov_base = (void *)in, .iov_len = in_len };
	ssize_t len = call(chip, command, &piece, 1, out, out_size);

	if (len < 0)
		return len;
	if (len == out_size)
		return 0;
	memzero_explicit(out, out_size);
	return -EIO;
}

static int self_test(struct bastion_chip *chip)
{
	struct bastion_cmd_self_test result;
	int error = call_fixed(chip, SELF_TEST, NULL, 0, &result, sizeof(result));

	if (error)
		return error;
	return result.failed ? -EIO : 0;
}

/* A string of the chip's, for logs and sysfs: printable, terminated, without padding. */
static void copy_string(char *to, const u8 *from, size_t size)
{
	size_t i;

	for (i = 0; i < size && from[i]; i++)
		to[i] = isascii(from[i]) && isprint(from[i]) ? from[i] : '?';
	to[i] = '\0';
}

static int info(struct bastion_chip *chip, struct bastion_chip_info *info)
{
	struct bastion_cmd_info out;
	int error;

	BUILD_BUG_ON(sizeof(info->model) <= sizeof(out.model));
	BUILD_BUG_ON(sizeof(info->firmware) <= sizeof(out.firmware));

	error = call_fixed(chip, INFO, NULL, 0, &out, sizeof(out));
	if (error)
		return error;
	memset(info, 0, sizeof(*info));
	info->kind = BASTION_CHIP_NATIVE;
	copy_string(info->model, out.model, sizeof(out.model));
	copy_string(info->firmware, out.firmware, sizeof(out.firmware));
	info->svn = le32_to_cpu(out.svn);
	memcpy(info->id, out.chip_id, sizeof(info->id));
	info->boot_count = le64_to_cpu(out.boot_count);
	return 0;
}

/*
 * Reads the piece at @offset of what is *@total bytes long (known from the second piece on)
 * into @to: its length, or an error.
 */
static ssize_t read_piece(struct bastion_chip *chip, enum command command, size_t offset,
			  size_t *total, struct bastion_cmd_read_out *piece, u8 *to, size_t size)
{
	struct bastion_cmd_read_in where = { .offset = cpu_to_le32(offset) };
	struct kvec in = { .iov_base = &where, .iov_len = sizeof(where) };
	size_t said, left;
	ssize_t len;

	len = call(chip, command, &in, 1, piece, commands[command].out.max);
	if (len < 0)
		return len;
	len -= sizeof(*piece);
	said = le32_to_cpu(piece->total);
	if (!offset)
		*total = said;
	if (said != *total || said > size)
		return -EIO;
	left = said - offset;
	if (len > left || (len < left && len < PIECE_MIN))
		return -EIO;
	memcpy(to + offset, piece->data, len);
	return len;
}

/* Reads something longer than a slot: its length, at most @size. */
static ssize_t read_long(struct bastion_chip *chip, enum command command, u8 *buf, size_t size)
{
	struct bastion_cmd_read_out *piece;
	size_t offset = 0, total = 0;
	ssize_t len;

	piece = kvmalloc(commands[command].out.max, GFP_KERNEL);
	if (!piece)
		return -ENOMEM;
	do {
		len = bastion_gate_interrupted(chip->gate) ?:
		      read_piece(chip, command, offset, &total, piece, buf, size);
		if (len < 0)
			break;
		offset += len;
	} while (offset < total);
	kvfree(piece);
	return len < 0 ? len : offset;
}

static ssize_t certificates(struct bastion_chip *chip, u8 *buf, size_t size)
{
	return read_long(chip, CERT_CHAIN, buf, min_t(size_t, size, BASTION_CERT_CHAIN_MAX));
}

static ssize_t boot_log(struct bastion_chip *chip, u8 *buf, size_t size)
{
	return read_long(chip, BOOT_LOG, buf, min_t(size_t, size, BASTION_BOOT_LOG_MAX));
}

static int mr_read(struct bastion_chip *chip, u32 mask, u8 (*values)[BASTION_DIGEST_SIZE])
{
	struct bastion_cmd_mr_read in = { .mask = cpu_to_le32(mask) };

	if (!mask || mask >> BASTION_MR_COUNT)
		return -EINVAL;
	return call_fixed(chip, MR_READ, &in, sizeof(in), values,
			  hweight32(mask) * BASTION_DIGEST_SIZE);
}

static int mr_extend(struct bastion_chip *chip, u32 index, const u8 digest[BASTION_DIGEST_SIZE])
{
	struct bastion_cmd_mr_extend in = { .index = cpu_to_le32(index) };
	u8 value[BASTION_DIGEST_SIZE];

	memcpy(in.digest, digest, sizeof(in.digest));
	return call_fixed(chip, MR_EXTEND, &in, sizeof(in), value, sizeof(value));
}

static int nonce(struct bastion_chip *chip, u8 nonce[BASTION_NONCE_MAX])
{
	int error = call_fixed(chip, NONCE, NULL, 0, nonce, BASTION_CHIP_NONCE_SIZE);

	memset(nonce + BASTION_CHIP_NONCE_SIZE, 0, BASTION_NONCE_MAX - BASTION_CHIP_NONCE_SIZE);
	return error ?: BASTION_CHIP_NONCE_SIZE;
}

static ssize_t quote(struct bastion_chip *chip, const u8 qualifying[BASTION_DIGEST_SIZE],
		     u8 *buf, size_t size)
{
	struct kvec in = { .iov_base = (void *)qualifying, .iov_len = BASTION_DIGEST_SIZE };

	return call(chip, QUOTE, &in, 1, buf, size);
}

static int grant(struct bastion_chip *chip, const u8 key[BASTION_POINT_SIZE], const u8 *grant,
		 size_t len, const struct bastion_policy_signature *signatures, size_t count)
{
	struct bastion_cmd_grant head = {};
	struct kvec in[] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = (void *)grant, .iov_len = len },
	};

	/* The grant says all that this chip wants to know. */
	if (count)
		return -EBADMSG;
	memcpy(head.key, key, sizeof(head.key));
	return call(chip, GRANT, in, ARRAY_SIZE(in), NULL, 0);
}

static int relock(struct bastion_chip *chip)
{
	return call(chip, RELOCK, NULL, 0, NULL, 0);
}

/*
 * A command that brings a token: its head is wiped, and an answer of another
 * length than the one that follows from the question breaks the protocol.
 */
static ssize_t call_gated(struct bastion_chip *chip, enum command command, struct kvec *in,
			  unsigned int in_count, void *out, size_t expected)
{
	ssize_t len = call(chip, command, in, in_count, out, expected);

	memzero_explicit(in[0].iov_base, in[0].iov_len);
	if (len < 0 || len == expected)
		return len;
	memzero_explicit(out, expected);
	return -EIO;
}

/* The length of the blob that @header belongs to. */
static size_t blob_size(const struct bastion_blob_header *header)
{
	switch (le16_to_cpu(header->kind)) {
	case BASTION_KIND_DERIVED:
		return BASTION_BLOB_DERIVED_SIZE;
	case BASTION_KIND_P384:
		return BASTION_BLOB_P384_SIZE;
	default:
		return BASTION_BLOB_SECRET_SIZE(le32_to_cpu(header->secret_len));
	}
}

static ssize_t seal(struct bastion_chip *chip, const u8 token[BASTION_TOKEN_SIZE],
		    const struct bastion_blob_header *want, const u8 *secret, u8 *blob, size_t size)
{
	struct bastion_cmd_seal head = { .imported = cpu_to_le32(secret ? 1 : 0) };
	struct kvec in[] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = (void *)want, .iov_len = sizeof(*want) },
		{ .iov_base = (void *)secret,
		  .iov_len = secret ? le32_to_cpu(want->secret_len) : 0 },
	};
	size_t expected = blob_size(want);

	if (size < expected)
		return -EINVAL;
	memcpy(head.token, token, sizeof(head.token));
	return call_gated(chip, SEAL, in, ARRAY_SIZE(in), blob, expected);
}

static ssize_t unseal(struct bastion_chip *chip, const u8 token[BASTION_TOKEN_SIZE], u32 owner,
		      u32 type, const u8 executable[BASTION_EXE_SIZE], const u8 *blob, size_t len,
		      u8 *secret, size_t size)
{
	const struct bastion_blob_header *header = (const void *)blob;
	struct bastion_cmd_unseal head = {
		.owner = cpu_to_le32(owner),
		.type = cpu_to_le32(type),
	};
	struct kvec in[] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = (void *)blob, .iov_len = len },
	};
	size_t expected = le32_to_cpu(header->secret_len);

	if (size < expected)
		return -EINVAL;
	memcpy(head.token, token, sizeof(head.token));
	memcpy(head.executable, executable, sizeof(head.executable));
	return call_gated(chip, UNSEAL, in, ARRAY_SIZE(in), secret, expected);
}

static int sign(struct bastion_chip *chip, const u8 token[BASTION_TOKEN_SIZE], u32 owner,
		const u8 executable[BASTION_EXE_SIZE], const u8 *digest, size_t digest_len,
		const u8 *blob, size_t len, u8 signature[BASTION_SIGNATURE_SIZE])
{
	struct bastion_cmd_sign head = {
		.owner = cpu_to_le32(owner),
		.digest_len = cpu_to_le32(digest_len),
	};
	struct kvec in[] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = (void *)blob, .iov_len = len },
	};
	ssize_t ret;

	if (digest_len > sizeof(head.digest))
		return -EINVAL;
	memcpy(head.token, token, sizeof(head.token));
	memcpy(head.executable, executable, sizeof(head.executable));
	memcpy(head.digest, digest, digest_len);
	ret = call_gated(chip, SIGN, in, ARRAY_SIZE(in), signature, BASTION_SIGNATURE_SIZE);
	return ret < 0 ? ret : 0;
}

static ssize_t rebind(struct bastion_chip *chip, const u8 token[BASTION_TOKEN_SIZE], u32 owner,
		      const struct bastion_blob_header *want, const u8 *blob, size_t len,
		      u8 *out, size_t size)
{
	struct bastion_cmd_rebind head = { .owner = cpu_to_le32(owner) };
	struct kvec in[] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = (void *)want, .iov_len = sizeof(*want) },
		{ .iov_base = (void *)blob, .iov_len = len },
	};
	size_t expected = blob_size(want);

	if (size < expected)
		return -EINVAL;
	memcpy(head.token, token, sizeof(head.token));
	return call_gated(chip, REBIND, in, ARRAY_SIZE(in), out, expected);
}

static int counter(struct bastion_chip *chip, u32 index, u64 *value)
{
	struct bastion_cmd_counter in = { .index = cpu_to_le32(index) };
	struct bastion_cmd_counter_out out;
	int error = call_fixed(chip, COUNTER, &in, sizeof(in), &out, sizeof(out));

	*value = error ? 0 : le64_to_cpu(out.value);
	return error;
}

static u32 generation(struct bastion_chip *chip)
{
	return bastion_mailbox_generation(chip->priv);
}

static void acknowledge(struct bastion_chip *chip, u32 generation)
{
	bastion_mailbox_acknowledge(chip->priv, generation);
}

static void abort_all(struct bastion_chip *chip)
{
	bastion_mailbox_kill(chip->priv);
}

static void statistics(struct bastion_chip *chip, struct bastion_chip_statistics *out)
{
	struct bastion_mailbox_statistics counted;

	bastion_mailbox_get_statistics(chip->priv, &counted);
	out->commands = counted.commands;
	out->refusals = counted.bad_status;
	out->timeouts = counted.timeouts;
	out->violations = counted.bad_sequence + counted.bad_length;
	out->resets = counted.resets;
}

const struct bastion_chip_ops bastion_native_ops = {
	.name = "native",
	.secret_kind = BASTION_KIND_SECRET,
	.derives = true,
	.self_test = self_test,
	.info = info,
	.certificates = certificates,
	.boot_log = boot_log,
	.mr_read = mr_read,
	.mr_extend = mr_extend,
	.nonce = nonce,
	.quote = quote,
	.grant = grant,
	.relock = relock,
	.seal = seal,
	.unseal = unseal,
	.sign = sign,
	.rebind = rebind,
	.counter = counter,
	.generation = generation,
	.acknowledge = acknowledge,
	.statistics = statistics,
	.abort = abort_all,
};
