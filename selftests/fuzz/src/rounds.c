// SPDX-License-Identifier: GPL-2.0
/* Rounds, whole or broken off, with grants that are right or have one thing wrong. */
#include "fuzz.h"

/* What was done to a grant that nobody may accept. */
enum wrong {
	RIGHT,
	WRONG_FIELD,
	WRONG_KEY,
	WRONG_BYTE,
	WRONG_TOKEN,
	WRONG_LENGTH,
	WRONGS
};

/* The first one most of the time: who asks for a key and who attests shall meet. */
const struct round_verifier *fuzz_verifier(struct fuzz *f)
{
	uint32_t number = fuzz_below(&f->random, FUZZ_VERIFIERS);

	return &f->verifiers[fuzz_chance(&f->random, 75) ? 0 : number];
}

static enum wrong some_wrong(struct fuzz *f)
{
	if (fuzz_chance(&f->random, f->worker ? 95 : 50))
		return RIGHT;
	return RIGHT + 1 + fuzz_below(&f->random, WRONGS - 1);
}

static void flip(struct fuzz *f, void *data, size_t len)
{
	uint8_t *bytes = data;

	bytes[fuzz_below(&f->random, len)] ^= 1u << fuzz_below(&f->random, 8);
}

/* What the verifier is free to say. */
static void fill_grant(struct fuzz *f, struct round_grant *grant)
{
	static const uint32_t masks[] = { 0, 1, 4, 7, 0x27, 0xe7 };
	const struct round_verifier *dest = &f->verifiers[fuzz_below(&f->random, FUZZ_VERIFIERS)];

	round_fill(&f->round, grant, FUZZ_LABEL);
	/* Of a TPM's grant a few seconds are lost. */
	grant->fixed.lifetime = htole32((f->shared->is_tpm ? 10 : 1) + fuzz_below(&f->random, 4));
	if (fuzz_chance(&f->random, 50))
		grant->fixed.flags = htole32(BASTION_GRANT_KEPT);
	if (fuzz_chance(&f->random, 50))
		round_allow_rebind(&f->round, grant, FUZZ_LABEL, dest, FUZZ_LABEL);
	if (fuzz_chance(&f->random, 30))
		round_mask(&f->round, grant,
			   masks[fuzz_below(&f->random, sizeof(masks) / sizeof(masks[0]))]);
}

static void sign_grant(struct fuzz *f, struct round_grant *grant, enum wrong wrong)
{
	const struct round_verifier *signer = f->round.verifier;

	/* The numbers at its end are the verifier's to choose. */
	if (wrong == WRONG_FIELD)
		flip(f, &grant->fixed, offsetof(struct bastion_grant, register_mask));
	if (wrong == WRONG_KEY)
		signer = signer == f->verifiers ? signer + 1 : f->verifiers;
	round_sign(&f->round, grant, signer->key);
	if (wrong == WRONG_BYTE)
		flip(f, grant->bytes, grant->len);
	if (wrong == WRONG_TOKEN)
		flip(f, grant->sealed, sizeof(grant->sealed));
	if (wrong == WRONG_LENGTH)
		grant->len += fuzz_chance(&f->random, 50) ? 1 : -1;
}

static bool quoted(struct fuzz *f, int fd)
{
	int ret = round_begin(&f->round, fd, fuzz_verifier(f));

	fuzz_result(f, FUZZ_ROUND_BEGIN, -ret);
	if (ret || fuzz_chance(&f->random, 5))
		return false;
	ret = round_quote(&f->round);
	/* A broken chip's quote may be anything. */
	if (ret == -EBADMSG && f->shared->hostile)
		return false;
	fuzz_result(f, FUZZ_QUOTE, -ret);
	return !ret && !fuzz_chance(&f->random, 5);
}

void fuzz_round(struct fuzz *f)
{
	enum wrong wrong = some_wrong(f);
	int fd = open(ROUND_DEVICE, O_RDWR | O_CLOEXEC), ret;

	if (fd < 0)
		return;
	if (quoted(f, fd)) {
		fill_grant(f, &f->grant);
		sign_grant(f, &f->grant, wrong);
		ret = round_submit(&f->round, &f->grant);
		fuzz_result(f, FUZZ_GRANT, -ret);
		if (!ret && wrong)
			fuzz_violation(f, "a grant was accepted that has %d wrong", wrong);
		/* Once a round. */
		if (fuzz_chance(&f->random, 10) && !round_submit(&f->round, &f->grant))
			fuzz_violation(f, "a grant was accepted twice");
	}
	close(fd);
}

/* A round as it should be, with the first verifier; it has stored the log: 0 or -errno. */
int fuzz_attest(int fd, const struct round_verifier *verifiers, uint32_t lifetime)
{
	static struct round_grant grant;
	static struct round round;
	int ret = round_prepare(&round, &grant, fd, verifiers, FUZZ_LABEL);

	if (ret)
		return ret;
	grant.fixed.lifetime = htole32(lifetime);
	grant.fixed.flags = htole32(BASTION_GRANT_KEPT);
	round_sign(&round, &grant, verifiers->key);
	return round_submit(&round, &grant);
}
