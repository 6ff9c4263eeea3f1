# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What a kernel has to say at the end of its guest. Source it there: it wants nothing but bash and
# what busybox has. Each prints what is wrong, and nothing when all is well.
#
#	still_loaded	the module does not unload
#	complaints	lines of the kernel's log
#	taint		what is not an unsigned module's
#	leaks		memory that nobody has; on request only: kmemleak=on
#	checkers_off	what does not look, or does not any more, in a debug kernel
#	kernel_ill [--loaded] [EXPECTED]	all of these, without those of the complaints that
#			match the regular expression; --loaded leaves the module where it is

# The host has the debug kernel panic of a warning (scripts/vm-lib.sh), and no other.
is_debug_kernel() {
	grep -qw panic_on_warn=1 /proc/cmdline
}

still_loaded() {
	[ -d /sys/module/bastion ] || return 0
	rmmod bastion 2>&1 || echo "the module is in use: $(cat /sys/module/bastion/refcnt)"
}

# What begins with its subject says that of the processor: "Spectre V2 : WARNING:", and others.
KERNEL_COMPLAINTS='(^|\] ?)WARNING:|BUG:|BUG |Oops|KASAN|UBSAN|refcount_t:|general protection'
KERNEL_COMPLAINTS+='|possible (recursive|circular|irq lock)|inconsistent lock|suspicious RCU'
KERNEL_COMPLAINTS+='|INFO: trying to register non-static key|ODEBUG:|DEBUG_LOCKS_WARN|detected (expedited )?stall'
KERNEL_COMPLAINTS+='|blocked for more than|Call Trace:'

complaints() {
	dmesg | grep -E "$KERNEL_COMPLAINTS"
}

# The first of them with what follows, for who has to find out
first_complaint() {
	dmesg | grep -E -A 100 -m 1 "$KERNEL_COMPLAINTS"
}

# Only: out-of-tree (4096) and unsigned (8192).
taint() {
	local taint

	taint=$(cat /proc/sys/kernel/tainted)
	[ $((taint & ~12288)) = 0 ] || echo "taint $taint"
}

looks_for_leaks() {
	grep -qw kmemleak=on /proc/cmdline
}

# 6.1 itself loses the name of a class that it cannot register (drivers/base/class.c).
not_the_kernels() {
	awk 'BEGIN { RS = "unreferenced object"; ORS = "" }
		NR > 1 && !/kobject_set_name\+[^\n]*\n[^\n]*__class_register\+/ { print RS $0 }'
}

# It counts what two scans have seen, and nothing younger than five seconds. When it has trouble itself
# it turns itself off: then its file has nothing, and refuses everything that is written.
leaks() {
	local file=/sys/kernel/debug/kmemleak

	{ echo scan >$file && sleep 6 && echo scan >$file && not_the_kernels <$file && echo stack=on >$file; } 2>/dev/null ||
		echo "kmemleak is off: $(dmesg | grep kmemleak: | tail -n 1)"
}

# Lockdep's first report, and a table of its that is full, turn it off: then it finds nothing more.
checkers_off() {
	local config option

	config=$(zcat /proc/config.gz)
	for option in KASAN PROVE_LOCKING UBSAN DEBUG_OBJECTS DEBUG_ATOMIC_SLEEP; do
		grep -qx "CONFIG_$option=y" <<<"$config" || echo "the kernel was built without $option"
	done
	# To the end of a long log: to stop at the first match would fail the pipe.
	dmesg | grep 'KernelAddressSanitizer initialized' >/dev/null || echo "KASAN is off"
	grep -q '^ *debug_locks: *1$' /proc/lockdep_stats || echo "lockdep is off"
	[ "$(cat /proc/sys/kernel/hung_task_timeout_secs)" -gt 0 ] || echo "no task counts as hung"
	[ "$(cat /proc/sys/kernel/panic_on_warn)" = 1 ] || echo "warnings are survived"
	[ -d /sys/kernel/debug/failslab ] && [ -e /proc/self/fail-nth ] || echo "no allocation can be failed"
}

kernel_ill() {
	local said

	if [ "${1:-}" = --loaded ]; then
		shift
	else
		still_loaded
	fi
	said=$(complaints | grep -vE "${1:-^\$}")
	[ -z "$said" ] || { echo "$said" && first_complaint; }
	taint
	! looks_for_leaks || leaks
	! is_debug_kernel || checkers_off
}
