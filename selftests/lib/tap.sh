# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# TAP for tests in bash. Source it, say how many results there will be, then give
# exactly as many:
#
#	. "$(dirname "$0")/../lib/tap.sh"
#	plan 3
#	is "$(cat state)" locked "the gate is locked at first"
#	succeeds "the module loads" modprobe bastion
#	expect_errno EACCES "another user is refused" runuser -u nobody bastionctl release x
#
# Each function below that takes a NAME gives one result, and returns 0 when it
# is "ok". What a checked command printed is shown when the result is "not ok".

# What commands say, sort and count is compared here: it is the same in every language.
export LC_ALL=C.UTF-8 LANGUAGE=

tap_count=0
tap_failed=0
tap_planned=

plan() {
	tap_planned=$1
	echo "TAP version 13"
	echo "1..$1"
}

# plan_skip REASON: ends the test; none of it applies here.
plan_skip() {
	echo "TAP version 13"
	echo "1..0 # SKIP $*"
	exit 4
}

bail() {
	echo "Bail out! $*"
	exit 1
}

diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# ok NAME
ok() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1"
}

# not_ok NAME [EXPLANATION]: with TAP_STOP=1, the test ends there
not_ok() {
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $1"
	[ -z "${2:-}" ] || diag "$2"
	[ -z "${TAP_STOP:-}" ] || exit 1
	return 1
}

# skip NAME REASON
skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# skips COUNT NAME REASON: that many results
skips() {
	local i

	for ((i = 0; i < $1; i++)); do
		skip "$2" "$3"
	done
}

# is GOT WANTED NAME
is() {
	if [ "$1" = "$2" ]; then
		ok "$3"
	else
		not_ok "$3" "got:    $1"$'\n'"wanted: $2"
	fi
}

# isnt GOT UNWANTED NAME
isnt() {
	if [ "$1" != "$2" ]; then
		ok "$3"
	else
		not_ok "$3" "got what is not wanted: $1"
	fi
}

# like GOT REGEX NAME
like() {
	if grep -qE -- "$2" <<<"$1"; then
		ok "$3"
	else
		not_ok "$3" "got:           $1"$'\n'"wanted a line: $2"
	fi
}

# unlike GOT REGEX NAME
unlike() {
	if grep -qE -- "$2" <<<"$1"; then
		not_ok "$3" "got:             $1"$'\n'"wanted no line: $2"
	else
		ok "$3"
	fi
}

# Runs "$@", without input; leaves tap_output and tap_status.
tap_run() {
	tap_status=0
	tap_output=$("$@" 2>&1 </dev/null) || tap_status=$?
}

# succeeds NAME COMMAND...
succeeds() {
	tap_run "${@:2}"
	if [ "$tap_status" = 0 ]; then
		ok "$1"
	else
		not_ok "$1" "${*:2}: exited with $tap_status"$'\n'"$tap_output"
	fi
}

# exits STATUS NAME COMMAND...
exits() {
	tap_run "${@:3}"
	if [ "$tap_status" = "$1" ]; then
		ok "$2"
	else
		not_ok "$2" "${*:3}: exited with $tap_status, not $1"$'\n'"$tap_output"
	fi
}

# strerror(3), for what the project's commands may meet.
tap_strerror() {
	case $1 in
	EPERM) echo "Operation not permitted" ;;
	ENOENT) echo "No such file or directory" ;;
	EINTR) echo "Interrupted system call" ;;
	EIO) echo "Input/output error" ;;
	E2BIG) echo "Argument list too long" ;;
	EAGAIN) echo "Resource temporarily unavailable" ;;
	ENOMEM) echo "Cannot allocate memory" ;;
	EACCES) echo "Permission denied" ;;
	EFAULT) echo "Bad address" ;;
	EBUSY) echo "Device or resource busy" ;;
	EEXIST) echo "File exists" ;;
	ENODEV) echo "No such device" ;;
	EINVAL) echo "Invalid argument" ;;
	ENOTTY) echo "Inappropriate ioctl for device" ;;
	EBADMSG) echo "Bad message" ;;
	EOPNOTSUPP) echo "Operation not supported" ;;
	ESHUTDOWN) echo "Cannot send after transport endpoint shutdown" ;;
	ETIMEDOUT) echo "Connection timed out" ;;
	ESTALE) echo "Stale file handle" ;;
	EDQUOT) echo "Disk quota exceeded" ;;
	ENOKEY) echo "Required key not available" ;;
	EKEYEXPIRED) echo "Key has expired" ;;
	EKEYREVOKED) echo "Key has been revoked" ;;
	EKEYREJECTED) echo "Key was rejected by service" ;;
	*) bail "tap.sh does not know $1" ;;
	esac
}

# expect_errno ERRNO NAME COMMAND...: it fails, and says why in strerror's words or by the symbol.
expect_errno() {
	local text

	text=$(tap_strerror "$1")
	tap_run "${@:3}"
	if [ "$tap_status" = 0 ]; then
		not_ok "$2" "${*:3}: succeeded, where $1 was expected"$'\n'"$tap_output"
	elif grep -qwF -e "$text" -e "$1" <<<"$tap_output"; then
		ok "$2"
	else
		not_ok "$2" "${*:3}: failed, but not with $1 ($text)"$'\n'"$tap_output"
	fi
}

# until_true SECONDS COMMAND...: polls COMMAND until it succeeds; fails when it never does.
until_true() {
	local deadline=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$deadline" ] || return 1
		sleep 0.1
	done
}

# Ends a test: exit status 1 when something failed or is missing. Without it, the
# plan tells whoever counts.
done_testing() {
	[ "$tap_failed" = 0 ] && [ "$tap_count" = "${tap_planned:-0}" ]
	exit
}
