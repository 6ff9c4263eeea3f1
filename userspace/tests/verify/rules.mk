# SPDX-License-Identifier: GPL-2.0
VERIFY_TESTS := appraise quote result vectors serve

define verify_test
TESTS += verify-$(1)
verify-$(1)_SRCS := tests/verify/$(1)_test.c tests/verify/testchip.c
verify-$(1)_PKGS := cmocka libcrypto jansson
verify-$(1)_USES := libbastion-verify
endef
$(foreach t,$(VERIFY_TESTS),$(eval $(call verify_test,$(t))))
verify-serve_SRCS += $(addprefix bastion-verifier/,session.c server.c load.c files.c)
