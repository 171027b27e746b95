#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Ways in which a process has its library: loaded by dlopen() or dlmopen(), also several copies of
# one build; a library's file that has been removed, or replaced by another build; a container's file
# that is gone.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

# shellcheck disable=SC2086
must "$gcc" $victim_cflags -o loader "$victims/loader.c" -ldl

# What the fix uses of the library, static variables and other libraries: all of its own copy.
cat >fix.c <<'C'
#include "libvictim.h"
#include <stdio.h>
#include <string.h>
int scale(int n);
static char text[64];
int victim_number(int n)
{
	return n + 101;
}
int victim_private(int n)
{
	return scale(n) + 100;
}
const char *victim_text(int n)
{
	char copy[16];

	strcpy(copy, "a fix");
	snprintf(text, sizeof(text), "%s of %d", copy, n);
	return text;
}
C
fix_spec fix victim_number victim_private victim_text >fix.yaml
pack fix
file=$tap_dir/lib/libvictim.so.1

loader_start() {
	victim_program=./loader
	# Not in the library path: it is loaded by its own path.
	victim_start "$1" none
}

# library_is NAME K NEW: whether its functions are the new ones; number K has 10 + K for base
library_is() {
	more=0
	[ "$3" = old ] || more=100
	answers "$1" $((6 + more)) call "$2" victim_number 5 &&
		answers "$1" $((5 * (10 + $2) + more)) call "$2" victim_private 5 &&
		{ [ "$3" = old ] || answers "$1" "a fix of 5" text "$2" 5; }
}

# loaded NAME K HOW
loaded() {
	answers "$1" loaded open "$2" "$3" "$file" &&
		answers "$1" $((10 + $2)) call "$2" victim_set_base $((10 + $2))
}

# --- loaded while it runs ---------------------------------------------------------------

for how in local global deep space; do
	loader_start "$how"
	run apply "$victim_pid" fix.so
	tap_is "dlopen, $how: not loaded yet: skipped" 1 "$status"
	tap_ok "dlopen, $how: loaded" loaded "$how" 0 "$how"
	run apply "$victim_pid" fix.so
	tap_is "dlopen, $how: apply" 0 "$status"
	tap_ok "dlopen, $how: effect" library_is "$how" 0 new
	run "$ulp" check -p "$victim_pid" fix.so
	tap_is "dlopen, $how: check" 0 "$status"
	run revert "$victim_pid" fix.so
	tap_is "dlopen, $how: revert" 0 "$status"
	tap_ok "dlopen, $how: reverted" library_is "$how" 0 old
	tap_ok "dlopen, $how: unloaded" answers "$how" 0 close 0
	tap_ok "dlopen, $how: it ends well" victim_end "$how" "$victim_pid"
done

# --- several copies of one build ---------------------------------------------------------

# Each has its own data; what is not replaced everywhere is not fixed.
loader_start copies
tap_ok 'copies: one' loaded copies 0 local
tap_ok 'copies: a second' loaded copies 1 space
tap_ok 'copies: a third' loaded copies 2 space
run apply "$victim_pid" fix.so
tap_is 'copies: apply' 0 "$status"
for k in 0 1 2; do
	tap_ok "copies: number $k is patched" library_is copies "$k" new
done
run "$ulp" check -p "$victim_pid" fix.so
tap_is 'copies: check' 0 "$status"
tap_ok 'copies: a fourth comes later' loaded copies 3 space
run "$ulp" check -p "$victim_pid" fix.so
tap_is 'copies: check tells that one is not patched' 1 "$status"
run apply "$victim_pid" fix.so
tap_is 'copies: it is patched as well' 0 "$status"
tap_ok 'copies: effect' library_is copies 3 new
run apply "$victim_pid" fix.so
tap_is 'copies: applied already' 5 "$status"
run revert "$victim_pid" fix.so
tap_is 'copies: revert' 0 "$status"
for k in 0 1 2 3; do
	tap_ok "copies: number $k is reverted" library_is copies "$k" old
done

# One that cannot be patched, whichever it is: then none is.
bases=$(awk '/libvictim\.so\.1/ && $3 == "00000000" { print $1 }' "/proc/$victim_pid/maps")
vaddr=$(nm lib/libvictim.so.1 | sed -n 's/ . victim_number$//p')
tap_is 'copies: there are four' 4 "$(echo "$bases" | wc -l)"
for base in $bases; do
	entry=$((0x${base%%-*} + 0x$vaddr))
	byte=$(peek "$victim_pid" "$entry" 1)
	poke "$victim_pid" "$entry" cc
	run apply "$victim_pid" fix.so
	# shellcheck disable=SC2086
	poke "$victim_pid" "$entry" $byte
	tap_is 'copies: one of them cannot be patched: status' 5 "$status"
	tap_has 'copies: which one' out \
		"^ERROR   pid $victim_pid .*: fix\\.so: copy [1-4] of 4: .*victim_number"
	for k in 0 1 2 3; do
		tap_ok "copies: number $k is as it was" library_is copies "$k" old
	done
done
run apply "$victim_pid" fix.so
tap_is 'copies: all of them can be patched' 0 "$status"
tap_ok 'copies: it ends well' victim_end copies "$victim_pid"

# --- the library's file ---------------------------------------------------------------------

victim_program=./victim
victim_library moved -DVICTIM_BUILD='"one that goes"'
pack fix moved
mv fix.so moved.so
victim_library other -DVICTIM_BUILD='"one that comes"'
pack fix other
mv fix.so other.so

victim_start gone moved
rm moved/libvictim.so.1
run apply "$victim_pid" moved.so
tap_is 'removed file: apply' 0 "$status"
tap_ok 'removed file: effect' answers gone 105 number 4
run "$ulp" trigger -p "$victim_pid" --revert-all="$tap_dir/moved/libvictim.so.1"
tap_is 'removed file: --revert-all by the path that it had' 0 "$status"
tap_ok 'removed file: reverted' answers gone 5 number 4
run apply "$victim_pid" moved.so
tap_is 'removed file: applied again' 0 "$status"
run revert "$victim_pid" moved.so
tap_is 'removed file: revert' 0 "$status"

# An update puts another build in its place, by rename as package managers do.
cp other/libvictim.so.1 moved/new
mv moved/new moved/libvictim.so.1
run apply "$victim_pid" other.so
tap_is 'replaced file: the container for the new file is skipped' 1 "$status"
tap_has 'replaced file: says which build the process has' out \
	"^SKIPPED pid $victim_pid .*: other\\.so: .*another build of libvictim\\.so\\.1: build ID [0-9a-f]+"
run apply "$victim_pid" moved.so
tap_is 'replaced file: the container for what is mapped: apply' 0 "$status"
tap_ok 'replaced file: effect' answers gone 105 number 4
run "$ulp" patches -p "$victim_pid"
tap_has 'replaced file: patches shows it' out 'livepatch: moved\.so'
old=$victim_pid
victim_start fresh moved
run apply "$victim_pid" moved.so
tap_is 'replaced file: a new process has the new build: skipped' 1 "$status"
run apply "$victim_pid" other.so
tap_is 'replaced file: its container: apply' 0 "$status"
tap_ok 'replaced file: its effect' answers fresh 105 number 4
tap_ok 'replaced file: the new process ends well' victim_end fresh "$victim_pid"

# --- the container's file --------------------------------------------------------------------

mkdir elsewhere
mv moved.so elsewhere/renamed.so
run "$ulp" patches -p "$old"
tap_has 'no container file: patches shows what was applied' out 'livepatch: moved\.so'
run revert "$old" moved.so
tap_is 'no container file: revert by a file that is not there' 8 "$status"
tap_ok 'no container file: still applied' answers gone 105 number 4
run "$ulp" check -p "$old" elsewhere/renamed.so
tap_is 'no container file: check by the same file elsewhere' 0 "$status"
run revert "$old" elsewhere/renamed.so
tap_is 'no container file: revert by the same file elsewhere' 0 "$status"
tap_ok 'no container file: reverted' answers gone 5 number 4
run apply "$old" elsewhere/renamed.so
rm elsewhere/renamed.so
tap_ok 'no container file at all: applied' answers gone 105 number 4
run "$ulp" trigger -p "$old" --revert-all=libvictim.so.1
tap_is 'no container file at all: --revert-all needs none' 0 "$status"
tap_ok 'no container file at all: reverted' answers gone 5 number 4
tap_ok 'no container file: it ends well' victim_end gone "$old"
tap_done
