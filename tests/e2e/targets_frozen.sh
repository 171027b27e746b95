#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Threads in uninterruptible sleep (state D), which no signal and no tracer wakes: they write to a
# file system that is frozen.  A change gives up in time, names the thread and leaves all as it
# was; it waits for one that goes on by itself; the write never notices.
#
# What is frozen is only an image of this test's own, mounted in a mount namespace of its own.  It
# is thawed when the test ends, however it ends: by its trap, or by a guard that watches it and that
# thaws after two minutes in any case.
if [ "${1-}" != --inside ]; then
	unshare --mount --propagation private true 2>/dev/null || {
		echo '1..0 # SKIP no mount namespace can be made here'
		exit 0
	}
	exec unshare --mount --propagation private sh "$0" --inside
fi
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

frozen=$tap_dir/frozen

thaw() {
	fsfreeze --unfreeze "$frozen" 2>/dev/null
	[ -z "${guard:-}" ] || process_stop "$guard"
	guard=
}

# Before the processes are ended: one in uninterruptible sleep cannot be.
give_back() {
	thaw
	! mountpoint -q "$frozen" || umount --lazy "$frozen"
}
tap_at_exit=give_back

# is_own: what is at $frozen is the image, not the file system around it
is_own() {
	mountpoint -q "$frozen" && [ "$(stat -c %d "$frozen")" != "$(stat -c %d "$tap_dir")" ]
}

freeze() {
	is_own || tap_bail 'the image is not mounted'
	process_start setsid sh -c '
		for _ in $(seq 1200); do
			kill -0 "$1" || break
			sleep 0.1
		done
		fsfreeze --unfreeze "$2"' sh $$ "$frozen" >/dev/null 2>&1
	guard=$process_pid
	fsfreeze --freeze "$frozen" 2>freeze.err
}

mkdir "$frozen"
truncate -s 4M image
mkfs.ext4 -q -F image 2>mkfs.err || tap_skip_all 'no ext4 file system can be made here'
mount -o loop image "$frozen" 2>mount.err || tap_skip_all 'no image can be mounted here'
touch "$frozen/file"
freeze || tap_skip_all "no file system can be frozen here: $(cat freeze.err)"
thaw

adding_fix fix victim_number 101
# shellcheck disable=SC2086
must "$gcc" $victim_cflags -o family "$victims/family.c" lib/libvictim.so.1 -pthread
victim_program=./family

# sleeps PID TID: in uninterruptible sleep
sleeps() {
	grep -q '^State:[[:space:]]*D' "/proc/$1/task/$2/status"
}

traced() {
	grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$1/status"
}

not_traced() {
	grep -q '^TracerPid:[[:space:]]*0' "/proc/$1/status"
}

# Where things are mapped, and the function's code.
process_image() {
	cut -d ' ' -f 1,2,6- "/proc/$1/maps"
	peek "$1" "$(function_address "$1" victim_number)" 32
}

# held_up NAME TID: the change of the victim gives up because of that thread; nothing has changed
held_up() {
	tap_ok "$1: it sleeps" wait_for 20 sleeps "$victim_pid" "$2"
	process_image "$victim_pid" >before
	run "$ulp" trigger -p "$victim_pid" --timeout 2 fix.so
	tap_is "$1: status" 6 "$status"
	tap_has "$1: names the thread and its state" out \
		"^ERROR   pid $victim_pid .*: fix\\.so: .*thread $2 did not stop: .*uninterruptible sleep"
	process_image "$victim_pid" >after
	tap_ok "$1: code and mappings are as they were" cmp before after
	tap_ok "$1: it is not traced any more" wait_for 20 not_traced "$victim_pid"
	tap_ok "$1: it still sleeps" sleeps "$victim_pid" "$2"
}

# waits_for_it NAME: a change that is given more time is made when the write can go on
waits_for_it() {
	"$ulp" trigger -p "$victim_pid" --timeout 60 fix.so >later.out 2>&1 &
	later=$!
	process_add "$later"
	tap_ok "$1: a change waits" wait_for 20 traced "$victim_pid"
	tap_ok "$1: the file system is thawed" fsfreeze --unfreeze "$frozen"
	thaw
	later_status=0
	wait "$later" || later_status=$?
	process_forget "$later"
	tap_is "$1: the change is made then" 0 "$later_status"
	[ "$later_status" -eq 0 ] || sed 's/^/# /' later.out
}

in_effect_until_reverted() {
	tap_ok "$2: effect" answers "$1" 105 number 4
	run revert "$victim_pid" fix.so
	tap_is "$2: revert" 0 "$status"
	tap_ok "$2: reverted" answers "$1" 5 number 4
}

# --- a thread beside the first one --------------------------------------------------------

victim_start beside
freeze || tap_bail 'it cannot be frozen any more'
tap_ok 'beside: a thread writes' answers beside 1 writes frozen/file
held_up beside "$(find "/proc/$victim_pid/task" -mindepth 1 -maxdepth 1 ! -name "$victim_pid" -printf '%f\n')"
tap_ok 'beside: the functions are the old ones' answers beside 5 number 4
waits_for_it beside
tap_ok 'beside: the byte was written' answers beside 1 written
in_effect_until_reverted beside beside
process_stop "$victim_pid"

# --- the first thread, by which the tool comes in ------------------------------------------

victim_start first
freeze || tap_bail 'it cannot be frozen any more'
ask first write frozen/file >first.answer &
asks=$!
process_add "$asks"
held_up first "$victim_pid"
waits_for_it first
wait "$asks"
process_forget "$asks"
tap_is 'first: the byte was written' 1 "$(cat first.answer)"
in_effect_until_reverted first first
tap_is 'the file has both' 2 "$(stat -c %s "$frozen/file")"
process_stop "$victim_pid"

# --- a worker of io_uring, which is left alone ----------------------------------------------

# workers_of PID: their numbers
workers_of() {
	grep -l '^iou-wrk-' "/proc/$1"/task/*/comm | sed 's|/comm$||; s|.*/||'
}

# A worker that is idle may stand beside it.
worker_sleeps() {
	for worker in $(workers_of "$1"); do
		! sleeps "$1" "$worker" || return 0
	done
	return 1
}

victim_program uring
victim_program=./uring
victim_start worker
made=$(ask worker ring)
[ "$made" != 0 ] || tap_is 'worker: an operation' 0 "$(ask worker nop)"
if [ -n "$(workers_of "$victim_pid")" ]; then
	freeze || tap_bail 'it cannot be frozen any more'
	tap_ok 'worker: it writes' answers worker 0 write frozen/file
	tap_ok 'worker: it sleeps' wait_for 20 worker_sleeps "$victim_pid"
	run "$ulp" trigger -p "$victim_pid" --timeout 10 fix.so
	tap_is 'worker: apply' 0 "$status"
	in_effect_until_reverted worker worker
	tap_ok 'worker: it still sleeps' worker_sleeps "$victim_pid"
	thaw
	tap_ok 'worker: the byte was written' answers worker 1 written
else
	tap_skip 'worker' "no worker of io_uring(7) is a thread of the process here: $made"
fi
process_stop "$victim_pid"
tap_done
