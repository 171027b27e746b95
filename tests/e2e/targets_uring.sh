#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Processes with worker threads of io_uring, which never leave the kernel: they are left alone.  What
# they do goes on, and ends well.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

adding_fix fix victim_number 101
victim_program uring
victim_program=./uring
enosys=38
eperm=1

# has_worker PID NAME: a thread of that name, as iou-wrk
has_worker() {
	grep -q "^$2-" "/proc/$1"/task/*/comm
}

# The processor time of its first worker of that name, in clock ticks.
worker_time() {
	for folder in "/proc/$1"/task/*; do
		! grep -q "^$2-" "$folder/comm" || sed 's/.*) //' "$folder/stat" | cut -d ' ' -f 13
	done
}

is_busy() {
	busy_time=$(worker_time "$1" "$2")
	sleep 0.3
	[ "$(worker_time "$1" "$2")" -gt "$busy_time" ]
}

# in_and_out NAME KIND [OPTION VALUE]: applied, in effect, reverted
in_and_out() {
	run "$ulp" trigger -p "$victim_pid" --timeout 10 ${3:+"$3" "$4"} fix.so
	tap_is "$2: apply" 0 "$status"
	tap_ok "$2: effect" answers "$1" 105 number 4
	run revert "$victim_pid" fix.so --timeout 10
	tap_is "$2: revert" 0 "$status"
	tap_ok "$2: reverted" answers "$1" 5 number 4
}

victim_start idle
made=$(ask idle ring)
case $made in
"-$enosys" | "-$eperm") tap_skip_all "io_uring_setup(2) is not permitted here: $made" ;;
esac
tap_is 'a ring is made' 0 "$made"

# Since Linux 5.12; its idle time is five seconds.
tap_ok 'idle: an operation' answers idle 0 nop
has_worker "$victim_pid" iou-wrk || tap_skip_all 'workers of io_uring are no threads of the process'
in_and_out idle 'idle'
tap_ok 'idle: one more operation' answers idle 0 nop
process_stop "$victim_pid"

cp "$runtime" libpulp.so.0
victim_preload='' victim_start injected
tap_ok 'injected: a ring' answers injected 0 ring
tap_ok 'injected: an operation' answers injected 0 nop
in_and_out injected 'injected' --inject --runtime="$tap_dir/libpulp.so.0"
process_stop "$victim_pid"

mkfifo opened.fifo
victim_start opening
tap_ok 'opening: a ring' answers opening 0 ring
tap_ok 'opening: a FIFO that nobody has open' answers opening 0 open opened.fifo
tap_ok 'opening: by a worker' wait_for 20 has_worker "$victim_pid" iou-wrk
in_and_out opening 'opening'
timeout "$answer_seconds" sh -c 'printf A >opened.fifo' &
process_add "$!"
tap_ok 'opening: it is open, and a byte comes' answers opening 65 opened
process_stop "$victim_pid"

victim_start polling
tap_ok 'polling: a ring' answers polling 0 poll
tap_ok 'polling: an operation' answers polling 0 polled
tap_ok 'polling: there is a thread for it' has_worker "$victim_pid" iou-sqp
tap_ok 'polling: it is busy' is_busy "$victim_pid" iou-sqp
in_and_out polling 'polling'
tap_ok 'polling: one more operation' answers polling 0 polled
tap_ok 'polling: it is busy still' is_busy "$victim_pid" iou-sqp
process_stop "$victim_pid"

victim_start churning
tap_ok 'churning: rings' answers churning 0 churn
for round in 1 2 3 4 5; do
	in_and_out churning "churning, round $round"
done
churned=$(ask churning churned)
more_churned() {
	[ "$(ask churning churned)" -gt "$churned" ]
}
tap_ok 'churning: it goes on' wait_for 20 more_churned
process_stop "$victim_pid"
tap_done
