#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A process that does everything at once (malloc and free, dlopen and dlclose, checksums in vector
# registers, 5000 signals a second, fork, vfork, short-lived threads, pipes, condition variables,
# epoll, semaphores, C++ exceptions through the patched code) is patched and reverted again and again.
# It looks itself that all goes as it must: no fault, no wrong result, no EINTR; and its memory stays
# as it is.
#
#   ULP_TORTURE_CYCLES   so many times; without it as many as are done in 5 seconds, at most 100
#   ULP_TORTURE_BORROWS  so often a thread is borrowed for system calls, and so often a new container
#                        is planned; 50 without it
#   ULP_TORTURE_KILLS    so often an apply, a revert and a borrowing are killed; 5 without it
#   ULP_SEED             for the random moments of the kills
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

cycles=${ULP_TORTURE_CYCLES:-100}
borrows=${ULP_TORTURE_BORROWS:-50}
kills=${ULP_TORTURE_KILLS:-5}
seed=${ULP_SEED:-$$}
cycles_end=${ULP_TORTURE_CYCLES:+9999999999}
flags='-D_GNU_SOURCE -O2 -g'

echo 'int main() { try { throw 1; } catch (int) { return 0; } }' >probe.cc
"$gcc" -o probe probe.cc -lstdc++ 2>probe.log || tap_skip_all 'there is no C++ compiler'
vectors=
if grep -qw avx2 /proc/cpuinfo && "$gcc" -mavx2 -c -o probe.o probe.cc 2>probe.log; then
	vectors=-mavx2
fi
echo "# vector registers: ${vectors:-the usual ones}"

# object FOLDER NAME [FLAG...]
object() {
	object_out=$1/$2.o
	object_source=$(ls "$victims/$2".c*)
	shift 2
	case $object_source in
	*.cc) object_standard=gnu++17 ;;
	*) object_standard=gnu17 ;;
	esac
	# shellcheck disable=SC2086
	must "$gcc" -std=$object_standard $flags "$@" -c -o "$object_out" "$object_source"
}

mkdir -p lib two
victim_program killer
build=-DTORTURE_BUILD="\"$$\""
object lib libtorture -fplugin="$plugin" -fPIC "$build"
must "$gcc" -shared -Wl,-soname,libtorture.so.1 -Wl,--build-id=sha1 -o lib/libtorture.so.1 \
	lib/libtorture.o -lstdc++
object lib torture_small -fPIC
must "$gcc" -shared -o lib/libtorture_small.so lib/torture_small.o
for part in torture torture_work torture_process torture_throw; do
	object . "$part"
done
object . torture_vector $vectors
must "$gcc" -o torture torture.o torture_work.o torture_process.o torture_throw.o torture_vector.o \
	lib/libtorture.so.1 -lstdc++ -ldl -pthread

# fix NAME MORE
fix() {
	object two libtorture -fplugin="$plugin" -fPIC -DMORE="$2"
	fix_spec "$1" torture_step torture_many torture_block torture_rest torture_throw torture_through \
		torture_catch | sed '/^  soname:/s/libvictim/libtorture/' >"$1.yaml"
	must "$packer" "$1.yaml" two/libtorture.o -t lib/libtorture.so.1 -o "$1.so"
}
fix first 100
fix second 200
fix third 200

# --- cycles ----------------------------------------------------------------------

nr_changes=0

# No SUCCESS, or a word too many, is a failure.
change() {
	nr_changes=$((nr_changes + 1))
	"$ulp" trigger -p "$a" --timeout 60 "$@" >out 2>err || return 1
	grep -q '^SUCCESS ' out && [ ! -s err ]
}

effect_is() {
	[ $((nr_changes % 7)) -ne 0 ] || answers a "$1" number 4
}

# One cycle: one patch, and every second time another one on top, which the first one leaves first.
cycle() {
	change first.so && effect_is 105 || return 1
	if [ $(($1 % 2)) -eq 0 ]; then
		change second.so && effect_is 205 && change --revert first.so && effect_is 205 &&
			change --revert second.so
	else
		change --revert first.so
	fi
	effect_is 5
}

all_cycles() {
	nr_cycles=0
	while [ "$nr_cycles" -lt "$1" ] && [ "$(date +%s)" -lt "${2:-9999999999}" ]; do
		cycle "$nr_cycles" && nr_cycles=$((nr_cycles + 1)) && continue
		echo "# cycle $nr_cycles failed"
		sed 's/^/# /' out err
		return 1
	done
}

# --- what must stay as it is --------------------------------------------------------

# Containers are mapped without a file; nothing else here is executable without one.
containers() {
	grep -c '^[^ ]* r-xp 00000000 00:00 0 *$' "/proc/$a/maps"
}

kilobytes() {
	sed -n "s/^$1:[[:space:]]*\([0-9]*\) kB/\1/p" "/proc/$a/status"
}

# Its workers parked, so that what they use for a moment is not counted.
memory() {
	answers a parked park
	nr_containers=$(containers)
	nr_maps=$(wc -l <"/proc/$a/maps")
	rss_kb=$(kilobytes VmRSS)
	nr_fds=$(ls "/proc/$a/fd" | wc -l)
	nr_threads=$(ls "/proc/$a/task" | wc -l)
	echo "# memory $1: $rss_kb KB resident, $nr_maps mappings, $nr_containers containers, $nr_fds descriptors"
	answers a going go
}

# A number that it answers; 0 if it does not.
count() {
	ask a "$1" | grep -x '[0-9]*' || echo 0
}

loops_grow() {
	[ "$(count loops)" -gt "$1" ]
}

all_is_well() {
	tap_is "$1: no wrong result" 0 "$(ask a wrong)"
	tap_ok "$1: all workers go on" wait_for 60 loops_grow "$(count loops)"
	tap_ok "$1: it runs the library's own code" answers a 5 number 4
	tap_is "$1: whose bytes are as they were" "$code" "$(ask a code)"
}

victim_program=./torture
victim_start a
a=$victim_pid
code=$(ask a code)
tap_ok 'everything runs' wait_for 60 loops_grow 3
tap_ok 'warm-up' all_cycles 4
memory before
before="$nr_containers containers, $nr_fds descriptors, $nr_threads threads"
maps_before=$nr_maps
rss_before=$rss_kb

signals=$(count signals)
loops=$(count loops)
started=$(date +%s)
tap_ok 'applied and reverted again and again' all_cycles "$cycles" "${cycles_end:-$((started + 5))}"
seconds=$(($(date +%s) - started))
echo "# $nr_cycles cycles in $seconds s; $(($(count signals) - signals)) signals;" \
	"each worker did at least $(($(count loops) - loops)) steps"
tap_ok 'some cycles were done' [ "$nr_cycles" -ge 5 ]
tap_ok 'signals came all the time' [ "$(($(count signals) - signals))" -gt $((seconds * 100)) ]
all_is_well cycles
tap_is 'cycles: no system call was seen to be interrupted' 0 "$(ask a eintr)"
memory after
tap_is 'containers, descriptors and threads are as many' "$before" \
	"$nr_containers containers, $nr_fds descriptors, $nr_threads threads"
# An allocator may take or give back an arena; a leak of one page in each cycle shows in a long run.
tap_ok 'mappings are as many' [ "$nr_maps" -le $((maps_before + 4)) ]
tap_ok 'no more memory is used' [ "$rss_kb" -le $((rss_before + 1024)) ]

# --- plans for a new container ----------------------------------------------------------

# All of its symbols are looked up while libraries come and go.
all_plans() {
	for n in $(seq "$borrows"); do
		change --dry-run third.so && continue
		echo "# plan $n failed"
		sed 's/^/# /' out err
		return 1
	done
}

tap_ok "planned $borrows times" all_plans
all_is_well plans

# --- borrowed threads ---------------------------------------------------------------

# A cycle borrows a thread only where a container is new.  Here this is all that is done.
soak=$ULP_BUILDDIR/borrow_soak
if [ -x "$soak" ]; then
	started=$(date +%s)
	run "$soak" "$a" "$borrows"
	tap_is "borrowed and given back $borrows times, twice each" "$borrows" "$(cat "$tap_dir/out")"
	echo "# in $(($(date +%s) - started)) s"
	all_is_well borrowing
	tap_is 'borrowing: no system call was seen to be interrupted' 0 "$(ask a eintr)"
else
	tap_skip 'borrowed threads' 'borrow_soak was not built'
fi

# --- a tool that is killed ------------------------------------------------------------

# random N: N numbers below 1000
random() {
	awk -v seed="$seed" -v nr="$1" 'BEGIN {
		srand(seed)
		for (i = 0; i < nr; i++)
			print int(rand() * 1000)
	}'
}

# killed MICROSECONDS COMMAND [ARG...]: the tool or its worker or both
killed() {
	kill_delay=$1
	shift
	nr_tries=$((nr_tries + 1))
	case $((nr_tries % 4)) in
	0) whom=tool ;;
	1) whom=worker ;;
	*) whom=all ;;
	esac
	kill_status=0
	./killer "$whom" "$kill_delay" "$@" >killed.out 2>&1 || kill_status=$?
	[ "$kill_status" -ne 9 ] || nr_killed=$((nr_killed + 1))
}

# After a kill it is one or the other, the next change succeeds, and all functions are alike.
goes_on() {
	if "$ulp" check -p "$a" first.so >check.out 2>&1; then
		change --revert first.so && answers a 5 number 4
	else
		[ $? -eq 1 ] && change first.so && answers a 105 number 4
	fi
}

all_kills() {
	for part in $(random "$kills"); do
		if [ -x "$soak" ]; then
			# Not without end: its worker may have just ended when it is to be hit.
			killed $((part * 20)) "$soak" "$a" 20
		fi
		killed $((part * 60)) "$ulp" trigger -p "$a" --timeout 60 first.so
		goes_on || return 1
		killed $((part * 60)) "$ulp" trigger -p "$a" --timeout 60 --revert first.so
		goes_on || return 1
	done
}

nr_tries=0
nr_killed=0
echo "# ULP_SEED=$seed"
tap_ok "killed again and again" all_kills
echo "# $nr_killed of $nr_tries were killed in time"
"$ulp" check -p "$a" first.so >check.out 2>&1 && run change --revert first.so
all_is_well kills
# A tool that is dead cannot hide that epoll_wait(2) ends with EINTR when its thread is stopping.
echo "# system calls that were seen to be interrupted: $(ask a eintr)"

# --- a process whose first thread has ended -------------------------------------------

leader_is_zombie() {
	grep -q '^State:[[:space:]]*Z' "/proc/$a/status"
}

eintr=$(ask a eintr)
tap_ok 'the first thread ends' answers a leaving leave
tap_ok 'and is a zombie' wait_for 60 leader_is_zombie
tap_ok 'without it: applied and reverted' all_cycles 4
if [ -x "$soak" ]; then
	run "$soak" "$a" 20
	tap_is "without it: another one is borrowed" 20 "$(cat "$tap_dir/out")"
fi
all_is_well 'without it'
tap_is 'without it: no system call was seen to be interrupted' "$eintr" "$(ask a eintr)"

tap_ok 'the process ends well' victim_end a "$a"
sed 's/^/# /' a.err
tap_done
