// SPDX-License-Identifier: GPL-2.0
/* Keys of type bastion, what is released of them, and what the key service does with both. */
#include "fuzz.h"

#define TEXT_MAX	(8 + 2 * BASTION_BLOB_MAX + 64)
#define NAMES		6

/* For most keys one of a few, so that they meet. */
static void some_name(struct fuzz *f, char name[64])
{
	snprintf(name, 64, "fuzz-%u-%u", geteuid(), fuzz_below(&f->random, NAMES));
	if (fuzz_chance(&f->random, 20))
		snprintf(name, 64, "fuzz-%u-%u-%lu", f->worker, f->thread, f->step);
	if (fuzz_chance(&f->random, 3))
		fuzz_mutate(&f->random, name, strlen(name));
}

key_serial_t fuzz_keyring(struct fuzz *f)
{
	static const key_serial_t rings[] = {
		KEY_SPEC_SESSION_KEYRING, KEY_SPEC_SESSION_KEYRING, KEY_SPEC_PROCESS_KEYRING,
		KEY_SPEC_THREAD_KEYRING, KEY_SPEC_USER_KEYRING, KEY_SPEC_SESSION_KEYRING,
	};

	if (fuzz_chance(&f->random, 95))
		return rings[fuzz_below(&f->random, sizeof(rings) / sizeof(rings[0]))];
	return fuzz_chance(&f->random, 50) ? (key_serial_t)fuzz_number(&f->random) :
					     fuzz_sealed_key(f);
}

/* Whose keys: one's own, or those of somebody who may not even see this one's. */
static uint32_t some_worker(struct fuzz *f)
{
	uint32_t other = fuzz_below(&f->random, FUZZ_WORKERS);

	return fuzz_chance(&f->random, 80) ? f->worker : other;
}

key_serial_t fuzz_sealed_key(struct fuzz *f)
{
	struct fuzz_shared *shared = f->shared;
	uint32_t worker = some_worker(f), number = fuzz_below(&f->random, FUZZ_SEALED);
	key_serial_t truth = shared->truth.serial, key = shared->sealed[worker][number];

	return key && fuzz_chance(&f->random, 80) ? key : truth;
}

key_serial_t fuzz_released_key(struct fuzz *f)
{
	unsigned int count = __atomic_load_n(&f->shared->released_count, __ATOMIC_ACQUIRE);
	uint32_t number = fuzz_next(&f->random);

	if (count > FUZZ_RELEASED)
		count = FUZZ_RELEASED;
	return count ? f->shared->released[number % count] : 0;
}

const struct fuzz_blob *fuzz_blob(struct fuzz *f)
{
	uint32_t worker = some_worker(f), number = fuzz_below(&f->random, FUZZ_SEALED);
	const struct fuzz_blob *blob = &f->shared->blobs[worker][number];
	bool truth = fuzz_chance(&f->random, 20);

	return truth || !blob->len || blob->len > BASTION_BLOB_MAX ? &f->shared->truth.blob : blob;
}

void fuzz_note_released(struct fuzz *f, key_serial_t key)
{
	const struct fuzz_truth *truth = &f->shared->truth;
	uint8_t secret[BASTION_SECRET_MAX];
	unsigned int at = __atomic_fetch_add(&f->shared->released_count, 1, __ATOMIC_ACQ_REL);

	if (at < FUZZ_RELEASED)
		f->shared->released[at] = key;
	__atomic_add_fetch(&f->shared->releases, 1, __ATOMIC_RELAXED);
	if (truth->len > 0 &&
	    keyctl_read(key, (char *)secret, sizeof(secret)) == truth->len &&
	    !memcmp(secret, truth->secret, truth->len))
		__atomic_add_fetch(&f->shared->true_releases, 1, __ATOMIC_RELAXED);
}

static void note_sealed(struct fuzz *f, key_serial_t key)
{
	struct fuzz_shared *shared = f->shared;
	uint8_t bytes[BASTION_BLOB_MAX];
	int len = sealed_blob(key, bytes);
	unsigned int at;

	at = __atomic_fetch_add(&shared->sealed_count[f->worker], 1, __ATOMIC_RELAXED);
	at %= FUZZ_SEALED;
	shared->sealed[f->worker][at] = key;
	if (len <= 0)
		return;
	memcpy(shared->blobs[f->worker][at].bytes, bytes, len);
	shared->blobs[f->worker][at].len = len;
}

/* Payloads */

static void add_text(char *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add_text(char *text, const char *format, ...)
{
	size_t len = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + len, TEXT_MAX - len, format, args);
	va_end(args);
}

static void add_options(struct fuzz *f, char *text)
{
	const struct round_verifier *verifier = fuzz_verifier(f);
	static const char *const types[] = { "user", "logon", "logon,user", "fscrypt",
					     "logon,fscrypt,user", "" };
	char hex[2 * BASTION_DIGEST_SIZE + 1];

	sealed_hex(verifier->digest, sizeof(verifier->digest), hex);
	add_text(text, " verifier=%s policy=%s", hex,
		 fuzz_chance(&f->random, 90) ? FUZZ_LABEL : "other");
	if (fuzz_chance(&f->random, 50))
		add_text(text, " types=%s", types[fuzz_below(&f->random, 6)]);
	if (fuzz_chance(&f->random, 20))
		add_text(text, " registers=%#x",
			 (unsigned int)(fuzz_chance(&f->random, 80) ?
						fuzz_below(&f->random, 256) & 0xe7 :
						fuzz_number(&f->random)));
	if (fuzz_chance(&f->random, 10))
		add_text(text, " counter=%u", fuzz_below(&f->random, 18));
	if (fuzz_chance(&f->random, 10))
		add_text(text, " owner=%u", (unsigned int)fuzz_number(&f->random));
	if (fuzz_chance(&f->random, 10))
		add_text(text, " exe=sha256:%s", sealed_own_digest());
	if (fuzz_chance(&f->random, 15))
		add_text(text, " derive=label-%u", fuzz_below(&f->random, 4));
}

static void add_hex(struct fuzz *f, char *text)
{
	const struct fuzz_blob *blob = fuzz_blob(f);
	uint8_t bytes[BASTION_BLOB_MAX];
	size_t len = blob->len;

	if (len > sizeof(bytes))
		len = sizeof(bytes);
	memcpy(bytes, blob->bytes, len);
	if (fuzz_chance(&f->random, 40))
		fuzz_mutate(&f->random, bytes, len);
	sealed_hex(bytes, len, text + strlen(text));
}

/* A key of type user to import: its serial. */
static key_serial_t importable(struct fuzz *f)
{
	char secret[64] = "no secret at all, only some bytes that somebody may import";
	size_t len = fuzz_chance(&f->random, 90) ? sizeof(secret) : fuzz_below(&f->random, 64);

	if (fuzz_chance(&f->random, 10))
		return fuzz_released_key(f);
	return add_key("user", "fuzz-import", secret, len, KEY_SPEC_PROCESS_KEYRING);
}

static void some_payload(struct fuzz *f, char text[TEXT_MAX], bool rebind)
{
	uint32_t verb = fuzz_below(&f->random, 100);

	text[0] = '\0';
	if (rebind ? verb < 90 : verb < 3) {
		add_text(text, "rebind");
		add_options(f, text);
	} else if (verb < 50) {
		add_text(text, "new %u", fuzz_chance(&f->random, 90) ?
						 32 + fuzz_below(&f->random, 100) :
						 (unsigned int)fuzz_number(&f->random));
		add_options(f, text);
	} else if (verb < 60) {
		add_text(text, "ecdsa");
		add_options(f, text);
	} else if (verb < 70) {
		add_text(text, "import %d", importable(f));
		add_options(f, text);
	} else {
		add_text(text, "load ");
		add_hex(f, text);
	}
	if (fuzz_chance(&f->random, 3))
		add_text(text, "\n");
	if (fuzz_chance(&f->random, f->shared->hostile ? 5 : 20))
		fuzz_mutate(&f->random, text, strlen(text));
}

/* The name that is sealed into the blob whose digits begin at @hex. */
static void name_of_blob(const char *hex, char name[64])
{
	const size_t at = offsetof(struct bastion_blob_header, name);

	for (int i = 0; i < 63; i++) {
		unsigned int byte = 0;

		if (strlen(hex) < 2 * (at + 64) || sscanf(hex + 2 * (at + i), "%2x", &byte) != 1)
			return;
		name[i] = byte;
	}
	name[63] = '\0';
}

void fuzz_add_key(struct fuzz *f)
{
	char text[TEXT_MAX], name[64];
	key_serial_t ring = fuzz_keyring(f);
	uint64_t at;
	size_t len;
	key_serial_t key;

	some_payload(f, text, false);
	some_name(f, name);
	if (!strncmp(text, "load ", 5) && fuzz_chance(&f->random, 80))
		name_of_blob(text + 5, name);
	len = strlen(text);
	at = fuzz_place(f, 1, text, len, fuzz_somewhere(f, 95));
	key = syscall(SYS_add_key, "bastion", name, at, len, ring);
	fuzz_result(f, FUZZ_ADD_KEY, key < 0 ? errno : 0);
	if (key > 0)
		note_sealed(f, key);
}

void fuzz_update_key(struct fuzz *f)
{
	key_serial_t key = fuzz_chance(&f->random, 95) ? fuzz_sealed_key(f) :
							 fuzz_released_key(f);
	char text[TEXT_MAX];
	size_t len;
	uint64_t at;
	long ret;

	some_payload(f, text, true);
	/* What is true stays so. */
	if (key == f->shared->truth.serial)
		key = fuzz_number(&f->random);
	len = strlen(text);
	at = fuzz_place(f, 1, text, len, fuzz_somewhere(f, 95));
	ret = syscall(SYS_keyctl, KEYCTL_UPDATE, key, at, len);
	fuzz_result(f, FUZZ_UPDATE, ret < 0 ? errno : 0);
	if (!ret)
		note_sealed(f, key);
}

/* Signatures */

void fuzz_sign(struct fuzz *f)
{
	static const char *const infos[] = {
		"enc=x962", "enc=p1363", "enc=x962 hash=sha384", "enc=p1363 hash=sha256", "",
		"enc=raw", "hash=sha512", "enc=x962 hash=md5", "enc=x962 enc=p1363", "x",
	};
	static const size_t lengths[] = { 32, 48, 64 };
	const char *info = infos[fuzz_chance(&f->random, 70) ? fuzz_below(&f->random, 4) :
							       fuzz_below(&f->random, 10)];
	size_t len = fuzz_chance(&f->random, 90) ? lengths[fuzz_below(&f->random, 3)] :
						   fuzz_number(&f->random) % 8192;
	size_t room = fuzz_chance(&f->random, 90) ? 200 : fuzz_number(&f->random) % 8192;
	key_serial_t key = fuzz_sealed_key(f);
	void *digest = (void *)(uintptr_t)fuzz_place(f, 1, NULL, len, fuzz_somewhere(f, 90));
	void *signature = (void *)(uintptr_t)fuzz_place(f, 2, NULL, room, fuzz_somewhere(f, 90));
	struct keyctl_pkey_query query;
	long ret;

	switch (fuzz_below(&f->random, 6)) {
	case 0:
		ret = keyctl_pkey_query(key, info, &query);
		break;
	case 1:
		ret = keyctl_pkey_verify(key, info, digest, len, signature, room);
		break;
	case 4:
		ret = keyctl_pkey_encrypt(key, info, digest, len, signature, room);
		break;
	case 5:
		ret = keyctl_pkey_decrypt(key, info, digest, len, signature, room);
		break;
	default:
		ret = keyctl_pkey_sign(key, info, digest, len, signature, room);
		fuzz_result(f, FUZZ_SIGN, ret < 0 ? errno : 0);
		return;
	}
	fuzz_result(f, FUZZ_VERIFY, ret < 0 ? errno : 0);
}

/* request_key(2), with the helper behind it */

void fuzz_request_key(struct fuzz *f)
{
	static const char *const types[] = { "user", "logon", "fscrypt-provisioning", "bastion" };
	static const char *const callouts[] = { "nowait", "nowait", "timeout=1", "", "timeout=0",
						"timeout=", "x", NULL };
	char name[64], description[80];
	key_serial_t key;

	some_name(f, name);
	snprintf(description, sizeof(description), "bastion:%s", name);
	if (f->privileged && fuzz_chance(&f->random, 50))
		strcpy(description, "bastion:truth");
	key = request_key(types[fuzz_below(&f->random, fuzz_chance(&f->random, 90) ? 2 : 4)],
			  description, callouts[fuzz_below(&f->random, 8)], fuzz_keyring(f));
	fuzz_result(f, FUZZ_REQUEST, key < 0 ? errno : 0);
	/* The type bastion has no such names. */
	if (key > 0)
		fuzz_note_released(f, key);
}

/* What the key service offers for any key */

static long attributes(struct fuzz *f, key_serial_t key)
{
	switch (fuzz_below(&f->random, 6)) {
	case 0:
		return keyctl_setperm(key, fuzz_chance(&f->random, 50) ?
						   fuzz_next(&f->random) & 0x3f3f3f3f :
						   KEY_POS_ALL | KEY_USR_ALL);
	case 1:
		return keyctl_chown(key, fuzz_number(&f->random), -1);
	case 2:
		return keyctl_set_timeout(key, fuzz_below(&f->random, 5));
	case 3:
		return keyctl_revoke(key);
	case 4:
		return keyctl_invalidate(key);
	default:
		return keyctl_instantiate(key, "fuzz", 4, KEY_SPEC_SESSION_KEYRING);
	}
}

/* What only those may do that request_key(2) has asked: nobody here, unless the module is wrong. */
static long answering(struct fuzz *f, key_serial_t key)
{
	switch (fuzz_below(&f->random, 3)) {
	case 0:
		return keyctl_assume_authority(key);
	case 1:
		return keyctl_negate(key, fuzz_below(&f->random, 3), fuzz_keyring(f));
	default:
		return keyctl_reject(key, fuzz_below(&f->random, 3), fuzz_number(&f->random),
				     fuzz_keyring(f));
	}
}

/* A keyring that takes keys of one type only, then one of ours: it asks the type. */
static long restricting(struct fuzz *f, key_serial_t key)
{
	static const char *const rules[] = { NULL, "", "builtin_trusted", "key_or_keyring:0:chain" };
	key_serial_t ring = add_key("keyring", "fuzz-restricted", NULL, 0, KEY_SPEC_PROCESS_KEYRING);
	const char *type = fuzz_chance(&f->random, 80) ? "bastion" : "asymmetric";
	const char *rule = rules[fuzz_below(&f->random, 4)];
	long ret;

	if (ring < 0)
		return ring;
	ret = keyctl_restrict_keyring(fuzz_chance(&f->random, 80) ? ring : key,
				      rule ? type : NULL, rule);
	if (ret < 0)
		return ret;
	return keyctl_link(key, ring);
}

static long reading(struct fuzz *f, key_serial_t key)
{
	size_t size = fuzz_number(&f->random) % 8192;
	char *at = (char *)(uintptr_t)fuzz_place(f, 1, NULL, size, fuzz_somewhere(f, 90));
	char name[64];

	switch (fuzz_below(&f->random, 6)) {
	case 5:
		return keyctl_get_security(key, at, size);
	case 4:
		return keyctl_get_persistent(fuzz_chance(&f->random, 80) ? (uid_t)-1 :
						    (uid_t)fuzz_number(&f->random), fuzz_keyring(f));
	case 0:
		return keyctl_describe(key, at, size);
	case 1:
		some_name(f, name);
		return keyctl_search(KEY_SPEC_SESSION_KEYRING, "bastion", name,
				     fuzz_chance(&f->random, 50) ? fuzz_keyring(f) : 0);
	default:
		return keyctl_read(key, at, size);
	}
}

static long linking(struct fuzz *f, key_serial_t key)
{
	key_serial_t ring = fuzz_keyring(f);

	switch (fuzz_below(&f->random, 4)) {
	case 0:
		return keyctl_link(key, ring);
	case 1:
		return keyctl_unlink(key, ring);
	case 2:
		return keyctl_move(key, ring, fuzz_keyring(f), 0);
	default:
		return keyctl_clear(fuzz_chance(&f->random, 50) ? KEY_SPEC_PROCESS_KEYRING :
								  KEY_SPEC_THREAD_KEYRING);
	}
}

void fuzz_keyctl(struct fuzz *f)
{
	bool released = fuzz_chance(&f->random, 50);
	key_serial_t key = released ? fuzz_released_key(f) : fuzz_sealed_key(f);
	long ret;

	switch (fuzz_below(&f->random, 7)) {
	case 0:
		if (key != f->shared->truth.serial) {
			ret = attributes(f, key);
			break;
		}
		/* fall through */
	case 1:
	case 2:
		ret = reading(f, key);
		break;
	case 3:
		ret = answering(f, key);
		break;
	case 4:
		ret = restricting(f, key);
		break;
	default:
		ret = linking(f, key);
		break;
	}
	fuzz_result(f, FUZZ_KEYCTL, ret < 0 ? errno : 0);
}
