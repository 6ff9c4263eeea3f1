// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stddef.h>

#include "libbastion/explain.h"

#define ROW(op, code, class, meaning, advice) \
	{ BASTION_OP_##op, code, BASTION_CLASS_##class, meaning, advice }

/* An operation without a row of its own for an errno takes that of the wider one. */
static const struct bastion_explanation table[] = {
	ROW(OPEN, ENOENT, CHIP, "no such device",
	    "Load the module (modprobe bastion) and see dmesg for what it found."),
	ROW(OPEN, EACCES, FAILED, "not permitted to open the device",
	    "Check the mode of the device node."),
	ROW(LOG, ENOENT, FAILED, "the kernel offers no such file",
	    "Mount securityfs: mount -t securityfs securityfs /sys/kernel/security."),
	ROW(LOG, EACCES, FAILED, "not permitted", "Only root may read this."),
	ROW(LOG, EBADMSG, FAILED, "the log does not parse",
	    "The module and this program may be of different versions."),
	ROW(FILE, EACCES, FAILED, "not permitted", "Check owner and mode of the file."),
	ROW(FILE, EPERM, FAILED, "not to be trusted",
	    "Make the file owned by root and writable by its owner only."),
	ROW(FILE, EBADMSG, FAILED, "the content is not what is expected",
	    "Check that it is the right file and complete."),
	ROW(FILE, EIO, FAILED, "reading or writing failed", "Check the disk."),
	ROW(ROUND, ENOKEY, FAILED, "the kernel knows no such verifier",
	    "Register it: bastionctl verifier add NAME FILE.pem; see bastionctl verifier list."),
	ROW(ROUND, EBUSY, FAILED, "another process has a round open, or the system is about to sleep",
	    "Try again when it is done; a round lasts 60 seconds at most."),
	ROW(ROUND, ESHUTDOWN, FAILED, "the log is capped",
	    "Nothing attests before the chip's next power cycle: the driver was unloaded, the "
	    "system went down, or its registers had been used. Power-cycle the machine."),
	ROW(ROUND, ESTALE, FAILED, "the round is over",
	    "It was too old, or the verifiers changed, or the chip was reset. Try again."),
	ROW(GRANT, ESTALE, TIMEOUT, "the round is over",
	    "The grant came too late (60 seconds), or the verifiers changed, or the chip was "
	    "reset. Begin another round."),
	ROW(GRANT, EBADMSG, FAILED, "the grant is malformed",
	    "The verifier may be of another version, or the result was damaged."),
	ROW(GRANT, EKEYREJECTED, REFUSED, "kernel or chip refuses the grant",
	    "Its signature or a field does not fit this round, chip, boot, verifier or token: "
	    "was it made for this evidence, by the verifier that was named?"),
	ROW(VERIFIER, ENOKEY, FAILED, "the kernel knows no such verifier",
	    "See bastionctl verifier list."),
	ROW(VERIFIER, EEXIST, FAILED, "already registered", "Nothing to do."),
	ROW(VERIFIER, EBUSY, FAILED, "the system is about to sleep", "Try again when it is awake."),
	ROW(VERIFIER, ENOSPC, FAILED, "eight verifiers are registered, the most there can be",
	    "Remove one: bastionctl verifier remove NAME."),
	ROW(VERIFIER, EINVAL, FAILED, "not a point of P-384",
	    "The grant key must be an EC key on P-384 (secp384r1)."),
	ROW(EXTEND, ENOSPC, FAILED, "the log is full", "A reboot empties it."),
	ROW(EXTEND, EINVAL, USAGE, "the kernel refuses the event",
	    "Registers 5 to 7, a name of [A-Za-z0-9._-], 1 to 4096 bytes of data."),
	ROW(RELEASE, EAGAIN, LOCKED, "the gate is locked, or too many requests wait",
	    "Attest first (bastionctl attest), or wait without --nowait."),
	ROW(RELEASE, ETIMEDOUT, TIMEOUT, "no grant came in time, or the chip did not answer",
	    "Does bastionctl attest --on-demand run, and what did the verifier say?"),
	ROW(RELEASE, EACCES, REFUSED, "not the key's owner, or no right to key or keyring",
	    "Run as the owner (bastionctl key show). Uid 0 counts only with CAP_SYS_ADMIN. The key "
	    "must be in a keyring of this process: keyctl link @u @s."),
	ROW(RELEASE, EKEYREJECTED, REFUSED, "the grant, the chip or the sealed key refuses",
	    "Compare policy, types, executable and registers (bastionctl key show) with what the "
	    "verifier grants. A blob that a newer one has replaced is refused for ever."),
	ROW(RELEASE, EKEYEXPIRED, LOCKED, "the grant ran out meanwhile", "Attest again."),
	ROW(RELEASE, EKEYREVOKED, LOCKED, "the grant was withdrawn meanwhile", "Attest again."),
	ROW(RELEASE, EBADMSG, FAILED, "the blob is damaged or another chip's",
	    "A blob opens only in the chip that made it; name the right --device."),
	ROW(RELEASE, ENOKEY, FAILED, "no such key or keyring, or its verifier is not registered",
	    "Load the blob (bastionctl key load), or register its verifier."),
	ROW(RELEASE, EDQUOT, FAILED, "the owner's key quota is used up",
	    "See /proc/key-users and /proc/sys/kernel/keys."),
	ROW(RELEASE, ENAMETOOLONG, FAILED, "the path of the executable or of the cgroup is too long",
	    "Who asks is measured with both: ask from a place with a shorter name."),
	ROW(RELEASE, EOPNOTSUPP, FAILED, "this kernel cannot release this type",
	    "fscrypt needs a kernel with fscrypt-provisioning keys."),
	ROW(RELEASE, EINVAL, USAGE, "the kernel refuses the request",
	    "Module and program may be of different versions."),
	ROW(KEY, EAGAIN, LOCKED, "the gate is locked",
	    "Making a key needs a live grant of kind create for this verifier and policy: "
	    "bastionctl attest first."),
	ROW(KEY, ENODEV, CHIP, "no chip, or the key type bastion is not there",
	    "Load the module: modprobe bastion."),
	ROW(KEY, EACCES, REFUSED, "no right to the key or the keyring",
	    "The keyring must be one that this process may write."),
	ROW(KEY, EKEYREJECTED, REFUSED, "the grant or the chip refuses",
	    "The live grant does not cover making keys for this policy."),
	ROW(KEY, ENOSPC, FAILED, "the measurement log is full", "A reboot empties it."),
	ROW(KEY, EKEYEXPIRED, LOCKED, "the grant ran out meanwhile", "Attest again."),
	ROW(KEY, EKEYREVOKED, LOCKED, "the grant was withdrawn meanwhile, or the key is revoked",
	    "Attest again."),
	ROW(KEY, EEXIST, FAILED, "a key of this name is there already",
	    "Unlink it first: keyctl unlink SERIAL KEYRING."),
	ROW(KEY, EBADMSG, FAILED, "the blob is damaged or another chip's",
	    "A blob opens only in the chip that made it."),
	ROW(KEY, ENOKEY, FAILED, "no such key, keyring or verifier",
	    "See bastionctl key list and bastionctl verifier list."),
	ROW(KEY, EDQUOT, FAILED, "the key quota is used up",
	    "See /proc/key-users and /proc/sys/kernel/keys."),
	ROW(KEY, EINVAL, USAGE, "the kernel refuses the description of the key",
	    "Size 32 to 1024, policy [a-z0-9._-]{1,64}, types of logon, fscrypt, user. An older "
	    "module knows nothing of --ecdsa, --derive, --counter and import."),
	ROW(KEY, EOPNOTSUPP, FAILED, "the chip has no keys of this kind, or no counters",
	    "See bastionctl status for its firmware. A TPM has secrets of up to 512 bytes: no key pairs "
	    "(--ecdsa), derived keys (--derive) or counters (--counter)."),
	ROW(KEY, EPERM, REFUSED, "not permitted",
	    "Only root may make a key for another owner."),
	ROW(LOAD, EKEYREJECTED, REFUSED, "the blob is a key of another name",
	    "The name is sealed in: see bastionctl key show FILE, and load it under that name."),
	ROW(IMPORT, EAGAIN, LOCKED, "the gate is locked",
	    "Importing a key needs a live grant of kind create for this verifier and policy: "
	    "bastionctl attest first."),
	ROW(IMPORT, ENOKEY, FAILED, "no such key or verifier",
	    "The source must be a key of type user in a keyring of this process (keyctl show), "
	    "and the verifier registered (bastionctl verifier list)."),
	ROW(IMPORT, EACCES, REFUSED, "no right to read the key or to write the keyring",
	    "The source must be in a keyring of this process and readable: keyctl link, keyctl "
	    "setperm."),
	ROW(IMPORT, EKEYREJECTED, REFUSED, "the grant, the chip or the source refuses",
	    "The live grant must cover making keys for this policy. The source must be a key of "
	    "type user, and none that was released under a grant."),
	ROW(IMPORT, EINVAL, USAGE, "the kernel refuses the secret or the description",
	    "The source must be a key of type user and hold 32 to 1024 bytes."),
	ROW(REBIND, EAGAIN, LOCKED, "the gate is locked for the key's present verifier",
	    "Moving a key needs a live grant of the verifier that it has now, of kind rebind: "
	    "bastionctl attest --verifier with that one first (bastionctl key show)."),
	ROW(REBIND, EKEYREJECTED, REFUSED, "the grant, the chip or the sealed key refuses",
	    "The present verifier's policy must have an entry rebind that names the new verifier "
	    "and policy; types, registers and executable can only get tighter, and a counter not "
	    "be exchanged; and a blob that a newer one has replaced is refused for ever."),
	ROW(REBIND, EACCES, REFUSED, "not the key's owner, or no right to write the key",
	    "Run as the owner (bastionctl key show). The key must be in a keyring of this process: "
	    "keyctl link @u @s."),
	ROW(REBIND, EBADMSG, FAILED, "the blob is damaged or another chip's",
	    "A key can be moved only by the chip that made it."),
	ROW(REBIND, EINVAL, USAGE, "the kernel refuses the description of the key",
	    "Policy [a-z0-9._-]{1,64}, types of logon, fscrypt, user."),
	ROW(REBIND, ENOKEY, FAILED, "no such key or verifier",
	    "The key's present verifier must be registered: bastionctl verifier list."),
	ROW(REBIND, EEXIST, FAILED, "this module cannot move keys",
	    "The module is older than this program."),
	ROW(REBIND, EOPNOTSUPP, FAILED, "such a key cannot be moved",
	    "A derived key is what its header makes it; and a TPM cannot move keys."),
	ROW(SIGN, EAGAIN, LOCKED, "the gate is locked, or the system is about to sleep",
	    "Attest first: bastionctl attest."),
	ROW(SIGN, EACCES, REFUSED, "not the key's owner, or no right to the key",
	    "Run as the owner (bastionctl key show). Uid 0 counts only with CAP_SYS_ADMIN. The key "
	    "must be in a keyring of this process: keyctl link @u @s."),
	ROW(SIGN, EKEYREJECTED, REFUSED, "the grant, the chip or the sealed key refuses",
	    "Compare policy, executable and registers (bastionctl key show) with what the verifier "
	    "grants. A blob that a newer one has replaced is refused for ever."),
	ROW(SIGN, EOPNOTSUPP, FAILED, "this key cannot sign",
	    "Only a key made with --ecdsa can: see kind in bastionctl key show."),
	ROW(SIGN, EINVAL, USAGE, "the kernel refuses the request",
	    "The hash must be sha256, sha384 or sha512."),
	ROW(LOG, ESTALE, FAILED, "the log was trimmed while it was read", "Try again."),
	ROW(PEER, ENOENT, FAILED, "no such socket",
	    "Is bastion-verifier serve running, and is this its socket?"),
	ROW(PEER, EACCES, FAILED, "no right to the verifier's socket",
	    "It must belong to whoever runs this, or to one of its groups: root without "
	    "CAP_DAC_OVERRIDE, as in bastion-agent@.service, is nobody special."),
	ROW(PEER, ECONNREFUSED, FAILED, "nobody listens at the socket",
	    "Start bastion-verifier serve."),
	ROW(PEER, ECONNRESET, FAILED, "the verifier hung up", "See the verifier's log."),
	ROW(PEER, ETIMEDOUT, TIMEOUT, "the verifier did not answer in time",
	    "See the verifier's log."),
	ROW(PEER, EPROTO, FAILED, "the verifier's answer is not what the protocol says",
	    "Is this the socket of bastion-verifier serve, of the same version?"),
	ROW(PEER, EMSGSIZE, FAILED, "a message is larger than the 8 MiB that the protocol allows",
	    "A log this long needs a reboot."),
	ROW(PEER, EREMOTEIO, REFUSED, "the verifier reports an error", "See the verifier's log."),
	ROW(PEER, ENOKEY, FAILED, "this is another verifier than the one that was named",
	    "Compare the digests: bastionctl verifier list."),
	ROW(REFUSED, EKEYREJECTED, REFUSED, "the verifier refuses",
	    "Its checks say what it expected and what to do."),
	ROW(TPM, ENOENT, FAILED, "there is no such device",
	    "It is the resource manager of the kernel's TPM driver; another way to the TPM is named "
	    "with --tcti."),
	ROW(TPM, EACCES, FAILED, "not permitted to open the TPM",
	    "Run as root, or in the group that owns the device (tss)."),
	ROW(TPM, EKEYREJECTED, FAILED, "the endorsement hierarchy has a password, or is disabled",
	    "The attestation key is made in it, without a password: tpm2_changeauth -c endorsement, or "
	    "enable it in the firmware's setup."),
	ROW(TPM, EOPNOTSUPP, FAILED, "the TPM has no keys of this kind",
	    "It must sign with ECDSA, on P-384 with SHA-384 or on P-256 with SHA-256."),
	ROW(TPM, EAGAIN, FAILED, "the TPM has no room, or is busy",
	    "Who else uses it? tpm2_getcap handles-transient -T device:/dev/tpm0 shows what is loaded."),
	ROW(TPM, EBUSY, FAILED, "something is measured all the time", "Try again when less is started."),
	ROW(TPM, ESTALE, FAILED, "something was measured during each round",
	    "Try again when less is started."),
	ROW(TPM, ENOKEY, FAILED, "no grant would ever fit this machine",
	    "Put the key back that was at 0x81010001 or 0x81010002, or load the module again."),
	ROW(TPM, EBADMSG, FAILED, "the verifier's answer does not fit this TPM",
	    "Begin again with a new request; was the file carried to the right machine?"),
	ROW(TPM, EIO, CHIP, "the TPM failed, or cannot be reached",
	    "Is it the TPM that the kernel uses (bastionctl status)? With TSS2_LOG=all+debug in the "
	    "environment tpm2-tss tells more."),
	ROW(ANY, EAGAIN, LOCKED, "the gate is locked", "Attest first: bastionctl attest."),
	ROW(ANY, EKEYREJECTED, REFUSED, "refused", "Compare what was asked with what is granted."),
	ROW(ANY, EACCES, REFUSED, "not permitted", "Run as the owner of the key, or as root."),
	ROW(ANY, EPERM, FAILED, "needs CAP_SYS_ADMIN in the initial user namespace",
	    "Run as root, outside a container."),
	ROW(ANY, ETIMEDOUT, TIMEOUT, "the chip did not answer",
	    "See dmesg; the chip may need a reset."),
	ROW(ANY, ENODEV, CHIP, "the chip is gone", "See dmesg; was it unplugged or unbound?"),
	ROW(ANY, EIO, CHIP, "the chip failed or broke the protocol",
	    "See dmesg and bastionctl status; a failed chip needs a power cycle."),
	ROW(ANY, ENOTTY, FAILED, "the kernel does not know this request",
	    "The module is older than this program, or the device is not bastion's."),
	ROW(ANY, EINTR, FAILED, "interrupted", "Try again."),
	ROW(ANY, ENOMEM, FAILED, "out of memory", "Try again."),
};

static const struct bastion_explanation *find(enum bastion_op op, int code)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].op == op && table[i].code == code)
			return &table[i];
	return NULL;
}

/* What an operation is a case of. */
static enum bastion_op wider(enum bastion_op op)
{
	switch (op) {
	case BASTION_OP_LOAD:
	case BASTION_OP_IMPORT:
	case BASTION_OP_REBIND:
		return BASTION_OP_KEY;
	case BASTION_OP_SIGN:
		return BASTION_OP_RELEASE;
	default:
		return BASTION_OP_ANY;
	}
}

const struct bastion_explanation *bastion_explain(enum bastion_op op, int code)
{
	const struct bastion_explanation *row = find(op, code);

	/* A broken disk is not a broken chip. */
	if (op == BASTION_OP_FILE)
		return row;
	while (!row && op != BASTION_OP_ANY) {
		op = wider(op);
		row = find(op, code);
	}
	return row;
}

enum bastion_class bastion_explain_class(enum bastion_op op, int code)
{
	const struct bastion_explanation *row = bastion_explain(op, code);

	if (!code)
		return BASTION_CLASS_OK;
	if (op == BASTION_OP_USAGE)
		return BASTION_CLASS_USAGE;
	return row ? row->class : BASTION_CLASS_FAILED;
}
