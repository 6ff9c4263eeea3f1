# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The demo's steps for a Bastionchip; scripts/demo calls them.
#
# shellcheck disable=SC2154 # of scripts/demo and demo-lib.sh

# shellcheck disable=SC2034 # scripts/demo's
machine_options=(--chip "$demo/chip")

make_chip() {
	step "A chip is made, and its root goes offline"
	host 'bastion-chip foundry root --out root && bastion-chip foundry model --root root --out model'
	host 'bastion-chip foundry chip --model model --out chip && bastion-chip show --chip chip'
	host 'mv root/root.key offline/ && ls root'
}

know_machine() {
	step "The operator writes down how this machine boots"
	image=$("$top/scripts/vm-kernel" "$kernel")
	initrd=$("$top/scripts/vm-initrd" "$kernel")
	vm_run machine 'cat /proc/cmdline' | tr -d '\n' >"$demo/cmdline"
	host "bastion-verifier reference --kernel $image --initrd $initrd --cmdline \"\$(cat cmdline)\" --name demo | tee reference.json"
	host "jq '{ roots: [\"root/root.pem\"], models: [\"bastionchip-1\"], firmware_min: \"1.2.0\", svn_min: 3, allow_debug: true, reference: . }' reference.json >chip.json"
	write_policies
}

inspect_evidence() {
	host "bastion-verifier inspect quote share/evidence.json --evidence --roots root/root.pem"
}

try_pairs_and_moves() {
	step "A TLS server's key is made in the chip, and certified"
	good machine "bastionctl attest --verifier acme --socket /run/verifier.sock | head -n 2"
	good machine "bastionctl key new web --ecdsa --verifier acme --policy web"
	good machine "grep web /proc/keys"
	good machine "bastionctl key csr web --subject /CN=localhost --dns localhost -o /run/share/web.csr"
	host 'openssl req -in share/web.csr -verify -noout && openssl req -x509 -newkey rsa:2048 -nodes -keyout offline/ca.key -subj /CN=ca -days 2 -out share/ca.pem 2>/dev/null'
	host 'openssl x509 -req -in share/web.csr -CA share/ca.pem -CAkey offline/ca.key -CAcreateserial -days 1 -copy_extensions copy -out share/web.pem'

	step "Each handshake is signed by the chip, while the gate is open"
	echo "machine# bastion-tls-server /run/share/web.pem web 4433 &"
	vm_run machine "setsid bastion-tls-server /run/share/web.pem web 4433 >/run/tls.log 2>&1 & echo \$! >/run/tls"
	wait_for machine "grep -c listening /run/tls.log" 1
	client="openssl s_client -connect 127.0.0.1:4433 -CAfile /run/share/ca.pem -verify_return_error -verify_hostname localhost -quiet"
	good machine "$client </dev/null 2>&1"
	good machine "openssl dgst -sha384 -binary /etc/os-release >/run/digest && keyctl pkey_sign %bastion:web 0 /run/digest enc=x962 hash=sha384 >/run/signature && bastionctl key public web >/run/web.pub && openssl dgst -sha384 -verify /run/web.pub -signature /run/signature /etc/os-release"

	step "Locked, the server cannot show its certificate"
	good machine "echo 2 >$sysfs/release_timeout && bastionctl relock"
	refused machine 1 "alert|error" "$client </dev/null 2>&1"
	refused machine 1 "timed out" "keyctl pkey_sign %bastion:web 0 /run/digest enc=x962 hash=sha384"
	good machine "cat /run/tls.log; kill \$(cat /run/tls); echo 60 >$sysfs/release_timeout"

	step "A key moves to another verifier, and the old blob dies"
	good machine "bastionctl verifier add partner $demo/partner/grant.pub.pem"
	good machine "bastionctl attest --verifier acme --socket /run/verifier.sock | head -n 2"
	good machine "bastionctl key new ledger --verifier acme --policy prod-db --counter 1 -o /etc/bastion/old.blob"
	good machine "bastionctl key rebind ledger --verifier partner --policy their-db -o /etc/bastion/new.blob"
	refused machine 3 "locked|wait" "bastionctl release ledger --type logon --keyring @u --nowait"
	serve machine partner.json partner /run/partner.sock
	good machine "bastionctl attest --verifier partner --socket /run/partner.sock | head -n 2"
	good machine "bastionctl release ledger --type logon --keyring @u && cat $sysfs/counters/1"
	refused machine 4 "refuse|reject" "bastionctl release --blob /etc/bastion/old.blob --type logon --keyring @u"
	good machine "bastionctl verifier remove partner"
}

try_strangers() {
	vm_run machine 'umount /etc/bastion'
	vm_stop machine

	step "A chip whose certificate chains to another root"
	host 'bastion-chip foundry root --out other-root && bastion-chip foundry model --root other-root --out other-model && bastion-chip foundry chip --model other-model --out other-chip'
	start stranger --chip "$demo/other-chip"
	vm_run stranger "modprobe bastion && bastionctl verifier add acme $demo/verifier/grant.pub.pem" >/dev/null || wrong "no verifier"
	serve stranger
	refused stranger 4 "root|chain|certificate" "bastionctl attest --verifier acme --socket /run/verifier.sock"
	vm_stop stranger

	step "Old firmware"
	start outdated --chip "$demo/chip" --fault old-firmware
	vm_run outdated "modprobe bastion && bastionctl verifier add acme $demo/verifier/grant.pub.pem" >/dev/null || wrong "no verifier"
	serve outdated
	refused outdated 4 "firmware" "bastionctl attest --verifier acme --socket /run/verifier.sock"
	vm_stop outdated

	step "A kernel command line that is not in the reference values"
	start changed --chip "$demo/chip" --append "init=/bin/evil.sh"
	vm_run changed "modprobe bastion && bastionctl verifier add acme $demo/verifier/grant.pub.pem" >/dev/null || wrong "no verifier"
	serve changed
	refused changed 4 "init=/bin/evil.sh" "bastionctl attest --verifier acme --socket /run/verifier.sock"
	vm_stop changed
}
