# SPDX-License-Identifier: GPL-2.0
# The program around libbastion-verify: files, clock, sockets, randomness, keys.
PROGRAMS += bastion-verifier
bastion-verifier_SRCS := $(addprefix bastion-verifier/,main.c anchors.c files.c keys.c load.c show.c \
	cmd_keys.c cmd_policy.c cmd_policy_diff.c cmd_policy_learn.c cmd_policy_simulate.c \
	cmd_inspect.c cmd_inspect_log.c cmd_inspect_ek.c cmd_inspect_tpm.c cmd_verify.c cmd_serve.c \
	cmd_enroll.c cmd_machines.c machines.c by_hand.c enrolling.c expected.c journal.c \
	output.c session.c session_enroll.c server.c state.c) libbastion/output.c
bastion-verifier_PKGS := libcrypto jansson jose
bastion-verifier_USES := libbastion-verify
