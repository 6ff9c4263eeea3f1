# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The demo's steps for a TPM 2.0; scripts/demo calls them.
#
# shellcheck disable=SC2154,SC2016 # of scripts/demo and demo-lib.sh; what host evaluates

# shellcheck disable=SC2034 # scripts/demo's
machine_options=(--no-chip --tpm-ca "$demo/manufacturer")
# shellcheck disable=SC2034 # demo-lib.sh's
verifier_options=(--machines /run/share/machines)
# shellcheck disable=SC2034 # likewise
serve_options=(--enroll /run/share/expected --roots "$demo/manufacturer/roots")
tools="export TPM2TOOLS_TCTI=device:/dev/tpmrm0; cd /run"

make_chip() {
	step "The machine has a TPM 2.0, as it was bought"
	echo "-- its manufacturer's authority has certified its endorsement key"
	host 'mkdir -m 700 share/machines && : >share/expected'
}

know_machine() {
	step "The operator writes down how the machine boots"
	good machine "bastionctl evidence --verifier acme --nonce \$(bastion-verifier challenge) -o /run/share/first.json"
	host 'bastion-verifier reference --evidence share/first.json --name demo >reference.json'
	host 'jq "{ models: [\"TPM 2.0 id:00001014\"], firmware_min: \"1.0.0.0\", reference: . }" reference.json >chip.json'
	echo "-- this firmware measures neither kernel nor command line; shim, GRUB and systemd-stub do"
	write_policies

	step "The machine proves which TPM it has, and is enrolled"
	serve machine
	refused machine 4 "enroll" "bastionctl attest --verifier acme --socket /run/verifier.sock"
	refused machine 4 "does not expect" "bastionctl enroll --socket /run/verifier.sock --name machine"
	host 'echo "machine certified" >share/expected'
	good machine "bastionctl enroll --socket /run/verifier.sock --name machine"
	host 'echo "other certified" >>share/expected'
	refused machine 4 "machine is enrolled" "bastionctl enroll --socket /run/verifier.sock --name other"
	host 'bastion-verifier machines --machines share/machines'
	good machine "kill \$(pgrep -x bastion-verifie) && while [ -e /run/verifier.sock ]; do sleep 0.1; done"
}

inspect_evidence() {
	cat >"$demo/members.py" <<'PY'
import base64, json
for name, record in json.load(open("share/evidence.json")).items():
    if name != "__cmwc_t":
        text = record[1]
        open("share/" + name, "wb").write(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
PY
	host 'python3 members.py && bastion-verifier inspect tpm-quote --attest share/tpm_attest --signature share/tpm_signature --key share/tpm_key --pcrs share/tpm_registers'
}

try_pairs_and_moves() {
	step "What a TPM has none of: key pairs, derived keys, counters, moves"
	good machine "bastionctl attest --verifier acme --socket /run/verifier.sock | head -n 2"
	refused machine 1 "no key pairs" "bastionctl key new web --ecdsa --verifier acme --policy web"
	refused machine 1 "derived keys" "bastionctl key new derived --derive db --verifier acme --policy prod-db"
	refused machine 1 "counters" "bastionctl key new ledger --counter 1 --verifier acme --policy prod-db"
	good machine "bastionctl verifier add partner $demo/partner/grant.pub.pem"
	good machine "bastionctl attest --verifier acme --socket /run/verifier.sock | head -n 2"
	refused machine 1 "a TPM cannot move keys" "bastionctl key rebind disk0 --verifier partner --policy their-db -o /run/moved.blob"
	good machine "bastionctl verifier remove partner"
	echo "-- left out with them: a TLS server whose key the chip made"
}

# What the TPM keeps of a blob, as its own tools want it (include/bastion/blob.h)
take_object() {
	cat >"$demo/object.py" <<'PY'
import hashlib, struct
HEADER = 376
blob = bytes.fromhex(open("share/disk0.blob").read())
policy, = struct.unpack_from("48s", blob, 112)
unique, private_len = struct.unpack_from("<32sH", blob, HEADER)
sha256 = lambda data: hashlib.sha256(data).digest()
point = bytes.fromhex(open("point").read())
signer = struct.pack(">HHIHHHHHH", 0x23, 0xb, 0x40040, 0, 0x10, 0x10, 4, 0x10, 48)
signer += point[1:49] + struct.pack(">H", 48) + point[49:]
name = b"\x00\x0b" + sha256(signer)
digest = sha256(sha256(bytes(32) + struct.pack(">I", 0x160) + name) + sha256(policy))
public = struct.pack(">HHIH", 8, 0xb, 0x492, 32) + digest + struct.pack(">HH", 0x10, 32) + unique
open("share/object.pub", "wb").write(struct.pack(">H", len(public)) + public)
private = blob[HEADER + 36:HEADER + 36 + private_len]
open("share/object.priv", "wb").write(struct.pack(">H", private_len) + private)
PY
	good machine "cp /etc/bastion/keys.d/disk0.blob /run/share"
	host 'openssl pkey -pubin -in verifier/grant.pub.pem -outform DER | tail -c 97 | xxd -p -c 97 >point && python3 object.py'
}

try_strangers() {
	step "Root with the TPM's own tools, and the blob"
	good machine "bastionctl verifier remove rogue; bastionctl attest --verifier acme --socket /run/verifier.sock | head -n 2"
	take_object
	good machine "$tools; head -c 64 /dev/zero | tpm2_createprimary -Q -C o -g sha256 -G ecc256:aes128cfb -u - -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt' -c storage.ctx && tpm2_load -Q -C storage.ctx -u share/object.pub -r share/object.priv -c object.ctx && echo loaded"
	refused machine 1 "auth|policy" "$tools; tpm2_unseal -c object.ctx"
	refused machine 1 "policy" "$tools; tpm2_startauthsession --policy-session -S session.ctx && tpm2_unseal -c object.ctx -p session:session.ctx"

	step "Something that firmware does not extend is in PCR 4"
	good machine "tpm2_pcrextend -T device:/dev/tpmrm0 4:sha256=$(printf '%064d' 1)"
	refused machine 4 "PCR 4" "bastionctl attest --verifier acme --socket /run/verifier.sock"

	step "A kernel whose gate was taken out gets nothing from the TPM"
	local module

	module=$("$top/selftests/tpm/build-patched" "$kernel" ungated) || wrong "it does not build"
	vm_run machine 'umount /etc/bastion; sync'
	vm_reboot machine || wrong "it did not come back"
	prepare machine
	good machine "modprobe bastion chip=native && rmmod bastion && insmod $module 'dyndbg=\"file tpm_call.c +p\"' && bastionctl verifier load"
	refused machine 4 "refuse" "bastionctl release --blob /etc/bastion/keys.d/disk0.blob --type logon --keyring @u"
	good machine "dmesg | grep 'the TPM answers' | tail -n 1"
	serve machine
	good machine "bastionctl attest --verifier acme --socket /run/verifier.sock | head -n 2 && bastionctl release --blob /etc/bastion/keys.d/disk0.blob --type logon --keyring @u"

	step "Old firmware"
	host 'jq ".firmware_min = \"65535.0.0.0\"" policy.json >newer.json'
	serve machine newer.json verifier /run/newer.sock
	refused machine 4 "firmware" "bastionctl attest --verifier acme --socket /run/newer.sock"
	vm_run machine 'umount /etc/bastion'
	vm_stop machine

	step "A TPM that nobody enrolled, and whose manufacturer nobody knows"
	start stranger --no-chip --tpm-ca "$demo/elsewhere"
	vm_run stranger "modprobe bastion && bastionctl verifier add acme $demo/verifier/grant.pub.pem" >/dev/null || wrong "no verifier"
	host 'echo "stranger certified" >>share/expected'
	serve stranger
	refused stranger 4 "enroll" "bastionctl attest --verifier acme --socket /run/verifier.sock"
	refused stranger 4 "endorsement certificate" "bastionctl enroll --socket /run/verifier.sock --name stranger"
	vm_stop stranger
	host 'cat share/machines/journal'
}
