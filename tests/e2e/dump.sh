#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A container is an ELF file with .ulp and .ulp.rev, and ulp dump shows what is in them.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"
. "$ULP_SRCDIR/tests/lib/german.sh"

cat >fix.c <<'C'
#include "libvictim.h"
#include <stdio.h>
int scale(int n);
extern int base;
int victim_private(int n)
{
	return scale(n) + base;
}
int new_number(int n);
int new_number(int n)
{
	return printf("%d", n);
}
C
cat >fix.yaml <<'YAML'
ulp: 1
name: dumped
description: for showing it
labels: [CVE-2000-0003, "bsc#3"]
target:
  soname: libvictim.so.1
functions:
  - replace: victim_private
  - replace: victim_number
    with: new_number
YAML
pack fix

# address FILE SYMBOL, length FILE SYMBOL
address() {
	printf '0x%x' "0x$(nm "$1" | sed -n "s/^\\([0-9a-f]*\\) . $2\$/\\1/p")"
}
readelf -SW fix.so | sed 's/^ *\[ *[0-9]*\] *//' | cut -d ' ' -f 1 >sections
tap_ok 'the container has .ulp' grep -qx '\.ulp' sections
tap_ok 'the container has .ulp.rev' grep -qx '\.ulp\.rev' sections
tap_has 'the container is a shared object' "$(readelf -h fix.so >header; echo header)" 'DYN \(Shared object file\)'

run "$ulp" dump fix.so
cp out whole
tap_is 'dump: status' 0 "$status"
tap_has 'dump: name' whole '^  name: +dumped$'
tap_has 'dump: description' whole '^  description: +for showing it$'
tap_has 'dump: labels' whole '^  labels: +CVE-2000-0003, bsc#3$'
tap_has 'dump: build ID' whole "^  build ID: +$(id_of fix.so)\$"
tap_has 'dump: target' whole '^  target: +libvictim\.so\.1$'
tap_has 'dump: build ID of the target' whole "^  target build ID: +$(id_of lib/libvictim.so.1)\$"
tap_has 'dump: how many functions' whole '^  replaced functions \(2\):$'
tap_has 'dump: first function' whole '^    victim_private -> victim_private$'
tap_has 'dump: second function' whole '^    victim_number -> new_number$'
for name in victim_private victim_number; do
	tap_has "dump: where $name is in the target" whole \
		"^      old: +$(address lib/libvictim.so.1 "$name"), [0-9]+ bytes, checksum [0-9a-f]{16}\$"
done
tap_has 'dump: where new_number is in the container' whole \
	"^      new: +$(address fix.so new_number), [0-9]+ bytes\$"
tap_has 'dump: the entry' whole '^      entry: 0x[0-9a-f]+, 5-byte NOP, word 0x[0-9a-f]+ = ([0-9a-f]{2} ?){8}$'
tap_has 'dump: import with version and provider' whole '^    printf@GLIBC_[0-9.]+ from libc\.so\.6$'
tap_has 'dump: private function' whole \
	"^    scale at $(address lib/libvictim.so.1 scale), from 0x[0-9a-f]+, R_X86_64_"
tap_has 'dump: private variable' whole \
	"^    base at $(address lib/libvictim.so.1 base), from 0x[0-9a-f]+, R_X86_64_"
tap_has 'dump: what .ulp.rev is for' whole '^    original bytes of 2 functions of libvictim\.so\.1$'

fix_source related victim_number 7
cat >related.yaml <<'YAML'
ulp: 1
name: related
target:
  soname: libvictim.so.1
functions:
  - replace: victim_number
requires: [base-fix, other-fix]
conflicts: [rival]
supersedes: [related-1, related-2]
accept:
  - refusal: prototype
    name: victim_number
    reason: no caller passes more than one argument
  - {refusal: struct-layout, name: struct a, reason: nobody keeps one}
consistency: library
YAML
pack related
run "$ulp" dump related.so
tap_is 'dump of relations: status' 0 "$status"
tap_has 'dump: what it requires' out '^  requires: +base-fix, other-fix$'
tap_has 'dump: what it conflicts with' out '^  conflicts: +rival$'
tap_has 'dump: what it supersedes' out '^  supersedes: +related-1, related-2$'
tap_has 'dump: consistency of the library' out '^  consistency: +library \('
tap_has 'dump: how many refusals were overruled' out \
	'^  refusals of the packer that were overruled \(2\):$'
tap_has 'dump: the first of them with its reason' out \
	'^    prototype of victim_number: no caller passes more than one argument$'
tap_has 'dump: the second one' out '^    struct-layout of struct a: nobody keeps one$'
tap_ok 'dump: nothing about relations where there are none' \
	sh -c '! grep -E "requires|conflicts|supersedes|overruled" "$1"' sh whole

missing=$(german_missing)
if [ -z "$missing" ]; then
	german_prepare
	german "$ulp" dump related.so
	tap_has 'dump in German: the names of fields' out '^  Name:            related$'
	tap_has 'dump in German: as wide with an umlaut' out '^  löst ab:         related-1, related-2$'
	tap_has 'dump in German: what is between' out \
		'^  Konsistenz:      library \(kein Thread darf im Ziel sein\)$'
	german "$ulp" dump --json related.so
	tap_has 'dump in German: JSON is not translated' out '"name": ?"related"'
else
	tap_skip 'dump in German' "$missing"
fi

# The files are enough: no process, no target, nothing of the source.
mkdir apart
cp fix.so apart
run env -C apart "$ulp" dump fix.so
tap_ok 'dump: nothing but the file is needed' cmp out whole

tap_done
