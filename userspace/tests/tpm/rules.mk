# SPDX-License-Identifier: GPL-2.0
SCRIPTS += tests/tpm/swtpm tests/tpm/enroll
SCRIPT_PROGRAMS += bastion-verifier bastionctl
