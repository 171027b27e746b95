# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# Processes that a test or a demonstration starts, and waiting without sleeping for luck.
#
#   process_start COMMAND [ARG...]       in the background; sets process_pid.  Redirections are
#                                        the caller's.
#   process_add PID                      one that was started otherwise: to be ended at exit, too
#   process_stop PID                     ends one (TERM, after ten seconds KILL) and reaps it
#   process_forget PID                   the caller has reaped it
#   process_stop_all                     ends all that are left; call it at exit
#   wait_for SECONDS COMMAND [ARG...]    true as soon as the command succeeds, false at the deadline
#   process_ended PID                    gone, or a zombie that only has to be reaped
#   process_maps PID REGEX               whether a mapping's path matches (grep -E)
#
# Only processes started here are ever ended, by their pid, and only while that is still theirs: the
# start time must be the same.

process_list= # of PID:START-TIME

# Without "<&0" the shell would give it /dev/null in the place of the caller's redirection.
process_start() {
	"$@" <&0 &
	process_pid=$!
	process_add "$process_pid"
}

# In clock ticks since the boot: proc(5), the 22nd field.  The name before it may hold anything.
process_born() {
	sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20
}

process_add() {
	process_list="$process_list $1:$(process_born "$1")"
}

process_is_ours() {
	for process_each in $process_list; do
		[ "$process_each" != "$1:$(process_born "$1")" ] || return 0
	done
	return 1
}

process_ended() {
	process_state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p; s/^Threads:[[:space:]]*/ /p' \
		"/proc/$1/status" 2>/dev/null | tr -d '\n')
	# A first thread that has ended before the others is a zombie, too.
	[ -z "$process_state" ] || [ "$process_state" = 'Z 1' ]
}

process_forget() {
	process_left=
	for process_each in $process_list; do
		[ "${process_each%%:*}" = "$1" ] || process_left="$process_left $process_each"
	done
	process_list=$process_left
}

process_stop() {
	if process_is_ours "$1"; then
		kill -TERM "$1" 2>/dev/null
		wait_for 10 process_ended "$1" || ! process_is_ours "$1" || kill -KILL "$1" 2>/dev/null
	fi
	process_forget "$1"
	wait "$1" 2>/dev/null
	return 0
}

process_stop_all() {
	for process_one in $process_list; do
		process_stop "${process_one%%:*}"
	done
}

process_maps() {
	grep -Eq -e "$2" "/proc/$1/maps"
}

wait_for() {
	wait_until=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$wait_until" ] || return 1
		sleep 0.05
	done
}
