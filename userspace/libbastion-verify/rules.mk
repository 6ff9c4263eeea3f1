# SPDX-License-Identifier: GPL-2.0
# Evidence in, verdict out: no device, no clock, no network, no files.
LIBRARIES += libbastion-verify
libbastion-verify_SRCS := $(addprefix libbastion-verify/,bytes.c crypto.c cbor.c quote.c \
	chain.c round.c log.c tcg-pcrs.c tcg-boot-log.c tcg-expected.c ima-template.c \
	ima-list.c json.c evidence.c reference.c reference-glob.c reference-rule.c \
	reference-learn.c reference-tpm.c requester.c gate-event.c policy.c verdict.c finding.c \
	history.c machine.c appraise.c appraise-native.c appraise-tpm.c appraise-boot.c \
	appraise-log.c appraise-ima.c simulate.c grant.c token.c ear.c ear-verify.c result.c \
	tpm-attest.c tpm-signature.c tpm-public.c tpm-pcrs.c tpm-quote.c tpm-ek.c \
	tpm-ek-anchors.c tpm-ek-names.c tpm-credential.c enroll.c)
libbastion-verify_PKGS := libcrypto libcbor jansson jose
