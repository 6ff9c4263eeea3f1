// SPDX-License-Identifier: GPL-2.0
/*
 * A TPM as the chip, in a guest of its own.
 *
 * usage: tpm first|again|files FOLDER
 *        tpm many|crowd FOLDER RELEASES	one after the other, or by eight processes
 *
 * All print TAP but "files", which writes a sealed key as the TPM's own tools want it.
 * FOLDER keeps the verifier, blobs, and what the secrets were.
 */
#include "keep.h"
#include "tpm_object.h"

#define RING		KEY_SPEC_SESSION_KEYRING
#define OPTIONS		"types=logon,user"
#define SECRET_LEN	32
#define CROWD		8

static int release(key_serial_t key, uint32_t type)
{
	return sealed_release(gate.fd, key, type, RING);
}

/* What becomes of a grant that @spoil has done something to; the gate is locked before. */
static int try_grant(void (*spoil)(struct round *round, struct round_grant *grant))
{
	struct round_grant grant;
	struct round round;
	int ret;

	round_relock(gate.fd);
	ret = round_prepare(&round, &grant, gate.fd, &gate.verifier, "prod");
	if (ret)
		return ret;
	round_sign(&round, &grant, gate.verifier.key);
	if (spoil) {
		spoil(&round, &grant);
		round_seal_again(&round, &grant);
	}
	ret = round_submit(&round, &grant);
	if (ret && round_state(gate.fd) != BASTION_STATE_LOCKED)
		errx(1, "refused, and not locked");
	return ret;
}

static void no_signature(struct round *round, struct round_grant *grant)
{
	grant->signature_count = 0;
}

static void one_too_many(struct round *round, struct round_grant *grant)
{
	grant->signatures[1] = grant->signatures[0];
	grant->signature_count = 2;
}

static void another_policy(struct round *round, struct round_grant *grant)
{
	grant->signatures[0].policy[0] ^= 1;
	round_sign_policy(round, &grant->signatures[0], gate.verifier.key);
}

static void another_nonce(struct round *round, struct round_grant *grant)
{
	struct round other = *round;

	other.begin.chip_nonce[31] ^= 1;
	round_sign_policy(&other, &grant->signatures[0], gate.verifier.key);
}

static void another_signer(struct round *round, struct round_grant *grant)
{
	struct round_verifier other;

	round_verifier_make(&other);
	round_sign_policy(round, &grant->signatures[0], other.key);
}

static void too_long(struct round *round, struct round_grant *grant)
{
	grant->signatures[0].seconds = htole32(BASTION_POLICY_SECONDS_MAX + 1);
	round_sign_policy(round, &grant->signatures[0], gate.verifier.key);
}

static void for_no_time(struct round *round, struct round_grant *grant)
{
	grant->signatures[0].seconds = 0;
	round_sign_policy(round, &grant->signatures[0], gate.verifier.key);
}

static void judge_grants(void)
{
	is(try_grant(no_signature), -EKEYREJECTED, "a grant that releases wants a signature");
	is(try_grant(one_too_many), -EKEYREJECTED, "one for each policy, and no more");
	is(try_grant(another_policy), -EKEYREJECTED, "for that policy");
	is(try_grant(another_nonce), -EKEYREJECTED, "over this round's nonce");
	is(try_grant(another_signer), -EKEYREJECTED, "by this verifier");
	is(try_grant(too_long), -EKEYREJECTED, "for no longer than tickets may last");
	is(try_grant(for_no_time), -EKEYREJECTED, "and for some time");
	is(try_grant(NULL), 0, "and is taken with the right one");
}

static int release_as_user(void *key)
{
	return -release(*(key_serial_t *)key, BASTION_TYPE_LOGON);
}

/* A key that another verifier's grant releases, and this one's does not. */
static void try_other_verifier(key_serial_t key)
{
	struct round_verifier other;

	round_verifier_make(&other);
	is(round_verifier_add(gate.fd, &other), 0, "another verifier is registered");
	is(round_open_gate(gate.fd, &other, "prod", 60), 0, "and gives a grant");
	is(release(key, BASTION_TYPE_LOGON), -EAGAIN, "which does not release the first one's key");
	is(round_verifier_remove(gate.fd, &other), 0, "it goes again");
}

static int release_now(key_serial_t key, uint32_t type)
{
	const struct bastion_release args = {
		.key = key, .type = type, .keyring = RING, .flags = BASTION_RELEASE_NOWAIT,
	};

	return sealed_release_args(gate.fd, args);
}

static void try_expiry(key_serial_t key)
{
	struct round_grant grant;
	struct round round;
	key_serial_t released;

	is(round_prepare(&round, &grant, gate.fd, &gate.verifier, "prod"), 0, "a round");
	grant.seconds = 20;
	grant.fixed.lifetime = htole32(86400);
	round_sign(&round, &grant, gate.verifier.key);
	is(round_submit(&round, &grant), 0, "for a day, with signatures for 20 seconds");
	released = release(key, BASTION_TYPE_LOGON);
	ok(released > 0, "a key is released");
	is(round_wait_state(BASTION_STATE_LOCKED, 60000), 0, "the grant ends with the signatures");
	ok(sealed_dead(released), "and so does the key");
}

static void first(void)
{
	uint8_t blob[BASTION_BLOB_MAX], secret[BASTION_SECRET_MAX], bytes[BASTION_SECRET_MAX];
	struct bastion_blob_header header;
	key_serial_t key, released, other;
	int len;

	open_device(false);
	ok(sealed_make("new 32", &gate.verifier, "prod", "k", OPTIONS, RING) == -EAGAIN,
	   "nothing is made while locked");
	judge_grants();
	key = sealed_make("new 32", &gate.verifier, "prod", "k", OPTIONS, RING);
	ok(key > 0, "a key is made");
	ok(!sealed_header(key, &header) && le16toh(header.kind) == BASTION_KIND_TPM,
	   "and sealed to the TPM");
	released = release(key, BASTION_TYPE_LOGON);
	ok(released > 0, "it is released as logon");
	is(sealed_bytes(gate.fd, key, secret), SECRET_LEN, "and as user");
	is(sealed_bytes(gate.fd, key, bytes), SECRET_LEN, "and again");
	ok(!memcmp(secret, bytes, SECRET_LEN), "with the same bytes");
	is(release(key, BASTION_TYPE_FSCRYPT), -EKEYREJECTED, "as nothing else");
	is(sealed_make("new 32", &gate.verifier, "other", "o", OPTIONS, RING), -EKEYREJECTED,
	   "and none is made under another policy");
	is(sealed_make("ecdsa", &gate.verifier, "prod", "p", "", RING), -EOPNOTSUPP,
	   "a key pair is not to be had");
	is(sealed_make("new 32", &gate.verifier, "prod", "d", "derive=x", RING), -EOPNOTSUPP,
	   "nor a derived key");
	is(sealed_make("new 32", &gate.verifier, "prod", "c", "counter=1", RING), -EOPNOTSUPP,
	   "nor a counter");
	is(sealed_make("new 513", &gate.verifier, "prod", "l", "", RING), -EOPNOTSUPP,
	   "nor a secret of more than 512 bytes");
	other = sealed_make("new 512", &gate.verifier, "prod", "m", "registers=0x6 types=user",
			    RING);
	is(sealed_bytes(gate.fd, other, bytes), 512, "one of 512, for these registers, is");

	len = sealed_blob(key, blob);
	keep("blob", blob, len);
	keep("secret", secret, SECRET_LEN);
	keep_verifier();
	is(sealed_in_child(sealed_be_nobody, release_as_user, &key), EACCES,
	   "another user gets nothing");
	is(round_relock(gate.fd), 0, "relock");
	is(sealed_dead(released), ENOKEY, "what was released is gone");
	is(release_now(key, BASTION_TYPE_LOGON), -EAGAIN, "and nothing more is");
	try_other_verifier(key);
	try_expiry(key);
}

/* One bit of each part of the blob is wrong: it is not released. */
static void spoil_each_part(const uint8_t *blob, size_t len)
{
	const size_t head = sizeof(struct bastion_blob_header);
	const size_t offsets[] = {
		offsetof(struct bastion_blob_header, types),
		offsetof(struct bastion_blob_header, salt),
		offsetof(struct bastion_blob_header, policy),
		head, head + sizeof(struct bastion_blob_tpm), len - 40, len - 1,
	};
	static const char * const names[] = {
		"types", "salt", "policy", "unique", "private", "secret", "tag"
	};
	uint8_t bad[BASTION_BLOB_MAX];
	char text[64];
	size_t i;

	for (i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		int ret;

		memcpy(bad, blob, len);
		/* types=logon,user becomes all of them */
		bad[offsets[i]] ^= i ? 1 : BASTION_TYPE_FSCRYPT;
		ret = sealed_release_blob(gate.fd, bad, len, BASTION_TYPE_LOGON, RING);
		snprintf(text, sizeof(text), "a blob whose %s is another is not released", names[i]);
		ok(ret == -EBADMSG || ret == -EKEYREJECTED, text);
		if (ret != -EBADMSG && ret != -EKEYREJECTED)
			printf("# %d\n", ret);
		if (round_state(gate.fd) != BASTION_STATE_ATTESTED)
			is(round_open_gate(gate.fd, &gate.verifier, "prod", 60), 0, "# again");
	}
}

static void again(void)
{
	uint8_t blob[BASTION_BLOB_MAX], secret[SECRET_LEN], bytes[BASTION_SECRET_MAX];
	size_t len = recall("blob", blob, sizeof(blob));
	key_serial_t key;

	recall("secret", secret, sizeof(secret));
	open_device(true);
	key = sealed_load("k", blob, len, RING);
	ok(key > 0, "the blob is loaded");
	is(release_now(key, BASTION_TYPE_USER), -EAGAIN, "and not released while locked");
	is(round_open_gate(gate.fd, &gate.verifier, "prod", 120), 0, "a new round");
	is(sealed_bytes(gate.fd, key, bytes), SECRET_LEN, "releases it");
	ok(!memcmp(secret, bytes, SECRET_LEN), "and it is the same");
	spoil_each_part(blob, len);
}

static void write_object(const uint8_t *blob)
{
	struct tpm_object object;

	tpm_object(&object, blob, gate.verifier.point);
	keep("ref", object.ref, sizeof(object.ref));
	keep("object.pub", object.pub, object.pub_len);
	keep("object.priv", object.priv, object.priv_len);
}

static void files(void)
{
	uint8_t blob[BASTION_BLOB_MAX];
	key_serial_t key;

	open_device(false);
	if (round_open_gate(gate.fd, &gate.verifier, "prod", 300))
		errx(1, "no grant");
	key = sealed_make("new 32", &gate.verifier, "prod", "k", OPTIONS, RING);
	if (sealed_blob(key, blob) < 0)
		errx(1, "no key");
	if (release(key, BASTION_TYPE_LOGON) < 0)
		errx(1, "not released");
	write_object(blob);
	keep("blob", blob, sealed_blob(key, blob));
	keep_verifier();
}

static int each;	/* releases by each process */

static int releases(void *data)
{
	key_serial_t key = *(key_serial_t *)data, released;
	int i;

	for (i = 0; i < each; i++) {
		released = release(key, BASTION_TYPE_LOGON);
		if (released < 0)
			return -released;
		keyctl_unlink(released, RING);
	}
	return 0;
}

/* Releases, by @processes of them at once. Under one grant where they are fast enough, else more. */
static void many(int processes)
{
	uint8_t blob[BASTION_BLOB_MAX];
	size_t len = recall("blob", blob, sizeof(blob));
	pid_t pids[CROWD];
	key_serial_t key;
	int i, bad = 0;

	open_device(true);
	is(gate_attest(&gate), 0, "a round");
	key = sealed_load("k", blob, len, RING);
	for (i = 0; i < CROWD; i++) {
		pids[i] = sealed_start(releases, &key);
		if (processes == 1)
			bad += gate_result(&gate, pids[i]) != 0;
	}
	for (i = 0; processes > 1 && i < CROWD; i++)
		bad += gate_result(&gate, pids[i]) != 0;
	is(bad, 0, "every release succeeds");
	is(round_state(gate.fd), BASTION_STATE_ATTESTED, "and the gate is open");
	is(round_relock(gate.fd), 0, "until it is locked");
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	folder = argv[2];
	each = argc == 4 ? (atoi(argv[3]) + CROWD - 1) / CROWD : 0;
	if (!strcmp(argv[1], "first"))
		first();
	else if (!strcmp(argv[1], "again"))
		again();
	else if (!strcmp(argv[1], "files"))
		files();
	else if (each > 0 && !strcmp(argv[1], "many"))
		many(1);
	else if (each > 0 && !strcmp(argv[1], "crowd"))
		many(CROWD);
	else
		return 2;
	return failed;
}
