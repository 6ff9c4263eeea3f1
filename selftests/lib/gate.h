/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What most tests of keys begin and end with, in C: an open gate, a verifier and a
 * session keyring of the test's own, and a name for its key.
 *
 *	FIXTURE(x) { struct gate gate; };
 *	FIXTURE_SETUP(x) { ASSERT_EQ(0, gate_setup(&self->gate)); }
 *	FIXTURE_TEARDOWN(x) { EXPECT_EQ(0, gate_teardown(&self->gate)); }
 */
#ifndef SELFTESTS_LIB_GATE_H
#define SELFTESTS_LIB_GATE_H

#include "sealed.h"

#define GATE_LIFETIME	300	/* seconds: as long as a TPM's; longer tests use gate_keep_open() */

/**
 * struct gate - the gate as a test has it
 * @fd:		the device
 * @verifier:	registered, and nobody else's
 * @name:	for a sealed key
 * @description: of what is released of it
 * @attested_ms: when the last round began
 */
struct gate {
	int fd;
	struct round_verifier verifier;
	char name[48], description[64];
	long long attested_ms;
};

/* A round: keys of the policy "prod" may be made and released. 0 or -errno. */
static inline int gate_attest(struct gate *gate)
{
	gate->attested_ms = sealed_now_ms();
	return round_open_gate(gate->fd, &gate->verifier, "prod", GATE_LIFETIME);
}

/* Likewise, and keys of "prod" may be moved to @policy of @dest. */
static inline int gate_attest_move(struct gate *gate, const struct round_verifier *dest,
				   const char *policy)
{
	struct round_grant grant;
	struct round round;
	int ret;

	gate->attested_ms = sealed_now_ms();
	ret = round_prepare(&round, &grant, gate->fd, &gate->verifier, "prod");
	if (ret)
		return ret;
	grant.fixed.lifetime = htole32(GATE_LIFETIME);
	round_allow_rebind(&round, &grant, "prod", dest, policy);
	round_sign(&round, &grant, gate->verifier.key);
	return round_submit(&round, &grant);
}

/* Another grant when half of the last one is over. -EAGAIN: the gate is not open. */
static inline int gate_keep_open(struct gate *gate)
{
	if (round_state(gate->fd) != BASTION_STATE_ATTESTED)
		return -EAGAIN;
	return sealed_now_ms() < gate->attested_ms + GATE_LIFETIME * 500 ? 0 : gate_attest(gate);
}

/* As sealed_result(), and keeps the gate open for the child; -1 as well when it cannot. */
static inline int gate_result(struct gate *gate, pid_t pid)
{
	struct pollfd ended = { .fd = syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	int ret = ended.fd < 0 ? -errno : 0, result;

	while (!ret && !poll(&ended, 1, 1000))
		ret = gate_keep_open(gate);
	if (ended.fd >= 0)
		close(ended.fd);
	result = sealed_result(pid);
	return ret ? -1 : result;
}

/* 0 or -errno; the gate is open then. */
static inline int gate_setup(struct gate *gate)
{
	int ret;

	gate->fd = round_open();
	if (gate->fd < 0)
		return gate->fd;
	if (sealed_install_helper())
		return -ENOENT;
	if (keyctl_join_session_keyring(NULL) < 0)
		return -errno;
	strcpy(gate->name, sealed_name());
	snprintf(gate->description, sizeof(gate->description), "bastion:%s", gate->name);
	round_verifier_make(&gate->verifier);
	ret = round_verifier_add(gate->fd, &gate->verifier);
	return ret ? ret : gate_attest(gate);
}

/* Ends the grant and all waits, too. 0 or -errno. */
static inline int gate_teardown(struct gate *gate)
{
	int ret = round_verifier_remove(gate->fd, &gate->verifier);

	if (!ret)
		ret = round_wait_waiters(0, 20000);
	close(gate->fd);
	return ret;
}

/* A key of the policy "prod" in the session keyring; @verb as for sealed_make(). */
static inline key_serial_t gate_make(struct gate *gate, const char *verb, const char *name,
				     const char *options)
{
	return sealed_make(verb, &gate->verifier, "prod", name, options, KEY_SPEC_SESSION_KEYRING);
}

static inline key_serial_t gate_new(struct gate *gate, const char *name, const char *options)
{
	return gate_make(gate, "new 32", name, options);
}

/* The blob of a new key, of which nothing else is left: its length, or -errno. */
static inline int gate_blob(struct gate *gate, uid_t owner, const char *options,
			    uint8_t blob[BASTION_BLOB_MAX])
{
	char text[128];
	key_serial_t key;
	int len;

	snprintf(text, sizeof(text), "owner=%u%s%s", owner, *options ? " " : "", options);
	key = gate_new(gate, gate->name, text);
	if (key < 0)
		return key;
	len = sealed_blob(key, blob);
	return keyctl_unlink(key, KEY_SPEC_SESSION_KEYRING) ? -errno : len;
}

#endif
