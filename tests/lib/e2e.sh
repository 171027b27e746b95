# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# What the end-to-end tests share: a target library built with the plugin, processes that run on it
# and answer questions, and live patches for it.  Source it instead of tap.sh; the working folder is
# $tap_dir afterwards, and the library is in lib/libvictim.so.1.
#
#   victim_start NAME [FOLDER]          starts a process on FOLDER/libvictim.so.1 [lib], with the
#                                       runtime; its FIFOs are NAME.in and NAME.out; sets victim_pid.
#                                       victim_preload='' before: without the runtime
#   victim_fork NAME CHILD              lets it fork a child that answers by the name CHILD
#   victim_end NAME PID                 lets it end; true if it ended well
#   ask NAME REQUEST...                 prints the answer of that victim; see victims/victim.c
#   answers NAME ANSWER REQUEST...      true if that is its answer
#   victim_library FOLDER [FLAG...]     builds the library once more; -DVICTIM_BUILD="..." for a
#                                       build ID of its own
#   pack NAME [FOLDER]                  compiles NAME.c and packs it into NAME.so by NAME.yaml
#   fix_spec NAME FUNCTION...           prints a spec
#   fix_source NAME FUNCTION SUM...     writes NAME.c, where FUNCTION(n) is n + SUM
#   adding_fix NAME FUNCTION SUM [LINE...]     packs such a fix; the lines go into its spec
#   number_fix NAME HUNDREDS [LINE...]  the same: victim_number, which gives n + 1, adds so much more
#   other_fix NAME HUNDREDS [LINE...]   victim_other, which gives n + 2
#   wait_fix NAME                       packs one of victim_wait, which waits in read(2) as before
#   patches_of PID                      its live patches, the newest first, in one line
#   loops_grow NAME NR                  true if its threads have done more than NR loops
#   id_of FILE                          its build ID
#   apply PID CONTAINER..., revert PID CONTAINER...    ulp trigger; use with run
#   state_save NAME PID, state_same NAME PID           its code, mappings and answers as they were
#
# $ulp, $packer, $runtime, $gcc, $plugin: the programs under test.

. "${ULP_SRCDIR:?}/tests/lib/tap.sh"

ulp=$ULP_BUILDDIR/ulp
packer=$ULP_BUILDDIR/ulp-packer
runtime=$ULP_BUILDDIR/.libs/libpulp.so.0
plugin=$ULP_BUILDDIR/gcc-plugin/ulp.so
gcc=${PLUGIN_GCC:-gcc}
victims=$ULP_SRCDIR/tests/e2e/victims
answer_seconds=30
victim_cflags='-std=gnu17 -D_GNU_SOURCE -O2 -g'

[ -f "$plugin" ] || tap_skip_all 'the plugin was not built'
[ -x "$ulp" ] && [ -x "$packer" ] || tap_bail 'ulp or ulp-packer was not built'
[ -f "$runtime" ] || tap_bail 'libpulp.so.0 was not built'
# Another user is asked to read what is in it.
chmod 755 "$tap_dir"
cd "$tap_dir" || exit 99

# Needed by all, so that a failure ends the test.
must() {
	"$@" >must.log 2>&1 && return
	sed 's/^/# /' must.log
	tap_bail "failed: $*"
}

# Two tests that run side by side must not patch each other's processes: the build differs, and
# with it the build ID.
victim_library() {
	victim_folder=$1
	shift
	mkdir -p "$victim_folder"
	# shellcheck disable=SC2086
	must "$gcc" -fplugin="$plugin" $victim_cflags -fPIC -shared -DVICTIM_BUILD="\"$$\"" "$@" \
		-Wl,-soname,libvictim.so.1 -Wl,--build-id=sha1 \
		-o "$victim_folder/libvictim.so.1" "$victims/libvictim.c"
}

# victim_program NAME [SOURCE]: the program that uses the library, or a helper without it
victim_program() {
	# shellcheck disable=SC2086
	must "$gcc" $victim_cflags -o "$1" "$victims/${2:-$1}.c" lib/libvictim.so.1 -pthread
}

victim_start() {
	rm -f "$1.in" "$1.out"
	mkfifo "$1.in" "$1.out" || tap_bail 'no FIFO can be made'
	process_start env LD_PRELOAD="${victim_preload-$runtime}" LD_LIBRARY_PATH="$tap_dir/${2:-lib}" \
		"${victim_program:-./victim}" "$1" 2>>"$1.err"
	victim_pid=$process_pid
	echo "$victim_pid" >"$1.pid"
	answers "$1" 42 number 41 || {
		sed 's/^/# /' "$1.err"
		tap_bail "the victim $1 does not answer"
	}
}

victim_fork() {
	victim_pid=$(ask "$1" fork "$2")
	echo "$victim_pid" >"$2.pid"
	process_add "$victim_pid"
}

victim_end() {
	process_ended "$2" || timeout "$answer_seconds" sh -c 'echo end >"$1.in"' sh "$1"
	wait_for "$answer_seconds" process_ended "$2" || kill -KILL "$2"
	victim_status=0
	wait "$2" || victim_status=$?
	process_forget "$2"
	return "$victim_status"
}

# A victim that has ended, or did not answer once, is not waited for again.
ask() {
	ask_name=$1
	shift
	if [ ! -e "$ask_name.pid" ] || process_ended "$(cat "$ask_name.pid")"; then
		echo '(it has ended)'
		return
	fi
	timeout "$answer_seconds" sh -c 'printf "%s\n" "$2" >"$1.in" && IFS= read -r line <"$1.out" &&
		printf "%s\n" "$line"' sh "$ask_name" "$*" && return
	rm -f "$ask_name.pid"
	echo '(no answer)'
}

answers() {
	answers_name=$1
	answers_wanted=$2
	shift 2
	answers_got=$(ask "$answers_name" "$@")
	[ "$answers_got" = "$answers_wanted" ] && return
	echo "# $answers_name: $*: wanted '$answers_wanted', got '$answers_got'"
	return 1
}

fix_spec() {
	cat <<-END
		ulp: 1
		name: $1
		labels: [$1]
		target:
		  soname: libvictim.so.1
		functions:
	END
	shift
	for fix_function; do
		echo "  - replace: $fix_function"
	done
}

compile_fix() {
	# shellcheck disable=SC2086
	must "$gcc" -fplugin="$plugin" $victim_cflags -fPIC -I"$victims" -c -o "$1.o" "$1.c"
}

pack() {
	compile_fix "$1"
	must "$packer" "$1.yaml" "$1.o" -t "${2:-lib}/libvictim.so.1" -o "$1.so"
}

fix_source() {
	fix_file=$1.c
	shift
	echo '#include "libvictim.h"' >"$fix_file"
	while [ $# -gt 0 ]; do
		cat >>"$fix_file" <<-C
			int $1(int n)
			{
				return n + $2;
			}
		C
		shift 2
	done
}

adding_fix() {
	fix_source "$1" "$2" "$3"
	fix_spec "$1" "$2" >"$1.yaml"
	adding_name=$1
	shift 3
	for adding_line; do
		echo "$adding_line" >>"$adding_name.yaml"
	done
	pack "$adding_name"
}

number_fix() {
	number_name=$1
	number_sum=$(($2 + 1))
	shift 2
	adding_fix "$number_name" victim_number "$number_sum" "$@"
}

other_fix() {
	other_name=$1
	other_sum=$(($2 + 2))
	shift 2
	adding_fix "$other_name" victim_other "$other_sum" "$@"
}

wait_fix() {
	cat >"$1.c" <<-'C'
		#include "libvictim.h"
		#include <unistd.h>
		int victim_wait(int fd)
		{
			unsigned char byte;
			return read(fd, &byte, 1) == 1 ? 100 + byte : -1;
		}
	C
	fix_spec "$1" victim_wait >"$1.yaml"
	pack "$1"
}

apply() {
	apply_pid=$1
	shift
	"$ulp" trigger -p "$apply_pid" "$@"
}

revert() {
	apply "$1" --revert "$2" ${3:+"$3"} ${4:+"$4"}
}

patches_of() {
	"$ulp" patches -p "$1" | sed -n 's/^ *livepatch: //p' | xargs
}

loops_grow() {
	[ "$(ask "$1" loops)" -gt "$2" ]
}

id_of() {
	readelf -n "$1" | sed -n 's/.*Build ID: //p'
}

# What must stay as it is: the code, where things are mapped, what the functions compute.  Stack and
# heap may grow.
state_of() {
	ask "$1" code
	grep -v -e '\[heap\]' -e '\[stack\]' "/proc/$2/maps" | cut -d ' ' -f 1,2,6-
	for state_function in number other third private hidden level text; do
		ask "$1" "$state_function" 5
	done
	ask "$1" wrong
	ask "$1" eintr
}

state_save() {
	state_of "$1" "$2" >"$1.state"
}

state_same() {
	state_of "$1" "$2" >"$1.now"
	diff "$1.state" "$1.now" >state.diff && return
	sed 's/^/# /' state.diff
	return 1
}

# Address of a function of libvictim in a process.
function_address() {
	function_vaddr=$(nm "${3:-lib}/libvictim.so.1" | sed -n "s/^\\([0-9a-f]*\\) . $2\$/\\1/p")
	function_base=$(sed -n '/libvictim\.so\.1/{s/-.*//p;q;}' "/proc/$1/maps")
	echo $((0x$function_base + 0x$function_vaddr))
}

# peek PID ADDRESS LENGTH: bytes in hex.  poke PID ADDRESS HEX...: writes them.
peek() {
	dd if="/proc/$1/mem" bs=1 skip="$2" count="$3" 2>/dev/null | od -An -v -tx1
}

poke() {
	poke_pid=$1
	poke_at=$2
	shift 2
	for poke_byte; do
		printf "\\$(printf '%03o' "0x$poke_byte")"
	done | dd of="/proc/$poke_pid/mem" bs=1 seek="$poke_at" conv=notrunc 2>/dev/null
}

victim_library lib
victim_program victim
victim_program tracer
sleep 1000 &
process_add "$!"
./tracer $! >/dev/null 2>&1 || tap_skip_all 'ptrace is not allowed here'
