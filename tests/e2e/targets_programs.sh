#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Kinds of programs: executables whose own functions are replaced, at a fixed address (no PIE) and
# not; programs that clang has built; with jemalloc or tcmalloc preloaded; fixes that import indirect
# functions.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

# --- functions of the executable itself --------------------------------------------

# One for the program, which is no libvictim.
cat >own.c <<'C'
#include "program.h"
int scale(int n);
int program_number(int n)
{
	return n + 101;
}
int program_private(int n)
{
	return scale(n) + 100;
}
int program_with_level(int n)
{
	program_level++;
	return n + program_level + 100;
}
C

# own_pack CONTAINER TARGET FLAG...: the fix for that program
own_pack() {
	own_name=$1
	own_target=$2
	shift 2
	fix_spec "$own_name" program_number program_private program_with_level |
		sed "/^  soname:/s/:.*/: $own_target/" >"$own_name.yaml"
	# shellcheck disable=SC2086
	must "$gcc" -fplugin="$plugin" $victim_cflags "$@" -I"$victims" -c -o own.o own.c
	must "$packer" "$own_name.yaml" own.o -t "$own_target" -o "$own_name.so"
}

# reverts_all KIND NAME: all patches of the program leave, by that name of it
reverts_all() {
	run apply "$victim_pid" "own-$1.so"
	tap_is "$1: --revert-all=$2: applied: status" 0 "$status"
	tap_ok "$1: --revert-all=$2: applied" answers "$1" 142 number 41
	run "$ulp" trigger -p "$victim_pid" --revert-all="$2"
	tap_is "$1: --revert-all=$2: status" 0 "$status"
	tap_has "$1: --revert-all=$2: it tells which" out "^SUCCESS .*: reverted: own-$1\\.so\$"
	tap_ok "$1: --revert-all=$2: the functions are the old ones" answers "$1" 42 number 41
}

# program_kind NAME FLAG...: replaced and given back
program_kind() {
	kind=$1
	shift
	# shellcheck disable=SC2086
	must "$gcc" -fplugin="$plugin" $victim_cflags "$@" -Wl,--build-id=sha1 \
		-DPROGRAM_BUILD="\"$$ $kind\"" -o "program-$kind" "$victims/program.c"
	own_pack "own-$kind" "program-$kind" "$@"
	victim_program=./program-$kind
	victim_start "$kind"
	tap_ok "$kind: before: a static variable" answers "$kind" 3 set-base 3
	run apply "$victim_pid" "own-$kind.so"
	tap_is "$kind: apply: status" 0 "$status"
	tap_ok "$kind: a function of the program is replaced" answers "$kind" 142 number 41
	tap_ok "$kind: it uses the program's static function and variable" \
		answers "$kind" 115 private 5
	tap_ok "$kind: and its data" answers "$kind" 113 level 5
	tap_ok "$kind: it is called through a table of functions" answers "$kind" 109 table 8
	run "$ulp" check -p "$victim_pid" "own-$kind.so"
	tap_is "$kind: check" 0 "$status"
	run "$ulp" patches -p "$victim_pid"
	tap_has "$kind: patches names it" out "livepatch: own-$kind.so"
	run revert "$victim_pid" "own-$kind.so"
	tap_is "$kind: revert: status" 0 "$status"
	tap_ok "$kind: the functions are the old ones" answers "$kind" 42 number 41
	tap_ok "$kind: the data has kept what the fix did" answers "$kind" 13 level 5
	for name in "program-$kind" "./program-$kind" "$tap_dir/program-$kind"; do
		reverts_all "$kind" "$name"
	done
	tap_ok "$kind: the program ends well" victim_end "$kind" "$victim_pid"
}

program_kind pie -fPIE -pie
program_kind fixed -fno-pie -no-pie
tap_has 'fixed: it is at a fixed address' /dev/stdin 'Type:[[:space:]]*EXEC' <<END
$(readelf -h program-fixed)
END

# A copy has another file name; the live patches have the name that they were made for.
must cp program-pie renamed
victim_program=./renamed
victim_start pie
for name in renamed program-pie; do
	reverts_all pie "$name"
done
tap_ok 'renamed: the program ends well' victim_end pie "$victim_pid"

mkdir other
# Another build of the same program is told as such.
# shellcheck disable=SC2086
must "$gcc" -fplugin="$plugin" $victim_cflags -fPIE -pie -Wl,--build-id=sha1 -DOTHER=1 \
	-include stdio.h -o other/program-pie "$victims/program.c"
victim_program=./other/program-pie
victim_start other
run apply "$victim_pid" own-pie.so
tap_is 'another build of the program: skipped' 1 "$status"
tap_has 'another build of the program: says so' out \
	"^SKIPPED pid $victim_pid .*: own-pie\\.so: .*another build of program-pie"
process_stop "$victim_pid"

# --- programs without a dynamic linker ------------------------------------------------

# shellcheck disable=SC2086
if "$gcc" $victim_cflags -static -o static "$victims/program.c" >must.log 2>&1; then
	victim_program=./static
	victim_start static
	run apply "$victim_pid" own-pie.so
	tap_is 'static: status' 3 "$status"
	tap_has 'static: the reason' out "^ERROR   pid $victim_pid\\b.*statically linked"
	tap_ok 'static: it lives' answers static 42 number 41
	process_stop "$victim_pid"
else
	tap_skip 'static' 'nothing can be linked statically here'
fi

# --- programs that clang has built --------------------------------------------------

adding_fix fix victim_number 101

clang=$(command -v clang || command -v clang-14 || true)
# shellcheck disable=SC2086
if [ -n "$clang" ] && must "$clang" $victim_cflags -o by-clang "$victims/victim.c" \
	lib/libvictim.so.1 -pthread; then
	victim_program=./by-clang
	victim_start c
	tap_ok 'by clang: threads call' answers c started threads call 2
	run apply "$victim_pid" fix.so
	tap_is 'by clang: apply' 0 "$status"
	tap_ok 'by clang: effect' answers c 105 number 4
	run revert "$victim_pid" fix.so
	tap_is 'by clang: revert' 0 "$status"
	tap_ok 'by clang: no wrong result' answers c 0 wrong
	tap_ok 'by clang: it ends well' victim_end c "$victim_pid"
else
	tap_skip 'by clang' 'clang is not installed'
fi
victim_program=./victim

# --- another malloc ------------------------------------------------------------------

# The fix's malloc is the process's: the one that is preloaded.
cat >allocate.c <<'C'
#include "libvictim.h"
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
int victim_number(int n)
{
	void *(*volatile own)(size_t) = malloc;
	void *volatile block = own(1000);
	Dl_info info;
	int found;

	memset(block, 1, 1000);
	free(block);
	found = dladdr((void *)own, &info) != 0 && strstr(info.dli_fname, WANTED) != NULL;
	return n + (found ? 101 : 301);
}
C

# allocator NAME FILE
allocator() {
	file=$("$gcc" -print-file-name="$2")
	if [ ! -f "$file" ]; then
		tap_skip "$1" "$2 is not installed"
		return
	fi
	sed "s|WANTED|\"$1\"|" allocate.c >"$1.c"
	fix_spec "$1" victim_number >"$1.yaml"
	pack "$1"
	only_runtime=$runtime
	runtime="$runtime $file"
	victim_start "$1"
	runtime=$only_runtime
	tap_ok "$1: is in the process" process_maps "$victim_pid" "$2"
	tap_ok "$1: threads allocate" answers "$1" started threads malloc 2
	run apply "$victim_pid" "$1.so"
	tap_is "$1: apply" 0 "$status"
	tap_ok "$1: the fix allocates with it" answers "$1" 105 number 4
	run revert "$victim_pid" "$1.so"
	tap_is "$1: revert" 0 "$status"
	done=0
	for n in 1 2 3 4 5; do
		apply "$victim_pid" fix.so >out && revert "$victim_pid" fix.so >out && done=$n ||
			break
	done
	tap_is "$1: again and again" 5 "$done"
	loops=$(ask "$1" loops)
	tap_ok "$1: the threads go on" wait_for 60 loops_beyond "$1" "$loops"
	tap_ok "$1: no wrong result" answers "$1" 0 wrong
	tap_ok "$1: it ends well" victim_end "$1" "$victim_pid"
}

loops_beyond() {
	[ "$(ask "$1" loops)" -gt "$2" ]
}

allocator jemalloc libjemalloc.so.2
allocator tcmalloc libtcmalloc_minimal.so.4

# --- indirect functions -----------------------------------------------------------------

# Of libc, which chooses by the processor; and time() and gettimeofday(), which lead into the vDSO.
cat >indirect.c <<'C'
#include "libvictim.h"
#include <stdio.h>
#include <string.h>
static char text[64];
const char *victim_text(int n)
{
	char copy[64];
	volatile size_t len = sizeof(copy);

	memset(copy, 'x', len);
	memcpy(copy, "a fix", len - len + 6);
	memmove(copy + 1, copy, strlen(copy) + 1);
	snprintf(text, sizeof(text), "%d of %s, %d", n, strchr(copy, ' ') + 1,
		 strcmp(copy, "aa fix") + (int)strlen(strrchr(copy, 'f')));
	return text;
}
C
fix_spec indirect victim_text >indirect.yaml
# shellcheck disable=SC2086
fix_cflags=$victim_cflags
victim_cflags="$victim_cflags -fno-builtin"
pack indirect
cat >clock.c <<'C'
#include "libvictim.h"
#include <sys/time.h>
#include <time.h>
int victim_number(int n)
{
	struct timeval now;
	time_t seconds = time(0);

	gettimeofday(&now, 0);
	return n + (now.tv_sec - seconds <= 1 && seconds > 1000000000 ? 101 : 301);
}
C
fix_spec clock victim_number >clock.yaml
pack clock
victim_cflags=$fix_cflags

victim_start i
run apply "$victim_pid" indirect.so
tap_is 'indirect functions: apply' 0 "$status"
tap_ok 'indirect functions: they work' answers i '5 of fix, 3' text 5
run revert "$victim_pid" indirect.so
tap_is 'indirect functions: revert' 0 "$status"
# Nobody there uses them, but the tool has the same libc.
if grep -qF '[vdso]' "/proc/$victim_pid/maps"; then
	run apply "$victim_pid" clock.so
	tap_is 'time and gettimeofday: apply' 0 "$status"
	tap_ok 'time and gettimeofday: they work' answers i 105 number 4
else
	tap_skip 'time and gettimeofday' 'the kernel gives processes no vDSO'
fi
tap_ok 'indirect functions: it ends well' victim_end i "$victim_pid"
tap_done
