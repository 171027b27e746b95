#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Live patches go into running processes, have their effect, are shown, and leave no trace.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

# succeeds NAME COMMAND...: status 0 and a line SUCCESS, no ERROR
succeeds() {
	name=$1
	shift
	run "$@"
	if [ "$status" -eq 0 ] && grep -q '^SUCCESS ' out && ! grep -q '^ERROR ' out; then
		tap_report 0 "$name"
	else
		tap_report 1 "$name"
		tap_explain "status $status"
	fi
}

# transcript PID: the transcript of ulp patches with what differs from machine to machine taken out.
# Other libraries of the machine may have entries too.
transcript() {
	"$ulp" patches -p "$1" | sed "s|PID: $1,|PID: \$pid,|; s|$tap_dir/|\$dir/|; s|$runtime|\$runtime|" |
		sed '\|^    in /|d'
}

# --- one container, two functions -------------------------------------------

fix_source two victim_number 101 victim_other 102
cat >two.yaml <<YAML
ulp: 1
name: two
description: two functions get a hundred more
labels: [CVE-2000-0002, bsc#2]
target:
  soname: libvictim.so.1
functions:
  - replace: victim_number
  - replace: victim_other
YAML
pack two

victim_start a
a=$victim_pid
state_save a "$a"
runtime_line=$("$ulp" livepatchable "$runtime" >/dev/null && echo "    in \$runtime:")
shown_before=$(
	cat <<-END
		PID: \$pid, name: victim
		  Livepatchable libraries:
		    in \$dir/lib/libvictim.so.1:
		$runtime_line
	END
)
shown_applied=$(
	cat <<-END
		PID: \$pid, name: victim
		  Livepatchable libraries:
		    in \$dir/lib/libvictim.so.1:
		      livepatch: two.so
		        bug labels: CVE-2000-0002, bsc#2
		$runtime_line
	END
)

tap_is 'patches: nothing applied' "$shown_before" "$(transcript "$a")"
run "$ulp" check -p "$a" two.so
tap_is 'check: not applied is status 1' 1 "$status"
tap_has 'check: says not applied' out "^pid $a \\(victim\\): two\\.so: not applied"

run apply "$a" --dry-run two.so
tap_is 'dry run: status 0' 0 "$status"
tap_has 'dry run: what could be done' out '^1 patch could be applied to 1 process'
tap_ok 'dry run: nothing changed' state_same a "$a"

run apply "$a" two.so
cp out applied
tap_is 'apply: status 0' 0 "$status"
tap_is 'apply: the outcome' "SUCCESS pid $a (victim): two.so" "$(sed -n 1p applied)"
tap_is 'apply: the summary' '1 patch applied to 1 process (0 skipped, 0 failed)' "$(sed -n '$p' applied)"
tap_is 'apply: nothing on stderr' '' "$(cat err)"
tap_ok 'applied: first function' answers a 105 number 4
tap_ok 'applied: second function' answers a 106 other 4
tap_ok 'applied: a function beside them is as before' answers a 7 third 4
tap_is 'patches: the container and its labels' "$shown_applied" "$(transcript "$a")"
run "$ulp" check -p "$a" two.so
tap_is 'check: applied is status 0' 0 "$status"
tap_has 'check: says applied' out "^pid $a \\(victim\\): two\\.so: applied\$"
run "$ulp" messages -p "$a"
tap_has 'messages: which process' out "^PID: $a, name: victim\$"
tap_has 'messages: what was applied' out '^  .*applied two\.so: 2 functions of libvictim\.so\.1$'

run revert "$a" two.so
cp out reverted
tap_is 'revert: status 0' 0 "$status"
tap_is 'revert: the outcome' "SUCCESS pid $a (victim): two.so" "$(sed -n 1p reverted)"
tap_is 'revert: the summary' '1 patch reverted in 1 process (0 skipped, 0 failed)' \
	"$(sed -n '$p' reverted)"
tap_ok 'reverted: first function' answers a 5 number 4
tap_ok 'reverted: second function' answers a 6 other 4
tap_is 'reverted: the code is byte for byte as it was' "$(sed -n 1p a.state)" "$(ask a code)"
tap_is 'patches: nothing applied any more' "$shown_before" "$(transcript "$a")"
run "$ulp" check -p "$a" two.so
tap_is 'check: reverted is status 1' 1 "$status"
run "$ulp" messages -p "$a"
tap_has 'messages: what was reverted' out '^  .*reverted two\.so: 2 functions of libvictim\.so\.1$'

# --- again and again: the mapping is used once more -------------------------

memory_of() {
	wc -l <"/proc/$1/maps"
	grep -e '^VmSize:' -e '^VmData:' "/proc/$1/status"
}

cycle() {
	apply "$a" two.so && answers a 105 number 4 && revert "$a" two.so && answers a 5 number 4
}

fifty_cycles() {
	for n in $(seq 50); do
		cycle >cycle.out 2>&1 && continue
		echo "# cycle $n failed"
		sed 's/^/# /' cycle.out
		return 1
	done
}

run cycle
memory_of "$a" >memory.before
tap_ok 'fifty times applied and reverted' fifty_cycles
memory_of "$a" >memory.after
tap_is 'fifty times: no memory more' "$(cat memory.before)" "$(cat memory.after)"
tap_is 'fifty times: the code is as it was' "$(sed -n 1p a.state)" "$(ask a code)"

# --- what belongs to the library alone --------------------------------------

cat >private.c <<'C'
#include "libvictim.h"
int scale(int n);
extern int base;
int victim_private(int n)
{
	base++;
	return scale(n) + 1000;
}
C
fix_spec private victim_private >private.yaml
pack private
tap_ok 'private: before' answers a 5 private 5
succeeds 'private: apply' apply "$a" private.so
tap_ok 'private: the static function and the static variable are the library'\''s' \
	answers a 1010 private 5
tap_ok 'private: the variable keeps what the patch wrote' answers a 1015 private 5
succeeds 'private: revert' revert "$a" private.so
tap_ok 'private: after it the old function sees the variable' answers a 15 private 5
run ask a set-base 1

cat >static.c <<'C'
extern int base;
int scale(int n);
int scale(int n)
{
	return n * base + 5000;
}
C
fix_spec static scale >static.yaml
pack static
succeeds 'a static function is replaced: apply' apply "$a" static.so
tap_ok 'a static function is replaced' answers a 5005 private 5
succeeds 'a static function is replaced: revert' revert "$a" static.so
tap_ok 'a static function is replaced: reverted' answers a 5 private 5

cat >hidden.c <<'C'
int victim_hidden(int n);
int victim_hidden(int n)
{
	return n + 110;
}
C
fix_spec hidden victim_hidden >hidden.yaml
pack hidden
succeeds 'a hidden function is replaced: apply' apply "$a" hidden.so
tap_ok 'a hidden function is replaced' answers a 115 hidden 5
succeeds 'a hidden function is replaced: revert' revert "$a" hidden.so
tap_ok 'a hidden function is replaced: reverted' answers a 15 hidden 5

# --- what the whole process shares ------------------------------------------

cat >shared.c <<'C'
#include "libvictim.h"
#include <stdio.h>
#include <string.h>
int victim_with_level(int n)
{
	return n + 1000 * victim_level;
}
const char *victim_text(int n)
{
	static char text[64];
	char word[16];
	memcpy(word, "patched", (size_t)(n > 0 ? 8 : 1));
	snprintf(text, sizeof(text), "%s %d", word, n);
	return text;
}
C
fix_spec shared victim_with_level victim_text >shared.yaml
pack shared
tap_ok 'exported data: the program'\''s copy is the one in use' answers a 3 set-level 3
succeeds 'exported data and imports: apply' apply "$a" shared.so
tap_ok 'exported data: the patch uses the program'\''s copy too' answers a 3004 level 4
tap_ok 'imports: memcpy and snprintf' answers a 'patched 9' text 9
succeeds 'exported data and imports: revert' revert "$a" shared.so
tap_ok 'imports: reverted' answers a "number 9 of $$" text 9
run ask a set-level 7

# --- new code and new data --------------------------------------------------

cat >more.c <<'C'
#include "libvictim.h"
static int table[3] = {100, 200, 300};
static int *const pointers[3] = {&table[2], &table[1], &table[0]};
static unsigned calls;
static __attribute__((noinline)) int more(int n)
{
	return *pointers[calls++ % 3] + n;
}
int victim_number(int n)
{
	return more(n) + 1;
}
C
fix_spec more victim_number >more.yaml
pack more
succeeds 'new function, new data: apply' apply "$a" more.so
tap_ok 'new data: the first call' answers a 301 number 0
tap_ok 'new data: the second call' answers a 201 number 0
tap_ok 'new data: the third call' answers a 101 number 0
succeeds 'new function, new data: revert' revert "$a" more.so
tap_ok 'new function, new data: reverted' answers a 1 number 0

# --- several on one function ------------------------------------------------

adding_fix upper victim_number 201

succeeds 'two in one call: apply' apply "$a" two.so upper.so
tap_has 'two in one call: the summary' out '^2 patches applied to 1 process '
tap_ok 'stacked: the later one is in effect' answers a 205 number 4
tap_ok 'stacked: the earlier one'\''s other function is in effect' answers a 106 other 4
tap_is 'stacked: patches lists both, the newest first' 'upper.so two.so' \
	"$("$ulp" patches -p "$a" | sed -n 's/^      livepatch: //p' | xargs)"
succeeds 'the upper one leaves first' revert "$a" upper.so
tap_ok 'stacked: the lower one is in effect again' answers a 105 number 4
succeeds 'then the lower one' revert "$a" two.so
tap_ok 'stacked: both reverted' answers a 5 number 4

succeeds 'stacked once more' apply "$a" two.so upper.so
succeeds 'the lower one leaves first' revert "$a" two.so
tap_ok 'stacked: the upper one stays in effect' answers a 205 number 4
tap_ok 'stacked: the lower one'\''s other function is reverted' answers a 6 other 4
succeeds 'then the upper one' revert "$a" upper.so
tap_ok 'stacked: both reverted in the other order' answers a 5 number 4

succeeds 'the other way round: apply' apply "$a" upper.so two.so
tap_ok 'the other way round: the later one is in effect' answers a 105 number 4
succeeds 'two in one call: revert' revert "$a" upper.so two.so
tap_is 'stacked: the code is as it was' "$(sed -n 1p a.state)" "$(ask a code)"

# --- several processes, children --------------------------------------------

cp victim "v$$"
victim_program=./v$$
victim_start b
b=$victim_pid
victim_start c
c=$victim_pid
victim_program=./victim
run apply "v$$*" two.so
tap_is 'wildcard: status 0' 0 "$status"
tap_is 'wildcard: one line for each process' "$(printf '%s\n' "$b" "$c" | sort)" \
	"$(sed -n "s/^SUCCESS pid \\([0-9]*\\) (v$$): two\\.so\$/\\1/p" out | sort)"
tap_has 'wildcard: the summary' out '^1 patch applied to 2 processes '
tap_ok 'wildcard: the first' answers b 105 number 4
tap_ok 'wildcard: the second' answers c 105 number 4
tap_ok 'wildcard: no other' answers a 5 number 4
run "$ulp" check -p "v$$" two.so
tap_is 'wildcard: check' 0 "$status"

victim_fork b bc
child=$victim_pid
tap_ok 'a fork'\''s child is patched' answers bc 105 number 4
succeeds 'the child alone is reverted' revert "$child" two.so
tap_ok 'the child is reverted' answers bc 5 number 4
tap_ok 'its parent is not' answers b 105 number 4
run "$ulp" check -p "v$$" two.so
tap_is 'check: not applied in each of them' 1 "$status"
succeeds 'the child is patched again' apply "$child" two.so
tap_ok 'the child is patched again: effect' answers bc 105 number 4

# Without -p: all processes with the runtime, whatever else there may be on this machine.
run "$ulp" trigger --revert two.so
for pid in "$b" "$c" "$child"; do
	tap_has 'all processes: reverted' out "^SUCCESS pid $pid "
done
tap_has 'all processes: where it is not applied' out "^ERROR +pid $a \\(victim\\): two\\.so: .*not applied"
tap_ok 'all processes: effect' answers c 5 number 4
victim_end bc "$child"
tap_ok 'the child ends when it is told to' process_ended "$child"
tap_ok 'the second process ends well' victim_end b "$b"
tap_ok 'the third process ends well' victim_end c "$c"

# --- the container's file is gone -------------------------------------------

cp two.so copy
succeeds 'file: apply' apply "$a" two.so
rm two.so
tap_is 'file removed: still shown' "$shown_applied" "$(transcript "$a")"
tap_ok 'file removed: still in effect' answers a 105 number 4
mv copy two-copy.so
run "$ulp" check -p "$a" two-copy.so
tap_is 'file removed: a copy is known' 0 "$status"
succeeds 'file removed: reverted by a copy' revert "$a" two-copy.so
tap_ok 'file removed: reverted' answers a 5 number 4

# --- a library that was found by a relative path ----------------------------

# The dynamic linker's name for it would mean nothing to us: the file is shown as the kernel has it.
printf '#!/bin/sh\nLD_LIBRARY_PATH=lib exec ./victim "$@"\n' >relative
chmod 755 relative
victim_program=./relative
victim_start r
tap_is 'relative path: shown with its full path' "$shown_before" "$(transcript "$victim_pid")"
tap_ok 'relative path: the process ends well' victim_end r "$victim_pid"

# --- the end ----------------------------------------------------------------

tap_is 'in the end the code is as it was' "$(sed -n 1p a.state)" "$(ask a code)"
tap_ok 'no system call was seen to be interrupted' answers a 0 eintr
tap_ok 'the process ends well' victim_end a "$a"
tap_done
