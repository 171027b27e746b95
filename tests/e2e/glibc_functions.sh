#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The functions of the libc that every program lives on are replaced, and come back, again and again
# in a process whose threads call them without pause: malloc, printf, getaddrinfo, and two that call
# memcpy and mempcpy.  Each new function is glibc's own with one more answer, by which it is told
# from the old one.
#
#   ULP_FUNCTION_CYCLES   so often all go in and out; 20 without it
#
# Needs the libc that scripts/check.sh builds; skipped without it.
. "${ULP_SRCDIR:?}/tests/lib/real.sh"
. "$top/tests/lib/faults.sh"

need_glibc
cycles=${ULP_FUNCTION_CYCLES:-20}
libc=$glibc_dir/libc.so

# new_function LABEL SYMBOL PATH FOLDER FUNCTION ANSWER: $work/LABEL.so, which replaces the symbol; its
# FUNCTION in the source PATH, which is compiled in FOLDER, begins with ANSWER now
new_function() {
	local label=$1 symbol=$2 path=$3 folder=$4 function=$5 answer=$6 out=$work/$1
	mkdir "$out"
	FUNCTION=$function ANSWER=$answer perl -0777 -pe '
		s/^(\Q$ENV{FUNCTION}\E \([^{;]*\)\n\{\n)/$1$ENV{ANSWER}\n/m or die "no $ENV{FUNCTION}\n"' \
		"$(glibc_source)/$path" >"$out/${path##*/}" || return
	compile_like_glibc "$path" "$out" "$folder" || return
	cat >"$out.yaml" <<-END
		ulp: 1
		name: new-$label
		target:
		  soname: libc.so.6
		functions:
		  - replace: $symbol
	END
	quietly "$out/pack.log" ulp-packer "$out.yaml" "$out/$(basename "$path" .c).o" -t "$libc" \
		-o "$out.so"
}

# pack LABEL SYMBOL PATH FOLDER FUNCTION ANSWER
labels=()
pack() {
	tap_ok "$1: $2 is packed" new_function "$@"
	[ -f "$work/$1.so" ] || tap_bail "no live patch"
	labels+=("$1")
}

tap_ok "the program is compiled" quietly "$work/program.log" gcc -std=gnu17 -D_GNU_SOURCE -O2 -g \
	-Wno-format-security -Wno-format-zero-length -o "$work/libc_functions" \
	"$top/tests/e2e/victims/libc_functions.c" -pthread
pack malloc malloc malloc/malloc.c '' __libc_malloc 'if (bytes == 0x1234567) return NULL;'
pack printf printf stdio-common/printf.c '' __printf 'if (*format == 0) return 4242;'
pack getaddrinfo getaddrinfo sysdeps/posix/getaddrinfo.c posix getaddrinfo \
	'if (name != NULL && name[0] == 33 && name[1] == 0) return 4242;'
pack fwrite _IO_file_xsputn libio/fileops.c '' _IO_new_file_xsputn \
	'if (n == 7 && *(const char *) data == 1) return 0;'
pack strdup strdup string/strdup.c '' __strdup 'if (*s == 1) return NULL;'
ulp dump "$work/fwrite.so" >"$work/dump" 2>&1
tap_has "fwrite: the new one calls mempcpy" "$work/dump" 'mempcpy@.* from libc\.so\.6'
ulp dump "$work/strdup.so" >"$work/dump" 2>&1
tap_has "strdup: the new one calls memcpy" "$work/dump" ' memcpy@.* from libc\.so\.6'

containers=()
for label in "${labels[@]}"; do
	containers+=("$work/$label.so")
done

is_on_our_glibc() {
	process_maps "$faults_pid" " $libc\$" && process_maps "$faults_pid" '/libpulp\.so\.0'
}

# which LABEL...: the answer of a process in which the functions of these labels are new
which() {
	local each is answer=
	for each in malloc printf getaddrinfo fwrite strdup; do
		is=old
		[[ " $* " != *" $each "* ]] || is=new
		answer="$answer, $each $is"
	done
	printf '%s\n' "${answer#, }"
}

faults_start on_our_glibc "$work/libc_functions"
tap_ok "the program runs on our libc, with the runtime" wait_for 60 is_on_our_glibc
tap_ok "all its threads run" faults_goes_on || tap_bail "no program"
original=$(mapped_code "$faults_pid" "$libc")
tap_is "all functions are the libc's" "$(which)" "$(faults_ask which)"

# --- one by one -------------------------------------------------------------------

for label in "${labels[@]}"; do
	tap_ok "$label: goes in" fix_goes_in "$faults_pid" "$work/$label.so"
	tap_is "$label: the new one is called, and it alone is new" "$(which "$label")" \
		"$(faults_ask which)"
	ulp patches -p "$faults_pid" >"$work/patches" 2>&1
	tap_has "$label: ulp patches names it" "$work/patches" "livepatch: $label\\.so"
	tap_ok "$label: all threads go on" faults_goes_on
	tap_ok "$label: goes out" fix_goes_out "$faults_pid" "$work/$label.so"
	tap_is "$label: the old one is called" "$(which)" "$(faults_ask which)"
	tap_is "$label: the code is byte for byte as it was" "$original" \
		"$(mapped_code "$faults_pid" "$libc")"
done

# --- all of them, again and again ---------------------------------------------------

# all OPTION...: ulp trigger with all of them succeeds, and says so of each
all() {
	run ulp trigger -p "$faults_pid" --timeout 60 "$@" "${containers[@]}"
	[ "$status" -eq 0 ] && [ "$(grep -c '^SUCCESS' "$work/out")" -eq "${#containers[@]}" ]
}

# is_which LABEL...
is_which() {
	local answer
	answer=$(faults_ask which)
	[ "$answer" = "$(which "$@")" ] || {
		echo "# $answer"
		return 1
	}
}

cycle() {
	all && is_which "${labels[@]}" && faults_goes_on && all --revert && is_which && faults_goes_on
}

# Stops at the first cycle that fails, whose output is shown then.
all_cycles() {
	local n
	for n in $(seq "$cycles"); do
		cycle && continue
		echo "# in cycle $n of $cycles"
		return 1
	done
}

tap_ok "$cycles times all go in and out" all_cycles
tap_is "the code is byte for byte as it was" "$original" "$(mapped_code "$faults_pid" "$libc")"
tap_ok "all threads go on, after all" faults_goes_on
tap_ok "and the program ends well" faults_end
tap_done
