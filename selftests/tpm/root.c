// SPDX-License-Identifier: GPL-2.0
/*
 * Rounds that root interferes with, which has the TPM to itself: what the verifier's answers are
 * good for then, and what the kernel takes.
 *
 * usage: root forge|capped|unchecked FOLDER
 *        root steal|flush FOLDER COMMAND
 *
 * FOLDER keeps the verifier (tpm files). Policy signatures are written there as the verifier sends
 * them, "sealed", and as nobody but kernel and verifier ever has them, "signature".
 */
#include "keep.h"
#include "sign.h"

#define RING	KEY_SPEC_SESSION_KEYRING
/* Long before the tickets end of themselves */
#define GRACE_MS	20000

static struct round round;
static struct round_grant grant;

static void keep_signatures(void)
{
	uint8_t der[SIGN_DER_MAX];

	keep("signature", der, sign_to_der(grant.signatures[0].signature, der));
	keep("sealed", grant.policies, BASTION_SEALED_POLICIES_SIZE(grant.signature_count));
}

static void prepare(void)
{
	if (round_prepare(&round, &grant, gate.fd, &gate.verifier, "prod"))
		errx(1, "no round");
}

/* What the verifier says of a session that is root's: "to_sign" begins with its nonce. */
static void forge(void)
{
	struct round roots;
	uint8_t nonce[32];

	open_device(true);
	if (recall("to_sign", nonce, sizeof(nonce)) != sizeof(nonce))
		errx(1, "no nonce");
	prepare();
	roots = round;
	memcpy(roots.begin.chip_nonce, nonce, sizeof(nonce));
	memcpy(grant.fixed.chip_nonce, nonce, sizeof(nonce));
	round_sign(&roots, &grant, gate.verifier.key);
	keep_signatures();
	is(round_submit(&round, &grant), -EKEYREJECTED, "the kernel takes no grant for root's nonce");

	prepare();
	round_sign(&round, &grant, gate.verifier.key);
	round_sign_policy(&roots, &grant.signatures[0], gate.verifier.key);
	round_seal_again(&round, &grant);
	is(round_submit(&round, &grant), -EKEYREJECTED, "nor signatures over it beside its own grant");
	is(round_state(gate.fd), BASTION_STATE_LOCKED, "the gate stays locked");
}

/* A round in the middle of which root runs @command. */
static void interfere(const char *command, int wanted, const char *name)
{
	open_device(true);
	round_relock(gate.fd);
	prepare();
	round_sign(&round, &grant, gate.verifier.key);
	keep_signatures();
	is(system(command), 0, "root does it in the middle of a round");
	is(round_submit(&round, &grant), wanted, name);
	is(round_state(gate.fd), wanted ? BASTION_STATE_LOCKED : BASTION_STATE_ATTESTED,
	   "and the gate is as it should be");
}

static void capped(void)
{
	open_device(false);
	is(round_begin(&round, gate.fd, &gate.verifier), -ESHUTDOWN, "no round begins");
	is(sealed_make("new 32", &gate.verifier, "prod", "k", "", RING), -EAGAIN,
	   "and no key is made");
}

/* Does the TPM release @key under a grant that a kernel has taken which checks nothing? */
static void submit_and_release(key_serial_t key, int wanted, const char *name)
{
	key_serial_t released;

	round_seal_again(&round, &grant);
	is(round_submit(&round, &grant), 0, "the kernel that checks nothing takes a grant");
	released = sealed_release(gate.fd, key, BASTION_TYPE_LOGON, RING);
	is(released > 0 ? 0 : released, wanted, name);
	is(round_state(gate.fd), BASTION_STATE_ATTESTED, "as far as that kernel knows it is open");
}

/*
 * How the TPM answers once the tickets have ended. Not asked until then: it may have taken a
 * ticket that ends before it unseals, and says so in other words.
 */
static int release_after(key_serial_t key, long long end)
{
	while (sealed_now_ms() <= end)
		usleep(100000);
	return sealed_release(gate.fd, key, BASTION_TYPE_LOGON, RING);
}

/* As what lets no grant end but the TPM's half of the module, whose tickets the TPM still takes. */
static void unended(key_serial_t key)
{
	struct bastion_extend args = {
		.size = sizeof(args), .index = 5, .name = "x", .data = (uintptr_t)"x", .data_len = 1,
	};
	long long begun = sealed_now_ms(), end;
	key_serial_t released;

	prepare();
	round_mask(&round, &grant, 1 << args.index);
	round_sign(&round, &grant, gate.verifier.key);
	submit_and_release(key, 0, "a key is released under a grant that names a register");
	is(round_ioctl(gate.fd, BASTION_IOC_EXTEND, &args), 0, "which is extended");
	is(sealed_release(gate.fd, key, BASTION_TYPE_LOGON, RING), -EKEYREVOKED,
	   "its tickets are gone with it");

	prepare();
	grant.fixed.lifetime = htole32(sealed_short_life(begun));
	end = sealed_now_ms() + 1000LL * le32toh(grant.fixed.lifetime);
	round_sign(&round, &grant, gate.verifier.key);
	submit_and_release(key, 0, "one is released under a grant that is over soon");
	/* On a slow machine a work item takes its time. */
	do
		released = release_after(key, end);
	while (released > 0 && sealed_now_ms() < end + GRACE_MS);
	is(released, -EKEYREVOKED, "its tickets go when it is");
}

/* Of a module that is patched so that it checks nothing (unchecked.patch) */
static void unchecked(void)
{
	struct round_verifier stranger;
	long long end;
	key_serial_t key;

	open_device(false);
	round_verifier_make(&stranger);
	prepare();
	/* A slow machine needs some of it for what comes before they end. */
	grant.seconds = 30;
	end = sealed_now_ms() + (grant.seconds + 1) * 1000LL;
	grant.fixed.lifetime = htole32(3600);
	round_sign(&round, &grant, gate.verifier.key);
	is(round_submit(&round, &grant), 0, "a grant for an hour, with signatures for 30 seconds");
	key = sealed_make("new 32", &gate.verifier, "prod", "k", "", RING);
	ok(key > 0, "a key is made");
	ok(sealed_release(gate.fd, key, BASTION_TYPE_LOGON, RING) > 0, "it is released");
	is(release_after(key, end), -EKEYREJECTED, "until the tickets end");
	is(round_state(gate.fd), BASTION_STATE_ATTESTED, "of which that kernel knows nothing");

	prepare();
	round_sign(&round, &grant, stranger.key);
	submit_and_release(key, -EKEYREJECTED, "the TPM takes no stranger's signatures");
	prepare();
	round_sign(&round, &grant, stranger.key);
	grant.signature_count = 0;
	submit_and_release(key, -EKEYREJECTED, "and does not open without any");
	prepare();
	round_sign(&round, &grant, stranger.key);
	round_policy(&round, "other", grant.signatures[0].policy);
	round_sign_policy(&round, &grant.signatures[0], gate.verifier.key);
	submit_and_release(key, -EKEYREJECTED, "nor with the verifier's own for another policy");
	prepare();
	round_sign(&round, &grant, gate.verifier.key);
	submit_and_release(key, 0, "with the right one it does");
	unended(key);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	folder = argv[2];
	if (argc == 3 && !strcmp(argv[1], "forge"))
		forge();
	else if (argc == 3 && !strcmp(argv[1], "capped"))
		capped();
	else if (argc == 3 && !strcmp(argv[1], "unchecked"))
		unchecked();
	else if (argc == 4 && !strcmp(argv[1], "steal"))
		interfere(argv[3], 0, "the kernel's round goes on");
	else if (argc == 4 && !strcmp(argv[1], "flush"))
		interfere(argv[3], -ESTALE, "a round whose session is gone is over");
	else
		return 2;
	return failed;
}
