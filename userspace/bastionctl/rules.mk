# SPDX-License-Identifier: GPL-2.0
PROGRAMS += bastionctl
bastionctl_SRCS := $(addprefix bastionctl/,attend.c cmd_attest.c cmd_enroll.c cmd_evidence.c cmd_extend.c \
	cmd_key.c cmd_log.c cmd_release.c cmd_status.c cmd_verifier.c cmd_watch.c incoming.c \
	key_csr.c key_import.c key_new.c key_pkcs10.c key_public.c key_rebind.c key_show.c \
	key_sign.c key_terms.c main.c report.c trace_line.c trace_words.c tracing.c verifiers.c)
bastionctl_PKGS := jansson libcrypto libkeyutils
bastionctl_USES := libbastion
