// SPDX-License-Identifier: GPL-2.0
/*
 * usage: holder
 *
 * Opens the gate, releases a key and says so; after a line on its standard
 * input, exits with 0 if that key is dead.
 */
#include "sealed.h"

int main(void)
{
	struct round_verifier verifier;
	key_serial_t key;
	int fd = round_open();
	char line[16];

	round_verifier_make(&verifier);
	if (fd < 0 || round_verifier_add(fd, &verifier) ||
	    round_open_gate(fd, &verifier, "prod", 300))
		return 2;
	key = sealed_new(&verifier, "prod", sealed_name(), "", KEY_SPEC_PROCESS_KEYRING);
	key = sealed_release(fd, key, BASTION_TYPE_LOGON, KEY_SPEC_PROCESS_KEYRING);
	if (key < 0 || sealed_dead(key))
		return 2;
	puts("held");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 2;
	return sealed_dead(key) ? 0 : 1;
}
