# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# A program that answers questions about faults of a library it runs on, and what fixes do to it:
# what tests/e2e/fixes_openssl.sh and tests/e2e/fixes_glibc.sh share.  Needs tap.sh and $work.
#
#   faults_start COMMAND [ARG...]   starts the program; sets faults_pid
#   faults_ask QUESTION             prints its answer
#   faults_goes_on                  whether what it does without pause goes on, without a fault
#   faults_end                      lets it end; true if its status is 0
#   fix_goes_in PID CONTAINER       ulp trigger, with ulp check afterwards
#   fix_goes_out PID CONTAINER      the same for its revert

faults_seconds=60

faults_start() {
	mkfifo "$work/ask" "$work/answer" || tap_bail "no FIFO can be made"
	# Opened for reading and writing, so that neither side waits for the other.
	exec 8<>"$work/ask" 9<>"$work/answer"
	process_start "$@" <"$work/ask" >"$work/answer" 2>"$work/faults.err" 8>&- 9>&-
	faults_pid=$process_pid
}

faults_ask() {
	local line="(no answer)"
	echo "$1" >&8
	read -r -t "$faults_seconds" line <&9
	printf '%s\n' "$line"
}

faults_rounds() {
	faults_ask works | sed -n 's/^faults 0, rounds \([0-9]*\)$/\1/p'
}

faults_has_reached() {
	[ "$(faults_rounds)" -gt "$1" ]
}

faults_goes_on() {
	local now
	now=$(faults_rounds)
	[ -n "$now" ] && wait_for "$faults_seconds" faults_has_reached "$((now + 2))" && return
	echo "# $(faults_ask works)"
	sed 's/^/# /' "$work/faults.err"
	return 1
}

faults_end() {
	local status=0
	echo end >&8
	wait_for "$faults_seconds" process_ended "$faults_pid" || return
	wait "$faults_pid" || status=$?
	process_forget "$faults_pid"
	return "$status"
}

fix_goes_in() {
	run ulp trigger -p "$1" "$2"
	[ "$status" -eq 0 ] && run ulp check -p "$1" "$2" && [ "$status" -eq 0 ]
}

fix_goes_out() {
	run ulp trigger -p "$1" --revert "$2"
	[ "$status" -eq 0 ] && run ulp check -p "$1" "$2" && [ "$status" -eq 1 ]
}
