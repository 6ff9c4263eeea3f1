# SPDX-License-Identifier: GPL-2.0
#
# "make help" lists what there is to make.

# Which kernels to build and test with: 6.1, 6.12, unstable, a release, or the folder of a built kernel.
KERNELS ?= 6.1 6.12

all: modules userspace	## modules and userspace (default)

modules:	## bastion.ko for every kernel in KERNELS, in build/stage-*/
	+@for kernel in $(KERNELS); do scripts/build-module $$kernel || exit; done

userspace:	## programs and libraries, in build/user/
	$(MAKE) --no-print-directory -C userspace

demo: setup	## from an empty machine to a released key, explained step by step; CHIP=tpm
	$(MAKE) --no-print-directory all
	scripts/demo

check: setup	## static, unit, fuzz, model, vm; the last line is "N passed, N failed, N skipped"
	+scripts/check --share static unit fuzz model $(addprefix vm-,$(KERNELS)) tpm-$(lastword $(KERNELS))

# Long runs keep the results of their parts, for each other too. What takes longer when there is time:
kept := CONCURRENCY_SECONDS=60 CONCURRENCY_WAITERS=10000 FUZZ_SECONDS=20 RACE_MEASUREMENTS=2000 TPM_RELEASES=1000 \
	scripts/check --keep

check-all: setup	## every test, at length, on every kernel, unstable's and the debug kernel too: hours
	+kernels="unstable $(filter-out unstable,$(KERNELS))"; UNSTABLE=$$(scripts/unstable-kernel) && export UNSTABLE && \
		debug=$$(scripts/debug-kernel) && KERNELS="$$kernels" CLANG_KERNELS="$$kernels" \
		$(kept) static unit model-all fuzz \
		$$(for kernel in $$debug $$kernels; do echo "vm-$$kernel tpm-$$kernel"; done) \
		"leaks-$$debug" "leakstpm-$$debug" $(addprefix faults-,$(KERNELS)) mutants

check-static:	## warnings, sparse, checkpatch, shellcheck, spelling, rules of the tree
	+scripts/check static

check-unit:	## user space tests, and a second of each fuzzer, under sanitizers
	+scripts/check unit fuzz

check-model:	## every order of events in a model of the gate; ALL=1 for two events at a time
	+scripts/check-model $(if $(ALL),--all)

check-vm:	## selftests in a virtual machine for every kernel in KERNELS
	+scripts/check $(addprefix vm-,$(KERNELS))

check-tpm:	## selftests with a TPM in the place of a Bastionchip, for every kernel in KERNELS
	+$(kept) $(addprefix tpm-,$(KERNELS))

check-kernels: setup	## selftests on 6.1, 6.12 and unstable's newest (fetched), and builds by GCC and Clang
	+kernels="unstable 6.1 6.12"; UNSTABLE=$$(scripts/unstable-kernel) && export UNSTABLE && \
		KERNELS="$$kernels" $(kept) builds $$(printf 'vm-%s ' $$kernels)

check-concurrency: setup	## everything at once for SECONDS (60), 10000 who wait; debug kernel, too
	+kernel=$$(scripts/debug-kernel) && CONCURRENCY_SECONDS=$(or $(SECONDS),60) CONCURRENCY_WAITERS=10000 \
		scripts/check $(patsubst %,concurrency-%,$(KERNELS)) "concurrency-$$kernel"

check-mutants:	## do the tests notice when a guarantee is broken?
	+$(kept) mutants

check-debug: setup	## selftests on a kernel with KASAN, lockdep, kmemleak, UBSAN (built once, 20 minutes)
	+kernel=$$(scripts/debug-kernel) && $(kept) "vm-$$kernel" "tpm-$$kernel" "leaks-$$kernel" "leakstpm-$$kernel"

check-faults: setup	## every fault of a chip in every operation, whatever comes next: an hour or more
	+$(kept) $(addprefix faults-,$(KERNELS))

fuzz:	## every parser, SECONDS (30) each; findings stay in build/fuzz
	scripts/fuzz $(SECONDS)

fuzz-vm: setup	## the running module, by its callers and by its chip; SECONDS (300) each, SEED=
	+SEED=$(SEED) scripts/fuzz-vm $(SECONDS)

bench:	## times what matters beside references; ONLY="NAME...", QUICK=1, KERNEL=6.12
	@scripts/setup clevis clevis-tpm2
	+scripts/bench $(addprefix --only ,$(ONLY)) $(if $(QUICK),--quick)

setup:	## installs the Debian packages that are missing
	@scripts/setup

# KERNELS counts only when it is given: the default is the running kernel.
install:	## module of KVER (the running kernel), programs, units; DESTDIR, PREFIX
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' \
		scripts/install $(or $(KVER),$(if $(filter file,$(origin KERNELS)),,$(KERNELS)))

uninstall:	## removes what "make install" put, but not /etc/bastion
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' scripts/install --uninstall

clean:	## removes build/, except the kernel files that take long to unpack
	rm -rf $(filter-out build/linux,$(wildcard build/*))

help:	## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 16
	@echo
	@echo "KERNELS (now: $(KERNELS)) chooses kernels, ACCEL the accelerator of virtual machines."

.PHONY: all modules userspace demo check check-all check-static check-unit check-model check-vm check-tpm check-kernels \
	check-concurrency check-faults check-mutants check-debug fuzz fuzz-vm bench setup install uninstall clean help
