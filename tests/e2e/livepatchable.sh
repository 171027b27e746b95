#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# ulp livepatchable says what the plugin did: yes or no, and how many entries.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

# Functions that came from the source: the compiler's start-up files have no entries.
nr_functions=$(nm lib/libvictim.so.1 | grep -Ec ' [tT] (victim_|scale$)')
run "$ulp" livepatchable lib/libvictim.so.1
tap_is 'built with the plugin: status 0' 0 "$status"
tap_is 'built with the plugin: how many entries' \
	"lib/libvictim.so.1: livepatchable, $nr_functions functions have entries (5-byte NOP)" \
	"$(cat out)"

cp lib/libvictim.so.1 stripped.so
must strip stripped.so
run "$ulp" livepatchable stripped.so
tap_is 'stripped: status 0' 0 "$status"
tap_has 'stripped: as many' out " $nr_functions functions have entries "

must "$gcc" -shared -fPIC -o plain.so "$victims/libvictim.c"
run "$ulp" livepatchable plain.so
tap_is 'built without: status 1' 1 "$status"
tap_is 'built without: says so' 'plain.so: not livepatchable, no function has an entry' "$(cat out)"
run "$ulp" livepatchable lib/libvictim.so.1 plain.so
tap_is 'one of each: status 1' 1 "$status"

# A program can be a target as well.
echo 'int main(void) { return 0; }' >program.c
must "$gcc" -fplugin="$plugin" -O2 -o program program.c
run "$ulp" livepatchable program
tap_is 'a program built with the plugin: status 0' 0 "$status"
tap_has 'a program built with the plugin: its one function' out '1 function has an entry '

tap_done
