# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# TPMs that swtpm plays, for tests here, whose argument is the folder with our programs. Source it:
# it makes a folder to work in, goes there, and ends everything when the test does.
. "$(dirname "${BASH_SOURCE[0]}")/../../../selftests/lib/tap.sh"
TPM_SCRIPTS=$(realpath -e "$(dirname "${BASH_SOURCE[0]}")/../../../scripts")
# shellcheck disable=SC2034 # for who sources this
bin=$(realpath -e "${1:?}") || bail "there is no $1"

# The sanitizer's search for leaks wants to trace a program that keeps debuggers out.
export ASAN_OPTIONS=detect_leaks=0
for program in swtpm swtpm_setup swtpm_localca tpm2_quote openssl xxd jq; do
	command -v "$program" >/dev/null || plan_skip "$program is not installed"
done

work=$(mktemp -d)
cd "$work" || bail "no folder to work in"
trap 'finish' EXIT

# shellcheck disable=SC2317 # the trap calls it
finish() {
	local pid file

	for file in ./*.pid; do
		[ -s "$file" ] || continue
		pid=$(<"$file")
		kill "$pid"
		# It still writes its state.
		until_true 10 test ! -e "/proc/$pid"
	done
	cd / && rm -rf "$work"
}

# make_tpm NAME CA: one with certificates of the authority in the folder CA
make_tpm() {
	"$TPM_SCRIPTS/make-tpm" "$1" "$2" >setup.log 2>&1 || bail "swtpm_setup: $(tail -n 5 setup.log)"
	swtpm socket --tpm2 --tpmstate "dir=$work/$1" --server "type=unixio,path=$work/$1.tpm" \
		--ctrl "type=unixio,path=$work/$1.tpm.ctrl" --flags not-need-init,startup-clear \
		--pid "file=$work/$1.pid" --daemon --log "file=$work/$1.log" >swtpm.log 2>&1 ||
		bail "swtpm: $(tail -n 5 swtpm.log)"
}

# use_tpm NAME: what tpm2-tools talk to
use_tpm() {
	export TPM2TOOLS_TCTI="swtpm:path=$work/$1.tpm"
}

# One command, with no object of an earlier one in the TPM's few slots.
tpm() {
	timeout 60 "$@" >>tpm.log 2>&1 && timeout 60 tpm2_flushcontext -t >>tpm.log 2>&1
}

# refused REGEX NAME COMMAND...: with a message
# shellcheck disable=SC2154 # tap_status and tap_output are tap.sh's
refused() {
	tap_run "${@:3}"
	if [ "$tap_status" = 1 ] && grep -qE -- "$1" <<<"$tap_output"; then
		ok "$2"
	else
		not_ok "$2" "${*:3}: exited with $tap_status"$'\n'"$tap_output"
	fi
}

# flip FILE OFFSET: another byte there
flip() {
	local byte

	byte=$(xxd -s "$2" -l 1 -p "$1")
	printf '%02x' $((0x$byte ^ 1)) | xxd -r -p | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
