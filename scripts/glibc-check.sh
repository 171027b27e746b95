#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs glibc's own tests in a build that scripts/glibc-build.sh keeps.
set -u -o pipefail
top=$(cd "$(dirname "$0")/.." && pwd -P)
. "$top/scripts/lib/common.sh"
. "$top/scripts/lib/options.sh"
. "$top/scripts/lib/packages.sh"
. "$top/scripts/lib/sources.sh"
. "$top/scripts/lib/glibc.sh"

usage() {
	cat <<END
Usage: scripts/glibc-check.sh [OPTION]... [FOLDER/TEST]...
Runs tests of glibc's own "make check" on a build of Debian's glibc, which is made first where it
is missing: those named, else those in tests/glibc/subset (minutes).  Tests that fail in a plain build, too, stand in tests/glibc/failing; any other failure
is shown with its output, and the exit status is 1.

  --plugin PLUGIN   the build with this plugin; without it the plain one
  --full            all tests (half an hour or more)
  --help            show this help
END
}

# The tests of one run must not hang the whole.
some_seconds=1800 full_seconds=21600

variant=plain plugin='' full=no tests=()
option() {
	case $1 in
	--plugin)
		option_plugin "$@"
		variant=plugin
		;;
	--full) full=yes ;;
	[!-]*/*) tests+=("$1") ;;
	*) return 1 ;;
	esac
}
read_options "$@"
exec </dev/null
# Some tests look at all open files that they inherit; 255 is the shell's own and stays there.
for fd in "/proc/$$/fd"/*; do
	fd=${fd##*/}
	[ "$fd" -le 2 ] || [ "$fd" -eq 255 ] || eval "exec $fd>&-"
done

# make as glibc's, with the default action for signals that the caller ignores (nohup).
tests_make() {
	glibc_make env --default-signal timeout -k 30 "$1" make "${@:2}"
}

# The tests of a file of this project, one a line.
listed() {
	grep -v '^#' "$top/tests/glibc/$1" | grep .
}

# Runs the tests that are asked for.  One make for each folder, with the variables
# that glibc's top Makefile sets.
run_some() {
	local folder test targets
	for folder in $(printf '%s\n' "${tests[@]}" | cut -d / -f 1 | sort -u); do
		targets=()
		for test in "${tests[@]}"; do
			[ "${test%%/*}" = "$folder" ] || continue
			rm -f "$glibc_dir/$test.out" "$glibc_dir/$test.test-result"
			targets+=("$glibc_dir/$test.out")
		done
		say "$folder: ${#targets[@]} tests"
		tests_make "$some_seconds" -r -k -j"$(jobs_count)" \
			-C "$(glibc_source)/$folder" "subdir=$folder" ..=../ "objdir=$glibc_dir" \
			"${targets[@]}" >"$glibc_dir/check-$folder.log" 2>&1
	done
}

# Many of the tests sleep, so there are more of them than processors.
run_full() {
	tests_make "$full_seconds" -C "$glibc_dir" -k -j"$((2 * $(jobs_count)))" check \
		>"$glibc_dir/check.log" 2>&1
}

# "RESULT: folder/test" for each test of the run; a test that left no result has failed.
results() {
	local test
	if [ "$full" = yes ]; then
		grep -E '^[A-Z]+: ' "$glibc_dir/tests.sum"
		return
	fi
	for test in "${tests[@]}"; do
		if [ -s "$glibc_dir/$test.test-result" ]; then
			head -n 1 "$glibc_dir/$test.test-result"
		else
			say "FAIL: $test"
		fi
	done
}

# What a test printed.
show_failure() {
	local file
	say "FAIL: $1"
	for file in "$glibc_dir/$1.test-result" "$glibc_dir/$1.out"; do
		[ -s "$file" ] && tail -n 20 "$file" | sed 's/^/    /'
	done
	[ -e "$glibc_dir/$1.out" ] || say "    no output: see $glibc_dir/check*.log"
}

[ ${#tests[@]} -gt 0 ] || mapfile -t tests < <(listed subset)
# shellcheck disable=SC2086
need_packages gcc g++ make $packages_glibc || die "packages are missing"
glibc_build "$variant" "$plugin" || die "glibc could not be built"
if [ "$full" = yes ]; then
	run_full
else
	run_some
fi
results >"$glibc_dir/results"
new=0
for test in $(sed -n 's/^FAIL: //p' "$glibc_dir/results"); do
	if listed failing | grep -qxF "$test"; then
		say "fails in a plain build, too: $test"
	else
		show_failure "$test"
		new=$((new + 1))
	fi
done
for result in PASS FAIL XFAIL XPASS UNSUPPORTED; do
	say "$result: $(grep -c "^$result: " "$glibc_dir/results")"
done
say "failures that a plain build does not have: $new"
[ -s "$glibc_dir/results" ] && [ "$new" -eq 0 ]
