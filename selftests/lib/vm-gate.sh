# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A gate in a guest, for tests on the host. Source it after
# scripts/vm-lib.sh and tap.sh; it uses gate.sh in the guest.
#
#	guest_prepare NAME [MEMBER=JSON...]	gate_init there, and a verifier that stays
#	guest_serve NAME POLICY SOCKET [OPTION...]	another verifier there, with the same keys;
#				its pid is in SOCKET.pid
#	guest NAME COMMAND		runs it; leaves guest_output, guest_status, guest_ms
#	works RESULT COMMAND		runs it in the guest $name; one result: it succeeds
#	guest_results NAME COUNT COMMAND	runs it, and hands on its results: COUNT of them
#	guest_end NAME [EXPECTED]	stops it; one result: the module unloads, and the kernel has no
#				complaint (kernel.sh) but those that match the regular expression
#	guest_reboot NAME		reboots it; one result: the kernel has no complaint before
#	guest_state NAME		of the gate
#	attest, relock, wait_for	commands for the guest; the last wants a state of the gate
#	patience			seconds that a command may take there
#	chip_fault NAME SPEC		of its chip: "none" clears all
#	chip_control NAME WHAT [N]	see bastion-chip control --help; of its chip N (0)
#	power_cycles NAME CHIPS		has its CHIPS (1) lose their power when the guest asks for it
#				(chips.h), until it is killed
#	two_chips FOLDER		FOLDER/a and FOLDER/b, of one model, for vm_start; whose root is FOLDER/root
#	guest_own_tpm NAME		a TPM in the guest itself, and the module over it
#	own_tpm, own_tpm_start	commands for that guest: options of tpm2-tools; it is started anew, as after
#				a sleep
#	pcr_is_log NAME RESULT		one result: the PCR of its TPM is what the log says
#	chip_is_tpm, by_chip NATIVE TPM	what guests have that are told nothing of a chip (CHIP);
#				prints what is expected of it, as gate.sh's
#	native_only COUNT WHY		with a TPM, COUNT skipped results, and false

chip_is_tpm() {
	[ "${CHIP:-native}" = tpm ]
}

by_chip() {
	if chip_is_tpm; then
		echo "$2"
	else
		echo "$1"
	fi
}

native_only() {
	chip_is_tpm || return 0
	skips "$1" "with a Bastionchip" "$2"
	return 1
}

# As lib/run-tests has it, for gate.sh and kselftest_harness.h
SLOWNESS=$(vm_slowness "${KERNEL:-6.1}")
VM_GATE_ENV="export BASTION_CONFIG_DIR=/run/bastion-selftest/config SLOWNESS=$SLOWNESS"
# Their wait is bounded by the chip's timeouts: what takes longer hangs.
patience=$((60 * SLOWNESS))
# shellcheck disable=SC2034 # for who sources this
attest="timeout $patience bastionctl attest --verifier selftest --socket /run/verifier.sock"
# shellcheck disable=SC2034
relock="bastionctl relock"
# shellcheck disable=SC2034
wait_for="cd selftests/lib; . ./tap.sh; . ./gate.sh; trap - EXIT; wait_for_state"

guest() {
	local begin=${EPOCHREALTIME/./}

	guest_status=0
	guest_output=$(vm_run "$1" "$VM_GATE_ENV; $2" 2>&1) || guest_status=$?
	# shellcheck disable=SC2034 # for who called
	guest_ms=$(((${EPOCHREALTIME/./} - begin) / 1000))
	if [ "$guest_status" = 125 ]; then
		diag "$guest_output"
		bail "the guest hung or died: $(grep -m 1 '^vm: ' <<<"$guest_output")"
	fi
	return "$guest_status"
}

works() {
	# shellcheck disable=SC2154 # by who sources this
	guest "$name" "$2"
	is "$guest_status" 0 "$1" || diag "$guest_output"
}

guest_results() {
	local wanted=$2 count=0 bad='' line said

	guest "$1" "$3"
	while read -r line; do
		[[ $line =~ ^(not )?ok\ [0-9]+\ (- )?(.*) ]] || continue
		count=$((count + 1))
		if [[ $line == *"# SKIP "* ]]; then
			said=${BASH_REMATCH[3]%%# SKIP *}
			skip "${said% }" "${line#*# SKIP }"
			continue
		fi
		# Too many would spoil the plan, and too few do.
		like "${line%%# *}" '^ok ' "${BASH_REMATCH[3]}" || bad=1
	done <<<"$guest_output"
	if [ "$count" != "$wanted" ] || [ "$guest_status" != 0 ]; then
		diag "$count results of $wanted, exit status $guest_status"
		diag "$(grep -A2 -E '^not ok|^Bail' <<<"$guest_output")"
		[ "$count" = "$wanted" ] || diag "$(tail -n 1 <<<"$guest_output")"
		# What it did not say by any of them
		[ "$count" != "$wanted" ] || [ -n "$bad" ] || [ "$guest_status" = 0 ] ||
			echo "not ok - at its end: ${3%%$'\n'*}"
	fi
}

# kernel_at_end NAME RESULT ARGUMENT...: of kernel_ill
kernel_at_end() {
	guest "$1" ". $VM_TOP/selftests/lib/kernel.sh; kernel_ill $(printf '%q ' "${@:3}")"
	is "$guest_output" "" "$2" || true
}

guest_end() {
	kernel_at_end "$1" "the module unloads, and the kernel has no complaint" "${@:2}"
	vm_stop "$1"
}

guest_reboot() {
	kernel_at_end "$1" "the kernel has no complaint before a reboot" --loaded
	vm_reboot "$1" || bail "the guest did not come back: $VM_SAID"
}

power_cycles() {
	local share file i

	share=$(vm_file "$1" share)
	rm -f "$share"/power-cycle-*
	while sleep 0.2; do
		for ((i = 0; i < ${2:-1}; i++)); do
			for file in "$share"/power-cycle-"$i"-*; do
				[ -e "$file" ] || continue
				(chip_control "$1" power-cycle "$i") >/dev/null
				rm "$file"
			done
		done
	done
}

guest_prepare() {
	local name=$1

	shift
	guest "$name" "cd selftests/lib && . ./tap.sh && . ./gate.sh && gate_init &&
		gate_policy /run/policy.json${*:+ $(printf '%q ' "$@")}" || bail "no gate: $guest_output"
	guest_serve "$name" /run/policy.json /run/verifier.sock
}

guest_serve() {
	local machines=''

	! chip_is_tpm || machines="--machines /run/bastion-selftest/machines"
	guest "$1" "setsid bastion-verifier serve --policy $2 $machines \
		--keys /run/bastion-selftest/keys --socket $3 ${*:4} >$3.log 2>&1 &
		echo \$! >$3.pid
		until [ -S $3 ]; do kill -0 \$! || exit 1; sleep 0.1; done" ||
		bail "no verifier: $guest_output"
}

# shellcheck disable=SC2034
own_tpm="-T device:/dev/tpm0"
# shellcheck disable=SC2034
own_tpm_start="swtpm_ioctl --unix /run/tpm/ctrl -i && tpm2_startup $own_tpm"

guest_own_tpm() {
	guest "$1" "modprobe -q tpm_vtpm_proxy
		setsid $VM_TOP/selftests/lib/vtpm /run/tpm >/run/tpm.log 2>&1 &
		until [ -c /dev/tpmrm0 ] && [ -S /run/tpm/ctrl ]; do
			kill -0 \$! 2>/dev/null || { cat /run/tpm.log; dmesg | grep -i tpm | tail -n 2; exit 1; }
			sleep 0.1
		done
		modprobe bastion chip=tpm" || bail "no TPM: $guest_output"
}

pcr_is_log() {
	local share

	share=$(vm_file "$1" share)
	guest "$1" "cat /sys/kernel/security/bastion/bastion0/ascii_runtime_measurements_sha384 >/run/share/log
		tpm2_pcrread $own_tpm -Q -o /run/share/pcr sha256:13"
	is "$(od -An -tx1 "$share/pcr" | tr -d ' \n')" "$("$VM_TOP/selftests/tpm/replay" "$share/log")" "$2"
}

guest_state() {
	guest "$1" "cat /sys/class/bastion/bastion0/state"
	echo "$guest_output"
}

chip_fault() {
	"$VM_TOP/build/user/bin/bastion-chip" fault --control "$(vm_file "$1" control)" "$2" >/dev/null ||
		bail "the chip does not take the fault $2"
}

two_chips() {
	local foundry=$VM_TOP/build/user/bin/bastion-chip chip

	{ "$foundry" foundry root --out "$1/root" && "$foundry" foundry model --root "$1/root" --out "$1/model"; } \
		>"$1/log" 2>&1 || bail "no chips: $(cat "$1/log")"
	for chip in a b; do
		"$foundry" foundry chip --model "$1/model" --out "$1/$chip" >"$1/log" 2>&1 ||
			bail "no chip: $(cat "$1/log")"
	done
}

# chip_socket NAME N: where its chip N is controlled
chip_socket() {
	echo "$(vm_file "$1" control)$([ "$2" = 0 ] || echo "-$2")"
}

chip_control() {
	"$VM_TOP/build/user/bin/bastion-chip" control --control "$(chip_socket "$1" "${3:-0}")" "$2" ||
		bail "the chip does not do $2"
}
