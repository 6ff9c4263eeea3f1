# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests here share. Source it after lib/vm-gate.sh.
#
#	kernel		the guest's
#	modules		where the modules for it are
#	interpose	bastion_interpose.ko; without it, all is skipped
#	held		command for the guest: until the call has come that bastion_interpose holds, or has fail

kernel=${KERNEL:-6.1}
modules=$VM_TOP/build/order-test-$(vm_kernel_release "$kernel")
interpose=$modules/bastion_interpose.ko
[ -e "$interpose" ] || plan_skip "no $interpose: run make -C selftests/order KERNEL=$kernel"
trap vm_stop_all EXIT

# shellcheck disable=SC2016,SC2034 # for the guest's shell, and for who sources this
held='until [ "$(</sys/module/bastion_interpose/parameters/held)" = Y ]; do sleep 0.1; done'
