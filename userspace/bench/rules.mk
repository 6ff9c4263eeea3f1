# SPDX-License-Identifier: GPL-2.0
# Benchmarks (scripts/bench): not built by "make", not installed. "make benches" builds them.
BENCHES += bastion-bench bastion-bench-host bastion-bench-instantiate bastion-bench-true

# Stripped: the kernel hashes the program that asks for a key.
bastion-bench_SRCS := $(addprefix bench/,main.c bench.c rows_guest.c gate.c raw.c kernel_memory.c \
	callers.c exec.c first_key.c mailbox.c memory.c quote.c release.c request_key.c sign.c \
	tpm.c waiters.c)
bastion-bench_PKGS := libcrypto libkeyutils
bastion-bench_LDLIBS := -s -pthread

# What needs no guest.
bastion-bench-host_SRCS := $(addprefix bench/,main.c bench.c rows_host.c replay.c verify.c) \
	tests/verify/testchip.c
bastion-bench-host_PKGS := libcrypto jansson hogweed nettle
bastion-bench-host_USES := libbastion-verify
bastion-bench-host_LDLIBS := -lgmp

bastion-bench-instantiate_SRCS := bench/instantiate.c
bastion-bench-instantiate_PKGS := libkeyutils
bastion-bench-instantiate_LDLIBS := -static

bastion-bench-true_SRCS := bench/true.c
bastion-bench-true_LDLIBS := -static -s
