#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A process that lies about its objects, its registry and its ELF headers, and one that changes them
# while they are read: at worst its own patching fails.  ulp itself ends in time and in order, and an
# honest process is patched by the same call.
#
#   ULP_LIES       so many rounds of each kind; 5 without it
#   ULP_LIES_SEED  the first one's seed; the same seed tells the same lies
#   ULP_TOOL       another build of ulp, with sanitizers for instance
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

rounds=${ULP_LIES:-5}
seed=${ULP_LIES_SEED:-$$}
ulp=${ULP_TOOL:-$ulp}
echo "# ULP_LIES_SEED=$seed"

cat >fix.c <<'C'
#include "libvictim.h"
#include <stdlib.h>
#include <string.h>
int victim_number(int n)
{
	char *block = malloc(64);

	memset(block, 1, 64);
	free(block);
	return n + 101;
}
C
fix_spec fix victim_number >fix.yaml
pack fix
# Told from all others by their names.
cp victim "h$$"
# All is bound before it lies about where that is.
# shellcheck disable=SC2086
must "$gcc" $victim_cflags -Wl,-z,now -o "h$$-liar" "$victims/liar.c" lib/libvictim.so.1 -pthread -ldl

liar_start() {
	victim_program=./h$$-liar
	victim_start liar
	liar=$victim_pid
	nr_liars=$((nr_liars + 1))
}

# in_order COMMAND [ARG...]: ulp ends by itself, in time, with a status that ulp(1) lists
in_order() {
	run timeout -k 5 60 "$ulp" "$@"
	[ "$status" -le 8 ] && ! grep -q 'Sanitizer\|runtime error' err && return
	echo "# status $status of ulp $*"
	sed 's/^/# /' out err
	return 1
}

honest_is() {
	grep -q "^SUCCESS pid $honest " out && answers honest "$1" number 4 && return
	sed 's/^/# /' out err
	return 1
}

# What it says is as damaged as its registry; it can be tried again.
one_round() {
	in_order trigger -p "h$$*" --timeout 2 fix.so && honest_is 105 || return 1
	nr_refused=$((nr_refused + $(grep -c "^ERROR \|^SKIPPED" out)))
	nr_applied=$((nr_applied + $(grep -c "^SUCCESS pid $liar " out)))
	in_order patches -p "h$$*" && in_order patches --json -p "h$$*" &&
		in_order messages -p "h$$*" && in_order check -p "h$$*" fix.so &&
		in_order trigger -p "h$$*" --timeout 2 --revert fix.so && honest_is 5
}

# Spoilt for good by what it said: a new one.
liar_is_well() {
	process_ended "$liar" && return 1
	[ "$(ask liar truth)" = 0 ] || return 1
	"$ulp" check -p "$liar" fix.so >out 2>&1
	case $? in
	0) "$ulp" trigger -p "$liar" --timeout 2 --revert fix.so >out 2>&1 ;;
	1) true ;;
	*) false ;;
	esac
}

# all_rounds lie|change
all_rounds() {
	nr_refused=0
	nr_applied=0
	for n in $(seq "$rounds"); do
		ask liar "$1" $((seed + n)) >answer
		one_round || {
			echo "# $1 $((seed + n))"
			return 1
		}
		liar_is_well && continue
		process_stop "$liar"
		liar_start
	done
}

nr_liars=0
nr_mattered=0
liar_start
victim_program=./h$$
victim_start honest
honest=$victim_pid

run "$ulp" trigger -p "h$$*" fix.so
tap_is 'without lies: both are patched' 2 "$(grep -c ^SUCCESS out)"
run "$ulp" trigger -p "h$$*" --revert fix.so
tap_is 'without lies: and reverted' 2 "$(grep -c ^SUCCESS out)"

for how in lie change; do
	tap_ok "$how: $rounds times" all_rounds "$how"
	echo "# $how: $nr_applied applied to the liar all the same, $nr_refused refused, $nr_liars liars"
	nr_mattered=$((nr_mattered + nr_refused))
done
tap_ok 'some of the lies mattered' [ "$nr_mattered" -gt 0 ]
tap_ok 'the honest process ends well' victim_end honest "$honest"
tap_done
