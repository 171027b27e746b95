#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A library that is unloaded while it is patched and loaded again, at the same place or another one,
# does not count as patched; it can be patched anew, and other libraries stay patched meanwhile.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

# shellcheck disable=SC2086
must "$gcc" $victim_cflags -o reload "$victims/reload.c"
victim_library other -DOTHER=1 -DVICTIM_BUILD="\"other $$\""
victim_program=./reload

cat >fix.c <<'C'
#include "libvictim.h"
static int calls; /* of this copy of the library */
int victim_number(int n)
{
	return n + 100 + ++calls;
}
int victim_other(int n)
{
	return n + 102;
}
C
fix_source fix_other victim_number 201
# Two copies of one library, of different builds: two targets.
fix_spec fix victim_number victim_other >fix.yaml
pack fix
fix_spec fix_other victim_number >fix_other.yaml
pack fix_other other

load() {
	answers a 1 load "$1" "$tap_dir/$2/libvictim.so.1"
}

# applied PID: the containers that `ulp patches` shows
applied() {
	"$ulp" patches -p "$1" | sed -n 's/.*livepatch: //p' | sort | tr '\n' ' '
}

records() {
	"$ulp" messages -p "$1" | grep -c "$2"
}

mapped() {
	grep -c '^[^ ]* r-xp 00000000 00:00 0 *$' "/proc/$1/maps"
}

victim_start a
a=$victim_pid
tap_ok 'a library is loaded' load 1 lib
run apply "$a" fix.so
tap_is 'it is patched' 0 "$status"
tap_ok 'the fix is called' answers a 106 call 1 victim_number 5
tap_ok 'another library is loaded' load 2 other
run apply "$a" fix_other.so
tap_is 'it is patched too' 0 "$status"
place=$(ask a place 1)
tap_is 'both are listed' 'fix.so fix_other.so ' "$(applied "$a")"

# --- unloaded -----------------------------------------------------------------

tap_ok 'the library is unloaded' answers a 0 unload 1
tap_is 'the other one alone is listed' 'fix_other.so ' "$(applied "$a")"
run "$ulp" check -p "$a" fix.so
tap_is 'check: not applied' 1 "$status"
run revert "$a" fix.so
tap_is 'revert: skipped, the library is not there' 1 "$status"

# --- loaded again at the same place ---------------------------------------------

tap_ok 'it is loaded again' load 1 lib
tap_ok 'at the same place' answers a "$place" place 1
tap_ok 'with the old functions' answers a 6 call 1 victim_number 5
tap_is 'the other one alone is listed still' 'fix_other.so ' "$(applied "$a")"
run "$ulp" check -p "$a" fix.so
tap_is 'check: not applied after it was loaded again' 1 "$status"
run revert "$a" fix.so
tap_is 'there is nothing to revert' 5 "$status"
run "$ulp" trigger --dry-run -p "$a" fix.so
tap_is 'a dry run finds nothing wrong' 0 "$status"
run apply "$a" fix.so
tap_is 'it can be patched again' 0 "$status"
tap_ok 'the fix is called again, with data of its own' answers a 106 call 1 victim_number 5
tap_ok 'and of the other library' answers a 206 call 2 victim_number 5
tap_is 'both are listed again' 'fix.so fix_other.so ' "$(applied "$a")"
"$ulp" messages -p "$a" >said
tap_has 'the messages say it' said 'fix.so is not applied any more: the process has unloaded libvictim.so.1'
run revert "$a" fix.so
tap_is 'it can be reverted' 0 "$status"
tap_ok 'the old functions are called' answers a 6 call 1 victim_number 5
tap_ok 'the other library stays patched' answers a 206 call 2 victim_number 5
run apply "$a" fix.so
tap_is 'and applied once more' 0 "$status"
tap_ok 'in the same memory: its data goes on' answers a 107 call 1 victim_number 5
tap_is 'three containers are mapped' 3 "$(mapped "$a")"

# --- loaded again at another place ------------------------------------------------

tap_ok 'unloaded again' answers a 0 unload 1
tap_ok 'its place is taken' answers a 1 room 1
tap_ok 'loaded again' load 1 lib
tap_ok 'somewhere else' [ "$(ask a place 1)" != "$place" ]
run "$ulp" check -p "$a" fix.so
tap_is 'check: not applied at the other place' 1 "$status"
run apply "$a" fix.so
tap_is 'patched at the other place' 0 "$status"
tap_ok 'the fix is called there' answers a 106 call 1 victim_number 5
tap_is 'both are listed, once each' 'fix.so fix_other.so ' "$(applied "$a")"

# --- a change of another library brings the records in step --------------------------

tap_ok 'unloaded once more' answers a 0 unload 1
run revert "$a" fix_other.so
tap_is 'the other library is reverted' 0 "$status"
tap_ok 'its old functions are called' answers a 6 call 2 victim_number 5
tap_is 'each unloading is recorded once' 3 "$(records "$a" 'not applied any more')"
tap_ok 'loaded once more' load 1 lib
run apply "$a" fix.so fix_other.so
tap_is 'both can be patched' 0 "$status"
tap_ok 'the fix is called in the one' answers a 106 call 1 victim_number 5
tap_ok 'and in the other' answers a 206 call 2 victim_number 5
tap_ok 'the process ends well' victim_end a "$a"

# --- unloaded after its patch was reverted ---------------------------------------------

victim_start b
b=$victim_pid
tap_ok 'b: the library is loaded' answers b 1 load 1 "$tap_dir/lib/libvictim.so.1"
place=$(ask b place 1)
run apply "$b" fix.so
tap_ok 'b: the fix is called' answers b 106 call 1 victim_number 5
run revert "$b" fix.so
run apply "$b" fix.so
tap_ok 'b: reverted and applied again its data goes on' answers b 107 call 1 victim_number 5
run revert "$b" fix.so
tap_is 'b: it is reverted' 0 "$status"
tap_ok 'b: the library is unloaded' answers b 0 unload 1
tap_ok 'b: and loaded again' answers b 1 load 1 "$tap_dir/lib/libvictim.so.1"
tap_ok 'b: at the same place' answers b "$place" place 1
run apply "$b" fix.so
tap_is 'b: it is patched' 0 "$status"
tap_ok 'b: with data of its own, not that of the copy that is gone' answers b 106 call 1 victim_number 5
run revert "$b" fix.so
run apply "$b" fix.so
tap_ok 'b: and that goes on' answers b 107 call 1 victim_number 5
tap_is 'b: two containers are mapped' 2 "$(mapped "$b")"
tap_ok 'b: the process ends well' victim_end b "$b"

# --- the same, and the page is written to before the patch comes again ---------------------

cat >fix_number.c <<'C'
#include "libvictim.h"
static int calls;
int victim_number(int n)
{
	return n + 100 + ++calls;
}
C
fix_spec fix_number victim_number >fix_number.yaml
pack fix_number
adding_fix fix_near victim_other 1002
cat >fix_wait.c <<'C'
#include "libvictim.h"
#include <unistd.h>
static int calls;
int victim_number(int n)
{
	return n + 100 + ++calls;
}
int victim_wait(int fd)
{
	unsigned char byte;
	return read(fd, &byte, 1) == 1 ? byte : -1;
}
C
fix_spec fix_wait victim_number victim_wait >fix_wait.yaml
pack fix_wait

# gone_after NAME CONTAINER [REQUEST]: a process in which it was reverted before its library was
# unloaded, and loaded again at the same place; sets $pid
gone_after() {
	victim_start "$1"
	pid=$victim_pid
	gone_name=$1
	gone_request=${3:-load}
	must answers "$1" 1 "$gone_request" 1 "$tap_dir/lib/libvictim.so.1"
	place=$(ask "$1" place 1)
	run apply "$pid" "$2"
	tap_ok "$1: the fix is called" answers "$1" 106 call 1 victim_number 5
	run revert "$pid" "$2"
	tap_ok "$1: the library is unloaded" answers "$1" 0 unload 1
	must answers "$1" 1 "$gone_request" 1 "$tap_dir/lib/libvictim.so.1"
	tap_ok "$1: and loaded again at the same place" answers "$1" "$place" place 1
}

# has_own_data CONTAINER
has_own_data() {
	run apply "$pid" "$1"
	tap_is "$gone_name: it is patched" 0 "$status"
	tap_ok "$gone_name: with data of its own" answers "$gone_name" 106 call 1 victim_number 5
	run revert "$pid" "$1"
	run apply "$pid" "$1"
	tap_ok "$gone_name: and that goes on" answers "$gone_name" 107 call 1 victim_number 5
	tap_ok "$gone_name: the process ends well" victim_end "$gone_name" "$pid"
}

gone_after near fix_number.so
run apply "$pid" fix_near.so
tap_is 'near: a patch of the same page comes first' 0 "$status"
has_own_data fix_number.so

waits() {
	grep -q '^[0-9]* 0x9 ' "/proc/$pid/syscall"
}

mkfifo byte
exec 9<>byte
gone_after tried fix_wait.so
answers tried 65 call 1 victim_wait 9 >released &
asking=$!
tap_ok 'tried: it is in a function of the patch' wait_for 30 waits
run apply "$pid" --timeout 1 fix_wait.so
tap_has 'tried: a function of the patch is in use' out '^ERROR .*victim_wait'
printf A >&9
tap_ok 'tried: it has left it' wait "$asking"
exec 9>&-
has_own_data fix_wait.so

gone_after apart fix_number.so load-apart
has_own_data fix_number.so
tap_done
