# SPDX-License-Identifier: GPL-2.0
LIBRARIES += libbastion
libbastion_SRCS := $(addprefix libbastion/,base64url.c blob.c client.c device.c enroll.c error.c evidence.c \
	explain.c file.c hex.c json.c keys.c log.c name.c output.c pem.c release.c result.c round.c sysfs.c \
	tpm.c tpm_ek.c tpm_enroll.c tpm_error.c tpm_key.c)
libbastion_PKGS := jansson libcrypto libkeyutils tss2-esys tss2-mu tss2-rc tss2-tctildr
