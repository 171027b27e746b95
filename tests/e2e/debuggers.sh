#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# gdb and perf work on functions with entries as they do on plain ones: breakpoints, arguments,
# backtraces, single steps, annotated source; and gdb on a process that has been patched.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

cat >work.c <<'C'
#include <stdio.h>

struct pair {
	long a;
	double b;
};

__attribute__((noipa)) long leaf(int x, const char *text, struct pair pair)
{
	long sum = x + text[0];

	return sum + pair.a + (long)pair.b;
}

__attribute__((noipa)) long middle(int n)
{
	struct pair pair = {n, 2.5};
	long got = leaf(n + 1, "text", pair);

	return got * 2;
}

int main(void)
{
	return middle(7) == 266 ? 0 : 1;
}
C

cat >busy.c <<'C'
volatile unsigned sink;

__attribute__((noipa)) unsigned busy(unsigned x)
{
	for (int i = 0; i < 100; i++)
		x = x * 1103515245 + 12345; /* the hot line */
	return x;
}

int main(void)
{
	for (int i = 0; i < 1000000; i++)
		sink += busy((unsigned)i);
	return 0;
}
C

# build NAME SOURCE FLAG...: NAME.plain and NAME.entries, the same program without and with entries
build() {
	build_name=$1
	build_source=$2
	shift 2
	must "$gcc" "$@" -g -o "$build_name.plain" "$build_source"
	must "$gcc" -fplugin="$plugin" "$@" -g -o "$build_name.entries" "$build_source"
}

# debug PROGRAM COMMAND...: what gdb prints; nothing of the user's settings
debug() {
	debug_program=$1
	shift
	set -- "$@" kill
	for debug_command; do
		printf '%s\n' "$debug_command"
	done >commands
	timeout 120 gdb -nx -batch -iex 'set debuginfod enabled off' -ex 'set width 0' \
		-ex 'set confirm off' -ex 'set startup-with-shell off' -x commands "$debug_program" \
		2>debug.err
}

# What differs between two builds of one source: addresses, process numbers, the library's greeting.
without_addresses() {
	sed -E 's/0x[0-9a-f]{4,}/ADDRESS/g; s/process [0-9]+/process N/; /libthread_db/d'
}

gdb_works() {
	[ "$(debug work.plain 'break main' run 'print 40 + 2' | sed -n 's/^\$1 = //p')" = 42 ]
}

# --- gdb, breakpoints ---------------------------------------------------------

# What a person does: break at a function, look at the arguments, go on line by line.
session='info args;backtrace;next;info locals;next;finish'
steps() {
	echo 'break leaf'
	echo run
	echo "$session" | tr ';' '\n'
	echo 'tbreak middle'
	echo run
	echo 'info args'
	echo 'backtrace'
	echo step
	echo next
	echo step
	echo 'info args'
}

transcript() {
	steps >steps.gdb
	debug "$1" 'source steps.gdb' | without_addresses
}

# same_session NAME FLAG...: without optimisation, all is as in the plain build, line by line
same_session() {
	same_name=$1
	shift
	build work work.c "$@"
	transcript work.plain >plain.txt
	transcript work.entries >entries.txt
	tap_has "$same_name: the plain build's arguments" plain.txt '^text = ADDRESS "text"'
	tap_ok "$same_name: gdb shows the same as in the plain build" diff plain.txt entries.txt
}

# Optimised code has its lines in another order; what has to be right is what the functions got.
# arguments PROGRAM: of leaf, at its breakpoint, and the functions of the backtrace
arguments() {
	debug "$1" 'break leaf' run 'printf "x=%d text=%s a=%ld b=%g\n", x, text, pair.a, pair.b' \
		backtrace | sed -nE '/^x=/p; s/^#[0-9]+ +(0x[0-9a-f]+ in )?([a-z]+) .*/\2/p' | tr '\n' ' '
}

right_arguments() {
	right_name=$1
	shift
	build work work.c "$@"
	tap_is "$right_name: arguments and callers at the breakpoint" \
		'x=8 text=text a=7 b=2.5 leaf middle main ' "$(arguments work.entries)"
}

# --- gdb, instructions --------------------------------------------------------

# every_step PROGRAM: the functions of the backtrace at each of the first instructions of leaf
every_step() {
	cat >stepping.gdb <<'GDB'
break *leaf
run
set $entered = $sp
set $i = 0
while $i < 12 && $sp <= $entered
backtrace
printf "step\n"
stepi
set $i = $i + 1
end
GDB
	debug "$1" 'source stepping.gdb' | sed -nE 's/^#[0-9]+ +(0x[0-9a-f]+ in )?([a-z?]+) .*/\2/p; /^step$/p' |
		tr '\n' ' ' | sed 's/step /\n/g' | sort -u
}

right_steps() {
	steps_name=$1
	shift
	build work work.c "$@"
	tap_is "$steps_name: the backtrace is right at each of the first instructions" \
		'leaf middle main ' "$(every_step work.entries | sed '/^$/d')"
}

shows_the_entry() {
	debug work.entries 'disassemble leaf' | grep -Eq 'nopl +0x0\(%rax,%rax,1\)' &&
		debug work.entries 'info line leaf' | grep -q '^Line 9 of "work.c" starts at .* <leaf>'
}

# --- gdb, a patched process ---------------------------------------------------

fix_source fix victim_number 101

attach() {
	timeout 120 gdb -nx -batch -iex 'set debuginfod enabled off' -p "$1" -x "$2" >attach.txt 2>&1
}

stopped_in_gdb() {
	grep -q '^Breakpoint 1 at' attach.txt && ! process_ended "$gdb_pid"
}

# A breakpoint on the entry's place is hit before the redirect; the process answers by the fix.
breakpoint_in_patched() {
	cat >patched.gdb <<'GDB'
set width 0
disassemble victim_number,+5
break *victim_number
continue
backtrace 1
delete
detach
GDB
	process_start attach "$1" patched.gdb
	gdb_pid=$process_pid
	wait_for 60 stopped_in_gdb || return
	answers v 142 number 41 || return
	wait_for 60 process_ended "$gdb_pid" || return
	process_forget "$gdb_pid"
	grep -Eq 'jmp +0x' attach.txt && grep -Eq '^#0 +(0x[0-9a-f]+ in )?victim_number' attach.txt
}

breakpoint_works() {
	breakpoint_in_patched "$1" && return
	sed 's/^/# gdb: /' attach.txt
	return 1
}

gdb_on_patched() {
	fix_spec fixed victim_number >fix.yaml
	victim_library lib
	victim_program victim
	pack fix
	victim_start v
	run apply "$victim_pid" fix.so
	tap_is 'patched: applied' 0 "$status"
	tap_ok 'patched: gdb shows the redirect and breaks at it' breakpoint_works "$victim_pid"
	tap_ok 'patched: the process goes on' answers v 102 number 1
	run revert "$victim_pid" fix.so
	tap_is 'patched: reverted' 0 "$status"
	tap_ok 'patched: and ends well' victim_end v "$victim_pid"
}

# --- perf ---------------------------------------------------------------------

# By a clock of the kernel, which virtual machines have as well.
record() {
	timeout 120 perf record -q -e cpu-clock -o "$1.data" "./$1" >record.txt 2>&1 &&
		timeout 120 perf annotate --stdio -i "$1.data" -s busy >"$1.txt" 2>annotate.err
}

perf_cases() {
	for level in -O0 '-O2 -fcf-protection'; do
		# shellcheck disable=SC2086
		build busy busy.c $level
		record busy.entries || tap_explain 'perf has failed'
		tap_has "perf annotate $level: the function's samples" busy.entries.txt 'busy\(\):'
		tap_has "perf annotate $level: the source" busy.entries.txt 'the hot line'
		tap_has "perf annotate $level: the entry" busy.entries.txt 'nopl +0x0\(%rax,%rax,1\)'
	done
}

# --- all of it ----------------------------------------------------------------

build work work.c -O0
if ! command -v gdb >/dev/null; then
	tap_skip 'gdb' 'gdb is not installed'
elif ! gdb_works; then
	tap_skip 'gdb' "gdb cannot debug here: $(tail -n 1 debug.err)"
else
	same_session '-O0' -O0
	same_session '-O0, CET' -O0 -fcf-protection
	same_session '-O0, PIE off' -O0 -no-pie -fno-pie
	right_arguments '-Og' -Og
	right_arguments '-O1' -O1 -fno-omit-frame-pointer
	right_arguments '-O2' -O2
	right_arguments '-O2, CET' -O2 -fcf-protection
	right_arguments '-Os' -Os
	right_steps '-O0' -O0
	right_steps '-O0, CET' -O0 -fcf-protection
	right_steps '-O2' -O2
	tap_ok 'gdb disassembles the entry and knows its line' shows_the_entry
	right_steps '-O2, CET' -O2 -fcf-protection
	gdb_on_patched
fi
if ! command -v perf >/dev/null; then
	tap_skip 'perf' 'perf is not installed'
elif must "$gcc" -O2 -g -o busy.plain busy.c && ! record busy.plain; then
	tap_skip 'perf' "perf cannot record here: $(tail -n 1 record.txt)"
else
	perf_cases
fi
tap_done
