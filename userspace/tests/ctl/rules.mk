# SPDX-License-Identifier: GPL-2.0
ctl_tests := text blob evidence client enroll files verifiers keys pkcs10 release request_key tpm trace
TESTS += $(ctl_tests:%=test_ctl_%)
test_ctl_text_SRCS := tests/ctl/test_ctl_text.c
test_ctl_blob_SRCS := tests/ctl/test_ctl_blob.c
test_ctl_evidence_SRCS := tests/ctl/test_ctl_evidence.c tests/ctl/canned.c
test_ctl_client_SRCS := tests/ctl/test_ctl_client.c
test_ctl_enroll_SRCS := tests/ctl/test_ctl_enroll.c
test_ctl_files_SRCS := tests/ctl/test_ctl_files.c $(addprefix bastionctl/,attend.c incoming.c report.c)
test_ctl_verifiers_SRCS := tests/ctl/test_ctl_verifiers.c bastionctl/verifiers.c
test_ctl_keys_SRCS := tests/ctl/test_ctl_keys.c tests/ctl/fake_keys.c \
	$(addprefix bastionctl/,cmd_key.c key_csr.c key_import.c key_new.c key_pkcs10.c \
	key_public.c key_rebind.c key_show.c key_sign.c key_terms.c report.c verifiers.c)
test_ctl_pkcs10_SRCS := tests/ctl/test_ctl_pkcs10.c bastionctl/key_pkcs10.c
test_ctl_release_SRCS := tests/ctl/test_ctl_release.c tests/ctl/fake_keys.c bastionctl/cmd_release.c \
	request-key/parse.c
test_ctl_tpm_SRCS := tests/ctl/test_ctl_tpm.c tests/ctl/fake_tpm.c
test_ctl_trace_SRCS := tests/ctl/test_ctl_trace.c $(addprefix bastionctl/,report.c trace_line.c \
	trace_words.c)
test_ctl_request_key_SRCS := tests/ctl/test_ctl_request_key.c request-key/parse.c
$(foreach t,$(ctl_tests),$(eval test_ctl_$(t)_PKGS := cmocka))
test_ctl_verifiers_PKGS += libcrypto
$(foreach t,$(ctl_tests),$(eval test_ctl_$(t)_USES := libbastion))
SCRIPTS += tests/ctl/output
SCRIPT_PROGRAMS += bastionctl

# libFuzzer: "make fuzz", then run ../build/fuzz/ctl-NAME. They share objects with those of tests/verify.
CTL_FUZZERS := $(addprefix $(abspath ../build/fuzz)/ctl-,request_key answers pem text)
CTL_FUZZ_OBJS := $(addprefix $(BUILD)/fuzz-obj/,request-key/parse.o bastionctl/trace_line.o $(addprefix libbastion/, \
	base64url.o blob.o client.o enroll.o error.o file.o hex.o json.o keys.o log.o name.o output.o \
	pem.o result.o))
fuzz: fuzz-ctl
fuzz-ctl: $(CTL_FUZZERS)
	@tests/ctl/seeds $(abspath ../build/fuzz)
$(CTL_FUZZ_OBJS): $(BUILD)/fuzz-obj/%.o: %.c $(wildcard libbastion/*.h request-key/*.h bastionctl/trace_line.h)
	@mkdir -p $(@D)
	$(call say,CLANG)$(FUZZ_CLANG) -fsanitize=fuzzer-no-link,address,undefined -c -o $@ $<
$(BUILD)/fuzz-obj/ctl.a: $(CTL_FUZZ_OBJS)
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^
$(CTL_FUZZERS): $(abspath ../build/fuzz)/ctl-%: tests/ctl/fuzz_%.c $(BUILD)/fuzz-obj/ctl.a
	@mkdir -p $(@D)
	$(call say,CLANG)$(FUZZ_CLANG) -fsanitize=fuzzer,address,undefined -o $@ $^ \
		$(shell pkg-config --libs jansson libcrypto libkeyutils)
.DEFAULT_GOAL := all

.PHONY: fuzz-ctl
