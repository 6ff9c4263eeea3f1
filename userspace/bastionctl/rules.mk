# SPDX-License-Identifier: GPL-2.0
PROGRAMS += bastionctl
bastionctl_SRCS := $(addprefix bastionctl/,attend.c cmd_attest.c cmd_evidence.c cmd_extend.c \
	cmd_key.c cmd_log.c cmd_release.c cmd_status.c cmd_verifier.c cmd_watch.c incoming.c \
	key_new.c key_show.c main.c report.c trace_line.c trace_words.c tracing.c \
	verifiers.c)
bastionctl_PKGS := jansson libcrypto libkeyutils
bastionctl_USES := libbastion
