# SPDX-License-Identifier: GPL-2.0
TESTS += test-chip-grant test-chip-seal test-chip-state test-chip-quote test-chip-mailbox \
	 test-chip-run
$(foreach t,grant seal state quote mailbox run, \
	$(eval test-chip-$(t)_SRCS := tests/chip/$(t).c tests/chip/rig.c) \
	$(eval test-chip-$(t)_PKGS := cmocka libcbor libcrypto) \
	$(eval test-chip-$(t)_USES := libbastion-chip))
