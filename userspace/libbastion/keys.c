// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libbastion/blob.h"
#include "libbastion/hex.h"
#include "libbastion/keys.h"
#include "libbastion/name.h"

static const struct {
	const char *name;
	int32_t serial;
} keyrings[] = {
	{ "@t", KEY_SPEC_THREAD_KEYRING },  { "@p", KEY_SPEC_PROCESS_KEYRING },
	{ "@s", KEY_SPEC_SESSION_KEYRING }, { "@u", KEY_SPEC_USER_KEYRING },
	{ "@us", KEY_SPEC_USER_SESSION_KEYRING },
};

static int bad(struct bastion_error *err, const char *what)
{
	return bastion_error_set(err, BASTION_OP_USAGE, EINVAL, "%s", what);
}

static const char *flaw(const struct bastion_keys_new *new)
{
	if (new->size < BASTION_SECRET_MIN || new->size > BASTION_SECRET_MAX)
		return "the size must be 32 to 1024 bytes";
	if (!bastion_name_label_ok(new->policy))
		return "a policy is [a-z0-9._-]{1,64}";
	if (new->types & ~(uint32_t)BASTION_TYPE_ALL)
		return "types are logon, fscrypt, user";
	if (new->registers & ~BASTION_MASKABLE)
		return "registers are 0, 1, 2, 5, 6, 7: 3 and 4 grow with use";
	return NULL;
}

int bastion_keys_payload(const struct bastion_keys_new *new, char *text, struct bastion_error *err)
{
	char verifier[2 * BASTION_DIGEST_SIZE + 1], digest[2 * BASTION_EXE_SIZE + 1];
	const char *why = flaw(new);
	char types[32];
	int n;

	if (why)
		return bad(err, why);
	bastion_hex_encode(new->verifier, sizeof(new->verifier), verifier);
	n = snprintf(text, BASTION_KEYS_PAYLOAD_MAX, "new %u verifier=%s policy=%s", new->size,
		     verifier, new->policy);
	if (new->types) {
		bastion_blob_types(new->types, types, sizeof(types));
		n += snprintf(text + n, BASTION_KEYS_PAYLOAD_MAX - n, " types=%s", types);
	}
	if (new->has_owner)
		n += snprintf(text + n, BASTION_KEYS_PAYLOAD_MAX - n, " owner=%u", new->owner);
	if (new->has_executable) {
		bastion_hex_encode(new->executable, sizeof(new->executable), digest);
		n += snprintf(text + n, BASTION_KEYS_PAYLOAD_MAX - n, " exe=sha256:%s", digest);
	}
	if (new->registers)
		n += snprintf(text + n, BASTION_KEYS_PAYLOAD_MAX - n, " registers=0x%x",
			      new->registers);
	return n;
}

static int32_t add(const char *name, const void *payload, size_t len, int32_t keyring,
		   const char *verb, struct bastion_error *err)
{
	key_serial_t serial;

	if (!bastion_name_ok(name))
		return bad(err, "a key's name is [A-Za-z0-9._-]{1,63} without a leading dot");
	serial = add_key(BASTION_KEYS_TYPE, name, payload, len, keyring);
	if (serial < 0)
		return bastion_error_set(err, BASTION_OP_KEY, errno, "cannot %s the key %s", verb,
					 name);
	return serial;
}

int32_t bastion_keys_create(const char *name, const struct bastion_keys_new *new, int32_t keyring,
			    struct bastion_error *err)
{
	char text[BASTION_KEYS_PAYLOAD_MAX];
	int len = bastion_keys_payload(new, text, err);

	if (len < 0)
		return len;
	return add(name, text, len, keyring, "make", err);
}

int32_t bastion_keys_load(const char *name, const uint8_t *blob, size_t len, int32_t keyring,
			  struct bastion_error *err)
{
	static const char verb[] = "load ";
	char text[sizeof(verb) + BASTION_KEYS_HEX_MAX];

	if (len > BASTION_BLOB_MAX)
		return bad(err, "the blob is too long");
	memcpy(text, verb, sizeof(verb));
	bastion_hex_encode(blob, len, text + strlen(verb));
	return add(name, text, strlen(verb) + 2 * len, keyring, "load", err);
}

int32_t bastion_keys_find(const char *name, struct bastion_error *err)
{
	key_serial_t serial;
	char *end;
	long number;

	errno = 0;
	number = strtol(name, &end, 10);
	if (name[0] >= '1' && name[0] <= '9' && !*end && !errno && number <= INT32_MAX)
		return number;
	if (!bastion_name_ok(name))
		return bad(err, "a key's name is [A-Za-z0-9._-]{1,63} without a leading dot");
	/* Without callout information this searches and calls nobody. */
	serial = request_key(BASTION_KEYS_TYPE, name, NULL, 0);
	if (serial < 0)
		return bastion_error_set(err, BASTION_OP_KEY, errno, "cannot find the key %s",
					 name);
	return serial;
}

ssize_t bastion_keys_read(int32_t serial, uint8_t *blob, struct bastion_error *err)
{
	char hex[BASTION_KEYS_HEX_MAX];
	long n = keyctl_read(serial, hex, sizeof(hex));

	if (n < 0)
		return bastion_error_set(err, BASTION_OP_KEY, errno, "cannot read the key %d",
					 serial);
	if (n > (long)sizeof(hex))
		return bastion_error_set(err, BASTION_OP_KEY, EBADMSG, "the key %d is too long",
					 serial);
	return bastion_blob_from_hex((uint8_t *)hex, n, blob, err);
}

/*
 * A process without a session keyring of its own shares its user's, but naming
 * KEY_SPEC_SESSION_KEYRING as a destination would make the kernel create one
 * that ends with this process. Looking it up first settles on the shared one.
 */
static int32_t session_keyring(void)
{
	key_serial_t serial = keyctl_get_keyring_ID(KEY_SPEC_SESSION_KEYRING, 0);

	return serial > 0 ? serial : KEY_SPEC_SESSION_KEYRING;
}

int bastion_keys_keyring(const char *text, int32_t *serial, struct bastion_error *err)
{
	char *end;
	long number;
	size_t i;

	for (i = 0; i < sizeof(keyrings) / sizeof(keyrings[0]); i++) {
		if (!strcmp(text, keyrings[i].name)) {
			*serial = keyrings[i].serial;
			if (*serial == KEY_SPEC_SESSION_KEYRING)
				*serial = session_keyring();
			return 0;
		}
	}
	errno = 0;
	number = strtol(text, &end, 10);
	if (errno || *end || end == text || number < 1 || number > INT32_MAX)
		return bad(err, "a keyring is @t, @p, @s, @u, @us or a serial number");
	*serial = number;
	return 0;
}

void bastion_keys_reach_user(void)
{
	keyctl_link(KEY_SPEC_USER_KEYRING, KEY_SPEC_THREAD_KEYRING);
}

/*
 * A line of /proc/keys, proc_keys_show() in security/keys/proc.c:
 * serial in hex, flags, usage, timeout, permissions, uid, gid, type, "name: ...".
 */
static int parse_line(const char *line, int32_t *serial, char name[BASTION_NAME_SIZE])
{
	char type[16], description[256], *colon;
	unsigned int number;

	if (sscanf(line, "%x %*s %*s %*s %*s %*s %*s %15s %255s", &number, type, description) != 3 ||
	    strcmp(type, BASTION_KEYS_TYPE) || number > INT32_MAX)
		return -ENOENT;
	colon = strchr(description, ':');
	if (colon)
		*colon = '\0';
	if (!bastion_name_ok(description))
		return -ENOENT;
	memcpy(name, description, strlen(description) + 1);
	*serial = number;
	return 0;
}

int bastion_keys_each(int (*each)(int32_t serial, const char *name, void *arg), void *arg,
		      struct bastion_error *err)
{
	char name[BASTION_NAME_SIZE];
	char *line = NULL;
	size_t room = 0;
	int32_t serial;
	FILE *file;
	int rc = 0;

	file = fopen("/proc/keys", "re");
	if (!file)
		return bastion_error_set(err, BASTION_OP_FILE, errno, "cannot open /proc/keys");
	while (!rc && getline(&line, &room, file) > 0)
		if (!parse_line(line, &serial, name))
			rc = each(serial, name, arg);
	free(line);
	fclose(file);
	return rc;
}
