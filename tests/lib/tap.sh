# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# TAP for tests in shell: source it, call the functions, end with tap_done.
#
#   . "$ULP_SRCDIR/tests/lib/tap.sh"
#   run COMMAND [ARG...]             status in $status, output in $tap_dir/out and $tap_dir/err
#   tap_is NAME WANTED GOT           ok if the two strings are equal
#   tap_ok NAME COMMAND [ARG...]     ok if the command succeeds
#   tap_has NAME FILE REGEX          ok if a line of FILE matches (grep -E)
#   tap_skip NAME REASON
#   tap_skip_all REASON              ends the test as skipped
#   tap_bail REASON                  ends the test as failed: something it builds on is missing
#   tap_done                         prints the plan, exit status 1 if a case failed
#   process_start, process_stop, wait_for, ...: see process.sh; what was started is ended at exit
#
# $tap_at_exit may name one more command that is run at exit.
# $tap_dir is a folder of our own, removed at the end (kept if KEEP is set).

: "${ULP_SRCDIR:?}" "${ULP_BUILDDIR:?}"
. "$ULP_SRCDIR/tests/lib/process.sh"

tap_nr=0
tap_failed=0
tap_dir=$(mktemp -d) || exit 99
tap_at_exit=:
status=0

tap_cleanup() {
	$tap_at_exit
	process_stop_all
	[ -n "${KEEP:-}" ] || rm -rf "$tap_dir"
}
trap tap_cleanup EXIT
trap 'exit 1' HUP INT TERM

run() {
	status=0
	"$@" >"$tap_dir/out" 2>"$tap_dir/err" || status=$?
}

tap_report() {
	tap_nr=$((tap_nr + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_nr - $2"
	else
		echo "not ok $tap_nr - $2"
		tap_failed=1
	fi
}

# The rest of a failed case: what was printed, as TAP comments.
tap_explain() {
	echo "# $1"
	for f in out err; do
		[ -s "$tap_dir/$f" ] && sed "s/^/# $f: /" "$tap_dir/$f"
	done
	return 0
}

tap_is() {
	if [ "$2" = "$3" ]; then
		tap_report 0 "$1"
	else
		tap_report 1 "$1"
		tap_explain "wanted '$2', got '$3'"
	fi
}

tap_ok() {
	tap_name=$1
	shift
	if "$@"; then
		tap_report 0 "$tap_name"
	else
		tap_report 1 "$tap_name"
		tap_explain "failed: $*"
	fi
}

tap_has() {
	if grep -Eq -e "$3" "$2"; then
		tap_report 0 "$1"
	else
		tap_report 1 "$1"
		tap_explain "no line of $2 matches $3"
	fi
}

tap_skip() {
	tap_nr=$((tap_nr + 1))
	echo "ok $tap_nr - $1 # SKIP $2"
}

# Not status 77: to automake's TAP driver that is an error.
tap_skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

tap_bail() {
	echo "Bail out! $1"
	exit 1
}

tap_done() {
	echo "1..$tap_nr"
	exit $tap_failed
}
