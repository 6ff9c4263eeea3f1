# SPDX-License-Identifier: GPL-2.0
# Static, for a cheap exec; the sanitizers cannot be.
PROGRAMS += bastion-request-key
bastion-request-key_SRCS := request-key/main.c request-key/parse.c libbastion/hex.c \
	libbastion/name.c libbastion/release.c
bastion-request-key_PKGS := libkeyutils
bastion-request-key_LDLIBS := $(if $(SANITIZE),,-static)
