# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Where kernels are, and how a module is built for one, for bash scripts on the host. Source it.
#
# KERNEL is a release (6.1.0-32-amd64), its beginning (6.1), the folder of a built kernel, or
# "unstable": the newest of Debian unstable, which scripts/unstable-kernel fetches. $UNSTABLE
# is its folder; else it is the one that was fetched last.
#
#	vm_kernel_release KERNEL	prints its release
#	vm_kernel_image KERNEL		path of what boots
#	vm_kernel_modules KERNEL	path of the folder with its modules
#	kernel_mirror DIR FILE...	puts links to bastion's sources there, and to FILEs, its Kbuild or another
#					module's, for kernel_make
#	kernel_make KERNEL DIR [--clang] [ARGUMENT...]	builds the module whose sources, or links into
#					the checkout, are in DIR; by Clang instead of the kernel's compiler.
#					$WARNINGS: make's W, if not 1e (the first group are errors)

KERNEL_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# What a system's service has is no HOME, and of PATH what users have.
KERNEL_CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/bastion
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

kernel_say() {
	echo "${0##*/}: $*" >&2
}

kernel_unstable() {
	local dir=${UNSTABLE:-$KERNEL_CACHE/linux-unstable}

	[ -e "$dir/release" ] ||
		{ kernel_say "unstable's kernel is not here: run scripts/unstable-kernel"; return 1; }
	realpath "$dir"
}

# Of images, one in a line, that which is meant: the newest. Clouds' and PREEMPT_RT's are if there are no others.
kernel_newest() {
	sort -V | awk '{ last = $0 } /[0-9]-amd64$/ { plain = $0 } END { print plain ? plain : last }'
}

vm_kernel_release() {
	local image

	if [ -d "$1" ]; then
		cat "$1/include/config/kernel.release"
		return
	elif [ "$1" = unstable ]; then
		image=$(kernel_unstable) && cat "$image/release"
		return
	elif [ -e "/boot/vmlinuz-$1" ]; then
		echo "$1"
		return
	fi
	image=$(find /boot -name "vmlinuz-$1" -o -name "vmlinuz-$1.*" -o -name "vmlinuz-$1-*" |
		kernel_newest)
	[ -n "$image" ] || { kernel_say "no kernel $1 in /boot: run scripts/setup"; return 1; }
	echo "${image#/boot/vmlinuz-}"
}

vm_kernel_image() {
	local release

	release=$(vm_kernel_release "$1") || return
	if [ -d "$1" ]; then
		echo "$1/arch/x86/boot/bzImage"
	elif [ "$1" = unstable ]; then
		echo "$(kernel_unstable)/usr/lib/modules/$release/vmlinuz"
	else
		echo "/boot/vmlinuz-$release"
	fi
}

vm_kernel_modules() {
	local release

	release=$(vm_kernel_release "$1") || return
	if [ "$1" = unstable ]; then
		echo "$(kernel_unstable)/usr/lib/modules/$release"
	else
		echo "/lib/modules/$release"
	fi
}

# Runs COMMAND... with the files of ROOT/usr for this machine's own, and no other files of it but
# /dev, /proc and the given folders: kernel_within ROOT DIR... -- COMMAND...
kernel_within() {
	local -a as=()

	[ "$(id -u)" = 0 ] || as=(--map-root-user)
	# shellcheck disable=SC2016 # the shell within expands it
	unshare --mount "${as[@]}" bash -c '
		set -e
		root=$1 new=$1/enter
		shift
		mount -t tmpfs -o mode=755 tmpfs "$new"
		mkdir "$new"/{usr,tmp}
		for dir in bin lib lib64 sbin; do
			ln -s "usr/$dir" "$new/$dir"
		done
		mount --rbind "$root/usr" "$new/usr"
		while [ "$1" != -- ]; do
			mkdir -p "$new$1"
			mount --rbind "$1" "$new$1"
			shift
		done
		shift
		exec chroot "$new" "$@"' bash "$1" /dev /proc "${@:2}"
}

# Only who builds with it needs it, longer runs.
kernel_setup_clang() {
	"$KERNEL_TOP/scripts/setup" clang-19 lld-19 llvm-19
}

# Which Clang there is for KERNEL: Debian 12's newest, or unstable's own.
kernel_clang() {
	local root

	if [ "$1" = unstable ]; then
		root=$(kernel_unstable) && basename "$(readlink "$root/usr/bin/clang")"
	else
		echo clang-19
	fi
}

# Headers come without Kconfig, configured for GCC: this is what would have been found with Clang.
# What structures look like is not among it. scripts/clang-config.h has what C sees.
kernel_clang_arguments() {
	local clang

	clang=$(kernel_clang "$1") || return
	[ "$1" = unstable ] || kernel_setup_clang >&2 || return
	printf '%s\n' "LLVM=-${clang#clang-}" "CC=$clang" CONFIG_CC_IS_GCC= CONFIG_GCC_VERSION=0 \
		CONFIG_CC_IS_CLANG=y "CONFIG_CLANG_VERSION=${clang#clang-}0000" \
		CONFIG_CC_IMPLICIT_FALLTHROUGH=-Wimplicit-fallthrough \
		CONFIG_CC_NO_ARRAY_BOUNDS= CONFIG_CC_NO_STRINGOP_OVERFLOW= \
		CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT= CONFIG_CC_OPT_INLINE_MEMSET= \
		CONFIG_UBSAN_BOUNDS_STRICT= CONFIG_CC_HAS_COUNTED_BY_PTR= \
		CONFIG_FTRACE_MCOUNT_USE_CC= CONFIG_FTRACE_MCOUNT_USE_OBJTOOL=y \
		CONFIG_HAVE_OBJTOOL_NOP_MCOUNT=
}

# Objects go beside sources, so the sources are mirrored by links. Nobody else does, or builds there, before
# this process ends: lanes of the tests build for the same kernel at once, and one would miss a link that
# another just replaces.
kernel_mirror() {
	local out=$1 held

	shift
	mkdir -p "$out"
	exec {held}<"$out"
	flock "$held"
	find "$out" -xtype l -delete
	cp --recursive --symbolic-link --force "$@" "$KERNEL_TOP/kmod" "$KERNEL_TOP/include" "$out/"
}

kernel_make() {
	local kernel=$1 out=$2 release tree arguments flags
	local -a run=() with=()

	shift 2
	release=$(vm_kernel_release "$kernel") || return
	tree=/lib/modules/$release/build
	flags=-ffile-prefix-map=$out=.
	if [ -d "$kernel" ]; then
		tree=$(cd "$kernel" && pwd)
	elif [ "$kernel" = unstable ]; then
		run=(kernel_within "$(kernel_unstable)" "$KERNEL_TOP" "$out" --)
	elif [ ! -d "$tree" ]; then
		kernel_say "no headers for $release: run scripts/setup"
		return 1
	fi
	if [ "${1:-}" = --clang ]; then
		shift
		arguments=$(kernel_clang_arguments "$kernel") || return
		mapfile -t with <<<"$arguments"
		# In this variable it comes before all other headers.
		with+=("NOSTDINC_FLAGS=-nostdinc -include $KERNEL_TOP/scripts/clang-config.h")
	fi
	# BTF needs the kernel's vmlinux, which not every package has. Warnings, more than usual, are errors.
	"${run[@]}" make --no-print-directory -s -C "$tree" M="$out" CONFIG_DEBUG_INFO_BTF_MODULES= \
		KCFLAGS="$flags" W="${WARNINGS-1e}" "${with[@]}" "$@" modules
}
