#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# ulp --json: one object that the schema describes, in every case; what is in it is true; it is never
# translated; and what cannot be written is an error.  And --color, -q and -v.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"
. "$ULP_SRCDIR/tests/lib/german.sh"

schema=$ULP_SRCDIR/specs/ulp-output.schema.json
perl -MJSON::PP -e 1 2>/dev/null || tap_skip_all 'no JSON::PP of perl here'
python=
for candidate in python3 /usr/bin/python3; do
	"$candidate" -c 'import jsonschema' 2>/dev/null && python=$candidate && break
done

# validate.py SCHEMA ANSWER...: prints "ANSWER: fault" for each.  Stricter than the schema says, for each member has to be described.
cat >validate.py <<'PYTHON'
import json
import sys

import jsonschema


def close(node):
    if isinstance(node, dict):
        if "properties" in node:
            node["additionalProperties"] = False
        for value in node.values():
            close(value)
    elif isinstance(node, list):
        for value in node:
            close(value)


with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
checker = jsonschema.Draft202012Validator
checker.check_schema(schema)
close(schema)
for name in sys.argv[2:]:
    with open(name, encoding="utf-8") as file:
        answer = json.load(file)
    # Of the alternatives, the one that the command names tells what is wrong.
    one = dict(schema)
    if answer.get("command") in schema["$defs"]:
        del one["oneOf"]
        one["$ref"] = "#/$defs/" + answer["command"]
    for fault in checker(one).iter_errors(answer):
        print(name + ": " + "/".join(map(str, fault.absolute_path)) + ": " + fault.message)
PYTHON

mkdir answers
# json_ok NAME STATUS: the answer in "out" has the exit status in it; is kept for schema_ok.
json_ok() {
	tap_is "$1: exit status" "$2" "$status"
	cp out answer.json
	cp err answer.err
	cp out "answers/$(printf '%s' "$1" | tr -c 'a-z\n' '-').json"
	json_is "$1: its own exit status" "$2" '$j->{status}'
}

schema_ok() {
	if [ -z "$python" ]; then
		tap_skip 'the schema' 'python3-jsonschema is not installed'
		return
	fi
	run "$python" validate.py "$schema" answers/*
	tap_is 'the schema is one, and the answers are JSON' '0 ' "$status $(cat err)"
	cp out faults
	for answer in answers/*; do
		tap_is "$answer: as the schema says" '' "$(grep "^$answer: " faults)"
	done
}

# json_is NAME WANTED EXPRESSION: of perl, about $j, the last answer, and @r, its results
json_is() {
	tap_is "$1" "$2" "$(perl -MJSON::PP -e '
		my ($code) = @ARGV;
		local $/;
		our $j = JSON::PP->new->boolean_values(0, 1)->decode(<STDIN>);
		our @r = @{$j->{results} // []};
		my @values = eval $code;
		die $@ if $@;
		print join " ", map { $_ // "null" } @values;' "$3" <answer.json 2>&1)"
}

# --- a live patch, and processes ---------------------------------------------------------

cat >fix.c <<'C'
#include "libvictim.h"
int victim_number(int n)
{
	return n + 7;
}
C
cat >fix.yaml <<'YAML'
ulp: 1
name: fix-one
labels: [CVE-2000-0001, "bsc#1"]
target:
  soname: libvictim.so.1
functions:
  - replace: victim_number
consistency: library
YAML
pack fix
sed 's/n + 7/n + 8/' fix.c >next.c
cat >next.yaml <<'YAML'
ulp: 1
name: fix-two
target:
  soname: libvictim.so.1
functions:
  - replace: victim_number
requires: [fix-one]
accept:
  - {refusal: struct-layout, name: struct a, reason: nobody keeps one}
YAML
pack next
# Two of the same build, and one of another.
victim_start one
one=$victim_pid
victim_start second
second=$victim_pid
victim_library other -DVICTIM_BUILD='"another"'
victim_start another other
another=$victim_pid

# --- trigger -----------------------------------------------------------------------------

run "$ulp" trigger --json -p "$one" fix.so
json_ok 'trigger' 0
tap_is 'trigger: nothing on stderr' '' "$(cat answer.err)"
json_is 'trigger: what it is' '1 trigger 0 0 null 0 0' \
	'@$j{qw(version command revert revert_all library dry_run interrupted)}'
json_is 'trigger: the outcome' "SUCCESS $one victim fix.so null null" \
	'map { @$_{qw(outcome pid process container note error)} } @r'
json_is 'trigger: counts' '1 0 0 1 1 0' \
	'@{$j->{counts}}{qw(success skipped failed containers processes errors)}'
tap_ok 'trigger: has done it' answers one 48 number 41
run "$ulp" trigger --json -p "$one" fix.so
json_ok 'trigger, already applied' 5
json_is 'trigger, already applied: the outcome' "ERROR ULP_EAPPLIED 5" \
	'$r[0]{outcome}, @{$r[0]{error}}{qw(code status)}'
json_is 'trigger, already applied: no further error' 0 'scalar @{$j->{errors}}'
tap_is 'trigger, already applied: an outcome is not on stderr' '' "$(cat answer.err)"
run "$ulp" trigger --json -p "$another" fix.so
json_ok 'trigger, another build' 1
json_is 'trigger, another build: the outcome' "SKIPPED ULP_EBUILDID 1" \
	'$r[0]{outcome}, @{$r[0]{error}}{qw(code status)}'
run "$ulp" trigger --json --dry-run --revert -p "$one" fix.so
json_ok 'trigger, dry run' 0
json_is 'trigger, dry run: says so' '1 1' '@$j{qw(revert dry_run)}'
run "$ulp" trigger --json -p "$one" next.so
json_ok 'trigger, a second patch' 0
cp fix.so "$(printf 'f\033[31mx.so')"
run "$ulp" trigger --json -p "$second" "$(printf 'f\033[31mx.so')"
json_ok 'trigger, odd name of a container' 0
json_is 'trigger, odd name of a container: is harmless' 'f\x1b[31mx.so' '$r[0]{container}'
run "$ulp" trigger --json -p 999999999 fix.so
json_ok 'trigger, no such process' 4
json_is 'trigger, no such process: the outcome' '999999999 null null ULP_ENOPROC' \
	'@{$r[0]}{qw(pid process container)}, $r[0]{error}{code}'
run "$ulp" trigger --json -p 'no-such-name-*' fix.so
json_ok 'trigger, nobody' 1
json_is 'trigger, nobody: no result' 0 'scalar @r'
run "$ulp" trigger --json -p "$one" missing.so
json_ok 'trigger, no such container' 8
json_is 'trigger, no such container: an error' 'null ULP_ESYS missing.so 1' \
	'@{$j->{errors}[0]}{qw(pid code where)}, $j->{counts}{errors}'
tap_has 'trigger, no such container: on stderr as well' answer.err '^ulp: missing\.so: '

# --- patches -----------------------------------------------------------------------------

run "$ulp" patches --json -p "$one"
json_ok 'patches' 0
json_is 'patches: the process' "patches $one victim 0 0 1" \
	'$j->{command}, @{$r[0]}{qw(pid process disabled unfinished_change)}, $j->{counts}{processes}'
run "$ulp" patches -p "$one"
sed -n 's/^    in \(.*\):$/\1/p' out >text.libraries
sed -n 's/^      livepatch: //p' out >text.patches
sed -n 's/^        bug labels: //p' out >text.labels
json_is 'patches: the libraries of the text' "$(cat text.libraries)" \
	'join "\n", map { $_->{path} } @{$r[0]{libraries}}'
json_is 'patches: the patches of the text' "$(cat text.patches)" \
	'join "\n", map { $_->{container} } map { @{$_->{patches}} } @{$r[0]{libraries}}'
json_is 'patches: the labels of the text' "$(cat text.labels)" \
	'join "\n", map { join ", ", @{$_->{labels}} } grep { @{$_->{labels}} }
		map { @{$_->{patches}} } @{$r[0]{libraries}}'
library='(grep { $_->{soname} eq "libvictim.so.1" } @{$r[0]{libraries}})[0]'
json_is 'patches: the library' "$(id_of lib/libvictim.so.1) 1 0" \
	"@{$library}{qw(build_id livepatchable runtime)}"
if "$ulp" livepatchable -q "$runtime"; then
	json_is 'patches: the runtime is told' 1 'scalar grep { $_->{runtime} } @{$r[0]{libraries}}'
else
	tap_skip 'patches: the runtime is told' 'the runtime is built without the plugin'
fi
json_is 'patches: the newest first' "fix-two applied $(id_of next.so) fix-one applied $(id_of fix.so)" \
	"map { @\$_{qw(name state build_id)} } @{$library->{patches}}"
json_is 'patches: build ID of the target' "$(id_of lib/libvictim.so.1)" \
	"$library->{patches}[0]{target_build_id}"
json_is 'patches: relations and consistency' 'fix-one function library' \
	"@{$library->{patches}[0]{requires}}, map { \$_->{consistency} } @{$library->{patches}}"
json_is 'patches: where the function is' "$(printf '0x%016x' "$(function_address "$one" victim_number)")" \
	"$library->{patches}[0]{functions}[0]{old_address}"
json_is 'patches: one of the two is in effect' 'victim_number 1 victim_number 0' \
	"map { @{\$_->{functions}[0]}{qw(name in_effect)} } @{$library->{patches}}"
# The address that it tells for the new function lies in the mapping of the patch, which can be run.
json_is 'patches: the new function lies in the patch' 1 \
	"my \$p = $library->{patches}[0]; my \$at = hex \$p->{functions}[0]{new_address};
		\$at >= hex \$p->{address} && \$at < hex(\$p->{address}) + \$p->{size} ? 1 : 0"
run "$ulp" trigger --revert -p "$one" next.so
run "$ulp" patches --json -p "$one"
json_ok 'patches, one reverted' 0
json_is 'patches, one reverted: it comes last' 'fix-one applied 1 fix-two reverted 0' \
	"map { @\$_{qw(name state)}, \$_->{functions}[0]{in_effect} } @{$library->{patches}}"
run "$ulp" trigger --json --revert-all=libvictim.so.1 --dry-run -p "$one" fix.so
json_ok 'trigger, revert all' "$status"
json_is 'trigger, revert all: says so' '1 libvictim.so.1' '@$j{qw(revert_all library)}'
run "$ulp" patches --json -p 999999999
json_ok 'patches, no such process' 4
json_is 'patches, no such process: an error' '999999999 ULP_ENOPROC null' \
	'@{$j->{errors}[0]}{qw(pid code where)}'
tap_has 'patches, no such process: on stderr as well' answer.err '^ulp: pid 999999999: '
run "$ulp" patches --json -p 'no-such-name-*'
json_ok 'patches, nobody' 0

# --- check -------------------------------------------------------------------------------

run "$ulp" check --json -p "$one" fix.so
json_ok 'check, applied' 0
json_is 'check, applied: says so' "check $one victim fix.so 1 null 1 0" \
	'$j->{command}, @{$r[0]}{qw(pid process container applied error)},
		@{$j->{counts}}{qw(applied not_applied)}'
run "$ulp" check --json -p "$one" next.so
json_ok 'check, not applied' 1
json_is 'check, not applied: says so' '0 null' '@{$r[0]}{qw(applied error)}'
run "$ulp" check --json -p "$another" fix.so
json_ok 'check, another build' 1
json_is 'check, another build: says why' '0 ULP_EBUILDID' '$r[0]{applied}, $r[0]{error}{code}'
run "$ulp" check --json missing.so
json_ok 'check, no such container' 8
run "$ulp" check --json -p 999999999 fix.so
json_ok 'check, no such process' 4

# --- messages ----------------------------------------------------------------------------

run "$ulp" messages --json -p "$one"
json_ok 'messages' 0
json_is 'messages: whose' "messages $one victim 0" '$j->{command}, @{$r[0]}{qw(pid process cut)}'
run "$ulp" messages -p "$one"
json_is 'messages: those of the text' "$(sed -n 's/^  //p' out)" \
	'join "\n", map { join " ", grep { defined } @$_{qw(time text)} } @{$r[0]{messages}}'
json_is 'messages: each that was made by ulp has its time' 3 \
	'scalar grep { $_->{time} && $_->{text} =~ /\.so: / } @{$r[0]{messages}}'

# --- set_patchable -----------------------------------------------------------------------

run "$ulp" set_patchable --json -p "$one" disable
json_ok 'set_patchable' 0
json_is 'set_patchable: the outcome' "disable SUCCESS $one null 1" \
	'$j->{setting}, @{$r[0]}{qw(outcome pid container)}, $j->{counts}{success}'
run "$ulp" patches --json -p "$one"
json_ok 'patches, disabled' 0
json_is 'set_patchable: patches knows' 1 '$r[0]{disabled}'
run "$ulp" set_patchable --color=always -p "$one" enable
tap_is 'set_patchable: in colour' '^[[32mSUCCESS^[[0m' "$(cat -v out | sed 's/ .*//')"

# --- dump --------------------------------------------------------------------------------

run "$ulp" dump --json fix.so missing.so next.so
json_ok 'dump' 8
json_is 'dump: the containers' 'dump fix.so next.so 2 1' \
	'$j->{command}, map({ $_->{path} } @r), @{$j->{counts}}{qw(containers errors)}'
json_is 'dump: the build IDs' "$(id_of fix.so) $(id_of lib/libvictim.so.1) libvictim.so.1" \
	'$r[0]{build_id}, @{$r[0]{target}}{qw(build_id soname)}'
json_is 'dump: labels' 'CVE-2000-0001 bsc#1' '@{$r[0]{labels}}'
json_is 'dump: relations and consistency' 'library function fix-one' \
	'map({ $_->{consistency} } @r), @{$r[1]{requires}}'
json_is 'dump: refusals that were overruled' 'struct-layout struct a nobody keeps one' \
	'@{$r[1]{accepts}[0]}{qw(refusal name reason)}'
run "$ulp" dump fix.so
json_is 'dump: the function as in the text' \
	"victim_number $(sed -n 's/.*checksum //p' out) $(sed -n 's/.* = //p' out | tr -d ' ') nop5" \
	'@{$r[0]{functions}[0]}{qw(name old_checksum word layout)}'

# --- livepatchable -----------------------------------------------------------------------

run "$ulp" livepatchable --json --list=all lib/libvictim.so.1 missing.so
json_ok 'livepatchable' 8
json_is 'livepatchable: counts' '2 1 1' '@{$j->{counts}}{qw(libraries livepatchable errors)}'
run "$ulp" livepatchable --json --facts lib/libvictim.so.1
json_ok 'livepatchable --facts' 0
run "$ulp" livepatchable --json --facts lib/libvictim.so.1 victim_number
json_ok 'livepatchable --facts of a function' 0
json_is 'livepatchable --facts of a function: which' victim_number '$j->{libraries}[0]{answers}[0]{name}'

# --- what goes wrong ---------------------------------------------------------------------

for command in 'trigger fix.so' 'set_patchable -p 1 enable' 'check fix.so' patches messages \
	'dump fix.so' 'livepatchable fix.so'; do
	# shellcheck disable=SC2086
	run "$ulp" $command --json -q
	tap_is "$command: --json does not go with --quiet" '2 ' "$status $(cat out)"
done
if [ -c /dev/full ]; then
	for command in "patches -p $one" 'dump fix.so'; do
		status=0
		# shellcheck disable=SC2086
		"$ulp" $command --json >/dev/full 2>err || status=$?
		tap_is "$command: a full disk is an error" 8 "$status"
		tap_has "$command: a full disk is named" err '^ulp: standard output: '
	done
else
	tap_skip 'a full disk is an error' 'no /dev/full'
fi
for command in "patches -p $one" "messages -p $one" "check -p $one fix.so" 'dump fix.so'; do
	status=0
	# shellcheck disable=SC2086
	"$ulp" $command --json >&- 2>err || status=$?
	tap_is "$command: a closed stdout is an error" 8 "$status"
done
status=0
"$ulp" patches -p "$one" >&- 2>&- <&- || status=$?
tap_is 'no stream at all: an error, too' 8 "$status"
tap_ok 'and the process runs on' answers one 48 number 41
# No file that is opened in place of a stream gets what is printed: the last is /dev/null.
if strace -o trace true 2>/dev/null; then
	strace -o trace -e trace=open,openat "$ulp" patches -p "$one" >&- 2>err
	tap_has 'a closed stdout is kept closed' err '^ulp: standard output: '
	grep ' = 1$' trace | tail -1 >last
	tap_has 'no other file gets its number' last /dev/null
else
	tap_skip 'no other file gets the number of stdout' 'no strace, or it may not trace'
fi

# --- --color -----------------------------------------------------------------------------

# The three outcomes; the escapes as cat -v shows them.
outcomes() {
	for process in "$one" "$second" "$another"; do
		run env "$@" "$ulp" trigger $color --dry-run -p "$process" fix.so
		cut -d ' ' -f 1 out | grep -aE 'SUCCESS|SKIPPED|ERROR' | cat -v
	done | tr '\n' ' '
}
run "$ulp" trigger --revert -p "$second" fix.so
color=--color=always
tap_is '--color=always: the words, and nothing but the words' \
	'^[[31mERROR^[[0m ^[[32mSUCCESS^[[0m ^[[33mSKIPPED^[[0m ' "$(outcomes NO_COLOR=1)"
run "$ulp" trigger --color=always --dry-run -p "$second" fix.so
tap_is '--color=always: the rest of the line is as without' 'SUCCESS pid' \
	"$(sed 's/\x1b\[[0-9]*m//g' out | sed -n 's/^\(SUCCESS pid\) .*/\1/p')"
color=--color=auto
tap_is '--color=auto: not into a file' 'ERROR SUCCESS SKIPPED ' "$(outcomes TERM=xterm)"
color=
tap_is 'no option: not into a file' 'ERROR SUCCESS SKIPPED ' "$(outcomes TERM=xterm)"
run "$ulp" trigger --color=sometimes -p "$second" fix.so
tap_is '--color=sometimes: wrong usage' 2 "$status"

# on_terminal VARIABLE=VALUE... ARGUMENT: the word of an outcome on a terminal of script(1)
on_terminal() {
	terminal_option=$1
	shift
	env -u NO_COLOR "$@" script -qec "'$ulp' trigger $terminal_option --dry-run -p $second fix.so" /dev/null \
		</dev/null 2>&1 | cat -v | sed -n 's/ .*//; /SUCCESS/p'
}
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
	green='^[[32mSUCCESS^[[0m'
	tap_is 'a terminal: in colour' "$green" "$(on_terminal '' TERM=xterm)"
	tap_is 'a terminal, --color=auto: in colour' "$green" "$(on_terminal --color=auto TERM=xterm)"
	tap_is 'a terminal, --color=never: plain' SUCCESS "$(on_terminal --color=never TERM=xterm)"
	tap_is 'a terminal, NO_COLOR: plain' SUCCESS "$(on_terminal '' TERM=xterm NO_COLOR=1)"
	tap_is 'a terminal, an empty NO_COLOR: in colour' "$green" "$(on_terminal '' TERM=xterm NO_COLOR=)"
	tap_is 'a terminal, --color=always outranks NO_COLOR' "$green" \
		"$(on_terminal --color=always TERM=xterm NO_COLOR=1)"
	tap_is 'a dumb terminal: plain' SUCCESS "$(on_terminal '' TERM=dumb)"
else
	tap_skip 'a terminal: in colour' 'script(1) makes no terminal here'
fi

# --- -q and -v ---------------------------------------------------------------------------

# -q: nothing but errors; the exit status is the answer.
quiet() {
	quiet_name=$1
	quiet_status=$2
	shift 2
	run "$ulp" "$@"
	tap_is "-q: $quiet_name" "$quiet_status " "$status $(cat out err)"
}
quiet 'trigger that succeeds' 0 trigger -q --dry-run -p "$second" fix.so
quiet 'trigger that is skipped' 1 trigger -q -p "$another" fix.so
quiet 'patches' 0 patches -q -p "$one"
quiet 'patches of nobody' 0 patches -q -p 'no-such-name-*'
quiet 'check, applied' 0 check --quiet -p "$one" fix.so
quiet 'check, not applied' 1 check -q -p "$second" fix.so
quiet 'messages' 0 messages -q -p "$one"
quiet 'dump' 0 dump -q fix.so
quiet 'livepatchable' 0 livepatchable -q lib/libvictim.so.1
quiet 'extract' 0 extract -q lib/libvictim.so.1 -o libvictim.extract
run "$ulp" trigger -q -p "$one" fix.so
tap_is '-q: an ERROR is not on stdout' '5 ' "$status $(cat out)"
tap_has '-q: an ERROR is on stderr' err "^ulp: pid $one \\(victim\\): fix\\.so: "
run "$ulp" dump -q missing.so
tap_has '-q: other errors, too' err '^ulp: missing\.so: '

cp lib/libvictim.so.1 stripped.so
must strip --strip-all -R .ulp_facts stripped.so
run "$ulp" extract -v stripped.so -o stripped.extract
tap_is '-v: extract tells on stderr what is missing, one line each' 'stripped.so|stripped.so|' \
	"$(sed 's/^ulp: \(stripped\.so\): .*/\1/' err | tr '\n' '|')"
run "$ulp" extract stripped.so -o stripped.extract
tap_is 'extract: nothing of it without -v' '' "$(cat err)"

cp "$ulp" ulp
if [ "$(id -u)" -ne 0 ]; then
	tap_skip '-v tells what may not be looked at' 'not root'
elif ! setpriv --reuid 65534 --regid 65534 --clear-groups ./ulp --version >/dev/null 2>&1; then
	tap_skip '-v tells what may not be looked at' 'another user cannot run the tool here'
else
	for command in patches messages 'check fix.so' 'trigger --dry-run fix.so'; do
		# shellcheck disable=SC2086
		run setpriv --reuid 65534 --regid 65534 --clear-groups ./ulp $command -v
		tap_has "$command -v: on stderr" err '^ulp: [0-9]+ processes may not be looked at'
		# shellcheck disable=SC2086
		run setpriv --reuid 65534 --regid 65534 --clear-groups ./ulp $command
		tap_is "$command: nothing of it without -v" '' "$(cat err)"
	done
	run setpriv --reuid 65534 --regid 65534 --clear-groups ./ulp patches --json
	json_ok 'patches as another user' 0
	json_is 'patches as another user: how many it may not look at' 1 '$j->{counts}{denied} > 0 ? 1 : 0'
fi

# --- in German ---------------------------------------------------------------------------

# same_json NAME COMMAND...: the answer and the status in German are those in the C locale
same_json() {
	same_name=$1
	shift
	run "$ulp" "$@" --json
	cp out english.json
	same_status=$status
	german "$ulp" "$@" --json
	tap_is "in German, $same_name: the same status" "$same_status" "$status"
	tap_ok "in German, $same_name: there is an answer" grep -q '"command"' english.json
	tap_ok "in German, $same_name: the same answer" cmp english.json out
}

german_cases() {
	german "$ulp" trigger -p "$second" fix.so
	tap_is 'in German: applied: status' 0 "$status"
	tap_has 'in German: applied' out "^ERFOLG +pid $second \\(victim\\): fix\\.so\$"
	tap_ok 'in German: it is in effect' answers second 48 number 41
	german "$ulp" trigger -p "$second" fix.so
	tap_is 'in German: applied already: status' 5 "$status"
	tap_has 'in German: an error' out "^FEHLER +pid $second \\(victim\\): fix\\.so: "
	german "$ulp" trigger -p "$another" fix.so
	tap_is 'in German: another build: status' 1 "$status"
	tap_has 'in German: skipped' out "^ÜBERSPRUNGEN +pid $another \\(victim\\): fix\\.so: "
	# Whoever reads them later may have another language.
	run "$ulp" messages -p "$second"
	tap_has 'in German: what the process is told is in English' out \
		' applied fix\.so: 1 function of libvictim\.so\.1$'

	same_json 'trigger' trigger --dry-run -p "$second" --revert fix.so
	same_json 'trigger of all patches' trigger --dry-run -p "$second" --revert-all=libvictim.so.1
	same_json 'trigger, applied already' trigger -p "$second" fix.so
	same_json 'trigger, another build' trigger -p "$another" fix.so
	same_json 'trigger, no such container' trigger -p "$second" missing.so
	same_json 'set_patchable' set_patchable -p "$second" enable
	same_json 'patches' patches -p "$second"
	same_json 'patches, no such process' patches -p 999999999
	same_json 'check, applied' check -p "$second" fix.so
	same_json 'check, another build' check -p "$another" fix.so
	same_json 'messages' messages -p "$second"
	same_json 'dump' dump fix.so next.so missing.so
	same_json 'livepatchable' livepatchable --list=all lib/libvictim.so.1 fix.yaml
	same_json 'livepatchable --facts' livepatchable --facts lib/libvictim.so.1
}

missing=$(german_missing)
if [ -n "$missing" ]; then
	tap_skip 'in German' "$missing"
else
	german_prepare
	german_cases
fi

schema_ok
for name in one second another; do
	tap_ok "$name lives and ends well" victim_end "$name" "$(cat "$name.pid")"
done
tap_done
