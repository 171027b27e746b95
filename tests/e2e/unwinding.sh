#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Unwinders see replaced functions: C++ exceptions are thrown in, through, out of and caught in them,
# threads are cancelled in them, and backtraces go through them; while they are applied, and while
# frames of reverted ones are still live.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

cycles=${ULP_UNWIND_CYCLES:-50}
cxxflags='-std=gnu++17 -D_GNU_SOURCE -O2 -g'
fix_flags=

echo 'int main() { try { throw 1; } catch (int) { return 0; } }' >probe.cc
"$gcc" -o probe probe.cc -lstdc++ 2>probe.log || tap_skip_all 'there is no C++ compiler'

# unwinding_build FOLDER [FLAG...]: the library, the program and the fix, in a folder of their own
unwinding_build() {
	build_folder=$1
	shift
	mkdir -p "$build_folder"
	# shellcheck disable=SC2086
	must "$gcc" -fplugin="$plugin" $cxxflags -fPIC -shared "$@" \
		-DUNWINDING_BUILD="\"$$ $build_folder\"" -Wl,-soname,libunwinding.so.1 -Wl,--build-id=sha1 \
		-o "$build_folder/libunwinding.so.1" "$victims/libunwinding.cc" -lstdc++
	# shellcheck disable=SC2086
	must "$gcc" $cxxflags -o "$build_folder/unwinding" "$victims/unwinding.cc" \
		"$build_folder/libunwinding.so.1" "$@" -lstdc++ -pthread
	# shellcheck disable=SC2086
	must "$gcc" -fplugin="$plugin" $cxxflags -fPIC -DMORE=100 $fix_flags -c -o "$build_folder/fix.o" \
		"$victims/libunwinding.cc"
	for build_name in "container-$build_folder" "container-$build_folder-again"; do
		unwinding_spec "$build_name" >"$build_name.yaml"
		must "$packer" "$build_name.yaml" "$build_folder/fix.o" \
			-t "$build_folder/libunwinding.so.1" -o "$build_name.so"
	done
}

unwinding_spec() {
	fix_spec "$1" unwinding_version unwinding_throw unwinding_through unwinding_catch \
		unwinding_rethrow unwinding_throw_secret unwinding_wait | sed '/^  soname:/s/libvictim/libunwinding/'
	echo 'consistency: none'
}

unwinding_start() {
	victim_program=./$2/unwinding
	victim_start "$1" "$2"
}

cancelled() {
	answers "$1" 0 wait && answers "$1" "$2" cancel
}

# old_code NAME, new_code NAME: every way of unwinding, with what the functions of that version add.
# What is thrown by old code and caught by old code passes the replaced functions all the same.
old_code() {
	tap_ok "$1: $2: the old functions are called" answers "$1" 1 version
	tap_ok "$1: $2: thrown by the library, caught by the caller" answers "$1" 5 caller 5
	tap_ok "$1: $2: thrown through the library, which cleans up" answers "$1" 1 through 5
	tap_ok "$1: $2: caught in the library" answers "$1" 5 inside 5
	tap_ok "$1: $2: of a type that the library does not catch" answers "$1" 5 other-type 5
	tap_ok "$1: $2: caught in the library and thrown again" answers "$1" 6 rethrown 5
	tap_ok "$1: $2: several of the library's functions" answers "$1" 6 nested 5
	tap_ok "$1: $2: of a type of one source file" answers "$1" 5 secret 5
}

new_code() {
	tap_ok "$1: $2: the new functions are called" answers "$1" 101 version
	tap_ok "$1: $2: thrown by the fix, caught by the caller" answers "$1" 105 caller 5
	tap_ok "$1: $2: thrown through the fix, which cleans up" answers "$1" 101 through 5
	tap_ok "$1: $2: caught in the fix" answers "$1" 105 inside 5
	tap_ok "$1: $2: of a type that the fix does not catch" answers "$1" 5 other-type 5
	tap_ok "$1: $2: caught in the fix and thrown again" answers "$1" 106 rethrown 5
	tap_ok "$1: $2: several of the fix's functions" answers "$1" 306 nested 5
	tap_ok "$1: $2: of a type of one source file, caught by the old code" answers "$1" 105 secret 5
}

# --- each way, before, applied, reverted ----------------------------------------

unwinding_build plain
unwinding_start a plain
a=$victim_pid
frames=$(ask a frames)
tap_ok 'a backtrace has frames' [ "$frames" -gt 4 ]
old_code a 'before'
tap_ok 'before: a thread is cancelled in the library' cancelled a 2
tap_ok 'before: no container is listed' answers a 0 listed

run apply "$a" container-plain.so
tap_is 'apply: status 0' 0 "$status"
new_code a 'applied'
tap_ok 'applied: a thread is cancelled in the fix' cancelled a 202
tap_ok 'applied: backtrace() is as deep as before' answers a "$frames" frames
tap_ok 'applied: dl_iterate_phdr() lists the container behind the executable' answers a 1 listed

# A thread that stays inside is cancelled when its functions are in use no more.
tap_ok 'a thread waits in the fix' answers a 0 wait
run revert "$a" container-plain.so
tap_is 'revert with a thread inside: status 0' 0 "$status"
tap_ok 'reverted: the thread is cancelled in the fix that it is in' answers a 202 cancel
old_code a 'reverted'
tap_ok 'reverted: a thread is cancelled in the library' cancelled a 2
tap_ok 'reverted: backtrace() is as deep as before' answers a "$frames" frames
tap_ok 'reverted: the container is still listed' answers a 1 listed

run apply "$a" container-plain.so container-plain-again.so
tap_is 'two on one function: status 0' 0 "$status"
new_code a 'two on one function'
tap_ok 'two on one function: both are listed' answers a 2 listed
run revert "$a" container-plain-again.so
tap_is 'the newer one is reverted: status 0' 0 "$status"
new_code a 'the older one is in effect'

# --- meanwhile --------------------------------------------------------------------

loops_beyond() {
	[ "$(ask a loops)" -gt "$1" ]
}

all_cycles() {
	for n in $(seq "$cycles"); do
		revert "$a" container-plain.so >cycle.out 2>&1 &&
			apply "$a" container-plain.so >>cycle.out 2>&1 && continue
		echo "# cycle $n failed"
		sed 's/^/# /' cycle.out
		return 1
	done
}

tap_ok 'four threads throw, and are sampled by a timer' answers a 4 threads 4
tap_ok 'all of them run' wait_for 60 loops_beyond 0
loops_before=$(ask a loops)
tap_ok "reverted and applied $cycles times meanwhile" all_cycles
loops_after=$(ask a loops)
echo "# each thread threw at least $((5 * (loops_after - loops_before))) times, $(ask a samples) samples"
tap_ok 'all threads go on' wait_for 60 loops_beyond "$loops_after"
tap_ok 'no exception went wrong' answers a 0 wrong
# They clean up, too, and the cleanups are counted for all threads together.
tap_ok 'the threads end' answers a 4 join
new_code a 'afterwards'
tap_ok 'afterwards: the containers are listed' answers a 2 listed
tap_ok 'the process ends well' victim_end a "$a"

# --- programs with an unwinder of their own ---------------------------------------

# one_cycle NAME FOLDER: before, applied, reverted in a process of its own
one_cycle() {
	unwinding_start "$1" "$2"
	cycle_pid=$victim_pid
	cycle_frames=$(ask "$1" frames)
	cycle_more_frames=$(ask "$1" more-frames)
	cycle_cancel=$(ask "$1" wait >wait.out && ask "$1" cancel)
	old_code "$1" 'before'
	run apply "$cycle_pid" "container-$2.so"
	tap_is "$1: apply: status 0" 0 "$status"
	new_code "$1" 'applied'
	tap_ok "$1: applied: backtrace() is as deep as before" answers "$1" "$cycle_frames" frames
	tap_ok "$1: applied: libunwind finds as many frames as before" \
		answers "$1" "$cycle_more_frames" more-frames
	tap_ok "$1: applied: a thread is cancelled" cancelled "$1" $((101 * cycle_cancel))
	run revert "$cycle_pid" "container-$2.so"
	tap_is "$1: revert: status 0" 0 "$status"
	old_code "$1" 'reverted'
	tap_ok "$1: the process ends well" victim_end "$1" "$cycle_pid"
}

fix_flags='-ffunction-sections -fdata-sections'
unwinding_build static -static-libgcc -static-libstdc++
one_cycle static static

if "$gcc" -o probe -x c - -lunwind >probe.log 2>&1 <<'C'; then
#define UNW_LOCAL_ONLY
#include <libunwind.h>
int main(void)
{
	unw_context_t context;
	return unw_getcontext(&context);
}
C
	# All exceptions go through it: it comes before libgcc in the program's list of libraries.
	unwinding_build libunwind -DWITH_LIBUNWIND -Wl,--no-as-needed -lunwind
	one_cycle libunwind libunwind
else
	tap_skip 'libunwind' 'libunwind-dev is not installed'
fi
tap_done
