# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What the two benchmarks share: the build that is measured, rows that are kept, the tables of a
# document in docs/.  Used: $top, $work (the working folder), $results (the folder with the rows),
# $document, $tables (their names), $table_script (the program in bench/lib that makes one), and
# what scripts/lib/common.sh, options.sh and packages.sh have.

# bench_option "$@": --build, --print and --update, as option of options.sh; sets build, parts,
# update.
bench_option() {
	case $1 in
	--build) option_build "$@" ;;
	--print) parts= ;;
	--update) update=yes ;;
	*) return 1 ;;
	esac
}

# Sets build where no finished one was named.
bench_build() {
	[ -z "$build" ] || return 0
	build=$build_root/bench
	say "building in _build/bench" >&2
	build_variant bench --disable-unit-tests || die "the build failed"
}

# keep_rows PART FUNCTION: rows go into place only if all of them are there.
keep_rows() {
	"$2" >"$work/$1.tsv" || die "$1 could not be measured"
	mv "$work/$1.tsv" "$results/$1.tsv"
}

table() {
	if [ "$1" = conditions ]; then
		cat "$results/conditions.md"
	else
		perl "$top/bench/lib/$table_script" "$results" "$1"
	fi
}

print_tables() {
	local name
	for name in $tables; do
		table "$name" && say || return
	done
}

# Replaces what stands between "<!-- table: NAME -->" and "<!-- end of table -->".
update_tables() {
	local name
	for name in $tables; do
		table "$name" >"$work/table" &&
			awk -v name="$name" -v file="$work/table" '
				!inside { print }
				$0 == "<!-- table: " name " -->" {
					inside = found = 1
					print ""
					while ((getline line < file) > 0)
						print line
					print ""
				}
				inside && $0 == "<!-- end of table -->" { inside = 0; print }
				END { exit !found }' "$document" >"$work/document" &&
			cat "$work/document" >"$document" ||
			die "${document#"$top"/} has no place for the table \"$name\""
	done
}
