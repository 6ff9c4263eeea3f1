/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A chip: the seam between what bastion does and what it does it with, and the
 * lifetime of everything that hangs off one.
 */
#ifndef _BASTION_CHIP_CORE_H
#define _BASTION_CHIP_CORE_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/rwsem.h>
#include <linux/types.h>

#include <bastion/blob.h>
#include <bastion/chip.h>
#include <bastion/round.h>
#include <uapi/linux/bastion.h>

struct bastion_chip;

/* Largest nonce that any chip contributes: a TPM's SHA-512 session. */
#define BASTION_NONCE_MAX	64

/**
 * struct bastion_chip_info - what a chip says of itself
 * @kind:	which kind of chip it is
 * @model:	printable, NUL terminated
 * @firmware:	printable, NUL terminated
 * @svn:	security version number of the firmware
 * @id:		SHA-384 of the identity key's SubjectPublicKeyInfo; of a TPM: of the
 *		endorsement key's TPMT_PUBLIC
 * @boot_count:	power cycles
 * @tpm:	the kernel's number of it, of a TPM
 * @pcr:	that is extended, of a TPM
 */
struct bastion_chip_info {
	enum bastion_chip_kind kind;
	char model[33];
	char firmware[33];
	u32 svn;
	u8 id[BASTION_DIGEST_SIZE];
	u64 boot_count;
	u32 tpm;
	u32 pcr;
};

/**
 * struct bastion_chip_statistics - what happened between driver and chip since probe
 * @commands:	sent
 * @refusals:	answered with a status other than OK
 * @timeouts:	not answered in time
 * @violations:	answers that broke the protocol
 * @resets:	times that the chip lost its state
 */
struct bastion_chip_statistics {
	u64 commands;
	u64 refusals;
	u64 timeouts;
	u64 violations;
	u64 resets;
};

/**
 * struct bastion_chip_ops - what a kind of chip must be able to do
 *
 * All of them may sleep and are called with the chip's ops held
 * (bastion_chip_get_ops()), several at once. They return 0 or a length, or:
 * -ENODEV the chip is gone, -EIO it failed or broke the protocol, -ETIMEDOUT it
 * did not answer, -EKEYREJECTED it refuses, -EBADMSG a blob or grant is
 * damaged or another chip's, -ESTALE a nonce is not good, -EKEYREVOKED the chip
 * knows no live grant with that token, -EAGAIN too many commands wait for it and
 * this one was not sent, -EINVAL, -ENOMEM and it was not sent either.
 *
 * @name:	for messages
 * @secret_kind: BASTION_KIND_* of the blobs that it seals bytes to
 * @derives:	it makes keys of kind DERIVED as well
 * @self_test:	has the chip test itself; -EIO when it fails
 * @info:	fills @info
 * @certificates: DER certificates, leaf first; returns the length, at most @size
 * @boot_log:	the platform's log of register 0, likewise
 * @mr_read:	values of the registers in @mask, ascending
 * @mr_extend:	extends register @index
 * @nonce:	a fresh nonce, which kills the one before; returns its length
 * @forget_nonce: a round ends, or never had an answer: whatever its nonce keeps in the chip goes. NULL:
 *		that is nothing
 * @quote:	signed evidence over @qualifying; returns its length, at most @size
 * @grant:	hands over a grant, the key that signed it, and the @count signatures that came
 *		with it for chips which want such (round.h); returns 0, or the seconds from now
 *		that the chip honours it for when its lifetime does not say so
 * @relock:	drops every grant and the nonce
 * @seal:	seals to @want (what is the chip's to fill in is zero) a key of the
 *		chip's own making (@secret NULL) or @want->secret_len bytes at
 *		@secret; returns the blob's length, at most @size
 * @unseal:	gives up the secret in @blob for a key of type @type owned by
 *		@owner, requested by @executable (zero: not measured); returns
 *		its length, at most @size
 * @sign:	signs the @digest_len bytes at @digest with the P-384 key in @blob;
 *		@signature is r || s. NULL: such keys cannot be made, either
 * @rebind:	seals the secret in @blob to @want, for @owner; returns the new
 *		blob's length, at most @size. NULL: cannot
 * @counter:	reads counter @index, 1 .. BASTION_COUNTER_COUNT. NULL: has none
 * @generation:	changes when the chip has lost its volatile state; any context
 * @acknowledge: lets commands through to the chip of that generation. Since it lost its state they
 *		were -EIO, before they were sent; the caller holds the log's lock, so that none is
 *		sent now which was meant for the chip as it had been
 * @statistics:	fills @statistics; any context
 * @abort:	ends every call in progress with -ENODEV, and every later one;
 *		called once, before the ops are withdrawn
 */
struct bastion_chip_ops {
	const char *name;
	u16 secret_kind;
	bool derives;
	int (*self_test)(struct bastion_chip *chip);
	int (*info)(struct bastion_chip *chip, struct bastion_chip_info *info);
	ssize_t (*certificates)(struct bastion_chip *chip, u8 *buf, size_t size);
	ssize_t (*boot_log)(struct bastion_chip *chip, u8 *buf, size_t size);
	int (*mr_read)(struct bastion_chip *chip, u32 mask, u8 (*values)[BASTION_DIGEST_SIZE]);
	int (*mr_extend)(struct bastion_chip *chip, u32 index,
			 const u8 digest[BASTION_DIGEST_SIZE]);
	int (*nonce)(struct bastion_chip *chip, u8 nonce[BASTION_NONCE_MAX]);
	void (*forget_nonce)(struct bastion_chip *chip);
	ssize_t (*quote)(struct bastion_chip *chip, const u8 qualifying[BASTION_DIGEST_SIZE],
			 u8 *buf, size_t size);
	int (*grant)(struct bastion_chip *chip, const u8 key[BASTION_POINT_SIZE],
		     const u8 *grant, size_t len,
		     const struct bastion_policy_signature *signatures, size_t count);
	int (*relock)(struct bastion_chip *chip);
	ssize_t (*seal)(struct bastion_chip *chip, const u8 token[BASTION_TOKEN_SIZE],
			const struct bastion_blob_header *want, const u8 *secret,
			u8 *blob, size_t size);
	ssize_t (*unseal)(struct bastion_chip *chip, const u8 token[BASTION_TOKEN_SIZE],
			  u32 owner, u32 type, const u8 executable[BASTION_EXE_SIZE],
			  const u8 *blob, size_t len, u8 *secret, size_t size);
	int (*sign)(struct bastion_chip *chip, const u8 token[BASTION_TOKEN_SIZE], u32 owner,
		    const u8 executable[BASTION_EXE_SIZE], const u8 *digest, size_t digest_len,
		    const u8 *blob, size_t len, u8 signature[BASTION_SIGNATURE_SIZE]);
	ssize_t (*rebind)(struct bastion_chip *chip, const u8 token[BASTION_TOKEN_SIZE], u32 owner,
			  const struct bastion_blob_header *want, const u8 *blob, size_t len,
			  u8 *out, size_t size);
	int (*counter)(struct bastion_chip *chip, u32 index, u64 *value);
	u32 (*generation)(struct bastion_chip *chip);
	void (*acknowledge)(struct bastion_chip *chip, u32 generation);
	void (*statistics)(struct bastion_chip *chip, struct bastion_chip_statistics *statistics);
	void (*abort)(struct bastion_chip *chip);
};

struct bastion_gate;
struct bastion_ima;
struct bastion_log;

/* Who reads registers; those who only look at them may be many, and nobody else waits for them. */
enum bastion_turn {
	BASTION_TURN_SYSFS,
	BASTION_TURN_KEYS,
	BASTION_TURNS,
};

/**
 * struct bastion_chip - one chip
 * @dev:	the class device; holds the memory
 * @cdev:	/dev/bastionN
 * @ops_lock:	read: @ops stays; write: registration and removal
 * @ops:	NULL once the chip is gone
 * @priv:	the transport's, valid while @ops is
 * @info:	as read at probe; boot count and SVN follow resets
 * @records_lock: protects the next four
 * @certificates: as read at probe, and after every reset
 * @certificates_len: bytes
 * @boot_log:	likewise
 * @boot_log_len: bytes
 * @turns:	who reads registers: bastion_chip_read_registers()
 * @release_timeout: seconds that a release waits for a grant by default
 * @gate:	rounds, grants, waiters
 * @log:	measurements
 * @ima:	the mirror of IMA's list, or NULL
 * @list:	in the list of all chips
 */
struct bastion_chip {
	struct device dev;
	struct cdev cdev;
	struct rw_semaphore ops_lock;
	const struct bastion_chip_ops *ops;
	void *priv;
	struct bastion_chip_info info;
	struct rw_semaphore records_lock;
	u8 *certificates;
	size_t certificates_len;
	u8 *boot_log;
	size_t boot_log_len;
	struct mutex turns[BASTION_TURNS];
	u32 release_timeout;
	struct bastion_gate *gate;
	struct bastion_log *log;
	struct bastion_ima *ima;
	struct list_head list;
};

/* bastion_chip_not_sent - whether an error of a chip's means that it knows nothing of the command */
static inline bool bastion_chip_not_sent(int error)
{
	return error == -EAGAIN || error == -ENOMEM;
}

/* bastion_chip_makes - whether blobs of BASTION_KIND_* @kind come from such a chip */
static inline bool bastion_chip_makes(const struct bastion_chip_ops *ops, u16 kind)
{
	return kind == ops->secret_kind || (kind == BASTION_KIND_DERIVED && ops->derives) ||
	       (kind == BASTION_KIND_P384 && ops->sign);
}

/* For transports */
struct bastion_chip *bastion_chip_alloc(struct device *parent,
					const struct bastion_chip_ops *ops, void *priv);
int bastion_chip_register(struct bastion_chip *chip);
void bastion_chip_unregister(struct bastion_chip *chip);
void bastion_chip_shutdown(struct bastion_chip *chip, const char *why);
void bastion_chip_put(struct bastion_chip *chip);
void bastion_chip_was_reset(struct bastion_chip *chip);

/* For everybody else */
int bastion_chip_get_ops(struct bastion_chip *chip);
void bastion_chip_put_ops(struct bastion_chip *chip);
int bastion_chip_read_registers(struct bastion_chip *chip, enum bastion_turn turn, u32 mask,
				u8 (*values)[BASTION_DIGEST_SIZE]);
int bastion_chip_check_kind(struct bastion_chip *chip, u16 kind);
struct bastion_chip *bastion_chip_default(void);
struct bastion_chip *bastion_chip_by_minor(unsigned int minor);
struct bastion_chip *bastion_chip_by_id(const u8 id[BASTION_DIGEST_SIZE]);
u64 bastion_chips_generation(void);
int bastion_chip_read_records(struct bastion_chip *chip);
const char *bastion_chip_state_of(const u8 id[BASTION_DIGEST_SIZE]);
void bastion_chip_for_each(void (*fn)(struct bastion_chip *chip, unsigned long data),
			   unsigned long data);

#define BASTION_CHIPS_MAX	16
#define BASTION_RELEASE_TIMEOUT	60	/* seconds; under the hung task detector's 120 */

bool bastion_chip_wanted(const char *kind);
int bastion_chip_class_init(void);
void bastion_chip_class_exit(void);

#endif
