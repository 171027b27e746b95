# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Counts a library's functions with and without entries.  Needs common.sh.

# measure_functions LIBRARY VARIANT FILE: prints rows of "LIBRARY VARIANT WHAT NUMBER", separated
# by tabs.  FILE is not stripped.
measure_functions() {
	local library=$1 variant=$2 file=$3
	perl "$top/bench/lib/entries.pl" "$file" >"$work/entries" &&
		perl "$top/bench/lib/functions.pl" "$file" "$work/entries" >"$work/functions" &&
		reasons_of_tool "$file" >>"$work/functions" || return
	sed "s/^/$library	$variant	/" "$work/functions"
}

# The same by what the tool says: the third column of its list.  Status 1 is its answer "no".
reasons_of_tool() {
	local status=0
	"$build/ulp" livepatchable --list=all "$1" >"$work/list" || status=$?
	[ "$status" -le 1 ] || return
	awk -F '\t' 'NF == 4 { nr[$3]++ }
		END { for (reason in nr) print "ulp: " reason "\t" nr[reason] }' "$work/list" | sort
}
