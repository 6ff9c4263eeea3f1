// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libbastion/blob.h"
#include "libbastion/hex.h"
#include "libbastion/keys.h"
#include "libbastion/name.h"

/* Of the kernel's words for kinds, and for keys that have none any more. */
#define KIND_CHARS "abcdefghijklmnopqrstuvwxyz0123456789-[]"

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

/* What belongs to some keys only. */
static const char *misplaced(const struct bastion_keys_new *new)
{
	if (new->verb == BASTION_KEYS_NEW &&
	    (new->size < BASTION_SECRET_MIN || new->size > BASTION_SECRET_MAX))
		return "the size must be 32 to 1024 bytes";
	if (new->verb != BASTION_KEYS_NEW && new->label)
		return "only a new secret can be derived";
	if (new->label && !bastion_name_label_ok(new->label))
		return "a derived key's label is [a-z0-9._-]{1,64}";
	if (new->verb == BASTION_KEYS_ECDSA && new->types)
		return "a key pair stays in the chip: it has no types";
	if (new->verb == BASTION_KEYS_IMPORT && new->source <= 0)
		return "there is no key to import";
	if (new->verb == BASTION_KEYS_REBIND && new->has_owner)
		return "a key keeps its owner";
	return NULL;
}

static const char *flaw(const struct bastion_keys_new *new)
{
	if (!bastion_name_label_ok(new->policy))
		return "a policy is [a-z0-9._-]{1,64}";
	if (new->types & ~(uint32_t)BASTION_TYPE_ALL)
		return "types are logon, fscrypt, user";
	if (new->registers & ~BASTION_MASKABLE)
		return "registers are 0, 1, 2, 5, 6, 7: 3 and 4 grow with use";
	if (new->counter > BASTION_COUNTER_COUNT)
		return "counters are 1 to 16";
	return misplaced(new);
}

static void __attribute__((format(printf, 2, 3))) append(char *text, const char *fmt, ...)
{
	size_t used = strlen(text);
	va_list args;

	va_start(args, fmt);
	vsnprintf(text + used, BASTION_KEYS_PAYLOAD_MAX - used, fmt, args);
	va_end(args);
}

static void append_verb(char *text, const struct bastion_keys_new *new)
{
	switch (new->verb) {
	case BASTION_KEYS_NEW:
		append(text, "new %u", new->size);
		break;
	case BASTION_KEYS_ECDSA:
		append(text, "ecdsa");
		break;
	case BASTION_KEYS_IMPORT:
		append(text, "import %d", new->source);
		break;
	case BASTION_KEYS_REBIND:
		append(text, "rebind");
		break;
	}
}

int bastion_keys_payload(const struct bastion_keys_new *new, char *text, struct bastion_error *err)
{
	char verifier[2 * BASTION_DIGEST_SIZE + 1], digest[2 * BASTION_EXE_SIZE + 1];
	const char *why = flaw(new);
	char types[32];

	if (why)
		return bad(err, why);
	bastion_hex_encode(new->verifier, sizeof(new->verifier), verifier);
	text[0] = '\0';
	append_verb(text, new);
	append(text, " verifier=%s policy=%s", verifier, new->policy);
	if (new->types) {
		bastion_blob_types(new->types, types, sizeof(types));
		append(text, " types=%s", types);
	}
	if (new->has_owner)
		append(text, " owner=%u", new->owner);
	if (new->has_executable) {
		bastion_hex_encode(new->executable, sizeof(new->executable), digest);
		append(text, " exe=sha256:%s", digest);
	}
	if (new->registers)
		append(text, " registers=0x%x", new->registers);
	if (new->counter)
		append(text, " counter=%u", new->counter);
	if (new->label)
		append(text, " derive=%s", new->label);
	return strlen(text);
}

static int32_t add(const char *name, const void *payload, size_t len, int32_t keyring,
		   enum bastion_op op, struct bastion_error *err)
{
	const char *verb = op == BASTION_OP_LOAD ? "load" : op == BASTION_OP_IMPORT ? "import" :
			   "make";
	key_serial_t serial;

	if (!bastion_name_ok(name))
		return bad(err, "a key's name is [A-Za-z0-9._-]{1,63} without a leading dot");
	serial = add_key(BASTION_KEYS_TYPE, name, payload, len, keyring);
	if (serial < 0)
		return bastion_error_set(err, op, errno, "cannot %s the key %s", verb, name);
	return serial;
}

int32_t bastion_keys_create(const char *name, const struct bastion_keys_new *new, int32_t keyring,
			    struct bastion_error *err)
{
	char text[BASTION_KEYS_PAYLOAD_MAX];
	int len = bastion_keys_payload(new, text, err);

	if (len < 0)
		return len;
	return add(name, text, len, keyring,
		   new->verb == BASTION_KEYS_IMPORT ? BASTION_OP_IMPORT : BASTION_OP_KEY, err);
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
	return add(name, text, strlen(verb) + 2 * len, keyring, BASTION_OP_LOAD, err);
}

int bastion_keys_rebind(int32_t serial, const struct bastion_keys_new *new,
			struct bastion_error *err)
{
	char text[BASTION_KEYS_PAYLOAD_MAX];
	int len = bastion_keys_payload(new, text, err);

	if (len < 0)
		return len;
	if (keyctl_update(serial, text, len))
		return bastion_error_set(err, BASTION_OP_REBIND, errno, "cannot move the key %d",
					 serial);
	return 0;
}

int32_t bastion_keys_lend(const uint8_t *secret, size_t len, struct bastion_error *err)
{
	key_serial_t serial;

	if (len < BASTION_SECRET_MIN || len > BASTION_SECRET_MAX)
		return bad(err, "a secret is 32 to 1024 bytes long");
	serial = add_key("user", "bastion-import", secret, len, KEY_SPEC_PROCESS_KEYRING);
	if (serial < 0)
		return bastion_error_set(err, BASTION_OP_KEY, errno,
					 "cannot hand the secret to the kernel");
	return serial;
}

/* Text that is a serial number is one; 0 for other text. */
static int32_t serial_of(const char *text)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	return text[0] >= '1' && text[0] <= '9' && !*end && !errno && number <= INT32_MAX ?
		number : 0;
}

int32_t bastion_keys_find(const char *name, struct bastion_error *err)
{
	key_serial_t serial = serial_of(name);

	if (serial)
		return serial;
	if (!bastion_name_ok(name))
		return bad(err, "a key's name is [A-Za-z0-9._-]{1,63} without a leading dot");
	/* Without callout information this searches and calls nobody. */
	serial = request_key(BASTION_KEYS_TYPE, name, NULL, 0);
	if (serial < 0)
		return bastion_error_set(err, BASTION_OP_KEY, errno, "cannot find the key %s",
					 name);
	return serial;
}

int32_t bastion_keys_find_user(const char *text, struct bastion_error *err)
{
	static const char prefix[] = "%user:";
	key_serial_t serial = serial_of(text);

	if (serial)
		return serial;
	if (strncmp(text, prefix, strlen(prefix)))
		return bad(err, "the key to import is a serial number or %user:DESCRIPTION");
	serial = request_key("user", text + strlen(prefix), NULL, 0);
	if (serial < 0)
		return bastion_error_set(err, BASTION_OP_IMPORT, errno, "cannot find the key %s",
					 text);
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

ssize_t bastion_keys_sign(int32_t serial, const char *info, const uint8_t *digest, size_t len,
			  uint8_t sig[BASTION_KEYS_SIGNATURE_MAX], struct bastion_error *err)
{
	struct keyctl_pkey_query query;
	long n;

	/* It says how long a buffer the kernel accepts, and that it is a key that signs. */
	n = keyctl_pkey_query(serial, info, &query);
	if (n < 0)
		return bastion_error_set(err, BASTION_OP_SIGN, errno, "cannot sign with the key %d",
					 serial);
	if (query.max_sig_size > BASTION_KEYS_SIGNATURE_MAX)
		return bastion_error_set(err, BASTION_OP_SIGN, EMSGSIZE,
					 "signatures of the key %d are too long", serial);
	n = keyctl_pkey_sign(serial, info, digest, len, sig, query.max_sig_size);
	if (n < 0)
		return bastion_error_set(err, BASTION_OP_SIGN, errno, "cannot sign with the key %d",
					 serial);
	if (!n || n > query.max_sig_size)
		return bastion_error_set(err, BASTION_OP_SIGN, EIO,
					 "the signature of the key %d is too long", serial);
	return n;
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
 * proc_keys_show() in security/keys/proc.c writes serial in hex, flags, usage, timeout, permissions,
 * uid, gid, type, "name: kind ...".
 */
int bastion_keys_parse_line(const char *line, int32_t *serial, char name[BASTION_NAME_SIZE],
			    char kind[BASTION_KEYS_KIND_SIZE])
{
	char type[16], description[256], *colon;
	unsigned int number;
	int fields;

	kind[0] = '\0';
	fields = sscanf(line, "%x %*s %*s %*s %*s %*s %*s %15s %255s %15s", &number, type,
			description, kind);
	if (fields < 3 || strcmp(type, BASTION_KEYS_TYPE) || number > INT32_MAX)
		return -ENOENT;
	colon = strchr(description, ':');
	if (colon)
		*colon = '\0';
	if (!bastion_name_ok(description) || kind[strspn(kind, KIND_CHARS)])
		return -ENOENT;
	memcpy(name, description, strlen(description) + 1);
	*serial = number;
	return 0;
}

bool bastion_keys_described(const char *text, const char *name)
{
	const char *last = strrchr(text, ';');

	return !strncmp(text, BASTION_KEYS_TYPE ";", sizeof(BASTION_KEYS_TYPE)) &&
	       !strcmp(last + 1, name);
}

/* Whether there is such a key, of which another's description may have said so. */
static bool is_there(int32_t serial, const char *name)
{
	char *text;
	bool same;

	if (keyctl_describe_alloc(serial, &text) < 0)
		return errno != ENOKEY && errno != EACCES;	/* revoked, for one */
	same = bastion_keys_described(text, name);
	free(text);
	return same;
}

int bastion_keys_each(int (*each)(int32_t serial, const char *name, const char *kind, void *arg),
		      void *arg, struct bastion_error *err)
{
	char name[BASTION_NAME_SIZE], kind[BASTION_KEYS_KIND_SIZE];
	char *line = NULL;
	size_t room = 0;
	int32_t serial;
	FILE *file;
	int rc = 0;

	file = fopen("/proc/keys", "re");
	if (!file)
		return bastion_error_set(err, BASTION_OP_FILE, errno, "cannot open /proc/keys");
	while (!rc && getline(&line, &room, file) > 0)
		if (!bastion_keys_parse_line(line, &serial, name, kind) && is_there(serial, name))
			rc = each(serial, name, kind, arg);
	free(line);
	fclose(file);
	return rc;
}
