#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Debuggers and profilers know the functions of live patches by their names: gdb lists containers,
# shows the lines of a fix in backtraces and breaks on them; perf takes the names from
# `ulp patches --perf-map`.  The dynamic linker goes on as if gdb's list had no containers.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

# shellcheck disable=SC2086
must "$gcc" $victim_cflags -o reload "$victims/reload.c" -pthread
victim_library other -DVICTIM_OTHER

cat >fix.c <<'C'
#include "libvictim.h"
__attribute__((noipa)) static int more(int n)
{
	return n + 102; /* the line of the fix */
}
int victim_number(int n)
{
	return more(n) - 1;
}
C
fix_spec fix victim_number >fix.yaml
pack fix
adding_fix again victim_other 202

# --- gdb ------------------------------------------------------------------------

# debug PID: with the commands in the file commands; what gdb prints is in gdb.txt
debug() {
	timeout 120 gdb -nx -batch -iex 'set debuginfod enabled off' -iex 'set width 0' \
		-iex 'set breakpoint pending off' -p "$1" -x commands >gdb.txt 2>&1
}

shared() {
	echo 'info sharedlibrary' >commands
	debug "$1"
}

gdb_continues() {
	grep -q '^Breakpoint [0-9]* at' gdb.txt && ! process_ended "$gdb_pid" &&
		! grep -q '^TracerPid:.0$' "/proc/$1/status" &&
		! grep -Eq '^State:.[tT]' "/proc/$1/status"
}

# breaks_at PID WHERE: gdb breaks at that place when the function is called, and shows where it is
breaks_at() {
	printf '%s\n' "break $2" continue backtrace delete detach >commands
	process_start debug "$1"
	gdb_pid=$process_pid
	wait_for 60 gdb_continues "$1" || return
	answers v 106 number 5 || return
	wait_for 60 process_ended "$gdb_pid" || return
	process_forget "$gdb_pid"
}

gdb_explain() {
	"$@" && return
	sed 's/^/# gdb: /' gdb.txt
	return 1
}

gdb_lists() {
	shared "$1" && grep -Eq "^0x[0-9a-f]+ +0x[0-9a-f]+ +Yes +.*/$2\$" gdb.txt &&
		! grep -q 'Corrupted' gdb.txt
}

frames() {
	sed -nE 's/^#[0-9]+ +(0x[0-9a-f]+ in )?([a-z_]+) \(.*\)( at (.*\/)?([a-z]+\.c):[0-9]+)?.*/\2:\5/p' gdb.txt |
		head -n 3 | tr '\n' ' '
}

gdb_cases() {
	victim_start v
	v=$victim_pid
	shared "$v"
	tap_ok 'gdb: nothing is listed before' sh -c '! grep -q fix.so gdb.txt'
	run apply "$v" fix.so
	tap_is 'gdb: applied' 0 "$status"
	tap_ok 'gdb: info sharedlibrary lists the container' gdb_explain gdb_lists "$v" fix.so
	tap_ok 'gdb: a breakpoint on a line of the fix stops' gdb_explain breaks_at "$v" fix.c:4
	tap_is 'gdb: with functions and files of the fix in the backtrace' \
		'more:fix.c victim_number:fix.c ' "$(frames | sed 's/[^ ]* $//')"
	tap_ok 'gdb: a breakpoint on a function of the fix stops' gdb_explain breaks_at "$v" more
	run apply "$v" again.so
	tap_is 'gdb: another one applied' 0 "$status"
	tap_ok 'gdb: both are listed' gdb_explain gdb_lists "$v" again.so
	tap_has 'gdb: the first one, too' gdb.txt '/fix\.so$'
	run revert "$v" fix.so
	tap_is 'gdb: reverted' 0 "$status"
	tap_ok 'gdb: a reverted one stays listed, for frames in it' gdb_explain gdb_lists "$v" fix.so
	tap_ok 'gdb: the process ends well' victim_end v "$v"
}

# --- namespaces of the process's own -----------------------------------------------

load() {
	answers a 1 "$1" "$2" "$tap_dir/$3/libvictim.so.1"
}

# How often each library is listed by gdb: those of namespaces must not hide the containers.
namespace_cases() {
	victim_program=./reload
	victim_start a
	a=$victim_pid
	tap_ok 'dlmopen: a library is loaded' load load 1 lib
	run apply "$a" fix.so
	tap_is 'dlmopen: it is patched' 0 "$status"
	tap_ok 'dlmopen: a library in a namespace of its own' load load-apart 2 other
	tap_ok 'dlmopen: its functions' answers a 6 call 2 victim_number 5
	tap_ok 'dlmopen: the patched ones' answers a 106 call 1 victim_number 5
	"$gdb" && tap_ok 'dlmopen: gdb lists the container still' gdb_explain gdb_lists "$a" fix.so
	"$gdb" && tap_has 'dlmopen: and the library' gdb.txt '/other/libvictim\.so\.1$'
	for n in 1 2 3; do
		tap_ok "dlmopen: unloaded, $n" answers a 0 unload 2
		tap_ok "dlmopen: loaded again, $n" load load-apart 2 other
	done
	run apply "$a" again.so
	tap_is 'dlmopen: another patch' 0 "$status"
	tap_ok 'dlmopen: one more namespace' load load-apart 3 other
	tap_ok 'dlmopen: both fixes are called' answers a 106 call 1 victim_number 5
	tap_ok 'dlmopen: this one' answers a 207 call 1 victim_other 5
	"$gdb" && tap_ok 'dlmopen: gdb lists the second container' gdb_explain gdb_lists "$a" again.so
	run revert "$a" fix.so again.so
	tap_is 'dlmopen: reverted' 0 "$status"
	tap_ok 'dlmopen: the process ends well' victim_end a "$a"

	victim_start a
	a=$victim_pid
	tap_ok 'dlmopen first: a namespace' load load-apart 2 other
	tap_ok 'dlmopen first: a library' load load 1 lib
	run apply "$a" fix.so
	tap_is 'dlmopen first: patched' 0 "$status"
	"$gdb" && tap_ok 'dlmopen first: gdb lists the container' gdb_explain gdb_lists "$a" fix.so
	"$gdb" && tap_has 'dlmopen first: and the library' gdb.txt '/other/libvictim\.so\.1$'
	tap_ok 'dlmopen first: another namespace' load load-apart 3 other
	tap_ok 'dlmopen first: the fix is called' answers a 106 call 1 victim_number 5
	tap_ok 'dlmopen first: the process ends well' victim_end a "$a"
	victim_program=
}

# --- perf ---------------------------------------------------------------------------

map_cases() {
	victim_start v
	v=$victim_pid
	run apply "$v" fix.so
	run apply "$v" again.so
	run revert "$v" again.so
	run "$ulp" patches --perf-map -p "$v"
	tap_is 'perf map: printed' 0 "$status"
	tap_has 'perf map: the new function' out '^[0-9a-f]+ [0-9a-f]+ victim_number \[fix\.so\]$'
	tap_has 'perf map: that of a reverted patch' out '^[0-9a-f]+ [0-9a-f]+ victim_other \[again\.so\]$'
	tap_is 'perf map: nothing else' 2 "$(wc -l <out)"
	run "$ulp" patches --perf-map
	tap_is 'perf map: wants a process' 2 "$status"
	run "$ulp" patches --perf-map -p victim
	tap_is 'perf map: wants one process' 2 "$status"
	run "$ulp" patches --perf-map --json -p "$v"
	tap_is 'perf map: is no JSON' 2 "$status"
}

record() {
	timeout 60 perf record -q -e cpu-clock -p "$1" -o perf.data -- sleep 1 >record.txt 2>&1 &&
		timeout 60 perf script -i perf.data -F ip,sym >script.txt 2>script.err
}

perf_cases() {
	run ask v threads call 1
	map=/tmp/perf-$v.map
	"$ulp" patches --perf-map -p "$v" >"$map" || tap_bail 'no map'
	record "$v" || tap_explain 'perf has failed'
	rm -f "$map"
	tap_has 'perf: the new function by its name' script.txt 'victim_number \[fix\.so\]'
}

command -v gdb >/dev/null && gdb=true || gdb=false
"$gdb" || tap_skip 'gdb' 'gdb is not installed'
! "$gdb" || gdb_cases
namespace_cases
map_cases
if ! command -v perf >/dev/null; then
	tap_skip 'perf' 'perf is not installed'
elif ! record "$v"; then
	tap_skip 'perf' "perf cannot record here: $(tail -n 1 record.txt)"
else
	perf_cases
fi
tap_ok 'perf: the process ends well' victim_end v "$v"
tap_done
