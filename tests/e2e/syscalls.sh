#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Blocking system calls go on as if nothing had happened: threads sit in every kind of them while
# their process is patched and reverted; then each call is ended by its proper event, or by its time,
# and gives what it must: no EINTR, no wake-up lost, no time too short.  First all of them in the
# threads of one process; then each in the first thread of a process of its own, which is the thread
# that is borrowed for system calls.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

cycles=${ULP_SYSCALL_CYCLES:-2}

victim_program=syscalls
# shellcheck disable=SC2086
must "$gcc" $victim_cflags -o syscalls "$victims/syscalls.c" "$victims/syscalls_data.c" \
	"$victims/syscalls_wait.c" "$victims/syscalls_ipc.c" lib/libvictim.so.1 -pthread -lrt -lutil
for fix in first second; do
	adding_fix $fix victim_number 101
done

all_blocked() {
	[ "$(ask "$1" blocked)" -eq "$(ask "$1" waiting)" ]
}

# Each call is stopped at least twice in each cycle; a new container borrows a thread as well.
all_cycles() {
	for n in $(seq "$cycles"); do
		for change in 'first.so' 'second.so' '--revert first.so' '--revert second.so'; do
			# shellcheck disable=SC2086
			"$ulp" trigger -p "$1" --timeout 60 $change >cycle.out 2>cycle.err &&
				grep -q '0 skipped, 0 failed' cycle.out && continue
			echo "# cycle $n: $change"
			sed 's/^/# /' cycle.out cycle.err
			return 1
		done
	done
}

# Results in $name.results: "ok|other|wrong|skip", the call, why
report_results() {
	while IFS='	' read -r result call why; do
		case $result in
		ok) tap_report 0 "$2: $call" ;;
		other) tap_report 0 "$2: $call: a part, or EALREADY, as libpulp(7) says" ;;
		skip) tap_skip "$2: $call" "$why" ;;
		*)
			tap_report 1 "$2: $call"
			echo "# $why"
			;;
		esac
	done <"$1.results"
}

# round NAME together|apart WHOM
round() {
	victim_program=./syscalls
	victim_start "$1"
	tap_ok "$2: there are calls" [ "$(ask "$1" "$2")" -gt 50 ]
	tap_ok "$2: those that wait for an event are blocked" wait_for 60 all_blocked "$1"
	tap_ok "$2: applied and reverted $cycles times, two patches each" all_cycles "$3"
	tap_ok "$2: they are still blocked" wait_for 60 all_blocked "$1"
	echo "# $(ask "$1" waiting) calls wait for an event"
	tap_is "$2: none went wrong" 0 "$(ask "$1" finish)"
	report_results "$1" "$2"
	process_stop "$victim_pid"
}

together=t$$
apart=a$$
round "$together" together "$together"
round "$apart" apart "$apart"
tap_done
