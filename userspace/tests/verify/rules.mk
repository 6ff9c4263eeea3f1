# SPDX-License-Identifier: GPL-2.0
VERIFY_TESTS := appraise chain signals requester quote result vectors serve bootlog ima inspect references matching policy \
	tpm ek credential enroll enrolling withdrawing history state machine machinelists machines

ENROLLING := session_enroll.c enrolling.c expected.c machines.c journal.c anchors.c

define verify_test
TESTS += verify-$(1)
verify-$(1)_SRCS := tests/verify/$(1)_test.c tests/verify/testchip.c
verify-$(1)_PKGS := cmocka libcrypto jansson
verify-$(1)_USES := libbastion-verify
endef
$(foreach t,$(VERIFY_TESTS),$(eval $(call verify_test,$(t))))
$(foreach t,vectors bootlog ima inspect tpm ek,$(eval verify-$(t)_SRCS += tests/verify/testvectors.c))
$(foreach t,ima references policy history machine machinelists machines,$(eval verify-$(t)_SRCS += tests/verify/testima.c))
$(foreach t,inspect policy tpm ek machines enrolling withdrawing state serve signals, \
	$(eval verify-$(t)_SRCS += libbastion/output.c))
$(foreach t,inspect policy tpm ek machines,$(eval verify-$(t)_SRCS += tests/verify/testcommand.c \
	$(addprefix bastion-verifier/,files.c show.c)))
verify-inspect_SRCS += bastion-verifier/cmd_inspect_log.c
$(foreach t,machine machinelists machines,$(eval verify-$(t)_SRCS += tests/verify/testmachine.c \
	tests/verify/testtpm.c))
verify-tpm_SRCS += tests/verify/testtpm.c bastion-verifier/cmd_inspect_tpm.c
verify-credential_SRCS += tests/verify/testcredential.c tests/verify/testtpm.c
$(foreach t,enroll enrolling withdrawing,$(eval verify-$(t)_SRCS += $(addprefix tests/verify/,testenroll.c \
	testcredential.c testtpm.c testek.c)))
$(foreach t,enrolling withdrawing,$(eval verify-$(t)_SRCS += tests/verify/testworld.c \
	$(addprefix bastion-verifier/,$(ENROLLING) by_hand.c session.c load.c files.c state.c)))
verify-ek_SRCS += tests/verify/testek.c $(addprefix bastion-verifier/,anchors.c cmd_inspect_ek.c keys.c)
$(foreach t,policy machines,$(eval verify-$(t)_SRCS += $(addprefix bastion-verifier/,cmd_policy.c \
	cmd_policy_diff.c cmd_policy_learn.c cmd_policy_simulate.c load.c)))
verify-machines_SRCS += $(addprefix bastion-verifier/,cmd_machines.c cmd_enroll.c by_hand.c \
	$(ENROLLING) keys.c output.c session.c state.c)
verify-state_SRCS += $(addprefix bastion-verifier/,$(ENROLLING) session.c load.c files.c state.c)
$(foreach t,serve signals,$(eval verify-$(t)_SRCS += tests/verify/testserver.c \
	$(addprefix bastion-verifier/,$(ENROLLING) session.c server.c load.c files.c state.c)))
SCRIPTS += tests/verify/loading
SCRIPT_PROGRAMS += bastion-verifier bastion-chip

# libFuzzer: "make fuzz", then run ../build/fuzz/verify-NAME.
VERIFY_FUZZERS := $(addprefix $(abspath ../build/fuzz)/verify-,quote log policy evidence ear \
	bootlog ima expected references tpm ek machine enroll history chain session)
fuzz: fuzz-verify
fuzz-verify: $(VERIFY_FUZZERS) $(addprefix $(BUILD)/fuzz-seeds/verify-,tpm enroll)
	@for name in policy evidence machine; do mkdir -p $(abspath ../build/fuzz)/verify-$$name.corpus; \
		cp tests/verify/seed-$$name.json $(abspath ../build/fuzz)/verify-$$name.corpus/; done
	@for name in tpm enroll; do mkdir -p $(abspath ../build/fuzz)/verify-$$name.corpus && \
		$(BUILD)/fuzz-seeds/verify-$$name $(abspath ../build/fuzz)/verify-$$name.corpus || exit; done
	@mkdir -p $(abspath ../build/fuzz)/verify-ek.corpus
	@for form in DER PEM; do openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
		-nodes -keyout /dev/null -config tests/verify/seed-ek.cnf -outform $$form 2>/dev/null \
		>$(abspath ../build/fuzz)/verify-ek.corpus/$$form; done
	@tests/verify/seeds $(abspath ../build/fuzz)
# All of them link one library. The quote's harness includes quote.c, and takes none of it from there.
FUZZ_CLANG = clang $(filter-out -MMD -MP,$(ALL_CFLAGS)) -fno-sanitize-recover=all
FUZZ_OBJS := $(libbastion-verify_SRCS:%.c=$(BUILD)/fuzz-obj/%.o)
$(FUZZ_OBJS): $(BUILD)/fuzz-obj/%.o: %.c $(wildcard libbastion-verify/*.h)
	@mkdir -p $(@D)
	$(call say,CLANG)$(FUZZ_CLANG) -fsanitize=fuzzer-no-link,address,undefined -c -o $@ $< \
		$(shell pkg-config --cflags $(libbastion-verify_PKGS))
$(BUILD)/fuzz-obj/libbastion-verify.a: $(FUZZ_OBJS)
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^
FUZZ_SESSION := $(addprefix $(BUILD)/fuzz-obj/bastion-verifier/,$(patsubst %.c,%.o,$(ENROLLING) session.c \
	state.c files.c load.c))
$(FUZZ_SESSION): $(BUILD)/fuzz-obj/%.o: %.c $(wildcard bastion-verifier/*.h libbastion-verify/*.h)
	@mkdir -p $(@D)
	$(call say,CLANG)$(FUZZ_CLANG) -fsanitize=fuzzer-no-link,address,undefined -c -o $@ $<
# That of tests/ctl.
$(abspath ../build/fuzz)/verify-session: $(FUZZ_SESSION) $(BUILD)/fuzz-obj/libbastion/output.o
$(VERIFY_FUZZERS): $(abspath ../build/fuzz)/verify-%: tests/verify/fuzz-%.c \
		$(BUILD)/fuzz-obj/libbastion-verify.a
	@mkdir -p $(@D)
	$(call say,CLANG)$(FUZZ_CLANG) -fsanitize=fuzzer,address,undefined -o $@ $(filter %.c,$^) \
		$(filter %.o,$^) $(filter %.a,$^) \
		$(shell pkg-config --cflags --libs $(libbastion-verify_PKGS))

$(BUILD)/fuzz-seeds/verify-tpm: tests/verify/testtpm.c
$(BUILD)/fuzz-seeds/verify-enroll: $(addprefix tests/verify/,testtpm.c testek.c testcredential.c \
	testenroll.c)
$(addprefix $(BUILD)/fuzz-seeds/verify-,tpm enroll): $(BUILD)/fuzz-seeds/verify-%: \
		tests/verify/seeds-%.c $(BUILD)/lib/libbastion-verify.a
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(ALL_CFLAGS)) -o $@ $(filter %.c,$^) $(filter %.a,$^) \
		$(shell pkg-config --cflags --libs cmocka $(libbastion-verify_PKGS))

.PHONY: fuzz fuzz-verify
