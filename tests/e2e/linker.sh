#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Programs that were started through the dynamic linker by hand ("ld.so PROGRAM"), as one tries a
# libc that is not installed: /proc/PID/exe and the auxiliary vector are ld.so's.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

adding_fix fix victim_number 101

linker=$(readelf -lW victim | sed -n 's/.*program interpreter: \(.*\)\]/\1/p')
# shellcheck disable=SC2086
must "$gcc" $victim_cflags -no-pie -o fixed_address "$victims/victim.c" lib/libvictim.so.1 -pthread

for program in victim fixed_address; do
	cat >by_hand <<-END
		#!/bin/sh
		exec $linker ./$program "\$@"
	END
	chmod +x by_hand
	victim_program=./by_hand
	victim_start "$program"
	pid=$victim_pid
	tap_ok "$program: it runs by the linker" test "$(readlink -f "$linker")" = \
		"$(readlink -f "/proc/$pid/exe")"
	code=$(ask "$program" code)
	run apply "$pid" fix.so
	tap_is "$program: apply" 0 "$status"
	tap_ok "$program: applied" answers "$program" 105 number 4
	run "$ulp" check -p "$pid" fix.so
	tap_is "$program: check finds it" 0 "$status"
	run revert "$pid" fix.so
	tap_is "$program: revert" 0 "$status"
	tap_ok "$program: reverted" answers "$program" 5 number 4
	tap_is "$program: the code is as it was" "$code" "$(ask "$program" code)"
	"$ulp" patches -p "$pid" >patches 2>&1
	tap_has "$program: patches names the library" patches '/libvictim\.so\.1:'
	tap_ok "$program: the process ends well" victim_end "$program" "$pid"
done
tap_done
