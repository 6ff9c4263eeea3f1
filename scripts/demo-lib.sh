# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the demo's steps are made of; source it after vm-lib.sh, with demo (a folder)
# and kernel set.
#
# shellcheck disable=SC2154 # these

titles=() results=() failed=0
# Of bastion-verifier serve and verify, where the chip wants some
verifier_options=() serve_options=()
# shellcheck disable=SC2034 # the steps'
sysfs=/sys/class/bastion/bastion0


bold() {
	if [ -t 1 ]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi
}

# From here on until the next step everything is expected to go well.
step() {
	bold "== $*"
	titles+=("$*")
	results+=(ok)
}

wrong() {
	echo "!! $*"
	results[-1]=WRONG
	failed=1
}

# On the host.
host() {
	echo "host\$ $1"
	(cd "$demo" && eval "$1") || wrong "failed"
}

# In the machine that $1 names.
in_guest() {
	echo "$1# $2"
	vm_run "$1" "$2"
}

good() {
	in_guest "$@" || wrong "exit status $?"
}

# What must fail: with this exit status, and saying this.
refused() {
	local name=$1 status=$2 words=$3 output got

	echo "$name# $4"
	output=$(vm_run "$name" "$4" 2>&1)
	got=$?
	printf '%s\n' "$output"
	[ "$got" = "$status" ] || wrong "exit status $got, not $status"
	grep -Eq -- "$words" <<<"$output" || wrong "it does not say \"$words\""
	echo "-- refused, as it must be"
}

# A machine as it is after every boot: the module, the names of verifiers on the persistent disk.
prepare() {
	vm_run "$1" 'set -e
		modprobe -q ext4; mkdir -p /etc/bastion
		[ ! -e /dev/vda ] || { blkid /dev/vda >/dev/null || mkfs.ext4 -q /dev/vda
			mount /dev/vda /etc/bastion; }
		install -D -t /usr/lib/bastion build/user/bin/bastion-request-key
		install -D -t /etc/request-key.d userspace/request-key/bastion.conf' ||
		wrong "the machine could not be prepared"
}

start() {
	local name=$1

	shift
	vm_start "$name" --kernel "$kernel" --share "$demo/share" "$@" ||
		{ wrong "the machine did not start"; exit 1; }
	prepare "$name"
}

# The verifier is another process, with keys of its own; here it lives beside the workload and listens
# on a UNIX socket, since it needs nothing but bytes.
serve() {
	local policy=${2:-policy.json} keys=${3:-verifier} socket=${4:-/run/verifier.sock}

	vm_run "$1" "cd $demo && bastion-verifier serve --policy $policy --keys $keys \
		--socket $socket ${verifier_options[*]} ${serve_options[*]} >/run/verifier.log 2>&1 & \
		until [ -S $socket ]; do sleep 0.1; done; true" || wrong "no verifier"
}

wait_for() {
	vm_run "$1" "for i in \$(seq 400); do [ \"\$($2)\" = '$3' ] && exit; sleep 0.1; done; exit 1" ||
		wrong "it did not come to that"
}

# The policies of three verifiers; chip.json is what they say of the chip.
write_policies() {
	cat >"$demo/policy.py" <<'PY'
import json, subprocess
digest = lambda keys: subprocess.check_output(
    ["bastion-verifier", "digest", keys + "/grant.pub.pem"], text=True).strip()
acme, partner = digest("verifier"), digest("partner")
chip = json.load(open("chip.json"))
def policy(name, verifiers, policies):
    json.dump(chip | {
        "lifetime": 300, "register_mask": [0, 1, 2], "verifiers": verifiers, "policies": policies,
    }, open(name, "w"), indent=2)
both = {"create": True, "release": True}
policy("policy.json", [partner], {
    "prod-db": both | {"rebind": [{"verifier": partner, "policy": "their-db"}]},
    "web": both, "staging": {"create": True},
})
policy("partner.json", [acme], {"their-db": {"release": True}})
policy("rogue.json", [acme], {"prod-db": both})
PY
	host 'python3 policy.py && bastion-verifier policy check policy.json'
}

# table: of all steps; exits
table() {
	local i

	bold "Steps"
	for i in "${!titles[@]}"; do
		printf '  %-6s %s\n' "${results[i]}" "${titles[i]}"
	done
	exit "$failed"
}
