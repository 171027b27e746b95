#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What cannot be done is refused with its place and reason, the exit status of container/err.h, and
# leaves the process as it was.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

# refused NAME STATUS REGEX COMMAND...: fails with that status, and a line of its output or of its
# messages matches; the victim a is as before.
refused() {
	name=$1
	wanted=$2
	regex=$3
	shift 3
	run "$@"
	if [ "$status" -eq "$wanted" ] && cat out err | grep -Eq -e "$regex"; then
		tap_report 0 "$name"
	else
		tap_report 1 "$name"
		tap_explain "status $status, wanted $wanted and a line: $regex"
	fi
	tap_ok "$name: nothing changed" state_same a "$a"
}

# flip FILE OFFSET: inverts the byte there
flip() {
	flip_byte=$(od -An -v -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
	printf "\\$(printf '%03o' $((255 - flip_byte)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

# section_of FILE NAME: its file offset and length
section_of() {
	readelf -SW "$1" | sed 's/^ *\[ *[0-9]*\] *//' |
		awk -v name="$2" '$1 == name { print $4, $5 }' | while read -r off len; do
		echo $((0x$off)) $((0x$len))
	done
}

fix_source fix victim_number 101 victim_other 102
fix_spec CVE-2000-0001 victim_number victim_other >fix.yaml
pack fix

victim_start a
a=$victim_pid
state_save a "$a"

# --- the container is not meant for the process ------------------------------

victim_library other -DVICTIM_BUILD='"another build"'
cp fix.c wrong.c
fix_spec CVE-2000-0001 victim_number >wrong.yaml
pack wrong other
refused 'another build of the library' 1 "^SKIPPED pid $a \\(victim\\): wrong\\.so: " apply "$a" wrong.so
tap_has 'another build: the one that the container is for' out "$(id_of other/libvictim.so.1)"
tap_has 'another build: the one that the process has' out "$(id_of lib/libvictim.so.1)"
tap_has 'another build: the summary' out '^0 patches applied to 0 processes \(1 skipped, 0 failed\)'
refused 'another build: revert' 1 "^SKIPPED pid $a " revert "$a" wrong.so

process_start env LD_PRELOAD="$runtime" sleep 1000
bare=$process_pid
wait_for 20 process_maps "$bare" 'libpulp\.so\.0' || tap_bail 'sleep has no runtime'
refused 'the library is not there' 1 "^SKIPPED pid $bare \\(sleep\\): fix\\.so: .*libvictim\\.so\\.1" \
	apply "$bare" fix.so
refused 'the library is not there: check' 1 "^pid $bare \\(sleep\\): fix\\.so: not applied" \
	"$ulp" check -p "$bare" fix.so
tap_ok 'the library is not there: the process lives' kill -0 "$bare"

# One that fits and one that does not: the result is not a failure.
run apply "$a" wrong.so fix.so
tap_is 'one of two is skipped: status 0' 0 "$status"
tap_has 'one of two is skipped: the summary' out '^1 patch applied to 1 process \(1 skipped, 0 failed\)'
run revert "$a" fix.so
tap_is 'one of two is skipped: reverted' 0 "$status"
tap_is 'one of two is skipped: the code is as it was' "$(sed -n 1p a.state)" "$(ask a code)"
# From here on the container stays mapped, to be used again.
state_save a "$a"

# --- applied, not applied ----------------------------------------------------

refused 'not applied' 5 "^ERROR   pid $a \\(victim\\): fix\\.so: .*not applied" revert "$a" fix.so
run apply "$a" fix.so
tap_is 'already applied: applied first' 0 "$status"
state_save a "$a"
refused 'already applied' 5 "^ERROR   pid $a \\(victim\\): fix\\.so: .*applied" apply "$a" fix.so
tap_has 'already applied: the summary' out '^0 patches applied to 0 processes \(0 skipped, 1 failed\)'
run revert "$a" fix.so
tap_is 'already applied: reverted' 0 "$status"
state_save a "$a"

# --- bytes that are not what the container expects ---------------------------

# Nobody calls the function meanwhile: the victim's main thread waits for the next request.
entry=$(function_address "$a" victim_number)
byte=$(peek "$a" "$entry" 1)
poke "$a" "$entry" cc
run apply "$a" fix.so
# shellcheck disable=SC2046
at_refusal=$(echo $(peek "$a" "$entry" 5))
# shellcheck disable=SC2086
poke "$a" "$entry" $byte
tap_is 'a changed entry: status' 5 "$status"
tap_has 'a changed entry: names the function' out "^ERROR   pid $a .*: fix\\.so: .*victim_number"
tap_is 'a changed entry: left as it was' 'cc' "${at_refusal%% *}"
tap_ok 'a changed entry: nothing else changed' state_same a "$a"

run apply "$a" fix.so
second=$(peek "$a" "$(function_address "$a" victim_other)" 8)
poke "$a" "$(function_address "$a" victim_other)" cc
run revert "$a" fix.so
# shellcheck disable=SC2086
poke "$a" "$(function_address "$a" victim_other)" $second
tap_is 'a changed entry, revert: status' 5 "$status"
tap_has 'a changed entry, revert: names the function' out "^ERROR   pid $a .*: fix\\.so: .*victim_other"
tap_ok 'a changed entry, revert: both functions are as before' answers a 105 number 4
tap_ok 'a changed entry, revert: also the other' answers a 106 other 4
run revert "$a" fix.so
tap_is 'a changed entry, revert: possible when it is mended' 0 "$status"
state_save a "$a"

body=$(($(function_address "$a" victim_other) + 8))
byte=$(peek "$a" "$body" 1)
poke "$a" "$body" cc
run apply "$a" fix.so
# shellcheck disable=SC2086
poke "$a" "$body" $byte
tap_is 'a changed body: status' 5 "$status"
tap_has 'a changed body: names the function' out "^ERROR   pid $a .*: fix\\.so: .*victim_other"
tap_ok 'a changed body: nothing else changed' state_same a "$a"

# --- the process ------------------------------------------------------------

sleep 0 &
gone=$!
wait "$gone"
refused 'no such process' 4 "pid $gone\\b" apply "$gone" fix.so
refused 'no such process: patches' 4 "pid $gone\\b" "$ulp" patches -p "$gone"
refused 'no such process: check' 4 "pid $gone\\b" "$ulp" check -p "$gone" fix.so
refused 'no such process: messages' 4 "pid $gone\\b" "$ulp" messages -p "$gone"
# It ends after the shell has become something that reaps nobody.
process_start sh -c '(until [ "$(cat /proc/$$/comm)" = sleep ]; do sleep 0.05; done) &
	echo $! >zombie; exec sleep 1000'
wait_for 10 test -s zombie || tap_bail 'the zombie was not started'
wait_for 10 process_ended "$(cat zombie)" || tap_bail 'the zombie has not ended'
for command in patches messages "check fix.so" "set_patchable enable" "trigger fix.so"; do
	# shellcheck disable=SC2086
	refused "a zombie: $command" 4 "pid $(cat zombie): .*has ended and is a zombie" \
		"$ulp" $command -p "$(cat zombie)"
done
process_stop "$process_pid"
if [ "$(cat /proc/2/comm 2>&1)" = kthreadd ]; then
	refused 'a kernel thread' 4 '^ERROR +pid 2: 2 is a kernel thread' apply 2 fix.so
else
	tap_skip 'a kernel thread' 'none is to be seen here'
fi
refused 'no process of this name' 1 'no process that matches has libpulp\.so\.0 loaded' \
	apply "no such $$" fix.so

process_start sleep 1000
unprepared=$process_pid
refused 'no runtime' 4 "(pid |^ERROR +pid )$unprepared.*libpulp\\.so\\.0" apply "$unprepared" fix.so

# Root may look into every process, others not into root's, nor into one that is not dumpable.
if [ "$(id -u)" -eq 0 ]; then
	nobody='setpriv --reuid 65534 --regid 65534 --clear-groups'
	if $nobody "$ulp" --version >/dev/null 2>&1; then
		# shellcheck disable=SC2086
		refused 'permission: another user' 7 "(pid |^ERROR +pid )$a\\b" \
			$nobody "$ulp" trigger -p "$a" fix.so
		refused 'permission: patches' 7 "pid $a\\b" $nobody "$ulp" patches -p "$a"
		run $nobody "$ulp" trigger fix.so
		tap_ok 'permission: among all processes it is passed over' [ "$status" -le 1 ]
		tap_ok 'permission: passed over and unchanged' state_same a "$a"
		# shellcheck disable=SC2086
		process_start $nobody sleep 1000
		refused 'permission: root that may not trace is not told to be root' 7 \
			"pid $process_pid: .*although we are root: CAP_SYS_PTRACE is missing" \
			setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace \
			"$ulp" patches -p "$process_pid"
		process_stop "$process_pid"
	else
		tap_skip 'permission: another user' 'another user cannot run the tool here'
	fi
	tap_ok 'not dumpable: set' answers a 'done' dumpable 0
	run apply "$a" fix.so
	tap_is 'not dumpable: root may' 0 "$status"
	tap_ok 'not dumpable: effect' answers a 105 number 4
	run revert "$a" fix.so
	tap_is 'not dumpable: reverted' 0 "$status"
	run ask a dumpable 1
	state_save a "$a"
else
	tap_skip 'permission: another user' 'not root'
	tap_ok 'not dumpable: set' answers a 'done' dumpable 0
	run apply "$a" fix.so
	tap_is 'not dumpable: status' 7 "$status"
	tap_has 'not dumpable: says so' out "^ERROR   pid $a\\b"
	run ask a dumpable 1
	tap_ok 'not dumpable: nothing changed' state_same a "$a"
fi

mkfifo let-go
./tracer "$a" let-go >tracing &
tracer=$!
process_add "$tracer"
wait_for 20 grep -q tracing tracing || tap_bail 'the tracer does not trace'
run apply "$a" --timeout 2 fix.so
tap_is 'traced: status' 4 "$status"
tap_has 'traced: names the tracer' out "^ERROR   pid $a .*: fix\\.so: .*(tracer.*$tracer|$tracer.*tracer)"
echo go >let-go
wait "$tracer"
process_forget "$tracer"
tap_ok 'traced: nothing changed' state_same a "$a"
run apply "$a" fix.so
tap_is 'traced: possible when the tracer has gone' 0 "$status"
run revert "$a" fix.so

# A program without libc, which gcc can make without 32-bit libraries.
echo 'void _start(void) { for (;;) continue; }' >narrow.c
if "$gcc" -m32 -O1 -ffreestanding -fno-pic -nostdlib -static -o narrow narrow.c >must.log 2>&1 &&
	file_class=$(readelf -h narrow) && echo "$file_class" | grep -q ELF32; then
	process_start ./narrow
	narrow=$process_pid
	wait_for 20 process_maps "$narrow" /narrow || tap_bail 'the 32-bit process does not start'
	kill -STOP "$narrow"
	run apply "$narrow" fix.so
	tap_is '32-bit process: status' 3 "$status"
	tap_has '32-bit process: says so' out "^ERROR   pid $narrow\\b.*32-bit"
	kill -KILL "$narrow"
else
	tap_skip '32-bit process' 'no -m32 here'
fi

# --- a function in use -------------------------------------------------------

cat >wait.c <<'C'
#include "libvictim.h"
int victim_wait(int fd)
{
	(void)fd;
	return 1000;
}
int victim_spin(const volatile int *ready)
{
	return 1000 + *ready;
}
C
fix_spec wait victim_wait victim_spin >wait.yaml
pack wait
for how in wait spin; do
	tap_ok "in use ($how): a thread is inside" answers a held hold "$how"
	run apply "$a" --timeout 1 wait.so
	tap_is "in use ($how): status" 6 "$status"
	tap_has "in use ($how): names the function" out "^ERROR   pid $a .*: wait\\.so: .*victim_$how"
	tap_is "in use ($how): the code is as it was" "$(sed -n 1p a.state)" "$(ask a code)"
	run apply "$a" --force wait.so
	tap_is "in use ($how): --force" 0 "$status"
	released=$(ask a release)
	tap_ok "in use ($how): the old function was left in good order" [ "$released" -lt 1000 ]
	run revert "$a" wait.so
	tap_is "in use ($how): reverted" 0 "$status"
	# The other way round: --timeout is long enough for the thread to leave meanwhile.
	tap_ok "in use ($how): inside again" answers a held hold "$how"
	"$ulp" trigger -p "$a" --timeout 60 wait.so >later &
	later=$!
	process_add "$later"
	run ask a release
	wait "$later"
	tap_is "in use ($how): applied when the thread has left" 0 $?
	process_forget "$later"
	run revert "$a" wait.so
	tap_is "in use ($how): reverted again" 0 "$status"
	tap_is "in use ($how): the code is as it was in the end" "$(sed -n 1p a.state)" "$(ask a code)"
done
state_save a "$a"

# The same for the new function, when it is to leave; its code stays mapped for who is in it.
wait_fix stay
for option in --revert --revert-all=libvictim.so.1; do
	container=stay.so
	[ "$option" = --revert ] || container=
	run apply "$a" stay.so
	tap_is "in use ($option): applied" 0 "$status"
	tap_ok "in use ($option): a thread is inside" answers a held hold wait
	# shellcheck disable=SC2086
	run apply "$a" "$option" --timeout 1 $container
	tap_is "in use ($option): status" 6 "$status"
	tap_has "in use ($option): names the function" out "^ERROR   pid $a .*: .*victim_wait"
	tap_is "in use ($option): it is still applied" stay.so "$(patches_of "$a")"
	# shellcheck disable=SC2086
	run apply "$a" "$option" --force --timeout 1 $container
	tap_is "in use ($option): --force" 0 "$status"
	tap_has "in use ($option): --force: a SUCCESS" out "^SUCCESS pid $a .*stay\\.so"
	tap_is "in use ($option): --force: it is not listed" '' "$(patches_of "$a")"
	tap_is "in use ($option): --force: the code is as it was" "$(sed -n 1p a.state)" "$(ask a code)"
	tap_ok "in use ($option): the new function is left in good order" answers a 142 release
	tap_ok "in use ($option): the next one is the old one" answers a held hold wait
	tap_ok "in use ($option): the old function" answers a 42 release
done
state_save a "$a"

cat >any.c <<'C'
#include "libvictim.h"
int victim_wait(int fd)
{
	(void)fd;
	return 1000;
}
C
(
	fix_spec any victim_wait
	echo 'consistency: none'
) >any.yaml
pack any
tap_ok 'consistency none: a thread is inside' answers a held hold wait
run apply "$a" --timeout 1 any.so
tap_is 'consistency none: applied' 0 "$status"
tap_ok 'consistency none: the old function goes on' answers a 42 release
tap_ok 'consistency none: the next one is the new one' answers a held hold wait
tap_ok 'consistency none: the new function' answers a 1000 release
run revert "$a" any.so
tap_is 'consistency none: reverted' 0 "$status"
state_save a "$a"

# --- a process that may not do system calls ----------------------------------

victim_start s
s=$victim_pid
confined=$(ask s forbid-calls)
if [ "$confined" != 'no seccomp' ]; then
	tap_ok 'seccomp: the process is confined and lives' answers s 5 number 4
	state_save s "$s"
	run apply "$s" fix.so
	if [ "$status" -eq 0 ]; then
		tap_ok 'seccomp: suspended for the change' answers s 105 number 4
		run revert "$s" fix.so
		tap_is 'seccomp: reverted' 0 "$status"
		tap_is 'seccomp: the code is as it was' "$(sed -n 1p s.state)" "$(ask s code)"
	else
		tap_is 'seccomp: refused' 3 "$status"
		tap_has 'seccomp: says so' out "^ERROR   pid $s .*: fix\\.so: .*seccomp"
		tap_ok 'seccomp: nothing changed' state_same s "$s"
	fi
	tap_ok 'seccomp: the process lives' answers s 5 number 4
	if [ "$(id -u)" -eq 0 ]; then
		# Without CAP_SYS_ADMIN the filter cannot be suspended, which the mapping of a
		# container needs.
		cp fix.c other.c
		fix_spec other victim_number >other.yaml
		pack other
		run setpriv --bounding-set -sys_admin "$ulp" trigger -p "$s" other.so
		tap_is 'seccomp without CAP_SYS_ADMIN: status' 3 "$status"
		tap_has 'seccomp without CAP_SYS_ADMIN: says so' out \
			"^ERROR   pid $s .*: other\\.so: .*seccomp"
		tap_ok 'seccomp without CAP_SYS_ADMIN: the process lives' answers s 5 number 4
	fi
else
	tap_skip 'seccomp' 'no seccomp filter can be installed here'
fi

# --- a symbol that the process does not have ---------------------------------

mkdir extra
echo 'int victim_extra(void); int victim_extra(void) { return 1; }' >extra.c
must "$gcc" -shared -fPIC -Wl,-soname,libextra.so.1 -o extra/libextra.so.1 extra.c
victim_library needs -Wl,--no-as-needed extra/libextra.so.1
cat >missing.c <<'C'
#include "libvictim.h"
int victim_extra(void);
int victim_number(int n)
{
	return n + victim_extra();
}
C
compile_fix missing
fix_spec missing victim_number >missing.yaml
must "$packer" missing.yaml missing.o -t needs/libvictim.so.1 -L extra -o missing.so
# When the process starts, the library that the packer saw is another one.
echo 'int victim_nothing(void); int victim_nothing(void) { return 1; }' >extra.c
must "$gcc" -shared -fPIC -Wl,-soname,libextra.so.1 -o needs/libextra.so.1 extra.c
victim_start m needs
run apply "$victim_pid" missing.so
tap_is 'a symbol that nobody has: status' 5 "$status"
tap_has 'a symbol that nobody has: names it' out \
	"^ERROR   pid $victim_pid .*: missing\\.so: .*victim_extra"
tap_ok 'a symbol that nobody has: the process lives' answers m 5 number 4

# --- the container's file ----------------------------------------------------

len=$(wc -c <fix.so)
read -r ulp_off ulp_len <<END
$(section_of fix.so .ulp)
END
read -r rev_off rev_len <<END
$(section_of fix.so .ulp.rev)
END
tap_ok 'the container has .ulp' [ "${ulp_len:-0}" -gt 32 ]
tap_ok 'the container has .ulp.rev' [ "${rev_len:-0}" -gt 32 ]
for n in 0 1 16 63 64 200 $((ulp_off)) $((ulp_off + 1)) $((ulp_off + ulp_len / 2)) \
	$((rev_off + rev_len - 1)) $((len / 2)) $((len - 64)) $((len - 1)); do
	head -c "$n" fix.so >cut.so
	refused "truncated to $n of $len bytes" 3 '^ulp: cut\.so: ' apply "$a" cut.so
done

# Each byte of the sections is under the checksum or is checked itself.
nr_flips=0
nr_accepted=0
accepted=
for section in "$ulp_off $ulp_len" "$rev_off $rev_len"; do
	off=${section% *}
	section_len=${section#* }
	for i in $(seq 0 47) $(seq 48 17 $((section_len - 1))); do
		cp fix.so flipped.so
		flip flipped.so $((off + i))
		run apply "$a" flipped.so
		nr_flips=$((nr_flips + 1))
		if [ "$status" -ne 3 ] || ! grep -Eq '^ulp: flipped\.so: \.ulp' err; then
			nr_accepted=$((nr_accepted + 1))
			accepted="$accepted $((off + i)):$status"
		fi
	done
done
tap_is "damaged: each of $nr_flips flipped bytes is found, and its section named" 0 "$nr_accepted"
[ -z "$accepted" ] || echo "# offset:status$accepted"
tap_ok 'damaged: nothing changed' state_same a "$a"

# ELF header: class, data encoding, type, machine, program headers, section headers.
for i in 0 4 5 16 32 40 54 58 60 62; do
	cp fix.so flipped.so
	flip flipped.so "$i"
	refused "damaged: byte $i of the ELF header" 3 '^ulp: flipped\.so: ' apply "$a" flipped.so
done
cp fix.so alien.so
printf '\267' | dd of=alien.so bs=1 seek=18 conv=notrunc 2>/dev/null # EM_AARCH64
refused 'container for another machine' 3 '^ulp: alien\.so: .*machine' apply "$a" alien.so

refused 'a library that is no container' 3 '^ulp: lib/libvictim\.so\.1: .*not a live patch' \
	apply "$a" lib/libvictim.so.1
refused 'one damaged among two' 3 '^ulp: cut\.so: ' apply "$a" fix.so cut.so

# --- packing ----------------------------------------------------------------

# pack_refused NAME STATUS REGEX OBJECT [FUNCTION [LINE]]: a spec with that function [victim_number]
# and that line at its end
pack_refused() {
	fix_spec refused "${5:-victim_number}" >refused.yaml
	[ -z "${6:-}" ] || printf '%b\n' "$6" >>refused.yaml
	rm -f refused.so
	run "$packer" refused.yaml "$4" -t lib/libvictim.so.1 -o refused.so
	if [ "$status" -eq "$2" ] && grep -Eq -e "$3" err && [ ! -e refused.so ]; then
		tap_report 0 "$1"
	else
		tap_report 1 "$1"
		tap_explain "status $status, wanted $2 and on stderr: $3"
	fi
}

pack_refused 'spec: unknown key' 3 'refused\.yaml:8:1: .*colour' fix.o '' 'colour: blue'
pack_refused 'spec: unknown key of a function' 3 'refused\.yaml:8:5: .*colour' fix.o '' \
	'    colour: blue'
pack_refused 'spec: a key twice' 3 'refused\.yaml:8:1: .*name' fix.o '' 'name: again'
pack_refused 'spec: no YAML' 3 'refused\.yaml:[89]' fix.o '' '  - [replace: {'
pack_refused 'spec: a NUL byte' 3 'refused\.yaml' fix.o '' 'description: \0000'
pack_refused 'function that the target does not have' 5 'refused\.yaml:7:.*victim_nowhere' fix.o \
	victim_nowhere
pack_refused 'function that the object does not have' 5 'victim_third' fix.o victim_third

cp fix.o alien.o
printf '\267' | dd of=alien.o bs=1 seek=18 conv=notrunc 2>/dev/null
pack_refused 'object for another machine' 3 'alien\.o: .*machine' alien.o
head -c 500 fix.o >cut.o
pack_refused 'truncated object' 3 'cut\.o: ' cut.o

# --- a process that ends as soon as it is patched ------------------------------

cat >last.c <<'C'
#include "libvictim.h"
#include <unistd.h>
int victim_number(int n)
{
	_exit(n > 1000);
}
C
fix_spec last victim_number >last.yaml
pack last
victim_start l
l=$victim_pid
tap_ok 'a thread calls the function all the time' answers l started threads call 1
run apply "$l" last.so
tap_is 'it ends by the patch: the patch was applied all the same' "0 SUCCESS" \
	"$status $(sed -n '1s/ .*//p' out)"
tap_is 'it ends by the patch: nothing else is told of it' 2 "$(cat out err | wc -l)"
tap_ok 'it has ended by the patch' wait_for 30 process_ended "$l"
wait "$l"
process_forget "$l"

# --- after all of it ---------------------------------------------------------

tap_ok 'in the end nothing has changed' state_same a "$a"
run apply "$a" fix.so
tap_is 'in the end it can be patched: status' 0 "$status"
tap_ok 'in the end it can be patched: effect' answers a 105 number 4
run revert "$a" fix.so
tap_ok 'no system call was seen to be interrupted' answers a 0 eintr
tap_ok 'the process ends well' victim_end a "$a"
tap_done
