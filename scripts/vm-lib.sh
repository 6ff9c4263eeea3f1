# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Virtual machines with a Bastionchip, for bash scripts on the host. Source it;
# it needs no root. Guests see this machine's root, read-only, under an overlay
# that is gone when they stop, and the checkout at its own path.
#
#	vm_start NAME [OPTION...]	boots a guest (options: scripts/vm --help)
#	vm_run NAME COMMAND		runs it there, prints its output, returns its
#					status; 125 when the guest gave no verdict
#	vm_reboot NAME			from within, in the same QEMU (start it with
#					--reboot); returns when the guest is back
#	vm_stop NAME			shuts down, then ends QEMU and the chip
#	vm_stop_all			every guest of this shell, without shutting down
#	vm_free_name [PREFIX]		prints a NAME that no running guest of this checkout has, nor any other
#					shell that called this, as long as it lives
#	vm_slowness KERNEL		prints how many times as long as with others everything may take
#	vm_file NAME WHAT		path of one of: console audit control qmp share
#					chip socket
#
# Nothing is left running: a script that sources this has vm_stop_all as its
# EXIT trap, and should call it from a trap of its own.
#
# Host and guest talk over two FIFOs (a virtio port: commands and their output)
# and a second serial port (exit statuses, each with a nonce of the host's).

VM_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$VM_TOP/scripts/kernel-lib.sh"
VM_BOOT_SECONDS=${VM_BOOT_SECONDS:-100}

# By name of the guest: where things are, the fds of the FIFOs, who runs.
declare -A VM_DIR VM_TMP VM_FILES VM_TO VM_FROM VM_QEMU VM_CHIPS VM_LOCK VM_BOOT VM_SECONDS VM_SILENCE VM_REBOOTS VM_TPM

# The last of it is in VM_SAID, for whoever reports that a guest did not start.
vm_say() {
	VM_SAID=$*
	echo "vm: $*" >&2
}
# shellcheck disable=SC2034 # for others
VM_SAID=

# Until "$@" is true; fails when PID has ended, or has taken too long: vm_wait_for PID COMMAND...
vm_wait_for() {
	local pid=$1 end=$((SECONDS + VM_BOOT_SECONDS))

	shift
	until "$@"; do
		kill -0 "$pid" 2>/dev/null && [ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# Can one connect to the socket at the path $1? It is there a moment before: who binds it listens later.
vm_listens() {
	local flags path

	# Flags: __SO_ACCEPTCON
	while read -r _ _ _ flags _ _ _ path; do
		[ "$flags" != 00010000 ] || [ "$path" != "$1" ] || return 0
	done </proc/net/unix
	return 1
}

# vm_no_start WHAT LOG
vm_no_start() {
	cat "$2" >&2
	vm_say "$1 did not start: $(tail -n 1 "$2")"
	return 1
}

# Does a kernel get as far as finding no root? Where KVM exists it may still hang.
vm_accel() {
	local cache=$VM_TOP/build/accel kernel

	if [ -n "${ACCEL:-}" ]; then
		echo "$ACCEL"
		return
	fi
	if [ ! -s "$cache" ]; then
		mkdir -p "$VM_TOP/build"
		kernel=$(vm_kernel_image "${1:-6.1}") || return
		if [ -w /dev/kvm ] && timeout -k 1 8 qemu-system-x86_64 -accel kvm -cpu max -m 256 \
			-nodefaults -display none -no-reboot -kernel "$kernel" -serial stdio \
			-append "console=ttyS0 panic=-1" </dev/null 2>&1 | grep "Kernel panic" >/dev/null; then
			echo kvm
		else
			echo tcg,thread=multi
		fi >"$cache.$BASHPID"
		mv "$cache.$BASHPID" "$cache"
	fi
	cat "$cache"
}

# What is given as a folder is a kernel that checks itself.
vm_slowness() {
	if [ -d "$1" ]; then
		echo 4
	else
		echo 1
	fi
}

# Options. Fills opt (associative) and the arrays opt_chips, opt_sockets, opt_faults, opt_disks,
# opt_ram and opt_rest, all of them locals of the caller.
vm_parse() {
	while [ $# -gt 0 ]; do
		case $1 in
		--no-chip | --tpm | --polling | --reboot | --keep | --verbose | --ports | --ivshmem)
			opt[${1#--}]=1
			shift
			continue
			;;
		--kernel | --chip | --socket | --disk | --disk-size | --append | --memory | --cpus | \
			--tpm-ca | --timeout | --silence | --fault | --fuzz | --latency-us | --audit | --control | --qmp | --share | \
			--ram)
			[ $# -ge 2 ] || { vm_say "$1 needs an argument"; return 2; }
			;;
		--)
			shift
			break
			;;
		-*)
			vm_say "unknown option $1 (see scripts/vm --help)"
			return 2
			;;
		*)
			break
			;;
		esac
		case $1 in
		--chip) opt_chips+=("$2") ;;
		--fault) opt_faults+=("$2") ;;
		--socket) opt_sockets+=("$2") ;;
		--disk) opt_disks+=("$2") ;;
		--ram) opt_ram+=("$2") ;;
		--tpm-ca) opt[tpm]=1 opt[tpm-ca]=$2 ;;
		--append) opt[append]="${opt[append]:+${opt[append]} }$2" ;;
		*) opt[${1#--}]=$2 ;;
		esac
		shift 2
	done
	opt_rest=("$@")
}

# Where nothing says which chip, CHIP in the environment does. Faults and the like are a Bastionchip's.
vm_choose_chip() {
	local what

	[ "${CHIP:-native}" = tpm ] && [ $((${#opt_chips[@]} + ${#opt_sockets[@]} + ${#opt_faults[@]})) = 0 ] ||
		return 0
	for what in no-chip fuzz latency-us audit control polling ports; do
		[ -z "${opt[$what]:-}" ] || return 0
	done
	opt[no-chip]=1 opt[tpm]=1
}

# A chip that nobody else's guest uses. Its root, model CA and identity stay, for the next run.
vm_default_chip() {
	local dir=$1 foundry=$VM_TOP/build/user/bin/bastion-chip log=$1.log

	[ -d "$dir" ] && { echo "$dir"; return; }
	[ -x "$foundry" ] || {
		vm_say "no $foundry: run make userspace, or use --no-chip"
		return 1
	}
	rm -rf "$dir.new" && mkdir -p "$dir.new"
	if ! { "$foundry" foundry root --out "$dir.new/root" &&
		"$foundry" foundry model --root "$dir.new/root" --out "$dir.new/model" &&
		"$foundry" foundry chip --model "$dir.new/model" --out "$dir.new/chip"; } >"$log" 2>&1; then
		cat "$log" >&2
		return 1
	fi
	mv "$dir.new" "$dir"
	echo "$dir"
}

# Starts the chip in DIR on SOCKET and returns when it listens.
vm_chip_start() {
	local name=$1 chip=$2 socket=$3 qmp=$4 number=$5 boot=$6 suffix='' log fault
	local -a args

	[ "$number" = 0 ] || suffix=-$number
	log=${VM_DIR[$name]}/chip$suffix.log
	args=(--chip "$chip" --socket "$socket" --boot "$boot" --qmp "$qmp"
		--audit "${VM_FILES[$name,audit]}$suffix" --control "${VM_FILES[$name,control]}$suffix")
	for fault in "${opt_faults[@]}"; do
		args+=(--fault "$fault")
	done
	[ -z "${opt[fuzz]:-}" ] || args+=(--fuzz "${opt[fuzz]}")
	# Else QEMU 7.2 may crash when the device is unplugged.
	[ -z "${opt[polling]:-}" ] || [ -z "${opt[ports]:-}" ] || args+=(--no-interrupts)
	[ -z "${opt[latency-us]:-}" ] || args+=(--latency-us "${opt[latency-us]}")
	"$VM_TOP/build/user/bin/bastion-chip" run "${args[@]}" </dev/null >"$log" 2>&1 &
	VM_CHIPS[$name]+=" $!"
	# It gets its name when the chip listens.
	vm_wait_for $! test -S "$socket" || vm_no_start "the chip" "$log"
}

# Starts what gives the guest its chips; prints nothing, appends to qemu.
vm_add_chips() {
	local name=$1 boot=$2 bus='' i socket chip qmp

	[ -z "${opt[no-chip]:-}" ] || return 0
	# Nothing can be unplugged from the root complex itself.
	if [ -n "${opt[ports]:-}" ]; then
		qemu+=(-device "pcie-root-port,id=port0,chassis=1")
		bus=,bus=port0
	fi
	for ((i = 0; i < ${#opt_chips[@]}; i++)); do
		socket=${VM_TMP[$name]}/chip$i.socket
		qmp=${VM_TMP[$name]}/chip$i.qmp
		# QEMU listens here before it connects to the chip.
		qemu+=(-qmp "unix:$qmp,server=on,wait=off")
		vm_chip_start "$name" "${opt_chips[i]}" "$socket" "$qmp" "$i" "$boot" || return
		opt_sockets+=("$socket")
	done
	for ((i = 0; i < ${#opt_sockets[@]}; i++)); do
		qemu+=(-chardev "socket,id=chip$i,path=${opt_sockets[i]}"
			-device "ivshmem-doorbell,id=bastion$i,vectors=1,chardev=chip$i$bus")
	done
}

# What has a Bastionchip's PCI IDs and is none; appends to qemu.
vm_add_ivshmem() {
	[ -n "${opt[ivshmem]:-}" ] || return 0
	# shellcheck disable=SC2054 # commas are QEMU's
	qemu+=(-object memory-backend-ram,id=ivshmem,size=1M,share=on
		-device ivshmem-plain,memdev=ivshmem)
}

# Starts a TPM 2.0 for the guest, whose state lasts as long as this QEMU does; appends to qemu.
vm_add_tpm() {
	local name=$1 dir=${VM_TMP[$1]}/tpm log=${VM_DIR[$1]}/swtpm.log

	[ -n "${opt[tpm]:-}" ] || return 0
	mkdir "$dir"
	if [ -n "${opt[tpm-ca]:-}" ] && ! "$VM_TOP/scripts/make-tpm" "$dir" "${opt[tpm-ca]}" >"$log" 2>&1; then
		vm_no_start swtpm_setup "$log"
		return 1
	fi
	swtpm socket --tpm2 --tpmstate "dir=$dir" --ctrl "type=unixio,path=$dir/socket" \
		</dev/null >"$log" 2>&1 &
	VM_CHIPS[$name]+=" $!"
	vm_wait_for $! vm_listens "$dir/socket" || vm_no_start swtpm "$log" || return
	qemu+=(-chardev "socket,id=tpm,path=$dir/socket"
		-tpmdev "emulator,id=tpm,chardev=tpm" -device "tpm-crb,tpmdev=tpm")
}

vm_add_disks() {
	local disk i=0

	for disk in "${opt_disks[@]}"; do
		[ -e "$disk" ] || truncate -s "${opt[disk-size]:-64M}" "$disk"
		qemu+=(-drive "file=$disk,if=none,id=disk$i,format=raw"
			-device "virtio-blk-pci,drive=disk$i,serial=disk$i")
		i=$((i + 1))
	done
}

# Does build/vm-NAME belong to another shell, or a guest?
vm_is_taken() {
	local owner=''

	read -r owner 2>/dev/null <"$1/owner"
	[ -z "$owner" ] || [ "$owner" = $$ ] || [ ! -d "/proc/$owner" ] || return 0
	[ -e "$1/lock" ] && ! flock -n "$1/lock" true
}

# One shell after the other. In $(...), too, $$ is the one that will start the guest.
vm_free_name() {
	local number=0 names

	mkdir -p "$VM_TOP/build"
	exec {names}>"$VM_TOP/build/names.lock"
	flock "$names"
	while vm_is_taken "$VM_TOP/build/vm-${1:-}$number"; do
		number=$((number + 1))
	done
	mkdir -p "$VM_TOP/build/vm-${1:-}$number"
	echo $$ >"$VM_TOP/build/vm-${1:-}$number/owner"
	exec {names}>&-
	echo "${1:-}$number"
}

# Takes build/vm-NAME for this guest and fills VM_DIR, VM_TMP and VM_FILES.
vm_claim() {
	local name=$1 dir=$VM_TOP/build/vm-$1 lock tmp=${TMPDIR:-/tmp}

	[ -z "${VM_DIR[$name]:-}" ] || { vm_say "$name runs already"; return 1; }
	mkdir -p "$dir/guest"
	exec {lock}>"$dir/lock"
	flock -n "$lock" || {
		exec {lock}>&-
		vm_say "$dir is in use by another guest"
		return 1
	}
	VM_LOCK[$name]=$lock
	VM_DIR[$name]=$dir
	# UNIX sockets want short paths: of 107 bytes, with what is in it.
	[ ${#tmp} -le 60 ] || tmp=/tmp
	VM_TMP[$name]=$(mktemp -d "$tmp/bastion-vm.XXXXXX")
	VM_FILES[$name,console]=$dir/console.log
	VM_FILES[$name,verdicts]=$dir/verdicts
	VM_FILES[$name,audit]=${opt[audit]:-$dir/audit.jsonl}
	VM_FILES[$name,control]=${opt[control]:-${VM_TMP[$name]}/control}
	VM_FILES[$name,qmp]=${opt[qmp]:-}
	VM_FILES[$name,share]=${opt[share]:-$dir/share}
	VM_FILES[$name,chip]=${opt_chips[0]:-}
	VM_FILES[$name,socket]=${VM_TMP[$name]}/chip0.socket
	rm -f "$dir/console.log" "$dir/verdicts" "${VM_FILES[$name,audit]}"
	mkdir -p "${VM_FILES[$name,share]}"
}

# What the guest's process 1 needs to know and may not be on the measured command line.
vm_write_guest() {
	local dir=${VM_DIR[$1]}/guest

	cp "$VM_TOP/scripts/vm-guest" "$dir/init"
	printf 'TOP=%q\nRELEASE=%q\nMODULES=%q\n' "$VM_TOP" "$2" "$3" >"$dir/env"
	rm -f "$dir/root.tar"
	[ ${#opt_ram[@]} = 0 ] || vm_write_root "$2" "$3" "$dir/root.tar"
}

# The module, what it and a guest need of the kernel's, and their indexes, as modprobe wants them.
vm_root_modules() {
	local release=$1 modules=$2 root=$3 stage=$VM_TOP/build/stage-$1 folder=lib/modules/$1

	mkdir -p "$root/$folder"
	(cd "$stage" && cp --parents "$folder"/modules.* "$folder"/updates/* "$root/")
	[ -d "$modules/kernel" ] || return 0
	{
		awk '{ name = $1; sub(/[.]ko.*/, "", name); sub(".*/", "", name) }
			name == "bastion"' "$stage/$folder/modules.dep" |
			tr -s ': ' '\n' | grep '^kernel/'
		# Algorithms are asked for by name.
		(cd "$modules" && find kernel/crypto kernel/arch/x86/crypto kernel/lib/crypto \
			-type f 2>/dev/null)
	} | sort -u | (cd "$modules" && xargs cp --parents -t "$root/$folder")
}

# A root for a guest that sleeps, through which no file system of the host's lasts: a shell, and
# the programs of opt_ram, at their own paths, with their libraries.
vm_write_root() {
	local release=$1 modules=$2 tar=$3 root file

	root=$(mktemp -d)
	mkdir -p "$root"/{dev,etc,proc,run,sys,tmp,"$VM_TOP"}
	for file in /bin/bash /bin/busybox /sbin/modprobe "${opt_ram[@]}"; do
		echo "$file"
		# What is no program has none.
		ldd "$file" 2>/dev/null | grep -o '/[^ ]*'
	done | sort -u | (cd / && xargs -I '{}' cp --parents --dereference '{}' "$root/")
	vm_root_modules "$release" "$modules" "$root"
	tar -C "$root" -cf "$tar" .
	rm -rf "$root"
}

# An emulated CPU sometimes trips over the kernel's patching of its own code, QEMU 7.2 over itself, a kernel
# takes its clock for a slower one, or the firmware gives up on a TPM that a busy host lets wait, long before
# there is a module: such a boot says nothing of what is to be tested. Two more, and it is told.
vm_start() {
	local left=2 status

	while :; do
		VM_DIED=
		vm_start_once "$@"
		status=$?
		[ "$status" = 125 ] && [ -n "$VM_DIED" ] && [ "$left" -gt 0 ] || return "$status"
		left=$((left - 1))
		vm_say "$1 is of no use before there was anything to run: once more"
	done
}
VM_DIED=

vm_start_once() {
	local name=$1
	local -A opt=()
	local -a opt_chips=() opt_sockets=() opt_faults=() opt_disks=() opt_ram=() opt_rest qemu=()
	local kernel release image initrd cmdline accel

	shift
	vm_parse "$@" || return
	[ ${#opt_rest[@]} = 0 ] || { vm_say "vm_start: what is ${opt_rest[0]}?"; return 2; }
	vm_choose_chip
	kernel=${opt[kernel]:-6.1}
	release=$(vm_kernel_release "$kernel") || return
	# What is called by its full name need not be looked for again.
	[ -d "$kernel" ] || [ "$kernel" = unstable ] || kernel=$release
	image=$("$VM_TOP/scripts/vm-kernel" "$kernel") || return
	# A bare kernel loses the ACPI tables, where the TPM is, when the firmware has measured.
	[ -z "${opt[tpm]:-}" ] || image=$(vm_kernel_image "$kernel") || return
	initrd=$("$VM_TOP/scripts/vm-initrd" "$kernel") || return
	accel=$(vm_accel "$kernel") || return
	cmdline="console=ttyS0 quiet panic=-1 log_buf_len=4M tsc=reliable clocksource=tsc"
	# The self-tests of every algorithm take half a minute on an emulated CPU.
	cmdline+=" cryptomgr.notests"
	# Where a program's pages are at other addresses each time, their code is translated anew.
	cmdline+=" norandmaps"
	# On a busy host the timer may miss the moment at which it is checked: a panic, for nothing.
	cmdline+=" no_timer_check"
	# Nobody survives an oops who is needed later. Who waits in the kernel for two minutes waits
	# forever. A panic says where it was; else a guest may just stand still. Of a mutant the tests say it.
	[ -n "${VM_MUTANT:-}" ] && [ ! -d "$kernel" ] || cmdline+=" oops=panic hung_task_panic=1"
	# Of the debug kernel; kmemleak in a leg of its own, since it slows down everything. Nothing that a checker
	# finds is survived, and what it says is on the console by then.
	[ ! -d "$kernel" ] || cmdline+=" kmemleak=${KMEMLEAK:-off} panic_on_warn=1 kasan.fault=panic loglevel=5"
	cmdline+="${opt[polling]:+ bastion.polling=1}${opt[append]:+ ${opt[append]}}"
	vm_claim "$name" || return
	if [ -z "${opt[no-chip]:-}" ] && [ $((${#opt_chips[@]} + ${#opt_sockets[@]})) = 0 ]; then
		opt_chips=("$(vm_default_chip "${VM_DIR[$name]}/foundry")/chip") || {
			vm_release "$name"
			return 1
		}
		VM_FILES[$name,chip]=${opt_chips[0]}
	fi
	vm_write_guest "$name" "$release" "$(vm_kernel_modules "$kernel")"
	VM_BOOT[$name]=$((VM_BOOT_SECONDS * $(vm_slowness "$kernel")))
	VM_SECONDS[$name]=$((${opt[timeout]:-600} * $(vm_slowness "$kernel")))
	VM_SILENCE[$name]=$((${opt[silence]:-${opt[timeout]:-600}} * $(vm_slowness "$kernel")))
	VM_REBOOTS[$name]=${opt[reboot]:-}
	VM_TPM[$name]=${opt[tpm]:-}
	# QEMU's MWAIT returns at once where there are several CPUs: an idle one would keep the host busy. A kernel
	# that hears of ERMS or FSRM copies and clears with instructions that are emulated a byte at a time.
	# shellcheck disable=SC2054 # commas are QEMU's
	qemu=(-machine q35 -accel "$accel" -cpu max,la57=off,monitor=off,erms=off,fsrm=off
		-smp "${opt[cpus]:-1}" -m "${opt[memory]:-1024}"
		-nodefaults -display none -global virtio-pci.disable-legacy=on
		-kernel "$image" -initrd "$initrd" -append "$cmdline")
	[ -n "${opt[reboot]:-}" ] || qemu+=(-no-reboot)
	[ -z "${opt[qmp]:-}" ] || qemu+=(-qmp "unix:${opt[qmp]},server=on,wait=off")
	if ! { vm_add_chips "$name" "$image,$initrd,$cmdline" && vm_add_ivshmem && vm_add_tpm "$name" &&
		vm_add_disks && vm_boot "$name"; }; then
		vm_release "$name"
		return 125
	fi
}

# What a guest that tests the machine itself talks to; appends to qemu.
vm_add_ports() {
	local name=$1 monitor=${VM_TMP[$1]}/monitor

	[ -n "${opt[ports]:-}" ] || return 0
	# shellcheck disable=SC2054 # commas are QEMU's
	qemu+=(-chardev "socket,id=control,path=${VM_FILES[$name,control]}"
		-device virtserialport,chardev=control,name=chip
		-chardev "socket,id=monitor,path=$monitor,server=on,wait=off" -mon chardev=monitor,mode=control
		-chardev "socket,id=monitor-port,path=$monitor"
		-device virtserialport,chardev=monitor-port,name=monitor)
}

# Adds what every guest has, starts QEMU, waits until the guest listens.
vm_boot() {
	local name=$1 tmp=${VM_TMP[$1]} console to from
	local p9="security_model=none,multidevs=remap"

	mkfifo "$tmp/command.in" "$tmp/command.out"
	exec {to}<>"$tmp/command.in" {from}<>"$tmp/command.out"
	VM_TO[$name]=$to
	VM_FROM[$name]=$from
	console=file,path=${VM_FILES[$name,console]}
	[ -z "${VM_STDIO:-}" ] || console=stdio,signal=off,logfile=${VM_FILES[$name,console]}
	# shellcheck disable=SC2054 # commas are QEMU's
	qemu+=(-chardev "$console,id=console" -serial chardev:console
		-chardev "file,id=verdicts,path=${VM_FILES[$name,verdicts]}" -serial chardev:verdicts
		-chardev "pipe,id=command,path=$tmp/command"
		-device virtio-serial-pci -device "virtserialport,chardev=command,name=command"
		-fsdev "local,id=root,path=/,readonly=on,$p9"
		-device virtio-9p-pci,fsdev=root,mount_tag=root
		-fsdev "local,id=vm,path=${VM_DIR[$name]}/guest,readonly=on,$p9"
		-device virtio-9p-pci,fsdev=vm,mount_tag=vm
		-fsdev "local,id=share,path=${VM_FILES[$name,share]},$p9"
		-device virtio-9p-pci,fsdev=share,mount_tag=share)
	vm_add_ports "$name"
	qemu-system-x86_64 "${qemu[@]}" <&"${VM_STDIO:-${VM_NULL}}" 2>"${VM_DIR[$name]}/qemu.log" &
	VM_QEMU[$name]=$!
	vm_wait_ready "$name"
}
exec {VM_NULL}</dev/null

vm_wait_ready() {
	local line='' begun=$SECONDS took

	VM_DEADLINE=$((SECONDS + VM_BOOT[$1]))
	while vm_read_line "$1" line; do
		[[ $line =~ ^READY\ ([0-9]+)(\ measured)?$ ]] || continue
		took=$((SECONDS - begun))
		if [ "${BASH_REMATCH[1]}" -gt $((2 * took + 10)) ]; then
			# An emulated TSC that was compared with an emulated timer, on a busy host
			VM_DIED=clock
			vm_say "the clock of guest $1 runs too fast: it says ${BASH_REMATCH[1]} s after $took"
			return 1
		fi
		if [ -n "${VM_TPM[$1]:-}" ] && [ -z "${BASH_REMATCH[2]:-}" ]; then
			VM_DIED=firmware
			vm_say "the firmware of guest $1 did not measure into its TPM"
			return 1
		fi
		return 0
	done
	vm_explain "$1"
	if kill -0 "${VM_QEMU[$1]}" 2>/dev/null; then
		# Two emulated CPUs of QEMU 7.2 may trap for ever at an instruction that was patched long since.
		VM_DIED=stuck
		vm_say "guest $1 was not up in ${VM_BOOT[$1]} s"
		return 1
	fi
	wait "${VM_QEMU[$1]}"
	VM_DIED=$?
	vm_say "guest $1 did not come up: QEMU ended with $VM_DIED$({
		tail -n 1 "${VM_DIR[$1]}/qemu.log"
		vm_panic "$1"
	} 2>/dev/null | sed 's/^/, /' | paste -s -d '')"
	return 1
}

# One line from the guest into the variable that $2 names; fails when the guest is gone or VM_DEADLINE has passed.
vm_read_line() {
	local name=$1 part='' text='' dead=''
	local -n into=$2

	while :; do
		if IFS= read -r -t 1 part <&"${VM_FROM[$name]}"; then
			into=$text$part
			return 0
		fi
		text+=$part
		if [ -n "$dead" ] || [ "$SECONDS" -ge "$VM_DEADLINE" ]; then
			break
		fi
		# What it wrote before it died is read first.
		kill -0 "${VM_QEMU[$name]}" 2>/dev/null || dead=1
	done
	# shellcheck disable=SC2034
	into=$text
	return 1
}

# What a kernel said before it panicked, and that: a report of KASAN's is long. With "loaded", of one that had a
# module which is not the kernel's own, as it says of itself when it panics.
vm_panic_log() {
	awk -v loaded="${2:-}" '
		function said() {
			if (loaded && !tainted)
				return 0
			for (i = lines > 100 ? lines - 100 : 1; i <= lines; i++)
				print text[i]
			return 1
		}
		{ gsub(/\r/, ""); text[++lines] = $0; delete text[lines - 101] }
		/CPU: .* Tainted: [A-Z ]*O/ { tainted = 1 }
		/Kernel panic/ && !left { left = 3 }
		left && !--left { if (said()) exit; lines = tainted = 0 }
		END { if (left) said() }' "${VM_FILES[$1,console]}" 2>/dev/null
}

# The same in a line: the last complaints, where it was, and the panic; nothing when it did not
vm_panic() {
	vm_panic_log "$@" | sed 's/^\[[^]]*\] *//' | awk '
		/Call Trace:/ { where = ""; calls = 0 }
		/^[a-zA-Z_][a-zA-Z0-9_.]*\+0x/ && calls < 8 { sub(/\+.*/, ""); where = where (calls++ ? " < " : "in ") $0 }
		/WARNING:|BUG|UBSAN:|Oops|INFO: task|general protection/ { print }
		/Kernel panic/ { if (calls) print where; print }' | tail -n 4 | paste -s -d ';'
}

# Why there was no verdict: the ends of the logs. Of which panic, as vm_panic_log.
vm_explain() {
	local file

	for file in qemu.log console.log; do
		[ -s "${VM_DIR[$1]}/$file" ] || continue
		vm_say "the end of ${VM_DIR[$1]}/$file:"
		if [ "$file" = console.log ] && [ -n "$(vm_panic "$@")" ]; then
			vm_panic_log "$@" >&2
		else
			tail -n 25 "${VM_DIR[$1]}/$file" >&2
		fi
	done
}

# When there must be one more line from guest $1, whose command has until $2
vm_deadline() {
	VM_DEADLINE=$((SECONDS + VM_SILENCE[$1]))
	[ "$VM_DEADLINE" -le "$2" ] || VM_DEADLINE=$2
}

vm_run() {
	local name=$1 nonce line='' status='' panic='' end

	[ -n "${VM_DIR[$name]:-}" ] || { vm_say "$name does not run"; return 125; }
	nonce=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
	end=$((SECONDS + VM_SECONDS[$name]))
	vm_deadline "$name" "$end"
	printf 'RUN %s %s\n' "$nonce" "$(printf %s "$2" | base64 -w 0)" >&"${VM_TO[$name]}"
	while vm_read_line "$name" line; do
		if [[ $line == *"$nonce" ]]; then
			printf %s "${line%"$nonce"}"
			status=$(vm_verdict "$name" "$nonce") && return "$status"
			break
		fi
		# With --reboot a kernel that panics comes back.
		if [[ $line =~ ^READY\  ]]; then
			panic=$(vm_panic "$name")
			[ -z "$panic" ] || break
		fi
		printf '%s\n' "$line"
		vm_deadline "$name" "$end"
	done
	[ -z "$line" ] || printf '%s\n' "$line"
	if [ -z "$panic" ] && kill -0 "${VM_QEMU[$name]}" 2>/dev/null; then
		vm_say "guest $name gave no verdict within ${VM_SECONDS[$name]} s, or said nothing for ${VM_SILENCE[$name]} s"
	else
		panic=$(vm_panic "$name")
		vm_say "guest $name died before it gave a verdict${panic:+: $panic}"
	fi
	vm_explain "$name"
	return 125
}

# The verdict port is believed, and only with the nonce. It comes a moment after the output.
vm_verdict() {
	local end=$((SECONDS + 60))

	while [ "$SECONDS" -lt "$end" ]; do
		sed -n "s/^RESULT $2 \\([0-9]\\{1,3\\}\\)\\r\\?\$/\\1/p" "${VM_FILES[$1,verdicts]}" | grep . && return
		sleep 0.05
	done
	return 1
}

# The firmware resets the machine a few times more on its way: to the chip, each is a power cycle. A kernel that
# panics before there is a module does so as well, and then comes back: that is what vm_start boots again for.
vm_reboot() {
	local panic

	[ -n "${VM_REBOOTS[$1]:-}" ] || { vm_say "$1 was not started with --reboot"; return 1; }
	echo REBOOT >&"${VM_TO[$1]}"
	vm_wait_ready "$1" || return
	panic=$(vm_panic "$1" loaded)
	if [ -n "$panic" ]; then
		vm_explain "$1" loaded
		vm_say "guest $1 panicked on its way: $panic"
		return 1
	fi
}

vm_stop() {
	local i

	[ -n "${VM_DIR[$1]:-}" ] || return 0
	if kill -0 "${VM_QEMU[$1]}" 2>/dev/null; then
		echo OFF >&"${VM_TO[$1]}"
		for ((i = 0; i < 200; i++)); do
			kill -0 "${VM_QEMU[$1]}" 2>/dev/null || break
			sleep 0.05
		done
	fi
	vm_release "$1"
}

vm_end() {
	local i

	for ((i = 0; i < 100; i++)); do
		kill "$1" 2>/dev/null || break
		sleep 0.05
	done
	kill -KILL "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

# Ends what runs for the guest at once, and forgets it. Logs stay.
vm_release() {
	local name=$1 pid fd

	for pid in ${VM_QEMU[$name]:-} ${VM_CHIPS[$name]:-}; do
		vm_end "$pid"
	done
	for fd in "${VM_TO[$name]:-}" "${VM_FROM[$name]:-}" "${VM_LOCK[$name]:-}"; do
		[ -z "$fd" ] || exec {fd}>&-
	done
	rm -rf "${VM_TMP[$name]:?}"
	unset "VM_DIR[$name]" "VM_TMP[$name]" "VM_TO[$name]" "VM_FROM[$name]" "VM_QEMU[$name]" \
		"VM_CHIPS[$name]" "VM_LOCK[$name]"
	return 0
}

vm_stop_all() {
	local name

	for name in "${!VM_DIR[@]}"; do
		vm_release "$name"
	done
}
trap vm_stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

vm_file() {
	echo "${VM_FILES[$1,$2]}"
}
