// SPDX-License-Identifier: GPL-2.0
/*
 * usage: answers new|rebind|offsets
 *
 * Has the chip, which answers that command with something else than was asked for, make
 * a secret or move a key pair: it is refused, the gate locks, and the key in the keyring
 * stays what it was. Prints what went otherwise; exit status 1 then.
 */
#include <stddef.h>

#include "gate.h"

static int wrong;

static void expect(const char *what, int got, int wanted)
{
	if (got == wanted)
		return;
	printf("%s: %d, not %d\n", what, got, wanted);
	wrong = 1;
}

static void move(struct gate *gate)
{
	key_serial_t key = gate_make(gate, "ecdsa", gate->name, "");
	uint8_t before[BASTION_BLOB_MAX], after[BASTION_BLOB_MAX];
	int len = sealed_blob(key, before);

	expect("key pair", len, BASTION_BLOB_P384_SIZE);
	expect("round", gate_attest_move(gate, &gate->verifier, "prod"), 0);
	expect("state before", round_state(gate->fd), BASTION_STATE_ATTESTED);
	expect("rebind", sealed_rebind(key, &gate->verifier, "prod", ""), -EIO);
	expect("blob", sealed_blob(key, after), len);
	expect("its bytes", !!memcmp(before, after, len), 0);
}

int main(int argc, char **argv)
{
	struct gate gate;

	if (argc != 2)
		return 2;
	/* Which bit to flip, for whoever sets the fault. */
	if (!strcmp(argv[1], "offsets")) {
		printf("%zu %zu\n", 8 * offsetof(struct bastion_blob_header, owner),
		       8 * (sizeof(struct bastion_blob_header) + BASTION_POINT_SIZE / 2));
		return 0;
	}
	expect("gate", gate_setup(&gate), 0);
	if (!strcmp(argv[1], "rebind"))
		move(&gate);
	else
		expect("new", gate_new(&gate, gate.name, ""), -EIO);
	expect("state", round_state(gate.fd), BASTION_STATE_LOCKED);
	expect("new afterwards", gate_new(&gate, sealed_name(), ""), -EAGAIN);
	expect("end", gate_teardown(&gate), 0);
	return wrong;
}
