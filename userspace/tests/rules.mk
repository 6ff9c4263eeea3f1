# SPDX-License-Identifier: GPL-2.0
include $(sort $(wildcard tests/*/rules.mk))
