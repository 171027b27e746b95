#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Processes that are confined: by chroot and namespaces, by seccomp filters, by other restrictions, to
# another user.  And processes in odd states: traced, stopped, in the middle of a vfork or of many
# forks, without their first thread.  What cannot be patched says why, and what to do.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'not root'

adding_fix fix victim_number 101
adding_fix second victim_number 101

# in_and_out NAME KIND: applied, in effect, reverted; the code is as before
in_and_out() {
	in_code=$(ask "$1" code)
	run apply "$victim_pid" fix.so
	tap_is "$2: apply" 0 "$status"
	tap_ok "$2: effect" answers "$1" 105 number 4
	run revert "$victim_pid" fix.so
	tap_is "$2: revert" 0 "$status"
	tap_ok "$2: reverted" answers "$1" 5 number 4
	tap_is "$2: the code is as it was" "$in_code" "$(ask "$1" code)"
}

# refused NAME STATUS REGEX COMMAND...: fails, says so, and nothing has changed
refused() {
	name=$1
	wanted=$2
	regex=$3
	shift 3
	run "$@"
	tap_is "$name: status" "$wanted" "$status"
	tap_has "$name: the reason" out "$regex"
}

# --- another root folder, other namespaces ----------------------------------------------

mkdir -p jail/lib
for file in ./victim lib/libvictim.so.1 "$runtime"; do
	cp "$file" jail/lib/
	ldd "$file" | grep -o '/[^ ]*' | grep -v libvictim >>libraries
done
# Where the program looks for its dynamic linker, and that for the others.
sort -u libraries | while read -r file; do
	mkdir -p "jail/${file%/*}"
	cp -L "$file" "jail/$file"
	cp -L "$file" jail/lib/
done
runtime_name=${runtime##*/}

# jail_start NAME COMMAND...: victim_start below jail/, in the way of that command
jail_start() {
	jail_name=$1
	shift
	for end in in out; do
		mkfifo "jail/$jail_name.$end"
		ln -s "jail/$jail_name.$end" "$jail_name.$end"
	done
	process_start "$@" chroot jail /lib/ld-linux-x86-64.so.2 --library-path /lib \
		--preload "/lib/$runtime_name" /lib/victim "/$jail_name" 2>"$jail_name.err"
	victim_pid=$process_pid
	echo "$victim_pid" >"$jail_name.pid"
}

has_child() {
	[ -n "$(cat "/proc/$1/task/$1/children")" ]
}

if [ -e jail/lib/ld-linux-x86-64.so.2 ]; then
	jail_start chrooted env
	tap_ok 'chroot: it runs' answers chrooted 42 number 41
	in_and_out chrooted 'chroot'
	tap_ok 'chroot: it ends well' victim_end chrooted "$victim_pid"

	if unshare --user --map-root-user --pid --fork --mount true 2>/dev/null; then
		jail_start spaces unshare --user --map-root-user --pid --fork --kill-child --mount --net \
			--ipc --uts
		tap_ok 'namespaces: it runs' answers spaces 42 number 41
		outer=$victim_pid
		wait_for 20 has_child "$outer"
		victim_pid=$(tr -d ' ' <"/proc/$outer/task/$outer/children")
		tap_ok 'namespaces: it has another process ID inside' \
			grep -q '^NSpid:.*[[:space:]]1$' "/proc/$victim_pid/status"
		in_and_out spaces 'namespaces'
		tap_ok 'namespaces: it ends well' victim_end spaces "$outer"
	else
		tap_skip 'namespaces' 'no user namespace can be made here'
	fi
else
	tap_skip 'chroot and namespaces' 'the dynamic linker has another name here'
fi

# --- seccomp and other restrictions -------------------------------------------------------

for verdict in errno trap kill; do
	victim_start "s-$verdict"
	case $(ask "s-$verdict" forbid-calls "$verdict") in
	confined) ;;
	*)
		tap_skip "seccomp, $verdict" 'no seccomp filter can be installed here'
		process_stop "$victim_pid"
		continue
		;;
	esac
	run apply "$victim_pid" fix.so
	if [ "$status" -eq 3 ] && grep -q 'seccomp filter' out; then
		tap_skip "seccomp, $verdict" 'root may not suspend filters here'
		tap_ok "seccomp, $verdict: unchanged, and lives" answers "s-$verdict" 5 number 4
		process_stop "$victim_pid"
		continue
	fi
	run revert "$victim_pid" fix.so
	in_and_out "s-$verdict" "seccomp, $verdict"
	refused "seccomp, $verdict, without CAP_SYS_ADMIN" 3 \
		"^ERROR   pid $victim_pid .*: second\\.so: .*seccomp filter, which only root may suspend: run as root with CAP_SYS_ADMIN" \
		setpriv --bounding-set -sys_admin "$ulp" trigger -p "$victim_pid" second.so
	tap_ok "seccomp, $verdict: unchanged, and lives" answers "s-$verdict" 5 number 4
	tap_ok "seccomp, $verdict: it ends well" victim_end "s-$verdict" "$victim_pid"
done

victim_start mdwe
if [ "$(ask mdwe mdwe)" = 'done' ]; then
	in_and_out mdwe 'no memory becomes executable (MDWE)'
else
	tap_skip 'no memory becomes executable (MDWE)' 'this kernel does not have PR_SET_MDWE'
fi
tap_ok 'MDWE: it ends well' victim_end mdwe "$victim_pid"

victim_start full
tap_ok 'limited memory: set' prlimit --pid "$victim_pid" --as=1:
refused 'limited memory' 8 \
	"^ERROR   pid $victim_pid .*: fix\\.so: mmap of [0-9]+ bytes at 0x[0-9a-f]+ in the process: Cannot allocate memory" \
	apply "$victim_pid" fix.so
tap_ok 'limited memory: unchanged, and lives' answers full 5 number 4
tap_ok 'limited memory: no more' prlimit --pid "$victim_pid" --as=unlimited:
in_and_out full 'limited memory, no more'
tap_ok 'limited memory: it ends well' victim_end full "$victim_pid"

# --- users ------------------------------------------------------------------------------------

one='setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs'
two='setpriv --reuid 65533 --regid 65533 --clear-groups'
if $one "$ulp" --version >/dev/null 2>&1; then
	mkfifo -m 666 user.in user.out
	# shellcheck disable=SC2086
	process_start env LD_LIBRARY_PATH="$tap_dir/lib" $one env LD_PRELOAD="$runtime" ./victim user
	victim_pid=$process_pid
	echo "$victim_pid" >user.pid
	tap_ok 'of another user, no new privileges: it runs' answers user 42 number 41
	in_and_out user 'of another user, no new privileges, by root'
	# shellcheck disable=SC2086
	refused 'by a third user' 7 \
		"^ERROR   pid $victim_pid.*(Permission denied|not permitted|root)" \
		$two "$ulp" trigger -p "$victim_pid" fix.so
	tap_ok 'by a third user: unchanged' answers user 5 number 4
	# shellcheck disable=SC2086
	run $one "$ulp" trigger -p "$victim_pid" second.so
	tap_is 'by its own user: apply' 0 "$status"
	tap_ok 'by its own user: effect' answers user 105 number 4
	# shellcheck disable=SC2086
	run $one "$ulp" trigger -p "$victim_pid" --revert second.so
	tap_is 'by its own user: revert' 0 "$status"
	tap_ok 'of another user: it ends well' victim_end user "$victim_pid"
else
	tap_skip 'users' 'another user cannot run the tool here'
fi

# --- tracers -------------------------------------------------------------------------------------

is_traced() {
	grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$1/status"
}

is_not_traced() {
	! is_traced "$1"
}

# traced_by NAME COMMAND...: the error names it; when it is gone, all is as without it
traced_by() {
	tracer_name=$1
	shift
	if ! command -v "$1" >/dev/null; then
		tap_skip "traced by $tracer_name" "$1 is not installed"
		return
	fi
	process_start "$@" >tracer.log 2>&1 </dev/null
	tracer_pid=$process_pid
	tap_ok "traced by $tracer_name: it is" wait_for 60 is_traced "$victim_pid"
	refused "traced by $tracer_name" 4 \
		"^ERROR   pid $victim_pid .*: fix\\.so: .*is being traced by process $tracer_pid \\($tracer_name\\); end that first" \
		"$ulp" trigger -p "$victim_pid" --timeout 1 fix.so
	process_stop "$tracer_pid"
	tap_ok "traced by $tracer_name: no more" wait_for 60 is_not_traced "$victim_pid"
	in_and_out traced "after $tracer_name"
}

victim_start traced
traced_by strace strace -f -p "$victim_pid" -o strace.log
mkfifo wait
traced_by gdb gdb -nx -batch -p "$victim_pid" -ex 'shell read x <wait'
tap_ok 'traced: it ends well' victim_end traced "$victim_pid"

# --- stopped, in the middle of vfork, without its first thread, while it forks --------------------

state_is() {
	grep -q "^State:[[:space:]]*$2" "/proc/$1/status"
}

victim_start stopped
kill -STOP "$victim_pid"
tap_ok 'stopped: it is' wait_for 20 state_is "$victim_pid" T
run apply "$victim_pid" fix.so
tap_is 'stopped: apply' 0 "$status"
run apply "$victim_pid" second.so
tap_is 'stopped: a second one' 0 "$status"
run revert "$victim_pid" second.so
tap_is 'stopped: which is reverted' 0 "$status"
tap_ok 'stopped: it still is' state_is "$victim_pid" T
kill -CONT "$victim_pid"
tap_ok 'stopped: effect when it goes on' answers stopped 105 number 4
run revert "$victim_pid" fix.so
tap_is 'stopped: revert' 0 "$status"
tap_ok 'stopped: no system call was seen to be interrupted' answers stopped 0 eintr
tap_ok 'stopped: it ends well' victim_end stopped "$victim_pid"

# shellcheck disable=SC2086
must "$gcc" $victim_cflags -o family "$victims/family.c" lib/libvictim.so.1 -pthread
victim_program=./family
family=f$$
victim_start "$family"
tap_ok 'vfork: a thread waits for its child' answers "$family" 1 vfork
refused 'vfork' 6 \
	"^ERROR   pid $victim_pid .*: fix\\.so: .*(shares|vfork)" \
	"$ulp" trigger -p "$victim_pid" --timeout 1 fix.so
tap_ok 'vfork: unchanged' answers "$family" 5 number 4
"$ulp" trigger -p "$victim_pid" --timeout 3600 fix.so >ended &
later=$!
process_add "$later"
tap_ok 'vfork: it is waited for' wait_for 20 \
	grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$victim_pid/task/$victim_pid/status"
kill -TERM "$later"
tap_ok 'vfork: a signal ends the wait' wait_for 20 process_ended "$later"
later_status=0
wait "$later" || later_status=$?
tap_is 'vfork: as a signal does' 143 "$later_status"
process_forget "$later"
"$ulp" trigger -p "$victim_pid" --timeout 60 fix.so >later &
later=$!
process_add "$later"
tap_ok 'vfork: the child ends' wait_for 20 ask "$family" vforked
tap_ok 'vfork: applied then' wait "$later"
process_forget "$later"
tap_ok 'vfork: effect' answers "$family" 105 number 4
run revert "$victim_pid" fix.so
tap_is 'vfork: revert' 0 "$status"

tap_ok 'first thread: it ends' answers "$family" 1 leave
tap_ok 'first thread: it is a zombie' wait_for 20 state_is "$victim_pid" Z
run apply "$victim_pid" second.so
tap_is 'first thread: apply without it' 0 "$status"
tap_ok 'first thread: effect' answers "$family" 105 number 4
run revert "$victim_pid" second.so
tap_is 'first thread: revert' 0 "$status"
process_stop "$victim_pid"

children_are() {
	[ "$(ask "$family" forked)" -ge "$1" ]
}

# Those that a fork makes between the apply to its parent and its own turn.
family=g$$
victim_start "$family"
tap_ok 'forks: it makes children all the time' answers "$family" 1 forks 150
tap_ok 'forks: there are some' wait_for 20 children_are 10
run "$ulp" trigger -p "$family" --timeout 60 fix.so
tap_is 'forks: apply to all of this name' 0 "$status"
tap_ok 'forks: there are more by now' wait_for 60 children_are 150
run "$ulp" check -p "$family" fix.so
tap_is 'forks: each of them is patched' 0 "$status"
tap_is 'forks: all of them were looked at' 151 "$(grep -c ': applied$' out)"
process_stop "$victim_pid"

# While one round of them cannot be patched the next ones come.
family=h$$
wait_fix wait
victim_start "$family"
tap_ok 'waiters: it makes children all the time' answers "$family" 1 waiters 500
run "$ulp" trigger -p "$family" --timeout 1 -j 100 wait.so
tap_is 'waiters: they are in the function' 6 "$status"
tap_has 'waiters: what comes after the last round is not patched, and one is told' err \
	"^ulp: warning: processes appear all the time: .*again"
process_stop "$victim_pid"
tap_done
