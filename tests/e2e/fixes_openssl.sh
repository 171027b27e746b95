#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Real fixes of OpenSSL, of every kind that specs/openssl has: each goes into a running process and
# takes its fault away, and out again.  The process uses the functions without pause meanwhile.
# (CVE-2025-69418 has a test of its own, openssl.sh.)
# Needs the library that scripts/check.sh builds; skipped without it.
. "${ULP_SRCDIR:?}/tests/lib/real.sh"
. "$top/scripts/lib/openssl-server.sh"
. "$top/tests/lib/faults.sh"

need_openssl
library=$openssl_dir/libcrypto.so.3
specs=$top/specs/openssl
fixes="CVE-2025-15467 CVE-2025-69420 CVE-2025-9230 CVE-2025-9232 CVE-2026-22795 CVE-2026-34182
	CVE-2026-45447 CVE-2026-9076"

# pack FIX: compiles it and packs it into openssl-FIX.so.
pack() {
	openssl_fix "$1" "$work/$1" || return
	run ulp-packer "$specs/$1.yaml" "${fix_objects[@]}" -t "$library" -o "$work/openssl-$1.so"
	[ "$status" -eq 0 ]
}

container() {
	printf '%s\n' "$work/openssl-$1.so"
}

# The answers for the given fixes, or for all, in one line.
findings() {
	local fix line=
	# shellcheck disable=SC2086
	for fix in ${*:-$fixes}; do
		line="$line $(faults_ask "$fix")"
	done
	printf '%s\n' "${line# }"
}

# all_are WORD: that word once for each fix.
all_are() {
	# shellcheck disable=SC2086
	printf " $1%.0s" $fixes | cut -c 2-
}

code() {
	mapped_code "$faults_pid" "$library"
}

goes_in() {
	fix_goes_in "$faults_pid" "$(container "$1")"
}

goes_out() {
	fix_goes_out "$faults_pid" "$(container "$1")"
}

# --- before --------------------------------------------------------------------------

tap_ok "the program that shows the faults is compiled" quietly "$work/faults.log" gcc -std=gnu17 \
	-D_GNU_SOURCE -O2 -g -isystem "$openssl_dir/include" -isystem "$(openssl_source)/include" \
	-o "$work/openssl_faults" "$top"/tests/e2e/victims/openssl_faults*.c \
	-L"$openssl_dir" -lcrypto -pthread || tap_bail "no program"
for fix in $fixes; do
	tap_ok "$fix: compiled from the fixed source and packed" pack "$fix"
done
faults_start on_our_libraries "$work/openssl_faults"
tap_ok "the program runs, and works" faults_goes_on || tap_bail "no program"
tap_ok "it is on the patchable library, with the runtime" on_our_libraries_all "$faults_pid"
original=$(code)
tap_is "before: all the faults are there" "$(all_are WRONG)" "$(findings)"

# --- each by itself ------------------------------------------------------------------

for fix in $fixes; do
	tap_ok "$fix: goes in" goes_in "$fix"
	tap_is "$fix: the fault is gone" RIGHT "$(findings "$fix")"
	tap_ok "$fix: the program goes on" faults_goes_on
	tap_ok "$fix: goes out" goes_out "$fix"
	tap_is "$fix: the fault is back" WRONG "$(findings "$fix")"
	tap_is "$fix: the code is byte for byte as it was" "$original" "$(code)"
done

# --- all at a time -------------------------------------------------------------------

# for_each COMMAND FIX...: runs it for each of them; fails where one of them fails.
for_each() {
	local command=$1 fix failed=0
	shift
	for fix; do
		"$command" "$fix" || failed=1
	done
	return "$failed"
}

# The last one takes the place of CVE-2025-9230's, which it names as superseded.
together=${fixes/ CVE-2025-9230/}
# shellcheck disable=SC2086
tap_ok "all go in" for_each goes_in $together
tap_is "all the faults are gone" "$(all_are RIGHT)" "$(findings)"
tap_ok "the program goes on with all" faults_goes_on
# The first one leaves first: not the order in which they would be taken off a pile.
# shellcheck disable=SC2086
tap_ok "all go out" for_each goes_out $together
tap_is "all the faults are back" "$(all_are WRONG)" "$(findings)"
tap_is "the code is byte for byte as it was, after all" "$original" "$(code)"

# --- two fixes of one function ----------------------------------------------------------

first=CVE-2025-9230 second=CVE-2026-9076

# What is found of the two while the fixes are in that are named; the later one has both.
stack() {
	tap_is "one function, $1" "$2" "$(findings $first $second)"
}

tap_ok "$first goes in" goes_in $first
stack "the first fix" "RIGHT WRONG"
tap_ok "$second takes its place" goes_in $second
stack "the second fix" "RIGHT RIGHT"
run ulp check -p "$faults_pid" "$(container $first)"
tap_is "$first is not in any more" 1 "$status"
ulp patches -p "$faults_pid" >"$work/patches" 2>&1
tap_is "there is one live patch" 1 "$(grep -c 'livepatch:' "$work/patches")"
run ulp trigger -p "$faults_pid" "$(container $first)"
tap_ok "$first does not go in again" test "$status" -ne 0
tap_has "the reason names $second" "$work/out" "openssl-$second.* supersedes it"
tap_ok "$second goes out" goes_out $second
stack "none" "WRONG WRONG"
tap_is "the code is as it was, after the second in the place of the first" "$original" "$(code)"

# The same without the line that says so: the one lies above the other.
mkdir "$work/above"
grep -v '^supersedes:' "$specs/$second.yaml" >"$work/above/$second.yaml"
run ulp-packer "$work/above/$second.yaml" "$work/$second/cms_pwri.o" -t "$library" \
	-o "$(container $second)"
tap_is "$second is packed as one that supersedes nothing" 0 "$status"
for order in "$first $second" "$second $first"; do
	tap_ok "$first goes in" goes_in $first
	stack "the first fix" "RIGHT WRONG"
	tap_ok "$second goes in above it" goes_in $second
	stack "both fixes" "RIGHT RIGHT"
	tap_ok "${order% *} goes out" goes_out "${order% *}"
	case $order in
	"$first "*) stack "the second fix alone" "RIGHT RIGHT" ;;
	*) stack "the first fix once more" "RIGHT WRONG" ;;
	esac
	tap_ok "${order#* } goes out" goes_out "${order#* }"
	stack "none" "WRONG WRONG"
	tap_is "the code is as it was (${order% *} first)" "$original" "$(code)"
done

# --- several functions, all or nothing ----------------------------------------------------

fix=CVE-2026-34182
ulp dump "$(container $fix)" >"$work/dump" 2>&1
for function in ossl_cms_EncryptedContent_init_bio ossl_cms_EncryptedData_init_bio \
	ossl_cms_EnvelopedData_init_bio ossl_cms_AuthEnvelopedData_init_bio; do
	tap_has "$fix replaces $function" "$work/dump" "$function"
done

# swap_byte FUNCTION: another last byte of its entry in the process; and back.
swap_byte() {
	perl -e '
		my ($pid, $path, $vaddr) = @ARGV;
		open my $maps, "<", "/proc/$pid/maps" or die "maps: $!\n";
		my ($base) = map { /^(\w+)-\w+ r--p 00000000 .* \Q$path\E$/ ? hex $1 : () } <$maps>;
		open my $mem, "+<:raw", "/proc/$pid/mem" or die "mem: $!\n";
		sysseek $mem, $base + hex($vaddr) + 4, 0 or die "seek: $!\n";
		sysread $mem, my $byte, 1 or die "read: $!\n";
		sysseek $mem, $base + hex($vaddr) + 4, 0 or die "seek: $!\n";
		syswrite $mem, $byte ^ "\x01", 1 or die "write: $!\n";
	' "$faults_pid" "$library" "$(nm "$library" | sed -n "s/ . $1\$//p")"
}

# The last one that is replaced is not as it was built: the others must stay as they are.
swap_byte ossl_cms_AuthEnvelopedData_init_bio
spoilt=$(code)
run ulp trigger -p "$faults_pid" "$(container $fix)"
tap_ok "$fix does not go in where one of the functions is not as it was built" \
	test "$status" -ne 0
tap_is "and none of the others is changed" "$spoilt" "$(code)"
swap_byte ossl_cms_AuthEnvelopedData_init_bio
tap_is "the code is as it was, before $fix goes in again" "$original" "$(code)"
tap_ok "$fix goes in now" goes_in $fix
tap_is "with all of its functions" RIGHT "$(findings $fix)"
tap_ok "and out" goes_out $fix

# It is all or nothing for its author, too.
mkdir "$work/part"
grep -v 'ossl_cms_AuthEnvelopedData_init_bio' "$specs/$fix.yaml" >"$work/part/$fix.yaml"
run ulp-packer "$work/part/$fix.yaml" "$work/$fix"/*.o -t "$library" -o "$work/part.so"
tap_is "$fix is refused without one of the callers" 5 "$status"
tap_has "the reason is the function's new parameter" "$work/err" \
	'ossl_cms_EncryptedContent_init_bio.* 2 parameters in the target and 3 in the fix'
tap_has "and it names the caller" "$work/err" 'called by ossl_cms_AuthEnvelopedData_init_bio'
run ulp-packer "$specs/$fix.yaml" "$work/$fix/cms_enc.o" -t "$library" -o "$work/part.so"
tap_is "$fix is refused without one of the objects" 5 "$status"
tap_has "the reason names its source" "$work/err" 'cms_env\.c'
tap_ok "and there is no container of either" test ! -e "$work/part.so"

# --- what the packer knows of copies ------------------------------------------------------

# pack_for LIBRARY FIX [OPTION]: into known.so.
pack_for() {
	local target=$1 fix=$2
	shift 2
	rm -f "$work/known.so"
	run ulp-packer "$@" "$specs/$fix.yaml" "$work/$fix"/*.o -t "$target" -o "$work/known.so"
}

# The plugin's facts and DWARF tell the same, and so does an extract.
mkdir "$work/dwarf" "$work/facts" "$work/extract" "$work/neither"
objcopy --remove-section=.debug.ulp "$library" "$work/dwarf/libcrypto.so.3"
objcopy --strip-debug --keep-section=.debug.ulp "$library" "$work/facts/libcrypto.so.3"
objcopy --strip-debug "$library" "$work/neither/libcrypto.so.3"
run ulp extract "$library" -o "$work/extract/libcrypto.so.3"
tap_is "an extract is made of the library" 0 "$status"
for fix in CVE-2025-69420 CVE-2025-9230 CVE-2026-22795 CVE-2026-34182; do
	for known in dwarf facts extract; do
		pack_for "$work/$known/libcrypto.so.3" $fix
		tap_ok "$fix: packed the same with the $known alone" \
			cmp "$(container $fix)" "$work/known.so"
	done
done
pack_for "$work/neither/libcrypto.so.3" CVE-2025-9232
tap_is "with neither it is refused" 5 "$status"
tap_has "the reason is that copies cannot be known" "$work/err" \
	'cannot know whether use_proxy was inlined'
tap_ok "and there is no container" test ! -e "$work/known.so"
pack_for "$work/neither/libcrypto.so.3" CVE-2025-9232 --no-closure-check
tap_is "unless the check is given up" 0 "$status"
pack_for "$work/neither/libcrypto.so.3" CVE-2025-9230 --no-closure-check
tap_is "what has no code of its own stays refused" 5 "$status"

# --- refused --------------------------------------------------------------------------

# dtls1_record_data_st loses a field, and other code of the library keeps records of the old shape.
fix=CVE-2026-54874
tap_ok "$fix: compiled from the fixed source" openssl_fix $fix "$work/$fix"
run ulp-packer "$specs/$fix.yaml" "${fix_objects[@]}" -t "$openssl_dir/libssl.so.3" \
	-o "$work/refused.so"
tap_is "$fix is refused" 5 "$status"
tap_has "$fix: the reason names the structure" "$work/err" 'dtls1_record_data_st'
tap_has "$fix: and the field that is gone" "$work/err" 'rbuf'
tap_ok "$fix: there is no container" test ! -e "$work/refused.so"

tap_ok "the program goes on, after all" faults_goes_on
tap_ok "and ends well" faults_end
tap_done
