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

#define GATE_LIFETIME	300	/* seconds: longer than a test */

/**
 * struct gate - the gate as a test has it
 * @fd:		the device
 * @verifier:	registered, and nobody else's
 * @name:	for a sealed key
 * @description: of what is released of it
 */
struct gate {
	int fd;
	struct round_verifier verifier;
	char name[48], description[64];
};

/* A round: keys of the policy "prod" may be made and released. 0 or -errno. */
static inline int gate_attest(struct gate *gate)
{
	return round_open_gate(gate->fd, &gate->verifier, "prod", GATE_LIFETIME);
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

/* A key of the policy "prod" in the session keyring. */
static inline key_serial_t gate_new(struct gate *gate, const char *name, const char *options)
{
	return sealed_new(&gate->verifier, "prod", name, options, KEY_SPEC_SESSION_KEYRING);
}

#endif
