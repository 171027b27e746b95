#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A real fix of a static function of glibc that has no code of its own any more: it goes into a
# running process and takes the fault away, and out again, while a thread is in the function.
# (CVE-2025-15281 and CVE-2026-0861 are in glibc.sh.)
# Needs the libc that scripts/check.sh builds; skipped without it.
. "${ULP_SRCDIR:?}/tests/lib/real.sh"
. "$top/tests/lib/faults.sh"

need_glibc
fix=CVE-2025-8058
libc=$glibc_dir/libc.so
container=$work/glibc-$fix.so

is_on_our_glibc() {
	process_maps "$faults_pid" " $libc\$" && process_maps "$faults_pid" '/libpulp\.so\.0'
}

tap_ok "the program that shows the fault is compiled" quietly "$work/faults.log" gcc -std=gnu17 \
	-D_GNU_SOURCE -O2 -g -o "$work/regex_faults" "$top/tests/e2e/victims/regex_faults.c" \
	-pthread || tap_bail "no program"
tap_ok "$fix: compiled from the fixed source" glibc_fix "$fix" "$work/fix" || tap_bail "no fix"
run ulp-packer "$top/specs/glibc/$fix.yaml" "${fix_objects[@]}" -t "$libc" -o "$container"
tap_is "$fix: packed" 0 "$status"
ulp dump "$container" >"$work/dump" 2>&1
tap_has "the function that carries the code is replaced" "$work/dump" 'parse_expression'

faults_start on_our_glibc "$work/regex_faults"
tap_ok "the program runs on our libc, with the runtime" wait_for 60 is_on_our_glibc
tap_ok "it works" faults_goes_on || tap_bail "no program"
original=$(mapped_code "$faults_pid" "$libc")
tap_is "before: the fault is there" WRONG "$(faults_ask "$fix")"
for round in 1 2; do
	tap_ok "the fix goes in ($round)" fix_goes_in "$faults_pid" "$container"
	tap_is "the fault is gone ($round)" RIGHT "$(faults_ask "$fix")"
	tap_ok "the program goes on ($round)" faults_goes_on
	tap_ok "the fix goes out ($round)" fix_goes_out "$faults_pid" "$container"
	tap_is "the fault is back ($round)" WRONG "$(faults_ask "$fix")"
	tap_is "the code is byte for byte as it was ($round)" "$original" \
		"$(mapped_code "$faults_pid" "$libc")"
done
tap_ok "the program goes on, after all" faults_goes_on
tap_ok "and ends well" faults_end
tap_done
