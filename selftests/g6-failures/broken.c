// SPDX-License-Identifier: GPL-2.0
/*
 * usage: broken STATE
 *
 * Expects the gate in STATE (failed or locked), and that with it nothing is
 * opened, made, measured or released, nor anything recovered by asking nicely.
 * Prints what went otherwise; exit status 1 then.
 */
#include "sealed.h"

static int wrong;

static void expect(const char *what, int got, int wanted)
{
	if (got == wanted)
		return;
	printf("%s: %d, not %d\n", what, got, wanted);
	wrong = 1;
}

int main(int argc, char **argv)
{
	struct bastion_extend extend = { .size = sizeof(extend), .index = 7, .name = "broken",
					 .data = (uintptr_t)"x", .data_len = 1 };
	struct round_verifier verifier;
	int fd = round_open(), failed;
	struct round round;

	if (argc != 2 || fd < 0)
		return 2;
	failed = !strcmp(argv[1], "failed");
	round_verifier_make(&verifier);
	expect("state", round_state(fd), failed ? BASTION_STATE_FAILED : BASTION_STATE_LOCKED);
	round_relock(fd);
	expect("state after relock", round_state(fd),
	       failed ? BASTION_STATE_FAILED : BASTION_STATE_LOCKED);
	if (failed) {
		expect("verifier", round_verifier_add(fd, &verifier), -EIO);
		expect("round", round_begin(&round, fd, &verifier), -EIO);
		expect("extend", round_ioctl(fd, BASTION_IOC_EXTEND, &extend), -EIO);
		expect("new", sealed_new(&verifier, "prod", "broken", "",
					 KEY_SPEC_PROCESS_KEYRING), -EIO);
	} else {
		/* It works again, but from the beginning. */
		expect("verifier", round_verifier_add(fd, &verifier), 0);
		expect("new", sealed_new(&verifier, "prod", "broken", "",
					 KEY_SPEC_PROCESS_KEYRING), -EAGAIN);
		expect("round", round_open_gate(fd, &verifier, "prod", 60), 0);
		expect("verifier", round_verifier_remove(fd, &verifier), 0);
	}
	close(fd);
	return wrong;
}
