# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the fuzzers of this folder share. Source it after scripts/vm-lib.sh, tap.sh and vm-gate.sh.
#
#	fuzz_plan		sets seeds, one a guest, and seconds, for each of them
#	fuzz_stop NAME		two results: guest_end's, and what the chip's audit log has
#
# Environment: SEED, else a fixed one and as many as are needed that nobody has tried yet;
# FUZZ_SECONDS, for all guests together (20). None runs for longer than five minutes: the
# log is full some day. If SHARED is set, one guest tries a new seed for half as long.

# shellcheck disable=SC2034 # for who sources this
FUZZ_PROGRAM=build/selftests/fuzz/fuzz
FUZZ_GUEST_MAX=300

# shellcheck disable=SC2034 # likewise
fuzz_plan() {
	local all=${FUZZ_SECONDS:-20} guests=2 now

	now=$(date +%s)
	if [ -n "${SEED:-}" ]; then
		seeds=("$SEED")
	elif [ -n "${SHARED:-}" ]; then
		seeds=("$now")
		all=$((all / 2))
	else
		seeds=(1)
		while [ ${#seeds[@]} -lt $guests ] || [ $((all / ${#seeds[@]})) -gt $FUZZ_GUEST_MAX ]; do
			seeds+=("$((now + ${#seeds[@]}))")
		done
	fi
	seconds=$((all / ${#seeds[@]}))
	[ $seconds -le $FUZZ_GUEST_MAX ] || seconds=$FUZZ_GUEST_MAX
	diag "seeds ${seeds[*]}, $seconds seconds each"
}

fuzz_stop() {
	guest_end "$1"
	! native_only 1 "a TPM has no audit log" || succeeds "nothing was made or used without a grant" \
		"$VM_TOP/selftests/lib/check-audit" "$(vm_file "$1" audit)"
}
