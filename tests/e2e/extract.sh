#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A patch is packed with nothing left of the library but its extract.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

fix_source fix victim_number 101
fix_spec fix victim_number >fix.yaml
must "$gcc" -fplugin="$plugin" -std=gnu17 -O2 -g -fPIC -ffunction-sections -fdata-sections \
	-I"$victims" -c -o fix.o fix.c

# --- what it is ---------------------------------------------------------------

run "$ulp" extract lib/libvictim.so.1 -o whole.extract
tap_is 'extract succeeds' 0 "$status"
tap_has 'extract tells what it has' out \
	'^whole\.extract: [0-9]+ bytes: code, exported symbols, private symbols, facts, debug information$'
must "$packer" fix.yaml fix.o -t lib/libvictim.so.1 -o library.so
run "$packer" fix.yaml fix.o -t whole.extract -o extract.so
tap_is 'packer takes the extract for a target' 0 "$status"
tap_ok 'the container is the same, byte for byte' cmp library.so extract.so
run "$ulp" livepatchable whole.extract
tap_is 'extract has the entries' 0 "$status"
run env LD_PRELOAD=./whole.extract true
tap_has 'no dynamic linker takes it for a library' err 'cannot be preloaded'

# A stripped library and its debug file.
mkdir stripped
must objcopy --only-keep-debug lib/libvictim.so.1 stripped/debug
must strip -o stripped/libvictim.so.1 lib/libvictim.so.1
run "$ulp" extract stripped/libvictim.so.1 --debug-file stripped/debug -o parted.extract
tap_is 'extract of a stripped library with its debug file' 0 "$status"
run "$packer" fix.yaml fix.o -t parted.extract -o parted.so
tap_ok 'gives the same container' cmp library.so parted.so
run "$ulp" extract -v stripped/libvictim.so.1 -o poor.extract
tap_is 'extract of a stripped library alone' 0 "$status"
tap_has 'does not say that there is what is not' out '^poor\.extract: [0-9]+ bytes: code, exported symbols$'
tap_has 'tells what is missing' err 'no private symbols found'

# --- what is refused -------------------------------------------------------------

refuses() {
	name=$1 want=$2 says=$3
	shift 3
	rm -f refused.extract
	run "$ulp" extract "$@"
	tap_is "$name: status" "$want" "$status"
	tap_has "$name: reason" err "$says"
	[ ! -e refused.extract ] && [ -z "$(ls refused.extract.* 2>/dev/null)" ]
	tap_report $? "$name: no file is left"
}

refuses 'no library' 8 'missing\.so: cannot open' missing.so -o refused.extract
refuses 'no ELF file' 3 'not an ELF file' fix.yaml -o refused.extract
refuses 'an object' 3 'neither a shared library nor an executable' fix.o -o refused.extract
refuses 'an extract' 3 'is an extract already' whole.extract -o refused.extract
refuses 'a debug file' 3 'has no code' stripped/debug -o refused.extract
refuses 'debug file of another build' 5 'build' stripped/libvictim.so.1 --debug-file library.so \
	-o refused.extract
refuses 'folder that is not there' 8 'cannot be written' lib/libvictim.so.1 -o none/refused.extract
cp lib/libvictim.so.1 same.so
run "$ulp" extract same.so -o same.so
tap_is 'the library itself is not overwritten' 2 "$status"
tap_ok 'and stays as it is' cmp same.so lib/libvictim.so.1
mkdir there
run "$ulp" extract same.so -o there
tap_is 'a folder is not overwritten' 2 "$status"

# --- and it works ------------------------------------------------------------------

victim_start a
run apply "$victim_pid" extract.so
tap_is 'container of the extract is applied' 0 "$status"
tap_ok 'and in effect' answers a 142 number 41
run revert "$victim_pid" extract.so
tap_is 'and reverted' 0 "$status"
tap_ok 'and out of effect' answers a 42 number 41
tap_ok 'the process ends well' victim_end a "$victim_pid"

tap_done
