// SPDX-License-Identifier: GPL-2.0
/*
 * usage: secret
 *
 * Opens the gate, makes a key, releases it in both types, prints the secret in
 * hex and locks.
 */
#include "sealed.h"

int main(void)
{
	struct round_verifier verifier;
	int fd = round_open();
	key_serial_t key, user;
	char secret[32], hex[65];

	round_verifier_make(&verifier);
	if (fd < 0 || round_verifier_add(fd, &verifier) ||
	    round_open_gate(fd, &verifier, "prod", 300))
		return 1;
	key = sealed_new(&verifier, "prod", sealed_name(), "types=logon,user",
			 KEY_SPEC_PROCESS_KEYRING);
	user = sealed_release(fd, key, BASTION_TYPE_USER, KEY_SPEC_PROCESS_KEYRING);
	if (user < 0 || keyctl_read(user, secret, sizeof(secret)) != sizeof(secret) ||
	    sealed_release(fd, key, BASTION_TYPE_LOGON, KEY_SPEC_PROCESS_KEYRING) < 0)
		return 1;
	sealed_hex(secret, sizeof(secret), hex);
	puts(hex);
	return round_relock(fd) || round_verifier_remove(fd, &verifier);
}
