// SPDX-License-Identifier: GPL-2.0
/*
 * From a kernel without the module to the first key in a keyring, step by step. One
 * sample of each: after an unload nothing attests before the next boot. The verifier
 * is this very process.
 */
#include "bench/gate.h"
#include "bench/rows.h"

struct steps {
	const struct bench *bench;
	int64_t begin, last;
};

/* The time since the last step; @ret is what the step returned, and returned again. */
static int step(struct steps *steps, const char *label, int ret)
{
	int64_t now = bench_now();

	if (ret < 0)
		return bench_fail(steps->bench, label, ret);
	bench_emit_one(steps->bench, BENCH_ALSO, label, BENCH_US, 0, (now - steps->last) / 1000.0);
	steps->last = bench_now();
	return ret;
}

static int load(void)
{
	if (system("modprobe bastion"))
		return -ENODEV;
	return access(ROUND_DEVICE, F_OK) ? -errno : 0;
}

static int attest(struct steps *steps, struct bench_gate *gate)
{
	struct round_grant grant;
	struct round round;
	int ret;

	ret = step(steps, "ROUND_BEGIN", round_begin(&round, gate->fd, &gate->verifier));
	if (!ret)
		ret = step(steps, "QUOTE", round_quote(&round));
	if (ret)
		return ret;
	round_fill(&round, &grant, BENCH_POLICY);
	round_sign(&round, &grant, gate->verifier.key);
	step(steps, "the verifier signs, without judging", 0);
	return step(steps, "GRANT", round_submit(&round, &grant));
}

static int all_steps(struct steps *steps, struct bench_gate *gate)
{
	int ret;

	steps->begin = steps->last = bench_now();
	ret = step(steps, "modprobe", load());
	if (ret)
		return ret;
	gate->fd = round_open();
	ret = step(steps, "VERIFIER_ADD", round_verifier_add(gate->fd, &gate->verifier));
	if (!ret)
		ret = attest(steps, gate);
	if (ret)
		return ret;
	gate->key = step(steps, "a key made in the chip",
			 sealed_new(&gate->verifier, BENCH_POLICY, "first", "",
				    KEY_SPEC_SESSION_KEYRING));
	if (gate->key < 0)
		return gate->key;
	return step(steps, "RELEASE", sealed_release(gate->fd, gate->key, BASTION_TYPE_LOGON,
						     KEY_SPEC_SESSION_KEYRING));
}

int bench_first_key(const struct bench *bench)
{
	struct steps steps = { .bench = bench };
	struct bench_gate gate = { .fd = -1 };
	int64_t took;
	int ret;

	if (!access("/sys/module/bastion", F_OK))
		return bench_fail(bench, "the module is loaded already", -EBUSY);
	if (keyctl_join_session_keyring(NULL) < 0)
		return bench_fail(bench, "a session keyring", -errno);
	round_verifier_make(&gate.verifier);
	ret = all_steps(&steps, &gate);
	took = steps.last - steps.begin;
	if (ret > 0)
		bench_emit_one(bench, BENCH_ALSO, "all of it", BENCH_US, 0, took / 1000.0);
	bench_gate_close(&gate);
	return ret < 0 ? ret : 0;
}
