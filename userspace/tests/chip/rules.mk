# SPDX-License-Identifier: GPL-2.0
TESTS += test-chip-grant test-chip-seal test-chip-kinds test-chip-rebind test-chip-counter \
	 test-chip-state test-chip-quote test-chip-mailbox test-chip-run test-chip-fuzz test-chip-audit
$(foreach t,grant seal kinds rebind counter state quote mailbox run fuzz audit, \
	$(eval test-chip-$(t)_SRCS := $(addprefix tests/chip/,$(t).c rig.c reference.c)) \
	$(eval test-chip-$(t)_PKGS := cmocka libcbor libcrypto) \
	$(eval test-chip-$(t)_USES := libbastion-chip))
SCRIPTS += tests/chip/show
SCRIPT_PROGRAMS += bastion-chip
