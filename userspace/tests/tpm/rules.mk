# SPDX-License-Identifier: GPL-2.0
SCRIPTS += tests/tpm/swtpm
SCRIPT_PROGRAMS += bastion-verifier
