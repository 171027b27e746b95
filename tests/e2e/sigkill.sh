#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# ulp is killed at random moments, and at each of the system calls by which it touches the process.
# The process must live and compute right, and the next ulp must be able to go on from whatever state
# that left.
#
#   ULP_KILLS       so often at a random moment of an apply or a revert; 100 without it
#   ULP_KILLS_FIRST so often at one of the first apply in a process; a quarter of that without it
#   ULP_SEED        for the random moments
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

rounds=${ULP_KILLS:-100}
rounds_first=${ULP_KILLS_FIRST:-$((rounds / 4))}
seed=${ULP_SEED:-$$}
echo "# ULP_SEED=$seed"
victim_program killer

fix_source fix victim_number 101 victim_other 102
fix_spec fix victim_number victim_other >fix.yaml
pack fix
adding_fix first victim_number 201
adding_fix second victim_other 202

victim_start a
a=$victim_pid
code=$(ask a code)
tap_ok 'threads that allocate' answers a started threads malloc 2
tap_ok 'threads that call the patched functions' answers a started threads call 2

# How long a change takes here, in microseconds: the delays shall fall into all parts of it.
started=$(date +%s%N)
for n in 1 2 3 4 5; do
	run apply "$a" fix.so
	tap_is "change $n to measure: apply" 0 "$status"
	run revert "$a" fix.so
	tap_is "change $n to measure: revert" 0 "$status"
done
typical=$((($(date +%s%N) - started) / 10000))
echo "# a change takes about $typical us"

# The state that both functions of a victim show; of another one what they answer.
effect() {
	effect_is=$(ask "$1" number 4)/$(ask "$1" other 4)
	case $effect_is in
	105/106) echo applied ;;
	5/6) echo reverted ;;
	*) echo "neither: $effect_is" ;;
	esac
}

# How many containers are mapped in a process.
mapped() {
	grep -c '^[^ ]* r-xp 00000000 00:00 0 *$' "/proc/$1/maps"
}

# recorded PID: the state that the registry has
recorded() {
	if "$ulp" check -p "$1" fix.so >check.out 2>&1; then
		echo applied
	elif [ $? -eq 1 ]; then
		echo reverted
	else
		echo error
	fi
}

# option_for STATE: the option of ulp trigger that leads away from it
option_for() {
	[ "$1" = reverted ] || echo --revert
}

# goes_on NAME PID: after a kill the victim computes right, and the next change succeeds and leaves a
# consistent state, and no memory of the change that was killed
goes_on() {
	[ "$(ask "$1" wrong)" = 0 ] || return 1
	before=$(recorded "$2")
	wanted=applied
	[ "$before" = reverted ] || wanted=reverted
	# shellcheck disable=SC2046
	"$ulp" trigger -p "$2" $(option_for "$before") fix.so >next.out 2>&1 || return 1
	[ "$(recorded "$2")" = "$wanted" ] && [ "$(effect "$1")" = "$wanted" ] &&
		[ "$(mapped "$2")" -eq 1 ]
}

# explain NAME PID WHAT: of a round that failed
explain() {
	echo "# $3: before $before, recorded $(recorded "$2"), effect $(effect "$1")," \
		"containers mapped: $(mapped "$2")"
	sed 's/^/# killed: /' killed.out
	sed 's/^/# check: /' check.out
	sed 's/^/# next: /' next.out
	"$ulp" messages -p "$2" | tail -n 5 | sed 's/^/# messages: /'
	# Where it hangs, if it does not answer.
	grep -hE '^(Name|State|TracerPid|SigPnd|ShdPnd|SigBlk)' "/proc/$2"/task/*/status | sed 's/^/# /'
}

# --- at random moments -------------------------------------------------------

# random N: N numbers below 1000
random() {
	awk -v seed="$seed" -v nr="$1" 'BEGIN {
		srand(seed)
		for (i = 0; i < nr; i++)
			print int(rand() * 1000)
	}'
}

# Who is killed in the n-th round: see victims/killer.c.
whom() {
	case $(($1 % 4)) in
	0) echo tool ;;
	1) echo worker ;;
	*) echo all ;;
	esac
}

# round NAME PID N PART: a kill at that part, in thousands, of the time that a change takes, and then
# a change that must succeed.  The load of the machine changes: when a kill comes too late the next
# ones come a little earlier.
round() {
	killed=0
	# shellcheck disable=SC2046
	./killer "$(whom "$3")" $((most * $4 / 1000)) "$ulp" trigger -p "$2" \
		$(option_for "$(recorded "$2")") fix.so >killed.out 2>&1 || killed=$?
	[ "$killed" -ne 9 ] || nr_killed=$((nr_killed + 1))
	if [ "$killed" -eq 0 ]; then
		nr_late=$((nr_late + 1))
		most=$((most * 8 / 10))
	else
		most=$((most * 21 / 20))
	fi
	before='?'
	: >next.out
	goes_on "$1" "$2" && return
	failed=$((failed + 1))
	explain "$1" "$2" "round $3 ($(whom "$3"), part $4 of $most us)"
	return 1
}

rounds_begin() {
	nr_killed=0
	nr_late=0
	failed=0
	n=0
	most=$typical
}

rounds_begin
for part in $(random "$rounds"); do
	n=$((n + 1))
	round a "$a" "$n" "$part" || [ "$failed" -lt 5 ] || break
done
echo "# $rounds rounds: the tool killed in $nr_killed, too late in $nr_late"
tap_is "after each of $rounds kills the next change works and all is consistent" 0 "$failed"
tap_ok 'most kills came in time' [ "$((nr_late * 2))" -lt "$rounds" ]

[ "$(recorded "$a")" = reverted ] || run revert "$a" fix.so
tap_ok 'no wrong result' answers a 0 wrong
# A tool that is dead cannot hide that epoll_wait(2) ends with EINTR when its thread is stopping.
echo "# system calls that were seen to be interrupted: $(ask a eintr)"
tap_is 'the code is as it was' "$code" "$(ask a code)"
loops=$(ask a loops)
tap_ok 'all threads run' wait_for 60 loops_grow a "$loops"
tap_ok 'the process ends well' victim_end a "$a"

# --- at random moments of the first apply ------------------------------------

# In a process of its own: only then is memory mapped, by a borrowed thread.  A fork is cheaper than a
# new one.
first_round() {
	victim_fork b c
	c=$victim_pid
	answers c started threads malloc 1 && round c "$c" "$1" "$2" && answers c 0 wrong || return 1
	! "$ulp" messages -p "$c" | grep -q 'unmapped a container' || nr_left=$((nr_left + 1))
	kill -0 "$c" && timeout "$answer_seconds" sh -c 'echo end >c.in' &&
		wait_for "$answer_seconds" process_ended "$c" || return 1
	process_forget "$c"
	rm -f c.in c.out c.pid
}

victim_start b
b=$victim_pid
nr_left=0
rounds_begin
for part in $(random "$rounds_first"); do
	n=$((n + 1))
	first_round "$n" "$part" && continue
	failed=$n
	break
done
echo "# $n rounds: the tool killed in $nr_killed, too late in $nr_late; memory left over, and taken out, in $nr_left"
tap_is "after each of $rounds_first kills of a first apply the next change works" \
	"0 $rounds_first" "$failed $n"
tap_ok 'the process that they were forked from ends well' victim_end b "$b"

# --- at each system call -----------------------------------------------------

# What a process is told by the next tool when the one that was killed had decided.
finished='Z finished a change that an earlier ulp did not live to finish$'

# killed_at CALL N OPTION...: true if the N-th call was there to be killed at
killed_at() {
	killed_call=$1
	killed_when=$2
	shift 2
	strace -f -qq -o strace.out -e trace="$killed_call" \
		-e inject="$killed_call:signal=KILL:when=$killed_when" \
		"$ulp" trigger -p "$b" "$@" >killed.out 2>&1
	grep -q 'killed by signal 9' killed.out
}

# at_each_call CALL APPLIED: kills at the first, second, ... call of a change in a new process, in
# which the container is to be applied for the first time, or to be reverted
at_each_call() {
	failed=0
	nr_finished=0
	for n in $(seq 1000); do
		victim_start b
		b=$victim_pid
		code=$(ask b code)
		run ask b threads malloc 1
		option=
		if "$2"; then
			run apply "$b" fix.so
			option=--revert
		fi
		# shellcheck disable=SC2086
		killed_at "$1" "$n" $option fix.so
		late=$?
		if [ "$late" -eq 0 ] && ! goes_on b "$b"; then
			failed=$((failed + 1))
			explain b "$b" "call $n of $1"
		fi
		! "$ulp" messages -p "$b" | grep -q "$finished" || nr_finished=$((nr_finished + 1))
		[ "$(recorded "$b")" = reverted ] || run revert "$b" fix.so
		[ "$(ask b code)" = "$code" ] && victim_end b "$b" || failed=$((failed + 1))
		[ "$late" -eq 0 ] && [ "$failed" -lt 5 ] || break
	done
	nr_calls=$((n - 1))
}

strace -o strace.out -e trace=ptrace -e inject=ptrace:signal=KILL:when=1 true 2>/dev/null &&
	strace_works=true || strace_works=false
# each_call CALL REVERT LEAST
each_call() {
	what="killed at each $1 of $("$2" && echo a revert || echo an apply)"
	if ! "$strace_works"; then
		tap_skip "$what" 'no strace that can inject signals'
		return
	fi
	at_each_call "$1" "$2"
	echo "# $what: $nr_calls calls; the next change had to finish it after $nr_finished"
	tap_is "$what: the next change works and all is consistent" 0 "$failed"
	tap_ok "$what: there were some" [ "$nr_calls" -ge "$3" ]
	nr_told=$((nr_told + nr_finished))
}

nr_told=0
for revert in false true; do
	each_call ptrace "$revert" 8
	each_call pwrite64 "$revert" 4
	each_call process_vm_writev "$revert" 2
done
if "$strace_works"; then
	tap_ok 'killed after the decision: the next one finishes it, and tells the process' \
		[ "$nr_told" -ge 2 ]
else
	tap_skip 'killed after the decision' 'no strace that can inject signals'
fi

# --- at each system call of a change of several live patches ------------------------

# Two patches leave together; alone, or for one that replaces both functions.
both() {
	case $(patches_of "$b") in
	'') echo reverted ;;
	'second.so first.so') echo two ;;
	fix.so) echo applied ;;
	*) echo "neither: $(patches_of "$b")" ;;
	esac
}

# The effect of two patches is the one that `both` tells.
both_are_in_effect() {
	case $(both) in
	two) [ "$(effect b)" = 'neither: 205/206' ] ;;
	*) [ "$(effect b)" = "$(both)" ] ;;
	esac
}

# each_call_of_both CALL LEAST WANTED [CONTAINER]
each_call_of_both() {
	what="killed at each $1 of --revert-all${4:+ with a container}"
	if ! "$strace_works"; then
		tap_skip "$what" 'no strace that can inject signals'
		return
	fi
	failed=0
	victim_start b
	b=$victim_pid
	run ask b threads malloc 1
	for n in $(seq 1000); do
		[ "$(both)" != applied ] || run revert "$b" fix.so
		[ "$(both)" = two ] || run apply "$b" first.so second.so
		# shellcheck disable=SC2086
		killed_at "$1" "$n" --revert-all=libvictim.so.1 $4
		late=$?
		# shellcheck disable=SC2086
		if [ "$late" -eq 0 ] &&
			! { "$ulp" trigger -p "$b" --revert-all=libvictim.so.1 $4 >next.out 2>&1 &&
				[ "$(both)" = "$3" ] && both_are_in_effect && answers b 0 wrong; }; then
			failed=$((failed + 1))
			sed 's/^/# next: /' next.out
			echo "# $what: call $n: $(both), $(effect b)"
		fi
		[ "$late" -eq 0 ] && [ "$failed" -lt 5 ] || break
	done
	echo "# $what: $((n - 1)) calls"
	tap_is "$what: the next one works and all is consistent" 0 "$failed"
	tap_ok "$what: there were some" [ "$n" -gt "$2" ]
	tap_ok "$what: the process ends well" victim_end b "$b"
}

for container in '' fix.so; do
	wanted=reverted
	[ -z "$container" ] || wanted=applied
	each_call_of_both ptrace 8 "$wanted" "$container"
	each_call_of_both pwrite64 4 "$wanted" "$container"
	each_call_of_both process_vm_writev 2 "$wanted" "$container"
done

tap_done
