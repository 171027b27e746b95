#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Two functions f and g have a contract: both are old or both are new.  Threads that rely on it call
# them all the time, one thread both or two threads one each, while the fix of both is applied and
# reverted again and again: nobody ever sees an old one and a new one together.
#
#   ULP_CONTRACT_FLIPS   so many changes of each kind; 60 without it
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

flips=${ULP_CONTRACT_FLIPS:-60}

must "$gcc" -fplugin="$plugin" $victim_cflags -fPIC -shared -DCONTRACT_BUILD="\"$$\"" \
	-Wl,-soname,libcontract.so.1 -Wl,--build-id=sha1 -o lib/libcontract.so.1 "$victims/libcontract.c"
must "$gcc" $victim_cflags -o contract "$victims/contract.c" lib/libcontract.so.1 -pthread
must "$gcc" -fplugin="$plugin" $victim_cflags -fPIC -DMORE=100 -c -o fix.o "$victims/libcontract.c"

# fix NAME CONSISTENCY FUNCTION...
fix() {
	fix_name=$1
	fix_consistency=$2
	shift 2
	{
		fix_spec "$fix_name" "$@" | sed '/^  soname:/s/libvictim/libcontract/'
		echo "consistency: $fix_consistency"
	} >"$fix_name.yaml"
	must "$packer" "$fix_name.yaml" fix.o -t lib/libcontract.so.1 -o "$fix_name.so"
}
# Who relies on the contract is replaced too, so nobody is inside when it changes; or nobody is
# inside of the whole library.
fix callers function contract_f contract_g contract_both contract_meet_f contract_meet_g
fix alone library contract_f contract_g
fix careless none contract_f contract_g

change() {
	"$ulp" trigger -p "$a" --timeout 60 "$@" >out 2>err && grep -q '^SUCCESS ' out && [ ! -s err ]
}

# all_flips NR NAME
all_flips() {
	for n in $(seq $(($1 / 2))); do
		change "$2.so" && change --revert "$2.so" && continue
		echo "# flip $n failed"
		sed 's/^/# /' out err
		return 1
	done
}

# A number that it answers; 0 if it does not.
count() {
	ask a "$1" | grep -x '[0-9]*' || echo 0
}

loops_grow() {
	[ "$(count loops)" -gt "$1" ]
}

victim_program=./contract
victim_start a
a=$victim_pid
tap_ok 'all threads run' wait_for 60 loops_grow 3

for kind in callers alone; do
	case $kind in
	callers) what='those who rely on it are replaced too' ;;
	alone) what='nobody is in the library' ;;
	esac
	loops=$(count loops)
	started=$(date +%s)
	tap_ok "$what: applied" change "$kind.so"
	tap_ok "$what: the fix is called" answers a 101 version
	tap_ok "$what: reverted" change --revert "$kind.so"
	tap_ok "$what: the old function is called" answers a 1 version
	tap_ok "$what: it changes $flips times" all_flips "$flips" "$kind"
	echo "# in $(($(date +%s) - started)) s; each thread called them at least" \
		"$(($(count loops) - loops)) times meanwhile"
	tap_is "$what: nobody saw an old one and a new one together" 0 "$(ask a broken)"
	tap_ok "$what: all threads go on" wait_for 60 loops_grow "$(count loops)"
done
echo "# seen from outside: $(count old) times old, $(count new) times new; $(count signals) signals"
tap_ok 'both versions were called' [ "$(count new)" -gt 0 ]
tap_ok 'the process ends well' victim_end a "$a"

# That the threads would see it: without the check for functions in use they do.
broken() {
	change careless.so && change --revert careless.so && [ "$(count broken)" -gt 0 ]
}

victim_start a
a=$victim_pid
tap_ok 'all threads run again' wait_for 60 loops_grow 3
tap_ok 'without the check the contract is seen to be broken' wait_for 60 broken
run victim_end a "$a"
tap_is 'and so the process says' 1 "$status"
tap_done
