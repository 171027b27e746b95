#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A thread that waits in a function of a live patch: its stack is unwound through the container, so
# that what merely looks like a return address does not keep another patch out.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

# shellcheck disable=SC2086
must "$gcc" $victim_cflags -o unwound "$victims/unwound.c" lib/libvictim.so.1

cat >waits.c <<'C'
#include "libvictim.h"
#include <unistd.h>
int victim_number(int n)
{
	char c;

	return read(3, &c, 1) == 1 ? n + 101 : -1;
}
C
fix_spec waits victim_number >waits.yaml
pack waits
adding_fix other victim_other 202

# By the number of the system call, read(2), and its descriptor.
waits_for_input() {
	grep -q '^0 0x3 ' "/proc/$1/syscall"
}

mkfifo input
exec 3<>input
process_start env LD_PRELOAD="$runtime" LD_LIBRARY_PATH="$tap_dir/lib" ./unwound
pid=$process_pid
wait_for 30 process_maps "$pid" libvictim || tap_bail 'it does not start'
run apply "$pid" waits.so
tap_is 'a function that waits is applied' 0 "$status"
tap_ok 'the thread waits in it' wait_for 30 waits_for_input "$pid"
run "$ulp" trigger --timeout=5 -p "$pid" other.so
tap_is 'another function is patched meanwhile, at once' 0 "$status"
run "$ulp" trigger --timeout=1 -p "$pid" --revert waits.so
tap_is 'the one that it waits in is not reverted' 6 "$status"
tap_has 'for the thread is seen in it' out 'is inside victim_number'
echo >&3
ended() {
	wait_for 30 process_ended "$pid" && wait "$pid"
}
tap_ok 'it goes on and ends well' ended
process_forget "$pid"
tap_done
