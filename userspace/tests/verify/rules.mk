# SPDX-License-Identifier: GPL-2.0
TESTS += verify-appraise
verify-appraise_SRCS := tests/verify/appraise_test.c tests/verify/testchip.c
verify-appraise_PKGS := cmocka libcrypto jansson
verify-appraise_USES := libbastion-verify
