#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The packed file: the same input gives the same bytes, whenever and wherever; its debug information
# leads to the fix's source; and what goes in may be linked already, or have pointers of its own.
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

# --- what is not a plain object ----------------------------------------------------------

# A linked fix: static and hidden functions and variables of the library, exported ones, the C
# library's, and variables of its own.
cat >linked.c <<'C'
#include "libvictim.h"
#include <string.h>

extern int base;
int scale(int n);
int victim_hidden(int n);

static int calls = 100;

int victim_private(int n)
{
	static const char *const words[] = {"four", "fifteen"};

	base++;
	calls++;
	return 1000 * (calls > 100) + scale(n) + victim_hidden(0) + (int)strlen(words[n & 1]);
}

int victim_with_level(int n)
{
	victim_level += 1;
	return victim_number(n) + victim_level;
}
C
fix_spec linked victim_private victim_with_level >linked.yaml
compile_fix linked
must "$gcc" -shared -nostdlib -Wl,--build-id=sha1 -o given.so linked.o lib/libvictim.so.1
must "$packer" linked.yaml given.so -t lib/libvictim.so.1 -o linked.so
readelf -dW linked.so >dynamic
tap_is 'linked: no needed library is left' 0 "$(grep -c NEEDED dynamic)"
readelf -SW given.so >sections
tap_has 'linked: the linker has kept the facts' sections ' \.debug\.ulp '
readelf -SW linked.so >sections
tap_is 'linked: the container has none' 0 "$(grep -c ' \.debug\.ulp ' sections)"
run "$ulp" dump linked.so
tap_has 'linked: a private variable is recorded' out '^    base at 0x[0-9a-f]+, from 0x[0-9a-f]+, R_X86_64_64'
tap_has 'linked: an exported one is imported' out '^    victim_level'

victim_start v
code=$(ask v code)
for round in first second; do
	tap_ok "linked: applied, $round time" apply "$victim_pid" linked.so
	tap_ok "linked: static and hidden ones are the library's, $round time" \
		answers v 1027 private 5
	tap_ok "linked: exported ones are the process's, $round time" answers v 14 level 5
	tap_ok "linked: reverted, $round time" revert "$victim_pid" linked.so
	ask v set-base 1 >/dev/null
	ask v set-level 7 >/dev/null
	tap_ok "linked: the process answers as before, $round time" answers v 5 private 5
done

# Pointers that the spec sets.
cat >pointers.c <<'C'
#include "libvictim.h"

int *ulpr_base;
int (*ulpr_scale)(int);

int victim_private(int n)
{
	*ulpr_base += 2;
	return ulpr_scale(n);
}
C
{
	fix_spec pointers victim_private
	cat <<'END'
references:
  - {pointer: ulpr_base, to: base}
  - {pointer: ulpr_scale, to: scale, source: libvictim.c}
END
} >pointers.yaml
pack pointers
run "$ulp" dump pointers.so
tap_has 'pointers: shown as references' out '^    base at 0x[0-9a-f]+, from 0x[0-9a-f]+, R_X86_64_64'
tap_ok 'pointers: applied' apply "$victim_pid" pointers.so
tap_ok 'pointers: they lead to the library' answers v 15 private 5
tap_ok 'pointers: reverted' revert "$victim_pid" pointers.so
ask v set-base 1 >/dev/null
tap_ok 'pointers: the process answers as before' answers v 5 private 5
code_same() {
	[ "$(ask v code)" = "$code" ]
}
tap_ok 'its code is as it was' code_same
tap_ok 'the process ends well' victim_end v "$victim_pid"

tap_done
