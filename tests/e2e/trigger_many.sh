#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# ulp trigger on many patches and many processes: all patches of a library leave in one stop, alone
# and in exchange for a new one; wildcards and folders of containers; several processes at once.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

# A name that no other test's processes have.
many=many$$
victim_program "$many" victim

# is STATUS NAME COMMAND...
is() {
	is_status=$1
	is_name=$2
	shift 2
	run "$@"
	tap_is "$is_name" "$is_status" "$status"
}

# --- all patches of a library, alone ---------------------------------------------------------

number_fix base 100
number_fix top 200 'requires: [base]'
number_fix new 300
other_fix other 100
wait_fix wait

victim_program=./$many
victim_start a
a=$victim_pid
code=$(ask a code)
# all LIBRARY OPTION...
all() {
	all_library=$1
	shift
	"$ulp" trigger -p "$a" --revert-all="$all_library" "$@"
}

is 0 'revert-all: nothing is applied' all libvictim.so.1
tap_has 'revert-all: says so' out \
	"^SUCCESS pid $a \\($many\\): libvictim\\.so\\.1: no live patch is applied to it\$"
tap_has 'revert-all: and sums up' out '^all patches of libvictim\.so\.1 reverted in 0 processes \(0 skipped'
is 1 'revert-all: a library that the process does not have' all libmissing.so.1
tap_has 'revert-all: is SKIPPED' out "^SKIPPED pid $a .*the process does not have libmissing\\.so\\.1"

path=$(sed -n '/libvictim\.so\.1/{s/.* //p;q;}' "/proc/$a/maps")
for lib in libvictim.so.1 "$path"; do
	is 0 "$lib: three patches" apply "$a" base.so top.so other.so
	is 0 "$lib: revert-all, --dry-run" all "$lib" --dry-run
	tap_has "$lib: dry run tells which" out '^SUCCESS .*: would leave: other\.so, top\.so, base\.so$'
	tap_is "$lib: dry run changes nothing" 'other.so top.so base.so' "$(patches_of "$a")"
	is 0 "$lib: revert-all" all "$lib"
	tap_has "$lib: it tells which" out '^SUCCESS .*: reverted: other\.so, top\.so, base\.so$'
	tap_is "$lib: none is listed" '' "$(patches_of "$a")"
	tap_is "$lib: the code is as it was" "$code" "$(ask a code)"
done
# A file that is not called as its soname; the program needs it by that, and has it from the preload.
mkdir versioned
must cp lib/libvictim.so.1 versioned/libvictim-1.2.3.so
victim_preload=$runtime:$tap_dir/versioned/libvictim-1.2.3.so
victim_start versioned versioned
unset victim_preload
v=$victim_pid
ln -s versioned linked
for lib in libvictim-1.2.3.so "$tap_dir/versioned/libvictim-1.2.3.so" libvictim.so.1 \
	versioned/libvictim-1.2.3.so ../"${tap_dir##*/}"/linked/libvictim-1.2.3.so; do
	is 0 "file name, $lib: two patches" apply "$v" base.so other.so
	is 0 "file name, $lib: revert-all" "$ulp" trigger -p "$v" --revert-all="$lib"
	tap_has "file name, $lib: it tells which" out '^SUCCESS .*: reverted: other\.so, base\.so$'
	tap_is "file name, $lib: none is listed" '' "$(patches_of "$v")"
done
is 0 'file name: a patch' apply "$v" base.so
for lib in libvictim-1.2.3 ibvictim-1.2.3.so lib/libvictim-1.2.3.so lib/libvictim.so.1; do
	is 1 "file name: no part of one, $lib" "$ulp" trigger -p "$v" --revert-all="$lib"
	tap_has "file name: $lib is SKIPPED" out "^SKIPPED pid $v .*the process does not have $lib"
done
tap_is 'file name: the patch has stayed' base.so "$(patches_of "$v")"
tap_ok 'file name: the process ends well' victim_end versioned "$v"
run "$ulp" messages -p "$a"
tap_has 'revert-all: in the messages of the process' out 'reverted base\.so: all of .* leave$'

is 0 'in use: applied' apply "$a" base.so wait.so
tap_ok 'in use: a thread is inside' answers a held hold wait
is 6 'in use: revert-all waits, to no end' all libvictim.so.1 --timeout 1
tap_has 'in use: names the function' out '^ERROR .*libvictim\.so\.1: .*victim_wait'
tap_is 'in use: all stay' 'wait.so base.so' "$(patches_of "$a")"
tap_ok 'in use: the thread leaves' answers a 142 release
is 0 'in use: then they leave' all libvictim.so.1
tap_is 'in use: the code is as it was' "$code" "$(ask a code)"

# --- in exchange -----------------------------------------------------------------------------

is 0 'exchange: three old ones' apply "$a" base.so top.so other.so
is 0 'exchange: --dry-run' all target --dry-run new.so
tap_has 'exchange: dry run tells which' out '^SUCCESS .*: new\.so: would leave: other\.so, top\.so, base\.so$'
is 0 'exchange' all target new.so
tap_has 'exchange: it tells which' out '^SUCCESS .*: new\.so: reverted: other\.so, top\.so, base\.so$'
tap_is 'exchange: only the new one is listed' new.so "$(patches_of "$a")"
tap_ok 'exchange: it is in effect' answers a 305 number 4
tap_ok 'exchange: what only an old one replaced is the original' answers a 6 other 4
is 0 'exchange: once more' all target new.so
tap_has 'exchange: nothing to do' out '^SUCCESS .*: new\.so: it is applied already, and no other$'
is 0 'kept: two others beside it' apply "$a" base.so other.so
is 0 'kept: the others leave' all libvictim.so.1 new.so
tap_has 'kept: it tells the truth' out \
	'^SUCCESS .*: new\.so: it was applied already; reverted: other\.so, base\.so$'
tap_is 'kept: it is listed alone' new.so "$(patches_of "$a")"
tap_ok 'kept: it is in effect' answers a 305 number 4
is 0 'several: the first one takes the place of all' all target base.so top.so
tap_is 'several: both are listed' 'top.so base.so' "$(patches_of "$a")"
is 5 'requires: what it requires would leave' all target top.so
tap_has 'requires: the reason' out \
	'^ERROR .*top\.so: requires the live patch base, which would leave libvictim\.so\.1'
tap_is 'requires: nothing has changed' 'top.so base.so' "$(patches_of "$a")"
is 0 'another library: the container is only applied' all libc.so.6 other.so
tap_is 'another library: nothing of ours leaves' 'other.so top.so base.so' "$(patches_of "$a")"
is 0 'the end of it' all libvictim.so.1
tap_is 'exchange: the code is as it was' "$code" "$(ask a code)"

is 0 'nobody has the library: --json' all libtypo.so.1 --json --dry-run base.so
tap_has 'nobody has the library: the answer says so' out '"library_found": ?false'
is 0 'nobody has the library: the container is applied' all libtypo.so.1 base.so
tap_has 'nobody has the library: a warning names it' err \
	'^ulp: warning: --revert-all=libtypo\.so\.1: no process .* has this library'
is 0 'somebody has the library: --json' all libvictim.so.1 --json
tap_has 'somebody has the library: the answer says so' out '"library_found": ?true'
tap_is 'somebody has the library: no warning' '' "$(cat err)"

is 2 'usage: --revert and --revert-all' all target --revert new.so
tap_has 'usage: the reason' err 'do not go together'
is 2 'usage: target without a container' all target
is 2 'usage: -j 0' apply "$a" -j 0 new.so

# --- wildcards and folders -------------------------------------------------------------------

mkdir -p set/below set/empty
cp base.so set/1-base.so
cp top.so set/below/2-top.so
cp other.so set/3-other.patch
echo 'no container' >set/README
cp other.o set/other.o
ln -s 1-base.so set/4-again.so
ln -s none set/dangling
mkfifo set/below/fifo
is 0 'wildcard: quoted' apply "$a" 'set/[1-9]*'
tap_is 'wildcard: in their order, each container once' '1-base.so 3-other.patch' \
	"$(sed -n 's/^SUCCESS .*: //p' out | xargs)"
is 0 'wildcard: reverted' apply "$a" --revert 'set/[1-9]*'
is 2 'wildcard: nothing matches' apply "$a" 'set/*.none'
tap_has 'wildcard: the reason' err '^ulp: set/\*\.none: no file matches'
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	mkdir -m 700 closed
	is 7 'wildcard: in a folder that cannot be read' \
		setpriv --reuid=65534 --regid=65534 --clear-groups "$ulp" trigger 'closed/*.so'
	tap_has 'wildcard: it is not said that nothing matches' err 'a folder on its way cannot be read'
else
	tap_skip 'wildcard: in a folder that cannot be read' 'needs root and setpriv'
fi
is 3 'folder: not without -r' apply "$a" set
is 0 'folder: with -r' apply "$a" -v -r set
tap_has 'folder: what is no container is passed over, told with -v' err \
	'^ulp: set/README: passed over, it is no container$'
tap_has 'folder: an object as well' err '^ulp: set/other\.o: passed over, it is no container$'
tap_has 'folder: a link to nothing' err '^ulp: set/dangling: passed over, it is no container$'
tap_has 'folder: a FIFO' err '^ulp: set/below/fifo: passed over, it is no container$'
tap_has 'folder: what is there twice as well' err '^ulp: set/4-again\.so: passed over, it is the same'
tap_is 'folder: the order' '1-base.so 3-other.patch 2-top.so' \
	"$(sed -n 's/^SUCCESS .*: //p' out | xargs)"
is 0 'folder: reverted in the reverse order, as is required' apply "$a" --revert --recursive set
tap_is 'folder: the reverse order' '2-top.so 3-other.patch 1-base.so' \
	"$(sed -n 's/^SUCCESS .*: //p' out | xargs)"
is 2 'folder: none in it' apply "$a" -r set/empty
head -c 3000 new.so >set/damaged.so
is 3 'folder: a damaged one is an error' apply "$a" -r set
tap_has 'folder: the damaged one is named' err '^ulp: set/damaged\.so: '
tap_is 'folder: and nothing is touched' '' "$(patches_of "$a")"

# --- several processes at once ---------------------------------------------------------------

victim_start b
b=$victim_pid
victim_start c
c=$victim_pid

# trigger_begin FILE OPTION...: in the background, of all processes of this name; sets trigger_pid
trigger_begin() {
	trigger_out=$1
	shift
	process_start "$ulp" trigger -p "$many" --timeout 60 "$@" >"$trigger_out" 2>&1
	trigger_pid=$process_pid
}

trigger_end() {
	wait_for 60 process_ended "$trigger_pid"
	trigger_status=0
	wait "$trigger_pid" || trigger_status=$?
	process_forget "$trigger_pid"
	[ "$trigger_status" -eq "$1" ]
}

# told FILE PID: its line is there
told() {
	grep -q "^[A-Z]* *pid $2 " "$1"
}

tap_ok 'parallel: a thread of a is inside' answers a held hold wait
tap_ok 'parallel: a thread of b is inside' answers b held hold wait
trigger_begin parallel.out -j 3 wait.so
tap_ok 'parallel: c is done while a and b are held up' wait_for 60 told parallel.out "$c"
tap_is 'parallel: a and b are not told yet' 1 "$(grep -c ' pid ' parallel.out)"
victim_start d
d=$victim_pid
tap_ok 'parallel: b is let go' answers b 42 release
tap_ok 'parallel: b is done while a is held up' wait_for 60 told parallel.out "$b"
tap_ok 'parallel: a is let go' answers a 42 release
tap_ok 'parallel: status 0' trigger_end 0
tap_is 'parallel: in the order in which they were done, then the new process' "$c $b $a $d" \
	"$(sed -n 's/^SUCCESS pid \([0-9]*\) .*/\1/p' parallel.out | xargs)"
tap_has 'parallel: all are counted' parallel.out '^1 patch applied to 4 processes \(0 skipped, 0 failed\)$'
tap_ok 'parallel: no progress in a file' sh -c '! grep -q processes\\.\\.\\. parallel.out'
is 0 'parallel: reverted, one by one' "$ulp" trigger -p "$many" -j 1 --revert wait.so
tap_is 'one by one: in the order of their numbers' "$(printf '%s\n' "$a" "$b" "$c" "$d" | sort -n | xargs)" \
	"$(sed -n 's/^SUCCESS pid \([0-9]*\) .*/\1/p' out | xargs)"

# A program that starts the victim when it is told to, and has the same name.
mkdir late_bin
must cp /bin/sh "late_bin/$many"
must mkfifo late.in late.out late.gate
process_start "late_bin/$many" -c 'read -r line <late.gate
	exec env LD_PRELOAD="$1" LD_LIBRARY_PATH="$2" "$3" late 2>late.err' \
	sh "$runtime" "$tap_dir/lib" "./$many"
late=$process_pid
echo "$late" >late.pid
tap_ok 'late: a thread of a is inside' answers a held hold wait
trigger_begin late.found wait.so
tap_ok 'late: has no runtime when it is looked at' wait_for 60 grep -q "^ERROR *pid $late:" late.found
echo go >late.gate
tap_ok 'late: has it while another process is waited for' answers late 42 number 41
tap_ok 'late: the other one is let go' answers a 42 release
tap_ok 'late: the status tells of the error' trigger_end 4
tap_is 'late: one outcome for one process' 'ERROR' "$(sed -n "s/ *pid $late\\>.*//p" late.found | xargs)"
tap_is 'late: it was left alone' '' "$(patches_of "$late")"
process_stop "$late"
is 0 'late: reverted' "$ulp" trigger -p "$many" --revert wait.so

tap_ok 'signal: a thread of a is inside' answers a held hold wait
trigger_begin signal.out wait.so
tap_ok 'signal: the others are done' wait_for 60 told signal.out "$d"
kill -TERM "$trigger_pid"
tap_ok 'signal: it ends by it' trigger_end 143
tap_has 'signal: what was done is told' signal.out "^SUCCESS pid $b "
tap_has 'signal: what was not as well' signal.out "^ERROR   pid $a .*interrupted"
is 5 'signal: the others have it' "$ulp" trigger -p "$b" wait.so
is 0 'signal: reverted' "$ulp" trigger -p "$many" --revert-all=libvictim.so.1
tap_has 'signal: from those that had it' out '^all patches of libvictim\.so\.1 reverted in 3 processes'

# --- progress --------------------------------------------------------------------------------

# on_terminal FILE OPTION...: the same on a terminal of its own
on_terminal() {
	terminal_out=$1
	shift
	process_start script -qefc "'$ulp' trigger --color=never -p $many --timeout 60 $*" /dev/null \
		>"$terminal_out" 2>&1
	trigger_pid=$process_pid
}

if command -v script >/dev/null; then
	on_terminal progress.out wait.so
	tap_ok 'progress: on a terminal' wait_for 60 grep -q '3 of 4 processes\.\.\.' progress.out
	tap_ok 'progress: a is let go' answers a 42 release
	tap_ok 'progress: status 0' trigger_end 0
	tr '\r' '\n' <progress.out | sed 's/ *$//' >progress.lines
	tap_has 'progress: each line begins in the first column' progress.lines "^SUCCESS pid $a "
	tap_ok 'progress: is gone at the end' sh -c '[ "$(grep . progress.lines | tail -n 1)" = \
		"1 patch applied to 4 processes (0 skipped, 0 failed)" ]'
	tap_ok 'progress: a thread of a is inside' answers a held hold wait
	on_terminal quiet.out -q --timeout 2 --revert wait.so
	tap_ok 'progress: none with -q: status 6' trigger_end 6
	tap_ok 'progress: none with -q' sh -c '! grep -q processes\\.\\.\\. quiet.out'
	tap_ok 'progress: a is let go again' answers a 142 release
else
	tap_ok 'progress: a is let go' answers a 42 release
	tap_skip 'progress: on a terminal' 'there is no script(1)'
fi

# --- two functions with a contract -----------------------------------------------------------

must "$gcc" -fplugin="$plugin" $victim_cflags -fPIC -shared -DCONTRACT_BUILD="\"$$\"" \
	-Wl,-soname,libcontract.so.1 -Wl,--build-id=sha1 -o lib/libcontract.so.1 "$victims/libcontract.c"
must "$gcc" $victim_cflags -o contract "$victims/contract.c" lib/libcontract.so.1 -pthread

# contract_fix NAME MORE FUNCTION...
contract_fix() {
	contract_name=$1
	must "$gcc" -fplugin="$plugin" $victim_cflags -fPIC -DMORE="$2" -c -o "$1.o" \
		"$victims/libcontract.c"
	shift 2
	{
		fix_spec "$contract_name" "$@" | sed '/^  soname:/s/libvictim/libcontract/'
		echo 'consistency: library'
	} >"$contract_name.yaml"
	must "$packer" "$contract_name.yaml" "$contract_name.o" -t lib/libcontract.so.1 \
		-o "$contract_name.so"
}
contract_fix only-f 100 contract_f
contract_fix only-g 100 contract_g
contract_fix both 200 contract_f contract_g

# flips COMMAND...: both patches come, one after the other, which the threads see; then the
# command, of which they see nothing
flips() {
	for n in 1 2 3 4 5; do
		contract only-f.so only-g.so || return 1
		broken=$(ask p broken)
		"$@" || return 1
		[ "$(ask p broken)" = "$broken" ] || {
			echo "# flip $n: an old function and a new one were seen together"
			return 1
		}
	done
}

contract() {
	"$ulp" trigger -p "$p" --timeout 60 "$@" >out 2>err && [ ! -s err ] && ! grep -q ^ERROR out
}

exchange() {
	contract --revert-all=libcontract.so.1 both.so && answers p 201 version &&
		answers p 201 version && contract --revert both.so
}

victim_program=./contract
victim_start p
p=$victim_pid
tap_ok 'contract: all threads run' wait_for 60 loops_grow p 3
tap_ok 'contract: both functions leave at once' flips contract --revert-all=libcontract.so.1
tap_ok 'contract: the old functions are called' answers p 1 version
tap_ok 'contract: both are exchanged at once' flips exchange
tap_ok 'contract: patches that come one by one are seen' [ "$(ask p broken)" -gt 0 ]
tap_ok 'contract: all threads go on' wait_for 60 loops_grow p "$(ask p loops)"

for name in a b c d; do
	tap_ok "$name ends well" victim_end "$name" "$(cat $name.pid)"
done
run victim_end p "$p"
tap_done
