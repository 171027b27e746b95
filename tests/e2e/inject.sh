#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# ulp trigger --inject: processes that were started without the runtime get it, and are patched as
# others are: with threads that allocate, with exceptions through replaced functions, after a fork.
# The tool is killed at random moments meanwhile.
#
#   ULP_KILLS  so often; 20 without it
#   ULP_SEED   for the random moments
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

rounds=${ULP_KILLS:-20}
seed=${ULP_SEED:-$$}
echo "# ULP_SEED=$seed"
victim_preload=

adding_fix fix victim_number 101
adding_fix other victim_other 102

# It must be root's and only root's to write, whatever the umask of the build was.
cp "$runtime" libpulp.so.0
chmod 755 libpulp.so.0
inject() {
	inject_pid=$1
	shift
	"$ulp" trigger --inject --runtime="$tap_dir/libpulp.so.0" -p "$inject_pid" "$@"
}

# The bytes of all code that comes from files, the padding behind it included, but libvictim's.
code_of_files() {
	grep ' r-xp .* [1-9][0-9]* */' "/proc/$1/maps" | grep -v libvictim |
		while IFS='- ' read -r start end rest; do
			dd if="/proc/$1/mem" bs=4096 skip=$((0x$start / 4096)) \
				count=$(((0x$end - 0x$start) / 4096)) 2>/dev/null | cksum
			echo "$start $end ${rest##* }"
		done
}

stack_start() {
	sed -n 's/^\([0-9a-f]*\)-.*\[stack\]$/\1/p' "/proc/$1/maps"
}

# --- what is refused changes nothing -------------------------------------------

# refused NAME STATUS REGEX COMMAND...: an error, and the victim a is as it was
refused() {
	refused_name=$1
	refused_status=$2
	refused_regex=$3
	shift 3
	run "$@"
	tap_is "$refused_name: status" "$refused_status" "$status"
	cat out err >both
	tap_has "$refused_name: says so" both "$refused_regex"
	tap_ok "$refused_name: nothing changed" state_same a "$a"
}

victim_start a
a=$victim_pid
state_save a "$a"
code_of_files "$a" >files.before
stack=$((0x$(stack_start "$a")))
peek "$a" "$stack" 16384 >stack.before
refused 'no runtime' 4 'ulp trigger --inject' apply "$a" fix.so
refused 'no process named' 2 'wants -p' "$ulp" trigger --inject fix.so
refused 'with --revert' 2 'neither --revert' inject "$a" --revert fix.so
refused 'with --dry-run' 2 'nor --dry-run' inject "$a" --dry-run fix.so
refused '--runtime alone' 2 'is for --inject' "$ulp" trigger --runtime=libpulp.so.0 -p "$a" fix.so
refused 'another file' 3 'ERROR .*fix\.so is not the runtime' \
	"$ulp" trigger --inject --runtime=fix.so -p "$a" fix.so
refused 'no file' 7 'ERROR .*none\.so cannot be used' \
	"$ulp" trigger --inject --runtime=none.so -p "$a" fix.so
refused 'a folder' 3 'ERROR .*fix\.so: lib: not a regular file' \
	"$ulp" trigger --inject --runtime=lib -p "$a" fix.so
refused 'a file without a name' 2 'runtime wants a file' \
	"$ulp" trigger --inject --runtime= -p "$a" fix.so
chmod 775 libpulp.so.0
refused 'a file that others can write to' 7 'ERROR .*could be changed by others' inject "$a" fix.so
chmod 755 libpulp.so.0

victim_library elsewhere -DVICTIM_BUILD=\"elsewhere\"
pack fix elsewhere
refused 'a container for another build' 1 'SKIPPED .*another build' inject "$a" fix.so
pack fix

nobody='setpriv --reuid 65534 --regid 65534 --clear-groups'
if $nobody "$ulp" --version >version.out 2>&1; then
	# shellcheck disable=SC2086
	refused 'as another user' 7 'run as root' $nobody \
		"$ulp" trigger --inject --runtime="$tap_dir/libpulp.so.0" -p "$a" fix.so
else
	tap_skip 'as another user' 'setpriv to nobody does not work here'
fi

mkfifo hold
process_start ./tracer "$a" hold >tracer.out
wait_for 10 grep -q tracing tracer.out || tap_bail 'the tracer does not trace'
run inject "$a" fix.so
tap_is 'traced: status' 4 "$status"
tap_has 'traced: says by whom' out 'ERROR .*being traced by process'
process_stop "$process_pid"
tap_ok 'nothing changed so far' state_same a "$a"

# --- threads that allocate and call ----------------------------------------------

tap_ok 'threads that allocate' answers a started threads malloc 3
tap_ok 'threads that call' answers a started threads call 2
run inject "$a" fix.so
tap_is 'inject and apply: status' 0 "$status"
tap_has 'inject and apply: SUCCESS' out "^SUCCESS pid $a \\(victim\\): fix\\.so"
tap_ok 'the new function is called' answers a 105 number 4
code_of_files "$a" >files.after
tap_ok 'the code of the libraries is as it was, and the padding behind it' \
	cmp files.before files.after
peek "$a" "$stack" 16384 >stack.after
tap_ok 'the lower end of the stack, too' cmp stack.before stack.after

injected() {
	grep -c ' r-xp 00000000 00:00 0 *$' "/proc/$a/maps"
}

mapped=$(injected)
run apply "$a" other.so
tap_is 'a second patch without --inject: status' 0 "$status"
tap_ok 'its new function is called' answers a 106 other 4
run inject "$a" other.so
tap_is 'again with --inject: already applied' 5 "$status"
tap_is 'the runtime is there once' "$((mapped + 1))" "$(injected)"
run "$ulp" patches -p "$a"
tap_is 'patches: status' 0 "$status"
tap_has 'patches: lists the first' out 'livepatch: fix\.so'
tap_has 'patches: lists the second' out 'livepatch: other\.so'
run "$ulp" messages -p "$a"
tap_has 'messages: tells where the runtime comes from' out 'loaded by ulp'
run "$ulp" check -p "$a" fix.so
tap_is 'check: applied' 0 "$status"

victim_fork a d
d=$victim_pid
tap_ok 'a child has the new function' answers d 105 number 4
run revert "$d" fix.so
tap_is 'a child: revert: status' 0 "$status"
tap_ok 'a child: reverted' answers d 5 number 4
tap_ok 'a child: its parent is not' answers a 105 number 4
process_stop "$d"

run "$ulp" trigger --revert fix.so
tap_has 'found among all processes' out "^SUCCESS pid $a \\(victim\\): fix\\.so"
tap_ok 'reverted' answers a 5 number 4
run revert "$a" other.so
tap_is 'revert the second: status' 0 "$status"
tap_is 'the code is as it was' "$(sed -n 1p a.state)" "$(ask a code)"
for n in 1 2 3 4 5; do
	run apply "$a" fix.so
	tap_is "cycle $n: apply" 0 "$status"
	run revert "$a" fix.so
	tap_is "cycle $n: revert" 0 "$status"
done
tap_ok 'no wrong result' answers a 0 wrong
tap_ok 'no interrupted call' answers a 0 eintr
tap_ok 'the process ends well' victim_end a "$a"

# --- a seccomp filter --------------------------------------------------------------

victim_start s
s=$victim_pid
confined=$(ask s forbid-calls)
run inject "$s" fix.so
if [ "$confined" = 'no seccomp' ]; then
	tap_skip 'seccomp' 'no filter can be installed here'
elif [ "$status" -eq 0 ]; then
	tap_ok 'seccomp: suspended for the change' answers s 105 number 4
else
	tap_has 'seccomp: refused' out 'ERROR .*seccomp'
fi
tap_ok 'seccomp: the process lives' answers s 106 other 104
process_stop "$s"

# --- opt-outs in the environment ------------------------------------------------------

# They are for the start of a process; who names it with --inject decides.
export LIBPULP_DISABLE_ON_PATH='*'
victim_start opted
unset LIBPULP_DISABLE_ON_PATH
run inject "$victim_pid" fix.so
tap_is 'opted out by its environment: who names it decides' 0 "$status"
tap_ok 'opted out by its environment: the fix is in effect' answers opted 105 number 4
"$ulp" set_patchable -p "$victim_pid" disable >disabled.out
run inject "$victim_pid" other.so
tap_is 'disabled by set_patchable: that holds' 7 "$status"
process_stop "$victim_pid"

# --- programs that cannot have it ---------------------------------------------------

cat >static.c <<'C'
#include <unistd.h>
#ifdef TARGET
int victim_number(int n);
#else
#define victim_number(n) ((n) + 1)
#endif
int main(void)
{
	char ready = (char)('0' + victim_number(1));
	if (write(1, &ready, 1) != 1)
		return 1;
	for (;;)
		pause();
}
C
# refused_program NAME REGEX: of the program ./NAME
refused_program() {
	process_start env LD_LIBRARY_PATH="$tap_dir/lib" "./$1" >"$1.out"
	wait_for 30 test -s "$1.out" || tap_bail "the program $1 does not run"
	run inject "$process_pid" fix.so
	tap_is "$1: status" 3 "$status"
	cat out err >both
	tap_has "$1: says why" both "$2"
	tap_ok "$1: lives" kill -0 "$process_pid"
	process_stop "$process_pid"
}
if "$gcc" -static -o static static.c 2>static.log; then
	refused_program static 'ERROR .*statically linked'
else
	tap_skip 'a static program' 'it cannot be linked here'
fi
# It can load a library that was built for glibc and needs little of it.
if command -v musl-gcc >/dev/null; then
	must musl-gcc -DTARGET -o musl static.c lib/libvictim.so.1
	refused_program musl 'ERROR .*C library is not glibc'
else
	tap_skip 'another C library' 'musl-tools is not installed'
fi

# --- exceptions -----------------------------------------------------------------------

# unwinding NAME [FLAG...]: a process whose exceptions go through replaced functions
unwinding() {
	unwinding_name=$1
	shift
	mkdir -p "$unwinding_name"
	must "$gcc" -fplugin="$plugin" -std=gnu++17 -D_GNU_SOURCE -O2 -g -fPIC -shared "$@" \
		-DUNWINDING_BUILD="\"$$ inject $unwinding_name\"" -Wl,-soname,libunwinding.so.1 \
		-Wl,--build-id=sha1 -o "$unwinding_name/libunwinding.so.1" \
		"$victims/libunwinding.cc" -lstdc++
	must "$gcc" -std=gnu++17 -D_GNU_SOURCE -O2 -g -o "$unwinding_name/unwinding" \
		"$victims/unwinding.cc" "$unwinding_name/libunwinding.so.1" "$@" -lstdc++ -pthread
	must "$gcc" -fplugin="$plugin" -std=gnu++17 -D_GNU_SOURCE -O2 -g -fPIC -DMORE=100 \
		-ffunction-sections -fdata-sections -c -o "$unwinding_name/fix.o" "$victims/libunwinding.cc"
	fix_spec "$unwinding_name" unwinding_version unwinding_throw unwinding_through \
		unwinding_catch unwinding_rethrow unwinding_throw_secret unwinding_wait |
		sed '/^  soname:/s/libvictim/libunwinding/' >"$unwinding_name.yaml"
	must "$packer" "$unwinding_name.yaml" "$unwinding_name/fix.o" \
		-t "$unwinding_name/libunwinding.so.1" -o "$unwinding_name.so"
	victim_program=./$unwinding_name/unwinding
	victim_start "$unwinding_name" "$unwinding_name"
	u=$victim_pid
	unwinding_frames=$(ask "$unwinding_name" frames)
	run inject "$u" "$unwinding_name.so"
	tap_is "$unwinding_name: inject and apply: status" 0 "$status"
	# Its answers while the fix is applied: see unwinding.sh.
	while read -r wanted request; do
		# shellcheck disable=SC2086
		tap_ok "$unwinding_name: $request" answers "$unwinding_name" "$wanted" $request
	done <<-END
		101 version
		105 caller 5
		101 through 5
		105 inside 5
		5 other-type 5
		106 rethrown 5
		306 nested 5
		$unwinding_frames frames
		0 wait
		202 cancel
	END
	run revert "$u" "$unwinding_name.so"
	tap_is "$unwinding_name: revert: status" 0 "$status"
	tap_ok "$unwinding_name: reverted" answers "$unwinding_name" 6 nested 5
	tap_ok "$unwinding_name: ends well" victim_end "$unwinding_name" "$u"
}

echo 'int main() { try { throw 1; } catch (int) { return 0; } }' >probe.cc
if "$gcc" -o probe probe.cc -lstdc++ 2>probe.log; then
	unwinding shared
	# All slots are bound at the start, and their pages read-only.
	unwinding now -Wl,-z,now -Wl,-z,relro
else
	tap_skip 'exceptions' 'there is no C++ compiler'
fi
victim_program=

# --- an unwinder that is loaded later ---------------------------------------------------

# backtrace(3) loads libgcc_s.so.1 when it is called first.
cat >liblate.c <<'C'
int late_calls(int (*f)(void))
{
	volatile int n = f();
	return n + MORE;
}
C
cat >late.c <<'C'
#include <execinfo.h>
#include <stdio.h>
int late_calls(int (*f)(void));
static int one(void)
{
	return 1;
}
static int depth(void)
{
	void *frames[64];
	return backtrace(frames, 64);
}
int main(void)
{
	char line[16];
	if (freopen("late.in", "r+", stdin) == NULL)
		return 1;
	setvbuf(stdout, NULL, _IONBF, 0);
	while (fgets(line, sizeof(line), stdin))
		printf("%d\n", late_calls(line[0] == 'd' ? depth : one));
	return 0;
}
C
mkdir late
must "$gcc" -fplugin="$plugin" -O2 -g -fPIC -shared -DMORE=0 -Wl,-soname,liblate.so.1 \
	-Wl,--build-id=sha1 -o late/liblate.so.1 liblate.c
must "$gcc" -fplugin="$plugin" -O2 -g -fPIC -DMORE=100 -c -o late.o liblate.c
fix_spec late late_calls | sed '/^  soname:/s/libvictim/liblate/' >late.yaml
must "$packer" late.yaml late.o -t late/liblate.so.1 -o late.so
must "$gcc" -O2 -g -o late/late late.c late/liblate.so.1

# late_says REQUEST: what the program answers
late_says() {
	late_lines=$(wc -l <late.out)
	# shellcheck disable=SC2016
	timeout "$answer_seconds" sh -c 'echo "$1" >late.in' sh "$1"
	wait_for "$answer_seconds" late_has_more && tail -n 1 late.out
}
late_has_more() {
	[ "$(wc -l <late.out)" -gt "$late_lines" ]
}
mkfifo late.in
: >late.out
process_start env LD_LIBRARY_PATH="$tap_dir/late" ./late/late >late.out
late=$process_pid
tap_is 'late: the old function' 1 "$(late_says one)"
tap_ok 'late: no unwinder yet' [ "$(grep -c libgcc_s "/proc/$late/maps")" = 0 ]
run inject "$late" late.so
tap_is 'late: inject and apply: status' 0 "$status"
tap_is 'late: the new function' 101 "$(late_says one)"
run revert "$late" late.so
tap_is 'late: revert: status' 0 "$status"
depth=$(late_says depth)
tap_ok 'late: a backtrace has frames' [ "$depth" -ge 4 ]
tap_ok 'late: now there is one' process_maps "$late" libgcc_s
run apply "$late" late.so
tap_is 'late: apply: status' 0 "$status"
tap_is 'late: the backtrace goes through the new function' "$((depth + 100))" "$(late_says depth)"
process_stop "$late"

# --- kills ----------------------------------------------------------------------------

victim_program killer
victim_start b
b=$victim_pid
victim_fork b c
started=$(date +%s%N)
run inject "$victim_pid" fix.so
tap_is 'a change to measure: status' 0 "$status"
typical=$((($(date +%s%N) - started) / 1000))
process_stop "$victim_pid"
rm -f c.in c.out c.pid
echo "# it takes about $typical us"

# round WHOM MICROSECONDS: a new process without the runtime, a kill, and then a change that must
# succeed
round() {
	victim_fork b c
	c=$victim_pid
	answers c started threads malloc 1 || return 1
	./killer "$1" "$2" "$ulp" trigger --inject --runtime="$tap_dir/libpulp.so.0" -p "$c" fix.so \
		>killed.out 2>&1
	[ $? -ne 9 ] || nr_killed=$((nr_killed + 1))
	answers c 7 other 5 && answers c 0 wrong || return 1
	if ! inject "$c" fix.so >next.out 2>&1 && ! grep -q 'applied already' next.out; then
		sed 's/^/# next: /' next.out
		return 1
	fi
	answers c 105 number 4 && answers c 0 wrong || return 1
	revert "$c" fix.so >next.out 2>&1 && answers c 5 number 4 || return 1
	victim_end_of_round
}

victim_end_of_round() {
	timeout "$answer_seconds" sh -c 'echo end >c.in' &&
		wait_for "$answer_seconds" process_ended "$c" || return 1
	process_forget "$c"
	rm -f c.in c.out c.pid
}

nr_killed=0
failed=0
n=0
# shellcheck disable=SC2013
for part in $(awk -v seed="$seed" -v nr="$rounds" 'BEGIN {
	srand(seed)
	for (i = 0; i < nr; i++)
		print int(rand() * 1000)
}'); do
	n=$((n + 1))
	case $((n % 3)) in
	0) whom=tool ;;
	1) whom=worker ;;
	*) whom=all ;;
	esac
	round "$whom" $((typical * part / 1000)) || {
		echo "# round $n failed: $whom after $((typical * part / 1000)) us"
		failed=$((failed + 1))
		break
	}
done
echo "# $n rounds, the tool killed in $nr_killed"
tap_is "after each of $rounds kills the process is right and the next change works" 0 "$failed"
tap_ok 'some of the kills came in time' [ "$nr_killed" -gt 0 ]
tap_ok 'the process that they were forked from ends well' victim_end b "$b"
tap_done
