# SPDX-License-Identifier: GPL-2.0
#
# The kernel module's pure parsers, in user space: the module's own sources over
# a few headers (shim/) that say in C what the kernel's say.

TESTS += kmod-grant kmod-blob kmod-key kmod-ima kmod-signature kmod-requester kmod-tpm kmod-mailbox
KMOD_SHARED := tests/kmod/mutate.c tests/kmod/samples.c
kmod-grant_SRCS := tests/kmod/grant_test.c $(KMOD_SHARED) ../kmod/grant_parse.c
kmod-blob_SRCS := tests/kmod/blob_test.c $(KMOD_SHARED) ../kmod/blob.c
kmod-key_SRCS := tests/kmod/key_test.c $(KMOD_SHARED) ../kmod/key_parse.c
kmod-ima_SRCS := tests/kmod/ima_test.c tests/kmod/mutate.c ../kmod/ima_parse.c
kmod-signature_SRCS := tests/kmod/signature_test.c tests/kmod/mutate.c ../kmod/signature.c
kmod-requester_SRCS := tests/kmod/requester_test.c ../kmod/requester_text.c
KMOD_TPM := ../kmod/tpm_marshal.c ../kmod/tpm_public.c
kmod-tpm_SRCS := tests/kmod/tpm_test.c tests/kmod/mutate.c $(KMOD_TPM)
kmod-mailbox_SRCS := tests/kmod/mailbox_test.c ../kmod/mailbox_parse.c
kmod-grant_PKGS := cmocka
kmod-blob_PKGS := cmocka
kmod-key_PKGS := cmocka
kmod-ima_PKGS := cmocka
kmod-signature_PKGS := cmocka libcrypto
kmod-requester_PKGS := cmocka
kmod-requester_USES := libbastion-verify
kmod-tpm_PKGS := cmocka
kmod-mailbox_PKGS := cmocka

$(BUILD)/obj/../kmod/%.o $(BUILD)/obj/tests/kmod/%.o: ALL_CFLAGS += -Itests/kmod/shim

# A target in an included file must not become the first.
.DEFAULT_GOAL := all

# libFuzzer: "make fuzz-kmod", then run ../build/fuzz/kmod-{grant,blob,key,ima,signature,tpm,mailbox}.
KMOD_FUZZERS := $(abspath ../build/fuzz)/kmod-
fuzz-kmod: $(addprefix $(KMOD_FUZZERS),grant blob key ima signature tpm mailbox) $(BUILD)/fuzz-seeds/kmod
	@$(BUILD)/fuzz-seeds/kmod $(abspath ../build/fuzz)

# What the unit tests begin with, fuzzers begin with, too.
$(BUILD)/fuzz-seeds/kmod: tests/kmod/seeds.c tests/kmod/samples.c
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(ALL_CFLAGS)) -Itests/kmod/shim -o $@ $^

$(KMOD_FUZZERS)grant: tests/kmod/fuzz_grant.c ../kmod/grant_parse.c
$(KMOD_FUZZERS)blob: tests/kmod/fuzz_blob.c ../kmod/blob.c
$(KMOD_FUZZERS)key: tests/kmod/fuzz_key.c ../kmod/key_parse.c
$(KMOD_FUZZERS)ima: tests/kmod/fuzz_ima.c ../kmod/ima_parse.c
$(KMOD_FUZZERS)signature: tests/kmod/fuzz_signature.c ../kmod/signature.c
$(KMOD_FUZZERS)tpm: tests/kmod/fuzz_tpm.c $(KMOD_TPM)
$(KMOD_FUZZERS)mailbox: tests/kmod/fuzz_mailbox.c ../kmod/mailbox_parse.c
$(KMOD_FUZZERS)%:
	@mkdir -p $(@D)
	clang $(filter-out -MMD -MP,$(ALL_CFLAGS)) -Itests/kmod/shim \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $@ $^

.PHONY: fuzz-kmod
