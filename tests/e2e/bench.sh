#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# bench/live.sh runs, with the smallest sizes: each part gives all of its rows, the tables can be
# made of them, and the figures are well-formed.  No time is asserted.
. "${ULP_SRCDIR:?}/tests/lib/e2e.sh"

command -v perl >/dev/null || tap_skip_all 'there is no perl'
command -v bash >/dev/null || tap_skip_all 'there is no bash'
command -v taskset >/dev/null || tap_skip_all 'there is no taskset'

results=$tap_dir/results

# rows PART CASE WHAT...: each of these has its rows, with numbers.
rows() {
	rows_part=$1
	rows_case=$2
	shift 2
	for rows_what; do
		awk -F '\t' -v of="$rows_case" -v what="$rows_what" '
			$2 == of && $3 == what && $5 ~ /^[0-9.]+$/ { found = 1 }
			END { exit !found }' "$results/$rows_part.tsv" || return
	done
}

figure() {
	xmllint --noout "$results/benchmarks-$1.svg" 2>&1
}

run "$ULP_SRCDIR/bench/live.sh" --smoke --output "$results"
tap_is 'the benchmark runs' 0 "$status"
[ "$status" -eq 0 ] || {
	sed 's/^/# /' "$tap_dir/err"
	tap_bail 'without its rows nothing else can be looked at'
}
cp "$tap_dir/out" tables
for threads in 1 2 4 8; do
	tap_ok "rows of malloc, $threads threads" rows malloc "$threads" without with again
done
tap_ok 'rows of the start' rows start exec without with
for case in without with patched; do
	tap_ok "rows of the memory $case" rows memory "$case" runtime heap all
done
for case in 1x1 10x1 10x100; do
	tap_ok "rows of the pause, $case" rows pause "$case" none bare-1 bare-2 apply revert
done
for nr in 1 5; do
	tap_ok "rows of $nr processes" rows processes "$nr" apply revert
done
tap_ok 'rows of the calls' rows calls call plain entry patched
tap_ok 'a patched call executes one instruction more' \
	grep -qE 'executes more than one not patched \| one jump \| 1 \| holds' tables
tap_is 'each target has its verdict' 13 "$(grep -cE '\| (holds|\*\*does not hold\*\*) \|$' tables)"
for name in malloc start pause-threads pause-functions calls; do
	if command -v xmllint >/dev/null; then
		tap_ok "the figure $name is well-formed" figure "$name"
	else
		tap_skip "the figure $name is well-formed" 'there is no xmllint'
	fi
done
tap_ok 'what was measured can be printed again' \
	sh -c '"$1" --print --output "$2" >again && cmp -s tables again' sh "$ULP_SRCDIR/bench/live.sh" \
	"$results"
run "$ULP_SRCDIR/bench/live.sh" --only nonsense
tap_is 'an unknown part is refused' 1 "$status"
tap_done
