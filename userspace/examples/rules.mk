# SPDX-License-Identifier: GPL-2.0
PROGRAMS += bastion-tls-server
bastion-tls-server_SRCS := examples/tls-server.c
bastion-tls-server_PKGS := libssl libcrypto libkeyutils
