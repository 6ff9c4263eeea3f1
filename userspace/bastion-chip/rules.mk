# SPDX-License-Identifier: GPL-2.0
# The engine is a library, so that its tests call it without a socket.
LIBRARIES += libbastion-chip
libbastion-chip_SRCS := $(addprefix bastion-chip/,audit.c blob.c bootlog.c cbor.c \
	commands_keys.c commands_round.c commands_state.c complain.c control.c counters.c \
	engine.c faults.c foundry.c fuzz.c grants.c hash.c ivshmem.c lines.c loop.c mailbox.c p384.c \
	qmp.c quote.c registers.c run.c selftest.c socket.c store.c x509.c)
libbastion-chip_PKGS := hogweed nettle libcbor jansson libcrypto
libbastion-chip_LDLIBS := -lgmp

PROGRAMS += bastion-chip
bastion-chip_SRCS := $(addprefix bastion-chip/,main.c command_bench.c command_control.c \
	command_foundry.c command_run.c command_show.c)
bastion-chip_PKGS := jansson
bastion-chip_USES := libbastion-chip
