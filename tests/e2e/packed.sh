#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The packed file: the same input gives the same bytes, whenever and wherever; and its debug
# information leads to the fix's source.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

cat >fix.c <<'C'
#include "libvictim.h"

static int added = 3;

__attribute__((noinline)) static int fresh(int n)
{
	return n * ++added; /* a new function */
}

int victim_number(int n)
{
	int twice = 2 * n;

	return twice + fresh(n); /* the fix */
}
C
fix_spec fix victim_number >fix.yaml
compile_fix fix

# --- reproducible --------------------------------------------------------------------

# pack_in FOLDER [VARIABLE=VALUE...]: the same input in a folder of its own, with its own surroundings
pack_in() {
	pack_folder=$1
	shift
	mkdir -p "$pack_folder/tmp"
	cp fix.yaml fix.o lib/libvictim.so.1 "$pack_folder"
	(cd "$pack_folder" && must env "$@" TMPDIR="$tap_dir/$pack_folder/tmp" \
		"$packer" fix.yaml fix.o -t libvictim.so.1 -o fix.so)
	tap_is "$pack_folder: nothing is left in TMPDIR" '' "$(ls "$pack_folder/tmp")"
}

pack_in one LC_ALL=C TZ=UTC
umask 077
pack_in 'another folder/with a longer name' LC_ALL=C.UTF-8 LANG=de_DE.UTF-8 TZ=Asia/Kolkata \
	SOURCE_DATE_EPOCH=1 LD_RUN_PATH=/nowhere COLUMNS=20
umask 022
touch -d '2001-02-03 04:05:06' one/*.o one/*.yaml one/*.so.1
cp one/fix.so first.so
mkdir -p later
# Another second of the clock: a time in the file would differ.
started=$(date +%s)
second_is_over() {
	[ "$(date +%s)" -ne "$started" ]
}
wait_for 10 second_is_over
(cd one && must env LC_ALL=C TZ=UTC+9 "$packer" ./fix.yaml "$tap_dir/one/fix.o" \
	-t "$tap_dir/one/libvictim.so.1" -o ../later/fix.so)
tap_ok 'another folder, locale and time zone: the same bytes' \
	cmp first.so 'another folder/with a longer name/fix.so'
tap_ok 'later, under other paths: the same bytes' cmp first.so later/fix.so
sed 's/^name: fix/name: other/' fix.yaml >one/fix.yaml
(cd one && must "$packer" fix.yaml fix.o -t libvictim.so.1 -o fix.so)
run cmp first.so one/fix.so
tap_is 'another spec: other bytes' 1 "$status"

# --- debug information -----------------------------------------------------------------

debug() {
	timeout 120 gdb -nx -batch -iex 'set debuginfod enabled off' -ex 'set width 0' "$@" \
		first.so >gdb.txt 2>&1
}

if debug -ex 'info line victim_number'; then
	line=$(grep -n '^int victim_number' fix.c | cut -d : -f 1)
	tap_has 'gdb: the line of the replaced function' gdb.txt \
		"Line ($line|$((line + 1))) of \"(.*/)?fix\\.c\" starts at"
	debug -ex 'list victim_number'
	tap_has 'gdb: its source' gdb.txt 'twice \+ fresh\(n\); /\* the fix \*/'
	debug -ex 'list fresh'
	tap_has 'gdb: the source of a function that came along' gdb.txt '/\* a new function \*/'
	debug -ex 'ptype victim_number' -ex 'print added'
	tap_has 'gdb: types' gdb.txt '^type = int \(int\)$'
	tap_has 'gdb: a variable that came along' gdb.txt '^\$1 = 3$'
	debug -ex 'info scope victim_number'
	tap_has 'gdb: local variables' gdb.txt 'Symbol twice is'
	run addr2line -f -e first.so "0x$(nm first.so | sed -n 's/ T victim_number$//p')"
	tap_has 'addr2line: the function' out '^victim_number$'
	tap_has 'addr2line: its place' out 'fix\.c:[0-9]+'
else
	tap_skip 'gdb shows the fix' 'gdb does not work here'
fi

tap_done
