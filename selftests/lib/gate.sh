# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A gate to test with, for tests in a guest: module, verifier, policy, rounds.
# Source it after tap.sh.
#
#	gate_load			loads the module
#	gate_init			likewise, makes a verifier, registers it
#	chip_is_tpm, by_chip NATIVE TPM	what kind of chip there is; prints what is expected of it
#	gate_attest [MEMBER=JSON...]	a round with it; the policy may be changed for
#					this one: gate_attest lifetime=3 'policies={"a":{"release":true}}'
#	gate_serve [MEMBER=JSON...]	a verifier that stays, on $GATE_SOCKET, until
#					the test ends or gate_unserve
#	gate_lock			ends all grants
#	gate_state, gate_waiters	what sysfs says
#	wait_for_state STATE, wait_for_waiters N, wait_for_generation MORE_THAN [SECONDS]
#					return as soon as it is so (read(2) on the device, no polling), or fail
#					after SECONDS (60; SLOWNESS times as many)
#	key_new NAME [OPTION...]	makes a key in @u; prints its serial. Options are those of
#					bastionctl key new; policy "prod" unless one says otherwise
#	key_release NAME [OPTION...]	releases it into @u; prints the serial
#	key_serial TYPE DESCRIPTION	of a key that one can find, else fails
#	unique [PREFIX]			a name that no other test of this guest uses
#
# Left behind for other tests of the guest: the loaded module, and the verifier
# "selftest" registered. The gate is locked when the test ends. Policies of the
# verifier: "prod" may be created and released, "make" created, "use" released.

GATE_DIR=/run/bastion-selftest
GATE_VERIFIER=selftest
GATE_SYSFS=/sys/class/bastion/bastion0
GATE_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
GATE_WORK=$(mktemp -d /tmp/bastion-gate.XXXXXX)
GATE_SOCKET=$GATE_WORK/verifier.sock
GATE_SERVER=
GATE_PATIENCE=$((60 * ${SLOWNESS:-1}))
# Where the verifier looks up a TPM's attestation key: options of verify and serve
GATE_MACHINES=()
GATE_POLICIES='{"prod":{"create":true,"release":true},"make":{"create":true},"use":{"release":true}}'
export BASTION_CONFIG_DIR=$GATE_DIR/config
PATH=$GATE_TOP/build/user/bin:$PATH

unique_count=0
unique() {
	unique_count=$((unique_count + 1))
	# In a subshell, as in $(unique), the count would not last.
	echo "${1:-key}-$$-$BASHPID-$unique_count"
}

gate_end() {
	gate_unserve
	[ ! -e /dev/bastion0 ] || bastionctl relock >/dev/null 2>&1
	rm -rf "$GATE_WORK"
}
trap gate_end EXIT

# The root of this chip: $GATE_ROOT, or that beside the model CA in this checkout which its certificates come with.
gate_root() {
	local certificates=$GATE_WORK/certificates offset line model

	[ -z "${GATE_ROOT:-}" ] || { cat "$GATE_ROOT"; return; }
	cat "$GATE_SYSFS/certificates" >"$certificates"
	# Two DER certificates, leaf first; each begins 30 82 and its length. A PEM file has the same lines.
	offset=$((4 + 16#$(od -An -j 2 -N 2 -tx1 "$certificates" | tr -d ' ')))
	line=$(tail -c "+$((offset + 1))" "$certificates" | base64 -w 64 | tail -n 2 | head -n 1)
	model=$(grep -lsxF -e "$line" "$GATE_TOP"/build/*/model/model.pem "$GATE_TOP"/build/*/foundry/model/model.pem |
		head -n 1)
	[ -n "$model" ] || {
		echo "no model CA in build/ is this chip's: set GATE_ROOT to the file of its root" >&2
		return 1
	}
	cat "${model%/model/model.pem}/root/root.pem"
}

# Evidence of a TPM, and what its attestation key is called
gate_enroll_tpm() {
	local new=$1 evidence=$1/evidence digest key

	digest=$(bastion-verifier digest "$new/keys/grant.pub.pem")
	bastionctl verifier add "$GATE_VERIFIER" "$new/keys/grant.pub.pem" >/dev/null &&
		bastionctl evidence --verifier "$digest" --nonce "$(bastion-verifier challenge)" \
			-o "$evidence" || return
	key=$(jq -r '.tpm_key[1]' "$evidence")
	key+=$(printf '%*s' $((-${#key} & 3)) '' | tr ' ' =)
	jq -n --arg chip "$(cat "$GATE_SYSFS/chip_id")" --arg model "$(cat "$GATE_SYSFS/model")" \
		--arg ak "000b$(basenc -d --base64url <<<"$key" | sha256sum | cut -d ' ' -f 1)" \
		'{ name: "selftest", kind: "tpm", chip: $chip, model: $model, ak: $ak }' >"$new/machine" &&
		bastion-verifier enroll --machines "$new/machines" --from "$new/machine"
}

# What booted, as reference values
gate_reference() {
	local value name cmdline
	local -A boot=()

	while read -r _ _ _ value name _; do
		boot[$name]=${value#sha384:}
	done < <(bastionctl log --register 0)
	cmdline=$(cat /proc/cmdline)
	cmdline=${cmdline//\\/\\\\}
	printf '{ "boot": [{ "name": "selftest", "kernel": "%s", "initrd": "%s", "cmdline": "%s" }] }' \
		"${boot[kernel]:?}" "${boot[initrd]:?}" "${cmdline//\"/\\\"}"
}

# What the verifier has, once a guest. The reference is what booted: here it is the gate that is tested.
gate_make_verifier() {
	local new=$GATE_DIR.new reference
	local -a members

	rm -rf "$new"
	mkdir -p "$new/config"
	export BASTION_CONFIG_DIR=$new/config
	bastion-verifier keygen --out "$new/keys" >/dev/null || return
	if chip_is_tpm; then
		gate_enroll_tpm "$new" || return
		members=('models=["TPM 2.0 IBM"]' 'firmware_min="1.0"')
		reference=$(bastion-verifier reference --evidence "$new/evidence" --name selftest) || return
	else
		gate_root >"$new/root.pem" || return
		members=("roots=[\"$GATE_DIR/root.pem\"]" 'models=["bastionchip-1"]' 'firmware_min="1.2.0"'
			svn_min=3 allow_debug=true)
		reference=$(gate_reference) || return
	fi
	printf '%s\0' lifetime=300 'register_mask=[0, 1, 2]' "policies=$GATE_POLICIES" "reference=$reference" \
		"${members[@]}" >"$new/members"
	mv "$new" "$GATE_DIR" && export BASTION_CONFIG_DIR=$GATE_DIR/config && gate_policy "$GATE_DIR/policy.json"
}

# A request for "bastion:NAME" finds its helper.
gate_install_helper() {
	install -D -t /usr/lib/bastion "$GATE_TOP/build/user/bin/bastion-request-key"
	install -D -m 644 -t /etc/request-key.d "$GATE_TOP/userspace/request-key/bastion.conf"
}

gate_load() {
	[ -d /sys/module/bastion ] || modprobe bastion || bail "the module does not load"
	[ -e /dev/bastion0 ] || bail "there is no chip: $(dmesg | grep bastion | tail -n 3)"
}

chip_is_tpm() {
	[[ $(cat "$GATE_SYSFS/model") == "TPM "* ]]
}

by_chip() {
	if chip_is_tpm; then
		echo "$2"
	else
		echo "$1"
	fi
}

gate_init() {
	local output

	gate_load
	! chip_is_tpm || GATE_MACHINES=(--machines "$GATE_DIR/machines")
	[ -d "$GATE_DIR" ] || output=$(gate_make_verifier 2>&1) || bail "no verifier: $output"
	gate_install_helper || bail "the request-key helper cannot be installed"
	GATE_DIGEST=$(bastion-verifier digest "$GATE_DIR/keys/grant.pub.pem")
	bastionctl verifier list | grep -qF "$GATE_DIGEST" && gate_lock && return
	output=$(bastionctl verifier add "$GATE_VERIFIER" "$GATE_DIR/keys/grant.pub.pem" 2>&1) ||
		bail "the verifier cannot be registered: $output"
}

# gate_policy FILE [MEMBER=JSON...]: the policy, with members changed. An emulated CPU needs most of a second for jq.
gate_policy() {
	local file=$1 member separator='{'
	local -a all
	local -A values=()

	mapfile -d '' -t all <"$GATE_DIR/members"
	for member in "${all[@]}" "${@:2}"; do
		[[ $member == ?*=* ]] || bail "not a member of a policy: $member"
		values[${member%%=*}]=${member#*=}
	done
	for member in "${!values[@]}"; do
		printf '%s\n  "%s": %s' "$separator" "$member" "${values[$member]}"
		separator=,
	done >"$file"
	printf '\n}\n' >>"$file"
}

gate_unserve() {
	[ -n "$GATE_SERVER" ] || return 0
	kill "$GATE_SERVER" 2>/dev/null
	wait "$GATE_SERVER" 2>/dev/null
	GATE_SERVER=
}

gate_serve() {
	gate_unserve
	gate_policy "$GATE_WORK/policy.json" "$@"
	bastion-verifier serve --policy "$GATE_WORK/policy.json" --keys "$GATE_DIR/keys" \
		"${GATE_MACHINES[@]}" --socket "$GATE_SOCKET" >"$GATE_WORK/verifier.log" 2>&1 &
	GATE_SERVER=$!
	until_true 30 test -S "$GATE_SOCKET" || bail "no verifier: $(cat "$GATE_WORK/verifier.log")"
}

# shellcheck disable=SC2120 # few tests change the policy
gate_attest() {
	local status

	gate_serve "$@"
	bastionctl attest --verifier "$GATE_DIGEST" --socket "$GATE_SOCKET"
	status=$?
	gate_unserve
	return $status
}

gate_lock() {
	bastionctl relock
}

gate_state() {
	cat "$GATE_SYSFS/state"
}

gate_waiters() {
	cat "$GATE_SYSFS/waiters"
}

# event_has LINE MEMBER OPERATOR VALUE: of bastionctl watch --json, and test(1)
event_has() {
	local member="\"$2\":\"?([^\",}]*)"

	[[ $1 =~ $member ]] && test "${BASH_REMATCH[1]}" "$3" "$4"
}

# wait_for_event SECONDS MEMBER OPERATOR VALUE
wait_for_event() {
	local line status=1 watcher fd end=$((SECONDS + $1))

	exec {fd}< <(exec bastionctl watch --json)
	watcher=$!
	while [ "$SECONDS" -lt "$end" ] && read -r -t "$((end - SECONDS))" line <&"$fd"; do
		if event_has "$line" "${@:2}"; then
			status=0
			break
		fi
	done
	kill "$watcher" 2>/dev/null
	wait "$watcher" 2>/dev/null
	exec {fd}<&-
	return $status
}

wait_for_state() {
	wait_for_event "${2:-$GATE_PATIENCE}" state = "$1"
}

wait_for_waiters() {
	wait_for_event "${2:-$GATE_PATIENCE}" waiters -eq "$1"
}

wait_for_generation() {
	wait_for_event "${2:-$GATE_PATIENCE}" generation -gt "$1"
}

key_new() {
	local name=$1 policy=(--policy prod)

	shift
	[[ " $* " != *" --policy "* ]] || policy=()
	bastionctl key new "$name" --verifier "$GATE_DIGEST" "${policy[@]}" "$@" || return
	key_serial bastion "$name" >/dev/null
}

key_release() {
	local name=$1

	shift
	bastionctl release "$name" --keyring @u "$@"
}

key_serial() {
	keyctl search @u "$1" "$2" 2>/dev/null || keyctl search @s "$1" "$2"
}
