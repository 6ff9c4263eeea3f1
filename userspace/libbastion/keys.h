/* SPDX-License-Identifier: GPL-2.0 */
/* Keys of the type "bastion" in the kernel's keyrings. */
#ifndef LIBBASTION_KEYS_H
#define LIBBASTION_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <keyutils.h>

#include <bastion/blob.h>
#include <bastion/grant.h>

#include "libbastion/error.h"

#define BASTION_KEYS_TYPE	 "bastion"
#define BASTION_KEYS_PAYLOAD_MAX 512
#define BASTION_KEYS_HEX_MAX	 (2 * BASTION_BLOB_MAX)
#define BASTION_KEYS_KIND_SIZE	 16
/* SEQUENCE of two INTEGERs of up to 48 bytes and a leading zero (RFC 3279, 2.2.3). */
#define BASTION_KEYS_SIGNATURE_MAX 104

/* Where the key comes from. */
enum bastion_keys_verb {
	BASTION_KEYS_NEW,	/* a secret, made or derived in the chip */
	BASTION_KEYS_ECDSA,	/* a key pair, made in the chip, that stays there */
	BASTION_KEYS_IMPORT,	/* the secret of a key of type user */
	BASTION_KEYS_REBIND,	/* a sealed key that there is: see bastion_keys_rebind() */
};

/**
 * struct bastion_keys_new - what a key shall be
 * @verb:	where it comes from
 * @size:	NEW: bytes of secret, BASTION_SECRET_MIN to BASTION_SECRET_MAX
 * @label:	NEW: of a derived key, or NULL
 * @source:	IMPORT: serial of the key of type user
 * @verifier:	whose grants open it
 * @policy:	label
 * @types:	NEW, IMPORT, REBIND: BASTION_TYPE_* mask; 0 for the kernel's default
 * @has_owner:	all but REBIND: whether @owner counts; else the caller
 * @owner:	uid
 * @has_executable: whether @executable counts
 * @executable:	SHA-256
 * @registers:	mask, 0 for none
 * @counter:	the chip's counter that can make it old, 1 to BASTION_COUNTER_COUNT,
 *		0 for none
 */
struct bastion_keys_new {
	enum bastion_keys_verb verb;
	uint32_t size;
	const char *label;
	int32_t source;
	uint8_t verifier[BASTION_DIGEST_SIZE];
	const char *policy;
	uint32_t types;
	bool has_owner;
	uint32_t owner;
	bool has_executable;
	uint8_t executable[BASTION_EXE_SIZE];
	uint32_t registers;
	uint32_t counter;
};

/**
 * bastion_keys_payload - the text that add_key(2) and keyctl_update(3) take for it
 * @new:  what it shall be
 * @text: out, BASTION_KEYS_PAYLOAD_MAX
 * @err:  circumstances of a failure
 *
 * Return: its length without the NUL, or -EINVAL.
 */
int bastion_keys_payload(const struct bastion_keys_new *new, char *text,
			 struct bastion_error *err);

/**
 * bastion_keys_create - have the chip make or seal a key
 * @name:    its description
 * @new:     what it shall be; not REBIND
 * @keyring: where it goes
 * @err:     circumstances of a failure
 *
 * Return: its serial, or a negative errno; -EAGAIN without a live grant.
 */
int32_t bastion_keys_create(const char *name, const struct bastion_keys_new *new, int32_t keyring,
			    struct bastion_error *err);

/**
 * bastion_keys_load - put a sealed blob into a keyring
 * @name:    its description
 * @blob:    the blob
 * @len:     its length
 * @keyring: where it goes
 * @err:     circumstances of a failure
 *
 * Works while the gate is locked.
 *
 * Return: its serial, or a negative errno.
 */
int32_t bastion_keys_load(const char *name, const uint8_t *blob, size_t len, int32_t keyring,
			  struct bastion_error *err);

/**
 * bastion_keys_rebind - move a key to another verifier or policy, where it is
 * @serial: the key
 * @new:    under what it shall be from now on; REBIND
 * @err:    circumstances of a failure
 *
 * Needs a live grant of the key's present verifier. If the key has a counter, the
 * blob that it was is refused once the one that it is now has been used: save that
 * first.
 *
 * Return: 0 or a negative errno; -EAGAIN without a live grant.
 */
int bastion_keys_rebind(int32_t serial, const struct bastion_keys_new *new,
			struct bastion_error *err);

/**
 * bastion_keys_lend - put a secret where the kernel can import it from
 * @secret: BASTION_SECRET_MIN to BASTION_SECRET_MAX bytes
 * @len:    how many
 * @err:    circumstances of a failure
 *
 * A key of type user in the keyring of this process, which ends with the process;
 * keyctl_invalidate(3) ends it sooner.
 *
 * Return: its serial, or a negative errno.
 */
int32_t bastion_keys_lend(const uint8_t *secret, size_t len, struct bastion_error *err);

/**
 * bastion_keys_find_user - look for a key of type user to import
 * @text: "%user:" and its description, or a serial in decimal
 * @err:  circumstances of a failure
 *
 * Return: its serial, or a negative errno.
 */
int32_t bastion_keys_find_user(const char *text, struct bastion_error *err);

/**
 * bastion_keys_sign - have the chip sign with a key pair
 * @serial: the key
 * @info:   for the kernel: "enc=x962" for DER or "enc=p1363" for r || s
 * @digest: what is signed
 * @len:    its length: 32, 48 or 64
 * @sig:    out: room for BASTION_KEYS_SIGNATURE_MAX
 * @err:    circumstances of a failure
 *
 * Waits for a grant as long as the module's release_timeout says.
 *
 * Return: the signature's length, or a negative errno; -EOPNOTSUPP if the key is
 * not a key pair.
 */
ssize_t bastion_keys_sign(int32_t serial, const char *info, const uint8_t *digest, size_t len,
			  uint8_t sig[BASTION_KEYS_SIGNATURE_MAX], struct bastion_error *err);

/**
 * bastion_keys_find - look for a key in this process's keyrings
 * @name: description, or a serial in decimal
 * @err:  circumstances of a failure
 *
 * Return: its serial, or a negative errno.
 */
int32_t bastion_keys_find(const char *name, struct bastion_error *err);

/**
 * bastion_keys_read - the sealed blob of a key
 * @serial: the key
 * @blob:   out: room for BASTION_BLOB_MAX
 * @err:    circumstances of a failure
 *
 * Return: the blob's length, or a negative errno.
 */
ssize_t bastion_keys_read(int32_t serial, uint8_t *blob, struct bastion_error *err);

/**
 * bastion_keys_keyring - a keyring by name
 * @text:   "@t", "@p", "@s", "@u", "@us", or a serial in decimal
 * @serial: out
 * @err:    circumstances of a failure
 *
 * "@s" is the session keyring of this process or, if it has none, its user's.
 *
 * Return: 0 or -EINVAL.
 */
int bastion_keys_keyring(const char *text, int32_t *serial, struct bastion_error *err);

/**
 * bastion_keys_reach_user - make the user keyring searchable for this process
 *
 * A service's session keyring often does not hold it; then what is in @u could
 * be seen but neither searched nor read. The link is in the thread keyring and
 * ends with the process. Failure is no error: the key may be elsewhere.
 */
void bastion_keys_reach_user(void);

/**
 * bastion_keys_parse_line - a line of /proc/keys
 * @line:   NUL terminated; another user's key may have any description, a newline in it
 * @serial: out
 * @name:   out
 * @kind:   out: the kernel's word for the kind, "" if there is none
 *
 * Return: 0, -ENOENT if it is of no key of the type.
 */
int bastion_keys_parse_line(const char *line, int32_t *serial, char name[BASTION_NAME_SIZE],
			    char kind[BASTION_KEYS_KIND_SIZE]);

/** bastion_keys_described - whether keyctl_describe(3) says so of a key of the type with that name */
bool bastion_keys_described(const char *text, const char *name);

/**
 * bastion_keys_each - every key of the type that this process may view
 * @each: called with serial, description and the kernel's word for the kind, "" if it
 *	  has none; a nonzero return ends it
 * @arg:  for @each
 * @err:  circumstances of a failure
 *
 * Return: 0, what @each returned, or a negative errno.
 */
int bastion_keys_each(int (*each)(int32_t serial, const char *name, const char *kind, void *arg),
		      void *arg, struct bastion_error *err);

#endif
