#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Live patches that require, exclude or supersede each other, and one that waits until no thread is
# inside the library.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

# succeeds NAME COMMAND...: status 0
succeeds() {
	name=$1
	shift
	run "$@"
	tap_is "$name" 0 "$status"
}

# refused NAME REGEX COMMAND...: status 5, an ERROR that says so, and nothing has changed
refused() {
	name=$1
	regex=$2
	shift 2
	listed_before=$(patches_of "$a")
	code_before=$(ask a code)
	run "$@"
	tap_is "$name: status" 5 "$status"
	tap_has "$name: the reason" out "^ERROR   pid $a \\(victim\\): .*$regex"
	tap_is "$name: the code is as it was" "$code_before" "$(ask a code)"
	tap_is "$name: ulp patches lists the same" "$listed_before" "$(patches_of "$a")"
}

# The live patches of the victim, the newest first.
number_fix base 100
other_fix top 100 'requires: [base]'
number_fix rival 300 'conflicts: [base]'

victim_start a
a=$victim_pid
code=$(ask a code)
tap_ok 'threads that call the functions' answers a started threads call 2

# --- requires ----------------------------------------------------------------

refused 'requires: without it' \
	'top\.so: requires the live patch base, which is not applied to libvictim\.so\.1' \
	apply "$a" top.so
refused 'requires: without it, --dry-run' 'requires the live patch base' apply "$a" --dry-run top.so
succeeds 'requires: both in one call, in their order' apply "$a" base.so top.so
tap_is 'requires: both are listed' 'top.so base.so' "$(patches_of "$a")"
refused 'requires: what is required is not reverted' \
	'base\.so: the live patch top, which is applied to libvictim\.so\.1, requires it' \
	revert "$a" base.so
tap_ok 'requires: both are in effect' answers a 105 number 4
tap_ok 'requires: both are in effect, the other function' answers a 106 other 4
succeeds 'requires: reverted in their order' revert "$a" top.so base.so

# --- conflicts ---------------------------------------------------------------

succeeds 'conflicts: the first one' apply "$a" base.so
refused 'conflicts: the second one' \
	'rival\.so: conflicts with the live patch base, which is applied to libvictim\.so\.1' \
	apply "$a" rival.so
succeeds 'conflicts: the first one leaves' revert "$a" base.so
succeeds 'conflicts: then the second one' apply "$a" rival.so
refused 'conflicts: the first one, which says nothing about it' \
	'base\.so: the live patch rival, which is applied to libvictim\.so\.1, conflicts with it' \
	apply "$a" base.so
succeeds 'conflicts: the second one leaves' revert "$a" rival.so
tap_is 'conflicts: the code is as it was' "$code" "$(ask a code)"

# --- supersedes --------------------------------------------------------------

number_fix newer 200 'supersedes: [base, never-applied, top]'
succeeds 'supersedes: nothing is applied' apply "$a" newer.so
tap_is 'supersedes: listed alone' newer.so "$(patches_of "$a")"
refused 'supersedes: the old one does not come back' \
	'base\.so: the live patch newer, which is applied to libvictim\.so\.1, supersedes it' \
	apply "$a" base.so
succeeds 'supersedes: reverted' revert "$a" newer.so

succeeds 'supersedes: two old ones' apply "$a" base.so top.so
# loops_on: the threads have called the functions ten times more
loops_on() {
	loops_wanted=$(($(ask a loops) + 10))
	loops_until=$(($(date +%s) + 30))
	while [ "$(ask a loops)" -le "$loops_wanted" ]; do
		[ "$(date +%s)" -lt "$loops_until" ] || return 1
	done
}
tap_ok 'supersedes: the threads use the old ones' loops_on
ask a lowest >/dev/null
succeeds 'supersedes: the new one takes their place' apply "$a" newer.so
tap_ok 'supersedes: the threads use the new one' loops_on
tap_is 'supersedes: no call saw the library without either' 101 "$(ask a lowest)"
tap_is 'supersedes: only the new one is listed' newer.so "$(patches_of "$a")"
tap_ok 'supersedes: the new one is in effect' answers a 205 number 4
tap_ok 'supersedes: what only the old one replaced is the original' answers a 6 other 4
run "$ulp" messages -p "$a"
tap_has 'supersedes: messages tell that the old one left' out \
	'^  .*reverted base\.so: superseded by newer\.so$'
run "$ulp" check -p "$a" base.so
tap_is 'supersedes: check says that the old one is not applied' 1 "$status"
refused 'supersedes: the old one cannot be reverted again' 'base\.so: .*not applied' \
	revert "$a" base.so
succeeds 'supersedes: the new one leaves' revert "$a" newer.so
tap_is 'supersedes: the code is as it was' "$code" "$(ask a code)"

number_fix lone 400 'supersedes: [base]'
succeeds 'supersedes what is required: both old ones' apply "$a" base.so top.so
refused 'supersedes what is required' \
	'lone\.so: supersedes the live patch base, which top requires' apply "$a" lone.so
succeeds 'supersedes what is required: they leave' revert "$a" top.so base.so

# All or nothing: a thread inside the old function that has no part in the new container.
wait_fix wait
number_fix after-wait 200 'supersedes: [wait]'
succeeds 'in use: the old one' apply "$a" wait.so
tap_ok 'in use: a thread is inside it' answers a held hold wait
run apply "$a" --timeout 1 after-wait.so
tap_is 'in use: the new one waits, to no end' 6 "$status"
# Others call victim_number all the time and may be what is met at the deadline.
tap_has 'in use: names a function that is in use' out '^ERROR .*after-wait\.so: .*victim_(wait|number)'
tap_is 'in use: only the old one is listed' wait.so "$(patches_of "$a")"
tap_ok 'in use: the new one is not in effect' answers a 5 number 4
tap_ok 'in use: the thread leaves' answers a 142 release
succeeds 'in use: then it is superseded' apply "$a" after-wait.so
tap_is 'in use: only the new one is listed' after-wait.so "$(patches_of "$a")"
succeeds 'in use: reverted' revert "$a" after-wait.so
tap_is 'in use: the code is as it was' "$code" "$(ask a code)"
tap_is 'no call had a wrong result' 0 "$(ask a wrong)"

# --- consistency of the library ----------------------------------------------

# In a process whose threads do not call the library all the time.
victim_start b
b=$victim_pid
code=$(ask b code)
number_fix careful 100 'consistency: library'
number_fix usual 100
for how in wait spin; do
	tap_ok "library ($how): a thread is inside another function" answers b held hold "$how"
	run apply "$b" --timeout 4 careful.so
	tap_is "library ($how): status" 6 "$status"
	tap_has "library ($how): names the library" out \
		"^ERROR   pid $b .*: careful\\.so: .*inside libvictim\\.so\\.1, at 0x"
	tap_is "library ($how): the code is as it was" "$code" "$(ask b code)"
	succeeds "library ($how): a patch with consistency function goes in" apply "$b" usual.so
	succeeds "library ($how): and out" revert "$b" usual.so
	run ask b release
	succeeds "library ($how): applied when the thread has left" apply "$b" careful.so
	tap_ok "library ($how): in effect" answers b 105 number 4
	tap_ok "library ($how): inside again" answers b held hold "$how"
	run revert "$b" --timeout 4 careful.so
	tap_is "library ($how): nor is it reverted with a thread inside" 6 "$status"
	run ask b release
	succeeds "library ($how): reverted" revert "$b" careful.so
	tap_is "library ($how): the code is as it was in the end" "$code" "$(ask b code)"
done

tap_ok 'the victims end well' victim_end a "$a"
tap_ok 'the other one, too' victim_end b "$b"
tap_done
