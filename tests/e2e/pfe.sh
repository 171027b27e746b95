#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Libraries that were built with the compiler's own -fpatchable-function-entry=16,14 are patched and
# reverted while threads call them, and their code is byte for byte as it was afterwards: with the two
# NOPs of the entry as the compiler makes them, after endbr64, and made into one.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

entry=-fpatchable-function-entry=16,14
rounds=${ULP_ROUNDS:-3}

# stock_library FOLDER COMPILER [FLAG...]
stock_library() {
	stock_folder=$1
	shift
	mkdir -p "$stock_folder"
	# shellcheck disable=SC2086
	must "$@" $victim_cflags -fPIC -shared $entry -DVICTIM_BUILD="\"$$ $stock_folder\"" \
		-Wl,-soname,libvictim.so.1 -Wl,--build-id=sha1 \
		-o "$stock_folder/libvictim.so.1" "$victims/libvictim.c"
}

# stock_pack NAME FOLDER COMPILER [FLAG...]: FOLDER.NAME.so of NAME.c and NAME.yaml
stock_pack() {
	pack_name=$1
	pack_folder=$2
	shift 2
	# shellcheck disable=SC2086
	must "$@" $victim_cflags -fPIC $entry -ffunction-sections -fdata-sections -I"$victims" -c \
		-o "$pack_folder.o" "$pack_name.c"
	must "$packer" "$pack_name.yaml" "$pack_folder.o" -t "$pack_folder/libvictim.so.1" \
		-o "$pack_folder.$pack_name.so"
	cp must.log pack.log
}

# as_one_nop LIBRARY: makes 66 90 of the two NOPs of all entries.  endbr64 stands before them where
# it is needed.  Address and offset are the same in the first segments.
as_one_nop() {
	"$ulp" livepatchable --list=all "$1" | sed -n 's/^\(0x[0-9a-f]*\)	.*	has an entry	.*/\1/p' |
		while read -r vaddr; do
			[ "$(od -An -tx1 -j "$((vaddr))" -N 4 "$1")" != ' f3 0f 1e fa' ] || vaddr=$((vaddr + 4))
			[ "$(od -An -tx1 -j "$((vaddr))" -N 2 "$1")" = ' 90 90' ] || exit 1
			printf '\146' | dd of="$1" bs=1 seek="$((vaddr))" conv=notrunc 2>/dev/null
		done
}

# entry_bytes LIBRARY LENGTH: the bytes of victim_number from 14 before it on
entry_bytes() {
	entry_vaddr=$(nm "$1" | sed -n 's/^\([0-9a-f]*\) T victim_number$/\1/p')
	od -An -v -tx1 -w24 -j "$((0x$entry_vaddr - 14))" -N "$2" "$1"
}

fix_source lower victim_number 101 victim_other 102
fix_spec lower victim_number victim_other >lower.yaml
fix_source upper victim_number 201
fix_spec upper victim_number >upper.yaml
sed 's/^labels: .*/&\nconsistency: none/; s/^name: .*/name: loose/' upper.yaml >loose.yaml
cp upper.c loose.c

# One after the other, in both orders, while threads call the functions.
changes_all_the_time() {
	for n in $(seq "$rounds"); do
		apply "$pid" "$1.lower.so" && answers "$1" 105 number 4 &&
			apply "$pid" "$1.upper.so" && answers "$1" 205 number 4 &&
			revert "$pid" "$1.upper.so" && answers "$1" 105 number 4 &&
			apply "$pid" "$1.upper.so" && revert "$pid" "$1.lower.so" &&
			answers "$1" 205 number 4 && answers "$1" 6 other 4 &&
			revert "$pid" "$1.upper.so" && answers "$1" 5 number 4 && continue
		echo "# round $n failed"
		return 1
	done >changes.log 2>&1
}

# check_library NAME COMPILER [FLAG...]: NAME is the folder, the victim, and what the cases are called
check_library() {
	name=$1
	shift
	run "$ulp" livepatchable "$name/libvictim.so.1"
	tap_has "$name: livepatchable" out \
		': livepatchable, 1[0-9] functions have entries \(-fpatchable-function-entry=16,14\)'
	stock_pack upper "$name" "$@"
	stock_pack lower "$name" "$@"
	tap_has "$name: the packer warns" pack.log \
		'warning: libvictim\.so\.1 was built with plain .*-flive-patching=inline-clone'

	victim_start "$name" "$name"
	pid=$victim_pid
	state_save "$name" "$pid"
	tap_ok "$name: threads call all the time" answers "$name" started threads call 2
	run apply "$pid" "$name.lower.so"
	tap_is "$name: apply" 0 "$status"
	tap_ok "$name: the first function" answers "$name" 105 number 4
	tap_ok "$name: the second function" answers "$name" 106 other 4
	tap_ok "$name: one beside them" answers "$name" 7 third 4
	run apply "$pid" "$name.upper.so"
	tap_is "$name: one more on top" 0 "$status"
	tap_ok "$name: it is in effect" answers "$name" 205 number 4
	run revert "$pid" "$name.upper.so"
	tap_is "$name: the upper one leaves" 0 "$status"
	tap_ok "$name: the lower one is in effect again" answers "$name" 105 number 4
	run revert "$pid" "$name.lower.so"
	tap_is "$name: the lower one leaves" 0 "$status"
	tap_ok "$name: the code is byte for byte as it was" [ "$(ask "$name" code)" = "$(sed -n 1p "$name.state")" ]
	tap_ok "$name: in any order, again and again" changes_all_the_time "$name"
	tap_ok "$name: the code is as it was after that" [ "$(ask "$name" code)" = "$(sed -n 1p "$name.state")" ]
	tap_ok "$name: the threads go on" wait_for 60 loops_grow "$name" "$(ask "$name" loops)"
	tap_ok "$name: no wrong result" answers "$name" 0 wrong
	tap_ok "$name: the process ends well" victim_end "$name" "$pid"
}

# --- as the compilers make them ----------------------------------------------

nops='90 90 90 90 90 90 90 90 90 90 90 90 90 90'

stock_library plain "$gcc" -fcf-protection=none
tap_is 'plain: two NOPs are at the entry' " $nops 90 90" "$(entry_bytes plain/libvictim.so.1 16)"
check_library plain "$gcc" -fcf-protection=none

stock_library endbr "$gcc" -fcf-protection
tap_is 'endbr: two NOPs are behind endbr64' " $nops f3 0f 1e fa 90 90" \
	"$(entry_bytes endbr/libvictim.so.1 20)"
check_library endbr "$gcc" -fcf-protection

# --- made into one instruction -----------------------------------------------

stock_library one "$gcc" -fcf-protection=none
tap_ok 'one: the two NOPs become one' as_one_nop one/libvictim.so.1
tap_is 'one: one NOP is at the entry' " $nops 66 90" "$(entry_bytes one/libvictim.so.1 16)"
check_library one "$gcc" -fcf-protection=none

stock_library endbrone "$gcc" -fcf-protection
tap_ok 'endbrone: the two NOPs become one' as_one_nop endbrone/libvictim.so.1
tap_is 'endbrone: one NOP is behind endbr64' " $nops f3 0f 1e fa 66 90" \
	"$(entry_bytes endbrone/libvictim.so.1 20)"
check_library endbrone "$gcc" -fcf-protection

# --- other compilers, other places -------------------------------------------

if command -v clang >/dev/null; then
	stock_library clang clang
	check_library clang clang
else
	tap_skip 'clang: a library of another compiler' 'clang is not installed'
fi

# Where functions are not aligned, an entry may be in two words, which is refused; all others work.
stock_library odd "$gcc" -fcf-protection=none -Os
"$ulp" livepatchable --list=all odd/libvictim.so.1 | grep '	has an entry	' >odd.list
tap_ok 'odd: there are functions' [ -s odd.list ]
cut -f 1,2 odd.list >odd.functions
while read -r vaddr function; do
	case $function in victim_*) ;; *) continue ;; esac
	fix_spec odd "$function" >odd.yaml
	cp "$victims/libvictim.c" odd.c
	# shellcheck disable=SC2086
	must "$gcc" $victim_cflags -fPIC $entry -ffunction-sections -fdata-sections -I"$victims" -c \
		-o odd.o odd.c
	run "$packer" odd.yaml odd.o -t odd/libvictim.so.1 -o odd.so
	if [ $((vaddr % 8)) -eq 7 ]; then
		tap_has "odd: $function is refused" err 'two aligned words'
	else
		tap_is "odd: $function is packed" 0 "$status"
	fi
done <odd.functions

# --- other areas are refused --------------------------------------------------

for area in 16 16,0 5,3 32,30; do
	entry=-fpatchable-function-entry=$area
	stock_library "area$area" "$gcc" -fcf-protection=none
	cp "area$area/libvictim.so.1" area.so
	fix_spec area victim_number >area.yaml
	cp upper.c area.c
	# shellcheck disable=SC2086
	must "$gcc" $victim_cflags -fPIC -I"$victims" -c -o area.o area.c
	run "$packer" area.yaml area.o -t "area$area/libvictim.so.1" -o "area$area.so"
	tap_is "area $area: is refused" 5 "$status"
	tap_has "area $area: with the reason" err 'fpatchable-function-entry.*16,14'
done
entry=-fpatchable-function-entry=16,14

# --- a thread between the two NOPs -------------------------------------------

arch=$(uname -m)
if [ -f "$victims/arch/$arch/stepper.c" ]; then
	victim_program stepper "arch/$arch/stepper"
else
	tap_skip 'a thread between the two NOPs' "no stepper for $arch"
	tap_done
fi
stock_pack loose plain "$gcc" -fcf-protection=none
stock_pack loose endbr "$gcc" -fcf-protection
stock_pack upper one "$gcc" -fcf-protection=none

# stepper_start NAME FOLDER OFFSET
stepper_start() {
	rm -f "$1.in"
	mkfifo "$1.in"
	process_start env LD_BIND_NOW=1 LD_PRELOAD="$runtime" LD_LIBRARY_PATH="$tap_dir/$2" \
		./stepper "$1" "$3" >"$1.said" 2>&1
	stepper_pid=$process_pid
}

# held_up NAME FOLDER OFFSET: nobody may change the entry while the thread is there
held_up() {
	stepper_start "$1" "$2" "$3"
	tap_ok "$1: the thread comes there" wait_for 60 grep -qx there "$1.said"
	run apply "$stepper_pid" --timeout 1 "$2.loose.so"
	tap_ok "$1: not without consistency" [ "$status" -ne 0 ]
	tap_has "$1: the function is named" out "^ERROR .*inside victim_number"
	run apply "$stepper_pid" --timeout 1 --force "$2.upper.so"
	tap_ok "$1: not by force" [ "$status" -ne 0 ]
	echo >"$1.in"
	tap_ok "$1: it goes on" wait_for 60 process_ended "$stepper_pid"
	process_stop "$stepper_pid"
	tap_is "$1: with the old function" 'there 5 5' "$(xargs <"$1.said")"
}

# passes NAME FOLDER OFFSET: by force the entry changes around a thread that does not mind
passes() {
	stepper_start "$1" "$2" "$3"
	tap_ok "$1: the thread comes there" wait_for 60 grep -qx there "$1.said"
	run apply "$stepper_pid" --force "$2.upper.so"
	tap_is "$1: applied" 0 "$status"
	echo >"$1.in"
	tap_ok "$1: it goes on" wait_for 60 process_ended "$stepper_pid"
	process_stop "$stepper_pid"
	tap_is "$1: $4" "there $5 205" "$(xargs <"$1.said")"
}

held_up between plain 1
held_up between-endbr endbr 5
passes at-entry plain 0 'the new function runs' 205
passes behind plain 2 'the old function ends' 5
passes at-endbr endbr 0 'the new function runs' 205
passes at-endbr-entry endbr 4 'the new function runs' 205
tap_done
