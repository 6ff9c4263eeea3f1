# SPDX-License-Identifier: GPL-2.0
VERIFY_TESTS := appraise requester quote result vectors serve bootlog ima inspect references policy \
	tpm ek history state machine machinelists machines

define verify_test
TESTS += verify-$(1)
verify-$(1)_SRCS := tests/verify/$(1)_test.c tests/verify/testchip.c
verify-$(1)_PKGS := cmocka libcrypto jansson
verify-$(1)_USES := libbastion-verify
endef
$(foreach t,$(VERIFY_TESTS),$(eval $(call verify_test,$(t))))
$(foreach t,vectors bootlog ima inspect tpm ek,$(eval verify-$(t)_SRCS += tests/verify/testvectors.c))
$(foreach t,ima references policy history machine machinelists machines,$(eval verify-$(t)_SRCS += tests/verify/testima.c))
$(foreach t,inspect policy tpm ek machines,$(eval verify-$(t)_SRCS += tests/verify/testcommand.c \
	$(addprefix bastion-verifier/,files.c show.c)))
verify-inspect_SRCS += bastion-verifier/cmd_inspect_log.c
$(foreach t,machine machinelists machines,$(eval verify-$(t)_SRCS += tests/verify/testmachine.c \
	tests/verify/testtpm.c))
verify-tpm_SRCS += tests/verify/testtpm.c bastion-verifier/cmd_inspect_tpm.c
verify-ek_SRCS += tests/verify/testek.c bastion-verifier/cmd_inspect_ek.c
$(foreach t,policy machines,$(eval verify-$(t)_SRCS += $(addprefix bastion-verifier/,cmd_policy.c \
	cmd_policy_diff.c cmd_policy_learn.c cmd_policy_simulate.c load.c)))
verify-machines_SRCS += $(addprefix bastion-verifier/,cmd_machines.c machines.c)
verify-state_SRCS += $(addprefix bastion-verifier/,session.c load.c files.c state.c)
verify-serve_SRCS += $(addprefix bastion-verifier/,session.c server.c load.c files.c state.c)

# libFuzzer: "make fuzz", then run ../build/fuzz/verify-NAME.
VERIFY_FUZZERS := $(addprefix $(abspath ../build/fuzz)/verify-,quote log policy evidence ear \
	bootlog ima expected references tpm ek machine)
fuzz: fuzz-verify
fuzz-verify: $(VERIFY_FUZZERS) $(BUILD)/fuzz-seeds/verify-tpm
	@for name in policy evidence machine; do mkdir -p $(abspath ../build/fuzz)/verify-$$name.corpus; \
		cp tests/verify/seed-$$name.json $(abspath ../build/fuzz)/verify-$$name.corpus/; done
	@mkdir -p $(abspath ../build/fuzz)/verify-tpm.corpus
	@$(BUILD)/fuzz-seeds/verify-tpm $(abspath ../build/fuzz)/verify-tpm.corpus
	@mkdir -p $(abspath ../build/fuzz)/verify-ek.corpus
	@for form in DER PEM; do openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
		-nodes -keyout /dev/null -config tests/verify/seed-ek.cnf -outform $$form 2>/dev/null \
		>$(abspath ../build/fuzz)/verify-ek.corpus/$$form; done
# The quote's harness includes quote.c.
$(VERIFY_FUZZERS): $(abspath ../build/fuzz)/verify-%: tests/verify/fuzz-%.c $(libbastion-verify_SRCS)
	@mkdir -p $(@D)
	clang $(filter-out -MMD -MP,$(ALL_CFLAGS)) -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -o $@ \
		$(filter-out $(if $(findstring fuzz-quote,$<),%/quote.c),$^) \
		$(shell pkg-config --cflags --libs $(libbastion-verify_PKGS))

$(BUILD)/fuzz-seeds/verify-tpm: $(addprefix tests/verify/,seeds-tpm.c testtpm.c) \
		$(BUILD)/lib/libbastion-verify.a
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(ALL_CFLAGS)) -o $@ $^ \
		$(shell pkg-config --cflags --libs cmocka $(libbastion-verify_PKGS))

.PHONY: fuzz fuzz-verify
